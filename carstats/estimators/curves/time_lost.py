"""Restricted mean time lost to a cause: the area under its cumulative incidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carstats.estimators.curves.beta import beta_quantile
from carstats.estimators.curves.risk_table import TIME_TOLERANCE, RiskTable
from carstats.estimators.curves.rmst import known_until

_NO_SPREAD = 1e-14


@dataclass(frozen=True)
class TimeLost:
    """The mean time lost to each cause within the first `at` time units.

    Attributes
    ----------
    at : float
        The horizon.
    estimate : ndarray, shape (causes,)
        Area under the incidence of each cause from 0 to `at`. Over the causes, and with the
        restricted mean, they add up to `at`. NaN with nobody, or where the follow-up ends before.
    std_error : ndarray, shape (causes,)
        Of the estimate (delta method, the causes multinomial at each time); NaN without spread.
    low, high : ndarray, shape (causes,)
        Limits, within 0 and `at`.
    """

    at: float
    estimate: NDArray[np.float64]
    std_error: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(frozen=True)
class LostMoments:
    """Mean and mean square of the laws that bound the time lost to a cause.

    Attributes
    ----------
    least, most : (float, float)
        Of the area under the lower and the upper path.
    reach : (float, float)
        The largest area that each path can have.
    """

    least: tuple[float, float]
    most: tuple[float, float]
    reach: tuple[float, float]


def mean_time_lost(
    table: RiskTable, at: float, *, conf_level: float = 0.95, carry_on: bool = False
) -> TimeLost:
    """Estimate the mean time lost to each of several competing events within a horizon.

    Parameters
    ----------
    table : RiskTable
        Counts without batches, with one column of events for each cause. Times count from 0.
    at : float
        The horizon, positive.
    conf_level : float
        Confidence level.
    carry_on : bool
        Carry the last incidence on to `at`, for simulations, whose follow-up may end before; the
        limits then allow for any course from there on.

    Returns
    -------
    TimeLost
        The estimate with Dirichlet beta-product limits.

    References
    ----------
    Andersen PK. Stat Med 2013; 32: 5278-5285.
    Fay MP, Brittain EH, Proschan MA. Biostatistics 2013; 14: 723-736 (beta product).
    """
    causes = table.n_event.shape[-1]
    nothing = np.full(causes, np.nan)
    if not table.time.size or not (carry_on or known_until(table) >= at):
        return TimeLost(at, nothing, nothing, nothing, nothing)
    estimate, variance = _estimate(table, at)
    tail = (1 - conf_level) / 2
    low, high = np.empty(causes), np.empty(causes)
    for cause in range(causes):
        found = lost_moments(table, at, cause)
        low[cause] = _scaled_quantile(tail, found.least, found.reach[0])
        high[cause] = _scaled_quantile(1 - tail, found.most, found.reach[1])
    error = np.sqrt(np.where(variance > 0, variance, np.nan))
    # Under delayed entry early risk sets may be so small that the laws lie off the estimate.
    return TimeLost(at, estimate, error, np.minimum(low, estimate), np.maximum(high, estimate))


def _estimate(table: RiskTable, at: float):
    """The areas and their variances."""
    n, events = np.maximum(table.n_risk, 1), table.n_event
    inside = np.clip(table.time, 0.0, at)
    width = np.diff(np.append(inside, at))
    share = events / n[:, None]
    before = np.append(1.0, np.cumprod(1 - share.sum(axis=-1)))[:-1]
    incidence = np.cumsum(before[:, None] * share, axis=0)
    area = incidence * width[:, None]
    # What comes after a time above the incidence by then: lost if the cause comes at that time.
    to_come = np.cumsum(area[::-1], axis=0)[::-1] - incidence * (at - inside)[:, None]
    gain = before[:, None] * (at - inside)[:, None]
    left = 1 - share.sum(axis=-1)
    lose = to_come / np.where(left > 0, left, np.inf)[:, None]
    variance = np.empty(share.shape[-1])
    for cause in range(share.shape[-1]):
        p, q = share[:, cause], share.sum(axis=-1) - share[:, cause]
        a, b = gain[:, 0] - lose[:, cause], -lose[:, cause]
        spread = a**2 * p * (1 - p) + b**2 * q * (1 - q) - 2 * a * b * p * q
        variance[cause] = (spread / n).sum()
    return area.sum(axis=0), variance


def lost_moments(table: RiskTable, at: float, cause: int) -> LostMoments:
    """Compute the moments of the two laws that bound the time lost to a cause.

    The laws are those of the area under the lower and upper path of the Dirichlet beta product. At
    the next event, with r at risk and d events, the curve S falls by the factor u^(1/r) for the
    first of the d, u uniform, and by a beta factor for the others. Until then the upper path gives
    the cause the piece that would come next with the Y now at risk, S (1 - u^(1/Y)), from the same
    u. Which of the d is the first does not matter: each is so with the same probability. With one
    cause the upper law is that of the horizon less the joint beta product's lower law of the mean.

    table : Counts without batches, with one column of events for each cause.

    Returns: mean and mean square of both laws.
    """
    slack = TIME_TOLERANCE * np.ptp(table.time)
    counted = np.where((table.time < at - slack)[:, None], table.n_event, 0)
    total = counted.sum(axis=-1)
    ends = np.clip(table.time, 0.0, at)
    width = np.diff(np.append(np.append(0.0, ends), at))
    after = np.append(table.n_risk[0], table.n_after)
    places = np.flatnonzero(total > 0)
    starts = np.append(0, places + 1)
    stops = np.append(places + 1, width.size)
    piece = [(width[a:b], after[a:b]) for a, b in zip(starts, stops, strict=True)]
    low = (0.0, 0.0)
    high = _moments_of_piece(*piece[-1])
    for place, (wide, many) in zip(places[::-1], piece[-2::-1], strict=True):
        event = _Event(
            float(table.n_risk[place]),
            float(counted[place, cause]),
            float(total[place] - counted[place, cause]),
            float(at - ends[place]),
        )
        low, high = event.before(low), event.before(high, wide, many)
    mine = np.flatnonzero(counted[:, cause] > 0)
    reach = float(at - ends[mine[0]]) if mine.size else 0.0
    return LostMoments(low, high, (reach, at))


@dataclass(frozen=True)
class _Event:
    """A time of events: at risk, events of the cause and of others, time from it to the horizon."""

    r: float
    d1: float
    d0: float
    rest: float

    def before(self, rest: tuple[float, float], width=None, after=None) -> tuple[float, float]:
        """Moments of H + P · rest + V · A from those of A, the area from this time on."""
        r, d1, d = self.r, self.d1, self.d1 + self.d0
        total, b = r + 1, r - d + 1
        p, v = d1 / total, b / total
        p2 = d1 * (d1 + 1) / (total * (total + 1))
        v2 = b * (b + 1) / (total * (total + 1))
        pv = d1 * b / (total * (total + 1))
        mean = p * self.rest + v * rest[0]
        square = p2 * self.rest**2 + 2 * pv * self.rest * rest[0] + v2 * rest[1]
        if width is None:
            return mean, square
        alive = after > 0
        h, h2 = _moments_of_piece(width, after)
        # Of the piece h(u) = sum of width · u^(1/Y) with the first factor u^(1/r) of this time.
        w, power = width[alive], 1 / after[alive]
        alone, shared = (w / (1 + power)).sum(), (w / (1 + power + 1 / r)).sum()
        # The other d - 1 share out what is left in proportion: Dirichlet(…, r - d + 1), sum r.
        first = d1 / d * (alone - shared + shared * (d1 - 1) / r)
        other = self.d0 / d * shared * d1 / r
        hp = width.sum() * p - first - other
        hv = width.sum() * v - shared * b / r
        return mean + h, square + h2 + 2 * hp * self.rest + 2 * hv * rest[0]


def _moments_of_piece(width, after) -> tuple[float, float]:
    """Mean and mean square of sum of width · (1 - u^(1/after)); all of the width with nobody."""
    alive = after > 0
    w, p = width[alive], 1 / after[alive]
    mean = (w / (1 + p)).sum()
    square = (w[:, None] * w / (1 + p[:, None] + p)).sum()
    whole = width.sum()
    return float(whole - mean), float(whole**2 - 2 * whole * mean + square)


def _scaled_quantile(p: float, moments: tuple[float, float], reach: float) -> float:
    """Quantile of the beta within 0 and `reach` that has these moments."""
    if reach <= 0:
        return 0.0
    mean = moments[0] / reach
    variance = moments[1] / reach**2 - mean**2
    if variance < _NO_SPREAD or not 0 < mean < 1:
        return float(np.clip(mean, 0.0, 1.0) * reach)
    total = mean * (1 - mean) / variance - 1
    return float(reach * beta_quantile(p, mean * total, (1 - mean) * total))
