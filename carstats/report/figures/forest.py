"""What the forest plots share: rows of texts beside a rate with its limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from matplotlib.axes import Axes

from carstats.errors import CarstatsError
from carstats.messages import mark, message
from carstats.report.figures.frame import Page
from carstats.report.format import rate
from carstats.report.style import GREY, INK, LINE_HEIGHT, RULE, SIZE, Look, text_width, wrap
from carstats.result import Result
from carstats.words import tr

# Said where a limit is beyond an axis.
BEYOND = mark("An arrow: the limit lies beyond the axis.")
ROW = 1.55 * SIZE
LINE = SIZE * LINE_HEIGHT
GAP = 8.0
INDENT = 8.0
# The ends of the axis: a little room beyond its first and last tick.
_LOW, _HIGH = -0.02, 1.02
# Room for two tick labels, points.
_LEAST = 24.0
RATE_COLUMNS = ("n", "n_event", "estimate", "conf_low", "conf_high")


@dataclass(frozen=True)
class Row:
    """A row of a forest: texts left of the data, the rate, texts right of it."""

    left: tuple[str, ...]
    right: tuple[str, ...] = ()
    values: tuple[float, float, float] | None = None
    look: Look | None = None
    filled: bool = True
    heading: bool = False
    indent: float = 0.0


@dataclass(frozen=True)
class Forest:
    """The rows of a forest with its column heads, broken to the widths of its columns in points."""

    heads: tuple[str, ...]
    right_heads: tuple[str, ...]
    rows: list[Row]
    widths: tuple[float, ...]
    span: float
    lines: list[list[list[str]]] = field(default_factory=list)

    def broken(self) -> Forest:
        """Return the forest with the left texts of each row broken into lines."""
        lines = []
        for row in self.rows:
            if row.heading:
                lines.append([wrap(row.left[0], self.span, weight="bold")])
            else:
                rooms = (self.widths[0] - row.indent, *self.widths[1:])
                lines.append([wrap(t, w + 1) for t, w in zip(row.left, rooms, strict=True)])
        return replace(self, lines=lines)

    def row_height(self, i: int) -> float:
        """Return a row's height in points."""
        height = ROW + (max(map(len, self.lines[i])) - 1) * LINE
        return height + (3 if self.rows[i].heading and i else 0)

    def height(self) -> float:
        """Return the height of the rows in points, the column heads included."""
        return ROW + 5 + sum(self.row_height(i) for i in range(len(self.rows)))

    def left_width(self) -> float:
        """Return the room that the texts left of the data take."""
        return sum(self.widths) + GAP * len(self.widths)

    def right_widths(self) -> list[float]:
        """Return the widths of the columns right of the data."""
        columns = [
            [head, *(r.right[i] for r in self.rows if r.right)]
            for i, head in enumerate(self.right_heads)
        ]
        return [max(text_width(text) for text in column) for column in columns]

    def right_width(self) -> float:
        """Return the room that the texts right of the data take."""
        return sum(self.right_widths()) + GAP * len(self.right_heads)


def values(row) -> tuple[float, float, float]:
    return float(row["estimate"]), float(row["conf_low"]), float(row["conf_high"])


def rate_text(row, *, narrow: bool = False) -> str:
    possible = row.get("estimate_possible")
    text = rate(row["estimate"], row["conf_low"], row["conf_high"], possible=possible)
    return text.replace("\u00a0%", "").replace("%", "") if narrow else text


@dataclass(frozen=True)
class Scale:
    """An axis of a forest: where a value stands between 0 and 1, the ticks, the line of no effect.

    Without one the axis is of rates, 0 to 100 per cent.
    """

    place: Callable[[float], float]
    ticks: tuple[tuple[float, str], ...]
    nought: float | None = None


def forest_on(
    page: Page, forest: Forest, x_label: str, *, scale: Scale | None = None, **said: Any
) -> Axes:
    """Begin a page with what it says, and draw a forest that fills it."""
    if scale is not None and any(map(partial(_beyond, scale), forest.rows)):
        said["notes"] = [tr(BEYOND), *said.get("notes", ())]
    page.begin(forest.height() + 3.4 * SIZE, **said)
    left = forest.left_width()
    room = page.inner - left - forest.right_width()
    check_room(page, room, _LEAST)
    return draw_forest(page.axes(left, 0, room, forest.height()), forest, x_label, scale)


def check_rows(result: Result, n: int, most: int) -> None:
    """Refuse more rows than a page has room for."""
    if n > most:
        raise CarstatsError(
            message(
                "a forest has up to {most} rows; this result of {analysis!r} has {n}. Ask for "
                "fewer, or print them with cs.tabulate(result).",
                most=most, analysis=result.spec.analysis, n=n,
            )
        )  # fmt: skip


