"""Limits of all pairs k of n to 40, in one call, beside statsmodels' function in a loop."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.timing import Row, has, seconds
from carstats.estimators.proportions.proportion import proportion_limits
from carstats.estimators.proportions.proportion_difference import proportion_contrast

N = np.repeat(np.arange(1, 41), np.arange(2, 42))
K = np.concatenate([np.arange(n + 1) for n in range(1, 41)])
# carstats' name of a method and statsmodels'.
LIMITS = {"Clopper-Pearson": "beta", "Wilson": "wilson", "Blaker": None}


def by_statsmodels(name: str, method: str, **options) -> float | None:
    """Return the seconds of statsmodels' function, one pair after another."""
    if not has("statsmodels"):
        return None
    from statsmodels.stats import proportion

    function, rest = getattr(proportion, name), options.pop("rest", ())

    def loop():
        for k, n in zip(K.tolist(), N.tolist(), strict=True):
            function(k, n, *rest, method=method, **options)

    return seconds(loop, 1)


def rows() -> Iterator[Row]:
    """Yield a row for each kind of limits."""
    pairs, beside = f"of {N.size} proportions", "statsmodels in a loop"
    for name, theirs in LIMITS.items():
        own = seconds(lambda name=name: proportion_limits(K, N, method=name), 5)
        other = None if theirs is None else by_statsmodels("proportion_confint", theirs)
        yield Row(f"{name} limits {pairs}", own, beside if theirs else "", other)
    own = seconds(lambda: proportion_contrast((K, 10), (N, 20), method="Newcombe"), 5)
    other = by_statsmodels("confint_proportions_2indep", "newcomb", rest=(10, 20), compare="diff")
    yield Row("Newcombe's limits of 860 differences", own, beside, other)
    own = seconds(lambda: proportion_contrast((K, 10), (N, 20)), 3)
    yield Row("Miettinen–Nurminen's limits of 860 differences", own)
