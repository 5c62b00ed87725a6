"""Tables where they are: read by DuckDB, or by any engine through Ibis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from carstats.errors import CarstatsError, listed
from carstats.messages import message

_DATABASES = (".duckdb", ".db", ".ddb")
# Types of DuckDB by their ids, and what Ibis calls those that users meet in messages.
_NUMBERS = frozenset(
    {"tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger",
     "ubigint", "uhugeint", "decimal", "double", "float", "boolean", "null", "sqlnull"}
)  # fmt: skip
_NO_CATEGORIES = ("double", "float", "date", "time", "list", "array", "struct", "map", "union")
_NAMES = {"VARCHAR": "string", "DOUBLE": "float64", "FLOAT": "float32"}


@dataclass(frozen=True)
class Column:
    """What a column of a table holds.

    Attributes
    ----------
    kind : str
        Its type, as a message names it.
    is_number : bool
        Whether it holds numbers, or yes and no, or nothing.
    is_category : bool
        Whether its values may be strata: no measurement, date or list.
    """

    kind: str
    is_number: bool
    is_category: bool


@dataclass(frozen=True)
class Rows:
    """A table of a row per subject, which is counted where it is.

    Attributes
    ----------
    columns : dict of str to Column
        Its columns in order.
    table : duckdb.DuckDBPyRelation or ibis.expr.types.Table
        The table itself.
    """

    columns: Mapping[str, Column]
    table: Any

    def counted(self, keys: Mapping[str, str]) -> pd.DataFrame:
        """Count the rows of each combination of the columns that `keys` names, by new names.

        It is the only pass over the rows: what they must not hold is seen in the groups.
        """
        if _of_ibis(self.table):
            return _counted_by_ibis(self.table, keys)
        chosen = [f"{_quoted(column)} as {_quoted(name)}" for name, column in keys.items()]
        with _said():
            return self.table.aggregate(", ".join([*chosen, "count(*) as n"])).df()


def opened(source: Any, table: str | None) -> Rows:
    """Return a source as the rows of a table."""
    if not isinstance(source, str | Path):
        kind = type(source).__module__.split(".")[0]
        if kind == "ibis" and hasattr(source, "schema"):
            return _by_ibis(source)
        if kind in ("duckdb", "_duckdb"):
            return _of_database(source, table)
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
    engine = _duckdb()
    with _said(path):
        if suffix in _DATABASES:
            return _of_database(engine.connect(files[0], read_only=True), table)
        if suffix == ".parquet":
            return _by_duckdb(_quiet(engine).read_parquet(files))
        # All rows say what a column holds: a word far down is no surprise later.
        return _by_duckdb(_quiet(engine).read_csv(files, sample_size=-1))


def _quiet(engine: Any) -> Any:
    """Return a connection that prints no bar while it counts."""
    connection = engine.connect()
    connection.execute("set enable_progress_bar = false")
    return connection


def _duckdb() -> Any:
    """Return DuckDB; raise where it is not installed."""
    if find_spec("duckdb") is None:
        raise CarstatsError(
            message(
                "tables are counted by DuckDB, which is not installed: pip install "
                "'carstats[counts]'."
            )
        )
    import duckdb

    return duckdb


@contextmanager
def _said(path: Path | None = None) -> Iterator[None]:
    """Say in a message what DuckDB cannot do."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        why = str(error).splitlines()[0]
        raise CarstatsError(
            message("`source`: {path} cannot be read: {why}", path=str(path), why=why)
            if path
            else message("the table cannot be counted: {why}", why=why)
        ) from error


def _of_database(connection: Any, table: str | None) -> Rows:
    has = [name for (name,) in connection.sql("show tables").fetchall()]
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
    return _by_duckdb(connection.sql(f"from {_quoted(table)}"))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _by_duckdb(table: Any) -> Rows:
    columns = {}
    for name, kind in zip(table.columns, table.types, strict=True):
        words = str(kind)
        columns[name] = Column(
            _NAMES.get(words, words.lower()),
            kind.id in _NUMBERS,
            not kind.id.startswith(_NO_CATEGORIES),
        )
    return Rows(columns, table)


def _by_ibis(table: Any) -> Rows:
    return Rows(
        {
            name: Column(
                str(kind),
                kind.is_numeric() or kind.is_boolean() or kind.is_null(),
                not (kind.is_floating() or kind.is_temporal() or kind.is_nested()),
            )
            for name, kind in table.schema().items()
        },
        table,
    )


def _of_ibis(table: Any) -> bool:
    return type(table).__module__.startswith("ibis")


def _counted_by_ibis(table: Any, keys: Mapping[str, str]) -> pd.DataFrame:
    import ibis

    chosen = table.select(**{name: table[column] for name, column in keys.items()})
    expression = chosen.group_by(list(keys)).aggregate(n=chosen.count())
    engine = expression.get_backend()
    if engine.name != "duckdb":
        return expression.execute()
    with _said():
        return engine.raw_sql(str(ibis.to_sql(expression, dialect="duckdb"))).df()
