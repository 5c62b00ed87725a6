"""Survival curves with the numbers at risk under them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from carstats.report.figures.crowd import many_at_risk, steps_seen
from carstats.report.figures.frame import MARGIN, Page, figure, panel, x_unit
from carstats.report.figures.labels import stratum_names, titled
from carstats.report.figures.risk_table import (
    KEY,
    ROW,
    checked_tables,
    name_rows,
    number_room,
    plot_risk_table,
    table_height,
)
from carstats.report.figures.survival.words import (
    FEW_AT_RISK,
    MOST_BANDS,
    alt_of,
    caption_of,
    has_limits,
    lines_of_medians,
    notes_of,
    words_of_test,
)
from carstats.report.format import count
from carstats.report.style import COLUMN_MM, SIZE, Look, looks, text_width, wrap
from carstats.result import Result
from carstats.words import in_words, sentence, tr

_MOST_DIRECT = 4
_FADED = 0.35
_BAND = 0.13
# Up to this day the duration of an episode is in days.
_DAYS = 130.0
_STEPS = (0.1, 0.25, 0.5, 1, 2, 3, 6, 12, 24, 36, 60, 120, 240)
COLUMNS = ("time", "n_risk", "n_event", "n_censor", "estimate", "conf_low", "conf_high")


@figure(*COLUMNS, width=COLUMN_MM)
def survival_figure(
    page: Page,
    result: Result,
    *,
    medians: Result | None = None,
    test: Result | None = None,
    under: str | Sequence[str] = "at risk",
) -> None:
    """Draw survival curves with the numbers at risk aligned under them.

    Parameters
    ----------
    page : Page
        The frame's.
    result : Result
        What `survival_curve` returns; a simultaneous band in it is drawn as thin lines.
    medians : Result, optional
        What `survival_quantile` returns for the same strata: a line of medians with their limits.
    test : Result, optional
        What `logrank_test` returns for them: a line with the test and its p-value.
    under : {"at risk", "events", "censored"} or list of them
        What is counted under the curves; events and censored add up from the start.
    """
    names, inner = stratum_names(result), page.inner
    tables = checked_tables(under, result, "survival_figure")
    label = max(text_width(name) for name in names.values()) + KEY
    label += number_room(result.frame["n_risk"].max(), 8) + 2
    beside = label <= 0.38 * inner
    left = max(label if beside else 0, 40)
    rows = name_rows(names, inner, beside=beside)
    width = inner - left - _direct_width(names, inner) - 8
    lines = lines_of_medians(medians, names, inner)
    lines += [line for text in words_of_test(test) for line in wrap(text, inner)]
    top = len(lines) * ROW + (5 if lines else 0)
    high = 140 if page.mm < 120 else 185
    table_top, table = top + high + 3.4 * SIZE + 6, table_height(rows, beside=beside)
    limits = has_limits(result, MOST_BANDS)
    page.begin(
        table_top + len(tables) * table + (len(tables) - 1) * 4,
        title=titled(result.spec.endpoint, result),
        caption=caption_of(result, limits=limits or "band_low" in result.frame),
        notes=[
            "" if limits or medians is None else sentence(
                tr("Medians: {method}", method=in_words(medians.spec.method))
            ),
            *notes_of(result, band=limits),
            tr("NR: not reached.") if any("NR" in line for line in lines) else "",
        ],
        alt=alt_of(result, names),
    )
    for i, line in enumerate(lines):
        page.write(0, i * ROW, line, gid="statistics")
    curves = plot_survival(result, page.axes(left, top, width, high))
    for i, what in enumerate(tables):
        ax = page.axes(left, table_top + i * (table + 4), width, table)
        plot_risk_table(
            result, ax, curves, what=what, beside=beside, outdent=left, names=rows,
            standard=standard_unit(result),
        )  # fmt: skip


@panel(*COLUMNS)
def plot_survival(result: Result, ax: Axes, *, ticks: bool | None = None) -> Axes:
    """Draw survival curves on axes: steps, censor ticks, limits of up to three strata.

    y is in per cent; a curve is faded, not cut, where fewer than five subjects remain at risk.
    `ticks` says whether the censored are marked; by default those of up to 500 subjects are.
    """
    strata, look = result.strata(), looks(result)
    days, unit = x_unit(result, standard_unit(result))
    marked = not many_at_risk(result) if ticks is None else ticks
    for key, rows in strata:
        _draw_curve(ax, rows, look[key], days, band=len(strata) <= MOST_BANDS, ticks=marked)
    end = result.frame["time"].max() / days
    end = end if end > 0 else 1.0
    # The inset keeps a curve at 100 % and the first tick off the frame of the axes.
    ax.set(xlim=(-0.015 * end, 1.02 * end), ylim=(-0.02, 1.03))
    ax.spines["bottom"].set_bounds(0, 1.02 * end)
    ax.spines["left"].set_bounds(0, 1)
    ax.set_xticks(_ticks(ax, end, result.frame["n_risk"].max()))
    ax.set_xticklabels([f"{tick:g}" for tick in ax.get_xticks()])
    ax.set_yticks(np.linspace(0, 1, 5), ["0", "25", "50", "75", "100"])
    ax.set_xlabel(unit, labelpad=2)
    ax.set_ylabel(y_label(result.spec.endpoint, ax), labelpad=3)
    _label_ends(ax, result, look)
    return ax


def _draw_curve(
    ax: Axes, rows: pd.DataFrame, look: Look, days: float, *, band: bool, ticks: bool
) -> None:
    rows = rows[rows["estimate"].notna()]
    rows = rows.iloc[steps_seen(rows["time"].to_numpy(float), ax)]
    if rows.empty:
        return
    time = rows["time"].to_numpy(float) / days
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
    marked = ((censored & ~faded, 1.0), (censored & faded, 2 * _FADED)) if ticks else ()
    for part, alpha in marked:
        ax.plot(
            time[part], estimate[part], linestyle="none", marker="|", markersize=4.2,
            markeredgewidth=0.7, color=look.colour, alpha=alpha, clip_on=False, gid="censored",
        )  # fmt: skip


def _ticks(ax: Axes, end: float, largest: float) -> np.ndarray:
    """Choose whole steps whose numbers at risk do not touch."""
    width = ax.get_window_extent().width * 72 / ax.get_figure().dpi
    number = text_width(count(largest)) + 6
    room = max(2, int(width / max(number, 20)))
    step = next((step for step in _STEPS if int(end / step) + 1 <= min(room, 9)), end)
    return np.arange(0, end + 1e-9, step)


def standard_unit(result: Result) -> str:
    """Return the unit of time of curves: months, but days of what lasts days."""
    short = result.spec.origin == "onset" and result.frame["time"].max() <= _DAYS
    return "days" if short else "months"


def y_label(endpoint: str, ax: Axes) -> str:
    """Return what the y axis of curves is called: the endpoint, on up to two lines."""
    room = ax.get_window_extent().height * 72 / ax.get_figure().dpi
    short = wrap(endpoint, min(room, 120), most=2) if endpoint else []
    if not short:
        return tr("Without event (%)")
    *first, last = short
    words = tr("{what} (%)", what=last)
    return "\n".join([*first, words] if text_width(words) <= room else [*short, "(%)"])


def _direct_width(names: dict, inner: float) -> float:
    """Return the room for names at the ends of the curves, points; 0 where the table's keys do."""
    widest = max(text_width(name) for name in names.values())
    direct = 1 < len(names) <= _MOST_DIRECT and widest <= 0.2 * inner
    return widest + 4 if direct else 0.0


