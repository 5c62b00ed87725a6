"""Moments of the areas under the two paths that bound a restricted mean, of many events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carstats.estimators.curves.risk_table import TIME_TOLERANCE, RiskTable


@dataclass(frozen=True)
class Pieces:
    """The K times up to the horizon, and the K + 1 pieces of time before each and after the last.

    `width` and `after` say how long a piece is, and how many are at risk in it.
    """

    events: NDArray[np.float64]
    at_risk: NDArray[np.float64]
    ends: NDArray[np.float64]
    width: NDArray[np.float64]
    after: NDArray[np.float64]


def pieces_of(table: RiskTable, at: float, at_start: float | None) -> Pieces:
    """Divide the time up to a horizon."""
    slack = TIME_TOLERANCE * np.ptp(table.time)
    events = np.where(table.time < at - slack, table.n_event.sum(axis=-1), 0)
    ends = np.clip(table.time, 0.0, at)
    # Just after each time, and before the first, how many are at risk.
    start = np.append(0.0, ends)
    width = np.diff(np.append(start, at))
    after = np.append(table.n_risk[0] if at_start is None else at_start, table.n_after)
    return Pieces(events, table.n_risk, ends, width, after)


def area_moments(found: Pieces, at: float) -> list[tuple[float, float, float]]:
    """Compute what `mean_laws` takes event by event: of the lower path and of the upper one.

    Returns: mean and mean square of the area, and the least that it can be.
    """
    places = np.flatnonzero(found.events > 0)
    many = found.events[places].astype(int)
    turn = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    r = np.repeat(found.at_risk[places], many) - turn
    v, v2 = r / (r + 1), r / (r + 2)
    time = found.ends[places]
    areas = []
    for lower in (True, False):
        if lower:
            # The pieces stand before the first of several events at a time.
            own, h, h2 = np.zeros((3, r.size + 1))
            begins = np.append(turn == 0, True)
            h[begins], h2[begins], own[begins] = _moments_of_steps(found, places, r[turn == 0])
            low, mean, square, shared = 0.0, h[-1], h2[-1], own[:-1]
        else:
            h = np.zeros(r.size)
            h[turn == 0] = np.diff(time, prepend=0.0)
            h2, shared = h**2, h * v
            low, mean = time[0], at - time[-1]
            square = mean**2
        terms = zip(*(x[: r.size][::-1].tolist() for x in (h, h2, shared, v, v2)), strict=True)
        for h_, h2_, shared_, v_, v2_ in terms:
            mean, square = h_ + v_ * mean, h2_ + 2 * shared_ * mean + v2_ * square
        areas.append((float(mean), float(square), float(low)))
    return areas


def _moments_of_steps(found: Pieces, places, at_risk):
    """Sum up h(u), the width of each piece times u^(1/after), before each event time and after all.

    Returns: means, mean squares, and the means of h(u) u^(1/at_risk), 0 after the last.
    """
    size = places.size + 1
    step = np.searchsorted(places, np.arange(found.width.size))
    used = (found.width > 0) & (found.after > 0)
    step, w, p = step[used], found.width[used], 1 / found.after[used]
    more = np.append(1 / at_risk, 0.0)[step]
    mean, shared = (np.bincount(step, w / (1 + p + q), size) for q in (0.0, more))
    square = np.zeros(size)
    number = np.bincount(step, minlength=size)
    first = np.cumsum(number) - number
    # Steps with as many pieces go together.
    for pieces in np.unique(number[number > 0]):
        same = np.flatnonzero(number == pieces)
        cells = first[same, None] + np.arange(pieces)
        wide, power = w[cells], p[cells]
        for j in range(pieces):
            square[same] += wide[:, j] * (wide / (1 + power + power[:, j : j + 1])).sum(axis=1)
    return mean, square, np.append(shared[:-1], 0.0)
