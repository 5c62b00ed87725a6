"""Survival curves with the numbers at risk under them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory

from carstats.report.figures.sheet import (
    MARGIN,
    Sheet,
    page_width,
    plain_axes,
    require,
    stratum_names,
    texts_of,
    titled,
)
from carstats.report.figures.survival.words import (
    FEW_AT_RISK,
    MOST_BANDS,
    alt_of,
    caption_of,
    lines_of_medians,
    words_of_test,
)
from carstats.report.format import DAYS_PER_MONTH, count
from carstats.report.style import (
    COLUMN_MM,
    INK,
    LINE_HEIGHT,
    SIZE,
    Look,
    drawing,
    looks,
    text_width,
    wrap,
)
from carstats.words import sentences, tr
from carstats.result import Result

_MOST_DIRECT = 4
_FADED = 0.35
_BAND = 0.13
_KEY = 20.0
_KEY_LINE = 16.0
_ROW = SIZE * LINE_HEIGHT
_STEPS = (0.1, 0.25, 0.5, 1, 2, 3, 6, 12, 24, 36, 60, 120, 240)
_COLUMNS = ("time", "n_risk", "n_event", "n_censor", "estimate", "conf_low", "conf_high")


def survival_figure(
    result: Result,
    *,
    medians: Result | None = None,
    test: Result | None = None,
    width: float = COLUMN_MM,
    heading: str | None = None,
) -> Figure:
    """Draw survival curves with the numbers at risk aligned under them.

    Parameters
    ----------
    result : Result
        What `survival_curve` returns; a simultaneous band in it is drawn as thin lines.
    medians : Result, optional
        What `survival_quantile` returns for the same strata: a line of medians with their limits.
    test : Result, optional
        What `logrank_test` returns for them: a line with the test and its p-value.
    width : float
        Width in millimetres: 85 for a column, 180 for a page.
    heading : str, optional
        The line above; by default the endpoint and what it is reported by.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, its caption under it; its label says in words what it shows.

    Raises
    ------
    CarstatsError
        If the result is not one of curves, or a character cannot be written.
    """
    require(result, "survival_figure", *_COLUMNS)
    with drawing([*texts_of(result), heading or ""]):
        names = stratum_names(result)
        inner = page_width(width) - 2 * MARGIN
        label = max(text_width(name) for name in names.values()) + _KEY
        beside = label + 10 <= 0.38 * inner
        left = MARGIN + max(label + 10 if beside else 0, 40)
        right = _direct_width(result, names, inner)
        plot_width = page_width(width) - left - right - MARGIN - 8
        rows = name_rows(names, inner, beside=beside)
        lines = lines_of_medians(medians, names, inner)
        lines += [line for text in words_of_test(test) for line in wrap(text, inner)]
        top = len(lines) * _ROW + (5 if lines else 0)
        curves_height = 140 if width < 120 else 185
        table_top = top + curves_height + 3.4 * SIZE + 6
        table_height = _ROW * (1 + sum(len(name) + (not beside) for name in rows.values()))
        sheet = Sheet(
            width,
            table_top + table_height,
            heading=titled(result.spec.endpoint, result) if heading is None else heading,
            caption=sentences(
                caption_of(result),
                tr("NR: not reached.") if any("NR" in line for line in lines) else "",
            ),
            synthetic=result.spec.synthetic,
            alt=alt_of(result, names),
        )
        for i, line in enumerate(lines):
            sheet.write(MARGIN, sheet.top + i * _ROW, line, va="top", gid="statistics")
        curves = plot_survival(result, sheet.axes(left, top, plot_width, curves_height))
        table = sheet.axes(left, table_top, plot_width, table_height)
        plot_risk_table(result, table, curves, beside=beside, outdent=left - MARGIN)
    return sheet.figure


def plot_survival(result: Result, ax: Axes) -> Axes:
    """Draw survival curves on axes: steps, censor ticks, limits of up to four strata.

    Parameters
    ----------
    result : Result
        What `survival_curve` returns.
    ax : matplotlib.axes.Axes
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes; x in months, y in per cent. A curve is faded, not cut, where fewer than five
        subjects remain at risk.

    Raises
    ------
    CarstatsError
        If the result is not one of curves.
    """
    require(result, "plot_survival", *_COLUMNS)
    strata, look = result.strata(), looks(result)
    with drawing(texts_of(result)):
        for key, rows in strata:
            _draw_curve(ax, rows, look[key], band=len(strata) <= MOST_BANDS)
        longest = result.frame["time"].max() / DAYS_PER_MONTH
        end = longest if longest > 0 else 1.0
        # The inset keeps a curve at 100 % and the first tick off the frame of the axes.
        ax.set(xlim=(-0.015 * end, 1.02 * end), ylim=(-0.02, 1.03))
        ax.spines["bottom"].set_bounds(0, 1.02 * end)
        ax.spines["left"].set_bounds(0, 1)
        ax.set_xticks(_ticks(ax, end, result.frame["n_risk"].max()))
        ax.set_xticklabels([f"{tick:g}" for tick in ax.get_xticks()])
        ax.set_yticks(np.linspace(0, 1, 5), ["0", "25", "50", "75", "100"])
        ax.set_xlabel(tr("Months"), labelpad=2)
        ax.set_ylabel(_y_label(result.spec.endpoint), labelpad=3)
        _label_ends(ax, result, look)
    return ax


def plot_risk_table(
    result: Result, ax: Axes, curves: Axes, *, beside: bool = True, outdent: float = 60.0
) -> Axes:
    """Write the numbers at risk under the ticks of drawn curves.

    Parameters
    ----------
    result : Result
        What `survival_curve` returns.
    ax : matplotlib.axes.Axes
        Where to write, as wide as the curves and under them.
    curves : matplotlib.axes.Axes
        The axes that `plot_survival` returned.
    beside : bool
        Whether the strata's names stand left of the numbers or on a line of their own above them.
    outdent : float
        How far left of the axes the names begin, points.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.

    Raises
    ------
    CarstatsError
        If the result is not one of curves.
    """
    require(result, "plot_risk_table", *_COLUMNS)
    look = looks(result)
    plain_axes(ax)
    place = blended_transform_factory(ax.transAxes, ax.transData)
    width = ax.get_window_extent().width * 72 / ax.get_figure().dpi
    with drawing(texts_of(result)):
        names = name_rows(stratum_names(result), outdent + width, beside=beside)
        at = 1.5
        ax.set(
            xlim=curves.get_xlim(),
            ylim=(1 + sum(len(name) + (not beside) for name in names.values()), 0),
        )
        ax.text(
            -outdent / width, 0.4, tr("Number at risk"), transform=place, weight="bold", va="center"
        )
        for key, stratum in result.strata():
            key_x = (-outdent / width, (-outdent + _KEY_LINE) / width)
            ax.plot(
                key_x, (at, at), transform=place, clip_on=False, color=look[key].colour,
                linestyle=look[key].dash, linewidth=1.4,
            )  # fmt: skip
            for i, line in enumerate(names[key]):
                ax.text(
                    (-outdent + _KEY) / width, at + i, line, transform=place,
                    color=look[key].colour, va="center_baseline", gid="stratum",
                )  # fmt: skip
            at += len(names[key]) - beside
            for tick in curves.get_xticks():
                ax.text(
                    tick, at, count(_at_risk(stratum, tick * DAYS_PER_MONTH)), ha="center",
                    va="center_baseline", color=INK, gid="at risk",
                )  # fmt: skip
            at += 1
    return ax


def name_rows(names: dict[tuple, str], room: float, *, beside: bool) -> dict[tuple, list[str]]:
    """Break names that stand above their numbers into lines; beside the numbers they are short."""
    return {k: [name] if beside else wrap(name, room - _KEY, most=4) for k, name in names.items()}


def _at_risk(stratum: pd.DataFrame, day: float) -> int:
    """Look up how many were at risk just before a day: every departure has a row of its own."""
    later = stratum.loc[stratum["time"] >= day - 1e-9, "n_risk"]
    return int(later.iloc[0]) if len(later) and later.iloc[0] == later.iloc[0] else 0


def _draw_curve(ax: Axes, rows: pd.DataFrame, look: Look, *, band: bool) -> None:
    rows = rows[rows["estimate"].notna()]
    if rows.empty:
        return
    time = rows["time"].to_numpy(float) / DAYS_PER_MONTH
    estimate = rows["estimate"].to_numpy(float)
    faded = rows["n_risk"].to_numpy(float) < FEW_AT_RISK
    # The step into row i is taken by those at risk just before it; from `first` on they are few.
    few = np.flatnonzero(faded[1:])
    first = int(few[0]) if len(few) else len(rows) - 1
    for part, alpha in ((slice(0, first + 1), 1.0), (slice(first, None), _FADED)):
        if len(time[part]) > 1:
            ax.step(
                time[part], estimate[part], where="post", color=look.colour, linestyle=look.dash,
                linewidth=1.4, alpha=alpha, solid_joinstyle="miter", gid="curve",
            )  # fmt: skip
        low, high = (rows[c].to_numpy(float)[part] for c in ("conf_low", "conf_high"))
        if band and len(low) > 1:
            ax.fill_between(
                time[part], low, high, step="post", color=look.colour, alpha=_BAND * (alpha + 0.15),
                linewidth=0, gid="band",
            )  # fmt: skip
    for column in ("band_low", "band_high"):
        if column in rows:
            ax.step(
                time, rows[column].to_numpy(float), where="post", color=look.colour,
                linewidth=0.5, alpha=0.8, gid="simultaneous band",
            )  # fmt: skip
    censored = rows["n_censor"].to_numpy(float) > 0
    for part, alpha in ((censored & ~faded, 1.0), (censored & faded, 2 * _FADED)):
        ax.plot(
            time[part], estimate[part], linestyle="none", marker="|", markersize=4.2,
            markeredgewidth=0.7, color=look.colour, alpha=alpha, clip_on=False, gid="censored",
        )  # fmt: skip


def _ticks(ax: Axes, end: float, largest: float) -> np.ndarray:
    """Choose whole steps of months whose numbers at risk do not touch."""
    width = ax.get_window_extent().width * 72 / ax.get_figure().dpi
    number = text_width(count(largest)) + 6
    room = max(2, int(width / max(number, 20)))
    step = next((step for step in _STEPS if int(end / step) + 1 <= min(room, 9)), end)
    return np.arange(0, end + 1e-9, step)


def _y_label(endpoint: str) -> str:
    short = wrap(endpoint, 120, most=2) if endpoint else []
    if not short:
        return tr("Without event (%)")
    return "\n".join([*short[:-1], tr("{what} (%)", what=short[-1])])


def _direct_width(result: Result, names: dict, inner: float) -> float:
    """Return the room for names at the ends of the curves, points; 0 where the table's keys do."""
    widest = max(text_width(name) for name in names.values())
    direct = 1 < len(names) <= _MOST_DIRECT and widest <= 0.2 * inner
    return widest + 4 if direct else 0.0


