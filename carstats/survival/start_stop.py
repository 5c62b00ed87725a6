"""Covariates that change on the day of an event: each subject in rows from a start to a stop."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carstats.cohort.cohort import Cohort
from carstats.errors import CarstatsError, names_given
from carstats.messages import mark, message, message_n
from carstats.survival.design import Design, covariate_matrix
from carstats.survival.times import EndpointTimes, endpoint_times

_CONTRAST = mark("after / before")


def changing_days(
    cohort: Cohort, times: EndpointTimes, changing: str | Iterable[str] | None
) -> dict[str, pd.DataFrame]:
    """Return by endpoint the subjects' days of its event, and the last day it was looked for."""
    names = names_given("changing", changing)
    found = {}
    for given in names:
        other = endpoint_times(cohort, given, ())
        if other.name == times.name or other.name in found:
            raise CarstatsError(
                message(
                    "`changing` names {name}, which is the endpoint itself or named twice.",
                    name=repr(other.name),
                )
            )
        if other.origin or times.origin:
            raise CarstatsError(
                message(
                    "`changing` takes endpoints that count from the infusion, as {endpoint} must; "
                    "one of the two has an `origin_day`.",
                    endpoint=repr(times.name),
                )
            )
        rows = other.rows[other.rows["event_time"].notna()].set_index("subject_id")
        day = rows["event_time"].where(rows["event_code"] == 1, np.inf)
        found[other.name] = pd.DataFrame({"day": day, "until": rows["event_time"]})
    return found


def design_of(cohort: Cohort, covariates: str | Iterable[str] | None, changes: dict) -> Design:
    """Return the covariates known at the origin; none are needed where others change."""
    if covariates is None and changes:
        n = len(cohort.subjects)
        return Design((), (), np.empty((n, 0)), np.ones(n, bool))
    return covariate_matrix(cohort, covariates)


def recorded(subjects: pd.Series, changes: dict[str, pd.DataFrame]) -> NDArray[np.bool_]:
    """Return which subjects have a record of every endpoint that changes a covariate."""
    known = np.ones(len(subjects), bool)
    for table in changes.values():
        known &= subjects.isin(table.index).to_numpy()
    return known


def split_rows(
    rows: pd.DataFrame, matrix: NDArray[np.float64], design: Design, changes: dict
) -> tuple[pd.DataFrame, NDArray[np.float64], Design, str]:
    """Split each subject's time at its changes, as survival's tmerge does.

    The covariate is 0 up to the day of the change and on it, and 1 after. An event on that very day
    was not preceded by it.
    """
    if not changes:
        return rows, matrix, design, ""
    rows = rows.assign(entry_time=rows.get("entry_time", -np.inf)).reset_index(drop=True)
    carried = 0
    for table in changes.values():
        day = rows["subject_id"].map(table["day"]).to_numpy(float)
        until = rows["subject_id"].map(table["until"]).to_numpy(float)
        start, stop = rows["entry_time"].to_numpy(float), rows["event_time"].to_numpy(float)
        inside = (day > start) & (day < stop)
        before = rows.assign(
            event_time=np.where(inside, day, stop), happened=rows["happened"] & ~inside
        )
        changed = (day <= start).astype(float)
        after = rows[inside].assign(entry_time=day[inside])
        rows = pd.concat([before, after], ignore_index=True)
        column = np.append(changed, np.ones(int(inside.sum())))
        matrix = np.column_stack([np.concatenate([matrix, matrix[inside]]), column])
        carried += int((np.isinf(day) & (until < stop)).sum())
    terms = (*design.terms, *((name, _CONTRAST) for name in changes))
    note = message_n(
        "{n} taken as unchanged after the last day it was looked for",
        "{n} taken as unchanged after the last day it was looked for", carried,
    )  # fmt: skip
    return rows, matrix, replace(design, terms=terms), note if carried else ""
