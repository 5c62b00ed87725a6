"""The course of each subject: first response, relapse, last judged visit, counted death."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carstats.endpoints.derive.flares import flare_at_visits, flares_elsewhere
from carstats.endpoints.derive.intercurrent import Strategies
from carstats.endpoints.derive.judge import Judge
from carstats.endpoints.record.rescue import new_drug_day
from carstats.endpoints.record.searches import Days, at, first_per_subject, last_per_subject

Array = NDArray[np.float64]
# In these diseases a relapse is an attack with a known day, where attacks are recorded.
_ATTACK_DISEASES = ("NMOSD", "MOGAD")
# What is a relapse on a day of its own, without a visit.
_DATED = {
    "SLE": ("hospitalised",),
    "MG": ("hospitalised", "crisis"),
    "SSc": ("heart_failure", "renal_failure", "arterial_hypertension"),
}


class Course:
    """What happened to each subject, one entry a subject; `inf` is never.

    Parameters
    ----------
    judge : Judge
        The verdicts at the visits.
    strategies : Strategies
        What is done about intercurrent events.

    Attributes
    ----------
    response : ndarray
        First adequate visit in response.
    severity : ndarray of str or None
        Severity of that relapse, where the rule of the disease knows it.
    relapse, relapse_low : ndarray
        Visit that found the relapse (or the day of a dated attack), and the last visit that judged
        the disease before it; equal where the day is known.
    last_adequate : ndarray
        Last adequate assessment that judged the disease, with every component of its response; 0
        where there is none after baseline.
    death : ndarray
        Death that counts: close enough to the last adequate assessment.
    cut : ndarray
        By the strategy, day after which nothing of relapse is counted.
    """

    def __init__(self, judge: Judge, strategies: Strategies) -> None:
        self.judge, self.strategies = judge, strategies
        rules = judge.rules
        verdict = judge.verdict(rules.response)
        v = verdict.visits
        self.visits, self.rules, self.n = v, rules, v.n
        met = verdict.met._data & ~verdict.met._mask & v.adequate & verdict.applies
        self.response = first_per_subject(self.n, v.subject, v.day, met)
        self.judged = v.adequate & ~verdict.raw._mask & verdict.applies
        last = last_per_subject(self.n, v.subject, v.day, self.judged)
        self.last_adequate = np.maximum(last, 0.0)
        self._find_relapse(verdict)
        self.cut = np.full(self.n, np.inf)
        for name, day in (
            ("relapse_rescue", judge.intercurrent.rescue),
            ("relapse_reinfusion", judge.intercurrent.reinfusion),
        ):
            if getattr(strategies, name) == "hypothetical":
                self.cut = np.minimum(self.cut, day)
        self.death = self.counted_death(self.last_adequate)

    def _find_relapse(self, verdict) -> None:
        v, rules = self.visits, self.rules
        after = v.day > self.response[v.subject]
        lost = self.judged & ~verdict.raw._data
        severity = np.full(len(v), None, object)
        others: list[tuple] = []
        dated = [(np.full(self.n, np.inf), None)]
        if rules.relapse == "flare":
            lost, severity = flare_at_visits(self.judge, v, lost, self.response)
            others = flares_elsewhere(self.judge, self.response)
            dated = [(self._dated_admission(), "severe"), (self._new_antifibrotic(), None)]
        attack_known = np.isin(v.disease, [d for d in _ATTACK_DISEASES if v.has("attack", d)])
        worse = v.adequate & lost & after & ~attack_known & ~self._local_toxicity(verdict)
        seen = Days(v.subject, np.where(self.judged, v.day, np.nan))
        everyone = np.arange(self.n)
        found = first_per_subject(self.n, v.subject, v.day, worse)
        row = Days(v.subject, v.day).next(everyone, found, after=False)
        # Each a candidate: the day, the last visit without it, how severe, known to the day or not.
        candidates = [(found, at(v.day, seen.last(everyone, found), 0.0), at(severity, row, None))]
        for where, flags, grade in others:
            flags &= where.adequate & (where.day > self.response[where.subject])
            flags &= ~self.judge.licats(where)
            day = first_per_subject(self.n, where.subject, where.day, flags)
            clean = Days(where.subject, np.where(where.adequate & ~flags, where.day, np.nan))
            low = np.maximum(
                at(v.day, seen.last(everyone, day), 0.0),
                at(where.day, clean.last(everyone, day), 0.0),
            )
            candidates.append((day, low, np.full(self.n, grade, object)))
        dated.append((self._attack(), None))
        for day, grade in dated:
            candidates.append((day, day, np.full(self.n, grade, object)))
        days = np.column_stack([day for day, _, _ in candidates])
        # A day that is known exactly comes before a visit of the same day.
        first = days.shape[1] - 1 - days[:, ::-1].argmin(axis=1)
        pick = everyone, first
        self.relapse = days[pick]
        self.relapse_low = np.column_stack([low for _, low, _ in candidates])[pick]
        self.severity = np.column_stack([grade for _, _, grade in candidates])[pick]
        self.severity = np.where(np.isfinite(self.relapse), self.severity, None)
        self.dated = first >= len(candidates) - len(dated)
        self.gap_censor = np.full(self.n, np.inf)
        if rules.gap == "censor":
            low = self.relapse_low
            allowed = rules.gap_intervals * rules.schedule.interval(np.where(
                np.isfinite(low), low, 0.0))  # fmt: skip
            wide = np.isfinite(self.relapse) & ~self.dated & (self.relapse - low > allowed)
            self.gap_censor = np.where(wide, low, np.inf)

    def _attack(self) -> Array:
        """Return the first recorded attack after the response, in diseases of attacks."""
        v = self.visits
        diseases = v.study.subjects["disease"].to_numpy(object)
        rows = v.table[(v.table["measure"] == "attack") & (v.table["value"] > 0)]
        who, day = rows["subject"].to_numpy(int), rows["day"].to_numpy(float)
        mask = np.isin(diseases[who], _ATTACK_DISEASES) & (day > self.response[who])
        return first_per_subject(self.n, who, day, mask & rows["adequate"].to_numpy(bool))

    def _new_antifibrotic(self) -> Array:
        """Return the first day of a new antifibrotic for systemic sclerosis after the response."""
        study = self.visits.study
        out = np.full(self.n, np.inf)
        if study.medications is None:
            return out
        day = new_drug_day(study, "antifibrotic", self.rules, ("disease", None))
        who = pd.Index(study.subjects["subject_id"]).get_indexer(study.medications["subject_id"])
        mine = study.subjects["disease"].to_numpy(object)[who] == "SSc"
        mask = mine & np.isfinite(day) & (day > self.response[who])
        return first_per_subject(self.n, who, day, mask)

    def _dated_admission(self) -> Array:
        """Return the first admission after the response that is dated on no visit, else `inf`.

        One that is recorded at a visit came since the visit before; one on a day of its own is
        known to the day.
        """
        v = self.visits
        diseases = v.study.subjects["disease"].to_numpy(object)
        out = np.full(self.n, np.inf)
        for disease, names in _DATED.items():
            rows = v.table[v.table["measure"].isin(names) & (v.table["value"] > 0)]
            who, day = rows["subject"].to_numpy(int), rows["day"].to_numpy(float)
            own = ~v.covers(who, day)
            mask = own & (diseases[who] == disease) & (day > self.response[who])
            out = np.minimum(out, first_per_subject(self.n, who, day, mask))
        return out

    def _local_toxicity(self, verdict) -> NDArray[np.bool_]:
        """Return at which visits a lost response is a local toxicity and no relapse.

        Inside an episode of LICATS; or in its window of onset, where the response is back within 28
        days without rescue (in B-cell aplasia, where that is known).
        """
        v, rules = self.visits, self.rules
        seen = Days(v.subject, np.where(self.judged, v.day, np.nan))
        later = seen.next(v.subject, v.day)
        soon = at(v.day, later, np.inf) - v.day < rules.licats_resolution_days
        well = verdict.raw._data & ~verdict.raw._mask
        back = (later >= 0) & well[np.maximum(later, 0)] & soon
        rescue = self.judge.intercurrent.rescue[v.subject]
        untreated = ~((rescue >= v.day) & (rescue <= at(v.day, later, np.inf)))
        early = (v.day >= 0) & (v.day <= rules.licats_days)
        return self.judge.licats(v) | (early & back & untreated & ~self._b_cells_back())

    def _b_cells_back(self) -> NDArray[np.bool_]:
        """Return at which visits the last sample after the infusion shows B cells."""
        v = self.visits
        rows = v.table[(v.table["measure"] == "B_cells") & v.table["adequate"]]
        rows = rows[rows["day"] > 0]
        samples = Days(rows["subject"].to_numpy(), rows["day"].to_numpy())
        row = samples.last(v.subject, v.day, before=False)
        threshold = float(self.rules.b_cell_preset.removeprefix("<").split("/")[0])
        return at(rows["value"].to_numpy(), row, -np.inf) >= threshold

    def counted_death(self, last: Array, subject: NDArray[np.int_] | None = None) -> Array:
        """Return the death days that come soon enough after the last assessment, else `inf`."""
        death, rules = self.judge.intercurrent.death, self.rules
        death = death if subject is None else death[subject]
        if rules.late_death == "event":
            return death
        allowed = rules.death_intervals * rules.schedule.interval(last)
        return np.where(death - last <= allowed, death, np.inf)

    def failed(self) -> Array:
        """Return the close of the week-24 window for primary non-responders, else `inf`.

        No response seen by its close, last contact at or after it, and an adequate assessment in
        the window or later.
        """
        schedule = self.rules.schedule
        contact = self.visits.study.subjects["last_contact_day"].to_numpy(float)
        fails = (self.response > schedule.closes) & (contact >= schedule.closes)
        fails &= self.last_adequate >= schedule.opens
        return np.where(fails, schedule.closes, np.inf)
