"""Weibull and log-logistic accelerated failure time models, with interval-censored times."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.errors import CarstatsError
from carstats.estimators.curves.turnbull import checked_intervals
from carstats.estimators.quadratic_form import chi_square_tail
from carstats.estimators.reasons import (
    COVARIATE_DETERMINED,
    EVENT_AT_ZERO,
    EVENTS_AT_ONE_TIME,
    NO_EVENT,
    NO_MAXIMUM_FEW_EVENTS,
    NO_SUBJECTS,
    Reason,
)
from carstats.messages import message

_MAX_ITERATIONS = 200
_DECREMENT = 1e-18
# A standardised time beyond is as good as certain or impossible, and its exponential is finite.
_FAR = 500.0


@dataclass(frozen=True)
class AftFit:
    """A fitted model log T = intercept + x coef + scale * error, with p covariates.

    Attributes
    ----------
    coef : ndarray, shape (p + 1,)
        Intercept, then a coefficient for each covariate: the logarithm of the factor by which
        times are longer.
    scale : float
        Scale of the error; for the Weibull model 1 over the shape.
    covariance : ndarray, shape (p + 2, p + 2)
        Inverse of the observed information on `coef` and the logarithm of `scale`.
    log_likelihood, log_likelihood_null : float
        At the fit and with the intercept alone.
    lrt_statistic, lrt_p_value : float
        Likelihood-ratio test of all covariates, with p degrees of freedom; NaN without any.
    distribution : str
        "Weibull" or "log-logistic".
    n, n_event : int
        Subjects, and those not right-censored.
    reason : Reason or None
        Why there is no fit; else None.
    """

    coef: NDArray[np.float64]
    scale: float
    covariance: NDArray[np.float64]
    log_likelihood: float
    log_likelihood_null: float
    lrt_statistic: float
    lrt_p_value: float
    distribution: str
    n: int
    n_event: int
    reason: Reason | None = None

    @property
    def std_error(self) -> NDArray[np.float64]:
        """Standard errors of `coef`, shape (p + 1,)."""
        return np.sqrt(np.diag(self.covariance)[:-1])


def aft_regression(
    low: ArrayLike,
    high: ArrayLike,
    covariates: ArrayLike | None = None,
    *,
    distribution: str = "Weibull",
) -> AftFit:
    """Estimate an accelerated failure time model by maximum likelihood.

    Parameters
    ----------
    low, high : array_like, shape (n,)
        The event lies in (low, high], times of at least 0. Equal ends are an exactly known time, an
        infinite `high` is right-censored, a `low` of 0 or minus infinity left-censored.
    covariates : array_like, shape (n, p), optional
        Covariates; an intercept is added.
    distribution : {"Weibull", "log-logistic"}
        Distribution of the times.

    Returns
    -------
    AftFit
        The estimates, equal to those of survival::survreg. Where the likelihood has no maximum (no
        event, all events at one time, a covariate that separates) the numbers are NaN and `reason`
        says why.

    Raises
    ------
    CarstatsError
        If an interval is none, or a covariate is not finite.

    References
    ----------
    Kalbfleisch JD, Prentice RL. The Statistical Analysis of Failure Time Data, 2002, chapter 3.
    """
    low, high = checked_intervals(low, high)
    x = np.empty((low.size, 0)) if covariates is None else np.asarray(covariates, float)
    x = x[:, None] if x.ndim == 1 else x
    if len(x) != low.size or not np.isfinite(x).all():
        raise CarstatsError(
            message(
                "`covariates` takes {n} rows of finite numbers, one for each subject; it has "
                "{found}.",
                n=low.size,
                found=len(x),
            )
        )
    n_event = int(np.isfinite(high).sum())
    reason = without_maximum(low, high)
    centre = x.mean(axis=0) if len(x) else np.zeros(x.shape[1])
    spread = x.std(axis=0) if len(x) else centre
    design = np.column_stack([np.ones(len(x)), (x - centre) / np.where(spread > 0, spread, 1.0)])
    if not reason and np.linalg.matrix_rank(design) < design.shape[1]:
        reason = Reason(COVARIATE_DETERMINED)
    found = None
    if not reason:
        null = maximised(low, high, design[:, :1], distribution)
        found = maximised(low, high, design, distribution) if x.shape[1] else null
        if null is None or found is None:
            found = None
            reason = Reason(NO_MAXIMUM_FEW_EVENTS)
    if found is None:
        p = x.shape[1]
        nothing = np.full((p + 2, p + 2), np.nan)
        return AftFit(
            nothing[0, :-1],
            *(np.nan, nothing, np.nan, np.nan, np.nan, np.nan),
            *(distribution, low.size, n_event, reason),
        )
    theta, value, information = found
    # Back from standardised covariates: the intercept takes up the means.
    back = np.diag(np.concatenate([[1.0], 1 / spread, [1.0]]))
    back[0, 1:-1] = -centre / spread
    statistic = max(2 * (value - null[1]), 0.0) if x.shape[1] else np.nan
    return AftFit(
        coef=(back @ theta)[:-1],
        scale=float(np.exp(theta[-1])),
        covariance=back @ np.linalg.inv(information) @ back.T,
        log_likelihood=value,
        log_likelihood_null=null[1],
        lrt_statistic=statistic,
        lrt_p_value=chi_square_tail(statistic, x.shape[1]),
        distribution=distribution,
        n=low.size,
        n_event=n_event,
    )


def log_survival(z: ArrayLike, distribution: str) -> NDArray[np.float64]:
    """Compute the logarithm of the error's survival function."""
    z = np.asarray(z, float)
    inside = np.clip(z, -_FAR, _FAR)
    values = -np.exp(inside) if distribution == "Weibull" else -np.logaddexp(0, inside)
    return np.where(z == np.inf, -np.inf, np.where(z == -np.inf, 0.0, values))


