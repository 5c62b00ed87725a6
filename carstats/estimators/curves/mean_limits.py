"""Limits of a restricted mean in small samples: the joint beta product."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

from carstats.estimators.curves.mean_moments import Pieces, area_moments, pieces_of
from carstats.estimators.curves.risk_table import RiskTable
from carstats.estimators.root_finding import find_root

# Points at which a law is tabulated and nodes of each integral: about 1e-7 of the horizon.
GRID = 800
NODES = 64
# With more events than this the beta with the same two moments stands for the law: it is then
# within 0.001 of the horizon of it, and the recursion would take seconds.
MAX_EVENTS = 100
# A law is tabulated within so many standard errors of its mean.
_REACH = 14.0
# A probability below this is rounding.
_TINY = 1e-14
# Gauss-Legendre needs a weight that is not too steep: u = t^k with k at most this.
_STEEPEST = 12.0


@dataclass(frozen=True)
class Law:
    """The distribution of an amount of time.

    Attributes
    ----------
    low, high : float
        Between what it lies.
    cdf : callable
        Its distribution function, for values between `low` and `high`.
    """

    low: float
    high: float
    cdf: Callable[[NDArray[np.float64]], NDArray[np.float64]] = field(repr=False)

    def __call__(self, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability of at most each value."""
        x = np.asarray(x, float)
        if self.low == self.high:
            return np.where(x >= self.low, 1.0, 0.0)
        inside = np.clip(x, self.low, self.high)
        return np.where(x <= self.low, 0.0, np.where(x >= self.high, 1.0, self.cdf(inside)))

    def quantile(self, p: float) -> float:
        """Return the value that is not exceeded with a probability."""
        if self.low == self.high:
            return self.low
        return find_root(lambda x: float(self(np.float64(x))) - p, self.low, self.high)


@dataclass(frozen=True)
class MeanLaws:
    """What is known of a restricted mean: a law that bounds it from below and one from above.

    Attributes
    ----------
    least, most : Law
        Of the area under the lower and under the upper path.
    at : float
        The horizon.
    """

    least: Law
    most: Law
    at: float


@dataclass(frozen=True)
class _Step:
    """One event: how many were at risk, and the pieces of the time before it.

    `width` and `after` are the pieces between the event before and this one: how long, and how
    many were at risk in each.
    """

    at_risk: float
    time: float
    width: NDArray[np.float64]
    after: NDArray[np.float64]


def mean_laws(table: RiskTable, at: float, *, at_start: float | None = None) -> MeanLaws:
    """Compute the laws that bound a restricted mean (the joint beta product).

    The i-th event before the horizon, with r at risk just before, lowers the curve by a factor
    V = u^(1/r) with u uniform and independent of the others; d tied events are d in a row. The
    upper path is the product of the factors so far. The lower path takes in addition the factor
    that the *next* event would make with those now at risk, u^(1/Y), from the same u, and is 0
    where nobody is at risk. One set of u makes a whole path, and the two laws are those of the
    areas under the paths. They are computed event by event from the last to the first, by Gauss-
    Legendre integration, without draws.

    Parameters
    ----------
    table : RiskTable
        Counts without batches, with at least one subject; events of all causes count as the event.
    at : float
        The horizon. Beyond the last follow-up the upper path stays level and the lower one is 0.
    at_start : float, optional
        How many were at risk at time 0; by default as many as at the first time. Under delayed
        entry those who enter between two times count from the second of them on.

    Returns
    -------
    MeanLaws
        Both laws. With all events at one early time they are the horizon times those of Clopper
        and Pearson; without censoring the limits are Gaffke's for the mean of a bounded variable.

    References
    ----------
    Fay MP, Brittain EH, Proschan MA. Biostatistics 2013; 14: 723-736 (one time).
    Gaffke N. Math Methods Stat 2005; 14: 451-467 (no censoring).
    """
    pieces = pieces_of(table, at, at_start)
    if pieces.events.sum() > MAX_EVENTS:
        return MeanLaws(*(_matched(*moments, at) for moments in area_moments(pieces, at)), at)
    steps, rest, after = _steps(pieces)
    least, most = (_recursion(steps, rest, after, at, lower=lower) for lower in (True, False))
    return MeanLaws(least, most, at)


