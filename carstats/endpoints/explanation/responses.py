"""One subject's course through the rule of a response or a time-to-event endpoint, in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from carstats.data.study import Study
from carstats.data.terms import CARE
from carstats.data.vocabulary import Vocabulary, within_sentence
from carstats.endpoints.derive.applicability import applicable
from carstats.endpoints.derive.course import Course
from carstats.endpoints.derive.derivation import derive_all, judge_of
from carstats.endpoints.derive.immune_events import IMMUNE_EVENTS
from carstats.endpoints.derive.intercurrent import Strategies
from carstats.endpoints.derive.judge import Judge, Sight, Verdict
from carstats.endpoints.derive.variants import HELD, VARIANTS
from carstats.endpoints.options import Rules
from carstats.endpoints.readings import readings
from carstats.endpoints.record.reasons import FLAGS, Part
from carstats.messages import mark, message

Lines = Iterator[str]

_STATUS = {
    "event": mark("event"),
    "competing": mark("competing event"),
    "censored": mark("censored"),
}


def response_course(
    study: Study, name: str, subject: object, strategies: Strategies, rules: Rules
) -> list[str]:
    """Return a subject's course through a response endpoint, a line a step."""
    judge, toxicities = judge_of(study, strategies, rules)
    row = int(np.flatnonzero((study.subjects["subject_id"] == subject).to_numpy())[0])
    return [
        *_recorded(study, name, subject),
        *_baseline(judge, name, row),
        *_events(judge, row, _local(study, toxicities, subject)),
        *_drugs(study, subject),
        *_visits(judge, name, row),
    ]


def event_course(
    study: Study, name: str, subject: object, strategies: Strategies, rules: Rules
) -> list[str]:
    """Return a subject's course through a time-to-event endpoint, a line a step."""
    lines = []
    found = derive_all(study, endpoints=[name], strategies=strategies, rules=rules, again=False)
    for table, how in ((study.events, message("recorded")), (found.events, message("derived"))):
        if table is not None:
            mine = table[(table["endpoint"] == name) & (table["subject_id"] == subject)]
            lines += [_event_line(event, how) for event in mine.to_dict("records")]
    if not lines:
        lines.append(
            message("no row: the endpoint does not apply, or there is nothing to wait for")
        )
    if name in IMMUNE_EVENTS:
        return lines + list(_samples(study, name, subject))
    judge, _ = judge_of(study, strategies, rules)
    row = int(np.flatnonzero((study.subjects["subject_id"] == subject).to_numpy())[0])
    course = Course(judge, strategies)
    first = course.response[row]
    lines.append(
        message("first visit in response: day {day}", day=f"{first:g}")
        if np.isfinite(first)
        else message("no visit in response")
    )
    lines.append(
        message("last adequate assessment: day {day}", day=f"{course.last_adequate[row]:g}")
    )
    if np.isfinite(course.relapse[row]):
        lines.append(
            message(
                "relapse by its rule: after day {low}, by day {day}",
                low=f"{course.relapse_low[row]:g}",
                day=f"{course.relapse[row]:g}",
            )
        )
    return lines + response_course(study, rules.response, subject, strategies, rules)


def _event_line(event: dict, how: str) -> str:
    status = event["status"]
    places = {
        "how": how,
        "status": message(_STATUS.get(status, str(status))),
        "day": f"{event['time']:g}",
        "what": _first(event.get("component"), event.get("cause")),
        "low": _number(event.get("time_low")),
        "high": _number(event.get("time_high")),
    }
    if status == "censored":
        return message("{how}: {status} on day {day}", **{k: places[k] for k in _SHORT})
    if places["what"] and places["low"] != places["high"] and places["low"]:
        return message("{how}: {status}: {what} on day {day}, after day {low}",
                       **{k: places[k] for k in (*_SHORT, "what", "low")})  # fmt: skip
    if places["what"]:
        return message(
            "{how}: {status}: {what} on day {day}", **{k: places[k] for k in (*_SHORT, "what")}
        )
    return message("{how}: {status} on day {day}", **{k: places[k] for k in _SHORT})


_SHORT = ("how", "status", "day")


def _first(*values: object) -> str:
    return next((str(value) for value in values if not pd.isna(value)), "")


