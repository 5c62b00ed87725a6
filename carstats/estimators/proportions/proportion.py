"""Confidence limits for one binomial proportion."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.errors import check_choice

METHODS = ("Clopper-Pearson", "Wilson", "Jeffreys", "mid-P", "Blaker", "Agresti-Coull")

# Two probabilities this close are equal: rounding of the incomplete beta is some 1e-15.
_TIE = 1e-11


def proportion_limits(
    n_event: ArrayLike, n: ArrayLike, *, method: str = "Clopper-Pearson", conf_level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute two-sided confidence limits for proportions.

    Parameters
    ----------
    n_event : array_like of int, shape (...)
        Subjects with the event, from 0 to `n`.
    n : array_like of int, shape (...)
        Subjects; broadcast against `n_event`.
    method : {"Clopper-Pearson", "Wilson", "Jeffreys", "mid-P", "Blaker", "Agresti-Coull"}
        Clopper-Pearson and Blaker are exact: their coverage is never below `conf_level`; Blaker's
        limits lie within Clopper-Pearson's. Wilson inverts the score test without continuity
        correction, mid-P the exact test with half the probability of what was observed; Jeffreys
        takes the quantiles of a beta(k + 1/2, n - k + 1/2), but 0 at no event and 1 at n of n;
        Agresti-Coull is Wald's formula after adding about two of each, cut at 0 and 1. The coverage
        of these four is near `conf_level` on average.
    conf_level : float
        Confidence level.

    Returns
    -------
    low, high : ndarray of float, shape (...)
        The limits; NaN where `n` is 0.

    Raises
    ------
    CarstatsError
        If the method is unknown.

    References
    ----------
    Clopper CJ, Pearson ES. Biometrika 1934; 26: 404-413.
    Wilson EB. J Am Stat Assoc 1927; 22: 209-212.
    Brown LD, Cai TT, DasGupta A. Stat Sci 2001; 16: 101-133 (Jeffreys).
    Berry G, Armitage P. Statistician 1995; 44: 417-423 (mid-P).
    Blaker H. Can J Stat 2000; 28: 783-798.
    Agresti A, Coull BA. Am Stat 1998; 52: 119-126.
    """
    method = check_choice("method", method, METHODS)
    k, n = np.broadcast_arrays(np.asarray(n_event, float), np.asarray(n, float))
    low, high = _LIMITS[method](k, n, conf_level)
    empty = n == 0
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)


def _clopper_pearson(k, n, conf_level):
    from scipy.special import betaincinv

    tail = (1 - conf_level) / 2
    # The incomplete beta is undefined at a zero parameter, where the limit is 0 or 1 by definition.
    low = np.where(k > 0, betaincinv(np.maximum(k, 1), n - k + 1, tail), 0.0)
    high = np.where(k < n, betaincinv(k + 1, np.maximum(n - k, 1), 1 - tail), 1.0)
    return low, high


def _wilson(k, n, conf_level):
    z = NormalDist().inv_cdf(0.5 + conf_level / 2)
    size = np.maximum(n, 1)
    centre = (k + z * z / 2) / (size + z * z)
    half = z / (size + z * z) * np.sqrt(k * (size - k) / size + z * z / 4)
    # At 0 and n the limit is 0 and 1 exactly; rounding would leave 1e-17.
    return np.where(k == 0, 0.0, centre - half), np.where(k == n, 1.0, centre + half)


def _agresti_coull(k, n, conf_level):
    z = NormalDist().inv_cdf(0.5 + conf_level / 2)
    size = n + z * z
    centre = (k + z * z / 2) / size
    half = z * np.sqrt(centre * (1 - centre) / size)
    return np.maximum(centre - half, 0.0), np.minimum(centre + half, 1.0)


def _jeffreys(k, n, conf_level):
    from scipy.special import betaincinv

    tail = (1 - conf_level) / 2
    low = np.where(k > 0, betaincinv(k + 0.5, n - k + 0.5, tail), 0.0)
    return low, np.where(k < n, betaincinv(k + 0.5, n - k + 0.5, 1 - tail), 1.0)


def _mirrored(lower):
    """Return the limits whose upper one is the lower one of the subjects without the event."""

    def limits(k, n, conf_level):
        shape, (k, n) = k.shape, (np.atleast_1d(k), np.atleast_1d(n))
        low, high = lower(k, n, conf_level), 1 - lower(n - k, n, conf_level)
        return low.reshape(shape), high.reshape(shape)

    return limits


def _mid_p_lower(k, n, conf_level):
    """Where the probability of more than k, and half that of k, is the tail."""
    from scipy.special import betaincinv

    tail = (1 - conf_level) / 2
    some = np.maximum(k, 1)
    # Between Clopper-Pearson's limits of this tail and of twice the tail lies the one of mid-P.
    low, high = (betaincinv(some, n - some + 1, t) for t in (tail, 2 * tail))

    def excess(p):
        return (_at_least(some, n, p) + _at_least(some + 1, n, p)) / 2 - tail

    return np.where(k > 0, _bisected(excess, low, high), 0.0)


def _blaker_lower(k, n, conf_level):
    """Smallest p whose acceptability is at least the level's.

    Below k / n the acceptability is the probability of k or more, plus that of i or fewer for the
    largest i for which this is the smaller of the two. It jumps up where i grows, and to no less
    than twice the upper tail; between the jumps it falls and then rises. From Clopper-Pearson's
    limit on, the answer is therefore where it crosses the level, or the first jump.
    """
    from scipy.special import betaincinv

    alpha = 1 - conf_level
    some = np.maximum(k, 1)
    start, end = (betaincinv(some, n - some + 1, t) for t in (alpha / 2, alpha))
    fewer = np.arange(max(int(k.max(initial=0)), 1))
    below = 1 - _at_least(fewer + 1, n[..., None], start[..., None])
    i = ((below <= alpha / 2 + _TIE) & (fewer < some[..., None])).sum(axis=-1) - 1.0

    def lead(p):
        return _at_least(some, n, p) - (1 - _at_least(i + 2, n, p))

    # Beyond the last i below k there is no further jump: the two tails are everything.
    jump = np.where(i + 1 < some, _bisected(lead, start, end), end)

    def excess(p):
        return _at_least(some, n, p) + (1 - _at_least(i + 1, n, p)) - alpha

    crossing = _bisected(excess, start, jump)
    found = np.where(excess(start) >= -_TIE, start, crossing)
    return np.where(k > 0, found, 0.0)


def _at_least(k, n, p):
    """Probability of k or more of n."""
    from scipy.special import betainc

    inside = (k > 0) & (k <= n)
    chance = betainc(np.where(inside, k, 1.0), np.where(inside, n - k + 1, 1.0), p)
    return np.where(inside, chance, np.where(k <= 0, 1.0, 0.0))


def _bisected(function, low, high):
    """Return where a function turns from negative to positive; `high` where it does not."""
    for _ in range(55):
        middle = (low + high) / 2
        negative = function(middle) < 0
        low, high = np.where(negative, middle, low), np.where(negative, high, middle)
    return high


_LIMITS = {
    "Clopper-Pearson": _clopper_pearson,
    "Wilson": _wilson,
    "Jeffreys": _jeffreys,
    "mid-P": _mirrored(_mid_p_lower),
    "Blaker": _mirrored(_blaker_lower),
    "Agresti-Coull": _agresti_coull,
}