def law_limits(
    laws: MeanLaws, *, conf_level: float = 0.95, mid_p: bool = False
) -> tuple[float, float]:
    """Read confidence limits of a restricted mean off its laws.

    Parameters
    ----------
    laws : MeanLaws
        What `mean_laws` returns.
    conf_level : float
        Confidence level.
    mid_p : bool
        Take the even mixture of the two laws: shorter, holds its level on average only.

    Returns
    -------
    low, high : float
        The limits, within 0 and the horizon.
    """
    tail = (1 - conf_level) / 2
    if not mid_p:
        return laws.least.quantile(tail), laws.most.quantile(1 - tail)
    return _mixture_quantile(laws, tail), _mixture_quantile(laws, 1 - tail)


def _mixture_quantile(laws: MeanLaws, p: float) -> float:
    low, high = laws.least.quantile(p), laws.most.quantile(p)
    if high - low <= 0:
        return low

    def mixed(x: float) -> float:
        return float(laws.least(np.float64(x)) + laws.most(np.float64(x))) / 2 - p

    # A law without spread puts half of the mixture on one value.
    return find_root(mixed, low, high) if mixed(high) > 0 else high


def _steps(found: Pieces):
    """The events one by one, and the pieces from the last of them to the horizon."""
    events, ends, width, after = found.events, found.ends, found.width, found.after
    steps: list[_Step] = []
    first = 0
    for place in np.flatnonzero(events > 0):
        pieces = slice(first, place + 1)
        wide, many = width[pieces], after[pieces]
        for k in range(int(events[place])):
            at_risk = float(found.at_risk[place] - k)
            steps.append(_Step(at_risk, float(ends[place]), *_merged(wide, many)))
            wide, many = wide[:0], many[:0]
        first = place + 1
    return steps, *_merged(width[first:], after[first:])


def _merged(width, after):
    """Join the pieces with the same number at risk; leave out those of no length."""
    many = np.unique(after[width > 0])
    return np.array([width[after == y].sum() for y in many]), many


def _recursion(steps: list[_Step], rest, after, at: float, *, lower: bool) -> Law:
    """The law of the area under a path, from the last event back to the first."""
    mean, square = _moments(steps, rest, after, at, lower=lower)
    law = _single(rest, after) if lower else _constant(at - steps[-1].time if steps else at)
    for place in range(len(steps) - 1, -1, -1):
        step = steps[place]
        spread = np.sqrt(max(square[place] - mean[place] ** 2, 0.0))
        reach = mean[place] - _REACH * spread, mean[place] + _REACH * spread
        law = _before(step, law, reach, lower=lower)
    return law


def _constant(value: float) -> Law:
    return Law(value, value, lambda x: np.ones_like(x))


def _single(width, after, at_risk: float = 1.0, more: float = 0.0) -> Law:
    """Law of h(u) + more · u^(1/at_risk) for one uniform u: exact."""
    alive = after > 0
    weight, power = width[alive], 1 / after[alive]
    if more > 0:
        weight, power = np.append(weight, more), np.append(power, 1 / at_risk)
    if not weight.size:
        return _constant(0.0)
    return Law(0.0, float(weight.sum()), lambda x: _solved(weight, power, x))


def _solved(weight, power, total):
    """Solve sum of weight · u^power = total for u within 0 and 1."""
    total = np.asarray(total, float)
    if weight.size == 1:
        return np.clip(total / weight[0], 0.0, 1.0) ** (1 / power[0])
    with np.errstate(divide="ignore"):
        target = np.log(total)
    # The logarithm of the sum is convex and increasing in log u: from the right Newton's steps
    # come down to the root and never past it. The steepest slope bounds the root from the right.
    s = np.minimum((target - np.log(weight.sum())) / power.max(), 0.0)
    going = np.isfinite(s) & (s < 0)
    s = np.where(going, s, 0.0)
    for _ in range(60):
        terms = weight * np.exp(s[..., None] * power)
        value = terms.sum(axis=-1)
        move = np.where(going, (np.log(value) - np.where(going, target, 0.0)), 0.0)
        move = move * value / (terms * power).sum(axis=-1)
        s = s - move
        if np.abs(move).max(initial=0.0) < 1e-14:
            break
    u = np.exp(np.minimum(s, 0.0))
    return np.where(total <= 0, 0.0, np.where(total >= weight.sum(), 1.0, u))