def _number(value: object) -> str:
    return "" if value is None or pd.isna(value) else f"{float(value):g}"


def _recorded(study: Study, name: str, subject: object) -> Lines:
    """Yield the responses that the study gives itself."""
    table = study.responses
    if table is None:
        return
    rows = table[(table["endpoint"] == name) & (table["subject_id"] == subject)]
    for row in rows.itertuples():
        verdict = _verdict(row.response)
        yield message("recorded on day {day}: {verdict}", day=f"{row.day:g}", verdict=verdict)


def _verdict(met: object) -> str:
    if pd.isna(met):
        return message("not evaluable")
    return message("met") if met else message("not met")


def _baseline(judge: Judge, name: str, row: int) -> Lines:
    """Yield the values before the infusion that the endpoint is compared with."""
    base = HELD[name][0] if name in HELD else name
    disease = judge.study.subjects["disease"].iloc[row]
    label = judge.study.vocabulary.label
    for reading in readings(base):
        if reading.disease != disease:
            continue
        for measure in reading.before:
            value, late = judge.base.subject_baseline(measure)
            if np.isnan(value[row]):
                yield message("baseline {measure}: none", measure=label("measure", measure))
            elif late[row]:
                yield message(
                    "baseline {measure}: {value}, from after the start of lymphodepletion",
                    measure=label("measure", measure),
                    value=f"{value[row]:g}",
                )
            else:
                yield message(
                    "baseline {measure}: {value}",
                    measure=label("measure", measure),
                    value=f"{value[row]:g}",
                )


def _local(study: Study, derived: pd.DataFrame, subject: object) -> pd.DataFrame:
    """Return the subject's episodes of LICATS: recorded ones, or else candidates."""
    given = study.toxicities
    known = given is not None and (given["term"] == "LICATS").any()
    table = given if known else derived
    return table[(table["term"] == "LICATS") & (table["subject_id"] == subject)]


def _events(judge: Judge, row: int, local: pd.DataFrame) -> Lines:
    """Yield the intercurrent events of a subject."""
    ice = judge.intercurrent
    for day, words in (
        (ice.rescue[row], mark("rescue on day {day}")),
        (ice.reinfusion[row], mark("unplanned re-infusion on day {day}")),
        (ice.death[row], mark("death on day {day}")),
    ):
        if np.isfinite(day):
            yield message(words, day=f"{day:g}")
    for episode in local.reindex(columns=["onset_day", "resolution_day"]).itertuples():
        first, last = _number(episode.onset_day), _number(episode.resolution_day)
        yield (
            message("LICATS from day {first} to day {last}", first=first, last=last)
            if last
            else message("LICATS from day {first} on", first=first)
        )


def _drugs(study: Study, subject: object) -> Lines:
    """Yield the drugs and the stays of a subject with their days, doses and reasons."""
    if study.medications is None:
        yield message("the study has no medications")
        return
    mine = study.medications[study.medications["subject_id"] == subject]
    for row in mine.sort_values("start_day", kind="stable", na_position="first").itertuples():
        first, last = _number(row.start_day), _number(row.stop_day)
        dose = _number(getattr(row, "prednisone_equivalent_mg", None))
        reason = _first(getattr(row, "reason", None))
        told = message(" ({reason})", reason=study.vocabulary.label("reason", reason))
        days = {"first": first or "…", "last": last or "…", "reason": told if reason else ""}
        if row.drug_class in CARE:
            care = within_sentence(study.vocabulary.label("drug_class", row.drug_class))
            yield message("{care}, day {first} to {last}{reason}", care=care, **days)
            continue
        yield message(
            "drug: {drug}, day {first} to {last}{dose}{reason}",
            drug=row.drug,
            dose=message(", {mg} mg of prednisone a day", mg=dose) if dose else "",
            **days,
        )


