"""The exact conditional test of a common odds ratio of two proportions over strata."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.estimators.proportions.two_by_two import FisherTest, conditional_test, log_ways


def exact_mantel_haenszel(
    n_event: ArrayLike, n: ArrayLike, *, conf_level: float = 0.95
) -> FisherTest:
    """Test exactly whether two groups have the same odds within strata (exact Mantel-Haenszel).

    Given the margins of every stratum, the first group's events over all strata have a known
    distribution; with one stratum this is Fisher's exact test.

    Parameters
    ----------
    n_event, n : array_like of int, shape (K, 2)
        Events and subjects of the two groups in K strata. A stratum with one group, without events
        or with events only has one table and adds nothing.
    conf_level : float
        Confidence level.

    Returns
    -------
    FisherTest
        P-value (of the tables at most as likely as the one observed, as R's
        ``mantelhaen.test(exact = TRUE)``), common odds ratio by conditional maximum likelihood, and
        the interval that inverts the test. Where no stratum informs p is 1 and the odds ratio NaN.

    References
    ----------
    Gart JJ. Biometrika 1970; 57: 471-475. Mehta CR, Patel NR, Gray R. J Am Stat Assoc 1985; 80:
    969-973.
    """
    k, n = np.atleast_2d(np.asarray(n_event, int)), np.atleast_2d(np.asarray(n, int))
    total, at = np.zeros(1), 0
    for (k1, k2), (n1, n2) in zip(k.tolist(), n.tolist(), strict=True):
        low, high = max(0, k1 + k2 - n2), min(n1, k1 + k2)
        total = _combined(total, log_ways(np.arange(low, high + 1), k1 + k2, n1, n2))
        at += k1 - low
    return conditional_test(total, at, conf_level=conf_level)


def _combined(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convolve two lists of ways, on the logarithmic scale and each with its largest apart."""
    tops = first.max(), second.max()
    pairs = first[:, None] - tops[0] + second[None, :] - tops[1]
    found = np.full(first.size + second.size - 1, -np.inf)
    for i in range(first.size):
        places = slice(i, i + second.size)
        found[places] = np.logaddexp(found[places], pairs[i])
    return found + tops[0] + tops[1]