def _before(step: _Step, law: Law, reach: tuple[float, float], *, lower: bool) -> Law:
    """Law of the area from the event before: h(u) + u^(1/r) · (area from this event on)."""
    r = step.at_risk
    if lower:
        alive = step.after > 0
        width, power = step.width[alive], 1 / step.after[alive]
        base = 0.0
    else:
        width, power, base = np.empty(0), np.empty(0), float(step.width.sum())
    if law.low == law.high:
        if not lower:
            return _shifted(law.high, r, base)
        return _single(step.width, step.after, r, law.high)
    top = base + float(width.sum()) + law.high
    low, high = max(reach[0], base), min(reach[1], top)
    x = (low + high) / 2 - (high - low) / 2 * np.cos(np.linspace(0, np.pi, GRID))
    below = x - base
    # Between these two the rest of the area is neither surely too large nor surely small enough.
    first = _solved(np.append(width, law.high), np.append(power, 1 / r), below)
    if law.low > 0:
        last = _solved(np.append(width, law.low), np.append(power, 1 / r), below)
    else:
        last = _solved(width, power, below) if width.size else np.ones_like(below)
    k = min(r, _STEEPEST)
    begin, end = first ** (1 / k), last ** (1 / k)
    nodes, weights = _gauss_legendre(NODES)
    t = begin[:, None] + (end - begin)[:, None] * nodes
    log_u = k * np.log(np.maximum(t, 1e-300))
    spent = sum(
        (w * np.exp(log_u * p) for w, p in zip(width, power, strict=True)), np.zeros_like(t)
    )
    left = (below[:, None] - spent) * np.exp(-log_u / r)
    inner = (law(left) * k * t ** (k - 1)) @ weights
    value = np.clip(first + (end - begin) * inner, 0.0, 1.0)
    return _tabulated(x, np.maximum.accumulate(value), reach)


def _shifted(width: float, r: float, base: float) -> Law:
    """Law of base + V · width with V ~ Beta(r, 1)."""
    return Law(base, base + width, lambda x: ((x - base) / width) ** r)


def _tabulated(x, value, reach) -> Law:
    from scipy.interpolate import PchipInterpolator

    # Outside the reach nothing that could be told from 0 and 1 is left.
    value = np.where(value < _TINY, 0.0, np.where(value > 1 - _TINY, 1.0, value))
    value[0], value[-1] = 0.0 if reach[0] > x[0] - 1e-12 else value[0], 1.0
    kept = np.append(True, np.diff(x) > 0)
    curve = PchipInterpolator(x[kept], value[kept])
    return Law(float(x[0]), float(x[-1]), curve)


@cache
def _gauss_legendre(size: int):
    nodes, weights = np.polynomial.legendre.leggauss(size)
    return (nodes + 1) / 2, weights / 2


def _moments(steps: list[_Step], rest, after, at: float, *, lower: bool):
    """Mean and mean square of the area from before each event on, the first event's first."""
    if lower:
        mean, square = _moments_of_h(rest, after)
    else:
        mean = at - steps[-1].time if steps else at
        square = mean**2
    means, squares = np.empty(len(steps) + 1), np.empty(len(steps) + 1)
    means[-1], squares[-1] = mean, square
    for place in range(len(steps) - 1, -1, -1):
        step = steps[place]
        v, v2 = step.at_risk / (step.at_risk + 1), step.at_risk / (step.at_risk + 2)
        if lower:
            h, h2 = _moments_of_h(step.width, step.after)
            alive = step.after > 0
            shared = (step.width[alive] / (1 + 1 / step.after[alive] + 1 / step.at_risk)).sum()
        else:
            h = step.width.sum()
            h2, shared = h**2, h * v
        mean, square = h + v * mean, h2 + 2 * shared * mean + v2 * square
        means[place], squares[place] = mean, square
    return means, squares


def _moments_of_h(width, after):
    """Mean and mean square of sum of width · u^(1/after)."""
    alive = after > 0
    w, p = width[alive], 1 / after[alive]
    return (w / (1 + p)).sum(), (w[:, None] * w / (1 + p[:, None] + p)).sum()


def _matched(mean: float, square: float, low: float, at: float) -> Law:
    """The scaled beta with the two moments of the law."""
    from scipy.special import betainc

    mean, square = (mean - low) / (at - low), (square - 2 * low * mean + low**2) / (at - low) ** 2
    total = (mean - square) / (square - mean**2)
    a, b = mean * total, (1 - mean) * total
    return Law(low, at, lambda x: betainc(a, b, (x - low) / (at - low)))
