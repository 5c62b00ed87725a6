"""The risk table: at each distinct time, how many were at risk, had an event, were censored.

Everything in time-to-event analysis here is a function of it. It may carry a leading batch axis:
one study is one batch, and ten thousand bootstrap replicates are weights of shape (10000, n).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Two times closer than this part of their range are one: 0.3 and 0.1 + 0.2 are the same day.
TIME_TOLERANCE = 1e-9


@dataclass(frozen=True)
class RiskTable:
    """Counts at K distinct times.

    Attributes
    ----------
    time : ndarray, shape (K,)
        Distinct times in increasing order: of events and of censoring.
    n_risk : ndarray, shape (..., K)
        At risk just before each time.
    n_event : ndarray, shape (..., K, causes)
        Events of each cause at each time.
    n_censor : ndarray, shape (..., K)
        Censored at each time, after its events.
    n_after : ndarray, shape (..., K)
        At risk just after each time.
    """

    time: NDArray[np.float64]
    n_risk: NDArray[np.float64]
    n_event: NDArray[np.float64]
    n_censor: NDArray[np.float64]
    n_after: NDArray[np.float64]


def distinct_times(times: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Group times that are equal within `TIME_TOLERANCE` of their range.

    distinct : The smallest time of each group, increasing.
    group : The group of each time.
    """
    times = np.asarray(times, float)
    unique, inverse = np.unique(times, return_inverse=True)
    if not unique.size:
        return unique, inverse
    # An entry of minus infinity (observed from the beginning) is no part of the range.
    finite = unique[np.isfinite(unique)]
    gap = TIME_TOLERANCE * np.ptp(finite) if finite.size else 0.0
    starts = np.append(True, np.diff(unique) > gap)
    return unique[starts], (np.cumsum(starts) - 1)[inverse]


def time_starts(ordered: NDArray[np.float64]) -> NDArray[np.intp]:
    """Find where each distinct time begins among times in increasing order."""
    if not ordered.size:
        return np.empty(0, np.intp)
    gap = TIME_TOLERANCE * (ordered[-1] - ordered[0])
    return np.flatnonzero(np.append(True, np.diff(ordered) > gap))


def counted_times(times: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Count the subjects at each distinct time, by one sort of the times."""
    ordered = np.sort(times)
    first = time_starts(ordered)
    return ordered[first], np.diff(first, append=times.size).astype(float)


def placed(distinct: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Count how many of some subjects have each distinct time of all.

    distinct : Distinct times of all subjects, as `counted_times` gives them.
    """
    # Sorting these first is cheap, and their search then runs through memory in order.
    where = np.searchsorted(distinct, np.sort(times), side="right") - 1
    return np.bincount(where, minlength=distinct.size).astype(float)


def strata_rows(strata: ArrayLike | None, n: int) -> list[NDArray[np.intp] | None]:
    """Find the rows of each stratum.

    Parameters
    ----------
    strata : array_like, shape (n,), optional
        Stratum of each subject.
    n : int
        Number of subjects.

    Returns
    -------
    list of ndarray of int, or [None]
        Rows of each stratum in the order of the subjects; [None], all rows, without strata.
    """
    if strata is None:
        return [None]
    codes = np.unique(np.asarray(strata), return_inverse=True)[1].reshape(n)
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)


def risk_table(
    time: ArrayLike,
    status: ArrayLike,
    *,
    n_causes: int = 1,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> RiskTable:
    """Count subjects at risk, events and censored at each distinct time.

    Parameters
    ----------
    time : array_like, shape (n,)
        Time of the event or of censoring.
    status : array_like of int, shape (n,)
        0 for censored, 1 to `n_causes` for the cause of the event.
    n_causes : int
        Number of causes.
    entry : array_like, shape (n,), optional
        Time at which each subject came under observation; at risk at t are those with
        entry < t <= time. Without it everyone is at risk from the beginning, time 0 included.
    weights : array_like, shape (..., n), optional
        How often each subject counts; 1 by default. Leading axes are batches.

    Returns
    -------
    RiskTable
        The counts; with no subject, a table of no times.
    """
    time, status = np.asarray(time, float), np.asarray(status, int)
    if entry is None and weights is None:
        distinct, left = counted_times(time)
        causes = range(1, n_causes + 1)
        events = np.array([placed(distinct, time[status == c]) for c in causes]).T
        after = time.size - np.cumsum(left)
        return RiskTable(distinct, after + left, events, left - events.sum(axis=-1), after)
    n = time.size
    weights = np.ones(n) if weights is None else np.asarray(weights, float)
    entered = np.empty(0) if entry is None else np.asarray(entry, float)
    # Entries are grouped with the times, so that a tie between the two is seen as one.
    distinct, group = distinct_times(np.concatenate([time, entered]))
    end, start = group[:n], group[n:]
    size = distinct.size

    def count(where: NDArray[np.intp], rows: NDArray[np.intp]) -> NDArray[np.float64]:
        places = where[rows]
        if weights.ndim == 1:
            return np.bincount(places, weights[rows], minlength=size)
        order = np.argsort(places, kind="stable")
        filled, first = np.unique(places[order], return_index=True)
        totals = np.zeros((*weights.shape[:-1], size))
        if filled.size:
            # `take` leaves each batch in one piece of memory; indexing would not.
            chosen = np.take(weights, rows[order], axis=-1)
            totals[..., filled] = np.add.reduceat(chosen, first, axis=-1)
        return totals

    everyone = np.arange(n)
    by_cause = np.array([count(end, np.flatnonzero(status == c)) for c in range(1, n_causes + 1)])
    left = count(end, everyone)
    gone = np.cumsum(left, axis=-1)
    if entry is None:
        come_before = come_by = weights.sum(axis=-1, keepdims=True)
    else:
        joined = count(start, everyone)
        come_by = np.cumsum(joined, axis=-1)
        come_before = come_by - joined
    at_risk = come_before - (gone - left)
    counts = (at_risk, left - by_cause.sum(axis=0), come_by - gone)
    if entry is not None:
        # Times at which somebody only enters are none of the table's.
        shown = np.zeros(size, bool)
        shown[end] = True
        distinct, by_cause = distinct[shown], by_cause[..., shown]
        counts = tuple(values[..., shown] for values in counts)
    at_risk, censored, after = counts
    # Each cause in one piece of memory, through which running sums go.
    return RiskTable(distinct, at_risk, np.moveaxis(by_cause, 0, -1), censored, after)
