"""Relapse and what is built on it: origin, event, competing event, censoring, interval.

Relapse needs a response before it; before one there is primary non-response. The censored leave at
the last adequate disease assessment, never at the last contact.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carstats.endpoints.drug_free import drug_free_start
from carstats.endpoints.flares import flare_at_visits
from carstats.endpoints.intercurrent import Strategies
from carstats.endpoints.responses import Judge
from carstats.endpoints.searches import (
    Days,
    at,
    first_per_subject,
    last_per_subject,
)
from carstats.endpoints.visits import infused

Array = NDArray[np.float64]
_DISEASE_CLASSES = (
    "glucocorticoid",
    "immunosuppressant",
    "biologic",
    "targeted synthetic",
    "plasma exchange",
)
# In these diseases a relapse is an attack with a known day, where attacks are recorded.
_ATTACK_DISEASES = ("NMOSD", "MOGAD")


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
        v, rules = judge.visits, judge.visits.rules
        self.visits, self.rules, self.n = v, rules, v.n
        verdict = judge.verdict(rules.response)
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
        lost = ~verdict.raw._data
        if rules.relapse == "flare":
            lost = flare_at_visits(self.judge, lost, self.response)
        attack_known = np.isin(v.disease, [d for d in _ATTACK_DISEASES if v.has("attack", d)])
        local = self._local_toxicity(verdict)
        worse = self.judged & lost & ~attack_known & ~local & (v.day > self.response[v.subject])
        found = first_per_subject(self.n, v.subject, v.day, worse)
        attack = attack_known & (v.measure("attack") > 0) & (v.day > self.response[v.subject])
        dated = first_per_subject(self.n, v.subject, v.day, attack)
        seen = Days(v.subject, np.where(self.judged, v.day, np.nan))
        everyone = np.arange(self.n)
        low = at(v.day, seen.last(everyone, found), 0.0)
        self.relapse = np.minimum(found, dated)
        self.dated = dated <= found
        self.relapse_low = np.where(self.dated, self.relapse, low)
        self.gap_censor = np.full(self.n, np.inf)
        if rules.gap == "censor":
            allowed = rules.gap_intervals * rules.schedule.interval(low)
            wide = np.isfinite(self.relapse) & ~self.dated & (self.relapse - low > allowed)
            self.gap_censor = np.where(wide, low, np.inf)

    def _local_toxicity(self, verdict) -> NDArray[np.bool_]:
        """Return at which visits a lost response is a local toxicity and no relapse.

        Inside an episode of LICATS; or up to day 28 where the response is back within 28 days
        without rescue (in B-cell aplasia, where that is known).
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
        return self.judge.licats | (early & back & untreated & ~self._b_cells_back())

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


def rows_of(
    course: Course,
    name: str,
    events: Mapping[str, Array],
    competing: Mapping[str, Array],
    *,
    who: NDArray[np.bool_] | None = None,
    origin: Array | None = None,
    censor: Array | None = None,
    low: Mapping[str, Array] | None = None,
    cut: Array | None = None,
) -> pd.DataFrame:
    """Return one endpoint's rows of the events table: the earliest event of each subject.

    Parameters
    ----------
    course : Course
        The subjects.
    name : str
        The endpoint.
    events, competing : mapping of str to ndarray
        Day of each component (`inf`: never); at a tie the one named first wins.
    who : ndarray of bool, optional
        The subjects who have a row; by default all infused.
    origin : ndarray, optional
        Day on which the clock starts; the infusion by default.
    censor : ndarray, optional
        Day of censoring; by default the last adequate assessment.
    low : mapping of str to ndarray, optional
        For a component found at a visit the day after which it came.
    cut : ndarray, optional
        Nothing after this day is counted.

    Returns
    -------
    pandas.DataFrame
        Times from the origin; `component` names what the event was.
    """
    n, v = course.n, course.visits
    who = infused(v.study) if who is None else who & infused(v.study)
    origin = np.zeros(n) if origin is None else origin
    censor = course.last_adequate if censor is None else censor
    kinds = np.array([*events, *competing], dtype=object)
    days = np.column_stack([*events.values(), *competing.values()])
    if cut is not None:
        days = np.where(days > cut[:, None], np.inf, days)
        judged = Days(v.subject, np.where(course.judged, v.day, np.nan))
        row = judged.last(np.arange(n), np.minimum(cut, 1e5), before=False)
        censor = np.minimum(censor, np.where(np.isfinite(cut), at(v.day, row, 0.0), np.inf))
    first, day = days.argmin(axis=1), days.min(axis=1)
    happened = np.isfinite(day)
    competes = happened & (first >= len(events))
    end = np.where(happened, day, np.maximum(censor, origin))
    lowest = end.copy()
    for component, value in (low or {}).items():
        lowest = np.where(happened & (kinds[first] == component), value, lowest)
    status = np.where(competes, "competing", np.where(happened, "event", "censored"))
    frame = pd.DataFrame(
        {
            "subject_id": v.study.subjects["subject_id"].to_numpy(object),
            "endpoint": name,
            "status": status.astype(object),
            "time": end - origin,
            "time_low": np.maximum(lowest, origin) - origin,
            "time_high": np.where(happened, end - origin, np.nan),
            "origin_day": origin,
            "cause": np.where(competes, kinds[first], None),
            "component": np.where(happened & ~competes, kinds[first], None),
        }
    )
    return frame[who].reset_index(drop=True)


