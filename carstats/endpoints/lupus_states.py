"""DORIS and LLDAS at visits: the states of lupus that also depend on treatment."""

from __future__ import annotations

import numpy as np
from pandas.arrays import BooleanArray

from carstats.endpoints.disease_states import StateRule
from carstats.endpoints.logic import all_of, boolean
from carstats.endpoints.searches import Days
from carstats.endpoints.sle import doris_2021, lldas
from carstats.endpoints.sledai import (
    SLEDAI_ITEMS,
    major_organ_activity,
    new_activity,
)
from carstats.messages import mark

ITEM = "SLEDAI_{}"
"""How the vocabulary names a SLEDAI-2K item as a measure."""

_ITEMS = tuple(ITEM.format(name) for name in SLEDAI_ITEMS)
# What is stable has not been begun in these days before the visit (design).
_STABLE_DAYS = 28.0
_STABLE_CLASSES = ("antimalarial", "immunosuppressant", "biologic", "targeted synthetic")


def _blank(judge) -> BooleanArray:
    n = len(judge.visits)
    return boolean(np.zeros(n, bool), np.ones(n, bool))


def _stable(judge) -> BooleanArray:
    """Return whether no antimalarial, immunosuppressant or biologic was begun lately."""
    v = judge.visits
    drugs = v.study.medications
    rows = drugs[drugs["drug_class"].isin(_STABLE_CLASSES)]
    if "reason" in rows:
        rows = rows[~rows["reason"].isin(["toxicity", "conditioning"])]
    ids = v.study.subjects["subject_id"]
    who = ids.reset_index().set_index("subject_id")["index"].reindex(rows["subject_id"])
    started = Days(who.to_numpy(int), rows["start_day"].to_numpy(float))
    new = started.count(v.subject, v.day) > started.count(
        v.subject, v.day - _STABLE_DAYS, before=True
    )
    return boolean(~new, np.zeros(len(v), bool))


def _doris(judge) -> BooleanArray:
    v, treatment = judge.visits, judge.treatment()
    if treatment is None:
        return _blank(judge)
    return doris_2021(
        v.measure("cSLEDAI"), v.measure("PGA"), treatment.prednisone_mg, _stable(judge)
    )


def _doris_drug_free(judge) -> BooleanArray:
    treatment = judge.treatment()
    return _blank(judge) if treatment is None else all_of(_doris(judge), treatment.drug_free)


def _lldas(judge) -> BooleanArray:
    """Judge LLDAS against the visit before; the first visit has none and is not evaluable."""
    v, treatment = judge.visits, judge.treatment()
    if treatment is None:
        return _blank(judge)
    items = {name: v.measure(ITEM.format(name)) for name in SLEDAI_ITEMS}
    before = Days(v.subject, np.where(v.adequate, v.day, np.nan)).last(v.subject, v.day)
    previous = {
        name: np.where(before >= 0, value[np.maximum(before, 0)], np.nan)
        for name, value in items.items()
    }
    return lldas(
        v.measure("SLEDAI-2K"),
        major_organ_activity(items, attributable=True),
        v.measure("haemolytic_or_gastrointestinal"),
        new_activity(items, previous, attributable=True),
        v.measure("PGA"),
        treatment.prednisone_mg,
        np.ones(len(v), bool),
    )


LUPUS_STATES: dict[str, tuple[str, StateRule]] = {
    "DORIS": (
        "SLE",
        StateRule(
            ("cSLEDAI", "PGA"),
            (),
            _doris,
            mark(
                "DORIS 2021: clinical SLEDAI 0, PGA below 0.5, prednisone 5 mg a day or less, "
                "drugs stable"
            ),
            treatment=True,
        ),
    ),
    "DORIS_drug_free": (
        "SLE",
        StateRule(("cSLEDAI", "PGA"), (), _doris_drug_free, mark("DORIS 2021, drug-free"), True),
    ),
    "LLDAS": (
        "SLE",
        StateRule(
            ("SLEDAI-2K", "PGA", "haemolytic_or_gastrointestinal", *_ITEMS),
            (),
            _lldas,
            mark("LLDAS (Franklyn 2016; verify)"),
            treatment=True,
        ),
    ),
}
"""Endpoints of lupus that read the treatment at the visit."""
