"""Pemphigus, ANCA-associated vasculitis and Sjögren disease, in brief.

Neurological diseases are in `neurology`, rheumatoid arthritis in `joints`, ITP and AIHA in
`immune_cytopenias`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from pandas.arrays import BooleanArray

from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.logic import (
    all_of,
    any_of,
    at_least,
    compare,
    fallen,
    flags,
    given,
    numbers,
)

BVAS_RANGE = (0.0, 63.0)
ESSDAI_RANGE = (0.0, 123.0)


@rule(
    "pemphigus_CR_off",
    "PV",
    "response",
    definition="No lesion and no systemic therapy for two months.",
    thresholds="days=60",
    source="Murrell 2008, J Am Acad Dermatol 58:1043",
    after="INCAT_response",
)
def pemphigus_remission(
    lesions: ArrayLike,
    days_without_therapy: ArrayLike,
    *,
    days: float = 60.0,
) -> BooleanArray:
    """Judge complete remission of pemphigus off therapy.

    NA where a component is missing.

    Parameters
    ----------
    lesions : New and established lesions.
    days_without_therapy : Days since the last systemic therapy; 0 on therapy.
    days : Two months, as days, at least.
    """
    count, off = numbers(
        lesions=(lesions, 0, np.inf), days_without_therapy=(days_without_therapy, 0, np.inf)
    )
    return all_of(compare(count, "<=", 0), compare(off, ">=", days))


@rule(
    "pemphigus_CR_minimal",
    "PV",
    "response",
    definition=(
        "No lesion on minimal therapy (prednisone 10 mg or less, minimal adjuvant) for two months."
    ),
    thresholds="prednisone_max=10; days=60",
    source="Murrell 2008, J Am Acad Dermatol 58:1043",
    after="pemphigus_CR_off",
)
def pemphigus_remission_minimal(
    lesions: ArrayLike,
    prednisone_mg: ArrayLike,
    minimal_adjuvant: ArrayLike,
    days_on_minimal_therapy: ArrayLike,
    *,
    prednisone_max: float = 10.0,
    days: float = 60.0,
) -> BooleanArray:
    """Judge complete remission of pemphigus on minimal therapy.

    NA where a component is missing.

    Parameters
    ----------
    lesions : New and established lesions.
    prednisone_mg : Daily dose, mg of prednisone.
    minimal_adjuvant : Whether adjuvant therapy is none or at half the effective dose or less.
    days_on_minimal_therapy : Days that therapy has been minimal.
    prednisone_max : Largest dose that is minimal.
    days : Two months, as days, at least.
    """
    count, dose, time = numbers(
        lesions=(lesions, 0, np.inf),
        prednisone_mg=(prednisone_mg, 0, 5000),
        days_on_minimal_therapy=(days_on_minimal_therapy, 0, np.inf),
    )
    (adjuvant,) = flags(minimal_adjuvant=minimal_adjuvant)
    low = compare(dose, "<=", prednisone_max)
    return all_of(compare(count, "<=", 0), low, adjuvant, compare(time, ">=", days))


@rule(
    "pemphigus_relapse",
    "PV",
    "event",
    definition=(
        "Three new lesions in a month that do not heal within a week, or extension of "
        "established ones."
    ),
    thresholds="lesions=3",
    source="Murrell 2008, J Am Acad Dermatol 58:1043",
    after="pemphigus_CR_minimal",
)
def pemphigus_relapse(
    new_lesions_per_month: ArrayLike,
    healed_within_week: ArrayLike,
    established_extended: ArrayLike,
    *,
    lesions: float = 3.0,
) -> BooleanArray:
    """Judge a relapse of pemphigus.

    NA where it is not known to be met and a component is missing.

    Parameters
    ----------
    new_lesions_per_month : New lesions in a month.
    healed_within_week : Whether they healed by themselves within a week; consulted where there are
        enough.
    established_extended : Whether established lesions extended in a subject under control.
    lesions : New lesions, at least.
    """
    (count,) = numbers(new_lesions_per_month=(new_lesions_per_month, 0, np.inf))
    healed, extended = flags(
        healed_within_week=healed_within_week, established_extended=established_extended
    )
    return any_of(given(compare(count, ">=", lesions), ~healed), extended)


@rule(
    "AAV_remission",
    "AAV",
    "response",
    definition="BVAS 0 off glucocorticoids.",
    thresholds="prednisone_max=0",
    source="carstats",
)
def aav_remission(
    bvas: ArrayLike, prednisone_mg: ArrayLike, *, prednisone_max: float = 0.0
) -> BooleanArray:
    """Judge remission of ANCA-associated vasculitis.

    NA where a component is missing.

    Parameters
    ----------
    bvas : Birmingham vasculitis activity score, version 3, 0 to 63.
    prednisone_max : Largest dose that is allowed.
    """
    score, dose = numbers(bvas=(bvas, *BVAS_RANGE), prednisone_mg=(prednisone_mg, 0, 5000))
    return all_of(compare(score, "<=", 0), compare(dose, "<=", prednisone_max))


@rule(
    "ESSDAI_response",
    "SjD",
    "response",
    definition="ESSDAI down by 3 points or more.",
    thresholds="points=3",
    source="ESSDAI",
)
def essdai_response(
    baseline: ArrayLike, follow_up: ArrayLike, rescue: ArrayLike = False, *, points: float = 3.0
) -> BooleanArray:
    """Judge a response of Sjögren disease by ESSDAI.

    NA where a score is missing.

    Parameters
    ----------
    baseline, follow_up : ESSDAI, 0 to 123.
    """
    return fallen(baseline, follow_up, rescue, points, ESSDAI_RANGE)


@rule(
    "STAR",
    "SjD",
    "response",
    definition=(
        "5 of 9 points from five domains: systemic 3, symptoms 3, lachrymal 1, salivary 1, "
        "biological 1."
    ),
    thresholds="points=(3, 3, 1, 1, 1); cut=5",
    source="Seror 2022, Ann Rheum Dis 81:979",
)
def sjogren_star(
    systemic: ArrayLike,
    symptoms: ArrayLike,
    lachrymal: ArrayLike,
    salivary: ArrayLike,
    biological: ArrayLike,
    *,
    points: tuple[float, float, float, float, float] = (3, 3, 1, 1, 1),
    cut: float = 5.0,
) -> BooleanArray:
    """Judge the Sjögren tool for assessing response (STAR).

    NA where a domain is missing.

    Parameters
    ----------
    systemic, symptoms, lachrymal, salivary, biological : Whether each domain has responded.
    points : What each domain is worth.
    cut : Points of a responder, at least.
    """
    domains = flags(
        systemic=systemic,
        symptoms=symptoms,
        lachrymal=lachrymal,
        salivary=salivary,
        biological=biological,
    )
    values = (np.where(d._mask, np.nan, d._data.astype(float)) for d in domains)
    return compare(sum(p * v for p, v in zip(points, values, strict=True)), ">=", cut)


@rule(
    "CRESS",
    "SjD",
    "response",
    definition="Response in 3 of 5 items.",
    thresholds="items=3",
    source="Arends 2021, Lancet Rheumatol 3:e553",
)
def sjogren_cress(
    systemic: ArrayLike,
    symptoms: ArrayLike,
    lachrymal: ArrayLike,
    salivary: ArrayLike,
    serological: ArrayLike,
    *,
    items: int = 3,
) -> BooleanArray:
    """Judge the composite of relevant endpoints for Sjögren disease (CRESS).

    NA where fewer are known to have responded and one is missing.

    Parameters
    ----------
    systemic, symptoms, lachrymal, salivary, serological : Whether each item has responded.
    items : Items of a responder, at least.
    """
    return at_least(
        items,
        *flags(
            systemic=systemic,
            symptoms=symptoms,
            lachrymal=lachrymal,
            salivary=salivary,
            serological=serological,
        ),
    )
