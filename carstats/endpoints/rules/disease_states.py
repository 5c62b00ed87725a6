"""What response and remission mean in each disease: the rules with their measures and components.

Intercurrent events are no part of them.
"""

from __future__ import annotations

import numpy as np
from pandas.arrays import BooleanArray

from carstats.endpoints.record.components import (
    calculated,
    dose,
    fall,
    flag,
    kept_egfr,
    limit,
    limit_of,
    parts_of,
)  # fmt: skip
from carstats.endpoints.record.logic import boolean
from carstats.endpoints.rules.disease_rules import (
    AIHA_LEAST,
    AIHA_NORMAL,
    AIHA_RISE,
    AQP4,
    CK_ULN,
    CRISS_MEASURES,
    DAS28_FALL,
    DAS28_LOW,
    EDSS_FALL,
    IIM_GLOBAL,
    IIM_MMT8,
    PGA_LOW,
    SSC_FVC,
    SSC_HALF,
    StateRule,
    aav_remission_at,
    aiha_remission,
    aiha_response,
    criss_at,
    criss_probability_at,
    das28_good,
    edss,
    iim_remission,
    items_improved,
    itp_rule,
    kdigo_partial_at,
    mrss,
    nmosd_remission,
    renal,
    revised_criss_at,
    sle_remission,
    sri4,
    ssc_remission,
    step_one,
    tis_rule,
)
from carstats.endpoints.rules.lupus import nephritis
from carstats.endpoints.rules.lupus.sle import sri
from carstats.endpoints.rules.muscle_skin import criss
from carstats.endpoints.rules.muscle_skin.joints import das28_remission
from carstats.endpoints.rules.muscle_skin.ssc import mrss_response
from carstats.endpoints.rules.nerve.mg import (
    mg_adl_response,
    mgc_response,
    minimal_symptom_expression,
    qmg_response,
)
from carstats.endpoints.rules.nerve.neurology import incat_response, t25fw_improved
from carstats.endpoints.rules.other_diseases import aav_remission, essdai_response
from carstats.messages import mark


def _change(name: str, rule, words: str) -> StateRule:
    parts = parts_of(fall(name, ">=", limit_of(rule, "points")))
    return StateRule(
        (name,), (name,), lambda v: rule(v.baseline(name), v.measure(name)), words, parts=parts
    )


_SLE_NEEDS = ("SLEDAI-2K", "PGA", "new_BILAG_A", "new_BILAG_B")
_ADL = _change("MG-ADL", mg_adl_response, mark("MG-ADL down by 2 points or more (verify)"))
_MSE = StateRule(
    ("MG-ADL",),
    (),
    lambda v: minimal_symptom_expression(v.measure("MG-ADL")),
    mark("minimal symptom expression: MG-ADL 0 or 1"),
    parts=parts_of(limit("MG-ADL", "<=", limit_of(minimal_symptom_expression, "mg_adl_max"))),
)


def _too_low(sight) -> BooleanArray:
    before = sight.visits.baseline("SLEDAI-2K")
    return boolean(before < limit_of(sri, "baseline_min"), np.isnan(before))


_SRI4 = StateRule(
    _SLE_NEEDS,
    ("SLEDAI-2K", "PGA"),
    sri4,
    mark("SRI-4 (Furie 2009; verify)"),
    parts=parts_of(
        fall("SLEDAI-2K", ">=", limit_of(sri, "points")),
        limit("new_BILAG_A", "<=", 0.0),
        limit("new_BILAG_B", "<=", 1.0),
        fall("PGA", "<", limit_of(sri, "pga_worsening"), sign=-1.0),
        flag("low baseline", _too_low),
    ),
)
_SKIN = StateRule(
    ("mRSS",),
    ("mRSS",),
    mrss,
    mark("mRSS down by 5 points and 25 % or more (design)"),
    parts=parts_of(
        fall("mRSS", ">=", limit_of(mrss_response, "points")),
        fall("mRSS", ">=", limit_of(mrss_response, "percent"), percent=True),
    ),
)
_EDSS = StateRule(
    ("EDSS",),
    ("EDSS",),
    edss,
    mark("EDSS down by 0.5 or more (design)"),
    parts=parts_of(fall("EDSS", ">=", EDSS_FALL)),
)

