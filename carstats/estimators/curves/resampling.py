"""Bootstrap replicates of what is read off a survival curve, all in one pass of the batch axis."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.errors import CarstatsError, check_choice, check_number
from carstats.estimators.curves.kaplan_meier import step_values, survival_probability
from carstats.estimators.curves.quantile import event_time
from carstats.estimators.curves.risk_table import RiskTable, risk_table
from carstats.estimators.curves.rmst import area_under
from carstats.messages import message

STATISTICS = ("median", "restricted mean", "survival at")
# Subjects times resamples counted at once: some 30 MB.
_CELLS = 4_000_000


@dataclass(frozen=True)
class Replicates:
    """What bootstrap resamples of the subjects give.

    Attributes
    ----------
    estimate : float
        Of the subjects themselves; infinite for a median that is not reached.
    draws : ndarray, shape (B,)
        Of each resample; infinite where its median is not reached.
    """

    estimate: float
    draws: NDArray[np.float64]

    def limits(self, conf_level: float) -> tuple[float, float]:
        """Return percentile limits; infinite where so many resamples do not reach the median."""
        tail = (1 - conf_level) / 2
        # An observed value at each end, for an infinite one has no middle with its neighbour.
        low = np.quantile(self.draws, tail, method="inverted_cdf")
        high = np.quantile(self.draws, 1 - tail, method="inverted_cdf")
        return float(low), float(high)


def resample_counts(
    n: int, n_resamples: int, rng: np.random.Generator
) -> Iterator[NDArray[np.float64]]:
    """Draw bootstrap resamples as how often each subject is in each."""
    width = max(1, _CELLS // max(n, 1))
    for first in range(0, n_resamples, width):
        size = min(width, n_resamples - first)
        drawn = rng.integers(0, n, size=(size, n), dtype=np.int32)
        drawn += (np.arange(size, dtype=np.int32) * n)[:, None]
        yield np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n).astype(float)


def bootstrap_survival(
    time: ArrayLike,
    status: ArrayLike,
    *,
    statistic: str = "median",
    at: float | None = None,
    entry: ArrayLike | None = None,
    n_resamples: int = 10_000,
    seed: int = 1,
) -> Replicates:
    """Resample subjects and read a statistic off the Kaplan-Meier curve of each resample.

    Parameters
    ----------
    time : array_like, shape (n,)
        Time of the event or of censoring, of at least one subject.
    status : array_like of int, shape (n,)
        0 for censored, 1 for the event.
    statistic : {"median", "restricted mean", "survival at"}
        What is read off.
    at : float, optional
        The horizon or day of the last two. A resample whose own follow-up ends before it keeps the
        last value of its curve.
    entry : array_like, shape (n,), optional
        Left truncation: at risk at t are those with entry < t <= time.
    n_resamples : int
        Resamples B.
    seed : int
        Seed of `numpy.random.default_rng`.

    Returns
    -------
    Replicates
        The estimate and its replicates.

    Raises
    ------
    CarstatsError
        If the statistic is unknown or lacks its `at`.

    References
    ----------
    Efron B. J Am Stat Assoc 1981; 76: 312-319 (censored data).
    """
    statistic = check_choice("statistic", statistic, STATISTICS)
    if statistic != "median":
        check_number("at", at, low=0)
    elif at is not None:
        raise CarstatsError(
            message("`at` goes with the statistics 'restricted mean' and 'survival at'.")
        )
    time, status = np.asarray(time, float), np.asarray(status, int)
    if not time.size:
        raise CarstatsError(message("`time` is empty; there is nobody to resample."))
    # In an order of their own: resamples do not depend on that of the data.
    order = np.lexsort((time if entry is None else np.asarray(entry, float), status, time))
    time, status = time[order], status[order]
    entry = None if entry is None else np.asarray(entry, float)[order]
    rng = np.random.default_rng(seed)
    found = [
        _read(risk_table(time, status, entry=entry, weights=counts), statistic, at)
        for counts in resample_counts(time.size, n_resamples, rng)
    ]
    estimate = _read(risk_table(time, status, entry=entry), statistic, at)
    return Replicates(float(estimate), np.concatenate([np.empty(0), *found]))


def _read(table: RiskTable, statistic: str, at: float | None) -> NDArray[np.float64]:
    survival = survival_probability(table)
    if statistic == "restricted mean":
        return area_under(table, survival, at)
    if statistic == "survival at":
        return step_values(table.time, survival, [at], np.float64(1.0))[..., 0]
    reached = event_time(table, survival)
    return np.where(np.isnan(reached), np.inf, reached)
