"""Curves that rise from 0: cumulative incidence, mean counts, with the numbers at risk."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import blended_transform_factory

from carstats.errors import CarstatsError
from carstats.messages import message
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
from carstats.report.format import DAYS_PER_MONTH, count, number, percent
from carstats.report.style import LINE_HEIGHT, PAGE_MM, SIZE, drawing, looks, text_width, wrap
from carstats.result import Result
from carstats.words import full_stop, sentence, sentences, tr

FEW_AT_RISK = 5
_COLUMNS = ("time", "n_risk", "n_event", "estimate", "conf_low", "conf_high")
_HEIGHT, _ROW, _KEY = 150.0, SIZE * LINE_HEIGHT, 15.0
_MOST_BANDS = 4
# Where an axis may end, and how many ticks it then has.
_SHARE_STEPS = {0.1: 6, 0.2: 5, 0.4: 5, 0.6: 4, 0.8: 5, 1.0: 6}
_COUNT_STEPS = {0.5: 6, 1: 6, 1.5: 4, 2: 5, 3: 4, 4: 5, 6: 4, 10: 6, 20: 5, 50: 6}
# Up to this day the axis counts days.
_DAYS = 130.0


def incidence_figure(
    result: Result,
    *,
    until: float | None = None,
    width: float = PAGE_MM,
    heading: str | None = None,
) -> Figure:
    """Draw cumulative incidences, or mean counts, with the numbers at risk under them.

    Parameters
    ----------
    result : Result
        What `toxicity_incidence` (one term, no `at`), `time_to_recovery` or
        `mean_cumulative_count` returns.
    until : float, optional
        Last day shown; by default the last time.
    width : float
        Width in millimetres: 85 for a column, 180 for a page.
    heading : str, optional
        The line above.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, its caption under it. A curve is faded where fewer than five remain at risk.

    Raises
    ------
    CarstatsError
        If the result is not one of such curves, or a character cannot be written.
    """
    require(result, "incidence_figure", *_COLUMNS)
    if "term" in result.frame and len(set(result.frame["term"])) > 1:
        raise CarstatsError(message("incidence_figure draws one term; make a figure for each."))
    counts = result.spec.analysis == "mean_cumulative_count"
    with drawing([*texts_of(result), heading or ""]):
        names, strata = stratum_names(result), result.strata()
        inner = page_width(width) - 2 * MARGIN
        left = min(max(text_width(n) for n in names.values()) + _KEY + 8, 0.45 * inner)
        left = max(left, 42.0, text_width(tr("At risk"), weight="bold") + 6)
        table_top = _HEIGHT + 3.2 * SIZE
        lines = {key: wrap(name, left - _KEY - 6, most=4) for key, name in names.items()}
        body = table_top + (sum(map(len, lines.values())) + 1.2) * _ROW
        few = any((rows["n_risk"].iloc[1:] < FEW_AT_RISK).any() for _, rows in strata)
        band = len(strata) <= _MOST_BANDS
        sheet = Sheet(
            width,
            body,
            heading=titled(result.spec.endpoint, result) if heading is None else heading,
            caption=sentences(
                result.caption(),
                tr("Bands are pointwise limits.") if band else "",
                tr("Faded: fewer than five at risk.") if few else "",
                abbreviations(result),
            ),
            synthetic=result.spec.synthetic,
            alt=sentences(
                sentence(titled(tr("Curves of {endpoint}", endpoint=result.spec.endpoint), result)),
                _alt(result, names, counts),
            ),
        )
        room = inner - left - 8
        ax = sheet.axes(MARGIN + left, 4, room, _HEIGHT - 4)
        unit = plot_incidence(result, ax, until=until)
        under = sheet.axes(MARGIN + left, table_top, room, body - table_top)
        _risk(under, result, lines, left, ax, unit)
    return sheet.figure


def plot_incidence(result: Result, ax: Axes, *, until: float | None = None) -> float:
    """Draw rising curves on axes.

    Parameters
    ----------
    result : Result
        As for `incidence_figure`.
    ax : matplotlib.axes.Axes
        Where to draw.
    until : float, optional
        Last day shown.

    Returns
    -------
    float
        Days in a unit of the x axis: 1, or those of a month.

    Raises
    ------
    CarstatsError
        If the result is not one of curves.
    """
    require(result, "plot_incidence", *_COLUMNS)
    counts = result.spec.analysis == "mean_cumulative_count"
    look, strata = looks(result), result.strata()
    last = float(result.frame["time"].max()) if until is None else float(until)
    unit = 1.0 if last <= _DAYS else DAYS_PER_MONTH
    with drawing(texts_of(result)):
        for key, rows in strata:
            _curve(ax, rows, look[key], unit, last, band=len(strata) <= _MOST_BANDS)
        inside = result.frame[result.frame["time"] <= last]
        steady = inside[inside["n_risk"] >= FEW_AT_RISK]
        highest = np.nanmax(
            [steady["conf_high"].max(), inside["estimate"].max(), 0.01 if not counts else 0.1]
        )
        steps = _COUNT_STEPS if counts else _SHARE_STEPS
        top = next((c for c in steps if highest <= c), max(steps))
        end = max(last / unit, 1e-9)
        ax.set(xlim=(-0.015 * end, 1.02 * end), ylim=(-0.02 * top, 1.02 * top))
        ax.spines["bottom"].set_bounds(0, 1.02 * end)
        ax.spines["left"].set_bounds(0, top)
        ticks = np.linspace(0, top, steps[top])
        if counts:
            ax.set_yticks(ticks, [f"{t:g}" for t in ticks])
            ax.set_ylabel(tr("Mean number per subject"), labelpad=3)
        else:
            ax.set_yticks(ticks, [number(100 * t, 0) for t in ticks])
            ax.set_ylabel(tr("Subjects (%)"), labelpad=3)
        steps = (1, 2, 3, 6, 12, 24) if unit > 1 else (1, 2, 5, 7, 14, 28)
        step = next((s for s in steps if end / s <= 8), steps[-1] * 2)
        ax.set_xticks(np.arange(0, end + 1e-9, step))
        ax.set_xticklabels([f"{tick:g}" for tick in ax.get_xticks()])
        ax.set_xlabel(tr("Days") if unit == 1 else tr("Months"), labelpad=2)
    return unit


def _curve(ax: Axes, rows: pd.DataFrame, look, unit: float, last: float, *, band: bool) -> None:
    longer = bool((rows["time"] > last).any())
    rows = rows[rows["estimate"].notna() & (rows["time"] <= last)]
    if rows.empty:
        return
    if longer:
        # Somebody is followed past the edge: the curve goes on to it.
        rows = pd.concat([rows, rows.iloc[[-1]].assign(time=last)])
    time, estimate = rows["time"].to_numpy(float) / unit, rows["estimate"].to_numpy(float)
    low, high = rows["conf_low"].to_numpy(float), rows["conf_high"].to_numpy(float)
    few = np.flatnonzero(rows["n_risk"].to_numpy(float)[1:] < FEW_AT_RISK)
    first = int(few[0]) if len(few) else len(rows) - 1
    for part, alpha in ((slice(0, first + 1), 1.0), (slice(first, None), 0.35)):
        if len(time[part]) < 2:
            continue
        ax.step(
            time[part], estimate[part], where="post", color=look.colour, linestyle=look.dash,
            linewidth=1.4, alpha=alpha, gid="curve",
        )  # fmt: skip
        if band and alpha == 1:
            ax.fill_between(
                time[part], low[part], high[part], step="post", color=look.colour, alpha=0.13,
                linewidth=0, gid="band",
            )  # fmt: skip


def _risk(ax: Axes, result: Result, names: dict, outdent: float, curves: Axes, unit: float) -> None:
    """Write the numbers at risk, each stratum's beside the first line of its name."""
    plain_axes(ax)
    look, strata = looks(result), result.strata()
    place = blended_transform_factory(ax.transAxes, ax.transData)
    width = ax.get_window_extent().width * 72 / ax.get_figure().dpi
    ax.set(xlim=curves.get_xlim(), ylim=(sum(map(len, names.values())) + 1.2, 0))
    y = 1.5
    ax.text(-outdent / width, 0.4, tr("At risk"), transform=place, weight="bold", va="center")
    for key, rows in strata:
        ax.plot(
            (-outdent / width, (-outdent + 11) / width), (y, y), transform=place, clip_on=False,
            color=look[key].colour, linestyle=look[key].dash, linewidth=1.4,
        )  # fmt: skip
        for i, line in enumerate(names[key]):
            ax.text(
                (-outdent + _KEY) / width, y + i, line, transform=place, color=look[key].colour,
                va="center_baseline", gid="stratum",
            )  # fmt: skip
        for tick in curves.get_xticks():
            later = rows.loc[rows["time"] >= tick * unit - 1e-9, "n_risk"]
            at_risk = int(later.iloc[0]) if len(later) else 0
            ax.text(tick, y, count(at_risk), ha="center", va="center_baseline", gid="at risk")
        y += len(names[key])


def _alt(result: Result, names: dict, counts: bool) -> str:
    parts = []
    for key, rows in result.strata():
        known = rows.dropna(subset=["estimate"])
        if known.empty:
            parts.append(tr("{name}: no subjects followed", name=names[key]))
            continue
        end = known.iloc[-1]
        value = number(end["estimate"], 2) if counts else percent(end["estimate"])
        day = f"{end['time']:.0f}"
        parts.append(tr("{name}: {value} by day {day}", name=names[key], value=value, day=day))
    return full_stop(tr("; ").join(parts))
