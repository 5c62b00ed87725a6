"""Relapse by the rule of the disease: flare, worsening or attack after a response.

Relapse is worse than the loss of a response: a score that no longer reaches its threshold is not
yet a flare. Where the field has no rule for a disease, the loss of its response is the relapse.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from carstats.endpoints.derive.judge import Judge, Sight
from carstats.endpoints.derive.lupus_flares import lupus_relapse, renal_flares
from carstats.endpoints.record.confirmation import best_sustained, confirmed
from carstats.endpoints.record.logic import known
from carstats.endpoints.record.searches import Days, at
from carstats.endpoints.record.visits import Visits
from carstats.endpoints.rules.blood.immune_cytopenias import itp_loss
from carstats.endpoints.rules.muscle_skin.iim_course import iim_relapse
from carstats.endpoints.rules.muscle_skin.ssc import ild_progression, ssc_event
from carstats.endpoints.rules.nerve.mg import mg_relapse, mg_worsening
from carstats.messages import mark

Flags = NDArray[np.bool_]
# The IWG (Rodeghiero 2009) asks for two counts at least so many days apart for a loss of response.
_LOSS_DAYS = 1.0
Days_ = NDArray[np.float64]

RELAPSE_RULES = {
    "SLE": mark(
        "severe flare (SFI); mild or moderate flare without the medication items, confirmed at "
        "the next visit or treated; renal flare"
    ),
    "IIM": mark(
        "TIS below 40 after a response, with two of physician global up 2 cm, MMT8 down 20 %, "
        "CK doubled since the response"
    ),
    "SSc": mark(
        "ILD progression since the response, heart or renal failure, arterial hypertension, or "
        "a new antifibrotic, on its day (Auth 2024)"
    ),
    "MG": mark(
        "MG-ADL 2 points above its best sustained value at two visits two weeks apart, crisis, "
        "or admission"
    ),
    "NMOSD": mark("attack on its day; loss of response where attacks are not recorded"),
    "MOGAD": mark("attack on its day; loss of response where attacks are not recorded"),
    "ITP": mark(
        "platelets below 100 after a complete response, below 30 or twice the baseline after a "
        "response, at two counts; or bleeding"
    ),
    "AIHA": mark("loss of response"),
}
"""Relapse of each disease in words; rescue for the disease is one everywhere (by strategy)."""


def flare_at_visits(
    judge: Judge, v: Visits, lost: Flags, response_day: Days_
) -> tuple[Flags, NDArray[np.object_]]:
    """Return at which visits the disease relapses by its own rule, and how severely.

    Parameters
    ----------
    judge : The verdicts.
    v : The visits.
    lost : Whether the response is not met at the visit; the relapse of a disease without a rule.
    response_day : First visit in response, `inf` where there is none.

    Returns
    -------
    relapsed : ndarray of bool, shape (visits,)
        Whether the rule is met; what came before the response is not told apart here.
    severity : ndarray of str or None, shape (visits,)
        ``"severe"`` or ``"mild/moderate"`` where the rule knows it.

    Notes
    -----
    Status: design; verify (the limits of IMACS, the OMERACT rule for the lung, the IWG rule for
    platelets). Manifestations, crises and admissions that a study does not record as measures are
    taken for absent.
    """
    sight = Sight(judge, v)
    out, severity = lost.copy(), np.full(len(v), None, object)
    rules = {"SLE": _lupus, "IIM": _myositis, "SSc": _sclerosis, "MG": _myasthenia, "ITP": _itp}
    for disease, rule in rules.items():
        here = v.disease == disease
        if here.any():
            met, grade = rule(sight, response_day)
            out[here], severity[here] = met[here], grade[here]
    return out, severity


def flares_elsewhere(judge: Judge, response_day: Days_) -> list[tuple[Visits, Flags, str | None]]:
    """Return flares that are judged at visits of their own: the kidney in lupus, the lung in SSc.

    Parameters
    ----------
    judge : The verdicts.
    response_day : First visit in response, `inf` where there is none.

    Returns
    -------
    Visits on which a value of the organ was measured, at which of them it flares, and how severe
    that is.
    """
    kidney = judge.visits_of({"SLE": ("UPCR",)})
    lung = judge.visits_of({"SSc": ("FVC",)})
    return [
        (kidney, renal_flares(kidney), "severe"),
        (lung, _lung(lung, response_day), None),
    ]


def _last_by(v: Visits, name: str, day: Days_) -> Days_:
    """Return for each visit the subject's last value of a measure on or before a day."""
    value = v.measure(name)
    known_ = Days(v.subject, np.where(v.adequate & ~np.isnan(value), v.day, np.nan))
    return at(value, known_.last(v.subject, day[v.subject], before=False))


