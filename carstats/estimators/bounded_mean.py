"""The mean of values that lie between 0 and a known largest one, with limits for few of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from carstats.estimators.root_finding import find_root

# Nodes of the integral: limits are right to 1e-9 of the range up to 100 values, to 1e-7 beyond.
_NODES = 600


@dataclass(frozen=True)
class BoundedMean:
    """A mean with its limits.

    Attributes
    ----------
    n : int
        Values.
    estimate, low, high : float
        The mean and its limits; NaN without a value.
    """

    n: int
    estimate: float
    low: float
    high: float


def bounded_mean(values: ArrayLike, most: float, *, conf_level: float = 0.95) -> BoundedMean:
    """Estimate the mean of a bounded variable.

    Days in hospital within 30 days are many noughts and a few large numbers, whose mean of a
    handful is nowhere near normal: t and bootstrap limits are too short, and of no width where all
    are alike. Gaffke's limits assume nothing but the bounds.

    Parameters
    ----------
    values : array_like, shape (n,)
        The sample, each value within 0 and `most`; NaN is left out.
    most : float
        The largest value that there can be.
    conf_level : float
        Confidence level.

    Returns
    -------
    BoundedMean
        The upper limit is a quantile of the mean of the values and of `most` under random weights
        (Dirichlet, all ones), the lower one that with 0 in the place of `most`. Where every value
        is 0 or `most` the limits are Clopper and Pearson's of the share, times `most`.

    References
    ----------
    Gaffke N. Math Methods Stat 2005; 14: 451-467.
    Learned-Miller E, Thomas PS. arXiv:1905.06208.
    """
    x = np.asarray(values, float)
    x = x[~np.isnan(x)]
    if not x.size:
        return BoundedMean(0, *[np.nan] * 3)
    tail = (1 - conf_level) / 2
    low = _quantile(np.append(x, 0.0), tail)
    high = _quantile(np.append(x, most), 1 - tail)
    return BoundedMean(int(x.size), float(x.mean()), low, high)


def _quantile(values: np.ndarray, p: float) -> float:
    """Return a quantile of the mean of values under Dirichlet weights, all ones."""
    z, many = np.unique(values, return_counts=True)
    if z.size == 1:
        return float(z[0])
    return find_root(lambda mean: _cdf(z, many, mean) - p, float(z[0]), float(z[-1]))


def _cdf(z: np.ndarray, many: np.ndarray, mean: float) -> float:
    """Return the probability that the weighted mean is at most `mean`.

    The weights are exponential variables by their sum, so it is that of a sum of (z - mean) times
    a gamma variable each being at most 0, which Imhof's integral gives.
    """
    a = z - mean
    if a[0] >= 0 or a[-1] <= 0:
        return float(a[-1] <= 0)
    a = a / np.sqrt((many * a**2).sum())
    # From 0 to infinity by t = s / (1 - s).
    s, weight = _nodes()
    t = s / (1 - s)
    at = t[:, None] * a
    size = np.exp(-0.5 * (np.log1p(at**2) @ many))
    value = np.sin(np.arctan(at) @ many) * size / (t * (1 - s) ** 2)
    return float(np.clip(0.5 - (weight @ value) / np.pi, 0.0, 1.0))


@cache
def _nodes() -> tuple[np.ndarray, np.ndarray]:
    s, weight = np.polynomial.legendre.leggauss(_NODES)
    return (s + 1) / 2, weight / 2
