"""What the columns of a table may hold, said of its own file and columns; in Python's own types."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carstats.counts.checks import said
from carstats.counts.engines import Rows
from carstats.errors import Problem
from carstats.messages import message, message_n

# What says in a column of causes that there was none.
_NONE = frozenset({"0", "0.0", "false", "no", "none", "na", "n/a", "nan", "null", "-", "."})
# The columns of an outcome that hold numbers.
NUMBERS = frozenset({"time", "low", "entry", "response", "grade"})
_STATUS = {
    "0": "censored", "1": "event", "false": "censored", "true": "event",
    "censored": "censored", "event": "event", "competing": "competing",
}  # fmt: skip


def levels_of(values: pd.Series) -> pd.Series:
    """Return a column of any engine in Python's own types: whole numbers, booleans, text.

    One engine returns a whole number as a decimal, another as a float, a third as an object.
    """
    places, found = pd.factorize(values)
    plain = pd.Series([*map(_plain, found), None], dtype=object)
    return plain.iloc[places].set_axis(values.index)


def _plain(value: object) -> object:
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, float | Decimal) and value == value // 1:
        return int(value)
    return value


def numbers_of(values: pd.Series) -> NDArray[np.float64]:
    """Return a column of numbers, decimals or booleans as floats; blank or no number is NaN."""
    found = pd.to_numeric(values, errors="coerce")
    return found.astype("Float64").to_numpy(float, na_value=np.nan)


def is_blank(values: pd.Series) -> pd.Series:
    """Return where there is no value, or an empty text."""
    return values.isna() | values.map(lambda value: isinstance(value, str) and not value.strip())


def not_numbers(rows: Rows, column: str) -> Problem | None:
    """Say of a column that is to hold numbers what it holds instead; nothing where it is blank."""
    what = rows.columns[column]
    if not what.is_text:
        return Problem(
            message("is of type {kind} and holds no numbers.", kind=what.kind),
            rows.place,
            column=column,
            remedy=message(
                "A time is a number of days from the start: subtract the day of the start from a "
                "date."
            ),
        )
    found = rows.counted({"value": column})["value"].dropna().map(str)
    if found.empty:
        return None
    words = found[pd.to_numeric(found, errors="coerce").isna()]
    if len(words):
        return no_number(rows.place, column, min(words))
    return Problem(
        message("is text and not numbers: {value}.", value=said(min(found))),
        rows.place,
        column=column,
        remedy=message("Store it as numbers; in a database: CAST({column} AS DOUBLE PRECISION).",
                       column=column),
    )  # fmt: skip


def no_number(place: str, column: str, value: object) -> Problem:
    """Say that a column holds something else among its numbers."""
    return Problem(
        message("holds {value}, which is no number.", value=said(value)),
        place,
        column=column,
        remedy=message("Correct it; leave the cell blank where the number is not known."),
    )


def blank_strata(place: str, column: str, n: int, total: int) -> Problem:
    """Say that subjects are of no stratum."""
    return Problem(
        message("is blank for {n} of {total} subjects.", n=n, total=total),
        place,
        column=column,
        remedy=message("Give them a level, such as 'unknown', or leave them out of the table."),
    )


def statuses(values: pd.Series, cause: pd.Series | None) -> tuple[pd.Series, pd.Series]:
    """Return the status of each group, and where it is none that is known.

    A cause that is given beside 0 or False is that of a competing event.
    """
    text = values.map(lambda value: str(value).strip().casefold(), na_action="ignore")
    # Beside words a file's numbers are text, such as "0.0".
    text = text.where(text != "").str.replace(r"^([01])\.0+$", r"\1", regex=True)
    status = text.map(_STATUS).astype(object)
    status = status.where(status.notna(), None)
    if cause is not None:
        status = status.mask(text.isin(["0", "false"]) & ~is_blank(cause), "competing")
    return status, text.notna() & status.isna()


def time_problems(
    place: str, columns: Mapping[str, str], found: pd.DataFrame, status: pd.Series, wrong: pd.Series
) -> list[Problem]:
    """Return what is wrong with the groups of a time-to-event endpoint."""
    time = found["time"]
    entry = found["entry"] if "entry" in found else pd.Series(np.nan, found.index)
    low = found["low"] if "low" in found else pd.Series(np.nan, found.index)
    days = message("A time is a number of days from 0. Correct it, or leave the row out.")
    lacks = [
        (wrong, "status", "status",
         message("A status is 0 or 1, False or True, or 'censored', 'event' or 'competing'; blank "
                 "where the time is blank too.")),
        ((time < 0) | np.isinf(time), "time", "time", days),
        (np.isinf(entry), "entry", "entry", days),
        ((low < 0) | np.isinf(low) | (low > time), "low", "low",
         message("It is the last day on which a subject was seen free of the event: from 0, and "
                 "not after the time.")),
    ]  # fmt: skip
    problems = [
        refused(place, columns[part], found[name][where], remedy)
        for where, part, name, remedy in lacks
        if where.any()
    ]
    for where, one, other in (
        (status.notna() & time.isna(), "time", "status"),
        (time.notna() & status.isna() & ~wrong, "status", "time"),
    ):
        if where.any():
            problems.append(
                Problem(
                    message_n("is blank for {n} subject whose {other} is {value}.",
                              "is blank for {n} subjects whose {other} is given, such as {value}.",
                              int(found["n"][where].sum()), other=f"`{columns[other]}`",
                              value=said(found[other][where].iloc[0])),
                    place, column=columns[one],
                    remedy=message("Give both, or leave both blank: there is then no record."),
                )
            )  # fmt: skip
    late = entry >= time
    if late.any():
        problems.append(
            Problem(
                message("holds {value}, not before the time {time}.",
                        value=said(entry[late].iloc[0]), time=said(time[late].iloc[0])),
                place, column=columns["entry"],
                remedy=message("Who entered at or after the end was never observed: leave the row "
                               "out."),
            )
        )  # fmt: skip
    return problems


def cause_problems(
    place: str, columns: Mapping[str, str], found: pd.DataFrame, status: pd.Series
) -> list[Problem]:
    """Return what is wrong with the causes: one that says none would be a competing event."""
    cause = found["cause"].map(lambda value: str(value).strip().casefold(), na_action="ignore")
    wrong = (status == "competing") & cause.isin(_NONE)
    remedy = message("A cause is that of a competing event: leave it blank where there was none.")
    return [refused(place, columns["cause"], found["cause"][wrong], remedy)] if wrong.any() else []


def refused(place: str, column: str, values: pd.Series, remedy: str) -> Problem:
    """Say the first of some values that are not allowed."""
    return Problem(
        message("holds {value}.", value=said(values.iloc[0])), place, column=column, remedy=remedy
    )


def response_problems(place: str, column: str, values: pd.Series) -> list[Problem]:
    """Return what is wrong with the groups of a response."""
    wrong = values.notna() & ~values.isin((0, 1))
    remedy = message("A response is 0 or 1, False or True, or blank where it was not evaluable.")
    return [refused(place, column, values[wrong], remedy)] if wrong.any() else []


def grade_problems(place: str, column: str, values: pd.Series) -> list[Problem]:
    """Return what is wrong with the groups of a toxicity."""
    # An episode whose grade is not known cannot be told from none here.
    if values.isna().any():
        remedy = message("Give 0 where there was no episode, and the grade where there was one.")
        return [Problem(message("is blank in some rows."), place, column=column, remedy=remedy)]
    wrong = ~values.isin(range(6))
    remedy = message("A grade is a whole number from 0, no episode, to 5.")
    return [refused(place, column, values[wrong], remedy)] if wrong.any() else []
