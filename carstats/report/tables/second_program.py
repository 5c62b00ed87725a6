"""What of a study's numbers a second program gave too, and what it is known to give otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from carstats.crosschecking.verdicts import FAMILY_NAMES, KINDS
from carstats.report.format import count
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row
from carstats.words import in_words, tr

if TYPE_CHECKING:
    from carstats.crosschecking.outcome import Crosscheck

_ORDER = ("n", "n_recomputed", "n_agree", "n_known", "n_differ", "n_none", "n_sibling", "n_raised")


def coverage_table(found: Crosscheck) -> Table:
    rows = [
        Row(
            (tr(KINDS[row["kind"]]), *(count(row[name]) for name in _ORDER)),
            group=tr(FAMILY_NAMES[row["family"]]),
        )
        for row in found.coverage().to_dict("records")
    ]
    heads = (
        tr("Kind of number"),
        tr("Printed"),
        tr("Recomputed"),
        tr("Agree"),
        tr("Known reason"),
        tr("Differ"),
        tr("No second program"),
        tr("Of these, sibling agrees"),
        tr("Error raised"),
    )
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
