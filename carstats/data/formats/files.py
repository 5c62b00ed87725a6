"""The files of one study: each is read once, to a frame of cells as the file holds them.

Nothing is interpreted here: text stays text, and the frame's index holds the row numbers that the
file shows. What cannot be read becomes a `Problem` that names the file and the way out, never
the traceback of a library.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from carstats.data.formats.binary import (
    Workbook,
    open_workbook,
    plain,
    read_parquet,
    read_statistical,
    worksheet_rows,
)
from carstats.data.formats.sheets import (
    Reading,
    Sheet,
    Uncalculated,
    find_headings,
    framed,
    headings_of,
)
from carstats.data.formats.text_tables import text_table
from carstats.errors import CarstatsError, Problem, listed
from carstats.messages import message, message_n

SUFFIXES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".parquet", ".xpt", ".sas7bdat", ".sav")
WORKBOOKS = (".xlsx", ".xlsm")
# Files of data that other programs read, and what to do with them.
FOREIGN = (
    ".xls", ".xlsb", ".ods", ".fods", ".numbers", ".et", ".gz", ".bz2", ".xz", ".zip", ".7z",
    ".rar", ".zst", ".json", ".xml", ".rds", ".rda", ".rdata", ".dta", ".por", ".zsav", ".feather",
    ".arrow", ".mdb", ".accdb", ".sqlite", ".db", ".xport", ".cport", ".dat", ".tab", ".psv",
)  # fmt: skip
_PACKED = (".gz", ".bz2", ".xz", ".zip", ".7z", ".rar", ".zst")
TEXT = (".csv", ".tsv", ".txt", ".toml")


def stem_of(path: Path) -> str:
    """Return a file's name without all of its endings, such as ``.csv.gz``."""
    name = path.name
    while (suffix := Path(name).suffix.lower()) in (*SUFFIXES, *FOREIGN):
        name = name[: -len(suffix)]
    return name


def unread_kind(path: Path) -> tuple[str, str]:
    """Return what is said of a file that is not read for its format, and the remedy."""
    suffix = path.suffix.lower()
    if path.is_symlink() and not path.exists():
        return message("is a link to a file that is not there."), message(
            "Mend the link, or put the file itself into the folder."
        )
    if suffix == ".xls":
        return message("is in the old Excel format."), message("Save it as .xlsx.")
    if suffix in _PACKED:
        return message("is compressed, and is not read."), message("Unpack it into the folder.")
    if path.is_dir():
        return message("is a folder, and is not read."), message(
            "Put its files into the folder of the study."
        )
    return message("is not read: its format is not one of those that are."), message(
        "Save it as .csv or .xlsx. Known are {formats}.", formats=listed(SUFFIXES)
    )


