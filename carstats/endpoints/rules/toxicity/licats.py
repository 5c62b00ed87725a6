"""Local toxicity after cell therapy (LICATS): candidates told from relapse and non-response."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas.arrays import BooleanArray

from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.logic import any_of, boolean, compare, flags, numbers
from carstats.endpoints.record.worksheets import check_table
from carstats.endpoints.rules.toxicity.iechs import stepped_grade
from carstats.errors import CarstatsError, check_number
from carstats.messages import message

NEW_DRUG_CLASSES = (
    "immunosuppressant", "biologic", "targeted synthetic", "plasma exchange", "immunoglobulin",
)  # fmt: skip
"""Drug classes that count as new immunosuppression when started during an event."""

IGNORED_REASONS = ("conditioning", "supportive", "replacement", "background")
"""Reasons for which a drug does not count, whatever its class."""

CONDITIONS = (
    "in_window", "in_aplasia", "organ_before", "resolves", "no_new_drug", "no_other_cause",
)  # fmt: skip

INNER_ORGANS = (
    "kidney", "lung", "heart", "liver", "nervous system", "gastrointestinal",
    "haematuria", "urinary casts", "pyuria", "pleurisy", "pericarditis", "seizure", "psychosis",
    "organic brain syndrome", "visual disturbance", "cranial nerve disorder", "lupus headache",
    "cerebrovascular accident",
)  # fmt: skip
"""Organs of which a local toxicity is grade 2 without treatment (design: which are inner)."""


def licats_grade(
    steroid_days: ArrayLike,
    inner_organ: ArrayLike = False,
    hospitalised: ArrayLike = False,
    intensive_care: ArrayLike = False,
    death: ArrayLike = False,
    *,
    steroid_week: float = 7.0,
) -> NDArray[np.float64]:
    """Grade a local immune effector cell-associated toxicity.

    Parameters
    ----------
    steroid_days : Days of glucocorticoids given for it; 0 for none.
    inner_organ : Whether it is of an inner organ: 2.
    hospitalised : New or prolonged hospital stay: 3.
    intensive_care : Intensive care: 4.
    death : Death from it: 5.
    steroid_week : Days of glucocorticoids above which it is 2.

    Returns
    -------
    1 (ends by itself) to 5; NaN where what is missing could change it.

    Notes
    -----
    Status: verify (the published grades: 2 glucocorticoids for more than a week or an inner organ,
    3 hospital, 4 intensive care); design (5, death).
    """
    check_number("steroid_week", steroid_week, low=0)
    (days,) = numbers(steroid_days=(steroid_days, 0, 36_500))
    return stepped_grade(
        True,
        more=any_of(compare(days, ">", steroid_week), *flags(inner_organ=inner_organ)),
        hospitalised=hospitalised,
        intensive_care=intensive_care,
        death=death,
    )


@rule(
    "LICATS",
    "any",
    "toxicity",
    definition=(
        "Local, self-limited toxicity in an organ affected before, in B-cell aplasia, begun on "
        "day 0 to 42, gone within 28 days without new immunosuppression: candidate, never "
        "relapse. Grade 2: glucocorticoids for more than a week or an inner organ; 3 hospital; "
        "4 intensive care."
    ),
    thresholds="licats_days=42; licats_resolution_days=28; steroid_days=14; steroid_week=7",
    source="Hagen 2025, Lancet Rheumatol (PMID 40318690)",
    doi="10.1016/S2665-9913(25)00091-8",
)
def licats_candidates(
    worsenings: pd.DataFrame,
    organs_before: pd.DataFrame,
    medications: pd.DataFrame | None = None,
    *,
    first_day: int = 0,
    last_day: int = 42,
    resolves_within_days: int = 28,
    steroid_days: int = 14,
    inner_organs: Iterable[str] = INNER_ORGANS,
    new_drug_classes: Iterable[str] = NEW_DRUG_CLASSES,
    ignored_reasons: Iterable[str] = IGNORED_REASONS,
) -> pd.DataFrame:
    """Tell local toxicity from relapse and from non-response among worsenings of the disease.

    Parameters
    ----------
    worsenings : One row per event: `subject_id`, `onset_day`, `resolution_day` (the first day known
        to be without it; missing while it lasts), `organ`, `in_aplasia` (whether it began during
        B-cell aplasia, as from `aplasia_at`; missing: undocumented); optionally `last_day_with`
        (the last day seen with it, where visits leave the end open in between; by default the end
        is the resolution), `observed_to_day` (last day on which an event without resolution was
        seen), `response_day` (the subject's first response; missing where there was none),
        `other_cause` (whether another cause explains it), and for the grade `steroid_days` (by
        default those of the medications), `hospitalised`, `intensive_care`, `death`.
    organs_before : Organs involved before the infusion: `subject_id`, `organ`.
    medications : `subject_id`, `drug_class`, `start_day`, `stop_day`, optionally `reason`, `drug`
        and `prednisone_equivalent_mg`, as in a study. None: no drug was started.
    first_day, last_day : First and last day of onset.
    resolves_within_days : Some possible end of an event, in (last day with it, first day without],
        must be fewer days than this after its onset.
    steroid_days : The longest course of steroids that is allowed, days; first and last day count.
    inner_organs : Organs of which an event is grade 2 without treatment.
    new_drug_classes : Classes that count as new immunosuppression.
    ignored_reasons : Reasons for which a drug does not count.

    Returns
    -------
    One row per event, by subject and onset, in the columns of the toxicities table (`term`,
    `onset_day`, `grade`, `resolution_day`, `grading_scale`, `system`: the organ) with each
    condition (`in_window`, `in_aplasia`, `organ_before`, `resolves`, `no_new_drug`,
    `no_other_cause`), `steroid_course_days`, `licats_candidate` (all conditions; missing where one
    is and none has failed), `failed` (the conditions that failed), `open` (those that are not
    known), and `counts_as`: ``"LICATS"``, ``"relapse"`` (not a candidate, after a response),
    ``"non-response"`` (not a candidate, before one) or ``"not evaluable"``. Without `response_day`
    the two are ``"disease"``.

    Notes
    -----
    A drug counts if it was started from the onset to the end of the event, and not if it goes on
    with what was given before: the next step of a taper, the next row of the same drug. Steroids
    started in it are one course from the first day to the last; drugs of other classes given for a
    toxicity do not count, steroids do whatever the reason. Report subjects and events: events
    cluster. Status: verify; design (the candidate rule; a fifth of the published events began after
    one month, so that the window reaches to day 42).
    """
    for name, value in (("resolves_within_days", resolves_within_days), ("last_day", last_day)):
        check_number(name, value, low=first_day)
    check_number("steroid_days", steroid_days, low=0)
    events = check_table(
        "worsenings", worsenings, ["subject_id", "onset_day", "resolution_day", "organ",
        "in_aplasia"], ["last_day_with", "observed_to_day", "response_day", "other_cause",
        "steroid_days", "hospitalised", "intensive_care", "death"],
        ["resolution_day", "last_day_with", "observed_to_day", "response_day"],
    )  # fmt: skip
    places = check_table("organs_before", organs_before, ["subject_id", "organ"])
    if events["organ"].isna().any():
        raise CarstatsError(
            message(
                "`{argument}` has no `{column}` in a row; every event needs one.",
                argument="worsenings",
                column="organ",
            )
        )
    onset, end = (events[column].to_numpy(float) for column in ("onset_day", "resolution_day"))
    if (end < onset).any():
        raise CarstatsError(
            message(
                "`{argument}` has a `{end}` before its `{start}`.",
                argument="worsenings",
                end="resolution_day",
                start="onset_day",
            )
        )
    reasons = tuple(ignored_reasons)
    course, open_course, other = _started(events, medications, tuple(new_drug_classes), reasons)

    known = pd.MultiIndex.from_frame(places).drop_duplicates()
    before = pd.MultiIndex.from_frame(events[["subject_id", "organ"]]).isin(known)
    nothing = np.full(len(events), np.nan)
    seen = events["observed_to_day"].to_numpy(float) if "observed_to_day" in events else nothing
    within = events["last_day_with"].to_numpy(float) if "last_day_with" in events else nothing
    # The end lies in (last day with it, first day without]; without a last day it is exact.
    first_end = np.where(np.isnan(within), end, within)
    lasts = np.fmax(seen, within) - onset >= resolves_within_days
    resolves = boolean(first_end - onset < resolves_within_days, np.isnan(end) & ~lasts)
    resolves = boolean(resolves._data & ~np.isnan(end), resolves._mask)
    no, yes = np.zeros(len(events), bool), np.ones(len(events), bool)
    (aplasia,) = flags(in_aplasia=events["in_aplasia"]) if len(events) else (resolves,)
    (other_cause,) = (
        flags(other_cause=events.get("other_cause", no)) if len(events) else (resolves,)
    )
    conditions = {
        "in_window": boolean((onset >= first_day) & (onset <= last_day), no),
        "in_aplasia": aplasia,
        "organ_before": boolean(before, no),
        "resolves": resolves,
        "no_new_drug": boolean(~other & ~open_course & (course <= steroid_days), no),
        # Only a cause that is known excludes.
        "no_other_cause": boolean(yes & ~(other_cause._data & ~other_cause._mask), no),
    }
    failed = np.stack([~part._data & ~part._mask for part in conditions.values()])
    open_ = np.stack([part._mask for part in conditions.values()])
    none_failed = ~failed.any(axis=0)
    candidate = boolean(none_failed, open_.any(axis=0) & none_failed)
    # Where the table does not say, the glucocorticoids started during the event do.
    drugs = np.where(open_course, np.fmax(course, steroid_days + 1.0), course)
    severity = {
        "steroid_days": events.get("steroid_days", drugs),
        "inner_organ": events["organ"].isin(list(inner_organs)).to_numpy(),
    }
    severity |= {name: events.get(name, no) for name in ("hospitalised", "intensive_care", "death")}
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
        open=_named(open_),
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
        ["reason", "drug", "prednisone_equivalent_mg"], ["start_day", "stop_day"],
    )  # fmt: skip
    drugs["begun"] = _begun(drugs)
    if "reason" in drugs:
        drugs = drugs[~drugs["reason"].isin(ignored_reasons)]
    keys = events[["subject_id", "onset_day", "resolution_day"]].assign(event=np.arange(n))
    pairs = keys.merge(drugs, on="subject_id")
    pairs["end"] = pairs["resolution_day"].fillna(np.inf)
    during = (pairs["begun"] >= pairs["onset_day"]) & (pairs["begun"] <= pairs["end"])
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


def _begun(drugs: pd.DataFrame) -> NDArray[np.float64]:
    """Return for each row the day on which the course began that it belongs to.

    A row goes on with what was given up to the day before at no lower dose (a taper in steps), or
    with the same drug.
    """
    begun = drugs["start_day"].to_numpy(float).copy()
    stop = drugs["stop_day"].astype(float).fillna(np.inf).to_numpy()
    nothing = pd.Series(np.nan, drugs.index)
    dose = drugs.get("prednisone_equivalent_mg", nothing).astype(float).to_numpy()
    name = drugs.get("drug", nothing).to_numpy(object)
    steroid = (drugs["drug_class"] == "glucocorticoid").to_numpy(bool)
    for rows in drugs.groupby(["subject_id", "drug_class"], sort=False).indices.values():
        order = rows[np.argsort(np.nan_to_num(begun[rows], nan=-np.inf), kind="stable")]
        for k, row in enumerate(order):
            before = order[:k][stop[order[:k]] >= begun[row] - 2]
            same = dose[row] <= dose[before] if steroid[row] else name[before] == name[row]
            if len(before) and np.any(same):
                begun[row] = np.min(np.nan_to_num(begun[before[same]], nan=-np.inf))
    return begun


def _named(failed):
    """Return for each event the conditions of which it is true, joined by commas."""
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
