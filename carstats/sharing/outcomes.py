"""What became of each subject, in the smallest pieces that a shared file could tell apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carstats.cohort.cohort import Cohort
from carstats.endpoints.options import Schedule, schedule_of
from carstats.errors import CarstatsError, listed
from carstats.messages import message
from carstats.response.outcomes import analysis_set, checked_window, visit_outcome
from carstats.survival.times import endpoint_times
from carstats.toxicity.episodes import asked, episodes_of

RESPONSE, TIMES, TOXICITY = "response", "time-to-event", "toxicity"
# The pieces of a response, and of a time; of a toxicity they are grades.
RESPONDER, OTHER, MISSING, NOT_ASKED = range(4)
EVENT, COMPETING, CENSORED = range(3)
# Events that visits find lie between two visits; the others are known to the day.
VISITS, DAYS = "visits", "days"
# Of these the day is known; every other event is found by a visit.
_EXACT = ("overall_survival",)
# Where two endpoints together would betray a few subjects, the first of these keeps its numbers.
_FIRST = {
    name: place
    for place, name in enumerate(
        ("drug_free_remission", "response", "remission", "relapse_free_survival", "relapse",
         "overall_survival")
    )
}  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """An endpoint or toxicity with the piece that each subject of a cohort is in.

    Attributes
    ----------
    name, kind : str
        The endpoint or term; ``"response"``, ``"time-to-event"`` or ``"toxicity"``.
    size : int
        Number of pieces; the last one is of those to whom it does not apply.
    piece : ndarray of int, shape (n,)
        The piece of each subject.
    clock : str
        Of times: ``"visits"`` if visits find the event, ``"days"`` if its day is known.
    """

    name: str
    kind: str
    size: int
    piece: NDArray[np.intp]
    clock: str = ""

    def counts(self, member: NDArray[np.bool_]) -> NDArray[np.int_]:
        """Count the subjects of a group in each piece."""
        return np.bincount(self.piece[member], minlength=self.size)


# Pieces of a toxicity: no episode, then each grade as proven, and as proven but possibly worse.
GRADES = tuple((grade, open_) for grade in range(6) for open_ in (False, True))


def rows_of(schedule: Schedule) -> int:
    """Return the number of rows of a curve: no record, the start, and each visit."""
    return len(schedule.weeks) + 2


def check_kind(cohort: Cohort, name: str) -> tuple[str, str]:
    """Return what a name is, an endpoint of one of two kinds or a toxicity, and its spelling."""
    study = cohort.study
    for kind in (RESPONSE, TIMES):
        known = study.vocabulary.canonical("endpoint", name)
        if known in study.endpoints(kind):
            return kind, str(known)
    term = study.vocabulary.canonical("toxicity", name)
    if term is not None and study.toxicities is not None:
        return TOXICITY, str(term)
    has = [*study.endpoints(RESPONSE), *study.endpoints(TIMES)]
    raise CarstatsError(
        message(
            "`endpoints` names {name}, which is no endpoint and no toxicity of the study. It has: "
            "{known}.",
            name=repr(name),
            known=listed(has, 40) if has else message("none"),
        )
    )


def shareable(cohort: Cohort, endpoints: Iterable[str] | None = None) -> list[tuple[str, str]]:
    """Return kind and name of what a study can share: by default all of it."""
    if endpoints is not None:
        endpoints = [endpoints] if isinstance(endpoints, str) else endpoints
        return list(dict.fromkeys(check_kind(cohort, name) for name in endpoints))
    study = cohort.study
    found = [
        (kind, name)
        for kind in (RESPONSE, TIMES)
        for name in sorted(study.endpoints(kind), key=lambda n: _FIRST.get(n, len(_FIRST)))
    ]
    if study.toxicities is not None:
        had = set(study.toxicities["term"])
        found += [(TOXICITY, t) for t in study.vocabulary.names("toxicity") if t in had]
    return found


def outcome_of(cohort: Cohort, kind: str, name: str, at: float) -> Outcome | None:
    """Return the pieces of an endpoint or toxicity; None where it cannot be asked."""
    if kind == RESPONSE:
        return _response(cohort, name, at)
    return _times(cohort, name) if kind == TIMES else _toxicity(cohort, name)


def _response(cohort: Cohort, name: str, at: float) -> Outcome | None:
    """Put each subject where the response at a visit puts it; last who is not asked.

    These were never infused, or cannot have been followed so far.
    """
    subjects = cohort.subjects
    low, high = checked_window(cohort, None, at)
    days = cohort.study.responses.loc[cohort.study.responses["endpoint"] == name, "day"]
    if not ((days >= low) & (days <= high)).any():
        return None
    found = visit_outcome(cohort, name, at, None)
    response = subjects["subject_id"].map(found.response).to_numpy(float)
    piece = np.where(response == 1, RESPONDER, np.where(response == 0, OTHER, MISSING))
    treated = analysis_set(cohort, "treated")[0]["subject_id"]
    outside = ~(found.asked_of(subjects) & subjects["subject_id"].isin(treated)).to_numpy(bool)
    if "cutoff_day" in subjects:
        outside |= (subjects["cutoff_day"] < high).to_numpy(bool)
    return Outcome(name, RESPONSE, 4, np.where(outside, NOT_ASKED, piece))


def _times(cohort: Cohort, name: str) -> Outcome | None:
    """Put each subject into the row of the schedule and the status of its time.

    Rows: no record; the start; each visit. Where visits find the event a time belongs to the visit
    nearest to it, an event to the first at the earliest; else to the visits that it lies between.
    """
    times = endpoint_times(cohort, name)
    if "entry_time" in times.rows:
        # Who joined later was not at risk from the start: no grid says so.
        return None
    rows = times.rows
    planned = schedule_of(cohort.study).days
    time, code = rows["event_time"].to_numpy(float), rows["event_code"].to_numpy(float)
    status = np.where(code == 1, EVENT, np.where(code > 1, COMPETING, CENSORED))
    clock = DAYS if name in _EXACT else VISITS
    edges = np.r_[0.0, planned]
    if clock == VISITS:
        # A day in the middle of two visits belongs to the later one, as everywhere.
        visit = np.searchsorted((edges[1:] + edges[:-1]) / 2, time, side="right")
    else:
        visit = np.minimum(np.searchsorted(edges, time, side="left"), len(planned))
    visit = np.where(status == CENSORED, visit, np.maximum(visit, 1))
    row = np.where(np.isnan(time), 0, visit + 1)
    status = np.where(np.isnan(time), CENSORED, status)
    size = 3 * (len(planned) + 2) + 1
    piece = pd.Series(row * 3 + status, rows["subject_id"])
    placed = cohort.subjects["subject_id"].map(piece).fillna(size - 1).to_numpy(int)
    return Outcome(name, TIMES, size, placed, clock)


def _toxicity(cohort: Cohort, name: str) -> Outcome:
    """Put each subject at the worst grade that is proven, and apart where it may be worse."""
    episodes = episodes_of(cohort, [name])
    episodes = episodes[~episodes["before"]]
    subjects, worst = cohort.subjects, episodes.groupby("subject_id")["least"].max()
    grade = subjects["subject_id"].map(worst).fillna(0).to_numpy(int)
    doubtful = subjects["subject_id"].isin(episodes.loc[episodes["level"].isna(), "subject_id"])
    piece = 2 * grade + doubtful.to_numpy(int)
    of_them = subjects["subject_id"].isin(asked(subjects, name)["subject_id"]).to_numpy(bool)
    return Outcome(name, TOXICITY, len(GRADES) + 1, np.where(of_them, piece, len(GRADES)))
