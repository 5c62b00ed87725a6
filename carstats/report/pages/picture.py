"""A figure as a report shows it: its drawing alone, its words as text, its numbers to point at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import TYPE_CHECKING

import pandas as pd

from carstats.report.chapters.blocks import Chapter, FigureBlock, Mark, Picture
from carstats.report.format import DAYS_PER_MONTH, count, interval, months, number, rate
from carstats.report.pages.save import inert
from carstats.report.pages.svg_compact import compact_svg
from carstats.report.style import drawing, one_weight
from carstats.result import Result
from carstats.words import tr

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Bbox

# Dots an inch of a figure in Word and on slides: sharp on paper.
_DPI = 200
_MM, _POINTS = 25.4, 72.0
_MARGIN = 5.0
# No dates and no versions of the software: the same numbers give the same bytes.
_METADATA = {"svg": {"Date": None, "Creator": "carstats"}, "png": {"Software": None}}
# More places than these are too close for a pointer.
_MOST = 400
_FULL_WIDTH = "，。；：、（）"


def drawn(chapter: Chapter) -> Chapter:
    """Return a chapter with its figures drawn."""
    blocks = tuple(
        picture_of(block) if isinstance(block, FigureBlock) else block for block in chapter.blocks
    )
    return Chapter(chapter.name, chapter.title, blocks, chapter.appendix)


def picture_of(block: FigureBlock) -> Picture:
    """Draw a figure without its heading and caption, which become text."""
    figure = block.figure
    title, caption = _taken(figure, "heading"), _taken(figure, "caption")
    box = _box(figure)
    one_weight(figure)
    svg = compact_svg(_bytes(figure, "svg", box).decode())
    csv = inert(_numbers(block.results)).to_csv(index=False, lineterminator="\n")
    return Picture(
        name=block.name,
        alt=figure.get_label() or title,
        title=title,
        caption=caption,
        message=block.message,
        svg=svg,
        png=_bytes(figure, "png", box),
        csv=csv,
        width=_MM * box.width,
        height=_MM * box.height,
        marks=tuple(_marks(figure, block.results, box)),
    )


def _bytes(figure: Figure, kind: str, box: Bbox) -> bytes:
    with drawing(), BytesIO() as file:
        figure.savefig(file, format=kind, dpi=_DPI, bbox_inches=box, metadata=_METADATA[kind])
        return file.getvalue()


def _taken(figure: Figure, what: str) -> str:
    """Take a text off a figure and return it as it was before it was broken into lines."""
    own = [text for text in figure.texts if (text.get_gid() or "").startswith(what)]
    lines = "\n".join(text.get_text() for text in own).split("\n")
    # Its place stays known, for the drawing ends where the words began.
    for text in own:
        text.set_visible(False)
    whole = lines[0]
    for line in lines[1:]:
        ends = whole[-1:] + line[:1]
        # Chinese has spaces only beside words and numbers of another script.
        chinese = all(end >= "\u2e80" for end in ends) or any(end in _FULL_WIDTH for end in ends)
        whole += line if chinese else f" {line}"
    return whole


def _box(figure: Figure) -> Bbox:
    """Return what is left of a figure without its words, in inches."""
    from matplotlib.transforms import Bbox

    width, height = figure.get_size_inches()
    top, bottom = height, 0.0
    stamped = any(text.get_gid() == "stamp" for text in figure.texts)
    for text in figure.texts:
        kind, place = text.get_gid() or "", text.get_position()[1] * height
        if kind.startswith("caption"):
            bottom = max(bottom, place)
        elif kind.startswith("heading"):
            # The stamp stands in the first line of the heading, and stays.
            line = text.get_fontsize() * 1.3 / _POINTS
            if not (stamped and kind.endswith("-1")):
                top = min(top, place - (0.0 if stamped else line) + _MARGIN / _POINTS)
    if stamped and top < height:
        top = height
    return Bbox([[0.0, bottom], [width, top]])


def _numbers(results: Mapping[str, Result]) -> pd.DataFrame:
    """Return the rows of the results; a column ``panel`` tells several apart."""
    if len(results) == 1:
        return next(iter(results.values())).frame
    frames = [result.frame.assign(panel=name).convert_dtypes() for name, result in results.items()]
    table = pd.concat(frames) if frames else pd.DataFrame(columns=["panel"])
    return table[["panel", *(column for column in table if column != "panel")]]


def _marks(figure: Figure, results: Mapping[str, Result], box: Bbox) -> Iterator[Mark]:
    width = figure.get_figwidth()
    found: list[tuple[float, float, str, bool]] = []
    for ax in figure.axes:
        points = [(*place, False) for place in _points(ax, results)]
        found += points or [(*place, True) for place in _rows(ax)]
    for x, y, words, whole in found[:: 1 + len(found) // _MOST]:
        across, down = x / figure.dpi / width, (box.y1 - y / figure.dpi) / box.height
        if 0 <= across <= 1 and 0 <= down <= 1:
            yield Mark(round(across, 4), round(down, 4), words, whole)


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
    """Yield the lines of text of axes that are a list, each where it stands."""
    lines: dict[int, list[tuple[float, float, str]]] = {}
    for text in ax.texts:
        if not text.get_text().strip():
            continue
        x, y = text.get_transform().transform(text.get_position())
        lines.setdefault(round(y / 4), []).append((x, y, text.get_text().replace("\n", " ")))
    left, right = (ax.transAxes.transform((side, 0))[0] for side in (0, 1))
    for texts in lines.values():
        if len(texts) > 2:
            words = " · ".join(words for _, _, words in sorted(texts))
            yield (left + right) / 2, texts[0][1], words
