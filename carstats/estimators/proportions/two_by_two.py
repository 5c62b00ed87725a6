"""Exact tests of two proportions and of ordered ones, given the margins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.errors import CarstatsError
from carstats.messages import message

# Tables are as likely as the one observed give or take rounding; the margin of R's fisher.test.
_TIE = 1e-7


@dataclass(frozen=True)
class FisherTest:
    """Fisher's exact test with the odds ratio it is about.

    Attributes
    ----------
    p_value : float
        Probability, given the margins, of the tables at most as likely as the one observed.
    odds_ratio : float
        Conditional maximum-likelihood estimate: 0 or infinite where the table is the least or the
        largest with its margins, NaN where it is the only one.
    low, high : float
        Ends of the odds ratios that the test does not reject; 0 and infinity where the table is
        the only one with its margins.
    """

    p_value: float
    odds_ratio: float
    low: float
    high: float


@dataclass(frozen=True)
class TrendTest:
    """An exact test for a trend of proportions.

    Attributes
    ----------
    statistic : float
        Sum of the scores of those with the event, less its mean, by its standard deviation; NaN
        where nothing can vary.
    p_value : float
        Probability of a sum at least as far from its mean, given the margins.
    p_greater, p_less : float
        Probabilities of a sum at least as large, and at least as small.
    """

    statistic: float
    p_value: float
    p_greater: float
    p_less: float


def fisher_test(k1: int, k2: int, n1: int, n2: int, *, conf_level: float = 0.95) -> FisherTest:
    """Test whether two proportions have the same odds, with the interval that inverts the test.

    Parameters
    ----------
    k1, k2 : int
        Events of the first and of the second group.
    n1, n2 : int
        Their subjects.
    conf_level : float
        Confidence level.

    Returns
    -------
    FisherTest
        The interval leaves out 1 just when the p-value is below 1 - `conf_level`, but where the
        p-value as a function of the odds ratio crosses the level more than twice: then the
        interval, from the first to the last crossing, holds values that are rejected.

    References
    ----------
    Fisher RA. J R Stat Soc 1935; 98: 39-54. Fay MP. Biostatistics 2010; 11: 373-374 (the
    interval).
    """
    low, high = max(0, k1 + k2 - n2), min(n1, k1 + k2)
    ways = log_ways(np.arange(low, high + 1), k1 + k2, n1, n2)
    return conditional_test(ways, int(k1 - low), conf_level=conf_level)


def conditional_test(
    log_ways: NDArray[np.float64], at: int, *, conf_level: float = 0.95
) -> FisherTest:
    """Test an odds ratio of 1 given how many ways lead to each possible table.

    log_ways : Logarithm of the number of ways, of the tables in the order of the first group's
        events.
    """
    chance = _normalised(log_ways, 0.0)
    p_value = float(chance[chance <= chance[at] * (1 + _TIE)].sum())
    if log_ways.size == 1:
        return FisherTest(1.0, np.nan, 0.0, np.inf)
    alpha = 1 - conf_level
    lower = _lower_log_odds(log_ways, at, alpha)
    upper = -_lower_log_odds(log_ways[::-1], log_ways.size - 1 - at, alpha)
    estimate = np.exp(_conditional_log_odds(log_ways, at))
    return FisherTest(
        min(p_value, 1.0), float(estimate), float(np.exp(lower)), float(np.exp(upper))
    )


def log_ways(first: NDArray[np.int_], events: int, n1: int, n2: int) -> NDArray[np.float64]:
    """Count the ways to each table with given margins.

    Returns: logarithms of the numbers of ways.
    """
    from scipy.special import gammaln

    def log_choose(n, k):
        return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)

    return log_choose(n1, first) + log_choose(n2, events - first)


def _normalised(log_ways: NDArray[np.float64], log_odds: float) -> NDArray[np.float64]:
    """Probabilities of the tables for an odds ratio."""
    value = log_ways + np.arange(log_ways.size) * log_odds
    value = np.exp(value - value.max())
    return value / value.sum()


def _conditional_log_odds(log_ways: NDArray[np.float64], at: int) -> float:
    """The odds ratio under which the mean table is the one observed."""
    from carstats.estimators.root_finding import find_root

    size = log_ways.size
    if at in (0, size - 1):
        return -np.inf if at == 0 else np.inf
    place = np.arange(size)
    return find_root(lambda t: float(_normalised(log_ways, t) @ place) - at, -60.0, 60.0)


def _lower_log_odds(log_ways: NDArray[np.float64], at: int, alpha: float) -> float:
    """Smallest log odds ratio that the minimum-likelihood test does not reject.

    Below the estimate the test counts the upper tail and, for the largest i whose table is no more
    likely than the one observed, the tables up to i. With growing odds ratio i grows by one at
    places that are known; between them the p-value falls and then rises.
    """
    if at == 0:
        return -np.inf
    place = np.arange(at)
    # Where table i becomes as likely as the one observed.
    jumps = (log_ways[at] - log_ways[:at]) / (place - at)
    starts, ends = np.append(-np.inf, jumps), np.append(jumps, np.inf)
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        # Segment i counts the tables 0 to i - 1 beside the upper tail.

        def excess(t, i=i):
            chance = _normalised(log_ways, t)
            return float(chance[at:].sum() + chance[:i].sum()) - alpha

        if np.isfinite(start) and excess(start) >= -1e-12:
            return float(start)
        low, high = max(start, -700.0), min(end, 700.0)
        if excess(high) >= 0:
            for _ in range(80):
                middle = (low + high) / 2
                low, high = (low, middle) if excess(middle) >= 0 else (middle, high)
            return high
    return np.inf


def trend_test(n_event: ArrayLike, n: ArrayLike, scores: ArrayLike | None = None) -> TrendTest:
    """Test exactly for a trend of proportions over ordered groups (Cochran-Armitage).

    Parameters
    ----------
    n_event : array_like of int, shape (G,)
        Events of each group.
    n : array_like of int, shape (G,)
        Subjects of each group.
    scores : array_like, shape (G,), optional
        What the groups stand for; by default 0, 1, 2 and so on.

    Returns
    -------
    TrendTest
        Its p-values come from every way in which the events may fall on the subjects.

    Raises
    ------
    CarstatsError
        If the scores are not one for each group.

    References
    ----------
    Cochran WG. Biometrics 1954; 10: 417-451. Armitage P. Biometrics 1955; 11: 375-386.
    Williams DA. Biometrics 1988; 44: 431-443 (exact).
    """
    from scipy.special import gammaln

    k, n = np.asarray(n_event, int), np.asarray(n, int)
    scores = np.arange(k.size, dtype=float) if scores is None else np.asarray(scores, float)
    if scores.shape != k.shape:
        raise CarstatsError(
            message("`scores` are {n}; there are {total} groups.", n=scores.size, total=k.size)
        )
    events, total = int(k.sum()), int(n.sum())
    share = n / total if total else np.zeros(k.size)
    mean = events * float(share @ scores)
    spread = float(share @ scores**2) - float(share @ scores) ** 2
    if not 0 < events < total or spread <= 0:
        return TrendTest(np.nan, 1.0 if total else np.nan, np.nan, np.nan)
    # Sums are told apart to nine digits of the scores' range, so that ties are ties.
    unit = np.ptp(scores) * 1e-9
    sums: dict[tuple[int, int], float] = {(0, 0): 0.0}
    for size, score in zip(n.tolist(), scores - scores.min(), strict=True):
        i = np.arange(size + 1)
        ways = gammaln(size + 1) - gammaln(i + 1) - gammaln(size - i + 1)
        step = np.rint(i * score / unit).astype(object)
        found: dict[tuple[int, int], float] = {}
        for (used, sum_), log_way in sums.items():
            for j in range(min(size, events - used) + 1):
                key = (used + j, sum_ + int(step[j]))
                found[key] = np.logaddexp(found.get(key, -np.inf), log_way + ways[j])
        sums = found
    values = np.array([key[1] for key in sums if key[0] == events], float)
    logs = np.array([log for key, log in sums.items() if key[0] == events])
    chance = np.exp(logs - logs.max())
    chance /= chance.sum()
    seen = float(np.rint(k * (scores - scores.min()) / unit).sum())
    centre = (mean - events * scores.min()) / unit
    slack = 0.5 * k.size + 1e-9 * abs(seen)
    far = np.abs(values - centre) >= abs(seen - centre) - 2 * slack
    variance = spread * events * (total - events) / (total - 1)
    statistic = (float(k @ scores) - mean) / np.sqrt(variance)
    tails = [float(chance[m].sum()) for m in (far, values >= seen - slack, values <= seen + slack)]
    return TrendTest(float(statistic), *(min(p, 1.0) for p in tails))