def log_density(z: ArrayLike, distribution: str) -> NDArray[np.float64]:
    """Compute the logarithm of the error's density."""
    z = np.asarray(z, float)
    inside = np.clip(z, -_FAR, _FAR)
    if distribution == "Weibull":
        values = inside - np.exp(inside)
    else:
        values = inside - 2 * np.logaddexp(0, inside)
    return np.where(np.isinf(z), -np.inf, values)


def _log(times):
    """Logarithm with minus infinity for 0 and below."""
    times = np.asarray(times, float)
    positive = times > 0
    return np.where(positive, np.log(np.where(positive, times, 1.0)), -np.inf)


def without_maximum(low, high) -> Reason | None:
    """Look for what leaves the likelihood without a maximum.

    Returns: why there is no fit; None where there may be one.
    """
    if not low.size:
        return Reason(NO_SUBJECTS)
    if np.isposinf(high).all():
        return Reason(NO_EVENT)
    if (high <= 0).any():
        return Reason(EVENT_AT_ZERO)
    # A curve that falls in one step through every event leaves the scale to run to 0.
    earliest, latest = high[np.isfinite(high)].min(), low.max()
    exact = low == high
    if exact.any() and np.unique(low[exact]).size == 1 and latest <= low[exact][0] <= earliest:
        return Reason(EVENTS_AT_ONE_TIME)
    if not exact.any() and latest < earliest:
        return Reason(EVENTS_AT_ONE_TIME)
    return None


def _slopes(z, distribution: str):
    """Derivative of the log density."""
    inside = np.clip(z, -_FAR, _FAR)
    return 1 - np.exp(inside) if distribution == "Weibull" else -np.tanh(inside / 2)


