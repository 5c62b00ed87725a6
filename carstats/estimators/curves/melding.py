"""Melding: limits for a contrast of two proportions from the beta limits of each."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from carstats.estimators.curves.beta import BetaParameters, beta_cdf, beta_quantile
from carstats.estimators.root_finding import find_root

# Where integration is divided: towards both ends ever finer.
_TAIL = np.array([1e-15, 1e-12, 1e-9, 1e-7, 1e-5, 1e-4, 1e-3, 0.01, 0.04, 0.1, 0.2, 0.35])
_LEVELS = np.concatenate([_TAIL, [0.5], 1 - _TAIL[::-1]])


def melded_limits(
    k1: float, k2: float, n1: float, n2: float, *, contrast: str, conf_level: float = 0.95
) -> tuple[float, float]:
    """Compute melded confidence limits of two binomial proportions.

    The beta distributions of Clopper and Pearson's limits are put together: the lower limit of the
    contrast is a quantile of the first group's lower bound against the second one's upper bound.

    Returns: the limits; they leave out no difference just when twice Fisher's smaller one-sided
    p-value is below 1 - `conf_level`.

    Fay MP, Proschan MA, Brittain E. Biometrics 2015; 71: 146-156.
    """
    least, most = ((k1, n1 - k1 + 1), (k2, n2 - k2 + 1)), ((k1 + 1, n1 - k1), (k2 + 1, n2 - k2))
    tail = (1 - conf_level) / 2
    if contrast == "difference":
        return (
            difference_quantile(tail, least[0], most[1]),
            -difference_quantile(tail, least[1], most[0]),
        )
    low = _ratio_quantile(tail, least[0], most[1])
    high = _ratio_quantile(tail, least[1], most[0])
    return low, 1 / high if high > 0 else np.inf


def melded_p_value(k1: float, k2: float, n1: float, n2: float) -> float:
    """Compute the p-value that melded limits invert: twice Fisher's smaller one-sided one.

    Parameters
    ----------
    k1, k2 : float
        Events.
    n1, n2 : float
        Subjects.

    Returns
    -------
    float
        At most 1.
    """
    from scipy.stats import hypergeom

    law = hypergeom(n1 + n2, k1 + k2, n1)
    return min(1.0, 2 * min(float(law.sf(k1 - 1)), float(law.cdf(k1))))


def _constant(beta: BetaParameters) -> float | None:
    return 0.0 if beta[0] == 0 else 1.0 if beta[1] == 0 else None


def _probability(moved, back, x: BetaParameters, y: BetaParameters) -> float:
    """Probability that X is at most `moved(Y)`; `back` undoes it."""
    # In pieces that end where either distribution has its quantiles, and where F_X becomes 0 or 1.
    ends = back(np.concatenate([[0.0, 1.0], beta_quantile(_LEVELS, *x)]))
    cuts = np.sort(np.concatenate([[0.0, 1.0], _LEVELS, beta_cdf(np.clip(ends, 0, 1), *y)]))
    nodes, weights = _gauss_legendre()
    width = np.diff(cuts)[:, None]
    value = beta_cdf(np.clip(moved(beta_quantile(cuts[:-1, None] + width * nodes, *y)), 0, 1), *x)
    return float(np.clip((width * weights * value).sum(), 0.0, 1.0))


@cache
def _gauss_legendre() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    nodes, weights = np.polynomial.legendre.leggauss(12)
    return (nodes + 1) / 2, weights / 2


def difference_probability(delta: float, x: BetaParameters, y: BetaParameters) -> float:
    """Compute the probability that X - Y is at most a value, for independent beta variables.

    x, y : Parameters of the two; a first one of 0 is the constant 0, a second one of 0 the constant
        1.
    """
    constant_x, constant_y = _constant(x), _constant(y)
    if constant_y is not None:
        place = constant_y + delta
        return float(beta_cdf(np.clip(place, 0.0, 1.0), *x)) * (place >= 0)
    if constant_x is not None:
        return 1 - float(beta_cdf(np.clip(constant_x - delta, 0.0, 1.0), *y))
    return _probability(lambda v: v + delta, lambda v: v - delta, x, y)


def difference_quantile(p: float, x: BetaParameters, y: BetaParameters) -> float:
    """Compute a quantile of X - Y, for independent beta variables."""
    if _constant(x) is not None or _constant(y) is not None:
        return float(beta_quantile(p, *x) - beta_quantile(1 - p, *y))
    # Bonferroni's bound below; both at least so extreme, by independence, above.
    joint = np.sqrt(p)
    low = float(beta_quantile(p / 2, *x) - beta_quantile(1 - p / 2, *y))
    high = float(beta_quantile(joint, *x) - beta_quantile(1 - joint, *y))
    return find_root(lambda d: difference_probability(d, x, y) - p, low, high)


def _ratio_quantile(p: float, x: BetaParameters, y: BetaParameters) -> float:
    """Quantile of X / Y, for a probability of at most one half."""
    if _constant(x) == 0:
        return 0.0
    if _constant(x) is not None or _constant(y) is not None:
        return float(beta_quantile(p, *x) / beta_quantile(1 - p, *y))
    joint = np.sqrt(p)
    low = float(beta_quantile(p / 2, *x) / beta_quantile(1 - p / 2, *y))
    high = float(beta_quantile(joint, *x) / beta_quantile(1 - joint, *y))
    return float(
        np.exp(
            find_root(
                lambda t: _probability(lambda v: v * np.exp(t), lambda v: v * np.exp(-t), x, y) - p,
                np.log(low),
                np.log(high),
                width=1e-11,
            )
        )
    )
