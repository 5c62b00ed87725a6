"""Responses at every attended visit, from assessments and medications."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from carstats.data.study import Study
from carstats.endpoints.derive.judge import Judge
from carstats.endpoints.derive.variants import HELD, VARIANTS
from carstats.endpoints.record.declaring import Endpoint, declare, rule
from carstats.endpoints.record.naming import term_words, terms_in_words
from carstats.endpoints.record.visits import Visits
from carstats.endpoints.rules.disease_states import SPECIFIC
from carstats.endpoints.rules.lupus.states import LUPUS_STATES
from carstats.messages import message

COMMON = ("response", "remission", *VARIANTS, "steroid_free", "immunosuppressant_free")
"""Endpoints of every disease, in the order in which they are derived."""


def not_derived(study: Study, endpoint: str, absent: Iterable[str]) -> str:
    """Return the note on an endpoint of which a study never collected a component."""
    return message(
        "{endpoint} was not derived: the study has no {measures}.",
        endpoint=term_words(study.vocabulary, "endpoint", endpoint),
        measures=terms_in_words(study.vocabulary, "measure", absent, 4),
    )


def derivable(visits: Visits, asked: Iterable[str] | None = None) -> tuple[list[str], list[str]]:
    """Return the response endpoints that a study can derive, and notes on those that it cannot."""
    present = set(visits.study.subjects["disease"])
    names, notes = list(COMMON), []
    for name, (disease, state) in (LUPUS_STATES | SPECIFIC).items():
        if disease not in present:
            continue
        absent = [
            measure
            for measure in dict.fromkeys((*state.needs, *state.baseline))
            if measure not in visits.rules.waived and not visits.has(measure, disease)
        ]
        if absent:
            notes.append(not_derived(visits.study, name, absent))
        else:
            names.append(name)
    names += [name for name, (base, _) in HELD.items() if base in names]
    if asked is None:
        return names, notes
    return [name for name in (*COMMON, *LUPUS_STATES, *SPECIFIC, *HELD) if name in set(asked)], []


RESPONSE_ENDPOINTS = (*COMMON, *LUPUS_STATES, *SPECIFIC, *HELD)
"""Every response endpoint that can be derived."""


@rule(
    "remission",
    "any",
    "response",
    definition="The disease's remission at a visit, such as DORIS in SLE.",
    thresholds="those of the disease's rule",
    source="carstats",
    status="design",
)
@rule(
    "response",
    "any",
    "response",
    definition=(
        "The disease's response at a visit, such as SRI-4 in SLE, moderate TIS in IIM, MG-ADL in "
        "MG."
    ),
    thresholds="those of the disease's rule",
    source="carstats",
    status="design",
)
@rule(
    "drug_free_remission",
    "any",
    "response",
    definition="Remission while drug-free.",
    thresholds="those of remission and of drug_free",
    source="carstats",
    status="design",
)
def derive_responses(judge: Judge, names: Iterable[str]) -> pd.DataFrame:
    """Return the responses table: one row per endpoint and attended visit.

    Status: design (windows, missing components, intercurrent events), and that of each rule.
    """
    ids = judge.study.subjects["subject_id"].to_numpy(object)
    columns = ["subject_id", "endpoint", "day", "response", "visit", "evaluable", "reason"]
    names = np.array(list(names), object)
    if not names.size:
        return pd.DataFrame({name: [] for name in columns})
    # The largest table that is derived: each column is joined and put in order by itself, as
    # numbers while it can be, so that no second copy of the table is made.
    parts: dict[str, list] = {}
    for code, name in enumerate(names):
        verdict = judge.verdict(name)
        v = verdict.visits
        rows = np.flatnonzero(verdict.applies)
        found = {
            "subject": v.subject[rows].astype(np.int32),
            "code": np.full(rows.size, code, np.int16),
            "day": v.day[rows],
            "met": verdict.met._data[rows],
            "open": verdict.met._mask[rows],
            "place": v.place[rows].astype(np.int16),
            "reason": verdict.why[rows],
        }
        for key, values in found.items():
            parts.setdefault(key, []).append(values)
    labels = v.labels
    del verdict, v
    judge.forget()
    position, code, day = (np.concatenate(parts.pop(key)) for key in ("subject", "code", "day"))
    order = np.lexsort((day, code, position))

    def joined(key: str):
        return np.concatenate(parts.pop(key))[order]

    open_ = joined("open")
    table = {
        "subject_id": ids[position[order]],
        "endpoint": names[code[order]],
        "day": day[order],
        "response": pd.arrays.BooleanArray(joined("met"), open_),
        "visit": labels[joined("place")],
        "evaluable": pd.array(~open_, dtype="boolean"),
        "reason": joined("reason"),
    }
    return pd.DataFrame(table, copy=False)


declare(
    __name__,
    Endpoint(
        "functional_cure_2y",
        "any",
        "response",
        "Sustained strict drug-free remission without relapse for 24 months after infusion, with "
        "return of naive B cells; at a fixed landmark.",
        "24 months",
        "carstats",
        status="design",
    ),
)
