"""What the visits of the synthetic study find, and the time-to-event endpoints that follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from carstats.synthetic.course import Course, stream
from carstats.synthetic.model import Model

# A visit this many days after more than 20 mg of prednisone for toxicity says nothing of disease.
_STEROID_SHADOW, _STEROID_LIMIT = 14, 20
# Close and opening of the week-24 window.
_WINDOW_OPENS = 140
# A death this many scheduled intervals after the last adequate assessment is too late to count.
_DEATH_INTERVALS = 1.5
LAB_DAYS = (7, 14)


@dataclass
class Visits:
    """The attended visits, in order, and what they find.

    Attributes
    ----------
    day, week : ndarray, shape (n, visits)
        Day, NaN where there is no visit; scheduled week, 0 for an unscheduled visit.
    adequate : ndarray of bool, shape (n, visits)
        Whether the disease can be judged.
    last_adequate, interval : ndarray, shape (n,)
        Last adequate disease assessment (0 if none after baseline) and the interval scheduled to
        follow it.
    response : ndarray, shape (n,)
        First adequate visit in response, `inf` if none.
    found, found_low : ndarray, shape (n,)
        Visit that found the relapse, and the adequate visit before it; `inf` if none.
    treated_again : ndarray, shape (n,)
        First day of rescue or of an unplanned re-infusion, `inf` if none.
    rescue, reinfusion : ndarray, shape (n,)
        Day of each, `inf` if none.
    """

    day: np.ndarray
    week: np.ndarray
    adequate: np.ndarray
    last_adequate: np.ndarray
    interval: np.ndarray
    response: np.ndarray
    found: np.ndarray
    found_low: np.ndarray
    treated_again: np.ndarray
    rescue: np.ndarray
    reinfusion: np.ndarray

    def states(self, course: Course) -> np.ndarray:
        """Return 0 active, 1 response, 2 remission, 3 treated again, for each visit."""
        day = np.where(np.isnan(self.day), -1.0, self.day)
        well = (day >= course.response[:, None]) & (day < course.relapse[:, None])
        deep = well & (day >= course.remission[:, None])
        return np.where(day > self.treated_again[:, None], 3, well.astype(int) + deep)


def simulate_visits(course: Course, steroids: pd.DataFrame, seed: int) -> Visits:
    """Draw the visits and find responses and relapses at them."""
    model, n = course.model, len(course)
    rng = stream(seed, "visits")
    weeks = np.array(model.visit_weeks, float)
    limit = np.array(model.visit_jitter_limit, float)
    jitter = np.round(np.array(model.visit_jitter_sd) * rng.standard_normal((n, len(weeks))))
    day = 7 * weeks + np.clip(jitter, -limit, limit)
    attended = rng.random(day.shape) >= model.visit_missed
    adequate = rng.random(day.shape) >= model.visit_inadequate
    day = np.where(attended & (day <= course.last_contact[:, None]), day, np.nan)
    day[~course.infused] = np.nan
    week = np.broadcast_to(weeks, day.shape)

    dated = np.array([model.diseases[name].attack_dated for name in course.of("disease")])
    attack = np.where(dated, np.ceil(course.relapse), np.inf)
    attack = np.where(attack <= course.last_contact, attack, np.nan)
    day[day == attack[:, None]] = np.nan  # The visit for the attack takes its place.
    day = np.column_stack([day, attack])
    week = np.column_stack([week, np.zeros(n)])
    adequate = np.column_stack([adequate, np.ones(n, bool)])
    order = np.argsort(day, axis=1, kind="stable")
    day, week, adequate = (np.take_along_axis(a, order, axis=1) for a in (day, week, adequate))

    shadowed = np.zeros(day.shape, bool)
    strong = steroids[steroids["dose"] > _STEROID_LIMIT]
    visit = day[strong["subject"].to_numpy()]
    start, stop = strong["start"].to_numpy()[:, None], strong["stop"].to_numpy()[:, None]
    np.logical_or.at(
        shadowed, strong["subject"].to_numpy(), (visit >= start) & (visit <= stop + _STEROID_SHADOW)
    )
    adequate &= ~np.isnan(day) & ~shadowed
    return _found(course, rng, day, week, adequate)


def _first(day: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the first day of `mask` in each row, `inf` if there is none."""
    return np.where(mask, day, np.inf).min(axis=1)


def _scheduled_interval(model: Model, day: np.ndarray) -> np.ndarray:
    """Return the interval that the schedule sets after the visit nearest to each day."""
    schedule = np.array([0, *(7 * w for w in model.visit_weeks)], float)
    nearest = np.abs(day[:, None] - schedule).argmin(axis=1)
    return np.append(np.diff(schedule), schedule[-1] - schedule[-2])[nearest]


