"""Confidence limits for one binomial proportion."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

METHODS = ("Clopper-Pearson", "Wilson")


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
    method : {"Clopper-Pearson", "Wilson"}
        Clopper-Pearson is exact: its coverage is never below `conf_level`. Wilson inverts the score
        test without continuity correction; its coverage is near `conf_level` on average.
    conf_level : float
        Confidence level.

    Returns
    -------
    low, high : ndarray of float, shape (...)
        The limits; NaN where `n` is 0.

    References
    ----------
    Clopper CJ, Pearson ES. Biometrika 1934; 26: 404-413.
    Wilson EB. J Am Stat Assoc 1927; 22: 209-212.
    """
    k, n = np.broadcast_arrays(np.asarray(n_event, float), np.asarray(n, float))
    low, high = (_clopper_pearson if method == "Clopper-Pearson" else _wilson)(k, n, conf_level)
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
