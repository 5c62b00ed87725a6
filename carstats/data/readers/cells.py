"""The rows of one foreign sheet, each tied to its subject, and their cells as they stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from carstats.data.check import cell_text
from carstats.data.formats.sheets import Sheet
from carstats.data.matching import code_key, find_name
from carstats.data.readers.checkboxes import ticked
from carstats.data.readers.conditions import matching, report_condition, unusable
from carstats.data.readers.context import Context, Recode, joined_text, split
from carstats.data.schema import TABLES
from carstats.errors import Problem
from carstats.messages import mark, message

_NO_SUBJECT = mark("Every row needs its subject; delete totals and remarks under the table.")


class SheetRows:
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
        a list of values or a condition.
    place : str, optional
        What messages call the section, if it is not the table's.
    """

    def __init__(
        self,
        sheet: Sheet,
        table: str,
        context: Context,
        section: Mapping | None = None,
        place: str = "",
    ) -> None:
        self.sheet, self.table, self.context = sheet, table, context
        self._cells: dict[str, np.ndarray] = {}
        context.used.setdefault(sheet.name, (list(sheet.frame.columns), set()))
        self.index = self.sheet.frame.index
        where = (section or {}).get("where")
        if where:
            own = place or f"[{table}]"
            self._keep(self._matches(where, own, section.get("may_be_empty") is True))
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

    def problem(self, heading: str, what: str, remedy: str | None = None) -> Problem:
        """Return a problem of a whole column."""
        return Problem(what, self.sheet.name, None, heading, remedy)

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
            plain = values.to_numpy(dtype=object)
            for i in np.flatnonzero(~blank):
                value = plain[i].strip() if isinstance(plain[i], str) else plain[i]
                cells[i] = None if isinstance(value, str) and not value else value
            self.context.used[self.sheet.name][1].add(found[0])
        else:
            unusable(self.context, self.sheet, heading, found)
        self._cells[heading] = cells
        return cells

    def _matches(self, where: dict, place: str, may_be_empty: bool = False) -> np.ndarray:
        cells = {heading: self.cells(heading) for heading in where}
        taken = matching(self, cells, where)
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
        partly: bool = False,
    ) -> np.ndarray:
        """Return cells, recoded and then freed of signs for missing.

        Of several headings it is the first that is filled; of joined ones the last may be blank
        where `partly`.
        """
        given = self.context.settings.table(self.table).get("values", {}).get(column, {})
        recodes = {str(k): v for k, v in {**given, **(recodes or {})}.items()}
        alike = {code_key(key): key for key in recodes if code_key(key)}
        out = np.full(len(self), None, dtype=object)
        known: dict = {}
        for heading, cells in self._sources(spec, column, partly):
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

    def _sources(self, spec, column: str, partly: bool):
        """Yield each heading of an entry with its cells; what a condition leaves out is blank."""
        headings, where = split(spec)
        if isinstance(spec, dict) and "checkboxes" in spec:
            described = TABLES[self.table].column(column)
            yield headings[0], ticked(self, spec, described is not None and described.filled)
            return
        joined = isinstance(spec, dict) and "join" in spec
        for heading in headings[:1] if joined else headings:
            cells = self._joined(spec, partly) if joined else self.cells(heading)
            if where:
                place = f"[{self.table}] {column or heading}"
                taken = self._matches(where, place, bool(spec.get("may_be_empty")))
                cells = np.where(taken, cells, None)
            yield heading, cells

    def _joined(self, spec: dict, partly: bool) -> np.ndarray:
        """Return the cells of several columns as one text; one that is blank among them is noted.

        A date may lack what stands behind it, its time or its day: what is left is read as it is.
        """
        headings = spec["join"]
        parts = [self.cells(heading) for heading in headings]
        out = np.full(len(self), None, dtype=object)
        if any(self.resolve(heading) is None for heading in headings):
            return out
        for i in range(len(self)):
            row = [part[i] for part in parts]
            texts = ["" if c is None or (isinstance(c, str) and self.context.is_missing(c))
                     else joined_text(c, row[0]) for c in row]  # fmt: skip
            filled = [bool(text) for text in texts]
            if not any(filled):
                continue
            gap = filled.index(False) if False in filled else len(filled)
            if gap < len(filled) and (not partly or gap == 0 or any(filled[gap:])):
                what = message(
                    "is blank, and `{other}`, to which it is joined, is not.",
                    other=headings[filled.index(True)],
                )
                self.fault(i, headings[gap], what, message("Fill it, or clear the others."))
            else:
                out[i] = spec.get("with", " ").join(texts[:gap])
        return out

    def _recode(self, column: str, heading: str, recodes: dict) -> Recode:
        fresh = Recode(self.sheet.name, heading)
        recode = self.context.recodes.setdefault((self.table, column, self.sheet.name), fresh)
        recode.given |= recodes
        return recode
