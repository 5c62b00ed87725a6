"""The part of a basket that stands alone in the EXNEX model: one-dimensional integrals."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.estimators.pooling.basket_grid import expit, likelihood, logit, step_weight

# Where a standard normal ends: 1e-13 lies outside.
_REACH = 7.5


def standalone_sums(
    y: ArrayLike, n: ArrayLike, nex_rate: ArrayLike, nex_sd: ArrayLike, *, reference: float
) -> dict[str, NDArray[np.float64]]:
    """Integrate a basket's likelihood over its own prior, nothing borrowed.

    nex_rate, nex_sd : The log odds are normal around logit(`nex_rate`) with standard deviation
        `nex_sd`.

    Returns: integrals of the likelihood (relative to its largest value) times 1 (``"like"``), the
    rate (``"rate"``), its square (``"square"``), whether it is above the reference (``"above"``)
    and 0 (``"borrowed"``: a basket that stands alone borrows nothing).

    Neuenschwander B, Wandel S, Roychoudhury S, Bailey S. Pharm Stat 2016; 15: 123-134.
    """
    y, n, nex_rate, nex_sd = np.broadcast_arrays(
        *(np.atleast_1d(np.asarray(v, float)) for v in (y, n, nex_rate, nex_sd))
    )
    sums = {name: np.zeros(y.size) for name in ("like", "rate", "square", "above", "borrowed")}
    for c in range(y.size):
        theta, weight, step = standalone_nodes(y[c], n[c], nex_rate[c], nex_sd[c])
        rate = expit(theta)
        above = step_weight((theta - logit(reference)) / step)
        for name, value in {"like": 1, "rate": rate, "square": rate**2, "above": above}.items():
            sums[name][c] = (weight * value).sum()
    return sums


def standalone_nodes(
    y: int, n: int, nex_rate: float, nex_sd: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Return nodes for the log odds of a basket that stands alone.

    nex_rate, nex_sd : The log odds are normal around logit(`nex_rate`) with standard deviation
        `nex_sd`.

    node, weight : Equally spaced log odds, and prior density times likelihood times step.
    step : Distance of the nodes.
    """
    # Half a standard deviation of the narrowest posterior: see `basket_grid`.
    step = 0.5 / np.sqrt(1 + nex_sd**2 * max(n, 1) / 4)
    z = np.arange(-np.ceil(_REACH / step), np.ceil(_REACH / step) + 1) * step
    node = logit(nex_rate) + nex_sd * z
    prior = np.exp(-0.5 * z**2) * step / np.sqrt(2 * np.pi)
    return node, prior * likelihood(node, [y], [n])[:, 0], nex_sd * step
