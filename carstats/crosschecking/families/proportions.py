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


def score_limits(
    mine: tuple[int, int], other: tuple[int, int], level: float
) -> tuple[float, float] | None:
    """Return Miettinen and Nurminen's limits of a difference by their definition, with scipy.

    The rates under each difference maximise the likelihood numerically; the variance has the factor
    N / (N - 1), and the limits are where the statistic is the normal quantile.
    """
    from scipy.optimize import brentq, minimize_scalar
    from scipy.special import xlog1py, xlogy
    from scipy.stats import norm

    (k1, n1), (k2, n2) = mine, other
    if not n1 or not n2:
        return None
    z = norm.ppf(0.5 + level / 2)

    def statistic(difference: float) -> float:
        def unlikely(p: float) -> float:
            q = min(max(p + difference, 0.0), 1.0)
            inside = xlogy(k1, q) + xlog1py(n1 - k1, -q) + xlogy(k2, p) + xlog1py(n2 - k2, -p)
            return -float(inside)

        ends = max(0.0, -difference), min(1.0, 1 - difference)
        p = minimize_scalar(unlikely, bounds=ends, method="bounded", options={"xatol": 1e-12}).x
        q = p + difference
        total = n1 + n2
        variance = (q * (1 - q) / n1 + p * (1 - p) / n2) * total / (total - 1)
        return (k1 / n1 - k2 / n2 - difference) / np.sqrt(max(variance, 1e-300))

    seen = k1 / n1 - k2 / n2
    edge = 1 - 1e-9
    low = -1.0 if seen <= -edge else brentq(lambda d: statistic(d) - z, -edge, seen, xtol=1e-10)
    high = 1.0 if seen >= edge else brentq(lambda d: statistic(d) + z, seen, edge, xtol=1e-10)
    return float(low), float(high)


def contrast_test(
    mine: tuple[int, int], other: tuple[int, int], method: str
) -> dict[str, float] | None:
    """Return the score test of equal proportions, or its exact one, or None for another method."""
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
        return {"p_value": _unconditional(k1, n1, k2, n2)}
    return None


def barnard_test(mine: tuple[int, int], other: tuple[int, int]) -> float | None:
    """Return scipy's Barnard test of the pooled statistic, whose ties it loses to rounding."""
    from scipy.stats import barnard_exact

    (k1, n1), (k2, n2) = mine, other
    if not n1 or not n2 or k1 + k2 in (0, n1 + n2):
        return None
    table = [[k1, k2], [n1 - k1, n2 - k2]]
    return float(barnard_exact(table, pooled=True, n=64).pvalue)


def boschloo_test(mine: tuple[int, int], other: tuple[int, int]) -> float | None:
    """Return Boschloo's test by its definition: Fisher's two-sided p-value is what is ordered by.

    scipy's test of that name doubles the smaller of two one-sided ones.
    """
    from scipy.stats import hypergeom

    (k1, n1), (k2, n2) = mine, other
    if not n1 or not n2 or k1 + k2 in (0, n1 + n2):
        return None
    p_values = np.ones((n1 + 1, n2 + 1))
    for k in range(1, n1 + n2):
        a = np.arange(max(0, k - n2), min(n1, k) + 1)
        chance = hypergeom.pmf(a, n1 + n2, k, n1)
        p_values[a, k - a] = [chance[chance <= c * (1 + 1e-7)].sum() for c in chance]
    return _largest(p_values <= p_values[k1, k2] * (1 + 1e-7))


def _unconditional(k1: int, n1: int, k2: int, n2: int) -> float:
    """Return Barnard's test of the pooled statistic, tables that tie counted."""
    a, b = np.arange(n1 + 1)[:, None], np.arange(n2 + 1)
    rate = (a + b) / (n1 + n2)
    with np.errstate(invalid="ignore", divide="ignore"):
        z = np.abs(a / n1 - b / n2) / np.sqrt(rate * (1 - rate) * (1 / n1 + 1 / n2))
    z = np.nan_to_num(z)
    return _largest(z >= z[k1, k2] - 1e-9)


def _largest(as_far: np.ndarray) -> float:
    """Return the largest probability, over the common rate, of some tables of two groups."""
    from scipy.stats import binom

    n1, n2 = as_far.shape[0] - 1, as_far.shape[1] - 1
    rates, step = np.linspace(0, 1, 401, retstep=True)

    def chances(p: np.ndarray) -> np.ndarray:
        first = binom.pmf(np.arange(n1 + 1), n1, p[:, None])
        second = binom.pmf(np.arange(n2 + 1), n2, p[:, None])
        return ((first @ as_far) * second).sum(axis=1)

    values = chances(rates)
    around = np.pad(values, 1, constant_values=-1)
    tops = (values >= around[:-2]) & (values >= around[2:]) & (values >= values.max() - 0.01)
    found, best = values[tops], rates[tops]
    # Around each top of the grid a finer one, and again, until the top is flat.
    for _ in range(5):
        tried = np.clip(best[:, None] + step * np.linspace(-1, 1, 21), 0, 1)
        found = chances(tried.ravel()).reshape(tried.shape)
        best = tried[np.arange(len(tried)), found.argmax(axis=1)]
        step /= 10
    return float(found.max())
