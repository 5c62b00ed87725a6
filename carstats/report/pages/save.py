"""Writing a figure or a table with its numbers and the way it was made, whole or not at all."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from carstats.errors import CarstatsError
from carstats.messages import key_of, message
from carstats.report.printing import inert_cell
from carstats.report.setting import DPI
from carstats.report.tables.files import FORMATS, Table, table_bytes
from carstats.result import Result
from carstats.words import common_caption, full_stop, sentences

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURE_FORMATS = ("svg", "pdf", "png")
Results = Result | Sequence[Result] | Mapping[str, Result]


def save_figure(
    figure: Figure,
    results: Results,
    folder: str | Path,
    stem: str,
    *,
    script: str | None = None,
    style: str | None = None,
    width: float | str | None = None,
) -> list[Path]:
    """Write a figure as SVG, PDF and PNG, with the numbers drawn and how they were made.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure; its label is the text for readers who do not see it.
    results : Result, list of Result, or dict of str to Result
        What was drawn; several are told apart in the CSV by a column ``panel``.
    folder : str or Path
        Where to write; made if it does not exist.
    stem : str
        Name of the files without their endings.
    script : str, optional
        What made the figure; by default ``analyses/<stem>.py``.
    style : {"report", "journal", "slide"}, optional
        Draw carstats' figure anew in another style than it was made in.
    width : float or str, optional
        Its width then: millimetres, or a name such as ``"nature-2"``.

    Returns
    -------
    list of Path
        The files: ``<stem>.svg``, ``.pdf``, ``.png`` (300 dpi), ``.csv`` and ``.json``, and for a
        style without a caption ``<stem>.legend.txt``, the text for the legend. They are
        written beside their places and then moved, so that none is ever half-written; a second run
        gives the same bytes.

    Raises
    ------
    CarstatsError
        If a file cannot be written.
    """
    if style is not None or width is not None:
        figure = _anew(figure, style or "report", width)
    title, caption = (getattr(figure, name, "") for name in ("title", "caption"))
    contents = _numbers(results, stem, script, caption, figure.get_label(), title)
    for kind in FIGURE_FORMATS:
        contents[f"{stem}.{kind}"] = figure_bytes(figure, kind)
    if caption and not figure.style.caption:
        contents[f"{stem}.legend.txt"] = f"{_legend(title, caption)}\n".encode()
    return write_files(folder, contents)


def save_table(
    table: Table,
    results: Results,
    folder: str | Path,
    stem: str,
    *,
    script: str | None = None,
    formats: Sequence[str] = ("html", "latex", "word"),
) -> list[Path]:
    """Write a table for the web, LaTeX and Word, with its unrounded numbers and how they were made.

    Parameters
    ----------
    table : Table
        The table, as a function of the tables module makes it.
    results : Result, list of Result, or dict of str to Result
        What the table shows.
    folder : str or Path
        Where to write; made if it does not exist.
    stem : str
        Name of the files without their endings.
    script : str, optional
        What made the table; by default ``analyses/<stem>.py``.
    formats : list of {"html", "latex", "word", "rtf"}
        How to print it.

    Returns
    -------
    list of Path
        The files: ``<stem>.html``, ``.tex``, ``.docx``, as asked ``.rtf``, and ``.csv`` and
        ``.json``; all are written, or none.

    Raises
    ------
    CarstatsError
        If a file cannot be written, a format is not known, or RTF is asked for and what writes it
        is not installed.

    Notes
    -----
    In the CSV a text that a spreadsheet would run, such as one that begins with "=", has an
    apostrophe in front.
    """
    caption = common_caption(result.spec for result in _panels(results).values())
    contents = _numbers(results, stem, script, caption, caption, table.title)
    for kind in formats:
        made = table_bytes(table, kind, re.sub(r"[^\w-]|^(?=[^A-Za-z])", "t", stem))
        contents[f"{stem}.{FORMATS[kind]}"] = made
    return write_files(folder, contents)


def _legend(title: str, caption: str) -> str:
    """Return title and caption as one text, without saying twice what is shown."""
    for stop in (". ", "。"):
        first, _, rest = caption.partition(stop)
        if rest and title.startswith(first):
            caption = rest
            break
    return sentences(full_stop(title), caption)


def _anew(figure: Figure, style: str, width: float | str | None) -> Figure:
    if getattr(figure, "remake", None) is None:
        raise CarstatsError(
            message("`style` and `width` are for the figures that carstats draws; this is another.")
        )
    return figure.remake(style=style, width=width)


def figure_bytes(figure: Figure, kind: str) -> bytes:
    """Return a figure as a file's content."""
    from carstats.report.figures.canvas import METADATA
    from carstats.report.style import drawing

    with drawing(), BytesIO() as file:
        figure.savefig(file, format=kind, dpi=DPI, metadata=METADATA[kind])
        return file.getvalue()


