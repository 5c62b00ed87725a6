"""A score of each subject over time, with its change from baseline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort
from carstats.cohort.strata import check_by, level_labels, stratum_keys, stratum_mask
from carstats.errors import CarstatsError, check_number, listed
from carstats.messages import message, message_n
from carstats.response.outcomes import analysis_set, joined_words, visit_window, within
from carstats.result import Result


def measure_rows(
    cohort: Cohort, measure: str, *, negative: float | None = None
) -> tuple[str, pd.DataFrame]:
    """Return a measure's name and its adequate assessments, of the cohort's subjects.

    Where values up to `negative` are alike, one below quantification counts as 0 if its limit is
    no higher; else it says nothing.
    """
    check_cohort(cohort)
    study = cohort.study
    name = study.vocabulary.require("measure", "measure", measure)
    every = study.table("assessments")
    rows = every[every["measure"] == name]
    if rows.empty:
        present = set(every["measure"])
        has = [m for m in study.vocabulary.names("measure") if m in present]
        raise CarstatsError(
            message(
                "no subject of the study has the measure {name} in the assessments table. It "
                "has: {has}.",
                name=repr(name),
                has=listed(has, 40) or message("none"),
            )
        )
    if negative is not None and "lloq" in rows:
        below = rows["value"].isna() & (rows["lloq"] <= negative)
        rows = rows.assign(value=rows["value"].mask(below, 0.0))
    rows = rows[rows["value"].notna()]
    if "adequate" in rows:
        rows = rows[rows["adequate"].fillna(True).astype(bool)]
    rows = rows[rows["subject_id"].isin(cohort.subjects["subject_id"])]
    return name, rows.sort_values(["subject_id", "day"], kind="stable")


def asked_subjects(
    cohort: Cohort, measure: str, subjects: pd.DataFrame, words: str
) -> tuple[pd.DataFrame, str]:
    """Return the subjects whose disease the study measures so, and the words for the others."""
    study = cohort.study
    rows = study.table("assessments")
    seen = rows.loc[(rows["measure"] == measure) & rows["value"].notna(), "subject_id"]
    diseases = study.subjects.loc[study.subjects["subject_id"].isin(seen), "disease"]
    asked = subjects["disease"].isin(diseases)
    others = int((~asked).sum())
    if others:
        rest = message_n(
            "{n} of a disease in which it is not measured",
            "{n} of diseases in which it is not measured",
            others,
        )
        words = joined_words(words, rest)
    return subjects[asked], words


def baselines(rows: pd.DataFrame, subjects: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return each subject's baseline, and whether it lies after lymphodepletion began.

    The baseline is the last value before lymphodepletion, where its day is known, else the last on
    or before the day of the infusion; between the two, conditioning changes the scores.
    """
    start = pd.Series(np.nan, subjects["subject_id"])
    if "lymphodepletion_day" in subjects:
        start = subjects.set_index("subject_id")["lymphodepletion_day"].astype(float)
    depleted = rows["subject_id"].map(start)
    before = (rows["day"] < depleted) | (depleted.isna() & (rows["day"] <= 0))
    first = rows[before].drop_duplicates("subject_id", keep="last").set_index("subject_id")
    second = rows[rows["day"] <= 0].drop_duplicates("subject_id", keep="last")
    second = second.set_index("subject_id")
    values = first["value"].astype(float).combine_first(second["value"].astype(float))
    return values, pd.Series(~values.index.isin(first.index), values.index)


