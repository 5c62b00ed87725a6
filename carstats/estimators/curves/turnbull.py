"""The nonparametric maximum-likelihood estimator for interval-censored times (Turnbull)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.errors import CarstatsError
from carstats.estimators.curves.risk_table import TIME_TOLERANCE, distinct_times
from carstats.estimators.reasons import DESCRIPTIVE_LIMITS, NO_CONVERGENCE, NO_SUBJECTS, Reason
from carstats.messages import message

_TOLERANCE = 1e-10
_MAX_ITERATIONS = 500
_EM_STEPS = 20
# Masses below are rounding.
_NOTHING = 1e-12


@dataclass(frozen=True)
class Turnbull:
    """Probability masses on m innermost intervals.

    The estimate says how much probability lies in each interval, not where in it: between its ends
    the survival curve is undefined.

    Attributes
    ----------
    left, right : ndarray, shape (m,)
        The intervals (left, right], increasing and disjoint; with equal ends the exact time. The
        last `right` is infinite where mass may lie beyond follow-up.
    mass : ndarray, shape (m,)
        Probability of each interval; some are 0.
    survival : ndarray, shape (m,)
        Probability of no event up to and including each `right`.
    log_likelihood : float
        Logarithm of the likelihood.
    kkt_violation : float
        How far the Karush-Kuhn-Tucker conditions are from holding: the largest excess of a
        derivative over n, or lack of it on an interval with mass, divided by n.
    unique : bool
        Whether no other masses have this likelihood: the columns of the clique matrix on the
        intervals with mass are independent. Where in an interval its mass lies is never known.
    n : int
        Subjects.
    reason : Reason or None
        What is wrong with the estimate; else None.
    """

    left: NDArray[np.float64]
    right: NDArray[np.float64]
    mass: NDArray[np.float64]
    survival: NDArray[np.float64]
    log_likelihood: float
    kkt_violation: float
    unique: bool
    n: int
    reason: Reason | None = None


@dataclass(frozen=True)
class BootstrapLimits:
    """Percentile limits of an interval-censored curve, for description only.

    Attributes
    ----------
    time : ndarray, shape (M,)
        Times.
    low, high : ndarray, shape (M,)
        Percentiles over the resamples of the curve's lower and upper bound.
    n_resamples, seed : int
        Resamples and the seed.
    note : Reason
        What the limits are not.
    """

    time: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    n_resamples: int
    seed: int
    note: Reason


def turnbull(low: ArrayLike, high: ArrayLike) -> Turnbull:
    """Estimate the distribution of times known to lie in intervals.

    Expectation-maximisation starts, and Wang's constrained Newton steps (a least-squares problem
    over masses of at least 0) go on until the Karush-Kuhn-Tucker conditions hold to 1e-10; they are
    sufficient for a maximum, because the likelihood is concave.

    Parameters
    ----------
    low, high : array_like, shape (n,)
        The event lies in (low, high]. Equal ends are an exactly known time, an infinite `high` is
        right-censored at `low`, and a `low` of minus infinity is left-censored at `high`.

    Returns
    -------
    Turnbull
        Masses on the innermost intervals; with no subject, none.

    Raises
    ------
    CarstatsError
        If an end is missing or `low` exceeds `high`.

    References
    ----------
    Peto R. Appl Stat 1973; 22: 86-91. Turnbull BW. J R Stat Soc B 1976; 38: 290-295.
    Gentleman R, Geyer CJ. Biometrika 1994; 81: 618-623 (conditions and uniqueness).
    Wang Y. J R Stat Soc B 2007; 69: 185-198 (constrained Newton method).
    """
    low, high = checked_intervals(low, high)
    if not low.size:
        none = np.empty(0)
        return Turnbull(none, none, none, none, 0.0, 0.0, True, 0, Reason(NO_SUBJECTS))
    left, right, first, last = innermost_intervals(low, high)
    ranges, counts = np.unique(np.stack([first, last]), axis=1, return_counts=True)
    cliques = clique_matrix(*ranges, left.size)
    mass, violation = _maximised(cliques, counts.astype(float))
    inside = cliques @ mass
    support = mass > 0
    stuck = Reason(NO_CONVERGENCE, {"n": _MAX_ITERATIONS})
    return Turnbull(
        left=left,
        right=right,
        mass=mass,
        survival=np.maximum(1 - np.cumsum(mass), 0.0),
        log_likelihood=float(counts @ np.log(inside)),
        kkt_violation=violation,
        unique=bool(np.linalg.matrix_rank(cliques[:, support]) == support.sum()),
        n=low.size,
        reason=None if violation <= _TOLERANCE else stuck,
    )


def checked_intervals(
    low: ArrayLike, high: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Check that pairs of ends are intervals.

    Returns: the ends as numbers; those that differ by rounding alone are made equal.
    """
    low, high = np.asarray(low, float), np.asarray(high, float)
    if low.shape != high.shape:
        raise CarstatsError(
            message(
                "`low` has {n_low} values and `high` {n_high}; give pairs.",
                n_low=low.size,
                n_high=high.size,
            )
        )
    ends = np.concatenate([low, high])
    ends = ends[np.isfinite(ends)]
    slack = TIME_TOLERANCE * np.ptp(ends) if ends.size else 0.0
    high = np.where((low > high) & (low <= high + slack), low, high)
    wrong = ~(low <= high) | np.isposinf(low) | np.isneginf(high)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise CarstatsError(
            message(
                "`low` and `high` of subject {number} are {low} and {high}; an event lies in "
                "(low, high], with low at most high; an infinite high is right-censored.",
                number=row + 1,
                low=f"{low[row]:g}",
                high=f"{high[row]:g}",
            )
        )
    return low, high


