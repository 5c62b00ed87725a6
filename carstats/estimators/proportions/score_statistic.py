"""The score statistic of two proportions, at a difference or a ratio that is supposed."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

CONTRASTS = ("difference", "ratio")

# The largest ratio at which the statistic is looked at; beyond it a limit is infinite.
_LAST = 1 - 1e-12


def constrained_proportions(
    n_event: tuple[ArrayLike, ArrayLike],
    n: tuple[ArrayLike, ArrayLike],
    value: ArrayLike,
    contrast: str = "difference",
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute the most likely pair of proportions with a given difference or ratio.

    value : First less second proportion, from -1 to 1; or first by second, positive.

    Miettinen O, Nurminen M. Stat Med 1985; 4: 213-226, appendices.
    """
    k1, k2, n1, n2, value = np.broadcast_arrays(
        *(np.asarray(v, float) for v in (*n_event, *n, value))
    )
    total, events = n1 + n2, k1 + k2
    if contrast == "ratio":
        a, b = total * value, n1 * value + k1 + n2 + k2 * value
        # The smaller root, written so that nothing cancels for a small ratio.
        second = 2 * events / (b + np.sqrt(np.maximum(b * b - 4 * a * events, 0.0)))
        return np.clip(value * second, 0.0, 1.0), np.clip(second, 0.0, 1.0)
    l2 = (n1 + 2 * n2) * value - total - events
    l1 = (n2 * value - total - 2 * k2) * value + events
    l0 = k2 * value * (1 - value)
    q = (l2 / (3 * total)) ** 3 - l1 * l2 / (6 * total**2) + l0 / (2 * total)
    root = np.sqrt(np.maximum((l2 / (3 * total)) ** 2 - l1 / (3 * total), 0.0))
    p = np.where(q < 0, -root, root)
    cube = np.where(p == 0, 1.0, p**3)
    angle = (np.pi + np.arccos(np.clip(q / cube, -1.0, 1.0))) / 3
    second = 2 * p * np.cos(angle) - l2 / (3 * total)
    # Without a difference the two are pooled: no need to lose digits in the cubic.
    second = np.where(value == 0, events / total, second)
    second = np.clip(second, np.maximum(0.0, -value), np.minimum(1.0, 1 - value))
    return second + value, second


def score_parts(
    n_event: tuple[ArrayLike, ArrayLike],
    n: tuple[ArrayLike, ArrayLike],
    value: ArrayLike,
    contrast: str = "difference",
    *,
    corrected: bool = True,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Compute what the score statistic is made of.

    corrected : Whether the variance has Miettinen and Nurminen's factor N / (N - 1).

    excess : Observed less supposed: p1 - p2 - value, or p1 - p2 value.
    variance : Its variance under the supposition.
    third : Its third central moment.

    Miettinen O, Nurminen M. Stat Med 1985; 4: 213-226.
    Laud PJ. Pharm Stat 2017; 16: 334-348 (third moment).
    """
    k1, k2, n1, n2, value = np.broadcast_arrays(
        *(np.asarray(v, float) for v in (*n_event, *n, value))
    )
    first, second = constrained_proportions((k1, k2), (n1, n2), value, contrast)
    spread = [p * (1 - p) / m for p, m in ((first, n1), (second, n2))]
    skew = [s * (1 - 2 * p) / m for s, p, m in zip(spread, (first, second), (n1, n2), strict=True)]
    factor = value if contrast == "ratio" else np.ones_like(value)
    excess = k1 / n1 - factor * k2 / n2 - (0.0 if contrast == "ratio" else value)
    size = n1 + n2
    # The factor keeps its place in one subject against none, which has no variance at all.
    scale = size / np.maximum(size - 1, 1) if corrected else 1.0
    variance = (spread[0] + factor**2 * spread[1]) * scale
    return excess, variance, skew[0] - factor**3 * skew[1]


def score_statistic(
    n_event: tuple[ArrayLike, ArrayLike],
    n: tuple[ArrayLike, ArrayLike],
    value: ArrayLike,
    contrast: str = "difference",
    *,
    corrected: bool = True,
    skewness: bool = False,
) -> NDArray[np.float64]:
    """Compute the score statistic, standard normal if the supposed value is true.

    Returns: the statistic, positive where more was observed than supposed. Where no variance is
    left it is infinite, or 0 if what was observed is what was supposed.

    Gart JJ, Nam J. Biometrics 1988; 44: 323-338. Laud PJ. Pharm Stat 2017; 16: 334-348.
    """
    return standardised(
        *score_parts(n_event, n, value, contrast, corrected=corrected), skewness=skewness
    )


def standardised(
    excess: NDArray[np.float64],
    variance: NDArray[np.float64],
    third: NDArray[np.float64],
    *,
    skewness: bool = False,
) -> NDArray[np.float64]:
    """Divide an excess by its standard error, and correct it for its skewness.

    excess, variance, third : As `score_parts` makes them, or sums of such over strata.
    """
    certain = variance <= 1e-15
    error = np.sqrt(np.where(certain, 1.0, variance))
    z = excess / error
    if skewness:
        a = np.where(certain, 0.0, third / (6 * error**3))
        # The root of s + a (s^2 - 1) = z that goes to z as the skewness vanishes.
        root = np.sqrt(np.maximum(1 + 4 * a * (z + a), 0.0))
        z = 2 * (z + a) / (1 + root)
    nothing = np.abs(excess) < 1e-12
    without = np.where(nothing, 0.0, np.where(excess > 0, np.inf, -np.inf))
    return np.where(certain, without, z)


def crossings(statistic, z: float, shape: tuple[int, ...], contrast: str):
    """Find where a decreasing statistic of a contrast is `z` and `-z`.

    statistic : Takes values of the contrast, of the shape below; returns the statistic there.

    Returns: the limits; the ends of the contrast's range where the statistic does not get there.
    """
    ends = []
    for target, lower in ((z, True), (-z, False)):
        low, high = np.zeros(shape), np.ones(shape)
        for _ in range(60):
            middle = (low + high) / 2
            # A limit is the outermost place that is not rejected.
            value = statistic(scaled(np.minimum(middle, _LAST), contrast))
            left = value >= target if lower else value > target
            low, high = np.where(left, middle, low), np.where(left, high, middle)
        ends.append(scaled(low if lower else high, contrast))
    return tuple(ends)


def scaled(place: NDArray[np.float64], contrast: str) -> NDArray[np.float64]:
    """Turn places from 0 to 1 into differences from -1 to 1, or ratios from 0 to infinity."""
    if contrast == "difference":
        return 2 * place - 1
    rest = 1 - place
    return np.where(rest > 0, place / np.where(rest > 0, rest, 1.0), np.inf)
