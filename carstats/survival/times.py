"""The times of a cohort's subjects for one endpoint, ready to be counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort, chosen_columns, chosen_endpoint
from carstats.cohort.strata import (
    WEIGHT,
    alike,
    check_by,
    counted,
    estimate_by,
    level_labels,
    rows_of,
    stratum_keys,
    stratum_places,
    weights_of,
)
from carstats.counts.counted import Counts
from carstats.counts.standing import counted_cohort
from carstats.data.vocabulary import CATEGORIES
from carstats.endpoints.derive.applicability import APPLIES, applicable
from carstats.errors import CarstatsError, check_choice, check_number, listed
from carstats.estimators.curves.risk_table import RiskTable, risk_table
from carstats.messages import joined_notes, message
from carstats.result import Spec

# Of so many subjects or more those who are alike are counted first, where the caller takes counts.
COUNTED_FROM = 10_000
_OF_EVENTS = (
    "status", "time", "time_low", "time_high", "origin_day", "entry_day", "cause",
)  # fmt: skip
_FREE = (
    "survival_curve", "survival_at", "landmark_curve", "interval_censored_curve",
    "withdrawal_weighted_curve",
)  # fmt: skip


@dataclass(frozen=True)
class EndpointTimes:
    """The times of a cohort's subjects for one endpoint.

    Attributes
    ----------
    rows : pandas.DataFrame
        ``subject_id`` (not where rows may be counts), the grouping columns, ``event_time`` (NaN
        without a record), ``event_code`` (0 for censored, 1 for the event, 2 and on for the
        competing causes), ``time_low`` and ``time_high`` (the event lies in between), and
        ``entry_time`` where entry was delayed.
    name, label : str
        The endpoint, and as it prints.
    causes : tuple of str
        The endpoint, then its competing causes, in the order of their codes.
    cohort : Cohort
        Whose subjects they are.
    by, strata : tuple of str
        Columns that results are reported by and adjusted for.
    others : pandas.DataFrame
        The subjects to whom the endpoint does not apply, with the grouping columns.
    origin : bool
        Whether the clock of a subject starts on another day than 0.
    """

    rows: pd.DataFrame
    name: str
    label: str
    causes: tuple[str, ...]
    cohort: Cohort
    by: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    others: pd.DataFrame | None = None
    origin: bool = False

    @property
    def labels(self) -> dict[str, dict[str, str]]:
        """Printed labels of the strata."""
        return level_labels(self.cohort.study.vocabulary, self.by)

    def group_keys(self) -> list[tuple[object, ...]]:
        """Return the strata of `by` in order."""
        return stratum_keys(self.cohort.study.vocabulary, self.cohort.eligible, list(self.by))

    @cached_property
    def places(self) -> np.ndarray:
        """Return the place of each row's stratum in their order."""
        return stratum_places(self.rows, list(self.by), self.group_keys())

    def groups(self) -> list[tuple[tuple[object, ...], pd.DataFrame]]:
        """Return the strata of `by` in order, each as its key and its rows."""
        return [
            (key, self.rows[self.places == place]) for place, key in enumerate(self.group_keys())
        ]

    def levels(self) -> list[str]:
        """Return the levels of the strata of `by` as text, as the data have them."""
        return [" · ".join(map(str, key)) for key in self.group_keys()]

    def level_of(self, given: str | None) -> str | None:
        """Return the level that an argument spells, as the vocabulary knows it; else as given."""
        if given is None or len(self.by) != 1 or self.by[0] not in CATEGORIES:
            return given
        return self.cohort.study.vocabulary.canonical(self.by[0], given) or given

    def spec(self, analysis: str, method: str, /, *, population: str = "", **options: Any) -> Spec:
        """Return the words that say how a result of these times was made."""
        n = 0 if self.others is None else counted(self.others)
        if n:
            left = message(", {n} to whom the endpoint does not apply left out", n=n)
            population = f"{population}{left}" if population else left
        # A frame's event is called by its column; a curve is of those who are free of it.
        free = self.cohort.study.strata_only and analysis in _FREE
        label = message("Free of {event}", event=self.label) if free else self.label
        spec = self.cohort.spec(
            analysis, endpoint=label, endpoints=(self.name,), method=method, by=self.by,
            population=population,
        )  # fmt: skip
        level = options.pop("conf_level", None)
        options = {"endpoint": self.name, **options}
        origin = "" if self.origin else spec.origin
        return replace(spec, options=options, conf_level=level, strata=self.strata, origin=origin)

    def estimate(self, estimate: Callable[[pd.DataFrame], pd.DataFrame | dict]) -> pd.DataFrame:
        """Estimate in every stratum of `by`, the strata in front as columns."""
        vocabulary, eligible = self.cohort.study.vocabulary, self.cohort.eligible
        if self.others is None or not len(self.others):
            return estimate_by(vocabulary, eligible, self.rows, list(self.by), estimate)
        everyone = pd.concat(
            [self.rows.assign(_applies=True), self.others.assign(_applies=False)],
            ignore_index=True,
        ).astype({"_applies": bool})

        def applicable_only(stratum: pd.DataFrame) -> pd.DataFrame:
            asked = stratum[stratum["_applies"]].drop(columns="_applies")
            found = estimate(asked)
            rows = found if isinstance(found, pd.DataFrame) else pd.DataFrame([found])
            if len(stratum) and not len(asked) and "note" in rows:
                rows = rows.assign(note=[message("does not apply")] * len(rows))
            return rows

        return estimate_by(vocabulary, eligible, everyone, list(self.by), applicable_only)