def _label_ends(ax: Axes, result: Result, look: dict[tuple, Look]) -> None:
    """Name the curves at the right edge, in their order where five or more are at risk."""
    names = stratum_names(result)
    drawn = {key: rows[rows["estimate"].notna()] for key, rows in result.strata()}
    drawn = {key: rows for key, rows in drawn.items() if len(rows)}
    figure = ax.get_figure()
    inner = figure.get_figwidth() * 72 - 2 * MARGIN
    if len(drawn) < 2 or not _direct_width(names, inner):
        return
    steady = {key: rows[rows["n_risk"] >= FEW_AT_RISK] for key, rows in drawn.items()}
    ends = {key: _last(rows if len(rows) else drawn[key]) for key, rows in steady.items()}
    # Up to when all have five at risk, of those that ever had: there the curves can be compared.
    common = min((rows["time"].max() for rows in steady.values() if len(rows)), default=np.inf)
    then = {key: _last(rows[rows["time"] <= common]) for key, rows in drawn.items()}
    order = sorted(drawn, key=lambda key: (then[key], ends[key]))
    gap = ROW / (ax.get_window_extent().height * 72 / figure.dpi) * 1.05
    places = spread(sorted(ends.values()), gap, 0.0, 1.03)
    for key, y in zip(order, places, strict=True):
        ax.annotate(
            names[key], (1.0, y), xycoords=("axes fraction", "data"), xytext=(4, 0),
            textcoords="offset points", color=look[key].colour, va="center",
            annotation_clip=False, gid="direct label",
        )  # fmt: skip


def _last(rows: pd.DataFrame) -> float:
    return float(rows["estimate"].iloc[-1])


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
