"""The rows of one foreign sheet, each tied to its subject, and the reading of their cells.

Whatever a cell should be (a day, a yes or no, a grade), the reading of it is here, and so is the
problem that is noted when it is something else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from carstats.data.check import UNKNOWN, cell_text, read_flag, read_numbers
from carstats.data.formats.dates import SERIAL_HIGH, SERIAL_LOW, plain_number, read_dates
from carstats.data.formats.day_units import TIME_UNITS, printed_slack, whole_days
from carstats.data.formats.sheets import Sheet
from carstats.data.matching import NO_EPISODE, code_key, find_name, read_grade, toml_text
from carstats.data.readers.cell_faults import date_fault, grade_fault, no_days, said_unknown
from carstats.data.readers.conditions import matching, report_condition, ticked, unusable
from carstats.data.readers.context import Context, Recode, shown, sign_of, split
from carstats.data.schema import TABLES
from carstats.errors import Problem
from carstats.messages import mark, message

_NO_SUBJECT = mark("Every row needs its subject; delete totals and remarks under the table.")
_LATER = mark(
    "Correct one of the two; a list of headings for last_contact_day takes the latest of them."
)


class Rows:
    """The rows of a sheet.

    Parameters
    ----------
    sheet : Sheet
        The cells.
    table : str
        The study table that they go into.
    context : Context
        What the mapping shares.
    section : dict, optional
        The table's section, whose ``where`` says which rows to take: a heading and its value, or
        a list of values.
    """

    def __init__(self, sheet: Sheet, table: str, context: Context, section: dict | None = None):
        self.sheet, self.table, self.context = sheet, table, context
        self._cells: dict[str, np.ndarray] = {}
        context.used.setdefault(sheet.name, (list(sheet.frame.columns), set()))
        self.index = self.sheet.frame.index
        where = (section or {}).get("where")
        if where:
            may_be_empty = context.settings.may_be_empty(table)
            self._keep(self._matches(where, f"[{table}]", may_be_empty))
        self.ids = np.full(len(self.index), None, dtype=object)
        self.day0 = self.end = np.full(len(self.index), np.nan)

    def __len__(self) -> int:
        return len(self.index)

    def _keep(self, keep: np.ndarray) -> None:
        self.sheet = replace(self.sheet, frame=self.sheet.frame[keep])
        self.index, self._cells = self.sheet.frame.index, {}

    def tie(self, spec: str | list | dict) -> None:
        """Tie each row to its subject, by the identifier under `spec`."""
        known = self.context.subjects
        self.ids = self.identifiers(spec)
        out = np.array([value in self.context.left_out for value in self.ids], dtype=bool)
        if out.any():
            self.context.notes.append(
                message(
                    "{sheet}: {n} rows of {subjects} subjects"
                    " that [subjects] where does not take were left out.",
                    sheet=self.sheet.name,
                    n=int(out.sum()),
                    subjects=len(set(self.ids[out])),
                )
            )
            self._keep(~out)
            self.ids = self.ids[~out]
        heading = split(spec)[0][0]
        for i in np.flatnonzero(
            [value is not None and value not in known.index for value in self.ids]
        ):
            what = message("names a subject that the subjects table does not have.")
            remedy = message("Add the subject or correct the identifier.")
            self.fault(i, heading, what, remedy)
        self.follow(self.ids)

    def follow(self, ids: np.ndarray) -> None:
        """Take the identifiers of the rows, and their subjects' clocks."""
        known = self.context.subjects
        self.ids = ids
        self.day0 = known["day0"].reindex(self.ids).to_numpy(dtype=float)
        self.end = known["end"].reindex(self.ids).to_numpy(dtype=float)

    def subject(self, column: str) -> np.ndarray:
        """Return a column of the context's subjects, row by row."""
        return self.context.subjects[column].reindex(self.ids).to_numpy()

    def fault(self, i: int, heading: str | None, what: str, remedy: str | None = None) -> None:
        """Note a problem at the i-th row."""
        row = int(self.index[i])
        self.context.problems.append(Problem(what, self.sheet.name, row, heading, remedy))

    def resolve(self, heading: str) -> str | None:
        """Return the sheet's own spelling of a heading; None if it has none such, or several."""
        found = find_name(heading, self.sheet.frame.columns)
        return found[0] if len(found) == 1 else None

    def cells(self, heading: str) -> np.ndarray:
        """Return the cells under a heading; None where empty. A formula is noted and emptied."""
        if heading in self._cells:
            return self._cells[heading]
        found = find_name(heading, self.sheet.frame.columns)
        cells = np.full(len(self.sheet.frame), None, dtype=object)
        if len(found) == 1:
            counted = not self.context.identifies(self.table, heading)
            faults = self.sheet.faults(found, doubts=counted)
            rows = set(self.index)
            self.context.problems += [f for f in faults if f.row in rows]
            values = self.sheet.column(found[0], counted)
            blank = values.isna().to_numpy() | values.index.isin([f.row for f in faults])
            for i in np.flatnonzero(~blank):
                value = values.iloc[i]
                value = value.strip() if isinstance(value, str) else value
                cells[i] = None if isinstance(value, str) and not value else value
            self.context.used[self.sheet.name][1].add(found[0])
        else:
            unusable(self.context, self.sheet, heading, found)
        self._cells[heading] = cells
        return cells

    def _matches(self, where: dict, place: str, may_be_empty: bool = False) -> np.ndarray:
        cells = {heading: self.cells(heading) for heading in where}
        taken = matching(cells, where, len(self.sheet.frame))
        name = self.sheet.name
        report_condition(self.context, name, place, where, cells, taken, may_be_empty)
        return np.logical_and.reduce([np.ones(len(self.sheet.frame), bool), *taken.values()])

    def identifiers(self, spec: str | list | dict) -> np.ndarray:
        """Return the subjects' identifiers as text; one that is missing is noted."""
        heading = split(spec)[0][0]
        cells = self.values(spec)
        ids = np.array([None if c is None else cell_text(c) for c in cells] + [None], object)[:-1]
        absent = self.resolve(heading) is None
        for i in np.flatnonzero([value is None and not absent for value in ids]):
            self.fault(i, heading, message("is missing."), message(_NO_SUBJECT))
        return ids

    def values(
        self,
        spec,
        column: str = "",
        keep: frozenset[str] = frozenset(),
        recodes: dict | None = None,
    ) -> np.ndarray:
        """Return cells, recoded and then freed of signs for missing; of several headings the first
        that is filled.
        """
        given = self.context.settings.table(self.table).get("values", {}).get(column, {})
        recodes = {str(k): v for k, v in {**given, **(recodes or {})}.items()}
        alike = {code_key(key): key for key in recodes if code_key(key)}
        out = np.full(len(self), None, dtype=object)
        known: dict = {}
        for heading, cells in self._sources(spec, column):
            met = self._recode(column, heading, recodes) if recodes else None
            words: Counter[str] = Counter()
            for i, cell in enumerate(cells):
                if cell is None or out[i] is not None:
                    continue
                if (key := (type(cell), cell)) not in known:
                    text = cell_text(cell)
                    code = text if text in recodes else alike.get(code_key(text))
                    meant = cell if code is None else recodes[code]
                    missing = isinstance(meant, str) and self.context.is_missing(meant, keep)
                    known[key] = code, None if missing else meant
                code, out[i] = known[key]
                if met is not None and code is not None:
                    met.met.add(code)
                elif met is not None:
                    met.held[cell_text(cell)] = met.held.get(cell_text(cell), 0) + 1
                if out[i] is None:
                    words[cell_text(cell)] += 1
            self._count_words(heading, words)
        return out

    def _count_words(self, heading: str, words: Mapping[str, int]) -> None:
        for word, count in words.items():  # the heading may be read twice
            self.context.missing[self.sheet.name, heading, word] = count

    def _sources(self, spec, column: str):
        """Yield each heading of an entry with its cells; what a condition leaves out is blank."""
        headings, where = split(spec)
        if isinstance(spec, dict) and "checkboxes" in spec:
            described = TABLES[self.table].column(column)
            yield headings[0], ticked(self, spec, described is not None and described.filled)
            return
        for heading in headings:
            cells = self.cells(heading)
            if where:
                place = f"[{self.table}] {column or heading}"
                taken = self._matches(where, place, bool(spec.get("may_be_empty")))
                cells = np.where(taken, cells, None)
            yield heading, cells

    def _recode(self, column: str, heading: str, recodes: dict) -> Recode:
        fresh = Recode(self.sheet.name, heading)
        recode = self.context.recodes.setdefault((self.table, column, self.sheet.name), fresh)
        recode.given |= recodes
        return recode

    def days(self, spec, column: str = "", pick=np.fmax) -> np.ndarray:
        """Return days since the infusion, of dates or of days; of several headings the latest."""
        headings, where = split(spec)
        out = np.full(len(self), np.nan)
        filled = np.zeros(len(self), dtype=bool)
        known = len(self.context.problems)
        for heading in headings:
            entry = {**spec, "column": heading} if where else heading
            cells = self.values(entry, column)
            filled |= np.array([cell is not None for cell in cells], dtype=bool)
            unit = spec.get("unit", "") if isinstance(spec, dict) else ""
            out = pick(out, self._one_day(heading, cells, column, unit))
        for i in np.flatnonzero(filled & np.isnan(out) & np.isnan(self.day0)):
            self.context.unplaced.add((self.sheet.name, int(self.index[i]), headings[0]))
        for problem in self.context.problems[known:]:
            self.context.unplaced.add((self.sheet.name, problem.row, headings[0]))
        return out

    def is_unplaced(self, i: int, heading: str) -> bool:
        """Return whether a cell holds a date that has no day 0 to count from."""
        return (self.sheet.name, int(self.index[i]), heading) in self.context.unplaced

    def _one_day(
        self, heading: str, cells: np.ndarray, column: str = "", unit: str = ""
    ) -> np.ndarray:
        present = np.array([cell is not None for cell in cells], dtype=bool)
        numbers = [plain_number(cell) if cell is not None else np.nan for cell in cells]
        if None not in numbers:
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
        plain = [c if isinstance(c, str | int | float) else None for c in cells]
        numbers = pd.to_numeric(pd.Series(plain, dtype=object), errors="coerce").to_numpy(float)
        serial = np.isfinite(ordinals) & (numbers >= SERIAL_LOW) & (numbers < SERIAL_HIGH)
        if n := int(serial.sum()):
            self.context.serials[self.sheet.name, heading] = n, self.sheet.epoch
        return ordinals, faults

    def dates(self, spec) -> np.ndarray:
        """Return calendar dates as ordinals; a cell that is none is noted."""
        heading = split(spec)[0][0]
        cells = self.values(spec)
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

    def numbers(self, spec, column: str = "") -> np.ndarray:
        """Return numbers, NaN for missing; anything else is noted."""
        cells = self.values(spec, column)
        out = read_numbers(pd.Series(cells, dtype=object)).to_numpy()
        for i, cell in enumerate(cells):
            if cell is not None and not np.isfinite(out[i]):
                remedy = message(
                    "Give a number, or recode it under [{table}.values.{column}].",
                    table=self.table,
                    column=column,
                )
                what = message("{cell} is not a number.", cell=shown(cell))
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
