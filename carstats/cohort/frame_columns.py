"""The columns of a caller's data frame: found by name, and read as times and events."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carstats.cohort.strata import listed_rows
from carstats.data.check import (
    MISSING,
    cell_text,
    is_date,
    missing_cells,
    read_flag,
    read_numbers,
)
from carstats.data.formats.day_units import named_unit, says_days
from carstats.data.matching import code_key, nearest
from carstats.data.readers.conditions import values_held
from carstats.errors import CarstatsError, listed
from carstats.messages import mark, message

_NEAR = 0.6
_STATUS = ("event", "censored")
_NO_CAUSE = ("censored", "none", "0")
_NO_NUMBER = mark(
    "`{argument}`: {name} is no number in {n} of {of} rows (rows {rows}). Correct them, or leave"
    " them out."
)
_INFINITE = mark(
    "`{argument}`: {name} is infinite in {n} of {of} rows (rows {rows}). Correct them, or leave"
    " them out."
)
_NEGATIVE = mark(
    "`{argument}`: {name} is negative in {n} of {of} rows (rows {rows}). Correct them, or leave"
    " them out."
)
_MISSING = mark(
    "`{argument}`: {name} is missing in {n} of {of} rows (rows {rows}). Leave them out before:"
    " frame.dropna(subset=[{name}])."
)


def plain_frame(given: Any) -> pd.DataFrame:
    """Return a data frame as one of pandas, its rows numbered."""
    if isinstance(given, pd.DataFrame):
        frame = given.copy()
        named = [name for name in frame.index.names if name is not None]
        frame = frame.reset_index(drop=not named)
    else:
        frame = _converted(given)
    if isinstance(frame.columns, pd.MultiIndex):
        raise CarstatsError(
            message("`frame` has headings of several levels; give each column one name.")
        )
    frame.columns = [str(name) for name in frame.columns]
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise CarstatsError(
            message("`frame` has the column {name} several times.", name=repr(twice[0]))
        )
    if not len(frame):
        raise CarstatsError(message("`frame` has no rows."))
    return frame


def _converted(given: Any) -> pd.DataFrame:
    """Return a frame of another library, column by column, which needs nothing but narwhals."""
    import narwhals as nw

    try:
        frame = nw.from_native(given)
    except TypeError:
        raise CarstatsError(
            message(
                "`frame` is {name}; it takes a data frame of pandas, polars, pyarrow or another"
                " library that narwhals reads.",
                name=type(given).__name__,
            )
        ) from None
    frame = frame.collect() if isinstance(frame, nw.LazyFrame) else frame
    columns = {}
    for name in frame.columns:
        series = frame[name]
        values = pd.Series(series.to_list())
        if isinstance(series.dtype, nw.Enum):
            values = pd.Series(pd.Categorical(values, categories=list(series.dtype.categories)))
        columns[name] = values
    return pd.DataFrame(columns)


def column_of(frame: pd.DataFrame, argument: str, name: object) -> str | None:
    """Return the column that an argument names; one that is not there is told with the nearest."""
    if name is None:
        return None
    if not isinstance(name, str | int):
        raise CarstatsError(
            message(
                "`{argument}` is {kind}; it takes the name of a column.",
                argument=argument,
                kind=type(name).__name__,
            )
        )
    if str(name) in frame.columns:
        return str(name)
    has = listed(frame.columns, 40)
    near = nearest(str(name), frame.columns, _NEAR)
    raise CarstatsError(
        message(
            "`{argument}` names {name}, which is no column. Did you mean {near}? It has: {has}.",
            argument=argument,
            name=repr(name),
            near=repr(near),
            has=has,
        )
        if near
        else message(
            "`{argument}` names {name}, which is no column. It has: {has}.",
            argument=argument,
            name=repr(name),
            has=has,
        )
    )


def said_unit(name: str) -> str | None:
    """Return the unit of time that the name of a column says."""
    return "days" if says_days(name.replace("_", " ")) else named_unit(name)


def rows_named(mask: pd.Series) -> str:
    """Name the rows of a mask, counted from 1."""
    return listed_rows(mask)


def _dated(values: pd.Series) -> bool:
    if pd.api.types.is_datetime64_any_dtype(values):
        return True
    return not pd.api.types.is_numeric_dtype(values) and any(map(is_date, values.dropna()))


def numbers_of(
    frame: pd.DataFrame, argument: str, column: str, blank: bool = False, infinite: bool = False
) -> NDArray[np.float64]:
    """Return a column of times as numbers of at least 0; what is none is named."""
    values, name = frame[column], repr(column)
    if _dated(values) or pd.api.types.is_timedelta64_dtype(values):
        raise CarstatsError(
            message(
                "`{argument}`: {name} holds dates; it takes times since the start, such as"
                " (frame[{end}] - frame[{begin}]).dt.days.",
                argument=argument,
                name=name,
                end='"last"',
                begin='"first"',
            )
        )
    if pd.api.types.is_complex_dtype(values):
        values = values.astype(str)  # no number of a time
    if pd.api.types.is_bool_dtype(values):
        raise CarstatsError(
            message(
                "`{argument}`: {name} holds True and False, as an event does. Are `time` and"
                " `event` exchanged?",
                argument=argument,
                name=name,
            )
        )
    plain = values.astype(object).where(values.notna(), None)
    empty = missing_cells(plain).to_numpy()
    numbers = read_numbers(plain.where(~empty)).to_numpy(dtype=float)
    for mask, words in (
        (~empty & np.isnan(numbers), _NO_NUMBER),
        (~empty & np.isinf(numbers) & (not infinite), _INFINITE),
        (numbers < 0, _NEGATIVE),
        (empty & (not blank), _MISSING),
    ):
        if mask.any():
            raise CarstatsError(
                message(
                    words,
                    argument=argument,
                    name=name,
                    n=int(mask.sum()),
                    of=len(values),
                    rows=rows_named(pd.Series(mask)),
                )
            )
    return numbers


def _several(value: object) -> list:
    return list(value) if isinstance(value, list | tuple | set | frozenset) else [value]


def _codes(values: pd.Series) -> pd.Series:
    """Return each value as a code to compare: 2, 2.0 and "2" are one."""
    if values.dtype != object:
        # Of one type: no two of the distinct values are equal and yet other codes.
        return values.map({value: code_key(cell_text(value)) for value in values.dropna().unique()})
    return values.map(lambda value: None if pd.isna(value) else code_key(cell_text(value)))


def _counts(values: pd.Series) -> str:
    return values_held(None if pd.isna(value) else value for value in values)


def _wanted(frame: pd.DataFrame, column: str, argument: str, given: object) -> set[str]:
    """Return the values that an argument names, as codes; one that no row has is refused."""
    held = set(_codes(frame[column]).dropna())
    wanted = {code_key(cell_text(value)): value for value in _several(given)}
    absent = [value for code, value in wanted.items() if code not in held]
    if absent:
        raise CarstatsError(
            message(
                "`{argument}` is {value}, which {column} never is. It has: {counts}.",
                argument=argument,
                value=message(", ").join(map(repr, absent)),
                column=repr(column),
                counts=_counts(frame[column]),
            )
        )
    return set(wanted)


def events_of(
    frame: pd.DataFrame,
    column: str,
    cause: str | None,
    event_value: object,
    censored_value: object,
) -> tuple[NDArray[np.object_], list[object]]:
    """Return the status of each row and the competing event of those that had one."""
    values = frame[column]
    # "none" is an answer: nothing happened.
    plain = values.astype(object).where(values.notna(), None)
    empty = missing_cells(plain, MISSING - {"none"}).to_numpy()
    if empty.any():
        raise CarstatsError(
            message(
                "`event`: {name} is missing in {n} of {of} rows (rows {rows}). Leave them out"
                " before: frame.dropna(subset=[{name}]).",
                name=repr(column),
                n=int(empty.sum()),
                of=len(values),
                rows=rows_named(pd.Series(empty)),
            )
        )
    codes = _codes(values)
    if cause is not None and event_value is not None:
        return _by_cause(frame, column, cause, event_value)
    if event_value is None:
        happened = _plain_events(values, codes, column)
        rival = np.zeros(len(values), dtype=bool)
    else:
        happened = codes.isin(_wanted(frame, column, "event_value", event_value)).to_numpy()
        rival = _rivals(frame, column, codes, happened, censored_value)
    causes: list[object] = [
        cell_text(value) if mine else None for value, mine in zip(values, rival, strict=True)
    ]
    if cause is not None:
        named = _names(frame[cause])
        if not any(n is not None and not h for n, h in zip(named, happened, strict=True)):
            raise CarstatsError(
                message(
                    "`cause`: {name} is filled only where {event} says that the event happened."
                    " Say which cause is the event: event_value=… of {counts}.",
                    name=repr(cause),
                    event=repr(column),
                    counts=_counts(frame[cause]),
                )
            )
        causes = [None if h else n for n, h in zip(named, happened, strict=True)]
        rival = np.array([c is not None for c in causes], dtype=bool)
    status = np.where(happened, "event", np.where(rival, "competing", "censored"))
    return status.astype(object), causes


def _names(values: pd.Series) -> list[str | None]:
    """Return the causes that a column names; blank and "censored" are none."""
    plain = values.astype(object).where(values.notna(), None)
    none = missing_cells(plain).to_numpy()
    return [
        None if blank or code_key(cell_text(value)) in _NO_CAUSE else cell_text(value)
        for value, blank in zip(plain, none, strict=True)
    ]


def _plain_events(values: pd.Series, codes: pd.Series, column: str) -> NDArray[np.bool_]:
    """Return who had the event where the values say so by themselves; else it is asked."""
    held = set(codes)
    if held <= set(_STATUS):
        return (codes == "event").to_numpy()
    said = {code: read_flag(code) for code in held}
    if None not in said.values() and held != {"1", "2"}:
        return codes.map(said).to_numpy(dtype=bool)
    if held <= {"1", "2"}:
        raise CarstatsError(
            message(
                "`event`: {name} holds {counts}. In R 1 is often censored and 2 the event; it is"
                " not assumed. Say event_value=2 (or 1).",
                name=repr(column),
                counts=_counts(values),
            )
        )
    raise CarstatsError(
        message(
            "`event`: {name} holds {counts}. Say which is the event: event_value=…; where more than"
            " one other is left, censored_value=… says which are censored, and the rest compete.",
            name=repr(column),
            counts=_counts(values),
        )
    )


def _rivals(
    frame: pd.DataFrame,
    column: str,
    codes: pd.Series,
    happened: NDArray[np.bool_],
    censored_value: object,
) -> NDArray[np.bool_]:
    """Return who had a competing event: another value than the event's and those censored."""
    others = set(codes[~happened])
    if censored_value is not None:
        censored = _wanted(frame, column, "censored_value", censored_value)
        return (~happened) & ~codes.isin(censored).to_numpy()
    if len(others) > 1:
        raise CarstatsError(
            message(
                "`event`: {name} holds {counts}. Say which are censored: censored_value=…; the"
                " others compete with the event.",
                name=repr(column),
                counts=_counts(frame[column]),
            )
        )
    return np.zeros(len(codes), dtype=bool)


