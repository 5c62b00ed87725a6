"""A heat map of response rates, each cell with its counts."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

from carstats.errors import CarstatsError
from carstats.messages import message
from carstats.report.figures.frame import Page, figure, panel
from carstats.report.figures.labels import abbreviations, level_names, plain_axes, titled
from carstats.report.format import of, percent, percent_interval, with_limits
from carstats.report.style import (
    GREY,
    INK,
    LINE_HEIGHT,
    SIZE,
    SMALL,
    min_width,
    text_width,
    wrap,
)
from carstats.result import Result
from carstats.words import sentences, tr

# One hue, so that a grey copy keeps the order; 0 % is tinted, for an empty cell is white.
_COLOURS = LinearSegmentedColormap.from_list("rate", ["#E3EEF7", "#9CC3E0", "#0072B2", "#00304F"])
_CELL = 3.5 * SIZE * LINE_HEIGHT
_KEY = 70.0
_COLUMNS = ("n", "n_event", "estimate", "conf_low", "conf_high")


@figure(*_COLUMNS, one_row=True)
def heatmap_figure(page: Page, result: Result) -> None:
    """Draw response rates over two columns, each cell with its rate, n/N and limits.

    Parameters
    ----------
    page : Page
        The frame's.
    result : Result
        What `response_rate` returns with two columns in `by`: the first gives the rows, the second
        the columns.

    Raises
    ------
    CarstatsError
        If the result has no rates, not two columns, or more levels than fit beside each other.
    """
    _checked(result, "heatmap_figure")
    rows, columns = (level_names(result, column) for column in result.by)
    label = _label_room(rows, columns, page.inner)
    wide = (page.inner - label) / len(columns)
    if wide < _least_cell(result):
        raise CarstatsError(
            message(
                "{n} columns do not fit in {width:g} mm. Give a greater `width`, or `by` in the"
                " other order: by=[{second!r}, {first!r}].",
                n=len(columns),
                width=page.mm,
                second=result.by[1],
                first=result.by[0],
            )
        )
    size = _head_size(columns, wide)
    lines = max(len(_head(name, wide, size)) for name in columns.values())
    head, tall = max(lines, 2) * SIZE * LINE_HEIGHT, len(rows) * _CELL
    title = titled(result.spec.endpoint, result)
    empty = (result.frame["n"] == 0).any() or len(result.frame) < len(rows) * len(columns)
    page.begin(
        head + tall + 30,
        title=title,
        notes=[
            _empty(result) if empty else "",
            tr("In each cell the rate, n/N and the confidence interval in per cent."),
            abbreviations(result),
        ],
        alt=sentences(tr("Heat map of {title}.", title=title), _alt(result, rows, columns)),
    )
    ax = page.axes(label, head, page.inner - label, tall)
    _draw(ax, result, rows, columns, wide, label)
    _draw_key(page.axes(label, head + tall + 9, _KEY, 6))


@panel(*_COLUMNS, one_row=True)
def plot_heatmap(result: Result, ax: Axes, *, cell_width: float = 80.0) -> Axes:
    """Draw a heat map of response rates on axes, names left of it and above it.

    `cell_width` is the width of a cell in points, for the breaking of names.
    """
    _checked(result, "plot_heatmap")
    rows, columns = (level_names(result, column) for column in result.by)
    return _draw(ax, result, rows, columns, cell_width, 100.0)


def _label_room(rows: dict, columns: dict, inner: float) -> float:
    """Return the room for the rows' names: less where a column's name would break in a word."""
    room = min(max(map(text_width, rows.values())) + 8, 0.35 * inner)
    least = min(room, max(max(map(min_width, rows.values())) + 8, 0.25 * inner))
    longest = max(map(min_width, columns.values())) + 5
    return max(min(room, inner - len(columns) * longest), least)


def _head(name: str, wide: float, size: float) -> list[str]:
    # A word a little wider than its column is better whole: its neighbours are seldom as wide.
    return _even(name, max(wide - 2, min(min_width(name, size) + 0.5, 1.15 * wide)), size)


def _even(name: str, room: float, size: float = SIZE) -> list[str]:
    """Break a name into as many lines as it needs, all about as long."""
    lines, room = wrap(name, room, size), room - 2
    while room > min_width(name, size):
        shorter = wrap(name, room, size)
        if len(shorter) > len(lines):
            break
        lines, room = shorter, room - 2
    return lines


def _least_cell(result: Result) -> float:
    lines = (_under(row, "\n") for row in result.frame.to_dict("records") if row["n"])
    return max((text_width(line, SMALL) for text in lines for line in text.split("\n")), default=0)


def _head_size(columns: dict, wide: float) -> float:
    return SIZE if max(map(min_width, columns.values())) <= wide - 2 else SMALL


def _checked(result: Result, figure: str) -> None:
    if len(result.by) != 2:
        raise CarstatsError(
            message(
                "{figure} needs two columns in `by`, such as disease and target; this result "
                "has {n}.",
                figure=figure,
                n=len(result.by),
            )
        )


def _draw(ax: Axes, result: Result, rows: dict, columns: dict, wide: float, label: float) -> Axes:
    plain_axes(ax)
    ax.set(xlim=(0, len(columns)), ylim=(len(rows), 0))
    cells = {key: stratum.iloc[0] for key, stratum in result.strata()}
    under = {key: _under(row) for key, row in cells.items()}
    narrow = wide < 60 or max(text_width(text, SMALL) for text in under.values()) > wide - 3
    for i, (row, name) in enumerate(rows.items()):
        lines = "\n".join(_even(name, label - 6))
        ax.annotate(
            lines, (0, i + 0.5), xytext=(-6, 0), textcoords="offset points", ha="right",
            va="center", annotation_clip=False, gid="name",
        )  # fmt: skip
        for j, column in enumerate(columns):
            found = cells.get((row, column))
            counted = found is not None and found["n"] > 0
            face = _COLOURS(float(found["estimate"])) if counted else "white"
            ax.add_patch(Rectangle((j, i), 1, 1, facecolor=face, edgecolor="white", linewidth=1.5))
            if not counted:
                ax.text(j + 0.5, i + 0.5, "–", ha="center", va="center", color=GREY, gid="cell")
                continue
            ink = "white" if _is_dark(face) else INK
            ax.annotate(
                percent(found["estimate"]), (j + 0.5, i + 0.5), xytext=(0, 5 if narrow else 4),
                textcoords="offset points", ha="center", va="bottom" if narrow else "baseline",
                color=ink, weight="bold", gid="cell",
            )  # fmt: skip
            ax.annotate(
                _under(found, "\n") if narrow else under[(row, column)], (j + 0.5, i + 0.5),
                xytext=(0, 4 if narrow else -4),
                textcoords="offset points", ha="center", va="top", color=ink, size=SMALL,
                linespacing=1.15, gid="cell",
            )  # fmt: skip
    size = _head_size(columns, wide)
    for j, name in enumerate(columns.values()):
        ax.annotate(
            "\n".join(_head(name, wide, size)), (j + 0.5, 0), xytext=(0, 4), ha="center",
            va="bottom", textcoords="offset points", annotation_clip=False, gid="name", size=size,
        )  # fmt: skip
    return ax


def _empty(result: Result) -> str:
    """Return what an empty cell says: nobody there, or nobody to whom the endpoint applies."""
    frame = result.frame
    if "n_not_applicable" in frame and ((frame["n"] == 0) & (frame["n_not_applicable"] > 0)).any():
        return tr("–: no such subject, or the endpoint does not apply.")
    return tr("–: no such subject.")


def _under(row, between: str = "") -> str:
    counts, limits = (
        of(row["n_event"], row["n"]),
        percent_interval(row["conf_low"], row["conf_high"]),
    )
    return f"{counts}{between}{limits}" if between else with_limits(counts, limits)


def _draw_key(ax: Axes) -> None:
    ax.imshow(np.linspace(0, 1, 101)[None, :], cmap=_COLOURS, aspect="auto", extent=(0, 100, 0, 1))
    ax.set(yticks=[], xticks=[0, 50, 100])
    ax.tick_params(length=2, labelsize=SMALL, pad=1.5)
    ax.annotate(
        tr("Subjects (%)"), (1, 0.5), xycoords="axes fraction", xytext=(6, 0), size=SMALL,
        textcoords="offset points", va="center", annotation_clip=False,
    )  # fmt: skip


def _is_dark(colour) -> bool:
    """Say whether white has more contrast on a colour than the ink has (WCAG's luminance)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour[:3]]
    # The ink's luminance is 0.01: (1 + 0.05) / (L + 0.05) is above (L + 0.05) / (0.01 + 0.05).
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True)) < 0.2


def _alt(result: Result, rows: dict, columns: dict) -> str:
    words = []
    for (row, column), stratum in result.strata():
        cell = stratum.iloc[0]
        if cell["n"] > 0:
            words.append(
                tr(
                    "{row}, {column}: {rate}, {n}",
                    row=rows[row],
                    column=columns[column],
                    rate=percent(cell["estimate"]),
                    n=of(cell["n_event"], cell["n"]),
                )
            )
    return tr("{text}.", text=tr("; ").join(words))
