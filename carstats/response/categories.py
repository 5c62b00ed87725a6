"""Subjects by the best endpoint they meet at each visit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import check_by, estimate_by, level_labels
from carstats.errors import CarstatsError, check_number
from carstats.messages import joined_notes, mark, message
from carstats.response.outcomes import analysis_set, asked_of, endpoint_rows, nearest, visit_window
from carstats.response.told import definition_words, no_subjects
from carstats.result import Result

NO_RESPONSE, DIED, MISSING_VISIT, NOT_DUE = "no response", "died", "missing", "not due"
_LABELS = {
    NO_RESPONSE: mark("No response"),
    DIED: mark("Died"),
    MISSING_VISIT: mark("Missing"),
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
        "no response", "died" before the window, "missing" and "not due" (the data cut-off lies
        before the window); at each visit they add up to ``n``.

    Raises
    ------
    CarstatsError
        If an endpoint is unknown or without data, or a day is no number.
    """
    names = [endpoints] if isinstance(endpoints, str) else list(endpoints)
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
    ids = subjects["subject_id"]
    category = pd.Series(MISSING_VISIT, subjects.index, dtype=object)
    if "cutoff_day" in subjects:
        category[(subjects["cutoff_day"] < low).fillna(False).to_numpy(bool)] = NOT_DUE
    if "death_day" in subjects:
        category[(subjects["death_day"] < low).fillna(False).to_numpy(bool)] = DIED
    # From the least endpoint to the best, so that the best has the last word.
    for name, rows in reversed(found):
        answer = ids.map(nearest(rows, day, low, high))
        lacking = category.isin([MISSING_VISIT, NOT_DUE, DIED])
        category[(answer == 0) & lacking] = NO_RESPONSE
        category[answer == 1] = name
    return category.to_numpy()
