"""Tests of equal distributions of interval-censored times in k groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.errors import CarstatsError
from carstats.estimators.curves.risk_table import strata_rows
from carstats.estimators.curves.turnbull import checked_intervals, innermost_intervals, turnbull
from carstats.estimators.quadratic_form import chi_square_tail, pseudo_inverse
from carstats.estimators.reasons import FEWER_THAN_TWO_GROUPS, SUBJECTS_NOT_TOLD_APART, Reason
from carstats.estimators.tests.permutation_sums import (
    ENUMERATED,
    TIE,
    Stratum,
    coded_scores,
    exact_sums,
    lower_tail,
    sampled_group_sums,
    sampled_sums,
    upper_tail,
)
from carstats.messages import message

INTERVAL_SCORES = ("Sun", "Finkelstein", "Wilcoxon")
INTERVAL_METHODS = ("permutation", "score", "exact", "resampling")


@dataclass(frozen=True)
class IntervalTest:
    """A comparison of G groups of interval-censored times.

    Attributes
    ----------
    statistic : float
        Quadratic form of the groups' sums of scores; NaN where the data allow no test.
    df : int
        Its degrees of freedom.
    p_value : float
        Two-sided.
    z : float
        For two groups the signed root of `statistic`: positive where the second group has its
        events earlier. NaN for more.
    score : ndarray, shape (G,)
        Sum of scores in each group.
    expected : ndarray, shape (G,)
        Its mean under the hypothesis.
    variance : ndarray, shape (G, G)
        Its variance under the hypothesis.
    method : str
        How the p-value was found.
    n_resamples : int
        Resamples drawn; 0 unless resampling.
    reason : Reason or None
        Why there is no test; else None.
    """

    statistic: float
    df: int
    p_value: float
    z: float
    score: NDArray[np.float64]
    expected: NDArray[np.float64]
    variance: NDArray[np.float64]
    method: str
    n_resamples: int = 0
    reason: Reason | None = None


def interval_scores(low: ArrayLike, high: ArrayLike, kind: str = "Sun") -> NDArray[np.float64]:
    """Score each subject by how early its event is, on the curve of all subjects together.

    kind : The efficient scores of three models of a difference: logistic in the discrete hazards
        (Sun, whose test is the log-rank test without interval censoring), proportional hazards
        (Finkelstein), proportional odds (Wilcoxon; sensitive to early differences).

    Returns: scores; early events have the larger. They add up to 0.

    Sun J. Stat Med 1996; 15: 1387-1395. Finkelstein DM. Biometrics 1986; 42: 845-854.
    Fay MP, Shaw PA. J Stat Softw 2010; 36(2): 1-34.
    """
    curve, before, after = _places(*checked_intervals(low, high))
    first = _derivatives(curve, kind)[0]
    return (first[before] - first[after]) / (curve[before] - curve[after])


def interval_logrank(
    low: ArrayLike,
    high: ArrayLike,
    group: ArrayLike,
    *,
    n_groups: int | None = None,
    strata: ArrayLike | None = None,
    scores: str = "Sun",
    method: str = "permutation",
    n_resamples: int = 10_000,
    seed: int = 1,
) -> IntervalTest:
    """Test whether groups have the same distribution of interval-censored times.

    Parameters
    ----------
    low, high : array_like, shape (n,)
        The event lies in (low, high].
    group : array_like of int, shape (n,)
        Group of each subject, from 0.
    n_groups : int, optional
        Number of groups, when some may have no subject; such a group takes no part.
    strata : array_like, shape (n,), optional
        Strata that the test is adjusted for: one curve each, and permutation within them.
    scores : {"Sun", "Finkelstein", "Wilcoxon"}
        As for `interval_scores`.
    method : {"permutation", "score", "exact", "resampling"}
        "permutation" compares with the chi-squared limit of the permutation distribution, for which
        visits must be planned alike in the groups; "exact" (two groups) with the distribution
        itself, "resampling" with random arrangements of it. "score" takes the variance from the
        observed information, with the common curve's masses as nuisance parameters.
    n_resamples : int
        Number B of random arrangements: the p-value is (b + 1)/(B + 1).
    seed : int
        Seed of the random numbers.

    Returns
    -------
    IntervalTest
        The test.

    Raises
    ------
    CarstatsError
        If the exact distribution is asked for and is out of reach.

    References
    ----------
    Fay MP. Biometrics 1996; 52: 811-822 (score test). Fay MP, Shaw PA. J Stat Softw 2010; 36(2).
    Phipson B, Smyth GK. Stat Appl Genet Mol Biol 2010; 9: 39 (the added 1).
    """
    low, high = checked_intervals(low, high)
    group = np.asarray(group, int)
    size = n_groups if n_groups is not None else (group.max() + 1 if group.size else 0)
    total, expected, variance = np.zeros(size), np.zeros(size), np.zeros((size, size))
    parts: list[tuple[NDArray[np.float64], NDArray[np.intp]]] = []
    for rows in strata_rows(strata, low.size) if low.size else []:
        here = slice(None) if rows is None else rows
        member = (group[here][:, None] == np.arange(size)).astype(float)
        value = interval_scores(low[here], high[here], scores)
        total += member.T @ value
        if method == "score":
            variance += _information(low[here], high[here], member, scores)
        else:
            expected += member.sum(axis=0) * value.mean()
            variance += _permutation_variance(value, member)
        parts.append((value, group[here]))
    z = np.nan
    present = np.unique(group)
    inverse, rank = pseudo_inverse(variance)
    nothing = (np.nan, 0, np.nan, z, total, expected, variance, method, 0)
    if present.size < 2:
        return IntervalTest(*nothing, Reason(FEWER_THAN_TWO_GROUPS))
    if not rank or np.diag(variance).max() < 1e-14 * low.size:
        return IntervalTest(*nothing, Reason(SUBJECTS_NOT_TOLD_APART))
    difference = total - expected
    statistic = float(difference @ inverse @ difference)
    if present.size == 2:
        z = float(np.sign(difference[present[1]]) * np.sqrt(statistic))
    drawn, p_value = 0, chi_square_tail(statistic, rank)
    if method in ("exact", "resampling"):
        drawn = n_resamples if method == "resampling" else 0
        p_value = _permuted(parts, present, expected, inverse, statistic, drawn, seed)
    return IntervalTest(statistic, rank, p_value, z, total, expected, variance, method, drawn)


def _places(low, high):
    """Pooled survival at 0 and after each interval with mass; each subject's two places in it."""
    fit = turnbull(low, high)
    if not fit.n:
        return np.ones(1), np.empty(0, int), np.empty(0, int)
    _, _, first, last = innermost_intervals(low, high)
    support = fit.mass > 0
    count = np.append(0, np.cumsum(support))
    curve = np.append(1.0, 1 - np.cumsum(fit.mass[support]))
    curve[-1] = 0.0
    return curve, count[first], count[last + 1]


