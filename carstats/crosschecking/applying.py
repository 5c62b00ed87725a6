"""To whom an endpoint or a toxicity applies, and which days belong to a visit, told anew.

Which diseases a clinical rule is for is read off the rules; the rest is worked out here.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.data.study import Study
from carstats.endpoints.rules.disease_states import REMISSION, RESPONSE, SPECIFIC
from carstats.endpoints.rules.lupus.states import LUPUS_STATES

_WEEKS = (4, 8, 12, 24, 36, 52, 64, 76, 88, 104, 130, 156)
_ENDINGS = ("_confirmed", "_sustained", "_strict", "_lenient")
_RENAL = ("CRR", "PERR", "KDIGO_CR", "KDIGO_PR")
_AFTER_RESPONSE = (
    "relapse", "relapse_free_survival", "event_free_survival", "time_to_response",
    "duration_of_response",
)  # fmt: skip
_ONE_DISEASE = {"complement_normalisation": "SLE", "ck_normalisation": "IIM"}
_ONE_DISEASE |= {name: rule[0] for name, rule in (LUPUS_STATES | SPECIFIC).items()}
_MANY = {
    "response": set(RESPONSE),
    "remission": set(REMISSION),
    "drug_free_remission": set(REMISSION),
}


def window_of(day: float, study: Study) -> tuple[float, float]:
    """Return the first and last day of a visit, which ends before the midpoint to the next."""
    half = 7 if day <= 42 else 14 if day <= 126 else 28 if day <= 378 else 42
    first, last = day - half, day + half
    weeks = study.settings.get("schedule", {}).get("weeks", _WEEKS)
    days = [7.0 * week for week in weeks]
    if day in days:
        earlier = [other for other in days if other < day]
        later = [other for other in days if other > day]
        if earlier:
            first = max(first, (earlier[-1] + day) / 2)
        if later:
            last = min(last, np.ceil((later[0] + day) / 2) - 1)
    return float(first), float(last)


def applies(study: Study, endpoint: str) -> pd.Series | None:
    """Return to which subjects an endpoint applies, by their index; None where it is not told.

    A renal endpoint asks for the subtype lupus nephritis; where a subtype is blank it depends on
    the urine protein at baseline, which is a clinical rule and not worked out here.
    """
    subjects = study.subjects
    if endpoint in _AFTER_RESPONSE and endpoint in study.estimands:
        return applies(study, str(study.settings.get("rules", {}).get("response", "response")))
    base = endpoint
    for ending in _ENDINGS:
        base = base.removesuffix(ending)
    if base in _MANY:
        own = set() if endpoint in study.estimands else _diseases_given(study, endpoint)
        return subjects["disease"].isin(_MANY[base] | own)
    if base not in _ONE_DISEASE:
        return pd.Series(True, subjects.index)
    inside = subjects["disease"].eq(_ONE_DISEASE[base])
    if base not in _RENAL:
        return inside
    subtype = subjects.get("disease_subtype", pd.Series(None, subjects.index, dtype=object))
    text = subtype.astype(object).fillna("").astype(str).str.strip().str.lower()
    if text[inside].eq("").any():
        return None
    kidney = text.str.contains("nephritis|肾炎|\\bln\\b", regex=True)
    none = text.str.contains("\\b(?:no|non|without)\\b|无", regex=True)
    return inside & kidney & ~none


def term_applies(subjects: pd.DataFrame, term: str) -> pd.Series:
    """Return of whom a toxicity is asked: of cells from another person alone, or of everybody."""
    if term == "GvHD":
        return subjects["cell_source"].eq("allogeneic")
    return pd.Series(True, subjects.index)


def _diseases_given(study: Study, endpoint: str) -> set[str]:
    ids: set[str] = set()
    for table in (study.responses, study.events):
        if table is not None:
            ids |= set(table.loc[table["endpoint"].eq(endpoint), "subject_id"])
    subjects = study.subjects
    return set(subjects.loc[subjects["subject_id"].isin(ids), "disease"])
