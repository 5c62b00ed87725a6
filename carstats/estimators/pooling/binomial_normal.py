"""Counts of several trials: binomial within a trial, log odds normal between them."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.estimators.root_finding import find_root

_NODES = 161
# The integrand is followed down to exp(-37) = 1e-16 of its height.
_DROP = 37.0
# Log odds and spread beyond which probabilities are 0 or 1 in double precision.
_MOST_LOGIT = 60.0


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
    b, tau, value = _maximise(k, n, x, offset)
    _, _, hessian = _likelihood(np.append(b, tau), k, n, x, offset)
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
    b = float(fit.coefficients[index])
    error = float(fit.std_error[index])
    low, high = (
        profile_end(
            fit.n_event, fit.n, fit.design, index, fit.log_likelihood, b, side * error,
            conf_level=conf_level,
        )
        for side in (-1, 1)
    )  # fmt: skip
    return low, high


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
        return maximum - _maximise(k, n, rest, x[:, index] * value)[2] - drop

    far = start + step
    while loss(far) < 0:
        step *= 2
        far = start + step
        if abs(far) > _MOST_LOGIT:
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
    return _integrals(k, n, mean, tau, nodes)[0] + _log_choose(k, n)


def _log_choose(k, n):
    from scipy.special import gammaln

    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)


def _integrals(k, n, mean, tau, nodes):
    """Return the log of each trial's integral, the nodes of u and their posterior weights.

    The trapezoid between the points where the integrand has fallen to 1e-16 of its height
    converges exponentially. Gauss-Hermite does not where tau is large: a trial without an event
    then leaves half of a normal density, cut off sharply.
    """
    from scipy.special import expit

    def height(u):
        eta = mean + tau * u
        return k * eta - n * np.logaddexp(0, eta) - u**2 / 2

    def slope(u):
        return tau * (k - n * expit(mean + tau * u)) - u

    # The mode is where the slope, which falls, is nought: it lies between these.
    low, high = tau * (k - n), tau * k
    u, step = np.zeros_like(mean), np.full_like(mean, np.inf)
    for _ in range(90):
        rise = slope(u)
        low, high = np.where(rise > 0, u, low), np.where(rise > 0, high, u)
        p = expit(mean + tau * u)
        newton = u + rise / (1 + tau**2 * n * p * (1 - p))
        # Newton's steps may go to and fro between two flat ends; halving ends that.
        good = (newton >= low) & (newton <= high) & (np.abs(newton - u) <= step / 2)
        new = np.where(good, newton, (low + high) / 2)
        step, u = np.abs(new - u), new
        if step.max(initial=0) < 1e-6:
            break
    top = height(u)
    ends = []
    for side in (-1, 1):
        # The curvature is 1 or more, so the drop is reached by here; Newton's steps on a concave
        # function come back from outside and stay outside.
        end = u + side * np.sqrt(2 * _DROP)
        for _ in range(4):
            end = end - (height(end) - top + _DROP) / slope(end)
        ends.append(end)
    share = np.linspace(0, 1, nodes)
    at = ends[0][..., None] + (ends[1] - ends[0])[..., None] * share
    eta = mean[..., None] + tau[..., None] * at
    terms = k[..., None] * eta - n[..., None] * np.logaddexp(0, eta) - at**2 / 2 - top[..., None]
    weight = np.exp(terms)
    total = weight.sum(axis=-1)
    step = (ends[1] - ends[0]) / (nodes - 1)
    return top + np.log(total * step) - np.log(2 * np.pi) / 2, at, weight / total[..., None]


def _likelihood(parameters, k, n, x, offset):
    """Return log-likelihood, gradient and Hessian in the coefficients and tau (of either sign)."""
    from scipy.special import expit

    b, tau = parameters[:-1], parameters[-1]
    mean = np.clip(x @ b + offset, -300, 300)
    # A sign of tau mirrors u and changes nothing: without a boundary the search is plain.
    logs, at, weight = _integrals(k, n, mean, np.full(k.size, abs(tau)), _NODES)
    p = expit(mean[:, None] + abs(tau) * at)
    residual, curve = k[:, None] - n[:, None] * p, -n[:, None] * p * (1 - p)
    # Fisher's and Louis's identities: moments of the complete-data score given the counts.
    z = np.concatenate([np.repeat(x[:, None, :], at.shape[1], axis=1), at[..., None]], axis=2)
    score = residual[..., None] * z
    mean_score = np.einsum("iq,iqa->ia", weight, score)
    hessian = np.einsum("iq,iqa,iqb->ab", weight * curve, z, z)
    hessian += np.einsum("iq,iqa,iqb->ab", weight, score, score) - mean_score.T @ mean_score
    gradient = mean_score.sum(axis=0)
    if tau < 0:
        gradient[-1] *= -1
        hessian[-1, :-1] *= -1
        hessian[:-1, -1] *= -1
    return float((logs + _log_choose(k, n)).sum()), gradient, hessian


def _maximise(k, n, x, offset):
    """Return coefficients, tau and the maximum, from several starts: tau = 0 is always level."""
    b = _plain_logistic(k, n, x, offset)
    best = (b, 0.0, _likelihood(np.append(b, 0.0), k, n, x, offset)[0])
    for start in (0.5, 2.5):
        parameters, value = _climb(np.append(b, start), k, n, x, offset)
        if value > best[2] + 1e-10 and abs(parameters[-1]) > 1e-6:
            best = (parameters[:-1], float(abs(parameters[-1])), value)
    return best


def _climb(parameters, k, n, x, offset):
    """Return the maximum that Newton's steps reach, each kept short and leading up."""
    value, gradient, hessian = _likelihood(parameters, k, n, x, offset)
    for _ in range(60):
        curves, axes = np.linalg.eigh(-hessian)
        # Where the likelihood is flat or bends upwards, the slope alone says where to go.
        step = axes @ ((axes.T @ gradient) / np.maximum(np.abs(curves), 1e-6))
        step *= min(1.0, 2 / max(np.abs(step).max(), 1e-300))
        if gradient @ step < 1e-9:
            # The gain is beneath the error of the quadrature; Newton's last step squares it.
            parameters = parameters + step
            value = _likelihood(parameters, k, n, x, offset)[0]
            break
        there = _likelihood(parameters + step, k, n, x, offset)
        while there[0] < value - 1e-9 and np.abs(step).max() > 1e-8:
            step = step / 4
            there = _likelihood(parameters + step, k, n, x, offset)
        if np.abs(step).max() <= 1e-8 or np.abs(parameters + step).max() > _MOST_LOGIT:
            break
        parameters, (value, gradient, hessian) = parameters + step, there
    return parameters, value


def _plain_logistic(k, n, x, offset):
    """Return the coefficients without any spread between trials, by Newton's method."""
    from scipy.special import expit

    b = np.zeros(x.shape[1])
    if not b.size:
        return b

    def value(b):
        eta = x @ b + offset
        return float((k * eta - n * np.logaddexp(0, eta)).sum())

    now = value(b)
    for _ in range(100):
        p = expit(x @ b + offset)
        information = (x.T * (n * p * (1 - p))) @ x + 1e-10 * np.eye(b.size)
        step = np.linalg.solve(information, x.T @ (k - n * p))
        while value(b + step) < now - 1e-12 and np.abs(step).max() > 1e-12:
            step = step / 2
        b = np.clip(b + step, -_MOST_LOGIT / 2, _MOST_LOGIT / 2)
        now = value(b)
        if np.abs(step).max() < 1e-11:
            break
    return b
