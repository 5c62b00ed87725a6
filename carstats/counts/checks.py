"""What tables of counts must be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd

from carstats.data.vocabulary import Vocabulary
from carstats.errors import CarstatsError, check_number, listed
from carstats.messages import mark, message

# The columns of each table beside those of the strata; the last one counts.
TABLES = {
    "subjects": ("n",),
    "times": (
        "endpoint",
        "applies",
        "entry_time",
        "time",
        "time_low",
        "time_high",
        "status",
        "cause",
        "reached",
        "n",
    ),
    "responses": ("endpoint", "applies", "infused", "response", "early", "n"),
    "toxicities": ("term", "applies", "grade", "open", "n"),
}
_OPTIONAL = frozenset(
    {"entry_time", "time_low", "time_high", "reached", "infused", "early", "cause"}
)
_OWN = frozenset(
    {"n", "endpoint", "term", "applies", "entry_time", "time", "time_low", "time_high", "status",
     "cause", "reached", "infused", "response", "early", "grade", "open"}
)  # fmt: skip
STATUSES = ("censored", "event", "competing")
_FLAG = mark("It takes True and False.")
# What a column of a table of counts may hold.
_ALLOWED = {
    "time": mark("A time is a number of days from 0."),
    "entry_time": mark("Entry is a number of days, before the time itself; blank from the start."),
    "time_low": mark(
        "An event that a visit found lies between time_low and time_high; both are blank beside "
        "any other."
    ),
    "status": mark("A status is 'censored', 'event' or 'competing'."),
    "cause": mark("A cause is that of a competing event, and blank beside any other."),
    "response": mark("A response is 1 or 0; blank where it was not evaluable."),
    "grade": mark("A grade is a whole number from 0, no episode, to 5; blank beside `open` alone."),
    **dict.fromkeys(("applies", "open", "early", "infused"), _FLAG),
}


def check_names(by: Iterable[str]) -> None:
    """Refuse strata that are no names, named twice, or called as a column of the counts is."""
    by = list(by)
    for column in by:
        if not isinstance(column, str):
            raise CarstatsError(
                message("`by` names {column}; it takes names of columns.", column=repr(column))
            )
        if by.count(column) > 1:
            raise CarstatsError(message("`by` names {column} twice.", column=repr(column)))
        if column in _OWN:
            raise CarstatsError(
                message(
                    "`by` names {column}, which counts have a column of their own for; rename it.",
                    column=repr(column),
                )
            )


def checked(name: str, frame: pd.DataFrame, by: tuple[str, ...], columns: tuple[str, ...]):
    """Return a table of counts with its columns in order; raise where it cannot be one."""
    if not isinstance(frame, pd.DataFrame):
        raise CarstatsError(
            message(
                "`{table}` of the counts is {kind}; it takes a table, a pandas.DataFrame.",
                table=name,
                kind=type(frame).__name__,
            )
        )
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
    impossible = ~np.isfinite(n) | (n < 0) | (n != np.floor(n))
    if impossible.any():
        wrong = frame["n"][impossible].iloc[0]
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
        levels = frame[column].drop_duplicates()
        kinds = set(map(_kind, levels))
        if len(kinds) > 1 or "other" in kinds:
            raise CarstatsError(
                message(
                    "`{column}` of `{table}` of the counts holds {kinds}; the levels of a stratum "
                    "are all texts, all numbers, or all yes and no.",
                    column=column,
                    table=name,
                    kinds=listed(sorted({type(level).__name__ for level in levels})),
                )
            )
    for column in ("applies", "open", "early", "infused"):
        if column in frame:
            value = frame[column]
            blank = value.isna() & (column == "infused")
            _refuse(name, column, value, ~(value.isin([0, 1]) | blank))
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
        frame["open"] = frame["open"].astype(bool)
        blank = np.isnan(grade) & frame["open"].to_numpy()
        _refuse(name, "grade", frame["grade"], ~(np.isin(grade, range(6)) | blank))
        frame["grade"] = grade
    if "applies" in frame:
        frame["applies"] = frame["applies"].astype(bool)
    return frame


def check_sums(counts: Any, name: str) -> None:
    """Refuse a table whose counts of an endpoint are not those of the subjects."""
    frame = getattr(counts, name)
    if frame is None:
        return
    what = TABLES[name][0]
    wanted = len(counts)
    totals = frame.groupby(what, sort=False)["n"].sum()
    wrong = totals[totals != wanted]
    if len(wrong):
        raise CarstatsError(
            message(
                "the counts of {endpoint} do not add up: {n} in `{table}`, {total} subjects.",
                endpoint=repr(wrong.index[0]), n=int(wrong.iloc[0]), table=name, total=wanted,
            )
        )  # fmt: skip
    keys = list(counts.by)
    if not keys:
        return
    people = counts.subjects.groupby(keys, sort=False)["n"].sum()
    for endpoint, mine in frame.groupby(what, sort=False):
        here = mine.groupby(keys, sort=False)["n"].sum().reindex(people.index).fillna(0)
        if (here != people).any():
            place = here.index[(here != people).to_numpy()][0]
            raise CarstatsError(
                message(
                    "the counts of {endpoint} do not add up in the stratum {stratum}: {n} in "
                    "`{table}`, {total} subjects.",
                    endpoint=repr(endpoint),
                    stratum=" · ".join(map(str, place if isinstance(place, tuple) else (place,))),
                    n=int(here[place]),
                    table=name,
                    total=int(people[place]),
                )
            )


def _check_times(frame: pd.DataFrame) -> None:
    for column in ("time", "time_low", "time_high", "entry_time", "reached"):
        if column in frame:
            frame[column] = numbers("times", column, frame[column])
    time, status = frame["time"].to_numpy(), frame["status"]
    if "cause" not in frame:
        frame.insert(frame.columns.get_loc("status") + 1, "cause", None)
    _refuse("times", "time", frame["time"], (time < 0) | np.isinf(time))
    _refuse("times", "status", status, status.notna() & ~status.isin(STATUSES))
    for column, other, blank in (
        ("time", "status", np.isnan(time) & status.notna()),
        ("status", "time", ~np.isnan(time) & status.isna()),
    ):
        if blank.any():
            raise CarstatsError(
                message(
                    "`times` of the counts has no `{column}` beside {value} in `{other}`: give "
                    "both, or neither where there is no record.",
                    column=column,
                    other=other,
                    value=said(frame[other][blank].iloc[0]),
                )
            )
    if "entry_time" in frame:
        entry = frame["entry_time"]
        _refuse("times", "entry_time", entry, np.isinf(entry) | (entry >= time))
    if "time_low" in frame or "time_high" in frame:
        blank = np.full(len(frame), np.nan)
        low, high = (np.asarray(frame.get(c, blank)) for c in ("time_low", "time_high"))
        found = (low >= 0) & (low <= high) & np.isfinite(high) & (status == "event").to_numpy()
        known = pd.Series(np.fmax(low, high))
        _refuse("times", "time_low", known, ~(found | np.isnan(low) & np.isnan(high)))
    _refuse("times", "cause", frame["cause"], frame["cause"].notna() & (status != "competing"))


def _refuse(table: str, column: str, values: pd.Series, wrong) -> None:
    wrong = np.asarray(wrong, bool)
    if wrong.any():
        raise CarstatsError(
            message(
                "`{table}` of the counts holds {value} in `{column}`. {allowed}",
                table=table,
                value=said(values[wrong].iloc[0]),
                column=column,
                allowed=message(_ALLOWED[column]),
            )
        )


def said(value: object) -> str:
    """Return a value of a table as a message shows it."""
    return repr(value.item() if isinstance(value, np.generic) else value)


def numbers(table: str, column: str, values: pd.Series) -> np.ndarray:
    """Return a column as numbers; raise where it holds something else as well."""
    if pd.api.types.is_datetime64_any_dtype(values):
        values = values.astype(str)
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


def _kind(value: object) -> str:
    """Return what a level of a stratum is: it cannot be of two kinds."""
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool | np.bool_):
        return "flag"
    return "number" if isinstance(value, Number) else "other"


def check_others(counts: Any) -> None:
    """Refuse what is said of the tables and cannot be: the visit, landmarks, levels, terms."""
    if not isinstance(counts.vocabulary, Vocabulary) or not isinstance(counts.about, Mapping):
        raise CarstatsError(
            message("`vocabulary` of the counts is a Vocabulary, and `about` a dict of words.")
        )
    visit = counts.visit
    if not isinstance(visit, Mapping) or set(visit) not in (set(), {"at", "window"}):
        raise CarstatsError(
            message(
                "`visit` of the counts is {visit}; it says a day and a window, such as {example}.",
                visit=repr(visit),
                example='{"at": 168, "window": [140, 196]}',
            )
        )
    for value in [visit["at"], *visit["window"]] if visit else []:
        check_number("visit", value)
    for value in counts.landmarks:
        check_number("landmarks", value, low=0)
    if counts.responses is not None and not visit and not counts.about.get("strata_only"):
        raise CarstatsError(
            message(
                "`visit` of the counts is missing: it says when the responses were asked, such as "
                "{example}.",
                example='{"at": 168, "window": [140, 196]}',
            )
        )
    levels = counts.levels
    if levels is None:
        return
    if not isinstance(levels, pd.DataFrame) or set(counts.by) - set(levels):
        raise CarstatsError(
            message("`levels` of the counts is a table with the columns of `by`: {by}.",
                    by=listed(counts.by))
        )  # fmt: skip


def check_known(vocabulary: Vocabulary, table: str, category: str, names: Iterable[str]) -> None:
    """Refuse an outcome that the vocabulary of the counts does not have."""
    group = {"times": "time-to-event", "responses": "response", "toxicities": None}[table]
    known = vocabulary.names(category, group) if group else vocabulary.names(category)
    unknown = [name for name in names if name not in known]
    if unknown:
        raise CarstatsError(
            message(
                "`{table}` of the counts names {name}, which its vocabulary does not have. Give "
                "one that has it: Vocabulary({category}=(…,)).",
                table=table,
                name=repr(unknown[0]),
                category=category,
            )
        )
