"""The rows of one foreign sheet, each tied to its subject, and the reading of their cells.

Whatever a cell should be (a day, a yes or no, a grade), the reading of it is here, and so is the
problem that is noted when it is something else.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from carstats.data.check import MISSING, cell_text, read_flag, read_numbers
from carstats.data.dates import plain_number, read_dates
from carstats.data.day_units import TIME_UNITS, printed_slack, whole_days
from carstats.data.formats import Sheet
from carstats.data.settings import Settings
from carstats.errors import Problem, listed
from carstats.messages import message
from carstats.vocabulary import folded

_NO_EPISODE = frozenset({"0", "无", "否", "没有", "no", "none", "未发生", "未出现", "阴性"})
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5}
_GRADE = re.compile(
    r"(?:ctcae|astct)?(?:grade|gr|g|级别)?\.?([0-5]|i{1,3}|iv|v)(?:\.0)?(?:级|度|grade)?$"
)
_NO_SUBJECT = "Every row needs its subject; delete totals and remarks under the table."
_LATER = "Correct one of the two; a list of headings for last_contact_day takes the latest of them."


@dataclass
class Context:
    """What the parts of a mapping share: the settings, what was noted, and the subjects' clocks.

    Attributes
    ----------
    settings : Settings
        The mapping.
    problems : list of Problem
        Everything found wrong.
    notes : list of str
        What the user should know; counts only.
    subjects : pandas.DataFrame
        By the identifier in the file: ``day0`` (an ordinal), ``end``, ``last_contact``, ``death``,
        ``infused``.
    id_spec : str, list or dict
        The mapping's entry for the subject's identifier.
    absent : set of str
        The headings that the mapping names and the file has not, or has twice.
    left_out : set of str
        The subjects that ``[subjects] where`` does not take; their rows elsewhere go too.
    used : dict
        By sheet, how many columns it has and which headings were read.
    missing : dict
        By sheet, heading and word, how many cells were taken for missing.
    slack : dict
        By table and column, how far in days a time in months may be from the truth.
    """

    settings: Settings
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    subjects: pd.DataFrame | None = None
    id_spec: str | list | dict = "subject_id"
    absent: set[str] = field(default_factory=set)
    left_out: set[str] = field(default_factory=set)
    used: dict[str, tuple[int, set[str]]] = field(default_factory=dict)
    missing: dict[tuple[str, str, str], int] = field(default_factory=dict)
    slack: dict[tuple[str, str], float] = field(default_factory=dict)

    @property
    def dated(self) -> bool:
        """Whether the study names the date of the infusion."""
        return "infusion_date" in self.settings.study

    def is_listed(self, text: str) -> bool:
        """Return whether the mapping lists a text as a sign for missing."""
        return _sign(text) in {_sign(str(sign)) for sign in self.settings.study.get("missing", ())}

    def is_missing(self, text: str, keep: frozenset[str] = frozenset()) -> bool:
        """Return whether a text is a sign for missing, other than those of `keep`."""
        return _sign(text) not in keep and (_sign(text) in MISSING or self.is_listed(text))


def _sign(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().casefold()


def split(spec: str | list | dict) -> tuple[list[str], dict]:
    """Return the headings that a mapping's entry names, and the rows it takes."""
    where = spec.get("where", {}) if isinstance(spec, dict) else {}
    names = spec["column"] if isinstance(spec, dict) else spec
    return ([names] if isinstance(names, str) else list(names)), where