def score_course(
    cohort: Cohort,
    measure: str,
    *,
    at: Iterable[float] = (28, 84, 168, 252, 364),
    by: str | Iterable[str] | None = None,
) -> Result:
    """List a score of each subject over time, with its change from baseline.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; its infused subjects are listed.
    measure : str
        A measure of the assessments, such as ``"SLEDAI-2K"``; it is asked of the diseases in which
        the study has it.
    at : list of float
        Days of the scheduled visits. Of the assessments in a visit's window the nearest belongs to
        it, of two equally near the later.
    by : str or list of str, optional
        Columns of the subjects table to tell strata apart.

    Returns
    -------
    Result
        For each stratum, subject and assessment: ``subject``, a number that is no identifier,
        ``time`` in days, ``visit`` (day of the scheduled visit; NaN between visits; 0 for the
        baseline), ``value``, ``baseline`` (the last before lymphodepletion, where its day is known,
        else on or before day 0), ``change``, ``percent_change`` (NaN from a baseline of 0).
        Subjects without a baseline or without a later value are left out; the result's population
        counts them.

    Raises
    ------
    CarstatsError
        If the measure is unknown or without data, or nobody has a baseline and a later value.

    Examples
    --------
    >>> course = cs.score_course(lupus, "SLEDAI-2K", by="target")
    >>> figure = cs.plot(course, kind="waterfall", at=168)
    """
    days = list(at) if isinstance(at, Iterable) else [float(at)]
    for day in days:
        check_number("at", day, low=1)
    name, rows = measure_rows(cohort, measure)
    subjects, words = analysis_set(cohort, "treated")
    by = check_by(subjects, by)
    subjects, words = asked_subjects(cohort, name, subjects, words)
    base, _ = baselines(rows, subjects)
    later = rows[(rows["day"] > 0) & rows["subject_id"].isin(base.index)]
    known = set(later["subject_id"])
    chosen = subjects[subjects["subject_id"].isin(known)]
    if chosen.empty:
        raise CarstatsError(
            message(
                "nobody of the cohort has {name} both before treatment and after it.",
                name=repr(name),
            )
        )
    later = later.assign(visit=_visits(cohort, later, days))
    first = pd.DataFrame(
        {"subject_id": base.index, "day": 0.0, "value": base.to_numpy(), "visit": 0.0}
    )
    every = pd.concat([first, later[["subject_id", "day", "value", "visit"]]], ignore_index=True)
    every = every.astype({"day": float, "value": float, "visit": float})
    every["baseline"] = every["subject_id"].map(base)
    every["change"] = every["value"] - every["baseline"]
    zero = every["baseline"] == 0
    every["percent_change"] = 100 * every["change"] / every["baseline"].mask(zero)
    order, keys = [], []
    for key in stratum_keys(cohort.study.vocabulary, cohort.eligible, by):
        own = chosen.loc[stratum_mask(chosen, by, key), "subject_id"]
        order += own.tolist()
        keys += [key] * len(own)
    numbers = pd.Series(range(1, len(order) + 1), index=order)
    every = every[every["subject_id"].isin(numbers.index)]
    every = every.assign(subject=every["subject_id"].map(numbers)).rename(columns={"day": "time"})
    frame = every.sort_values(["subject", "time"], kind="stable", ignore_index=True)
    for i, column in enumerate(by):
        frame[column] = [keys[number - 1][i] for number in frame["subject"]]
    frame = frame[[*by, "subject", "time", "visit", "value", "baseline", "change",
                   "percent_change"]]  # fmt: skip
    left = len(subjects) - len(chosen)
    if left:
        lacking = message("{n} without a baseline or a later value left out", n=left)
        words = joined_words(words, lacking)
    units = rows["unit"].dropna().unique() if "unit" in rows else []
    spec = cohort.spec(
        "score_course",
        endpoint=cohort.study.vocabulary.label("measure", name),
        population=words,
        method=message(
            "baseline is the last value before lymphodepletion, or by day 0 where there is none"
        ),
        by=by,
    )
    options = {"measure": name, "unit": units[0] if len(units) == 1 else ""}
    options |= {"at": [float(day) for day in days], "n_shown": len(chosen)}
    return Result(frame, replace(spec, options=options), level_labels(cohort.study.vocabulary, by))


def _visits(cohort: Cohort, rows: pd.DataFrame, days: list[float]) -> np.ndarray:
    """Return the scheduled visit that each assessment belongs to; NaN for none."""
    visit = pd.Series(np.nan, rows.index)
    for day in days:
        inside = rows[within(rows["day"], *visit_window(day, cohort.study))]
        order = inside.assign(distance=(inside["day"] - day).abs()).sort_values(
            ["distance", "day"], ascending=[True, False], kind="stable"
        )
        visit[order.drop_duplicates("subject_id").index] = float(day)
    return visit.to_numpy()
