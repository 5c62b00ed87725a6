"""Sheets with a row per visit: what each visit measured, found and stated, to the study tables.

A yes at a visit is an event found there; what is stated of a drug holds until the next visit that
states it. Both rules are in docs/own-data.md.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from carstats.data.formats.dates import plain_number
from carstats.data.measures import MEASURE_TABLE
from carstats.data.readers.cell_faults import unit_asked
from carstats.data.readers.context import Context, split
from carstats.data.readers.rows import Rows
from carstats.data.readers.wide import refuse_other_unit
from carstats.data.readers.wide_events import Endpoint
from carstats.data.settings.visits import term_of
from carstats.data.source import Source
from carstats.data.units import unit_in_heading
from carstats.messages import message, message_n

Part = tuple[pd.DataFrame, Source]


def visit_tables(context: Context, open_sheet: Callable, main: Rows) -> dict[str, list[Part]]:
    """Return by table what the sheets of visits hold, with where each was read."""
    found: dict[str, list[Part]] = {}
    sections = context.settings.visits
    mapped = {name for s in sections for name in map(_endpoint, s.get("events", {}).values())}
    mapped |= set(context.settings.terms("events"))
    for section in sections:
        sheet = open_sheet("visits", section)
        if sheet is None:
            continue
        visits = _Visits(Rows(sheet, "assessments", context, section, "[visits]"), section)
        for table, read in (
            ("assessments", visits.assessments),
            ("responses", visits.responses),
            ("medications", visits.medications),
        ):
            visits.rows.table = table
            frames = read()
            if frames:
                source = Source(sheet.name, visits.headings(table, section))
                found.setdefault(table, []).append((pd.concat(frames), source))
        visits.rows.table = "events"
        frames = visits.events(main, mapped)
        if frames:
            found.setdefault("events", []).append((pd.concat(frames), Source(sheet.name)))
        visits.require_days()
    return found


def _endpoint(spec: object) -> str:
    return term_of(spec, "endpoint")


class _Visits:
    """The rows of one sheet of visits, with the day of each."""

    def __init__(self, rows: Rows, section: dict) -> None:
        self.rows, self.section = rows, section
        columns = section.get("columns", {})
        rows.tie(columns.get("subject_id", rows.context.id_spec))
        self.spec = columns["day"]
        self.heading = split(self.spec)[0][0]
        self.day = rows.days(self.spec, "day")
        self._ask_unit()
        rows.within(self.day, self.spec, ~np.isnan(self.day))
        # A visit without its day is a problem once, and only if it holds something.
        self.filled = np.zeros(len(rows), dtype=bool)

    def _ask_unit(self) -> None:
        """Ask what the numbers of a day count: 1, 2, 3 may be months, or no times at all."""
        if not isinstance(self.spec, str):
            return
        cells = self.rows.cells(self.spec)
        numbers = [plain_number(cell) for cell in cells if cell is not None]
        if None not in numbers:
            known = {number for number in numbers if number is not None}
            for what, remedy in unit_asked(self.spec, known, "day"):
                self.rows.context.problems.append(self.rows.problem(self.spec, what, remedy))

    def headings(self, table: str, section: dict) -> dict[str, str]:
        """Return the headings of a table's columns that one heading alone gives."""
        part = {"assessments": "measures"}.get(table, table)
        names = list(section.get(part, {}))
        value = {"assessments": "value", "responses": "response"}.get(table, "")
        day = {"medications": "start_day"}.get(table, "day")
        return {day: self.heading} | ({value: names[0]} if value and len(names) == 1 else {})

    def require_days(self) -> None:
        """Note each visit that holds something and has no day."""
        rows = self.rows
        for i in np.flatnonzero(self.filled & np.isnan(self.day) & ~np.isnan(rows.day0)):
            if not rows.is_unplaced(i, self.heading):
                what = message("the visit has no day, and its row has values.")
                rows.fault(i, self.heading, what, message("Give the date of the visit."))

    def _frame(self, taken: np.ndarray, columns: dict[str, object]) -> pd.DataFrame:
        taken = taken & ~np.isnan(self.day)
        data = {"subject_id": self.rows.ids, "day": self.day, **columns}
        return pd.DataFrame(data, index=self.rows.index)[taken]

    def assessments(self) -> list[pd.DataFrame]:
        """Return a frame for each measure that has a column."""
        rows, frames = self.rows, []
        more = {}
        if "adequate" in self.section.get("columns", {}):
            more["adequate"] = rows.flags(self.section["columns"]["adequate"], "adequate")
        for heading, spec in self.section.get("measures", {}).items():
            name = term_of(spec, "measure")
            unit = spec.get("unit") if isinstance(spec, dict) else None
            known = rows.context.settings.vocabulary.canonical("measure", name)
            values, limits = rows.measured(heading, known or name)
            given = ~np.isnan(values) | ~np.isnan(limits)
            self.filled |= given
            measure = MEASURE_TABLE.get(known)
            if unit is not None:
                refuse_other_unit(rows, name, heading, unit)
                unit = unit if isinstance(unit, str) else rows.values(unit, "unit")
            elif measure is not None:
                unit = unit_in_heading(measure, heading)
            columns = {"measure": name, "value": values, **more}
            if not np.isnan(limits).all():
                columns["lloq"] = limits
            frames.append(self._frame(given, columns | {"unit": unit}))
        if frames and all(frame["unit"].isna().all() for frame in frames):
            frames = [frame.drop(columns="unit") for frame in frames]
        return frames

    def _said(self, part: str, heading: str, spec: object, column: str) -> np.ndarray:
        """Return yes and no at each visit; what a blank cell means is asked if none says no."""
        rows = self.rows
        told = spec if isinstance(spec, dict) else {}
        entry = {"column": heading, "when": told["when"]} if "when" in told else heading
        said = rows.flags(entry, column)
        yes, no, blank = (np.array([s is v for s in said], dtype=bool) for v in (True, False, None))
        self.filled |= ~blank
        asked = not {"when", "blank"} & set(told) and yes.any() and blank.any()
        if asked and not no.any():
            what = message("has yes and blank cells and no cell that says no.")
            remedy = message(
                "Say what a blank cell means: {line}.",
                line=f'[visits.{part}] "{heading}" = {{ …, blank = "no" }} (or "unknown")',
            )
            rows.context.problems.append(rows.problem(heading, what, remedy))
        if told.get("blank") == "no":
            said[blank] = False
        elif blank.any():
            rows.context.notes.append(
                message(
                    "[visits.{part}] {heading}: {n} of {of} visits say neither yes nor no, and"
                    " count as not judged.",
                    part=part,
                    heading=heading,
                    n=int(blank.sum()),
                    of=len(rows),
                )
            )
        return said

    def responses(self) -> list[pd.DataFrame]:
        """Return a frame for each response that has a column of yes and no."""
        more = {}
        if "visit" in self.section.get("columns", {}):
            more["visit"] = self.rows.values(self.section["columns"]["visit"], "visit")
        frames = []
        for heading, spec in self.section.get("responses", {}).items():
            said = self._said("responses", heading, spec, "response")
            given = np.array([s is not None for s in said], dtype=bool)
            columns = {"endpoint": term_of(spec, "endpoint"), "response": said, **more}
            frames.append(self._frame(given, columns))
        return frames

    def events(self, main: Rows, mapped: set[str]) -> list[pd.DataFrame]:
        """Return a frame for each endpoint that has a column of yes and no."""
        frames = []
        for heading, spec in self.section.get("events", {}).items():
            said = self._said("events", heading, spec, "status")
            told = spec if isinstance(spec, dict) else {}
            frames += _endpoint_frames(
                self.rows, self.day, said, heading, _endpoint(spec), told, main, mapped
            )
        return frames

    def medications(self) -> list[pd.DataFrame]:
        """Return a frame of the courses of each drug that has a column."""
        rows, frames = self.rows, []
        for heading, spec in self.section.get("medications", {}).items():
            if "amount" in spec:
                stated = rows.numbers(heading, spec["amount"])
                self.filled |= ~np.isnan(stated)
            else:
                said = self._said("medications", heading, spec, "present")
                stated = np.array([np.nan if s is None else float(s) for s in said], dtype=float)
            frames.append(_course_frame(rows, self.day, stated, heading, spec))
        return frames