def write_files(folder: str | Path, contents: Mapping[str, bytes]) -> list[Path]:
    """Write files so that each is there as a whole or as it was before."""
    folder = Path(folder)
    parts = {folder / name: folder / f".{name}.{os.getpid()}.part" for name in contents}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for part, content in zip(parts.values(), contents.values(), strict=True):
            with part.open("wb") as file:
                file.write(content)
        _put_in_place(parts)
    except OSError as error:
        raise CarstatsError(
            message(
                "cannot write to {folder}: {reason}. Choose another folder with --out, or make "
                "room.",
                folder=folder,
                reason=error.strerror or error,
            )
        ) from error
    finally:
        for part in parts.values():
            with suppress(OSError):
                part.unlink(missing_ok=True)
    return list(parts)


def _put_in_place(parts: Mapping[Path, Path]) -> None:
    """Move finished files to their places; where one does not go, put the others back."""
    before: dict[Path, Path | None] = {}
    try:
        for path, part in parts.items():
            kept = path.with_name(f"{part.name.removesuffix('.part')}.old")
            before[path] = kept if path.exists() else None
            if path.exists():
                _same_file(path, kept)
            part.replace(path)
    except OSError:
        for path, kept in before.items():
            if kept is None:
                path.unlink(missing_ok=True)
            elif kept.exists():
                kept.replace(path)
        raise
    finally:
        for kept in filter(None, before.values()):
            kept.unlink(missing_ok=True)


def _same_file(path: Path, kept: Path) -> None:
    """Keep what a file holds under a second name."""
    kept.unlink(missing_ok=True)
    try:
        kept.hardlink_to(path)
    except OSError:
        # A file system without links.
        shutil.copy2(path, kept)


def _panels(results: Results) -> dict[str, Result]:
    if isinstance(results, Result):
        return {"": results}
    if isinstance(results, Mapping):
        return dict(results)
    return {chr(ord("a") + i): result for i, result in enumerate(results)}


def _numbers(
    results: Results, stem: str, script: str | None, caption: str, alt: str, title: str = ""
) -> dict[str, bytes]:
    panels = _panels(results)
    frames = [
        result.frame if len(panels) == 1 else result.frame.assign(panel=name)
        for name, result in panels.items()
    ]
    # Concatenating would turn a column of counts that one panel lacks into floats.
    table = frames[0] if len(frames) == 1 else pd.concat([f.convert_dtypes() for f in frames])
    if len(panels) > 1:
        table = table[["panel", *(column for column in table if column != "panel")]]
    with StringIO() as file:
        inert(table).to_csv(file, index=False, lineterminator="\n")
        csv = file.getvalue()
    made = {
        "alt": alt,
        "caption": caption,
        "carstats": _version(),
        "results": [
            {**_place(name, result, len(panels)), **result.spec.to_dict()}
            for name, result in panels.items()
        ],
        "script": script or f"analyses/{stem}.py",
        **({"title": title} if title else {}),
        **({"keys": keys} if (keys := _keys(panels)) else {}),
    }
    text = json.dumps(made, ensure_ascii=False, indent=2, sort_keys=True, default=_plain)
    return {f"{stem}.csv": csv.encode(), f"{stem}.json": f"{text}\n".encode()}


def _keys(panels: Mapping[str, Result]) -> dict[str, str]:
    """Return the key of every message with values that the CSV and the JSON hold, by its text.

    A message without values is its own key.
    """
    texts: dict[str, None] = {}
    for result in panels.values():
        texts |= dict.fromkeys([result.spec.endpoint, result.spec.population])
        for column in result.frame.columns.difference(result.by):
            values = result.frame[column]
            if not pd.api.types.is_numeric_dtype(values):
                texts |= dict.fromkeys(text for text in values.unique() if isinstance(text, str))
    keys = {str(text): key_of(text) for text in texts}
    return {text: key for text, key in keys.items() if key and key != text}


def inert(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table in which no text or heading is a formula to a spreadsheet."""
    table = table.rename(columns=inert_cell)
    texts = [name for name in table if table[name].dtype == object or table[name].dtype == "string"]
    return table.assign(**{name: table[name].map(inert_cell, na_action="ignore") for name in texts})


def _place(name: str, result: Result, panels: int) -> dict[str, object]:
    """Return which rows and columns of a common CSV are a result's own."""
    return {"panel": name, "columns": list(result.frame)} if panels > 1 else {}


def _plain(value: object) -> object:
    """Return a numpy scalar, a set or a path as JSON can hold it."""
    if hasattr(value, "item"):
        return value.item()
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, Path):
        return value.name
    return str(value)


def _version() -> str:
    # This layer imports no part above it; the package itself is loaded whenever a part of it is.
    return sys.modules["carstats"].__version__
