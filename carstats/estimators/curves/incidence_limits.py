"""Limits of a cumulative incidence in small samples: the Dirichlet beta product."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carstats.estimators.curves.beta import beta_cdf, beta_quantile
from carstats.estimators.curves.risk_table import RiskTable

# A variance below this is rounding: the law is its mean.
_NO_SPREAD = 1e-14


@dataclass(frozen=True)
class Moments:
    """Mean and mean square of a probability at each time.

    Attributes
    ----------
    mean, square : ndarray, shape (..., K, causes)
        E F and E F².
    """

    mean: NDArray[np.float64]
    square: NDArray[np.float64]


def incidence_moments(table: RiskTable) -> tuple[Moments, Moments]:
    """Compute the moments of the two laws that bound the cumulative incidence of each cause.

    At each time with r at risk, d of a cause and e of the others, the mass there is shared out as
    (P, Q, V) ~ Dirichlet(d, e, r - d - e + 1), independent over the times: F grows by S P, S is
    multiplied by V. The lower law is that of F. The upper one gives the next piece of mass to the
    cause asked for: F + S B with B ~ Beta(1, number at risk just after), B = 1 with nobody.

    table : Counts, with one column of events for each cause; leading axes are batches.

    Returns: mean and mean square of the lower and of the upper law just after each time.
    """
    r, events = table.n_risk[..., None], table.n_event
    d = events.sum(axis=-1, keepdims=True)
    total, b = r + 1, r - d + 1
    # Moments of S, S² and F S as running products and sums, with nothing divided that gets small.
    survival = np.cumprod(np.where(d > 0, b / total, 1.0), axis=-2)
    ratio = np.cumprod(np.where(d > 0, (b + 1) / (total + 1), 1.0), axis=-2)
    both = survival * ratio
    shared = np.cumsum(_before(ratio, 1.0) * events / (total + 1), axis=-2)
    mixed = survival * shared
    mean = np.cumsum(_before(survival, 1.0) * events / total, axis=-2)
    square = np.cumsum(
        2 * _before(mixed, 0.0) * events / total
        + _before(both, 1.0) * events * (events + 1) / (total * (total + 1)),
        axis=-2,
    )
    after = table.n_after[..., None]
    b1, b2 = 1 / (after + 1), 2 / ((after + 1) * (after + 2))
    upper = Moments(mean + survival * b1, square + 2 * mixed * b1 + both * b2)
    return Moments(mean, square), upper


def _before(values: NDArray[np.float64], first: float) -> NDArray[np.float64]:
    """The value just before each time."""
    moved = np.empty_like(values)
    moved[..., :1, :] = first
    moved[..., 1:, :] = values[..., :-1, :]
    return moved


def dirichlet_limits(
    table: RiskTable, *, conf_level: float = 0.95, mid_p: bool = False
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Compute pointwise limits of the cumulative incidence by the Dirichlet beta product.

    Each law is matched by its first two moments to a beta. Without censoring the limits are Clopper
    and Pearson's; without competing events those of the beta product of the survival curve.

    Parameters
    ----------
    table : RiskTable
        Counts, with one column of events for each cause; leading axes are batches.
    conf_level : float
        Pointwise confidence level.
    mid_p : bool
        Take the even mixture of the two laws: shorter, holds its level on average only.

    Returns
    -------
    low, high : ndarray, shape (..., K, causes)
        Limits just after each time; neither falls in time. NaN where there is nobody.
    high_at_start : ndarray, shape (...)
        Upper limit before the first time; the lower one is 0 there.

    References
    ----------
    Fay MP, Brittain EH, Proschan MA. Biostatistics 2013; 14: 723-736 (one cause).
    Clopper CJ, Pearson ES. Biometrika 1934; 26: 404-413.
    """
    tail = (1 - conf_level) / 2
    some = table.n_risk.max(axis=-1, initial=0) > 0
    start = table.n_risk[..., 0] if table.time.size else np.zeros(some.shape)
    if mid_p:
        # Half of the mixture is at 0 while nobody has had an event.
        start_high = 1 - (2 * tail) ** (1 / np.maximum(start, 1))
    else:
        start_high = 1 - tail ** (1 / np.maximum(start, 1))
    start_high = np.where(some, start_high, np.nan)
    if not table.time.size:
        return np.zeros(table.n_event.shape), np.zeros(table.n_event.shape), start_high
    least, most = (_matched(moments) for moments in incidence_moments(table))
    if mid_p:
        low, high = _mixture(tail, least, most), _mixture(1 - tail, least, most)
    else:
        low, high = _quantile(tail, least), _quantile(1 - tail, most)
    nobody = ~some[..., None, None]
    return np.where(nobody, np.nan, low), np.where(nobody, np.nan, high), start_high


_Matched = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]


def _matched(moments: Moments) -> _Matched:
    """A beta with these moments, and the mean where there is no spread."""
    mean, variance = moments.mean, moments.square - moments.mean**2
    certain = (variance < _NO_SPREAD) | (mean <= 0) | (mean >= 1)
    total = mean * (1 - mean) / np.where(certain, 1.0, variance) - 1
    a, b = np.where(certain, 1.0, mean * total), np.where(certain, 1.0, (1 - mean) * total)
    return a, b, np.where(certain, np.clip(mean, 0.0, 1.0), np.nan)


def _quantile(p: float, law: _Matched) -> NDArray[np.float64]:
    a, b, constant = law
    return np.where(np.isnan(constant), beta_quantile(p, a, b), constant)


def _cdf(x: NDArray[np.float64], law: _Matched) -> NDArray[np.float64]:
    a, b, constant = law
    return np.where(np.isnan(constant), beta_cdf(x, a, b), x >= constant)


def _mixture(p: float, least: _Matched, most: _Matched) -> NDArray[np.float64]:
    """Quantile of the even mixture of two laws, of which one is never above the other."""
    low, high = _quantile(p, least), _quantile(p, most)
    for _ in range(60):
        middle = (low + high) / 2
        below = _cdf(middle, least) + _cdf(middle, most) < 2 * p
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    # An even mixture with a constant has its quantile on it, and not just beside it.
    first = _quantile(p, least)
    return np.where(_cdf(first, least) + _cdf(first, most) >= 2 * p, first, (low + high) / 2)
