"""The course of a measure: medians at the visits with their intervals."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes

from carstats.messages import found
from carstats.report.figures.frame import Page, figure, panel, x_unit
from carstats.report.figures.labels import abbreviations, stratum_names, titled
from carstats.report.figures.risk_table import (
    KEY,
    name_rows,
    number_room,
    table_height,
    write_numbers,
)
from carstats.report.format import count, number
from carstats.report.style import GREY, LINE_HEIGHT, SIZE, SMALL, looks, text_width, wrap
from carstats.result import Result
from carstats.words import caption, in_words, sentences, tr

_COLUMNS = ("time", "n_event", "estimate", "conf_low", "conf_high", "q1", "q3")
_HEIGHT = 150.0


@figure(*_COLUMNS)
def trajectory_figure(
    page: Page, result: Result, *, scale: str = "linear", limit: float | None = None
) -> None:
    """Draw the medians of a measure over the visits, the numbers of values under them.

    Parameters
    ----------
    page : Page
        The frame's.
    result : Result
        What `measure_trajectory` returns.
    scale : {"linear", "log"}
        The y axis; "log" is linear below 1, so that an undetectable value can be drawn.
    limit : float, optional
        A threshold to mark, such as 10 cells/µL.

    Raises
    ------
    CarstatsError
        If the result is not a trajectory.
    """
    names = stratum_names(result)
    label = max(map(text_width, names.values())) + KEY
    label += number_room(result.frame["n_event"].max(), 8)
    beside = label <= 0.4 * page.inner
    lines = len(wrap(in_words(result.spec.endpoint), _HEIGHT - 4, most=2))
    left = max(label if beside else 0, 44.0 + (lines - 1) * SIZE * LINE_HEIGHT)
    room = page.inner - left - 8
    rows, top = name_rows(names, page.inner, beside=beside), _HEIGHT + 3.2 * SIZE
    known = result.frame["estimate"].notna()
    page.begin(
        top + table_height(rows, beside=beside),
        title=titled(result.spec.endpoint, result),
        caption=_caption(result),
        notes=[
            tr("Bars: limits of the median.") if result.frame["conf_low"].notna().any() else "",
            tr("No bars: too few values for limits.")
            if (known & result.frame["conf_low"].isna()).any() else "",
            tr("Dotted: {limit}.", limit=_with_unit(result, limit)) if limit is not None else "",
            tr("The marks of a visit stand side by side.") if len(names) > 1 else "",
            tr("The axis is logarithmic above 1 and linear below.") if scale == "log" else "",
            abbreviations(result),
        ],
        alt=sentences(
            tr("Medians of {title}.", title=titled(result.spec.endpoint, result)),
            _alt(result, names),
        ),
    )  # fmt: skip
    ax = page.axes(left, 4, room, _HEIGHT - 4)
    plot_trajectory(result, ax, scale=scale, limit=limit)
    under = page.axes(left, top, room, table_height(rows, beside=beside))
    numbers = _numbers(result, ax, room)
    heading = tr("Number of values")
    write_numbers(under, ax, heading, numbers, rows, looks(result), "values", beside, left)


@panel(*_COLUMNS)
def plot_trajectory(
    result: Result, ax: Axes, *, scale: str = "linear", limit: float | None = None
) -> Axes:
    """Draw the medians of a measure with their intervals on axes, as `trajectory_figure` does."""
    look, strata = looks(result), result.strata()
    days, unit = x_unit(result)
    last = result.frame["time"].max() / days
    # Strata stand a little apart, so that their bars do not hide one another.
    shift = min(0.006, 0.06 / len(strata)) * last
    for i, (key, rows) in enumerate(strata):
        rows = rows[rows["estimate"].notna()]
        x = rows["time"].to_numpy(float) / days + (i - (len(strata) - 1) / 2) * shift
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
    ax.set_xlabel(unit, labelpad=2)
    # An axis without its heading, as in a journal, still says what it measures.
    name = in_words(result.spec.endpoint)
    room = ax.get_window_extent().height * 72 / ax.get_figure().dpi
    ax.set_ylabel("\n".join(wrap(name, room, most=2)), labelpad=3)
    return ax


def _caption(result: Result) -> str:
    """Return the method line without the proportion below a limit, which is not drawn."""
    spec = result.spec
    if spec.options.get("below") is not None:
        spec = replace(spec, method=getattr(found(spec.method), "values", {}).get("method", ""))
    return caption(spec)


def _unit(result: Result) -> str:
    named = re.search(r"[(（]([^()（）]+)[)）]$", in_words(result.spec.endpoint))
    return named[1] if named else ""


def _with_unit(result: Result, limit: float) -> str:
    return f"{limit:g} {_unit(result)}".strip()


def _numbers(result: Result, ax: Axes, room: float) -> dict[tuple, list[tuple[float, str]]]:
    """Return how many values each median rests on, where the visits are not too near."""
    days, _ = x_unit(result)
    low, high = ax.get_xlim()
    least = text_width(count(result.frame["n_event"].max()), SMALL) + 4
    shown, edge = [], -np.inf
    for day in sorted(result.frame["time"].unique()):
        at = (day / days - low) / (high - low) * room
        if at - edge >= least:
            shown.append(day)
            edge = at
    return {
        key: [
            (day / days, count(n))
            for day, n in zip(rows["time"], rows["n_event"], strict=True)
            if day in shown
        ]
        for key, rows in result.strata()
    }


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
