"""One survival curve against a given one: at a time, and as a whole."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.estimators.curves.beta import beta_cdf
from carstats.estimators.curves.curve_difference import beta_at
from carstats.estimators.curves.risk_table import RiskTable
from carstats.estimators.rates.rate import event_rate, rate_test


@dataclass(frozen=True)
class ObservedExpected:
    """Events seen by those that a given curve expects, of the same subjects at the same times.

    Attributes
    ----------
    n_event : int
        Events up to the end of the given curve.
    n_expected : float
        Its cumulative hazard over the subjects' times at risk.
    estimate : float
        Their ratio; NaN without time at risk.
    low, high : float
        Garwood's limits.
    p_value : float
        Twice the smaller Poisson tail.
    """

    n_event: int
    n_expected: float
    estimate: float
    low: float
    high: float
    p_value: float


def beta_product_p_value(table: RiskTable, at: float, value: float) -> float:
    """Test whether a survival probability has a value.

    Parameters
    ----------
    table : RiskTable
        Counts, without batches; events of all causes count.
    at : float
        The time, within the follow-up.
    value : float
        The probability tested, between 0 and 1.

    Returns
    -------
    float
        Twice the smaller tail: below alpha exactly when the beta-product limits at 1 - alpha leave
        out the value. Without censoring the exact binomial test.

    References
    ----------
    Fay MP, Brittain EH, Proschan MA. Biostatistics 2013; 14: 723-736.
    """
    least, most = beta_at(table, at)
    tails = float(beta_cdf(value, *least)), 1 - float(beta_cdf(value, *most))
    return min(1.0, 2 * min(tails))


def observed_expected(
    time: ArrayLike,
    status: ArrayLike,
    curve_time: ArrayLike,
    curve: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    conf_level: float = 0.95,
) -> ObservedExpected:
    """Compare the events of subjects with those that a given survival curve expects.

    Parameters
    ----------
    time, status : array_like, shape (n,)
        Time of the event (1) or of censoring (0).
    curve_time, curve : array_like, shape (m,)
        Points of the given curve, times rising and positive; the hazard is constant from each to
        the next, and from (0, 1) to the first. Follow-up counts to the last.
    entry : array_like, shape (n,), optional
        Left truncation: at risk at t are those with entry < t <= time.
    conf_level : float
        Confidence level.

    Returns
    -------
    ObservedExpected
        The ratio with its exact Poisson limits and test (one-sample log-rank).

    References
    ----------
    Breslow NE. Appl Stat 1975; 24: 303-313 (expected events). Finkelstein DM, Muzikansky A,
    Schoenfeld DA. J Natl Cancer Inst 2003; 95: 1434-1439.
    """
    time, status = np.asarray(time, float), np.asarray(status, int)
    places = np.append(0.0, np.asarray(curve_time, float))
    hazard = np.append(0.0, -np.log(np.asarray(curve, float)))
    end = places[-1]

    def cumulative(at: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.interp(np.clip(at, 0.0, end), places, hazard)

    exposure = cumulative(time)
    if entry is not None:
        exposure = exposure - cumulative(np.minimum(np.asarray(entry, float), time))
    k, expected = int(((status > 0) & (time <= end)).sum()), float(exposure.sum())
    rate = event_rate(k, expected, conf_level=conf_level)
    p_value = float(rate_test(k, expected, 1.0))
    return ObservedExpected(
        k, expected, float(rate.estimate), float(rate.low), float(rate.high), p_value
    )
