"""Myositis: when a raised creatine kinase is normal again."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.logic import compare
from carstats.endpoints.record.return_times import first_return
from carstats.endpoints.record.worksheets import check_table
from carstats.endpoints.rules.blood.serology import only_away
from carstats.errors import CarstatsError
from carstats.messages import message


@rule(
    "ck_normalisation",
    "IIM",
    "time-to-event",
    definition=(
        "From infusion to the first of two consecutive values of creatine kinase at or below "
        "the upper limit, in subjects above it before; death and re-infusion compete."
    ),
    thresholds="CK_ULN=200 U/L; consecutive=2",
    source="carstats",
    status="design",
)
def ck_normalisation(
    samples: pd.DataFrame,
    *,
    consecutive: int = 2,
    subjects: Iterable[object] | None = None,
    competing: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Find when a raised creatine kinase is at or below its upper limit of normal again.

    Parameters
    ----------
    samples : One row per sample: `subject_id`, `day`, `value`, `uln` (U/L, both).
    consecutive : Normal samples in a row; one may be a chance value.

    Returns
    -------
    As from `first_return`, `endpoint` ``"ck_normalisation"``, with `away_at_baseline`. A subject
    whose last sample up to day 0 was normal has no status.
    """
    table = check_table("samples", samples, ["subject_id", "day", "value", "uln"])
    table = table[table["value"].notna()].reset_index(drop=True)
    if not len(table):
        raise CarstatsError(
            message("`samples` has no values; normalisation needs samples of the enzyme.")
        )
    limit = table["uln"].to_numpy(float)
    table = table.assign(returned=compare(table["value"].to_numpy(float), "<=", limit))
    before = table[(table["day"] <= 0) & table["returned"].notna()]
    before = before.sort_values("day", kind="stable").drop_duplicates("subject_id", keep="last")
    follow = pd.concat([before.assign(day=0.0), table[table["day"] > 0]])
    found = first_return(
        follow.sort_values("day", kind="stable"), endpoint="ck_normalisation",
        away="not raised at baseline", consecutive=consecutive, competing=competing,
        subjects=table["subject_id"].unique() if subjects is None else subjects,
    )  # fmt: skip
    raised = ~before.set_index("subject_id")["returned"].reindex(found["subject_id"])
    found["away_at_baseline"] = raised.astype("boolean").array
    return only_away(found, "not raised at baseline")
