"""The check of one study table: its columns, types and terms."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections import Counter

import numpy as np
import pandas as pd

from carstats.data.check_values import check_values
from carstats.data.likeness import near_misses, near_names
from carstats.data.limits import with_limits
from carstats.data.matching import code_key, nearest, toml_text
from carstats.data.schema import STRATA_TABLES, TABLES, Column
from carstats.data.source import Source as Source
from carstats.data.vocabulary import Vocabulary
from carstats.errors import Problem, listed
from carstats.messages import mark, message, message_n

# A day this far from the infusion (55 years) is a spreadsheet's date serial, not a study day.
_DATE_SERIAL = 20_000
# A term this near to a spelling is offered in the line that recodes it.
_NEAR_TERM = 0.7
_DATE = re.compile(r"(19|20)\d\d[-/.年]\d{1,2}[-/.月]\d{1,2}(日|[ T].*)?$")
MISSING = frozenset({"", "na", "n/a", "nan", "none", "null", "."})
# What a grade says that was not given or is not known; the episode of a row has happened.
UNKNOWN = frozenset(
    {"unknown", "unk", "uk", "not known", "not graded", "ungraded", "nk", "nd", "ne", "?",
     "不详", "未知", "不明", "未分级", "unbekannt", "inconnu"}
)  # fmt: skip
_YEARS_SAID = re.compile(
    r"(\d+(?:\.\d+)?) ?(?:周?岁|歳|years?(?: old)?|yrs?\.?|y\.?/?o\.?|y)", re.I
)
# What a number may say of itself, being in the unit that its column has.
_OWN_UNIT = {
    "age": _YEARS_SAID,
    "disease_duration_years": re.compile(r"(\d+(?:\.\d+)?) ?(?:年|years?|yrs?\.?|y)", re.I),
    "weight_kg": re.compile(r"(\d+(?:\.\d+)?) ?(?:kgs?|公斤|千克)", re.I),
    "prednisone_equivalent_mg": re.compile(
        r"(\d+(?:\.\d+)?) ?mg(?: ?(?:/|per) ?(?:d|day|日|天))?", re.I
    ),
}
_TRUE = frozenset({"true", "yes", "y", "1", "checked", "是", "有", "达到", "已"})
_FALSE = frozenset({"false", "no", "n", "0", "unchecked", "否", "无", "未", "未达到"})


def missing_cells(values: pd.Series, signs: frozenset[str] = MISSING) -> pd.Series:
    """Return which cells are empty or hold a sign for missing: by default NA, N/A, NaN, a point.

    "none" is one of them, except where it is an answer: a target, an attribution, a level of a
    column of the study's own.
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
    failed = np.array([value is None for value in converted], dtype=bool)
    return result[codes], present & failed[codes]


