"""The table as a model: texts in rows under heads, with footnotes; the writers print it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from carstats.errors import CarstatsError
from carstats.language import in_language
from carstats.messages import mark, message
from carstats.report.format import (
    NONE,
    count,
    counts,
    of,
    percent,
    percent_limits,
    with_limits,
)
from carstats.report.tables.files import table_html
from carstats.result import Result
from carstats.translation import current_language
from carstats.words import in_words, sentence, sentences, tr

MIMETYPE = "application/vnd.carstats.table+json"
# More columns of numbers than this do not fit on a page turned on its side.
WIDEST = 9
_TITLES = {
    "age": mark("Age, years"),
    "case": mark("Missing responses"),
    "cell_source": mark("Cell source"),
    "costimulation": mark("Co-stimulatory domain"),
    "disease": mark("Disease"),
    "disease_duration_years": mark("Disease duration, years"),
    "disease_subtype": mark("Disease subtype"),
    "endpoint": mark("Endpoint"),
    "n_prior_therapies": mark("Earlier therapies, number"),
    "platform": mark("Platform"),
    "sex": mark("Sex"),
    "site_id": mark("Site"),
    "study_id": mark("Study"),
    "target": mark("Target"),
    "term": mark("Term"),
    "weight_kg": mark("Weight, kg"),
}


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
class Table:
    """A table as it is printed: every cell is text, and nothing is left to compute.

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

    def _repr_html_(self) -> str:
        return table_html(self, self.identifier())

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> dict[str, Any]:
        # A report finds the model in its notebooks and prints the same tables in Word.
        return {
            "text/plain": str(self),
            "text/html": self._repr_html_(),
            MIMETYPE: self.to_json(),
        }


class Marks:
    """Footnotes with letters, each text once, in the order in which they are met."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def add(self, *texts: str) -> str:
        """Return the letters of footnotes, which are kept if they are new."""
        found = []
        for text in texts:
            note = sentence(text)
            if not note:
                continue
            if note not in self.notes:
                self.notes.append(note)
            found.append(self.notes.index(note))
        return ",".join(letter(place) for place in sorted(set(found)))


def letter(place: int) -> str:
    """Return the letter of a footnote: a to z, then aa, ab and so on."""
    return (letter(place // 26 - 1) if place >= 26 else "") + chr(ord("a") + place % 26)


def column_title(column: str) -> str:
    """Return what a column of the data is called in a table."""
    return tr(_TITLES[column]) if column in _TITLES else column.replace("_", " ").capitalize()


def level_label(result: Result, column: str, value: object) -> str:
    """Return the printed name of a level of a column."""
    return in_words(result.labels.get(column, {}).get(value, str(value)))


def stratum_heads(result: Result) -> dict[tuple, str]:
    """Return each stratum's head with its number of subjects: ``"CD19 (n = 63)"``."""
    heads = {}
    for key, rows in result.strata():
        name = result.label(key) if key else tr("All subjects")
        heads[key] = with_n(name, rows["n"].iloc[0])
    return heads


def with_n(name: str, n: float) -> str:
    """Write a name with its number of subjects: ``"CD19 (n = 63)"``."""
    return tr("{name} (n = {n})", name=name, n=count(n))


def share(
    k: float | None, part: float | None, most: float | None = None, possible: float | None = None
) -> str:
    """Write a count with its percentage: ``"12 (39 %)"``; nought, and a count of nobody, alone.

    Where up to `most` may have had it, both reach from what is proven to what is possible.
    """
    if most is not None and most == most and k == k and most > (k or 0):
        return with_limits(counts(k, most), percent_limits(part, possible))
    alone = not k or k != k or part is None or part != part
    return count(k) if alone else with_limits(count(k), percent(part))


def fraction(k: float | None, n: float | None, most: float | None = None) -> str:
    """Write how many of how many; an en dash of nobody."""
    return NONE if not n else of(k, n, most)


def check_columns(result: Result, builder: str, maker: str, columns: set[str]) -> None:
    """Raise unless a result has the columns that a builder prints."""
    if not isinstance(result, Result):
        raise CarstatsError(
            message(
                "{builder} prints {maker}, not {given}.",
                builder=builder,
                maker=maker,
                given=type(result).__name__,
            )
        )
    if not columns <= set(result.frame):
        raise CarstatsError(
            message(
                "{builder} prints {maker}, not {analysis!r}.",
                builder=builder,
                maker=maker,
                analysis=result.spec.analysis,
            )
        )


def footnoted(
    results: Sequence[Result], rows: Sequence[Row], *extra: str, method: bool = True
) -> tuple[str, ...]:
    """Return the footnotes of a table: who, how, what else, and what an en dash is."""
    specs = [result.spec for result in results]
    notes = [sentence(spec.population) for spec in specs]
    methods = [spec.method for spec in specs] if method else []
    # A method that another one continues, as that of a median the curve's, is told with it.
    notes += [sentence(m) for m in methods if not any(o != m and o.startswith(m) for o in methods)]
    notes += extra
    if any(cell == NONE for row in rows for cell in row.cells[1:]):
        notes.append(tr("–: not applicable or not estimable."))
    return tuple(dict.fromkeys(note for note in notes if note))


def sentence_table(title: str, text: str, results: Sequence[Result]) -> Table:
    """Return a table that is one sentence, for a result without rows."""
    return Table(
        title,
        (),
        (Row((text,)),),
        notes=footnoted(results, (), method=False),
        synthetic=any(result.spec.synthetic for result in results),
    )


def is_synthetic(*results: Result | None) -> bool:
    """Return whether any of the results is of a simulated study."""
    return any(result.spec.synthetic for result in results if result is not None)


def _in_words(table: Table) -> dict[str, Any]:
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
