"""One file, or one sheet of a workbook, to one frame of cells as the file holds them.

Nothing is interpreted here: text stays text, and the frame's index holds the row numbers that the
file shows. What cannot be read becomes a `Problem` that names the file and the way out, never
the traceback of a library.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from carstats.data.binary import (
    open_workbook,
    plain,
    read_parquet,
    read_statistical,
    worksheet_rows,
)
from carstats.errors import CarstatsError, Problem, listed

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".parquet", ".xpt", ".sas7bdat", ".sav")
WORKBOOKS = (".xlsx", ".xlsm")
_TEXT = (".csv", ".tsv", ".txt", ".toml")
# The second half of the ASCII control characters' range never stands in a text file of data.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x19\x1b-\x1f]")
_ERRORS = frozenset({"#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"})
UNNAMED = "column without a heading, number "


class Uncalculated(str):
    """The formula of a spreadsheet cell whose result the file does not hold."""


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
    """

    name: str
    frame: pd.DataFrame
    workbook: bool = False

    def faults(self, headings: list[str]) -> list[Problem]:
        """Return a problem for each cell of these columns that is a formula or an error of one."""
        problems = []
        for heading in dict.fromkeys(headings):
            values = self.frame[heading]
            if not isinstance(values, pd.Series) or values.dtype != object:
                continue
            suspect = {v for v in values.unique() if isinstance(v, str) and self._fault(v)}
            if suspect:
                for row in values.index[values.isin(suspect)]:
                    what, remedy = self._fault(values[row])
                    problems.append(Problem(what, self.name, int(row), heading, remedy))
        return problems

    def _fault(self, text: str) -> tuple[str, str] | None:
        if isinstance(text, Uncalculated):
            what = f"{_cut(text)} is a formula without its result."
            return what, "Open the file in the spreadsheet program, save it, and read it again."
        if text in _ERRORS:
            return f"{text} is the error of a formula.", "Correct the formula or clear the cell."
        if _is_formula(text, self.workbook):
            return f"{_cut(text)} is a formula.", "Replace it by its value."
        return None


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
        return True
    return False


def _cut(text: str) -> str:
    return repr(str(text) if len(text) <= 40 else text[:37] + "…")


@dataclass
class Files:
    """The files of one study: each is read once, and all problems are kept in one list."""

    problems: list[Problem] = field(default_factory=list)
    _bytes: dict[str, bytes] = field(default_factory=dict)
    _sheets: dict[tuple, Sheet | None] = field(default_factory=dict)
    _books: dict[Path, object] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """The names of the files read."""
        return set(self._bytes)

    def content(self, path: Path) -> bytes | None:
        """Return a file's bytes and count it into the fingerprint; None if it cannot be read."""
        if path.name not in self._bytes:
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                return self._fail(path, "does not exist.", "Check the path and the file name.")
            except PermissionError:
                return self._fail(path, "may not be read.", "Ask for the right to read it.")
            except OSError as error:
                return self._fail(path, f"cannot be read: {error.strerror}.")
            if not data:
                return self._fail(path, "is empty (0 bytes).", "Export it again.")
            self._bytes[path.name] = data
        return self._bytes[path.name]

    def fingerprint(self, *extra: bytes) -> str:
        """Return the SHA-256 over the names and bytes of all files read, and over `extra`."""
        digest = hashlib.sha256()
        for name in sorted(self._bytes):
            data = self._bytes[name]
            # Version control may change line ends; the data are the same.
            if Path(name).suffix.lower() in _TEXT:
                data = data.replace(b"\r\n", b"\n")
            digest.update(f"{name}\0{len(data)}\0".encode() + data)
        for data in extra:
            digest.update(data)
        return digest.hexdigest()

    def sheet(
        self, path: Path, sheet: str | None = None, header_row: int = 1, encoding: str | None = None
    ) -> Sheet | None:
        """Return the cells of a file or sheet, or None if a problem was noted.

        Parameters
        ----------
        path : Path
            The file.
        sheet : str, optional
            The sheet of a workbook; the first by default.
        header_row : int, optional
            The row that holds the headings.
        encoding : str, optional
            The encoding of a text file; found out by default.

        Returns
        -------
        Sheet or None
            The cells.
        """
        key = (path, sheet, header_row)
        if key not in self._sheets:
            try:
                self._sheets[key] = self._read(path, sheet, header_row, encoding)
            except CarstatsError as error:
                self.problems += error.problems
                self._sheets[key] = None
        return self._sheets[key]

    def sheet_names(self, path: Path) -> list[str]:
        """Return the sheets of a workbook; none if it cannot be read (a problem is then noted)."""
        try:
            return list(self._book(path)[0].sheetnames)
        except CarstatsError as error:
            self.problems += error.problems
            return []

    def _fail(self, path: Path, what: str, remedy: str | None = None) -> None:
        raise CarstatsError(Problem(what, path.name, remedy=remedy))

    def _read(self, path: Path, sheet: str | None, header_row: int, encoding: str | None) -> Sheet:
        suffix = path.suffix.lower()
        if suffix == ".xls":
            self._fail(path, "is in the old Excel format.", "Save it as .xlsx.")
        if suffix not in SUFFIXES:
            self._fail(path, "is not a file of data.", f"Known are {listed(SUFFIXES)}.")
        if suffix in WORKBOOKS:
            return self._workbook_sheet(path, sheet, header_row)
        data = self.content(path)
        if suffix in _TEXT:
            return text_table(data, path.name, header_row, encoding)
        read = read_parquet if suffix == ".parquet" else read_statistical
        frame = plain(read(path, data, encoding))
        return Sheet(path.name, frame.set_axis(range(1, len(frame) + 1)))

    def _book(self, path: Path):
        if path not in self._books:
            data = self.content(path)
            self._books[path] = open_workbook(path, data)
        return self._books[path]

    def _workbook_sheet(self, path: Path, sheet: str | None, header_row: int) -> Sheet:
        values, formulas = self._book(path)
        title = values.sheetnames[0] if sheet is None else sheet
        if title not in values.sheetnames:
            has = listed(values.sheetnames)
            self._fail(path, f"has no sheet {title!r}. It has: {has}.")
        name = path.name if len(values.sheetnames) == 1 else f"{path.name}, sheet {title}"
        rows = worksheet_rows(values[title], name)
        if formulas is not None:
            for row, other in zip(rows, worksheet_rows(formulas[title], name), strict=False):
                for i, cell in enumerate(other):
                    if isinstance(cell, str) and cell.startswith("=") and row[i] is None:
                        row[i] = Uncalculated(cell)
        return Sheet(name, _framed(rows, name, header_row), workbook=True)


