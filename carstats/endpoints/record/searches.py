"""Searches over days of all subjects at once: how many rows by a day, the last before, the next.

Subjects are positions (0, 1, …). A day and its subject become one sortable key, so that a question
about every visit of every subject is one binary search and no loop over subjects.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# Room for any day, also for one counted from the year 1.
_WIDTH = 2_000_000.0
_EDGE = 900_000.0


def keys(subject: NDArray[np.int_], day: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one sortable number for each subject and day; infinite days stand at the edges."""
    return np.asarray(subject, float) * _WIDTH + np.clip(day, -_EDGE, _EDGE)


class Days:
    """Rows of (subject, day), prepared for searches.

    Parameters
    ----------
    subject : ndarray of int
        Position of the subject of each row; negative ones are left out.
    day : ndarray of float
        Its day; NaN rows are left out.
    """

    def __init__(self, subject: NDArray[np.int_], day: NDArray[np.float64]) -> None:
        subject, day = np.asarray(subject, int), np.asarray(day, float)
        kept = np.flatnonzero((subject >= 0) & ~np.isnan(day))
        key = keys(subject[kept], day[kept])
        order = np.argsort(key, kind="stable")
        self.row = kept[order]
        self.key = key[order]
        self.day = day[self.row]
        self.subject = subject[self.row]

    def count(self, subject, day, *, before: bool = False) -> NDArray[np.int_]:
        """Return how many rows of each subject are on or before a day (`before`: before it)."""
        side = "left" if before else "right"
        upto = np.searchsorted(self.key, keys(subject, day), side=side)
        start = keys(subject, np.full(len(np.atleast_1d(subject)), -np.inf))
        return upto - np.searchsorted(self.key, start, side="left")

    def last(self, subject, day, *, before: bool = True) -> NDArray[np.int_]:
        """Return the row last before a day (`before=False`: on or before it); -1 if none."""
        side = "left" if before else "right"
        place = np.searchsorted(self.key, keys(subject, day), side=side) - 1
        return self._row(place, subject)

    def next(self, subject, day, *, after: bool = True) -> NDArray[np.int_]:
        """Return the row first after a day (`after=False`: on or after it); -1 if none."""
        side = "right" if after else "left"
        place = np.searchsorted(self.key, keys(subject, day), side=side)
        return self._row(place, subject)

    def _row(self, place, subject):
        inside = (place >= 0) & (place < len(self.key))
        safe = np.where(inside, place, 0)
        if not len(self.key):
            return np.full(len(place), -1)
        inside &= self.subject[safe] == subject
        return np.where(inside, self.row[safe], -1)


def runs_between(subject, early, late, row_subject, start, stop) -> NDArray[np.bool_]:
    """Return whether an episode of the subject runs on any day from `early` to `late`.

    What stopped before `early` had started by `late`, so the number running is the number started
    less the number stopped.
    """
    started = Days(row_subject, start).count(subject, late)
    stopped = Days(row_subject, stop).count(subject, early, before=True)
    return started > stopped


def first_per_subject(n: int, subject, day, mask) -> NDArray[np.float64]:
    """Return the smallest day of each subject's rows of `mask`; `inf` where there is none."""
    out = np.full(n, np.inf)
    np.minimum.at(out, np.asarray(subject)[mask], np.asarray(day, float)[mask])
    return out


def last_per_subject(n: int, subject, day, mask) -> NDArray[np.float64]:
    """Return the largest day of each subject's rows of `mask`; `-inf` where there is none."""
    out = np.full(n, -np.inf)
    np.maximum.at(out, np.asarray(subject)[mask], np.asarray(day, float)[mask])
    return out


def at(values: NDArray, row: NDArray[np.int_], missing: object = np.nan) -> NDArray:
    """Return `values[row]`, `missing` where the row is -1."""
    values = np.asarray(values)
    if not len(values):
        return np.full(len(row), missing)
    return np.where(row >= 0, values[np.maximum(row, 0)], missing)


def begun_between(visits, drugs) -> NDArray[np.bool_]:
    """Return at which visits an episode has begun since the adequate visit before, from day 1."""
    position = {name: i for i, name in enumerate(visits.study.subjects["subject_id"])}
    who = np.array([position.get(name, -1) for name in drugs["subject_id"]], dtype=int)
    start = drugs["start_day"].to_numpy(float)
    begun = Days(who, np.where(start >= 1, start, np.nan))
    seen = Days(visits.subject, np.where(visits.adequate, visits.day, np.nan))
    before = at(visits.day, seen.last(visits.subject, visits.day), 0.0)
    return begun.count(visits.subject, visits.day) > begun.count(visits.subject, before)
