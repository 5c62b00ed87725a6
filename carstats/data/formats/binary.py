"""Workbooks, Parquet, SAS and SPSS files: what opens them, and what is said when it cannot."""

from __future__ import annotations

import html
import io
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from carstats.data.formats.encodings import guessed, judged
from carstats.errors import CarstatsError, Problem, listed
from carstats.messages import Message, message

_HIDDEN_ROW = re.compile(rb'<row\b[^>]*?\br="(\d+)"[^>]*\bhidden="(?:1|true)"')
_MERGED = re.compile(rb'<mergeCell\b[^>]*?ref="[A-Z]+(\d+):[A-Z]+(\d+)"')
# The last column of a worksheet.
_WIDEST = 16_384

# What openpyxl and pandas let through from the depths of a damaged file.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,  # also NotImplementedError: an encrypted archive
    SyntaxError,  # also the XML parser's
    TypeError,
    ValueError,
)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep openpyxl's warnings from the user: a date beyond the calendar reads as an error cell."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _damaged(path: Path, kind: str) -> CarstatsError:
    what = message(
        "cannot be read as {kind}: it is cut off, damaged, locked, or of another kind.", kind=kind
    )
    return CarstatsError(Problem(what, path.name, remedy=message("Copy or export it again.")))


@dataclass(frozen=True)
class Workbook:
    """An Excel workbook.

    Attributes
    ----------
    values : openpyxl.Workbook
        Its cells by their values.
    formulas : openpyxl.Workbook or None
        Its cells by their formulas; None where no cell has one.
    titles : list of str
        Its worksheets.
    lost : list of str
        Sheets that it names and whose part of the file is gone.
    hidden : dict of str to tuple
        By sheet, the rows and the columns (from 1) that are hidden, and whether the sheet is.
    merged : dict of str to list
        By sheet, the cells that are merged over several rows: the first and the last row.
    epoch : int
        1900 or 1904: the year from which its dates count.
    """

    values: object
    formulas: object
    titles: list[str]
    lost: list[str]
    hidden: dict[str, tuple[frozenset[int], tuple[int, ...], bool]]
    merged: dict[str, list[tuple[int, int]]]
    epoch: int


def open_workbook(path: Path, data: bytes) -> Workbook:
    """Return an Excel workbook."""
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = {
                name: archive.read(name)
                for name in archive.namelist()
                if name.startswith("xl/worksheets/") and name.endswith(".xml")
            }
            named = archive.read("xl/workbook.xml").decode("utf-8", "replace")
        has_formulas = any(b"<f>" in part or b"<f " in part for part in parts.values())
        with quiet():
            values = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            formulas = (
                openpyxl.load_workbook(io.BytesIO(data), read_only=True) if has_formulas else None
            )
    except (*_BROKEN, InvalidFileException):
        raise _damaged(path, message("an Excel workbook")) from None
    titles = [sheet.title for sheet in values.worksheets]
    known = {sheet.title for sheet in (*values.worksheets, *values.chartsheets)}
    sheets = re.findall(r"<(?:\w+:)?sheet\b([^>]*)>", named)
    titled = [(html.unescape(_attribute(sheet, "name")), sheet) for sheet in sheets]
    hidden, merged = {}, {}
    for sheet in values.worksheets:
        part = parts.get(sheet._worksheet_path.lstrip("/"), b"")
        hidden[sheet.title] = (
            frozenset(map(int, _HIDDEN_ROW.findall(part))),
            tuple(_hidden_columns(part)),
            sheet.sheet_state != "visible",
        )
        spans = [(int(first), int(last)) for first, last in _MERGED.findall(part)]
        merged[sheet.title] = [(first, last) for first, last in spans if last > first]
    epoch = 1904 if values.epoch.year == 1904 else 1900
    lost = [title for title, _ in titled if title and title not in known]
    return Workbook(values, formulas, titles, lost, hidden, merged, epoch)


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf"""\b{name}=(?:"([^"]*)"|'([^']*)')""", tag)
    return (found[1] or found[2] or "") if found else ""


def _hidden_columns(part: bytes) -> Iterator[int]:
    for tag in re.findall(rb"<col\b([^>]*)>", part):
        text = tag.decode("ascii", "replace")
        first, last = _attribute(text, "min"), _attribute(text, "max")
        if _attribute(text, "hidden") in ("1", "true") and first.isdigit() and last.isdigit():
            yield from range(int(first), min(int(last), _WIDEST) + 1)


def worksheet_rows(sheet, name: str) -> list[list]:
    """Return the cells of a worksheet row by row; an empty text counts as an empty cell."""
    # Some programs write a wrong size into the sheet; without it every row is read.
    sheet.reset_dimensions()
    rows: list[list] = []
    last = 0
    try:
        with quiet():
            for row in sheet.iter_rows(values_only=True):
                cells = [None if isinstance(c, str) and not c.strip() else c for c in row]
                # A stray blank far to the right or below would otherwise fill a whole sheet.
                while cells and cells[-1] is None:
                    cells.pop()
                rows.append(cells)
                last = len(rows) if cells else last
    except _BROKEN:
        raise _damaged(Path(name), message("an Excel workbook")) from None
    del rows[last:]
    width = max((len(row) for row in rows), default=0)
    return [row + [None] * (width - len(row)) for row in rows]