def shown(value: object) -> str:
    """Return a cell as a message shows it."""
    text = cell_text(value)
    return repr(text if len(text) <= 60 else text[:57] + "…")


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
    where : dict, optional
        The rows to take: a heading and its value, or a list of values.
    """

    def __init__(self, sheet: Sheet, table: str, context: Context, where: dict | None = None):
        self.sheet, self.table, self.context = sheet, table, context
        self._cells: dict[str, pd.Series] = {}
        context.used.setdefault(sheet.name, (len(sheet.frame.columns), set()))
        self.index = self.sheet.frame.index
        if where:
            self._keep(self._matches(where))
        self.ids = np.full(len(self.index), None, dtype=object)
        self.day0 = self.end = np.full(len(self.index), np.nan)

    def __len__(self) -> int:
        return len(self.index)

    def _keep(self, keep: np.ndarray) -> None:
        self.sheet = Sheet(self.sheet.name, self.sheet.frame[keep], self.sheet.workbook)
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
            what = "names a subject that the subjects table does not have."
            self.fault(i, heading, what, "Add the subject or correct the identifier.")
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

    def cells(self, heading: str) -> np.ndarray:
        """Return the cells under a heading; None where empty. A formula is noted and emptied."""
        if heading in self._cells:
            return self._cells[heading]
        count = list(self.sheet.frame.columns).count(heading)
        cells = np.full(len(self.sheet.frame), None, dtype=object)
        if count == 1:
            faults = self.sheet.faults([heading])
            self.context.problems += faults
            values = self.sheet.frame[heading]
            blank = values.isna().to_numpy() | values.index.isin([f.row for f in faults])
            for i in np.flatnonzero(~blank):
                value = values.iloc[i]
                value = value.strip() if isinstance(value, str) else value
                cells[i] = None if isinstance(value, str) and not value else value
        else:
            self._unusable(heading, count)
        self.context.used[self.sheet.name][1].add(heading)
        self._cells[heading] = cells
        return cells

    def _unusable(self, heading: str, count: int) -> None:
        what = f"the heading {heading!r} stands {count} times."
        remedy = "Rename one of them."
        if not count:
            what = f"has no heading {heading!r}, which the mapping names."
            remedy = f"It has: {listed(dict.fromkeys(self.sheet.frame.columns), 60)}."
        problem = Problem(what, self.sheet.name, remedy=remedy)
        self.context.absent.add(heading)
        if problem not in self.context.problems:
            self.context.problems.append(problem)

    def _matches(self, where: dict) -> np.ndarray:
        keep = np.ones(len(self.sheet.frame), dtype=bool)
        for heading, wanted in where.items():
            wanted = wanted if isinstance(wanted, list) else [wanted]
            wanted = {folded(cell_text(value)) for value in wanted}
            cells = self.cells(heading)
            keep &= [folded("" if c is None else cell_text(c)) in wanted for c in cells]
        return keep

    def identifiers(self, spec: str | list | dict) -> np.ndarray:
        """Return the subjects' identifiers as text; one that is missing is noted."""
        heading = split(spec)[0][0]
        ids = np.array([None if c is None else cell_text(c) for c in self.values(spec)] + [None])[
            :-1
        ]
        absent = heading not in self.sheet.frame.columns
        for i in np.flatnonzero([value is None and not absent for value in ids]):
            self.fault(i, heading, "is missing.", _NO_SUBJECT)
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

        Parameters
        ----------
        spec : str, list or dict
            The mapping's entry.
        column : str, optional
            The carstats column, whose recodes apply.
        keep : frozenset of str, optional
            Signs for missing that mean something here.
        recodes : dict, optional
            Recodes of this entry alone.

        Returns
        -------
        numpy.ndarray of object
            The cells; None for missing.
        """
        headings, where = split(spec)
        taken = self._matches(where) if where else np.ones(len(self), dtype=bool)
        given = self.context.settings.table(self.table).get("values", {}).get(column, {})
        exact = {str(k): v for k, v in {**given, **(recodes or {})}.items()}
        loose = {folded(k): v for k, v in exact.items() if folded(k)}
        out = np.full(len(self), None, dtype=object)
        known: dict = {}
        for heading in headings:
            words: Counter[str] = Counter()
            for i, cell in enumerate(self.cells(heading)):
                if cell is None or out[i] is not None or not taken[i]:
                    continue
                key = (type(cell), cell)
                if key not in known:
                    text = cell_text(cell)
                    cell = exact.get(text, loose.get(folded(text), cell))
                    missing = isinstance(cell, str) and self.context.is_missing(cell, keep)
                    known[key] = None if missing else cell
                out[i] = known[key]
                if out[i] is None:
                    words[cell_text(key[1])] += 1
            for word, count in words.items():
                place = (self.sheet.name, heading, word)
                self.context.missing[place] = max(count, self.context.missing.get(place, 0))
        return out

    def days(self, spec, column: str = "", pick=np.fmax) -> np.ndarray:
        """Return days since the infusion, of dates or of days; of several headings the latest.

        Parameters
        ----------
        spec : str, list or dict
            The mapping's entry.
        column : str, optional
            The carstats column, whose recodes apply.
        pick : numpy.ufunc, optional
            `numpy.fmin` for the earliest of several.

        Returns
        -------
        numpy.ndarray of float
            The days; NaN for missing.
        """
        headings, where = split(spec)
        out = np.full(len(self), np.nan)
        for heading in headings:
            entry = {"column": heading, "where": where}
            unit = spec.get("unit", "") if isinstance(spec, dict) else ""
            out = pick(out, self._one_day(heading, self.values(entry, column), column, unit))
        return out

    def _one_day(
        self, heading: str, cells: np.ndarray, column: str = "", unit: str = ""
    ) -> np.ndarray:
        present = np.array([cell is not None for cell in cells], dtype=bool)
        numbers = [plain_number(cell) if cell is not None else np.nan for cell in cells]
        given = self.sheet.frame.attrs.get("slack", {}).get(heading)
        if None not in numbers:
            factor = TIME_UNITS[unit or "days"]
            slack = given if given is not None else printed_slack(cells, factor) if unit else None
            if slack is not None:
                place = (self.table, column)
                self.context.slack[place] = max(slack, self.context.slack.get(place, 0.0))
            return whole_days(np.array(numbers, dtype=float) * factor, slack)
        ordinals, faults = read_dates(cells, present, self.context.settings.study.get("date_order"))
        any_date = bool(np.isfinite(ordinals).any())
        for i, fault in faults.items():
            if any_date or numbers[i] is None:
                what = fault.what
                if not any_date and what == "is not a date.":
                    what = "is neither a date nor a number of days."
                self.fault(i, heading, f"{shown(cells[i])} {what}", fault.remedy)
        if any_date and not self.context.dated:
            what = "holds calendar dates."
            remedy = "Name the heading of the first infusion's date under [study] infusion_date."
            self.context.problems.append(Problem(what, self.sheet.name, None, heading, remedy))
        return ordinals - self.day0

    def dates(self, spec) -> np.ndarray:
        """Return calendar dates as ordinals; a cell that is none is noted."""
        heading = split(spec)[0][0]
        cells = self.values(spec)
        present = np.array([cell is not None for cell in cells], dtype=bool)
        ordinals, faults = read_dates(cells, present, self.context.settings.study.get("date_order"))
        for i, fault in faults.items():
            self.fault(i, heading, f"{shown(cells[i])} {fault.what}", fault.remedy)
        return ordinals

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
                remedy = f"Recode it under [{self.table}.values.{column}]."
                self.fault(i, headings[0], f"{shown(cell)} is neither yes nor no.", remedy)
        return out

    def numbers(self, spec, column: str = "") -> np.ndarray:
        """Return numbers, NaN for missing; anything else is noted."""
        cells = self.values(spec, column)
        out = read_numbers(pd.Series(cells, dtype=object)).to_numpy()
        for i, cell in enumerate(cells):
            if cell is not None and not np.isfinite(out[i]):
                remedy = f"Give a number, or recode it under [{self.table}.values.{column}]."
                self.fault(i, split(spec)[0][0], f"{shown(cell)} is not a number.", remedy)
        return out

    def grades(self, spec, column: str = "grade") -> tuple[np.ndarray, int]:
        """Return grades, 0 for no episode and NaN for a blank cell, and how many were blank."""
        cells = self.values(spec, column, keep=_NO_EPISODE)
        out = np.full(len(self), np.nan)
        for i, cell in enumerate(cells):
            if cell is None:
                continue
            text = folded(cell_text(cell))
            found = _GRADE.match(text)
            if text in _NO_EPISODE:
                out[i] = 0
            elif found:
                out[i] = _ROMAN.get(found[1]) or int(found[1])
            else:
                what = f"{shown(cell)} is not a grade from 0 to 5."
                remedy = "Correct it; a yes/no column is mapped by `present`."
                self.fault(i, split(spec)[0][0], what, remedy)
        return out, int(sum(cell is None for cell in cells))

    def within(self, days: np.ndarray, spec, mask: np.ndarray) -> None:
        """Note each day of `mask` that is after the subject's last contact."""
        heading = split(spec)[0][0]
        slack = max((s for (table, _), s in self.context.slack.items()
                     if table in (self.table, "subjects")), default=0.0)  # fmt: skip
        for i in np.flatnonzero(mask & (days > self.end + max(slack, 1e-3))):
            what = f"day {days[i]:g} is after the subject's last contact on day {self.end[i]:g}."
            self.fault(i, heading, what, _LATER)
