"""Relapse of lupus at visits: the flare index from scores, items and medications; the kidney."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carstats.endpoints.derive.judge import Sight
from carstats.endpoints.record.confirmation import confirmed
from carstats.endpoints.record.logic import known
from carstats.endpoints.record.searches import Days, at, begun_between, first_per_subject
from carstats.endpoints.record.visits import Visits
from carstats.endpoints.rules.drug_free import named_like
from carstats.endpoints.rules.lupus.nephritis import kdigo_complete, kdigo_partial, renal_flare
from carstats.endpoints.rules.lupus.sle_flare import (
    selena_flare_index,
    severe_manifestation,
    sle_relapse,
)

Flags = NDArray[np.bool_]

# The items of SLEDAI-2K that stand for the manifestations of the flare index: new or worse CNS
# lupus, vasculitis, nephritis and myositis are severe.
_SEVERE = (
    *("seizure", "psychosis", "organic_brain_syndrome", "visual_disturbance"),
    *("cranial_nerve_disorder", "lupus_headache", "cerebrovascular_accident", "vasculitis"),
    *("myositis", "urinary_casts", "haematuria", "proteinuria"),
)
_MILD = ("arthritis", "rash", "mucosal_ulcers", "pleurisy", "pericarditis", "fever")
# What the index names as immunosuppressants begun for a flare.
_IMMUNOSUPPRESSANTS = ("cyclophosphamide", "azathioprine", "methotrexate", "mycophenol")


def lupus_relapse(sight: Sight) -> tuple[Flags, NDArray[np.object_]]:
    """Return at which visits lupus relapses, and whether severely.

    A severe flare of the SELENA-SLEDAI flare index; a mild or moderate one without the medication
    items that the next adequate visit confirms or that is treated before it. A renal flare is
    judged at visits of its own (`renal_flares`).

    Parameters
    ----------
    sight : The visits, with the treatment at them.

    Returns
    -------
    relapsed : ndarray of bool
        One value a visit.
    severity : ndarray of str or None
        ``"severe"`` or ``"mild/moderate"``.

    Notes
    -----
    Status: design; verify (the flare index). Each visit is compared with the adequate visit before
    it. An item counts as a manifestation where it scores now and did not at that visit; items,
    admissions, doses or body weights that were not recorded are taken for absent. Without a table
    of medications the index has no medication items.
    """
    v, judge = sight.visits, sight.judge
    scored = ~np.isnan(v.measure("SLEDAI-2K")) | ~np.isnan(v.measure("PGA"))
    seen = Days(v.subject, np.where(v.adequate & scored, v.day, np.nan))
    before, after = seen.last(v.subject, v.day), seen.next(v.subject, v.day)
    here = np.arange(len(v))
    without = _index(v, here, before)
    following = _index(v, after, before)
    with_items = without if v.study.medications is None else _with_medication(sight, before)
    ice = judge.intercurrent.rescue[v.subject]
    treated = (ice >= v.day) & (ice <= at(v.day, after, np.inf))
    sure = (following.codes >= 1) | treated
    none = np.zeros(len(v), bool)
    met = known(sle_relapse(_words(with_items), _words(without), sure, none))
    worst = np.maximum(with_items.codes, without.codes)
    severe = worst == 2
    return met, np.where(met, np.where(severe, "severe", "mild/moderate"), None)


def _words(flare: pd.Categorical) -> NDArray[np.object_]:
    """Return the verdicts as words; what cannot be judged is no flare."""
    return np.array([None if pd.isna(word) else word for word in flare], dtype=object)


def _features(v: Visits, now: NDArray[np.int_], before: NDArray[np.int_]) -> tuple[Flags, Flags]:
    """Return whether a visit has new severe, and new mild or moderate manifestations."""

    def new(names) -> Flags:
        out = np.zeros(len(now), bool)
        for name in names:
            item = v.measure(f"SLEDAI_{name}")
            out |= (at(item, now) == 1) & (at(item, before) == 0)
        return out

    # Low counts that the item does not attribute to lupus are those of lymphodepletion.
    due = at(v.measure("SLEDAI_thrombocytopenia"), now) == 1
    platelets = np.where(due, at(v.measure("platelets"), now), np.nan)
    haemolysis = v.measure("haemolytic_or_gastrointestinal")
    blood = v.measure("haemoglobin")
    severe = severe_manifestation(
        new(_SEVERE),
        platelets,
        (at(haemolysis, now) == 1) & (at(haemolysis, before) == 0),
        at(blood, now),
        at(blood, before),
    )
    return known(severe), new(_MILD)


def _index(v: Visits, now: NDArray[np.int_], before: NDArray[np.int_]) -> pd.Categorical:
    score, pga = v.measure("SLEDAI-2K"), v.measure("PGA")
    severe, mild = _features(v, now, before)
    return selena_flare_index(
        at(score, before),
        at(score, now),
        at(pga, before),
        at(pga, now),
        severe,
        mild,
        at(v.recorded("hospitalised"), now, False).astype(bool),
        with_medication=False,
    )


def _with_medication(sight: Sight, before: NDArray[np.int_]) -> pd.Categorical:
    v = sight.visits
    here = np.arange(len(v))
    score, pga = v.measure("SLEDAI-2K"), v.measure("PGA")
    severe, mild = _features(v, here, before)
    treatment = sight.treatment()
    dose = np.zeros(len(v)) if treatment is None else treatment.prednisone_mg
    subjects = v.study.subjects
    weight = (
        subjects["weight_kg"].to_numpy(float, na_value=np.nan)[v.subject]
        if "weight_kg" in subjects
        else np.full(len(v), np.nan)
    )
    drugs = v.study.medications
    for_disease = np.ones(len(drugs), bool)
    if "reason" in drugs:
        for_disease = (drugs["reason"].isna() | (drugs["reason"] == "disease")).to_numpy(bool)
    named = named_like(drugs["drug"], _IMMUNOSUPPRESSANTS)
    named &= (drugs["drug_class"] == "immunosuppressant").to_numpy(bool)
    antimalarial = (drugs["drug_class"] == "antimalarial").to_numpy(bool)
    return selena_flare_index(
        at(score, before),
        score,
        at(pga, before),
        pga,
        severe,
        mild,
        v.recorded("hospitalised"),
        at(dose, before),
        dose,
        weight,
        begun_between(v, drugs[named & for_disease]),
        begun_between(v, drugs[antimalarial & for_disease]),
    )


def renal_flares(v: Visits) -> Flags:
    """Return at which visits a renal flare begins that a second one more than a week on shows.

    Parameters
    ----------
    v : Visits at which the urine protein was measured, with or without a score of the disease.

    Returns
    -------
    One value a visit.

    Notes
    -----
    The response before it is that of KDIGO 2024, its values those of the visit that reached it.
    Haematuria is not recorded by categories, so that a fall of eGFR decides nothing by itself.
    """
    out = np.zeros(len(v), bool)
    upcr, egfr = v.measure("UPCR"), v.measure("eGFR")
    rows = np.flatnonzero(v.adequate & ~np.isnan(upcr))
    if not len(rows):
        return out
    first_egfr = v.baseline("eGFR")
    complete = known(kdigo_complete(upcr, egfr, first_egfr)) & v.adequate
    partial = known(kdigo_partial(v.baseline("UPCR"), upcr, egfr, first_egfr)) & v.adequate
    days = Days(v.subject, v.day)
    reached = {}
    for name, met in (("complete", complete), ("partial", partial)):
        day = first_per_subject(v.n, v.subject, v.day, met)[v.subject]
        reached[name] = (day < v.day, days.next(v.subject, day, after=False))
    after_complete, row = reached["complete"]
    after_partial, other = reached["partial"]
    state = np.where(after_complete, "complete", np.where(after_partial, "partial", "none"))
    reference = np.where(after_complete, row, np.where(after_partial, other, -1))
    signs = renal_flare(
        state,
        at(upcr, reference),
        upcr,
        at(egfr, reference),
        egfr,
        np.full(len(v), np.nan),
    )
    again = confirmed(v.subject[rows], v.day[rows], known(signs)[rows], longer_than=7)
    out[rows] = known(again)
    return out