def read_flag(value: object) -> bool | None:
    """Return what a yes/no cell says, or None if it says neither."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    text = code_key(cell_text(value))
    return True if text in _TRUE else False if text in _FALSE else None


def _plain_number(cell: str, column: str) -> str:
    """Return a number as it is written: in half-width digits, without the unit of its column."""
    plain = unicodedata.normalize("NFKC", cell).strip()
    said = _OWN_UNIT[column].fullmatch(plain) if column in _OWN_UNIT else None
    return said[1] if said else plain


def read_numbers(values: pd.Series, column: str = "") -> pd.Series:
    """Return cells as numbers, NaN where they are none.

    Digits of full width are digits; an age may say its years, a weight its kilograms.
    """
    if pd.api.types.is_numeric_dtype(values):
        return pd.to_numeric(values, errors="coerce").astype(float)
    # A table has few distinct spellings: read each once.
    codes, spellings = pd.factorize(values, use_na_sentinel=True)
    cells = np.array([*spellings, None], dtype=object)
    numbers = pd.to_numeric(pd.Series(cells), errors="coerce").to_numpy(dtype=float)
    for i in np.flatnonzero(np.isnan(numbers)):
        if isinstance(cells[i], str):
            cells[i] = _plain_number(cells[i], column)
    numbers = np.array(pd.to_numeric(pd.Series(cells), errors="coerce"), dtype=float)
    # pandas reads text fast but not to the last bit; what is written must read back the same.
    read = ~np.isnan(numbers)
    numbers[read] = cells[read].astype(float)
    return pd.Series(numbers[codes], index=values.index, name=values.name)


def _check_number(
    column: Column, values: pd.Series, present, source: Source
) -> tuple[pd.Series, list[Problem]]:
    numbers = read_numbers(values.where(present), column.name)
    found = numbers.to_numpy()
    unread = message("Give a number or leave the cell blank.")
    if column.kind == "day":
        unread = message("Give days from the infusion, or map a column of dates in study.toml.")
    # "nan" was taken for missing above, so what is NaN here did not read as a number.
    faults = [
        (present & np.isnan(found), mark("{value} is not a number."), unread),
        (
            np.isinf(found),
            mark("{value} is infinite."),
            message("Leave the cell blank if it is not known."),
        ),
    ]
    finite = np.isfinite(found)
    if column.kind == "day":
        late = finite & (np.abs(found) > _DATE_SERIAL)
        remedy = message("Map the column in study.toml and name the date of the first infusion.")
        what = mark("{value} looks like a calendar date, not a day from the infusion.")
        faults.append((late, what, remedy))
        finite &= ~late
    if column.whole:
        what = mark("{value} is not a whole number.")
        faults.append((finite & (found != np.round(found)), what, None))
    outside = finite & ((found < column.low) | (found > column.high))
    bounds = (
        mark("{value} is not between {low} and {high}.")
        if np.isfinite(column.high)
        else mark("{value} is below {low}.")
    )
    remedy = message("The column holds: {meaning}. Correct the value.", meaning=column.meaning)
    faults.append((outside, bounds, remedy if column.meaning else None))
    limits = {"low": f"{column.low:g}", "high": f"{column.high:g}"}
    problems = [
        source.problem(
            message(what, value=_shown(values.iloc[i]), **limits),
            values.index[i], column.name, remedy,
        )
        for mask, what, remedy in faults
        for i in np.flatnonzero(mask)
    ]  # fmt: skip
    return numbers, problems


def _shown(value: object) -> str:
    text = cell_text(value)
    return repr(text if len(text) <= 60 else text[:57] + "…")


def _check_term(
    column: Column, table: str, values, present, source: Source, vocabulary: Vocabulary
):
    out, bad = _distinct(values, present, lambda v: vocabulary.canonical(column.category, v))
    names = vocabulary.names(column.category)
    allowed = listed(names, 8)
    problems = [
        source.problem(
            message("{value} is not one of {allowed}.", value=_shown(values.iloc[i]),
                    allowed=allowed),
            values.index[i], column.name,
            message(
                "Recode it in study.toml: {section} {line}, or add it under [vocabulary]"
                " {category}.",
                section=f"[{table}.values.{column.name}]",
                line=_recode_line(values.iloc[i], names),
                category=column.category,
            ),
        )
        for i in np.flatnonzero(bad)
    ]  # fmt: skip
    return pd.Series(out, index=values.index, dtype=object), problems


def _recode_line(value: object, names: list[str]) -> str:
    """Return the line of TOML that recodes a value: to the term that is nearest, or to fill in."""
    near = nearest(cell_text(value), names, _NEAR_TERM)
    return f'{toml_text(cell_text(value))} = "{near or "…"}"'


def _check_flag(column: Column, values, present, source: Source):
    out, bad = _distinct(values, present, read_flag)
    problems = [
        source.problem(
            message("{value} is neither yes nor no.", value=_shown(values.iloc[i])),
            values.index[i],
            column.name,
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


def _signs(column: Column | None, vocabulary: Vocabulary) -> frozenset[str]:
    """Return the signs for missing in a column; "none" is a level of one that has levels."""
    if column is None or column.kind == "text":
        return MISSING - {"none"}
    if column.kind == "term" and vocabulary.canonical(column.category, "none"):
        return MISSING - {"none"}
    if column.name == "grade":
        return MISSING - {"none"} | UNKNOWN
    # Of what is counted, none may as well be 0.
    return MISSING - {"none"} if column.kind == "number" and column.whole else MISSING


def missing_words(
    table: str, name: str, values: pd.Series, signs: frozenset[str] = MISSING
) -> list[str]:
    """Return notes that count the words of a column that were taken for missing."""
    if values.dtype != object:
        return []
    gone = values[missing_cells(values, signs) & values.notna()]
    words = Counter(cell.strip() for cell in gone if isinstance(cell, str) and cell.strip())
    return [missing_note(table, name, word, count) for word, count in words.items()]


def missing_note(table: str, column: str, word: str, count: int) -> str:
    """Return the note that counts a word that was taken for missing."""
    return message_n(
        "{table}, `{column}`: {n} cell {word} was taken for missing.",
        "{table}, `{column}`: {n} cells {word} were taken for missing.",
        count,
        table=table,
        column=column,
        word=repr(word),
    )


def _check_column(
    column: Column, table: str, values: pd.Series, source: Source, vocabulary: Vocabulary
):
    signs = _signs(column, vocabulary)
    present = ~missing_cells(values, signs).to_numpy()
    if column.kind in ("number", "day"):
        checked, problems = _check_number(column, values, present, source)
    elif column.kind == "term":
        checked, problems = _check_term(column, table, values, present, source, vocabulary)
    elif column.kind == "flag":
        checked, problems = _check_flag(column, values, present, source)
    else:
        out, _ = _distinct(values, present, cell_text)
        checked, problems = pd.Series(out, index=values.index, dtype=object), []
    if column.filled:
        problems += [
            source.problem(
                message("is missing."), values.index[i], column.name,
                message("Every row needs a value."),
            )
            for i in np.flatnonzero(~present)
        ]  # fmt: skip
    return checked, problems


def check_table(
    name: str,
    frame: pd.DataFrame,
    source: Source,
    vocabulary: Vocabulary,
    strata_only: bool = False,
) -> tuple[pd.DataFrame, list[Problem], list[str]]:
    """Check one table's columns, types, terms, and the units and ranges of assessments."""
    table = STRATA_TABLES.get(name, TABLES[name]) if strata_only else TABLES[name]
    notes: list[str] = []
    problems = [
        source.problem(
            message("`{column}` stands {n} times among the headings.", column=column, n=count),
            None, None, message("Rename or delete one."),
        )
        for column, count in frame.columns.value_counts().items()
        if count > 1
    ]  # fmt: skip
    if problems:
        return frame, problems, notes
    if name == "assessments":
        frame, problems, notes = with_limits(frame, source, vocabulary)
    misspelt = {} if strata_only else near_names(name, frame.columns)
    near = {name: extra for extra, name in misspelt.items()}
    absent = [column for column in table.columns if column.required and column.name not in frame]
    has = listed(frame.columns, 30) or message("none")
    problems += [_absent(name, column, has, near.get(column.name), source) for column in absent]
    told = {column.name for column in absent}
    problems += [] if strata_only else near_misses(name, frame, source, told)
    checked = {}
    for column in [c for c in table.columns if c.name in frame]:
        values = _plain(frame[column.name])
        checked[column.name], found = _check_column(column, name, values, source, vocabulary)
        problems += found
        heading = source.headings.get(column.name, column.name)
        notes += missing_words(source.name, heading, values, _signs(column, vocabulary))
    for extra in frame.columns.difference(table.names(), sort=False):
        values = _plain(frame[extra])
        checked[extra], found = _check_extra(str(extra), values, source)
        problems += found
        notes += missing_words(source.name, str(extra), values, _signs(None, vocabulary))
    # Each column was made here: the frame takes it, and makes no second copy of a large table.
    made = pd.DataFrame(checked, index=frame.index, copy=False)
    if name == "assessments" and not {p.column for p in problems} & {"value", "measure", "unit"}:
        made, found, more = check_values(made, source, vocabulary)
        problems, notes = problems + found, notes + more
    return made, problems, notes


