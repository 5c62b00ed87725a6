"""On which side of a limit each subject was: before the infusion, and at a visit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort
from carstats.errors import CarstatsError, check_number
from carstats.messages import joined_notes, message, message_n
from carstats.response.course import baselines, measure_rows
from carstats.response.outcomes import within
from carstats.response.rates import rate_row


def checked_limits(
    cohort: Cohort, argument: str, limits: Mapping[str, float], example: str
) -> dict[str, float]:
    """Return the limit of each measure; refuse none, one named twice, and what is no number."""
    if not isinstance(limits, Mapping) or not limits:
        raise CarstatsError(
            message(
                "`{argument}` is {given}; it takes measures with a limit of each, such as "
                "{example}.",
                argument=argument, given=repr(limits), example=example,
            )
        )  # fmt: skip
    check_cohort(cohort)
    found: dict[str, float] = {}
    for given, limit in limits.items():
        check_number(argument, limit)
        name = cohort.study.vocabulary.require("measure", "measure", given)
        if name in found:
            raise CarstatsError(message("{measure} is named twice.", measure=repr(name)))
        found[name] = float(limit)
    return found


def sides(
    cohort: Cohort, measure: str, limit: float, at: float, window: tuple[float, float],
    *, at_least: bool = False,
) -> tuple[str, pd.DataFrame]:  # fmt: skip
    """Return a measure's name, and by subject 1 above a limit, 0 not, NaN unknown.

    The columns are ``before`` and ``after``, with the ``day`` of the sample at the visit and how
    many of the two were ``hidden``: below a limit of quantification that is above the limit asked.
    With `at_least` a value at the limit is above it.
    """
    name, rows = measure_rows(cohort, measure, negative=limit)
    base, _ = baselines(rows, cohort.subjects)
    inside = rows[within(rows["day"], *window) & (rows["day"] > 0)]
    near = inside.assign(distance=(inside["day"] - at).abs()).sort_values(
        ["distance", "day"], ascending=[True, False], kind="stable"
    )
    near = near.drop_duplicates("subject_id").set_index("subject_id")
    ids = pd.Index(cohort.subjects["subject_id"], name="subject_id")
    values = {"before": base.reindex(ids), "after": near["value"].astype(float).reindex(ids)}
    found = pd.DataFrame(
        {
            side: (value >= limit if at_least else value > limit).astype(float).where(value.notna())
            for side, value in values.items()
        },
        index=ids,
    )
    every = cohort.study.table("assessments")
    hidden = every[every["value"].isna()]
    hidden = hidden[hidden["measure"] == name]
    hidden = hidden[hidden["subject_id"].isin(cohort.subjects["subject_id"])]
    if "lloq" in hidden:
        hidden = hidden[hidden["lloq"] > limit]
        before = hidden.loc[hidden["day"] <= 0, "subject_id"]
        later = within(hidden["day"], *window) & (hidden["day"] > 0)
        found["hidden"] = (
            (ids.isin(before) & found["before"].isna()).astype(int)
            + (ids.isin(hidden.loc[later, "subject_id"]) & found["after"].isna())
        )  # fmt: skip
    else:
        found["hidden"] = 0
    found["day"] = near["day"].astype(float).reindex(ids)
    return name, found


def side_row(
    stratum: pd.DataFrame, found: pd.DataFrame, wanted: float, due: float, left_out: bool,
    case: str, method: str, conf_level: float, nobody: str,
) -> dict[str, Any]:  # fmt: skip
    """Return the row of those above a limit before: how many are on the wanted side at the visit.

    ``n_negative`` and ``n_no_baseline`` are not in its denominator.
    """
    before = stratum["subject_id"].map(found["before"])
    above = stratum[before == 1]
    after = above["subject_id"].map(found["after"])
    row = rate_row(
        above, (after == wanted).astype(float).where(after.notna()), due, left_out, case, method,
        conf_level,
    )  # fmt: skip
    hidden = int(stratum["subject_id"].map(found["hidden"]).sum())
    told = message_n(
        "{n} value below a limit of quantification above the threshold says nothing",
        "{n} values below a limit of quantification above the threshold say nothing",
        hidden,
    )
    beside = {"n_negative": int((before == 0).sum()), "n_no_baseline": int(before.isna().sum())}
    note = row.pop("note") if len(above) else nobody
    return {**row, **beside, "note": joined_notes(note, told if hidden else "")}
