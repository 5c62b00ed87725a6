"""Rheumatoid arthritis: DAS28, CDAI, Boolean remission and ACR20, 50 and 70."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas.arrays import BooleanArray

from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.logic import (
    all_of,
    any_of,
    at_least,
    category,
    compare,
    failed_by,
    flags,
    numbers,
)
from carstats.errors import CarstatsError, check_choice, listed
from carstats.messages import message

JOINTS_28 = (0.0, 28.0)
ACR_RANGES = {
    "tender": (0.0, 68.0),
    "swollen": (0.0, 66.0),
    "pain": (0.0, 100.0),
    "patient": (0.0, 100.0),
    "physician": (0.0, 100.0),
    "haq": (0.0, 3.0),
    "acute_phase": (0.0, 1000.0),
}


@rule(
    "DAS28-CRP",
    "RA",
    "score",
    definition=(
        "0.56 root of tender + 0.28 root of swollen + 0.36 ln(CRP + 1) + 0.014 global + 0.96."
    ),
    thresholds="none",
    source="Wells 2009, Ann Rheum Dis 68:954",
)
def das28(
    tender: ArrayLike,
    swollen: ArrayLike,
    acute_phase: ArrayLike,
    patient_global_mm: ArrayLike,
    *,
    marker: str = "CRP",
) -> NDArray[np.float64]:
    """Return DAS28 with CRP or with the erythrocyte sedimentation rate.

    Parameters
    ----------
    tender, swollen : Tender and swollen joints of 28.
    acute_phase : CRP, mg/L, or sedimentation rate, mm/h (counted as 1 where it is below).
    patient_global_mm : The patient's assessment of health, 0 to 100 mm.
    marker : ``"CRP"`` or ``"ESR"``.

    Returns
    -------
    The score; NaN where a component is missing.

    Notes
    -----
    Remission is below 2.6: `das28_remission`.

    References
    ----------
    Prevoo MLL et al. Arthritis Rheum 1995;38:44-48 (ESR); Wells G et al. Ann Rheum Dis
    2009;68:954-960 (CRP).
    """
    marker = check_choice("marker", marker, ("CRP", "ESR"))
    tender, swollen, acute, patient = numbers(
        tender=(tender, *JOINTS_28),
        swollen=(swollen, *JOINTS_28),
        acute_phase=(acute_phase, 0, 1000),
        patient_global_mm=(patient_global_mm, 0, 100),
    )
    joints = 0.56 * np.sqrt(tender) + 0.28 * np.sqrt(swollen) + 0.014 * patient
    if marker == "CRP":
        return joints + 0.36 * np.log(acute + 1) + 0.96
    return joints + 0.70 * np.log(np.maximum(acute, 1.0))


@rule(
    "DAS28_remission",
    "RA",
    "response",
    definition="DAS28-CRP below 2.6.",
    thresholds="below=2.6",
    source="Wells 2009, Ann Rheum Dis 68:954",
)
def das28_remission(score: ArrayLike, *, below: float = 2.6) -> BooleanArray:
    """Judge remission by DAS28.

    NA where it is missing.

    Parameters
    ----------
    score : From `das28`, 0 to 10.
    below : The limit.
    """
    (score,) = numbers(score=(score, 0, 10))
    return compare(score, "<", below)


def cdai(
    tender: ArrayLike, swollen: ArrayLike, patient_global: ArrayLike, physician_global: ArrayLike
) -> NDArray[np.float64]:
    """Return the clinical disease activity index, 0 to 76.

    Status: verify.

    Parameters
    ----------
    tender, swollen : Tender and swollen joints of 28.
    patient_global, physician_global : Global assessments, 0 to 10 cm.

    Returns
    -------
    The index; NaN where a component is missing.

    References
    ----------
    Aletaha D, Smolen J. Clin Exp Rheumatol 2005;23(5 Suppl 39):S100-S108.
    """
    return sum(
        numbers(
            tender=(tender, *JOINTS_28),
            swollen=(swollen, *JOINTS_28),
            patient_global=(patient_global, 0, 10),
            physician_global=(physician_global, 0, 10),
        )
    )


@rule(
    "CDAI_band",
    "RA",
    "state",
    definition="Clinical disease activity index up to 2.8 remission, 10 low, 22 moderate.",
    thresholds="remission=2.8; low=10; moderate=22",
    source="Aletaha 2005, Clin Exp Rheumatol 23:S100",
)
def cdai_band(
    index: ArrayLike, *, remission: float = 2.8, low: float = 10.0, moderate: float = 22.0
) -> pd.Categorical:
    """Name the activity band of a CDAI.

    Parameters
    ----------
    index : From `cdai`, 0 to 76.
    remission, low, moderate : The largest value of each band.

    Returns
    -------
    Ordered: ``"remission"``, ``"low"``, ``"moderate"``, ``"high"``.
    """
    (index,) = numbers(index=(index, 0, 76))
    step = sum(compare(index, ">", cut)._data.astype(int) for cut in (remission, low, moderate))
    return category(("remission", "low", "moderate", "high"), step, np.isnan(index))


@rule(
    "Boolean_remission",
    "RA",
    "response",
    definition=(
        "Tender 1 or less, swollen 1 or less, CRP 1 mg/dL or less, patient global 2 or less of "
        "10 (Boolean 2.0)."
    ),
    thresholds="joints_max=1; crp_max=1; patient_max=2",
    source="Studenic 2023, Ann Rheum Dis 82:74",
)
def boolean_remission(
    tender: ArrayLike,
    swollen: ArrayLike,
    crp_mg_dl: ArrayLike,
    patient_global: ArrayLike,
    *,
    joints_max: float = 1.0,
    crp_max: float = 1.0,
    patient_max: float = 2.0,
) -> BooleanArray:
    """Judge the Boolean 2.0 remission of ACR/EULAR.

    NA where a component is missing.

    Parameters
    ----------
    tender, swollen : Tender and swollen joints of 28, at most 1 each.
    crp_mg_dl : CRP, mg/dL, at most 1.
    patient_global : The patient's global assessment, 0 to 10 cm, at most 2 (1 in the first
        version).
    joints_max, crp_max, patient_max : The limits.
    """
    tender, swollen, crp, patient = numbers(
        tender=(tender, *JOINTS_28),
        swollen=(swollen, *JOINTS_28),
        crp_mg_dl=(crp_mg_dl, 0, 100),
        patient_global=(patient_global, 0, 10),
    )
    joints = compare(tender, "<=", joints_max), compare(swollen, "<=", joints_max)
    return all_of(*joints, compare(crp, "<=", crp_max), compare(patient, "<=", patient_max))


@rule(
    "ACR20",
    "RA",
    "response",
    definition="Tender and swollen joints and three of five other measures better by 20 %.",
    thresholds="percent=20; others=3",
    source="Felson 1995, Arthritis Rheum 38:727",
)
@rule(
    "ACR50",
    "RA",
    "response",
    definition="As ACR20, by 50 %.",
    thresholds="percent=50; others=3",
    source="Felson 1995, Arthritis Rheum 38:727",
)
@rule(
    "ACR70",
    "RA",
    "response",
    definition="As ACR20, by 70 %.",
    thresholds="percent=70; others=3",
    source="Felson 1995, Arthritis Rheum 38:727",
)
def acr_response(
    baseline: Mapping[str, ArrayLike],
    follow_up: Mapping[str, ArrayLike],
    rescue: ArrayLike = False,
    *,
    percent: float = 20.0,
    others: int = 3,
) -> BooleanArray:
    """Judge ACR20 (50, 70): joints better by `percent`, and three of the five other measures.

    NA where a joint count is missing, or fewer than `others` are known to be better and one is
    missing. A measure of 0 at baseline cannot improve.

    Parameters
    ----------
    baseline, follow_up : ``"tender"`` (0 to 68), ``"swollen"`` (0 to 66), ``"pain"``,
        ``"patient"``, ``"physician"`` (0 to 100), ``"haq"`` (0 to 3), ``"acute_phase"`` (CRP or
        ESR).
    percent : 20, 50 or 70.
    others : How many of the five must be better.
    """
    better = _better(baseline, follow_up, tuple(ACR_RANGES), percent)
    met = all_of(better[0], better[1], at_least(others, *better[2:]))
    return failed_by(met, *flags(rescue=rescue))


@rule(
    "joint_count_halved",
    "RA",
    "response",
    definition="Swollen or tender joints down by half, at week 4 of the CAR-Treg trial.",
    thresholds="percent=50",
    source="CAR-Treg trial",
)
def joint_count_halved(
    baseline: Mapping[str, ArrayLike], follow_up: Mapping[str, ArrayLike], *, percent: float = 50.0
) -> BooleanArray:
    """Judge the endpoint of the CAR-Treg trial.

    NA where neither is known to be down and one is missing.

    Parameters
    ----------
    baseline, follow_up : ``"tender"`` (0 to 68) and ``"swollen"`` (0 to 66).
    """
    return any_of(*_better(baseline, follow_up, ("tender", "swollen"), percent))


def _better(baseline, follow_up, names, percent):
    for argument, values in (("baseline", baseline), ("follow_up", follow_up)):
        absent = [name for name in names if name not in values]
        if absent:
            raise CarstatsError(
                message(
                    "`{argument}` lacks {names}. It takes: {known}.",
                    argument=argument,
                    names=listed(absent),
                    known=listed(names),
                )
            )
    before = {f"baseline {name}": (baseline[name], *ACR_RANGES[name]) for name in names}
    after = {f"follow_up {name}": (follow_up[name], *ACR_RANGES[name]) for name in names}
    arrays = numbers(**before, **after)
    pairs = zip(arrays[: len(names)], arrays[len(names) :], strict=True)
    return [
        all_of(compare(a - b, ">", 0), compare(a - b - percent / 100 * a, ">=", 0))
        for a, b in pairs
    ]
