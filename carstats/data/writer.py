"""`write_study`: a study's tables into a folder that `read_study` reads back unchanged."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from carstats.data.formats.files import Files
from carstats.data.likeness import near_names
from carstats.data.readers.finder import list_files
from carstats.data.schema import TABLES
from carstats.data.settings.study_file import FILE_NAME, check_settings, read_settings
from carstats.data.study import Study
from carstats.data.vocabulary import CATEGORIES, Term, Vocabulary
from carstats.errors import CarstatsError, Problem, check_choice, check_path
from carstats.messages import message

_FORMATS = ("csv", "xlsx", "parquet")


def write_study(study: Study, folder: str | Path, format: str = "csv") -> Path:
    """Write a study's tables, with a ``study.toml`` of its name and own vocabulary.

    A second writing gives the same bytes (CSV). Text is written as it is: a cell that begins with
    ``=``, ``+``, ``-`` or ``@`` may be taken for a formula by a spreadsheet program, and is refused
    when the file is read back.

    Parameters
    ----------
    study : Study
        The study.
    folder : str or Path
        The folder; it is made if it is not there.
    format : str, optional
        ``"csv"`` (a file per table), ``"xlsx"`` (one workbook ``study.xlsx``) or ``"parquet"``.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    CarstatsError
        If the folder holds other tables or a mapping, or cannot be written; nothing is then left
        half-written.

    Examples
    --------
    >>> cs.write_study(study, "copy")
    """
    format = check_choice("format", format, _FORMATS)
    if not isinstance(study, Study):
        raise CarstatsError(
            message("`study` is {kind}; it takes a Study.", kind=type(study).__name__)
        )
    folder = check_path("folder", folder)
    tables = study.tables()
    if format == "xlsx":
        contents = {"study.xlsx": _workbook(tables)}
    elif format == "csv":
        contents = {f"{name}.csv": csv_bytes(frame) for name, frame in tables.items()}
    else:
        contents = {f"{name}.parquet": _parquet(name, frame) for name, frame in tables.items()}
    contents[FILE_NAME] = _encoded(_toml(study), FILE_NAME)
    _require_free(folder, set(contents))
    _write_all(folder, contents)
    return folder


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Return a table as CSV: line feeds, whole numbers without a point, blank for missing."""
    columns = [[_cell(value) for value in frame[name].tolist()] for name in frame.columns]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(frame.columns)
    writer.writerows(zip(*columns, strict=True))
    return _encoded(text.getvalue(), "CSV")


