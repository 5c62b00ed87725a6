"""Which file and sheet holds each table, and what is said of those that hold none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from carstats.data.check import Source, check_table
from carstats.data.formats.files import (
    FOREIGN,
    SUFFIXES,
    WORKBOOKS,
    Files,
    lost_sheet,
    stem_of,
    unread_kind,
)
from carstats.data.formats.sheets import UNNAMED, Reading, Sheet, numbered
from carstats.data.likeness import like_table, named_like
from carstats.data.matching import find_name
from carstats.data.readers.outside import named_file
from carstats.data.schema import TABLES
from carstats.data.settings.study_file import FILE_NAME, Settings
from carstats.errors import CarstatsError, Problem, listed
from carstats.messages import message


def list_files(folder: Path) -> list[Path]:
    """Return a folder's files of data, in the order of their names."""
    return [
        path
        for path in list_entries(folder)
        if path.suffix.lower() in (*SUFFIXES, ".xls") and path.is_file()
    ]


def list_entries(folder: Path) -> list[Path]:
    """Return what stands in a folder, but for hidden files."""
    try:
        # "~$book.xlsx" is the mark of a workbook that is open in Excel.
        return [p for p in sorted(folder.iterdir()) if not p.name.startswith((".", "~$"))]
    except OSError as error:
        what = message("may not be read: {reason}.", reason=error.strerror)
        remedy = message("Ask for the right to read the folder.")
        raise CarstatsError(Problem(what, str(folder), remedy=remedy)) from None


def _tables_in(folder: Path) -> list[Path]:
    """Return the files in a folder that are called as a table; none if it may not be read."""
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return []
    return [path for path in paths if stem_of(path).casefold() in TABLES]


def reading_of(settings: Settings, section: Mapping, names: frozenset[str]) -> Reading:
    """Return how a file is to be read: what the mapping says of it."""
    study = settings.study
    general = study if "file" not in section else {}
    return Reading(
        sheet=section.get("sheet", general.get("sheet")),
        header_row=section.get("header_row", general.get("header_row")),
        encoding=study.get("encoding"),
        delimiter=study.get("delimiter"),
        decimal=study.get("decimal"),
        epoch=study.get("epoch"),
        hidden_rows=study.get("hidden_rows", "read"),
        names=names,
    )


