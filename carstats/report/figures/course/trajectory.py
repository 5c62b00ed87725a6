"""The course of a measure: medians at the visits with their intervals."""

from __future__ import annotations

import re

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory

from carstats.report.figures.sheet import (
    MARGIN,
    Sheet,
    abbreviations,
    page_width,
    plain_axes,
    require,
    stratum_names,
    texts_of,
    titled,
)
from carstats.report.format import DAYS_PER_MONTH, count, number
from carstats.report.style import (
    GREY,
    LINE_HEIGHT,
    PAGE_MM,
    SIZE,
    SMALL,
    drawing,
    looks,
    text_width,
    wrap,
)
from carstats.words import in_words, sentences, tr
from carstats.result import Result

_COLUMNS = ("time", "n_event", "estimate", "conf_low", "conf_high", "q1", "q3")
_HEIGHT, _ROW, _KEY = 150.0, SIZE * LINE_HEIGHT, 15.0


def trajectory_figure(
    result: Result,
    *,
    scale: str = "linear",
    limit: float | None = None,
    width: float = PAGE_MM,
    heading: str | None = None,
) -> Figure:
    """Draw the medians of a measure over the visits with their intervals.

    Parameters
    ----------
    result : Result
        What `measure_trajectory` returns.
    scale : {"linear", "log"}
        The y axis; "log" is linear below 1, so that an undetectable value can be drawn.
    limit : float, optional
        A threshold to mark, such as 10 cells/µL.
    width : float
        Width in millimetres: 85 for a column, 180 for a page.
    heading : str, optional
        The line above.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, with the numbers of values under it.

    Raises
    ------
    CarstatsError
        If the result is not a trajectory, or a character cannot be written.
    """
    require(result, "trajectory_figure", *_COLUMNS)
    with drawing([*texts_of(result), heading or ""]):
        names, strata = stratum_names(result), result.strata()
        inner = page_width(width) - 2 * MARGIN
        left = min(max(text_width(n) for n in names.values()) + _KEY + 8, 0.45 * inner)
        left = max(left, 44.0)
        table_top = _HEIGHT + 3.2 * SIZE
        body = table_top + (len(strata) + 1.2) * _ROW
        title = titled(result.spec.endpoint, result)
        sheet = Sheet(
            width,
            body,
            heading=title if heading is None else heading,
            caption=sentences(
                result.caption(),
                tr("Bars: limits of the median; where there are none, too few values allow them."),
                tr("Dotted: {limit}.", limit=f"{limit:g}") if limit is not None else "",
                abbreviations(result),
            ),
            synthetic=result.spec.synthetic,
            alt=sentences(tr("Medians of {title}.", title=title), _alt(result, names)),
        )
        room = inner - left - 8
        ax = sheet.axes(MARGIN + left, 4, room, _HEIGHT - 4)
        plot_trajectory(result, ax, scale=scale, limit=limit)
        under = sheet.axes(MARGIN + left, table_top, room, body - table_top)
        _numbers(under, result, names, left, ax)
    return sheet.figure


