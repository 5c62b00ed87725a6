"""A foreign sheet whose rows are a study table's rows: its columns, read as what they should be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from carstats.data.check import MISSING
from carstats.data.formats.dates import NotADate, date_ordinal, plain_number
from carstats.data.readers.cell_faults import other_unit
from carstats.data.readers.context import split
from carstats.data.readers.rows import Rows
from carstats.data.schema import TABLES
from carstats.errors import Problem
from carstats.messages import message

_TIMES = ("time", "time_low", "time_high")


def taken_columns(rows: Rows, section: Mapping) -> dict:
    """Return which headings go into which column: those mapped, and those named alike."""
    columns = dict(section.get("columns", {}))
    spoken_for = {rows.resolve(heading) for heading in rows.context.settings.headings(rows.table)}
    for name in TABLES[rows.table].names():
        heading = rows.resolve(name)
        if name not in columns and heading is not None and heading not in spoken_for:
            columns[name] = heading
    return columns


def source_headings(rows: Rows, section: Mapping) -> dict[str, str]:
    """Return the heading that each column of a table was read from."""
    taken = taken_columns(rows, section)
    headings = {column: split(spec)[0][0] for column, spec in taken.items()}
    if rows.table == "events" and "date" in headings:
        headings.setdefault("time", headings["date"])
    return headings


def _column(rows: Rows, name: str, spec) -> object:
    """Return one column of a long table, read as what it should be."""
    column = TABLES[rows.table].column(name)
    kind = column.kind if column else "day" if name.endswith("_day") else "own"
    if isinstance(spec, dict) and "when" in spec:
        return rows.flags(spec, name)
    if kind == "day" or name in _TIMES:
        return rows.days(spec, name)
    if kind == "flag":
        return rows.flags(spec, name)
    if kind == "number":
        for heading in split(spec)[0]:
            for what, remedy in other_unit(heading, name):
                rows.context.problems.append(Problem(what, rows.sheet.name, None, heading, remedy))
        return rows.values(spec, name)
    keep = frozenset()
    if column and column.kind == "term":
        # "none" is a target and a cell source.
        vocabulary = rows.context.settings.vocabulary
        keep = frozenset(
            sign for sign in MISSING if sign and vocabulary.canonical(column.category, sign)
        )
    elif not rows.context.is_listed("none"):
        keep = frozenset({"none"})  # a level, such as of an attribution or of earlier biologics
    values = rows.values(spec, name, keep)
    if kind != "term":
        _refuse_dates(rows, values, spec, name)
    return values


def _refuse_dates(rows: Rows, values: np.ndarray, spec, name: str) -> None:
    seen: set[tuple[type, object]] = set()
    for i, value in enumerate(values):
        if value is None or (type(value), value) in seen:
            continue
        seen.add((type(value), value))
        if not isinstance(value, dt.date) and plain_number(value) is not None:
            continue
        if isinstance(value, str) and not any(mark in value for mark in "-/.年"):
            continue
        try:
            date_ordinal(value, "dmy")
        except NotADate:
            continue
        what = message("holds calendar dates, and a study keeps none.")
        remedy = message(
            "Leave it out, or call it `{name}_day`: it is then converted to days.", name=name
        )
        rows.fault(i, split(spec)[0][0], what, remedy)
        return


def long_table(rows: Rows, section: Mapping) -> pd.DataFrame:
    """Return a table whose rows are the sheet's rows."""
    table = rows.table
    columns = taken_columns(rows, section)
    data: dict[str, object] = {"subject_id": rows.ids}
    for name, spec in columns.items():
        if name == "subject_id" or (name == "date" and table == "events"):
            continue
        if name == "grade" and table == "toxicities":
            data[name], _ = rows.grades(spec)
        else:
            data[name] = _column(rows, name, spec)
    if table == "events":
        _time_of_dates(rows, columns, data)
    frame = pd.DataFrame(data, index=rows.index)
    for name, value in section.get("constants", {}).items():
        if name in frame:
            frame[name] = frame[name].where(frame[name].notna(), value)
        else:
            frame[name] = value
    if "grade" in data and (none := (frame["grade"] == 0)).any():
        rows.context.notes.append(
            message(
                "{sheet}: {n} rows of grade 0 are no episode; left out.",
                sheet=rows.sheet.name,
                n=int(none.sum()),
            )
        )
        frame = frame[~none]
    return frame


def _time_of_dates(rows: Rows, columns: Mapping, data: dict) -> None:
    """Count the times of events from their origin where the sheet gives them as dates."""
    origin = pd.Series(data.get("origin_day", 0.0), dtype=float).fillna(0).to_numpy()
    if "date" in columns:
        data["time"] = rows.days(columns["date"]) - origin
        for i in np.flatnonzero(data["time"] < 0):
            what = message("is before the origin of the subject's time.")
            rows.fault(i, split(columns["date"])[0][0], what, message("Correct the date."))
