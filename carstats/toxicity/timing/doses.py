"""What each subject takes from day to day: courses of drugs, and the steps of their doses."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.data.terms import CARE
from carstats.errors import CarstatsError, listed, names_given
from carstats.messages import message

STEROID = "glucocorticoid"
STEP_COLUMNS = ["subject_id", "day", "dose", "unknown"]


def checked_classes(cohort: Cohort, drug_class: str | Iterable[str]) -> tuple[list[str], list[str]]:
    """Return classes of drugs by their names, and their labels."""
    vocabulary = cohort.study.vocabulary
    asked = names_given("drug_class", drug_class)
    if not asked:
        known = listed(vocabulary.names("drug_class"), 40)
        raise CarstatsError(
            message("`drug_class` names no class of drugs. It has: {known}.", known=known)
        )
    names = [vocabulary.require("drug_class", "drug_class", name) for name in asked]
    names = list(dict.fromkeys(names))
    care = [name for name in names if name in CARE]
    if care:
        raise CarstatsError(
            message(
                "`drug_class` names {names}, which is care and no drug: `hospital_days` counts it.",
                names=listed(care),
            )
        )
    return names, [vocabulary.label("drug_class", name) for name in names]


def courses_of(cohort: Cohort, classes: Iterable[str]) -> pd.DataFrame:
    """Return the courses of classes of drugs with ``dose`` (NaN: not known), ``start``, ``stop``.

    A blank first day is before the records, a blank last one ongoing.
    """
    rows = cohort.table("medications")
    rows = rows[rows["drug_class"].isin(list(classes))]
    dose = pd.Series(np.nan, rows.index)
    if "prednisone_equivalent_mg" in rows:
        known = rows["prednisone_equivalent_mg"].astype(float)
        dose = known.where(rows["drug_class"] == STEROID)
    return pd.DataFrame(
        {
            "subject_id": rows["subject_id"],
            "drug": rows["drug"].astype(str).str.strip(),
            "dose": dose,
            "start": rows["start_day"].astype(float).fillna(-np.inf),
            "stop": rows["stop_day"].astype(float).fillna(np.inf),
        }
    )


def glucocorticoids_of(cohort: Cohort) -> pd.DataFrame:
    """Return the courses of glucocorticoids; refuse a study that records no dose of them."""
    courses = courses_of(cohort, [STEROID])
    if courses["dose"].isna().all():
        raise CarstatsError(
            message(
                "the study has no doses of glucocorticoids. Fill `prednisone_equivalent_mg` in "
                "the medications."
            )
        )
    return courses


def dose_on(courses: pd.DataFrame, ids: pd.Series, day: float) -> pd.Series:
    """Return the dose of each subject on a day; NaN where one that is taken is not known."""
    runs = courses[(courses["start"] <= day) & (courses["stop"] >= day)]
    return _added(runs.assign(amount=runs["dose"]), ids)


def dose_between(courses: pd.DataFrame, ids: pd.Series, first: float, last: float) -> pd.Series:
    """Return what each subject took from one day to another, both whole."""
    start, stop = courses["start"].clip(lower=first), courses["stop"].clip(upper=last)
    length = (stop - start + 1).clip(lower=0.0)
    runs = courses.assign(amount=courses["dose"] * length)[length > 0]
    return _added(runs, ids)


def dose_steps(courses: pd.DataFrame) -> pd.DataFrame:
    """Return the days on which a dose changes: subject, day, the dose from it on, how many unknown.

    Courses at the same time add up; ``unknown`` counts those of them without a dose.
    """
    begin = courses.assign(day=courses["start"], up=1.0)
    end = courses[np.isfinite(courses["stop"])].assign(up=-1.0)
    end = end.assign(day=end["stop"] + 1)
    moves = pd.concat([begin, end], ignore_index=True)
    moves = moves.assign(
        dose=moves["up"] * moves["dose"].fillna(0.0), unknown=moves["up"] * moves["dose"].isna()
    )
    steps = moves.groupby(["subject_id", "day"], sort=True)[["dose", "unknown"]].sum()
    steps = steps.groupby(level="subject_id").cumsum()
    # Sums of what was added and taken away again end a little beside 0.
    return steps.round(9).reset_index()[STEP_COLUMNS]


def _added(runs: pd.DataFrame, ids: pd.Series) -> pd.Series:
    total = runs.groupby("subject_id")["amount"].sum()
    unknown = set(runs.loc[runs["amount"].isna(), "subject_id"])
    found = ids.map(total).fillna(0.0).mask(ids.isin(unknown))
    return pd.Series(found.to_numpy(float), ids)
