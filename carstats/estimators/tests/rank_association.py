"""Whether a number rises with ordered groups: tests of order and a rank correlation."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, factorial, prod

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.estimators.reasons import FEWER_THAN_TWO_GROUPS, GROUP_TOO_SMALL, Reason

# Fewer than so many outside the largest group give no p-value.
FEWEST = 3
# Up to so many arrangements all are listed; up to so many subjects two groups are exact, and more
# groups are resampled.
_LISTED, _MOST = 20_000, 100
_CELLS = 20_000_000


@dataclass(frozen=True)
class RankAssociation:
    """A test of order and a rank correlation.

    Attributes
    ----------
    statistic : float
        Kendall's S: concordant less discordant pairs of subjects.
    p_value : float
        Two-sided; NaN with a reason.
    p_method : str
        ``"exact"``, ``"resampling"``, ``"asymptotic"`` or ``"none"``.
    n_resamples : int
        Random arrangements drawn.
    correlation, low, high : float
        Spearman's rank correlation and its limits; NaN where there are none.
    reason : Reason or None
        Why there is no p-value.
    """

    statistic: float
    p_value: float
    p_method: str
    n_resamples: int
    correlation: float
    low: float
    high: float
    reason: Reason | None = None


def rank_association(
    value: ArrayLike,
    group: ArrayLike,
    *,
    conf_level: float = 0.95,
    n_resamples: int = 9_999,
    seed: int = 1,
) -> RankAssociation:
    """Test whether values rise or fall with ordered groups, by permutation.

    Parameters
    ----------
    value : array_like, shape (n,)
        The values; only their ranks count, so that minus infinity is one below all.
    group : array_like, shape (n,)
        The rank of each subject's group.
    conf_level : float
        Confidence level.
    n_resamples, seed : int
        Random arrangements where there are too many to list, and their seed.

    Returns
    -------
    RankAssociation
        With two groups the test is Wilcoxon's with midranks, with more Jonckheere and Terpstra's.
        Limits of the correlation are those of Fisher's z with Bonett and Wright's error.

    References
    ----------
    Jonckheere AR. Biometrika 1954; 41: 133-145. Kendall MG. Rank Correlation Methods. 1948.
    Bonett DG, Wright TA. Psychometrika 2000; 65: 23-28.
    """
    x, g = np.asarray(value, float), np.asarray(group, float)
    _, codes, sizes = np.unique(g, return_inverse=True, return_counts=True)
    if len(sizes) < 2:
        none = Reason(FEWER_THAN_TWO_GROUPS)
        return RankAssociation(np.nan, np.nan, "none", 0, np.nan, np.nan, np.nan, none)
    correlation = _spearman(x, g, conf_level)
    apart = int(len(x) - sizes.max())
    few = Reason(GROUP_TOO_SMALL, {"n": apart, "least": FEWEST}) if apart < FEWEST else None
    if len(x) > _MOST:
        s, p = _asymptotic(x, codes)
        if few:
            return RankAssociation(s, np.nan, "none", 0, *correlation, few)
        return RankAssociation(s, p, "asymptotic", 0, *correlation)
    order = np.sign(np.where(x[:, None] == x, 0.0, _differences(x)))
    s = _concordance(order, codes[None])[0]
    if few:
        return RankAssociation(s, np.nan, "none", 0, *correlation, few)
    if len(sizes) == 2:
        p, how, drawn = _exact_pair(x, codes), "exact", 0
    elif factorial(len(x)) // prod(map(factorial, map(int, sizes))) <= _LISTED:
        every = np.array(list(_arrangements(tuple(int(k) for k in sizes))))
        found = _concordance(order, every)
        p, how, drawn = float((np.abs(found) >= abs(s) - 1e-9).mean()), "exact", 0
    else:
        p, how, drawn = _resampled(order, codes, s, n_resamples, seed), "resampling", n_resamples
    return RankAssociation(s, p, how, drawn, *correlation)


def _asymptotic(x: NDArray[np.float64], codes: NDArray) -> tuple[float, float]:
    """Return Kendall's S, worked back from his tau, and its asymptotic p-value."""
    from scipy.stats import kendalltau

    found = kendalltau(x, codes, method="asymptotic")
    each = [np.unique(column, return_counts=True)[1].astype(float) for column in (x, codes)]
    tied = [(k * (k - 1) / 2).sum() for k in each]
    pairs = len(x) * (len(x) - 1) / 2
    spread = np.sqrt((pairs - tied[0]) * (pairs - tied[1]))
    return float(np.rint(found.statistic * spread)) if spread else 0.0, float(found.pvalue)


