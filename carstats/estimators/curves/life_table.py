"""The life table of counts by interval, whose intervals may be wider in some groups than others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class LifeTable:
    """A survival curve at the ends of m intervals.

    Attributes
    ----------
    time : ndarray, shape (m,)
        The ends.
    n_risk : ndarray, shape (m,)
        At risk at the beginning of each.
    n_event, n_censor : ndarray, shape (m,)
        Expected numbers; whole where no interval had to be divided.
    survival, low, high : ndarray, shape (m,)
        Probability of no event by each end, with log-log limits from Greenwood's variance; where
        nobody or everybody had the event, exact limits of as many as are at risk there; NaN once
        nobody is at risk.
    """

    time: NDArray[np.float64]
    n_risk: NDArray[np.float64]
    n_event: NDArray[np.float64]
    n_censor: NDArray[np.float64]
    survival: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def life_table(
    edges: ArrayLike,
    begin: ArrayLike,
    end: ArrayLike,
    n_event: ArrayLike,
    n_censor: ArrayLike,
    *,
    half: ArrayLike = False,
    conf_level: float = 0.95,
) -> LifeTable:
    """Estimate a curve from the numbers with the event and censored in intervals.

    Parameters
    ----------
    edges : array_like, shape (m + 1,)
        Ends of the finest intervals, rising.
    begin, end : array_like of int, shape (k,)
        The places in `edges` between which each row's numbers lie; equal places are of the very
        start.
    n_event, n_censor : array_like, shape (k,)
        The numbers of each row. In a row of several intervals they are spread evenly over its days.
    half : array_like of bool, shape (k,)
        Whether those censored in a row leave within their interval, so that half of them counts as
        at risk there (the actuarial rule); else they leave at its end.
    conf_level : float
        Level of the limits.

    Returns
    -------
    LifeTable
        With single intervals and nobody who leaves within one, the Kaplan-Meier estimate at the
        ends, which is the nonparametric maximum-likelihood one of such data.

    References
    ----------
    Cutler SJ, Ederer F. J Chronic Dis 1958; 8: 699-712. Greenwood M. Rep Public Health 1926; 33.
    """
    from scipy.special import ndtri

    edges = np.asarray(edges, float)
    width, size = np.diff(edges), edges.size - 1
    events, censored, within = np.zeros(size), np.zeros(size), np.zeros(size)
    n_event, n_censor = np.asarray(n_event, float), np.asarray(n_censor, float)
    half = np.broadcast_to(half, n_event.shape)
    for i, j, d, c, inside in zip(begin, end, n_event, n_censor, half, strict=True):
        if i == j:
            # Censored at the start: never at risk.
            continue
        share = width[i:j] / width[i:j].sum()
        events[i:j] += d * share
        censored[i:j] += c * share
        within[i:j] += inside * c * share
    left = events + censored
    at_risk = left.sum() - np.append(0.0, np.cumsum(left)[:-1])
    exposed = at_risk - within / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        hazard = np.where(exposed > 1e-9, events / exposed, np.nan)
        survival = np.cumprod(1 - hazard)
        variance = np.cumsum(events / (exposed * (exposed - events)))
        known = (survival > 0) & (survival < 1 - 1e-12)
        spread = np.where(known, np.sqrt(variance) / -np.log(survival), 0.0)
        # Beyond this a limit is 0 or 1 to the last digit.
        spread = np.minimum(spread * float(ndtri((1 + conf_level) / 2)), 50.0)
        low = np.where(known, survival ** np.exp(spread), np.nan)
        high = np.where(known, survival ** np.exp(-spread), np.nan)
        # Without an event, or without anybody else, Greenwood's variance is 0 and says nothing.
        exact = ((1 - conf_level) / 2) ** (1 / np.maximum(exposed, 1e-9))
        none, all_ = survival >= 1 - 1e-12, survival <= 0
        low = np.where(none, exact, np.where(all_, 0.0, low))
        high = np.where(none, 1.0, np.where(all_, 1 - exact, high))
    return LifeTable(edges[1:], at_risk, events, censored, survival, low, high)


def possible_survival(
    at: int,
    begin: ArrayLike,
    end: ArrayLike,
    n_event: ArrayLike,
    n_censor: ArrayLike,
    *,
    half: ArrayLike = False,
    start: ArrayLike = False,
) -> tuple[float, float]:
    """Bound the Kaplan-Meier estimate at an edge over all places that numbers of rows can have.

    Parameters
    ----------
    at : int
        Place of the edge, from 1.
    begin, end, n_event, n_censor, half
        As for `life_table`: what is in a row happened at any of the edges after `begin` up to
        `end`, the event before who is censored at the same edge; with `half`, at any day between.
    start : array_like of bool, shape (k,)
        Whether those censored in a row may have left at the very start.

    Returns
    -------
    low, high : float
        The estimate if all are censored as early, and have the event as late up to `at`, as can be;
        and if all have the event as early, or after `at`, and are censored as late as can be. NaN
        where nobody may be at risk.

    Notes
    -----
    Both are attained. The estimate gives the mass of who is censored to those who remain: an event
    that comes later (up to `at`) receives more of it, and who is censored earlier gives of his to
    more events, whatever the others' places are.
    """
    begin, end = np.asarray(begin, int), np.asarray(end, int)
    events, censored = np.asarray(n_event, float), np.asarray(n_censor, float)
    half, start = (np.broadcast_to(each, events.shape) for each in (half, start))
    first = np.where(begin == end, end, begin + 1)
    early = np.where(half, begin, first)
    early = np.where(start, 0, early)
    late = np.where(begin < at, np.minimum(end, at), end)
    least = _product(at, late, events, early, censored)
    most = _product(at, np.where(end <= at, first, end), events, end, censored)
    return least, most


def _product(at: int, event_place, events, censor_place, censored) -> float:
    """Return the Kaplan-Meier estimate of numbers at edges; those censored at 0 are not at risk."""
    size = at + 1
    happened, left = np.zeros(size + 1), np.zeros(size + 1)
    np.add.at(happened, np.minimum(event_place, size), events)
    np.add.at(left, np.minimum(censor_place, size), censored)
    out = happened + left
    at_risk = out.sum() - np.append(0.0, np.cumsum(out)[:-1])
    steps = slice(1, size)
    if at_risk[1] <= 0:
        return float("nan")
    d, n = happened[steps], at_risk[steps]
    return float(np.prod(1 - np.divide(d, n, out=np.zeros_like(d), where=n > 0)))
