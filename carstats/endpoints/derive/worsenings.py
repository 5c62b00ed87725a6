"""Worsenings of organs after the infusion, from which LICATS is told apart."""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.endpoints.derive.daily_sheets import b_cell_counts, samples
from carstats.endpoints.record.searches import Days, at
from carstats.endpoints.record.visits import Visits, infused
from carstats.endpoints.rules.blood.bcells import aplasia_at
from carstats.endpoints.rules.lupus.sledai import SLEDAI_ITEMS
from carstats.endpoints.rules.toxicity.licats import licats_candidates
from carstats.messages import message_n

# Items of SLEDAI-2K that are no local sign of an organ: serology, and what lymphodepletion and
# CRS do as well (design).
_NOT_LOCAL = (
    "low_complement", "increased_dna_binding", "fever", "thrombocytopenia", "leucopenia",
)  # fmt: skip
# Items that speak for an organ of which another measure speaks too.
_SAME_ORGAN = {"proteinuria": "kidney", "myositis": "muscle", "arthritis": "joints", "rash": "skin"}

ORGANS = {
    "UPCR": ("kidney", 0.5, 1.5, 0.0),
    "CK": ("muscle", 200.0, 1.5, 0.0),
    "mRSS": ("skin", 1.0, 1.0, 5.0),
} | {
    f"SLEDAI_{item}": (_SAME_ORGAN.get(item, item.replace("_", " ")), 1.0, 1.0, 1.0)
    for item in SLEDAI_ITEMS
    if item not in _NOT_LOCAL
}
"""Organs that a measure speaks for, from which value it was involved before, and the smallest rise
over the value before that is a worsening: a multiple, or for flags and mRSS an addition (design).
Each item of SLEDAI-2K is an organ of its own."""

# A value this close to the one before the worsening is back: a multiple of it (design).
_BACK = 1.25


def find_worsenings(visits: Visits) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the worsenings of organs from day 0 on, and the organs involved before.

    Parameters
    ----------
    visits : The visits, with the checked assessments.

    Returns
    -------
    Events: ``subject_id``, ``measure``, ``organ``, ``onset_day``, ``last_day_with`` (the last
    sample with it), ``resolution_day`` (the first without, NaN where none is), ``observed_to_day``,
    ``hospitalised``. Organs: ``subject_id``, ``organ``.

    Notes
    -----
    Status: design. A worsening is compared with the value before it; it ends at the first sample
    back near that value. Of one organ what begins before the end of another is the same event.
    """
    ids = visits.study.subjects["subject_id"].to_numpy(object)
    who_infused = infused(visits.study)
    parts, before = [], []
    for name, (organ, involved, times, plus) in ORGANS.items():
        if name not in visits.measured:
            continue
        rows = visits.table[(visits.table["measure"] == name) & visits.table["value"].notna()]
        subject, day = rows["subject"].to_numpy(), rows["day"].to_numpy(float)
        value = rows["value"].to_numpy(float)
        first = visits.subject_baseline(name)[0]
        before.append(pd.DataFrame({"subject_id": ids[first >= involved], "organ": organ}))
        days = Days(subject, day)
        reference = at(value, days.last(subject, day))
        worse = (day >= 0) & (value >= times * reference + plus) & (value > 0)
        begun = np.flatnonzero(worse & who_infused[subject])
        if len(begun):
            parts.append(_courses(begun, subject, day, value, reference, days, ids, name, organ))
    events = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    organs = pd.concat(before, ignore_index=True) if before else pd.DataFrame()
    if not len(events):
        return events, organs
    return _each_once(_with_admissions(visits, events)), organs.drop_duplicates()


def _courses(begun, subject, day, value, reference, days: Days, ids, name, organ) -> pd.DataFrame:
    """Follow each worsening to the last sample with it and the first one without."""
    rows = []
    for start in begun:
        mine = days.row[(days.subject == subject[start]) & (days.day > day[start])]
        low = value[mine] <= _BACK * reference[start]
        end = int(np.argmax(low)) if low.any() else len(mine)
        rows.append(
            {
                "subject_id": ids[subject[start]],
                "measure": name,
                "organ": organ,
                "onset_day": np.floor(day[start]),
                "last_day_with": np.floor(day[mine[end - 1]] if end else day[start]),
                "resolution_day": np.floor(day[mine[end]]) if low.any() else np.nan,
                "observed_to_day": np.floor(day[mine[-1]] if len(mine) else day[start]),
            }
        )
    return pd.DataFrame(rows)


def _with_admissions(visits: Visits, events: pd.DataFrame) -> pd.DataFrame:
    """Add whether the subject was admitted for the disease during each event."""
    rows = samples(visits, "hospitalised", 0)
    rows = rows[rows["value"] > 0]
    pairs = events.reset_index().merge(rows, on="subject_id")
    end = pairs["resolution_day"].fillna(pairs["observed_to_day"])
    inside = (pairs["day"] >= pairs["onset_day"]) & (pairs["day"] <= end)
    return events.assign(hospitalised=events.index.isin(pairs.loc[inside, "index"]))


def _each_once(events: pd.DataFrame) -> pd.DataFrame:
    """Leave out what begins in an organ before an earlier event of it has ended."""
    order = events.sort_values(["subject_id", "organ", "onset_day"], kind="stable")
    until = order["resolution_day"].fillna(np.inf)
    key = [order["subject_id"], order["organ"]]
    reached = until.groupby(key, sort=False).cummax().groupby(key, sort=False).shift()
    kept = ~(order["onset_day"] < reached)
    return order[kept].sort_index().reset_index(drop=True)


def undocumented_aplasia(visits: Visits) -> list[str]:
    """Return the note on worsenings that would be LICATS candidates if B cells had been counted.

    Parameters
    ----------
    visits : The visits, with the checked assessments.

    Returns
    -------
    One note, or none.
    """
    found = judge_licats(visits)
    if not len(found):
        return []
    n = int(((found["open"] == "in_aplasia") & (found["failed"] == "")).sum())
    if not n:
        return []
    return [
        message_n(
            "LICATS: {n} worsening is not judged, for aplasia is undocumented: no count of B cells "
            "within 14 days.",
            "LICATS: {n} worsenings are not judged, for aplasia is undocumented: no count of B "
            "cells within 14 days.",
            n,
        )
    ]


def judge_licats(visits: Visits) -> pd.DataFrame:
    """Judge every worsening of an organ: LICATS candidate or not, and by what.

    Parameters
    ----------
    visits : The visits, with the checked assessments.

    Returns
    -------
    As `licats_candidates`, one row an event; empty where no organ worsened.

    Notes
    -----
    Aplasia is judged by the nearest count of B cells within 14 days; without one it is
    undocumented, and the event is no candidate that is sure.
    """
    events, organs = find_worsenings(visits)
    if not len(events):
        return events
    cells = b_cell_counts(visits)
    events["in_aplasia"] = (
        aplasia_at(cells, events, preset=visits.rules.b_cell_preset)
        if len(cells)
        else pd.array([None] * len(events), dtype="boolean")
    )
    return licats_candidates(
        events,
        organs,
        visits.study.medications,
        last_day=int(visits.rules.licats_days),
        resolves_within_days=int(visits.rules.licats_resolution_days),
    )
