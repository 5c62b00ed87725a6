"""The cells of a sheet's rows read as what they should be: a day, a yes or no, a grade, a number.

Whatever a cell should be, the reading of it is here, and so is the problem that is noted when it
is something else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd

from carstats.data.check import UNKNOWN, cell_text, read_flag, read_numbers
from carstats.data.formats.dates import (
    SERIAL_HIGH,
    SERIAL_LOW,
    partial_ordinal,
    plain_number,
    read_dates,
)
from carstats.data.formats.day_units import TIME_UNITS, printed_slack, whole_days
from carstats.data.limits import NAME_IT, NO_LIMIT, limits_note, says_below, split_limits
from carstats.data.matching import NO_EPISODE, code_key, read_grade, toml_text
from carstats.data.readers.cell_faults import (
    are_years,
    date_fault,
    grade_fault,
    no_days,
    said_unknown,
)
from carstats.data.readers.cells import SheetRows
from carstats.data.readers.conditions import fulfilling, report_condition
from carstats.data.readers.context import shown, sign_of, split
from carstats.errors import Problem
from carstats.messages import mark, message, message_n

_LATER = mark(
    "Correct one of the two; a list of headings for last_contact_day takes the latest of them."
)
# A visit planned for day 182 may have been held a little before it, as the last one often is:
# so far its planned day may lie behind the last contact, and the last contact is then its day.
VISIT_TOLERANCE = 28


class Rows(SheetRows):
    """The rows of a sheet, with the readings of their cells."""

    def days(self, spec, column: str = "", pick=np.fmax) -> np.ndarray:
        """Return days since the infusion, of dates or of days; of several headings the latest."""
        headings, where = split(spec)
        told = spec if isinstance(spec, dict) else {}
        out = np.full(len(self), np.nan)
        filled = np.zeros(len(self), dtype=bool)
        known = len(self.context.problems)
        for heading in headings[:1] if "join" in told else headings:
            entry = {**spec, "column": heading} if where and "join" not in told else heading
            cells = self.values(told if "join" in told else entry, column, partly=True)
            filled |= np.array([cell is not None for cell in cells], dtype=bool)
            day = (
                self._scheduled(heading, cells, told["schedule"])
                if "schedule" in told
                else self._one_day(heading, cells, column, told.get("unit", ""))
            )
            out = pick(out, day)
        for i in np.flatnonzero(filled & np.isnan(out) & np.isnan(self.day0)):
            self.context.unplaced.add((self.sheet.name, int(self.index[i]), headings[0]))
        for problem in self.context.problems[known:]:
            self.context.unplaced.add((self.sheet.name, problem.row, headings[0]))
        return out

    def _scheduled(self, heading: str, cells: np.ndarray, schedule: Mapping) -> np.ndarray:
        """Return the planned days of visits that go by a label.

        A visit planned a little after the last contact was held by then, and stands at its day.
        """
        planned = {code_key(label): float(day) for label, day in schedule.items()}
        codes = [None if cell is None else code_key(cell_text(cell)) for cell in cells]
        for i, code in enumerate(codes):
            if code is not None and code not in planned:
                what = message("{cell} is no visit of the schedule.", cell=shown(cells[i]))
                remedy = message(
                    "Add it to the schedule with its day, or leave its rows out by `where`."
                )
                self.fault(i, heading, what, remedy)
        day = np.array([planned.get(code, np.nan) for code in codes], dtype=float)
        over = (day > self.end) & (day <= self.end + VISIT_TOLERANCE)
        if over.any():
            self.context.notes.append(
                message_n(
                    "{sheet}, `{heading}`: {n} visit planned up to {days} days after the subject's"
                    " last contact stands at the day of that contact.",
                    "{sheet}, `{heading}`: {n} visits planned up to {days} days after the subject's"
                    " last contact stand at the day of that contact.",
                    int(over.sum()),
                    sheet=self.sheet.name,
                    heading=heading,
                    days=VISIT_TOLERANCE,
                )
            )
        return np.where(over, self.end, day)

    def is_unplaced(self, i: int, heading: str) -> bool:
        """Return whether a cell holds a date that has no day 0 to count from."""
        return (self.sheet.name, int(self.index[i]), heading) in self.context.unplaced

    def _one_day(
        self, heading: str, cells: np.ndarray, column: str = "", unit: str = ""
    ) -> np.ndarray:
        present = np.array([cell is not None for cell in cells], dtype=bool)
        numbers = [plain_number(cell) if cell is not None else np.nan for cell in cells]
        rule = self.context.partial_rule(heading)
        years = self.context.dated and rule is not None and are_years(numbers)
        if None not in numbers and not years:
            for what, remedy in no_days(heading, numbers, column, unit, self.context.dated):
                self.context.problems += [Problem(what, self.sheet.name, None, heading, remedy)]
            factor = TIME_UNITS[unit or "days"]
            given = self.sheet.frame.attrs.get("slack", {}).get(heading)
            slack = given if given is not None else printed_slack(cells, factor) if unit else None
            if slack is not None:
                self.context.slack[self.table, column] = slack
            return whole_days(np.array(numbers, dtype=float) * factor, slack)
        ordinals, faults = self._read_dates(heading, cells, present)
        any_date = bool(np.isfinite(ordinals).any())
        for i, fault in faults.items():
            if any_date or numbers[i] is None:
                days = not any_date and fault.code == "no_date"
                self._date_fault(i, heading, cells, faults, days)
        if any_date and not self.context.dated:
            what = message("holds calendar dates.")
            remedy = message(
                "Name the heading of the first infusion's date under [study] infusion_date."
            )
            self.context.problems += [Problem(what, self.sheet.name, None, heading, remedy)]
        return ordinals - self.day0

    def _read_dates(self, heading: str, cells: np.ndarray, present: np.ndarray):
        order = self.context.settings.study.get("date_order")
        ordinals, faults = read_dates(cells, present, order, self.sheet.epoch)
        if rule := self.context.partial_rule(heading):
            partial = {i: partial_ordinal(cells[i], rule) for i in faults}
            partial = {i: day for i, day in partial.items() if day is not None}
            faults = {i: fault for i, fault in faults.items() if i not in partial}
            ordinals[list(partial)] = list(partial.values())
            if partial:
                self.context.partials[self.sheet.name, heading] = len(partial), rule
        plain = [c if isinstance(c, str | int | float) else None for c in cells]
        numbers = pd.to_numeric(pd.Series(plain, dtype=object), errors="coerce").to_numpy(float)
        serial = np.isfinite(ordinals) & (numbers >= SERIAL_LOW) & (numbers < SERIAL_HIGH)
        if n := int(serial.sum()):
            self.context.serials[self.sheet.name, heading] = n, self.sheet.epoch
        return ordinals, faults

    def dates(self, spec) -> np.ndarray:
        """Return calendar dates as ordinals; a cell that is none is noted."""
        heading = split(spec)[0][0]
        cells = self.values(spec, partly=True)
        present = np.array([cell is not None for cell in cells], dtype=bool)
        ordinals, faults = self._read_dates(heading, cells, present)
        for i in faults:
            self._date_fault(i, heading, cells, faults)
        return ordinals

    def _date_fault(self, i: int, heading: str, cells, faults, days: bool = False) -> None:
        self.fault(i, heading, *date_fault(i, cells, faults, days))

    def flags(self, spec, column: str = "") -> np.ndarray:
        """Return yes or no as True and False, None for missing; anything else is noted.

        无 says no where the column also holds 有, else it is missing if it is listed as such.
        """
        headings, _ = split(spec)
        if isinstance(spec, dict) and "when" in spec:
            return self._fulfilled(spec, headings[0], column)
        said = {cell for h in headings for cell in self.cells(h) if isinstance(cell, str)}
        keep = frozenset({"无"}) if "有" in said else frozenset()
        cells = self.values(spec, column, keep)
        out = np.full(len(self), None, dtype=object)
        for i, cell in enumerate(cells):
            out[i] = None if cell is None else read_flag(cell)
            if cell is not None and out[i] is None:
                remedy = message(
                    "Recode it: [{table}.values.{column}] {line} (true or false).",
                    table=self.table,
                    column=column,
                    line=f"{toml_text(cell_text(cell))} = …",
                )
                what = message("{cell} is neither yes nor no.", cell=shown(cell))
                self.fault(i, headings[0], what, remedy)
        return out

    def _fulfilled(self, spec: dict, heading: str, column: str) -> np.ndarray:
        """Return whether each cell fulfils the condition of an entry; None where it is blank."""
        cells, when = self.values(spec, column), spec["when"]
        taken = fulfilling(self, heading, cells, when)
        given = np.array([cell is not None for cell in cells], dtype=bool)
        compares = isinstance(when, Mapping) and not {"in", "not"} >= set(when)
        place = f"[{self.table}] {column}"
        # That nobody is beyond a limit may be so; a word that no cell has may be misspelt.
        report_condition(
            self.context, self.sheet.name, place, {heading: when}, {heading: cells[given]},
            {heading: taken[given]}, compares or bool(spec.get("may_be_empty")),
        )  # fmt: skip
        known = given | (isinstance(when, Mapping) and "blank" in when)
        return np.where(known, taken.astype(object), None)

    def numbers(self, spec, column: str = "") -> np.ndarray:
        """Return numbers, NaN for missing; anything else is noted."""
        return self._numbers(self.values(spec, column), spec, column)

    def measured(self, spec, measure: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the values of a measure, NaN for missing or below a limit, and those limits."""
        cells, limits = split_limits(self.values(spec, "value"), measure)
        if note := limits_note(split(spec)[0][0], int((~np.isnan(limits)).sum())):
            self.context.notes.append(note)
        return self._numbers(cells, spec, "value"), limits

    def _numbers(self, cells: np.ndarray, spec, column: str) -> np.ndarray:
        out = read_numbers(pd.Series(cells, dtype=object), column).to_numpy()
        for i in np.flatnonzero(~np.isfinite(out)):
            if cells[i] is not None:
                remedy = message(
                    "Give a number, or recode it under [{table}.values.{column}].",
                    table=self.table,
                    column=column,
                )
                what = message("{cell} is not a number.", cell=shown(cells[i]))
                if self.table == "assessments" and says_below(cells[i]):
                    what, remedy = message(NO_LIMIT, value=shown(cells[i])), message(NAME_IT)
                self.fault(i, split(spec)[0][0], what, remedy)
        return out

    def grades(self, spec, column: str = "grade") -> tuple[np.ndarray, int]:
        """Return grades, 0 for no episode and NaN for a blank cell, and how many were blank."""
        cells = self.values(spec, column, keep=NO_EPISODE)
        out = np.full(len(self), np.nan)
        unknown = Counter()
        for i, cell in enumerate(cells):
            if cell is None:
                continue
            text = cell_text(cell)
            grade = read_grade(text)
            if grade is not None:
                out[i] = grade
            elif sign_of(text) in UNKNOWN:
                unknown[text] += 1
            else:
                self.fault(i, split(spec)[0][0], *grade_fault(cell, self.table, column))
        self._count_words(split(spec)[0][0], unknown)
        return out, int(sum(cell is None for cell in cells))

    def said_unknown(self, spec) -> np.ndarray:
        """Return where every heading of an entry is empty or not known, and one says so in a word.

        An empty cell says nothing; "unknown" and a sign for missing say that it is not known.
        """
        told = [[said_unknown(c, self.context) for c in self.cells(h)] for h in split(spec)[0]]
        rows = zip(*told, strict=True)
        return np.array([True in row and False not in row for row in rows], dtype=bool)

    def within(self, days: np.ndarray, spec, mask: np.ndarray) -> None:
        """Note each day of `mask` that is after the subject's last contact."""
        slack = max((s for (table, _), s in self.context.slack.items()
                     if table in (self.table, "subjects")), default=0.0)  # fmt: skip
        for i in np.flatnonzero(mask & (days > self.end + max(slack, 1e-3))):
            what = message(
                "day {day:g} is after the subject's last contact on day {last:g}.",
                day=float(days[i]),
                last=float(self.end[i]),
            )
            self.fault(i, split(spec)[0][0], what, message(_LATER))
