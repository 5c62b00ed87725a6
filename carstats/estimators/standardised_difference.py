"""How far groups are apart in a characteristic, in units of its spread within them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from carstats.estimators.quadratic_form import pseudo_inverse


def mean_difference(first: ArrayLike, second: ArrayLike) -> float:
    """Compute the standardised difference of a number between two groups.

    Parameters
    ----------
    first, second : array_like
        Values, none missing.

    Returns
    -------
    float
        Size of the difference of means by the root of the mean of the two variances; 0 where both
        groups have one value only and the same, else NaN without a spread, or under two values in
        a group.

    References
    ----------
    Austin PC. Stat Med 2009; 28: 3083-3107.
    """
    a, b = np.asarray(first, float), np.asarray(second, float)
    if min(a.size, b.size) < 2:
        return np.nan
    apart = abs(float(a.mean() - b.mean()))
    spread = float(np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2))
    if spread == 0:
        return 0.0 if apart == 0 else np.nan
    return apart / spread


def share_difference(first: ArrayLike, second: ArrayLike) -> float:
    """Compute the standardised difference of a category between two groups.

    Parameters
    ----------
    first, second : array_like of int, shape (L,)
        Counts of the levels in each group.

    Returns
    -------
    float
        Mahalanobis distance of the shares by the mean of the two multinomial covariances; for two
        levels the difference of proportions by the root of their mean p (1 - p). NaN for a group
        without subjects; infinite where the two share no level.

    References
    ----------
    Yang D, Dalton JE. A unified approach to measuring the effect size between two groups using SAS.
    SAS Global Forum 2012; paper 335.
    """
    a, b = np.asarray(first, float), np.asarray(second, float)
    if not a.sum() or not b.sum():
        return np.nan
    p, q = a / a.sum(), b / b.sum()
    if not (p * q).any():
        return np.inf
    spread = (np.diag(p) - np.outer(p, p) + np.diag(q) - np.outer(q, q)) / 2
    inverse, rank = pseudo_inverse(spread)
    if not rank:
        return 0.0
    return float(np.sqrt(max((p - q) @ inverse @ (p - q), 0.0)))
