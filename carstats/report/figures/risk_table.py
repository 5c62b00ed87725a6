"""What stands under curves: at each tick how many are at risk, had the event, were censored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.transforms import blended_transform_factory

from carstats.errors import check_choice
from carstats.messages import mark
from carstats.report.figures.frame import panel, x_unit
from carstats.report.figures.labels import plain_axes, require, stratum_names
from carstats.report.format import count
from carstats.report.style import INK, LINE_HEIGHT, SIZE, Look, looks, text_width, wrap
from carstats.result import Result
from carstats.words import tr

ROW = SIZE * LINE_HEIGHT
# Room of a stratum's line before its name, and how much of it the line takes, points.
KEY, _LINE = 20.0, 16.0
# As R's KMunicate has them; events and censored are counted up to the tick, its day included.
TABLES = {
    "at risk": (mark("Number at risk"), "n_risk"),
    "events": (mark("Cumulative events"), "n_event"),
    "censored": (mark("Cumulative censored"), "n_censor"),
}
Names = Mapping[tuple, list[str]]


def checked_tables(under: str | Sequence[str], result: Result, figure: str) -> list[str]:
    """Return which counts stand under the curves of a result that has them."""
    asked = [under] if isinstance(under, str) else under
    chosen = [check_choice("under", name, tuple(TABLES)) for name in asked]
    require(result, figure, *(TABLES[name][1] for name in chosen))
    return chosen


def number_room(largest: float, least: float) -> float:
    """Return the room between a name and the middle of the first number beside it."""
    return max(least, text_width(count(largest)) / 2) if largest == largest else least


def name_rows(names: dict[tuple, str], room: float, *, beside: bool) -> dict[tuple, list[str]]:
    """Break names that stand above their numbers into lines; beside the numbers they are short."""
    return {k: [name] if beside else wrap(name, room - KEY, most=4) for k, name in names.items()}


def table_height(names: Names, *, beside: bool = True) -> float:
    """Return the height of one kind of counts in points, its heading included."""
    return ROW * (1 + sum(len(lines) + (not beside) for lines in names.values()))


@panel("time", "n_risk")
def plot_risk_table(
    result: Result,
    ax: Axes,
    curves: Axes,
    *,
    what: str = "at risk",
    beside: bool = True,
    outdent: float = 60.0,
    names: Names | None = None,
    standard: str = "months",
) -> Axes:
    """Write a count at the ticks of drawn curves: subjects at risk, or events or censored so far.

    The names of the strata stand `beside` the numbers or on lines above them, from `outdent` points
    left of the axes on.
    """
    heading, column = TABLES[what]
    days, _ = x_unit(result, standard)
    if names is None:
        width = ax.get_window_extent().width * 72 / ax.get_figure().dpi
        names = name_rows(stratum_names(result), outdent + width, beside=beside)
    numbers = {
        key: [(tick, count(_counted(rows, column, tick * days))) for tick in curves.get_xticks()]
        for key, rows in result.strata()
    }
    look = looks(result)
    gid = what if column == "n_risk" else f"{what} so far"
    return write_numbers(ax, curves, tr(heading), numbers, names, look, gid, beside, outdent)


def write_numbers(
    ax: Axes,
    curves: Axes,
    heading: str,
    numbers: Mapping[tuple, list[tuple[float, str]]],
    names: Names,
    look: Mapping[tuple, Look],
    gid: str,
    beside: bool,
    outdent: float,
) -> Axes:
    """Write a row of numbers for each stratum at places of the curves' axis, under a heading."""
    plain_axes(ax)
    place = blended_transform_factory(ax.transAxes, ax.transData)
    width = ax.get_window_extent().width * 72 / ax.get_figure().dpi
    ax.set(xlim=curves.get_xlim(), ylim=(table_height(names, beside=beside) / ROW, 0))
    left, at = -outdent / width, 1.5
    ax.text(left, 0.4, heading, transform=place, weight="bold", va="center")
    for key, row in numbers.items():
        ax.plot(
            (left, left + _LINE / width), (at, at), transform=place, clip_on=False,
            color=look[key].colour, linestyle=look[key].dash, linewidth=1.4,
        )  # fmt: skip
        for i, line in enumerate(names[key]):
            ax.text(
                left + KEY / width, at + i, line, transform=place, color=look[key].colour,
                va="center_baseline", gid="stratum",
            )  # fmt: skip
        level = at if beside else at + len(names[key])
        for x, text in row:
            ax.text(x, level, text, ha="center", va="center_baseline", color=INK, gid=gid)
        at += len(names[key]) + (not beside)
    return ax


def _counted(rows: pd.DataFrame, column: str, day: float) -> int:
    """Count those at risk just before a day, or the events or the censored up to it."""
    if column != "n_risk":
        return int(rows.loc[rows["time"] <= day + 1e-9, column].sum())
    # Every departure has a row of its own.
    later = rows.loc[rows["time"] >= day - 1e-9, column]
    return int(later.iloc[0]) if len(later) and later.iloc[0] == later.iloc[0] else 0
