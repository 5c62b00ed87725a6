"""Counts of several trials: binomial within a trial, log odds normal between them."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.estimators.pooling.binomial_normal_likelihood import (
    MOST_LOGIT,
    integrals,
    likelihood,
    log_choose,
    maximise,
)
from carstats.estimators.root_finding import find_root

# Newton's method for a limit: how often another spread is tried, how near a height is reached, and
# from when on the slopes say nothing.
_ROUNDS, _LEVEL, _SINGULAR = 4, 1e-8, 1e12


@dataclass(frozen=True)
class BinomialNormal:
    """A fitted binomial-normal model.

    Attributes
    ----------
    coefficients : ndarray, shape (p,)
        On the log odds.
    covariance : ndarray, shape (p, p)
        Inverse of the observed information, the estimation of tau included.
    tau : float
        Standard deviation of the trials' log odds; 0 where the likelihood is highest there.
    log_likelihood : float
        Its maximum, the binomial coefficients included.
    n_event, n, design : ndarray
        The data: counts of shape (k,), covariates of shape (k, p).
    """

    coefficients: NDArray[np.float64]
    covariance: NDArray[np.float64]
    tau: float
    log_likelihood: float
    n_event: NDArray[np.float64]
    n: NDArray[np.float64]
    design: NDArray[np.float64]

    @property
    def std_error(self) -> NDArray[np.float64]:
        """Standard errors of the coefficients."""
        return np.sqrt(np.diag(self.covariance))


def fit_binomial_normal(
    n_event: ArrayLike, n: ArrayLike, design: ArrayLike | None = None
) -> BinomialNormal:
    """Fit a binomial-normal model by maximum likelihood, in one stage.

    The events of trial i are binomial with log odds x_i'b + tau u_i, u_i standard normal. The u_i
    are integrated out by adaptive quadrature, so a trial with no event or with nothing but events
    counts as it is and needs no correction.

    Parameters
    ----------
    n_event : array_like of int, shape (k,)
        Subjects with the event in each trial.
    n : array_like of int, shape (k,)
        Subjects of each trial, at least 1.
    design : array_like, shape (k, p), optional
        Covariates of full rank; by default a constant. The estimate must exist: no combination
        of covariates separates events from others.

    Returns
    -------
    BinomialNormal
        The maximum over the coefficients and tau >= 0.

    References
    ----------
    Hamza TH, van Houwelingen HC, Stijnen T. J Clin Epidemiol 2008; 61: 41-51.
    Stijnen T, Hamza TH, Ozdemir P. Stat Med 2010; 29: 3046-3067.
    Trefethen LN, Weideman JAC. SIAM Rev 2014; 56: 385-458 (the trapezoidal rule).
    """
    k, n = np.asarray(n_event, float), np.asarray(n, float)
    x = np.ones((k.size, 1)) if design is None else np.asarray(design, float)
    offset = np.zeros(k.size)
    b, tau, value = maximise(k, n, x, offset)
    _, _, hessian = likelihood(np.append(b, tau), k, n, x, offset)
    if tau == 0:
        # On the boundary tau has no curvature of its own; coefficients and tau are unrelated there.
        covariance = np.linalg.inv(-hessian[:-1, :-1])
    else:
        covariance = np.linalg.inv(-hessian)[:-1, :-1]
    return BinomialNormal(b, covariance, tau, value, k, n, x)


def wald_limits(
    fit: BinomialNormal, index: int = 0, *, conf_level: float = 0.95
) -> tuple[float, float]:
    """Compute Wald limits of a coefficient.

    Parameters
    ----------
    fit : BinomialNormal
        The fitted model.
    index : int
        Which coefficient.
    conf_level : float
        Confidence level.

    Returns
    -------
    low, high : float
        On the log odds.
    """
    half = NormalDist().inv_cdf(0.5 + conf_level / 2) * fit.std_error[index]
    return float(fit.coefficients[index] - half), float(fit.coefficients[index] + half)


def profile_limits(
    fit: BinomialNormal, index: int = 0, *, conf_level: float = 0.95
) -> tuple[float, float]:
    """Compute profile-likelihood limits of a coefficient.

    Parameters
    ----------
    fit : BinomialNormal
        The fitted model.
    index : int
        Which coefficient.
    conf_level : float
        Confidence level.

    Returns
    -------
    low, high : float
        Where twice the loss of log-likelihood, the other parameters at their best, reaches the
        quantile of chi-squared; infinite where it never does.

    References
    ----------
    Venzon DJ, Moolgavkar SH. Appl Stat 1988; 37: 87-94.
    Hardy RJ, Thompson SG. Stat Med 1996; 15: 619-629.
    """
    low, high = (_limit(fit, index, side, conf_level) for side in (-1, 1))
    return low, high


def _limit(fit: BinomialNormal, index: int, side: int, conf_level: float) -> float:
    """Return one limit: by Newton's method, and where that fails by looking along the profile."""
    z = NormalDist().inv_cdf(0.5 + conf_level / 2)
    k, n, x = fit.n_event, fit.n, fit.design
    target = fit.log_likelihood - z**2 / 2
    b, error = float(fit.coefficients[index]), float(fit.std_error[index])
    rest = np.delete(x, index, axis=1)
    guess = np.append(fit.coefficients, fit.tau)
    guess[index] += side * z * error
    for _ in range(_ROUNDS):
        found = _on_profile(guess, index, target, k, n, x)
        if found is None or (found[index] - b) * side <= 0:
            break
        others, tau, value = maximise(k, n, rest, x[:, index] * found[index])
        if abs(value - target) < _LEVEL:
            return float(found[index])
        # Another spread makes this value more likely.
        guess = np.append(np.insert(others, index, found[index]), tau)
    return profile_end(k, n, x, index, fit.log_likelihood, b, side * error, conf_level=conf_level)


