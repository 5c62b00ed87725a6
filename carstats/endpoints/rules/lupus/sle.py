"""Systemic lupus erythematosus: DORIS remission, LLDAS and the SLE responder index.

SLEDAI-2K is in `sledai`, the flare index in `sle_flare`, lupus nephritis in `nephritis`.
"""

from __future__ import annotations

from numpy.typing import ArrayLike
from pandas.arrays import BooleanArray

from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.logic import (
    Cut,
    all_of,
    boolean,
    check_cut,
    compare,
    failed_by,
    flags,
    numbers,
)
from carstats.endpoints.rules.lupus.sledai import SLEDAI_RANGE

PGA_RANGE = (0.0, 3.0)
DOSE_RANGE = (0.0, 5000.0)


@rule(
    "DORIS",
    "SLE",
    "response",
    definition=(
        "Clinical SLEDAI 0, PGA below 0.5, prednisone 5 mg a day or less, treatment stable; "
        "serology and duration play no part."
    ),
    thresholds="gc_cut=('<=', 5.0); pga_cut=('<', 0.5)",
    source="van Vollenhoven 2021, Lupus Sci Med 8:e000538",
    doi="10.1136/lupus-2021-000538",
    status="verified",
)
def doris_2021(
    csledai: ArrayLike,
    pga: ArrayLike,
    prednisone_mg: ArrayLike,
    stable_treatment: ArrayLike,
    *,
    gc_cut: Cut = ("<=", 5.0),
    pga_cut: Cut = ("<", 0.5),
) -> BooleanArray:
    """Judge DORIS 2021 remission at a visit.

    NA where a component is missing and none refutes it.

    Parameters
    ----------
    csledai : Clinical SLEDAI, 0 to 101; it must be 0.
    pga : Physician global assessment, 0 to 3.
    stable_treatment : Whether antimalarials, immunosuppressants and biologics are stable or absent.
    gc_cut : The abstract of the paper says 5 mg or less, its table below 5 mg: ``("<", 5.0)``.
    pga_cut : Some papers (10.1093/rheumatology/keaa420) use ``("<=", 0.5)``.

    Examples
    --------
    >>> doris_2021([0, 0, 0], [0.2, 0.5, None], [5, 0, 0], True)
    <BooleanArray>
    [True, False, <NA>]
    Length: 3, dtype: boolean
    """
    check_cut("gc_cut", gc_cut)
    check_cut("pga_cut", pga_cut)
    score, pga, dose = numbers(
        csledai=(csledai, 0, 101),
        pga=(pga, *PGA_RANGE),
        prednisone_mg=(prednisone_mg, *DOSE_RANGE),
    )
    (stable,) = flags(stable_treatment=stable_treatment)
    return all_of(compare(score, "<=", 0), compare(pga, *pga_cut), compare(dose, *gc_cut), stable)


@rule(
    "DORIS_complete_off",
    "SLE",
    "response",
    definition=(
        "DORIS remission with no glucocorticoid, immunosuppressant or biologic and no "
        "serological activity; antimalarials allowed."
    ),
    thresholds="pga_cut=('<', 0.5)",
    source="van Vollenhoven 2017, Ann Rheum Dis 76:554",
)
def doris_complete_off(
    csledai: ArrayLike,
    pga: ArrayLike,
    prednisone_mg: ArrayLike,
    immunosuppressed: ArrayLike,
    serologically_active: ArrayLike,
    *,
    pga_cut: Cut = ("<", 0.5),
) -> BooleanArray:
    """Judge complete remission off therapy of the DORIS framework of 2017.

    NA where a component is missing and none refutes it.

    Parameters
    ----------
    csledai, pga, prednisone_mg, pga_cut : As in `doris_2021`; the dose must be 0.
    immunosuppressed : Whether an immunosuppressant or a biologic is taken; antimalarials are
        allowed.
    serologically_active : Whether complement is low or anti-dsDNA is raised.
    """
    treated, active = flags(
        immunosuppressed=immunosuppressed, serologically_active=serologically_active
    )
    remission = doris_2021(csledai, pga, prednisone_mg, True, gc_cut=("<=", 0.0), pga_cut=pga_cut)
    return all_of(remission, ~treated, ~active)


