"""Tables of a row per subject, counted where they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from carstats.counts.checks import check_names
from carstats.counts.counted import Counts
from carstats.counts.engines import Rows, files_of, opened
from carstats.counts.values import (
    NUMBERS,
    blank_strata,
    cause_problems,
    grade_problems,
    is_blank,
    levels_of,
    no_number,
    not_numbers,
    numbers_of,
    response_problems,
    statuses,
    time_problems,
)
from carstats.data.matching import nearest
from carstats.data.terms import Term
from carstats.data.vocabulary import Vocabulary
from carstats.errors import CarstatsError, Problem, listed
from carstats.messages import message

# What the columns of an endpoint say, by the one that tells its kind; the others are optional.
_PARTS = {
    "time": ("time", "low", "status", "cause", "entry"),
    "response": ("response",),
    "grade": ("grade",),
}


class _NoRowsError(CarstatsError):
    """A table holds nobody."""


def counts_of_table(
    source: Any,
    endpoints: Any,
    by: str | Iterable[str] | None,
    *,
    table: str | None,
    subject: str | None,
    label: str,
) -> Counts:
    """Count the rows of a table, each a subject, where the table is."""
    asked = _asked(endpoints)
    by = [] if by is None else [by] if isinstance(by, str) or not np.iterable(by) else list(by)
    check_names(by)
    try:
        return _counted(opened(source, table), asked, by, subject, label)
    except CarstatsError:
        files = []
        if isinstance(source, str | Path):
            with suppress(CarstatsError):
                files = files_of(source)
        # Of several files the one that is to blame is named.
        for file in files if len(files) > 1 else ():
            with suppress(_NoRowsError):
                _counted(opened(file, table), asked, by, subject, label)
        raise


def _counted(
    rows: Rows, asked: dict[str, dict[str, str]], by: list[str], subject: str | None, label: str
) -> Counts:
    """Count the rows of a table whose columns are first required."""
    for part in rows.parts or (rows,):
        _require_columns(part, "by", by)
        for name, columns in asked.items():
            _require_columns(part, name, columns.values())
    _require_categories(rows, by)
    for columns in asked.values():
        _require_numbers(rows, columns)
    _require_once(rows, subject)
    found: dict[str, list[pd.DataFrame]] = {}
    terms: dict[str, list[Term]] = {"endpoint": [], "toxicity": []}
    seen: set[str] = set()
    problems: list[Problem] = []
    for name, columns in asked.items():
        kind = next(part for part in _PARTS if part in columns)
        known = _named(name, kind, terms)
        if known in seen:
            raise CarstatsError(message("`endpoints` names {name} twice.", name=repr(known)))
        seen.add(known)
        made = {"time": _times, "response": _responses, "grade": _toxicities}[kind]
        where = {"time": "times", "response": "responses", "grade": "toxicities"}[kind]
        try:
            found.setdefault(where, []).append(made(rows, known, columns, by))
        except _NoRowsError:
            raise
        except CarstatsError as error:
            problems.extend(error.problems)
    if problems:
        raise CarstatsError(problems)
    vocabulary = Vocabulary()
    vocabulary = Vocabulary(
        endpoint=(*vocabulary.endpoint, *terms["endpoint"]),
        toxicity=(*vocabulary.toxicity, *terms["toxicity"]),
    )
    return Counts(
        by=tuple(by),
        # Every endpoint is counted over all rows: any of them has the subjects.
        subjects=_subjects(next(iter(found.values()))[0], by),
        **{name: pd.concat(parts, ignore_index=True) for name, parts in found.items()},
        vocabulary=vocabulary,
        label=label,
        about={"strata_only": True},
    )


def _asked(endpoints: Any) -> dict[str, dict[str, str]]:
    """Return what is counted: by name the columns, checked."""
    fine = isinstance(endpoints, Mapping) and endpoints
    if not fine or not all(isinstance(columns, Mapping) for columns in endpoints.values()):
        raise CarstatsError(
            message(
                "`endpoints` of a table names the columns of each endpoint, such as {example}.",
                example='{"relapse": {"time": "days", "status": "relapsed"}}',
            )
        )
    for name, columns in endpoints.items():
        kinds = [part for part in _PARTS if part in columns]
        allowed = _PARTS[kinds[0]] if len(kinds) == 1 else ()
        unknown = [part for part in columns if part not in allowed]
        if name is None or not str(name).strip():
            raise CarstatsError(message("`endpoints`: an endpoint has no name."))
        if unknown or not kinds or (kinds == ["time"] and "status" not in columns):
            raise CarstatsError(
                message(
                    "`endpoints`: {name} has {given}. It takes time and status (with low, cause "
                    "and entry), or response, or grade.",
                    name=repr(name),
                    given=listed(list(columns)) if columns else message("none"),
                )
            )
        named = list(map(str, columns.values()))
        twice = [column for column in named if named.count(column) > 1]
        if twice:
            raise CarstatsError(
                message(
                    "`endpoints`: {name} names {column} for two things.",
                    name=repr(name),
                    column=repr(twice[0]),
                )
            )
    return {str(name): dict(columns) for name, columns in endpoints.items()}


def _require_columns(rows: Rows, what: str, columns: Iterable[str]) -> None:
    has = list(rows.columns)
    for column in columns:
        if not isinstance(column, str) or column not in has:
            like = nearest(str(column), has)
            raise CarstatsError(
                Problem(
                    message(
                        "{what} names {column}, not in the table; {like} is. It has: {has}.",
                        what=repr(what), column=repr(column), like=repr(like), has=listed(has, 40),
                    )
                    if like
                    else message(
                        "{what} names {column}, not in the table. It has: {has}.",
                        what=repr(what), column=repr(column), has=listed(has, 40),
                    ),
                    rows.place,
                    remedy=message("It is a single column: look at its separators, and for a row "
                                   "of another length.") if rows.files and len(has) == 1 else None,
                )
            )  # fmt: skip


def _require_categories(rows: Rows, by: list[str]) -> None:
    """Refuse a stratum that is a measurement, a date or a list."""
    for column in by:
        if not rows.columns[column].is_category:
            raise CarstatsError(
                Problem(
                    message(
                        "`by` names {column}, which is of type {kind}; a stratum is a category.",
                        column=repr(column),
                        kind=rows.columns[column].kind,
                    ),
                    rows.place,
                    remedy=message("Make classes of it in the table first."),
                )
            )


def _require_once(rows: Rows, subject: str | None) -> None:
    """Refuse subjects of several rows, where a column says who they are."""
    if subject is not None:
        _require_columns(rows, "subject", [subject])
    column = "subject_id" if subject is None else subject
    if column not in rows.columns:
        return
    total, different = rows.different(column)
    if different != total:
        raise CarstatsError(
            Problem(
                message(
                    "has {n} rows and {different} different subjects; a subject has one row.",
                    n=total,
                    different=different,
                ),
                rows.place,
                column=column,
                remedy=message("Give one row for each subject, with what became of it."),
            )
        )


def _require_numbers(rows: Rows, columns: Mapping[str, str]) -> None:
    """Refuse a column of an outcome that holds anything but numbers."""
    wanted = [name for part, name in columns.items() if part in NUMBERS]
    said = [not_numbers(rows, name) for name in wanted if not rows.columns[name].is_number]
    wrong = [problem for problem in said if problem is not None]
    wrong += [
        Problem(
            message("is of type {kind}; a status and a cause are words or numbers.", kind=kind),
            rows.place,
            column=columns[part],
        )
        for part in ("status", "cause")
        if part in columns and (kind := _odd_kind(rows, columns[part]))
    ]
    if wrong:
        raise CarstatsError(wrong)


def _odd_kind(rows: Rows, column: str) -> str:
    """Return the type of a column that can hold neither words nor numbers."""
    what = rows.columns[column]
    return "" if what.is_number or what.is_category else what.kind


def _grouped(rows: Rows, by: list[str], columns: Mapping[str, str]) -> pd.DataFrame:
    """Count the rows of each combination of the strata and of an outcome's columns, in order."""
    found = rows.counted({f"k{i}": name for i, name in enumerate([*by, *columns.values()])})
    found.columns = [*by, *columns, "n"]
    found["n"] = found["n"].astype(int)
    if not found["n"].sum():
        raise _NoRowsError(Problem(message("has no rows: there is nobody to count."), rows.place))
    problems = []
    for name in by:
        found[name] = levels_of(found[name]).infer_objects()
        blank = is_blank(found[name])
        if blank.any():
            n, total = int(found["n"][blank].sum()), int(found["n"].sum())
            problems.append(blank_strata(rows.place, name, n, total))
    for part, name in columns.items():
        if part in NUMBERS:
            number = numbers_of(found[part])
            wrong = np.isnan(number) & found[part].notna()
            if wrong.any():
                problems.append(no_number(rows.place, name, found[part][wrong].iloc[0]))
            found[part] = number
        else:
            found[part] = levels_of(found[part])
    if problems:
        raise CarstatsError(problems)
    return found.sort_values([*by, *columns], ignore_index=True, key=_in_order)


