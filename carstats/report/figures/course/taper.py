"""The taper of glucocorticoids: each subject thin, the median thick, who is off under it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes

from carstats.errors import check_number
from carstats.messages import Joined, Message, found
from carstats.report.figures.crowd import MOST
from carstats.report.figures.frame import Page, figure, x_unit
from carstats.report.figures.grid import grid
from carstats.report.figures.keys import draw_key, key_height, line_shape
from carstats.report.figures.labels import abbreviations, stratum_names, titled
from carstats.report.format import count, counted, of
from carstats.report.style import GREY, INK, RULE, SIZE, SMALL, Look, looks, text_width, wrap
from carstats.result import Result
from carstats.words import caption, in_words, sentences, tr

_COLUMNS = ("kind", "subject", "time", "value", "n", "below", "off", "n_off")
# Room for the axes of values and their names; under a panel: that for its shares.
_LEFT, _SHARES, _APART = 36.0, 46.0, 7.0
# A higher dose is a pulse; it is drawn at the edge, so that the taper can be read.
_PULSE = 60.0
# What the method line of a listing adds; of many subjects no course is drawn.
_DRAWN = (", {n} course drawn", ", {n} courses drawn")


@figure(*_COLUMNS, signs="≤")
def taper_figure(page: Page, result: Result, *, until: float | None = None) -> None:
    """Draw the daily dose of each subject, its median, and the shares at a low dose and off.

    Parameters
    ----------
    page : Page
        The frame's.
    result : Result
        What `glucocorticoid_profiles` returns; a panel for each stratum.
    until : float, optional
        Last day that is drawn; by default the last for which there is a median.

    Raises
    ------
    CarstatsError
        If the result is no such listing, or an option is not allowed.
    """
    frame = result.frame
    known = frame[(frame["kind"] == "median") & (frame["n"] > 0)]
    end = float(known["time"].max()) if len(known) else 1.0
    if until is not None:
        check_number("until", until, low=1)
        end = float(until)
    names, shades = stratum_names(result), looks(result)
    strata = [(key, rows[rows["time"] <= end], rows) for key, rows in result.strata()]
    numbers = [rows.loc[rows["kind"] == "dose", "subject"].nunique() for _, _, rows in strata]
    heads = [names[key] if result.by else "" for key, _, _ in strata]
    foot = _APART + _SHARES + 4.4 * SIZE
    panels = grid(page, heads, numbers=numbers, left=_LEFT, tall=120.0, foot=foot)
    crowd = sum(numbers) > MOST
    doses = frame[frame["kind"] == ("median" if crowd else "dose")]
    highest = float(doses.loc[doses["time"] <= end, "value"].max())
    pulses = doses[(doses["value"] > _PULSE) & (doses["time"] <= end)]["subject"].nunique()
    top = _PULSE if pulses else max(highest, 1.0) if highest == highest else 1.0
    low = f"{result.spec.options.get('low', 5.0):g}"
    title = titled(result.spec.endpoint, result)
    grey = Look(GREY, "solid", "o")
    shapes = {
        tr("Median dose"): line_shape(grey, marker=False),
        tr("Off"): line_shape(grey),
        tr("At most {low} mg a day", low=low): _open_shape,
    }
    over = key_height(list(shapes), page.inner)
    page.begin(
        over + panels.height + 1.4 * SIZE,
        title=title,
        caption=_undrawn(result) if crowd else None,
        notes=[
            tr("Line: the median at the days marked; more than {most} subjects are not drawn one "
               "by one.", most=count(MOST)) if crowd else
            tr("Thin: a subject. Thick: the median at the days marked."),
            tr("Under it the shares of those with a known dose: off (filled marks) and at most "
               "{low} mg (open marks); n: how many these are.", low=low),
            tr("More than {dose} mg a day in {subjects}: drawn at the upper edge.",
               dose=f"{_PULSE:g}", subjects=counted(pulses, "subject")) if pulses and not crowd else "",
            abbreviations(result),
        ],
        alt=sentences(
            tr("Lines of {title}: {subjects}.", title=title,
               subjects=counted(sum(numbers), "subject")),
            _alt(strata, names),
        ),
    )  # fmt: skip
    days, unit = x_unit(result)
    start = min(float(result.spec.options.get("since", 0.0)), 0.0)
    step = next((s for s in (1, 2, 3, 6, 12) if end / days / s <= max(panels.wide / 22, 2)), 24)
    ticks = np.arange(0, end / days + 0.15, step)
    for i, (key, rows, every) in enumerate(strata):
        ax = panels.axes(page, over, i, color=shades[key].colour)
        shown = every[every["kind"] != "dose"] if crowd else every
        _doses(ax, shown, days, shades[key], top, end)
        under = panels.under(page, over, i, _APART, _SHARES)
        _shares(under, rows, days, shades[key])
        for each in (ax, under):
            each.set_xlim(start / days, 1.02 * end / days)
            each.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
            each.axvline(0, color=RULE, linewidth=0.6, zorder=0)
        ax.tick_params(labelbottom=False)
        under.tick_params(labelleft=i % panels.across == 0)
        _numbers(under, rows, days, panels.wide)
    _names(page, panels, over, unit)
    draw_key(page, 0, shapes)


def _undrawn(result: Result) -> str:
    """Return the method line without the number of courses drawn."""
    said = found(result.spec.population)
    parts = [
        part for part in (said.parts if isinstance(said, Joined) else [said])
        if not (isinstance(part, Message) and part.key == _DRAWN)
    ]  # fmt: skip
    return caption(replace(result.spec, population=Joined(parts, "")))


def _open_shape(ax: Axes, x: float, y: float) -> None:
    ax.plot(
        (x, x + 6.5, x + 13), (y,) * 3, color=GREY, linewidth=1.3, linestyle="dashed", marker="o",
        markersize=3.8, markevery=[1], markerfacecolor="white", gid="key",
    )  # fmt: skip


def _names(page: Page, panels, over: float, unit: str) -> None:
    """Name the axes: those of the values once for each row of panels, that of time once."""
    for row in range(panels.down):
        top = over + row * (panels.head + panels.tall + panels.foot) + panels.head
        page.write(0, top + panels.tall / 2, tr("Dose (mg/day)"), rotation=90, va="center",
                   gid="y label")  # fmt: skip
        page.write(0, top + panels.tall + _APART + _SHARES / 2, tr("Share (%)"), rotation=90,
                   va="center", gid="y label")  # fmt: skip
        page.write(panels.left - 6, top + panels.tall + _APART + _SHARES + 2.35 * SIZE, "n",
                   size=SMALL, color=GREY, ha="right", va="center", gid="n")  # fmt: skip
    middle = panels.left + (page.inner - panels.left) / 2
    page.write(middle, over + panels.height, unit, ha="center", gid="x label")


def _doses(ax: Axes, rows, days: float, look: Look, top: float, end: float) -> None:
    """Draw the doses of a stratum's subjects as steps, and the median through the days."""
    doses, medians = rows[rows["kind"] == "dose"], rows[rows["kind"] == "median"]
    for _, own in doses.groupby("subject", sort=False):
        x, y = own["time"].to_numpy(float), own["value"].to_numpy(float)
        ax.step(x / days, np.minimum(y, top), where="post", color=look.colour, linewidth=0.5,
                alpha=0.35, gid="subject")  # fmt: skip
        high = (y > top) & (x <= end)
        ax.plot(x[high] / days, np.full(high.sum(), top), "^", color=look.colour, markersize=3,
                markeredgewidth=0, clip_on=False, gid="pulse")  # fmt: skip
    known = medians[(medians["n"] > 0) & (medians["time"] <= end)]
    at, value = known["time"] / days, known["value"].clip(upper=top)
    for width, colour in ((3.2, "white"), (2.0, look.colour)):
        ax.plot(at, value, color=colour, linewidth=width, gid="median", solid_capstyle="round",
                marker=look.marker, markersize=3.6, zorder=4)  # fmt: skip
    ax.set_ylim(0, 1.05 * top)
    ticks = [tick for tick in ax.get_yticks() if 0 <= tick <= top]
    ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.grid(axis="y", color=RULE, linewidth=0.4, zorder=0)
    ax.set_axisbelow(True)