def decoded(data: bytes, name: str, encoding: str | None = None) -> str:
    """Return a text file's text: UTF-8 with or without a mark, UTF-16 with one, else GB18030.

    Parameters
    ----------
    data : bytes
        The file's bytes.
    name : str
        What messages call it.
    encoding : str, optional
        The encoding, where it is known.

    Returns
    -------
    str
        The text, its line ends as ``"\\n"``.

    Raises
    ------
    CarstatsError
        If it is not text in that encoding.
    """
    marked = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    tried = [encoding] if encoding else ["utf-16"] if marked else ["utf-8-sig", "gb18030"]
    remedy = "Save it as text in UTF-8 (in Excel: “CSV UTF-8”), or read the original file."
    if b"\0" in data and not marked and not encoding:
        raise CarstatsError(Problem("is not a text file: it holds NUL bytes.", name, remedy=remedy))
    for codec in tried:
        try:
            text = data.decode(codec)
        except LookupError:
            raise CarstatsError(
                Problem(f"`encoding` is {codec!r}, which is not known.", name)
            ) from None
        except UnicodeError:
            continue
        if codec == "utf-8-sig" and _reads_as_chinese(data, text):
            continue
        if _CONTROL.search(text):
            what = "is not a text file: it holds control characters."
            raise CarstatsError(Problem(what, name, remedy=remedy))
        return text.replace("\r\n", "\n").replace("\r", "\n")
    what = f"is not text in {' or '.join(tried)}."
    raise CarstatsError(Problem(what, name, remedy=remedy))


def _reads_as_chinese(data: bytes, text: str) -> bool:
    """Return whether text that is formally UTF-8 is Chinese in GB18030.

    A file whose only Chinese is 女 holds the bytes C5 AE, which UTF-8 reads as Ů. So a letter
    beyond Latin-1 and Greek that stands apart from any other letter is not taken for one.
    """
    rare = re.findall(r"[\u0100-\u036f\u0400-\u07ff]", text)
    if not rare or re.search("[\u0800-\U0010ffff]", text):
        return False
    if re.search(r"[A-Za-z][\u0080-\u07ff]|[\u0080-\u07ff]([A-Za-z]|[\u0080-\u07ff]{3})", text):
        return False
    try:
        chinese = data.decode("gb18030")
    except UnicodeError:
        return False
    return all("\u4e00" <= c <= "\u9fff" for c in chinese if c > "\x7f")


