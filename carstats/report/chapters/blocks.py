"""What a chapter is made of: headings, sentences, figures and tables, the same for every file.

A chapter is a function of a `Context` that returns a list of blocks. The page, the Word file and
the slides are three ways of writing the same blocks; none of them adds a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from carstats.translation import current_language

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from carstats.report.tables.files import Table
    from carstats.result import Result

_CHINESE = "\u4e00-\u9fff"


@dataclass(frozen=True)
class Heading:
    """A heading within a chapter."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """Sentences; what stands between two pairs of stars is strong."""

    text: str


@dataclass(frozen=True)
class Points:
    """A list; each item is a sentence or more."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Caution:
    """What the reader must know before going on, such as that a row describes one subject."""

    text: str


@dataclass(frozen=True)
class FigureBlock:
    """A figure that is still to be written into a file.

    Attributes
    ----------
    figure : matplotlib.figure.Figure
        The figure without heading and caption, which it knows; its label is for who cannot see it.
    results : mapping of str to Result
        What is drawn; the CSV holds their rows.
    name : str
        The name of the CSV without its ending.
    message : str
        What the figure says in one sentence with its number: the title of a slide. Without one it
        is on no slide.
    draw : callable, optional
        Draws it anew in another style, as for a slide.
    """

    figure: Figure
    results: Mapping[str, Result]
    name: str
    message: str = ""
    draw: Callable[..., Figure] | None = None


@dataclass(frozen=True)
class TableBlock:
    """A table, with the results it prints and what it says in one sentence (see `FigureBlock`).

    Where a slide has no room for all of it, `told` has a sentence for the part that begins with a
    group.
    """

    table: Table
    results: Mapping[str, Result] = field(default_factory=dict)
    message: str = ""
    told: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Mark:
    """A place of a figure and the numbers that stand there: fractions of its width and height.

    A line of text (`row`) reaches across the figure; another place is a point.
    """

    x: float
    y: float
    text: str
    row: bool = False


@dataclass(frozen=True)
class Picture:
    """A figure that is drawn: as vectors for a page, as pixels for Word and slides.

    Attributes
    ----------
    name, alt, title, caption, message : str
        The name of its files, the text for who cannot see it, its heading, what stands under it
        and what it says.
    svg : str
        The drawing without heading and caption, which are text on the page.
    png, slide : bytes
        The same in pixels, and as a slide shows it; no slide where it has no message.
    csv : str
        Its numbers.
    width, height : float
        Millimetres.
    marks : tuple of Mark
        What to show under the pointer.
    """

    name: str
    alt: str
    title: str
    caption: str
    message: str
    svg: str
    png: bytes
    csv: str
    width: float
    height: float
    marks: tuple[Mark, ...] = ()
    slide: bytes = b""


Block = Heading | Paragraph | Points | Caution | FigureBlock | TableBlock | Picture


@dataclass(frozen=True)
class Chapter:
    """A chapter: its name on the page, its title, its blocks, and whether it is an appendix."""

    name: str
    title: str
    blocks: tuple[Block, ...]
    appendix: bool = False


def figure_block(
    draw: Callable[..., Figure],
    results: Mapping[str, Result],
    name: str,
    message: str = "",
    **options: object,
) -> FigureBlock:
    """Draw a figure for a page; `draw` takes a style, and a width of the page's own if given."""
    return FigureBlock(draw(style="bare", **options), results, name, message, draw)


def paragraphs(*texts: str) -> list[Block]:
    """Return a paragraph for each text; empty ones fall away."""
    return [Paragraph(spaced(text)) for text in texts if text]


def points(*texts: str) -> list[Block]:
    """Return a list of the texts that are not empty; none of them is no list."""
    items = tuple(spaced(text) for text in texts if text)
    return [Points(items)] if items else []


def spaced(text: str) -> str:
    """Put a space between Chinese and Latin letters or digits, and take it from between Chinese.

    A sentence's places take names that may be either.
    """
    if current_language() != "zh":
        return str(text)
    text = re.sub(f"(?<=[{_CHINESE}])(?=[A-Za-z0-9])|(?<=[A-Za-z0-9%])(?=[{_CHINESE}])", " ", text)
    return re.sub(f"(?<=[{_CHINESE}，。；：、（）]) +(?=[{_CHINESE}，。；：、（）])", "", text)


def strong_parts(text: str) -> list[tuple[str, bool]]:
    """Split a text into what is strong and what is not; a pair of stars left alone is text."""
    parts = text.split("**")
    if len(parts) % 2 == 0:
        return [(text, False)]
    return [(part, place % 2 == 1) for place, part in enumerate(parts) if part]
