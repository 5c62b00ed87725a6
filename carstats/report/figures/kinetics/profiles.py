"""Profiles of the engineered cells: each subject thin, the median thick, a panel a stratum."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from carstats.errors import check_choice, check_number
from carstats.report.figures.crowd import MOST, band_said, draw_band
from carstats.report.figures.frame import Page, figure, x_unit
from carstats.report.figures.grid import Grid, grid
from carstats.report.figures.labels import abbreviations, stratum_names, titled
from carstats.report.format import counted, number, sentence_list
from carstats.report.setting import setting
from carstats.report.style import GREY, RULE, SIZE, Look, looks, text_width
from carstats.result import Result
from carstats.words import in_words, sentences, tr

_COLUMNS = ("kind", "subject", "time", "value", "lloq", "below")
AXES = ("square root", "linear")
# Room for the axis of values and its name; a median is drawn of so many subjects at least.
_LEFT, _LEAST = 54.0, 3
_TICKS = {
    "days": (0, 7, 14, 28, 60, 90, 120, 180, 270, 360, 540, 720, 1080, 1440, 1800),
    "weeks": (0, 1, 2, 4, 8, 13, 26, 39, 52, 78, 104, 156, 208, 260),
    "months": (0, 0.5, 1, 2, 3, 6, 9, 12, 18, 24, 36, 48, 60),
    "years": (0, 0.25, 0.5, 1, 1.5, 2, 3, 4, 5),
}
# More limits than this are no lines any more.
_LIMITS = 3


@figure(*_COLUMNS)
def profiles_figure(
    page: Page, result: Result, *, time_axis: str = "square root", until: float | None = None
) -> None:
    """Draw the samples of each subject on a log axis, with their medians and the limits.

    Parameters
    ----------
    page : Page
        The frame's.
    result : Result
        What `kinetic_profiles` returns; a panel for each stratum.
    time_axis : {"square root", "linear"}
        The axis of time; that of the square root shows the first weeks wider.
    until : float, optional
        Last day that is drawn.

    Raises
    ------
    CarstatsError
        If the result is no listing of profiles, or an option is not allowed.
    """
    time_axis = check_choice("time_axis", time_axis, AXES)
    frame = result.frame
    if until is not None:
        check_number("until", until, low=1)
        frame = frame[frame["time"] <= until]
    samples = frame[frame["kind"] == "sample"]
    title = titled(result.spec.endpoint, result)
    names, shades = stratum_names(result), looks(result)
    strata = [(key, rows[rows.index.isin(frame.index)]) for key, rows in result.strata()]
    counts = [rows.loc[rows["kind"] == "sample", "subject"].nunique() for _, rows in strata]
    heads = [names[key] if result.by else "" for key, _ in strata]
    panels = grid(page, heads, numbers=counts, left=_LEFT, tall=165.0, foot=1.9 * SIZE)
    limits = sorted(samples["lloq"].dropna().unique())
    below, n = bool(samples["below"].any()), sum(counts)
    crowd = n > MOST
    page.begin(
        panels.height + 1.6 * SIZE,
        title=title,
        notes=[
            band_said() if crowd else "",
            tr("Thick: the median at planned days with three subjects or more.") if crowd else
            tr("Thin: a subject. Thick: the median at planned days with three subjects or more."),
            tr("Open symbols: below quantification, drawn at the limit.") if below else "",
            _limits_said(limits, result),
            tr("The axis of time is that of its square root.") if time_axis == AXES[0] else "",
            abbreviations(result),
        ],
        alt=sentences(
            tr("Lines of {title}: {subjects}.", title=title, subjects=counted(n, "subject")),
            _alt(strata, names),
        ),
    )  # fmt: skip
    days, unit = x_unit(result, "days")
    last = float(samples["time"].max()) / days if len(samples) else 1.0
    ends = _ends(samples)
    for i, (key, rows) in enumerate(strata):
        ax = panels.axes(page, 0, i, color=shades[key].colour)
        _scales(ax, panels, ends, max(last, 1e-6), time_axis)
        draw = _crowd if crowd else _subjects
        draw(ax, rows, days, shades[key], ends[0])
        _draw(ax, rows[rows["kind"] == "median"], days, shades[key], ends[0])
        for limit in limits if len(limits) <= _LIMITS else []:
            ax.axhline(limit, color=GREY, linestyle=(0, (1, 1.5)), linewidth=0.8, gid="limit",
                       zorder=1)  # fmt: skip
        ax.tick_params(labelbottom=panels.last_of_column(i), labelleft=i % panels.across == 0)
    middle = panels.left + (page.inner - panels.left) / 2
    page.write(middle, panels.height, unit, ha="center", gid="x label")
    page.write(
        0, panels.head + (panels.height - panels.head - panels.foot) / 2,
        in_words(str(result.spec.options.get("unit") or tr("Value"))), rotation=90, va="center",
        gid="y label",
    )  # fmt: skip


def _ends(samples) -> tuple[float, float]:
    """Return the ends of the axis of values: room below the lowest limit and above the highest."""
    shown = np.concatenate([samples["value"].dropna(), samples["lloq"].dropna()])
    shown = shown[shown > 0]
    if not shown.size:
        return 1.0, 10.0
    return float(shown.min()) / 2, float(shown.max()) * 2


def _scales(ax: Axes, panels: Grid, ends, last: float, time_axis: str) -> None:
    ax.set_yscale("log")
    ax.set_ylim(*ends)
    ax.yaxis.set_major_locator(LogLocator(10, numticks=9))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(
        FuncFormatter(lambda v, _: f"{v:,.0f}" if v >= 1 else f"{v:g}")
    )  # fmt: skip
    rooted = time_axis == AXES[0]
    if rooted:
        ax.set_xscale("function", functions=(lambda t: np.sqrt(np.maximum(t, 0)), np.square))
    ax.set_xlim(0, 1.04 * last)
    # Ticks that would touch the one before are left out.
    shown, edge = [], -np.inf
    for tick in _TICKS[setting().time_unit or "days"]:
        share = tick / (1.04 * last)
        at = (np.sqrt(share) if rooted else share) * panels.wide
        half = text_width(f"{tick:g}") / 2
        if tick <= last and at - half >= edge:
            shown.append(tick)
            edge = at + half + 3
    ax.xaxis.set_major_locator(FixedLocator(shown))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    ax.grid(axis="y", color=RULE, linewidth=0.4, zorder=0)
    ax.set_axisbelow(True)


def _crowd(ax: Axes, rows, days: float, look: Look, floor: float) -> None:
    """Draw the middle half of a stratum's subjects at the planned days, each sample at its next."""
    samples, planned = rows[rows["kind"] == "sample"], rows.loc[rows["kind"] == "median", "time"]
    if len(samples) and len(planned):
        x, y, _ = _places(samples, days, floor)
        places = np.sort(planned.to_numpy(float)) / days
        draw_band(ax, places[np.abs(x[:, None] - places).argmin(axis=1)], y, look.colour)