def endpoint_times(
    source: Cohort | Counts,
    endpoint: str | None,
    by: str | Iterable[str] | None = None,
    strata: str | Iterable[str] | None = None,
    *,
    counts: bool = False,
    also: Iterable[str] = (),
) -> EndpointTimes:
    """Return the times of a cohort's subjects for one endpoint.

    With `counts` the caller is a function of counts, whose rows may stand for several subjects
    each, and takes `Counts` too; `also` are the columns that it asks of them beside the strata.
    """
    cohort: Any = counted_cohort(source, endpoint, "time-to-event") if counts else source
    check_cohort(cohort)
    study = cohort.study
    endpoint = chosen_endpoint(study, endpoint, "time-to-event")
    name = study.vocabulary.require("endpoint", "endpoint", endpoint, "time-to-event")
    by = check_by(cohort.subjects, chosen_columns(cohort, by))
    strata = check_by(cohort.subjects, strata, "strata")
    columns = list(dict.fromkeys([*by, *strata]))
    events = study.table("events")
    mine = events["endpoint"] == name
    if not mine.any():
        raise CarstatsError(
            message(
                "no subject of the study has the endpoint {name} in the events table. It has: "
                "{known}.",
                name=repr(name),
                known=listed(study.endpoints("time-to-event")) or message("none"),
            )
        )
    subject = cohort.subjects["subject_id"]
    events = events[["subject_id", *(c for c in _OF_EVENTS if c in events)]]
    # In the subjects' order, blank without a record.
    events = (events if mine.all() else events[mine]).set_index("subject_id").reindex(subject)
    codes, causes = _codes(events, name)
    # Only what is needed: a column of the subjects may be called time or status as well.
    own = [c for c in also if c in cohort.subjects and c not in columns]
    shown = ["subject_id", *columns, *own]
    low, high = _interval(events, codes)
    rows = cohort.subjects[[*shown, *([WEIGHT] if WEIGHT in cohort.subjects else [])]].assign(
        event_time=events["time"].to_numpy(float), event_code=codes, time_low=low, time_high=high
    )
    if "entry_day" in events and events["entry_day"].notna().any():
        origin = events["origin_day"].fillna(0.0) if "origin_day" in events else 0.0
        # Not at risk before the origin, and observed from the start where no entry is given.
        rows["entry_time"] = (events["entry_day"] - origin).fillna(-np.inf).to_numpy()
    applies = applicable(study, name)
    rows[APPLIES] = applies.all() or subject.isin(study.subjects.loc[applies, "subject_id"])
    if counts and WEIGHT not in rows and len(rows) >= COUNTED_FROM:
        cohort, rows = _counted(cohort, rows, [*columns, *own])
    asked = rows.pop(APPLIES).to_numpy()
    if counts:
        # A row may be of several subjects; what it is counted from has no name.
        rows = rows.drop(columns="subject_id")
    label = study.vocabulary.label("endpoint", name)
    other_clock = "origin_day" in events and bool(events["origin_day"].fillna(0.0).ne(0.0).any())
    return EndpointTimes(
        rows_of(rows, asked), name, label, causes, cohort, tuple(by), tuple(strata),
        rows.loc[~asked, [c for c in (*shown, WEIGHT) if c in rows]], other_clock,
    )  # fmt: skip