def _by_cause(
    frame: pd.DataFrame, column: str, cause: str, event_value: object
) -> tuple[NDArray[np.object_], list[object]]:
    """Return status and cause where `event` says that one of several events happened."""
    any_event = _plain_events(frame[column], _codes(frame[column]), column)
    wanted = _wanted(frame, cause, "event_value", event_value)
    mine = _codes(frame[cause]).isin(wanted).to_numpy()
    named = _names(frame[cause])
    unnamed = any_event & np.array([name is None for name in named], dtype=bool)
    if unnamed.any():
        raise CarstatsError(
            message(
                "`cause`: {name} is missing for {n} rows with an event (rows {rows}).",
                name=repr(cause),
                n=int(unnamed.sum()),
                rows=rows_named(pd.Series(unnamed)),
            )
        )
    rival = any_event & ~mine
    status = np.where(any_event & mine, "event", np.where(rival, "competing", "censored"))
    return status.astype(object), [n if r else None for n, r in zip(named, rival, strict=True)]


def _holds_several(values: pd.Series) -> bool:
    return values.dtype == object and not all(isinstance(v, Hashable) for v in values)


def without_dates(frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return a frame without its columns of dates and of lists, and their names."""
    dropped = [n for n in frame.columns if _dated(frame[n]) or _holds_several(frame[n])]
    return frame.drop(columns=dropped), dropped


def own_columns(frame: pd.DataFrame, subject: list[str], column: str | None) -> pd.DataFrame:
    """Return the subjects: the frame's columns behind the identifiers."""
    rest = frame.drop(columns=[name for name in {column, "subject_id"} if name in frame])
    rest.insert(0, "subject_id", subject)
    return rest