def _differences(x: NDArray[np.float64]) -> NDArray[np.float64]:
    ranks = np.unique(x, return_inverse=True)[1].astype(float)
    return ranks - ranks[:, None]


def _concordance(order: NDArray[np.float64], codes: NDArray) -> NDArray[np.float64]:
    """Return Kendall's S of the values' order with each row of groups."""
    found = np.zeros(len(codes))
    for level in range(1, int(codes.max()) + 1):
        at, below = (codes == level).astype(float), (codes < level).astype(float)
        found += np.einsum("bi,ij,bj->b", below, order, at, optimize=True)
    return found


def _resampled(order, codes, s: float, n_resamples: int, seed: int) -> float:
    # In an order of their own: random arrangements do not depend on that of the data.
    groups = np.sort(codes)
    rng, beyond, left = np.random.default_rng(seed), 0, n_resamples
    place = np.lexsort((codes, order.sum(axis=0)))
    order = order[np.ix_(place, place)]
    while left:
        take = min(left, max(_CELLS // len(codes) ** 2, 1))
        drawn = rng.permuted(np.tile(groups, (take, 1)), axis=1)
        beyond += int((np.abs(_concordance(order, drawn)) >= abs(s) - 1e-9).sum())
        left -= take
    return (beyond + 1) / (n_resamples + 1)


def _exact_pair(x: NDArray[np.float64], codes: NDArray) -> float:
    """Return the exact p-value of two groups: the sum of midranks over all choices of one."""
    from scipy.stats import rankdata

    scores = np.rint(2 * rankdata(x)).astype(int)
    few = 0 if (codes == 0).sum() <= (codes == 1).sum() else 1
    k, total = int((codes == few).sum()), int(scores.sum())
    ways = np.zeros((k + 1, total + 1))
    ways[0, 0] = 1.0
    for place, score in enumerate(scores):
        for size in range(min(k, place + 1), 0, -1):
            ways[size, score:] += ways[size - 1, : total + 1 - score]
    shares = ways[k] / comb(len(x), k)
    centre = k * total / len(x)
    off = abs(int(scores[codes == few].sum()) - centre)
    sums = np.arange(total + 1)
    return min(float(shares[np.abs(sums - centre) >= off - 1e-9].sum()), 1.0)


def _arrangements(sizes: tuple[int, ...]):
    """Yield every way to give groups of these sizes to subjects."""
    if not sum(sizes):
        yield ()
        return
    for group, left in enumerate(sizes):
        if left:
            fewer = (*sizes[:group], left - 1, *sizes[group + 1 :])
            for rest in _arrangements(fewer):
                yield (group, *rest)


def _spearman(x, g, conf_level: float) -> tuple[float, float, float]:
    """Return Spearman's correlation and its limits, which four subjects have not."""
    from scipy.stats import norm, rankdata

    a, b = rankdata(x), rankdata(g)
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return np.nan, np.nan, np.nan
    r = float(np.clip(np.corrcoef(a, b)[0, 1], -1, 1))
    if len(x) < 5 or abs(r) == 1:
        return r, np.nan, np.nan
    half = norm.ppf(0.5 + conf_level / 2) * np.sqrt((1 + r**2 / 2) / (len(x) - 3))
    return r, float(np.tanh(np.arctanh(r) - half)), float(np.tanh(np.arctanh(r) + half))
