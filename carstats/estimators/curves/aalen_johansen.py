"""The Aalen-Johansen estimator of the cumulative incidence of competing events."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.estimators.curves.incidence_limits import dirichlet_limits
from carstats.estimators.curves.risk_table import RiskTable, distinct_times
from carstats.estimators.reasons import EVERYBODY_HAD_EVENT, NOBODY_AT_RISK, NOBODY_HAD_EVENT

INCIDENCE_CONF_TYPES = (
    "beta product",
    "beta product mid-P",
    "log-log",
    "log",
    "plain",
    "arcsine",
)
INCIDENCE_VARIANCES = ("Greenwood", "Aalen")

# What `CumulativeIncidence.reason` points to.
NO_LIMITS = (
    "",
    NOBODY_HAD_EVENT,
    EVERYBODY_HAD_EVENT,
    NOBODY_AT_RISK,
)


@dataclass(frozen=True)
class CumulativeIncidence:
    """Cumulative incidence of each cause at the times of a risk table.

    Attributes
    ----------
    time : ndarray, shape (K,)
        Times.
    survival : ndarray, shape (..., K)
        Probability of being free of every cause just after each time.
    estimate : ndarray, shape (..., K, causes)
        Probability of having had each cause by each time. Over the causes, and with `survival`,
        they add up to 1.
    std_error : ndarray, shape (..., K, causes)
        Standard error of `estimate`.
    low, high : ndarray, shape (..., K, causes)
        Pointwise confidence limits. Those that rest on the standard error are NaN where the
        estimate is 0 or 1, where it says nothing.
    high_at_start : ndarray, shape (...)
        Upper limit before the first time (the lower limit and the estimate are 0 there); NaN for
        limits that rest on the standard error.
    reason : ndarray of int8, shape (..., K, causes)
        Why there are no limits: the place in `NO_LIMITS`; 0 where there are some.
    """

    time: NDArray[np.float64]
    survival: NDArray[np.float64]
    estimate: NDArray[np.float64]
    std_error: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    high_at_start: NDArray[np.float64]
    reason: NDArray[np.int8]


def aalen_johansen(
    table: RiskTable,
    *,
    variance: str = "Greenwood",
    std_error: ArrayLike | None = None,
    conf_type: str = "beta product",
    conf_level: float = 0.95,
) -> CumulativeIncidence:
    """Estimate the probability over time of each of several competing events.

    Parameters
    ----------
    table : RiskTable
        Counts, with one column of events for each cause; leading axes are batches.
    variance : {"Greenwood", "Aalen"}
        Greenwood's multinomial variance is survfit's without left truncation, and with one cause
        it is the Kaplan-Meier curve's. Aalen's, which cmprsk::cuminc gives, takes the causes as
        independent and the number with each, among those at risk, as hypergeometric.
    std_error : array_like, shape (..., K, causes), optional
        Standard errors to take instead, such as those of `truncated_errors`.
    conf_type : {"beta product", "beta product mid-P", "log-log", "log", "plain", "arcsine"}
        Limits. The Dirichlet beta product (see `dirichlet_limits`) holds its level in small samples
        and exists wherever somebody is at risk; its mid-P form holds it on average. The others
        rest on the standard error, on a scale that survfit applies to the probability of the event.
    conf_level : float
        Pointwise confidence level.

    Returns
    -------
    CumulativeIncidence
        The curves at each time of the table.

    References
    ----------
    Aalen OO, Johansen S. Scand J Stat 1978; 5: 141-150.
    Aalen OO. Ann Stat 1978; 6: 534-545 (variance).
    Marubini E, Valsecchi MG. Analysing Survival Data from Clinical Trials, 1995, section 10.3.
    """
    # Causes come first inside, so that all running sums are along contiguous times.
    n, events = table.n_risk, np.ascontiguousarray(np.moveaxis(table.n_event, -1, 0))
    d, safe = events.sum(axis=0), np.maximum(n, 1)
    survival = np.cumprod(1 - d / safe, axis=-1)
    before = _lagged(survival, 1.0)
    height = before / safe
    step = height * events
    estimate = np.cumsum(step, axis=-1)
    if std_error is None:
        error = np.sqrt(_variance(n, events, d, height, step, variance))
    else:
        error = np.moveaxis(
            np.broadcast_to(np.asarray(std_error, float), table.n_event.shape), -1, 0
        )
    # Adding up leaves an estimate of 1 some rounding away from it.
    certain = (survival == 0) & (estimate > 1 - 1e-12)
    estimate[certain] = 1.0
    if std_error is None and variance == "Greenwood":
        error[certain] = 0.0
    reason = np.where(certain, 2, estimate == 0).astype(np.int8)
    if n.shape[-1] and not n.max(axis=-1).all():
        nobody = (n.max(axis=-1) == 0)[..., None]
        estimate, error = np.where(nobody, np.nan, estimate), np.where(nobody, np.nan, error)
        survival, reason = np.where(nobody, np.nan, survival), np.where(nobody, 3, reason)
    if conf_type.startswith("beta product"):
        low, high, start = dirichlet_limits(
            table, conf_level=conf_level, mid_p=conf_type != "beta product"
        )
        estimate, error = np.moveaxis(estimate, 0, -1), np.moveaxis(error, 0, -1)
        # Under delayed entry early risk sets may be so small that the law lies off the estimate.
        low, high = np.minimum(low, estimate), np.maximum(high, estimate)
        reason = np.moveaxis(np.where(reason == 3, 3, 0).astype(np.int8), 0, -1)
        return CumulativeIncidence(table.time, survival, estimate, error, low, high, start, reason)
    low, high = _limits(events, estimate, error, conf_type, conf_level)
    by_cause = [np.moveaxis(a, 0, -1) for a in (estimate, error, low, high, reason)]
    start = np.full(n.shape[:-1], np.nan)
    return CumulativeIncidence(table.time, survival, *by_cause[:4], start, by_cause[4])


def _limits(events, estimate, error, conf_type: str, conf_level: float):
    """Limits at each time; of a long table only where a curve steps, for they too step there."""
    if events.ndim > 2 or not events.size:
        return transformed_limits(estimate, error, conf_type=conf_type, conf_level=conf_level)
    both = np.empty((2, *estimate.shape))
    for cause, happens in enumerate(events > 0):
        # With standard errors of one's own, one who enters may change them between events.
        happens = happens | (np.diff(error[cause], prepend=-1.0) != 0)
        place = np.flatnonzero(happens)
        found = transformed_limits(
            estimate[cause, place], error[cause, place], conf_type=conf_type, conf_level=conf_level
        )
        lasting = np.diff(np.append(place, happens.size))
        both[:, cause] = np.repeat(found, lasting, axis=-1)
    return both


def _variance(n, events, d, height, step, kind: str):
    """Variance of the incidence as running sums: O(K causes), without cancellation.

    With A the relative change of S, F(t) = F(t-) + S(t-) h(t), so that Var F grows by
    S(t-)^2 Var h + 2 dF Cov(F, A) + dF^2 Var A.
    """
    safe = np.maximum(n, 1)
    # Where all at risk have the event the curve is at 0, and what follows adds nothing.
    left = np.where(n > d, n - d, np.inf)
    if kind == "Greenwood":
        spread = events * (n - events) / safe
        relative = d / (safe * left)
        shared = height * events / safe
    else:
        # Each cause hypergeometric, independent of the others; one at risk is binomial.
        spread = events * np.where(n > 1, (n - events) / np.maximum(n - 1, 1), 1.0)
        relative = spread.sum(axis=0) / left**2
        shared = height * spread / left
    relative = _lagged(np.cumsum(relative, axis=-1), 0.0)
    covariance = _lagged(np.cumsum(step * relative - shared, axis=-1), 0.0)
    grown = height**2 * spread + step * (2 * covariance + step * relative)
    return np.maximum(np.cumsum(grown, axis=-1), 0.0)


def _lagged(values, first: float):
    """Shift along the times: the value just before each, `first` before the first."""
    moved = np.empty_like(values)
    moved[..., :1] = first
    moved[..., 1:] = values[..., :-1]
    return moved


def transformed_limits(
    estimate: ArrayLike, std_error: ArrayLike, *, conf_type: str = "log-log", conf_level: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute limits for a probability on a transformed scale.

    Returns: limits between 0 and 1; NaN where the estimate is 0, 1 or NaN.

    Borgan Ø, Liestøl K. Scand J Stat 1990; 17: 35-41.
    """
    z = NormalDist().inv_cdf(0.5 + conf_level / 2)
    estimate, std_error = np.asarray(estimate, float), np.asarray(std_error, float)
    inside = (estimate > 0) & (estimate < 1) & np.isfinite(std_error)
    p = np.where(inside, estimate, 0.5)
    error = z * np.where(inside, std_error, 0.0)
    if conf_type == "log-log":
        middle, half = np.log(-np.log(p)), error / (p * -np.log(p))
        low, high = np.exp(-np.exp(middle + half)), np.exp(-np.exp(middle - half))
    elif conf_type == "log":
        low, high = p * np.exp(-error / p), np.minimum(p * np.exp(error / p), 1.0)
    elif conf_type == "plain":
        low, high = np.maximum(p - error, 0.0), np.minimum(p + error, 1.0)
    else:
        middle, half = np.arcsin(np.sqrt(p)), error / (2 * np.sqrt(p * (1 - p)))
        low = np.sin(np.maximum(middle - half, 0.0)) ** 2
        high = np.sin(np.minimum(middle + half, np.pi / 2)) ** 2
    return np.where(inside, low, np.nan), np.where(inside, high, np.nan)


