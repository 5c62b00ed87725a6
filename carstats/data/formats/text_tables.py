"""Delimited text to cells: delimiter, row of headings and decimal sign are found out."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice

import pandas as pd

from carstats.data.check import MISSING
from carstats.data.formats.encodings import decoded
from carstats.data.formats.sheets import (
    Reading,
    Sheet,
    find_headings,
    framed,
    headings_of,
    hits,
    numbered,
    trimmed,
)
from carstats.errors import CarstatsError, Problem
from carstats.messages import message

_DELIMITERS = (",", ";", "\t", "|")
# Lines that show how a file is written; bytes that are turned into lines at once.
_TOP, _PIECE = 400, 1 << 23
_WORDS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "|"}
_SEP = re.compile(r'"?sep=(.)"?[,;\t|]*$', re.I)
_COMMA = re.compile(r"[+-]?\d+,\d+$")
_THOUSANDS_COMMA = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+,\d+$")
_POINT = re.compile(r"[+-]?\d+\.\d+$")
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+$")
_NUMBER = re.compile(r"[<>≤≥~]? ?[+-]?(?:\d+(?:[.,]\d+)?|\d{1,3}(?:\.\d{3})+(?:,\d+)?)$")
_WHOLE = re.compile(r"[+-]?\d+$")


def text_table(data: bytes, name: str, reading: Reading | None = None) -> Sheet:
    """Return the cells of a delimited text file."""
    reading = reading or Reading()
    text, said = decoded(data, name, reading.encoding)
    notes = [said] if said else []
    # Of a large file the bytes are all that is kept, and none twice: of ASCII without a mark or
    # another end of lines they are the text, in any encoding that is guessed.
    same = reading.encoding is None and text.isascii() and len(text) == len(data)
    same = same and b"\r" not in data and not data.endswith(b"\n\n")
    body = data if same else text.rstrip("\n").encode()
    del text
    quoted, lines = b'"' in body, list(islice(_lines(body), _TOP)) or [""]
    first = 1
    delimiter = reading.delimiter
    if found := _SEP.match(lines[0]):
        first = 2
        delimiter = delimiter or found[1]
        notes.append(message("{file}: row 1 names the delimiter (sep=).", file=name))
    if delimiter is None:
        delimiter = _delimiter(lines[first - 1 :], name, reading)
        usual = "\t" if name.lower().endswith(".tsv") else ","
        if delimiter != usual:
            notes.append(
                message(
                    "{file}: read as separated by {sign!r}. [study] delimiter sets another.",
                    file=name,
                    sign=delimiter,
                )
            )
    rows = None
    if quoted:
        top = _beginning(body, delimiter)
        if top is None:
            top = rows = _all_rows(body, name, delimiter)
    else:
        top = [line.split(delimiter) for line in lines[: first + 20]]
    header_row, note = find_headings(top, name, reading, first)
    notes += [note] if note else []
    frame = None
    if rows is None and header_row <= len(top):
        frame = _even(body, quoted, top[header_row - 1], delimiter, header_row)
    if frame is None:
        rows = _all_rows(body, name, delimiter) if rows is None else rows
        rows = [[None if cell == "" else cell for cell in row] for row in rows]
        frame = framed(rows, name, header_row, even=True)
    frame, doubts, whole, note = _decimals(frame, name, delimiter, reading.decimal)
    notes += [note] if note else []
    return Sheet(name, frame, notes=tuple(notes), doubts=doubts, thousands=whole)


def _lines(body: bytes) -> Iterator[str]:
    """Yield the lines of a text, a piece of it at a time."""
    start, end = 0, len(body) - body.endswith(b"\n")
    while start < end:
        stop = body.find(b"\n", min(start + _PIECE, end), end)
        stop = end if stop < 0 else stop
        yield from body[start:stop].decode().split("\n")
        start = stop + 1


def _records(body: bytes, delimiter: str) -> Iterator[list[str]]:
    """Yield the rows of a text with quotation marks."""
    return csv.reader((f"{line}\n" for line in _lines(body)), delimiter=delimiter, strict=True)


def _beginning(body: bytes, delimiter: str) -> list[list[str]] | None:
    """Return the first rows of a text with quotation marks; None where they are no table."""
    try:
        return list(islice(_records(body, delimiter), _TOP))
    except csv.Error:
        return None


def _even(
    body: bytes, quoted: bool, heading: list[str], delimiter: str, header_row: int
) -> pd.DataFrame | None:
    """Return a frame if the rows are even: fast, as most exports are."""
    if not heading or not heading[0] or len(delimiter) != 1:
        return None
    width, n = len(heading), 0
    if quoted:
        try:
            for row in islice(_records(body, delimiter), header_row, None):
                if len(row) != width:
                    return None
                n += 1
        except csv.Error:
            return None
    else:
        for line in islice(_lines(body), header_row, None):
            if line.count(delimiter) != width - 1:
                return None
            n += 1
    if not n:
        return None
    frame = pd.read_csv(
        io.BytesIO(body), sep=delimiter, header=None, names=list(range(width)),
        skiprows=header_row, dtype=object, keep_default_na=False, na_filter=False,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE, skip_blank_lines=False,
        index_col=False, engine="c", encoding="utf-8",
    )  # fmt: skip
    if len(frame) != n:
        return None
    frame.index = pd.RangeIndex(header_row + 1, header_row + 1 + len(frame))
    return trimmed(frame, headings_of(heading))


def _all_rows(body: bytes, name: str, delimiter: str) -> list[list[str]]:
    """Return every row of a text, however many cells it has."""
    if b'"' not in body:
        return [line.split(delimiter) for line in _lines(body)]
    rows: list[list[str]] = []
    try:
        rows += _records(body, delimiter)
    except csv.Error as error:
        remedy = message("Check the quotation marks around and inside its cells.")
        what = message("is not a table: {error}.", error=error)
        raise CarstatsError(Problem(what, name, len(rows) + 1, remedy=remedy)) from None
    return rows


def _delimiter(lines: list[str], name: str, reading: Reading) -> str:
    """Return what separates the cells: what shows the headings looked for, and makes even rows."""
    outside = re.sub(r'"[^"]*"', "", "\n".join(lines[:200])).split("\n")
    outside = [line for line in outside if line.strip()][:100]
    scores = {}
    for delimiter in _DELIMITERS:
        counts = [line.count(delimiter) for line in outside]
        if not any(counts):
            continue
        usual = max(set(counts) - {0}, key=counts.count)
        top = [[cell.strip(' "') for cell in line.split(delimiter)] for line in lines[:20]]
        known = max((hits(row, reading.names) for row in top), default=0)
        scores[delimiter] = (known, counts.count(usual), usual)
    if not scores:
        return ","
    best = max(scores, key=lambda sign: scores[sign])
    rivals = [sign for sign, score in scores.items() if score == scores[best]]
    if len(rivals) > 1:
        what = message(
            "may be separated by {signs}.", signs=message(" or ").join(map(repr, rivals))
        )
        remedy = message("Say which under [study], such as delimiter = {sign}.", sign='";"')
        raise CarstatsError(Problem(what, name, remedy=remedy))
    return best


def _decimals(frame: pd.DataFrame, name: str, delimiter: str, decimal: str | None):
    """Turn decimal commas into points, column by column: in German and French exports.

    Guessed where the comma does not separate the cells, some column has such numbers, and no
    column has numbers with a point.
    """
    if decimal == "." or (decimal is None and delimiter == ","):
        return frame, {}, {}, None
    shapes = {}
    for i, heading in enumerate(numbered(frame.columns)):
        texts = {
            cell.strip()
            for cell in frame.iloc[:, i].dropna().unique()
            if isinstance(cell, str) and cell.strip().casefold() not in MISSING
        }
        commas = {t for t in texts if _COMMA.match(t) or _THOUSANDS_COMMA.match(t)}
        rest = {t for t in texts - commas if not _WHOLE.match(t)}
        shapes[i] = (heading, commas, rest)
    # A column of lists such as "1,3" and "2" among texts is no column of numbers.
    numeric = {i for i, (_, commas, rest) in shapes.items() if commas and not _other(rest)}
    points = any(
        _POINT.match(t) and not _THOUSANDS.match(t) for _, _, rest in shapes.values() for t in rest
    )
    if decimal is None and points:
        return frame, {}, {}, None
    thousands = {
        i
        for i, (_, _, rest) in shapes.items()
        if any(map(_THOUSANDS.match, rest)) and not _other(rest)
    }
    # A semicolon is what programs write where the comma is the decimal sign: 1.750 may be 1750.
    if not numeric and not (thousands and (delimiter == ";" or decimal)):
        return frame, {}, {}, None
    frame = frame.copy()
    doubts: dict[str, list[Problem]] = {}
    whole: dict[str, pd.Series] = {}
    for i in sorted(numeric | thousands):
        cells = frame.iloc[:, i]
        heading = str(shapes[i][0])
        doubtful = [row for row, cell in cells.items() if _is_doubtful(cell, shapes[i][1], decimal)]
        if doubtful:
            what = message("holds numbers that may have a decimal or a thousands separator.")
            remedy = message(
                "Say which under [study]: decimal = {comma} or decimal = {point}.",
                comma='","',
                point='"."',
            )
            doubts[heading] = [Problem(what, name, row, heading, remedy) for row in doubtful]
            continue
        if i in numeric:
            frame.isetitem(i, cells.map(_with_point))
        else:
            whole[heading] = cells.map(_with_point)
    turned = [str(shapes[i][0]) for i in sorted(numeric) if str(shapes[i][0]) not in doubts]
    if not turned:
        return frame, doubts, whole, None
    note = message(
        "{file}: decimal commas were read in {headings}. [study] decimal sets the sign.",
        file=name,
        headings=message(", ").join(f"`{heading}`" for heading in turned[:12]),
    )
    return frame, doubts, whole, note


def _other(rest: set[str]) -> bool:
    """Return whether a column holds anything but numbers and values beyond a limit (<0,5)."""
    return any(not _NUMBER.match(text) for text in rest)


def _is_doubtful(cell: object, commas: set[str], decimal: str | None) -> bool:
    if not isinstance(cell, str):
        return False
    text = cell.strip()
    if _THOUSANDS.match(text) and decimal is None:
        return True
    # "1,234" in every cell may be one thousand.
    threes = all(re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", t) for t in commas)
    return decimal is None and threes and text in commas


def _with_point(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    text = cell.strip()
    if _COMMA.match(text):
        return text.replace(",", ".")
    if _THOUSANDS_COMMA.match(text):
        return text.replace(".", "").replace(",", ".")
    if _THOUSANDS.match(text):
        return text.replace(".", "")
    return cell
