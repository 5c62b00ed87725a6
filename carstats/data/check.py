"""The check of one study table: its columns, types and terms."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from carstats.data.likeness import near_misses
from carstats.data.matching import code_key
from carstats.data.schema import TABLES, Column
from carstats.errors import Problem, listed
from carstats.vocabulary import Vocabulary

# A day this far from the infusion (55 years) is a spreadsheet's date serial, not a study day.
_DATE_SERIAL = 20_000
_DATE = re.compile(r"(19|20)\d\d[-/.年]\d{1,2}[-/.月]\d{1,2}(日|[ T].*)?$")
MISSING = frozenset({"", "na", "n/a", "nan", "none", "null", "."})
_TRUE = frozenset({"true", "yes", "y", "1", "checked", "是", "有", "达到", "已"})
_FALSE = frozenset({"false", "no", "n", "0", "unchecked", "否", "无", "未", "未达到"})


@dataclass(frozen=True)
class Source:
    """Where a table came from: what messages call it, and the file's own headings.

    `columns` are those that the files gave, `own` those of the study's own that may look like one
    of carstats', `ignored` the headings that nothing read, `sheets` what it was read from if that
    is several. The index of the table's data frame holds the row numbers that the file shows.
    """

    name: str
    headings: dict[str, str] = field(default_factory=dict)
    own: frozenset[str] = frozenset()
    columns: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    sheets: tuple[str, ...] = ()

    def problem(
        self, what: str, row: object, column: str | None, remedy: str | None = None
    ) -> Problem:
        """Return a problem at a row and column of this source."""
        heading = self.headings.get(column, column) if column else None
        return Problem(what, self.name, None if row is None else int(row), heading, remedy)


def missing_cells(values: pd.Series, signs: frozenset[str] = MISSING) -> pd.Series:
    """Return which cells are empty or hold a sign for missing: by default NA, N/A, NaN, a point.

    "none" is one of them, except where it is an answer: a target, an attribution.
    """
    if values.dtype != object:
        return values.isna()
    # A table has few distinct spellings: judge each once.
    codes, spellings = pd.factorize(values, use_na_sentinel=True)
    blank = [isinstance(s, str) and s.strip().casefold() in signs for s in spellings]
    return pd.Series(np.append(blank, True)[codes].astype(bool), index=values.index)


def _distinct(values: pd.Series, present: np.ndarray, convert) -> tuple[np.ndarray, np.ndarray]:
    """Convert each distinct value once; return the results and which of the present ones failed."""
    codes, spellings = pd.factorize(values.where(present), use_na_sentinel=True)
    converted = [convert(spelling) for spelling in spellings] + [None]
    result = np.empty(len(converted), dtype=object)
    result[:] = converted
    out = result[codes]
    return out, present & np.array([value is None for value in out], dtype=bool)


def read_flag(value: object) -> bool | None:
    """Return what a yes/no cell says, or None if it says neither."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    text = code_key(cell_text(value))
    return True if text in _TRUE else False if text in _FALSE else None


def read_numbers(values: pd.Series) -> pd.Series:
    """Return cells as numbers, NaN where they are none."""
    numbers = pd.to_numeric(values, errors="coerce").astype(float)
    if values.dtype == object:
        # pandas reads text fast but not to the last bit; what is written must read back the same.
        read = numbers.notna()
        numbers[read] = values[read].to_numpy(dtype=object).astype(float)
    return numbers


def _check_number(
    column: Column, values: pd.Series, present, source: Source
) -> tuple[pd.Series, list[Problem]]:
    numbers = read_numbers(values.where(present))
    found = numbers.to_numpy()
    unread = "Give a number or leave the cell blank."
    if column.kind == "day":
        unread = "Give days from the infusion, or map a column of dates in study.toml."
    # "nan" was taken for missing above, so what is NaN here did not read as a number.
    faults = [
        (present & np.isnan(found), "is not a number.", unread),
        (np.isinf(found), "is infinite.", "Leave the cell blank if it is not known."),
    ]
    finite = np.isfinite(found)
    if column.kind == "day":
        late = finite & (np.abs(found) > _DATE_SERIAL)
        remedy = "Map the column in study.toml and name the date of the first infusion."
        faults.append((late, "looks like a calendar date, not a day from the infusion.", remedy))
        finite &= ~late
    if column.whole:
        faults.append((finite & (found != np.round(found)), "is not a whole number.", None))
    outside = finite & ((found < column.low) | (found > column.high))
    bounds = (
        f"is not between {column.low:g} and {column.high:g}."
        if np.isfinite(column.high)
        else f"is below {column.low:g}."
    )
    faults.append((outside, bounds, None))
    problems = [
        source.problem(f"{_shown(values.iloc[i])} {what}", values.index[i], column.name, remedy)
        for mask, what, remedy in faults
        for i in np.flatnonzero(mask)
    ]
    return numbers, problems


def _shown(value: object) -> str:
    text = cell_text(value)
    return repr(text if len(text) <= 60 else text[:57] + "…")