def _encoded(text: str, name: str) -> bytes:
    """Return text as UTF-8; half of a character, which no file can hold, is refused."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        what = message("holds half of a character, which no file can hold.")
        remedy = message("Replace the text that holds it.")
        raise CarstatsError(Problem(what, name, remedy=remedy)) from None


def _cell(value: object) -> str:
    if value is None or value is pd.NA:
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float):
        if value != value:
            return ""
        return str(int(value)) if value.is_integer() else repr(value)
    return str(value)


def _workbook(tables: dict[str, pd.DataFrame]) -> bytes:
    import openpyxl
    from openpyxl.cell import WriteOnlyCell

    book = openpyxl.Workbook(write_only=True)
    for name, frame in tables.items():
        sheet = book.create_sheet(name)
        sheet.append(list(frame.columns))
        for row in frame.astype(object).itertuples(index=False, name=None):
            cells = []
            for value in row:
                value = None if pd.isna(value) else value
                number = isinstance(value, float)
                # openpyxl would round a number to 16 digits.
                cell = WriteOnlyCell(sheet, value=_cell(value) if number else value)
                if number:
                    cell.data_type = "n"
                if isinstance(value, str):
                    cell.data_type = "s"  # else a text that begins with = becomes a formula
                cells.append(cell)
            sheet.append(cells)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _parquet(name: str, frame: pd.DataFrame) -> bytes:
    try:
        return frame.to_parquet(engine="pyarrow", index=False)
    except ImportError:
        remedy = message("Install it with: {command}", command='pip install "carstats[parquet]"')
        what = message("needs pyarrow.")
        raise CarstatsError(Problem(what, f"{name}.parquet", remedy=remedy)) from None


def _toml(study: Study) -> str:
    lines = ["[study]", f"name = {_text(study.label)}"]
    lines.append(f"synthetic = {'true' if study.synthetic else 'false'}")
    near = [near_names(name, frame.columns) for name, frame in study.tables().items()]
    own_columns = sorted({extra for found in near for extra in found})
    if own_columns:
        lines.append(f"own_columns = [{', '.join(map(_text, own_columns))}]")
    own = []
    for category in CATEGORIES:
        known = set(getattr(Vocabulary(), category))
        # A range and codes for missing are no part of the term; the codes are blank by now.
        given = [replace(t, limits=None, missing=()) for t in getattr(study.vocabulary, category)]
        terms = [term for term in given if term not in known]
        if terms:
            own += [f"{category} = ["] + [f"  {_term(term)}," for term in terms] + ["]"]
    if own:
        lines += ["", "[vocabulary]", *own]
    ranges = [term for term in study.vocabulary.measure if term.limits]
    if ranges:
        pairs = [f"{_text(t.name)} = [{t.limits[0]!r}, {t.limits[1]!r}]" for t in ranges]
        lines += ["", "[assessments]", f"range = {{ {', '.join(pairs)} }}"]
    for section, values in study.settings.items():
        lines += ["", f"[{section}]"]
        lines += [f"{_key(name)} = {_value(value)}" for name, value in values.items()]
    return "\n".join(lines) + "\n"


def _term(term: Term) -> str:
    parts = [f"name = {_text(term.name)}", f"label = {_text(term.label)}"]
    if term.aliases:
        parts.append(f"aliases = [{', '.join(map(_text, term.aliases))}]")
    if term.group:
        parts.append(f"group = {_text(term.group)}")
    return f"{{ {', '.join(parts)} }}"


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _value(value: object) -> str:
    """Return a setting as TOML: a text, a flag, a number, a list or a table of them."""
    if isinstance(value, Mapping):
        parts = (f"{_key(str(name))} = {_value(inner)}" for name, inner in value.items())
        return f"{{ {', '.join(parts)} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text(value) if isinstance(value, str) else repr(value)


def _text(text: str) -> str:
    # JSON's escapes are TOML's, but for the one character that only TOML escapes.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _require_free(folder: Path, names: set[str]) -> None:
    """Refuse a folder with a mapping, or with files that would be read as tables of this study."""
    if not folder.is_dir():
        return
    problems = []
    for path in list_files(folder):
        table = path.stem.casefold() in TABLES or path.name == "study.xlsx"
        if table and path.name not in names:
            what = message("would be read with the tables written.")
            remedy = message("Choose an empty folder, or delete it.")
            problems.append(Problem(what, path.name, remedy=remedy))
    settings = folder / FILE_NAME
    if (
        settings.is_file()
        and check_settings(read_settings(settings, Files().content(settings))).maps
    ):
        what = message("is a mapping, and would be overwritten.")
        problems.append(Problem(what, FILE_NAME, remedy=message("Choose another folder.")))
    if problems:
        raise CarstatsError(problems)


def _write_all(folder: Path, contents: dict[str, bytes]) -> None:
    """Write every file beside its place first, so that a full disk leaves what was there before."""
    made = not folder.exists()
    parts = {folder / f".{name}.part": folder / name for name in contents}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for part, data in zip(parts, contents.values(), strict=True):
            part.write_bytes(data)
        for part, target in parts.items():
            os.replace(part, target)
    except OSError as error:
        if folder.is_dir():
            for part in parts:
                part.unlink(missing_ok=True)
            if made and not any(folder.iterdir()):
                folder.rmdir()
        what = message("cannot be written: {reason}.", reason=error.strerror)
        remedy = message("Free some space, or choose a folder that you may write to.")
        raise CarstatsError(Problem(what, str(folder), remedy=remedy)) from None
