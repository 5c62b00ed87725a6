"""What response and remission mean in each disease, judged at visits.

Every function takes the visits and returns one verdict a visit, NA where a component is missing;
intercurrent events are no part of it. The rules themselves are in the files of the diseases.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from pandas.arrays import BooleanArray

from carstats.endpoints import criss, iim, nephritis
from carstats.endpoints.confirmation import seen_twice
from carstats.endpoints.immune_cytopenias import itp_response
from carstats.endpoints.joints import das28_remission
from carstats.endpoints.logic import all_of, compare
from carstats.endpoints.mg import (
    mg_adl_response,
    mgc_response,
    minimal_symptom_expression,
    qmg_response,
)
from carstats.endpoints.neurology import incat_response, t25fw_improved
from carstats.endpoints.other_diseases import aav_remission, essdai_response
from carstats.endpoints.sle import sri
from carstats.endpoints.ssc import mrss_response
from carstats.endpoints.visits import Visits
from carstats.messages import mark

# The upper limit of normal of creatine kinase, U/L, where a study gives none (design).
CK_ULN = 200.0


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
        Whether `judge` takes a `Judge`, which knows the treatment at the visits, in their place.
    """

    needs: tuple[str, ...]
    baseline: tuple[str, ...]
    judge: Callable[..., BooleanArray]
    words: str
    treatment: bool = False


def component(visits: Visits, name: str, harmless: float = 0.0) -> np.ndarray:
    """Return a measure at each visit; where it is waived, the value that harms no response."""
    value = visits.measure(name)
    return np.where(np.isnan(value), harmless, value) if name in visits.rules.waived else value


def _sri4(v: Visits) -> BooleanArray:
    return sri(
        v.baseline("SLEDAI-2K"),
        v.measure("SLEDAI-2K"),
        component(v, "new_BILAG_A"),
        component(v, "new_BILAG_B"),
        v.baseline("PGA"),
        v.measure("PGA"),
    )


def _sle_remission(v: Visits) -> BooleanArray:
    return all_of(compare(v.measure("cSLEDAI"), "<=", 0), compare(v.measure("PGA"), "<", 0.5))


_TIS = ("physician_global", "patient_global", "MMT8", "HAQ-DI", "CK", "extramuscular_global")


def total_improvement(v: Visits) -> np.ndarray:
    """Return the Total Improvement Score at each visit, NaN where a core-set measure is missing."""
    names = {
        "physician_global": "physician_global",
        "patient_global": "patient_global",
        "mmt": "MMT8",
        "haq": "HAQ-DI",
        "extramuscular": "extramuscular_global",
    }
    change = {
        slot: iim.absolute_improvement(slot, v.baseline(name), v.measure(name))
        for slot, name in names.items()
    }
    limit = np.full(len(v), CK_ULN)
    change["enzyme"] = iim.enzyme_improvement(
        {"CK": v.baseline("CK")}, {"CK": v.measure("CK")}, {"CK": limit}
    )
    return iim.total_improvement_score(change)


def tis(level: str) -> Callable[[Visits], BooleanArray]:
    """Return the rule of a level of the Total Improvement Score."""

    def judge(v: Visits) -> BooleanArray:
        score = total_improvement(v)
        adult = iim.improvement_response(score, level)
        if "age" not in v.study.subjects:
            return adult
        age = v.study.subjects["age"].to_numpy(float)[v.subject]
        juvenile = iim.improvement_response(score, level, form="juvenile")
        young = age < 18
        return BooleanArray(
            np.where(young, juvenile._data, adult._data),
            np.where(young, juvenile._mask, adult._mask),
        )

    return judge


def _iim_remission(v: Visits) -> BooleanArray:
    return all_of(
        compare(v.measure("physician_global"), "<=", 1.0),
        compare(v.measure("MMT8"), ">=", 76.0),
        compare(v.measure("CK"), "<=", CK_ULN),
    )


def _mrss(v: Visits) -> BooleanArray:
    return mrss_response(v.baseline("mRSS"), v.measure("mRSS"))


def _ssc_remission(v: Visits) -> BooleanArray:
    return all_of(
        compare(v.measure("mRSS") - 0.5 * v.baseline("mRSS"), "<=", 0),
        compare(v.baseline("FVC") - v.measure("FVC"), "<", 5.0),
    )


def _step_one(v: Visits) -> np.ndarray:
    """Return whether an event of step 1 has been recorded since the infusion."""
    return v.recorded_so_far("renal_failure") | v.recorded_so_far("heart_failure")


def _criss(v: Visits) -> BooleanArray:
    change = [v.measure(name) - v.baseline(name) for name in _CRISS]
    return criss.criss_response(criss.criss_probability(*change, step_one=_step_one(v)))


