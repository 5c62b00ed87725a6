"""What a basket's likelihood integrates to, given mu and tau: the tables of the basket models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.estimators.pooling.basket_grid import (
    STRETCH,
    Grid,
    expit,
    likelihood,
    logit,
    step_weight,
)

SUMS = ("like", "rate", "square", "above", "borrowed")

# Nodes for a basket close to mu, in units of tau. The data of a basket that disagrees with mu pull
# it up to some 6 from there, and 2e-9 of a normal lies beyond another 6.
Z_STEP = 0.4
Z = np.arange(-30, 31) * Z_STEP
Z_WEIGHT = np.exp(-0.5 * Z**2) * Z_STEP / np.sqrt(2 * np.pi)

# So many weights are held at once: baskets of many thousands have fine nodes.
_CELLS = 5_000_000


def is_wide(grid: Grid) -> NDArray[np.bool_]:
    """Return for which tau the fixed nodes of theta resolve the spread between baskets."""
    return grid.tau >= 2.5 * grid.theta_step


def is_resolved(grid: Grid, tau: float) -> bool:
    """Return whether the nodes of mu resolve a normal of standard deviation tau."""
    return bool(tau >= np.diff(grid.mu).max())


def conditional_sums(
    grid: Grid,
    y: ArrayLike,
    n: ArrayLike,
    *,
    reference: float,
    names: Sequence[str] = SUMS,
) -> dict[str, NDArray[np.float64]]:
    """Integrate a basket's likelihood over its log odds, given mu and tau.

    All terms of the sums are positive, so that a likelihood of 1e-200 is as exact as one of 0.1;
    only the probability above a rate has (small) negative weights.

    Returns: the likelihood (relative to its largest value) times 1 (``"like"``), the rate
    (``"rate"``), its square (``"square"``), whether it is above the reference (``"above"``) and the
    share of the precision that comes from the other baskets (``"borrowed"``).
    """
    y, n = np.atleast_1d(np.asarray(y, float)), np.atleast_1d(np.asarray(n, float))
    shape = (y.size, grid.tau.size, grid.mu.size)
    sums = {name: np.empty(shape) for name in names}
    table, rate = _ends_added(grid, y, n)
    above = step_weight((grid.theta - logit(reference)) / grid.theta_step)
    above = np.concatenate([[0.0], above, [1.0]])
    wide = is_wide(grid)
    for t, tau in enumerate(grid.tau):
        if not wide[t]:
            for name, value in _near(grid, y, n, tau, reference, names).items():
                sums[name][:, t] = value
            continue
        factor = {"like": 1.0, "rate": rate, "square": rate**2, "above": above}
        if "borrowed" in names:
            information = (rate * (1 - rate))[:, None] * n
            factor["borrowed"] = 1 / (1 + tau**2 * information)
        stacked = np.hstack([table * _column(factor[name]) for name in names])
        product = np.vstack([weight @ stacked for _, weight in kernel(grid, tau)])
        product = product.T.reshape(len(names), y.size, -1)
        for name, value in zip(names, product, strict=True):
            sums[name][:, t] = value
    return sums


def kernel(grid: Grid, tau: float) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield the weights of the theta nodes, and of all beyond them, for the mu of a slice."""
    step = max(_CELLS // grid.theta.size, 1)
    for start in range(0, grid.mu.size, step):
        rows = slice(start, start + step)
        yield rows, _weights(grid, grid.mu[rows], tau)


def _weights(grid: Grid, mu: NDArray[np.float64], tau: float) -> NDArray[np.float64]:
    from scipy.special import ndtr

    weight = np.empty((mu.size, grid.theta.size + 2))
    inner = weight[:, 1:-1]
    np.subtract(grid.theta, mu[:, None], out=inner)
    inner /= tau
    weight[:, 0], weight[:, -1] = ndtr(inner[:, 0]), ndtr(-inner[:, -1])
    inner *= inner
    inner *= -0.5
    np.exp(inner, out=inner)
    inner *= grid.theta_step / (tau * np.sqrt(2 * np.pi))
    weight[:, [1, -2]] *= 0.5
    return weight


def _ends_added(grid: Grid, y, n):
    """Likelihoods and rates at the theta nodes, with their limits below and above all nodes."""
    table = np.empty((grid.theta.size + 2, y.size))
    table[1:-1] = likelihood(grid.theta, y, n)
    table[0], table[-1] = y == 0, y == n
    return table, np.concatenate([[0.0], expit(grid.theta), [1.0]])


def _column(factor):
    return factor[:, None] if np.ndim(factor) == 1 else factor


def _near(grid: Grid, y, n, tau: float, reference: float, names) -> dict[str, NDArray]:
    """Sums for a small tau: nodes around each mu in units of tau."""
    z, weight = (Z, Z_WEIGHT) if tau > 0 else (np.zeros(1), np.ones(1))
    theta = grid.mu[:, None] + tau * z
    table = likelihood(theta, y, n) * weight[:, None]
    rate = expit(theta)
    factor = {"like": np.ones_like(rate), "rate": rate, "square": rate**2}
    if "above" in names:
        # The step is taken along z or along mu, whichever of them the nodes follow closely.
        if is_resolved(grid, tau):
            distance = (theta - logit(reference)) / (tau * Z_STEP)
        else:
            at = np.arcsinh((logit(reference) - tau * z) / STRETCH)
            distance = (grid.v[:, None] - at) / grid.v_step
        factor["above"] = step_weight(distance)
    found = {}
    for name in names:
        if name == "borrowed":
            information = (rate * (1 - rate))[..., None] * n
            found[name] = (table / (1 + tau**2 * information)).sum(axis=1).T
        else:
            found[name] = (table * factor[name][..., None]).sum(axis=1).T
    return found
