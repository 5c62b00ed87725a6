"""The Kaplan-Meier estimator and its pointwise confidence limits."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.estimators.curves.beta import BetaParameters, beta_cdf, beta_quantile
from carstats.estimators.curves.risk_table import RiskTable

CONF_TYPES = ("beta product", "beta product mid-P", "log-log", "log", "plain", "arcsine")


@dataclass(frozen=True)
class SurvivalCurve:
    """A survival curve at the times of a risk table.

    Attributes
    ----------
    time : ndarray, shape (K,)
        Times.
    survival : ndarray, shape (..., K)
        Probability of being free of the event just after each time.
    std_error : ndarray, shape (..., K)
        Greenwood standard error of `survival`; NaN once the curve has reached 0.
    low, high : ndarray, shape (..., K)
        Pointwise confidence limits.
    low_at_start : ndarray, shape (...)
        Lower limit before the first time (the upper limit and the curve are 1 there).
    """

    time: NDArray[np.float64]
    survival: NDArray[np.float64]
    std_error: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    low_at_start: NDArray[np.float64]


def kaplan_meier(
    table: RiskTable, *, conf_type: str = "beta product", conf_level: float = 0.95
) -> SurvivalCurve:
    """Estimate the probability of being free of the event.

    Parameters
    ----------
    table : RiskTable
        Counts; events of all causes count as the event.
    conf_type : {"beta product", "beta product mid-P", "log-log", "log", "plain", "arcsine"}
        Limits. The beta product covers at its level in small samples, says something before the
        first event, and without censoring equals Clopper-Pearson. Its mid-P form is shorter, covers
        at its level on average only, and without censoring equals the mid-P interval of a
        proportion. The others are Greenwood's on a
        transformed scale; they are NaN where the curve is 1 or 0, where Greenwood's error is 0 or
        undefined and says nothing.
    conf_level : float
        Pointwise confidence level.

    Returns
    -------
    SurvivalCurve
        The curve at each time of the table.

    References
    ----------
    Kaplan EL, Meier P. J Am Stat Assoc 1958; 53: 457-481.
    Fay MP, Brittain EH, Proschan MA. Biostatistics 2013; 14: 723-736 (method of moments).
    Borgan Ø, Liestøl K. Scand J Stat 1990; 17: 35-41 (transformations).
    """
    n = table.n_risk
    d = table.n_event.sum(axis=-1)
    survival = survival_probability(table)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Variance of log S: infinite from the time at which all at risk had the event.
        variance = np.cumsum(np.where(d > 0, d / (n * (n - d)), 0.0), axis=-1)
        std_error = np.where(survival > 0, survival * np.sqrt(variance), np.nan)
    if conf_type.startswith("beta product"):
        least, most = beta_product(table)
        total = n[..., :1].sum(axis=-1)  # nobody at risk where the table has no time
        start = (total, np.ones_like(total)), (np.ones_like(total), np.zeros_like(total))
        limits = _beta_limits if conf_type == "beta product" else _mid_p_limits
        low, high = limits(least, most, conf_level)
        # Under delayed entry early risk sets may be so small that the laws lie off the estimate.
        low, high = np.minimum(low, survival), np.maximum(high, survival)
        low_at_start = limits(*start, conf_level)[0]
    else:
        low, high = _transformed_limits(d > 0, survival, variance, conf_type, conf_level)
        low_at_start = np.full(n.shape[:-1], np.nan)
    return SurvivalCurve(table.time, survival, std_error, low, high, low_at_start)


def survival_probability(table: RiskTable) -> NDArray[np.float64]:
    """Estimate the probability of being free of the event, without limits: for many replicates.

    Returns: the curve just after each time.
    """
    n, d = table.n_risk, table.n_event.sum(axis=-1)
    # Nobody at risk has no event: 0 / 1.
    return np.cumprod(1 - d / np.where(n > 0, n, 1.0), axis=-1)


def _transformed_limits(happens, survival, variance, conf_type: str, conf_level: float):
    """Limits at each time; of one curve only where it steps, for they too step there."""
    if survival.ndim > 1:
        return _transformed(survival, variance, conf_type, conf_level)
    found = _transformed(survival[happens], variance[happens], conf_type, conf_level)
    steps = np.cumsum(happens)
    return tuple(np.append(np.nan, limit)[steps] for limit in found)


def _transformed(survival, variance, conf_type: str, conf_level: float):
    z = NormalDist().inv_cdf(0.5 + conf_level / 2)
    inside = (survival > 0) & (survival < 1)
    s = np.where(inside, survival, 0.5)
    error = z * np.sqrt(np.where(inside, variance, 0.0))
    if conf_type == "log-log":
        middle, half = np.log(-np.log(s)), error / -np.log(s)
        low, high = np.exp(-np.exp(middle + half)), np.exp(-np.exp(middle - half))
    elif conf_type == "log":
        low, high = s * np.exp(-error), np.minimum(s * np.exp(error), 1.0)
    elif conf_type == "plain":
        low, high = np.maximum(s - s * error, 0.0), np.minimum(s + s * error, 1.0)
    else:
        middle, half = np.arcsin(np.sqrt(s)), error / 2 * np.sqrt(s / (1 - s))
        low = np.sin(np.maximum(middle - half, 0.0)) ** 2
        high = np.sin(np.minimum(middle + half, np.pi / 2)) ** 2
    return np.where(inside, low, np.nan), np.where(inside, high, np.nan)


def beta_product(table: RiskTable) -> tuple[BetaParameters, BetaParameters]:
    """Compute the two beta distributions that stand for what is known of the survival probability.

    A product of beta variables, one for each time with events, is matched by its first two moments
    to one beta.

    Returns: parameters a and b at each time. The lower limit is a quantile of `least`, the upper
    one of `most`. A first parameter of 0 is the constant 0, a second of 0 the constant 1.

    Fay MP, Brittain EH, Proschan MA. Biostatistics 2013; 14: 723-736.
    """
    n, d = table.n_risk, table.n_event.sum(axis=-1)
    # A factor Beta(n - d + 1, d) for each time with events; without one the factor is 1.
    a, total = n - d + 1, n + 1
    mean = np.where(d > 0, a / total, 1.0)
    square = np.where(d > 0, a * (a + 1) / (total * (total + 1)), 1.0)
    mean, square = np.cumprod(mean, axis=-1), np.cumprod(square, axis=-1)
    # The lower limit allows for one more event at once: a further factor Beta(n_after, 1).
    after = table.n_after
    low_a, low_b = _matched_beta(mean * after / (after + 1), square * after / (after + 2))
    return (
        (np.where(after > 0, low_a, 0.0), np.where(after > 0, low_b, 1.0)),
        _matched_beta(mean, square),
    )


def _matched_beta(mean, square) -> BetaParameters:
    with np.errstate(divide="ignore", invalid="ignore"):
        total = (mean - square) / (square - mean * mean)
        a, b = mean * total, (1 - mean) * total
    certain = mean >= 1
    return np.where(certain, 1.0, a), np.where(certain, 0.0, b)


def _beta_limits(least: BetaParameters, most: BetaParameters, conf_level: float):
    tail = (1 - conf_level) / 2
    high_a, high_b = most
    if high_a.ndim != 1 or not high_a.size:
        return beta_quantile(tail, *least), beta_quantile(1 - tail, high_a, high_b)
    # Of one curve the upper limit is found once for each event: no censoring changes it.
    new = np.append(True, (np.diff(high_a) != 0) | (np.diff(high_b) != 0))
    high = beta_quantile(1 - tail, high_a[new], high_b[new])
    return beta_quantile(tail, *least), high[np.cumsum(new) - 1]


def _mid_p_limits(least: BetaParameters, most: BetaParameters, conf_level: float):
    """Quantiles of the even mixture of the two distributions."""
    tail = (1 - conf_level) / 2
    return _mixture_quantile(tail, least, most), _mixture_quantile(1 - tail, least, most)


def _mixture_quantile(p: float, least: BetaParameters, most: BetaParameters):
    # It lies between the quantiles of the two, for one is never above the other.
    low, high = beta_quantile(p, *least), beta_quantile(p, *most)
    for _ in range(60):
        middle = (low + high) / 2
        below = beta_cdf(middle, *least) + beta_cdf(middle, *most) < 2 * p
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


def step_values(
    time: NDArray[np.float64], values: NDArray[np.float64], at: ArrayLike, before: ArrayLike
) -> NDArray[np.float64]:
    """Read a right-continuous step function.

    Parameters
    ----------
    time : ndarray, shape (K,)
        Where it steps.
    values : ndarray, shape (..., K)
        Its value from each step on.
    at : array_like, shape (M,)
        Where to read it.
    before : array_like, shape (...)
        Its value before the first step.

    Returns
    -------
    ndarray, shape (..., M)
        Its values.
    """
    at = np.asarray(at, float)
    slack = 1e-9 * (time[-1] - time[0]) if time.size else 0.0
    place = np.searchsorted(time, at + slack, side="right")
    first = np.broadcast_to(np.asarray(before, float)[..., None], (*values.shape[:-1], 1))
    return np.concatenate([first, values], axis=-1)[..., place]