def _shares(ax: Axes, rows, days: float, look: Look) -> None:
    known = rows[(rows["kind"] == "median") & (rows["n"] > 0)]
    at = known["time"] / days
    ax.fill_between(at, 100 * known["off"].astype(float), color=look.colour, alpha=0.15,
                    linewidth=0)  # fmt: skip
    for column, style, fill in (("below", (0, (3, 1.5)), "white"), ("off", "solid", look.colour)):
        ax.plot(
            at, 100 * known[column].astype(float), color=look.colour, linestyle=style,
            linewidth=1.1, marker=look.marker, markersize=3.6, markerfacecolor=fill,
            markeredgewidth=0.8, gid=column, clip_on=False,
        )  # fmt: skip
    ax.set(ylim=(0, 100))
    ax.set_yticks((0, 50, 100), ("0", "50", "100"))
    ax.spines["bottom"].set_color(INK)


def _numbers(ax: Axes, rows, days: float, wide: float) -> None:
    """Write under the shares of how many they are, where the days are not too near."""
    known = rows[(rows["kind"] == "median") & (rows["n"] > 0)]
    low, high = ax.get_xlim()
    edge = -np.inf
    for day, n in zip(known["time"], known["n"], strict=True):
        at, text = (day / days - low) / (high - low) * wide, count(n)
        half = text_width(text, SMALL) / 2
        if at - half < edge:
            continue
        edge = at + half + 3
        ax.annotate(text, (day / days, 0), xycoords=("data", "axes fraction"), size=SMALL,
                    xytext=(0, -2.35 * SIZE), textcoords="offset points", ha="center", color=GREY,
                    va="center", annotation_clip=False, gid="n")  # fmt: skip


def _alt(strata, names) -> str:
    parts = []
    for key, rows, _ in strata:
        known = rows[(rows["kind"] == "median") & (rows["n"] > 0)]
        if known.empty:
            continue
        last = known.iloc[-1]
        text = tr("off on day {day} {n}", day=f"{last['time']:g}", n=of(last["n_off"], last["n"]))
        parts.append(tr("{name}: {text}", name=names[key], text=text))
    return tr("{text}.", text=tr("; ").join(parts)) if parts else ""