def _found(course: Course, rng, day, week, adequate) -> Visits:
    model, n = course.model, len(course)
    well = (day >= course.response[:, None]) & (day < course.relapse[:, None])
    response = _first(day, adequate & well)
    found = _first(day, adequate & (day >= course.relapse[:, None]))
    found = np.where(np.isfinite(response), found, np.inf)
    before = np.where(adequate & (day < found[:, None]), day, -np.inf).max(axis=1)
    dated = np.array([model.diseases[name].attack_dated for name in course.of("disease")])
    low = np.where(np.isfinite(found), np.where(dated, found, before), np.inf)

    last = np.where(adequate, day, 0.0).max(axis=1)
    interval = _scheduled_interval(model, last)

    # Rescue follows the visit that found the relapse within a week, an attack within two days;
    # re-infusion takes longer.
    end = course.last_contact
    delay, rescued, again, later = rng.random(n), rng.random(n), rng.random(n), rng.random(n)
    soon = np.where(
        rescued < model.rescue_after_relapse,
        found + np.floor(np.where(dated, 2, 7) * delay),
        np.inf,
    )
    lowest, highest = model.reinfusion_relapse_days
    repeat = found + np.floor(lowest + (highest - lowest) * later)
    repeat = np.where(again < model.reinfusion_relapse, repeat, np.inf)
    rescue = np.where(course.responds, soon, course.rescue)
    reinfusion = np.where(course.responds, repeat, course.reinfusion)
    rescue = np.where(rescue <= end, rescue, np.inf)
    reinfusion = np.where(reinfusion <= end, reinfusion, np.inf)
    return Visits(
        day,
        week,
        adequate,
        last,
        interval,
        response,
        found,
        low,
        np.minimum(rescue, reinfusion),
        rescue,
        reinfusion,
    )


def derive_events(course: Course, visits: Visits, samples: tuple[np.ndarray, np.ndarray]):
    """Return the events table with ``subject`` (position) for the identifier."""
    never = np.full(len(course), np.inf)
    end = course.last_contact
    death = np.where(np.isnan(course.death), np.inf, course.death)
    counted = np.where(
        death - visits.last_adequate <= _DEATH_INTERVALS * visits.interval, death, np.inf
    )
    close = course.model.nonresponse_day
    fails = (visits.response > close) & (end >= close) & (visits.last_adequate >= _WINDOW_OPENS)
    failed = np.where(fails, float(close), np.inf)
    # Without a response seen in time a later worsening is no relapse.
    relapse = np.where(visits.response <= close, visits.found, np.inf)
    elective = np.where(visits.reinfusion < visits.found, visits.reinfusion, np.inf)
    rescue = np.where(visits.rescue < visits.found, visits.rescue, np.inf)
    censor = visits.last_adequate
    parts = [
        _endpoint(
            "relapse",
            course,
            visits,
            censor,
            {"relapse": relapse},
            {"primary non-response": failed, "re-infusion": elective, "death": counted},
        ),
        _endpoint(
            "relapse_free_survival",
            course,
            visits,
            censor,
            {"relapse": visits.found, "rescue": rescue, "death": counted},
            {},
        ),
        _endpoint(
            "event_free_survival",
            course,
            visits,
            censor,
            {"no response": failed, "relapse": relapse, "rescue": rescue, "death": counted},
            {},
        ),
        _endpoint("overall_survival", course, visits, end, {"death": death}, {"none": never}),
        _b_cells(course, visits, samples, death),
    ]
    return pd.concat(parts, ignore_index=True)


def _endpoint(name: str, course: Course, visits: Visits, censor, events, competing) -> pd.DataFrame:
    """Return one endpoint's rows: the earliest of the events and the competing events, if any."""
    kinds = [*events, *competing]
    days = np.column_stack([*events.values(), *competing.values()])
    first = days.argmin(axis=1)  # At a tie the event named first wins.
    day = days.min(axis=1)
    happened = np.isfinite(day)
    competes = happened & (first >= len(events))
    time = np.where(happened, day, censor)
    relapsed = happened & (np.array(kinds, dtype=object)[first] == "relapse")
    low = np.where(relapsed, visits.found_low, time)
    rows = pd.DataFrame(
        {
            "subject": np.arange(len(course)),
            "endpoint": name,
            "status": np.where(competes, "competing", np.where(happened, "event", "censored")),
            "time": time,
            "time_low": low,
            "time_high": np.where(happened, time, np.nan),
            "origin_day": 0.0,
            "cause": np.where(competes, np.array(kinds, dtype=object)[first], None),
        }
    )
    return rows[course.infused]


def _b_cells(course: Course, visits: Visits, samples, death) -> pd.DataFrame:
    """Return B-cell reconstitution: the first of two consecutive samples above the threshold."""
    day, above = samples
    n, valid = len(course), ~np.isnan(day)
    above = above & valid
    count = valid.sum(axis=1)
    first = np.where(above.any(axis=1), above.argmax(axis=1), day.shape[1])
    column = np.arange(day.shape[1])
    # Columns are in order of day, so the sample that confirms stands next to it.
    following = np.minimum(first + 1, day.shape[1] - 1)
    row = np.arange(n)
    confirmed = (first + 1 < count) & above[row, following]
    confirmed &= ~(day[row, following] >= visits.reinfusion)
    time = np.where(confirmed, day[row, np.minimum(first, day.shape[1] - 1)], np.inf)
    below = valid & (column < first[:, None]) & (day < visits.reinfusion[:, None])
    last_below = np.where(below, day, 0.0).max(axis=1)

    aplastic = (valid & ~above).any(axis=1)
    interval = _scheduled_interval(course.model, last_below)
    counted = np.where(death - last_below <= _DEATH_INTERVALS * interval, death, np.inf)
    rows = _endpoint(
        "b_cell_reconstitution",
        course,
        visits,
        last_below,
        {"b_cells": time},
        {"re-infusion": visits.reinfusion, "death": counted},
    )
    event = (rows["status"] == "event").to_numpy()
    rows.loc[event, "time_low"] = last_below[rows.loc[event, "subject"]]
    # Only products that deplete have a return to wait for.
    waits = ~np.isnan(course.b_cells) & aplastic
    return rows[waits[rows["subject"].to_numpy()]]
