"""Quantiles of a survival curve with Brookmeyer-Crowley limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carstats.estimators.curves.kaplan_meier import SurvivalCurve
from carstats.estimators.curves.risk_table import RiskTable

# S = 0.5 is a product of fractions and comes out as 0.5 give or take some 1e-16.
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class CurveQuantile:
    """A quantile of the time to the event.

    Attributes
    ----------
    p : float
        Which: the time by which this part of the subjects has had the event.
    estimate : ndarray, shape (...)
        The quantile; NaN when the curve has not come down to 1 - p.
    low, high : ndarray, shape (...)
        Limits; NaN when the limit of the curve has not come down to 1 - p, or is undefined.
    reached, high_reached : ndarray of bool, shape (...)
        Whether `estimate` and `high` are times; if not they lie beyond the follow-up.
    n_risk : ndarray, shape (...)
        At risk just before the step that brings the curve to 1 - p; NaN when it is not reached.
    """

    p: float
    estimate: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    reached: NDArray[np.bool_]
    high_reached: NDArray[np.bool_]
    n_risk: NDArray[np.float64]


def curve_quantile(table: RiskTable, curve: SurvivalCurve, p: float = 0.5) -> CurveQuantile:
    """Estimate the time by which a part p of the subjects has had the event.

    Parameters
    ----------
    table : RiskTable
        The counts that `curve` was made from.
    curve : SurvivalCurve
        With limits of any `conf_type`. The limits of the quantile are where the limits of the curve
        come down to 1 - p, so that both say the same.
    p : float
        Strictly between 0 and 1; 0.5 for the median.

    Returns
    -------
    CurveQuantile
        The quantile. Where the curve is level at exactly 1 - p it is the midpoint of that plateau:
        between the event that began it and the next event, or else the last follow-up (R's rule;
        SAS takes the midpoint too, but prints no quantile on a last plateau). A curve that never
        comes down to 1 - p has none: nothing is extrapolated. The lower limit is 0 where the
        curve's lower limit is below 1 - p from the start, as the beta product's is in small
        samples.

    References
    ----------
    Brookmeyer R, Crowley J. Biometrics 1982; 38: 29-41.
    """
    level = 1 - p
    shape = curve.survival.shape[:-1]
    if not table.time.size:
        nothing, never = np.full(shape, np.nan), np.zeros(shape, bool)
        return CurveQuantile(p, nothing, nothing, nothing, never, never, nothing)
    followed = (table.n_risk > 0) | (table.n_event.sum(axis=-1) > 0)
    last = table.time[_last(followed)]
    estimate = event_time(table, curve.survival, p)
    low = _comes_down(table.time, curve.low, level, last)
    high = _comes_down(table.time, curve.high, level, last)
    start = np.asarray(curve.low_at_start)
    low = np.where(~np.isnan(start) & (start <= level + _TOLERANCE), 0.0, low)
    step = np.argmax(curve.survival <= level + _TOLERANCE, axis=-1)
    at_risk = np.take_along_axis(table.n_risk, step[..., None], axis=-1)[..., 0]
    reached = ~np.isnan(estimate)
    return CurveQuantile(
        p, estimate, low, high, reached, ~np.isnan(high), np.where(reached, at_risk, np.nan)
    )


def event_time(
    table: RiskTable, survival: NDArray[np.float64], p: float = 0.5
) -> NDArray[np.float64]:
    """Find the time by which a part p has had the event, without limits: for many replicates.

    table : The counts that the curve was made from, of one or more times.

    Returns: as the estimate of `curve_quantile`.
    """
    followed = (table.n_risk > 0) | (table.n_event.sum(axis=-1) > 0)
    return _comes_down(table.time, survival, 1 - p, table.time[_last(followed)])


def _last(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Place of the last true value along the last axis."""
    return mask.shape[-1] - 1 - np.argmax(mask[..., ::-1], axis=-1)


def _comes_down(time, values, level: float, last) -> NDArray[np.float64]:
    """First time at or below `level`; the middle of the plateau where it is exactly `level`."""
    # Comparisons with NaN are false: an undefined limit has not come down.
    by, below = values <= level + _TOLERANCE, values < level - _TOLERANCE
    first, next_place = np.argmax(by, axis=-1), np.argmax(below, axis=-1)
    end = np.where(below.any(axis=-1), time[next_place], last)
    at = np.take_along_axis(values, first[..., None], axis=-1)[..., 0]
    found = np.where(at >= level - _TOLERANCE, (time[first] + end) / 2, time[first])
    return np.where(by.any(axis=-1), found, np.nan)
