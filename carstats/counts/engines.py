"""Tables where they are: read by DuckDB, or by any engine through Ibis."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from glob import escape, glob, has_magic
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pandas as pd

from carstats.counts.faults import faults
from carstats.errors import CarstatsError, listed
from carstats.messages import message

_FILES = (".parquet", ".csv", ".tsv")
_DATABASES = (".duckdb", ".db", ".ddb")
# How a database of SQLite begins.
_SQLITE = b"SQLite format 3\0"
# The libraries of frames and tables in memory.
_IN_MEMORY = ("pandas", "polars", "pyarrow")
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
    parts : tuple of Rows
        Of several files each by itself.
    """

    columns: Mapping[str, Column]
    table: Any
    place: str
    files: tuple[str, ...] = ()
    parts: tuple[Rows, ...] = ()

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
    if table is not None and not _of_tables(source):
        raise CarstatsError(
            message("`table` is {table}; it names a table of a database, which `source` is not.",
                    table=repr(table))
        )  # fmt: skip
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
            connection = _quiet(engine, files[0], read_only=True)
        return _of_database(connection, table, str(path))
    with faults(path):
        connection = _quiet(engine)
        rows = replace(_by_duckdb(_read(connection, suffix, files), str(path)), files=tuple(files))
        if len(files) == 1:
            return rows
        parts = (_by_duckdb(_read(connection, suffix, [file]), file) for file in files)
        return replace(rows, parts=tuple(parts))


def _of_tables(source: Any) -> bool:
    """Return whether a source is a database."""
    if isinstance(source, str | Path):
        # What is no database for another reason is told that.
        return Path(source).suffix.lower() not in _FILES and not Path(source).is_dir()
    return hasattr(source, "cursor")


def _read(connection: Any, suffix: str, files: list[str]) -> Any:
    """Return files as one table: a column by its name, of the type that holds it in all of them."""
    # A name is a name: what is none of a pattern's signs any more was found before.
    parted = all("=" in folder for file in files for folder in Path(file).parts[-2:-1])
    how = {"union_by_name": True, "hive_partitioning": parted and len(Path(files[0]).parts) > 1}
    files = [escape(file) for file in files]
    if suffix == ".parquet":
        return connection.read_parquet(files, **how)
    # All rows say what a column holds: a word far down is no surprise later.
    return connection.read_csv(files, sample_size=-1, **how)


def files_of(source: str | Path) -> list[Path]:
    """Return the files of a path, a pattern or a folder, which are of one kind."""
    path = Path(source)
    given = bool(str(source).strip())
    with faults(path):
        there = _found(path) if given else []
    if given and not there and path.is_dir():
        raise CarstatsError(
            message(
                "`source`: the folder {path} has no Parquet (.parquet) and no CSV (.csv) file.",
                path=str(path),
            )
        )
    if not there:
        raise CarstatsError(message("`source`: there is no file {path}.", path=str(path)))
    kinds = sorted({file.suffix.lower() for file in there})
    with faults(path):
        lite = [file for file in there if _begins(file) == _SQLITE]
    if lite:
        raise CarstatsError(
            message(
                "`source`: {path} is a database of SQLite. Give a table of it through Ibis: "
                "ibis.sqlite.connect(path).table(name).",
                path=str(lite[0]),
            )
        )
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


def _begins(file: Path) -> bytes:
    """Return how a file begins."""
    if file.is_dir():
        return b""
    with file.open("rb") as opened_file:
        return opened_file.read(len(_SQLITE))


def _found(path: Path) -> list[Path]:
    """Return the files of a path, a pattern or a folder, those of its parts ``key=value`` too."""
    if path.is_dir():
        inside = [file for file in sorted(path.iterdir()) if file.name[0] not in "._"]
        files = [file for file in inside if file.suffix.lower() in _FILES and file.is_file()]
        parts = [file for file in inside if "=" in file.name and file.is_dir()]
        return files + [file for part in parts for file in _found(part)]
    if path.exists() or not has_magic(str(path)):
        return [path] if path.exists() else []
    return sorted(Path(name) for name in glob(str(path), recursive=True))


def _of_object(source: Any, table: str | None) -> Rows:
    """Return the rows of an open connection of DuckDB, a table of Ibis, or a frame in memory."""
    kind = type(source).__module__.split(".")[0]
    if kind in _IN_MEMORY:
        with faults(type(source).__name__, kind):
            table = _in_memory(source, kind)
        if table is not None:
            return _by_duckdb(table, message("the table"))
    if kind == "ibis" and hasattr(source, "schema") and hasattr(source, "aggregate"):
        return _by_ibis(source)
    if kind in ("duckdb", "_duckdb") and hasattr(source, "execute") and hasattr(source, "cursor"):
        return _of_database(source, table)
    if kind in ("duckdb", "_duckdb") and hasattr(source, "aggregate"):
        return _by_duckdb(source, message("the table"))
    raise CarstatsError(
        message(
            "`source` is {kind}; it takes a Cohort, the path of a Parquet, CSV or DuckDB file, a "
            "data frame, a DuckDB connection, or an Ibis table. Of another engine, or its data "
            "frame, give ibis.postgres.connect(…).table(name), "
            "ibis.pyspark.connect(session).table(name) and the like.",
            kind=type(source).__name__,
        )
    )


def _in_memory(source: Any, kind: str) -> Any:
    """Return a frame of pandas or Polars, or a table of Arrow, as DuckDB reads it where it is."""
    connection = _quiet(_duckdb())
    if kind == "pandas" and isinstance(source, pd.DataFrame):
        # All of a column says what it holds, as of a file.
        connection.execute(f"set pandas_analyze_sample = {len(source) + 1}")
        names = source.columns.map(str)
        if not names.is_unique:
            raise CarstatsError(
                message("`source` has the column {column} twice; rename one.",
                        column=repr(names[names.duplicated()][0]))
            )  # fmt: skip
        return connection.from_df(source.set_axis(names, axis=1))
    if kind == "polars" and hasattr(source, "lazy"):
        return connection.from_arrow(source.lazy().collect().to_arrow())
    # What is read once and then gone cannot be counted once for each endpoint.
    if kind == "pyarrow" and hasattr(source, "schema") and hasattr(source, "filter"):
        return connection.from_arrow(source)
    return None


def _quiet(engine: Any, path: str = ":memory:", **how: Any) -> Any:
    """Return a connection that prints no bar while it counts, and asks no network for anything."""
    off = {"autoinstall_known_extensions": False, "autoload_known_extensions": False}
    connection = engine.connect(path, config=off, **how)
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
