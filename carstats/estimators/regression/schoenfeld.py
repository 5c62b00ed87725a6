"""Test of proportional hazards: does a coefficient of Cox's model change over time?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.errors import check_choice
from carstats.estimators.curves.kaplan_meier import step_values, survival_probability
from carstats.estimators.curves.risk_table import risk_table
from carstats.estimators.quadratic_form import chi_square_tail, pseudo_inverse
from carstats.estimators.regression.cox import CoxFit

TRANSFORMS = ("km", "identity", "log")


@dataclass(frozen=True)
class ProportionalHazardsTest:
    """Score tests of a slope of each coefficient over time.

    Attributes
    ----------
    statistic, p_value : ndarray, shape (p,)
        For each coefficient chi-squared with one degree of freedom, and its upper tail.
    statistic_all, p_value_all : float
        For all coefficients together, with p degrees of freedom.
    transform : str
        The scale of time.
    """

    statistic: NDArray[np.float64]
    p_value: NDArray[np.float64]
    statistic_all: float
    p_value_all: float
    transform: str


def proportional_hazards(
    fit: CoxFit,
    time: ArrayLike,
    status: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    transform: str = "km",
) -> ProportionalHazardsTest:
    """Test whether the coefficients of a Cox model are constant over time.

    Each covariate is joined by its product with a function g of time, and the score test of the
    product's coefficient is made at the fit, where it is 0: no second model is fitted. It is what
    survival::cox.zph does since version 3; earlier versions, and lifelines, take the information of
    all event times to be alike.

    Parameters
    ----------
    fit : CoxFit
        A fit with p covariates.
    time, status, entry, weights
        What it was made from.
    transform : {"km", "identity", "log"}
        g: one minus the Kaplan-Meier curve of everyone just before each time (cox.zph's default),
        the time, or its logarithm.

    Returns
    -------
    ProportionalHazardsTest
        The tests; NaN without a fit.

    Raises
    ------
    CarstatsError
        If the transform is unknown.

    References
    ----------
    Grambsch PM, Therneau TM. Biometrika 1994; 81: 515-526.
    """
    transform = check_choice("transform", transform, TRANSFORMS)
    p = fit.coef.size
    if fit.reason:
        nothing = np.full(p, np.nan)
        return ProportionalHazardsTest(nothing, nothing, np.nan, np.nan, transform)
    g = _scale(fit, time, status, entry, weights, transform)
    # The statistic does not depend on the origin of g, but rounding does.
    g = g - g.mean()
    score = g @ fit.residual
    first, crossed, second = (fit.information(factor) for factor in (np.ones_like(g), g, g * g))
    variance = second - crossed @ np.linalg.solve(first, crossed)
    # With x_j's product alone in the model, x_1 to x_p are adjusted for as they are with all.
    own = np.diag(second) - np.einsum("ij,ij->j", crossed, np.linalg.solve(first, crossed))
    known = own > 1e-12 * np.abs(np.diag(second))
    statistic = np.where(known, score**2 / np.where(known, own, 1.0), np.nan)
    # What rounding leaves of a variance of 0 is no direction to test.
    inverse, rank = pseudo_inverse(np.where(np.outer(known, known), variance, 0.0))
    together = float(score @ inverse @ score) if rank == p else np.nan
    return ProportionalHazardsTest(
        statistic,
        np.array([chi_square_tail(value, 1) for value in statistic]),
        together,
        chi_square_tail(together, p),
        transform,
    )


def _scale(fit: CoxFit, time, status, entry, weights, transform: str) -> NDArray[np.float64]:
    at = fit.event_time
    if transform == "identity":
        return at
    if transform == "log":
        return np.log(at)
    table = risk_table(time, np.asarray(status, int) > 0, entry=entry, weights=weights)
    before = np.append(1.0, survival_probability(table))[:-1]
    return 1 - step_values(table.time, before, at, np.float64(1.0))
