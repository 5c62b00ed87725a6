"""Local toxicity after cell therapy (LICATS): candidates told from relapse and non-response."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas.arrays import BooleanArray

from carstats.endpoints.iechs import stepped_grade
from carstats.endpoints.logic import boolean, flags
from carstats.endpoints.worksheets import check_table
from carstats.errors import CarstatsError, check_number

NEW_DRUG_CLASSES = (
    "immunosuppressant", "biologic", "targeted synthetic", "plasma exchange", "immunoglobulin",
)  # fmt: skip
"""Drug classes that count as new immunosuppression when started during an event."""

IGNORED_REASONS = ("conditioning", "supportive", "replacement", "background")
"""Reasons for which a drug does not count, whatever its class."""

CONDITIONS = ("in_window", "in_aplasia", "organ_before", "resolves", "no_new_drug")


def licats_grade(
    treated: ArrayLike,
    hospitalised: ArrayLike = False,
    life_threatening: ArrayLike = False,
    death: ArrayLike = False,
) -> NDArray[np.float64]:
    """Grade a local immune effector cell-associated toxicity.

    Parameters
    ----------
    treated : bool or sequence of bool
        Local or systemic treatment was needed: 2.
    hospitalised : bool or sequence of bool, optional
        New or prolonged hospital stay: 3.
    life_threatening : bool or sequence of bool, optional
        Life-threatening: 4.
    death : bool or sequence of bool, optional
        Death from it: 5.

    Returns
    -------
    numpy.ndarray
        1 (mild, self-limited) to 5; NaN where what is missing could change it.

    Raises
    ------
    CarstatsError
        If a flag is neither true nor false, or lengths differ.

    Notes
    -----
    Status: verify (derived from the published events).

    References
    ----------
    Hagen M et al. Local immune effector cell-associated toxicity syndrome. Lancet Rheumatol 2025.
    PMID 40318690.
    """
    return stepped_grade(
        True,
        treated=treated,
        hospitalised=hospitalised,
        life_threatening=life_threatening,
        death=death,
    )


def licats_candidates(
    worsenings: pd.DataFrame,
    organs_before: pd.DataFrame,
    medications: pd.DataFrame | None = None,
    *,
    first_day: int = 0,
    last_day: int = 28,
    extended_day: int = 42,
    resolves_within_days: int = 28,
    steroid_days: int = 14,
    new_drug_classes: Iterable[str] = NEW_DRUG_CLASSES,
    ignored_reasons: Iterable[str] = IGNORED_REASONS,
) -> pd.DataFrame:
    """Tell local toxicity from relapse and from non-response among worsenings of the disease.

    Parameters
    ----------
    worsenings : pandas.DataFrame
        One row per event: `subject_id`, `onset_day`, `resolution_day` (missing while it lasts),
        `organ`, `in_aplasia` (whether it began during B-cell aplasia, as from `aplasia_at`);
        optionally `observed_to_day` (last day on which an event without resolution was looked at),
        `response_day` (the subject's first response; missing where there was none), and for the
        grade `treated` (by default: a drug was started), `hospitalised`, `life_threatening`,
        `death`.
    organs_before : pandas.DataFrame
        Organs involved before the infusion: `subject_id`, `organ`.
    medications : pandas.DataFrame, optional
        `subject_id`, `drug_class`, `start_day`, `stop_day`, optionally `reason`, as in a study.
        None: no drug was started.
    first_day, last_day : int, optional
        First and last day of onset.
    extended_day : int, optional
        Last day of the extended window: an onset after `last_day` and up to it is marked
        `extended`, and is no candidate.
    resolves_within_days : int, optional
        An event must end fewer days than this after its onset.
    steroid_days : int, optional
        The longest course of steroids that is allowed, days; first and last day count.
    new_drug_classes : iterable of str, optional
        Classes that count as new immunosuppression.
    ignored_reasons : iterable of str, optional
        Reasons for which a drug does not count.

    Returns
    -------
    pandas.DataFrame
        One row per event, by subject and onset, in the columns of the toxicities table (`term`,
        `onset_day`, `grade`, `resolution_day`, `grading_scale`, `system`: the organ) with each
        condition (`in_window`, `in_aplasia`, `organ_before`, `resolves`, `no_new_drug`),
        `steroid_course_days`,
        `licats_candidate` (all conditions; missing where one is and none has failed), `failed`
        (the conditions that failed), `extended`, and `counts_as`: ``"LICATS"``, ``"relapse"`` (not
        a candidate, after a response), ``"non-response"`` (not a candidate, before one) or
        ``"not evaluable"``. Without `response_day` the two are ``"disease"``.

    Raises
    ------
    CarstatsError
        If a table lacks a column, an organ is missing or an option is out of range.

    Notes
    -----
    A drug counts if it was started from the onset to the end of the event. Steroids started in it
    are one course from the first day to the last; drugs of other classes given for a toxicity do
    not count, steroids do whatever the reason. Report subjects and events: events cluster. Status:
    verify; design (the candidate rule).

    References
    ----------
    Hagen M et al. Lancet Rheumatol 2025. PMID 40318690.
    """
    for name, value in (("resolves_within_days", resolves_within_days), ("last_day", last_day)):
        check_number(name, value, low=first_day)
    check_number("extended_day", extended_day, low=last_day)
    check_number("steroid_days", steroid_days, low=0)
    events = check_table(
        "worsenings", worsenings, ["subject_id", "onset_day", "resolution_day", "organ",
        "in_aplasia"], ["observed_to_day", "response_day", "treated", "hospitalised",
        "life_threatening", "death"], ["resolution_day", "observed_to_day", "response_day"],
    )  # fmt: skip
    places = check_table("organs_before", organs_before, ["subject_id", "organ"])
    if events["organ"].isna().any():
        raise CarstatsError("`worsenings` has no `organ` in a row; every event needs one.")
    onset, end = (events[column].to_numpy(float) for column in ("onset_day", "resolution_day"))
    if (end < onset).any():
        raise CarstatsError("`worsenings` has a `resolution_day` before its `onset_day`.")
    reasons = tuple(ignored_reasons)
    course, open_course, other = _started(events, medications, tuple(new_drug_classes), reasons)

    known = pd.MultiIndex.from_frame(places).drop_duplicates()
    before = pd.MultiIndex.from_frame(events[["subject_id", "organ"]]).isin(known)
    seen = events["observed_to_day"].to_numpy(float) if "observed_to_day" in events else np.nan
    lasts = seen - onset >= resolves_within_days
    resolves = boolean(end - onset < resolves_within_days, np.isnan(end) & ~lasts)
    (aplasia,) = flags(in_aplasia=events["in_aplasia"]) if len(events) else (resolves,)
    whole = np.zeros(len(events), bool)
    conditions = {
        "in_window": boolean((onset >= first_day) & (onset <= last_day), whole),
        "in_aplasia": aplasia,
        "organ_before": boolean(before, whole),
        "resolves": resolves,
        "no_new_drug": boolean(~other & ~open_course & (course <= steroid_days), whole),
    }
    failed = np.stack([~part._data & ~part._mask for part in conditions.values()])
    open_ = np.any([part._mask for part in conditions.values()], axis=0)
    candidate = boolean(~failed.any(axis=0), open_ & ~failed.any(axis=0))
    # Where the table does not say, the drugs started during the event do.
    drugs = np.nan if medications is None else other | open_course | (course > 0)
    severity = {"treated": events.get("treated", drugs)}
    severity |= {
        name: events.get(name, False) for name in ("hospitalised", "life_threatening", "death")
    }
    grade = licats_grade(**severity) if len(events) else np.array([], float)
    return events.assign(
        term="LICATS",
        grade=np.broadcast_to(grade, len(events)),
        grading_scale="Hagen 2025",
        system=events["organ"],
        **conditions,
        steroid_course_days=np.where(open_course, np.nan, course),
        licats_candidate=candidate,
        failed=_named(failed),
        extended=(onset > last_day) & (onset <= extended_day),
        counts_as=_counts_as(candidate, events, onset),
    )


def _started(events, medications, new_drug_classes, ignored_reasons):
    """Return by event the days of its steroid course, whether it is open, and any other drug."""
    n = len(events)
    course, open_course, other = np.zeros(n), np.zeros(n, bool), np.zeros(n, bool)
    if medications is None:
        return course, open_course, other
    drugs = check_table(
        "medications", medications, ["subject_id", "drug_class", "start_day", "stop_day"],
        ["reason"], ["start_day", "stop_day"],
    )  # fmt: skip
    if "reason" in drugs:
        drugs = drugs[~drugs["reason"].isin(ignored_reasons)]
    keys = events[["subject_id", "onset_day", "resolution_day"]].assign(event=np.arange(n))
    pairs = keys.merge(drugs, on="subject_id")
    pairs["end"] = pairs["resolution_day"].fillna(np.inf)
    during = (pairs["start_day"] >= pairs["onset_day"]) & (pairs["start_day"] <= pairs["end"])
    pairs = pairs[during]
    steroids = pairs[pairs["drug_class"] == "glucocorticoid"]
    spans = steroids.assign(open=steroids["stop_day"].isna()).groupby("event")
    spans = spans.agg(start=("start_day", "min"), stop=("stop_day", "max"), open=("open", "any"))
    course[spans.index] = (spans["stop"] - spans["start"] + 1).fillna(0.0)
    open_course[spans.index] = spans["open"].astype(bool)
    rest = pairs[pairs["drug_class"].isin(new_drug_classes)]
    if "reason" in rest:
        rest = rest[rest["reason"].ne("toxicity").fillna(True)]
    other[rest["event"]] = True
    return course, open_course, other


def _named(failed):
    """Return for each event the conditions that failed, joined by commas."""
    names = np.array(CONDITIONS, dtype=object)
    patterns, index = np.unique(failed.T, axis=0, return_inverse=True)
    words = np.array([", ".join(names[row]) for row in patterns], dtype=object)
    return words[index.ravel()] if len(words) else np.array([], dtype=object)


def _counts_as(candidate: BooleanArray, events: pd.DataFrame, onset: NDArray[np.float64]):
    if "response_day" in events:
        after = events["response_day"].to_numpy(float) <= onset
        disease = np.where(after, "relapse", "non-response")
    else:
        disease = np.full(len(events), "disease")
    return np.select(
        [candidate._mask, candidate._data], ["not evaluable", "LICATS"], disease
    ).astype(object)
