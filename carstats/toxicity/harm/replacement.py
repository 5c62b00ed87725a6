"""Immunoglobulin replacement: who, when it began, how many courses, how long, still on it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort
from carstats.cohort.strata import check_by, estimate_by, level_labels
from carstats.endpoints.rules.drug_free import IMMUNOGLOBULIN_DISEASES
from carstats.errors import check_conf_level, check_number
from carstats.messages import joined_notes, mark, message, message_n
from carstats.result import Result
from carstats.toxicity.episodes import followup_end
from carstats.toxicity.harm.quantities import (
    median_row,
    share_row,
    table_of,
    unit_labels,
    yearly_row,
)
from carstats.wording import level_text

_PARAMETERS = {
    "ever": mark("ever on replacement"),
    "days to the first": mark("days to the first course"),
    "courses": mark("courses"),
    "days on": mark("days on replacement"),
    "on at last contact": mark("of these, on it at the last contact"),
}


def immunoglobulin_replacement(
    cohort: Cohort,
    *,
    dose_days: float = 28,
    gap: float = 28,
    by: str | Iterable[str] | None = None,
    conf_level: float = 0.95,
) -> Result:
    """Estimate immunoglobulin replacement: who has it, when it begins, how often and how long.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; usually the infused.
    dose_days : float
        Days that a record of a single day stands for: a dose lasts about four weeks.
    gap : float
        Records at most so many days apart are one course; with `dose_days`, single doses up to 56
        days apart.
    by : str or list of str, optional
        Columns of the subjects table.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum a row for each ``parameter``: ``"ever"`` (share with a day on it from day 0
        on; Clopper-Pearson), ``"days to the first"`` course that began on day 0 or later (a median,
        of those who began; the share by a day is that of `time_to_recovery`), ``"courses"`` that
        began so, per person-year (limits on the effective number), ``"days on"`` from day 0 on of
        those ever on it (a median), ``"on at last contact"`` (their share, Clopper-Pearson). With
        ``unit``, ``n``, ``n_missing``, ``n_event``, ``estimate``, ``conf_low``, ``conf_high``,
        ``q1``, ``q3``, ``minimum``, ``maximum``, ``note``. Replacement is immunoglobulin with the
        reason ``"replacement"``; or without a reason, where it does not treat the disease. Where it
        does (MG, IIM, ITP, CIDP) one without a reason may be either: it widens the upper limits.

    Raises
    ------
    CarstatsError
        If the study has no medications, or an argument is not allowed.

    References
    ----------
    Clopper CJ, Pearson ES. Biometrika 1934; 26: 404-413.
    Korn EL, Graubard BI. Survey Methodology 1998; 24: 193-201 (effective counts).

    Examples
    --------
    >>> cs.immunoglobulin_replacement(cohort, by="target")
    """
    check_conf_level(conf_level)
    check_number("dose_days", dose_days, low=1)
    check_number("gap", gap, low=0)
    check_cohort(cohort)
    by = check_by(cohort.subjects, by)
    given, unclear, other = replacement_rows(cohort)
    subjects = cohort.subjects.assign(followed_to=np.maximum(followup_end(cohort.subjects), 0.0))
    courses = _courses(given, subjects, dose_days, gap)
    undated = set(given.loc[given["start_day"].isna() & given["stop_day"].isna(), "subject_id"])
    after = unclear["stop_day"].fillna(np.inf) >= 0
    doubtful = set(unclear.loc[after, "subject_id"]) | undated
    reasons = set(other.loc[other["stop_day"].fillna(np.inf) >= 0, "subject_id"])

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        who = stratum["subject_id"]
        mine = courses[courses["subject_id"].isin(who)]
        begun = mine[mine["start"] >= 0]
        on = set(mine["subject_id"])
        n, k = len(stratum), len(on)
        maybe = int((who.isin(doubtful) & ~who.isin(on)).sum())
        first = begun.groupby("subject_id")["start"].min()
        counts = who.map(begun["subject_id"].value_counts()).fillna(0).to_numpy(float)
        days = mine.assign(days=mine["stop"] - mine["start"].clip(lower=0) + 1)
        held = days.groupby("subject_id")["days"].sum()
        still = int(mine.groupby("subject_id")["on"].max().sum()) if k else 0
        early = len(on - set(begun["subject_id"]))
        since = message_n(
            "{n} on it already at the infusion, without a course that began later",
            "{n} on it already at the infusion, without courses that began later",
            early,
        )
        begun_too = since if early else ""
        rows = {
            "ever": share_row(k, n, maybe, conf_level, _about(stratum, doubtful, reasons, on),
                              begun_too),
            "days to the first": median_row("days", first, k, conf_level, begun_too),
            "courses": yearly_row(counts, stratum["followed_to"].to_numpy(float) + 1, maybe,
                                  conf_level),
            "days on": median_row("days", held, k, conf_level),
            "on at last contact": share_row(still, k, 0, conf_level),
        }  # fmt: skip
        return table_of(({"parameter": name}, row) for name, row in rows.items())

    spec = cohort.spec(
        "immunoglobulin_replacement",
        endpoint=message("Immunoglobulin replacement"),
        method=message(
            "shares with Clopper–Pearson, medians with distribution-free and rates with effective-"
            "count {level} % limits; a single dose stands for {days} days, more than {gap} days "
            "between begin another course",
            level=level_text(conf_level), days=f"{dose_days:g}", gap=f"{gap:g}",
        ),
        by=by, conf_level=conf_level, dose_days=float(dose_days), gap=float(gap),
    )  # fmt: skip
    vocabulary = cohort.study.vocabulary
    labels = level_labels(vocabulary, by) | unit_labels()
    labels["parameter"] = {name: message(words) for name, words in _PARAMETERS.items()}
    frame = estimate_by(vocabulary, cohort.eligible, subjects, by, estimate)
    return Result(frame, spec, labels)


def replacement_rows(cohort: Cohort) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the immunoglobulin that is replacement, that may be it, and that has another reason.

    One without a reason is replacement unless it treats the subject's disease (endpoint rules,
    0.4).
    """
    rows = cohort.table("medications")
    rows = rows[rows["drug_class"] == "immunoglobulin"]
    reason = rows["reason"] if "reason" in rows else pd.Series(None, rows.index, dtype=object)
    disease = rows["subject_id"].map(cohort.subjects.set_index("subject_id")["disease"])
    treats = disease.isin(IMMUNOGLOBULIN_DISEASES)
    replaces = (reason == "replacement") | (reason.isna() & ~treats)
    unclear = reason.isna() & treats
    return rows[replaces.astype(bool)], rows[unclear], rows[~replaces & ~unclear]


