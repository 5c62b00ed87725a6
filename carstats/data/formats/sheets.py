"""The cells of one file or sheet under their headings, and where the headings are found."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from carstats.data.matching import seen
from carstats.data.vocabulary import folded
from carstats.errors import CarstatsError, Problem, listed
from carstats.messages import message

UNNAMED = "column without a heading, number "
_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"})
# So many rows may stand above the headings: a title, a remark, blank ones.
_ABOVE = 20


class Uncalculated(str):
    """The formula of a spreadsheet cell whose result the file does not hold."""


@dataclass(frozen=True)
class Reading:
    """How a file is to be read: what the user says of it; all else is found out and said.

    Attributes
    ----------
    sheet : str, optional
        The sheet of a workbook; the first by default.
    header_row : int, optional
        The row that holds the headings.
    encoding, delimiter, decimal : str, optional
        Of a text file.
    epoch : int, optional
        1900 or 1904: the year from which a spreadsheet's dates count.
    hidden_rows : str, optional
        ``"read"`` or ``"skip"``.
    names : frozenset of str
        Headings that are looked for, by which the row of the headings is known.
    """

    sheet: str | None = None
    header_row: int | None = None
    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    epoch: int | None = None
    hidden_rows: str = "read"
    names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Sheet:
    """The cells of one file or sheet.

    Attributes
    ----------
    name : str
        What messages call it.
    frame : pandas.DataFrame
        The cells under their headings, which may repeat; the index is the row number in the file.
    workbook : bool
        Whether it comes from a spreadsheet program's own format.
    notes : tuple of str
        What was guessed on the way.
    epoch : int
        1900 or 1904: the year from which its dates count where they are plain numbers.
    doubts : dict of str to list of Problem
        By heading, cells that may mean two things; a problem only if the column is read.
    thousands : dict of str to pandas.Series
        By heading, numbers freed of their thousands separators; identifiers stay as they are.
    """

    name: str
    frame: pd.DataFrame
    workbook: bool = False
    notes: tuple[str, ...] = ()
    epoch: int = 1900
    doubts: dict[str, list[Problem]] = field(default_factory=dict)
    thousands: dict[str, pd.Series] = field(default_factory=dict)

    def column(self, heading: str, counted: bool) -> pd.Series:
        """Return the cells under a heading that stands once; `counted` if they may be numbers."""
        if counted and heading in self.thousands:
            return self.thousands[heading].reindex(self.frame.index)
        return self.frame[heading]

    def faults(
        self, headings: list[str], quoted: bool = True, doubts: bool = True
    ) -> list[Problem]:
        """Return a problem for each cell of these columns that is a formula or an error of one."""
        problems = []
        for heading in dict.fromkeys(headings):
            problems += self.doubts.get(heading, []) if doubts else []
            values = self.frame[heading]
            if not isinstance(values, pd.Series) or values.dtype != object:
                continue
            suspect = {v for v in values.unique() if _doubtful(v) and self._fault(v, quoted)}
            if suspect:
                for row in values.index[values.isin(suspect)]:
                    what, remedy = self._fault(values[row], quoted)
                    problems.append(Problem(what, self.name, int(row), heading, remedy))
        return problems

    def _fault(self, text: str, quoted: bool) -> tuple[str, str] | None:
        if isinstance(text, Uncalculated):
            remedy = message(
                "Open the file in the spreadsheet program, save it, and read it again."
            )
            if not quoted:
                return message("holds a formula without its result."), remedy
            return message("{cell} is a formula without its result.", cell=_cut(text)), remedy
        if text in _ERRORS:
            what = message("{cell} is the error of a formula.", cell=text)
            return what, message("Correct the formula or clear the cell.")
        if _is_formula(text, self.workbook):
            what = message("{cell} is a formula.", cell=_cut(text))
            what = what if quoted else message("holds a formula.")
            return what, message("Replace it by its value.")
        return None


def _doubtful(cell: object) -> bool:
    """Return whether a cell may be a formula or its error: those begin with a sign."""
    plain = type(cell) is str and cell[:1].isalnum()
    return isinstance(cell, str) and not plain


def _is_formula(text: str, workbook: bool) -> bool:
    text = text.lstrip()
    # A workbook marks its formulas itself; there, only a leading = can be one that was lost.
    if text[:1] == "=" or (text[:1] == "@" and not workbook):
        return True
    if workbook or text[:1] not in ("+", "-") or not text.strip("+-/ "):
        return False
    try:
        float(text.rstrip("% "))
    except ValueError:
        # A number with a decimal comma is none either.
        return re.fullmatch(r"[+-]\d+,\d+ ?%?", text.rstrip()) is None
    return False


def _cut(text: str) -> str:
    return repr(str(text) if len(text) <= 40 else text[:37] + "…")


def headings_of(cells: Sequence) -> list[str]:
    """Return the headings of a row: trimmed, without what no screen shows."""
    names = ["" if cell is None else seen(str(cell)) for cell in cells]
    return [name or f"{UNNAMED}{i}" for i, name in enumerate(names, start=1)]


def numbered(headings: Sequence[str]) -> list[str]:
    """Return headings, those that stand several times with their place from the left: date#2."""
    headings = [str(heading) for heading in headings]
    counts, seen_ = Counter(headings), Counter()
    names = []
    for heading in headings:
        seen_[heading] += 1
        names.append(f"{heading}#{seen_[heading]}" if counts[heading] > 1 else heading)
    return names