RESPONSE: dict[str, StateRule] = {
    "SLE": _SRI4,
    "IIM": tis_rule("moderate", mark("TIS of 40 or more, juvenile 45 (verify)")),
    "SSc": _SKIN,
    "MG": _ADL,
    "NMOSD": _EDSS,
    "MOGAD": _EDSS,
    "MS": _EDSS,
    "RA": StateRule(
        ("DAS28-CRP",),
        ("DAS28-CRP",),
        das28_good,
        mark("EULAR good response by DAS28-CRP (verify)"),
        parts=parts_of(limit("DAS28-CRP", "<=", DAS28_LOW), fall("DAS28-CRP", ">", DAS28_FALL)),
    ),
    "SjD": _change("ESSDAI", essdai_response, mark("ESSDAI down by 3 points or more (verify)")),
    "CIDP": _change("INCAT", incat_response, mark("INCAT down by 1 point or more (verify)")),
    "SPS": StateRule(
        ("T25FW",),
        ("T25FW",),
        lambda v: t25fw_improved(v.baseline("T25FW"), v.measure("T25FW")),
        mark("T25FW faster by 20 % or more (design)"),
        parts=parts_of(fall("T25FW", ">=", limit_of(t25fw_improved, "percent"), percent=True)),
    ),
    "AIHA": StateRule(
        ("haemoglobin",),
        ("haemoglobin",),
        aiha_response,
        mark("haemoglobin 10 g/dL or more and up by 2 g/dL or more (design)"),
        parts=parts_of(
            limit("haemoglobin", ">=", AIHA_LEAST),
            fall("haemoglobin", ">=", AIHA_RISE, sign=-1.0),
        ),
    ),
    "ITP": itp_rule("response", mark("response of the IWG (verify)")),
}
"""The response of each disease; a disease that is not here has none that can be derived."""

REMISSION: dict[str, StateRule] = {
    "SLE": StateRule(
        ("cSLEDAI", "PGA"),
        (),
        sle_remission,
        mark("clinical SLEDAI 0 and PGA below 0.5 (design)"),
        parts=parts_of(limit("cSLEDAI", "<=", 0.0), limit("PGA", "<", PGA_LOW)),
    ),
    "IIM": StateRule(
        ("physician_global", "MMT8", "CK"),
        (),
        iim_remission,
        mark("physician global 1 or less, MMT8 76 or more, CK 200 U/L or less (design)"),
        parts=parts_of(
            limit("physician_global", "<=", IIM_GLOBAL),
            limit("MMT8", ">=", IIM_MMT8),
            limit("CK", "<=", CK_ULN),
        ),
    ),
    "SSc": StateRule(
        ("mRSS", "FVC"),
        ("mRSS", "FVC"),
        ssc_remission,
        mark("mRSS at most half of baseline, FVC not 5 points below it (design)"),
        parts=parts_of(fall("mRSS", ">=", SSC_HALF, percent=True), fall("FVC", "<", SSC_FVC)),
    ),
    "MG": _MSE,
    "NMOSD": StateRule(
        ("EDSS", "autoantibody"),
        ("EDSS",),
        nmosd_remission,
        mark("EDSS down by 0.5 or more and anti-AQP4 below the upper limit of normal (design)"),
        parts=parts_of(fall("EDSS", ">=", EDSS_FALL), limit("autoantibody", "<", AQP4)),
    ),
    "RA": StateRule(
        ("DAS28-CRP",),
        (),
        lambda v: das28_remission(v.measure("DAS28-CRP")),
        mark("DAS28-CRP below 2.6"),
        parts=parts_of(limit("DAS28-CRP", "<", limit_of(das28_remission, "below"))),
    ),
    "AAV": StateRule(
        ("BVAS",),
        (),
        aav_remission_at,
        mark("BVAS 0 off glucocorticoids (verify)"),
        treatment=True,
        parts=parts_of(
            limit("BVAS", "<=", 0.0), dose("<=", limit_of(aav_remission, "prednisone_max"))
        ),
    ),
    "AIHA": StateRule(
        ("haemoglobin",),
        (),
        aiha_remission,
        mark("haemoglobin 12 g/dL or more (design)"),
        parts=parts_of(limit("haemoglobin", ">=", AIHA_NORMAL)),
    ),
    "ITP": itp_rule("complete", mark("complete response (verify)")),
}
"""The remission of each disease, whatever treatment it is on."""


