"""The likelihood of the binomial-normal model, and where it is highest."""

from __future__ import annotations

from functools import cache

import numpy as np

# Log odds and spread beyond which probabilities are 0 or 1 in double precision.
MOST_LOGIT = 60.0
_NODES = 161
# The integrand is followed down to exp(-37) = 1e-16 of its height.
_DROP = 37.0
# How far to step from a place between two hills.
_STEP = 0.1


def log_choose(k, n):
    from scipy.special import gammaln

    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)


def integrals(k, n, mean, tau, nodes):
    """Return the log of each trial's integral, the nodes of u and their posterior weights.

    The trapezoid between the points where the integrand has fallen to 1e-16 of its height
    converges exponentially. Gauss-Hermite does not where tau is large: a trial without an event
    then leaves half of a normal density, cut off sharply.
    """
    from scipy.special import expit

    def height(u):
        eta = mean + tau * u
        return k * eta - n * np.logaddexp(0, eta) - u**2 / 2

    # The mode is where the slope, which falls, is nought: it lies between these.
    low, high = tau * (k - n), tau * k
    u, step = np.zeros_like(mean), np.full_like(mean, np.inf)
    for _ in range(90):
        p = expit(mean + tau * u)
        rise = tau * (k - n * p) - u
        low, high = np.where(rise > 0, u, low), np.where(rise > 0, high, u)
        newton = u + rise / (1 + tau**2 * n * p * (1 - p))
        # Newton's steps may go to and fro between two flat ends; halving ends that.
        good = (newton >= low) & (newton <= high) & (np.abs(newton - u) <= step / 2)
        new = np.where(good, newton, (low + high) / 2)
        step, u = np.abs(new - u), new
        if step.max(initial=0) < 1e-6:
            break
    top = height(u)
    # The curvature is 1 or more, so the drop is reached by here, on either side; Newton's steps on
    # a concave function come back from outside and stay outside.
    ends = np.stack([u - np.sqrt(2 * _DROP), u + np.sqrt(2 * _DROP)])
    for _ in range(4):
        slope = tau * (k - n * expit(mean + tau * ends)) - ends
        ends = ends - (height(ends) - top + _DROP) / slope
    wide = ends[1] - ends[0]
    at = ends[0][..., None] + wide[..., None] * _shares(nodes)
    eta = mean[..., None] + tau[..., None] * at
    terms = k[..., None] * eta - n[..., None] * np.logaddexp(0, eta) - at**2 / 2 - top[..., None]
    weight = np.exp(terms)
    total = weight.sum(axis=-1)
    logs = top + np.log(total * (wide / (nodes - 1))) - np.log(2 * np.pi) / 2
    return logs, at, weight / total[..., None]


@cache
def _shares(nodes):
    """Return the nodes' places between the two ends."""
    return np.linspace(0, 1, nodes)


def likelihood(parameters, k, n, x, offset):
    """Return log-likelihood, gradient and Hessian in the coefficients and tau (of either sign)."""
    from scipy.special import expit

    b, tau = parameters[:-1], parameters[-1]
    mean = np.clip(x @ b + offset, -300, 300)
    # A sign of tau mirrors u and changes nothing: without a boundary the search is plain.
    logs, at, weight = integrals(k, n, mean, np.full(k.size, abs(tau)), _NODES)
    p = expit(mean[:, None] + abs(tau) * at)
    residual, curve = k[:, None] - n[:, None] * p, -n[:, None] * p * (1 - p)
    # Fisher's and Louis's identities: moments of the complete-data score given the counts.
    z = np.empty((*at.shape, parameters.size))
    z[..., :-1], z[..., -1] = x[:, None, :], at
    score = residual[..., None] * z
    weighted = weight[..., None] * score
    mean_score = weighted.sum(axis=1)
    curved = (weight * curve)[..., None] * z
    size = parameters.size
    hessian = z.reshape(-1, size).T @ curved.reshape(-1, size)
    hessian += score.reshape(-1, size).T @ weighted.reshape(-1, size) - mean_score.T @ mean_score
    gradient = mean_score.sum(axis=0)
    if tau < 0:
        gradient[-1] *= -1
        hessian[-1, :-1] *= -1
        hessian[:-1, -1] *= -1
    return float((logs + log_choose(k, n)).sum()), gradient, hessian


def maximise(k, n, x, offset):
    """Return coefficients, tau and the maximum, from several starts: tau = 0 is always level."""
    b = _plain_logistic(k, n, x, offset)
    best = (b, 0.0, likelihood(np.append(b, 0.0), k, n, x, offset)[0])
    for start in (0.5, 2.5):
        parameters, value = _climb(np.append(b, start), k, n, x, offset)
        if value > best[2] + 1e-10 and abs(parameters[-1]) > 1e-6:
            best = (parameters[:-1], float(abs(parameters[-1])), value)
    return best


def _climb(parameters, k, n, x, offset):
    """Return the maximum that Newton's steps reach, each kept short and leading up."""
    value, gradient, hessian = likelihood(parameters, k, n, x, offset)
    for _ in range(60):
        curves, axes = np.linalg.eigh(-hessian)
        # Where the likelihood is flat or bends upwards, the slope alone says where to go.
        step = axes @ ((axes.T @ gradient) / np.maximum(np.abs(curves), 1e-6))
        step *= min(1.0, 2 / max(np.abs(step).max(), 1e-300))
        if curves[0] < -1e-6 and gradient @ step < 1e-9:
            # Level, but a valley: no spread, where some spread is more likely.
            step = axes[:, 0] * _STEP
        elif gradient @ step < 1e-9:
            # The gain is beneath the error of the quadrature; Newton's last step squares it.
            parameters = parameters + step
            value = likelihood(parameters, k, n, x, offset)[0]
            break
        there = likelihood(parameters + step, k, n, x, offset)
        while there[0] < value - 1e-9 and np.abs(step).max() > 1e-8:
            step = step / 4
            there = likelihood(parameters + step, k, n, x, offset)
        if np.abs(step).max() <= 1e-8 or np.abs(parameters + step).max() > MOST_LOGIT:
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
        b = np.clip(b + step, -MOST_LOGIT / 2, MOST_LOGIT / 2)
        now = value(b)
        if np.abs(step).max() < 1e-11:
            break
    return b
