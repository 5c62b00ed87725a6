"""Which days of measurement make one visit: components of one window need not share a day."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from carstats.endpoints.options import Rules
from carstats.endpoints.record.logic import TOLERANCE
from carstats.endpoints.record.searches import keys


def joined_days(
    subject: NDArray[np.int_],
    day: NDArray[np.float64],
    place: NDArray[np.int_],
    has: NDArray[np.bool_],
    whole: NDArray[np.bool_],
    rules: Rules,
) -> NDArray[np.int_]:
    """Return for each day of measurement the visit that it belongs to.

    A day with every component is a visit by itself; so is one outside every window. The others of a
    window are joined: of the days no more than 14 days apart those that together hold the most
    components, each nearest to the scheduled day.
    """
    visit = np.arange(len(day))
    open_ = np.flatnonzero(~whole & (place >= 0))
    if len(open_) < 2:
        return visit
    window = keys(subject[open_], place[open_].astype(float))
    breaks = np.flatnonzero(np.diff(window)) + 1
    targets = rules.schedule.days
    # Days of a window that all have the same components have nothing to lend each other.
    differs = (has[open_][1:] != has[open_][:-1]).any(axis=1)
    differs[breaks - 1] = False
    joins = np.add.reduceat(np.append(differs, False), np.append(0, breaks)) > 0
    groups = np.split(open_, breaks)
    for days in (groups[i] for i in np.flatnonzero(joins)):
        left = days
        while len(left) > 1:
            chosen = _nearest_together(
                day[left], has[left], targets[place[left[0]]], rules.component_days
            )
            visit[left[chosen]] = left[chosen[0]]
            left = np.delete(left, chosen)
    return visit


def _nearest_together(day, has, target, apart) -> NDArray[np.int_]:
    """Return which days of a window make one visit."""
    best, found = None, np.array([0])
    distance = np.abs(day - target)
    # Nearest first, of two the later.
    order = np.lexsort((-day, distance))
    for begin in day:
        near = order[(day[order] >= begin) & (day[order] <= begin + apart + TOLERANCE)]
        covered = has[near].any(axis=0)
        if not covered.any():
            continue
        chosen = np.unique(near[has[near].argmax(axis=0)[covered]])
        score = (int(covered.sum()), -float(distance[chosen].sum()), float(day[chosen].max()))
        if best is None or score > best:
            best, found = score, chosen
    return found
