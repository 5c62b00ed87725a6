"""The judge: what each response endpoint says at its visits, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from pandas.arrays import BooleanArray

from carstats.data.study import Study
from carstats.endpoints.derive.applicability import applicable
from carstats.endpoints.derive.intercurrent import Intercurrent
from carstats.endpoints.derive.variants import EITHER_WAY, HELD, VARIANTS
from carstats.endpoints.derive.visits import DISEASE_SCORES, find_visits, judged_values
from carstats.endpoints.options import Rules
from carstats.endpoints.record.confirmation import either_way, next_visit, reaches_back
from carstats.endpoints.record.logic import all_of, boolean, failed_by
from carstats.endpoints.record.reasons import Part, lacking, refuted_by
from carstats.endpoints.record.visits import Visits
from carstats.endpoints.rules.disease_states import REMISSION, RESPONSE, SPECIFIC, StateRule
from carstats.endpoints.rules.drug_free import DrugFree, judge_treatment
from carstats.endpoints.rules.lupus.states import LUPUS_STATES
from carstats.messages import message

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Verdict:
    """What an endpoint says at each of its visits.

    Attributes
    ----------
    visits : Visits
        The visits.
    met : pandas.arrays.BooleanArray
        NA where it cannot be judged.
    why : ndarray of str or None
        What refutes it where it is not met, and why it cannot be judged where it is not evaluable.
    applies : ndarray of bool
        Whether the endpoint belongs to the subject's disease and subtype.
    raw : pandas.arrays.BooleanArray
        The same before intercurrent events and LICATS.
    parts : tuple of Part
        The components of the rule, by disease where there are several.
    """

    visits: Visits
    met: BooleanArray
    why: NDArray[np.object_]
    applies: Flags
    raw: BooleanArray
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Sight:
    """Visits with what the judge knows beside them: what a rule of treatment reads.

    Attributes
    ----------
    judge : Judge
        The judge.
    visits : Visits
        The visits.
    """

    judge: Judge
    visits: Visits

    def treatment(self, variant: str = "standard") -> DrugFree | None:
        """Return the verdicts on treatment; None where the study has no medications."""
        return self.judge.treatment(self.visits, variant)


class Judge:
    """Judges endpoints at the visits of a study, each once.

    Parameters
    ----------
    study : Study
        The study.
    rules : Rules
        The parameters.
    intercurrent : Intercurrent
        The first day of each intercurrent event.
    licats : callable, optional
        Takes visits and says which fall into an episode of local toxicity.

    Attributes
    ----------
    told : bool
        Whether verdicts say in words why; a count needs none, and words take most of the time.
    """

    told = True

    def __init__(
        self,
        study: Study,
        rules: Rules,
        intercurrent: Intercurrent,
        licats: Callable[[Visits], Flags] | None = None,
    ):
        self.study, self.rules, self.intercurrent = study, rules, intercurrent
        self._licats = licats
        self._found: dict[tuple, Visits] = {}
        self._verdicts: dict[str, Verdict] = {}
        self._treatment: dict[tuple[int, str], DrugFree] = {}

    @cached_property
    def values(self):
        """The checked assessments, with the totals that follow from them."""
        return judged_values(self.study)

    @cached_property
    def base(self) -> Visits:
        """The days on which the disease was scored, whatever the endpoint."""
        return self.visits_of(DISEASE_SCORES)

    def visits_of(self, needs: Mapping[str, tuple[str, ...]]) -> Visits:
        """Return the visits of what needs these measures in each disease, found once."""
        key = tuple((disease, tuple(names)) for disease, names in sorted(needs.items()))
        if key not in self._found:
            self._found[key] = find_visits(self.study, self.rules, needs, self.values)
        return self._found[key]

    def licats(self, visits: Visits) -> Flags:
        """Return which visits fall into an episode of local toxicity."""
        return np.zeros(len(visits), bool) if self._licats is None else self._licats(visits)

    def treatment(self, visits: Visits, variant: str = "standard") -> DrugFree | None:
        """Return the verdicts on treatment at visits; None where the study has no medications."""
        study, key = self.study, (id(visits), variant)
        if study.medications is None or not len(visits):
            return None
        if key not in self._treatment:
            ids = study.subjects["subject_id"].to_numpy(object)
            self._treatment[key] = judge_treatment(
                ids[visits.subject],
                visits.day,
                visits.disease,
                study.medications,
                variant=variant,
                look_back=self.rules.drug_free_days,
                replacement_immunoglobulin_counts=self.rules.replacement_immunoglobulin_counts,
            )
        return self._treatment[key]

    def rules_of(self, name: str) -> dict[str, StateRule]:
        """Return the rule of an endpoint in each disease; empty where it has none of its own."""
        rules = {"response": RESPONSE, "remission": REMISSION}.get(name)
        if rules is None and name in LUPUS_STATES | SPECIFIC:
            disease, rule = (LUPUS_STATES | SPECIFIC)[name]
            rules = {disease: rule}
        return rules or {}

    def verdict(self, name: str) -> Verdict:
        """Return what an endpoint says at each of its visits."""
        if name not in self._verdicts:
            self._verdicts[name] = self._judge(name)
        return self._verdicts[name]

    def forget(self) -> None:
        """Drop what was found and judged: of a large study it is the most of the memory."""
        for kept in (self._found, self._verdicts, self._treatment):
            kept.clear()
        vars(self).pop("base", None)
        vars(self).pop("values", None)

    def raw_at(self, name: str, visits: Visits) -> BooleanArray:
        """Return what the rule of an endpoint says at other visits than its own."""
        return self._by_rule(self.rules_of(name), visits)[0]

    def _judge(self, name: str) -> Verdict:
        if name in ("steroid_free", "immunosuppressant_free"):
            return self._off(name)
        if name in HELD:
            return self._held(*HELD[name])
        if name in VARIANTS:
            return self._drug_free(name)
        rules = self.rules_of(name)
        visits = self.visits_of({disease: rule.needs for disease, rule in rules.items()})
        raw, why, parts = self._by_rule(rules, visits)
        applies = np.isin(visits.disease, list(rules))
        applies &= applicable(self.study, name, visits)[visits.subject]
        return self._with_events(visits, raw, why, applies, parts)

    def _by_rule(self, rules: Mapping[str, StateRule], v: Visits):
        """Return a verdict on the disease, why it is not met or cannot be judged, and its parts."""
        met, missing = np.zeros(len(v), bool), np.ones(len(v), bool)
        why = np.full(len(v), None, object)
        every: list[Part] = []
        words = self.study.vocabulary
        for disease, rule in rules.items():
            here = v.disease == disease
            if not here.any():
                continue
            sight = Sight(self, v)
            found = rule.judge(sight if rule.treatment else v)
            met |= here & found._data & ~found._mask
            missing &= ~(here & ~found._mask)
            parts = rule.parts(sight)
            every += [_only(part, here) for part in parts]
            if not self.told:
                continue
            judged = here & v.adequate
            rows = np.flatnonzero(judged & ~found._mask & ~found._data)
            why[rows] = refuted_by(parts, rows, words, self.rules.drug_free_days)
            rows = np.flatnonzero(judged & found._mask)
            if rule.treatment and sight.treatment() is None:
                why[rows] = message("the study has no medications")
                continue
            waived = self.rules.waived
            read = [(name, v.measure(name)) for name in rule.needs if name not in waived]
            read += [(f"baseline {name}", v.baseline(name)) for name in rule.baseline]
            why[rows] = lacking(read, rows, parts, words)
        raw = boolean(met & v.adequate, missing | ~v.adequate)
        return raw, np.where(v.adequate, why, v.why), tuple(every)

    def _with_events(self, v: Visits, raw: BooleanArray, why, applies, parts=()) -> Verdict:
        """Add local toxicity and intercurrent events to a verdict on the disease."""
        ice = self.intercurrent
        local = self.licats(v) & ~raw._data & ~raw._mask
        why = np.where(local, message("LICATS candidate: neither response nor failure"), why)
        stop = v.day >= ice.blank[v.subject]
        met = boolean(raw._data, raw._mask | local | stop)
        why = np.where(stop, message("after an intercurrent event (by strategy)"), why)
        met, why = self._failed(v, met, why)
        known = met._data & ~met._mask
        return Verdict(v, met, np.where(known, None, why), applies, raw, parts)

    def _failed(self, v: Visits, met: BooleanArray, why):
        """Make failures of the visits after an event of the composite strategy, and say which."""
        ice = self.intercurrent
        fails = v.day >= ice.fails[v.subject]
        why = np.asarray(why, object).copy()
        for row in np.flatnonzero(fails):
            subject = v.subject[row]
            day = ice.fails[subject]
            why[row] = (
                message("rescue on day {day}", day=f"{day:g}")
                if ice.rescue[subject] == day
                else message("unplanned re-infusion on day {day}", day=f"{day:g}")
            )
        return failed_by(met, boolean(fails, np.zeros(len(v), bool))), why

    def _off(self, name: str) -> Verdict:
        v = self.base
        found, everyone = self.treatment(v), np.ones(len(v), bool)
        if found is None:
            none = boolean(np.zeros(len(v), bool), everyone)
            why = np.full(len(v), message("the study has no medications"), object)
            return Verdict(v, none, why, everyone, none)
        met = getattr(found, name)
        code = "steroid-free" if name == "steroid_free" else "drug-free"
        part = Part(code, met, day=v.day)
        why = np.where(met._mask, message("a dose or a reason is missing"), None).astype(object)
        rows = np.flatnonzero(~met._mask & ~met._data)
        why[rows] = refuted_by([part], rows, self.study.vocabulary, self.rules.drug_free_days)
        return Verdict(v, met, why, everyone, met, (part,))

    def _drug_free(self, name: str) -> Verdict:
        remission = self.verdict("remission")
        v = remission.visits
        found = self.treatment(v, VARIANTS[name])
        if found is None:
            none = boolean(np.zeros(len(v), bool), np.ones(len(v), bool))
            why = np.full(len(v), message("the study has no medications"), object)
            return Verdict(v, none, why, remission.applies, none)
        strict = ~found.drug_free & found.steroid_free & found.immunosuppressant_free
        parts = [
            Part("steroid-free", found.steroid_free, day=v.day),
            Part("drug-free", found.immunosuppressant_free, day=v.day),
            Part("antimalarial-free", ~strict, day=v.day),
        ]
        raw = all_of(remission.raw, found.drug_free)
        raw = boolean(raw._data, raw._mask | ~v.adequate)
        why = np.full(len(v), None, object)
        rows = np.flatnonzero(~raw._mask & ~raw._data)
        known = ~remission.raw._mask & ~remission.raw._data
        why[rows] = refuted_by(
            parts, rows, self.study.vocabulary, self.rules.drug_free_days,
            np.where(known, remission.why, None)[rows],
        )  # fmt: skip
        parts = (*remission.parts, *parts)
        unknown = np.where(
            remission.raw._mask, remission.why, message("a dose or a reason is missing")
        )
        why = np.where(raw._mask, unknown, why)
        verdict = self._with_events(v, raw, why, remission.applies, parts)
        # A remission that a local toxicity leaves open is open here as well.
        open_ = remission.met._mask & ~remission.raw._mask
        open_ &= ~(v.day >= self.intercurrent.fails[v.subject])
        met = boolean(verdict.met._data, verdict.met._mask | open_)
        why = np.where(open_, remission.why, verdict.why)
        return Verdict(v, met, why, remission.applies, raw, parts)

    def _held(self, name: str, how: str) -> Verdict:
        """Judge whether an endpoint holds over visits: sustained looks back, confirmed forward."""
        base = self.verdict(name)
        v = base.visits
        if how == "sustained":
            met, why = self._sustained(base)
        else:
            met, why = self.confirmed(base, either=name in EITHER_WAY)
        met, why = self._failed(v, met, why)
        return Verdict(v, met, np.where(met._data & ~met._mask, None, why), base.applies, met)

    def _sustained(self, base: Verdict):
        v, rules = base.visits, self.rules
        use = v.adequate & base.applies & ~base.met._mask
        least = max(7.0 * rules.sustained_weeks - rules.sustained_tolerance_days, 0.0)
        allowed = rules.gap_intervals * rules.schedule.interval(v.day) if len(v) else v.day
        since, gap = reaches_back(v.subject, v.day, base.met, use, allowed)
        holds = base.met._data & ~base.met._mask
        met = holds & (v.day - since >= least - 1e-9) & (since < v.day)
        why = np.where(holds, None, base.why).astype(object)
        for row in np.flatnonzero(holds & ~met & use):
            places = {"since": f"{since[row]:g}", "day": f"{v.day[row]:g}", "days": f"{least:g}"}
            why[row] = (
                message(
                    "held from day {since} to day {day}, after a gap without a visit; needed: "
                    "{days} days",
                    **places,
                )
                if gap[row]
                else message("held from day {since} to day {day}; needed: {days} days", **places)
            )
        return boolean(met, base.met._mask), why

    def confirmed(self, base: Verdict, either: bool = False):
        """Return where a verdict is met again at the next adequate visit (or at the one before)."""
        v, rules = base.visits, self.rules
        rows = np.flatnonzero(v.adequate & base.applies & ~base.met._mask)
        judge = either_way if either else next_visit
        part = boolean(base.met._data[rows], np.zeros(len(rows), bool))
        found = judge(
            v.subject[rows], v.day[rows], part, visits=rules.confirm_visits, span=rules.confirm_days
        )
        data, mask = np.zeros(len(v), bool), np.ones(len(v), bool)
        data[rows], mask[rows] = found._data, found._mask
        holds = base.met._data & ~base.met._mask
        why = np.where(
            holds,
            np.where(
                mask, message("not yet confirmed"), message("not met again at the next visit")
            ),
            base.why,
        )
        return boolean(data, mask), why


def _only(part: Part, here: Flags) -> Part:
    """Return a component that says something at some visits only."""
    met = boolean(part.met._data | ~here, part.met._mask & here)
    return Part(**{**vars(part), "met": met})
