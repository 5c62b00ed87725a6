"""Long tables that toxicity rules read: their columns, days and subjects, and days since an event.

A worksheet has one row per subject and day; a laboratory table one row per subject, day and value.
Days are whole and count from the first infusion (day 0).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carstats.endpoints.record.logic import numbers
from carstats.endpoints.record.searches import Days
from carstats.errors import CarstatsError, listed
from carstats.messages import message

_DAYS = 100_000


def check_table(
    argument: str,
    frame: object,
    columns: Iterable[str],
    optional: Iterable[str] = (),
    blank: Iterable[str] = (),
) -> pd.DataFrame:
    """Return the columns that a rule reads, sorted by subject (in order of appearance) and day."""
    if not isinstance(frame, pd.DataFrame):
        raise CarstatsError(
            message(
                "`{argument}` is {type}; it takes a pandas.DataFrame with the columns {columns}.",
                argument=argument,
                type=type(frame).__name__,
                columns=listed(columns),
            )
        )
    lacking = [column for column in columns if column not in frame]
    if lacking:
        raise CarstatsError(
            message(
                "`{argument}` lacks {lacking}. It has: {columns}.",
                argument=argument,
                lacking=listed(lacking),
                columns=listed(frame.columns, 40),
            )
        )
    kept = [*columns, *(column for column in optional if column in frame)]
    table = frame[kept].reset_index(drop=True)
    missing = table["subject_id"].isna()
    if missing.any():
        raise CarstatsError(
            message(
                "`{argument}` has no `{column}` in row {row}; every row needs one.",
                argument=argument,
                column="subject_id",
                row=int(np.flatnonzero(missing)[0]) + 1,
            )
        )
    # A categorical would bring its unused subjects into every group.
    table["subject_id"] = table["subject_id"].astype(object)
    for column in kept:
        if column.endswith("day"):
            table[column] = _days(f"{argument}.{column}", table[column], column in blank)
    order = [table["subject_id"].factorize()[0]]
    order += [table[c].to_numpy() for c in ("day", "onset_day", "start_day") if c in table][:1]
    return table.iloc[np.lexsort(order[::-1])].reset_index(drop=True)


def _days(argument, values, may_be_blank):
    (days,) = numbers(**{argument: (values, -_DAYS, _DAYS)})
    days = days if len(values) else np.array([])
    missing = np.isnan(days)
    if missing.any() and not may_be_blank:
        raise CarstatsError(
            message(
                "`{argument}` is missing in {k} of {n} rows; every row needs a day.",
                argument=argument,
                k=int(missing.sum()),
                n=len(days),
            )
        )
    odd = ~missing & (days != np.round(days))
    if odd.any():
        raise CarstatsError(
            message(
                "`{argument}` is {value}; it takes whole days since the first infusion.",
                argument=argument,
                value=f"{days[odd][0]:g}",
            )
        )
    return days


def subject_index(table: pd.DataFrame, subjects: Iterable[object] | None) -> pd.Index:
    """Return the subjects that a rule answers for."""
    if subjects is None:
        return pd.Index(table["subject_id"].unique(), name="subject_id")
    index = pd.Index(list(subjects), name="subject_id")
    if index.has_duplicates:
        raise CarstatsError(
            message(
                "`{argument}` names {subjects} more than once.",
                argument="subjects",
                subjects=listed(index[index.duplicated()].unique()),
            )
        )
    return index


def per_subject(argument: str, values: object, subjects: pd.Index) -> NDArray[np.float64]:
    """Return a day for each subject from a mapping or Series by `subject_id`; NaN where none."""
    if values is None:
        return np.full(len(subjects), np.nan)
    if not isinstance(values, dict | pd.Series):
        raise CarstatsError(
            message(
                "`{argument}` is {type}; it takes a dict or a Series: a day for each `{column}`.",
                argument=argument,
                type=type(values).__name__,
                column="subject_id",
            )
        )
    series = pd.Series(values, dtype=object)
    if series.index.has_duplicates:
        raise CarstatsError(
            message("`{argument}` names a subject more than once.", argument=argument)
        )
    return _days(argument, series.reindex(subjects).to_numpy(), may_be_blank=True)


def latest(
    table: pd.DataFrame,
    events: pd.DataFrame,
    day: str = "day",
    *,
    before: bool = False,
    ahead: bool = False,
) -> NDArray[np.int_]:
    """Return for each row the position of the subject's last event on or before its day."""
    subjects = pd.Index(events["subject_id"].unique())
    found = Days(subjects.get_indexer(events["subject_id"]), events["day"].to_numpy(float))
    who, when = subjects.get_indexer(table["subject_id"]), table[day].to_numpy(float)
    row = found.next(who, when, after=before) if ahead else found.last(who, when, before=before)
    return np.where(np.isnan(when), -1, row)


def days_since(table: pd.DataFrame, events: pd.DataFrame | None) -> NDArray[np.float64]:
    """Return for each row the days since the subject's last event; NaN where there is none yet."""
    if events is None or not len(events):
        return np.full(len(table), np.nan)
    position = latest(table, events)
    day = events["day"].to_numpy(float)[position]
    return np.where(position >= 0, table["day"].to_numpy(float) - day, np.nan)