def _absent(table: str, column: Column, has: str, near: str | None, source: Source) -> Problem:
    """Return the problem of a column that a table must have, with the heading that is nearest."""
    remedy = message(
        "Add it, or map it in study.toml under {columns} or {constants}.",
        columns=f"[{table}.columns]", constants=f"[{table}.constants]",
    )  # fmt: skip
    if near:
        remedy = message(
            "Is it {near!r}? Then name that `{column}`.", near=near, column=column.name
        )
    what = message(
        "the column `{column}` ({meaning}) is missing. The file has: {has}.",
        column=column.name, meaning=column.meaning, has=has,
    )  # fmt: skip
    return source.problem(what, None, None, remedy)


def _plain(values: pd.Series) -> pd.Series:
    """Return texts as objects, however pandas stores them: a sign for missing hides in any.

    Categories without such a sign stay, with their order.
    """
    text = isinstance(values.dtype, pd.StringDtype)
    if isinstance(values.dtype, pd.CategoricalDtype):
        text = any(str(level).strip().casefold() in MISSING for level in values.cat.categories)
    return values.astype(object).where(values.notna(), None) if text else values


def is_date(value: object) -> bool:
    """Return whether a value is a calendar date, or a text of one."""
    return isinstance(value, dt.date) or (
        isinstance(value, str) and _DATE.match(value.strip()) is not None
    )


def _check_extra(name: str, values: pd.Series, source: Source):
    what = message("holds calendar dates, and a study keeps none.")
    remedy = message("Drop the column, or map it in study.toml to a day column.")
    if pd.api.types.is_datetime64_any_dtype(values):
        return values, [source.problem(what, None, name, remedy)]
    if values.dtype != object:
        return values.copy(), []
    present = ~missing_cells(values, MISSING - {"none"})
    numbers = read_numbers(values.where(present))
    if numbers[present].notna().all():
        return numbers, []
    dates = [value for value in values[present].unique() if is_date(value)]
    dated = present & values.isin(dates) if dates else present & False
    if dated.any():
        return values, [source.problem(what, dated.idxmax(), name, remedy)]
    texts, _ = _distinct(values, present.to_numpy(), cell_text)
    return pd.Series(np.where(present, texts, np.nan), values.index, dtype=object), []
