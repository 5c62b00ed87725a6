"""Relapse by the disease's own worsening rule, in place of the loss of its response."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from carstats.endpoints.confirmation import best_sustained, confirmed
from carstats.endpoints.iim_course import iim_relapse
from carstats.endpoints.mg import mg_worsening
from carstats.endpoints.responses import Judge
from carstats.endpoints.searches import Days, at
from carstats.endpoints.sle_flare import selena_flare_index


def flare_at_visits(
    judge: Judge, lost: NDArray[np.bool_], response_day: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Judge at which visits the disease has flared by its own rule.

    SLE: SELENA-SLEDAI flare index without the medication items, severe, or mild to moderate and
    still there at the next visit. IIM: a lost response with two of three signs of worsening. MG:
    MG-ADL 2 points above the best sustained value at visits two weeks apart. Other diseases: the
    response is lost.

    Parameters
    ----------
    judge : Judge
        The verdicts at the visits.
    lost : ndarray of bool
        Whether the response is not met at each visit.
    response_day : ndarray
        First response of each subject.

    Returns
    -------
    ndarray of bool
        One value a visit; False where the rule cannot be judged.

    Raises
    ------
    CarstatsError
        If a score is out of its range.

    Notes
    -----
    Status: design. Manifestations and admissions that a study does not record as measures are
    taken for absent: the index then rests on the score and the physician's assessment.
    """
    v = judge.visits
    out = lost.copy()
    rules = {
        "SLE": lambda: _lupus(judge),
        "IIM": lambda: _myositis(judge, lost, response_day),
        "MG": lambda: _myasthenia(judge),
    }
    for disease, rule in rules.items():
        here = v.disease == disease
        if here.any():
            out[here] = rule()[here]
    return out


def _around(judge: Judge) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Return the adequate visit before each visit and the one after it, -1 for none."""
    v = judge.visits
    seen = Days(v.subject, np.where(v.adequate, v.day, np.nan))
    return seen.last(v.subject, v.day), seen.next(v.subject, v.day)


def _lupus(judge: Judge) -> NDArray[np.bool_]:
    v = judge.visits
    before, after = _around(judge)
    score, pga = v.measure("SLEDAI-2K"), v.measure("PGA")
    absent = np.zeros(len(v), bool)

    def index(now: NDArray[np.int_]):
        return selena_flare_index(
            at(score, before),
            at(score, now),
            at(pga, before),
            at(pga, now),
            absent,
            absent,
            absent,
            with_medication=False,
        ).codes

    here, following = index(np.arange(len(v))), index(after)
    ice = judge.intercurrent.rescue[v.subject]
    treated = (ice >= v.day) & (ice <= at(v.day, after, np.inf))
    return (here == 2) | ((here == 1) & ((following >= 1) | treated))


def _myositis(judge: Judge, lost, response_day) -> NDArray[np.bool_]:
    v = judge.visits
    first = Days(v.subject, v.day).next(v.subject, response_day[v.subject], after=False)
    values = [
        part
        for name in ("physician_global", "MMT8", "CK")
        for part in (at(v.measure(name), first), v.measure(name))
    ]
    found = iim_relapse(lost, *values)
    return found._data & ~found._mask


def _myasthenia(judge: Judge) -> NDArray[np.bool_]:
    v = judge.visits
    rows = np.flatnonzero(v.adequate & (v.disease == "MG"))
    score = v.measure("MG-ADL")[rows]
    out = np.zeros(len(v), bool)
    if len(rows):
        best = best_sustained(v.subject[rows], v.day[rows], score)
        worse = mg_worsening(best, score)
        sure = confirmed(v.subject[rows], v.day[rows], worse, span=14)
        out[rows] = sure._data & ~sure._mask
    return out
