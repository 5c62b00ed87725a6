"""`read_study`: a folder, a workbook or a foreign file with its mapping, to a `Study`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from carstats.data.check import Source, check_table
from carstats.data.formats import SUFFIXES, UNNAMED, WORKBOOKS, Files, Sheet
from carstats.data.rule_settings import rules_given
from carstats.data.schema import TABLES
from carstats.data.settings import FILE_NAME, Settings, check_settings, read_settings
from carstats.data.study import Study
from carstats.errors import CarstatsError, Problem, listed
from carstats.messages import message
from carstats.vocabulary import folded


def read_study(path: str | Path, mapping: str | Path | Mapping | None = None) -> Study:
    """Read a study from files: its standard tables, or any others that a mapping describes.

    Parameters
    ----------
    path : str or Path
        A folder with a file per table (``subjects.csv``, ``events.xlsx``, …), an Excel workbook
        with a sheet per table, or a folder or file that a mapping describes. Comma-, semicolon- and
        tab-separated text (UTF-8 or GB18030), ``.xlsx``, ``.parquet``, SAS ``.xpt`` and
        ``.sas7bdat`` and SPSS ``.sav`` are read. A folder with an ``adsl`` data set and no
        ``subjects`` is read by `read_adam`.
    mapping : str, Path or mapping, optional
        The mapping: a TOML file, or its contents. By default the ``study.toml`` beside the data,
        if there is one.

    Returns
    -------
    Study
        The study. Its `notes` tell what was left out or decided on the way, in counts.

    Raises
    ------
    CarstatsError
        With every problem found in any of the files: each names the file, the row as the file
        shows it, the heading and the remedy.
    """
    path = Path(path)
    files = Files()
    folder, given = _place(path)
    if given is None and _is_adam(folder):
        from carstats.data.adam import read_adam

        return read_adam(folder, mapping)
    settings, extra = _settings(mapping, folder, given, files)
    finder = _Finder(folder, given, settings, files)
    made = finder.mapped() if settings.maps else finder.standard()
    return Study(
        **made,
        label=settings.study.get("name", given.stem if given else folder.resolve().name),
        synthetic=settings.study.get("synthetic", False),
        fingerprint=files.fingerprint(extra),
        settings=rules_given(settings.data),
    )


def _place(path: Path) -> tuple[Path, Path | None]:
    """Return the folder, and the file of data if the path names one."""
    try:
        if path.is_dir():
            return path, None
        if path.is_file():
            return path.parent, None if path.suffix.lower() == ".toml" else path
    except PermissionError:
        remedy = "Ask for the right to read it."
        raise CarstatsError(Problem("may not be read.", str(path), remedy=remedy)) from None
    remedy = "Check the path; it is a folder of tables, a workbook, or a file with a mapping."
    raise CarstatsError(Problem("does not exist.", str(path), remedy=remedy))


def list_files(folder: Path) -> list[Path]:
    """Return a folder's files of data, in the order of their names.

    Parameters
    ----------
    folder : Path
        The folder.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    CarstatsError
        If the folder may not be read.
    """
    try:
        paths = sorted(folder.iterdir())
        return [
            path
            for path in paths
            # "~$book.xlsx" is the mark of a workbook that is open in Excel.
            if path.suffix.lower() in (*SUFFIXES, ".xls")
            and not path.name.startswith((".", "~$"))
            and path.is_file()
        ]
    except OSError as error:
        what = f"may not be read: {error.strerror}."
        remedy = "Ask for the right to read the folder."
        raise CarstatsError(Problem(what, str(folder), remedy=remedy)) from None


def _is_adam(folder: Path) -> bool:
    names = {path.stem.casefold() for path in list_files(folder)}
    return "adsl" in names and "subjects" not in names


def _settings(mapping, folder: Path, given: Path | None, files: Files) -> tuple[Settings, bytes]:
    if isinstance(mapping, Mapping):
        data = json.loads(json.dumps(mapping, default=str))
        return check_settings(data, "the mapping"), json.dumps(data, sort_keys=True).encode()
    path = folder / FILE_NAME if mapping is None else Path(mapping)
    if mapping is None and not path.is_file():
        return Settings(), b""
    settings = check_settings(read_settings(path, files.content(path)), path.name)
    # A study.toml beside a file that was named, but about another file.
    other = given is not None and settings.study.get("file", given.name) != given.name
    return (Settings(), b"") if mapping is None and other else (settings, b"")


class _Finder:
    """Finds the file and sheet of each table."""

    def __init__(self, folder: Path, given: Path | None, settings: Settings, files: Files) -> None:
        self.folder, self.given, self.settings, self.files = folder, given, settings, files
        self.paths = [given] if given else list_files(folder)
        self.tables: dict[str, Path] = {}
        for path in self.paths:
            name = path.stem.casefold()
            if name not in TABLES:
                continue
            if name in self.tables:
                what = f"and {self.tables[name].name} are both the table `{name}`."
                remedy = "Keep one of them in the folder."
                files.problems.append(Problem(what, path.name, remedy=remedy))
            else:
                self.tables[name] = path

    def standard(self) -> dict:
        """Return the tables of a folder or workbook that are named as carstats names them."""
        book = self._workbook()
        sheets = self._sheets_of(book) if book else self._files_of()
        encoding = self.settings.study.get("encoding")
        problems = self.files.problems
        frames, sources, found = {}, {}, []
        for table, (path, title) in sheets.items():
            sheet = self.files.sheet(path, title, encoding=encoding)
            if sheet is None:
                continue
            frames[table], sources[table], faults = _standard_table(table, sheet)
            problems += faults
        vocabulary = self.settings.vocabulary
        if not problems:
            return {**frames, "sources": sources, "vocabulary": vocabulary, "notes": self._notes()}
        # What could be read is checked too, so that one list has everything.
        places = {(p.file, p.row, p.column) for p in problems}
        for table, frame in frames.items():
            found += check_table(table, frame, sources[table], vocabulary)[1]
        rest = [p for p in found if (p.file, p.row, p.column) not in places or p.row is None]
        raise CarstatsError([*problems, *rest])

    def mapped(self) -> dict:
        """Return the tables that the mapping makes."""
        from carstats.data.mapping import map_tables

        made = map_tables(self.settings, self._open, set(self.tables), self.files.problems)
        return {**made, "notes": (*made["notes"], *self._notes())}

    def _workbook(self) -> Path | None:
        if self.given and self.given.suffix.lower() in WORKBOOKS:
            return self.given
        books = [path for path in self.paths if path.suffix.lower() in WORKBOOKS]
        return books[0] if len(books) == 1 and not self.tables else None

    def _sheets_of(self, book: Path) -> dict[str, tuple[Path, str]]:
        titles = self.files.sheet_names(book)
        sheets = {t.strip().casefold(): (book, t) for t in titles if t.strip().casefold() in TABLES}
        if titles and "subjects" not in sheets:
            self._no_subjects(book.name, "sheet", titles)
        return sheets

    def _files_of(self) -> dict[str, tuple[Path, None]]:
        if "subjects" not in self.tables:
            self._no_subjects(str(self.given or self.folder), "file", [p.name for p in self.paths])
        return {table: (self.tables[table], None) for table in TABLES if table in self.tables}

    def _no_subjects(self, name: str, kind: str, has: list[str]) -> None:
        what = f"has no {kind} of the table `subjects`. It has: {listed(has) or 'no file of data'}."
        remedy = f"Add it, or describe the {kind} in a {FILE_NAME} (see docs/own-data.md)."
        self.files.problems.append(Problem(what, name, remedy=remedy))

    def _open(self, table: str, section: Mapping) -> Sheet | None:
        study = self.settings.study
        path = self._file_of(table, section)
        if path is None:
            return None
        same = "file" not in section
        header_row = section.get("header_row", study.get("header_row", 1) if same else 1)
        title = section.get("sheet", study.get("sheet") if same else None)
        if path.suffix.lower() not in WORKBOOKS:
            title = None
        return self.files.sheet(path, title, header_row, study.get("encoding"))

    def _file_of(self, table: str, section: Mapping) -> Path | None:
        name = section.get("file")
        if name is None and "sheet" not in section and table in self.tables and not self.given:
            return self.tables[table]
        name = name or self.settings.study.get("file")
        if name is not None:
            return self.folder / name
        candidates = [self.given] if self.given else self.paths
        if "subjects" in self.tables and len(candidates) > 1:
            return self.tables["subjects"]
        if len(candidates) == 1:
            return candidates[0]
        what = f"does not say which file holds the table `{table}`."
        if not candidates:
            what = f"maps a file of data, and the folder {self.folder.name} has none."
        remedy = (
            f"Name it under [study] file. The folder has: {listed(p.name for p in candidates)}."
        )
        problem = Problem(what, self.settings.name, remedy=remedy if candidates else None)
        if problem not in self.files.problems:
            self.files.problems.append(problem)
        return None

    def _notes(self) -> tuple[str, ...]:
        ignored = [
            path.name
            for path in self.paths
            if path.name not in self.files.names
            and (path.suffix.lower() != ".txt" or path.stem.casefold() in TABLES)
        ]
        if not ignored:
            return ()
        return (message("Files that no table was read from: {files}.", files=listed(ignored)),)


def _standard_table(table: str, sheet: Sheet):
    """Return a standard table's frame, its source and what is wrong with its cells."""
    frame = sheet.frame
    problems = [
        Problem(
            "holds values under no heading.", sheet.name, 1, name, "Name the column or clear it."
        )
        for name in frame.columns
        if name.startswith(UNNAMED)
    ]
    if frame.columns.has_duplicates:
        return frame, Source(sheet.name), problems
    headings = {}
    for name in TABLES[table].names():
        alike = [h for h in frame.columns if folded(h) == folded(name)]
        if name not in frame.columns and len(alike) == 1:
            headings[name] = alike[0]
    faults = sheet.faults(list(frame.columns))
    if faults:
        frame = frame.copy()
        for fault in faults:
            frame.loc[fault.row, fault.column] = None
    frame = frame.rename(columns={heading: name for name, heading in headings.items()})
    return frame, Source(sheet.name, headings), problems + faults
