"""Simultaneous confidence bands of a survival curve."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from carstats.errors import CarstatsError, check_choice
from carstats.estimators.curves.kaplan_meier import step_values
from carstats.estimators.curves.risk_table import RiskTable
from carstats.estimators.reasons import (
    BAND_CURVE_AT_ZERO,
    BAND_EMPTY_RANGE,
    BAND_FROM_FIRST_EVENT,
    BAND_FROM_ZERO,
    BAND_NO_EVENTS,
    BAND_TO_LAST_EVENT,
    NO_SUBJECTS,
    Reason,
)
from carstats.estimators.root_finding import find_root
from carstats.messages import message

BAND_KINDS = ("equal precision", "Hall-Wellner")
BAND_SCALES = ("log-log", "arcsine", "plain")

# A range of the Brownian bridge shorter than this part of its upper end is widened to it, which is
# on the safe side: the number of terms grows as the range shrinks.
_SHORTEST = 1e-4
_BASIS = 40
_PIECES = 16


@dataclass(frozen=True)
class SimultaneousBand:
    """A band that covers the whole curve over a range of times at the stated level.

    Attributes
    ----------
    time : ndarray, shape (M,)
        From `start` to `end`: the beginning of the range and every time of the table in it.
    survival : ndarray, shape (M,)
        The curve.
    low, high : ndarray, shape (M,)
        The band; NaN where the scale is undefined, the curve being 1.
    start, end : float
        The range; NaN without a band.
    a_low, a_high : float
        The range on the scale of the Brownian bridge: n s^2 / (1 + n s^2) with Greenwood's sum s^2.
    critical : float
        The critical value.
    note : tuple of Reason
        Why there is no band, or how its range was narrowed; else empty.
    """

    time: NDArray[np.float64]
    survival: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    start: float
    end: float
    a_low: float
    a_high: float
    critical: float
    note: tuple[Reason, ...]


def simultaneous_band(
    table: RiskTable,
    *,
    kind: str = "equal precision",
    scale: str = "log-log",
    conf_level: float = 0.95,
    start: float | None = None,
    end: float | None = None,
) -> SimultaneousBand:
    """Compute a band for the whole survival curve over a range of times.

    Parameters
    ----------
    table : RiskTable
        Counts, without batches; events of all causes count as the event.
    kind : {"equal precision", "Hall-Wellner"}
        Equal precision is the pointwise limits with a larger critical value; Hall-Wellner is wider
        in the tails, and narrower in the middle.
    scale : {"log-log", "arcsine", "plain"}
        Transformation on which the band is symmetric. Log-log and arcsine hold their level from 25
        events on; all are asymptotic.
    conf_level : float
        Level for the whole range.
    start, end : float, optional
        The range; by default from the first event to the last one that leaves the curve above 0. A
        wider one is narrowed to where the band is defined.

    Returns
    -------
    SimultaneousBand
        The band.

    Raises
    ------
    CarstatsError
        If `start` is after `end`, or an option is unknown.

    References
    ----------
    Hall WJ, Wellner JA. Biometrika 1980; 67: 133-143.
    Nair VN. Technometrics 1984; 26: 265-275 (equal precision).
    Borgan Ø, Liestøl K. Scand J Stat 1990; 17: 35-41 (transformations).
    Klein JP, Moeschberger ML. Survival Analysis, 2nd ed. Springer 2003; section 4.4.
    """
    kind = check_choice("kind", kind, BAND_KINDS)
    scale = check_choice("scale", scale, BAND_SCALES)
    if start is not None and end is not None and start > end:
        raise CarstatsError(
            message("`start` is {start}, after `end`, {end}.", start=f"{start:g}", end=f"{end:g}")
        )
    n, d = table.n_risk, table.n_event.sum(axis=-1)
    happened = d > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.cumprod(np.where(n > 0, 1 - d / n, 1.0))
        spread = np.cumsum(np.where(happened, d / (n * (n - d)), 0.0))
    usable = np.flatnonzero(happened & (survival > 0))
    if not usable.size:
        why = BAND_NO_EVENTS if table.time.size else NO_SUBJECTS
        return _no_band(BAND_CURVE_AT_ZERO if happened.any() else why)
    first, last = float(table.time[usable[0]]), float(table.time[usable[-1]])
    fallen = table.time[happened & (survival <= 0)]
    # The band at the last such event holds until the curve falls to 0, or the follow-up ends.
    until = float(fallen[0]) if fallen.size else float(table.time[-1])
    from_, to = first if start is None else start, last if end is None else end
    narrowed = []
    lowest = first if kind == "equal precision" else 0.0
    if from_ < lowest:
        from_ = lowest
        narrowed.append(
            Reason(BAND_FROM_FIRST_EVENT, {"day": first}) if lowest else Reason(BAND_FROM_ZERO)
        )
    if to > until or (fallen.size and to >= until):
        to = last
        narrowed.append(Reason(BAND_TO_LAST_EVENT, {"day": last}))
    if from_ > to:
        return _no_band(BAND_EMPTY_RANGE)
    inside = table.time[(table.time > from_) & (table.time <= to)]
    time = np.append(from_, inside)
    s = step_values(table.time, survival, time, 1.0)
    var = step_values(table.time, spread, time, 0.0)
    size = float((d + table.n_censor).sum())
    a_low, a_high = (float(size * v / (1 + size * v)) for v in (var[0], var[-1]))
    if kind == "equal precision":
        critical = equal_precision_value(a_low, a_high, conf_level=conf_level)
        error = critical * np.sqrt(var)
    else:
        critical = hall_wellner_value(a_low, a_high, conf_level=conf_level)
        error = critical * (1 + size * var) / np.sqrt(size)
    low, high = _band(s, error, scale)
    return SimultaneousBand(time, s, low, high, from_, to, a_low, a_high, critical, tuple(narrowed))


def _no_band(code: str) -> SimultaneousBand:
    return SimultaneousBand(*[np.empty(0)] * 4, *[np.nan] * 5, (Reason(code),))


def _band(s, error, scale: str):
    """Limits with `error`, the half width relative to S on the plain scale."""
    if scale == "plain":
        return np.maximum(s - s * error, 0.0), np.minimum(s + s * error, 1.0)
    inside = s < 1
    s = np.where(inside, s, 0.5)
    if scale == "log-log":
        theta = np.exp(error / np.log(s))
        # A wide band drives theta to 0, its limit to 0 and 1.
        with np.errstate(divide="ignore"):
            low, high = np.exp(np.log(s) / theta), s**theta
    else:
        half = error / 2 * np.sqrt(s / (1 - s))
        low = np.sin(np.maximum(np.arcsin(np.sqrt(s)) - half, 0.0)) ** 2
        high = np.sin(np.minimum(np.arcsin(np.sqrt(s)) + half, np.pi / 2)) ** 2
    return np.where(inside, low, np.nan), np.where(inside, high, np.nan)


def _widened(a_low: float, a_high: float) -> float:
    return min(a_low, a_high * (1 - _SHORTEST))


def hall_wellner_value(a_low: float, a_high: float, *, conf_level: float = 0.95) -> float:
    """Compute the critical value of the largest modulus of a Brownian bridge over a range.

    Returns: the value; over the whole of [0, 1] Kolmogorov's, 1.3581 for 95 %.

    Hall WJ, Wellner JA. Biometrika 1980; 67: 133-143.
    Chung CF. Confidence bands for percentile residual lifetime. Statist Probab Lett 1986; 4: 51-56.
    """
    z = NormalDist().inv_cdf(0.5 + conf_level / 2)
    if a_low == a_high:
        return float(z * np.sqrt(a_low * (1 - a_low)))
    a_low = _widened(a_low, a_high)
    middle = min(max(a_low, 0.5), a_high)
    least = z * np.sqrt(middle * (1 - middle))
    # Bounds above: twice the one-sided probability for the whole bridge; and that of the Brownian
    # motion that the bridge is, slowed down, on an early range.
    most = np.sqrt(-np.log((1 - conf_level) / 2) / 2)
    if a_high < 0.5:
        quarter = NormalDist().inv_cdf(0.75 + conf_level / 4)
        most = min(most, quarter * np.sqrt(a_high / (1 - a_high)))
    return float(
        find_root(
            lambda k: _stays(k, a_low, a_high) - conf_level,
            0.99 * least,
            1.0001 * float(most),
            width=1e-12 * float(most),
        )
    )


def _stays(k: float, a: float, b: float) -> float:
    """Probability that a Brownian bridge stays within -k and k from a to b.

    Brownian motion killed at the two ends has sines for eigenfunctions; before a and after b the
    bridge is free. Even sines drop out by symmetry.
    """
    rate = np.pi**2 * (b - a) / (8 * k * k)
    order = np.arange(1, int(np.sqrt(40 / rate)) + 3, 2)
    parts = [_sine_integrals(order, k, variance) for variance in (a, 1 - b)]
    terms = np.exp(-(order**2) * rate) * parts[0] * parts[1]
    return float(np.sqrt(2 * np.pi) * terms.sum() / k)


def _sine_integrals(order, k: float, variance: float) -> NDArray[np.float64]:
    """Integrals over (-k, k) of a centred normal density times sin(order pi (x + k) / 2k)."""
    sign = np.where(order % 4 == 1, 1.0, -1.0)
    if variance == 0:
        return sign
    reach = min(k, 9 * np.sqrt(variance))
    nodes, weights = _gauss_legendre()
    # From 0 on, by symmetry; one piece of sixteen nodes for every two waves, and at least eight.
    pieces = int(max(8, np.ceil(order[-1] * reach / (8 * k))))
    x = (np.arange(pieces)[:, None] + (nodes + 1) / 2).ravel() * reach / pieces
    density = np.exp(-x * x / (2 * variance)) / np.sqrt(2 * np.pi * variance)
    weight = np.tile(weights, pieces) * reach / pieces * density
    return sign * (np.cos(np.outer(order, x) * (np.pi / (2 * k))) @ weight)


@cache
def _gauss_legendre() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.polynomial.legendre.leggauss(_PIECES)


def equal_precision_value(a_low: float, a_high: float, *, conf_level: float = 0.95) -> float:
    """Compute the critical value of a Brownian bridge divided by its standard deviation.

    conf_level : Probability that the process stays within the value over the range.

    Returns: the value; for one point the normal quantile.

    Nair VN. Technometrics 1984; 26: 265-275.
    Keilson J, Ross HF. Passage time distributions for Gaussian Markov (Ornstein-Uhlenbeck)
    statistical processes. Selected Tables in Mathematical Statistics 1975; 3: 233-327.
    """
    z = NormalDist().inv_cdf(0.5 + conf_level / 2)
    if a_low == a_high:
        return z
    a_low = _widened(a_low, a_high)
    # The process is a stationary Ornstein-Uhlenbeck process over this length of time.
    length = 0.5 * np.log(a_high * (1 - a_low) / (a_low * (1 - a_high)))
    most = z + 1.0
    while _remains(most, length) < conf_level:
        most += 1.0
    return find_root(lambda c: _remains(c, length) - conf_level, z, most, width=1e-12)


def _remains(c: float, length: float) -> float:
    """Probability that an Ornstein-Uhlenbeck process stays within -c and c.

    The eigenvalues and eigenfunctions of its generator, killed at the ends, in a basis of even
    polynomials that vanish there (differences of Legendre polynomials).
    """
    nodes, weights, basis, slope = _polynomials()
    # The ends are at 1 and -1 there, and at c and -c here.
    weight = weights * c * np.exp(-((c * nodes) ** 2) / 2) / np.sqrt(2 * np.pi)
    mass, stiffness = (basis.T * weight) @ basis, (slope.T * (weight / c**2)) @ slope
    # mass = stiffness in another basis: M v = v K / rate, solved in the roots of K.
    root = np.linalg.cholesky(stiffness)
    inverse = np.linalg.inv(root)
    by_rate, vectors = np.linalg.eigh(inverse @ mass @ inverse.T)
    kept = by_rate > 1e-14 * by_rate[-1]
    shares = (vectors.T @ (inverse @ (basis.T @ weight))) ** 2
    rate = 1 / by_rate[kept]
    return float((np.exp(-length * rate) * shares[kept] * rate).sum())


@cache
def _polynomials():
    """Nodes, weights, and at the nodes the basis of `_remains` with its slopes."""
    nodes, weights = np.polynomial.legendre.leggauss(3 * _BASIS)
    legendre = np.polynomial.legendre.legvander(nodes, 2 * _BASIS)
    # (2m + 1) P_m is the slope of P_(m+1) - P_(m-1).
    odd = np.arange(1, 2 * _BASIS, 2)
    size = np.sqrt(2.0 * (2 * odd + 1))
    basis = (legendre[:, odd + 1] - legendre[:, odd - 1]) / size
    return nodes, weights, basis, (2 * odd + 1) * legendre[:, odd] / size
