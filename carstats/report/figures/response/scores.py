"""The mean change of a score by visit, with the numbers assessed under it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes

from carstats.messages import mark
from carstats.report.figures.frame import Page, figure, panel
from carstats.report.figures.labels import abbreviations, stratum_names, titled
from carstats.report.figures.risk_table import KEY, name_rows, table_height, write_numbers
from carstats.report.format import count, interval, number, with_limits
from carstats.report.style import COLUMN_MM, GREY, RULE, SIZE, looks, text_width
from carstats.result import Result
from carstats.words import sentences, tr

_COLUMNS = ("time", "n", "n_missing", "estimate", "conf_low", "conf_high")
# A unit of scores; others are written alike in every language.
_POINTS = mark("points")


@figure(*_COLUMNS, width=COLUMN_MM)
def score_change_figure(page: Page, result: Result) -> None:
    """Draw what `score_change` returns: mean changes at the visits, the numbers assessed below."""
    result = _visits_of(result)
    names = stratum_names(result)
    title = titled(result.spec.endpoint, result)
    label = max(map(text_width, names.values())) + KEY + 10
    beside = label <= 0.4 * page.inner
    left = max(label if beside else 0, 40.0)
    height = 140.0 if page.mm < 120 else 175.0
    rows, top = name_rows(names, page.inner, beside=beside), height + 3.4 * SIZE
    alone = result.frame["estimate"].notna() & result.frame["conf_low"].isna()
    page.begin(
        top + table_height(rows, beside=beside),
        title=title,
        notes=[
            tr("No limits where one subject was seen.") if alone.any() else "",
            abbreviations(result),
        ],
        alt=sentences(tr("{text}.", text=title), _alt(result, names)),
    )
    room = page.inner - left - 4
    ax = plot_score_change(result, page.axes(left, 2, room, height - 2))
    numbers = {
        key: [(r.time / 7, count(r.n - r.n_missing)) for r in rows.itertuples()]
        for key, rows in result.strata()
    }
    under = page.axes(left, top, room, table_height(rows, beside=beside))
    heading = tr("Number assessed")
    write_numbers(under, ax, heading, numbers, rows, looks(result), "seen", beside, left)


@panel(*_COLUMNS)
def plot_score_change(result: Result, ax: Axes) -> Axes:
    """Draw what `score_change` returns on axes; x in weeks."""
    result = _visits_of(result)
    look, strata = looks(result), result.strata()
    weeks = np.unique(result.frame["time"].to_numpy(float)) / 7
    # Strata stand a little apart, but nearer to their own visit than to the next.
    shift = min(0.014 * weeks[-1], 0.6 * np.diff(weeks, prepend=0.0).min() / len(strata))
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
    ax.set_xlabel(tr("Weeks since infusion"), labelpad=2)
    unit = result.spec.options.get("unit") or ""
    if unit == _POINTS:
        unit = tr(_POINTS)
    elif unit[:1].isdigit():
        unit = tr("scale {range}", range=unit.replace("-", "–"))
    shown = tr("Mean change ({unit})", unit=unit) if unit else tr("Mean change")
    ax.set_ylabel(shown, labelpad=3)
    ax.yaxis.set_major_formatter(lambda value, _: number(value, 0 if value % 1 == 0 else 1))
    return ax


def _visits_of(result: Result) -> Result:
    """Return a result without the visits at which nobody was assessed, unless all are such."""
    frame = result.frame
    had = frame.loc[frame["n"] > frame["n_missing"], "time"].unique()
    return replace(result, frame=frame[frame["time"].isin(had)]) if len(had) else result


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
