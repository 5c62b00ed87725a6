"""Counts of several trials under the binomial-normal model, by Bayes and without sampling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.estimators.pooling.binomial_normal import trial_log_likelihood
from carstats.estimators.root_finding import find_root

# A half-normal has less than 1e-8 of its mass beyond this many of its scale.
_FAR = 6.0
_N_TAU = 49
_N_LOGIT = 193
_WIDEST = 36.0


@dataclass(frozen=True)
class BinomialNormalPosterior:
    """The joint posterior of the mean log odds and of the spread between trials, on a grid.

    Attributes
    ----------
    logit : ndarray, shape (m,)
        Equally spaced mean log odds.
    tau : ndarray, shape (t,)
        Equally spaced standard deviations, from 0.
    weight : ndarray, shape (m, t)
        Posterior probability of each point; the sum is 1.
    """

    logit: NDArray[np.float64]
    tau: NDArray[np.float64]
    weight: NDArray[np.float64]

    def logit_quantile(self, probability: float) -> float:
        """Return a quantile of the mean log odds."""
        return _quantile(self.logit, self.weight.sum(axis=1), probability)

    def tau_quantile(self, probability: float) -> float:
        """Return a quantile of the spread."""
        density = self.weight.sum(axis=0)
        # The ends of the interval carry half the weight of a point within.
        ends = np.where((self.tau == self.tau[0]) | (self.tau == self.tau[-1]), 2.0, 1.0)
        return _quantile(self.tau, density * ends, probability)

    def prediction_quantile(self, probability: float) -> float:
        """Return a quantile of the log odds of a new trial."""
        from scipy.special import ndtr

        spread, width = np.where(self.tau > 0, self.tau, 1.0), self.logit[1] - self.logit[0]

        def excess(value: float) -> float:
            below = ndtr((value - self.logit[:, None]) / spread)
            # Without spread a new trial has the mean itself, evenly within its cell of the grid.
            step = np.clip((value - self.logit[:, None]) / width + 0.5, 0, 1)
            return float((self.weight * np.where(self.tau > 0, below, step)).sum()) - probability

        reach = 8 * self.tau[-1]
        return find_root(excess, self.logit[0] - reach, self.logit[-1] + reach, width=1e-9)


def binomial_normal_posterior(
    n_event: ArrayLike, n: ArrayLike, *, tau_scale: float = 1.0
) -> BinomialNormalPosterior:
    """Compute the posterior of the binomial-normal model by integration over a grid.

    The rate of the median trial is uniform between 0 and 1 beforehand, the standard deviation of
    the trials' log odds half-normal. Nothing is sampled: the same data give the same numbers.

    Parameters
    ----------
    n_event : array_like of int, shape (k,)
        Subjects with the event in each trial.
    n : array_like of int, shape (k,)
        Subjects of each trial.
    tau_scale : float
        Scale of the half-normal prior: 1 lets a trial's odds differ by a factor of up to about 7
        from those of the median trial (half of the prior lies under 0.67).

    Returns
    -------
    BinomialNormalPosterior
        Also for one trial, for none, and where every trial has no event or nothing but events;
        tau then rests on its prior.

    References
    ----------
    Roever C, Bender R, Dias S, et al. Res Synth Methods 2021; 12: 448-474 (half-normal priors).
    Smith TC, Spiegelhalter DJ, Thomas A. Stat Med 1995; 14: 2685-2699 (the model).
    """
    k, n = np.asarray(n_event, float), np.asarray(n, float)
    tau = np.linspace(0, _FAR * tau_scale, _N_TAU)
    coarse = np.linspace(-_WIDEST, _WIDEST, 289)
    height = _log_posterior(k, n, coarse, tau[::6], tau_scale).max(axis=1)
    kept = np.flatnonzero(height > height.max() - 30)
    low, high = coarse[max(kept[0] - 1, 0)], coarse[min(kept[-1] + 1, coarse.size - 1)]
    logit = np.linspace(low, high, _N_LOGIT)
    weight = _log_posterior(k, n, logit, tau, tau_scale)
    weight = np.exp(weight - weight.max())
    # The trapezoid along tau; along the log odds the density ends at nought on both sides.
    weight[:, [0, -1]] /= 2
    return BinomialNormalPosterior(logit, tau, weight / weight.sum())


def _log_posterior(k, n, logit, tau, tau_scale):
    """Return the log of the posterior up to a constant, shape (logit, tau)."""
    pairs, times = np.unique(np.stack([k, n], axis=1), axis=0, return_counts=True)
    # Uniform in the rate is logistic in its log odds.
    prior = -np.logaddexp(0, logit) - np.logaddexp(0, -logit)
    total = prior[:, None] - (tau / tau_scale) ** 2 / 2
    for (events, size), times_seen in zip(pairs, times, strict=True):
        total = total + times_seen * trial_log_likelihood(events, size, logit[:, None], tau)
    return total


def _quantile(grid, density, probability) -> float:
    """Return a quantile from density values at equally spaced points."""
    from scipy.interpolate import CubicSpline

    cumulative: Callable = CubicSpline(grid, density).antiderivative()
    whole = float(cumulative(grid[-1]))
    return find_root(
        lambda value: float(cumulative(value)) - probability * whole, grid[0], grid[-1], width=1e-10
    )
