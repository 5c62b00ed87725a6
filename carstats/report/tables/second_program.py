"""What of a study's numbers a second program gave too, and what it is known to give otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from carstats.crosschecking.verdicts import FAMILY_NAMES, KINDS
from carstats.messages import mark
from carstats.report.format import count
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row
from carstats.words import in_words, tr

if TYPE_CHECKING:
    from carstats.crosschecking.outcome import Crosscheck

_HEADS = {
    "n": mark("Printed"),
    "n_recomputed": mark("Recomputed"),
    "n_agree": mark("Agree"),
    "n_known": mark("Known reason"),
    "n_differ": mark("Differ"),
    "n_none": mark("No second program"),
    "n_sibling": mark("Of these, sibling agrees"),
    "n_raised": mark("Error raised"),
}


def coverage_table(found: Crosscheck) -> Table:
    """Return the numbers by family and kind, and how many a second program gave too."""
    told = found.coverage()
    shown = [name for name in _HEADS if name != "n_raised" or told[name].any()]
    rows = [
        Row(
            (tr(KINDS[row["kind"]]), *(count(row[name]) for name in shown)),
            group=tr(FAMILY_NAMES[row["family"]]),
        )
        for row in told.to_dict("records")
    ]
    heads = (tr("Kind of number"), *(tr(_HEADS[name]) for name in shown))
    return Table(title=tr("Coverage"), heads=heads, rows=tuple(rows))


def known_table(frame: pd.DataFrame) -> Table:
    """Return the known reasons, each with how often it was met and one case of it."""
    rows = []
    for (reason, analysis, statistic), part in frame.groupby(
        ["reason", "analysis", "statistic"], sort=False
    ):
        case = part.loc[part["difference"].fillna(-1).idxmax()]
        rows.append(
            Row(
                (
                    f"{analysis}, {statistic}",
                    count(len(part)),
                    in_words(case["of"]),
                    _value(case["value"]),
                    _value(case["witness_value"]),
                ),
                group=in_words(reason),
            )
        )
    heads = (
        tr("Statistic"),
        tr("Numbers"),
        tr("For example"),
        "carstats",
        tr("Second program"),
    )
    rows.sort(key=lambda row: row.group)
    align = ("left", "right", "left", "right", "right")
    title = tr("Differences for a known reason")
    return Table(title=title, heads=heads, rows=tuple(rows), align=align)


def _value(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:.8g}"
