"""The table as a model: texts in rows under heads, with footnotes; the writers print it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from carstats.errors import CarstatsError
from carstats.language import in_language
from carstats.messages import message
from carstats.translation import current_language
from carstats.words import in_words, sentences, tr

MIMETYPE = "application/vnd.carstats.table+json"


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes
    ----------
    cells : tuple of str
        A text for each column; the first names the row.
    group : str
        The heading that the row stands under; rows of one heading follow each other.
    indent : int
        How far the first cell is set in.
    marks : str
        Letters of the footnotes that belong to the row: ``"a"``, ``"a,c"``.
    """

    cells: tuple[str, ...]
    group: str = ""
    indent: int = 0
    marks: str = ""


@dataclass(frozen=True)
class Spanner:
    """A head over several columns.

    Attributes
    ----------
    text : str
        What it says.
    first, last : int
        The columns from and to which it reaches, counted from 0.
    """

    text: str
    first: int
    last: int


@dataclass(frozen=True)
class Content:
    """What a table says, as it is printed: every cell is text, and nothing is left to compute.

    What it is made of may be messages; they are put into the table's language.

    Attributes
    ----------
    title : str
        The heading.
    heads : tuple of str
        A head for each column; empty for a table that is one sentence.
    rows : tuple of Row
        The body.
    notes : tuple of str
        Footnotes of the whole table, each a sentence.
    spanners : tuple of Spanner
        Heads over several columns.
    marked : tuple of str
        Footnotes of a head or a row, in the order of their letters.
    head_marks : tuple of str
        Letters beside the heads; empty where no head has one.
    align : tuple of str
        ``"left"`` or ``"right"`` for each column; by default the first left, the others right.
    synthetic : bool
        Whether the numbers are those of a simulated study; adds a footnote that says so.
    language : str
        The language of the texts; by default the one that is set.
    """

    title: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    spanners: tuple[Spanner, ...] = ()
    marked: tuple[str, ...] = ()
    head_marks: tuple[str, ...] = ()
    align: tuple[str, ...] = ()
    synthetic: bool = False
    language: str = field(default_factory=current_language)

    def __post_init__(self) -> None:
        with in_language(self.language):
            for name, text in _in_words(self).items():
                object.__setattr__(self, name, text)
        width = len(self.heads) or 1
        wrong = [row.cells for row in self.rows if len(row.cells) != width]
        if wrong:
            raise CarstatsError(
                message("a row of the table {title!r} is not {width} wide: {cells}.",
                        title=self.title, width=width, cells=wrong[0])
            )  # fmt: skip
        for name, given in (("head_marks", ""), ("align", "right")):
            values = getattr(self, name)
            if not values:
                first = "left" if name == "align" else ""
                object.__setattr__(self, name, (first, *[given] * (width - 1)))
            elif len(values) != width:
                raise CarstatsError(
                    message("`{name}` has {n} values for {width} columns of {title!r}.",
                            name=name, n=len(values), width=width, title=self.title)
                )  # fmt: skip

    def footnotes(self) -> list[tuple[str, str]]:
        """Return the paragraphs under the table, each with its letter, if any, in printed order."""
        with in_language(self.language):
            found = [("", sentences(*self.notes))]
            found += [(letter(place), note) for place, note in enumerate(self.marked)]
            found += [("", tr("Synthetic data."))] if self.synthetic else []
        return [(letters, text) for letters, text in found if text]

    def groups(self) -> list[tuple[str, list[Row]]]:
        """Return the rows under their headings, in order."""
        found: list[tuple[str, list[Row]]] = []
        for row in self.rows:
            if not found or found[-1][0] != row.group:
                found.append((row.group, []))
            found[-1][1].append(row)
        return found

    def to_json(self) -> dict[str, Any]:
        """Return the table as plain values, ready for JSON."""
        return json.loads(json.dumps(asdict(self)))

    def identifier(self) -> str:
        """Return an ``id`` for HTML that only the same table has."""
        text = json.dumps(self.to_json(), ensure_ascii=False, sort_keys=True)
        return f"table-{hashlib.sha256(text.encode()).hexdigest()[:10]}"

    def __str__(self) -> str:
        lines = [self.heads] if self.heads else []
        for group, rows in self.groups():
            blank = ("",) * (len(self.heads) - 1)
            lines += [(group, *blank)] if group else []
            lines += [
                ("  " * row.indent + row.cells[0] + _raised(row.marks), *row.cells[1:])
                for row in rows
            ]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        places = [str.ljust if side == "left" else str.rjust for side in self.align]
        body = [
            "  ".join(p(c, w) for p, c, w in zip(places, line, widths, strict=True)).rstrip()
            for line in lines
        ]
        notes = [f"{m}) {text}" if m else text for m, text in self.footnotes()]
        return "\n".join([self.title, *body, *notes])


def letter(place: int) -> str:
    """Return the letter of a footnote: a to z, then aa, ab and so on."""
    return (letter(place // 26 - 1) if place >= 26 else "") + chr(ord("a") + place % 26)


def _in_words(table: Content) -> dict[str, Any]:
    """Return the parts of a table that have text, in the language that is set."""
    return {
        "title": in_words(table.title),
        **{
            name: tuple(map(in_words, getattr(table, name)))
            for name in ("heads", "notes", "marked")
        },
        "rows": tuple(
            replace(row, cells=tuple(map(in_words, row.cells)), group=in_words(row.group))
            for row in table.rows
        ),
        "spanners": tuple(replace(each, text=in_words(each.text)) for each in table.spanners),
    }


def _raised(marks: str) -> str:
    return f" [{marks}]" if marks else ""