def _check_term(column: Column, values, present, source: Source, vocabulary: Vocabulary):
    out, bad = _distinct(values, present, lambda v: vocabulary.canonical(column.category, v))
    allowed = listed(vocabulary.names(column.category), 8)
    remedy = (
        f"Recode it in study.toml under [{{table}}.values.{column.name}]"
        f" or add it under [vocabulary] {column.category}."
    )
    problems = [
        source.problem(
            f"{_shown(values.iloc[i])} is not one of {allowed}.",
            values.index[i],
            column.name,
            remedy,
        )
        for i in np.flatnonzero(bad)
    ]
    return pd.Series(out, index=values.index, dtype=object), problems


def _check_flag(column: Column, values, present, source: Source):
    out, bad = _distinct(values, present, read_flag)
    problems = [
        source.problem(
            f"{_shown(values.iloc[i])} is neither yes nor no.", values.index[i], column.name
        )
        for i in np.flatnonzero(bad)
    ]
    return pd.Series(pd.array(out, dtype="boolean"), index=values.index), problems


def cell_text(value: object) -> str:
    """Return a cell as text."""
    # A spreadsheet hands the identifier 101 over as 101.0.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _check_column(column: Column, values: pd.Series, source: Source, vocabulary: Vocabulary):
    means_none = column.kind == "text" or (
        column.kind == "term" and vocabulary.canonical(column.category, "none")
    )
    signs = MISSING - {"none"} if means_none else MISSING
    present = ~missing_cells(values, signs).to_numpy()
    if column.kind in ("number", "day"):
        checked, problems = _check_number(column, values, present, source)
    elif column.kind == "term":
        checked, problems = _check_term(column, values, present, source, vocabulary)
    elif column.kind == "flag":
        checked, problems = _check_flag(column, values, present, source)
    else:
        out, _ = _distinct(values, present, cell_text)
        checked, problems = pd.Series(out, index=values.index, dtype=object), []
    if column.filled:
        problems += [
            source.problem("is missing.", values.index[i], column.name, "Every row needs a value.")
            for i in np.flatnonzero(~present)
        ]
    return checked, problems


def check_table(
    name: str, frame: pd.DataFrame, source: Source, vocabulary: Vocabulary
) -> tuple[pd.DataFrame, list[Problem]]:
    """Check one table's columns, types and terms.

    Parameters
    ----------
    name : str
        A key of `TABLES`.
    frame : pandas.DataFrame
        The table; its index holds the row numbers of its source.
    source : Source
        What messages call the table.
    vocabulary : Vocabulary
        The allowed terms.

    Returns
    -------
    frame : pandas.DataFrame
        The columns of the table in its own order with clean types, then the study's own columns.
    problems : list of Problem
        All that is wrong with it.
    """
    table = TABLES[name]
    problems = [
        source.problem(
            f"`{column}` stands {count} times among the headings.",
            None,
            None,
            "Rename or delete one.",
        )
        for column, count in frame.columns.value_counts().items()
        if count > 1
    ]
    if problems:
        return frame, problems
    absent = [column for column in table.columns if column.required and column.name not in frame]
    if absent:
        has = listed(frame.columns, 30) or "none"
        problems += [
            source.problem(
                f"the column `{column.name}` ({column.meaning}) is missing. The file has: {has}.",
                None,
                None,
                f"Add it, or map it in study.toml under [{name}.columns] or [{name}.constants].",
            )
            for column in absent
        ]
    problems += near_misses(name, frame, source)
    checked = {}
    for column in table.columns:
        if column.name in frame:
            checked[column.name], found = _check_column(
                column, frame[column.name], source, vocabulary
            )
            problems += [
                Problem(p.what, p.file, p.row, p.column, p.remedy.replace("{table}", name))
                if p.remedy
                else p
                for p in found
            ]
    for extra in frame.columns.difference(table.names(), sort=False):
        checked[extra], found = _check_extra(str(extra), frame[extra], source)
        problems += found
    return pd.DataFrame(checked, index=frame.index), problems


def _is_date(value: object) -> bool:
    return isinstance(value, dt.date) or (
        isinstance(value, str) and _DATE.match(value.strip()) is not None
    )


def _check_extra(name: str, values: pd.Series, source: Source):
    if pd.api.types.is_datetime64_any_dtype(values):
        what = "holds calendar dates, and a study keeps none."
        remedy = "Drop the column, or map it in study.toml to a day column."
        return values, [source.problem(what, None, name, remedy)]
    if values.dtype != object:
        return values, []
    present = ~missing_cells(values)
    numbers = read_numbers(values.where(present))
    if numbers[present].notna().all():
        return numbers, []
    dated = present & values.map(_is_date)
    if dated.any():
        what = "holds calendar dates, and a study keeps none."
        remedy = "Drop the column, or map it in study.toml to a day column."
        return values, [source.problem(what, dated.idxmax(), name, remedy)]
    return values.where(present).map(lambda v: v if pd.isna(v) else cell_text(v)).astype(object), []
