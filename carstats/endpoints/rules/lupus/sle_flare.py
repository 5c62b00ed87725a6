"""Flares of systemic lupus erythematosus: the classic SELENA-SLEDAI flare index (SFI)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from pandas.arrays import BooleanArray

from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.logic import (
    all_of,
    any_of,
    boolean,
    category,
    compare,
    flags,
    given,
    numbers,
    texts,
)
from carstats.endpoints.rules.lupus.sle import DOSE_RANGE, PGA_RANGE
from carstats.endpoints.rules.lupus.sledai import SLEDAI_RANGE

FLARES = ("none", "mild/moderate", "severe")


def severe_manifestation(
    new_or_worse: ArrayLike,
    platelets: ArrayLike,
    haemolytic_anaemia: ArrayLike,
    haemoglobin: ArrayLike,
    previous_haemoglobin: ArrayLike,
    *,
    platelet_cut: float = 60.0,
    haemoglobin_cut: float = 7.0,
    haemoglobin_fall: float = 3.0,
) -> BooleanArray:
    """Judge whether a visit has a manifestation of the severe flares of the SFI.

    NA where none is known to be there and one is missing.

    Parameters
    ----------
    new_or_worse : New or worse CNS lupus, vasculitis, nephritis or myositis.
    platelets : Platelets due to lupus, 10^9/L.
    haemolytic_anaemia : New or worse haemolytic anaemia; where False the haemoglobin is not
        consulted.
    haemoglobin, previous_haemoglobin : Haemoglobin now and at the previous visit, g/dL.
    platelet_cut, haemoglobin_cut : Values below these are severe.
    haemoglobin_fall : A fall of more than this is severe, g/dL.

    Notes
    -----
    Status: verify (the haemoglobin limits). Counts that lymphodepletion or the cells lowered are
    not due to lupus and must be left out.
    """
    platelets, now, before = numbers(
        platelets=(platelets, 0, 3000),
        haemoglobin=(haemoglobin, 0, 26),
        previous_haemoglobin=(previous_haemoglobin, 0, 26),
    )
    worse, haemolysis = flags(new_or_worse=new_or_worse, haemolytic_anaemia=haemolytic_anaemia)
    anaemia = any_of(
        compare(now, "<", haemoglobin_cut), compare(before - now, ">", haemoglobin_fall)
    )
    return any_of(worse, compare(platelets, "<", platelet_cut), given(haemolysis, anaemia))


@rule(
    "SFI",
    "SLE",
    "flare",
    definition=(
        "Classic SELENA-SLEDAI flare index with its medication items: none, mild/moderate, severe."
    ),
    thresholds=(
        "severe_sledai=12; severe_pga=2.5; severe_mg_per_kg=0.5; mild_sledai_rise=3; "
        "mild_pga_rise=1"
    ),
    source="Petri 2005, N Engl J Med 353:2550",
    doi="10.1056/NEJMoa051135",
)
@rule(
    "SFI_without_medication",
    "SLE",
    "flare",
    definition="The same without its medication items.",
    thresholds="with_medication=False",
    source="Thanou 2014, Rheumatology, of the medication items only",
    doi="10.1093/rheumatology/keu153",
)
def selena_flare_index(
    previous_sledai: ArrayLike,
    sledai: ArrayLike,
    previous_pga: ArrayLike,
    pga: ArrayLike,
    severe_feature: ArrayLike,
    mild_feature: ArrayLike,
    hospitalised: ArrayLike,
    previous_prednisone_mg: ArrayLike = None,
    prednisone_mg: ArrayLike = None,
    weight_kg: ArrayLike = None,
    new_immunosuppressant: ArrayLike = None,
    new_nsaid_or_antimalarial: ArrayLike = None,
    *,
    with_medication: bool = True,
    severe_sledai: float = 12.0,
    severe_pga: float = 2.5,
    severe_mg_per_kg: float = 0.5,
    mild_sledai_rise: float = 3.0,
    mild_pga_rise: float = 1.0,
) -> pd.Categorical:
    """Judge the classic SELENA-SLEDAI flare index of a visit against the visit before.

    Parameters
    ----------
    previous_sledai, sledai : SELENA-SLEDAI at the previous visit and now, 0 to 105.
    previous_pga, pga : Physician global assessment, 0 to 3.
    severe_feature : New or worse CNS lupus, vasculitis, nephritis, myositis, platelets below 60 x
        10^9/L or haemolytic anaemia (`severe_manifestation`). With the medication items it counts
        where it required doubled prednisone, more than 0.5 mg/kg/day, or admission; without them,
        by itself.
    mild_feature : New or worse discoid, photosensitive, profundus, cutaneous vasculitis or bullous
        rash, nasopharyngeal ulcers, pleuritis, pericarditis, arthritis, or fever of SLE.
    hospitalised : Admission for SLE since the previous visit.
    previous_prednisone_mg, prednisone_mg : Daily dose for SLE, mg of prednisone; needed with the
        medication items.
    weight_kg : Body weight; consulted where prednisone was increased.
    new_immunosuppressant : New cyclophosphamide, azathioprine, methotrexate or mycophenolate for
        SLE activity.
    new_nsaid_or_antimalarial : NSAID or hydroxychloroquine added for SLE activity.
    with_medication : Whether the medication items count.
    severe_sledai, severe_pga : A rise to above these is severe.
    severe_mg_per_kg : An increase of prednisone to above this daily dose is severe, any other is
        mild or moderate.
    mild_sledai_rise, mild_pga_rise : A rise of this much or more, not to above the severe limit, is
        mild or moderate.

    Returns
    -------
    Ordered: ``"none"``, ``"mild/moderate"``, ``"severe"``. A severe item that is met decides.
    Otherwise a missing severe item leaves the flare missing, and so does a missing mild item where
    no mild item is met.

    Notes
    -----
    Status: verify (the treatment clause of the manifestations). A score or dose "rises to above" a
    limit where it is above it now and higher than at the previous visit.
    """
    before, now, pga_before, pga_now, dose_before, dose, weight = numbers(
        previous_sledai=(previous_sledai, *SLEDAI_RANGE),
        sledai=(sledai, *SLEDAI_RANGE),
        previous_pga=(previous_pga, *PGA_RANGE),
        pga=(pga, *PGA_RANGE),
        previous_prednisone_mg=(previous_prednisone_mg, *DOSE_RANGE),
        prednisone_mg=(prednisone_mg, *DOSE_RANGE),
        weight_kg=(weight_kg, 1, 400),
    )
    feature, mild_one, admitted, immunosuppressant, addition = flags(
        severe_feature=severe_feature,
        mild_feature=mild_feature,
        hospitalised=hospitalised,
        new_immunosuppressant=new_immunosuppressant,
        new_nsaid_or_antimalarial=new_nsaid_or_antimalarial,
    )
    rises, pga_rises = compare(now - before, ">", 0), compare(pga_now - pga_before, ">", 0)
    severe = [
        all_of(rises, compare(now, ">", severe_sledai)),
        all_of(pga_rises, compare(pga_now, ">", severe_pga)),
        admitted,
    ]
    mild = [
        all_of(compare(now - before, ">=", mild_sledai_rise), compare(now, "<=", severe_sledai)),
        all_of(
            compare(pga_now - pga_before, ">=", mild_pga_rise), compare(pga_now, "<=", severe_pga)
        ),
        mild_one,
    ]
    if with_medication:
        increase = compare(dose - dose_before, ">", 0)
        high = given(increase, compare(dose - severe_mg_per_kg * weight, ">", 0))
        doubled = all_of(increase, compare(dose - 2 * dose_before, ">=", 0))
        severe += [high, immunosuppressant, given(feature, any_of(doubled, high, admitted))]
        mild += [increase, addition]
    else:
        severe.append(feature)
    severe, mild = any_of(*severe), any_of(*mild)
    index = np.where(severe._data, 2, np.where(mild._data, 1, 0))
    missing = severe._mask | (~severe._data & mild._mask)
    return category(FLARES, index, missing)


@rule(
    "SLE_relapse",
    "SLE",
    "event",
    definition=(
        "After a first DORIS, LLDAS or SRI-4: a severe SFI flare, a mild or moderate one "
        "without the medication items that is confirmed at the next visit or treated, a renal "
        "flare, or rescue."
    ),
    thresholds="those of its components",
    source="carstats",
    status="design",
)
def sle_relapse(
    flare: ArrayLike,
    flare_without_medication: ArrayLike,
    confirmed_or_treated: ArrayLike,
    renal_flare: ArrayLike,
    rescue: ArrayLike = False,
) -> BooleanArray:
    """Judge a relapse of lupus at a visit after a first response.

    NA where no component is known to be met and one is missing. A relapse needs an earlier
    response: before it there is primary non-response.

    Parameters
    ----------
    flare : `selena_flare_index` with the medication items: ``"none"``, ``"mild/moderate"``,
        ``"severe"``.
    flare_without_medication : The same without them.
    confirmed_or_treated : Whether a mild or moderate flare is confirmed at the next visit or
        treated; consulted where there is one.
    renal_flare : A confirmed renal flare (`nephritis.renal_flare`).
    rescue : Rescue treatment of the disease.
    """
    with_items = texts("flare", flare, FLARES)
    without = texts("flare_without_medication", flare_without_medication, FLARES)
    severe = boolean(with_items == "severe", [value is None for value in with_items])
    # A flare that is severe without medication items is no less than a moderate one.
    moderate = boolean(
        np.isin(without.astype(str), FLARES[1:]), [value is None for value in without]
    )
    sure, renal, rescue = flags(
        confirmed_or_treated=confirmed_or_treated, renal_flare=renal_flare, rescue=rescue
    )
    return any_of(severe, given(moderate, sure), renal, rescue)