def _before(day: Array, other: Array) -> Array:
    """Return the days that come before others, else `inf`."""
    return np.where(day < other, day, np.inf)


def relapse(course: Course) -> pd.DataFrame:
    """Return `relapse`: from the infusion; non-response, re-infusion and death compete.

    Rescue after a response is a relapse of that day (composite). Notes: Status design.
    """
    s, ice = course.strategies, course.judge.intercurrent
    responded = np.isfinite(course.response)
    rescue = np.where(responded, _before(ice.rescue, course.relapse), np.inf)
    again = _before(ice.reinfusion, course.relapse)
    events, competing = {"relapse": course.relapse}, {"primary non-response": course.failed()}
    _place(events, competing, s.relapse_rescue, "rescue", rescue)
    late = np.where(responded, again, np.inf) if s.relapse_reinfusion == "composite" else again
    _place(events, competing, s.relapse_reinfusion, "re-infusion", late)
    if s.relapse_death == "competing":
        competing["death"] = course.death
    return _row(course, "relapse", events, competing)


def _place(events, competing, strategy: str, name: str, day: Array) -> None:
    if strategy == "composite":
        events[name] = day
    elif strategy == "competing":
        competing[name] = day


def _row(course: Course, name: str, events, competing, **options) -> pd.DataFrame:
    low = {"relapse": course.relapse_low}
    cut = np.minimum(course.cut, course.gap_censor)
    return rows_of(course, name, events, competing, low=low, cut=cut, **options)


def relapse_free_survival(course: Course) -> pd.DataFrame:
    """Return `relapse_free_survival`: relapse, rescue, or death of any cause."""
    rescue = _before(course.judge.intercurrent.rescue, course.relapse)
    events, competing = {"relapse": course.relapse}, {}
    _place(events, competing, course.strategies.relapse_rescue, "rescue", rescue)
    events["death"] = course.death
    return _row(course, "relapse_free_survival", events, competing)


def event_free_survival(course: Course) -> pd.DataFrame:
    """Return `event_free_survival`: no response by the close of week 24, relapse, rescue, death.

    A re-infusion for relapse comes after the relapse that it is for.
    """
    relapsed = np.where(course.response <= course.rules.schedule.closes, course.relapse, np.inf)
    rescue = _before(course.judge.intercurrent.rescue, course.relapse)
    events, competing = {"no response": course.failed(), "relapse": relapsed}, {}
    _place(events, competing, course.strategies.relapse_rescue, "rescue", rescue)
    events["death"] = course.death
    return _row(course, "event_free_survival", events, competing)


def overall_survival(course: Course) -> pd.DataFrame:
    """Return `overall_survival`: death of any cause, censored at the last contact."""
    contact = course.visits.study.subjects["last_contact_day"].to_numpy(float)
    events = {"death": course.judge.intercurrent.death}
    return rows_of(course, "overall_survival", events, {}, censor=contact)


