"""Tables where they are: read by DuckDB, or by any engine through Ibis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from carstats.counts.faults import faults
from carstats.errors import CarstatsError, listed
from carstats.messages import message

_FILES = (".parquet", ".csv", ".tsv")
_DATABASES = (".duckdb", ".db", ".ddb")
# Types of DuckDB by their ids, and what Ibis calls those that users meet in messages.
_NUMBERS = frozenset(
    {"tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger",
     "ubigint", "uhugeint", "decimal", "double", "float", "boolean", "null", "sqlnull"}
)  # fmt: skip
_NO_CATEGORIES = (
    "double",
    "float",
    "date",
    "time",
    "list",
    "array",
    "struct",
    "map",
    "union",
    "blob",
    "bit",
)
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
    is_text : bool
        Whether it holds text.
    """

    kind: str
    is_number: bool
    is_category: bool
    is_text: bool


@dataclass(frozen=True)
class Rows:
    """A table of a row per subject, which is counted where it is.

    Attributes
    ----------
    columns : dict of str to Column
        Its columns in order.
    table : duckdb.DuckDBPyRelation or ibis.expr.types.Table
        The table itself.
    place : str
        What messages call it.
    files : tuple of str
        The files that it is read from.
    """

    columns: Mapping[str, Column]
    table: Any
    place: str
    files: tuple[str, ...] = ()

    def counted(self, keys: Mapping[str, str]) -> pd.DataFrame:
        """Count the rows of each combination of the columns that `keys` names, by new names.

        It is the only pass over the rows: what they must not hold is seen in the groups.
        """
        if _of_ibis(self.table):
            return _counted_by_ibis(self.table, keys)
        chosen = [f"{_quoted(column)} as {_quoted(name)}" for name, column in keys.items()]
        with faults():
            return self.table.aggregate(", ".join([*chosen, "count(*) as n"])).df()

    def different(self, column: str) -> tuple[int, int]:
        """Return the number of rows and of the different values of a column."""
        if _of_ibis(self.table):
            with faults(engine=_engine(self.table)):
                values = self.table[column]
                found = self.table.aggregate(n=self.table.count(), k=values.nunique()).execute()
        else:
            with faults():
                column = _quoted(column)
                found = self.table.aggregate(f"count(*) as n, count(distinct {column}) as k").df()
        return int(found["n"].iloc[0]), int(found["k"].iloc[0])


def opened(source: Any, table: str | None) -> Rows:
    """Return a source as the rows of a table."""
    if not isinstance(source, str | Path):
        return _of_object(source, table)
    if "://" in str(source):
        raise CarstatsError(
            message(
                "`source` is an address, not the path of a file. Give a table of it through Ibis, "
                "such as ibis.connect(address).table(name)."
            )
        )
    path, files = Path(source), [str(file) for file in files_of(source)]
    suffix = Path(files[0]).suffix.lower()
    engine = _duckdb()
    if suffix in _DATABASES:
        with faults(path):
            connection = engine.connect(files[0], read_only=True)
        return _of_database(connection, table, str(path))
    with faults(path):
        if suffix == ".parquet":
            read = _quiet(engine).read_parquet(files)
        else:
            # All rows say what a column holds: a word far down is no surprise later.
            read = _quiet(engine).read_csv(files, sample_size=-1)
        return replace(_by_duckdb(read, str(path)), files=tuple(files))


def files_of(source: str | Path) -> list[Path]:
    """Return the files of a path, a pattern or a folder, which are of one kind."""
    path = Path(source)
    if path.is_dir():
        there = sorted(file for file in path.iterdir() if file.suffix.lower() in _FILES)
        if not there:
            raise CarstatsError(
                message(
                    "`source`: the folder {path} has no Parquet (.parquet) and no CSV (.csv) file.",
                    path=str(path),
                )
            )
    elif any(sign in path.name for sign in "*?["):
        there = sorted(path.parent.glob(path.name))
    else:
        there = [path] if path.exists() else []
    if not there:
        raise CarstatsError(message("`source`: there is no file {path}.", path=str(path)))
    kinds = sorted({file.suffix.lower() for file in there})
    wrong = [file for file in there if file.suffix.lower() not in (*_FILES, *_DATABASES)]
    if wrong:
        raise CarstatsError(
            message(
                "`source`: {path} is no Parquet (.parquet), CSV (.csv) or DuckDB (.duckdb) file.",
                path=str(wrong[0]),
            )
        )
    if len(kinds) > 1 or (len(there) > 1 and kinds[0] in _DATABASES):
        raise CarstatsError(
            message(
                "`source`: {path} is {n} files of the kinds {kinds}. Name those of one kind by a "
                "pattern, such as 'folder/*.parquet'; or one database.",
                path=str(path),
                n=len(there),
                kinds=listed(kinds),
            )
        )
    empty = [file for file in there if not file.stat().st_size]
    if empty:
        raise CarstatsError(
            message("`source`: {path} is empty: not a single character.", path=str(empty[0]))
        )
    return there


def _of_object(source: Any, table: str | None) -> Rows:
    """Return the rows of an open connection of DuckDB or of a table of Ibis."""
    kind = type(source).__module__.split(".")[0]
    if kind == "ibis" and hasattr(source, "schema") and hasattr(source, "aggregate"):
        return _by_ibis(source)
    if kind in ("duckdb", "_duckdb") and hasattr(source, "execute") and hasattr(source, "cursor"):
        return _of_database(source, table)
    raise CarstatsError(
        message(
            "`source` is {kind}; it takes a Cohort, the path of a Parquet, CSV or DuckDB file, a "
            "DuckDB connection, or an Ibis table. A data frame in memory becomes a Cohort with "
            "cohort_from_frame(frame, …); of another engine, or its data frame, give "
            "ibis.postgres.connect(…).table(name), ibis.pyspark.connect(session).table(name) and "
            "the like.",
            kind=type(source).__name__,
        )
    )


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


def _of_database(connection: Any, table: str | None, path: str = "") -> Rows:
    with faults(path):
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
    with faults(path):
        return _by_duckdb(connection.sql(f"from {_quoted(table)}"), table)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _by_duckdb(table: Any, place: str) -> Rows:
    columns = {}
    for name, kind in zip(table.columns, table.types, strict=True):
        words = str(kind)
        columns[name] = Column(
            _NAMES.get(words, words.lower()),
            kind.id in _NUMBERS,
            not kind.id.startswith(_NO_CATEGORIES),
            kind.id in ("varchar", "enum"),
        )
    return Rows(columns, table, place)


def _by_ibis(table: Any) -> Rows:
    return Rows(
        {
            name: Column(
                str(kind),
                kind.is_numeric() or kind.is_boolean() or kind.is_null(),
                not (kind.is_floating() or kind.is_temporal() or kind.is_nested())
                and not kind.is_binary(),
                kind.is_string(),
            )
            for name, kind in table.schema().items()
        },
        table,
        getattr(table.op(), "name", None) or message("the table"),
    )


def _of_ibis(table: Any) -> bool:
    return type(table).__module__.startswith("ibis")


def _counted_by_ibis(table: Any, keys: Mapping[str, str]) -> pd.DataFrame:
    chosen = table.select(**{name: table[column] for name, column in keys.items()})
    with faults(engine=_engine(table)):
        return chosen.group_by(list(keys)).aggregate(n=chosen.count()).execute()


def _engine(table: Any) -> str:
    """Return the name of the engine that a table of Ibis is in."""
    with faults():
        return table.get_backend().name
