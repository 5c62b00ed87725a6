"""Conditions and recodes of a mapping: which rows they take, and what is said if they take none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from carstats.data.check import cell_text, read_numbers
from carstats.data.formats.dates import date_ordinal, read_dates
from carstats.data.formats.sheets import Sheet, has_names, is_numbered
from carstats.data.matching import code_key, nearest, toml_text
from carstats.data.readers.context import Context, shown
from carstats.errors import Problem
from carstats.messages import mark, message

_COMPARISONS = {">": np.greater, ">=": np.greater_equal, "<": np.less, "<=": np.less_equal}
_LISTED = 8
# A column of so many different values is no code list; what it holds stays in it.
_MOST = 30


def matching(rows, cells: Mapping[str, np.ndarray], where: Mapping) -> dict[str, np.ndarray]:
    """Return by heading which of some rows have a value that the condition takes."""
    return {heading: fulfilling(rows, heading, cells[heading], where[heading]) for heading in where}


def fulfilling(rows, heading: str, cells: np.ndarray, wanted: object) -> np.ndarray:
    """Return which cells of a column fulfil a condition; one that no comparison reads is noted.

    A value is what the cell says, as a code; a list is any of them; a table is ``not``, ``in``,
    ``blank`` and comparisons, all of which hold.
    """
    if not isinstance(wanted, Mapping):
        codes = {_code(value) for value in (wanted if isinstance(wanted, list) else [wanted])}
        found = (code_key("" if c is None else cell_text(c)) in codes for c in cells)
        return np.fromiter(found, dtype=bool, count=len(cells))
    out = np.ones(len(cells), dtype=bool)
    for word, value in wanted.items():
        if word == "blank":
            said = (c is None or (isinstance(c, str) and rows.context.is_missing(c)) for c in cells)
            out &= np.fromiter(said, dtype=bool, count=len(cells)) == value
        elif word in ("in", "not"):
            out &= fulfilling(rows, heading, cells, value) == (word == "in")
        else:
            out &= _compared(rows, heading, cells, word, value)
    return out


def _code(value: object) -> str:
    return code_key(str(value).lower() if isinstance(value, bool) else cell_text(value))


def _compared(rows, heading: str, cells: np.ndarray, word: str, limit: object) -> np.ndarray:
    """Return which cells lie on the right side of a number or of a date; a blank one does not."""
    present = np.array([not (c is None or (isinstance(c, str) and rows.context.is_missing(c)))
                        for c in cells], dtype=bool)  # fmt: skip
    if isinstance(limit, int | float):
        values = read_numbers(pd.Series(np.where(present, cells, None), dtype=object)).to_numpy()
        unread, bound = present & ~np.isfinite(values), float(limit)
        fault = mark("{cell} is not a number, and a condition compares it with {limit}.")
    else:
        order = rows.context.settings.study.get("date_order")
        values, faults = read_dates(cells, present, order, rows.sheet.epoch)
        unread = np.zeros(len(cells), dtype=bool)
        unread[list(faults)] = True
        bound = float(date_ordinal(limit))
        fault = mark("{cell} is not a date, and a condition compares it with {limit}.")
    for i in np.flatnonzero(unread):
        what = message(fault, cell=shown(cells[i]), limit=str(limit))
        rows.fault(int(i), heading, what, message("Correct the cell or the condition."))
    with np.errstate(invalid="ignore"):
        return _COMPARISONS[word](values, bound) & present & ~unread


def report_condition(
    context: Context,
    sheet: str,
    place: str,
    where: Mapping,
    cells: Mapping[str, np.ndarray],
    taken: Mapping[str, np.ndarray],
    may_be_empty: bool,
) -> None:
    """Note how many rows a condition takes; none is a problem that lists what the column has."""
    if not taken or any(heading in context.absent for heading in where):
        return
    kept = np.logical_and.reduce(list(taken.values()))
    seen = len(kept)
    words = message(" and ").join(condition_words(heading, v) for heading, v in where.items())
    if kept.any() or may_be_empty or not seen:
        note = message(
            "{sheet}: {place} takes {n} of {of} rows (where {condition}).",
            sheet=sheet,
            place=place,
            n=int(kept.sum()),
            of=seen,
            condition=words,
        )
        context.notes += [note] if note not in context.notes else []
        _note_unmet(context, sheet, place, where, cells)
        return
    empty = [heading for heading, mask in taken.items() if not mask.any()]
    remedy = message(
        "Correct the condition, or say may_be_empty = true beside it if none is right."
    )
    for heading in empty or list(taken)[:1]:
        value, held = where[heading], cells[heading]
        what = (
            message(
                "{place} takes no row of {of}: no cell is {value}. The column has: {values}.",
                place=place,
                of=seen,
                value=_shown_value(value),
                values=values_held(held, _is_identifier(context, heading)),
            )
            if empty and not isinstance(value, Mapping)
            else message(
                "{place} takes no row of {of}: for none is {condition}. The column has: {values}.",
                place=place,
                of=seen,
                condition=condition_words(heading, value),
                values=values_held(held, _is_identifier(context, heading)),
            )
            if empty
            else message(
                "{place} takes no row of {of}: none fulfils all of {condition}.",
                place=place,
                of=seen,
                condition=words,
            )
        )
        problem = Problem(what, sheet, None, heading, remedy)
        context.problems += [problem] if problem not in context.problems else []


def _note_unmet(context: Context, sheet: str, place: str, where: Mapping, cells: Mapping) -> None:
    """Note which of the values that a condition names no cell has: one may be misspelt."""
    for heading, condition in where.items():
        wanted = condition if isinstance(condition, list) else []
        if isinstance(condition, Mapping):
            named = (condition[word] for word in ("in", "not") if word in condition)
            wanted = [v for one in named for v in (one if isinstance(one, list) else [one])]
        held = {code_key("" if c is None else cell_text(c)) for c in cells[heading]}
        unmet = [value for value in wanted if _code(value) not in held]
        if unmet and held:
            note = message(
                "{sheet}: {place}: no cell of `{heading}` is {values}.",
                sheet=sheet,
                place=place,
                heading=heading,
                values=_shown_value(unmet),
            )
            context.notes += [note] if note not in context.notes else []


def condition_words(heading: str, wanted: object) -> str:
    """Return a condition in words."""
    if not isinstance(wanted, Mapping):
        return f"{heading} = {_shown_value(wanted)}"
    parts = []
    for word, value in wanted.items():
        if word == "blank":
            said = mark("{heading} is blank") if value else mark("{heading} is not blank")
            parts.append(message(said, heading=heading))
        elif word == "not":
            parts.append(
                message("{heading} is not {value}", heading=heading, value=_shown_value(value))
            )
        else:
            sign = "=" if word == "in" else word
            shown_value = _shown_value(value) if word == "in" else str(value)
            parts.append(f"{heading} {sign} {shown_value}")
    return message(" and ").join(parts)


def _is_identifier(context: Context, heading: str) -> bool:
    spec = context.settings.table("subjects").get("columns", {}).get("subject_id", "subject_id")
    return heading in (spec, context.id_spec, "USUBJID", "SUBJID", "subject_id")


def _shown_value(value: object) -> str:
    if isinstance(value, list):
        return message(" or ").join(_shown_value(one) for one in value[:_LISTED])
    text = str(value).lower() if isinstance(value, bool) else cell_text(value)
    return repr(text) if text else message("blank")


def values_held(cells: Iterable[object], private: bool = False) -> str:
    """Return the values of a column with their counts, the most frequent first, cut to eight."""
    counts = Counter("" if cell is None else cell_text(cell) for cell in cells)
    if private or len(counts) > _MOST:
        return message("{n} different values", n=len(counts))
    parts = [
        message("{value} ({n})", value=shown(text) if text else message("blank"), n=n)
        for text, n in counts.most_common(_LISTED)
    ]
    if len(counts) > _LISTED:
        parts.append(message("… {n} in all", n=len(counts)))
    return message(", ").join(parts)


def report_recodes(context: Context) -> None:
    """Note the recodes that no cell has; where a column has none of them it is a problem."""
    for (table, column, _), recode in context.recodes.items():
        place = f"[{table}.values.{column}]"
        assumed = context.settings.assumed.get((table, column), frozenset())
        given = [key for key in recode.given if key not in assumed]
        unmet = [key for key in given if key not in recode.met]
        if not unmet or not (recode.held or recode.met):
            continue
        if not recode.met & set(given) and not context.settings.may_be_empty(table):
            what = message(
                "none of the values that {place} recodes is there. The column has: {values}.",
                place=place,
                values=_held(recode.held, _is_identifier(context, recode.heading)),
            )
            remedy = message(
                "Correct them, delete them, or say [{table}] may_be_empty = true.", table=table
            )
            context.problems.append(Problem(what, recode.sheet, None, recode.heading, remedy))
        else:
            note = message(
                "{sheet}: {place}: no cell is {values}.",
                sheet=recode.sheet,
                place=place,
                values=message(", ").join(map(repr, unmet[:_LISTED])),
            )
            context.notes += [note] if note not in context.notes else []


def _held(held: Mapping[str, int], private: bool) -> str:
    return values_held([text for text, n in held.items() for _ in range(n)], private)


def unusable(context: Context, sheet: Sheet, heading: str, found: list[str]) -> None:
    """Note a heading of the mapping that the sheet has not, or has several times."""
    several = found or [h for h in sheet.frame.columns if is_numbered(h, heading)]
    if several:
        what = message("the heading {heading!r} stands {n} times.", heading=heading, n=len(several))
        remedy = message(
            "Rename one of them, or name the one that is meant by its place from the left:"
            " {first} or {second}.",
            first=toml_text(f"{heading}#1"),
            second=toml_text(f"{heading}#2"),
        )
    else:
        headings = list(sheet.frame.columns)
        near = nearest(heading, headings, 0.7)
        what = message("has no heading {heading!r}, which the mapping names.", heading=heading)
        remedy = message("It has: {headings}.", headings=has_names(headings))
        if near:
            remedy = message(
                "The nearest is {near!r}. It has: {headings}.",
                near=near,
                headings=has_names(headings),
            )
    problem = Problem(what, sheet.name, remedy=remedy)
    context.absent.add(heading)
    if problem not in context.problems:
        context.problems.append(problem)