def _visits(judge: Judge, name: str, row: int) -> Lines:
    """Yield every visit of a subject with its components and the verdict."""
    verdict = judge.verdict(name)
    v = verdict.visits
    if not applicable(judge.study, name, judge.base)[row]:
        yield message("the endpoint does not apply to this subject")
        return
    mine = np.flatnonzero(v.subject == row)
    if not len(mine):
        yield message("no visit at which it could be judged")
        return
    parts = _own_parts(judge, name, verdict, row)
    for visit in mine:
        yield message(
            "{when}: {verdict}",
            when=_when(judge, verdict, visit),
            verdict=_headline(judge, verdict, visit),
        )
        yield from _components(parts, visit, judge.study.vocabulary, judge.rules)
        if name in HELD:
            base = judge.verdict(HELD[name][0])
            yield message("  {endpoint} at this visit: {verdict}", endpoint=HELD[name][0],
                          verdict=_judged(base, visit))  # fmt: skip


def _when(judge: Judge, verdict: Verdict, visit: int) -> str:
    v, schedule = verdict.visits, judge.rules.schedule
    day = f"{v.day[visit]:g}"
    if v.place[visit] < 0:
        return message("day {day}, unscheduled", day=day)
    week = schedule.weeks[v.place[visit]]
    low, high = schedule.window(week)
    return message(
        "day {day}, week {week} (days {low} to {high})",
        day=day,
        week=f"{week:g}",
        low=f"{low:g}",
        high=f"{high:g}",
    )


def _headline(judge: Judge, verdict: Verdict, visit: int) -> str:
    """Return the verdict; what refutes it only where the components below do not say so."""
    raw, met = verdict.raw, verdict.met
    refuted = not (raw._mask[visit] or raw._data[visit] or met._mask[visit])
    after = verdict.visits.day[visit] >= judge.intercurrent.fails[verdict.visits.subject[visit]]
    if verdict.parts and refuted and not after:
        return message("not met")
    return _judged(verdict, visit)


def _judged(verdict: Verdict, visit: int) -> str:
    met = verdict.met
    if not met._mask[visit] and met._data[visit]:
        return message("met")
    why = verdict.why[visit]
    what = message("not evaluable") if met._mask[visit] else message("not met")
    return message("{verdict} ({why})", verdict=what, why=why) if why else what


def _own_parts(judge: Judge, name: str, verdict: Verdict, row: int) -> list[Part]:
    """Return the components of the rule of the subject's disease, and those of treatment."""
    rules = judge.rules_of("remission" if name in VARIANTS else name)
    rule = rules.get(judge.study.subjects["disease"].iloc[row])
    own = [] if rule is None else list(rule.parts(Sight(judge, verdict.visits)))
    return own + [part for part in verdict.parts if part.code in _TREATMENT]


_TREATMENT = ("steroid-free", "drug-free", "antimalarial-free")


_ONLY_IF_THERE = ("antimalarial-free", "low baseline")


def _components(parts: list[Part], visit: int, words: Vocabulary, rules: Rules) -> Lines:
    """Yield the components of the rule at a visit: what was found, what is asked, the verdict."""
    for part in parts:
        if part.value is None and part.code not in FLAGS:
            continue
        # Antimalarials are allowed but in the strict variant, and most baselines are high enough.
        if part.code in _ONLY_IF_THERE and not part.refutes()[visit]:
            continue
        yield message("  {component}: {verdict}", component=_part(part, visit, words, rules),
                      verdict=_part_verdict(part, visit))  # fmt: skip


def _part(part: Part, visit: int, words: Vocabulary, rules: Rules) -> str:
    if part.code not in FLAGS and np.isnan(part.value[visit]):
        return words.label("measure", part.code)
    return part.words(visit, words, rules.drug_free_days)


def _part_verdict(part: Part, visit: int) -> str:
    if part.met._mask[visit]:
        return message("not known") if part.code in FLAGS else message("missing")
    if part.code in FLAGS:
        return message("no") if part.met._data[visit] else message("yes")
    return message("met") if part.met._data[visit] else message("not met")


def _samples(study: Study, name: str, subject: object) -> Lines:
    """Yield the samples of the measures that an endpoint of the laboratory reads."""
    names = [measure for reading in readings(name) for measure in reading.now]
    table = study.assessments
    rows = table[(table["subject_id"] == subject) & table["measure"].isin(names)]
    for row in rows.sort_values("day", kind="stable").itertuples():
        yield message(
            "day {day}: {measure} {value}",
            day=f"{row.day:g}",
            measure=study.vocabulary.label("measure", row.measure),
            value=_number(row.value) or message("blank"),
        )
