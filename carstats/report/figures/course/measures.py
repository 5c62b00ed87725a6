"""What the figures of a score have in common: its columns and what their axes are called."""

from __future__ import annotations

from carstats.messages import mark
from carstats.result import Result
from carstats.words import in_words, tr

COLUMNS = ("subject", "time", "visit", "value", "change", "percent_change")
CHANGES = {
    "change": mark("Change from baseline"),
    "percent_change": mark("Change from baseline (%)"),
}
# Room for an axis of values and its name, left of the panels.
LEFT = 36.0


def y_label(result: Result, what: str) -> str:
    """Return what an axis of values is called."""
    unit = result.spec.options.get("unit") or ""
    if what != "value":
        return tr(CHANGES[what])
    # What has a unit of its own is a measurement and no score.
    score = unit in ("", "points") or unit[0].isdigit()
    return in_words(result.spec.endpoint) if score else unit


def keys_of(result: Result, rows) -> list[tuple]:
    """Return the stratum of each row."""
    if not result.by:
        return [()] * len(rows)
    return list(rows[result.by].itertuples(index=False, name=None))