def _at_response(v: Visits, response_day: Days_) -> NDArray[np.int_]:
    """Return for each visit the row of its subject's first visit in response, -1 for none."""
    return Days(v.subject, v.day).next(v.subject, response_day[v.subject], after=False)


def _unknown(v: Visits) -> NDArray[np.object_]:
    return np.full(len(v), None, object)


def _lupus(sight: Sight, response_day: Days_):
    return lupus_relapse(sight)


def _myositis(sight: Sight, response_day: Days_):
    v = sight.visits
    first = _at_response(v, response_day)
    moderate = sight.judge.raw_at("TIS_moderate", v)
    values = [
        part
        for name in ("physician_global", "MMT8", "CK")
        for part in (at(v.measure(name), first), v.measure(name))
    ]
    return known(iim_relapse(~moderate, *values)), _unknown(v)


def _sclerosis(sight: Sight, response_day: Days_):
    v = sight.visits
    organs = (v.recorded(name) for name in ("heart_failure", "renal_failure"))
    # The lung is judged at its own visits, and a new antifibrotic dated by its day.
    none = np.zeros(len(v), bool)
    event = ssc_event(none, *organs, v.recorded("arterial_hypertension"), none)
    return known(event), _unknown(v)


def _lung(v: Visits, response_day: Days_) -> Flags:
    """Return at which visits the lung has progressed since the response."""
    met = ild_progression(
        _last_by(v, "FVC", response_day),
        v.measure("FVC"),
        _last_by(v, "DLCO", response_day),
        v.measure("DLCO"),
    )
    return known(met)


def _myasthenia(sight: Sight, response_day: Days_):
    v = sight.visits
    rows = np.flatnonzero(v.adequate & (v.disease == "MG"))
    worse = np.zeros(len(v), bool)
    if len(rows):
        score = v.measure("MG-ADL")[rows]
        best = best_sustained(v.subject[rows], v.day[rows], score)
        again = confirmed(v.subject[rows], v.day[rows], mg_worsening(best, score), span=14)
        worse[rows] = known(again)
    crisis, admitted = v.recorded("crisis"), v.recorded("hospitalised")
    severity = np.where(crisis | admitted, "severe", None)
    return known(mg_relapse(worse, crisis, admitted)), severity


def _itp(sight: Sight, response_day: Days_):
    """Judge the loss of a response: two counts that say so, a day or more apart, or bleeding."""
    v = sight.visits
    complete = sight.judge.raw_at("remission", v)
    days = Days(v.subject, np.where(known(complete) & v.adequate, v.day, np.nan))
    level = np.where(days.last(v.subject, v.day) >= 0, "complete", "response")
    counts = v.measure("platelets")
    none = np.zeros(len(v))
    low = known(itp_loss(level, v.baseline("platelets"), counts, none))
    rows = np.flatnonzero(v.adequate & ~np.isnan(counts) & (v.disease == "ITP"))
    lost = np.zeros(len(v), bool)
    if len(rows):
        again = confirmed(v.subject[rows], v.day[rows], low[rows], span=_LOSS_DAYS)
        lost[rows] = known(again)
    return lost | (v.measure("bleeding") > 0), _unknown(v)