def _subjects(ax: Axes, rows, days: float, look: Look, floor: float) -> None:
    """Draw the profiles of a stratum, thin."""
    samples = rows[rows["kind"] == "sample"]
    for _, own in samples.groupby("subject", sort=False):
        x, y, below = _places(own, days, floor)
        # Between two values below quantification nothing is known: no line joins them.
        both = np.flatnonzero(below[:-1] & below[1:]) + 1
        ax.plot(
            np.insert(x, both, np.nan), np.insert(y, both, np.nan), color=look.colour,
            linewidth=0.5, alpha=0.4, gid="subject",
        )  # fmt: skip
        ax.plot(
            x[below], y[below], linestyle="none", marker=look.marker, markersize=2.6,
            markerfacecolor="white", markeredgecolor=look.colour, markeredgewidth=0.5, alpha=0.7,
            gid="below", zorder=2.5,
        )  # fmt: skip


def _draw(ax: Axes, medians, days: float, look: Look, floor: float) -> None:
    """Draw the median of a stratum, thick."""
    x, y, below = _places(medians[medians["n"] >= _LEAST], days, floor)
    for width, colour in ((3.2, "white"), (2.0, look.colour)):
        ax.plot(x, y, color=colour, linewidth=width, gid="median", solid_capstyle="round", zorder=4)
    ax.plot(
        x[below], y[below], linestyle="none", marker=look.marker, markersize=4.5, zorder=5,
        markerfacecolor="white", markeredgecolor=look.colour, markeredgewidth=1.2,
        gid="median below",
    )  # fmt: skip


def _places(rows, days: float, floor: float):
    """Return where samples are drawn: those below quantification at their limit."""
    below = rows["below"].to_numpy(bool)
    y = np.where(below, rows["lloq"].fillna(floor), rows["value"]).astype(float)
    return np.maximum(rows["time"].to_numpy(float), 0) / days, y, below


def _limits_said(limits: list[float], result: Result) -> str:
    if not limits:
        return tr("No limit of quantification is given.")
    if len(limits) > _LIMITS:
        return tr("Limits of quantification: {low} to {high}.", low=f"{limits[0]:g}",
                  high=f"{limits[-1]:g}")  # fmt: skip
    return tr("Dotted: limit of quantification ({limits}).",
              limits=sentence_list([f"{limit:g}" for limit in limits]))  # fmt: skip


def _alt(strata, names) -> str:
    parts = []
    for key, rows in strata:
        known = rows[(rows["kind"] == "median") & (rows["n"] >= _LEAST) & ~rows["below"]]
        if known.empty:
            continue
        top = known.loc[known["value"].idxmax()]
        text = tr("highest median {value} on day {day}", value=number(top["value"], 0),
                  day=f"{top['time']:g}")  # fmt: skip
        parts.append(tr("{name}: {text}", name=names[key], text=text))
    return tr("{text}.", text=tr("; ").join(parts)) if parts else ""
