"""`read_study`: a folder, a workbook or a foreign file with its mapping, to a `Study`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from carstats.data.formats.files import WORKBOOKS, Files
from carstats.data.readers.finder import Finder, list_files
from carstats.data.readers.given_mapping import plain_mapping, refuse_near_mapping
from carstats.data.schema import TABLES
from carstats.data.settings.rules import rules_given
from carstats.data.settings.study_file import FILE_NAME, Settings, check_settings, read_settings
from carstats.data.study import Study, study_of
from carstats.data.template.layout import GUIDE, template_language, template_mapping
from carstats.data.template.typed import typed_problems
from carstats.errors import CarstatsError, Problem, check_path
from carstats.messages import message


def read_study(path: str | Path, mapping: str | Path | Mapping | None = None) -> Study:
    """Read a study from files: its standard tables, or any others that a mapping describes.

    Parameters
    ----------
    path : str or Path
        A folder with a file per table (``subjects.csv``, ``events.xlsx``, …), an Excel workbook
        with a sheet per table, or a folder or file that a mapping describes. Comma-, semicolon- and
        tab-separated text (UTF-8, GB18030, Windows-1252), ``.xlsx``, ``.parquet``, SAS ``.xpt`` and
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

    Examples
    --------
    >>> study = cs.read_study("data/synthetic")
    """
    path = check_path("path", path)
    folder, given = _place(path)
    files = Files(folder)
    if given is None and _is_adam(folder):
        from carstats.data.readers.adam import read_adam

        return read_adam(folder, mapping)
    settings, extra = _settings(mapping, folder, given, files)
    finder = Finder(folder, given, settings, files)
    try:
        made = finder.mapped() if settings.maps else finder.standard()
        made |= {
            "label": settings.study.get("name", given.stem if given else folder.resolve().name),
            "synthetic": settings.study.get("synthetic", False),
            "fingerprint": files.fingerprint(extra),
            "settings": rules_given(settings.data),
        }
        files.release()
        return study_of(made)
    except CarstatsError as error:
        error.notes = tuple(files.notes)
        raise


def _place(path: Path) -> tuple[Path, Path | None]:
    """Return the folder, and the file of data if the path names one."""
    try:
        if path.is_dir():
            return path, None
        if path.is_file():
            return path.parent, None if path.suffix.lower() == ".toml" else path
    except PermissionError:
        what, remedy = message("may not be read."), message("Ask for the right to read it.")
        raise CarstatsError(Problem(what, str(path), remedy=remedy)) from None
    except (OSError, ValueError):
        # A name that no file system takes: too long, or with a NUL.
        pass
    remedy = message(
        "Check the path; it is a folder of tables, a workbook, or a file with a mapping."
    )
    raise CarstatsError(Problem(message("does not exist."), str(path), remedy=remedy))


def _is_adam(folder: Path) -> bool:
    names = {path.stem.casefold() for path in list_files(folder)}
    return "adsl" in names and "subjects" not in names


def _settings(mapping, folder: Path, given: Path | None, files: Files) -> tuple[Settings, bytes]:
    if isinstance(mapping, Mapping):
        data = plain_mapping(mapping)
        return check_settings(data, "the mapping"), json.dumps(data, sort_keys=True).encode()
    path = folder / FILE_NAME if mapping is None else Path(mapping)
    if mapping is None and not path.is_file():
        refuse_near_mapping(folder)
        template = _template(folder, given, files)
        return (check_settings(template, GUIDE["en"]) if template else Settings()), b""
    settings = check_settings(read_settings(path, files.content(path)), path.name)
    if not settings.maps and (template := _template(folder, given, files)):
        # What is said of a study that was typed into the template: its own terms, its rules.
        study = {**template["study"], **settings.study}
        settings = check_settings({**template, **settings.data, "study": study}, path.name)
    # A study.toml beside a file that was named, but about another file.
    other = given is not None and settings.study.get("file", given.name) != given.name
    return (Settings(), b"") if mapping is None and other else (settings, b"")


def _template(folder: Path, given: Path | None, files: Files) -> dict | None:
    """Return the mapping of carstats' own template, if the workbook of the study is one."""
    books = [path for path in list_files(folder) if path.suffix.lower() in WORKBOOKS]
    book = given if given is not None else books[0] if len(books) == 1 else None
    if book is None or (any(p.stem.casefold() in TABLES for p in list_files(folder)) and not given):
        return None
    known = list(files.problems)
    lang = template_language(book, files)
    files.problems[:] = known  # a workbook that cannot be read is said where it is read
    if lang is None:
        return None
    if problems := typed_problems(book, lang, files):
        raise CarstatsError(problems)
    return template_mapping(book, lang)