@np.errstate(over="ignore", invalid="ignore")  # a step too far is taken back by `maximised`
def _evaluate(theta, low, high, exact, design, distribution: str, cured: float):
    """Log-likelihood, gradient and Hessian by the coefficients and the log of the scale.

    A part `cured` of the subjects never has the event; 0 but in a cure model.
    """
    scale = np.exp(theta[-1])
    centre = design @ theta[:-1]
    a, b = (low - centre) / scale, (high - centre) / scale
    size = design.shape[1] + 1

    def path(z):
        """Derivative of z by the parameters; of no account where z is infinite."""
        return np.column_stack([-design / scale, -np.where(np.isfinite(z), z, 0.0)])

    def bend(z, pull):
        """Sum of the second derivatives of z, weighted."""
        out = np.zeros((size, size))
        out[:-1, -1] = out[-1, :-1] = (design * pull[:, None]).sum(axis=0) / scale
        out[-1, -1] = (pull * np.where(np.isfinite(z), z, 0.0)).sum()
        return out

    log_a, log_b = log_survival(a, distribution), log_survival(b, distribution)
    gap = np.where(exact, -1.0, np.minimum(log_b - log_a, -1e-300))
    may, never = np.log1p(-cured), np.log(cured) if cured > 0 else -np.inf
    log_width = may + log_a + np.log(-np.expm1(gap))
    log_width = np.where(high == np.inf, np.logaddexp(never, may + log_a), log_width)
    density = may + log_density(a, distribution)
    value = np.where(exact, density - theta[-1] - np.where(exact, low, 0.0), log_width).sum()
    slope = _slopes(a, distribution)
    # The curvature of the log density: of z - e^z and of z - 2 log(1 + e^z).
    inside = np.clip(a, -_FAR, _FAR)
    if distribution == "Weibull":
        curvature = -np.exp(inside)
    else:
        curvature = -np.exp(inside - 2 * np.logaddexp(0, inside)) * 2
    limit = np.where(exact, 0.0, log_width)
    at_a = np.exp(np.where(exact, -np.inf, density - limit))
    at_b = np.exp(np.where(exact, -np.inf, may + log_density(b, distribution) - limit))
    pull_a = np.where(exact, slope, -at_a)
    second_a = np.where(exact, curvature, -at_a * slope - at_a**2)
    second_b = at_b * _slopes(b, distribution) - at_b**2
    path_a, path_b = path(a), path(b)
    gradient = pull_a @ path_a + at_b @ path_b
    gradient[-1] -= exact.sum()
    crossed = (path_a * (at_a * at_b)[:, None]).T @ path_b
    hessian = (path_a * second_a[:, None]).T @ path_a + (path_b * second_b[:, None]).T @ path_b
    hessian += crossed + crossed.T + bend(a, pull_a) + bend(b, at_b)
    return float(value), gradient, hessian


def maximised(low, high, design, distribution: str, *, cured: float = 0.0):
    """Maximise the likelihood of the accelerated failure time model.

    Returns: coefficients with the log of the scale, shape (q + 1,); log-likelihood; observed
    information. None where there is no maximum.
    """
    told = (low > 0) | np.isfinite(high)  # the others could have any time
    low, high, design = low[told], high[told], design[told]
    exact = low == high
    finite = np.isfinite(high)
    low, high = _log(low), np.where(finite, _log(np.where(finite, high, 1.0)), np.inf)
    middle = np.where(finite, high, low)
    both = finite & np.isfinite(low)
    middle[both] = (low[both] + high[both]) / 2
    theta = np.zeros(design.shape[1] + 1)
    theta[0], theta[-1] = middle.mean(), np.log(max(middle.std(), 0.1))
    options = (low, high, exact, design, distribution, cured)
    value, gradient, hessian = _evaluate(theta, *options)
    for _ in range(_MAX_ITERATIONS):
        # Far from the maximum the Hessian need not be negative definite: turn its signs.
        values, vectors = np.linalg.eigh(-hessian)
        values = np.maximum(np.abs(values), 1e-10 * np.abs(values).max())
        step = vectors @ ((vectors.T @ gradient) / values)
        decrement = float(gradient @ step)
        size = min(1.0, 2 / max(np.abs(step).max(), 1e-300))
        found = _evaluate(theta + size * step, *options)
        while not (found[0] >= value - 1e-12 * abs(value) and np.isfinite(found[2]).all()):
            size /= 2
            if size < 1e-8:
                return None
            found = _evaluate(theta + size * step, *options)
        theta = theta + size * step
        value, gradient, hessian = found
        if decrement < _DECREMENT or not -15 < theta[-1] < 15 or np.abs(theta).max() > 1000:
            break
    least = np.linalg.eigvalsh(-hessian)[0]
    if decrement > 1e-10 or not least > 1e-8 or not -15 < theta[-1] < 15:
        return None
    return theta, value, -hessian
