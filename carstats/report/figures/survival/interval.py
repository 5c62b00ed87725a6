"""Curves of interval-censored times: steps where the curve is known, boxes where it is not."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from carstats.report.figures.sheet import (
    MARGIN,
    Sheet,
    abbreviations,
    page_width,
    require,
    stratum_names,
    texts_of,
    titled,
)
from carstats.report.format import DAYS_PER_MONTH, counted, percent
from carstats.report.style import LINE_HEIGHT, PAGE_MM, SIZE, Look, drawing, looks, text_width, wrap
from carstats.words import full_stop, sentences, tr
from carstats.result import Result
from carstats.data.vocabulary import within_sentence

_COLUMNS = ("time_low", "time_high", "mass", "estimate", "n", "n_event", "last_time")
_HEIGHT, _ROW = 160.0, SIZE * LINE_HEIGHT
_STEPS = (0.5, 1, 2, 3, 6, 12, 24, 36, 60, 120)


def interval_figure(
    result: Result, *, width: float = PAGE_MM, heading: str | None = None
) -> Figure:
    """Draw curves of interval-censored times with the boxes in which they fall.

    Parameters
    ----------
    result : Result
        What `interval_censored_curve` returns.
    width : float
        Width in millimetres: 85 for a column, 180 for a page.
    heading : str, optional
        The line above; by default the endpoint and what it is reported by.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, its caption under it. Numbers at risk are not known between visits: subjects
        and events stand beside the names instead.

    Raises
    ------
    CarstatsError
        If the result is not one of interval-censored curves, or a character cannot be written.
    """
    require(result, "interval_figure", *_COLUMNS)
    with drawing([*texts_of(result), heading or ""]):
        names, look = stratum_names(result), looks(result)
        inner = page_width(width) - 2 * MARGIN
        counts = {stratum: _counts(rows) for stratum, rows in result.strata()}
        room = inner - 20 - 12 - max(map(text_width, counts.values()))
        rows = {stratum: wrap(name, room, most=4) for stratum, name in names.items()}
        key = sum(map(len, rows.values())) * _ROW + 4
        drawn = result.frame["conf_low"].notna().any() if "conf_low" in result.frame else False
        sheet = Sheet(
            width,
            _HEIGHT + 3.4 * SIZE + 4 + key,
            heading=titled(result.spec.endpoint, result) if heading is None else heading,
            caption=sentences(
                result.caption(),
                tr("Boxes: the curve falls somewhere within, the data do not say where."),
                tr("Thin lines: descriptive bootstrap limits.") if drawn else "",
                abbreviations(result),
            ),
            synthetic=result.spec.synthetic,
            alt=_alt(result, names),
        )
        ax = sheet.axes(MARGIN + 36, 4, inner - 44, _HEIGHT - 4)
        plot_interval(result, ax)
        _key(sheet.axes(MARGIN, _HEIGHT + 3.4 * SIZE, inner, key), rows, counts, look)
    return sheet.figure


def plot_interval(result: Result, ax: Axes) -> Axes:
    """Draw curves of interval-censored times on axes; x in months, y in per cent.

    Parameters
    ----------
    result : Result
        What `interval_censored_curve` returns.
    ax : matplotlib.axes.Axes
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.

    Raises
    ------
    CarstatsError
        If the result is not one of interval-censored curves.
    """
    require(result, "plot_interval", *_COLUMNS)
    look = looks(result)
    longest = float(result.frame[["time_high", "last_time"]].max().max()) / DAYS_PER_MONTH
    end = longest if longest > 0 else 1.0
    with drawing(texts_of(result)):
        for key, rows in result.strata():
            _curve(ax, rows, look[key])
        ax.set(xlim=(-0.01 * end, 1.04 * end), ylim=(-0.02, 1.03))
        ax.spines["left"].set_bounds(0, 1)
        step = next((s for s in _STEPS if end / s <= 9), 240)
        ticks = np.arange(0, 1.04 * end, step)
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.set_yticks(np.linspace(0, 1, 5), ["0", "25", "50", "75", "100"])
        ax.set_xlabel(tr("Months"), labelpad=2)
        ax.set_ylabel(tr("Without event (%)"), labelpad=3)
    return ax


def _curve(ax: Axes, rows, look: Look) -> None:
    if rows["estimate"].isna().all():
        return
    low = rows["time_low"].to_numpy(float) / DAYS_PER_MONTH
    high = rows["time_high"].to_numpy(float) / DAYS_PER_MONTH
    level = rows["estimate"].to_numpy(float)
    style = {"color": look.colour, "linestyle": look.dash, "linewidth": 1.4}
    for i in range(1, len(level)):
        box = Rectangle(
            (low[i], level[i]), high[i] - low[i], level[i - 1] - level[i], facecolor=look.colour,
            edgecolor=look.colour, alpha=0.22, linewidth=0.4, gid="box",
        )  # fmt: skip
        ax.add_patch(box)
        if high[i] == low[i]:
            ax.plot((low[i],) * 2, (level[i - 1], level[i]), gid="drop", **style)
    # The curve is known from the end of a box to the beginning of the next, or of the follow-up.
    end = rows["last_time"].iloc[0] / DAYS_PER_MONTH
    starts, ends = high, np.append(low[1:], max(end, high[-1]))
    for start, stop, value in zip(starts, ends, level, strict=True):
        if stop > start:
            ax.plot((start, stop), (value, value), gid="step", **style)
    for column in ("conf_low", "conf_high"):
        if column in rows and rows[column].notna().any():
            ax.step(
                high, rows[column].to_numpy(float), where="post", color=look.colour,
                linewidth=0.6, gid="limits",
            )  # fmt: skip


def _counts(rows) -> str:
    row = rows.iloc[0]
    return tr(
        "{subjects}, {events}",
        subjects=counted(int(row["n"]), "subject"),
        events=counted(int(row["n_event"]), "event"),
    )


def _key(ax: Axes, names: dict[tuple, list[str]], counts: dict[tuple, str], look) -> None:
    width = ax.get_window_extent().width * 72 / ax.get_figure().dpi
    ax.set(xlim=(0, width), ylim=(sum(map(len, names.values())), 0))
    ax.set_axis_off()
    widest = max(text_width(line) for lines in names.values() for line in lines)
    at = 0.5
    for key, lines in names.items():
        ax.plot((0, 16), (at, at), color=look[key].colour, linestyle=look[key].dash, linewidth=1.4)
        for i, line in enumerate(lines):
            ax.text(20, at + i, line, color=look[key].colour, va="center_baseline", gid="stratum")
        ax.text(20 + widest + 12, at, counts[key], va="center_baseline", gid="counts")
        at += len(lines)


def _alt(result: Result, names: dict[tuple, str]) -> str:
    parts = [
        tr(
            "{name}: {subjects}, {events}, {estimate} after the last interval with mass",
            name=names[key],
            subjects=counted(int(rows["n"].iloc[0]), "subject"),
            events=counted(int(rows["n_event"].iloc[0]), "event"),
            estimate=percent(rows["estimate"].iloc[-1]),
        )
        for key, rows in result.strata()
    ]
    endpoint = within_sentence(result.spec.endpoint)
    return sentences(
        tr("Interval-censored curves of {endpoint}.", endpoint=endpoint),
        full_stop(tr("; ").join(parts)),
    )