@dataclass
class Files:
    """The files of one study: each is read once, and all problems and notes are kept.

    `root` is the study's folder: a file of a folder within it is called by its path from there.
    """

    root: Path = field(default_factory=Path)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _bytes: dict[Path, bytes] = field(default_factory=dict)
    _sheets: dict[tuple, Sheet | None] = field(default_factory=dict)
    _books: dict[Path, Workbook] = field(default_factory=dict)
    _read_sheets: dict[Path, set[str]] = field(default_factory=dict)

    def name_of(self, path: Path) -> str:
        """Return what messages call a file."""
        try:
            return path.relative_to(self.root).as_posix()
        except ValueError:
            return path.name

    def has_read(self, path: Path) -> bool:
        """Return whether a file was read."""
        return path in self._bytes

    def sheets_read(self, path: Path) -> set[str]:
        """Return the sheets of a workbook that were read."""
        return self._read_sheets.get(path, set())

    def content(self, path: Path) -> bytes:
        """Return a file's bytes and count it into the fingerprint."""
        if path not in self._bytes:
            if path.exists() and not path.is_file() and not path.is_dir():
                # A device may be endless, a pipe may wait for ever.
                remedy = message("Give the data as a file.")
                self._fail(path, message("is a device or a pipe and no file."), remedy)
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                remedy = message("Check the path and the file name.")
                self._fail(path, message("does not exist."), remedy)
            except PermissionError:
                remedy = message("Ask for the right to read it.")
                self._fail(path, message("may not be read."), remedy)
            except OSError as error:
                self._fail(path, message("cannot be read: {reason}.", reason=error.strerror))
            if not data:
                self._fail(path, message("is empty (0 bytes)."), message("Export it again."))
            self._bytes[path] = data
        return self._bytes[path]

    def fingerprint(self, *extra: bytes) -> str:
        """Return the SHA-256 over the names and bytes of all files read, and over `extra`.

        A file is told by its name; files of one name in several folders by their paths from the
        folder that holds them all.
        """
        digest = hashlib.sha256()
        names = [path.name for path in self._bytes]
        told = {}
        for path in self._bytes:
            told[path] = path.name
            if names.count(path.name) > 1:
                same = [os.path.abspath(p) for p in self._bytes if p.name == path.name]
                common = os.path.commonpath(same)
                told[path] = Path(os.path.relpath(os.path.abspath(path), common)).as_posix()
        for path in sorted(self._bytes, key=lambda p: told[p]):
            data = self._bytes[path]
            # Version control may change line ends; the data are the same.
            if path.suffix.lower() in TEXT:
                data = data.replace(b"\r\n", b"\n")
            digest.update(f"{told[path]}\0{len(data)}\0".encode("utf-8", "surrogateescape"))
            digest.update(data)
        for data in extra:
            digest.update(data)
        return digest.hexdigest()

    def release(self) -> None:
        """Let go of what was read: what was made of it stands for itself."""
        for kept in (self._sheets, self._books, self._bytes):
            kept.clear()

    def sheet(self, path: Path, reading: Reading | None = None) -> Sheet | None:
        """Return the cells of a file or sheet, or None if a problem was noted."""
        reading = reading or Reading()
        key = (path, reading)
        if key not in self._sheets:
            try:
                sheet = self._sheets[key] = self._read(path, reading)
                self.notes += [note for note in sheet.notes if note not in self.notes]
            except CarstatsError as error:
                self.problems += [p for p in error.problems if p not in self.problems]
                self._sheets[key] = None
        return self._sheets[key]

    def sheet_names(self, path: Path) -> list[str]:
        """Return the sheets of a workbook; none if it cannot be read (a problem is then noted)."""
        try:
            return list(self.book(path).titles)
        except CarstatsError as error:
            self.problems += [p for p in error.problems if p not in self.problems]
            return []

    def lost_sheets(self, path: Path) -> list[str]:
        """Return the sheets that a workbook names and does not hold."""
        return self._books[path].lost if path in self._books else []

    def _fail(self, path: Path, what: str, remedy: str | None = None) -> None:
        raise CarstatsError(Problem(what, self.name_of(path), remedy=remedy))

    def _read(self, path: Path, reading: Reading) -> Sheet:
        suffix = path.suffix.lower()
        if suffix not in SUFFIXES:
            if path.exists() or path.is_symlink():
                self._fail(path, *unread_kind(path))
            self._fail(
                path, message("does not exist."), message("Check the path and the file name.")
            )
        if suffix in WORKBOOKS:
            return self._workbook_sheet(path, reading)
        data = self.content(path)
        if suffix in TEXT:
            sheet = text_table(data, self.name_of(path), reading)
            return replace(sheet, epoch=reading.epoch or 1900)
        name = self.name_of(path)
        if suffix == ".parquet":
            frame, note = read_parquet(path, data, name)
        else:
            frame, note = read_statistical(path, data, reading.encoding, name)
        frame = plain(frame)
        frame.columns = headings_of(frame.columns)
        frame.index = range(1, len(frame) + 1)
        notes = (note,) if note else ()
        return Sheet(name, frame, notes=notes, epoch=reading.epoch or 1900)

    def book(self, path: Path) -> Workbook:
        """Return an opened workbook."""
        if path not in self._books:
            self._books[path] = open_workbook(path, self.content(path))
        return self._books[path]

    def _workbook_sheet(self, path: Path, reading: Reading) -> Sheet:
        book = self.book(path)
        title = reading.sheet
        if title is None and book.titles:
            title = book.titles[0]
        if title in book.lost or not book.titles:
            self._fail(path, *lost_sheet(title or listed(book.lost)))
        if title not in book.titles:
            what = message(
                "has no sheet {title!r}. It has: {titles}.", title=title, titles=listed(book.titles)
            )
            self._fail(path, what)
        self._read_sheets.setdefault(path, set()).add(title)
        name = self.name_of(path)
        if len(book.titles) > 1:
            name = message("{file}, sheet {title}", file=name, title=title)
        rows = worksheet_rows(book.values[title], name)
        if book.formulas is not None:
            others = worksheet_rows(book.formulas[title], name)
            _mark_formulas(rows, others)
        notes, skipped = _hidden(book, title, name, reading)
        header_row, note = find_headings(rows, name, reading)
        notes += [note] if note else []
        merged = [first for first, last in book.merged.get(title, ()) if last > header_row]
        if merged:
            notes.append(
                message(
                    "{sheet}: cells are merged over several rows (from row {rows}); only the first"
                    " of them holds the value.",
                    sheet=name,
                    rows=", ".join(map(str, merged[:8])),
                )
            )
        epoch = reading.epoch or book.epoch
        if epoch == 1904:
            notes.append(
                message(
                    "{sheet}: dates count from 1904, those stored as plain numbers too."
                    " [study] epoch sets another year.",
                    sheet=name,
                )
            )
        frame = framed(rows, name, header_row, skipped=skipped)
        return Sheet(name, frame, workbook=True, notes=tuple(notes), epoch=epoch)