def _revised_criss(v: Visits) -> BooleanArray:
    names = dict(zip(("mrss", "fvc", "patient", "physician", "haq"), _CRISS, strict=True))
    first = {key: v.baseline(name) for key, name in names.items()}
    now = {key: v.measure(name) for key, name in names.items()}
    return criss.revised_criss(first, now, step_one=_step_one(v))


_CRISS = ("mRSS", "FVC", "patient_global", "physician_global", "HAQ-DI")


def _edss(v: Visits) -> BooleanArray:
    return compare(v.baseline("EDSS") - v.measure("EDSS"), ">=", 0.5)


def _nmosd_remission(v: Visits) -> BooleanArray:
    return all_of(_edss(v), compare(v.measure("autoantibody"), "<", 1.0))


def _aiha_response(v: Visits) -> BooleanArray:
    now = v.measure("haemoglobin")
    return all_of(compare(now, ">=", 10.0), compare(now - v.baseline("haemoglobin"), ">=", 2.0))


def _aiha_remission(v: Visits) -> BooleanArray:
    return compare(v.measure("haemoglobin"), ">=", 12.0)


def _itp(level: str) -> Callable[[Visits], BooleanArray]:
    def judge(v: Visits) -> BooleanArray:
        met = itp_response(
            v.baseline("platelets"), v.measure("platelets"), v.measure("bleeding"), level=level
        )
        return seen_twice(v.subject, v.day, met, v.adequate, span=7.0)

    return judge


def _das28_good(v: Visits) -> BooleanArray:
    score = v.measure("DAS28-CRP")
    fall = compare(v.baseline("DAS28-CRP") - score, ">", 1.2)
    return all_of(compare(score, "<=", 3.2), fall)


def _renal(rule) -> Callable[[Visits], BooleanArray]:
    def judge(v: Visits) -> BooleanArray:
        return rule(v.measure("UPCR"), v.measure("eGFR"), v.baseline("eGFR"))

    return judge


def _kdigo_partial(v: Visits) -> BooleanArray:
    return nephritis.kdigo_partial(
        v.baseline("UPCR"), v.measure("UPCR"), v.measure("eGFR"), v.baseline("eGFR")
    )


def _aav_remission(judge) -> BooleanArray:
    treatment, score = judge.treatment(), judge.visits.measure("BVAS")
    dose = np.full(len(score), np.nan) if treatment is None else treatment.prednisone_mg
    return aav_remission(score, dose)


def _change(name: str, rule, words: str) -> StateRule:
    return StateRule((name,), (name,), lambda v: rule(v.baseline(name), v.measure(name)), words)


_SLE_NEEDS = ("SLEDAI-2K", "PGA", "new_BILAG_A", "new_BILAG_B")
_ADL = StateRule(
    ("MG-ADL",),
    ("MG-ADL",),
    lambda v: mg_adl_response(v.baseline("MG-ADL"), v.measure("MG-ADL")),
    mark("MG-ADL down by 2 points or more (verify)"),
)
_MSE = StateRule(
    ("MG-ADL",),
    (),
    lambda v: minimal_symptom_expression(v.measure("MG-ADL")),
    mark("minimal symptom expression: MG-ADL 0 or 1"),
)
_SRI4 = StateRule(_SLE_NEEDS, ("SLEDAI-2K", "PGA"), _sri4, mark("SRI-4 (Furie 2009; verify)"))
_SKIN = StateRule(
    ("mRSS",), ("mRSS",), _mrss, mark("mRSS down by 5 points and 25 % or more (design)")
)

RESPONSE: dict[str, StateRule] = {
    "SLE": _SRI4,
    "IIM": StateRule(_TIS, _TIS, tis("moderate"), mark("TIS of 40 or more, juvenile 45 (verify)")),
    "SSc": _SKIN,
    "MG": _ADL,
    "NMOSD": StateRule(("EDSS",), ("EDSS",), _edss, mark("EDSS down by 0.5 or more (design)")),
    "MOGAD": StateRule(("EDSS",), ("EDSS",), _edss, mark("EDSS down by 0.5 or more (design)")),
    "MS": StateRule(("EDSS",), ("EDSS",), _edss, mark("EDSS down by 0.5 or more (design)")),
    "RA": StateRule(
        ("DAS28-CRP",),
        ("DAS28-CRP",),
        _das28_good,
        mark("EULAR good response by DAS28-CRP (verify)"),
    ),
    "SjD": _change("ESSDAI", essdai_response, mark("ESSDAI down by 3 points or more (verify)")),
    "CIDP": _change("INCAT", incat_response, mark("INCAT down by 1 point or more (verify)")),
    "SPS": _change("T25FW", t25fw_improved, mark("T25FW faster by 20 % or more (design)")),
    "AIHA": StateRule(
        ("haemoglobin",),
        ("haemoglobin",),
        _aiha_response,
        mark("haemoglobin 10 g/dL or more and up by 2 g/dL or more (design)"),
    ),
    "ITP": StateRule(
        ("platelets", "bleeding"),
        ("platelets",),
        _itp("response"),
        mark("response of the IWG (verify)"),
    ),
}
"""The response of each disease; a disease that is not here has none that can be derived."""

