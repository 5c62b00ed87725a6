"""Which subject lost which antibody: a listing without identifiers, to be drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import check_by, level_labels, stratum_keys, stratum_mask
from carstats.errors import CarstatsError
from carstats.messages import mark, message
from carstats.response.antibodies.sides import checked_limits, sides
from carstats.response.outcomes import analysis_set, checked_window, joined_words, visit_words
from carstats.result import Result

# In the order in which the subjects of a stratum are sorted.
STATES = {
    "lost": mark("Positive, then negative"),
    "positive": mark("Stays positive"),
    "unseen": mark("Positive, then not measured"),
    "gained": mark("Negative, then positive"),
    "negative": mark("Stays negative"),
    "missing": mark("Not measured"),
}
GROUPS = {"autoantibody": mark("Autoantibodies"), "vaccine": mark("Vaccine titres")}


def antibody_map(
    cohort: Cohort,
    above: Mapping[str, float] | None = None,
    *,
    protective: Mapping[str, float] | None = None,
    at: float = 168,
    window: tuple[float, float] | None = None,
    by: str | Iterable[str] | None = None,
) -> Result:
    """List of each subject and antibody whether it was positive before and at a visit.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; its infused subjects are listed.
    above : mapping of str to float, optional
        Autoantibodies and the upper limit of normal of each: a value above it is positive.
    protective : mapping of str to float, optional
        Vaccine titres and the least that protects: a value of it or more is positive.
    at : float
        Day of the visit.
    window : (float, float), optional
        First and last day that count, as for `response_rate`; the nearest value counts.
    by : str or list of str, optional
        Columns of the subjects table to tell strata apart.

    Returns
    -------
    Result
        For each stratum, subject and measure a row of ``kind`` ``"cell"``: ``subject``, a number
        that is no identifier, in the order of the strata and of the pattern within them,
        ``measure``, ``group`` ("autoantibody" or "vaccine"), ``state``: ``"lost"`` (positive, then
        negative), ``"positive"``, ``"negative"`` (both times), ``"gained"``, ``"unseen"``
        (positive, then not measured), ``"missing"``. For each stratum and measure a row of ``kind``
        ``"count"``: ``n`` positive before, ``n_missing`` of them not measured at the visit,
        ``n_event`` of them negative at it (of a vaccine titre: still positive). Subjects of
        whom no state is known are left out; the result's population counts them.

    Raises
    ------
    CarstatsError
        If neither argument names a measure, one is unknown, without data or named twice, nobody
        was measured, or another argument is not allowed.

    Examples
    --------
    >>> shown = cs.antibody_map(lupus, {"anti-dsDNA": 30}, by="target")
    >>> figure = cs.plot(shown)
    """
    above = {} if above is None and protective else checked_limits(
        cohort, "above", above or {}, "{'anti-dsDNA': 30}"
    )  # fmt: skip
    if protective is not None:
        protective = checked_limits(cohort, "protective", protective, "{'vaccine_tetanus': 0.1}")
    low, high = checked_window(cohort, window, at)
    subjects, words = analysis_set(cohort, "treated")
    by = check_by(subjects, by)
    vocabulary = cohort.study.vocabulary
    known: dict[str, pd.DataFrame] = {}
    groups: dict[str, str] = {}
    limits: dict[str, float] = {}
    for group, asked in zip(GROUPS, (above, protective or {}), strict=True):
        for given, limit in asked.items():
            name, found = sides(
                cohort, given, limit, at, (low, high), at_least=group == "vaccine"
            )  # fmt: skip
            if name in groups:
                raise CarstatsError(message("{measure} is named twice.", measure=repr(name)))
            known[name], groups[name], limits[name] = found, group, limit
    states = pd.DataFrame(
        {name: _states(found) for name, found in known.items()}, index=cohort.subjects["subject_id"]
    )
    measured = subjects["subject_id"].isin(states.index[states.ne("missing").any(axis=1)])
    shown = subjects[measured]
    if shown.empty:
        raise CarstatsError(
            message(
                "nobody of the cohort has a value of {names}, neither before the infusion nor from "
                "day {low} to {high}.",
                names=message(", ").join(map(repr, groups)), low=f"{low:g}", high=f"{high:g}",
            )
        )  # fmt: skip
    parts, number = [], 0
    for key in stratum_keys(vocabulary, cohort.eligible, by):
        own = states.loc[shown.loc[stratum_mask(shown, by, key), "subject_id"]]
        own = _sorted(own)
        numbers = range(number + 1, number + 1 + len(own))
        number += len(own)
        for name, group in groups.items():
            here = own[name]
            beside = {c: [v] * (len(own) + 1) for c, v in zip(by, key, strict=True)}
            mine = known[name].reindex(subjects.loc[stratum_mask(subjects, by, key), "subject_id"])
            positive = mine[mine["before"] == 1]
            wanted = 1.0 if group == "vaccine" else 0.0
            lacking, met = positive["after"].isna().sum(), (positive["after"] == wanted).sum()
            parts.append(
                pd.DataFrame(
                    {
                        **beside, "kind": ["cell"] * len(own) + ["count"],
                        "subject": [*numbers, 0], "measure": name, "group": group,
                        "state": [*here, ""],
                        "n": [1] * len(own) + [len(positive)],
                        "n_missing": [0] * len(own) + [int(lacking)],
                        "n_event": [0] * len(own) + [int(met)],
                    }
                )
            )  # fmt: skip
    frame = pd.concat(parts, ignore_index=True)
    left = len(subjects) - len(shown)
    if left:
        words = joined_words(
            words, message("{n} without values before and at the visit left out", n=left)
        )
    terms = {term.name: term for term in vocabulary.measure}
    spec = cohort.spec(
        "antibody_map",
        endpoint=message("Antibodies before and {when}", when=visit_words(at, low, high)),
        population=words,
        method=message(
            "a missing value at the visit counts as not negative; a vaccine titre that is missing "
            "as not kept"
        ),
        by=by, at=float(at), window=[low, high], limits=limits,
        units={name: terms[name].group for name in groups},
    )  # fmt: skip
    labels: dict[str, dict[str, str]] = {
        "measure": {name: vocabulary.label("measure", name) for name in groups},
        "state": {state: message(words) for state, words in STATES.items()},
        "group": {group: message(words) for group, words in GROUPS.items()},
    }
    return Result(frame, spec, level_labels(vocabulary, by) | labels)


def _states(found: pd.DataFrame) -> pd.Series:
    before, after = found["before"], found["after"]
    told = np.select(
        [
            (before == 1) & (after == 0), (before == 1) & (after == 1),
            (before == 1) & after.isna(), (before == 0) & (after == 1),
            (before == 0) & (after == 0),
        ],
        ["lost", "positive", "unseen", "gained", "negative"],
        "missing",
    )  # fmt: skip
    return pd.Series(told, found.index)


def _sorted(states: pd.DataFrame) -> pd.DataFrame:
    """Return subjects by their pattern: who lost the first, then the second, and so on.

    Those of whom nothing is known at the visit are last. Of the data's own order nothing is left
    but that of equal patterns.
    """
    rank = {state: i for i, state in enumerate(STATES)}
    ranks = states.apply(lambda column: column.map(rank))
    ranks.insert(0, "", states.isin(["unseen", "missing"]).all(axis=1))
    return states.loc[ranks.sort_values(list(ranks.columns), kind="stable").index]
