"""DORIS and LLDAS at visits: the states of lupus that also depend on treatment."""

from __future__ import annotations

import numpy as np
import pandas as pd
from pandas.arrays import BooleanArray

from carstats.endpoints.record.components import dose, flag, limit, limit_of, parts_of, recorded
from carstats.endpoints.record.declaring import Endpoint, declare
from carstats.endpoints.record.logic import all_of, boolean
from carstats.endpoints.record.searches import Days
from carstats.endpoints.rules.disease_rules import StateRule, component
from carstats.endpoints.rules.lupus.sle import doris_2021, lldas
from carstats.endpoints.rules.lupus.sledai import (
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


def _blank(sight) -> BooleanArray:
    n = len(sight.visits)
    return boolean(np.zeros(n, bool), np.ones(n, bool))


def _stable(sight) -> BooleanArray:
    """Return whether no antimalarial, immunosuppressant or biologic was begun or raised lately."""
    v = sight.visits
    drugs = v.study.medications
    if drugs is None:
        return _blank(sight)
    mine = drugs["drug_class"].isin(_STABLE_CLASSES).to_numpy()
    if "reason" in drugs:
        mine = mine & ~drugs["reason"].isin(["toxicity", "conditioning"]).to_numpy()
    ids = v.study.subjects["subject_id"]
    who = pd.Index(ids).get_indexer(drugs["subject_id"])
    begun = _begun_or_raised(drugs, who, mine)
    started = Days(np.where(begun, who, -1), drugs["start_day"].to_numpy(float))
    new = started.count(v.subject, v.day) > started.count(
        v.subject, v.day - _STABLE_DAYS, before=True
    )
    return boolean(~new, np.zeros(len(v), bool))


def _begun_or_raised(drugs: pd.DataFrame, who, mine) -> np.ndarray:
    """Return which rows begin a drug or raise its dose: not one that goes on where another ends."""
    name = drugs["drug"].astype(str).str.strip().str.casefold().to_numpy(object)
    start = drugs["start_day"].to_numpy(float)
    stop = np.nan_to_num(drugs["stop_day"].to_numpy(float), nan=np.inf)
    dose = (
        drugs["dose"].astype(float).to_numpy() if "dose" in drugs else np.full(len(drugs), np.nan)
    )
    begun = mine & ~np.isnan(start)
    groups = pd.DataFrame({"who": who, "name": name}).groupby(["who", "name"]).indices
    for rows in groups.values():
        for row in rows if len(rows) > 1 else ():
            before = rows[(rows != row) & (stop[rows] >= start[row] - 1)]
            before = before[~(start[before] >= start[row])]
            raised = dose[row] > dose[before]
            if len(before) and not raised.all():
                begun[row] = False
    return begun


def _doris(sight) -> BooleanArray:
    v, treatment = sight.visits, sight.treatment()
    dose = np.full(len(v), np.nan) if treatment is None else treatment.prednisone_mg
    return doris_2021(v.measure("cSLEDAI"), v.measure("PGA"), dose, _stable(sight))


def _drug_free(sight) -> BooleanArray:
    treatment = sight.treatment()
    return _blank(sight) if treatment is None else treatment.drug_free


def _doris_drug_free(sight) -> BooleanArray:
    return all_of(_doris(sight), _drug_free(sight))


def _items(v) -> dict[str, np.ndarray]:
    """Return the items at each visit: where SLEDAI-2K is 0, none of them scores."""
    none = v.measure("SLEDAI-2K") == 0
    out = {}
    for name in SLEDAI_ITEMS:
        value = component(v, ITEM.format(name))
        out[name] = np.where(np.isnan(value) & none, 0.0, value)
    return out


def _previous(v, items: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the items at the adequate visit before; before the first one at the baseline."""
    before = Days(v.subject, np.where(v.adequate, v.day, np.nan)).last(v.subject, v.day)
    none = v.baseline("SLEDAI-2K") == 0
    out = {}
    for name, value in items.items():
        first = v.baseline(ITEM.format(name))
        first = np.where(np.isnan(first) & none, 0.0, first)
        out[name] = np.where(before >= 0, value[np.maximum(before, 0)], first)
    return out


def _major_organ(sight) -> BooleanArray:
    return major_organ_activity(_items(sight.visits), attributable=True)


def _new(sight) -> BooleanArray:
    items = _items(sight.visits)
    return new_activity(items, _previous(sight.visits, items), attributable=True)


def _lldas(sight) -> BooleanArray:
    """Judge LLDAS against the visit before; before the first one stands the baseline."""
    v, treatment = sight.visits, sight.treatment()
    return lldas(
        v.measure("SLEDAI-2K"),
        _major_organ(sight),
        component(v, "haemolytic_or_gastrointestinal"),
        _new(sight),
        v.measure("PGA"),
        np.full(len(v), np.nan) if treatment is None else treatment.prednisone_mg,
        np.ones(len(v), bool),
    )


_DORIS_PARTS = (
    limit("cSLEDAI", "<=", 0.0),
    limit("PGA", *limit_of(doris_2021, "pga_cut")),
    dose(*limit_of(doris_2021, "gc_cut")),
    flag("stable treatment", lambda sight: ~_stable(sight)),
)
declare(
    __name__,
    Endpoint(
        "DORIS_drug_free",
        "SLE",
        "response",
        "DORIS remission and drug-free (28 days); primary endpoint at month 6 of NCT07015983.",
        "those of DORIS and drug_free",
        "NCT07015983; carstats",
        status="design",
        function="derive.responses.derive_responses",
    ),
    after="DORIS",
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
            parts=parts_of(*_DORIS_PARTS),
        ),
    ),
    "DORIS_drug_free": (
        "SLE",
        StateRule(
            ("cSLEDAI", "PGA"),
            (),
            _doris_drug_free,
            mark("DORIS 2021, drug-free"),
            treatment=True,
            parts=parts_of(*_DORIS_PARTS, flag("drug-free", lambda sight: ~_drug_free(sight))),
        ),
    ),
    "LLDAS": (
        "SLE",
        StateRule(
            ("SLEDAI-2K", "PGA", "haemolytic_or_gastrointestinal", *_ITEMS),
            (),
            _lldas,
            mark("LLDAS (Franklyn 2016; verify)"),
            treatment=True,
            parts=parts_of(
                limit("SLEDAI-2K", "<=", limit_of(lldas, "sledai_max")),
                flag("major organ", _major_organ),
                recorded("haemolytic_or_gastrointestinal", "haemolytic_or_gastrointestinal"),
                flag("new activity", _new),
                limit("PGA", "<=", limit_of(lldas, "pga_max")),
                dose("<=", limit_of(lldas, "gc_max")),
            ),
        ),
    ),
}
"""Endpoints of lupus that read the treatment at the visit."""