def lost_sheet(title: str) -> tuple[str, str]:
    """Return what is said of a sheet that a workbook names and does not hold, and the remedy."""
    return message(
        "names the sheet {title}, whose part of the file is gone.", title=title
    ), message("The file is damaged: copy or export it again.")


def _mark_formulas(rows: list[list], others: list[list]) -> None:
    """Put the formula where a cell has one and the file does not hold its result."""
    for i, other in enumerate(others):
        for j, cell in enumerate(other):
            if not (isinstance(cell, str) and cell.startswith("=")):
                continue
            # What has no result may stand beyond the last cell with a value.
            while len(rows) <= i:
                rows.append([])
            row = rows[i]
            row += [None] * (j + 1 - len(row))
            if row[j] is None:
                row[j] = Uncalculated(cell)
    width = max((len(row) for row in rows), default=0)
    for row in rows:
        row += [None] * (width - len(row))


def _hidden(
    book: Workbook, title: str, name: str, reading: Reading
) -> tuple[list[str], frozenset[int]]:
    """Return what is said of hidden rows and columns, and the rows to leave out."""
    rows, columns, whole = book.hidden.get(title, (frozenset(), (), False))
    notes: list[str] = []
    if whole:
        notes.append(message("{sheet}: the sheet is hidden in the workbook.", sheet=name))
    if rows:
        shown = ", ".join(map(str, sorted(rows)[:8])) + (", …" if len(rows) > 8 else "")
        skip = reading.hidden_rows == "skip"
        notes.append(
            message_n(
                "{sheet}: {n} hidden row ({rows}) was left out.",
                "{sheet}: {n} hidden rows ({rows}) were left out.",
                len(rows),
                sheet=name,
                rows=shown,
            )
            if skip
            else message_n(
                "{sheet}: {n} hidden row ({rows}) was read as any other; [study] hidden_rows ="
                ' "skip" leaves it out.',
                "{sheet}: {n} hidden rows ({rows}) were read as any other; [study] hidden_rows ="
                ' "skip" leaves them out.',
                len(rows),
                sheet=name,
                rows=shown,
            )
        )
    if columns:
        notes.append(
            message_n(
                "{sheet}: {n} column is hidden in the workbook.",
                "{sheet}: {n} columns are hidden in the workbook.",
                len(columns),
                sheet=name,
            )
        )
    return notes, rows if rows and reading.hidden_rows == "skip" else frozenset()
