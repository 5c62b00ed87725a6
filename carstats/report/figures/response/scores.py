"""The mean change of a score by visit, with the numbers seen under it."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory

from carstats.messages import mark
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
from carstats.report.format import count, interval, number, with_limits
from carstats.report.style import (
    COLUMN_MM,
    GREY,
    LINE_HEIGHT,
    RULE,
    SIZE,
    drawing,
    looks,
    text_width,
    wrap,
)
from carstats.words import sentences, tr
from carstats.result import Result

_COLUMNS = ("time", "n", "n_missing", "estimate", "conf_low", "conf_high")
# A unit of scores; others are written alike in every language.
_POINTS = mark("points")
_ROW, _KEY = SIZE * LINE_HEIGHT, 20.0


def score_change_figure(
    result: Result, *, width: float = COLUMN_MM, heading: str | None = None
) -> Figure:
    """Draw the mean change from baseline at each visit with its limits.

    Parameters
    ----------
    result : Result
        What `score_change` returns.
    width : float
        Width in millimetres: 85 for a column, 180 for a page.
    heading : str, optional
        The line above.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, with the numbers seen at each visit under it.

    Raises
    ------
    CarstatsError
        If the result is not one of changes, or a character cannot be written.
    """
    require(result, "score_change_figure", *_COLUMNS)
    with drawing([*texts_of(result), heading or ""]):
        names = stratum_names(result)
        inner = page_width(width) - 2 * MARGIN
        title = titled(result.spec.endpoint, result)
        left = max(max(text_width(name) for name in names.values()) + _KEY + 12, 44.0)
        left = min(left, 0.5 * inner)
        height = 140.0 if width < 120 else 175.0
        under = height + 3.2 * SIZE
        sheet = Sheet(
            width,
            under + (len(names) + 1.2) * _ROW,
            heading=title if heading is None else heading,
            caption=sentences(
                result.caption(),
                tr("No limits where one subject was seen.")
                if (result.frame["estimate"].notna() & result.frame["conf_low"].isna()).any()
                else "",
                abbreviations(result),
            ),
            synthetic=result.spec.synthetic,
            alt=sentences(tr("{text}.", text=title), _alt(result, names)),
        )
        ax = sheet.axes(MARGIN + left, 2, inner - left, height - 2)
        plot_score_change(result, ax)
        table = sheet.axes(MARGIN + left, under, inner - left, (len(names) + 1.2) * _ROW)
        _numbers(result, table, ax, names, left)
    return sheet.figure


def plot_score_change(result: Result, ax: Axes) -> Axes:
    """Draw mean changes from baseline on axes.

    Parameters
    ----------
    result : Result
        What `score_change` returns.
    ax : matplotlib.axes.Axes
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes; x in weeks.

    Raises
    ------
    CarstatsError
        If the result is not one of changes.
    """
    require(result, "plot_score_change", *_COLUMNS)
    look, strata = looks(result), result.strata()
    weeks = np.unique(result.frame["time"].to_numpy(float)) / 7
    # Strata stand a little apart, but nearer to their own visit than to the next.
    shift = min(0.014 * weeks[-1], 0.6 * np.diff(weeks, prepend=0.0).min() / len(strata))
    with drawing(texts_of(result)):
        ax.axhline(0, color=RULE, linewidth=0.7, zorder=0)
        for i, (key, rows) in enumerate(strata):
            rows = rows[rows["estimate"].notna()]
            style, off = look[key], (i - (len(strata) - 1) / 2) * shift
            x = np.append(0.0, rows["time"].to_numpy(float) / 7 + off)
            y = np.append(0.0, rows["estimate"].to_numpy(float))
            ax.plot(
                x, y, color=style.colour, linestyle=style.dash, linewidth=1.2, gid="mean",
                zorder=2,
            )  # fmt: skip
            ax.plot(
                x[1:], y[1:], color=style.colour, marker=style.marker, markersize=4,
                linestyle="none", zorder=3, gid="estimate",
            )  # fmt: skip
            low, high = rows["conf_low"].to_numpy(float), rows["conf_high"].to_numpy(float)
            ax.vlines(x[1:], low, high, color=style.colour, linewidth=1.0, gid="interval")
        if result.frame["estimate"].isna().all():
            ax.set(ylim=(-1, 1), yticks=[0])
            ax.text(0.5, 0.6, tr("no estimates"), transform=ax.transAxes, ha="center", color=GREY)
        ax.set_xlim(-0.02 * weeks[-1], 1.04 * weeks[-1])
        ax.set_xticks(np.append(0.0, weeks), ["0", *(f"{week:g}" for week in weeks)])
        ax.set_xlabel(tr("Week"), labelpad=2)
        unit = result.spec.options.get("unit") or ""
        if unit == _POINTS:
            unit = tr(_POINTS)
        elif unit[:1].isdigit():
            unit = tr("scale {range}", range=unit.replace("-", "–"))
        shown = tr("Mean change ({unit})", unit=unit) if unit else tr("Mean change")
        ax.set_ylabel(shown, labelpad=3)
        ax.yaxis.set_major_formatter(lambda value, _: number(value, 0 if value % 1 == 0 else 1))
    return ax


def _numbers(result: Result, ax: Axes, above: Axes, names: dict, outdent: float) -> None:
    look = looks(result)
    plain_axes(ax)
    ax.set(xlim=above.get_xlim(), ylim=(len(names) + 1.2, 0))
    place = blended_transform_factory(ax.transAxes, ax.transData)
    width = ax.get_window_extent().width * 72 / ax.get_figure().dpi
    ax.text(-outdent / width, 0.5, tr("Seen"), transform=place, weight="bold", va="center")
    for i, (key, rows) in enumerate(result.strata()):
        at = i + 1.5
        ax.plot(
            (-outdent / width, (-outdent + 16) / width), (at, at), transform=place, clip_on=False,
            color=look[key].colour, linestyle=look[key].dash, linewidth=1.4,
            marker=look[key].marker, markersize=3.4,
        )  # fmt: skip
        ax.text(
            (-outdent + _KEY) / width, at, wrap(names[key], outdent - _KEY - 8, most=1)[0],
            transform=place, color=look[key].colour, va="center_baseline", gid="stratum",
        )  # fmt: skip
        for row in rows.itertuples():
            ax.text(
                row.time / 7, at, count(row.n - row.n_missing), ha="center",
                va="center_baseline", gid="seen",
            )  # fmt: skip


def _alt(result: Result, names: dict) -> str:
    parts = []
    for key, rows in result.strata():
        known = rows[rows["estimate"].notna()]
        if known.empty:
            parts.append(tr("{name}: nobody seen", name=names[key]))
            continue
        last = known.iloc[-1]
        limits = interval(last["conf_low"], last["conf_high"])
        parts.append(
            tr(
                "{name}: {change} at week {week}",
                name=names[key],
                change=with_limits(number(last["estimate"]), limits),
                week=f"{last['time'] / 7:g}",
            )
        )
    return tr("{text}.", text=tr("; ").join(parts))