def _on_profile(guess, index, target, k, n, x):
    """Return where a profile has a height, by Newton's method from a guess; None if nowhere near.

    The likelihood has the height, and its slope in all other parameters is nought.
    """
    parameters, offset = guess, np.zeros(k.size)
    others = np.delete(np.arange(guess.size), index)
    for _ in range(25):
        value, gradient, hessian = likelihood(parameters, k, n, x, offset)
        slopes = np.vstack([gradient, hessian[others]])
        if not np.linalg.cond(slopes) < _SINGULAR:
            return None
        step = -np.linalg.solve(slopes, np.append(value - target, gradient[others]))
        parameters = parameters + step * min(1.0, 1 / np.abs(step).max(initial=1e-300))
        if np.abs(parameters).max() > MOST_LOGIT:
            return None
        if np.abs(step).max() < 1e-9:
            return parameters
    return None


def profile_end(
    n_event: ArrayLike,
    n: ArrayLike,
    design: ArrayLike,
    index: int,
    maximum: float,
    start: float,
    step: float,
    *,
    conf_level: float = 0.95,
) -> float:
    """Find one profile-likelihood limit of a coefficient, its estimate finite or not.

    Parameters
    ----------
    n_event, n, design : array_like
        As for `fit_binomial_normal`.
    index : int
        Which coefficient.
    maximum : float
        The highest log-likelihood, or its supremum where the estimate is infinite.
    start : float
        A value on the near side of the limit.
    step : float
        Where to go from it, and how far at first.
    conf_level : float
        Confidence level.

    Returns
    -------
    float
        The limit; infinite where the likelihood stays above.
    """
    k, n, x = np.asarray(n_event, float), np.asarray(n, float), np.asarray(design, float)
    rest = np.delete(x, index, axis=1)
    drop = NormalDist().inv_cdf(0.5 + conf_level / 2) ** 2 / 2

    def loss(value: float) -> float:
        return maximum - maximise(k, n, rest, x[:, index] * value)[2] - drop

    far = start + step
    while loss(far) < 0:
        step *= 2
        far = start + step
        if abs(far) > MOST_LOGIT:
            return float(np.copysign(np.inf, step))
    if step > 0:
        return find_root(loss, start, far, width=1e-9)
    return -find_root(lambda value: loss(-value), -start, -far, width=1e-9)


def prediction_limits(fit: BinomialNormal, *, conf_level: float = 0.95) -> tuple[float, float]:
    """Compute where the log odds of a new trial lie, for a model with a constant only.

    Parameters
    ----------
    fit : BinomialNormal
        The fitted model of k trials.
    conf_level : float
        Level of the interval.

    Returns
    -------
    low, high : float
        The estimate -/+ t(k - 2) sqrt(std_error^2 + tau^2).

    References
    ----------
    Higgins JPT, Thompson SG, Spiegelhalter DJ. J R Stat Soc A 2009; 172: 137-159.
    """
    from scipy.special import stdtrit

    t = float(stdtrit(fit.n.size - 2, 0.5 + conf_level / 2))
    half = t * float(np.hypot(fit.std_error[0], fit.tau))
    return float(fit.coefficients[0] - half), float(fit.coefficients[0] + half)


def trial_log_likelihood(
    n_event: ArrayLike, n: ArrayLike, logit: ArrayLike, tau: ArrayLike, *, nodes: int = 65
) -> NDArray[np.float64]:
    """Compute the log-likelihood of trials at given log odds and spread between them.

    nodes : Points of the quadrature; 65 are enough for six digits while tau is up to 6.

    Returns: log of the probability of each count, the binomial coefficient included.
    """
    k, n, mean, tau = np.broadcast_arrays(*(np.asarray(v, float) for v in (n_event, n, logit, tau)))
    return integrals(k, n, mean, tau, nodes)[0] + log_choose(k, n)