class Finder:
    """Finds the file and sheet of each table."""

    def __init__(self, folder: Path, given: Path | None, settings: Settings, files: Files) -> None:
        self.folder, self.given, self.settings, self.files = folder, given, settings, files
        self.paths = [given] if given else list_files(folder)
        self.ignored = {str(name) for name in settings.study.get("ignore", ())}
        # Tables that a file or sheet looks like; that they are missing need not be said as well.
        self.near: set[str] = set()
        self.tables: dict[str, Path] = {}
        for path in self.paths:
            name = path.stem.casefold()
            if name not in TABLES or path.name in self.ignored:
                continue
            if name in self.tables:
                what = message(
                    "and {file} are both the table `{table}`.",
                    file=self.tables[name].name,
                    table=name,
                )
                remedy = message("Keep one of them in the folder.")
                files.problems.append(Problem(what, path.name, remedy=remedy))
            else:
                self.tables[name] = path

    def standard(self) -> dict:
        """Return the tables of a folder or workbook that are named as carstats names them."""
        book = self._workbook()
        if not self.given:
            self._near_files()
        sheets = self._sheets_of(book) if book else self._files_of()
        problems = self.files.problems
        frames, sources, found = {}, {}, []
        for table, (path, title) in sheets.items():
            names = frozenset(TABLES[table].names())
            title = title or self._own_sheet(path, table)
            reading = reading_of(self.settings, {"sheet": title} if title else {}, names)
            sheet = self.files.sheet(path, reading)
            if sheet is None:
                continue
            frames[table], sources[table], faults = _standard_table(table, sheet, self.settings)
            problems += faults
        vocabulary = self.settings.vocabulary
        if not problems:
            notes = (*self.files.notes, *self._notes())
            made = {"sources": sources, "vocabulary": vocabulary, "notes": notes}
            return {**frames, **made, "censor_others": self.settings.others_censored}
        # What could be read is checked too, so that one list has everything.
        places = {(p.file, p.row, p.column) for p in problems}
        for table, frame in frames.items():
            found += check_table(table, frame, sources[table], vocabulary)[1]
        rest = [p for p in found if (p.file, p.row, p.column) not in places or p.row is None]
        raise CarstatsError([*problems, *rest])

    def mapped(self) -> dict:
        """Return the tables that the mapping makes."""
        from carstats.data.readers.mapping import map_tables

        if not self.given and "file" not in self.settings.study:
            self._near_files()
        made = map_tables(self.settings, self._open, set(self.tables), self.files.problems)
        notes = (*self.files.notes, *made["notes"], *self._notes())
        return {**made, "notes": tuple(dict.fromkeys(notes))}

    def _own_sheet(self, path: Path, table: str) -> str | None:
        """Return the sheet of a table's own workbook that is called as the table, if one is."""
        if path.suffix.lower() not in WORKBOOKS:
            return None
        return next(iter(find_name(table, self.files.sheet_names(path))), None)

    def _workbook(self) -> Path | None:
        if self.given and self.given.suffix.lower() in WORKBOOKS:
            return self.given
        books = [path for path in self.paths if path.suffix.lower() in WORKBOOKS]
        return books[0] if len(books) == 1 and not self.tables else None

    def _sheets_of(self, book: Path) -> dict[str, tuple[Path, str]]:
        titles = [t for t in self.files.sheet_names(book) if t not in self.ignored]
        sheets: dict[str, tuple[Path, str]] = {}
        for title in titles:
            found = find_name(title.strip(), TABLES)
            if found and found[0] not in sheets:
                sheets[found[0]] = (book, title)
        for title in self.files.lost_sheets(book):
            what, remedy = lost_sheet(title)
            self.files.problems.append(Problem(what, book.name, remedy=remedy))
        for title in titles:
            taken = any(title == other for _, other in sheets.values())
            table = None if taken else like_table(title)
            if table:
                what = message("the sheet {title!r} is not read.", title=title)
                self._near(what, book.name, title, table, table in sheets)
        if titles and "subjects" not in sheets and "subjects" not in self.near:
            self._no_subjects(book.name, message("sheet"), titles)
        return sheets

    def _near(self, what: str, file: str, name: str, table: str, there: bool) -> None:
        remedy = message(
            "Is it the table `{table}`? Then name it so; else say under [study] ignore = [{name}].",
            table=table,
            name=f'"{name}"',
        )
        if there:
            remedy = message(
                "The table `{table}` is there beside it. Put the rows together, or say under"
                " [study] ignore = [{name}].",
                table=table,
                name=f'"{name}"',
            )
        self.near.add(table)
        self.files.problems.append(Problem(what, file, remedy=remedy))

    def _near_files(self) -> None:
        """Note files that look like a table and are not read."""
        named = {str(self.settings.table(t).get("file", "")) for t in TABLES}
        named |= {str(visit.get("file", "")) for visit in self.settings.visits}
        for path in list_entries(self.folder):
            if path.name in self.ignored or path.name in named or path.suffix.lower() == ".toml":
                continue
            readable = path in self.paths and path.suffix.lower() != ".xls"
            table = named_like(stem_of(path), TABLES) or like_table(stem_of(path))
            if readable:
                if path not in self.tables.values() and table and path.stem.casefold() != table:
                    there = table in self.tables
                    self._near(message("is not read."), path.name, path.name, table, there)
            elif table and not (path.is_dir() and path.name.casefold() not in TABLES):
                what, remedy = unread_kind(path)
                self.near.add(table)
                self.files.problems.append(Problem(what, path.name, remedy=remedy))

    def _files_of(self) -> dict[str, tuple[Path, None]]:
        if self.given and self.given.suffix.lower() not in SUFFIXES:
            what, remedy = unread_kind(self.given)
            self.files.problems.append(Problem(what, self.given.name, remedy=remedy))
        elif "subjects" not in self.tables and "subjects" not in self.near:
            name = str(self.given or self.folder)
            self._no_subjects(name, message("file"), [p.name for p in self.paths])
        return {table: (self.tables[table], None) for table in TABLES if table in self.tables}

    def _no_subjects(self, name: str, kind: str, has: list[str]) -> None:
        what = message(
            "has no {kind} of the table `subjects`. It has: {files}.",
            kind=kind,
            files=listed(has) or message("no file of data"),
        )
        remedy = message(
            "Add it, or describe the {kind} in a {file} (see docs/own-data.md).",
            kind=kind,
            file=FILE_NAME,
        )
        self.files.problems.append(Problem(what, name, remedy=remedy))

    def _open(self, table: str, section: Mapping) -> Sheet | None:
        path = self._file_of(table, section)
        if path is None:
            return None
        names = set().union(*(self.settings.headings(name) for name in TABLES))
        names |= {name for other in TABLES.values() for name in other.names()}
        reading = reading_of(self.settings, section, frozenset(names))
        if path.suffix.lower() not in WORKBOOKS:
            reading = replace(reading, sheet=None)
        sheet = self.files.sheet(path, reading)
        if sheet is None or not sheet.frame.columns.has_duplicates:
            return sheet
        return replace(sheet, frame=sheet.frame.set_axis(numbered(sheet.frame.columns), axis=1))

    def _file_of(self, table: str, section: Mapping) -> Path | None:
        name = section.get("file")
        if name is None and "sheet" not in section and table in self.tables and not self.given:
            return self.tables[table]
        name = name or self.settings.study.get("file")
        if name is not None:
            own = self.given is not None and self.folder / name == self.given
            return self.given if own else named_file(self.folder, name, self.settings, self.files)
        candidates = [self.given] if self.given else self.paths
        if "subjects" in self.tables and len(candidates) > 1:
            return self.tables["subjects"]
        if len(candidates) == 1:
            return candidates[0]
        remedy = message(
            "Name it under [study] file. The folder has: {files}.",
            files=listed(p.name for p in candidates),
        )
        what = message("does not say which file holds the table `{table}`.", table=table)
        if not candidates:
            what = message(
                "maps a file of data, and the folder {folder} has none.", folder=self.folder.name
            )
        problem = Problem(what, self.settings.name, remedy=remedy if candidates else None)
        if problem not in self.files.problems:
            self.files.problems.append(problem)
        return None

    def _notes(self) -> list[str]:
        """Return notes of the files and sheets that no table was read from."""
        notes: list[str] = []
        books = [p for p in self.paths if p.suffix.lower() in WORKBOOKS and self.files.has_read(p)]
        for path in books:
            titles = self.files.sheet_names(path)
            unread = [title for title in titles if title not in self.files.sheets_read(path)]
            if unread:
                notes.append(
                    message(
                        "{file}: sheets that no table was read from: {titles}.",
                        file=path.name,
                        titles=listed(unread),
                    )
                )
            lost = self.files.lost_sheets(path)
            if lost:
                notes.append(
                    message(
                        "{file}: names sheets whose part of the file is gone: {titles}.",
                        file=path.name,
                        titles=listed(lost),
                    )
                )
        entries = [(path.name, path) for path in list_entries(self.folder)]
        if self.given:
            # Who names subjects.csv may take the tables beside it for read.
            beside = stem_of(self.given).casefold() in TABLES and not self.settings.maps
            entries = [e for e in entries if beside and stem_of(e[1]).casefold() in TABLES]
        # Tables in a folder within the study's folder are easily taken for read.
        entries += [
            (f"{folder.name}/{path.name}", path)
            for _, folder in entries
            if folder.is_dir()
            for path in _tables_in(folder)
        ]
        ignored = [
            name
            for name, path in entries
            if not self.files.has_read(path) and self._is_data(path) and path.name != FILE_NAME
        ]
        if ignored:
            notes.append(
                message("Files that no table was read from: {files}.", files=listed(ignored))
            )
        return notes

    def _is_data(self, path: Path) -> bool:
        suffix = path.suffix.lower()
        if suffix == ".txt":
            return path.stem.casefold() in TABLES
        if suffix == ".json" and path.stem == "truth":
            return False  # of a simulated study
        return suffix in SUFFIXES or suffix in FOREIGN or suffix == ".toml"


