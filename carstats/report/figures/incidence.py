"""Curves that rise from 0: cumulative incidence, mean counts, with the numbers at risk."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from carstats.errors import CarstatsError
from carstats.messages import message
from carstats.report.figures.crowd import steps_seen
from carstats.report.figures.frame import Page, figure, panel, x_unit
from carstats.report.figures.labels import stratum_names, titled
from carstats.report.figures.risk_table import (
    KEY,
    checked_tables,
    number_room,
    plot_risk_table,
    table_height,
)
from carstats.report.figures.survival.words import FEW_AT_RISK, caption_of, has_limits, notes_of
from carstats.report.format import number, percent
from carstats.report.style import SIZE, looks, text_width, wrap
from carstats.result import Result
from carstats.words import full_stop, sentence, sentences, tr

_COLUMNS = ("time", "n_risk", "n_event", "estimate", "conf_low", "conf_high")
_HEIGHT = 150.0
MOST_BANDS = 4
# Where an axis may end, and how many ticks it then has.
_SHARE_STEPS = {0.1: 6, 0.2: 5, 0.4: 5, 0.6: 4, 0.8: 5, 1.0: 6}
_COUNT_STEPS = {0.5: 6, 1: 6, 1.5: 4, 2: 5, 3: 4, 4: 5, 6: 4, 10: 6, 20: 5, 50: 6}
_TIME_STEPS = (0.25, 0.5, 1, 2, 3, 6, 12, 24, 60, 120)
_DAY_STEPS = (1, 2, 5, 7, 14, 28, 56, 182, 364)
# Up to this day the axis counts days.
_DAYS = 130.0


@figure(*_COLUMNS)
def incidence_figure(
    page: Page,
    result: Result,
    *,
    until: float | None = None,
    under: str | Sequence[str] = "at risk",
) -> None:
    """Draw cumulative incidences, or mean counts, with the numbers at risk under them.

    `result` is what `toxicity_incidence` (one term, no `at`), `time_to_recovery` or
    `mean_cumulative_count` returns; `until` the last day shown; `under` what is counted under the
    curves, as for `survival_figure`. A curve is faded where fewer than five remain at risk.
    """
    _check_one_term(result)
    tables = checked_tables(under, result, "incidence_figure")
    names, inner = stratum_names(result), page.inner
    beside = number_room(result.frame["n_risk"].max(), 8)
    left = min(max(text_width(n) for n in names.values()) + KEY + beside, 0.45 * inner)
    left = max(left, 42.0)
    top = _HEIGHT + 3.2 * SIZE
    lines = {key: wrap(name, left - KEY - (beside - 2), most=4) for key, name in names.items()}
    high = table_height(lines)
    limits = has_limits(result, MOST_BANDS)
    page.begin(
        top + len(tables) * (high + 3),
        title=titled(result.spec.endpoint, result),
        caption=caption_of(result, limits=limits),
        notes=notes_of(result, band=limits, ticks=False),
        alt=sentences(
            sentence(titled(tr("Curves of {endpoint}", endpoint=result.spec.endpoint), result)),
            _alt(result, names),
        ),
    )
    room = inner - left - 8
    ax = plot_incidence(result, page.axes(left, 4, room, _HEIGHT - 4), until=until)
    standard = _standard_unit(result, until)
    for i, what in enumerate(tables):
        below = page.axes(left, top + i * (high + 3), room, high)
        plot_risk_table(result, below, ax, what=what, outdent=left, names=lines, standard=standard)


def _check_one_term(result: Result) -> None:
    if "term" in result.frame and len(set(result.frame["term"])) > 1:
        raise CarstatsError(message("incidence_figure draws one term; make a figure for each."))


def _standard_unit(result: Result, until: float | None) -> str:
    last = result.frame["time"].max() if until is None else until
    return "days" if last <= _DAYS else "months"


@panel(*_COLUMNS)
def plot_incidence(result: Result, ax: Axes, *, until: float | None = None) -> Axes:
    """Draw rising curves on axes, as far as the day `until`."""
    _check_one_term(result)
    counts = result.spec.analysis == "mean_cumulative_count"
    look, strata = looks(result), result.strata()
    last = float(result.frame["time"].max()) if until is None else float(until)
    days, unit = x_unit(result, _standard_unit(result, until))
    for key, rows in strata:
        _curve(ax, rows, look[key], days, last, band=len(strata) <= MOST_BANDS)
    inside = result.frame[result.frame["time"] <= last]
    steady = inside[inside["n_risk"] >= FEW_AT_RISK]
    highest = np.nanmax(
        [steady["conf_high"].max(), inside["estimate"].max(), 0.01 if not counts else 0.1]
    )
    steps = _COUNT_STEPS if counts else _SHARE_STEPS
    top = next((c for c in steps if highest <= c), max(steps))
    end = max(last / days, 1e-9)
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
    steps = _DAY_STEPS if days == 1 else _TIME_STEPS
    ax.set_xticks(np.arange(0, end + 1e-9, next((s for s in steps if end / s <= 8), end / 4)))
    ax.set_xticklabels([f"{tick:g}" for tick in ax.get_xticks()])
    ax.set_xlabel(unit, labelpad=2)
    return ax


def _curve(ax: Axes, rows: pd.DataFrame, look, unit: float, last: float, *, band: bool) -> None:
    longer = bool((rows["time"] > last).any())
    rows = rows[rows["estimate"].notna() & (rows["time"] <= last)]
    if rows.empty:
        return
    if longer:
        # Somebody is followed past the edge: the curve goes on to it.
        rows = pd.concat([rows, rows.iloc[[-1]].assign(time=last)])
    rows = rows.iloc[steps_seen(rows["time"].to_numpy(float), ax)]
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


def _alt(result: Result, names: dict) -> str:
    counts = result.spec.analysis == "mean_cumulative_count"
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
