"""Restricted mean survival time: the area under a survival curve up to a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from carstats.errors import CarstatsError, check_choice, check_number
from carstats.estimators.curves.risk_table import TIME_TOLERANCE, RiskTable
from carstats.messages import message

CONTRASTS = ("difference", "ratio")


@dataclass(frozen=True)
class RestrictedMean:
    """The mean time free of the event within the first `at` time units.

    Attributes
    ----------
    at : float
        The horizon.
    estimate : ndarray, shape (...)
        Area under the curve from 0 to `at`; NaN with nobody, or where the curve ends before `at`.
    std_error : ndarray, shape (...)
        Of the estimate; NaN where its variance is 0 because nobody had the event, or all at once.
    low, high : ndarray, shape (...)
        Limits, normal on the scale of the estimate and within 0 and `at`.
    """

    at: float
    estimate: NDArray[np.float64]
    std_error: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(frozen=True)
class MeanContrast:
    """A comparison of two restricted means.

    Attributes
    ----------
    measure : {"difference", "ratio"}
        First less second, or first by second.
    estimate : ndarray, shape (...)
        The difference or ratio.
    std_error : ndarray, shape (...)
        Of the estimate, on its own scale (delta method for a ratio).
    low, high : ndarray, shape (...)
        Limits; for a ratio normal on the log scale.
    statistic : ndarray, shape (...)
        Normal statistic of no difference (for a ratio on the log scale).
    p_value : ndarray, shape (...)
        Two-sided.
    """

    measure: str
    estimate: NDArray[np.float64]
    std_error: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    statistic: NDArray[np.float64]
    p_value: NDArray[np.float64]


def check_horizon(tables: Mapping[str, RiskTable], at: float, argument: str = "at") -> None:
    """Raise unless every curve is known up to a horizon.

    A curve is known up to the largest observed time, and beyond it once it has reached 0. For a
    comparison that is the follow-up of the group with the shortest.

    Parameters
    ----------
    tables : mapping of str to RiskTable
        Counts of each group by the name that the message gives it. Groups of nobody are passed.
    at : float
        The horizon.
    argument : str
        What the message calls it.

    Raises
    ------
    CarstatsError
        If `at` is not a positive number, or lies beyond the follow-up of a group.
    """
    check_number(argument, at)
    if at <= 0:
        raise CarstatsError(
            message(
                "`{argument}` is {at}; it takes a positive time.", argument=argument, at=f"{at:g}"
            )
        )
    ends = {name: float(known_until(t)) for name, t in tables.items() if t.time.size}
    short = {name: end for name, end in ends.items() if at > end}
    if short:
        raise CarstatsError(
            message(
                "`{argument}` is {at}, beyond the follow-up of {named}: the area under a curve "
                "is known up to its largest observed time only. Choose at most {shortest}, the "
                "follow-up of the group with the shortest.",
                argument=argument,
                at=f"{at:g}",
                named=message(", ").join(
                    message("{name} to {end}", name=message(name), end=f"{end:g}")
                    for name, end in short.items()
                ),
                shortest=f"{min(ends.values()):g}",
            )
        )


def known_until(table: RiskTable) -> NDArray[np.float64]:
    """Find up to when curves are known.

    Parameters
    ----------
    table : RiskTable
        Counts at one or more times; events of all causes count as the event.

    Returns
    -------
    ndarray, shape (...)
        The last time with subjects, with slack for rounding; infinite for a curve that has reached
        0, minus infinity for nobody.
    """
    events = table.n_event.sum(axis=-1)
    followed = (table.n_risk > 0) | (events > 0)
    last = followed.shape[-1] - 1 - np.argmax(followed[..., ::-1], axis=-1)
    end = table.time[last] + TIME_TOLERANCE * np.ptp(table.time)
    gone = ((events > 0) & (events >= table.n_risk)).any(axis=-1)
    return np.where(followed.any(axis=-1), np.where(gone, np.inf, end), -np.inf)


def mean_survival(
    table: RiskTable, at: float, *, conf_level: float = 0.95, extend: bool = False
) -> RestrictedMean:
    """Estimate the mean time free of the event within the first `at` time units.

    Parameters
    ----------
    table : RiskTable
        Counts, perhaps with batches; events of all causes count as the event. Times count from 0.
    at : float
        The horizon, positive and at most the largest observed time (see `check_horizon`).
    conf_level : float
        Confidence level.
    extend : bool
        Carry the last value of a curve on to `at`. For replicates of a bootstrap, whose own
        follow-up may end a little before that of the sample; else such a curve gives NaN.

    Returns
    -------
    RestrictedMean
        The estimate with the standard error of the estimator, not of the times.

    Raises
    ------
    CarstatsError
        If `at` is not positive or, without batches and `extend`, beyond the follow-up.

    References
    ----------
    Irwin JO. J Hyg 1949; 47: 188-189 (variance).
    Kaplan EL, Meier P. J Am Stat Assoc 1958; 53: 457-481 (section 6).
    Royston P, Parmar MKB. BMC Med Res Methodol 2013; 13: 152.
    """
    check_horizon({"the curve": table} if table.n_risk.ndim == 1 and not extend else {}, at)
    shape = table.n_risk.shape[:-1]
    if not table.time.size:
        nothing = np.full(shape, np.nan)
        return RestrictedMean(at, nothing, nothing, nothing, nothing)
    n, d = table.n_risk, table.n_event.sum(axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        survival = np.cumprod(np.where(n > 0, 1 - d / n, 1.0), axis=-1)
        hazard = np.where((d > 0) & (n > d), d / (n * (n - d)), 0.0)
    inside = np.clip(table.time, 0.0, at)
    width = np.diff(np.append(inside, at))
    area = survival * width
    # The area still to come after each time weighs its contribution to the variance.
    to_come = np.cumsum(area[..., ::-1], axis=-1)[..., ::-1]
    estimate = inside[0] + to_come[..., 0]
    variance = (to_come**2 * hazard).sum(axis=-1)
    known = (n > 0).any(axis=-1) if extend else known_until(table) >= at
    estimate = np.where(known, estimate, np.nan)
    std_error = np.sqrt(np.where(known & (variance > 0), variance, np.nan))
    half = NormalDist().inv_cdf(0.5 + conf_level / 2) * std_error
    return RestrictedMean(
        at, estimate, std_error, np.maximum(estimate - half, 0.0), np.minimum(estimate + half, at)
    )


def area_under(table: RiskTable, survival: NDArray[np.float64], at: float) -> NDArray[np.float64]:
    """Compute the area under curves up to a time, without error: for many replicates.

    table : The counts that the curves were made from, of one or more times.
    at : The horizon; the last value of a curve is carried on to it.
    """
    inside = np.clip(table.time, 0.0, at)
    return inside[0] + survival @ np.diff(np.append(inside, at))


def mean_contrast(
    first: RestrictedMean,
    second: RestrictedMean,
    *,
    measure: str = "difference",
    conf_level: float = 0.95,
) -> MeanContrast:
    """Compare two restricted means of independent groups.

    Parameters
    ----------
    first, second : RestrictedMean
        With the same horizon.
    measure : {"difference", "ratio"}
        First less second, or first by second.
    conf_level : float
        Confidence level.

    Returns
    -------
    MeanContrast
        NaN limits where one of the two has no standard error: with nobody having the event in a
        group the data do not say how far its mean is known.

    Raises
    ------
    CarstatsError
        If the measure is unknown or the horizons differ.
    """
    measure = check_choice("measure", measure, CONTRASTS)
    if first.at != second.at:
        raise CarstatsError(
            message(
                "restricted means to {at} and to {other}: not alike.",
                at=f"{first.at:g}",
                other=f"{second.at:g}",
            )
        )
    z = NormalDist().inv_cdf(0.5 + conf_level / 2)
    a, b = np.asarray(first.estimate), np.asarray(second.estimate)
    if measure == "difference":
        estimate = a - b
        std_error = np.hypot(first.std_error, second.std_error)
        statistic = estimate / std_error
        low, high = estimate - z * std_error, estimate + z * std_error
    else:
        positive = (a > 0) & (b > 0)
        a, b = np.where(positive, a, np.nan), np.where(positive, b, np.nan)
        estimate = a / b
        on_log = np.hypot(first.std_error / a, second.std_error / b)
        std_error, statistic = estimate * on_log, np.log(estimate) / on_log
        low, high = estimate * np.exp(-z * on_log), estimate * np.exp(z * on_log)
    return MeanContrast(measure, estimate, std_error, low, high, statistic, normal_p(statistic))


def normal_p(statistic: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute two-sided p-values of normal statistics."""
    from scipy.special import ndtr

    return 2 * ndtr(-np.abs(statistic))
