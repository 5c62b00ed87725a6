"""Immune thrombocytopenia and autoimmune haemolytic anaemia: response and its loss."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from pandas.arrays import BooleanArray

from carstats.endpoints.record.logic import (
    all_of,
    any_of,
    boolean,
    check_lengths,
    compare,
    failed_by,
    flags,
    given,
    numbers,
    texts,
)
from carstats.errors import check_choice

PLATELET_RANGE = (0.0, 3000.0)


def itp_response(
    baseline_platelets: ArrayLike,
    platelets: ArrayLike,
    bleeding: ArrayLike,
    rescue: ArrayLike = False,
    *,
    level: str = "response",
    complete: float = 100.0,
    response: float = 30.0,
    times: float = 2.0,
) -> BooleanArray:
    """Judge the response of immune thrombocytopenia at one count.

    Parameters
    ----------
    baseline_platelets, platelets : float or sequence of float
        Platelets before lymphodepletion and now, 10^9/L.
    bleeding : bool or sequence of bool
        Whether there is bleeding.
    rescue : bool or sequence of bool, optional
        Rescue treatment, re-infusion or death before the visit: no response, whatever is missing.
    level : str, optional
        ``"response"``: at least 30 and twice the baseline; ``"complete"``: at least 100. No
        bleeding in either.
    complete, response, times : float, optional
        The limits.

    Returns
    -------
    pandas.arrays.BooleanArray
        NA where a component is missing; the baseline is no component of a complete response.

    Raises
    ------
    CarstatsError
        If a value is out of its range or `level` another word.

    Notes
    -----
    Status: verify. Two counts a week apart are needed: ``confirmed(subject, day, met, span=7)``.

    References
    ----------
    Rodeghiero F et al. Blood 2009;113:2386-2393.
    """
    level = check_choice("level", level, ("response", "complete"))
    first, now = numbers(
        baseline_platelets=(baseline_platelets, *PLATELET_RANGE),
        platelets=(platelets, *PLATELET_RANGE),
    )
    bleeding, rescue = flags(bleeding=bleeding, rescue=rescue)
    if level == "complete":
        met = all_of(compare(now, ">=", complete), ~bleeding)
    else:
        doubled = compare(now - times * first, ">=", 0)
        met = all_of(compare(now, ">=", response), doubled, ~bleeding)
    return failed_by(met, rescue)


def itp_loss(
    level: ArrayLike,
    baseline_platelets: ArrayLike,
    platelets: ArrayLike,
    bleeding: ArrayLike,
    *,
    complete: float = 100.0,
    response: float = 30.0,
    times: float | None = 2.0,
) -> BooleanArray:
    """Judge the loss of a response of immune thrombocytopenia at one count, or by bleeding.

    A complete response is lost below 100, a response below 30 or below twice the baseline.

    Parameters
    ----------
    level : str or sequence of str
        The response reached before: ``"complete"`` or ``"response"``.
    baseline_platelets, platelets : float or sequence of float
        Platelets before lymphodepletion and now, 10^9/L.
    bleeding : bool or sequence of bool
        Whether there is bleeding.
    complete, response : float, optional
        A complete response is lost below the first, a response below the second.
    times : float, optional
        A response is lost also below so many times the baseline; None to leave that out.

    Returns
    -------
    pandas.arrays.BooleanArray
        NA where it is not known to be met and a component is missing.

    Raises
    ------
    CarstatsError
        If a value is out of its range or `level` another word.

    Notes
    -----
    Status: verify. Two counts a day or more apart are needed:
    ``confirmed(subject, day, lost, span=1)``.

    References
    ----------
    Rodeghiero F et al. Blood 2009;113:2386-2393.
    """
    state = texts("level", level, ("response", "complete"))
    first, now = numbers(
        baseline_platelets=(baseline_platelets, *PLATELET_RANGE),
        platelets=(platelets, *PLATELET_RANGE),
    )
    (bleeding,) = flags(bleeding=bleeding)
    check_lengths(level=state, platelets=now)
    unknown = np.array([value is None for value in state])
    parts = [
        given(boolean(state == "complete", unknown), compare(now, "<", complete)),
        given(boolean(state == "response", unknown), compare(now, "<", response)),
        bleeding,
    ]
    if times is not None:
        less = compare(now - times * first, "<", 0)
        parts.append(given(boolean(state == "response", unknown), less))
    return any_of(*parts)


def aiha_complete_response(
    haemoglobin: ArrayLike,
    haemoglobin_lln: ArrayLike,
    haemolysis: ArrayLike,
    treated: ArrayLike,
    transfused: ArrayLike,
) -> BooleanArray:
    """Judge complete response of autoimmune haemolytic anaemia.

    Normal haemoglobin, no haemolysis, no treatment and no transfusion.

    Parameters
    ----------
    haemoglobin, haemoglobin_lln : float or sequence of float
        Haemoglobin and its lower limit of normal, g/dL.
    haemolysis : bool or sequence of bool
        Whether LDH, bilirubin, haptoglobin or reticulocytes show haemolysis.
    treated, transfused : bool or sequence of bool
        Treatment of the disease, transfusion, in the look-back of the visit.

    Returns
    -------
    pandas.arrays.BooleanArray
        NA where a component is missing.

    Raises
    ------
    CarstatsError
        If a value is out of its range.

    Notes
    -----
    Status: verify.
    """
    now, limit = numbers(haemoglobin=(haemoglobin, 1, 26), haemoglobin_lln=(haemoglobin_lln, 5, 20))
    haemolysis, treated, transfused = flags(
        haemolysis=haemolysis, treated=treated, transfused=transfused
    )
    return all_of(compare(now - limit, ">=", 0), ~haemolysis, ~treated, ~transfused)
