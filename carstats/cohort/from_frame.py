"""The short door: a cohort from a data frame, whose strata are its columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, define_cohort
from carstats.cohort.frame_columns import (
    column_of,
    events_of,
    numbers_of,
    own_columns,
    plain_frame,
    rows_named,
    said_unit,
    without_dates,
)
from carstats.cohort.frame_strata import stratum_of
from carstats.data.check import cell_text, read_flag
from carstats.data.formats.day_units import TIME_UNITS
from carstats.data.source import Source
from carstats.data.study import Study
from carstats.data.vocabulary import Term, Vocabulary
from carstats.errors import CarstatsError, check_choice
from carstats.messages import message


def cohort_from_frame(
    frame: Any,
    *,
    time: str | None = None,
    event: str | None = None,
    unit: str | None = None,
    by: str | Iterable[str] | None = None,
    event_value: object = None,
    censored_value: object = None,
    cause: str | None = None,
    start: str | None = None,
    stop: str | None = None,
    low: str | None = None,
    high: str | None = None,
    response: str | None = None,
    id: str | None = None,
    label: str = "",
) -> Cohort:
    """Make a cohort of a data frame that has a row per subject; nothing is invented.

    Every column of the frame may be a stratum or a covariate. A disease, a target or a last contact
    is neither asked for nor made up: an analysis that needs one says so.

    Parameters
    ----------
    frame : pandas.DataFrame, polars.DataFrame, pyarrow.Table or another that narwhals reads
        A row per subject.
    time : str, optional
        Column of the times to the event or to the end of follow-up, counted in `unit`.
    event : str, optional
        Column that says whether the event happened: 0 and 1, True and False, yes and no, "event"
        and "censored". Other codes (1 and 2 in R's `lung`) and words are asked for and never
        assumed: `event_value`. Its name is the endpoint's.
    unit : {"days", "weeks", "months", "years"}, optional
        What the times count; a month is 30.4375 days and a year 365.25. Needed unless the name of
        their column says it, as "months" does. Results are in days, whatever the unit.
    by : str or list of str, optional
        Columns that every analysis of the cohort reports by unless it is told otherwise (``by=[]``
        for all subjects together).
    event_value : object or list, optional
        The value of `event` that is the event (with `cause`: the cause that is), such as 2 or
        "relapse".
    censored_value : object or list, optional
        The values of `event` that are censored, where it has more than two. Every other value is
        then a competing event, called as it stands.
    cause : str, optional
        Column that names the competing event of those who had one: of rows whose `event` is not
        the event, or, with `event_value`, of those whose cause is another.
    start : str, optional
        Column of the times from which a subject was under observation (delayed entry).
    stop : str, optional
        The same as `time`, as it is called beside `start`.
    low, high : str, optional
        Columns between whose times the event lies: after `low` and at or before `high`. A blank or
        infinite `high` is censored at `low`; a blank `low` is 0; equal ones are an exact time.
        They need neither `time` nor `event`.
    response : str, optional
        Column that says whether the subject responded: 0 and 1, True and False, yes and no; blank
        is not evaluable. Its name is the endpoint's; it has no day.
    id : str, optional
        Column of the subjects' identifiers; by default ``subject_id`` if there is one, else they
        are numbered.
    label : str, optional
        What the cohort is called in tables.

    Returns
    -------
    Cohort
        For every analysis of times, of a response, and of a baseline table. It has one endpoint, or
        one of each kind: analyses take it where no endpoint is named.

    Raises
    ------
    CarstatsError
        If a column is not there (the nearest is named), a time is missing, negative, a date or
        text, a status is coded in a way that has to be said, or a subject has several rows.

    Examples
    --------
    >>> import pandas as pd
    >>> import carstats as cs
    >>> frame = pd.DataFrame({"months": [2, 5, 9, 12], "relapsed": [1, 0, 1, 0],
    ...                       "arm": ["A", "A", "B", "B"]})
    >>> cohort = cs.cohort_from_frame(frame, time="months", event="relapsed", by="arm")
    >>> curve = cs.survival_curve(cohort)
    >>> list(curve.frame.columns[:3])
    ['arm', 'time', 'n']
    """
    frame = plain_frame(frame)
    named = {"time": time, "event": event, "cause": cause, "start": start, "stop": stop,
             "low": low, "high": high, "response": response, "id": id}  # fmt: skip
    if id is None and "subject_id" in frame:
        named["id"] = "subject_id"
    columns = {argument: column_of(frame, argument, name) for argument, name in named.items()}
    by = [by] if isinstance(by, str | int) else list(by or ())
    by = [stratum_of(frame, name) for name in by]
    time, stop = columns["time"], columns["stop"]
    if time is not None and stop is not None:
        raise CarstatsError(message("`time` and `stop` are the same times; give one of them."))
    columns["time"] = time if time is not None else stop
    _require_whole(columns)
    _require_different(columns, by)
    subject = _identifiers(frame, columns["id"])
    endpoints, tables = [], {}
    if columns["time"] or columns["high"]:
        name, tables["events"] = _events(frame, columns, unit, event_value, censored_value)
        endpoints.append(Term(name, group="time-to-event"))
        tables["events"].insert(0, "subject_id", subject)
        tables["events"]["endpoint"] = name
    if columns["response"]:
        name = str(columns["response"])
        said = _response(frame, name)
        endpoints.append(Term(name, group="response"))
        rows = {"subject_id": subject, "endpoint": name, "response": said}
        tables["responses"] = pd.DataFrame(rows, index=frame.index)
    kept, dropped = without_dates(frame)
    subjects = own_columns(kept, subject, columns["id"])
    refused = [column for column in by if column in dropped]
    if refused:
        raise CarstatsError(
            message(
                "`by` names {column}, which holds dates or several values; a stratum is a"
                " category.",
                column=repr(refused[0]),
            )
        )
    left = message(
        "Columns of dates, or of several values in a cell, were left out: {names}.",
        names=message(", ").join(dropped),
    )
    study = Study(
        subjects=subjects,
        **tables,
        label=label,
        vocabulary=Vocabulary(endpoint=tuple(endpoints)),
        # The unit was said, so that small times are no slip.
        sources={
            "subjects": Source("the data frame", ignored=_outcome_columns(columns)),
            "events": Source("the data frame", slack={"time": 0.0}),
        },
        notes=(left,) if dropped else (),
        strata_only=True,
    )
    made = define_cohort(study, label=label)
    return Cohort(study, made.subjects, made.eligible, label=label, by=tuple(by))


def _require_different(columns: dict[str, str | None], by: Iterable[str]) -> None:
    """Refuse a column that stands for two things; one may be `event` and `cause`."""
    seen: dict[str, str] = {}
    given = [(a, n) for a, n in columns.items() if n is not None and a not in ("stop", "id")]
    for argument, name in [*given, *(("by", name) for name in by)]:
        other = seen.setdefault(name, argument)
        if other != argument and {other, argument} != {"event", "cause"}:
            raise CarstatsError(
                message(
                    "`{argument}` and `{other}` both name {name}; they are different things.",
                    argument=other,
                    other=argument,
                    name=repr(name),
                )
            )


def _outcome_columns(columns: dict[str, str | None]) -> tuple[str, ...]:
    """Return the columns that say what became of the subjects: they describe none at baseline."""
    return tuple(
        name for argument, name in columns.items() if name is not None and argument != "id"
    )


def _require_whole(columns: dict[str, str | None]) -> None:
    """Refuse arguments that say too little together."""
    has = {argument for argument, name in columns.items() if name is not None}
    if ("low" in has) != ("high" in has):
        missing = "low" if "high" in has else "high"
        raise CarstatsError(
            message("`{argument}` is missing: an interval has `low` and `high`.", argument=missing)
        )
    if "high" in has and has & {"time", "event", "cause", "start"}:
        raise CarstatsError(
            message("`low` and `high` say time and event; leave `time`, `event`, `cause` and"
                    " `start` out.")
        )  # fmt: skip
    for argument in ("event", "cause", "start"):
        if argument in has and "time" not in has:
            raise CarstatsError(message("`{argument}` needs the times: `time`.", argument=argument))
    if not has & {"time", "high", "response"}:
        raise CarstatsError(
            message("name the columns: `time` and `event`, `low` and `high`, or `response`.")
        )
    if "time" in has and "event" not in has:
        raise CarstatsError(message("`event` is missing: the column that says who had the event."))


def _identifiers(frame: pd.DataFrame, column: str | None) -> list[str]:
    """Return the subjects' identifiers; of several rows of one it is said which they are."""
    if column is None:
        return [str(i) for i in range(1, len(frame) + 1)]
    values = frame[column]
    if values.isna().any():
        raise CarstatsError(
            message("`id`: {name} is missing in rows {rows}.", name=repr(column),
                    rows=rows_named(values.isna()))
        )  # fmt: skip
    ids = values.map(cell_text)
    again = ids.duplicated(keep=False)
    if again.any():
        raise CarstatsError(
            message(
                "`id`: {name} stands in several rows (rows {rows}); a subject has one row. Times"
                " that change along the way are not read.",
                name=repr(column),
                rows=rows_named(again),
            )
        )
    return ids.tolist()


def _factor(unit: str | None, names: Iterable[str | None]) -> float:
    """Return the days of one unit, as said or as the names of the columns say it."""
    named = (said_unit(name) for name in names if name is not None)
    said = {unit for unit in named if unit is not None}
    if unit is None:
        if len(said) != 1:
            raise CarstatsError(
                message(
                    "`unit` is missing: the times may be days, weeks, months or years. Write"
                    " unit={unit}, for example.",
                    unit='"months"',
                )
            )
        return TIME_UNITS[said.pop()]
    unit = check_choice("unit", unit, tuple(TIME_UNITS))
    if said and said != {unit}:
        raise CarstatsError(
            message(
                "`unit` is {unit}, and the column's name says {said}. Correct one of the two.",
                unit=repr(unit),
                said=message(" and ").join(sorted(said)),
            )
        )
    return TIME_UNITS[unit]


def _events(
    frame: pd.DataFrame,
    columns: dict[str, str | None],
    unit: str | None,
    event_value: object,
    censored_value: object,
) -> tuple[str, pd.DataFrame]:
    """Return the endpoint's name and its rows, in days."""
    if columns["high"] is not None:
        return _intervals(frame, str(columns["low"]), columns["high"], unit)
    factor = _factor(unit, (columns["time"],))
    time = numbers_of(frame, "time", str(columns["time"])) * factor
    name = str(columns["event"])
    status, causes = events_of(frame, name, columns["cause"], event_value, censored_value)
    rows = pd.DataFrame({"status": status, "time": time}, index=frame.index)
    if (status == "competing").any():
        rows["cause"] = causes
    if columns["start"] is not None:
        entry = numbers_of(frame, "start", columns["start"]) * factor
        late = entry >= time
        if late.any():
            raise CarstatsError(
                message(
                    "`start` is not before `{stop}` in {n} rows (rows {rows}).",
                    stop=columns["time"],
                    n=int(late.sum()),
                    rows=rows_named(pd.Series(late)),
                )
            )
        # Observed from the beginning is no delayed entry.
        rows["entry_day"] = np.where(entry > 0, entry, np.nan)
    return name, rows


def _intervals(
    frame: pd.DataFrame, low: str, high: str, unit: str | None
) -> tuple[str, pd.DataFrame]:
    factor = _factor(unit, (low, high))
    after = numbers_of(frame, "low", low, blank=True)
    until = numbers_of(frame, "high", high, blank=True, infinite=True)
    unknown = np.isnan(after) & ~np.isfinite(until)
    if unknown.any():
        raise CarstatsError(
            message(
                "`low` and `high` are both blank in rows {rows}.",
                rows=rows_named(pd.Series(unknown)),
            )
        )
    after = np.where(np.isnan(after), 0.0, after) * factor
    until = until * factor
    happened = np.isfinite(until)
    wrong = happened & (until < after)
    if wrong.any():
        raise CarstatsError(
            message(
                "`high` is below `low` in {n} rows (rows {rows}).",
                n=int(wrong.sum()),
                rows=rows_named(pd.Series(wrong)),
            )
        )
    rows = {
        "status": np.where(happened, "event", "censored"),
        "time": np.where(happened, until, after),
        "time_low": after,
        "time_high": np.where(happened, until, np.nan),
    }
    return "event", pd.DataFrame(rows, index=frame.index)


def _response(frame: pd.DataFrame, column: str) -> list[bool | None]:
    """Return who responded; a value that is neither yes nor no is refused."""
    values = frame[column]
    said = [None if pd.isna(value) else read_flag(value) for value in values]
    wrong = pd.Series([s is None for s in said]) & values.notna().to_numpy()
    if wrong.any():
        first = values.iloc[int(np.flatnonzero(wrong)[0])]
        raise CarstatsError(
            message(
                "`response`: {name} holds {value} (rows {rows}), which is neither yes nor no. Make"
                " it True and False first, as in frame[{name}] == {value}.",
                name=repr(column),
                value=repr(first),
                rows=rows_named(wrong),
            )
        )
    return said
