"""Responses at every attended visit, from assessments and medications."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.arrays import BooleanArray

from carstats.data.study import Study
from carstats.endpoints.confirmation import confirmed
from carstats.endpoints.disease_states import REMISSION, RESPONSE, SPECIFIC, StateRule
from carstats.endpoints.drug_free import DrugFree, judge_treatment
from carstats.endpoints.intercurrent import Intercurrent
from carstats.endpoints.logic import all_of, boolean, failed_by
from carstats.endpoints.lupus_states import LUPUS_STATES
from carstats.endpoints.naming import term_words, terms_in_words
from carstats.endpoints.visits import Visits
from carstats.messages import message

COMMON = (
    "response",
    "remission",
    "drug_free_remission",
    "drug_free_remission_strict",
    "drug_free_remission_lenient",
    "steroid_free",
    "immunosuppressant_free",
)
"""Endpoints of every disease, in the order in which they are derived."""

_VARIANTS = {
    "drug_free_remission": "standard",
    "drug_free_remission_strict": "strict",
    "drug_free_remission_lenient": "lenient",
}
_HELD = {
    "response_confirmed": "response",
    "CRR_confirmed": "CRR",
    "PERR_confirmed": "PERR",
    "remission_sustained": "remission",
    "DORIS_sustained": "DORIS",
    "drug_free_remission_sustained": "drug_free_remission",
}


@dataclass(frozen=True)
class Verdict:
    """What an endpoint says at every visit.

    Attributes
    ----------
    met : pandas.arrays.BooleanArray
        NA where it cannot be judged.
    why : ndarray of str or None
        Why it cannot.
    applies : ndarray of bool
        Whether the endpoint belongs to the subject's disease.
    raw : pandas.arrays.BooleanArray
        The same before intercurrent events and LICATS.
    """

    met: BooleanArray
    why: NDArray[np.object_]
    applies: NDArray[np.bool_]
    raw: BooleanArray


class Judge:
    """Judges endpoints at the visits of a study, each once.

    Parameters
    ----------
    visits : Visits
        The visits.
    intercurrent : Intercurrent
        The first day of each intercurrent event.
    licats : ndarray of bool
        Whether a visit falls into an episode of local toxicity.
    own : mapping of str to Intercurrent, optional
        The events of endpoints that allow another dose of glucocorticoids, by endpoint.
    """

    def __init__(
        self,
        visits: Visits,
        intercurrent: Intercurrent,
        licats: NDArray[np.bool_],
        own: Mapping[str, Intercurrent] | None = None,
    ):
        self.visits, self.intercurrent, self.licats = visits, intercurrent, licats
        self._own = own or {}
        self._verdicts: dict[str, Verdict] = {}
        self._treatment: dict[str, DrugFree] = {}

    @cached_property
    def _none(self) -> BooleanArray:
        n = len(self.visits)
        return boolean(np.zeros(n, bool), np.ones(n, bool))

    def treatment(self, variant: str = "standard") -> DrugFree | None:
        """Return the verdicts on treatment; None where the study has no medications."""
        v = self.visits
        if v.study.medications is None or not len(v):
            return None
        if variant not in self._treatment:
            ids = v.study.subjects["subject_id"].to_numpy(object)
            self._treatment[variant] = judge_treatment(
                ids[v.subject],
                v.day,
                v.disease,
                v.study.medications,
                variant=variant,
                look_back=v.rules.drug_free_days,
                replacement_immunoglobulin_counts=v.rules.replacement_immunoglobulin_counts,
            )
        return self._treatment[variant]

    def verdict(self, name: str) -> Verdict:
        """Return what an endpoint says at every visit."""
        if name not in self._verdicts:
            self._verdicts[name] = self._judge(name)
        return self._verdicts[name]

    def _judge(self, name: str) -> Verdict:
        if name in ("steroid_free", "immunosuppressant_free"):
            return self._off(name)
        if name in _HELD:
            return self._held(name)
        if name in _VARIANTS:
            return self._drug_free(name)
        rules = {"response": RESPONSE, "remission": REMISSION}.get(name)
        if rules is None:
            disease, rule = LUPUS_STATES.get(name) or SPECIFIC[name]
            rules = {disease: rule}
        return self._by_disease(rules, self._own.get(name, self.intercurrent))

    def _by_disease(self, rules: dict[str, StateRule], ice: Intercurrent) -> Verdict:
        v = self.visits
        met, missing = np.zeros(len(v), bool), np.ones(len(v), bool)
        lacking = np.full(len(v), None, object)
        applies = np.isin(v.disease, list(rules))
        for disease, rule in rules.items():
            here = v.disease == disease
            if not here.any():
                continue
            found = rule.judge(self if rule.treatment else v)
            met |= here & found._data & ~found._mask
            missing &= ~(here & ~found._mask)
            lacking[here] = _lacking(v, rule, here & found._mask & v.adequate)[here]
        raw = boolean(met & v.adequate, missing | ~v.adequate)
        why = np.where(v.adequate, np.where(raw._mask, lacking, None), v.why)
        return self._with_events(raw, why, applies, ice)

    def _with_events(self, raw: BooleanArray, why, applies, ice: Intercurrent) -> Verdict:
        """Add local toxicity and intercurrent events to a verdict on the disease."""
        v = self.visits
        local = self.licats & ~raw._data & ~raw._mask
        met = boolean(raw._data, raw._mask | local)
        why = np.where(local, "LICATS candidate: neither response nor failure", why)
        stop = v.day >= ice.blank[v.subject]
        met = boolean(met._data, met._mask | stop)
        why = np.where(stop, "after an intercurrent event (by strategy)", why)
        fails = v.day >= ice.fails[v.subject]
        met = failed_by(met, boolean(fails, np.zeros(len(v), bool)))
        return Verdict(met, np.where(met._mask, why, None), applies, raw)

    def _off(self, name: str) -> Verdict:
        found, everyone = self.treatment(), np.ones(len(self.visits), bool)
        if found is None:
            why = np.full(len(self.visits), "the study has no medications", object)
            return Verdict(self._none, why, everyone, self._none)
        met = getattr(found, name)
        why = np.where(met._mask, "a dose or a reason is missing", None).astype(object)
        return Verdict(met, why, everyone, met)

    def _drug_free(self, name: str) -> Verdict:
        remission, found = self.verdict("remission"), self.treatment(_VARIANTS[name])
        if found is None:
            why = np.full(len(self.visits), "the study has no medications", object)
            return Verdict(self._none, why, remission.applies, self._none)
        free = found.drug_free
        raw = all_of(remission.raw, free)
        v = self.visits
        base = _by_disease_why(self, remission)
        why = np.where(remission.raw._mask, base, np.where(free._mask, "drugs not known", None))
        verdict = self._with_events(raw, why, remission.applies, self.intercurrent)
        # A remission that a local toxicity leaves open is open here as well.
        open_ = remission.met._mask & ~(v.day >= self.intercurrent.fails[v.subject])
        met = boolean(verdict.met._data, verdict.met._mask | open_)
        why = np.where(met._mask, np.where(verdict.met._mask, verdict.why, remission.why), None)
        return Verdict(met, why, remission.applies, raw)

    def _held(self, name: str) -> Verdict:
        """Judge whether an endpoint holds at the visits that follow, without too long a gap."""
        rules, base = self.visits.rules, self.verdict(_HELD[name])
        span = rules.confirm_days if name.endswith("_confirmed") else 7 * rules.sustained_weeks
        least = rules.confirm_visits if name.endswith("_confirmed") else 2
        return self.held(base, span, least)

    def held(self, base: Verdict, span: float, least: int) -> Verdict:
        """Return where a verdict holds over `least` visits and `span` days without a long gap."""
        v, rules = self.visits, self.visits.rules
        rows = np.flatnonzero(v.adequate & base.applies)
        subject, day, met = v.subject[rows], v.day[rows], base.met[rows]
        # A gap longer than the rule allows is a visit at which nothing is known.
        allowed = rules.gap_intervals * rules.schedule.interval(day) if len(rows) else day
        gap = np.r_[(np.diff(subject) == 0) & (np.diff(day) > allowed[:-1]), False][: len(rows)]
        put = np.flatnonzero(gap)
        held = confirmed(
            np.r_[subject, subject[put]],
            np.r_[day, day[put] + 0.5],
            boolean(np.r_[met._data, met._data[put]], np.r_[met._mask, np.ones(len(put), bool)]),
            visits=least,
            span=span,
        )
        data, mask = np.zeros(len(v), bool), np.ones(len(v), bool)
        data[rows], mask[rows] = held._data[: len(rows)], held._mask[: len(rows)]
        fails = v.day >= self.intercurrent.fails[v.subject]
        met = failed_by(boolean(data, mask), boolean(fails, np.zeros(len(v), bool)))
        why = np.where(met._mask, np.where(base.met._mask, base.why, "not yet confirmed"), None)
        return Verdict(met, why, base.applies, met)


def _by_disease_why(judge: Judge, remission: Verdict) -> NDArray[np.object_]:
    return np.where(judge.visits.adequate, remission.why, judge.visits.why)


def _lacking(v: Visits, rule: StateRule, rows: NDArray[np.bool_]) -> NDArray[np.object_]:
    """Name the components that are missing at the visits of `rows`."""
    out = np.full(len(v), None, object)
    index = np.flatnonzero(rows)
    if not len(index):
        return out
    text = np.full(len(index), "", object)
    waived = v.rules.waived
    parts = [(name, v.measure(name)) for name in rule.needs if name not in waived]
    parts += [(f"baseline {name}", v.baseline(name)) for name in rule.baseline]
    for name, value in parts:
        absent = np.isnan(value[index])
        text[absent] = [f"{before}, {name}" if before else name for before in text[absent]]
    out[index] = [f"missing: {names}" if names else "not evaluable by its rule" for names in text]
    return out


def not_derived(study: Study, endpoint: str, absent: Iterable[str]) -> str:
    """Return the note on an endpoint of which a study never collected a component.

    Parameters
    ----------
    study : Study
        The study.
    endpoint : str
        The endpoint.
    absent : iterable of str
        The measures that it lacks.

    Returns
    -------
    str
        A sentence.
    """
    return message(
        "{endpoint} was not derived: the study has no {measures}.",
        endpoint=term_words(study.vocabulary, "endpoint", endpoint),
        measures=terms_in_words(study.vocabulary, "measure", absent, 4),
    )


def derivable(visits: Visits, asked: Iterable[str] | None = None) -> tuple[list[str], list[str]]:
    """Return the response endpoints that a study can derive, and notes on those that it cannot.

    Parameters
    ----------
    visits : Visits
        The visits of the study.
    asked : iterable of str, optional
        Endpoints asked for by name: they are derived in any case, not evaluable where a component
        was never collected. By default an endpoint of one disease is left out, with a note, if the
        study never measured one of its components; those of all diseases stay.

    Returns
    -------
    names : list of str
        Endpoints to derive.
    notes : list of str
        What was left out and why.

    Raises
    ------
    CarstatsError
        As `find_visits`.
    """
    present = set(visits.study.subjects["disease"])
    names, notes = list(COMMON), []
    for name, (disease, rule) in (LUPUS_STATES | SPECIFIC).items():
        if disease not in present:
            continue
        absent = [
            measure
            for measure in dict.fromkeys((*rule.needs, *rule.baseline))
            if measure not in visits.rules.waived and not visits.has(measure, disease)
        ]
        if absent:
            notes.append(not_derived(visits.study, name, absent))
        else:
            names.append(name)
    names += [name for name, base in _HELD.items() if base in names]
    if asked is None:
        return names, notes
    return [name for name in (*COMMON, *LUPUS_STATES, *SPECIFIC, *_HELD) if name in set(asked)], []


RESPONSE_ENDPOINTS = (*COMMON, *LUPUS_STATES, *SPECIFIC, *_HELD)
"""Every response endpoint that can be derived."""


def derive_responses(judge: Judge, names: Iterable[str]) -> pd.DataFrame:
    """Return the responses table: one row per endpoint and attended visit.

    Parameters
    ----------
    judge : Judge
        The verdicts.
    names : iterable of str
        Response endpoints.

    Returns
    -------
    pandas.DataFrame
        The columns of the responses table. A component that is missing makes the visit not
        evaluable, with its reason; a missed visit has no row.

    Raises
    ------
    CarstatsError
        If a component is out of its range.

    Notes
    -----
    Status: design (windows, missing components, intercurrent events), and that of each rule.
    """
    v = judge.visits
    ids = v.study.subjects["subject_id"].to_numpy(object)
    parts = []
    for code, name in enumerate(names):
        verdict = judge.verdict(name)
        rows = np.flatnonzero(verdict.applies)
        parts.append(
            pd.DataFrame(
                {
                    "position": v.subject[rows],
                    "code": code,
                    "subject_id": ids[v.subject[rows]],
                    "endpoint": name,
                    "day": v.day[rows],
                    "response": pd.array(verdict.met[rows], dtype="boolean"),
                    "visit": v.label[rows],
                    "evaluable": pd.array(~verdict.met._mask[rows], dtype="boolean"),
                    "reason": verdict.why[rows],
                }
            )
        )
    if not parts:
        columns = ["subject_id", "endpoint", "day", "response", "visit", "evaluable", "reason"]
        return pd.DataFrame({name: [] for name in columns})
    table = pd.concat(parts, ignore_index=True)
    order = np.lexsort((table["day"], table["code"], table["position"]))
    return table.iloc[order].drop(columns=["position", "code"]).reset_index(drop=True)
