"""The difference of two survival curves at one time, with its test and limits."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from carstats.estimators.curves.beta import BetaParameters
from carstats.estimators.curves.kaplan_meier import beta_product, kaplan_meier, step_values
from carstats.estimators.curves.melding import difference_probability, difference_quantile
from carstats.estimators.curves.risk_table import RiskTable
from carstats.estimators.curves.rmst import known_until, normal_p
from carstats.estimators.reasons import (
    CURVE_AT_ITS_END,
    FIRST_EMPTY,
    FIRST_FOLLOWED_TO,
    SECOND_EMPTY,
    SECOND_FOLLOWED_TO,
    Reason,
)

DIFFERENCE_METHODS = ("melded beta product", "Greenwood")


@dataclass(frozen=True)
class CurveDifference:
    """A difference of two survival probabilities, first less second.

    Attributes
    ----------
    first, second : float
        The two probabilities.
    estimate : float
        Their difference; NaN beyond the follow-up of a group, or with nobody in it.
    std_error : float
        Greenwood's; NaN where that of a curve is 0 or undefined.
    low, high : float
        Limits.
    p_value : float
        Two-sided, of no difference: below 1 - `conf_level` exactly when the limits leave out 0.
    note : tuple of Reason
        Why something is missing; else empty.
    """

    first: float
    second: float
    estimate: float
    std_error: float
    low: float
    high: float
    p_value: float
    note: tuple[Reason, ...]


def greenwood_difference(
    first: RiskTable, second: RiskTable, at: float, *, conf_level: float = 0.95
) -> CurveDifference:
    """Estimate the difference of two curves at a time, with normal limits by Greenwood's errors.

    Parameters
    ----------
    first, second : RiskTable
        Counts of independent groups, without batches; events of all causes count.
    at : float
        The time.
    conf_level : float
        Confidence level.

    Returns
    -------
    CurveDifference
        The limits and p-value are NaN where a curve is 1 or 0, for Greenwood's error says nothing
        there.

    References
    ----------
    Klein JP, Logan B, Harhoff M, Andersen PK. Stat Med 2007; 26: 4505-4519.
    """
    a, b, error, note = _estimates(first, second, at)
    estimate = a - b
    half = NormalDist().inv_cdf(0.5 + conf_level / 2) * error
    p_value = float(normal_p(np.float64(estimate / error)))
    low, high = np.maximum(estimate - half, -1.0), np.minimum(estimate + half, 1.0)
    if not note and np.isnan(error):
        note = (Reason(CURVE_AT_ITS_END),)
    return CurveDifference(a, b, estimate, error, float(low), float(high), p_value, note)


def melded_difference(
    first: RiskTable, second: RiskTable, at: float, *, conf_level: float = 0.95
) -> CurveDifference:
    """Estimate the difference of two curves at a time, with limits that hold in small samples.

    The beta distributions behind the beta-product limits of the two curves are melded: the lower
    limit is a quantile of (what bounds the first curve from below) less (what bounds the second
    from above), the upper one the other way round. The distribution of the difference is found by
    numerical integration. Without censoring it is the melded interval of two proportions, whose
    one-sided tests at no difference are Fisher's exact.

    Parameters
    ----------
    first, second : RiskTable
        Counts of independent groups, without batches; events of all causes count.
    at : float
        The time.
    conf_level : float
        Confidence level.

    Returns
    -------
    CurveDifference
        The difference. Its p-value is twice the smaller one-sided one.

    References
    ----------
    Fay MP, Proschan MA, Brittain E. Biometrics 2015; 71: 146-156.
    Fay MP, Brittain EH, Proschan MA. Biostatistics 2013; 14: 723-736.
    """
    a, b, error, note = _estimates(first, second, at)
    if np.isnan(a - b):
        return CurveDifference(a, b, a - b, error, np.nan, np.nan, np.nan, note)
    (least_1, most_1), (least_2, most_2) = beta_at(first, at), beta_at(second, at)
    tail = (1 - conf_level) / 2
    low = difference_quantile(tail, least_1, most_2)
    high = -difference_quantile(tail, least_2, most_1)
    # Under delayed entry the laws of a curve may lie off it.
    low, high = min(low, a - b), max(high, a - b)
    p_value = 2 * min(
        difference_probability(0.0, least_1, most_2), difference_probability(0.0, least_2, most_1)
    )
    return CurveDifference(a, b, a - b, error, low, high, min(p_value, 1.0), note)


_MISSING = (
    (FIRST_FOLLOWED_TO, FIRST_EMPTY),
    (SECOND_FOLLOWED_TO, SECOND_EMPTY),
)


def _estimates(first: RiskTable, second: RiskTable, at: float):
    """Both probabilities, the error of their difference, and why they are missing."""
    values, errors, notes = [], [], []
    for (short, empty), table in zip(_MISSING, (first, second), strict=True):
        if not table.time.size or known_until(table) < at:
            if table.time.size:
                notes.append(Reason(short, {"day": float(table.time[-1])}))
            else:
                notes.append(Reason(empty))
            values.append(np.nan)
            errors.append(np.nan)
            continue
        curve = kaplan_meier(table, conf_type="plain")
        survival = float(step_values(table.time, curve.survival, [at], 1.0)[0])
        error = float(step_values(table.time, curve.std_error, [at], np.nan)[0])
        values.append(survival)
        errors.append(error if 0 < survival < 1 else np.nan)
    return *values, float(np.hypot(*errors)), tuple(notes)


def beta_at(table: RiskTable, at: float) -> tuple[BetaParameters, BetaParameters]:
    """Return the two beta distributions of a curve at a time.

    Returns: parameters as from `beta_product`.
    """
    start = ((table.n_risk[0], 1.0), (1.0, 0.0))
    least, most = (
        tuple(
            float(step_values(table.time, column, [at], before)[0])
            for column, before in zip(columns, befores, strict=True)
        )
        for columns, befores in zip(beta_product(table), start, strict=True)
    )
    return least, most
