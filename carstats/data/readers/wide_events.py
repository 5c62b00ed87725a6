"""Dates in a wide sheet to time-to-event rows: what came first, what competed, who is censored."""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.data.formats.dates import plain_number
from carstats.data.readers.cell_faults import no_dates
from carstats.data.readers.context import shown, split
from carstats.data.readers.rows import Rows
from carstats.errors import Problem
from carstats.messages import message

_RELAPSE, _RELAPSE_FREE = "relapse", "relapse_free_survival"


def wide_events(rows: Rows, terms: dict[str, dict]) -> pd.DataFrame:
    """Return a row for each infused subject and endpoint."""
    notes = rows.context.notes
    death = rows.subject("death").astype(float)
    dies = bool(rows.context.subjects.attrs.get("death_mapped"))
    parts = []
    for term, spec in terms.items():
        found = _Endpoint(rows, term, spec)
        derived = []
        if term == _RELAPSE:
            if dies and "competing" not in spec and "status" not in spec:
                found.compete("death", death)
                notes.append(
                    message(
                        "[events.{term}]: a death without a relapse competes, as `death`.",
                        term=term,
                    )
                )
            if _RELAPSE_FREE not in terms and dies:
                derived.append(_relapse_free(found, death).frame(_RELAPSE_FREE))
                notes.append(
                    message(
                        "{endpoint} was made from the relapse and the day of death, with the"
                        " censoring of the relapse.",
                        endpoint=_RELAPSE_FREE,
                    )
                )
            elif _RELAPSE_FREE not in terms:
                notes.append(
                    message(
                        "{endpoint} was not made: map subjects.death_day, or"
                        " [events.{endpoint}] itself.",
                        endpoint=_RELAPSE_FREE,
                    )
                )
        parts += [found.frame(term), *derived]
    return pd.concat(parts)


