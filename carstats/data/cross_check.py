"""The rules across the tables of a study."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from carstats.data.check import Source
from carstats.data.schema import TABLES
from carstats.errors import Problem


def _rows(
    frame, mask, source: Source, column: str, what, remedy: str | None = None
) -> list[Problem]:
    """Return a problem for each row of `mask`; `what` is a text, or a function of the row."""
    mask = np.asarray(mask.fillna(False) if hasattr(mask, "fillna") else mask, dtype=bool)
    return [
        source.problem(what if isinstance(what, str) else what(row), row.Index, column, remedy)
        for row in frame[mask].itertuples()
    ]


def cross_check(tables: dict[str, pd.DataFrame], source: Callable[[str], Source]) -> list[Problem]:
    """Return what contradicts itself within a row or across tables.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        Tables that `check_table` found nothing wrong with; each index holds the source's rows.
    source : callable
        Gives what messages call a table.

    Returns
    -------
    list of Problem
        Duplicates, unknown subjects, ends before starts, and what happens after the last contact.
    """
    problems = []
    for name, frame in tables.items():
        problems += _duplicates(name, frame, source(name))
    subjects = tables["subjects"]
    if problems and subjects["subject_id"].duplicated().any():
        return problems
    known = subjects.set_index("subject_id")
    for name, frame in tables.items():
        if name != "subjects":
            unknown = ~frame["subject_id"].isin(known.index)
            problems += _rows(
                frame,
                unknown,
                source(name),
                "subject_id",
                "names a subject that the subjects table does not have.",
                "Add the subject or correct the identifier.",
            )
    problems += _check_subjects(subjects, source("subjects"))
    problems += _check_order(tables, source)
    problems += _check_infusions(tables, source)
    problems += _check_events(tables, source)
    problems += _check_last_contact(tables, known, source)
    return problems


def _duplicates(name: str, frame: pd.DataFrame, source: Source) -> list[Problem]:
    key = list(TABLES[name].key)
    if not key:
        return []
    # By position: rows made from one wide row share its number.
    first = frame.index.to_numpy()[
        pd.Series(np.arange(len(frame)), frame.index)
        .groupby([frame[column].to_numpy() for column in key], dropna=False)
        .transform("first")
        .to_numpy(dtype=int)
    ]
    again = frame.duplicated(key).to_numpy()
    words = " and ".join(f"`{column}`" for column in key)
    return [
        source.problem(
            f"has the same {words} as row {first[i]}.",
            frame.index[i],
            key[-1],
            "Delete one or correct it.",
        )
        for i in np.flatnonzero(again)
    ]


def _check_subjects(subjects: pd.DataFrame, source: Source) -> list[Problem]:
    problems = []
    last = subjects["last_contact_day"]
    if "death_day" in subjects:
        problems += _rows(
            subjects,
            subjects["death_day"] < last,
            source,
            "death_day",
            lambda r: (
                f"day {r.death_day:g} is before the last contact on day {r.last_contact_day:g}."
            ),
            "Correct one of the two.",
        )
    if "enrolment_day" in subjects:
        problems += _rows(
            subjects,
            subjects["enrolment_day"] > last,
            source,
            "enrolment_day",
            lambda r: (
                f"day {r.enrolment_day:g} is after the last contact on day {r.last_contact_day:g}."
            ),
            "Correct one of the two.",
        )
    for column in ("leukapheresis_day", "lymphodepletion_day", "enrolment_day"):
        if column in subjects and "infused" in subjects:
            late = subjects["infused"].fillna(False) & (subjects[column] > 0)
            problems += _rows(
                subjects,
                late,
                source,
                column,
                "is after the first infusion (day 0).",
                "Days before the infusion are negative.",
            )
    return problems


_ORDERED = (
    ("medications", "start_day", "stop_day"),
    ("toxicities", "onset_day", "resolution_day"),
    ("events", "time_low", "time_high"),
)


def _check_order(tables, source) -> list[Problem]:
    problems = []
    for name, start, end in _ORDERED:
        frame = tables.get(name)
        if frame is not None and start in frame and end in frame:
            problems += _rows(
                frame,
                frame[end] < frame[start],
                source(name),
                end,
                lambda r, s=start, e=end: f"{getattr(r, e):g} is before `{s}` ({getattr(r, s):g}).",
                "The end cannot come before the start.",
            )
    return problems


def _check_infusions(tables, source) -> list[Problem]:
    frame = tables.get("infusions")
    if frame is None:
        return []
    first = frame["infusion_number"] == 1
    problems = _rows(
        frame,
        first & (frame["day"] != 0),
        source("infusions"),
        "day",
        lambda r: f"the first infusion is on day {r.day:g}.",
        "Day 0 is the first infusion.",
    )
    ordered = frame.sort_values(["subject_id", "infusion_number"], kind="stable")
    before = ordered.groupby("subject_id", sort=False)["day"].shift()
    problems += _rows(
        ordered,
        ordered["day"] < before,
        source("infusions"),
        "day",
        "is before the infusion numbered one less.",
        "Number the infusions in the order of their days.",
    )
    if "infused" in tables["subjects"]:
        flags = tables["subjects"].set_index("subject_id")["infused"]
        given = frame["subject_id"].map(flags).astype("boolean")
        problems += _rows(
            frame,
            ~given.fillna(True),
            source("infusions"),
            "subject_id",
            "has an infusion, but the subjects table says not infused.",
            "Correct one of the two.",
        )
    return problems


def _check_events(tables, source) -> list[Problem]:
    frame = tables.get("events")
    if frame is None:
        return []
    problems = []
    if "entry_day" in frame:
        origin = frame["origin_day"].fillna(0) if "origin_day" in frame else 0
        problems += _rows(
            frame,
            origin + frame["time"] <= frame["entry_day"],
            source("events"),
            "entry_day",
            "is not before the end of the subject's time.",
            "Observation begins before it ends.",
        )
    if "time_low" in frame:
        late = (frame["time_low"] > frame["time"]) & (frame["status"] == "event")
        problems += _rows(
            frame,
            late,
            source("events"),
            "time_low",
            lambda r: f"{r.time_low:g} is after `time` ({r.time:g}).",
            "An event lies after `time_low` and at or before `time_high`.",
        )
    return problems


_DATED = (
    ("infusions", "day"),
    ("assessments", "day"),
    ("toxicities", "onset_day"),
    ("responses", "day"),
)


def _check_last_contact(tables, known: pd.DataFrame, source) -> list[Problem]:
    end = known["last_contact_day"]
    if "death_day" in known:
        end = end.where(
            known["death_day"].isna(), known[["last_contact_day", "death_day"]].max(axis=1)
        )
    problems = []
    checks = [(name, column, tables[name][column]) for name, column in _DATED if name in tables]
    if "events" in tables:
        frame = tables["events"]
        origin = frame["origin_day"].fillna(0) if "origin_day" in frame else 0
        checks.append(("events", "time", frame["time"] + origin))
    for name, column, day in checks:
        frame = tables[name]
        last = frame["subject_id"].map(end)
        late = (day > last + 1e-9).to_numpy()
        problems += [
            source(name).problem(
                f"day {day.iloc[i]:g} is after the subject's last contact on day {last.iloc[i]:g}.",
                frame.index[i],
                column,
                "Correct the day, or the last contact (the latest day the subject was seen).",
            )
            for i in np.flatnonzero(late)
        ]
    return problems
