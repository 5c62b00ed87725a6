"""Systemic sclerosis: skin score, EUSTAR activity index, lung, composite event.

ACR-CRISS and its revision are in `criss`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pandas.arrays import BooleanArray

from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.logic import (
    all_of,
    any_of,
    check_lengths,
    compare,
    flags,
    given,
    numbers,
    percent_change,
)
from carstats.errors import CarstatsError, listed
from carstats.messages import message

MRSS_RANGE = (0.0, 51.0)

# Valentini 2017, doi:10.1136/annrheumdis-2016-209768: the weights add up to 10.
EUSTAR_WEIGHTS = {
    "skin_worse": 1.5,
    "digital_ulcers": 1.5,
    "mrss": 1.5,
    "friction_rubs": 2.25,
    "crp": 2.25,
    "dlco": 1.0,
}


@rule(
    "mRSS_response",
    "SSc",
    "response",
    definition="mRSS down by at least 5 points and at least 25 %.",
    thresholds="points=5; percent=25",
    source="carstats, mirroring the progression rule",
    status="design",
)
def mrss_response(
    baseline: ArrayLike, follow_up: ArrayLike, *, points: float = 5.0, percent: float = 25.0
) -> BooleanArray:
    """Judge a response of the skin by the modified Rodnan score.

    NA where a score is missing; False where the baseline is 0. Status: design (a mirror of the
    published progression rule).

    Parameters
    ----------
    baseline, follow_up : Modified Rodnan skin score before lymphodepletion and now, 0 to 51.
    points, percent : Both falls are needed.
    """
    first, now = _skin(baseline, follow_up)
    # Percentages are compared as points, which a baseline of 0 leaves defined.
    return all_of(
        compare(first - now, ">=", points), compare(first - now - percent / 100 * first, ">=", 0)
    )


@rule(
    "mRSS_progression",
    "SSc",
    "event",
    definition="mRSS up by more than 5 points and at least 25 %.",
    thresholds="points=5; percent=25",
    source="Published progression rule",
)
def mrss_progression(
    baseline: ArrayLike, follow_up: ArrayLike, *, points: float = 5.0, percent: float = 25.0
) -> BooleanArray:
    """Judge a progression of the skin by the modified Rodnan score.

    NA where a score is missing.

    Parameters
    ----------
    baseline, follow_up : Modified Rodnan skin score, 0 to 51.
    points, percent : The rise must exceed `points` and reach `percent`.
    """
    first, now = _skin(baseline, follow_up)
    return all_of(
        compare(now - first, ">", points), compare(now - first - percent / 100 * first, ">=", 0)
    )


@rule(
    "EUSTAR_activity",
    "SSc",
    "score",
    definition=(
        "Worse skin 1.5, digital ulcers 1.5, mRSS above 18 1.5, friction rubs 2.25, CRP above 1"
        " mg/dL 2.25, DLCO below 70 % 1.0; 0 to 10, active from 2.5."
    ),
    thresholds="mrss_above=18; crp_above=1; dlco_below=70; cut=2.5",
    source="Valentini 2017, Ann Rheum Dis",
    doi="10.1136/annrheumdis-2016-209768",
    after="revised_CRISS",
)
def eustar_activity(
    skin_worse: ArrayLike,
    digital_ulcers: ArrayLike,
    mrss: ArrayLike,
    friction_rubs: ArrayLike,
    crp_mg_dl: ArrayLike,
    dlco: ArrayLike,
    *,
    mrss_above: float = 18.0,
    crp_above: float = 1.0,
    dlco_below: float = 70.0,
    weights: Mapping[str, float] = EUSTAR_WEIGHTS,
) -> NDArray[np.float64]:
    """Return the revised EUSTAR activity index, 0 to 10.

    Parameters
    ----------
    skin_worse : Whether the subject says that the skin got worse in the past month (1.5 points).
    digital_ulcers : Digital ulcers (1.5).
    mrss : Modified Rodnan skin score, 0 to 51 (above 18: 1.5).
    friction_rubs : Tendon friction rubs (2.25).
    crp_mg_dl : C-reactive protein, mg/dL (above 1: 2.25).
    dlco : Diffusing capacity, percent predicted (below 70: 1.0).
    mrss_above, crp_above, dlco_below : The limits.
    weights : The points.

    Returns
    -------
    The index; NaN where a component is missing.

    Notes
    -----
    Status: verify (the weight of DLCO). Active from 2.5: `eustar_active`.
    """
    absent = [name for name in EUSTAR_WEIGHTS if name not in weights]
    if absent:
        raise CarstatsError(message("`weights` lacks {names}.", names=listed(absent)))
    skin, crp, dlco = numbers(
        mrss=(mrss, *MRSS_RANGE), crp_mg_dl=(crp_mg_dl, 0, 100), dlco=(dlco, 0, 200)
    )
    worse, ulcers, rubs = flags(
        skin_worse=skin_worse, digital_ulcers=digital_ulcers, friction_rubs=friction_rubs
    )
    check_lengths(mrss=skin, skin_worse=worse)
    parts = {
        "skin_worse": worse,
        "digital_ulcers": ulcers,
        "mrss": compare(skin, ">", mrss_above),
        "friction_rubs": rubs,
        "crp": compare(crp, ">", crp_above),
        "dlco": compare(dlco, "<", dlco_below),
    }
    return sum(
        weights[name] * np.where(part._mask, np.nan, part._data) for name, part in parts.items()
    )


def eustar_active(index: ArrayLike, *, cut: float = 2.5) -> BooleanArray:
    """Judge active systemic sclerosis: a EUSTAR activity index of 2.5 or more.

    NA where it is missing. Status: verify.

    Parameters
    ----------
    index : From `eustar_activity`, 0 to 10.
    cut : The smallest index of active disease.
    """
    (index,) = numbers(index=(index, 0, 10))
    return compare(index, ">=", cut)


@rule(
    "ILD_progression",
    "SSc",
    "event",
    definition="Relative fall of FVC by 10 %, or by 5 to below 10 % with DLCO down 15 %.",
    thresholds="fvc_fall=10; fvc_fall_with_dlco=5; dlco_fall=15",
    source="Khanna 2015, J Rheumatol 42:2168",
    after="EUSTAR_activity",
)
def ild_progression(
    baseline_fvc: ArrayLike,
    fvc: ArrayLike,
    baseline_dlco: ArrayLike,
    dlco: ArrayLike,
    *,
    fvc_fall: float = 10.0,
    fvc_fall_with_dlco: float = 5.0,
    dlco_fall: float = 15.0,
) -> BooleanArray:
    """Judge progression of interstitial lung disease by relative falls of FVC and DLCO.

    NA where a component that is consulted is missing.

    Parameters
    ----------
    baseline_fvc, fvc : Forced vital capacity, percent predicted or litres, the same in both.
    baseline_dlco, dlco : Diffusing capacity, percent predicted; consulted where FVC fell by 5 to
        below 10 %.
    fvc_fall, fvc_fall_with_dlco, dlco_fall : Falls in percent of baseline, at least.
    """
    fvc_first, fvc_now, dlco_first, dlco_now = numbers(
        baseline_fvc=(baseline_fvc, 0, 200),
        fvc=(fvc, 0, 200),
        baseline_dlco=(baseline_dlco, 0, 200),
        dlco=(dlco, 0, 200),
    )
    fall = -percent_change(fvc_first, fvc_now)
    half_way = compare(fall, ">=", fvc_fall_with_dlco)
    return any_of(
        compare(fall, ">=", fvc_fall),
        given(half_way, compare(-percent_change(dlco_first, dlco_now), ">=", dlco_fall)),
    )


@rule(
    "SSc_event",
    "SSc",
    "event",
    definition=(
        "Progression of ILD, heart failure, renal failure, arterial hypertension, or new "
        "immunosuppressant or antifibrotic."
    ),
    thresholds="those of its components",
    source="Auth 2024",
    after="ILD_progression",
)
@rule(
    "SSc_event_free_survival",
    "SSc",
    "time-to-event",
    definition="From infusion to the composite event of SSc; death competes.",
    thresholds="those of SSc_event",
    source="Auth 2024",
    after="drug_free_duration",
)
def ssc_event(
    ild_progressed: ArrayLike,
    heart_failure: ArrayLike,
    renal_failure: ArrayLike,
    arterial_hypertension: ArrayLike,
    new_treatment: ArrayLike,
) -> BooleanArray:
    """Judge the composite event of Auth 2024, whose absence is event-free time.

    NA where none is known and one is missing.

    Parameters
    ----------
    ild_progressed, heart_failure, renal_failure, arterial_hypertension : Progression of the lung
        (`ild_progression`) and new organ events.
    new_treatment : New immunosuppressant or antifibrotic.

    References
    ----------
    Auth J et al. 2024, diffuse systemic sclerosis after CD19 CAR-T cells, Lancet Rheumatol.
    """
    return any_of(
        *flags(
            ild_progressed=ild_progressed,
            heart_failure=heart_failure,
            renal_failure=renal_failure,
            arterial_hypertension=arterial_hypertension,
            new_treatment=new_treatment,
        )
    )


def _skin(baseline, follow_up):
    return numbers(baseline=(baseline, *MRSS_RANGE), follow_up=(follow_up, *MRSS_RANGE))
