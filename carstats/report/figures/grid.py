"""Panels of strata beside and under one another, all alike."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.axes import Axes

from carstats.report.figures.frame import Page
from carstats.report.format import count
from carstats.report.style import LINE_HEIGHT, SIZE, wrap
from carstats.words import tr

_GAP = 12.0
# All panels together are at most so high, and one at least so.
_HIGHEST, _LOWEST = 420.0, 58.0
# Lines of a panel's name, and how much of the end of a longer one is kept.
_LINES, _TAIL = 3, 8


@dataclass(frozen=True)
class Grid:
    """Where panels stand, in points.

    Attributes
    ----------
    heads : list of list of str
        The lines of each panel's name.
    across, down : int
        How many stand beside and under one another.
    left, wide, tall : float
        Room left of all of them for an axis, and the size of each.
    head, foot : float
        Room above a panel for its name and under it for its axis.
    """

    heads: list[list[str]]
    across: int
    down: int
    left: float
    wide: float
    tall: float
    head: float
    foot: float

    @property
    def height(self) -> float:
        """Height of all panels."""
        return self.down * (self.head + self.tall + self.foot)

    def under(self, page: Page, top: float, i: int, below: float, height: float) -> Axes:
        """Return axes so many points below a panel, as wide as it is."""
        row, column = divmod(i, self.across)
        top += row * (self.head + self.tall + self.foot) + self.head + self.tall + below
        return page.axes(self.left + column * (self.wide + _GAP), top, self.wide, height)

    def axes(self, page: Page, top: float, i: int, **options: object) -> Axes:
        """Return a panel, its name above it; only those at the edge say what the ticks are."""
        row, column = divmod(i, self.across)
        left = self.left + column * (self.wide + _GAP)
        top += row * (self.head + self.tall + self.foot) + self.head
        ax = page.axes(left, top, self.wide, self.tall)
        name = self.heads[i]
        if name:
            above = top - 5 - len(name) * SIZE * LINE_HEIGHT
            page.panel(
                i, left, above, "\n".join(name), weight="bold", linespacing=LINE_HEIGHT, gid="name",
                **options,
            )  # fmt: skip
        ax.tick_params(labelleft=not column)
        return ax

    def last_of_column(self, i: int) -> bool:
        """Say whether no panel stands under this one."""
        return i + self.across >= len(self.heads)


def grid(
    page: Page,
    names: list[str],
    *,
    left: float,
    tall: float,
    foot: float,
    numbers: list[int] | None = None,
    most: int = 3,
    least: float = 0.0,
) -> Grid:
    """Return where panels stand, at most so many beside one another, each so wide at least.

    A panel has its name above it, with the number of its subjects where `numbers` are given.
    """
    n = len(names)
    wide, many = page.inner >= 320, n > 9
    across = min(n, (most + 2 * many) if wide else 1 + (n > 3))
    while across > 1 and (page.inner - left - _GAP * (across - 1)) / across < least:
        across -= 1
    down = -(-n // across)
    width = (page.inner - left - _GAP * (across - 1)) / across
    counts = numbers or [None] * n
    room = width - page.letter_width()
    heads = [_head(name, count, room) for name, count in zip(names, counts, strict=True)]
    lines = max(map(len, heads))
    head = lines * SIZE * LINE_HEIGHT + (7 if lines else 3)
    tall = min(max(_HIGHEST / down - head - foot, _LOWEST), tall)
    return Grid(heads, across, down, left, width, tall, head, foot)


def _head(name: str, n: int | None, room: float) -> list[str]:
    """Break a name into lines; a long one is cut in its middle, for names differ at their ends."""
    if not name:
        return []
    end = name[-_TAIL:]
    for length in range(len(name), 0, -1):
        shown = name if length == len(name) else f"{name[:length].rstrip()}…{end}"
        if n is not None:
            shown = tr("{name} (N\u00a0=\u00a0{n})", name=shown, n=count(n))
        lines = wrap(shown, room, weight="bold")
        if len(lines) <= _LINES:
            break
    return lines[:_LINES]
