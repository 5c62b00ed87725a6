"""Who is counted, worked out anew from the words of a result's criteria and the subjects table."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, define_cohort
from carstats.cohort.criteria import (
    Criterion,
    aged,
    has_baseline,
    infused,
    potential_followup,
    where,
    with_cell_source,
    with_disease,
    with_platform,
    with_target,
)
from carstats.data.study import Study
from carstats.messages import Joined, Message, found

Mask = pd.Series

_SELECTS = {
    "disease {terms}": ("disease", with_disease),
    "target {terms}": ("target", with_target),
    "platform {terms}": ("platform", with_platform),
    "cell source {terms}": ("cell_source", with_cell_source),
}


def criterion_of(words: str) -> tuple[Callable[[Study], Mask], Criterion] | None:
    """Return the rule that a criterion's words tell, in pandas, and the criterion itself."""
    told = found(words)
    if not isinstance(told, Message):
        return None
    key = told.key
    values: dict = vars(told)["values"]
    if key == "infused":
        return (lambda study: study.subjects["infused"].astype("boolean")), infused()
    if key == "potential follow-up of at least {days} days":
        days = float(values["days"])
        return (lambda study: _from(study, "cutoff_day", days)), potential_followup(days=days)
    if key in ("aged {low} or over", "aged {low} to {high}"):
        low, high = float(values["low"]), float(values.get("high", "inf"))
        return (lambda study: _from(study, "age", low, high)), aged(low, high)
    if key in _SELECTS:
        column, make = _SELECTS[key]
        terms = _parts(values["terms"])
        return (lambda study: _one_of(study.subjects[column], terms)), make(*terms)
    if key == "{column} is {values}":
        column, wanted = str(values["column"]), _parts(values["values"])
        return (lambda study: _one_of(study.subjects[column], wanted)), _where(column, wanted)
    if key == "{measure} before treatment":
        measure = str(values["measure"])
        return (lambda study: _measured_before(study, measure)), has_baseline(measure)
    return None


def chosen_subjects(study: Study, criteria: Iterable[str]) -> pd.DataFrame | None:
    """Return the subjects who meet every criterion, or None where one cannot be told."""
    kept = pd.Series(True, study.subjects.index)
    for words in criteria:
        rule = criterion_of(words)
        if rule is None:
            return None
        kept &= rule[0](study).fillna(False).astype(bool)
    return study.subjects[kept]


def cohort_of(study: Study, criteria: Iterable[str], label: str) -> Cohort | None:
    """Return the cohort that a result's criteria made, or None where one cannot be told."""
    rules = [criterion_of(words) for words in criteria]
    if any(rule is None for rule in rules):
        return None
    return define_cohort(study, *(rule[1] for rule in rules if rule), label=label)


def _parts(terms: str) -> list[str]:
    return list(map(str, terms.parts if isinstance(terms, Joined) else [terms]))


def _one_of(values: pd.Series, wanted: list[str]) -> Mask:
    return values.map(str).isin(wanted).astype("boolean").mask(values.isna())


def _from(study: Study, column: str, low: float, high: float = np.inf) -> Mask:
    values = study.subjects[column].astype(float)
    return ((values >= low) & (values <= high)).astype("boolean").mask(values.isna())


def _where(column: str, wanted: list[str]) -> Criterion:
    # The words have the values as text; the column may hold numbers.
    def keeps(study: Study, subjects: pd.DataFrame) -> pd.Series:
        return _one_of(subjects[column], wanted)

    return Criterion(where(column, wanted).name, keeps, selects_strata=True)


def _measured_before(study: Study, measure: str) -> Mask:
    seen = study.table("assessments").query("measure == @measure and value == value")
    if "adequate" in seen:
        seen = seen[seen["adequate"].fillna(True).astype(bool)]
    start = pd.Series(0.0, study.subjects["subject_id"])
    if "lymphodepletion_day" in study.subjects:
        start = study.subjects.set_index("subject_id")["lymphodepletion_day"].fillna(0.0)
    begins = seen["subject_id"].map(start).astype(float)
    early = seen[(seen["day"] < begins) | ((begins == 0) & (seen["day"] == 0))]
    return study.subjects["subject_id"].isin(set(early["subject_id"]))
