"""Relapse and what is built on it: origin, event, competing event, censoring, interval.

Relapse needs a response before it; before one there is primary non-response. The censored leave at
the last adequate disease assessment, never at the last contact. Status of the rules: design.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carstats.endpoints.derive.course import Course
from carstats.endpoints.derive.intercurrent import classify_medications
from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.logic import known
from carstats.endpoints.record.rescue import new_drug_day
from carstats.endpoints.record.searches import Days, at, first_per_subject
from carstats.endpoints.record.visits import infused
from carstats.endpoints.rules.drug_free import drug_free_start
from carstats.messages import mark

Array = NDArray[np.float64]
_OTHER_CLASSES = ("immunosuppressant", "biologic", "targeted synthetic", "plasma exchange")
_DISEASE_CLASSES = (
    "glucocorticoid",
    "immunosuppressant",
    "biologic",
    "targeted synthetic",
    "plasma exchange",
)


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
    """Return one endpoint's rows of the events table: the earliest event of each subject."""
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
    relapsed = happened & (kinds[first] == "relapse")
    frame["severity"] = np.where(relapsed, course.severity, None)
    return frame[who].reset_index(drop=True)


def _before(day: Array, other: Array) -> Array:
    """Return the days that come before others, else `inf`."""
    return np.where(day < other, day, np.inf)


@rule(
    "relapse",
    "any",
    "time-to-event",
    definition=(
        "From infusion, a relapse after a response by the rule of the disease (SLE_relapse, "
        "IIM_relapse, SSc_event, MG_relapse, NMOSD_attack, ITP_loss; elsewhere the loss of the "
        "response) or rescue; primary non-response (dated at the close of the week-24 window), "
        "death and elective re-treatment compete."
    ),
    thresholds="relapse='flare' or 'loss of response'; week-24 window 140 to 196 days",
    source="carstats",
    status="design",
)
def relapse(course: Course) -> pd.DataFrame:
    """Return the rows of relapse.

    A new immunosuppressant for another reason than the disease, toxicity or conditioning competes:
    from then on a relapse is not that of the cells. Rescue after a response is a relapse of that
    day (composite).
    """
    s, ice = course.strategies, course.judge.intercurrent
    responded = np.isfinite(course.response)
    rescue = np.where(responded, _before(ice.rescue, course.relapse), np.inf)
    again = _before(ice.reinfusion, course.relapse)
    events, competing = {"relapse": course.relapse}, {"primary non-response": course.failed()}
    _place(events, competing, s.relapse_rescue, "rescue", rescue)
    late = np.where(responded, again, np.inf) if s.relapse_reinfusion == "composite" else again
    _place(events, competing, s.relapse_reinfusion, "re-infusion", late)
    competing["other treatment"] = _before(_other_treatment(course), course.relapse)
    if s.relapse_death == "competing":
        competing["death"] = course.death
    return _row(course, "relapse", events, competing)


def _other_treatment(course: Course) -> Array:
    """Return the first day from day 1 on which immunosuppression is begun for another reason."""
    study = course.visits.study
    if study.medications is None or "reason" not in study.medications:
        return np.full(course.n, np.inf)
    found = np.full(course.n, np.inf)
    who = pd.Index(study.subjects["subject_id"]).get_indexer(study.medications["subject_id"])
    for name in _OTHER_CLASSES:
        day = new_drug_day(study, name, course.rules, ("background",))
        found = np.minimum(found, first_per_subject(course.n, who, day, np.isfinite(day)))
    return found


def _place(events, competing, strategy: str, name: str, day: Array) -> None:
    if strategy == "composite":
        events[name] = day
    elif strategy == "competing":
        competing[name] = day


def _row(course: Course, name: str, events, competing, **options) -> pd.DataFrame:
    low = {"relapse": course.relapse_low}
    cut = np.minimum(course.cut, course.gap_censor)
    return rows_of(course, name, events, competing, low=low, cut=cut, **options)


@rule(
    "relapse_free_survival",
    "any",
    "time-to-event",
    definition="From infusion to relapse, rescue or death of any cause.",
    thresholds="none",
    source="carstats",
    status="design",
)
def relapse_free_survival(course: Course) -> pd.DataFrame:
    """Return the rows of relapse-free survival."""
    rescue = _before(course.judge.intercurrent.rescue, course.relapse)
    events, competing = {"relapse": course.relapse}, {}
    _place(events, competing, course.strategies.relapse_rescue, "rescue", rescue)
    events["death"] = course.death
    return _row(course, "relapse_free_survival", events, competing)


@rule(
    "event_free_survival",
    "any",
    "time-to-event",
    definition=(
        "From infusion to the first of no response by the close of the week-24 window (dated "
        "there), relapse, rescue, relapse-driven re-infusion, death."
    ),
    thresholds="week-24 window 140 to 196 days",
    source="carstats",
    status="design",
)
def event_free_survival(course: Course) -> pd.DataFrame:
    """Return the rows of event-free survival.

    A re-infusion for relapse comes after the relapse that it is for.
    """
    relapsed = np.where(course.response <= course.rules.schedule.closes, course.relapse, np.inf)
    rescue = _before(course.judge.intercurrent.rescue, course.relapse)
    events, competing = {"no response": course.failed(), "relapse": relapsed}, {}
    _place(events, competing, course.strategies.relapse_rescue, "rescue", rescue)
    events["death"] = course.death
    return _row(course, "event_free_survival", events, competing)