def is_numbered(name: str, heading: str) -> bool:
    """Return whether a name is one of several columns under a heading."""
    stem, sign, place = name.rpartition("#")
    return sign == "#" and place.isdecimal() and folded(stem) == folded(heading)


def hits(cells: Sequence, names: frozenset[str]) -> int:
    """Return how many of the headings that are looked for stand in a row."""
    there = {folded(seen(str(cell))) for cell in cells if cell is not None}
    return len(there & {folded(name) for name in names})


def find_headings(
    rows: Sequence[Sequence], name: str, reading: Reading, first: int = 1
) -> tuple[int, str | None]:
    """Return the row of the headings, and a note where it is not the first."""
    if reading.header_row is not None:
        return reading.header_row, None
    top = [
        (i, row)
        for i, row in enumerate(rows[: first - 1 + _ABOVE], start=1)
        if i >= first and any(cell is not None and str(cell).strip() for cell in row)
    ]
    if not top:
        return first, None
    counts = {i: hits(row, reading.names) for i, row in top}
    begin = top[0][0]
    best = max(counts, key=lambda i: counts[i])
    # Two headings at least tell a row of headings; one may stand in a title or in a cell.
    if best != begin and counts[best] >= 2 and counts[best] > 2 * counts[begin]:
        begin = best
    elif counts[begin] == 0:
        _refuse_title(top, name)
    if begin == first:
        return first, None
    note = message(
        "{sheet}: the headings were found in row {row}; what stands above them was left out."
        " `header_row` in study.toml sets another.",
        sheet=name,
        row=begin,
    )
    return begin, note


def _refuse_title(top: list[tuple[int, Sequence]], name: str) -> None:
    """Refuse a first row of one cell above rows of many, none of which is known to be headings."""
    widths = [sum(cell is not None and str(cell).strip() != "" for cell in row) for _, row in top]
    if widths[0] != 1 or max(widths) < 3:
        return
    row = top[next(i for i, width in enumerate(widths) if width >= 3)][0]
    what = message(
        "row {first} holds one cell, a title perhaps; the headings seem to be in row {row}.",
        first=top[0][0],
        row=row,
    )
    remedy = message(
        "Say header_row = {row} in study.toml, or delete the rows above them.", row=row
    )
    raise CarstatsError(Problem(what, name, remedy=remedy))


def trimmed(frame: pd.DataFrame, headings: list[str]) -> pd.DataFrame:
    """Leave out empty rows, and empty columns without a heading; put the headings on."""
    rows = np.zeros(len(frame), bool)
    kept = []
    # Column by column: of a large table all cells together would be another table.
    for i, heading in enumerate(headings):
        cells = frame.iloc[:, i]
        filled = ((cells != "") & cells.notna()).to_numpy(bool)
        rows |= filled
        if not heading.startswith(UNNAMED) or filled.any():
            kept.append(i)
    frame = frame if rows.all() else frame.loc[rows]
    frame = frame.copy(deep=False) if len(kept) == len(headings) else frame.iloc[:, kept]
    frame.columns = [headings[i] for i in kept]
    return frame


def framed(
    rows: list[list],
    name: str,
    header_row: int,
    even: bool = False,
    skipped: frozenset[int] = frozenset(),
) -> pd.DataFrame:
    """Make a frame of rows of cells; of `even` rows, one of another length is refused."""
    if len(rows) < header_row or not any(cell is not None for cell in rows[header_row - 1]):
        what = message("has no headings in row {row}.", row=header_row)
        remedy = message("The first row names the columns; else say `header_row` in study.toml.")
        raise CarstatsError(Problem(what, name, remedy=remedy))
    headings = headings_of(rows[header_row - 1])
    width = len(headings)
    body = {
        i: row
        for i, row in enumerate(rows[header_row:], start=header_row + 1)
        if i not in skipped and any(cell is not None for cell in row)
    }
    if even:
        _require_even(body, width, name)
    cells = np.empty((len(body), width), dtype=object)
    for i, row in enumerate(body.values()):
        cells[i, : min(len(row), width)] = row[:width]
    return trimmed(pd.DataFrame(cells, index=list(body), dtype=object), headings)


def _require_even(body: dict[int, list], width: int, name: str) -> None:
    remedy = message("A cell that holds the delimiter stands in quotation marks.")
    uneven = [
        Problem(
            message("has {n} cells where the heading has {width}.", n=len(row), width=width),
            name,
            i,
            None,
            remedy,
        )
        for i, row in body.items()
        if len(row) < width or any(cell is not None for cell in row[width:])
    ]
    if uneven:
        raise CarstatsError(uneven)


def has_names(names: Sequence[str]) -> str:
    """Return the headings of a sheet as a message lists them."""
    shown = [name for name in dict.fromkeys(names) if not name.startswith(UNNAMED)]
    return listed(shown, 60)
