"""To whom an endpoint applies: an endpoint belongs to the diseases and subtypes it was made for.

Anyone else is in no numerator and in no denominator, and counted apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carstats.data.study import Study
from carstats.endpoints.derive.visits import find_visits
from carstats.endpoints.record.logic import known
from carstats.endpoints.record.visits import Visits
from carstats.endpoints.rules.disease_states import REMISSION, RESPONSE, SPECIFIC
from carstats.endpoints.rules.lupus.nephritis import crr, kdigo_complete, perr
from carstats.endpoints.rules.lupus.states import LUPUS_STATES

# A renal response is asked of lupus nephritis; where the subtype is blank, of a baseline UPCR of so
# much or more, g/g (design).
RENAL_UPCR = 0.5

RENAL = ("CRR", "PERR", "KDIGO_CR", "KDIGO_PR", "CRR_confirmed", "PERR_confirmed")
"""Endpoints of lupus nephritis."""

BY_DISEASE = ("response", "remission", "drug_free_remission")
"""Endpoints that are another rule in each disease; so are those that are built on them."""

WITHOUT_CAP = ("SRI-4", "CRR", "PERR", "KDIGO_CR", "KDIGO_PR", "CRR_confirmed", "PERR_confirmed")
"""Endpoints of lupus that allow any dose of glucocorticoids."""

# Column of subjects that were counted before, which says of whom the endpoint was asked.
APPLIES = "__applies__"
# Endpoints that are derived from the first response.
_ON_RESPONSE = (
    "relapse", "relapse_free_survival", "event_free_survival", "time_to_response",
    "duration_of_response",
)  # fmt: skip
_EVENTS = {"complement_normalisation": "SLE", "ck_normalisation": "IIM"}
# Toxicities of cells from another person.
_ALLOGENEIC_ONLY = ("GvHD",)
_NEPHRITIS = re.compile(r"nephritis|\bln\b|肾炎", re.IGNORECASE)
_NO_NEPHRITIS = re.compile(r"\b(non?|without)\b[\s-]*(lupus[\s-]*)?(nephritis|ln\b)|无.*肾炎", re.I)
_AT_BASELINE: dict[str, Callable] = {"CRR": crr, "PERR": perr, "KDIGO_CR": kdigo_complete}


def base_of(endpoint: str) -> str:
    """Return the endpoint that a confirmed, sustained or drug-free one is built on."""
    for ending in ("_confirmed", "_sustained", "_strict", "_lenient"):
        endpoint = endpoint.removesuffix(ending)
    return endpoint


def diseases_of(endpoint: str) -> tuple[str, ...] | None:
    """Return the diseases that an endpoint was made for; None for one of every disease."""
    name = base_of(endpoint)
    if name in _EVENTS:
        return (_EVENTS[name],)
    specific = LUPUS_STATES | SPECIFIC
    if name in specific:
        return (specific[name][0],)
    if name == "response":
        return tuple(RESPONSE)
    if name in ("remission", "drug_free_remission"):
        return tuple(REMISSION)
    return None


def applicable(study: Study, endpoint: str, visits: Visits | None = None) -> NDArray[np.bool_]:
    """Return to which subjects an endpoint applies.

    Notes
    -----
    Status: design. An endpoint that is another rule in each disease (`response`, `remission`) also
    applies to a disease for which the study itself gives it. A renal response applies to the
    subtype lupus nephritis; where the subtype is blank, to a baseline UPCR of 0.5 g/g or more, and
    to those for whom the study itself gives it.
    """
    subjects = study.subjects
    if APPLIES in subjects:
        return subjects[APPLIES].to_numpy(bool)
    if study.strata_only:
        return np.ones(len(subjects), bool)
    if endpoint in _ON_RESPONSE and endpoint in study.estimands:
        # A relapse is found after the response that the rules name, where there is one.
        rules = study.settings.get("rules", {})
        return applicable(study, str(rules.get("response", "response")), visits)
    diseases = diseases_of(endpoint)
    if diseases is None:
        return np.ones(len(subjects), bool)
    disease = subjects["disease"].to_numpy(object)
    given = _given(study, endpoint)
    if base_of(endpoint) in BY_DISEASE:
        return np.isin(disease, [*diseases, *set(disease[given])])
    out = np.isin(disease, diseases)
    if endpoint not in RENAL:
        return out
    subtype = (
        subjects["disease_subtype"].astype(object)
        if "disease_subtype" in subjects
        else pd.Series([None] * len(subjects))
    )
    said = [
        "" if missing else str(text) for text, missing in zip(subtype, subtype.isna(), strict=True)
    ]
    blank = np.array([not text.strip() for text in said], bool)
    kidney = np.array(
        [bool(_NEPHRITIS.search(text)) and not _NO_NEPHRITIS.search(text) for text in said], bool
    )
    upcr = _baseline(study, "UPCR", visits)
    proteinuria = ~np.isnan(upcr) & (upcr >= RENAL_UPCR - 1e-9)
    return out & np.where(blank, proteinuria | given, kidney)


def term_applies(subjects: pd.DataFrame, term: str) -> pd.Series:
    """Return of which subjects a toxicity is asked."""
    if APPLIES in subjects:
        return subjects[APPLIES].astype(bool)
    if term not in _ALLOGENEIC_ONLY:
        return pd.Series(True, subjects.index)
    return subjects["cell_source"].eq("allogeneic")


def _given(study: Study, endpoint: str) -> NDArray[np.bool_]:
    """Return for whom a study gives an endpoint itself."""
    out = np.zeros(len(study.subjects), bool)
    if endpoint in study.estimands:
        return out
    for frame in (study.responses, study.events):
        if frame is not None and len(frame):
            who = frame.loc[frame["endpoint"] == endpoint, "subject_id"]
            out |= study.subjects["subject_id"].isin(who).to_numpy()
    return out


def _baseline(study: Study, name: str, visits: Visits | None) -> NDArray[np.float64]:
    if study.assessments is None:
        return np.full(len(study.subjects), np.nan)
    visits = find_visits(study) if visits is None else visits
    return visits.subject_baseline(name)[0]


def met_at_baseline(study: Study, endpoint: str) -> NDArray[np.bool_] | None:
    """Return who meets a renal endpoint at baseline already; None for another endpoint."""
    rule = _AT_BASELINE.get(base_of(endpoint))
    if rule is None or study.assessments is None:
        return None
    visits = find_visits(study)
    upcr, egfr = (visits.subject_baseline(name)[0] for name in ("UPCR", "eGFR"))
    return known(rule(upcr, egfr, egfr))