REMISSION: dict[str, StateRule] = {
    "SLE": StateRule(
        ("cSLEDAI", "PGA"), (), _sle_remission, mark("clinical SLEDAI 0 and PGA below 0.5 (design)")
    ),
    "IIM": StateRule(
        ("physician_global", "MMT8", "CK"),
        (),
        _iim_remission,
        mark("physician global 1 or less, MMT8 76 or more, CK 200 U/L or less (design)"),
    ),
    "SSc": StateRule(
        ("mRSS", "FVC"),
        ("mRSS", "FVC"),
        _ssc_remission,
        mark("mRSS at most half of baseline, FVC not 5 points below it (design)"),
    ),
    "MG": _MSE,
    "NMOSD": StateRule(
        ("EDSS", "autoantibody"),
        ("EDSS",),
        _nmosd_remission,
        mark("EDSS down by 0.5 or more and anti-AQP4 below the upper limit of normal (design)"),
    ),
    "RA": StateRule(
        ("DAS28-CRP",),
        (),
        lambda v: das28_remission(v.measure("DAS28-CRP")),
        mark("DAS28-CRP below 2.6"),
    ),
    "AAV": StateRule(
        ("BVAS",), (), _aav_remission, mark("BVAS 0 off glucocorticoids (verify)"), treatment=True
    ),
    "AIHA": StateRule(
        ("haemoglobin",), (), _aiha_remission, mark("haemoglobin 12 g/dL or more (design)")
    ),
    "ITP": StateRule(
        ("platelets", "bleeding"),
        ("platelets",),
        _itp("complete"),
        mark("complete response (verify)"),
    ),
}
"""The remission of each disease, whatever treatment it is on."""

SPECIFIC: dict[str, tuple[str, StateRule]] = {
    "SRI-4": ("SLE", _SRI4),
    "CRR": (
        "SLE",
        StateRule(("UPCR", "eGFR"), ("eGFR",), _renal(nephritis.crr), mark("BLISS-LN (verify)")),
    ),
    "PERR": (
        "SLE",
        StateRule(("UPCR", "eGFR"), ("eGFR",), _renal(nephritis.perr), mark("BLISS-LN (verify)")),
    ),
    "KDIGO_CR": (
        "SLE",
        StateRule(
            ("UPCR", "eGFR"), ("eGFR",), _renal(nephritis.kdigo_complete), mark("KDIGO 2024")
        ),
    ),
    "KDIGO_PR": (
        "SLE",
        StateRule(("UPCR", "eGFR"), ("UPCR", "eGFR"), _kdigo_partial, mark("KDIGO 2024")),
    ),
    "TIS_minimal": (
        "IIM",
        StateRule(_TIS, _TIS, tis("minimal"), mark("TIS of 20 or more (verify)")),
    ),
    "TIS_moderate": (
        "IIM",
        StateRule(_TIS, _TIS, tis("moderate"), mark("TIS of 40 or more (verify)")),
    ),
    "TIS_major": ("IIM", StateRule(_TIS, _TIS, tis("major"), mark("TIS of 60 or more (verify)"))),
    "mRSS_response": ("SSc", _SKIN),
    "CRISS": ("SSc", StateRule(_CRISS, _CRISS, _criss, mark("ACR-CRISS of 0.60 or more (verify)"))),
    "revised_CRISS": ("SSc", StateRule(_CRISS, _CRISS, _revised_criss, mark("ACR-CRISS-20"))),
    "MG-ADL_response": ("MG", _ADL),
    "QMG_response": (
        "MG",
        StateRule(
            ("QMG",),
            ("QMG",),
            lambda v: qmg_response(v.baseline("QMG"), v.measure("QMG")),
            mark("QMG down by 3 points or more (verify)"),
        ),
    ),
    "MGC_response": (
        "MG",
        StateRule(
            ("MGC",),
            ("MGC",),
            lambda v: mgc_response(v.baseline("MGC"), v.measure("MGC")),
            mark("MGC down by 3 points or more"),
        ),
    ),
    "MSE": ("MG", _MSE),
}
"""Endpoints of one disease: the disease and the rule."""