def _derivatives(curve, kind: str):
    """First and second derivative of the survival curve by the group's effect, at no effect."""
    alive = np.where(curve > 0, curve, 1.0)
    if kind == "Wilcoxon":
        return -curve * (1 - curve), curve * (1 - curve) * (1 - 2 * curve)
    if kind == "Finkelstein":
        return curve * np.log(alive), curve * np.log(alive) * (1 + np.log(alive))
    hazard = np.append(0.0, 1 - curve[1:] / curve[:-1])
    summed = np.cumsum(hazard)
    spread = np.cumsum(hazard * (1 - hazard))
    return -curve * summed, curve * (summed**2 - spread)


def _crossed(curve, kind: str):
    """Derivative of the first derivative by the survival at each inner place, (m + 1, m - 1)."""
    inner = curve[1:-1]
    own = np.eye(curve.size)[:, 1:-1]
    if kind == "Wilcoxon":
        return own * (2 * inner - 1)
    if kind == "Finkelstein":
        return own * (1 + np.log(inner))
    summed = np.cumsum(np.append(0.0, 1 - curve[1:] / curve[:-1]))
    # Lambda_j = sum over k <= j of 1 - S_k / S_(k-1).
    place = np.arange(curve.size)[:, None]
    k = np.arange(1, curve.size - 1)
    by = (place > k) * curve[k + 1] / inner**2 - (place >= k) / curve[k - 1]
    return -own * summed[1:-1] - curve[:, None] * by


