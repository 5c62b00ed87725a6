"""A table as a file: HTML, LaTeX, Word, RTF or CSV; and in a notebook."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from carstats.errors import CarstatsError, check_choice
from carstats.messages import message
from carstats.report.printing import inert_cell
from carstats.report.tables.html import table_html, table_page
from carstats.report.tables.latex import table_latex
from carstats.report.tables.model import MIMETYPE, Content, Row, Spanner
from carstats.report.tables.rtf import table_rtf
from carstats.report.tables.word import table_word

# The ending of each format's file.
FORMATS = {"html": "html", "latex": "tex", "word": "docx", "rtf": "rtf", "csv": "csv"}
ENDINGS = {f".{ending}": kind for kind, ending in FORMATS.items()}


@dataclass(frozen=True)
class Table(Content):
    """A table as it is printed: every cell is text, and nothing is left to compute.

    Its parts are those of `Content`. A notebook shows it; `save` writes it.
    """

    def save(self, path: str | Path) -> Path:
        """Write the table into a file, in the format that the name ends with.

        Parameters
        ----------
        path : str or Path
            Ends in ``.docx``, ``.html``, ``.tex``, ``.rtf`` or ``.csv``.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        CarstatsError
            If the ending is another one, or the file cannot be written.
        """
        path = Path(path)
        if path.suffix.lower() not in ENDINGS:
            raise CarstatsError(
                message(
                    "{name} ends in {ending!r}; a table is saved as one of {allowed}.",
                    name=repr(path.name), ending=path.suffix, allowed=", ".join(ENDINGS),
                )
            )  # fmt: skip
        content = table_bytes(self, ENDINGS[path.suffix.lower()])
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError as error:
            raise CarstatsError(
                message(
                    "cannot write {name}: {reason}.",
                    name=repr(path.name), reason=error.strerror or error,
                )
            ) from error  # fmt: skip
        return path

    @classmethod
    def from_json(cls, values: Mapping[str, Any] | str) -> Table:
        """Return the table that `to_json` made plain.

        Parameters
        ----------
        values : mapping or str
            The plain values, or the JSON text of them.

        Returns
        -------
        Table
            Equal to the one before.

        Raises
        ------
        CarstatsError
            If the values are not those of a table.
        """
        try:
            given = dict(json.loads(values) if isinstance(values, str) else values)
            given["rows"] = tuple(
                Row(**{**row, "cells": tuple(row["cells"])}) for row in given["rows"]
            )
            given["spanners"] = tuple(Spanner(**spanner) for spanner in given.get("spanners", ()))
            for name in ("heads", "notes", "marked", "head_marks", "align"):
                given[name] = tuple(given.get(name, ()))
            return cls(**given)
        except (KeyError, TypeError, ValueError) as error:
            raise CarstatsError(
                message("this is not a table of carstats: {error}.", error=error)
            ) from error

    def _repr_html_(self) -> str:
        return table_html(self, self.identifier(), styled=True)

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> dict[str, Any]:
        # A report finds the model in its notebooks and prints the same tables in Word.
        return {
            "text/plain": str(self),
            "text/html": self._repr_html_(),
            MIMETYPE: self.to_json(),
        }


def table_bytes(table: Content, kind: str, table_id: str | None = None) -> bytes:
    """Return a table as a file's content."""
    kind = check_choice("formats", kind, tuple(FORMATS))
    if kind == "html":
        return table_page(table, table_id).encode()
    if kind == "latex":
        return table_latex(table).encode()
    if kind == "csv":
        return _table_csv(table).encode()
    return table_word(table) if kind == "word" else table_rtf(table)


def _table_csv(table: Content) -> str:
    """Return the texts of a table as CSV, a heading of rows as a row of its own."""
    with StringIO() as file:
        writer = csv.writer(file, lineterminator="\n")
        if table.heads:
            writer.writerow(map(inert_cell, table.heads))
        for group, rows in table.groups():
            if group:
                writer.writerow([inert_cell(group), *[""] * (len(table.align) - 1)])
            writer.writerows(map(inert_cell, row.cells) for row in rows)
        return file.getvalue()
