"""Relapse by the rule of the disease: flare, worsening or attack after a response.

Relapse is worse than the loss of a response: a score that no longer reaches its threshold is not
yet a flare. Where the field has no rule for a disease, the loss of its response is the relapse.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from carstats.endpoints.confirmation import best_sustained, confirmed
from carstats.endpoints.flares_lupus import lupus_relapse
from carstats.endpoints.iim_course import iim_relapse
from carstats.endpoints.immune_cytopenias import itp_loss
from carstats.endpoints.logic import known
from carstats.endpoints.mg import mg_relapse, mg_worsening
from carstats.endpoints.responses import Judge
from carstats.endpoints.searches import Days, at, begun_between
from carstats.endpoints.ssc import ild_progression, ssc_event
from carstats.messages import mark

Flags = NDArray[np.bool_]
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
        "a new antifibrotic (Auth 2024)"
    ),
    "MG": mark(
        "MG-ADL 2 points above its best sustained value at two visits two weeks apart, crisis, "
        "or admission"
    ),
    "NMOSD": mark("attack on its day; loss of response where attacks are not recorded"),
    "MOGAD": mark("attack on its day; loss of response where attacks are not recorded"),
    "ITP": mark(
        "platelets below 100 after a complete response, below 30 after a response, or bleeding"
    ),
    "AIHA": mark("loss of response"),
}
"""Relapse of each disease in words; rescue for the disease is one everywhere (by strategy)."""


def flare_at_visits(
    judge: Judge, lost: Flags, response_day: Days_
) -> tuple[Flags, NDArray[np.object_]]:
    """Return at which visits the disease relapses by its own rule, and how severely.

    Parameters
    ----------
    judge : Judge
        The verdicts at the visits.
    lost : ndarray of bool, shape (visits,)
        Whether the response is not met at the visit; the relapse of a disease without a rule.
    response_day : ndarray of float, shape (subjects,)
        First visit in response, `inf` where there is none.

    Returns
    -------
    relapsed : ndarray of bool, shape (visits,)
        Whether the rule is met; what came before the response is not told apart here.
    severity : ndarray of str or None, shape (visits,)
        ``"severe"`` or ``"mild/moderate"`` where the rule knows it.

    Raises
    ------
    CarstatsError
        If a score is out of its range.

    Notes
    -----
    Status: design; verify (the limits of IMACS, the OMERACT rule for the lung, the IWG rule for
    platelets). Manifestations, crises and admissions that a study does not record as measures are
    taken for absent.
    """
    v = judge.visits
    out, severity = lost.copy(), np.full(len(v), None, object)
    rules = {"SLE": _lupus, "IIM": _myositis, "SSc": _sclerosis, "MG": _myasthenia, "ITP": _itp}
    for disease, rule in rules.items():
        here = v.disease == disease
        if here.any():
            met, grade = rule(judge, response_day)
            out[here], severity[here] = met[here], grade[here]
    return out, severity


def _at_response(judge: Judge, response_day: Days_) -> NDArray[np.int_]:
    """Return for each visit the row of its subject's first visit in response, -1 for none."""
    v = judge.visits
    return Days(v.subject, v.day).next(v.subject, response_day[v.subject], after=False)


def _unknown(judge: Judge) -> NDArray[np.object_]:
    return np.full(len(judge.visits), None, object)


def _lupus(judge: Judge, response_day: Days_):
    return lupus_relapse(judge)


def _myositis(judge: Judge, response_day: Days_):
    v = judge.visits
    first = _at_response(judge, response_day)
    moderate = judge.verdict("TIS_moderate").raw
    values = [
        part
        for name in ("physician_global", "MMT8", "CK")
        for part in (at(v.measure(name), first), v.measure(name))
    ]
    return known(iim_relapse(~moderate, *values)), _unknown(judge)


def _sclerosis(judge: Judge, response_day: Days_):
    v = judge.visits
    first = _at_response(judge, response_day)
    lung = ild_progression(
        at(v.measure("FVC"), first),
        v.measure("FVC"),
        at(v.measure("DLCO"), first),
        v.measure("DLCO"),
    )
    organs = (v.recorded(name) for name in ("heart_failure", "renal_failure"))
    drugs = v.study.medications
    new = np.zeros(len(v), bool)
    if drugs is not None:
        # Antifibrotics are background by their class, but one that is new is an event here.
        chosen = drugs["drug_class"] == "antifibrotic"
        if "reason" in drugs:
            chosen &= drugs["reason"].isna() | (drugs["reason"] == "disease")
        new = begun_between(v, drugs[chosen.to_numpy(bool)])
    event = ssc_event(known(lung), *organs, v.recorded("arterial_hypertension"), new)
    return known(event), _unknown(judge)


def _myasthenia(judge: Judge, response_day: Days_):
    v = judge.visits
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


def _itp(judge: Judge, response_day: Days_):
    v = judge.visits
    complete = judge.verdict("remission").raw
    days = Days(v.subject, np.where(known(complete) & v.adequate, v.day, np.nan))
    level = np.where(days.last(v.subject, v.day) >= 0, "complete", "response")
    found = itp_loss(level, v.baseline("platelets"), v.measure("platelets"), v.measure("bleeding"))
    return known(found), _unknown(judge)