def _endpoint_frames(
    visits: Rows,
    day: np.ndarray,
    said: np.ndarray,
    heading: str,
    term: str,
    spec: dict,
    main: Rows,
    mapped: set[str],
) -> list[pd.DataFrame]:
    """Return the rows of an endpoint that visits found: the first yes after the infusion.

    It lies after the last no before that visit, else after the infusion. Whoever has no yes is
    censored at the last no.
    """
    subjects = Rows(main.sheet, "events", main.context)
    subjects.follow(main.ids)
    yes, no = (np.array([s is v for s in said], dtype=bool) for v in (True, False))
    known = ~np.isnan(day)
    infused = visits.subject("infused")
    infused = np.array([flag is True or flag == 1 for flag in infused], dtype=bool)
    for i in np.flatnonzero(yes & known & infused & (day <= 0)):
        what = message(
            "is yes on day {day:g}, and an event comes after the infusion.", day=float(day[i])
        )
        remedy = message(
            "Leave the visits before the infusion out by `where`, or correct the cell or its date."
        )
        visits.fault(int(i), heading, what, remedy)
    ids = pd.Index(subjects.ids)
    first = _by_subject(visits.ids, day, yes & known & (day > 0), "min").reindex(ids).to_numpy()
    event_of = pd.Series(first, index=ids)
    event_of = event_of[~event_of.index.duplicated() & event_of.index.notna()]
    until = event_of.reindex(visits.ids).to_numpy()
    before = no & known & (np.isnan(until) | (day < until))
    last = _by_subject(visits.ids, day, before, "max").reindex(ids).to_numpy()
    found = Endpoint(subjects, term, f"visits.events.{heading}", first)
    found.censored(last)
    found.low = np.where(np.isnan(first), np.nan, np.fmax(last, 0))
    found.low = np.where(~np.isnan(first) & np.isnan(found.low), 0.0, found.low)
    found.rivals(spec)
    return found.frames(spec, mapped)


