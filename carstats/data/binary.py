"""Workbooks, Parquet, SAS and SPSS files: what opens them, and what is said when it cannot."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

import pandas as pd

from carstats.errors import CarstatsError, Problem

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


def _damaged(path: Path, kind: str) -> CarstatsError:
    what = f"cannot be read as {kind}: it is cut off, damaged, locked, or of another kind."
    return CarstatsError(Problem(what, path.name, remedy="Copy or export it again."))


def open_workbook(path: Path, data: bytes):
    """Return an Excel workbook by its values and, where it has formulas, also by its formulas.

    Parameters
    ----------
    path : Path
        The file.
    data : bytes
        Its bytes.

    Returns
    -------
    values, formulas : openpyxl.Workbook
        `formulas` is None where no cell has one.

    Raises
    ------
    CarstatsError
        If it is not a whole workbook.
    """
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            sheets = [n for n in archive.namelist() if n.startswith("xl/worksheets/")]
            has_formulas = any(b"<f>" in (x := archive.read(n)) or b"<f " in x for n in sheets)
        values = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        formulas = (
            openpyxl.load_workbook(io.BytesIO(data), read_only=True) if has_formulas else None
        )
    except (*_BROKEN, InvalidFileException):
        raise _damaged(path, "an Excel workbook") from None
    return values, formulas


def worksheet_rows(sheet, name: str) -> list[list]:
    """Return the cells of a worksheet row by row; an empty text counts as an empty cell."""
    # Some programs write a wrong size into the sheet; without it every row is read.
    sheet.reset_dimensions()
    try:
        rows = [
            [None if isinstance(c, str) and not c.strip() else c for c in row]
            for row in sheet.iter_rows(values_only=True)
        ]
    except _BROKEN:
        raise _damaged(Path(name), "an Excel workbook") from None
    width = max((len(row) for row in rows), default=0)
    return [row + [None] * (width - len(row)) for row in rows]


def read_parquet(path: Path, data: bytes, encoding: str | None) -> pd.DataFrame:
    """Return the columns of a Parquet file."""
    try:
        import pyarrow
    except ImportError:
        remedy = 'Install it with: pip install "carstats[parquet]"'
        raise CarstatsError(Problem("needs pyarrow.", path.name, remedy=remedy)) from None
    try:
        return pd.read_parquet(io.BytesIO(data), engine="pyarrow")
    except (*_BROKEN, pyarrow.ArrowException):
        raise _damaged(path, "a Parquet file") from None


def read_statistical(path: Path, data: bytes, encoding: str | None) -> pd.DataFrame:
    """Return the columns of a SAS or SPSS file; an SPSS code stands by its label."""
    import pyreadstat

    suffix = path.suffix.lower()
    kind = {".xpt": "a SAS transport file", ".sav": "an SPSS file"}.get(suffix, "a SAS data set")
    options = {"apply_value_formats": True, "formats_as_category": False}
    read = {
        ".xpt": pyreadstat.read_xport,
        ".sas7bdat": pyreadstat.read_sas7bdat,
        ".sav": pyreadstat.read_sav,
    }[suffix]
    # A file made in China names no encoding, or the wrong one.
    for codec in (encoding,) if encoding else (None, "GB18030"):
        try:
            frame, about = read(str(path), encoding=codec, **(options if suffix == ".sav" else {}))
        except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, UnicodeError, ValueError):
            continue
        if suffix == ".xpt" and _is_cut(data, sum(about.variable_storage_width.values())):
            break
        return frame
    raise _damaged(path, kind)


def _is_cut(data: bytes, width: int) -> bool:
    # A transport file does not say how many rows it has: it is whole if what remains behind the
    # last full row is the padding with blanks to the next 80 bytes.
    start = data.find(b"HEADER RECORD*******OBS")
    rest = (len(data) - start - 80) % width if width else 0
    return len(data) % 80 != 0 or rest >= 80 or (rest and data[-rest:].strip(b" \0") != b"")


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose texts and categories are plain objects and whose names are text."""
    frame = frame.reset_index(drop=True)
    frame.columns = [str(name) for name in frame.columns]
    for name, dtype in frame.dtypes.items():
        if isinstance(dtype, pd.CategoricalDtype | pd.StringDtype):
            frame[name] = frame[name].astype(object)
    return frame
