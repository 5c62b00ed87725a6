"""What an engine cannot do, as one message and not as its own traceback."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from carstats.errors import CarstatsError
from carstats.messages import message

# What the libraries of the engines raise, by their names in Ibis.
_RAISED = {
    "duckdb": (("duckdb", "Error"),),
    "pandas": (("duckdb", "Error"),),
    "pyarrow": (("duckdb", "Error"), ("pyarrow", "ArrowException")),
    "polars": (("duckdb", "Error"), ("polars.exceptions", "PolarsError")),
    "postgres": (("psycopg", "Error"),),
    # Of a session that was stopped Spark's library asks what is no longer there.
    "pyspark": (
        ("pyspark.errors", "PySparkException"),
        ("py4j.protocol", "Py4JError"),
        ("builtins", "AttributeError"),
    ),
    "sqlite": (("sqlite3", "Error"),),
}


@contextmanager
def faults(path: str | Path = "", engine: str = "duckdb") -> Iterator[None]:
    """Say in a message what an engine cannot read or count."""
    wanted = [*_RAISED.get(engine, ()), ("ibis.common.exceptions", "IbisError")]
    # An engine whose library was never imported raises nothing of it.
    known = [getattr(sys.modules[name], kind) for name, kind in wanted if name in sys.modules]
    try:
        yield
    except (*known, OSError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        if "CSV Error" in lines[0]:
            # DuckDB names the line and shows it, with whatever is in it, before it says the fault.
            lines[0] = " ".join([lines[0], *[x for x in lines[1:] if "Original Line" not in x][:1]])
        why: str = lines[0]
        if isinstance(error, AttributeError):
            why = message("Spark's session was stopped")
        elif "error occurred while calling" in why and len(lines) > 1:
            # Py4J names its own call first, and the fault in the line after it.
            why = lines[1].removeprefix(": ")
        raise CarstatsError(
            message("`source`: {path} cannot be read: {why}", path=str(path), why=why)
            if path
            else message("the table cannot be counted: {why}", why=why)
        ) from error
