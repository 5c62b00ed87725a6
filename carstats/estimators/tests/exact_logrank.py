"""Permutation distribution of log-rank statistics: exact for two groups, also with strata."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.errors import CarstatsError, check_choice
from carstats.estimators.curves.risk_table import strata_rows
from carstats.estimators.quadratic_form import pseudo_inverse
from carstats.estimators.reasons import (
    ALL_ARRANGEMENTS_ALIKE,
    ENTRIES_PERMUTED,
    NO_SUBJECTS,
    ONE_GROUP,
    Reason,
)
from carstats.estimators.tests.logrank import logrank_scores
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

METHODS = ("auto", "exact", "resampling")
SCORINGS = ("within strata", "overall")


@dataclass(frozen=True)
class PermutationTest:
    """A comparison of groups by permutation.

    Attributes
    ----------
    statistic : float
        The linear statistic T for two groups (weighted observed minus expected of the later group)
        and for a trend (the same, weighted by the trend scores); the quadratic form for more.
    expected, variance : float
        Its mean and variance over the arrangements; NaN for the quadratic form.
    p_value : float
        Two-sided: the part of the arrangements with \\|T - E T\\| at least as large as observed.
    p_less, p_greater : float
        One-sided: T at most, at least, as observed; NaN for the quadratic form.
    method : {"exact", "resampling", "none"}
        How the p-values were found; "none" where there is nothing to compare.
    n_resamples : int
        Resamples drawn; 0 for the exact distribution.
    n_arrangements : float
        Number of ways to allocate the subjects to the groups within strata.
    note : Reason or None
        What the reader has to know.
    """

    statistic: float
    expected: float
    variance: float
    p_value: float
    p_less: float
    p_greater: float
    method: str
    n_resamples: int
    n_arrangements: float
    note: Reason | None


def permutation_logrank(
    time: ArrayLike,
    status: ArrayLike,
    group: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    weight: str = "log-rank",
    exponents: tuple[float, float] = (0.0, 0.0),
    trend: ArrayLike | None = None,
    scoring: str = "within strata",
    method: str = "auto",
    n_resamples: int = 10_000,
    seed: int = 0,
) -> PermutationTest:
    """Test whether groups have the same hazard, by permuting linear scores within strata.

    Parameters
    ----------
    time, status, group, strata, entry, weight, exponents
        As for `weighted_logrank`. With `entry` a subject's entry goes with its time: the test then
        holds if the groups also enter alike.
    trend : array_like, shape (G,), optional
        Scores of the groups, for an ordered difference.
    scoring : {"within strata", "overall"}
        From whom the scores are made, which are permuted within strata in either case. Within
        strata: the statistic is that of the stratified log-rank test. Overall: as R's
        ``coin::logrank_test(y ~ group | stratum)``, which sharpens the comparison where strata are
        small and alike.
    method : {"auto", "exact", "resampling"}
        "exact": the whole permutation distribution, for two groups, as far as memory holds it:
        about 40 distinct scores in the largest stratum, more with ties. "auto": that for up to a
        million arrangements in each stratum, else resampling; three or more groups are always
        resampled.
    n_resamples : int
        Number of random arrangements B; the p-value is (b + 1) / (B + 1) with b of them at least
        as extreme as observed.
    seed : int
        Seed of `numpy.random.default_rng`.

    Returns
    -------
    PermutationTest
        The test; it says which method.

    Raises
    ------
    CarstatsError
        If the exact distribution is asked for and is out of reach, or an option is unknown.

    References
    ----------
    Strasser H, Weber C. Math Methods Stat 1999; 8: 220-250 (linear permutation statistics).
    van de Wiel MA. Comput Stat 2001; 16: 519-538 (exact distribution by splitting).
    Phipson B, Smyth GK. Stat Appl Genet Mol Biol 2010; 9: 39 (the added 1).
    Letón E, Zuluaga P. Commun Stat Theory Methods 2001; 30: 591-608 (scores with ties).
    """
    scoring = check_choice("scoring", scoring, SCORINGS)
    method = check_choice("method", method, METHODS)
    options = {"entry": entry, "weight": weight, "exponents": exponents}
    within = strata if scoring == "within strata" else None
    scores = logrank_scores(time, status, strata=within, **options)
    present, group = np.unique(np.asarray(group, int), return_inverse=True)
    if present.size < 2:
        why = ONE_GROUP if present.size else NO_SUBJECTS
        return PermutationTest(*[np.nan] * 6, "none", 0, float(present.size), Reason(why))
    coded, unit = coded_scores(scores)
    parts = []
    for rows in strata_rows(strata, scores.size):
        order = np.arange(scores.size) if rows is None else rows
        order = order[np.argsort(group[order], kind="stable")]
        sizes = np.bincount(group[order], minlength=present.size)
        parts.append(Stratum(coded[order], sizes))
    note = None if entry is None else Reason(ENTRIES_PERMUTED)
    if not scores.any():
        note = Reason(ALL_ARRANGEMENTS_ALIKE)
    if present.size == 2:
        step = 1.0 if trend is None else float(np.diff(np.asarray(trend, float)[present])[0])
        return _two_groups(parts, unit, step, method, n_resamples, seed, note)
    if method == "exact":
        raise CarstatsError(
            message(
                "`method` is 'exact', which compares two groups; here are {n}. Use "
                "'resampling', or compare pairs of groups.",
                n=present.size,
            )
        )
    if trend is not None:
        contrast = np.asarray(trend, float)[present]
        return _trend(parts, unit, contrast, n_resamples, seed, note)
    return _quadratic(parts, unit, n_resamples, seed, note)


def _moments(parts: list[Stratum]) -> tuple[float, float]:
    """Mean and variance of the sum of scores in the second of two groups."""
    expected = sum(p.scores.mean() * p.sizes[1] for p in parts)
    variance = 0.0
    for part in parts:
        n = part.scores.size
        if n > 1:
            variance += part.scores.var() * part.sizes[0] * part.sizes[1] / (n - 1)
    return float(expected), float(variance)


def _two_groups(parts, unit, step, method, n_resamples, seed, note) -> PermutationTest:
    expected, variance = _moments(parts)
    observed = float(sum(p.scores[p.sizes[0] :].sum() for p in parts))
    most = max(p.log_arrangements for p in parts)
    pairs = None
    if method == "exact" or (method == "auto" and most <= ENUMERATED):
        pairs = exact_sums(parts)
    if pairs is None and method == "exact":
        raise CarstatsError(
            message(
                "`method` is 'exact', but there are about 10^{power} arrangements in a stratum, "
                "with too many different sums of scores. Use 'auto' or 'resampling'.",
                power=f"{most / log(10):.0f}",
            )
        )
    distance = abs(observed - expected)
    if pairs is not None:
        greater, less = upper_tail(pairs, observed - TIE), lower_tail(pairs, observed + TIE)
        two = 1.0
        if distance > TIE:
            two = upper_tail(pairs, expected + distance - TIE)
            two += lower_tail(pairs, expected - distance + TIE)
        used, drawn = "exact", 0
    else:
        sums = sampled_sums(parts, n_resamples, seed)
        greater = _fraction(sums >= observed - TIE)
        less = _fraction(sums <= observed + TIE)
        two = _fraction(np.abs(sums - expected) >= distance - TIE)
        used, drawn = "resampling", n_resamples
    if step < 0:
        greater, less = less, greater
    return PermutationTest(
        float(observed * unit * step),
        float(expected * unit * step),
        float(variance * (unit * step) ** 2),
        min(float(two), 1.0),
        min(less, 1.0),
        min(greater, 1.0),
        used,
        drawn,
        _ways(parts),
        note,
    )


def _fraction(extreme: NDArray[np.bool_]) -> float:
    return (int(extreme.sum()) + 1) / (extreme.size + 1)


def _observed(parts: list[Stratum]):
    """Observed group sums, their permutation mean and covariance."""
    size = parts[0].sizes.size
    observed, expected, variance = np.zeros(size), np.zeros(size), np.zeros((size, size))
    for part in parts:
        n = part.scores.size
        observed += np.repeat(np.eye(size), part.sizes, axis=0).T @ part.scores
        expected += part.scores.mean() * part.sizes
        if n > 1:
            share = np.diag(part.sizes) - np.outer(part.sizes, part.sizes) / n
            variance += part.scores.var() * n / (n - 1) * share
    return observed, expected, variance


def _ways(parts: list[Stratum]) -> float:
    """Number of arrangements; infinite beyond the range of a float."""
    total = sum(p.log_arrangements for p in parts)
    ways = float(np.exp(total)) if total < 700 else np.inf
    return float(round(ways)) if ways < 1e12 else ways


def _trend(parts, unit, contrast, n_resamples, seed, note) -> PermutationTest:
    observed, expected, variance = _observed(parts)
    sums = sampled_group_sums(parts, n_resamples, seed) @ contrast
    value, mean = float(observed @ contrast), float(expected @ contrast)
    slack = TIE * max(1.0, float(np.abs(contrast).max()))
    return PermutationTest(
        float(value * unit),
        float(mean * unit),
        float(contrast @ variance @ contrast * unit**2),
        _fraction(np.abs(sums - mean) >= abs(value - mean) - slack),
        _fraction(sums <= value + slack),
        _fraction(sums >= value - slack),
        "resampling",
        n_resamples,
        _ways(parts),
        note,
    )


def _quadratic(parts, unit, n_resamples, seed, note) -> PermutationTest:
    observed, expected, variance = _observed(parts)
    inverse, rank = pseudo_inverse(variance)
    difference = observed - expected
    statistic = float(difference @ inverse @ difference)
    p_value = 1.0
    if rank:
        from_mean = sampled_group_sums(parts, n_resamples, seed) - expected
        drawn = np.einsum("bi,ij,bj->b", from_mean, inverse, from_mean, optimize=True)
        p_value = _fraction(drawn >= statistic - 1e-9 * max(1.0, statistic))
    return PermutationTest(
        statistic, np.nan, np.nan, p_value, np.nan, np.nan, "resampling", n_resamples,
        _ways(parts), note,
    )  # fmt: skip
