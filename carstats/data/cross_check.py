"""The rules across the tables of a study."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd

from carstats.data.matching import code_key
from carstats.data.schema import STRATA_TABLES, TABLES, Table
from carstats.data.source import Source
from carstats.data.time_checks import check_times
from carstats.data.vocabulary import folded
from carstats.errors import Problem
from carstats.messages import message, message_n


def _rows(
    frame, mask, source: Source, column: str, what, remedy: str | None = None
) -> list[Problem]:
    """Return a problem for each row of `mask`; `what` is a text, or a function of the row."""
    mask = np.asarray(mask.fillna(False) if hasattr(mask, "fillna") else mask, dtype=bool)
    if not mask.any():
        return []
    return [
        source.problem(what if isinstance(what, str) else what(row), row.Index, column, remedy)
        for row in frame[mask].itertuples()
    ]


def cross_check(
    tables: dict[str, pd.DataFrame], source: Callable[[str], Source], strata_only: bool = False
) -> tuple[list[Problem], list[str]]:
    """Return what contradicts itself within a row or across tables, and what should be known."""
    problems: list[Problem] = []
    for name, frame in tables.items():
        table = STRATA_TABLES.get(name, TABLES[name]) if strata_only else TABLES[name]
        problems += _duplicates(table, frame, source(name))
    subjects = tables["subjects"]
    if problems and subjects["subject_id"].duplicated().any():
        return problems, []
    known = subjects.set_index("subject_id")
    for name, frame in tables.items():
        if name != "subjects":
            unknown = ~frame["subject_id"].isin(known.index)
            problems += _rows(
                frame,
                unknown,
                source(name),
                "subject_id",
                message("names a subject that the subjects table does not have."),
                message("Add the subject or correct the identifier."),
            )
    if strata_only:
        return problems + _check_order(tables, source) + _check_events(tables, source), []
    problems += _check_subjects(subjects, source("subjects"))
    problems += _check_order(tables, source)
    problems += _check_infusions(tables, source)
    problems += _check_events(tables, source)
    problems += _check_grades(tables, source)
    problems += _check_last_contact(tables, known, source)
    found, notes = check_times(tables, source)
    return problems + found, [*alike_notes(subjects["subject_id"]), *_repeats(tables), *notes]


def _repeats(tables: dict[str, pd.DataFrame]) -> list[str]:
    """Return a note of rows that say the same twice, where a subject may have several."""
    notes = []
    for name in ("toxicities", "medications"):
        more = int(tables[name].duplicated().sum()) if name in tables else 0
        if more:
            notes.append(
                message_n(
                    "{table}: {n} row says in every column what another does; both count.",
                    "{table}: {n} rows say in every column what another does; all count.",
                    more,
                    table=name,
                )
            )
    return notes


# Zeros before a number.
_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")


def alike_notes(ids: pd.Series) -> list[str]:
    """Return a note of identifiers alike but for case, width, spaces and leading zeros."""
    spelt = ids.astype(str)
    keys = spelt.map(lambda name: _ZEROS.sub("", code_key(name)))
    more = spelt.nunique() - keys.nunique()
    if not more:
        return []
    return [
        message_n(
            "{n} subject has another one's identifier but for case, spaces or leading zeros; they"
            " were read as two.",
            "{n} subjects have another one's identifier but for case, spaces or leading zeros; they"
            " were read as different ones.",
            more,
        )
    ]


def _duplicates(table: Table, frame: pd.DataFrame, source: Source) -> list[Problem]:
    key = list(table.key)
    again = np.flatnonzero(frame.duplicated(key)) if key else np.empty(0, int)
    if not again.size:
        return []
    # By position: rows made from one wide row share its number.
    first = frame.index.to_numpy()[
        pd.Series(np.arange(len(frame)), frame.index)
        .groupby([frame[column].to_numpy() for column in key], dropna=False)
        .transform("first")
        .to_numpy(dtype=int)
    ]
    words = message(" and ").join(f"`{column}`" for column in key)
    return [
        source.problem(
            message("has the same {columns} as row {row}.", columns=words, row=first[i]),
            frame.index[i],
            key[-1],
            message("Delete one or correct it."),
        )
        for i in again
    ]


# What stands for the cause of death of somebody alive.
_ALIVE = frozenset(("none", "no", "alive", "not applicable", "无", "否", "存活", "健在"))


def _says_alive(cause: object) -> bool:
    return pd.isna(cause) or folded(str(cause)) in _ALIVE


def _check_subjects(subjects: pd.DataFrame, source: Source) -> list[Problem]:
    problems = []
    last = subjects["last_contact_day"]
    if "death_day" in subjects:
        problems += _rows(
            subjects,
            subjects["death_day"] < last,
            source,
            "death_day",
            lambda r: message(
                "day {day} is before the last contact on day {last}.",
                day=f"{r.death_day:g}",
                last=f"{r.last_contact_day:g}",
            ),
            message("Correct one of the two."),
        )
    if "death_cause" in subjects:
        # Counted as alive they would flatter the treatment.
        day = subjects.get("death_day", np.nan)
        problems += _rows(
            subjects,
            ~subjects["death_cause"].map(_says_alive) & pd.isna(day),
            source,
            "death_cause",
            message("has a cause of death, and no day of death."),
            message("Give the subject's `death_day`, or leave the cause blank."),
        )
    if "enrolment_day" in subjects:
        problems += _rows(
            subjects,
            subjects["enrolment_day"] > last,
            source,
            "enrolment_day",
            lambda r: message(
                "day {day} is after the last contact on day {last}.",
                day=f"{r.enrolment_day:g}",
                last=f"{r.last_contact_day:g}",
            ),
            message("Correct one of the two."),
        )
    for column in ("leukapheresis_day", "lymphodepletion_day", "enrolment_day"):
        if column in subjects and "infused" in subjects:
            late = subjects["infused"].fillna(False) & (subjects[column] > 0)
            problems += _rows(
                subjects,
                late,
                source,
                column,
                message("is after the first infusion (day 0)."),
                message("Days before the infusion are negative."),
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
                lambda r, s=start, e=end: message(
                    "{end} is before `{column}` ({start}).",
                    end=f"{getattr(r, e):g}",
                    column=s,
                    start=f"{getattr(r, s):g}",
                ),
                message("The end cannot come before the start."),
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
        lambda r: message("the first infusion is on day {day}.", day=f"{r.day:g}"),
        message("Day 0 is the first infusion."),
    )
    ordered = frame.sort_values(["subject_id", "infusion_number"], kind="stable")
    before = ordered.groupby("subject_id", sort=False)["day"].shift()
    problems += _rows(
        ordered,
        ordered["day"] < before,
        source("infusions"),
        "day",
        message("is before the infusion numbered one less."),
        message("Number the infusions in the order of their days."),
    )
    if "infused" in tables["subjects"]:
        flags = tables["subjects"].set_index("subject_id")["infused"]
        given = frame["subject_id"].map(flags).astype("boolean")
        problems += _rows(
            frame,
            ~given.fillna(True),
            source("infusions"),
            "subject_id",
            message("has an infusion, but the subjects table says not infused."),
            message("Correct one of the two."),
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
            message("is not before the end of the subject's time."),
            message("Observation begins before it ends."),
        )
    if "time_low" in frame:
        late = (frame["time_low"] > frame["time"]) & (frame["status"] == "event")
        problems += _rows(
            frame,
            late,
            source("events"),
            "time_low",
            lambda r: message(
                "{low} is after `time` ({time}).", low=f"{r.time_low:g}", time=f"{r.time:g}"
            ),
            message("An event lies after `time_low` and at or before `time_high`."),
        )
    return problems


def _check_grades(tables, source) -> list[Problem]:
    frame = tables.get("toxicities")
    if frame is None or "grade_at_least" not in frame or "grade" not in frame:
        return []
    return _rows(
        frame,
        frame["grade"] < frame["grade_at_least"],
        source("toxicities"),
        "grade_at_least",
        lambda r: message(
            "{least} is above the grade ({grade}).",
            least=f"{r.grade_at_least:g}",
            grade=f"{r.grade:g}",
        ),
        message("It is the least that the worst grade can be; leave it blank beside a grade."),
    )


_DATED = (
    ("infusions", "day"),
    ("assessments", "day"),
    ("toxicities", "onset_day"),
    ("responses", "day"),
)


# A time in months to six decimals is so far from the day; in days nothing is so near.
_ROUNDING = 1e-3


def _end(known: pd.DataFrame) -> pd.Series:
    """Return the last day of each subject: of the last contact, or of death after it."""
    end = known["last_contact_day"]
    if "death_day" in known:
        latest = known[["last_contact_day", "death_day"]].max(axis=1)
        end = end.where(known["death_day"].isna(), latest)
    return end


def _dated_columns(tables) -> list[tuple[str, str, pd.Series]]:
    """Return the columns that may not be after the last contact, as days from the infusion."""
    found = [(name, column, tables[name][column]) for name, column in _DATED if name in tables]
    if "events" in tables:
        frame = tables["events"]
        origin = frame["origin_day"].fillna(0) if "origin_day" in frame else 0
        found.append(("events", "time", frame["time"] + origin))
    return found


def _check_last_contact(tables, known: pd.DataFrame, source) -> list[Problem]:
    end = _end(known)
    problems = []
    for name, column, day in _dated_columns(tables):
        frame = tables[name]
        last = frame["subject_id"].map(end)
        late = (day > last + 1e-9).to_numpy()
        problems += [
            source(name).problem(
                message(
                    "day {day} is after the subject's last contact on day {last}.",
                    day=f"{day.iloc[i]:.10g}",
                    last=f"{last.iloc[i]:.10g}",
                ),
                frame.index[i],
                column,
                message(
                    "Correct the day, or the last contact (the latest day the subject was seen)."
                ),
            )
            for i in np.flatnonzero(late)
        ]
    return problems


def settled(
    tables: dict[str, pd.DataFrame], source: Callable[[str], Source]
) -> dict[str, pd.DataFrame]:
    """Return the tables with days that are after the last contact by a rounding alone put right."""
    subjects = tables["subjects"]
    if subjects["subject_id"].duplicated().any():
        return tables
    tables = dict(tables)
    last = subjects.set_index("subject_id")["last_contact_day"].astype(float)
    own = source("subjects").slack.get("last_contact_day", 0.0)
    if own:
        days = [
            day.groupby(tables[name]["subject_id"]).max() for name, _, day in _dated_columns(tables)
        ]
        if "death_day" in subjects:
            days.append(subjects.set_index("subject_id")["death_day"].astype(float))
        for name, latest in zip([n for n, *_ in _dated_columns(tables)] + ["subjects"], days,
                                strict=False):  # fmt: skip
            slack = own + max(source(name).slack.values(), default=0.0)
            latest = latest.reindex(last.index)
            last = last.where(~((latest > last) & (latest <= last + slack)), latest)
        raised = subjects["subject_id"].map(last)
        subjects = subjects.assign(last_contact_day=raised.to_numpy())
        tables["subjects"] = subjects
    end = _end(subjects.set_index("subject_id"))
    for name, column, day in _dated_columns(tables):
        frame = tables[name]
        slack = max(source(name).slack.get(column, 0.0), _ROUNDING)
        over = day - frame["subject_id"].map(end)
        near = ((over > 0) & (over <= slack)).to_numpy()
        if near.any():
            tables[name] = frame.assign(
                **{column: frame[column].where(~near, frame[column] - over)}
            )
    return tables