@rule(
    "overall_survival",
    "any",
    "time-to-event",
    definition="From infusion to death of any cause; censored at the last contact.",
    thresholds="none",
    source="carstats",
    status="design",
)
def overall_survival(course: Course) -> pd.DataFrame:
    """Return the rows of overall survival."""
    contact = course.visits.study.subjects["last_contact_day"].to_numpy(float)
    events = {"death": course.judge.intercurrent.death}
    return rows_of(course, "overall_survival", events, {}, censor=contact)


@rule(
    "time_to_response",
    "any",
    "time-to-event",
    definition=(
        "From infusion to the first visit that meets the response, confirmed at the next "
        "adequate visit; death, rescue and re-infusion compete; interval-censored."
    ),
    thresholds="confirm_visits=2; confirm_days=0",
    source="carstats",
    status="design",
)
def time_to_response(course: Course) -> pd.DataFrame:
    """Return the rows of the time to response, which lies in (visit before, visit]."""
    v, ice, rules = course.visits, course.judge.intercurrent, course.rules
    response = course.response
    if rules.time_to_response == "confirmed":
        base = course.judge.verdict(rules.response)
        sure = known(course.judge.confirmed(base)[0])
        response = first_per_subject(course.n, v.subject, v.day, sure & v.adequate & base.applies)
    seen = Days(v.subject, np.where(course.judged, v.day, np.nan))
    before = at(v.day, seen.last(np.arange(course.n), response), 0.0)
    competing = {
        "rescue": _before(ice.rescue, response),
        "re-infusion": _before(ice.reinfusion, response),
        "death": course.death,
    }
    return rows_of(
        course,
        "time_to_response",
        {"response": response},
        competing,
        low={"response": before},
    )


@rule(
    "duration_of_response",
    "any",
    "time-to-event",
    definition=(
        "From the first visit in response to relapse, rescue or re-infusion; death competes."
    ),
    thresholds="none",
    source="carstats",
    status="design",
)
def duration_of_response(course: Course) -> pd.DataFrame:
    """Return the rows of the duration of response, of the responders.

    Never compare it between groups: who is in it depends on the response.
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


@rule(
    "drug_free_duration",
    "any",
    "time-to-event",
    definition=(
        "From the later of the first remission visit and the off-drug date to relapse or any "
        "restart of treatment; death competes. Never from infusion."
    ),
    thresholds="look_back=28",
    source="carstats",
    status="design",
    function="rules.drug_free.drug_free_start",
)
def drug_free_duration(course: Course) -> pd.DataFrame:
    """Return the rows of the duration off drugs.

    It never starts at the infusion: before the origin the event cannot happen.
    """
    judge = course.judge
    verdict = judge.verdict("drug_free_remission")
    v = verdict.visits
    treatment = judge.treatment(v)
    met = verdict.met._data & ~verdict.met._mask & v.adequate
    first = first_per_subject(course.n, v.subject, v.day, met)
    remission = judge.verdict("remission")
    judged = v.adequate & ~remission.met._mask
    everyone = np.arange(course.n)
    bad = Days(v.subject, np.where(judged & ~remission.met._data, v.day, np.nan))
    since = at(v.day, bad.last(everyone, first), 0.0)
    good = Days(v.subject, np.where(judged & remission.met._data, v.day, np.nan))
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
    who = pd.Index(course.visits.study.subjects["subject_id"]).get_indexer(drugs["subject_id"])
    counted = drugs["drug_class"].isin(_DISEASE_CLASSES).to_numpy(bool)
    if "reason" in drugs:
        counted = counted & ~drugs["reason"].isin(["toxicity", "conditioning"]).to_numpy(bool)
        # Physiological replacement of a glucocorticoid does not break drug-free either.
        small = drugs.get("prednisone_equivalent_mg", pd.Series(np.nan, drugs.index)) <= 5.0
        replaced = (drugs["reason"] == "replacement") & (drugs["drug_class"] == "glucocorticoid")
        counted = counted & ~(replaced & small).fillna(False).to_numpy(bool)
    # Immunoglobulin and thrombopoietin agonists, where they treat the disease, are rescue.
    counted = (
        counted
        | (classify_medications(course.visits.study, course.rules)["kind"] == "rescue").array
    )
    start = drugs["start_day"].to_numpy(float)
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

COMPONENTS = (
    mark("relapse"),
    mark("rescue"),
    mark("death"),
    mark("response"),
    mark("no response"),
    mark("treatment"),
    mark("primary non-response"),
    mark("re-infusion"),
    mark("other treatment"),
)
"""What `component` and `cause` call an event and a competing event."""
