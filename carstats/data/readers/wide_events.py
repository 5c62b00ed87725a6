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
    parts = []
    for term, spec in terms.items():
        parts += Endpoint.of_columns(rows, term, spec).frames(spec, set(terms))
    return pd.concat(parts)


class Endpoint:
    """One endpoint of every row: the day of the event, of a competing one, and of censoring.

    Parameters
    ----------
    rows : Rows
        The subjects' rows.
    term : str
        The endpoint.
    place : str
        What messages call its section.
    event : numpy.ndarray
        The day of the event, NaN where there was none.
    """

    def __init__(self, rows: Rows, term: str, place: str, event: np.ndarray) -> None:
        self.rows, self.term, self.place, self.event = rows, term, place, event
        self.infused = rows.subject("infused").astype(bool)
        n = len(rows)
        self.cause = np.full(n, None, dtype=object)
        self.competing = np.full(n, np.nan)
        self.censor = np.full(n, np.nan)
        self.low = self.exact = None
        skipped = int((~self.infused & ~np.isnan(event)).sum())
        if skipped:
            rows.context.notes.append(
                message(
                    "[{place}]: {n} subjects never infused have an event and no row.",
                    place=place,
                    n=skipped,
                )
            )

    @classmethod
    def of_columns(cls, rows: Rows, term: str, spec: dict) -> Endpoint:
        """Read an endpoint that a wide sheet has columns for."""
        main = spec.get("date", spec.get("time"))
        for heading in split(main)[0] if "date" in spec else ():
            known = {plain_number(c) for c in rows.cells(heading) if c is not None}
            for what, remedy in no_dates(known):
                problem = Problem(what, rows.sheet.name, None, heading, remedy)
                rows.context.problems.append(problem)
        day = rows.days(main, "time", np.fmin)
        place = f"events.{term}"
        infused = rows.subject("infused").astype(bool)
        _check_days(rows, infused, day, main)
        if "status" in spec:
            status = _status(rows, infused, term, day, spec)
            made = cls(rows, term, place, np.where(status == "event", day, np.nan))
            made.competing = np.where(status == "competing", day, np.nan)
            made.censor = day
        else:
            made = cls(rows, term, place, day)
            censor = rows.subject("last_contact").astype(float)
            if "censor" in spec:
                assessed = rows.days(spec["censor"], "")
                rows.within(assessed, spec["censor"], infused)
                if np.isnan(assessed[infused]).all():
                    note = message(
                        "[{place}]: {column} is empty; the last contact is taken for it.",
                        place=place,
                        column=repr(split(spec["censor"])[0][0]),
                    )
                    rows.context.notes.append(note)
                else:
                    censor = assessed
            made.censored(censor)
        made.rivals(spec)
        if "low" in spec:
            made.last_without(spec["low"])
        return made

    def rivals(self, spec: dict) -> None:
        """Take the competing events that a section names."""
        for cause, headings in spec.get("competing", {}).items():
            when = self.rows.days(headings, "", np.fmin)
            _check_days(self.rows, self.infused, when, headings)
            self.compete(cause, when)

    def frames(self, spec: dict, mapped: set[str]) -> list[pd.DataFrame]:
        """Return the rows of the endpoint, and of those that are made from it and not mapped."""
        if self.term != _RELAPSE:
            return [self.frame(self.term)]
        notes = self.rows.context.notes
        death = self.rows.subject("death").astype(float)
        dies = bool(self.rows.context.subjects.attrs.get("death_mapped"))
        derived = []
        if dies and "competing" not in spec and "status" not in spec:
            self.compete("death", death)
            notes.append(
                message(
                    "[{place}]: a death without a relapse competes, as `death`.", place=self.place
                )
            )
        if _RELAPSE_FREE not in mapped and dies:
            derived.append(_relapse_free(self, death).frame(_RELAPSE_FREE))
            notes.append(
                message(
                    "{endpoint} was made from the relapse and the day of death, with the"
                    " censoring of the relapse.",
                    endpoint=_RELAPSE_FREE,
                )
            )
        elif _RELAPSE_FREE not in mapped:
            notes.append(
                message(
                    "{endpoint} was not made: map subjects.death_day, or"
                    " [events.{endpoint}] itself.",
                    endpoint=_RELAPSE_FREE,
                )
            )
        return [self.frame(self.term), *derived]

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

    def censored(self, censor: np.ndarray) -> None:
        """Take the days up to which whoever had no event was free of it."""
        none = self.infused & np.isnan(self.event) & ~(censor >= 0)
        if none.any():
            self.rows.context.notes.append(
                message(
                    "[{place}]: {n} subjects without an event have no date of"
                    " censoring at or after the infusion, and are censored at day 0.",
                    place=self.place,
                    n=int(none.sum()),
                )
            )
        self.censor = np.where(censor >= 0, censor, 0.0)

    def last_without(self, spec) -> None:
        """Read the last visit without the event, after which the event lies."""
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


def _check_days(rows: Rows, infused: np.ndarray, day: np.ndarray, spec) -> None:
    """Note the days of events that lie before the infusion or after the last contact."""
    rows.within(day, spec, infused)
    for i in np.flatnonzero(infused & (day < 0)):
        what = message("is {n:g} days before the first infusion.", n=float(-day[i]))
        remedy = message("Correct one of the two dates.")
        rows.fault(i, split(spec)[0][0], what, remedy)


def _status(rows: Rows, infused: np.ndarray, term: str, day: np.ndarray, spec: dict):
    """Return the status of each row as the vocabulary has it; one that is none is noted."""
    vocabulary = rows.context.settings.vocabulary
    cells = rows.values(spec["status"], "status", recodes=spec.get("values"))
    heading = split(spec["status"])[0][0]
    status = np.array(
        [None if c is None else vocabulary.canonical("status", c) for c in cells] + [None], object
    )[:-1]
    time = split(spec["time"])[0][0]
    for i in np.flatnonzero(infused):
        if status[i] is None:
            what = (
                message("is missing.")
                if cells[i] is None
                else message("{cell} is not a status.", cell=shown(cells[i]))
            )
            remedy = message(
                "Recode it under [events.{term}]: values = {line}",
                term=term,
                line='{ "1" = "event", "0" = "censored", "2" = "competing" }',
            )
            rows.fault(i, heading, what, remedy)
        elif np.isnan(day[i]) and not rows.is_unplaced(i, time):
            remedy = message("A status needs its time.")
            rows.fault(i, time, message("is missing."), remedy)
    return status


def _relapse_free(relapse: Endpoint, death: np.ndarray) -> Endpoint:
    """Return relapse or death, whichever came first."""
    made = Endpoint(relapse.rows, _RELAPSE_FREE, relapse.place, np.full(len(death), np.nan))
    made.event = np.fmin(relapse.event, death)
    made.censor, made.low = relapse.censor, relapse.low
    # The day of a death is known; a relapse lies between two visits.
    made.exact = ~(relapse.event <= death) & ~np.isnan(death)
    return made