def check_room(page: Page, room: float, least: float) -> None:
    """Raise where the texts beside the data leave them too little room, in points."""
    if room < least:
        raise CarstatsError(
            message(
                "`width` is {width:.0f}; the texts beside the data leave too little room for "
                "them. Draw it wider (a page: 180), or use shorter labels.",
                width=page.mm * page.scale,
            )
        )


def _beyond(scale: Scale, row: Row) -> bool:
    """Say whether a limit of a row is drawn as an arrow."""
    if row.values is None or any(value != value for value in row.values):
        return False
    return any(not _LOW <= scale.place(value) <= _HIGH for value in row.values[1:])


def draw_forest(ax: Axes, forest: Forest, x_label: str, scale: Scale | None = None) -> Axes:
    """Draw a forest; the y axis counts points from the top, so texts and marks share it."""
    height = forest.height()
    ax.set(xlim=(_LOW, _HIGH), ylim=(height, 0), yticks=[])
    ax.spines["left"].set_visible(False)
    ax.spines["bottom"].set_bounds(0, 1)
    step = 25 if ax.get_window_extent().width * 72 / ax.get_figure().dpi > 90 else 50
    ticks = [(t / 100, str(t)) for t in range(0, 101, step)]
    if scale is not None:
        ticks = [(scale.place(value), text) for value, text in scale.ticks]
    ax.set_xticks(*zip(*ticks, strict=True))
    ax.set_xlabel(x_label, labelpad=2)
    starts = [-forest.left_width()]
    for width in forest.widths[:-1]:
        starts.append(starts[-1] + width + GAP)
    ends, at = [], 0.0
    for width in forest.right_widths():
        at += GAP + width
        ends.append(at)

    def write(x: float, y: float, text: str, side: int, **options) -> None:
        ax.annotate(
            text, (side, y), xycoords=("axes fraction", "data"), xytext=(x, 0),
            textcoords="offset points", ha="right" if side else "left", va="center_baseline",
            annotation_clip=False, **options,
        )  # fmt: skip

    for x, head in zip(starts, forest.heads, strict=True):
        write(x, ROW / 2, head, 0, color=GREY)
    for x, head in zip(ends, forest.right_heads, strict=True):
        write(x, ROW / 2, head, 1, color=GREY)
    for x in ax.get_xticks()[slice(1, -1) if scale is None else slice(None)]:
        ax.plot((x, x), (ROW + 2, height), color=RULE, linewidth=0.5, zorder=0, gid="grid")
    if scale is not None and scale.nought is not None:
        x = scale.place(scale.nought)
        ax.plot((x, x), (ROW + 2, height), color=INK, linewidth=0.7, zorder=0, gid="zero")
    top = ROW + 4
    for i, row in enumerate(forest.rows):
        lines, tall = forest.lines[i], forest.row_height(i)
        first = (
            top + (tall - (max(map(len, lines)) - 1) * LINE) / 2 + (1.5 if row.heading and i else 0)
        )
        weight = "bold" if row.heading else "normal"
        for x, cell in zip(starts, lines, strict=False):
            for j, line in enumerate(cell):
                indent = row.indent if x == starts[0] else 0.0
                paper = (
                    {"facecolor": "white", "edgecolor": "none", "pad": 0.8} if row.heading else None
                )
                write(x + indent, first + j * LINE, line, 0, weight=weight, bbox=paper, gid="name")
        for x, text in zip(ends, row.right, strict=False):
            write(x, first, text, 1, gid="number")
        if row.values:
            _draw_rate(ax, first, row, scale)
        top += tall
    return ax


def _draw_rate(ax: Axes, y: float, row: Row, scale: Scale | None) -> None:
    place = scale.place if scale else float
    estimate, low, high = map(place, row.values)
    if estimate != estimate:
        return
    colour = row.look.colour if row.look else INK
    if low == low and high == high:
        ax.plot(
            (max(low, _LOW), min(high, _HIGH)), (y, y), color=colour, linewidth=1.1,
            solid_capstyle="butt", gid="interval",
        )  # fmt: skip
        for end, marker in ((low, "<"), (high, ">")):
            if not _LOW <= end <= _HIGH:
                ax.plot(
                    min(max(end, _LOW), _HIGH), y, marker=marker, color=colour, markersize=4,
                    linestyle="none", clip_on=False, gid="beyond",
                )  # fmt: skip
    if not _LOW <= estimate <= _HIGH:
        return
    ax.plot(
        estimate, y, marker=row.look.marker if row.look else "o", markersize=4.6, color=colour,
        markerfacecolor=colour if row.filled else "white", markeredgewidth=1.0, linestyle="none",
        clip_on=False, gid="estimate",
    )  # fmt: skip
