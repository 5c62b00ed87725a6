"""Tables of a row per subject, counted where they are: by DuckDB, or by any engine through Ibis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from carstats.counts.checks import check_names, said
from carstats.counts.counted import Counts
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
_DATABASES = (".duckdb", ".db", ".ddb")


def counts_of_table(
    source: Any, endpoints: Any, by: str | Iterable[str] | None, *, table: str | None, label: str
) -> Counts:
    """Count the rows of a table, each a subject, where the table is."""
    asked = _asked(endpoints)
    rows = opened(source, table)
    by = [] if by is None else [by] if isinstance(by, str) else list(by)
    check_names(by)
    _require_columns(rows, "by", by)
    _require_plain(rows, by)
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


def opened(source: Any, table: str | None) -> Any:
    """Return a source as an Ibis table."""
    if not isinstance(source, str | Path):
        kind = type(source).__module__.split(".")[0]
        if kind == "ibis" and hasattr(source, "schema"):
            return source
        if kind in ("duckdb", "_duckdb"):
            return _of_database(_duckdb().from_connection(source), table)
        raise CarstatsError(
            message(
                "`source` is {kind}; it takes a Cohort, the path of a Parquet, CSV or DuckDB file, "
                "a DuckDB connection, or an Ibis table.",
                kind=type(source).__name__,
            )
        )
    path = Path(source)
    pattern = any(sign in path.name for sign in "*?[")
    there = sorted(path.parent.glob(path.name)) if pattern else [path] if path.exists() else []
    if path.is_dir():
        there = sorted(path.glob("*.parquet")) or sorted(path.glob("*.csv"))
    if not there:
        raise CarstatsError(message("`source`: there is no file {path}.", path=str(path)))
    suffix = there[0].suffix.lower()
    files = [str(file) for file in there]
    if suffix not in (".parquet", ".csv", ".tsv", *_DATABASES):
        raise CarstatsError(
            message(
                "`source`: {path} is no Parquet (.parquet), CSV (.csv) or DuckDB (.duckdb) file.",
                path=str(path),
            )
        )
    engine, fault = _duckdb(), _duckdb_error()
    try:
        if suffix in _DATABASES:
            return _of_database(engine.connect(files[0], read_only=True), table)
        if suffix == ".parquet":
            return engine.connect().read_parquet(files)
        # All rows say what a column holds: a word far down is no surprise later.
        return engine.connect().read_csv(files, sample_size=-1)
    except fault as error:
        raise CarstatsError(
            message(
                "`source`: {path} cannot be read: {why}",
                path=str(path),
                why=str(error).splitlines()[0],
            )
        ) from error


def _duckdb() -> Any:
    """Return Ibis's DuckDB; raise where it is not installed."""
    lacking = [name for name in ("ibis", "duckdb") if find_spec(name) is None]
    if lacking:
        raise CarstatsError(
            message(
                "tables are counted by DuckDB through Ibis, and {names} is not installed: pip "
                "install 'carstats[counts]'.",
                names=listed(lacking),
            )
        )
    import ibis

    return ibis.duckdb


def _duckdb_error() -> type[BaseException]:
    import duckdb

    return duckdb.Error


def _of_database(connection: Any, table: str | None) -> Any:
    has = list(connection.raw_sql("show tables").df()["name"])
    if table is None and len(has) == 1:
        table = has[0]
    if table not in has:
        raise CarstatsError(
            message(
                "`table` is {table}; the database has: {known}.",
                table=repr(table),
                known=listed(sorted(has), 40) if has else message("none"),
            )
        )
    return connection.table(table)


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


def _require_columns(rows: Any, what: str, columns: Iterable[str]) -> None:
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


def _require_plain(rows: Any, by: list[str]) -> None:
    """Refuse a stratum that is a measurement, a date or has no value for a subject."""
    for column in by:
        kind = rows[column].type()
        if kind.is_floating() or kind.is_temporal() or kind.is_nested():
            raise CarstatsError(
                message(
                    "`by` names {column}, which is of type {kind}; a stratum is a category.",
                    column=repr(column),
                    kind=str(kind),
                )
            )


def _number(rows: Any, column: str) -> Any:
    """Return a column of numbers; raise where it holds anything else."""
    kind = rows[column].type()
    if not (kind.is_numeric() or kind.is_boolean() or kind.is_null()):
        raise CarstatsError(
            message(
                "{column} is of type {kind} and not a number: some of its values are not numbers.",
                column=repr(column),
                kind=str(kind),
            )
        )
    return rows[column]


def _grouped(rows: Any, by: list[str], values: dict[str, Any]) -> pd.DataFrame:
    """Count the rows of each combination, where the table is."""
    keys = {f"k{place}": rows[column] for place, column in enumerate(by)}
    keys |= {f"v{place}": value for place, value in enumerate(values.values())}
    chosen = rows.select(**keys)
    found = _fetched(chosen.group_by(list(keys)).aggregate(n=chosen.count()))
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


def _fetched(expression: Any) -> pd.DataFrame:
    """Run an expression where the data are, and return the counts that come of it."""
    import ibis

    engine = expression.get_backend()
    if engine.name != "duckdb":
        return expression.execute()
    fault = _duckdb_error()
    try:
        return engine.raw_sql(str(ibis.to_sql(expression, dialect="duckdb"))).df()
    except fault as error:
        why = str(error).splitlines()[0]
        raise CarstatsError(message("the table cannot be counted: {why}", why=why)) from error


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


def _times(rows: Any, name: str, columns: dict[str, str], by: list[str]) -> pd.DataFrame:
    values = {"time": _number(rows, columns["time"]), "status": rows[columns["status"]]}
    if "cause" in columns:
        values["cause"] = rows[columns["cause"]]
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


def _responses(rows: Any, name: str, columns: dict[str, str], by: list[str]) -> pd.DataFrame:
    found = _grouped(rows, by, {"response": _number(rows, columns["response"])})
    return found.assign(endpoint=name, applies=True, early=False)


def _toxicities(rows: Any, name: str, columns: dict[str, str], by: list[str]) -> pd.DataFrame:
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
