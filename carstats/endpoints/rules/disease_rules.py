"""The rules of response and remission at visits, one function a rule.

Every function takes the visits and returns one verdict a visit, NA where a component is missing;
intercurrent events are no part of it. The rules themselves are in the files of the diseases.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pandas.arrays import BooleanArray

from carstats.endpoints.record.components import (
    calculated,
    limit,
    limit_of,
    parts_of,
    recorded,
    twice,
)
from carstats.endpoints.record.confirmation import seen_twice
from carstats.endpoints.record.logic import all_of, boolean, compare
from carstats.endpoints.record.reasons import Part
from carstats.endpoints.record.visits import Visits
from carstats.endpoints.rules.blood.immune_cytopenias import itp_response
from carstats.endpoints.rules.lupus import nephritis
from carstats.endpoints.rules.lupus.sle import sri
from carstats.endpoints.rules.muscle_skin import criss, iim
from carstats.endpoints.rules.muscle_skin.ssc import mrss_response
from carstats.endpoints.rules.other_diseases import aav_remission

# The upper limit of normal of creatine kinase, U/L, where a study gives none (design).
CK_ULN = 200.0
# The thresholds of the rules that have no function of their own (design).
PGA_LOW = 0.5
IIM_GLOBAL, IIM_MMT8 = 1.0, 76.0
SSC_HALF, SSC_FVC = 50.0, 5.0
EDSS_FALL, AQP4 = 0.5, 1.0
AIHA_LEAST, AIHA_RISE, AIHA_NORMAL = 10.0, 2.0, 12.0
DAS28_LOW, DAS28_FALL = 3.2, 1.2


_NO_PARTS = parts_of()


@dataclass(frozen=True)
class StateRule:
    """A response or a remission of a disease.

    Attributes
    ----------
    needs : tuple of str
        Measures that the rule reads at the visit.
    baseline : tuple of str
        Measures of which it also reads the baseline.
    judge : callable
        Takes the visits and returns a verdict for each.
    words : str
        The definition, for the catalogue and the estimand.
    treatment : bool
        Whether `judge` takes a `Sight`, which knows the treatment at the visits, in their place.
    parts : callable
        Takes a `Sight` and returns the rule's components: why it is not met.
    """

    needs: tuple[str, ...]
    baseline: tuple[str, ...]
    judge: Callable[..., BooleanArray]
    words: str
    treatment: bool = False
    parts: Callable[..., tuple[Part, ...]] = _NO_PARTS


_FACES = {
    "physician_global": "physician_global",
    "patient_global": "patient_global",
    "mmt": "MMT8",
    "haq": "HAQ-DI",
    "extramuscular": "extramuscular_global",
}


def component(visits: Visits, name: str, harmless: float = 0.0) -> np.ndarray:
    """Return a measure at each visit; where it is waived, the value that harms no response."""
    value = visits.measure(name)
    return np.where(np.isnan(value), harmless, value) if name in visits.rules.waived else value


def sri4(v: Visits) -> BooleanArray:
    """Judge SRI-4 against the baseline at each visit."""
    return sri(
        v.baseline("SLEDAI-2K"),
        v.measure("SLEDAI-2K"),
        component(v, "new_BILAG_A"),
        component(v, "new_BILAG_B"),
        v.baseline("PGA"),
        v.measure("PGA"),
    )


def sle_remission(v: Visits) -> BooleanArray:
    """Judge remission of lupus, whatever the treatment at each visit."""
    return all_of(compare(v.measure("cSLEDAI"), "<=", 0), compare(v.measure("PGA"), "<", PGA_LOW))


TIS_MEASURES = (
    "physician_global",
    "patient_global",
    "MMT8",
    "HAQ-DI",
    "CK",
    "extramuscular_global",
)


def total_improvement(v: Visits, missing: str = "unknown") -> np.ndarray:
    """Return the Total Improvement Score at each visit.

    Where a core-set measure is missing it is NaN, or with `missing` ``"least"`` and ``"most"`` what
    the score is at least and at most.
    """
    change = {
        slot: iim.absolute_improvement(slot, v.baseline(name), v.measure(name))
        for slot, name in _FACES.items()
    }
    upper = np.full(len(v), CK_ULN)
    change["enzyme"] = iim.enzyme_improvement(
        {"CK": v.baseline("CK")}, {"CK": v.measure("CK")}, {"CK": upper}
    )
    if missing == "unknown":
        return iim.total_improvement_score(change)
    points = {name: iim.improvement_points(name, value) for name, value in change.items()}
    most = {name: max(iim.CORE_MEASURES[name].points) if missing == "most" else 0.0
            for name in points}  # fmt: skip
    return sum(np.where(np.isnan(value), most[name], value) for name, value in points.items())


def _tis_cut(v: Visits, level: str) -> np.ndarray:
    """Return the score at which a level begins for the subject of each visit."""
    adult, young = iim.THRESHOLDS["adult"][level], iim.THRESHOLDS["juvenile"][level]
    if "age" not in v.study.subjects:
        return np.full(len(v), float(adult))
    age = v.study.subjects["age"].to_numpy(float, na_value=np.nan)[v.subject]
    return np.where(age < 18, float(young), float(adult))


def tis(level: str) -> Callable[[Visits], BooleanArray]:
    """Return the rule of a level of the Total Improvement Score.

    A missing core-set measure leaves it open only where its points could decide it.
    """

    def judge(v: Visits) -> BooleanArray:
        cut = _tis_cut(v, level)
        least, most = total_improvement(v, "least"), total_improvement(v, "most")
        met = compare(least, ">=", cut)._data
        return boolean(met, ~met & compare(most, ">=", cut)._data)

    return judge


def tis_rule(level: str, words: str) -> StateRule:
    """Return the rule of a level of the Total Improvement Score with its components."""
    parts = parts_of(
        calculated(
            "TIS",
            lambda sight: total_improvement(sight.visits, "most"),
            ">=",
            lambda sight: _tis_cut(sight.visits, level),
        )
    )
    return StateRule(TIS_MEASURES, TIS_MEASURES, tis(level), words, parts=parts)


def iim_remission(v: Visits) -> BooleanArray:
    """Judge remission of myositis at each visit."""
    return all_of(
        compare(v.measure("physician_global"), "<=", IIM_GLOBAL),
        compare(v.measure("MMT8"), ">=", IIM_MMT8),
        compare(v.measure("CK"), "<=", CK_ULN),
    )


def mrss(v: Visits) -> BooleanArray:
    """Judge the response of the skin at each visit."""
    return mrss_response(v.baseline("mRSS"), v.measure("mRSS"))


def ssc_remission(v: Visits) -> BooleanArray:
    """Judge remission of systemic sclerosis at each visit."""
    return all_of(
        compare(v.measure("mRSS") - (1 - SSC_HALF / 100) * v.baseline("mRSS"), "<=", 0),
        compare(v.baseline("FVC") - v.measure("FVC"), "<", SSC_FVC),
    )


def step_one(v: Visits) -> np.ndarray:
    """Return whether an event of step 1 has been recorded since the infusion."""
    return v.recorded_so_far("renal_failure") | v.recorded_so_far("heart_failure")


def criss_probability_at(v: Visits) -> np.ndarray:
    """Return the probability of improvement of ACR-CRISS at each visit."""
    change = [v.measure(name) - v.baseline(name) for name in CRISS_MEASURES]
    return criss.criss_probability(*change, step_one=step_one(v))


def criss_at(v: Visits) -> BooleanArray:
    """Judge the response by ACR-CRISS at each visit."""
    return criss.criss_response(criss_probability_at(v))


def _core_items(v: Visits):
    names = dict(zip(("mrss", "fvc", "patient", "physician", "haq"), CRISS_MEASURES, strict=True))
    first = {key: v.baseline(name) for key, name in names.items()}
    now = {key: v.measure(name) for key, name in names.items()}
    return first, now


def revised_criss_at(v: Visits) -> BooleanArray:
    """Judge the revised ACR-CRISS at each visit."""
    return criss.revised_criss(*_core_items(v), step_one=step_one(v))


def items_improved(sight) -> np.ndarray:
    """Return how many core items of the revised index have, or may have, improved at each visit."""
    items = _core_items(sight.visits)
    known = range(1, 6)
    may = [criss.revised_criss(*items, m=m) for m in known]
    return np.sum([met._data | met._mask for met in may], axis=0).astype(float)


CRISS_MEASURES = ("mRSS", "FVC", "patient_global", "physician_global", "HAQ-DI")


def edss(v: Visits) -> BooleanArray:
    """Judge an improvement of EDSS at each visit."""
    return compare(v.baseline("EDSS") - v.measure("EDSS"), ">=", EDSS_FALL)


def nmosd_remission(v: Visits) -> BooleanArray:
    """Judge remission of NMOSD at each visit."""
    return all_of(edss(v), compare(v.measure("autoantibody"), "<", AQP4))


def aiha_response(v: Visits) -> BooleanArray:
    """Judge the response of haemolytic anaemia at each visit."""
    now = v.measure("haemoglobin")
    return all_of(
        compare(now, ">=", AIHA_LEAST),
        compare(now - v.baseline("haemoglobin"), ">=", AIHA_RISE),
    )


def aiha_remission(v: Visits) -> BooleanArray:
    """Judge remission of haemolytic anaemia at each visit."""
    return compare(v.measure("haemoglobin"), ">=", AIHA_NORMAL)


def _itp_once(level: str) -> Callable[[Visits], BooleanArray]:
    def judge(v: Visits) -> BooleanArray:
        return itp_response(
            v.baseline("platelets"), v.measure("platelets"), component(v, "bleeding"), level=level
        )

    return judge


def _itp(level: str) -> Callable[[Visits], BooleanArray]:
    once = _itp_once(level)

    def judge(v: Visits) -> BooleanArray:
        return seen_twice(v.subject, v.day, once(v), v.adequate, span=7.0)

    return judge


def itp_rule(level: str, words: str) -> StateRule:
    """Return the rule of a level of response of immune thrombocytopenia."""
    least = limit_of(itp_response, level)
    doubled = calculated(
        "platelets",
        lambda sight: sight.visits.measure("platelets"),
        ">=",
        lambda sight: limit_of(itp_response, "times") * sight.visits.baseline("platelets"),
    )
    makers = [limit("platelets", ">=", least), recorded("bleeding", "bleeding")]
    makers += [doubled] if level == "response" else []
    makers.append(twice("one count", _itp_once(level), _itp(level)))
    return StateRule(
        ("platelets", "bleeding"),
        ("platelets",) if level == "response" else (),
        _itp(level),
        words,
        parts=parts_of(*makers),
    )


def das28_good(v: Visits) -> BooleanArray:
    """Judge the good response by DAS28-CRP at each visit."""
    score = v.measure("DAS28-CRP")
    fall = compare(v.baseline("DAS28-CRP") - score, ">", DAS28_FALL)
    return all_of(compare(score, "<=", DAS28_LOW), fall)


def renal(rule) -> Callable[[Visits], BooleanArray]:
    """Return how a renal response of BLISS-LN or KDIGO is judged at visits."""

    def judge(v: Visits) -> BooleanArray:
        return rule(v.measure("UPCR"), v.measure("eGFR"), v.baseline("eGFR"))

    return judge


def kdigo_partial_at(v: Visits) -> BooleanArray:
    """Judge the partial response of KDIGO 2024 at each visit."""
    return nephritis.kdigo_partial(
        v.baseline("UPCR"), v.measure("UPCR"), v.measure("eGFR"), v.baseline("eGFR")
    )


def aav_remission_at(sight) -> BooleanArray:
    """Judge remission of vasculitis at each visit."""
    treatment, score = sight.treatment(), sight.visits.measure("BVAS")
    dose = np.full(len(score), np.nan) if treatment is None else treatment.prednisone_mg
    return aav_remission(score, dose)
