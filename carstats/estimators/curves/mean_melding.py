"""Melding: limits for a contrast of two restricted means from the laws that bound each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carstats.errors import check_choice
from carstats.estimators.curves.mean_limits import Law, MeanLaws
from carstats.estimators.curves.rmst import CONTRASTS
from carstats.estimators.root_finding import find_root

# Cells into which one of the two laws is divided: about 1e-7 of the horizon.
_CELLS = 4000


@dataclass(frozen=True)
class MeldedMeans:
    """Limits for a contrast of two restricted means.

    Attributes
    ----------
    low, high : float
        The limits; an infinite one where the mean divided by may be 0.
    p_value : float
        Two-sided, of no difference: below 1 - `conf_level` exactly when the limits leave it out.
    """

    low: float
    high: float
    p_value: float


def melded_means(
    first: MeanLaws,
    second: MeanLaws,
    *,
    measure: str = "difference",
    conf_level: float = 0.95,
    mid_p: bool = True,
) -> MeldedMeans:
    """Compute melded limits for a contrast of the restricted means of independent groups.

    What bounds the first mean from below against what bounds the second from above gives the law
    that bounds the contrast from below, and the other way round. The lower limit is a quantile of
    the one, the upper limit of the other; or, mid-P, both are quantiles of the even mixture of the
    two. Melding is conservative enough to pay for the mid-P: with events spread over time it holds
    its level; with all events at once 95 % limits cover 94.4 % at least (20 against 20).

    Parameters
    ----------
    first, second : MeanLaws
        With the same horizon.
    measure : {"difference", "ratio"}
        First less second, or first by second.
    conf_level : float
        Confidence level.
    mid_p : bool
        Whether to take the mixture.

    Returns
    -------
    MeldedMeans
        The limits and the p-value of no difference.

    References
    ----------
    Fay MP, Proschan MA, Brittain E. Biometrics 2015; 71: 146-156.
    Fay MP, Brittain E. Stat Med 2016; 35: 2726-2740 (mid-P).
    """
    measure = check_choice("measure", measure, CONTRASTS)
    bounds = (
        _Contrast(first.least, second.most, measure),
        _Contrast(first.most, second.least, measure),
    )
    null = 0.0 if measure == "difference" else 1.0
    tail = (1 - conf_level) / 2
    below, above = bounds[0](null), 1 - bounds[1](null, strictly=True)
    if mid_p:
        at_most = (bounds[0](null) + bounds[1](null)) / 2
        less = (bounds[0](null, strictly=True) + bounds[1](null, strictly=True)) / 2
        p_value = 2 * min(at_most, 1 - less)
        low, high = (_quantile(bounds, tail), _quantile(bounds, 1 - tail))
    else:
        p_value = 2 * min(below, above)
        low, high = _quantile(bounds[:1], tail), _quantile(bounds[1:], 1 - tail)
    return MeldedMeans(low, high, min(1.0, p_value))


class _Contrast:
    """The law of the difference or ratio of two independent amounts."""

    def __init__(self, x: Law, y: Law, measure: str) -> None:
        self.x, self.y, self.ratio = x, y, measure == "ratio"
        self.value, self.mass = _cells(y)
        self.low, self.high = x.low - y.high, x.high - y.low

    def __call__(self, contrast: float, *, strictly: bool = False) -> float:
        """Return the probability of at most a contrast, or of less."""
        constant = self.x.low == self.x.high
        if constant and self.y.low < self.y.high:
            # At most the contrast: at least so much is taken off, or divided by.
            if self.ratio:
                least = self.x.low / contrast if contrast > 0 else np.inf
            else:
                least = self.x.low - contrast
            return 1 - float(self.y(np.float64(least)))
        limit = contrast * self.value if self.ratio else contrast + self.value
        if strictly:
            # Only a law without spread has a probability on one value.
            limit = np.nextafter(limit, -np.inf)
        return float(self.x(limit) @ self.mass)


def _cells(law: Law) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values in the middle of cells of a law, and the probability of each cell."""
    if law.low == law.high:
        return np.array([law.low]), np.ones(1)
    ends = (1 - np.cos(np.linspace(0, np.pi, _CELLS + 1))) / 2
    ends = law.low + (law.high - law.low) * ends
    return (ends[1:] + ends[:-1]) / 2, np.diff(law(ends))


def _quantile(bounds: tuple[_Contrast, ...], p: float) -> float:
    """Quantile of the even mixture of laws."""

    def beyond(x: float) -> float:
        return sum(bound(x) for bound in bounds) / len(bounds) - p

    if not bounds[0].ratio:
        low, high = min(b.low for b in bounds), max(b.high for b in bounds)
        return low if low == high else find_root(beyond, low, high, width=1e-9 * (high - low))
    # A ratio x is looked for as x / (1 + x), which has an end.
    most = 1 - 1e-12
    found = find_root(lambda s: beyond(s / (1 - s)), 0.0, most, width=1e-12)
    return found / (1 - found) if found < most else np.inf
