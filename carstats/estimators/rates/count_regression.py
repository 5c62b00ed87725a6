"""Regression of event counts on person-time: negative binomial, and Poisson with robust errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.errors import CarstatsError
from carstats.messages import message

# Below this dispersion the negative binomial is a Poisson to the last digit that is printed.
_SMALLEST, _LARGEST = 1e-6, 1e4


@dataclass(frozen=True)
class CountRegression:
    """Logarithms of rates, fitted.

    Attributes
    ----------
    coefficients, std_errors : ndarray, shape (p,)
        Of the columns of the design, on the logarithmic scale.
    covariance : ndarray, shape (p, p)
        Of the coefficients.
    dispersion : float
        Variance beyond Poisson: the variance of a count is mean + dispersion mean^2. 0 where the
        counts vary no more than Poisson; NaN for the robust Poisson, which does not model it.
    log_likelihood : float
        At the maximum.
    """

    coefficients: NDArray[np.float64]
    std_errors: NDArray[np.float64]
    covariance: NDArray[np.float64]
    dispersion: float
    log_likelihood: float


def negative_binomial(
    counts: ArrayLike, exposure: ArrayLike, design: ArrayLike | None = None
) -> CountRegression:
    """Fit a negative binomial regression by maximum likelihood.

    Parameters
    ----------
    counts : array_like of int, shape (n,)
        Events of each subject.
    exposure : array_like, shape (n,)
        Person-time of each subject; positive.
    design : array_like, shape (n, p), optional
        Columns; by default one of ones, whose coefficient is the logarithm of the rate.

    Returns
    -------
    CountRegression
        With errors from the expected information, as MASS::glm.nb.

    Raises
    ------
    CarstatsError
        If there is no event, or an exposure is not positive.

    References
    ----------
    Lawless JF. Can J Stat 1987; 15: 209-225.
    """
    from scipy.optimize import minimize_scalar

    y, t, x = _checked(counts, exposure, design)

    def loss(log_dispersion: float) -> float:
        dispersion = np.exp(log_dispersion)
        return -_log_likelihood(y, _mean(y, t, x, dispersion), dispersion)

    poisson = _log_likelihood(y, _mean(y, t, x, 0.0), 0.0)
    grid = np.linspace(np.log(_SMALLEST), np.log(_LARGEST), 24)
    losses = [loss(at) for at in grid]
    place = int(np.argmin(losses))
    ends = grid[max(place - 1, 0)], grid[min(place + 1, len(grid) - 1)]
    found = minimize_scalar(loss, bounds=ends, method="bounded", options={"xatol": 1e-9})
    # The maximum at the edge is the Poisson.
    dispersion = float(np.exp(found.x)) if -found.fun > poisson + 1e-9 else 0.0
    beta, mean = _fitted(y, t, x, dispersion)
    covariance = np.linalg.inv(x.T @ (x * (mean / (1 + dispersion * mean))[:, None]))
    errors = np.sqrt(np.diag(covariance))
    return CountRegression(beta, errors, covariance, dispersion, max(-found.fun, poisson))


def robust_poisson(
    counts: ArrayLike, exposure: ArrayLike, design: ArrayLike | None = None
) -> CountRegression:
    """Fit a Poisson regression whose errors allow for any variance of a subject's count.

    Returns: the fit. Its sandwich covariance (HC0) is too small under about 20 subjects.

    White H. Econometrica 1980; 48: 817-838.
    """
    y, t, x = _checked(counts, exposure, design)
    beta, mean = _fitted(y, t, x, 0.0)
    bread = np.linalg.inv(x.T @ (x * mean[:, None]))
    score = x * (y - mean)[:, None]
    covariance = bread @ (score.T @ score) @ bread
    errors = np.sqrt(np.diag(covariance))
    return CountRegression(beta, errors, covariance, np.nan, _log_likelihood(y, mean, 0.0))


def _checked(counts, exposure, design):
    y, t = np.asarray(counts, float), np.asarray(exposure, float)
    x = np.ones((y.size, 1)) if design is None else np.asarray(design, float)
    if not y.sum() > 0:
        raise CarstatsError(
            message("a rate without any event has no logarithm; use the exact limits.")
        )
    if not (t > 0).all():
        raise CarstatsError(message("an exposure is not positive."))
    return y, t, x


def _mean(y, t, x, dispersion: float):
    return _fitted(y, t, x, dispersion)[1]


def _fitted(y, t, x, dispersion: float):
    """Coefficients and means at a dispersion, by Fisher scoring."""
    beta = np.linalg.lstsq(x, np.full(y.size, np.log(y.sum() / t.sum())), rcond=None)[0]
    for _ in range(100):
        mean = t * np.exp(np.clip(x @ beta, -40, 40))
        weight = mean / (1 + dispersion * mean)
        score = x.T @ ((y - mean) / (1 + dispersion * mean))
        step = np.linalg.solve(x.T @ (x * weight[:, None]), score)
        beta = beta + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-12:
            break
    return beta, t * np.exp(np.clip(x @ beta, -40, 40))


def _log_likelihood(y, mean, dispersion: float) -> float:
    from scipy.special import gammaln, xlogy

    if dispersion == 0:
        return float((xlogy(y, mean) - mean - gammaln(y + 1)).sum())
    size = 1 / dispersion
    return float(
        (
            gammaln(y + size)
            - gammaln(size)
            - gammaln(y + 1)
            - (size + y) * np.log1p(dispersion * mean)
            + xlogy(y, dispersion * mean)
        ).sum()
    )