def _renal_rule(rule, needed: tuple[str, ...], words: str, *makers) -> StateRule:
    judge = kdigo_partial_at if rule is nephritis.kdigo_partial else renal(rule)
    return StateRule(("UPCR", "eGFR"), needed, judge, words, parts=parts_of(*makers))


_KEPT = kept_egfr(None, 100.0 - limit_of(nephritis.kdigo_complete, "egfr_share"))
SPECIFIC: dict[str, tuple[str, StateRule]] = {
    "SRI-4": ("SLE", _SRI4),
    "CRR": (
        "SLE",
        _renal_rule(
            nephritis.crr,
            ("eGFR",),
            mark("BLISS-LN (verify)"),
            limit("UPCR", limit_of(nephritis.crr, "upcr_op"), limit_of(nephritis.crr, "upcr_cut")),
            kept_egfr(limit_of(nephritis.crr, "egfr_min"), limit_of(nephritis.crr, "egfr_fall")),
        ),
    ),
    "PERR": (
        "SLE",
        _renal_rule(
            nephritis.perr,
            ("eGFR",),
            mark("BLISS-LN (verify)"),
            limit("UPCR", *limit_of(nephritis.perr, "upcr_cut")),
            kept_egfr(limit_of(nephritis.perr, "egfr_min"), limit_of(nephritis.perr, "egfr_fall")),
        ),
    ),
    "KDIGO_CR": (
        "SLE",
        _renal_rule(
            nephritis.kdigo_complete,
            ("eGFR",),
            mark("KDIGO 2024"),
            limit("UPCR", *limit_of(nephritis.kdigo_complete, "upcr_cut")),
            _KEPT,
        ),
    ),
    "KDIGO_PR": (
        "SLE",
        _renal_rule(
            nephritis.kdigo_partial,
            ("UPCR", "eGFR"),
            mark("KDIGO 2024"),
            fall("UPCR", ">=", limit_of(nephritis.kdigo_partial, "fall"), percent=True),
            limit("UPCR", *limit_of(nephritis.kdigo_partial, "upcr_cut")),
            _KEPT,
        ),
    ),
    "TIS_minimal": ("IIM", tis_rule("minimal", mark("TIS of 20 or more (verify)"))),
    "TIS_moderate": ("IIM", tis_rule("moderate", mark("TIS of 40 or more (verify)"))),
    "TIS_major": ("IIM", tis_rule("major", mark("TIS of 60 or more (verify)"))),
    "mRSS_response": ("SSc", _SKIN),
    "CRISS": (
        "SSc",
        StateRule(
            CRISS_MEASURES,
            CRISS_MEASURES,
            criss_at,
            mark("ACR-CRISS of 0.60 or more (verify)"),
            parts=parts_of(
                flag("step one", lambda sight: boolean(step_one(sight.visits), False)),
                calculated(
                    "CRISS",
                    lambda sight: criss_probability_at(sight.visits),
                    ">=",
                    limit_of(criss.criss_response, "cut"),
                ),
            ),
        ),
    ),
    "revised_CRISS": (
        "SSc",
        StateRule(
            CRISS_MEASURES,
            CRISS_MEASURES,
            revised_criss_at,
            mark("ACR-CRISS-20"),
            parts=parts_of(
                flag("step one", lambda sight: boolean(step_one(sight.visits), False)),
                calculated(
                    "improved items",
                    items_improved,
                    ">=",
                    float(limit_of(criss.revised_criss, "m")),
                ),
            ),
        ),
    ),
    "MG-ADL_response": ("MG", _ADL),
    "QMG_response": (
        "MG",
        _change("QMG", qmg_response, mark("QMG down by 3 points or more (verify)")),
    ),
    "MGC_response": ("MG", _change("MGC", mgc_response, mark("MGC down by 3 points or more"))),
    "MSE": ("MG", _MSE),
}
"""Endpoints of one disease: the disease and the rule."""
