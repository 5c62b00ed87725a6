"""Lupus nephritis: renal responses, the EULAR trajectory and renal flare.

The urine protein-creatinine ratio is in g/g everywhere (`units.convert` gets it there), the GFR in
mL/min/1.73 m2 (`egfr` estimates it).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from pandas.arrays import BooleanArray

from carstats.data.units import MEASURES
from carstats.endpoints.record.declaring import Endpoint, declare, rule
from carstats.endpoints.record.logic import (
    Cut,
    all_of,
    any_of,
    boolean,
    check_cut,
    check_lengths,
    compare,
    failed_by,
    flags,
    given,
    numbers,
    percent_change,
    texts,
)
from carstats.errors import CarstatsError, check_choice
from carstats.messages import message

UPCR_RANGE = (MEASURES["UPCR"].low, MEASURES["UPCR"].high)
EGFR_RANGE = (0.0, 250.0)


@rule(
    "PERR",
    "SLE",
    "response",
    definition=(
        "UPCR 0.7 g/g or less; eGFR 60 or more, or no more than 20 % below baseline; no rescue."
    ),
    thresholds="upcr_cut=('<=', 0.7); egfr_min=60; egfr_fall=20",
    source="Furie 2020 (BLISS-LN), N Engl J Med 383:1117",
    doi="10.1056/NEJMoa2001180",
)
def perr(
    upcr: ArrayLike,
    egfr: ArrayLike,
    baseline_egfr: ArrayLike,
    rescue: ArrayLike = False,
    *,
    upcr_cut: Cut = ("<=", 0.7),
    egfr_min: float = 60.0,
    egfr_fall: float = 20.0,
) -> BooleanArray:
    """Judge the primary efficacy renal response of BLISS-LN at a visit.

    NA where a component is missing; the baseline is not, where the eGFR is good enough by itself.

    Parameters
    ----------
    upcr : Urine protein-creatinine ratio, g/g.
    egfr, baseline_egfr : mL/min/1.73 m2 now and before the flare; where that is unknown, before
        lymphodepletion.
    upcr_cut : What the ratio has to be.
    egfr_min : An eGFR of this or more is good enough, whatever the baseline.
    egfr_fall : Largest fall from baseline that is good enough, percent.

    Notes
    -----
    BLISS-LN asked for it at two consecutive visits: `confirmation.confirmed`.
    """
    check_cut("upcr_cut", upcr_cut)
    ratio, now, before = _renal(upcr, egfr, baseline_egfr)
    (rescue,) = flags(rescue=rescue)
    kept = any_of(
        compare(now, ">=", egfr_min), compare(-percent_change(before, now), "<=", egfr_fall)
    )
    return failed_by(all_of(compare(ratio, *upcr_cut), kept), rescue)


@rule(
    "CRR",
    "SLE",
    "response",
    definition=(
        "UPCR below 0.5 g/g; eGFR 90 or more, or no more than 10 % below baseline; no rescue."
    ),
    thresholds="upcr_op='<'; upcr_cut=0.5; egfr_min=90; egfr_fall=10",
    source="Furie 2020 (BLISS-LN), N Engl J Med 383:1117",
    doi="10.1056/NEJMoa2001180",
)
def crr(
    upcr: ArrayLike,
    egfr: ArrayLike,
    baseline_egfr: ArrayLike,
    rescue: ArrayLike = False,
    *,
    upcr_op: str = "<",
    upcr_cut: float = 0.5,
    egfr_min: float = 90.0,
    egfr_fall: float = 10.0,
) -> BooleanArray:
    """Judge the complete renal response of BLISS-LN at a visit.

    NA where a component is missing, as in `perr`.

    Parameters
    ----------
    upcr, egfr, baseline_egfr, rescue, egfr_min, egfr_fall : As in `perr`.
    upcr_op : ``"<"``, or ``"<="`` as the published modified version prints it.
    upcr_cut : What the ratio is compared with, g/g.
    """
    upcr_op = check_choice("upcr_op", upcr_op, ("<", "<="))
    return perr(
        upcr,
        egfr,
        baseline_egfr,
        rescue,
        upcr_cut=(upcr_op, upcr_cut),
        egfr_min=egfr_min,
        egfr_fall=egfr_fall,
    )


@rule(
    "KDIGO_CR",
    "SLE",
    "response",
    definition="UPCR below 0.5 g/g and eGFR at least 85 % of baseline.",
    thresholds="upcr_cut=('<', 0.5); egfr_share=85",
    source="KDIGO 2024 lupus nephritis guideline, Kidney Int 105(1S):S1",
    status="verified",
)
def kdigo_complete(
    upcr: ArrayLike,
    egfr: ArrayLike,
    baseline_egfr: ArrayLike,
    *,
    upcr_cut: Cut = ("<", 0.5),
    egfr_share: float = 85.0,
) -> BooleanArray:
    """Judge the complete response of KDIGO 2024.

    NA where a component is missing.

    Parameters
    ----------
    upcr, egfr, baseline_egfr : As in `perr`.
    upcr_cut : What the ratio has to be, g/g.
    egfr_share : The eGFR must be at least this percentage of baseline; KDIGO says 85 to 90.

    References
    ----------
    KDIGO 2024 Clinical practice guideline for the management of lupus nephritis. Kidney Int
    2024;105(1S):S1-S69.
    """
    check_cut("upcr_cut", upcr_cut)
    ratio, now, before = _renal(upcr, egfr, baseline_egfr)
    return all_of(compare(ratio, *upcr_cut), _kept(before, now, egfr_share))


@rule(
    "KDIGO_PR",
    "SLE",
    "response",
    definition="UPCR down by half and below 3 g/g, and eGFR at least 85 % of baseline.",
    thresholds="fall=50; upcr_cut=('<', 3.0); egfr_share=85",
    source="KDIGO 2024 lupus nephritis guideline, Kidney Int 105(1S):S1",
    status="verified",
)
def kdigo_partial(
    baseline_upcr: ArrayLike,
    upcr: ArrayLike,
    egfr: ArrayLike,
    baseline_egfr: ArrayLike,
    *,
    fall: float = 50.0,
    upcr_cut: Cut = ("<", 3.0),
    egfr_share: float = 85.0,
) -> BooleanArray:
    """Judge the partial response of KDIGO 2024.

    A complete response that has fallen by half is a partial one too. NA where a component is
    missing.

    Parameters
    ----------
    baseline_upcr, upcr : Urine protein-creatinine ratio before lymphodepletion and now, g/g.
    egfr, baseline_egfr, upcr_cut, egfr_share : As in `kdigo_complete`.
    fall : Percentage that the ratio must fall by, at least.

    References
    ----------
    KDIGO 2024 Clinical practice guideline for the management of lupus nephritis. Kidney Int
    2024;105(1S):S1-S69.
    """
    check_cut("upcr_cut", upcr_cut)
    ratio, now, before = _renal(upcr, egfr, baseline_egfr)
    (first,) = numbers(baseline_upcr=(baseline_upcr, *UPCR_RANGE))
    check_lengths(baseline_upcr=first, upcr=ratio)
    halved = compare(-percent_change(first, ratio), ">=", fall)
    return all_of(halved, compare(ratio, *upcr_cut), _kept(before, now, egfr_share))


@rule(
    "EULAR_2023_target",
    "SLE",
    "response",
    definition=(
        "UPCR down by 25 % at month 3 and 50 % at month 6, below 0.7 g/g at month 12 (24 if "
        "nephrotic at baseline); eGFR within 10 % of baseline."
    ),
    thresholds="fall_month_3=25; fall_month_6=50; upcr_cut=('<', 0.7); nephrotic=3; egfr_fall=10",
    source="EULAR 2023, Fanouriakis 2024, Ann Rheum Dis 83:15",
)
def eular_2023_target(
    month: ArrayLike,
    baseline_upcr: ArrayLike,
    upcr: ArrayLike,
    egfr: ArrayLike,
    baseline_egfr: ArrayLike,
    *,
    fall_month_3: float = 25.0,
    fall_month_6: float = 50.0,
    upcr_cut: Cut = ("<", 0.7),
    nephrotic: float = 3.0,
    egfr_fall: float = 10.0,
) -> BooleanArray:
    """Judge whether a subject is on the trajectory of the EULAR 2023 recommendations.

    With nephrotic proteinuria at baseline month 12 is judged as month 6 is; the eGFR stays within
    its limit throughout (one-sided). NA where a component that the milestone consults is missing.

    Parameters
    ----------
    month : Milestone of the visit: 3, 6, 12 or 24.
    baseline_upcr, upcr, egfr, baseline_egfr : As in `kdigo_partial`.
    fall_month_3, fall_month_6 : Percentages that the ratio must have fallen by, at least.
    upcr_cut : The last target; the recommendations give 0.5 to 0.7 g/g.
    nephrotic : A baseline ratio of this or more is nephrotic, g/g (design).
    egfr_fall : Largest fall of the eGFR, percent.
    """
    check_cut("upcr_cut", upcr_cut)
    ratio, now, before = _renal(upcr, egfr, baseline_egfr)
    months, first = numbers(month=(month, 3, 24), baseline_upcr=(baseline_upcr, *UPCR_RANGE))
    odd = ~np.isnan(months) & ~np.isin(months, (3, 6, 12, 24))
    if odd.any():
        raise CarstatsError(
            message("`month` is {month:g}; allowed: 3, 6, 12 or 24.", month=months[odd][0])
        )
    check_lengths(month=months, upcr=ratio)
    fall = -percent_change(first, ratio)
    unknown = np.isnan(months)
    heavy = compare(first, ">=", nephrotic)
    late = boolean(months == 12, unknown)
    targets = any_of(
        given(boolean(months == 3, unknown), compare(fall, ">=", fall_month_3)),
        given(boolean(months == 6, unknown), compare(fall, ">=", fall_month_6)),
        given(late, given(heavy, compare(fall, ">=", fall_month_6))),
        given(late, given(~heavy, compare(ratio, *upcr_cut))),
        given(boolean(months == 24, unknown), compare(ratio, *upcr_cut)),
    )
    return all_of(targets, _kept(before, now, 100.0 - egfr_fall))


@rule(
    "renal_flare",
    "SLE",
    "flare",
    definition=(
        "UPCR above 0.5 after complete response, doubled and above 1.0 after partial response, "
        "or eGFR down by more than 10 % with haematuria up two categories; at two visits more "
        "than a week apart. Of carstats' own: complete response is CRR (the source's is UPCR "
        "0.2, GFR 95 and no haematuria), two visits are enough (more than two)."
    ),
    thresholds=(
        "upcr_after_complete=0.5; upcr_after_partial=1.0; times=2; egfr_fall=10; longer_than=7"
    ),
    source="J Clin Trials 2024;14:563, Table 2 (PMC11258879); carstats",
    status="design",
)
def renal_flare(
    response: ArrayLike,
    reference_upcr: ArrayLike,
    upcr: ArrayLike,
    reference_egfr: ArrayLike,
    egfr: ArrayLike,
    haematuria_rise: ArrayLike,
    *,
    upcr_after_complete: float = 0.5,
    upcr_after_partial: float = 1.0,
    times: float = 2.0,
    egfr_fall: float = 10.0,
    haematuria_categories: float = 2.0,
) -> BooleanArray:
    """Judge whether a visit has the signs of a renal flare.

    One sign is enough. NA where none is known to be there and one is missing.

    Parameters
    ----------
    response : The response reached before: ``"complete"``, ``"partial"`` or ``"none"``.
    reference_upcr, upcr : Urine protein-creatinine ratio at the response and now, g/g.
    reference_egfr, egfr : mL/min/1.73 m2 at the response and now.
    haematuria_rise : Categories that haematuria has risen by; consulted where the eGFR has fallen.
    upcr_after_complete, upcr_after_partial : The ratio must be above these, g/g.
    times : Multiple of the reference ratio that the ratio must reach after a partial response.
    egfr_fall : The eGFR must have fallen by more than this, percent.
    haematuria_categories : Categories that haematuria must rise by, at least.

    Notes
    -----
    Status: verify; design where the response before it is that of CRR and not of the paper. A flare
    has to be seen at two visits more than a week apart:
    ``confirmed(subject, day, signs, longer_than=7)``.

    References
    ----------
    PMC11258879.
    """
    state = texts("response", response, ("complete", "partial", "none"))
    first, now, egfr_first, egfr_now, rise = numbers(
        reference_upcr=(reference_upcr, *UPCR_RANGE),
        upcr=(upcr, *UPCR_RANGE),
        reference_egfr=(reference_egfr, *EGFR_RANGE),
        egfr=(egfr, *EGFR_RANGE),
        haematuria_rise=(haematuria_rise, -10, 10),
    )
    check_lengths(response=state, upcr=now)
    unknown = np.array([value is None for value in state])
    doubled = all_of(compare(now - times * first, ">=", 0), compare(now, ">", upcr_after_partial))
    fallen = compare(-percent_change(egfr_first, egfr_now), ">", egfr_fall)
    return any_of(
        given(boolean(state == "complete", unknown), compare(now, ">", upcr_after_complete)),
        given(boolean(state == "partial", unknown), doubled),
        given(fallen, compare(rise, ">=", haematuria_categories)),
    )


def _renal(upcr, egfr, baseline_egfr):
    return numbers(
        upcr=(upcr, *UPCR_RANGE),
        egfr=(egfr, *EGFR_RANGE),
        baseline_egfr=(baseline_egfr, *EGFR_RANGE),
    )


def _kept(before, now, share):
    """Return whether an eGFR is at least `share` percent of what it was."""
    return compare(-percent_change(before, now), "<=", 100.0 - share)


declare(
    __name__,
    Endpoint(
        "time_to_UPCR_0.5",
        "SLE",
        "time-to-event",
        "First of two consecutive visits 4 weeks apart with UPCR below 0.5 g/g; interval-censored.",
        "span=28; visits=2",
        "carstats",
        status="design",
        function="record.confirmation.confirmed",
    ),
)