def _counted(cohort: Cohort, rows: pd.DataFrame, columns: list[str]) -> tuple[Cohort, pd.DataFrame]:
    """Count subjects who are alike in what an analysis of counts asks, where many are."""
    outcome = [c for c in ("event_time", "event_code", "entry_time", APPLIES) if c in rows]
    known = np.sort(rows["event_time"].to_numpy())
    if (np.diff(known) > 0).sum() > len(rows) / 2:
        return cohort, rows  # seen by a sort of the times alone
    first, n = alike(rows, [*outcome, *columns])
    if len(first) > len(rows) / 2:
        return cohort, rows
    rows = rows.iloc[first].reset_index(drop=True).assign(**{WEIGHT: n})
    # All who are eligible are in the cohort where their numbers agree.
    every = len(cohort.eligible) == len(cohort.subjects)
    levels = rows if every else cohort.eligible[columns].drop_duplicates()
    return replace(cohort, subjects=rows[["subject_id", *columns, WEIGHT]], eligible=levels), rows


def _codes(events: pd.DataFrame, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return what became of each subject, and the causes in the order of their codes."""
    place, statuses = pd.factorize(events["status"])
    known = {"censored": 0.0, "event": 1.0}
    # The last one is that of a place of -1: no record.
    codes = np.array([*(known.get(status, np.nan) for status in statuses), np.nan])[place]
    if "competing" not in statuses:
        return codes, (name,)
    rivals = place == list(statuses).index("competing")
    cause = events["cause"] if "cause" in events else pd.Series(None, events.index, object)
    found = cause[rivals].astype(object).fillna("competing event")
    named = sorted(found.unique())
    codes[rivals] = found.map({rival: i + 2.0 for i, rival in enumerate(named)})
    return codes, (name, *named)


def _interval(events: pd.DataFrame, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return between which times the event lies; exact where the source gives no interval."""
    time, happened = events["time"].to_numpy(float), codes == 1
    recorded = np.where(np.isnan(codes), np.nan, np.inf)
    if "time_low" not in events or "time_high" not in events:
        return time, np.where(happened, time, recorded)
    low, high = events["time_low"].to_numpy(float), events["time_high"].to_numpy(float)
    known = happened & ~np.isnan(low) & ~np.isnan(high)
    return np.where(known, low, time), np.where(known, high, np.where(happened, time, recorded))


def refuse_competing(times: EndpointTimes, competing: str | None) -> str:
    """Refuse a curve of one cause where others compete, unless they are censored by request."""
    if competing is not None:
        competing = check_choice("competing", competing, ("censor",))
    codes = times.rows["event_code"]
    counts = {c: counted(times.rows[codes == i + 2]) for i, c in enumerate(times.causes[1:])}
    counts = {cause: count for cause, count in counts.items() if count}
    if not counts:
        return ""
    if competing is None:
        named = ", ".join(f"{cause} {count}" for cause, count in counts.items())
        raise CarstatsError(
            message(
                "`endpoint` {name} has competing events ({named}): one minus Kaplan-Meier would "
                "overstate its probability. Use cumulative_incidence(), an endpoint that counts "
                "them as events such as 'relapse_free_survival', or competing='censor' for the "
                "cause-specific curve.",
                name=repr(times.name),
                named=named,
            )
        )
    return message("; competing events censored: cause-specific, not a probability")


def free_at(times: EndpointTimes, start: float | None) -> tuple[EndpointTimes, str]:
    """Keep the subjects who are under observation and free of every event after a day."""
    if start is None:
        return times, ""
    check_number("start", start, low=0)
    rows = times.rows
    rows = rows[rows["event_time"].isna() | (rows["event_time"] > start)]
    if not rows["event_time"].notna().any():
        raise CarstatsError(
            message(
                "`start` is {day}; no subject is followed for {endpoint!r} after it.",
                day=f"{start:g}", endpoint=times.name,
            )
        )  # fmt: skip
    if "entry_time" in rows:
        entry = rows["entry_time"]
        rows = rows.assign(entry_time=entry.where(entry > start, -np.inf))
    words = message("; of those free of it at day {day}", day=f"{start:g}")
    return replace(times, rows=rows), words


def counted_from(rows: pd.DataFrame, start: float | None) -> pd.DataFrame:
    """Return rows of `free_at` with their times counted from its day."""
    if start is None:
        return rows
    moved = {"event_time": rows["event_time"] - start}
    if "entry_time" in rows:
        moved["entry_time"] = rows["entry_time"] - start
    return rows.assign(**moved)


def unobserved(rows: pd.DataFrame) -> list[tuple[float, float]]:
    """Return the spans between which nobody is at risk and after which somebody enters."""
    if "entry_time" not in rows:
        return []
    known = rows[rows["event_time"].notna() & (rows["entry_time"] < rows["event_time"])]
    entry, end = (np.sort(known[c].to_numpy(float)) for c in ("entry_time", "event_time"))
    days = np.unique(np.append(0.0, end))
    # Who entered by a day and left by it is not at risk after it; all who left had entered.
    entered = np.searchsorted(entry, days, side="right")
    empty = (entered == np.searchsorted(end, days, side="right")) & (entered < entry.size)
    later = entry[np.minimum(entered, entry.size - 1)] if entry.size else days
    return [(float(a), float(b)) for a, b in zip(days[empty], later[empty], strict=True)]


def stratum_table(rows: pd.DataFrame, n_causes: int = 1) -> RiskTable:
    """Count the subjects of a stratum who have a record of the endpoint."""
    rows = rows_of(rows, rows["event_time"].notna())
    codes = rows["event_code"].to_numpy()
    entry = rows["entry_time"].to_numpy() if "entry_time" in rows else None
    return risk_table(
        rows["event_time"].to_numpy(),
        np.where(codes <= n_causes, codes, 0),
        n_causes=n_causes,
        entry=entry,
        weights=weights_of(rows),
    )


def n_missing(rows: pd.DataFrame) -> int:
    """Count the subjects without a record of the endpoint."""
    return counted(rows[rows["event_time"].isna()])


def stratum_note(rows: pd.DataFrame, *, curve: bool = False) -> str:
    """Say what a reader of a stratum's row should know: who has no record, who no follow-up.

    Of a `curve`, or what is read off one, also when nobody was at risk.
    """
    if not len(rows):
        return message("no subjects")
    missing = n_missing(rows)
    at_start = counted(rows[(rows["event_time"] == 0) & (rows["event_code"] == 0)])
    return joined_notes(
        message("{n} of {total} without a record of the endpoint", n=missing, total=counted(rows))
        if missing
        else "",
        message("{n} censored at day 0: never assessed", n=at_start) if at_start else "",
        _unobserved_note(unobserved(rows)) if curve else "",
    )


def _unobserved_note(spans: list[tuple[float, float]]) -> str:
    if not spans:
        return ""
    return message(
        "nobody at risk from day {spans}, taken as free of it then; "
        "survival_curve(…, start={day}) begins after that",
        spans=message(", ").join(
            message("{first} to {last}", first=f"{a:g}", last=f"{b:g}") for a, b in spans
        ),
        day=f"{spans[-1][1]:g}",
    )