@rule(
    "LLDAS",
    "SLE",
    "response",
    definition=(
        "SLEDAI-2K 4 or less with no major organ activity, haemolytic anaemia or "
        "gastrointestinal activity; no new activity since the previous visit; PGA 1 or less; "
        "prednisone 7.5 mg or less; standard treatment only."
    ),
    thresholds="sledai_max=4; pga_max=1; gc_max=7.5",
    source="Franklyn 2016, Ann Rheum Dis 75:1615",
    doi="10.1136/annrheumdis-2015-207726",
)
def lldas(
    sledai: ArrayLike,
    major_organ: ArrayLike,
    haemolytic_or_gastrointestinal: ArrayLike,
    new_since_previous: ArrayLike,
    pga: ArrayLike,
    prednisone_mg: ArrayLike,
    standard_treatment: ArrayLike,
    *,
    sledai_max: float = 4.0,
    pga_max: float = 1.0,
    gc_max: float = 7.5,
) -> BooleanArray:
    """Judge the lupus low disease activity state at a visit.

    NA where a component is missing and none refutes it. Status: verify (the fifth component and the
    DOI).

    Parameters
    ----------
    sledai : SLEDAI-2K, 0 to 105.
    major_organ : Activity in a major organ system (`major_organ_activity`).
    haemolytic_or_gastrointestinal : Haemolytic anaemia or gastrointestinal activity.
    new_since_previous : Lupus activity that the previous visit did not have (`new_activity`); at
        the first visit after the infusion the baseline is the previous one.
    pga : Physician global assessment, 0 to 3.
    standard_treatment : Whether treatment is none or well-tolerated standard maintenance, without
        an investigational drug other than the engineered cells (design).
    sledai_max, pga_max, gc_max : The largest values that are low.
    """
    score, pga, dose = numbers(
        sledai=(sledai, *SLEDAI_RANGE),
        pga=(pga, *PGA_RANGE),
        prednisone_mg=(prednisone_mg, *DOSE_RANGE),
    )
    major, other, new, standard = flags(
        major_organ=major_organ,
        haemolytic_or_gastrointestinal=haemolytic_or_gastrointestinal,
        new_since_previous=new_since_previous,
        standard_treatment=standard_treatment,
    )
    low = compare(score, "<=", sledai_max), compare(pga, "<=", pga_max), compare(dose, "<=", gc_max)
    return all_of(*low, ~major, ~other, ~new, standard)


@rule(
    "SRI-4",
    "SLE",
    "response",
    definition=(
        "SLEDAI-2K down by 4 or more, no new BILAG A, at most one new BILAG B, PGA not up by "
        "0.3; rescue is a failure; baseline 6 or more."
    ),
    thresholds="points=4; pga_worsening=0.3; baseline_min=6",
    source="Furie 2009, Arthritis Rheum 61:1143",
)
@rule(
    "SRI-6",
    "SLE",
    "response",
    definition="As SRI-4 with a fall of 6 or more.",
    thresholds="points=6",
    source="Furie 2009, Arthritis Rheum 61:1143",
)
@rule(
    "SRI-8",
    "SLE",
    "response",
    definition="As SRI-4 with a fall of 8 or more.",
    thresholds="points=8",
    source="Furie 2009, Arthritis Rheum 61:1143",
)
def sri(
    sledai_baseline: ArrayLike,
    sledai: ArrayLike,
    new_bilag_a: ArrayLike,
    new_bilag_b: ArrayLike,
    pga_baseline: ArrayLike,
    pga: ArrayLike,
    rescue: ArrayLike = False,
    *,
    points: float = 4.0,
    pga_worsening: float = 0.3,
    baseline_min: float = 6.0,
) -> BooleanArray:
    """Judge the SLE responder index: SRI-4, or SRI-6 and SRI-8 with `points` of 6 and 8.

    NA where a component is missing and none refutes it, or the baseline is too low.

    Parameters
    ----------
    sledai_baseline, sledai : SLEDAI-2K before lymphodepletion and now, 0 to 105.
    new_bilag_a, new_bilag_b : BILAG domains that are newly A, newly B since baseline: no A and at
        most one B.
    pga_baseline, pga : Physician global assessment, 0 to 3.
    points : SLEDAI-2K points that it must fall by.
    pga_worsening : An increase of this much or more is a worsening.
    baseline_min : Below this baseline the index has no meaning and is not evaluable; 0 to judge
        everyone.
    """
    first, now, a, b, pga_first, pga_now = numbers(
        sledai_baseline=(sledai_baseline, *SLEDAI_RANGE),
        sledai=(sledai, *SLEDAI_RANGE),
        new_bilag_a=(new_bilag_a, 0, 9),
        new_bilag_b=(new_bilag_b, 0, 9),
        pga_baseline=(pga_baseline, *PGA_RANGE),
        pga=(pga, *PGA_RANGE),
    )
    judged = compare(first, ">=", baseline_min)
    met = all_of(
        compare(first - now, ">=", points),
        compare(a, "<=", 0),
        compare(b, "<=", 1),
        compare(pga_now - pga_first, "<", pga_worsening),
    )
    # Below the smallest baseline the index has no meaning, whatever its components say.
    met = boolean(met._data, met._mask | (~judged._mask & ~judged._data))
    return failed_by(met, *flags(rescue=rescue))
