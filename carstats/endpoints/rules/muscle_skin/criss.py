"""Systemic sclerosis: ACR-CRISS of 2016 and the revised ACR-CRISS-20, -25, -30 …"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pandas.arrays import BooleanArray

from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.logic import (
    all_of,
    any_of,
    at_least,
    check_lengths,
    compare,
    failed_by,
    flags,
    given,
    numbers,
    percent_change,
)
from carstats.endpoints.rules.muscle_skin.ssc import MRSS_RANGE
from carstats.errors import CarstatsError, listed
from carstats.messages import message

FVC_RANGE = (5.0, 200.0)
GLOBAL_RANGE = (0.0, 10.0)
HAQ_RANGE = (0.0, 3.0)

# Khanna 2016, doi:10.1002/acr.22804: the logistic model of step 2, changes from baseline.
CRISS_INTERCEPT = -5.54
CRISS_WEIGHTS = {"mrss": -0.81, "fvc": 0.21, "patient": -0.40, "physician": -0.44, "haq": -3.41}


@rule(
    "CRISS_step_1",
    "SSc",
    "event",
    definition=(
        "New renal crisis; FVC down 15 %, confirmed, with ILD and below 80 %; LVEF 45 % or less"
        " on treatment; new pulmonary arterial hypertension on treatment."
    ),
    thresholds="relative_fall=15; fvc_below=80",
    source="Khanna 2016",
    doi="10.1002/acr.22804",
    after="CRISS_probability",
)
def criss_step_one(
    renal_crisis: ArrayLike,
    ild: ArrayLike,
    left_ventricle: ArrayLike,
    pulmonary_hypertension: ArrayLike,
) -> BooleanArray:
    """Judge step 1 of ACR-CRISS: an event of systemic sclerosis that rules out improvement.

    NA where none is known and one is missing.

    Parameters
    ----------
    renal_crisis : New scleroderma renal crisis.
    ild : Decline of the lung (`criss_lung_event`).
    left_ventricle : Left ventricular ejection fraction of 45 % or less that needs treatment.
    pulmonary_hypertension : New pulmonary arterial hypertension on right heart catheterisation that
        needs treatment (mean pressure 25 mmHg or more, wedge 15 or less, resistance above 3 Wood
        units).
    """
    return any_of(
        *flags(
            renal_crisis=renal_crisis,
            ild=ild,
            left_ventricle=left_ventricle,
            pulmonary_hypertension=pulmonary_hypertension,
        )
    )


def criss_lung_event(
    baseline_fvc: ArrayLike,
    fvc: ArrayLike,
    confirmed_within_month: ArrayLike,
    ild_on_hrct: ArrayLike,
    *,
    relative_fall: float = 15.0,
    fvc_below: float = 80.0,
) -> BooleanArray:
    """Judge the lung event of step 1: FVC down by 15 % of baseline, confirmed, ILD, below 80 %.

    NA where a component that is consulted is missing. Status: verify.

    Parameters
    ----------
    baseline_fvc, fvc : Forced vital capacity, percent predicted.
    confirmed_within_month : Whether a second test within a month confirms the fall; consulted where
        it has fallen.
    ild_on_hrct : Whether CT shows interstitial lung disease, now or before; consulted where it has
        fallen.
    relative_fall : Fall in percent of baseline, at least.
    fvc_below : The value must be below this, percent predicted.
    """
    first, now = numbers(baseline_fvc=(baseline_fvc, *FVC_RANGE), fvc=(fvc, *FVC_RANGE))
    fallen = all_of(
        compare(-percent_change(first, now), ">=", relative_fall), compare(now, "<", fvc_below)
    )
    return given(
        fallen,
        all_of(*flags(confirmed_within_month=confirmed_within_month, ild_on_hrct=ild_on_hrct)),
    )


@rule(
    "CRISS_probability",
    "SSc",
    "score",
    definition=(
        "Probability of improvement from the changes of mRSS, FVC, both global assessments and "
        "HAQ-DI; 0 after an event of step 1."
    ),
    thresholds="the model's coefficients",
    source="Khanna 2016",
    doi="10.1002/acr.22804",
    after="CRISS",
)
def criss_probability(
    mrss_change: ArrayLike,
    fvc_change: ArrayLike,
    patient_change: ArrayLike,
    physician_change: ArrayLike,
    haq_change: ArrayLike,
    step_one: ArrayLike = False,
    *,
    intercept: float = CRISS_INTERCEPT,
    weights: Mapping[str, float] = CRISS_WEIGHTS,
) -> NDArray[np.float64]:
    """Return the ACR-CRISS: the predicted probability that a subject has improved.

    Parameters
    ----------
    mrss_change : Change of mRSS, now minus baseline, -51 to 51.
    fvc_change : Change of FVC, percentage points of predicted.
    patient_change, physician_change : Change of the patient's and the physician's global
        assessment, -10 to 10.
    haq_change : Change of HAQ-DI, -3 to 3.
    step_one : An event of step 1 (`criss_step_one`): the probability is 0, whatever is missing.
    intercept : Intercept of the model.
    weights : Coefficients for ``"mrss"``, ``"fvc"``, ``"patient"``, ``"physician"`` and ``"haq"``.

    Returns
    -------
    Probability; NaN where a component is missing.

    Notes
    -----
    The probability piles up at 0 and 1: compare ranks or responders, never means.
    """
    absent = [name for name in CRISS_WEIGHTS if name not in weights]
    if absent:
        raise CarstatsError(message("`weights` lacks {names}.", names=listed(absent)))
    changes = numbers(
        mrss_change=(mrss_change, -51, 51),
        fvc_change=(fvc_change, -195, 195),
        patient_change=(patient_change, -10, 10),
        physician_change=(physician_change, -10, 10),
        haq_change=(haq_change, -3, 3),
    )
    (event,) = flags(step_one=step_one)
    check_lengths(mrss_change=changes[0], step_one=event)
    terms = (weights[name] * change for name, change in zip(CRISS_WEIGHTS, changes, strict=True))
    logit = intercept + sum(terms)
    # Two forms of the logistic function, so that neither overflows.
    small = np.exp(-np.abs(logit))
    p = np.where(logit >= 0, 1 / (1 + small), small / (1 + small))
    p = np.where(event._mask, np.nan, p)
    return np.where(event._data & ~event._mask, 0.0, p)


@rule(
    "CRISS",
    "SSc",
    "response",
    definition="No event of step 1 and a predicted probability of improvement of 0.60 or more.",
    thresholds="cut=0.60; the model's coefficients",
    source="Khanna 2016",
    doi="10.1002/acr.22804",
)
def criss_response(probability: ArrayLike, *, cut: float = 0.60) -> BooleanArray:
    """Judge improvement by ACR-CRISS.

    NA where it is missing.

    Parameters
    ----------
    probability : From `criss_probability`.
    cut : The smallest probability of an improved subject.
    """
    (p,) = numbers(probability=(probability, 0, 1))
    return compare(p, ">=", cut)


@rule(
    "revised_CRISS",
    "SSc",
    "response",
    definition="k % better in 3 of 5 core items (FVC: 5 %); an event of step 1 is a failure.",
    thresholds="k=20; fvc=5; m=3",
    source="Khanna 2021",
    doi="10.1136/annrheumdis-2020-219100",
    status="verified",
)
def revised_criss(
    baseline: Mapping[str, ArrayLike],
    follow_up: Mapping[str, ArrayLike],
    step_one: ArrayLike = False,
    *,
    k: float = 20.0,
    fvc: float = 5.0,
    m: int = 3,
) -> BooleanArray:
    """Judge the revised CRISS (ACR-CRISS-20, -25, -30 …): `k` % better in `m` of 5 core items.

    Parameters
    ----------
    baseline, follow_up : ``"mrss"`` (0 to 51), ``"fvc"`` (percent predicted), ``"patient"`` and
        ``"physician"`` (global assessments, 0 to 10), ``"haq"`` (HAQ-DI, 0 to 3).
    step_one : An event of step 1 (`criss_step_one`): no response, whatever is missing.
    k : Improvement in percent of baseline that an item needs.
    fvc : Improvement in percent of baseline that is enough for FVC.
    m : How many of the five items must have improved.

    Returns
    -------
    True as soon as `m` items are known to have improved; NA where fewer are and one is missing. An
    item of 0 at baseline cannot improve.
    """
    ranges = {
        "mrss": MRSS_RANGE,
        "fvc": FVC_RANGE,
        "patient": GLOBAL_RANGE,
        "physician": GLOBAL_RANGE,
        "haq": HAQ_RANGE,
    }
    for argument, values in (("baseline", baseline), ("follow_up", follow_up)):
        absent = [name for name in ranges if name not in values]
        if absent:
            raise CarstatsError(
                message(
                    "`{argument}` lacks {names}; it takes all five items.",
                    argument=argument,
                    names=listed(absent),
                )
            )
    before = {f"baseline {name}": (baseline[name], *ends) for name, ends in ranges.items()}
    after = {f"follow_up {name}": (follow_up[name], *ends) for name, ends in ranges.items()}
    arrays = numbers(**before, **after)
    parts = []
    for name, first, now in zip(ranges, arrays[:5], arrays[5:], strict=True):
        gain = now - first if name == "fvc" else first - now
        share = (fvc if name == "fvc" else k) / 100 * first
        # A gain of nothing is none: an item of 0 stays at 0 without having improved.
        parts.append(all_of(compare(gain, ">", 0), compare(gain - share, ">=", 0)))
    return failed_by(at_least(m, *parts), *flags(step_one=step_one))
