"""What tables of counts must be."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from carstats.errors import CarstatsError, listed
from carstats.messages import message

_OPTIONAL = frozenset({"entry_time", "reached", "infused", "early", "cause"})
_OWN = frozenset(
    {"n", "endpoint", "term", "applies", "entry_time", "time", "status", "cause", "reached",
     "infused", "response", "early", "grade", "open"}
)  # fmt: skip
STATUSES = ("censored", "event", "competing")


def check_names(by: Iterable[str]) -> None:
    """Refuse strata that are called as a column of the counts is."""
    for column in by:
        if column in _OWN:
            raise CarstatsError(
                message(
                    "`by` names {column}, which counts have a column of their own for; rename it.",
                    column=repr(column),
                )
            )


def checked(name: str, frame: pd.DataFrame, by: tuple[str, ...], columns: tuple[str, ...]):
    """Return a table of counts with its columns in order; raise where it cannot be one."""
    lacking = [c for c in (*by, *columns) if c not in frame and c not in _OPTIONAL]
    if lacking:
        raise CarstatsError(
            message(
                "`{table}` of the counts has no column {columns}.",
                table=name,
                columns=listed(lacking, 20),
            )
        )
    frame = frame[[*by, *(c for c in columns if c in frame)]].reset_index(drop=True)
    n = numbers(name, "n", frame["n"])
    if np.isnan(n).any() or (n < 0).any() or (n != np.floor(n)).any():
        wrong = frame["n"][np.isnan(n) | (n < 0) | (n != np.floor(n))].iloc[0]
        raise CarstatsError(
            message(
                "`{table}` of the counts holds {value} in `n`; a count is a whole number from 0.",
                table=name,
                value=said(wrong),
            )
        )
    frame["n"] = n.astype(int)
    for column in by:
        if frame[column].isna().any():
            raise CarstatsError(
                message(
                    "`{column}` is missing in `{table}` of the counts. Give these subjects a "
                    "level, or leave them out.",
                    column=column,
                    table=name,
                )
            )
    if name == "times":
        _check_times(frame)
    if name == "responses":
        response = numbers(name, "response", frame["response"])
        _refuse(
            name, "response", frame["response"], ~np.isnan(response) & ~np.isin(response, (0, 1))
        )
        frame["response"] = response
    if name == "toxicities":
        grade = numbers(name, "grade", frame["grade"])
        _refuse(name, "grade", frame["grade"], ~np.isin(grade, range(6)))
        frame["grade"], frame["open"] = grade, frame["open"].astype(bool)
    if "applies" in frame:
        frame["applies"] = frame["applies"].astype(bool)
    return frame


def _check_times(frame: pd.DataFrame) -> None:
    time, status = numbers("times", "time", frame["time"]), frame["status"]
    frame["time"] = time
    if "cause" not in frame:
        frame.insert(frame.columns.get_loc("status") + 1, "cause", None)
    _refuse("times", "time", frame["time"], (time < 0) | np.isinf(time))
    _refuse("times", "status", status, status.notna() & ~status.isin(STATUSES))
    _refuse("times", "status", status, status.isna() != np.isnan(time))


def _refuse(table: str, column: str, values: pd.Series, wrong) -> None:
    wrong = np.asarray(wrong, bool)
    if wrong.any():
        raise CarstatsError(
            message(
                "`{table}` of the counts holds {value} in `{column}`, which is not allowed there.",
                table=table,
                value=said(values[wrong].iloc[0]),
                column=column,
            )
        )


def said(value: object) -> str:
    """Return a value of a table as a message shows it."""
    return repr(value.item() if isinstance(value, np.generic) else value)


def numbers(table: str, column: str, values: pd.Series) -> np.ndarray:
    """Return a column as numbers; raise where it holds something else as well."""
    found = pd.to_numeric(values, errors="coerce")
    wrong = found.isna() & values.notna()
    if wrong.any():
        raise CarstatsError(
            message(
                "`{column}` of {table} holds {value}, which is no number.",
                column=column,
                table=table,
                value=said(values[wrong].iloc[0]),
            )
        )
    return found.to_numpy(float)
