"""The mean number of recurrent events by each time, with death as the end of them."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.estimators.curves.risk_table import distinct_times


@dataclass(frozen=True)
class MeanCumulative:
    """The mean cumulative count at each distinct time.

    Attributes
    ----------
    time : ndarray, shape (K,)
        Distinct times of events, deaths and ends of follow-up.
    n_risk, n_event : ndarray, shape (K,)
        Subjects followed just before each time, and events at it.
    estimate : ndarray, shape (K,)
        Mean number of events a subject has had by each time, deaths counted as without any more.
    std_error : ndarray, shape (K,)
        Robust standard error: it allows for the events of one subject belonging together.
    low, high : ndarray, shape (K,)
        Limits on the logarithmic scale. Before the first event 0 and the exact Poisson bound for
        the subjects still followed, which is cautious. Where no two subjects differ yet the error
        is 0, and the limits are those of a Poisson count of the subjects still followed.
    """

    time: NDArray[np.float64]
    n_risk: NDArray[np.float64]
    n_event: NDArray[np.float64]
    estimate: NDArray[np.float64]
    std_error: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def mean_cumulative(
    event_time: ArrayLike,
    event_subject: ArrayLike,
    end: ArrayLike,
    *,
    died: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> MeanCumulative:
    """Estimate the mean number of events by each time.

    Without deaths it is the Nelson-Aalen estimator of the mean function; with them each step is
    weighted by the probability of being alive, since the dead have no more events.

    Parameters
    ----------
    event_time : array_like, shape (E,)
        Times of the events; those after the subject's end are not counted.
    event_subject : array_like of int, shape (E,)
        Whose event it is: a place in `end`.
    end : array_like, shape (n,)
        Time at which each subject's follow-up ended.
    died : array_like of bool, shape (n,), optional
        Whether it ended by death, which is no censoring. A death comes after the events of its day.
    conf_level : float
        Pointwise confidence level.

    Returns
    -------
    MeanCumulative
        The curve; with no subject, one of no times.

    Notes
    -----
    The standard error is the infinitesimal jackknife: the root of the sum over subjects of the
    squared derivative of the estimate by the subject's weight.

    References
    ----------
    Nelson WB. J Qual Technol 1988; 20: 24-35.
    Lawless JF, Nadeau C. Technometrics 1995; 37: 158-168.
    Ghosh D, Lin DY. Biometrics 2000; 56: 554-562.
    Dong H, Robison LL, Leisenring WM, et al. Am J Epidemiol 2015; 181: 532-540.
    """
    from scipy.special import gammaincinv

    times, who = np.asarray(event_time, float), np.asarray(event_subject, int)
    end = np.asarray(end, float)
    size = end.size
    died = np.zeros(size, bool) if died is None else np.asarray(died, bool)
    distinct, group = distinct_times(np.concatenate([times, end]))
    at, last = group[: times.size], group[times.size :]
    counted = at <= last[who] if times.size else np.zeros(0, bool)
    k = distinct.size
    own = np.zeros((size, k))
    np.add.at(own, (who[counted], at[counted]), 1.0)
    present = np.arange(k) <= last[:, None]
    dead = (np.arange(k) == last[:, None]) & died[:, None]
    n_risk, n_event = present.sum(axis=0), own.sum(axis=0)
    rate, hazard = n_event / np.maximum(n_risk, 1), dead.sum(axis=0) / np.maximum(n_risk, 1)
    alive = np.append(1.0, np.cumprod(1 - hazard))[:k]
    estimate = np.cumsum(alive * rate)
    # Derivatives by the weight of each subject: of the rate, and of the probability to be alive.
    by_rate = (own - present * rate) / np.maximum(n_risk, 1)
    left = np.where(hazard < 1, n_risk * (1 - hazard), np.inf)
    by_hazard = np.cumsum((dead - present * hazard) / left, axis=1)
    before = np.concatenate([np.zeros((size, 1)), by_hazard], axis=1)[:, :k]
    influence = np.cumsum(alive * (by_rate - rate * before), axis=1)
    std_error = np.sqrt((influence**2).sum(axis=0))
    z, tail = NormalDist().inv_cdf(0.5 + conf_level / 2), (1 - conf_level) / 2
    some = estimate > 0
    factor = np.exp(z * std_error / np.where(some, estimate, 1.0))
    bound = gammaincinv(1.0, 1 - tail) / np.maximum(n_risk, 1)
    low = np.where(some, estimate / factor, 0.0)
    high = np.where(some, estimate * factor, bound)
    # All alike so far: no error is not certainty. As a Poisson count of those still followed.
    alike = some & (std_error <= 1e-12 * estimate)
    there = np.maximum(n_risk, 1)
    total = estimate * there
    low = np.where(alike, gammaincinv(np.where(alike, total, 1.0), tail) / there, low)
    high = np.where(alike, gammaincinv(total + 1.0, 1 - tail) / there, high)
    return MeanCumulative(distinct, n_risk, n_event, estimate, std_error, low, high)
