"""What the figures of a score have in common: its columns and what their axes are called."""

from __future__ import annotations

import math

from carstats.messages import mark
from carstats.report.style import text_width
from carstats.result import Result
from carstats.words import in_words, tr

COLUMNS = ("subject", "time", "visit", "value", "change", "percent_change")
CHANGES = {
    "change": mark("Change from baseline"),
    "percent_change": mark("Change from baseline (%)"),
}
# Room for an axis of values and its name, left of the panels.
LEFT = 36.0


def y_label(result: Result, what: str, room: float = math.inf) -> str:
    """Return what an axis of values is called: with its unit, where there is room in points."""
    unit = result.spec.options.get("unit") or ""
    # What has no unit of its own is a score, in points, as one with its range (such as 0-105).
    score = unit in ("", "points") or unit[0].isdigit()
    unit = tr("points") if score else unit
    title = in_words(result.spec.endpoint) if what == "value" else tr(CHANGES[what])
    if what == "percent_change" or title.endswith((f"({unit})", f"（{unit}）")):
        return title
    named = tr("{name} ({unit})", name=title, unit=unit)
    if text_width(named) <= room:
        return named
    return title if score else unit


def keys_of(result: Result, rows) -> list[tuple]:
    """Return the stratum of each row."""
    if not result.by:
        return [()] * len(rows)
    return list(rows[result.by].itertuples(index=False, name=None))
