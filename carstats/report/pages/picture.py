"""A figure as a report shows it: its drawing alone, its words as text, its numbers to point at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import TYPE_CHECKING

import pandas as pd

from carstats.errors import CarstatsError
from carstats.report.chapters.blocks import Chapter, FigureBlock, Mark, Picture
from carstats.report.figures.crowd import without_subjects
from carstats.report.format import DAYS_PER_MONTH, count, interval, months, number, rate
from carstats.report.pages.save import inert
from carstats.report.pages.svg_compact import compact_svg
from carstats.report.style import drawing
from carstats.result import Result
from carstats.words import tr

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Dots an inch of a figure in Word, sharp on paper, and on a slide, twice as wide.
_DPI, _SLIDE_DPI = 170, 110
_MM = 25.4
# More places than these are too close for a pointer.
_MOST = 400
# Texts no further apart than so many dots stand on one line.
_LINE = 3.0


def drawn(chapter: Chapter, *, slides: bool = True) -> Chapter:
    """Return a chapter with its figures drawn, as asked also for slides."""
    blocks = tuple(
        picture_of(block, slide=slides) if isinstance(block, FigureBlock) else block
        for block in chapter.blocks
    )
    return Chapter(chapter.name, chapter.title, blocks, chapter.appendix)


def picture_of(block: FigureBlock, *, slide: bool = True) -> Picture:
    """Write a figure as a page, a Word file and a slide need it."""
    figure = block.figure
    width, height = figure.get_size_inches()
    marks = tuple(_marks(figure, block.results))
    svg = compact_svg(_bytes(figure, "svg").decode())
    csv = inert(_numbers(block.results)).to_csv(index=False, lineterminator="\n")
    return Picture(
        name=block.name,
        alt=figure.get_label() or figure.title,
        title=figure.title,
        caption=figure.caption,
        message=block.message,
        svg=svg,
        png=_bytes(figure, "png"),
        csv=csv,
        width=_MM * width,
        height=_MM * height,
        marks=marks,
        slide=_slide(block) if slide else b"",
    )


def _slide(block: FigureBlock) -> bytes:
    """Return a figure as a slide shows it; one that is too high for a slide as the page has it."""
    if not block.message or block.draw is None:
        return b""
    try:
        return _bytes(block.draw(style="slide", heading=""), "png", _SLIDE_DPI)
    except CarstatsError:
        return _bytes(block.figure, "png")


def _bytes(figure: Figure, kind: str, dpi: float = _DPI) -> bytes:
    with BytesIO() as file:
        figure.savefig(file, format=kind, dpi=dpi)
        return file.getvalue()


def _numbers(results: Mapping[str, Result]) -> pd.DataFrame:
    """Return the rows of the results; a column ``panel`` tells several apart."""
    if len(results) == 1:
        return without_subjects(next(iter(results.values())))
    frames = [
        without_subjects(result).assign(panel=name).convert_dtypes()
        for name, result in results.items()
    ]
    table = pd.concat(frames) if frames else pd.DataFrame(columns=["panel"])
    return table[["panel", *(column for column in table if column != "panel")]]


def _marks(figure: Figure, results: Mapping[str, Result]) -> Iterator[Mark]:
    width, height = figure.get_size_inches()
    found: list[tuple[float, float, str, bool]] = []
    # A text beside a place has none of its own before it is drawn.
    with drawing():
        figure.draw_without_rendering()
    for ax in figure.axes:
        points = [(*place, False) for place in _points(ax, results)]
        found += points or [(*place, True) for place in _rows(ax)]
    for x, y, words, whole in found[:: 1 + len(found) // _MOST]:
        across, down = x / figure.dpi / width, 1 - y / figure.dpi / height
        if 0 <= across <= 1 and 0 <= down <= 1:
            yield Mark(round(float(across), 4), round(float(down), 4), words, whole)


def _points(ax: Axes, results: Mapping[str, Result]) -> Iterator[tuple[float, float, str]]:
    """Yield the estimates over time that are drawn on axes, where they stand and in words."""
    vertices = {
        (round(float(x), 3), round(float(y), 6))
        for line in ax.lines
        if len(line.get_xdata()) > 2 or line.get_gid() in ("curve", "median")
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    }
    if not vertices:
        return
    for result in results.values():
        if not {"time", "estimate"} <= set(result.frame):
            continue
        for key, rows in result.strata():
            name = result.label(key) if key else ""
            for row in rows.to_dict("records"):
                x, y = row["time"] / DAYS_PER_MONTH, row["estimate"]
                if (round(x, 3), round(y, 6)) in vertices:
                    across, down = ax.transData.transform((x, y))
                    yield across, down, _words(name, row)


def _words(name: str, row: Mapping[str, object]) -> str:
    limits = [row.get(end) for end in ("conf_low", "conf_high")]
    if "n_risk" in row:
        value = rate(row["estimate"], *limits)
        rest = tr("{n} at risk", n=count(row["n_risk"]))
    else:
        value = f"{number(row['estimate'])} ({interval(*limits)})"
        rest = tr("{n} values", n=count(row["n_event"])) if "n_event" in row else ""
    return " · ".join(part for part in (name, months(row["time"]), value, rest) if part)


def _rows(ax: Axes) -> Iterator[tuple[float, float, str]]:
    """Yield the lines of text of axes that are a list, each where it stands, under its heading."""
    places = []
    for text in ax.texts:
        if words := text.get_text().strip().replace("\n", " "):
            box = text.get_window_extent()
            places.append(((box.y0 + box.y1) / 2, box.x0, words))
    lines: list[list[tuple[float, float, str]]] = []
    for place in sorted(places, key=lambda place: -place[0]):
        if not lines or lines[-1][0][0] - place[0] > _LINE:
            lines.append([])
        lines[-1].append(place)
    middle = (ax.bbox.x0 + ax.bbox.x1) / 2
    heading = ""
    for line in lines:
        words = [text for _, _, text in sorted(line, key=lambda place: place[1])]
        if len(words) == 1:
            heading = words[0]
        elif len(words) > 2:
            yield middle, line[0][0], " · ".join([heading, *words] if heading else words)
