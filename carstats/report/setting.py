"""What figures are made for, a report, a journal, a slide; and how they are drawn for now."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field

# Parts of DejaVu Sans and of Liberation Sans, whose letters are as wide as Arial's (docs/fonts), so
# that figures are alike everywhere and a PDF is quick.
SANS, JOURNAL_SANS = "Carstats Sans", "Carstats Journal"
# Dots an inch of a PNG.
DPI = 300


@dataclass(frozen=True)
class Style:
    """What a figure is made for.

    A figure is laid out with type of 8 and 7 points and then brought to the style's size as a
    whole: by the first of its `scales` with which it is no higher than it may be.
    """

    font: str = SANS
    scales: tuple[float, ...] = (1.0,)
    # Width of a column and of a page, and the greatest height, in millimetres.
    widths: tuple[float, float] = (85.0, 180.0)
    highest: float = math.inf
    heading: bool = True
    caption: bool = True
    # Whether panels have letters, and the text of an SVG stays text.
    letters: bool = False
    live: bool = False
    # Whether the page is as wide as a screen, and filled.
    screen: bool = False


STYLES = {
    "report": Style(),
    # Of a report that has heading and caption as text.
    "bare": Style(heading=False, caption=False),
    # 7 and 6.1 points where that fits, never under 5.
    "journal": Style(
        JOURNAL_SANS, (0.875, 0.8, 0.72), (89.0, 183.0), 170.0, heading=False, caption=False,
        letters=True, live=True,
    ),
    "slide": Style(
        scales=(2.25, 2.0, 1.75, 1.5, 1.25), widths=(338.0, 338.0), caption=False, screen=True
    ),
}  # fmt: skip
# Widths by name, in millimetres. NEJM draws all figures anew; its columns are given.
WIDTHS = {
    "column": 85.0, "page": 180.0, "nature-1": 89.0, "nature-1.5": 120.0, "nature-2": 183.0,
    "lancet-1": 75.0, "lancet-2": 154.0, "nejm-1": 80.0, "nejm-2": 165.0, "slide": 338.0,
}  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """How figures are drawn for now: style, colours of levels, unit of time, levels named anew."""

    style: Style = STYLES["report"]
    colours: Mapping[object, str] = field(default_factory=dict)
    time_unit: str | None = None
    named: frozenset[object] = frozenset()


_standard = Setting()
setting_now: ContextVar[Setting] = ContextVar("setting", default=_standard)


def setting() -> Setting:
    """Return how figures are drawn for now."""
    return setting_now.get()
