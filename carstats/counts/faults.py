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
    "polars": (("polars.exceptions", "PolarsError"),),
    "postgres": (("psycopg", "Error"),),
    "pyspark": (("pyspark.errors", "PySparkException"), ("py4j.protocol", "Py4JError")),
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
        why = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise CarstatsError(
            message("`source`: {path} cannot be read: {why}", path=str(path), why=why)
            if path
            else message("the table cannot be counted: {why}", why=why)
        ) from error