def plot_trajectory(
    result: Result, ax: Axes, *, scale: str = "linear", limit: float | None = None
) -> Axes:
    """Draw the medians of a measure on axes.

    Parameters
    ----------
    result : Result
        What `measure_trajectory` returns.
    ax : matplotlib.axes.Axes
        Where to draw.
    scale : {"linear", "log"}
        The y axis.
    limit : float, optional
        A threshold to mark.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes; x in months.

    Raises
    ------
    CarstatsError
        If the result is not a trajectory.
    """
    require(result, "plot_trajectory", *_COLUMNS)
    look, strata = looks(result), result.strata()
    last = result.frame["time"].max() / DAYS_PER_MONTH
    # Strata stand a little apart, so that their bars do not hide one another.
    shift = min(0.006, 0.06 / len(strata)) * last
    with drawing(texts_of(result)):
        for i, (key, rows) in enumerate(strata):
            rows = rows[rows["estimate"].notna()]
            x = rows["time"].to_numpy(float) / DAYS_PER_MONTH + (i - (len(strata) - 1) / 2) * shift
            y = rows["estimate"].to_numpy(float)
            low, high = rows["conf_low"].to_numpy(float), rows["conf_high"].to_numpy(float)
            style = look[key]
            ax.plot(
                x, y, color=style.colour, linestyle=style.dash, linewidth=1.2, marker=style.marker,
                markersize=4, gid="median",
            )  # fmt: skip
            known = np.isfinite(low)
            ax.vlines(x[known], low[known], high[known], color=style.colour, linewidth=1.0,
                      gid="interval")  # fmt: skip
        highest = float(result.frame[["estimate", "conf_high"]].max().max())
        if highest != highest:
            ax.set(ylim=(0, 1), yticks=[])
            ax.text(0.5, 0.6, tr("no values"), transform=ax.transAxes, ha="center", color=GREY)
        elif scale == "log":
            ax.set_yscale("symlog", linthresh=1.0, linscale=0.4)
            steps = int(np.ceil(np.log10(max(highest, 1.0))))
            ticks = [0, *(10**i for i in range(steps + 1))]
            ax.set_yticks(ticks, [f"{t:g}" for t in ticks])
            ax.minorticks_off()
            ax.set_ylim(-0.15, ticks[-1] * 1.1)
        else:
            ax.set_ylim(0, max(ax.get_ylim()[1], 1.03 * highest))
            ticks = [tick for tick in ax.get_yticks() if 0 <= tick <= ax.get_ylim()[1]]
            ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
        if limit is not None:
            ax.axhline(limit, color=GREY, linestyle=(0, (1, 1.5)), linewidth=0.8, gid="limit")
        ax.set_xlim(-0.03 * last, 1.03 * last)
        step = next((s for s in (1, 2, 3, 6, 12) if last / s <= 8), 24)
        ax.set_xticks(np.arange(0, last + 0.5, step))
        ax.set_xticklabels([f"{tick:g}" for tick in ax.get_xticks()])
        ax.set_xlabel(tr("Months"), labelpad=2)
        unit = re.search(r"[(（]([^()（）]+)[)）]$", in_words(result.spec.endpoint))
        ax.set_ylabel(unit[1] if unit else tr("Median"), labelpad=3)
    return ax


def _numbers(ax: Axes, result: Result, names: dict, outdent: float, curves: Axes) -> None:
    """Write how many values each median rests on, where the visits are not too near."""
    plain_axes(ax)
    look, strata = looks(result), result.strata()
    place = blended_transform_factory(ax.transAxes, ax.transData)
    width = ax.get_window_extent().width * 72 / ax.get_figure().dpi
    ax.set(xlim=curves.get_xlim(), ylim=(len(strata) + 1.2, 0))
    ax.text(-outdent / width, 0.4, tr("Values"), transform=place, weight="bold", va="center")
    low, high = curves.get_xlim()
    room = text_width(count(result.frame["n_event"].max()), SMALL) + 4
    shown, edge = [], -np.inf
    for day in sorted(result.frame["time"].unique()):
        at = (day / DAYS_PER_MONTH - low) / (high - low) * width
        if at - edge >= room:
            shown.append(day)
            edge = at
    for i, (key, rows) in enumerate(strata):
        y = 1.5 + i
        ax.plot(
            (-outdent / width, (-outdent + 11) / width), (y, y), transform=place, clip_on=False,
            color=look[key].colour, linestyle=look[key].dash, linewidth=1.4,
            marker=look[key].marker, markersize=3.4,
        )  # fmt: skip
        ax.text(
            (-outdent + _KEY) / width, y, wrap(names[key], outdent - _KEY - 6, most=1)[0],
            transform=place, color=look[key].colour,
            va="center_baseline", gid="stratum",
        )  # fmt: skip
        for day, n in zip(rows["time"], rows["n_event"], strict=True):
            if day in shown:
                ax.text(day / DAYS_PER_MONTH, y, count(n), ha="center", size=SMALL,
                        va="center_baseline", gid="values")  # fmt: skip


def _alt(result: Result, names: dict) -> str:
    parts = []
    for key, rows in result.strata():
        known = rows.dropna(subset=["estimate"])
        ends = [
            tr("{value} on day {day}", value=number(r.estimate, 1), day=f"{r.time:.0f}")
            for r in known.itertuples()
        ]
        text = tr(", ").join(ends) or tr("no values")
        parts.append(tr("{name}: {text}", name=names[key], text=text))
    return tr("{text}.", text=tr("; ").join(parts))
