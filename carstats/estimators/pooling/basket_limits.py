"""Credible limits of baskets: the posterior of each basket's log odds, and its quantiles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from carstats.estimators.pooling.basket_grid import STRETCH, Grid, expit, likelihood, step_weight
from carstats.estimators.pooling.basket_sums import Z_WEIGHT, Z, is_resolved, is_wide, kernel
from carstats.estimators.pooling.exnex import standalone_nodes
from carstats.estimators.root_finding import find_root

# Nodes of tau and mu with less than this part of the posterior do not move a limit.
_NEGLIGIBLE = 1e-11
_FAR = 60.0


def posterior_limits(
    grid: Grid,
    y: NDArray[np.int_],
    n: NDArray[np.int_],
    shared: NDArray[np.float64],
    alone: NDArray[np.float64],
    nex: NDArray[np.float64],
    *,
    conf_level: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the equal-tailed credible limits of each basket's rate.

    shared : Posterior of the nodes together with the basket's belonging to the others, divided by
        the basket's likelihood there: what its own likelihood multiplies.
    """
    wide = is_wide(grid)
    weight = shared.sum(axis=0)
    heavy = weight > _NEGLIGIBLE * weight.max()
    smoothed = np.zeros((n.size, grid.theta.size + 2))
    for t in np.flatnonzero(wide & heavy.any(axis=1)):
        for rows, part in kernel(grid, grid.tau[t]):
            smoothed += shared[:, t, rows] @ part
    table = likelihood(grid.theta, y, n)
    limits = np.empty((2, n.size))
    for k in range(n.size):
        parts = [(grid.theta, table[:, k] * smoothed[k, 1:-1], grid.theta_step)]
        parts += _close_parts(grid, np.flatnonzero(~wide), shared[k], y[k], n[k])
        if alone[k] > 0:
            node, mass, step = standalone_nodes(y[k], n[k], *nex[k])
            parts.append((node, alone[k] * mass, step))
        under = smoothed[k, 0] * (y[k] == 0)
        over = smoothed[k, -1] * (y[k] == n[k])
        limits[:, k] = _quantiles(parts, under, over, conf_level)
    low, high = expit(limits)
    return low, high


def _quantiles(parts, under: float, over: float, conf_level: float) -> list[float]:
    """Quantiles of smooth densities that are given as masses on equally spaced nodes."""
    node = np.concatenate([part[0] for part in parts])
    mass = np.concatenate([part[1] for part in parts])
    step = np.concatenate([np.full(part[0].size, part[2]) for part in parts])
    kept = mass > _NEGLIGIBLE * mass.max()
    node, mass, step = node[kept], mass[kept], step[kept]
    total = under + over + mass.sum()

    def between(level: float) -> float:
        def excess(x: float) -> float:
            return under + float(mass @ step_weight((x - node) / step)) - level * total

        return find_root(excess, -_FAR, _FAR, width=1e-10)

    return [between((1 - conf_level) / 2), between((1 + conf_level) / 2)]


def _close_parts(grid: Grid, close, shared, y: int, n: int) -> list[tuple]:
    """Posterior of the log odds for each small tau: mu's, smoothed, times the likelihood."""
    from scipy.interpolate import CubicSpline

    if not close.size:
        return []
    weight = shared[close]
    if not weight.any():
        return []
    bare = np.log(np.maximum(weight / (STRETCH * np.cosh(grid.v) * grid.v_step), 1e-300))
    density = CubicSpline(grid.v, bare, axis=1)
    own = weight * likelihood(grid.mu, [y], [n])[:, 0]
    inside = grid.mu[(own > _NEGLIGIBLE * own.max()).any(axis=0)]
    step = float(np.diff(grid.mu).min())
    reach = grid.tau[close[-1]] * Z[-1]
    node = np.arange(inside[0] - reach, inside[-1] + reach + step, step)
    mass = np.zeros(node.size)
    for i, tau in enumerate(grid.tau[close]):
        if is_resolved(grid, tau):
            z = (node[:, None] - grid.mu) / tau
            mass += np.exp(-0.5 * z**2) @ weight[i] / (tau * np.sqrt(2 * np.pi))
            continue
        z, z_weight = (Z, Z_WEIGHT) if tau > 0 else (np.zeros(1), np.ones(1))
        v = np.arcsinh((node[:, None] - tau * z) / STRETCH)
        there = (v >= grid.v[0]) & (v <= grid.v[-1])
        at = CubicSpline.construct_fast(density.c[:, :, i], density.x)(v)
        mass += np.where(there, np.exp(at), 0.0) @ z_weight
    return [(node, mass * likelihood(node, [y], [n])[:, 0] * step, step)]
