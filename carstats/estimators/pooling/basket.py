"""Response rates of baskets that borrow from each other: hierarchical model and EXNEX."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.errors import CarstatsError
from carstats.estimators.pooling.basket_grid import BasketPrior, Grid, make_grid
from carstats.estimators.pooling.basket_limits import posterior_limits
from carstats.estimators.pooling.basket_sums import SUMS, conditional_sums
from carstats.estimators.pooling.exnex import standalone_sums
from carstats.messages import message

ACCURACY = 5e-5
_MOST_HALVINGS = 3
# Trials on which a batch settles its grid.
_TRIED = 5
_BATCH = ("like", "rate", "above")
# A likelihood below this cannot matter; its logarithm must stay finite.
_TINY = 1e-300
# Trials whose weights are held at a time: some 60 MB.
_CHUNK = 8_000_000


@dataclass(frozen=True)
class BasketFit:
    """Posterior of K baskets.

    Attributes
    ----------
    mean, std_dev : ndarray, shape (K,)
        Of each basket's rate.
    low, high : ndarray, shape (K,)
        Equal-tailed credible limits.
    above : ndarray, shape (K,)
        Probability that the rate is above the reference.
    borrowing_weight : ndarray, shape (K,)
        Posterior mean of 1 / (1 + tau^2 n p (1 - p)): the share of the precision of a basket's log
        odds that comes from mu and so from the other baskets and the prior, against the
        information n p (1 - p) of its own subjects. 0 where it stands alone, 1 without subjects.
    p_exchangeable : ndarray, shape (K,)
        Posterior probability that the basket belongs with the others; 1 in the hierarchical model.
    ess : ndarray, shape (K,)
        Effective sample size: a + b of the beta distribution with the posterior's mean and
        variance, m (1 - m) / v - 1.
    ess_borrowed : ndarray, shape (K,)
        `ess` less the basket's own subjects; negative where the others disagree so much that the
        posterior is wider than the basket's own data.
    tau : float
        Posterior mean of the standard deviation between baskets; infinite under the half-Cauchy
        with fewer than two informative baskets, hence the median beside it.
    tau_median : float
        Its posterior median, by interpolation between the nodes.
    accuracy : float
        Largest difference of `mean`, `std_dev` and `borrowing_weight` from the sums over every
        second node of mu and of tau.
    nodes : int
        Pairs of mu and tau.
    """

    mean: NDArray[np.float64]
    std_dev: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    above: NDArray[np.float64]
    borrowing_weight: NDArray[np.float64]
    p_exchangeable: NDArray[np.float64]
    ess: NDArray[np.float64]
    ess_borrowed: NDArray[np.float64]
    tau: float
    tau_median: float
    accuracy: float
    nodes: int


def fit_baskets(
    y: ArrayLike,
    n: ArrayLike,
    prior: BasketPrior | None = None,
    *,
    reference: float = 0.5,
    conf_level: float = 0.95,
) -> BasketFit:
    """Estimate the rates of baskets that share a distribution.

    y_k is binomial(n_k, p_k), the log odds of p_k are normal(mu, tau^2) (with EXNEX: with a given
    probability, else they have a normal prior of their own). Given mu and tau the baskets are
    independent, so that the posterior takes one integral over each basket's log odds and one over
    (mu, tau), and EXNEX no sum over the 2^K ways to belong or not. All are sums over fixed nodes:
    no random numbers. Steps are halved until every second node gives the same to 5e-5.

    Parameters
    ----------
    y, n : array_like of int, shape (K,)
        Responders and subjects; `n` may be 0.
    prior : BasketPrior, optional
        The priors.
    reference : float
        The rate for the probability above it.
    conf_level : float
        Level of the credible limits.

    Returns
    -------
    BasketFit
        The posterior.

    Raises
    ------
    CarstatsError
        If a count is not possible.

    References
    ----------
    Berry SM, Broglio KR, Groshen S, Berry DA. Clin Trials 2013; 10: 720-734.
    Neuenschwander B, Wandel S, Roychoudhury S, Bailey S. Pharm Stat 2016; 15: 123-134.
    """
    y, n = checked_counts(y, n)
    prior = prior or BasketPrior()
    grid, accuracy, found, ratios, log_weight, belonging = _settled(y, n, prior, reference)
    posterior = _posterior(log_weight)
    above = np.clip(_expected(posterior, ratios["above"]), 0.0, 1.0)
    belongs = _expected(posterior, belonging)
    mean, std_dev, borrowed = found
    like = np.maximum(ratios["like"], _TINY)
    priors = np.array([_of_basket(prior, k, n.size) for k in range(n.size)])
    low, high = posterior_limits(
        grid,
        y,
        n,
        priors[:, :1, None] * posterior / like,
        (1 - priors[:, 0]) * _expected(posterior, 1 / like),
        priors[:, 1:],
        conf_level=conf_level,
    )
    ess = mean * (1 - mean) / std_dev**2 - 1
    tau_weight = posterior.sum(axis=1)
    return BasketFit(
        mean,
        std_dev,
        low,
        high,
        above,
        borrowed,
        belongs,
        ess,
        ess - n,
        float(tau_weight @ grid.tau),
        _median(grid.tau, tau_weight),
        accuracy,
        posterior.size,
    )


def basket_batch(
    y: ArrayLike,
    n: ArrayLike,
    prior: BasketPrior | None = None,
    *,
    reference: float = 0.5,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Estimate the rates of many trials of the same baskets.

    Parameters
    ----------
    y : array_like of int, shape (B, K)
        Responders of B trials.
    n : array_like of int, shape (K,)
        Subjects, the same in all.
    prior : BasketPrior, optional
        The priors.
    reference : float
        The rate for the probability above it.
    progress : callable, optional
        Called with the number of distinct trials done and of all.

    Returns
    -------
    mean, above : ndarray, shape (B, K)
        Posterior mean of each rate, and the probability that it is above the reference.

    Raises
    ------
    CarstatsError
        If a count is not possible.
    """
    y, n = checked_counts(y, n)
    prior = prior or BasketPrior()
    trials, back = np.unique(y, axis=0, return_inverse=True)
    # A basket's integrals depend on its own count alone: one table for each count that occurs.
    some = trials[np.linspace(0, len(trials) - 1, min(len(trials), _TRIED)).astype(int)]
    grid = max((_settled(trial, n, prior, reference)[0] for trial in some), key=_nodes)
    log_weight = np.log(np.maximum(np.outer(grid.tau_weight, grid.mu_weight), _TINY)).ravel()
    tables = []
    for k in range(n.size):
        counts, place = np.unique(trials[:, k], return_inverse=True)
        each = _of_basket(prior, k, n.size)
        sizes = np.full(counts.size, n[k])
        sums, _ = _mixture(grid, each, counts, sizes, reference, _BATCH)
        like = sums["like"].reshape(counts.size, -1)
        ratios = [(sums[name] / sums["like"]).reshape(counts.size, -1) for name in _BATCH[1:]]
        tables.append((place.reshape(-1), np.log(np.maximum(like, _TINY)), ratios))
    found = np.empty((2, *trials.shape))
    size = max(1, _CHUNK // log_weight.size)
    for start in range(0, len(trials), size):
        part = slice(start, start + size)
        weight = np.tile(log_weight, (len(trials[part]), 1))
        for place, log_like, _ in tables:
            weight += log_like[place[part]]
        weight -= weight.max(axis=1, keepdims=True)
        np.exp(weight, out=weight)
        weight /= weight.sum(axis=1, keepdims=True)
        for k, (place, _, ratios) in enumerate(tables):
            for f, ratio in enumerate(ratios):
                whole = weight @ ratio.T
                found[f, part, k] = np.take_along_axis(whole, place[part, None], axis=1)[:, 0]
        if progress:
            progress(min(start + size, len(trials)), len(trials))
    mean, above = found[:, back.reshape(-1)]
    return mean, np.clip(above, 0.0, 1.0)


def checked_counts(y: ArrayLike, n: ArrayLike) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Return counts as whole numbers."""
    y, n = np.asarray(y, float), np.asarray(n, float)
    if n.ndim != 1 or not n.size or y.shape[-1:] != n.shape:
        raise CarstatsError(
            message("`y` and `n` take a count for each basket, of at least one basket.")
        )
    whole = all(np.isfinite(v).all() and not (v % 1).any() for v in (y, n))
    if not whole or (y < 0).any() or (y > n).any():
        raise CarstatsError(message("`y` and `n` take whole numbers with 0 <= y <= n."))
    return y.astype(int), n.astype(int)


def _settled(y, n, prior: BasketPrior, reference: float):
    """Halve the steps of tau, or of mu, until every second node gives the same."""
    halvings = [0, 0]
    while True:
        grid = make_grid(prior, n, halvings=(halvings[0], halvings[1]))
        ratios, log_weight, belonging = _mixed(grid, prior, y, n, reference)
        found = _moments(ratios, log_weight)
        errors = []
        for thin in ((slice(None, None, 2), slice(None)), (slice(None), slice(None, None, 2))):
            fewer = {name: ratio[:, *thin] for name, ratio in ratios.items()}
            errors.append(float(np.abs(found - _moments(fewer, log_weight[thin])).max()))
        if prior.tau_prior == "fixed":
            errors[0] = 0.0
        pairs = zip(errors, halvings, strict=True)
        rough = [error >= ACCURACY and h < _MOST_HALVINGS for error, h in pairs]
        if not any(rough):
            return grid, max(errors), found, ratios, log_weight, belonging
        halvings = [h + r for h, r in zip(halvings, rough, strict=True)]


def _nodes(grid: Grid) -> int:
    return grid.tau.size * grid.mu.size


def _of_basket(prior: BasketPrior, k: int, size: int) -> tuple[float, float, float]:
    """Return a basket's probability to belong, and rate and deviation where it does not."""
    each = []
    for name in ("exchangeable", "nex_rate", "nex_sd"):
        value = np.atleast_1d(np.asarray(getattr(prior, name), float))
        if value.size not in (1, size):
            raise CarstatsError(
                message(
                    "`{name}` has {n} values for {n_baskets} baskets; give one, or one for each.",
                    name=name,
                    n=value.size,
                    n_baskets=size,
                )
            )
        each.append(float(value[k if value.size > 1 else 0]))
    return each[0], each[1], each[2]


def _mixture(grid: Grid, each, y, n, reference: float, names):
    """Sums (C, T, M) of baskets with the same prior, and the part of `like` that belongs."""
    exchangeable, nex_rate, nex_sd = each
    sums = conditional_sums(grid, y, n, reference=reference, names=names)
    belongs = exchangeable * sums["like"]
    if exchangeable < 1:
        alone = standalone_sums(y, n, nex_rate, nex_sd, reference=reference)
        sums = {
            name: exchangeable * value + (1 - exchangeable) * alone[name][:, None, None]
            for name, value in sums.items()
        }
    return sums, belongs


def _mixed(grid: Grid, prior: BasketPrior, y, n, reference: float):
    """Sums of all baskets, divided by `like`, but `like` itself; log weights; part that belongs."""
    priors = [_of_basket(prior, k, n.size) for k in range(n.size)]
    every = None
    belongs = np.empty(0)
    for each in dict.fromkeys(priors):
        here = np.array([p == each for p in priors])
        found, part = _mixture(grid, each, y[here], n[here], reference, SUMS)
        if every is None:
            every = {name: np.empty((n.size, *value.shape[1:])) for name, value in found.items()}
            belongs = np.empty((n.size, *part.shape[1:]))
        for name, value in found.items():
            every[name][here] = value
        belongs[here] = part
    like = np.maximum(every["like"], _TINY)
    ratios = {name: value / like for name, value in every.items() if name != "like"}
    log_weight = np.log(np.maximum(np.outer(grid.tau_weight, grid.mu_weight), _TINY))
    return ratios | {"like": every["like"]}, log_weight + np.log(like).sum(axis=0), belongs / like


def _posterior(log_weight):
    weight = np.exp(log_weight - log_weight.max())
    return weight / weight.sum()


def _expected(posterior, ratio):
    return np.tensordot(ratio, posterior, axes=2)


def _moments(ratios, log_weight):
    """Mean and standard deviation of each rate, and borrowing weight: (3, K)."""
    posterior = _posterior(log_weight)
    mean, square, borrowed = (
        _expected(posterior, ratios[name]) for name in ("rate", "square", "borrowed")
    )
    std_dev = np.sqrt(np.maximum(square - mean**2, 0.0))
    # The weights add up to 1 but for rounding.
    return np.stack([mean, std_dev, np.minimum(borrowed, 1.0)])


def _median(tau, weight) -> float:
    if tau.size == 1:
        return float(tau[0])
    # A node's weight lies around it: half of it below.
    below = np.cumsum(weight) - weight / 2
    return float(np.interp(0.5, below, tau))