def _information(low, high, member, kind: str):
    """Information on the group effects with the inner survival probabilities profiled out.

    At the maximum the derivative of the log-likelihood by each of these is 0, so that the second
    derivatives of the curve by them drop out.
    """
    curve, before, after = _places(low, high)
    width = curve[before] - curve[after]
    first, second = _derivatives(curve, kind)
    value = (first[before] - first[after]) / width
    curvature = value**2 - (second[before] - second[after]) / width
    own = (member * curvature[:, None]).T @ member
    if curve.size < 3:
        return own
    unit = np.eye(curve.size)[:, 1:-1]
    ends = (unit[before] - unit[after]) / width[:, None]
    crossed = _crossed(curve, kind)
    shared = ends * value[:, None] - (crossed[before] - crossed[after]) / width[:, None]
    mixed = member.T @ shared
    return own - mixed @ np.linalg.pinv(ends.T @ ends, hermitian=True) @ mixed.T


def _permutation_variance(value, member):
    n, sizes = value.size, member.sum(axis=0)
    if n < 2:
        return np.zeros((sizes.size, sizes.size))
    return value.var() * n / (n - 1) * (np.diag(sizes) - np.outer(sizes, sizes) / n)


def _permuted(parts, present, expected, inverse, statistic, n_resamples: int, seed: int) -> float:
    """Two-sided p-value: arrangements at least as far from their mean as the observed one."""
    coded, unit = coded_scores(np.concatenate([value for value, _ in parts]))
    strata, start = [], 0
    for value, group in parts:
        order = np.argsort(group, kind="stable")
        sizes = (group[:, None] == present).sum(axis=0)
        strata.append(Stratum(coded[start : start + value.size][order], sizes))
        start += value.size
    if present.size > 2:
        if not n_resamples:
            raise CarstatsError(
                message(
                    "`method` is 'exact', which compares two groups; here are {n}. Use "
                    "'resampling', or compare pairs of groups.",
                    n=present.size,
                )
            )
        sums = sampled_group_sums(strata, n_resamples, seed) * unit - expected[present]
        chosen = inverse[np.ix_(present, present)]
        drawn = np.einsum("bi,ij,bj->b", sums, chosen, sums, optimize=True)
        extreme = drawn >= statistic - 1e-9 * max(1.0, statistic)
        return (int(extreme.sum()) + 1) / (n_resamples + 1)
    middle = sum(part.scores.mean() * part.sizes[1] for part in strata)
    distance = abs(sum(part.scores[part.sizes[0] :].sum() for part in strata) - middle)
    if n_resamples:
        extreme = np.abs(sampled_sums(strata, n_resamples, seed) - middle) >= distance - TIE
        return (int(extreme.sum()) + 1) / (n_resamples + 1)
    pairs = None
    if max(part.log_arrangements for part in strata) <= ENUMERATED:
        pairs = exact_sums(strata)
    if pairs is None:
        raise CarstatsError(
            message(
                "`method` is 'exact', but there are more than a million arrangements in a "
                "stratum. Use 'resampling'."
            )
        )
    if distance <= TIE:
        return 1.0
    tails = upper_tail(pairs, middle + distance - TIE), lower_tail(pairs, middle - distance + TIE)
    return min(sum(tails), 1.0)
