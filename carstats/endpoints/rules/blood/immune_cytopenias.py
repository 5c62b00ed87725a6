"""Immune thrombocytopenia and autoimmune haemolytic anaemia: response and its loss."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from pandas.arrays import BooleanArray

from carstats.endpoints.record.declaring import rule
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


@rule(
    "ITP_CR",
    "ITP",
    "response",
    definition="Platelets 100 x 10^9/L or more and no bleeding, at two counts a week apart.",
    thresholds="complete=100; span=7",
    source="Rodeghiero 2009 (IWG), Blood 113:2386",
)
@rule(
    "ITP_R",
    "ITP",
    "response",
    definition=(
        "Platelets 30 x 10^9/L or more and twice the baseline, no bleeding, at two counts a "
        "week apart."
    ),
    thresholds="response=30; times=2; span=7",
    source="Rodeghiero 2009 (IWG), Blood 113:2386",
)
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

    NA where a component is missing; the baseline is no component of a complete response.

    Parameters
    ----------
    baseline_platelets, platelets : Platelets before lymphodepletion and now, 10^9/L.
    bleeding : Whether there is bleeding.
    level : ``"response"``: at least 30 and twice the baseline; ``"complete"``: at least 100. No
        bleeding in either.
    complete, response, times : The limits.

    Notes
    -----
    Two counts a week apart are needed: ``confirmed(subject, day, met, span=7)``.
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


@rule(
    "ITP_loss",
    "ITP",
    "event",
    definition=(
        "Below 100 after a complete response, below 30 or twice the baseline after a response, "
        "at two counts a day or more apart; or bleeding."
    ),
    thresholds="complete=100; response=30; times=2",
    source="Rodeghiero 2009 (IWG), Blood 113:2386",
)
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

    NA where it is not known to be met and a component is missing.

    Parameters
    ----------
    level : The response reached before: ``"complete"`` or ``"response"``.
    baseline_platelets, platelets : Platelets before lymphodepletion and now, 10^9/L.
    bleeding : Whether there is bleeding.
    complete, response : A complete response is lost below the first, a response below the second.
    times : A response is lost also below so many times the baseline; None to leave that out.

    Notes
    -----
    Two counts a day or more apart are needed: ``confirmed(subject, day, lost, span=1)``.
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


@rule(
    "AIHA_CR",
    "AIHA",
    "response",
    definition="Normal haemoglobin, no haemolysis, no treatment, no transfusion.",
    thresholds="the laboratory's lower limit",
    source="carstats",
)
def aiha_complete_response(
    haemoglobin: ArrayLike,
    haemoglobin_lln: ArrayLike,
    haemolysis: ArrayLike,
    treated: ArrayLike,
    transfused: ArrayLike,
) -> BooleanArray:
    """Judge complete response of autoimmune haemolytic anaemia.

    NA where a component is missing.

    Parameters
    ----------
    haemoglobin, haemoglobin_lln : Haemoglobin and its lower limit of normal, g/dL.
    haemolysis : Whether LDH, bilirubin, haptoglobin or reticulocytes show haemolysis.
    treated, transfused : Treatment of the disease, transfusion, in the look-back of the visit.
    """
    now, limit = numbers(haemoglobin=(haemoglobin, 1, 26), haemoglobin_lln=(haemoglobin_lln, 5, 20))
    haemolysis, treated, transfused = flags(
        haemolysis=haemolysis, treated=treated, transfused=transfused
    )
    return all_of(compare(now - limit, ">=", 0), ~haemolysis, ~treated, ~transfused)