class _Endpoint:
    """One endpoint of every row: the day of the event, of a competing one, and of censoring."""

    def __init__(self, rows: Rows, term: str, spec: dict) -> None:
        self.rows, self.term = rows, term
        self.infused = rows.subject("infused").astype(bool)
        n = len(rows)
        self.cause = np.full(n, None, dtype=object)
        self.competing = np.full(n, np.nan)
        self.low = self.exact = None
        main = spec.get("date", spec.get("time"))
        self.heading = split(main)[0][0]
        for heading in split(main)[0] if "date" in spec else ():
            known = {plain_number(c) for c in rows.cells(heading) if c is not None}
            for what, remedy in no_dates(known):
                problem = Problem(what, rows.sheet.name, None, heading, remedy)
                rows.context.problems.append(problem)
        day = rows.days(main, "time", np.fmin)
        self._check(day, main)
        if "status" in spec:
            self._coded(day, spec)
        else:
            self.event = day
            self._censoring(spec)
        for cause, headings in spec.get("competing", {}).items():
            when = rows.days(headings, "", np.fmin)
            self._check(when, headings)
            self.compete(cause, when)
        if "low" in spec:
            self._last_without(spec["low"])
        skipped = int((~self.infused & ~np.isnan(self.event)).sum())
        if skipped:
            rows.context.notes.append(
                message(
                    "[events.{term}]: {n} subjects never infused have an event and no row.",
                    term=term,
                    n=skipped,
                )
            )

    def compete(self, cause: str, day: np.ndarray) -> None:
        """Take a competing event where it is the earliest."""
        first = ~np.isnan(day) & ~(day >= self.competing)
        self.competing = np.where(first, day, self.competing)
        self.cause[first] = cause

    def frame(self, term: str) -> pd.DataFrame:
        """Return the rows of the events table."""
        happened = ~np.isnan(self.event) & ~(self.competing < self.event)
        competed = ~happened & ~np.isnan(self.competing)
        time = np.where(happened, self.event, np.where(competed, self.competing, self.censor))
        status = np.where(happened, "event", np.where(competed, "competing", "censored"))
        columns = {
            "subject_id": self.rows.ids,
            "endpoint": term,
            "status": status,
            "time": time,
            "cause": np.where(competed, self.cause, None),
        }
        if self.low is not None:
            known = happened & self.exact if self.exact is not None else np.zeros(len(time), bool)
            low = np.where(happened, self.low, np.where(competed, np.nan, time))
            columns["time_low"] = np.where(known, time, low)
            columns["time_high"] = np.where(happened, time, np.nan)
        return pd.DataFrame(columns, index=self.rows.index)[self.infused]

    def _check(self, day: np.ndarray, spec) -> None:
        self.rows.within(day, spec, self.infused)
        for i in np.flatnonzero(self.infused & (day < 0)):
            what = message("is {n:g} days before the first infusion.", n=float(-day[i]))
            remedy = message("Correct one of the two dates.")
            self.rows.fault(i, split(spec)[0][0], what, remedy)

    def _coded(self, day: np.ndarray, spec: dict) -> None:
        vocabulary = self.rows.context.settings.vocabulary
        cells = self.rows.values(spec["status"], "status", recodes=spec.get("values"))
        heading = split(spec["status"])[0][0]
        status = [None if c is None else vocabulary.canonical("status", c) for c in cells]
        for i in np.flatnonzero(self.infused):
            if status[i] is None:
                what = (
                    message("is missing.")
                    if cells[i] is None
                    else message("{cell} is not a status.", cell=shown(cells[i]))
                )
                remedy = message(
                    "Recode it under [events.{term}]: values = {line}",
                    term=self.term,
                    line='{ "1" = "event", "0" = "censored", "2" = "competing" }',
                )
                self.rows.fault(i, heading, what, remedy)
            elif np.isnan(day[i]) and not self.rows.is_unplaced(i, self.heading):
                remedy = message("A status needs its time.")
                self.rows.fault(i, self.heading, message("is missing."), remedy)
        is_ = {name: np.array([s == name for s in status]) for name in ("event", "competing")}
        self.event = np.where(is_["event"], day, np.nan)
        self.competing = np.where(is_["competing"], day, np.nan)
        self.censor = day

    def _censoring(self, spec: dict) -> None:
        rows = self.rows
        censor = rows.subject("last_contact").astype(float)
        if "censor" in spec:
            censor = rows.days(spec["censor"], "")
            rows.within(censor, spec["censor"], self.infused)
        none = self.infused & np.isnan(self.event) & ~(censor >= 0)
        if none.any():
            rows.context.notes.append(
                message(
                    "[events.{term}]: {n} subjects without an event have no date of"
                    " censoring at or after the infusion, and are censored at day 0.",
                    term=self.term,
                    n=int(none.sum()),
                )
            )
        self.censor = np.where(censor >= 0, censor, 0.0)

    def _last_without(self, spec) -> None:
        low = self.rows.days(spec, "")
        for i in np.flatnonzero(self.infused & (low >= self.event)):
            what = message(
                "day {day:g} is not before the event on day {event:g}.",
                day=float(low[i]),
                event=float(self.event[i]),
            )
            remedy = message(
                "It is the last visit without the event; leave it blank if there was none."
            )
            self.rows.fault(i, split(spec)[0][0], what, remedy)
        # A visit before the infusion says that the event came after it, as day 0 does.
        self.low = np.where(np.isnan(self.event), np.nan, np.fmax(low, 0))


def _relapse_free(relapse: _Endpoint, death: np.ndarray) -> _Endpoint:
    """Return relapse or death, whichever came first."""
    made = object.__new__(_Endpoint)
    made.rows, made.infused, made.censor = relapse.rows, relapse.infused, relapse.censor
    made.cause = np.full(len(death), None, dtype=object)
    made.competing = np.full(len(death), np.nan)
    made.event = np.fmin(relapse.event, death)
    made.low = relapse.low
    # The day of a death is known; a relapse lies between two visits.
    made.exact = ~(relapse.event <= death) & ~np.isnan(death)
    return made
