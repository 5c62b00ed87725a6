"""How long B cells are gone: a bar for each subject, and the curve of those not yet back."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes

from carstats.report.figures.crowd import MOST, PLACES, share_within
from carstats.report.figures.frame import Page, figure, x_unit
from carstats.report.figures.grid import grid
from carstats.report.figures.keys import Shape, draw_key, key_height
from carstats.report.figures.labels import abbreviations, stratum_names, titled
from carstats.report.figures.survival.interval import curve_of_intervals
from carstats.report.format import count, counted, percent
from carstats.report.style import GREY, LINE_HEIGHT, SIZE, SMALL, Look, looks, text_width
from carstats.result import Result
from carstats.words import full_stop, in_words, sentences, tr

_COLUMNS = ("kind", "subject", "start", "time_low", "time_high", "estimate", "last_time")
# Room for the axes of the subjects and of the share, and the height of the curve and of a bar.
_LEFT, _CURVE, _BAR, _MOST, _LEAST = 34.0, 74.0, 7.0, 230.0, 40.0
_STEPS = (0.5, 1, 2, 3, 6, 12, 24, 36, 60, 120)


@figure(*_COLUMNS)
def aplasia_figure(page: Page, result: Result) -> None:
    """Draw how long B cells were gone in each subject, and the share not yet back under it.

    Of more than 500 subjects areas show how many were below at each time instead.

    Parameters
    ----------
    page : Page
        The frame's.
    result : Result
        What `b_cell_aplasia` returns; a panel for each stratum.
    """
    names, look, strata = stratum_names(result), looks(result), result.strata()
    heads = [names[key] if result.by else "" for key, _ in strata]
    most = max(int(rows["n_below"].iloc[0]) for _, rows in strata)
    crowd = sum(int(rows["n_below"].iloc[0]) for _, rows in strata) > MOST
    days, unit = x_unit(result)
    shapes = _shapes(result, crowd)
    top = key_height(list(shapes), page.inner, SMALL) + 3 if shapes else 0.0
    under = 2.2 * SIZE + _CURVE
    panels = grid(
        page, heads, numbers=[int(rows["n"].iloc[0]) for _, rows in strata], left=_LEFT,
        tall=_CURVE if crowd else float(np.clip(most * _BAR, _LEAST, _MOST)),
        foot=under + 2.2 * SIZE,
    )  # fmt: skip
    page.begin(
        top + panels.height + 1.6 * SIZE,
        title=titled(result.spec.endpoint, result),
        notes=[
            tr("Above: the share of those who fell below it that is below at each time and still "
               "followed; pale: the return lies between two samples there. More than {most} "
               "subjects are not drawn one by one. Below: the share of them not yet back; boxes: "
               "the curve falls somewhere within.", most=count(MOST)) if crowd else
            tr("Above: subjects who fell below it, the longest first; the return lies within the "
               "pale part, between two samples. Below: the share of them not yet back; boxes: the "
               "curve falls somewhere within."),
            _told(result, heads),
            abbreviations(result),
        ],
        alt=sentences(
            tr("Areas and curves of {title}.", title=titled(result.spec.endpoint, result))
            if crowd else
            tr("Bars and curves of {title}.", title=titled(result.spec.endpoint, result)),
            _alt(result, names),
        ),
    )  # fmt: skip
    if shapes:
        draw_key(page, 0, shapes, SMALL)
    last = float(result.frame[["time_low", "time_high"]].max().max()) / days
    end = last if last > 0 else 1.0
    step = next((s for s in _STEPS if end / s * _tick(end) <= panels.wide), end / 2)
    ticks = np.arange(0, 1.02 * end, step)
    for i, (key, rows) in enumerate(strata):
        ax = panels.axes(page, top, i, color=look[key].colour)
        draw = _areas if crowd else _bars
        draw(ax, rows[rows["kind"] == "subject"], look[key], days)
        below = panels.under(page, top, i, 2.2 * SIZE, _CURVE)
        # Each curve has a panel: a dash would only look like a gap in it.
        plain = replace(look[key], dash="solid")
        curve_of_intervals(below, rows[rows["kind"] == "curve"], plain, days)
        below.set(ylim=(-0.03, 1.05))
        below.set_yticks([0, 0.5, 1], ["0", "50", "100"])
        below.tick_params(labelleft=i % panels.across == 0)
        for each in (ax, below):
            each.set_xlim(-0.01 * end, 1.04 * end)
            each.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        if crowd:
            ax.set_yticks([0, 0.5, 1], ["0", "50", "100"])
        ax.tick_params(
            labelbottom=False, labelleft=crowd and i % panels.across == 0, left=crowd
        )  # fmt: skip
    middle = panels.left + (page.inner - panels.left) / 2
    page.write(middle, top + panels.height + 0.2 * SIZE, unit, ha="center", gid="x label")
    subjects = tr("Subjects (%)") if crowd else tr("Subjects")
    for height, text in ((panels.tall / 2, subjects),
                         (panels.tall + 2.2 * SIZE + _CURVE / 2, tr("Not yet back (%)"))):  # fmt: skip
        for row in range(panels.down):
            place = row * (panels.head + panels.tall + panels.foot) + panels.head
            page.write(0, top + place + height, text, rotation=90, va="center", size=SMALL,
                       gid="y label")  # fmt: skip


def _tick(end: float) -> float:
    """Return the room that a tick of the axis takes."""
    return text_width(f"{end:.0f}") + 6


def _bars(ax: Axes, rows, look: Look, days: float) -> None:
    """Draw the days below in full colour, those in which the return lies pale."""
    n = len(rows)
    ax.set_ylim(max(n, 1) + 0.2, -0.2)
    ax.spines["left"].set_visible(False)
    if not n:
        ax.text(0.5, 0.5, tr("nobody"), transform=ax.transAxes, ha="center", va="center",
                color=GREY, gid="nobody")  # fmt: skip
        return
    place = np.arange(n) + 0.5
    start, low = rows["start"].to_numpy(float) / days, rows["time_low"].to_numpy(float) / days
    high = rows["time_high"].to_numpy(float) / days
    back = ~np.isnan(high)
    thick = 0.72
    ax.barh(place, low - start, thick, left=start, color=look.colour, gid="below", linewidth=0)
    ax.barh(place[back], (high - low)[back], thick, left=low[back], color=look.colour, alpha=0.25,
            gid="return", linewidth=0)  # fmt: skip
    # A single sample below has no length of its own.
    tiny = low - start <= 0
    ax.plot(low[tiny], place[tiny], linestyle="none", marker="|", markersize=min(4.0, 260 / n),
            color=look.colour, gid="once")  # fmt: skip
    ax.plot(low[~back], place[~back], linestyle="none", marker=">", gid="still", clip_on=False,
            color=look.colour, markersize=float(np.clip(220 / n, 1.6, 4.0)))  # fmt: skip


def _areas(ax: Axes, rows, look: Look, days: float) -> None:
    """Draw the share that is below at each time, and above it those in whom the return lies."""
    ax.set_ylim(-0.03, 1.05)
    if rows.empty:
        ax.text(0.5, 0.5, tr("nobody"), transform=ax.transAxes, ha="center", va="center",
                color=GREY, gid="nobody")  # fmt: skip
        return
    start, low = (rows[name].to_numpy(float) / days for name in ("start", "time_low"))
    high = rows["time_high"].to_numpy(float) / days
    high = np.where(np.isnan(high), low, high)
    at = np.linspace(0.0, max(high.max(), start.max()), PLACES)
    sure, whole = share_within(at, start, low), share_within(at, start, high)
    style = {"color": look.colour, "linewidth": 0, "step": "post"}
    ax.fill_between(at, sure, gid="below", **style)
    ax.fill_between(at, sure, whole, alpha=0.25, gid="return", **style)


def _shapes(result: Result, crowd: bool) -> dict[str, Shape]:
    """Return the key of the bars, in grey: each stratum has a colour of its own."""
    rows = result.frame[result.frame["kind"] == "subject"]
    if rows.empty:
        return {}
    below = in_words(result.spec.endpoint)

    def bar(alpha: float) -> Shape:
        return lambda ax, x, y: ax.barh(y, 13, 5.5, left=x, color=GREY, alpha=alpha, gid="key")

    shapes = {below: bar(1.0), tr("Return within"): bar(0.3)}
    if rows["time_high"].isna().any() and not crowd:
        shapes[tr("Not back at the last sample below")] = lambda ax, x, y: ax.plot(
            x + 6.5, y, marker=">", color=GREY, markersize=4, linestyle="none", gid="key"
        )
    return shapes


def _told(result: Result, heads: list[str]) -> str:
    """Say of each stratum how many fell below, of how many, and how many are back."""
    parts = []
    for head, (_, rows) in zip(heads, result.strata(), strict=True):
        row = rows.iloc[0]
        text = tr(
            "{below} of {n} fell below, {back} returned",
            below=count(row["n_below"]), n=count(row["n"]), back=count(row["n_event"]),
        )  # fmt: skip
        missing = tr("{n} without a sample", n=count(row["n_missing"]))
        text = tr(", ").join([text, missing] if row["n_missing"] else [text])
        parts.append(tr("{name}: {text}", name=head, text=text) if head else text)
    return full_stop(tr("; ").join(parts))


def _alt(result: Result, names: dict[tuple, str]) -> str:
    parts = []
    for key, rows in result.strata():
        share = rows.loc[rows["kind"] == "curve", "estimate"].iloc[-1]
        text = tr(
            "{subjects} below, {share} of them not back at the end",
            subjects=counted(int(rows["n_below"].iloc[0]), "subject"), share=percent(share),
        )  # fmt: skip
        parts.append(tr("{name}: {text}", name=names[key], text=text))
    return full_stop(tr("; ").join(parts))