def read_parquet(path: Path, data: bytes, name: str) -> tuple[pd.DataFrame, Message | None]:
    """Return the columns of a Parquet file, and a note of those whose cells are no single value."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        remedy = message("Install it with: {command}", command='pip install "carstats[parquet]"')
        raise CarstatsError(Problem(message("needs pyarrow."), path.name, remedy=remedy)) from None
    try:
        schema = parquet.read_schema(io.BytesIO(data))
        # A word that stands in a million rows is kept once.
        texts = [f.name for f in schema if f.type in (pyarrow.string(), pyarrow.large_string())]
        nested = [f.name for f in schema if pyarrow.types.is_nested(f.type)]
        wanted = [f for f in schema.names if f not in nested] if nested else None
        frame = pd.read_parquet(
            io.BytesIO(data), engine="pyarrow", columns=wanted, read_dictionary=texts
        )
    except (*_BROKEN, pyarrow.ArrowException):
        raise _damaged(path, message("a Parquet file")) from None
    finally:
        # What Arrow keeps for its next file would stay for the life of the process.
        pyarrow.default_memory_pool().release_unused()
    if not nested:
        return frame, None
    return frame, message(
        "{file}: {columns} left out: lists or records stand there in place of single values.",
        file=name,
        columns=listed(nested),
    )


def read_statistical(
    path: Path, data: bytes, encoding: str | None, name: str
) -> tuple[pd.DataFrame, Message | None]:
    """Return the columns of a SAS or SPSS file, and a note where its encoding was guessed.

    An SPSS code stands by its label.
    """
    import pyreadstat

    suffix = path.suffix.lower()
    kind = {
        ".xpt": message("a SAS transport file"),
        ".sav": message("an SPSS file"),
    }.get(suffix, message("a SAS data set"))
    options = {"apply_value_formats": True, "formats_as_category": False}
    read = {
        ".xpt": pyreadstat.read_xport,
        ".sas7bdat": pyreadstat.read_sas7bdat,
        ".sav": pyreadstat.read_sav,
    }[suffix]
    options = options if suffix == ".sav" else {}

    def frame_in(codec: str | None) -> pd.DataFrame | None:
        try:
            frame, about = read(str(path), encoding=codec, **options)
        except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeError, ValueError):
            return None
        except OverflowError:
            # A date beyond the calendar, such as 99999999 for "not known".
            what = message("holds a date beyond the calendar, such as 99999999.")
            remedy = message("Clear such dates in the program that wrote the file.")
            raise CarstatsError(Problem(what, name, remedy=remedy)) from None
        if suffix == ".xpt" and _is_cut(data, sum(about.variable_storage_width.values())):
            return None
        return frame

    frame, note = frame_in(encoding), None
    if frame is None and encoding is None:
        # A file made in China names no encoding, or the wrong one, and so may a Western one: in
        # Latin-1 every byte is a letter, and the letters are judged.
        raw = frame_in("LATIN1")
        if raw is not None:
            codec = judged(_text_of(raw), name)
            frame = frame_in({"gb18030": "GB18030", "cp1252": "WINDOWS-1252"}[codec])
            note = guessed(name, codec)
    if frame is None:
        raise _damaged(path, kind)
    return frame, note


def column_labels(path: Path) -> dict[str, str]:
    """Return the labels of the columns of a SAS or SPSS file, by their names; none if unread."""
    import pyreadstat

    read = {
        ".xpt": pyreadstat.read_xport,
        ".sas7bdat": pyreadstat.read_sas7bdat,
        ".sav": pyreadstat.read_sav,
    }.get(path.suffix.lower())
    if read is None:
        return {}
    try:
        _, about = read(str(path), metadataonly=True)
    except (*_BROKEN, pyreadstat.ReadstatError, pyreadstat.PyreadstatError):
        return {}
    labels = about.column_names_to_labels or {}
    return {str(name): str(label).strip() for name, label in labels.items() if label}


def _text_of(frame: pd.DataFrame) -> bytes:
    texts = [str(name) for name in frame.columns]
    for _, column in frame.items():
        if column.dtype == object or isinstance(column.dtype, pd.StringDtype):
            texts += [cell for cell in column.dropna().unique() if isinstance(cell, str)]
    return "\n".join(texts).encode("latin-1", "replace")


def _is_cut(data: bytes, width: int) -> bool:
    # A transport file does not say how many rows it has: it is whole if what remains behind the
    # last full row is the padding with blanks to the next 80 bytes.
    start = data.find(b"HEADER RECORD*******OBS")
    rest = (len(data) - start - 80) % width if width else 0
    return len(data) % 80 != 0 or rest >= 80 or (rest and data[-rest:].strip(b" \0") != b"")


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Make texts and categories of a frame plain objects, its names text, and return it."""
    frame.columns = [str(name) for name in frame.columns]
    for name, dtype in frame.dtypes.items():
        if isinstance(dtype, pd.CategoricalDtype | pd.StringDtype):
            frame[name] = frame[name].astype(object)
    return frame
