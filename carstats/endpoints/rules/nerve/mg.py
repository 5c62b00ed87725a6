"""Myasthenia gravis: responders by MG-ADL, QMG and MGC, minimal symptom expression, relapse."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from pandas.arrays import BooleanArray

from carstats.endpoints.record.declaring import Endpoint, declare, rule
from carstats.endpoints.record.logic import (
    any_of,
    boolean,
    compare,
    failed_by,
    fallen,
    flags,
    numbers,
    texts,
)

MG_ADL_RANGE = (0.0, 24.0)
QMG_RANGE = (0.0, 39.0)
MGC_RANGE = (0.0, 50.0)

# MGFA post-intervention status: complete stable remission, pharmacologic remission, minimal
# manifestations 0 to 3, improved, unchanged, worse, exacerbation, died of MG.
MGFA_STATUSES = ("CSR", "PR", "MM-0", "MM-1", "MM-2", "MM-3", "MM", "I", "U", "W", "E", "D")
_MM_OR_BETTER = ("CSR", "PR", "MM-0", "MM-1", "MM-2", "MM-3", "MM")


@rule(
    "MG-ADL_response",
    "MG",
    "response",
    definition=(
        "MG-ADL down by 2 points or more; for 4 consecutive weeks in ADAPT; rescue is a failure."
    ),
    thresholds="points=2; span=28",
    source="Howard 2021 (ADAPT), Lancet Neurol 20:526",
)
def mg_adl_response(
    baseline: ArrayLike, follow_up: ArrayLike, rescue: ArrayLike = False, *, points: float = 2.0
) -> BooleanArray:
    """Judge an MG-ADL response at a visit.

    NA where a score is missing.

    Parameters
    ----------
    baseline, follow_up : MG-ADL before lymphodepletion and now, 0 to 24.
    rescue : Rescue treatment (immunoglobulin, plasma exchange, FcRn or complement inhibitor),
        re-infusion or death before the visit: no response, whatever is missing.

    Notes
    -----
    Status: verify (ADAPT asked for four consecutive weeks:
    ``confirmed(subject, day, response, span=28)``).
    """
    return fallen(baseline, follow_up, rescue, points, MG_ADL_RANGE)


@rule(
    "QMG_response",
    "MG",
    "response",
    definition="QMG down by 3 points or more (5 in some trials).",
    thresholds="points=3",
    source="carstats",
)
def qmg_response(
    baseline: ArrayLike, follow_up: ArrayLike, rescue: ArrayLike = False, *, points: float = 3.0
) -> BooleanArray:
    """Judge a QMG response at a visit.

    NA where a score is missing.

    Parameters
    ----------
    baseline, follow_up : Quantitative MG score, 0 to 39, off pyridostigmine for 10 to 12 hours.
    points : The fall, at least; some trials use 5.
    """
    return fallen(baseline, follow_up, rescue, points, QMG_RANGE)


@rule(
    "MGC_response",
    "MG",
    "response",
    definition=(
        "MG composite down by 3 points or more; 5 was the primary endpoint of Descartes-08 "
        "phase 2b."
    ),
    thresholds="points=3",
    source="Burns 2010, Neurology 74:1434",
    status="verified",
)
def mgc_response(
    baseline: ArrayLike, follow_up: ArrayLike, rescue: ArrayLike = False, *, points: float = 3.0
) -> BooleanArray:
    """Judge an MG composite response at a visit.

    NA where a score is missing.

    Parameters
    ----------
    baseline, follow_up : MG composite, 0 to 50.
    points : The fall, at least: 3 is the smallest important one (Burns 2010), 5 was the primary
        endpoint of Descartes-08 phase 2b.
    """
    return fallen(baseline, follow_up, rescue, points, MGC_RANGE)


@rule(
    "MSE",
    "MG",
    "response",
    definition="Minimal symptom expression: MG-ADL 0 or 1.",
    thresholds="mg_adl_max=1",
    source="NCT06958939",
    status="verified",
)
def minimal_symptom_expression(
    mg_adl: ArrayLike, rescue: ArrayLike = False, *, mg_adl_max: float = 1.0
) -> BooleanArray:
    """Judge minimal symptom expression at a visit.

    NA where the score is missing.

    Parameters
    ----------
    mg_adl : MG-ADL, 0 to 24.
    mg_adl_max : The largest score.

    Notes
    -----
    Sustained for four weeks in NCT06958939: ``confirmed(subject, day, met, span=28)``.
    """
    (score,) = numbers(mg_adl=(mg_adl, *MG_ADL_RANGE))
    return failed_by(compare(score, "<=", mg_adl_max), *flags(rescue=rescue))


declare(
    __name__,
    Endpoint(
        "MSE_sustained",
        "MG",
        "response",
        "MG-ADL 0 or 1 at consecutive visits that span 4 weeks.",
        "mg_adl_max=1; span=28",
        "NCT06958939",
        status="verified",
        function="record.confirmation.confirmed",
    ),
)


@rule(
    "MM_or_better",
    "MG",
    "response",
    definition=(
        "Minimal manifestations, pharmacologic or complete stable remission by MGFA "
        "post-intervention status."
    ),
    thresholds="none",
    source="MGFA post-intervention status",
)
def minimal_manifestations_or_better(status: ArrayLike) -> BooleanArray:
    """Judge minimal manifestation status, pharmacologic or complete stable remission (MGFA-PIS).

    NA where it is missing.

    Parameters
    ----------
    status : MGFA post-intervention status, one of `MGFA_STATUSES`.
    """
    values = texts("status", status, MGFA_STATUSES)
    missing = np.array([value is None for value in values])
    return boolean(np.isin(values.astype(str), _MM_OR_BETTER), missing)


def mg_worsening(best_mg_adl: ArrayLike, mg_adl: ArrayLike, *, points: float = 2.0) -> BooleanArray:
    """Judge whether MG-ADL is 2 points or more above the best sustained value.

    NA where a value is missing.

    Parameters
    ----------
    best_mg_adl : The best value that two visits in a row had (`confirmation.best_sustained`).
    mg_adl : MG-ADL now, 0 to 24.
    points : The rise, at least.

    Notes
    -----
    Status: design. It counts when seen at two visits two weeks apart:
    ``confirmed(subject, day, worsening, span=14)``.
    """
    best, now = numbers(best_mg_adl=(best_mg_adl, *MG_ADL_RANGE), mg_adl=(mg_adl, *MG_ADL_RANGE))
    return compare(now - best, ">=", points)


@rule(
    "MG_relapse",
    "MG",
    "event",
    definition=(
        "MG-ADL 2 above the best sustained value at two visits 2 weeks apart, crisis, "
        "admission, or rescue."
    ),
    thresholds="points=2; span=14",
    source="carstats",
    status="design",
)
def mg_relapse(
    confirmed_worsening: ArrayLike,
    crisis: ArrayLike = False,
    hospitalised: ArrayLike = False,
    rescue: ArrayLike = False,
) -> BooleanArray:
    """Judge a relapse of myasthenia.

    NA where none is known and one is missing.

    Parameters
    ----------
    confirmed_worsening : `mg_worsening` at two visits two weeks apart.
    crisis, hospitalised, rescue : Events of the disease since the previous visit.
    """
    return any_of(
        *flags(
            confirmed_worsening=confirmed_worsening,
            crisis=crisis,
            hospitalised=hospitalised,
            rescue=rescue,
        )
    )
