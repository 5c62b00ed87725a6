"""Tables of a row per subject, counted where they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from carstats.counts.checks import check_names, said
from carstats.counts.counted import Counts
from carstats.counts.engines import Rows, opened
from carstats.data.matching import nearest
from carstats.data.terms import Term
from carstats.data.vocabulary import Vocabulary
from carstats.errors import CarstatsError, listed
from carstats.messages import message

# What the columns of an endpoint say, by the one that tells its kind; the others are optional.
_PARTS = {
    "time": ("time", "status", "cause", "entry"),
    "response": ("response",),
    "grade": ("grade",),
}
_STATUS = {
    "0": "censored", "1": "event", "false": "censored", "true": "event",
    "censored": "censored", "event": "event", "competing": "competing",
}  # fmt: skip
_NUMBERS = frozenset({"time", "entry_time", "response", "grade"})


def counts_of_table(
    source: Any, endpoints: Any, by: str | Iterable[str] | None, *, table: str | None, label: str
) -> Counts:
    """Count the rows of a table, each a subject, where the table is."""
    asked = _asked(endpoints)
    rows = opened(source, table)
    by = [] if by is None else [by] if isinstance(by, str) else list(by)
    check_names(by)
    _require_columns(rows, "by", by)
    _require_categories(rows, by)
    for name, columns in asked.items():
        _require_columns(rows, name, columns.values())
    found: dict[str, list[pd.DataFrame]] = {}
    terms: dict[str, list[Term]] = {"endpoint": [], "toxicity": []}
    for name, columns in asked.items():
        kind = next(part for part in _PARTS if part in columns)
        known = _named(name, kind, terms)
        made = {"time": _times, "response": _responses, "grade": _toxicities}[kind]
        where = {"time": "times", "response": "responses", "grade": "toxicities"}[kind]
        found.setdefault(where, []).append(made(rows, known, columns, by))
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
        if unknown or not kinds or (kinds == ["time"] and "status" not in columns):
            raise CarstatsError(
                message(
                    "`endpoints`: {name} has {given}. It takes time and status (with cause and "
                    "entry), or response, or grade.",
                    name=repr(name),
                    given=listed(list(columns)) if columns else message("none"),
                )
            )
    return {str(name): dict(columns) for name, columns in endpoints.items()}


def _require_columns(rows: Rows, what: str, columns: Iterable[str]) -> None:
    has = list(rows.columns)
    for column in columns:
        if column not in has:
            like = nearest(str(column), has)
            raise CarstatsError(
                message(
                    "{what} names {column}, not in the table; {like} is. It has: {has}.",
                    what=repr(what), column=repr(column), like=repr(like), has=listed(has, 40),
                )
                if like
                else message(
                    "{what} names {column}, not in the table. It has: {has}.",
                    what=repr(what), column=repr(column), has=listed(has, 40),
                )
            )  # fmt: skip


def _require_categories(rows: Rows, by: list[str]) -> None:
    """Refuse a stratum that is a measurement, a date or has no value for a subject."""
    for column in by:
        if not rows.columns[column].is_category:
            raise CarstatsError(
                message(
                    "`by` names {column}, which is of type {kind}; a stratum is a category.",
                    column=repr(column),
                    kind=rows.columns[column].kind,
                )
            )


def _number(rows: Rows, column: str) -> str:
    """Return the name of a column of numbers; raise where it holds anything else."""
    if not rows.columns[column].is_number:
        raise CarstatsError(
            message(
                "{column} is of type {kind} and not a number: some of its values are not numbers.",
                column=repr(column),
                kind=rows.columns[column].kind,
            )
        )
    return column


def _grouped(rows: Rows, by: list[str], values: dict[str, str]) -> pd.DataFrame:
    """Count the rows of each combination of the strata and of columns by their names in counts."""
    found = rows.counted({f"k{i}": column for i, column in enumerate([*by, *values.values()])})
    found.columns = [*by, *values, "n"]
    # Numbers become those of Python here: an engine groups whole numbers faster than others.
    for name in set(values) & _NUMBERS:
        found[name] = found[name].astype("Float64").to_numpy(float, na_value=np.nan)
    # An engine gives groups in no order.
    return found.sort_values([*by, *values], ignore_index=True)


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
    values = {"time": _number(rows, columns["time"]), "status": columns["status"]}
    if "cause" in columns:
        values["cause"] = columns["cause"]
    if "entry" in columns:
        values["entry_time"] = _number(rows, columns["entry"])
    found = _grouped(rows, by, values)
    found["status"] = _statuses(found["status"], columns["status"])
    if "cause" in found:
        rival = found["status"] == "competing"
        found["cause"] = found["cause"].astype(object).where(rival, None)
    return found.assign(endpoint=name, applies=True)


def _statuses(values: pd.Series, column: str) -> pd.Series:
    text = values.map(lambda v: str(int(v)) if isinstance(v, float) and v == int(v) else str(v))
    text = text.where(values.notna(), None).str.strip().str.casefold()
    status = text.map(_STATUS)
    wrong = values.notna() & status.isna()
    if wrong.any():
        raise CarstatsError(
            message(
                "{column} holds {value}; a status is 0 or 1, False or True, or 'censored', 'event' "
                "or 'competing'.",
                column=repr(column),
                value=said(values[wrong].iloc[0]),
            )
        )
    return status.astype(object).where(status.notna(), None)


def _responses(rows: Rows, name: str, columns: dict[str, str], by: list[str]) -> pd.DataFrame:
    found = _grouped(rows, by, {"response": _number(rows, columns["response"])})
    return found.assign(endpoint=name, applies=True, early=False)


def _toxicities(rows: Rows, name: str, columns: dict[str, str], by: list[str]) -> pd.DataFrame:
    found = _grouped(rows, by, {"grade": _number(rows, columns["grade"])})
    # An episode whose grade is not known cannot be told from none here.
    if found["grade"].isna().any():
        raise CarstatsError(
            message(
                "{column} is blank in some rows: give 0 where there was no episode.",
                column=repr(columns["grade"]),
            )
        )
    return found.assign(term=name, applies=True, open=False)