def _standard_table(table: str, sheet: Sheet, settings: Settings):
    """Return a standard table's frame, its source and what is wrong with its cells."""
    frame = sheet.frame
    problems = [
        Problem(
            message("holds values under no heading."),
            sheet.name,
            1,
            name,
            message("Name the column or clear it."),
        )
        for name in frame.columns
        if name.startswith(UNNAMED)
    ]
    if frame.columns.has_duplicates:
        return frame, Source(sheet.name), problems
    headings = {}
    for name in TABLES[table].names():
        alike = find_name(name, frame.columns)
        if name not in frame.columns and len(alike) == 1:
            headings[name] = alike[0]
    own = frozenset(str(name) for name in settings.study.get("own_columns", ()))
    known = [h for h in frame.columns if h in headings.values() or h in TABLES[table].names()]
    kinds = {headings.get(c.name, c.name): c.kind for c in TABLES[table].columns}
    counted = [h for h in known if kinds[h] in ("number", "day")]
    faults = sheet.faults(counted)
    faults += sheet.faults([h for h in known if h not in counted], doubts=False)
    if sheet.thousands:
        own = [h for h in frame.columns if h not in known]
        frame = frame.assign(**{h: sheet.column(h, True) for h in (*counted, *own)})
    # What nothing maps may hold a name or a remark: its text stays out of the message.
    faults += sheet.faults([h for h in frame.columns if h not in known], quoted=False)
    if faults:
        frame = frame.copy()
        for fault in faults:
            frame.loc[fault.row, fault.column] = None
    named = {heading: name for name, heading in headings.items()}
    frame = frame.copy(deep=False)
    frame.columns = [named.get(heading, heading) for heading in frame.columns]
    columns = tuple(map(str, frame.columns))
    return frame, Source(sheet.name, headings, own=own, columns=columns), problems + faults