def truncated_errors(
    time: ArrayLike, status: ArrayLike, entry: ArrayLike, *, n_causes: int
) -> NDArray[np.float64]:
    """Compute survfit's standard errors of the cumulative incidence under left truncation.

    survfit's multi-state errors are the infinitesimal jackknife: the root of the sum, over
    subjects, of the squared derivative of the estimate by the subject's weight. Without left
    truncation that is Greenwood's multinomial variance exactly. With it the two differ, because
    those who entered between two times make the steps of the curve covary in the sample, and
    counts alone no longer tell: hence the subjects.

    Parameters
    ----------
    time : array_like, shape (n,)
        Time of the event or of censoring.
    status : array_like of int, shape (n,)
        0 for censored, 1 to `n_causes` for the cause of the event.
    entry : array_like, shape (n,)
        Time at which each subject came under observation; minus infinity for the beginning.
    n_causes : int
        Number of causes.

    Returns
    -------
    ndarray, shape (K, causes)
        Standard errors at the times of `risk_table(time, status, entry=entry)`.

    References
    ----------
    Efron B. The Jackknife, the Bootstrap and Other Resampling Plans, SIAM 1982, chapter 6.
    Therneau T, Crowson C, Atkinson E. Multi-state models (vignette of R's survival), 2022.
    """
    time, status = np.asarray(time, float), np.asarray(status, int)
    size = time.size
    distinct, group = distinct_times(np.concatenate([time, np.asarray(entry, float)]))
    end, start = group[:size], group[size:]
    k = distinct.size
    if not k:
        return np.zeros((0, n_causes))
    observed = start < end  # Whoever entered on the day of leaving was never at risk.
    shown = np.unique(end)
    end, start, status = end[observed], start[observed], status[observed]
    n = np.cumsum(np.bincount(start, minlength=k)) - np.bincount(start, minlength=k)
    n = n - (np.cumsum(np.bincount(end, minlength=k)) - np.bincount(end, minlength=k))
    d = np.bincount(end[status > 0], minlength=k)
    safe, left = np.maximum(n, 1), np.where(n > d, n - d, 1)
    survival = np.cumprod(1 - d / safe)
    before = np.append(1.0, survival[:-1])
    # Where all at risk have the event the curve is at 0, and what follows adds nothing.
    relative = np.cumsum(np.where(n > d, d / (safe * left), 0.0))
    errors = np.empty((k, n_causes))
    for cause in range(1, n_causes + 1):
        mine = status == cause
        step = before * np.bincount(end[mine], minlength=k) / safe
        f = np.cumsum(step)
        q = np.cumsum(step / safe)
        lost = np.cumsum(np.append(0.0, relative[:-1]) * step)
        # While at risk a subject's influence is p(t) + c - g f(t), afterwards a + b f(t).
        p = lost - q
        c, g = q[start] - lost[start] + relative[start] * f[start], relative[start]
        b = relative[end] - g - np.where(status > 0, 1 / left[end], 0.0)
        b = np.where(survival[end] > 0, b, 0.0)
        a = p[end] + c - g * f[end] - b * f[end] + np.where(mine, (before / safe)[end], 0.0)

        total = _present(c * c, start, end, k) + f**2 * _present(g * g, start, end, k)
        total += p * (p * _present(np.ones_like(c), start, end, k) + 2 * _present(c, start, end, k))
        total -= 2 * f * (p * _present(g, start, end, k) + _present(c * g, start, end, k))
        total += _summed(a * a, end, k) + 2 * f * _summed(a * b, end, k)
        total += f**2 * _summed(b * b, end, k)
        errors[:, cause - 1] = np.sqrt(np.maximum(total, 0.0))
    return errors[shown]


def _summed(values, place, size: int):
    """Sum over those whose place is at or before each of `size` places."""
    return np.cumsum(np.bincount(place, values, minlength=size))


def _present(values, start, end, size: int):
    """Sum over those who have started and not ended, at each of `size` places."""
    return _summed(values, start, size) - _summed(values, end, size)
