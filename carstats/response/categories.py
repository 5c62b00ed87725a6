"""Subjects by the best endpoint they meet at each visit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import check_by, estimate_by, level_labels
from carstats.errors import CarstatsError, check_number, names_given
from carstats.messages import joined_notes, mark, message
from carstats.response.outcomes import (
    analysis_set,
    asked_of,
    endpoint_rows,
    evaluable_rows,
    nearest,
    nearest_rows,
    visit_window,
    within,
)
from carstats.response.told import definition_words, no_subjects
from carstats.result import Result

LOST, NO_RESPONSE, DIED = "response lost", "no response", "died"
MISSING_VISIT, NOT_PLANNED, NOT_DUE = "missing", "not planned", "not due"
_LABELS = {
    LOST: mark("Response lost"),
    NO_RESPONSE: mark("No response so far"),
    DIED: mark("Died"),
    MISSING_VISIT: mark("Not assessed"),
    NOT_PLANNED: mark("No such visit in the study"),
    NOT_DUE: mark("Visit not reached at the data cut-off"),
}


def response_categories(
    cohort: Cohort,
    endpoints: Iterable[str] = ("drug_free_remission", "remission", "response"),
    *,
    at: Iterable[float] = (84, 168, 252, 364),
    by: str | Iterable[str] | None = None,
) -> Result:
    """Count subjects by the best of several endpoints that they meet at each visit.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; its infused subjects are counted.
    endpoints : list of str
        Response endpoints of the study, the best first: a subject is counted with the first that
        is met.
    at : list of float
        Days of the visits, with the default windows of `response_rate`.
    by : str or list of str, optional
        Columns of the subjects table; one table for each stratum.

    Returns
    -------
    Result
        For each stratum, visit (``time``, in days) and ``category``: ``n`` subjects, ``n_event`` in
        the category, ``estimate`` = n_event / n. The categories are the endpoints, then
        "response lost" (none is met, one was at an earlier visit), "no response", "died" before
        the window, "missing", "not planned" (nobody of the study was assessed in the window, and
        its settings name no such visit) and "not due" (the data cut-off lies before the window);
        at each visit they add up to ``n``.

    Raises
    ------
    CarstatsError
        If an endpoint is unknown or without data, or a day is no number.

    Examples
    --------
    >>> figure = cs.plot(cs.response_categories(cohort, by="target"))
    """
    names = names_given("endpoints", endpoints)
    days = [at] if isinstance(at, int | float) else list(at)
    if not names or not days:
        raise CarstatsError(message("`endpoints` and `at` need at least one entry each."))
    for day in days:
        check_number("at", day)
    found = [endpoint_rows(cohort, name) for name in names]
    subjects, words = analysis_set(cohort, "treated")
    by = check_by(subjects, by)
    names = [name for name, _ in found]
    asked, _, words = asked_of(cohort, names, subjects, words)
    subjects = subjects.assign(asked=subjects["subject_id"].isin(asked["subject_id"]))
    columns = [*names, *_LABELS]
    for day in days:
        subjects = subjects.assign(**{f"visit {day:g}": _category(cohort, subjects, found, day)})

    def estimate(everyone: pd.DataFrame) -> pd.DataFrame:
        stratum = everyone[everyone["asked"]]
        n = len(stratum)
        rows = []
        for day in days:
            counts = stratum[f"visit {day:g}"].value_counts()
            for category in columns:
                k = int(counts.get(category, 0))
                rows.append(
                    {
                        "time": float(day),
                        "category": category,
                        "n": n,
                        "n_event": k,
                        "estimate": k / n if n else np.nan,
                        "note": joined_notes(
                            no_subjects(n, len(everyone)),
                            definition_words(cohort, category, stratum, single=False),
                        ),
                    }
                )
        return pd.DataFrame(rows)

    vocabulary = cohort.study.vocabulary
    labels = {name: vocabulary.label("endpoint", name) for name in names}
    labels |= {category: message(label) for category, label in _LABELS.items()}
    spec = cohort.spec(
        "response_categories",
        endpoint=message("Best endpoint met at each visit"),
        endpoints=names,
        estimands=(),
        population=words,
        method=message("each subject once a visit; the evaluable assessment nearest to it counts"),
        by=by,
    )
    frame = estimate_by(vocabulary, cohort.eligible, subjects, by, estimate)
    options = {"endpoints": names, "at": [float(day) for day in days]}
    return Result(
        frame,
        replace(spec, options=options),
        level_labels(vocabulary, by) | {"category": labels},
    )


def _category(cohort: Cohort, subjects: pd.DataFrame, found: list, day: float) -> np.ndarray:
    low, high = visit_window(day, cohort.study)
    ids, names = subjects["subject_id"], [name for name, _ in found]
    planned = _planned(cohort, subjects, found, day)
    category = pd.Series(
        np.where(planned, MISSING_VISIT, NOT_PLANNED), subjects.index, dtype=object
    )
    if "cutoff_day" in subjects:
        category[(subjects["cutoff_day"] < low).fillna(False).to_numpy(bool)] = NOT_DUE
    if "death_day" in subjects:
        category[(subjects["death_day"] < low).fillna(False).to_numpy(bool)] = DIED
    unknown = category.isin([MISSING_VISIT, NOT_PLANNED, NOT_DUE, DIED])
    # From the least endpoint to the best, so that the best has the last word.
    for name, rows in reversed(found):
        answer = ids.map(nearest(rows, day, low, high))
        category[(answer == 0) & unknown & ~category.isin(names)] = NO_RESPONSE
        category[answer == 1] = name
    judged = pd.concat([evaluable_rows(rows) for _, rows in found])
    first = judged[(judged["response"] == 1) & (judged["day"] > 0)]
    before = ids.map(first.groupby("subject_id")["day"].min()) < ids.map(
        _days(found, day, low, high)
    )
    category[(category == NO_RESPONSE) & before] = LOST
    return category.to_numpy()


def _days(found: list, day: float, low: float, high: float) -> pd.Series:
    """Return the day of the assessment that counts for a visit."""
    days = [nearest_rows(rows, day, low, high)["day"].astype(float) for _, rows in found]
    return pd.concat(days, axis=1).max(axis=1)


def _planned(cohort: Cohort, subjects: pd.DataFrame, found: list, day: float) -> np.ndarray:
    """Return for whom a visit was planned: settings name it, or somebody of the study had it."""
    study = cohort.study
    weeks = study.settings.get("schedule", {}).get("weeks", ())
    if any(abs(7.0 * float(week) - day) < 1e-6 for week in weeks):
        return np.ones(len(subjects), bool)
    low, high = visit_window(day, study)
    had = {id for _, rows in found for id in rows.loc[within(rows["day"], low, high), "subject_id"]}
    if "study_id" not in subjects or subjects["study_id"].isna().any():
        return np.full(len(subjects), bool(had))
    everyone = study.subjects
    studies = everyone.loc[everyone["subject_id"].isin(had), "study_id"]
    return subjects["study_id"].isin(studies).to_numpy()