def _in_order(values: pd.Series) -> pd.Series:
    """Return what an engine's groups, which come in no order, are sorted by."""
    # One engine may hold words and numbers in a column; they have no order among each other.
    mixed = pd.api.types.infer_dtype(values, skipna=True).startswith("mixed")
    return values.map(str, na_action="ignore") if mixed else values


def _subjects(counted: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return the subjects of each stratum from the counts of one endpoint."""
    if not by:
        return pd.DataFrame({"n": [int(counted["n"].sum())]})
    return counted.groupby(by, dropna=False, sort=True)["n"].sum().reset_index()


def _named(name: str, kind: str, terms: dict[str, list[Term]]) -> str:
    """Return the name as the vocabulary has it; a new one becomes a term of its own."""
    category = "toxicity" if kind == "grade" else "endpoint"
    group = {"time": "time-to-event", "response": "response", "grade": ""}[kind]
    vocabulary = Vocabulary()
    known = vocabulary.canonical(category, name)
    if known is not None and (not group or known in vocabulary.names("endpoint", group)):
        return known
    if known is not None:
        raise CarstatsError(
            message(
                "`endpoints`: {name} is an endpoint of another kind than its columns say.",
                name=repr(name),
            )
        )
    terms[category].append(Term(name, group=group))
    return name


def _times(rows: Rows, name: str, columns: dict[str, str], by: list[str]) -> pd.DataFrame:
    found = _grouped(rows, by, columns)
    cause = found.get("cause")
    status, wrong = statuses(found["status"], cause)
    problems = time_problems(rows.place, columns, found, status, wrong)
    if cause is not None:
        problems += cause_problems(rows.place, columns, found, status)
    if problems:
        raise CarstatsError(problems)
    found["status"] = status
    if cause is not None:
        found["cause"] = cause.astype(object).where(
            (status == "competing") & ~is_blank(cause), None
        )
    if "entry" in found:
        # Observed from the beginning is no delayed entry.
        entry = found["entry"].where(found["entry"] > 0)
        found = found.drop(columns="entry").assign(entry_time=entry)
    if "low" in found:
        between = (status == "event") & (found["low"] < found["time"])
        low, high = found["low"].where(between), found["time"].where(between)
        found = found.drop(columns="low").assign(time_low=low, time_high=high)
    return found.assign(endpoint=name, applies=True)


def _responses(rows: Rows, name: str, columns: dict[str, str], by: list[str]) -> pd.DataFrame:
    found = _grouped(rows, by, columns)
    problems = response_problems(rows.place, columns["response"], found["response"])
    if problems:
        raise CarstatsError(problems)
    return found.assign(endpoint=name, applies=True, early=False)


def _toxicities(rows: Rows, name: str, columns: dict[str, str], by: list[str]) -> pd.DataFrame:
    found = _grouped(rows, by, columns)
    problems = grade_problems(rows.place, columns["grade"], found["grade"])
    if problems:
        raise CarstatsError(problems)
    return found.assign(term=name, applies=True, open=False)