def _courses(
    given: pd.DataFrame, subjects: pd.DataFrame, dose_days: float, gap: float
) -> pd.DataFrame:
    """Return the courses with a day from day 0 on: first and last day, whether still going on."""
    end = given["subject_id"].map(subjects.set_index("subject_id")["followed_to"]).astype(float)
    start = np.floor(given["start_day"].astype(float))
    stop = np.floor(given["stop_day"].astype(float))
    dated = ~(start.isna() & stop.isna())
    # A single day is a dose, which lasts; an episode has the days that it says.
    lasting = stop.where(~(start == stop), stop + dose_days - 1)
    rows = pd.DataFrame(
        {
            "subject_id": given["subject_id"],
            "start": start.fillna(-np.inf),
            "stop": np.minimum(lasting.fillna(np.inf), end),
            "on": lasting.isna() | (lasting >= end),
        }
    )[dated]
    rows = rows.sort_values(["subject_id", "start"], kind="stable")
    reached = rows.groupby("subject_id")["stop"].cummax()
    before = reached.groupby(rows["subject_id"]).shift()
    fresh = ~(rows["start"] - before - 1 <= gap)
    found = rows.groupby(["subject_id", fresh.cumsum()], sort=False).agg(
        start=("start", "min"), stop=("stop", "max"), on=("on", "max")
    )
    found = found.reset_index(level="subject_id").reset_index(drop=True)
    return found[(found["stop"] >= 0) & (found["stop"] >= found["start"])]


def _about(stratum: pd.DataFrame, doubtful: set, reasons: set, on: set) -> str:
    who = stratum["subject_id"]
    unclear = int((who.isin(doubtful) & ~who.isin(on)).sum())
    other = int((who.isin(reasons) & ~who.isin(on)).sum())
    return joined_notes(
        message("no subjects") if stratum.empty else "",
        message_n(
            "{n} with immunoglobulin without a reason or a day that may be replacement: in the "
            "upper limit alone",
            "{n} with immunoglobulin without a reason or a day that may be replacement: in the "
            "upper limit alone",
            unclear,
        )
        if unclear
        else "",
        message_n(
            "{n} with immunoglobulin for another reason alone, not counted",
            "{n} with immunoglobulin for another reason alone, not counted",
            other,
        )
        if other
        else "",
    )