def _by_subject(ids: np.ndarray, day: np.ndarray, mask: np.ndarray, which: str) -> pd.Series:
    days = pd.Series(day[mask], index=pd.Index(ids[mask], dtype=object), dtype=float)
    return days.groupby(level=0).agg(which)


def _course_frame(
    rows: Rows, day: np.ndarray, stated: np.ndarray, heading: str, spec: dict
) -> pd.DataFrame:
    """Return the courses of a drug: what a visit states holds until the next one that states it.

    Visits in a row that state the same are one course; 0 and no are none. What the last visit
    states goes on.
    """
    table = pd.DataFrame({"id": rows.ids, "day": day, "stated": stated, "place": range(len(rows))})
    table = table[table.notna().all(axis=1)].sort_values(["id", "day"], kind="stable")
    same = table.duplicated(["id", "day"]) & (table["stated"] != table["stated"].shift())
    for place in table.loc[same, "place"]:
        what = message("states something else than another row of the same day.")
        rows.fault(int(place), heading, what, message("Delete one or correct it."))
    table = table.drop_duplicates(["id", "day"])
    new = (table["id"] != table["id"].shift()) | (table["stated"] != table["stated"].shift())
    runs = table[new]
    following = runs["day"].shift(-1).where(runs["id"] == runs["id"].shift(-1))
    taken = runs["stated"] > 0
    negative = runs["stated"] < 0
    for place in runs.loc[negative, "place"]:
        rows.fault(int(place), heading, message("is below 0."), message("Correct the dose."))
    runs, following = runs[taken], following[taken]
    ongoing = int(following.isna().sum())
    if ongoing:
        rows.context.notes.append(
            message_n(
                "[visits.medications] {heading}: {n} course that the last visit states is taken to"
                " go on.",
                "[visits.medications] {heading}: {n} courses that the last visit states are taken"
                " to go on.",
                ongoing,
                heading=heading,
            )
        )
    data: dict[str, object] = {
        "subject_id": runs["id"].to_numpy(),
        "drug": spec.get("drug", heading),
        "drug_class": spec["drug_class"],
        "start_day": runs["day"].to_numpy(),
        "stop_day": np.fmax(following.to_numpy() - 1, runs["day"].to_numpy()),
    }
    data["stop_day"] = np.where(following.isna(), np.nan, data["stop_day"])
    if "amount" in spec:
        data[spec["amount"]] = runs["stated"].to_numpy()
    for key in ("dose_unit", "reason"):
        if key in spec:
            data[key] = spec[key]
    return pd.DataFrame(data, index=rows.index[runs["place"]])
