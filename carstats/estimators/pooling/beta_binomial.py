"""The beta-binomial model of rates that differ between trials: likelihood and Bayes, no sampling.

Trial i has a rate of its own, drawn from a beta distribution with mean `mean` and intraclass
correlation `correlation`; its events are binomial given that rate. A correlation of 0 is one common
rate. The standard deviation between trials is the root of mean (1 - mean) correlation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.errors import CarstatsError
from carstats.estimators.root_finding import find_root
from carstats.messages import message

# Where the correlation is looked for: fine near 0, where most trials are.
_CORRELATIONS = np.concatenate([[0.0], np.linspace(0, 1, 62)[1:-1] ** 2])
_MEAN_CELLS, _CORRELATION_CELLS = 360, 120
_BLOCK = (5, 4)
_POINTS = 201


@dataclass(frozen=True)
class BetaBinomialFit:
    """The beta-binomial by maximum likelihood.

    Attributes
    ----------
    mean, low, high : float
        Mean rate of the trials with limits by profile likelihood.
    correlation : float
        Intraclass correlation from 0 to 1; NaN where no trial, or every subject of all trials, had
        the event, which says nothing of it.
    spread : float
        Standard deviation of the trials' rates.
    log_likelihood : float
        At the maximum, binomial coefficients included.
    """

    mean: float
    low: float
    high: float
    correlation: float
    spread: float
    log_likelihood: float


@dataclass(frozen=True)
class BetaBinomialPosterior:
    """What is known of mean and correlation, as weights on a grid.

    Attributes
    ----------
    mean : ndarray, shape (M,)
        Mean rates.
    correlation : ndarray, shape (R,)
        Intraclass correlations.
    weight : ndarray, shape (M, R)
        Posterior probability of each cell; they add up to 1.
    """

    mean: NDArray[np.float64]
    correlation: NDArray[np.float64]
    weight: NDArray[np.float64]


@dataclass(frozen=True)
class ProbabilityLower:
    """How probable it is that a rate lies below those of the trials.

    Attributes
    ----------
    than_mean : float
        Than the trials' mean rate.
    than_new_trial : float
        Than the rate of one more such trial, so that the spread between trials counts too.
    """

    than_mean: float
    than_new_trial: float


def fit_beta_binomial(
    n_event: ArrayLike, n: ArrayLike, *, conf_level: float = 0.95
) -> BetaBinomialFit:
    """Estimate the mean rate of trials and their spread by maximum likelihood.

    Parameters
    ----------
    n_event, n : array_like of int, shape (trials,)
        Subjects with the event and subjects of each trial.
    conf_level : float
        Confidence level of the profile-likelihood limits of the mean.

    Returns
    -------
    BetaBinomialFit
        The estimates. With few trials the limits are somewhat short; the posterior allows for the
        uncertainty of the correlation.

    Raises
    ------
    CarstatsError
        If there is no trial, or a count is impossible.

    References
    ----------
    Skellam JG. J R Stat Soc B 1948; 10: 257-261.
    Griffiths DA. Biometrics 1973; 29: 637-648.
    """
    from scipy.special import chdtri

    k, n = _counts(n_event, n)
    drop = chdtri(1, 1 - conf_level) / 2
    if k.sum() in (0, n.sum()):
        mean, correlation, best = float(k.sum() > 0), np.nan, 0.0
    else:
        mean = _best_mean(k, n)
        best, correlation = _profile(k, n, mean)

    def fallen(at: float) -> float:
        return best - _profile(k, n, at)[0] - drop

    # The profile falls on both sides of its maximum.
    edge = 1e-12
    low = 0.0 if mean == 0 else -find_root(lambda x: fallen(-x), -mean, -edge)
    high = 1.0 if mean == 1 else find_root(fallen, mean, 1 - edge)
    spread = float(np.sqrt(mean * (1 - mean) * correlation)) if 0 < mean < 1 else np.nan
    return BetaBinomialFit(mean, float(low), float(high), float(correlation), spread, float(best))


def beta_binomial_posterior(
    n_event: ArrayLike,
    n: ArrayLike,
    *,
    prior_mean: tuple[float, float] = (0.5, 0.5),
    prior_correlation: tuple[float, float] = (1.0, 9.0),
) -> BetaBinomialPosterior:
    """Compute what the trials say of their mean rate and its spread, on a fixed grid.

    Parameters
    ----------
    n_event, n : array_like of int, shape (trials,)
        Subjects with the event and subjects of each trial.
    prior_mean, prior_correlation : (float, float)
        Parameters of the beta priors. The defaults are Jeffreys' for the mean, and for the
        correlation one of mean 0.1 that puts 95 % below 0.28: with three trials a uniform one
        would leave the mean rate anywhere. (1, 1) is that, for a sensitivity analysis.

    Returns
    -------
    BetaBinomialPosterior
        The same numbers on every run: nothing is sampled.

    Raises
    ------
    CarstatsError
        If there is no trial, or a count is impossible.
    """
    from scipy.special import xlog1py, xlogy

    k, n = _counts(n_event, n)
    # Jeffreys' prior is uniform in the angle; the square makes the grid fine at small correlations.
    angle = (np.arange(_MEAN_CELLS) + 0.5) / _MEAN_CELLS * np.pi / 2
    root = (np.arange(_CORRELATION_CELLS) + 0.5) / _CORRELATION_CELLS
    mean, correlation = np.sin(angle) ** 2, root**2
    a, b = prior_mean
    log_mean = xlogy(a - 0.5, mean) + xlog1py(b - 0.5, -mean)
    a, b = prior_correlation
    log_correlation = xlogy(a - 1, correlation) + xlog1py(b - 1, -correlation) + np.log(root)
    log_weight = log_mean[:, None] + log_correlation + _log_on_grid(k, n, mean, correlation)
    weight = np.exp(log_weight - log_weight.max())
    return BetaBinomialPosterior(mean, correlation, weight / weight.sum())


def mean_quantile(posterior: BetaBinomialPosterior, p: ArrayLike) -> NDArray[np.float64]:
    """Compute posterior quantiles of the mean rate.

    Parameters
    ----------
    posterior : BetaBinomialPosterior
        Made by `beta_binomial_posterior`.
    p : array_like, shape (K,)
        Probabilities.

    Returns
    -------
    ndarray, shape (K,)
        The quantiles.
    """
    return _grid_quantile(posterior.weight.sum(axis=1), p)


def spread_quantile(posterior: BetaBinomialPosterior, p: ArrayLike) -> NDArray[np.float64]:
    """Compute posterior quantiles of the standard deviation of the trials' rates.

    Parameters
    ----------
    posterior : BetaBinomialPosterior
        Made by `beta_binomial_posterior`.
    p : array_like, shape (K,)
        Probabilities.

    Returns
    -------
    ndarray, shape (K,)
        The quantiles.
    """
    m = posterior.mean[:, None]
    spread = np.sqrt(m * (1 - m) * posterior.correlation).ravel()
    order = np.argsort(spread, kind="stable")
    heap = np.cumsum(posterior.weight.ravel()[order])
    return np.interp(np.asarray(p, float), heap, spread[order])


def new_trial_quantile(posterior: BetaBinomialPosterior, p: ArrayLike) -> NDArray[np.float64]:
    """Compute quantiles of the rate that one more such trial would have.

    Parameters
    ----------
    posterior : BetaBinomialPosterior
        Made by `beta_binomial_posterior`.
    p : array_like, shape (K,)
        Probabilities.

    Returns
    -------
    ndarray, shape (K,)
        The quantiles.
    """
    x = np.sin(np.linspace(0, np.pi / 2, _POINTS)) ** 2
    return np.interp(np.asarray(p, float), _new_trial_cdf(posterior, x), x)


def probability_lower(
    n_event: int,
    n: int,
    posterior: BetaBinomialPosterior,
    *,
    prior: tuple[float, float] = (0.5, 0.5),
) -> ProbabilityLower:
    """Compute how probable it is that a cohort's rate is lower than that of the trials.

    Parameters
    ----------
    n_event, n : int
        The cohort's subjects with the event, and its subjects.
    posterior : BetaBinomialPosterior
        Of the trials.
    prior : (float, float)
        Parameters of the beta prior of the cohort's rate; Jeffreys' by default.

    Returns
    -------
    ProbabilityLower
        Than the mean of the trials, and than a new one of them.
    """
    from scipy.special import betainc

    a, b = n_event + prior[0], n - n_event + prior[1]
    than_mean = float(posterior.weight.sum(axis=1) @ betainc(a, b, posterior.mean))
    x = np.sin(np.linspace(0, np.pi / 2, _POINTS)) ** 2
    inside, above = np.diff(betainc(a, b, x)), 1 - _new_trial_cdf(posterior, x)
    # The trapezoid of the chance that the new trial lies above, by the cohort's own distribution.
    return ProbabilityLower(than_mean, float(inside @ (above[1:] + above[:-1]) / 2))


def _counts(n_event: ArrayLike, n: ArrayLike):
    k, n = np.asarray(n_event, float).ravel(), np.asarray(n, float).ravel()
    if k.size != n.size or not k.size:
        raise CarstatsError(message("the counts of the trials are empty or not of one length."))
    if not (((k >= 0) & (k <= n) & (n > 0) & (k % 1 == 0)).all()):
        raise CarstatsError(message("a count is negative, not whole, or exceeds its denominator."))
    return k, n


def _log_likelihood(k, n, mean: float, correlation) -> NDArray[np.float64]:
    """Log-likelihood at one mean for several correlations; exact at a correlation of 0."""
    from scipy.special import gammaln

    ratio = (correlation / (1 - correlation))[:, None]
    total = np.zeros(len(correlation))
    with np.errstate(divide="ignore"):
        for events, size in zip(k, n, strict=True):
            steps = np.arange(size)
            total += np.log(mean + ratio * steps[: int(events)]).sum(axis=1)
            total += np.log(1 - mean + ratio * steps[: int(size - events)]).sum(axis=1)
            total -= np.log1p(ratio * steps).sum(axis=1)
            total += gammaln(size + 1) - gammaln(events + 1) - gammaln(size - events + 1)
    return total


def _profile(k, n, mean: float) -> tuple[float, float]:
    """Largest log-likelihood at a mean, and the correlation that gives it."""
    from scipy.optimize import minimize_scalar

    values = _log_likelihood(k, n, mean, _CORRELATIONS)
    place = int(np.argmax(values))
    ends = _CORRELATIONS[max(place - 1, 0)], _CORRELATIONS[min(place + 1, len(values) - 1)]
    found = minimize_scalar(
        lambda r: -_log_likelihood(k, n, mean, np.array([r]))[0],
        bounds=ends,
        method="bounded",
        options={"xatol": 1e-11},
    )
    if -found.fun > values[place]:
        return float(-found.fun), float(found.x)
    return float(values[place]), float(_CORRELATIONS[place])


def _best_mean(k, n) -> float:
    from scipy.optimize import minimize_scalar

    # The maximum lies between the smallest and the largest rate of the trials.
    rates = k / n
    ends = max(rates.min(), 1e-9), min(rates.max(), 1 - 1e-9)
    if ends[1] - ends[0] < 1e-9:
        return float(k.sum() / n.sum())
    found = minimize_scalar(
        lambda m: -_profile(k, n, m)[0], bounds=ends, method="bounded", options={"xatol": 1e-10}
    )
    return float(found.x)


def _log_on_grid(k, n, mean, correlation) -> NDArray[np.float64]:
    from scipy.special import betaln

    size = (1 - correlation) / correlation
    a, b = mean[:, None] * size, (1 - mean[:, None]) * size
    total = np.zeros((len(mean), len(correlation)))
    start = betaln(a, b)
    for events, subjects in zip(k, n, strict=True):
        total += betaln(a + events, b + subjects - events) - start
    return total


def _grid_quantile(weight, p) -> NDArray[np.float64]:
    """Quantiles of a distribution given by cells that are uniform in the angle."""
    cells = len(weight)
    edges = np.append(0.0, np.cumsum(weight))
    angle = np.interp(np.asarray(p, float), edges, np.linspace(0, np.pi / 2, cells + 1))
    return np.sin(angle) ** 2


def _new_trial_cdf(posterior: BetaBinomialPosterior, x) -> NDArray[np.float64]:
    from scipy.special import betainc

    # The incomplete beta is what takes time, and a mixture hardly feels the width of its cells:
    # blocks of them, each at its own mean, change the third decimal of a quantile at most.
    blocks = (_MEAN_CELLS // _BLOCK[0], _BLOCK[0], _CORRELATION_CELLS // _BLOCK[1], _BLOCK[1])
    full = posterior.weight.reshape(blocks)
    weight = full.sum(axis=(1, 3))
    filled = weight > 1e-7 * weight.max()
    safe = np.where(filled, weight, 1.0)
    mean = (full * posterior.mean.reshape(blocks[0], blocks[1], 1, 1)).sum(axis=(1, 3)) / safe
    correlation = posterior.correlation.reshape(1, 1, *blocks[2:])
    correlation = (full * correlation).sum(axis=(1, 3)) / safe
    weight, mean, correlation = weight[filled], mean[filled], correlation[filled]
    size = (1 - correlation) / correlation
    cdf = betainc(mean * size, (1 - mean) * size, np.asarray(x, float)[:, None])
    return cdf @ (weight / weight.sum())
