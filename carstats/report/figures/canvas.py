"""The figure that is returned: brought to its size, shown in Jupyter, written with its fonts."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from html import unescape
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axis import Axis, Tick
from matplotlib.collections import Collection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import FancyArrowPatch, Patch
from matplotlib.text import Annotation, Text

from carstats.report.setting import DPI, Style
from carstats.report.style import FONT_FILES, drawing, one_weight

# No dates and no versions of the software: the same numbers give the same bytes.
METADATA = {
    "svg": {"Date": None, "Creator": "carstats"},
    "pdf": {"CreationDate": None, "Creator": "carstats", "Producer": None},
    "png": {"Software": None},
}
_SHOWN_DPI = 160
# What a reader's computer has instead of the font that travels along, the first one first.
_FIRST, _LAST = ["Arial"], ["Helvetica", "sans-serif"]


class Canvas(Figure):
    """A matplotlib figure that knows its title, its caption and the style that it is made for.

    Attributes
    ----------
    title, caption : str
        What stands above and under it, or belongs into the legend where its style has none.
    style : Style
        What it is made for.
    remake : callable or None
        Draws it again with another ``style`` and ``width``.
    """

    title = caption = ""
    style = Style()
    remake: Callable[..., Canvas] | None = None

    def savefig(self, fname: Any, *, transparent: bool | None = None, **options: Any) -> None:
        """Write the figure as matplotlib does, with its own fonts; 300 dots an inch by default.

        The text of an SVG or a PDF in the style "journal" stays text.
        """
        kind = options.get("format") or Path(str(fname)).suffix.lstrip(".").lower() or "png"
        options = {"dpi": DPI, "metadata": METADATA.get(kind), **options}
        one_weight(self)
        live = kind == "svg" and self.style.live
        with drawing(style=self.style):
            matplotlib.rcParams["svg.fonttype"] = "none" if live else "path"
            # Hinted letters are up to a tenth wider at few dots than they were measured.
            if options["dpi"] != DPI:
                matplotlib.rcParams["text.hinting"] = "none"
            if not live:
                super().savefig(fname, transparent=transparent, **options)
                return
            with BytesIO() as file:
                super().savefig(file, transparent=transparent, **{**options, "format": "svg"})
                text = _with_fonts(file.getvalue().decode(), self.style.font)
        if hasattr(fname, "write"):
            fname.write(text.encode())
        else:
            Path(fname).write_text(text, encoding="utf-8")

    def _repr_png_(self) -> bytes:
        with BytesIO() as file:
            self.savefig(file, format="png", dpi=_SHOWN_DPI)
            return file.getvalue()


def bring_to(figure: Figure, scale: float) -> None:
    """Make everything on a figure larger or smaller: type, lines, markers, what lies between."""
    figure.set_size_inches(*(scale * figure.get_size_inches()))
    for artist in _below(figure):
        if isinstance(artist, Axis):
            _scale_axis(artist, scale)
        elif isinstance(artist, Text):
            artist.set_fontsize(scale * artist.get_fontsize())
            if isinstance(artist, Annotation) and artist.anncoords == "offset points":
                artist.xyann = tuple(scale * place for place in artist.xyann)
        elif isinstance(artist, Line2D):
            artist.set(
                linewidth=scale * artist.get_linewidth(),
                markersize=scale * artist.get_markersize(),
                markeredgewidth=scale * artist.get_markeredgewidth(),
            )
        elif isinstance(artist, Patch):
            artist.set_linewidth(scale * artist.get_linewidth())
            if isinstance(artist, FancyArrowPatch):
                artist.set_mutation_scale(scale * artist.get_mutation_scale())
        elif isinstance(artist, Collection):
            artist.set_linewidth([scale * width for width in artist.get_linewidth()])
            if hasattr(artist, "get_sizes"):
                artist.set_sizes(scale**2 * artist.get_sizes())


def _below(artist: Artist) -> Iterator[Artist]:
    """Yield everything drawn within an artist; of an axis it alone, whose ticks come and go."""
    for child in artist.get_children():
        if isinstance(child, Axis):
            yield child
            yield child.label
        elif not isinstance(child, Tick):
            yield child
            yield from _below(child)


def _scale_axis(axis: Axis, scale: float) -> None:
    axis.labelpad *= scale
    name = axis.axis_name
    for which in ("major", "minor"):
        given = axis.get_tick_params(which=which)
        defaults = {
            "length": matplotlib.rcParams[f"{name}tick.{which}.size"],
            "width": matplotlib.rcParams[f"{name}tick.{which}.width"],
            "pad": matplotlib.rcParams[f"{name}tick.{which}.pad"],
            "labelsize": matplotlib.rcParams[f"{name}tick.labelsize"],
        }
        sizes = {key: scale * given.get(key, value) for key, value in defaults.items()}
        axis.set_tick_params(which=which, **sizes)


def _with_fonts(svg: str, font: str) -> str:
    """Name the fonts that a reader's computer may have, and put in the one that travels along."""

    def named(found: re.Match[str]) -> str:
        names = [*_FIRST, *re.findall(r"'([^']+)'", found[0]), *_LAST]
        quoted = (f"'{name}'" if " " in name else name for name in names)
        return f"font-family: {', '.join(quoted)}"

    texts = re.findall(r'<text[^>]*style="([^"]*)"[^>]*>(.*?)</text>', svg, flags=re.DOTALL)
    faces = []
    for weight in ("normal", "bold"):
        here = [t for style, t in texts if ("font-weight: 700" in style) is (weight == "bold")]
        used = set(unescape("".join(re.sub("<[^>]*>", "", text) for text in here)))
        if used:
            data = base64.b64encode(_part(FONT_FILES[font, weight], used)).decode()
            faces.append(
                f"@font-face{{font-family:'{font}';font-weight:{weight};"
                f"src:url(data:font/woff;base64,{data}) format('woff')}}"
            )
    svg = re.sub(r"font-family: '[^;\"]*", named, svg)
    return re.sub(r"(<style[^>]*>)", lambda found: found[1] + "".join(faces), svg, count=1)


def _part(path: Path, characters: set[str]) -> bytes:
    """Return the part of a font that writes some characters."""
    from fontTools import subset

    options = subset.Options(
        flavor="woff", layout_features=["kern"], hinting=False, recalc_timestamp=False,
        notdef_outline=True,
    )  # fmt: skip
    font = subset.load_font(str(path), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text="".join(sorted(characters)))
    subsetter.subset(font)
    with BytesIO() as file:
        subset.save_font(font, file, options)
        font.close()
        return file.getvalue()