def innermost_intervals(low, high):
    """Find the intervals that can bear mass, and which of them each subject covers.

    left, right : Ends of the innermost intervals.
    first, last : Each subject's intervals are numbers `first` to `last`.

    A left end followed at once, in the order of all ends, by a right end. At one time a closed left
    end (of an exact time) comes first, then right ends, then open left ends.
    """
    n = low.size
    values = np.concatenate([low, high])
    finite = np.isfinite(values)
    distinct, group = distinct_times(values[finite])
    rank = np.where(values > 0, distinct.size, -1)
    rank[finite] = group
    exact = rank[:n] == rank[n:]
    starts, ends = 3 * rank[:n] + np.where(exact, 0, 2), 3 * rank[n:] + 1
    keys = np.union1d(starts, ends)
    is_end = keys % 3 == 1
    inner = np.flatnonzero(~is_end[:-1] & is_end[1:])
    named = np.concatenate([distinct, [np.inf, -np.inf]])  # ranks K and -1
    left, right = named[keys[inner] // 3], named[keys[inner + 1] // 3]
    first = np.searchsorted(keys[inner], starts, side="left")
    last = np.searchsorted(keys[inner + 1], ends, side="right") - 1
    return left, right, first, last


def clique_matrix(first, last, size: int) -> NDArray[np.float64]:
    """Lay out which intervals each subject covers.

    Returns: 1 where an interval is the subject's, else 0.
    """
    place = np.arange(size)
    return ((place >= first[:, None]) & (place <= last[:, None])).astype(float)


def _maximised(cliques, counts):
    """Masses that maximise the likelihood, and by how much they miss the conditions for it."""
    from scipy.optimize import nnls

    total, m = counts.sum(), cliques.shape[1]
    mass = np.full(m, 1 / m)
    for _ in range(_EM_STEPS):
        mass = mass * (cliques.T @ (counts / (cliques @ mass))) / total
    mass /= mass.sum()
    best, least = mass, np.inf
    for _ in range(_MAX_ITERATIONS):
        inside = cliques @ mass
        slope = cliques.T @ (counts / inside) / total
        violation = max((slope - 1).max(), np.abs(slope - 1)[mass > 0].max())
        if violation < least:
            best, least = mass, violation
        if least <= _TOLERANCE / 100:
            break
        # log(r) is (r - 1) - (r - 1)^2 / 2 to second order in r = new / old likelihood, so that the
        # best step on the simplex is least squares of r - 2; the last row makes the masses add up.
        usable = (mass > 0) | (slope > 1)
        ratio = cliques[:, usable] / inside[:, None] - 2
        system = np.vstack([ratio * np.sqrt(counts / total)[:, None], np.ones(usable.sum())])
        found = np.zeros(m)
        found[usable] = nnls(system, np.append(np.zeros(len(ratio)), 1.0))[0]
        step = found / found.sum() - mass
        value, gain = counts @ np.log(inside), total * (slope @ step)
        size = 1.0
        while size > 1e-9:
            tried = cliques @ (mass + size * step)
            least_gain = size * gain / 3 - 1e-13 * total
            if tried.min() > 0 and counts @ np.log(tried) >= value + least_gain:
                break
            size /= 2
        if size <= 1e-9:
            break
        mass = np.maximum(mass + size * step, 0.0)
        mass[mass < _NOTHING] = 0.0
        mass /= mass.sum()
    return best, float(least)


def survival_bounds(
    fit: Turnbull, at: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Bound the survival curve at given times.

    Parameters
    ----------
    fit : Turnbull
        The masses.
    at : array_like, shape (M,)
        Times.

    Returns
    -------
    low, high : ndarray, shape (M,)
        Equal where the curve is defined; inside an interval with mass, the curve with all of it
        at the beginning and with all of it at the end. NaN without subjects.
    """
    at = np.asarray(at, float)
    if not fit.n:
        return np.full(at.shape, np.nan), np.full(at.shape, np.nan)
    ends = np.concatenate([fit.left, fit.right])
    ends = ends[np.isfinite(ends)]
    slack = TIME_TOLERANCE * np.ptp(ends) if ends.size else 0.0
    curve = np.append(1.0, fit.survival)
    # The mass of (left, right] may be had by t if left < t, and is by right <= t; of a point, by t.
    opening = np.where(fit.left == fit.right, fit.left - 2 * slack, fit.left)
    high = curve[np.searchsorted(fit.right, at + slack, side="right")]
    low = curve[np.searchsorted(opening, at - slack, side="left")]
    return np.minimum(low, high), high


def bootstrap_limits(
    low: ArrayLike,
    high: ArrayLike,
    at: ArrayLike,
    *,
    n_resamples: int = 1000,
    seed: int = 1,
    conf_level: float = 0.95,
) -> BootstrapLimits:
    """Describe by resampling how variable an interval-censored curve is.

    Parameters
    ----------
    low, high : array_like, shape (n,)
        The event lies in (low, high].
    at : array_like, shape (M,)
        Times.
    n_resamples : int
        Resamples of the subjects.
    seed : int
        Seed of the random numbers.
    conf_level : float
        The percentiles leave out half of the rest on each side.

    Returns
    -------
    BootstrapLimits
        Percentiles of the lower and of the upper bound of the curve. The estimator converges at a
        rate slower than the root of n where times are not observed exactly, and the bootstrap is
        then not consistent: the limits describe and do not test.

    References
    ----------
    Sen B, Banerjee M, Woodroofe M. Ann Stat 2010; 38: 1953-1977 (inconsistency of the bootstrap).
    """
    low, high = checked_intervals(low, high)
    at = np.asarray(at, float)
    note = Reason(DESCRIPTIVE_LIMITS, {"n": n_resamples})
    if not low.size:
        nothing = np.full(at.shape, np.nan)
        return BootstrapLimits(at, nothing, nothing, n_resamples, seed, Reason(NO_SUBJECTS))
    # In an order of their own: resamples do not depend on that of the data.
    order = np.lexsort((high, low))
    low, high = low[order], high[order]
    rng = np.random.default_rng(seed)
    bounds = np.empty((2, n_resamples, at.size))
    for row in range(n_resamples):
        drawn = rng.integers(0, low.size, low.size)
        left, right, first, last = innermost_intervals(low[drawn], high[drawn])
        ranges, counts = np.unique(np.stack([first, last]), axis=1, return_counts=True)
        mass, _ = _maximised(clique_matrix(*ranges, left.size), counts.astype(float))
        curve = np.maximum(1 - np.cumsum(mass), 0.0)
        fit = Turnbull(left, right, mass, curve, np.nan, np.nan, False, low.size)
        bounds[0, row], bounds[1, row] = survival_bounds(fit, at)
    tail = (1 - conf_level) / 2
    return BootstrapLimits(
        at,
        np.quantile(bounds[0], tail, axis=0),
        np.quantile(bounds[1], 1 - tail, axis=0),
        n_resamples,
        seed,
        note,
    )
