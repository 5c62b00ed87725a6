"""Proportions and two of them compared, by statsmodels and scipy."""

from __future__ import annotations

import numpy as np

from carstats.crosschecking.asking import share

# What statsmodels calls them; mid-P and Blaker it has not.
LIMITS = {
    "Clopper-Pearson": "beta",
    "Wilson": "wilson",
    "Jeffreys": "jeffreys",
    "Agresti-Coull": "agresti_coull",
}
HOLM = {"Holm": "holm", "Bonferroni": "bonferroni", "Benjamini-Hochberg": "fdr_bh"}


def binomial_limits(k: int, n: int, method: str, level: float) -> tuple[float, float] | None:
    """Return the limits of a proportion, or None where statsmodels does not have the method."""
    from statsmodels.stats.proportion import proportion_confint

    if method not in LIMITS:
        return None
    if n == 0:
        return np.nan, np.nan
    low, high = proportion_confint(k, n, alpha=1 - level, method=LIMITS[method])
    return float(low), float(high)


def with_limits(k: int, n: int, method: str, level: float) -> dict[str, float]:
    """Return events, subjects, the proportion and, where there are any, its limits."""
    found = {"n": n, "n_event": k, "estimate": share(k, n)}
    limits = binomial_limits(k, n, method, level)
    if limits is not None:
        found["conf_low"], found["conf_high"] = limits
    return found


def contrast_limits(
    mine: tuple[int, int], other: tuple[int, int], contrast: str, method: str, level: float
) -> tuple[float, float] | None:
    """Return the limits of a difference of proportions, or None where no library has them.

    Of Miettinen and Nurminen they are statsmodels' score limits, known to be wrong.
    """
    from statsmodels.stats.proportion import confint_proportions_2indep

    told = {"Newcombe": "newcomb", "Miettinen-Nurminen": "score"}.get(method)
    (k1, n1), (k2, n2) = mine, other
    if contrast == "ratio" or told is None or not n1 or not n2:
        return None
    if told == "score" and k1 + k2 in (0, n1 + n2):
        return None
    low, high = confint_proportions_2indep(
        k1, n1, k2, n2, compare="diff", method=told, alpha=1 - level
    )
    return float(low), float(high)


def contrast_test(
    mine: tuple[int, int], other: tuple[int, int], method: str
) -> dict[str, float] | None:
    """Return the score test of equal proportions, or Barnard's, or None for another method."""
    from scipy.stats import barnard_exact
    from statsmodels.stats.proportion import test_proportions_2indep

    (k1, n1), (k2, n2) = mine, other
    if not n1 or not n2 or k1 + k2 in (0, n1 + n2):
        return None
    if method == "Miettinen-Nurminen":
        test = test_proportions_2indep(
            k1, n1, k2, n2, compare="diff", method="score", correction=True
        )
        return {"statistic": float(test.statistic), "p_value": float(test.pvalue)}
    if method == "Agresti-Min":
        table = [[k1, k2], [n1 - k1, n2 - k2]]
        return {"p_value": float(barnard_exact(table, pooled=True, n=64).pvalue)}
    return None