def time_to_response(course: Course) -> pd.DataFrame:
    """Return `time_to_response`: the first visit in response lies in (visit before, visit]."""
    v, ice = course.visits, course.judge.intercurrent
    seen = Days(v.subject, np.where(course.judged, v.day, np.nan))
    before = at(v.day, seen.last(np.arange(course.n), course.response), 0.0)
    competing = {
        "rescue": _before(ice.rescue, course.response),
        "re-infusion": _before(ice.reinfusion, course.response),
        "death": course.death,
    }
    return rows_of(
        course,
        "time_to_response",
        {"response": course.response},
        competing,
        low={"response": before},
    )


def duration_of_response(course: Course) -> pd.DataFrame:
    """Return `duration_of_response` of the responders: from the first visit in response.

    Never compare it between groups: who is in it depends on the response. Death competes.
    """
    ice = course.judge.intercurrent
    events, competing = {"relapse": course.relapse}, {}
    _place(events, competing, course.strategies.relapse_rescue, "rescue", ice.rescue)
    if course.strategies.relapse_reinfusion in ("composite", "competing"):
        events["re-infusion"] = ice.reinfusion
    competing["death"] = course.death
    responded = np.isfinite(course.response)
    origin = np.where(responded, course.response, 0.0)
    events, competing = (
        {name: np.where(day >= origin, day, np.inf) for name, day in part.items()}
        for part in (events, competing)
    )
    options = {"who": responded, "origin": origin}
    return _row(course, "duration_of_response", events, competing, **options)


def drug_free_duration(course: Course) -> pd.DataFrame:
    """Return `drug_free_duration`: from the later of first remission and last drug, to the end.

    The event is a relapse or any drug for the disease begun again; death competes. It never starts
    at the infusion: before the origin the event cannot happen.
    """
    v, judge = course.visits, course.judge
    verdict, treatment = judge.verdict("drug_free_remission"), judge.treatment()
    met = verdict.met._data & ~verdict.met._mask & v.adequate
    first = first_per_subject(course.n, v.subject, v.day, met)
    remission = judge.verdict("remission")
    known = v.adequate & ~remission.met._mask
    everyone = np.arange(course.n)
    bad = Days(v.subject, np.where(known & ~remission.met._data, v.day, np.nan))
    since = at(v.day, bad.last(everyone, first), 0.0)
    good = Days(v.subject, np.where(known & remission.met._data, v.day, np.nan))
    begins = at(v.day, good.next(everyone, since), np.nan)
    row = Days(v.subject, np.where(met, v.day, np.nan)).next(everyone, np.zeros(course.n))
    off = np.full(course.n, np.nan) if treatment is None else at(treatment.off_drug_day, row)
    who = np.isfinite(first)
    origin = np.where(who, drug_free_start(np.where(who, begins, np.nan), off), 0.0)
    after = np.where(who, first, np.inf)
    events = {
        "relapse": np.where(course.relapse > after, course.relapse, np.inf),
        "treatment": _treatment_again(course, after),
    }
    return _row(
        course,
        "drug_free_duration",
        events,
        {"death": course.death},
        who=who,
        origin=origin,
    )


def _treatment_again(course: Course, after: Array) -> Array:
    """Return the first day after `after` on which a drug for the disease is begun."""
    drugs = course.visits.study.medications
    if drugs is None:
        return np.full(course.n, np.inf)
    counted = drugs["drug_class"].isin(_DISEASE_CLASSES)
    if "reason" in drugs:
        counted &= ~drugs["reason"].isin(["toxicity", "conditioning"])
    rows = drugs[counted.to_numpy(bool)]
    who = pd.Index(course.visits.study.subjects["subject_id"]).get_indexer(rows["subject_id"])
    start = rows["start_day"].to_numpy(float)
    return first_per_subject(course.n, who, start, start > after[who])


EVENTS = {
    "relapse": relapse,
    "relapse_free_survival": relapse_free_survival,
    "event_free_survival": event_free_survival,
    "overall_survival": overall_survival,
    "time_to_response": time_to_response,
    "duration_of_response": duration_of_response,
    "drug_free_duration": drug_free_duration,
}
"""The endpoints of the disease's course, each a function of a `Course`."""
