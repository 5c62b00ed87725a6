"""Curves of interval-censored times: steps where the curve is known, boxes where it is not."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from carstats.data.vocabulary import within_sentence
from carstats.report.figures.frame import Page, figure, panel, x_unit
from carstats.report.figures.labels import abbreviations, stratum_names, titled
from carstats.report.figures.survival.curves import y_label
from carstats.report.format import counted, percent
from carstats.report.style import LINE_HEIGHT, SIZE, Look, looks, text_width, wrap
from carstats.result import Result
from carstats.words import full_stop, sentences, tr

_COLUMNS = ("time_low", "time_high", "mass", "estimate", "n", "n_event", "last_time")
_HEIGHT, _ROW = 160.0, SIZE * LINE_HEIGHT
_STEPS = (0.5, 1, 2, 3, 6, 12, 24, 36, 60, 120)


@figure(*_COLUMNS)
def interval_figure(page: Page, result: Result) -> None:
    """Draw what `interval_censored_curve` returns: curves, and the boxes in which they fall.

    Numbers at risk are not known between visits: subjects and events stand beside the names.
    """
    names, look = stratum_names(result), looks(result)
    counts = {stratum: _counts(rows) for stratum, rows in result.strata()}
    room = page.inner - 20 - 12 - max(map(text_width, counts.values()))
    rows = {stratum: wrap(name, room, most=4) for stratum, name in names.items()}
    key = sum(map(len, rows.values())) * _ROW + 4
    drawn = "conf_low" in result.frame and result.frame["conf_low"].notna().any()
    page.begin(
        _HEIGHT + 3.4 * SIZE + 4 + key,
        title=titled(tr("{endpoint} (interval-censored)", endpoint=result.spec.endpoint), result),
        notes=[
            tr("Boxes: the curve falls somewhere within, the data do not say where."),
            tr("Thin lines: descriptive bootstrap limits.") if drawn else "",
            abbreviations(result),
        ],
        alt=_alt(result, names),
    )
    ax = page.axes(36, 4, page.inner - 44, _HEIGHT - 4)
    plot_interval(result, ax)
    # A name of the axis in several lines takes more room.
    more = ax.get_ylabel().count("\n") * SIZE * LINE_HEIGHT / page.width
    place = ax.get_position()
    ax.set_position((place.x0 + more, place.y0, place.width - more, place.height))
    _key(page.axes(0, _HEIGHT + 3.4 * SIZE, page.inner, key), rows, counts, look)


@panel(*_COLUMNS)
def plot_interval(result: Result, ax: Axes) -> Axes:
    """Draw curves of interval-censored times on axes; y in per cent."""
    look = looks(result)
    days, unit = x_unit(result)
    longest = float(result.frame[["time_high", "last_time"]].max().max()) / days
    end = longest if longest > 0 else 1.0
    for key, rows in result.strata():
        curve_of_intervals(ax, rows, look[key], days)
    ax.set(xlim=(-0.01 * end, 1.04 * end), ylim=(-0.02, 1.03))
    ax.spines["left"].set_bounds(0, 1)
    step = next((s for s in _STEPS if end / s <= 9), end / 4)
    ticks = np.arange(0, 1.04 * end, step)
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_yticks(np.linspace(0, 1, 5), ["0", "25", "50", "75", "100"])
    ax.set_xlabel(unit, labelpad=2)
    # What competes is named after the event, and the curve is of those without it.
    censored = result.spec.options.get("competing") == "censor"
    ax.set_ylabel(y_label("" if censored else result.spec.endpoint, ax), labelpad=3)
    return ax


def curve_of_intervals(ax: Axes, rows, look: Look, days: float) -> None:
    """Draw one curve, with the boxes in which it falls."""
    if rows["estimate"].isna().all():
        return
    low = rows["time_low"].to_numpy(float) / days
    high = rows["time_high"].to_numpy(float) / days
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
    end = rows["last_time"].iloc[0] / days
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