def text_table(data: bytes, name: str, header_row: int = 1, encoding: str | None = None) -> Sheet:
    """Return the cells of a delimited text file; comma, semicolon or tab is found out.

    Parameters
    ----------
    data : bytes
        The file's bytes.
    name : str
        What messages call it.
    header_row : int, optional
        The row that holds the headings.
    encoding : str, optional
        The encoding, where it is known.

    Returns
    -------
    Sheet
        The cells, all of them text.

    Raises
    ------
    CarstatsError
        If it is not text, or its rows differ in length.
    """
    text = decoded(data, name, encoding).rstrip("\n")
    lines = text.split("\n")
    heading = lines[header_row - 1] if len(lines) >= header_row else ""
    outside = re.sub(r'"[^"]*"', "", heading)
    delimiter = max(",;\t", key=outside.count)
    cells = heading.count(delimiter)
    plain = '"' not in text and heading and heading[0] != delimiter
    # Most exports quote nothing and have even rows: pandas' parser is then four times as fast.
    if plain and all(line.count(delimiter) == cells for line in lines[header_row:]):
        headings = _headings(heading.split(delimiter))
        if len(lines) == header_row:
            return Sheet(name, pd.DataFrame(columns=headings, dtype=object))
        frame = pd.read_csv(
            io.StringIO(text), sep=delimiter, header=None, names=list(range(cells + 1)),
            skiprows=header_row, dtype=object, keep_default_na=False, na_filter=False,
            quoting=csv.QUOTE_NONE, skip_blank_lines=False, index_col=False, engine="c",
        )  # fmt: skip
        frame.index = pd.RangeIndex(header_row + 1, header_row + 1 + len(frame))
        return Sheet(name, _trimmed(frame, headings))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[list] = []
    try:
        rows += reader
    except csv.Error as error:
        remedy = "Check the quotation marks around and inside its cells."
        what = f"is not a table: {error}."
        raise CarstatsError(Problem(what, name, len(rows) + 1, remedy=remedy)) from None
    rows = [[None if cell == "" else cell for cell in row] for row in rows]
    return Sheet(name, _framed(rows, name, header_row, even=True))


def _headings(cells: list) -> list[str]:
    names = ["" if cell is None else str(cell).strip() for cell in cells]
    return [name or f"{UNNAMED}{i}" for i, name in enumerate(names, start=1)]


def _trimmed(frame: pd.DataFrame, headings: list[str]) -> pd.DataFrame:
    """Leave out empty rows, and empty columns without a heading; put the headings on."""
    cells = frame.to_numpy(dtype=object)
    filled = (cells != "") & ~pd.isna(cells)
    rows = filled.any(axis=1)
    kept = [i for i, h in enumerate(headings) if not h.startswith(UNNAMED) or filled[:, i].any()]
    frame = frame if rows.all() else frame.loc[rows]
    frame = frame if len(kept) == len(headings) else frame.iloc[:, kept]
    return frame.set_axis([headings[i] for i in kept], axis=1)


def _framed(rows: list[list], name: str, header_row: int, even: bool = False) -> pd.DataFrame:
    """Make a frame of rows of cells; of `even` rows, one of another length is refused."""
    if len(rows) < header_row or not any(cell is not None for cell in rows[header_row - 1]):
        what = f"has no headings in row {header_row}."
        remedy = "The first row names the columns; else say `header_row` in study.toml."
        raise CarstatsError(Problem(what, name, remedy=remedy))
    headings = _headings(rows[header_row - 1])
    width = len(headings)
    body = {i: row for i, row in enumerate(rows[header_row:], start=header_row + 1) if any(
        cell is not None for cell in row)}  # fmt: skip
    if even:
        remedy = "A cell that holds the delimiter stands in quotation marks."
        uneven = [
            Problem(f"has {len(row)} cells where the heading has {width}.", name, i, None, remedy)
            for i, row in body.items()
            if len(row) < width or any(cell is not None for cell in row[width:])
        ]
        if uneven:
            raise CarstatsError(uneven)
    cells = np.empty((len(body), width), dtype=object)
    for i, row in enumerate(body.values()):
        cells[i, : len(row)] = row[:width]
    return _trimmed(pd.DataFrame(cells, index=list(body)), headings)