def _label_ends(ax: Axes, result: Result, look: dict[tuple, Look]) -> None:
    """Name the curves at the right edge, where the names can stand near their curves."""
    names = stratum_names(result)
    drawn = [(k, rows["estimate"].dropna()) for k, rows in result.strata()]
    ends = sorted(((float(e.iloc[-1]), k) for k, e in drawn if len(e)), key=lambda end: end[0])
    figure = ax.get_figure()
    box = ax.get_window_extent()
    inner = figure.get_figwidth() * 72 - 2 * MARGIN
    if len(ends) < 2 or not _direct_width(result, names, inner):
        return
    gap = _ROW / (box.height * 72 / figure.dpi) * 1.05
    places = spread([end for end, _ in ends], gap, 0.0, 1.03)
    for (_, key), y in zip(ends, places, strict=True):
        ax.annotate(
            names[key], (1.0, y), xycoords=("axes fraction", "data"), xytext=(4, 0),
            textcoords="offset points", color=look[key].colour, va="center",
            annotation_clip=False, gid="direct label",
        )  # fmt: skip


def spread(places: list[float], gap: float, low: float, high: float) -> list[float]:
    """Return rising places moved apart to a gap, each group of them around its own middle."""
    groups: list[list[float]] = []
    for place in places:
        groups.append([place])
        while len(groups) > 1 and _start(groups[-1], gap, low, high) < (
            _start(groups[-2], gap, low, high) + len(groups[-2]) * gap
        ):
            last = groups.pop()
            groups[-1] += last
    starts = ((_start(group, gap, low, high), len(group)) for group in groups)
    return [start + i * gap for start, n in starts for i in range(n)]


def _start(group: list[float], gap: float, low: float, high: float) -> float:
    length = (len(group) - 1) * gap
    return min(max(float(np.mean(group)) - length / 2, low), high - length)
