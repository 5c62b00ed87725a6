"""A score of each subject over time, a panel for each stratum."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from carstats.errors import check_choice
from carstats.report.figures.course.measures import CHANGES, COLUMNS, LEFT, y_label
from carstats.report.figures.crowd import MOST, band_said, draw_band
from carstats.report.figures.frame import Page, figure, x_unit
from carstats.report.figures.grid import grid
from carstats.report.figures.labels import abbreviations, stratum_names, titled
from carstats.report.format import counted
from carstats.report.style import INK, RULE, SIZE, Look, looks
from carstats.result import Result
from carstats.words import tr

# So many subjects are singled out at most; a median rests on so many values at least.
_FEW, _LEAST = 6, 3
_STEPS = (1, 2, 3, 6, 12, 24, 36, 60, 120, 365)


@figure(*COLUMNS)
def spider_figure(page: Page, result: Result, *, what: str = "change") -> None:
    """Draw the change of each subject over time as thin lines, and their median as a thick one.

    Of more than 500 subjects a band shows the middle half at each visit instead.

    Parameters
    ----------
    page : Page
        The frame's.
    result : Result
        What `score_course` returns; a panel for each stratum.
    what : {"change", "percent_change"}
        Which change.

    Raises
    ------
    CarstatsError
        If the result is no course of a score.
    """
    what = check_choice("what", what, tuple(CHANGES))
    title = titled(tr("{endpoint} over time", endpoint=result.spec.endpoint), result)
    n = result.frame["subject"].nunique()
    crowd = n > MOST
    few = set() if crowd else _not_better(result, what)
    strata, names, shades = result.strata(), stratum_names(result), looks(result)
    heads = [names[key] if result.by else "" for key, _ in strata]
    counts = [rows["subject"].nunique() for _, rows in strata]
    panels = grid(page, heads, numbers=counts, left=LEFT, tall=165.0, foot=1.9 * SIZE)
    medians = {key: _median(rows, what) for key, rows in strata}
    page.begin(
        panels.height + 1.6 * SIZE,
        title=title,
        notes=[
            band_said() if crowd else tr("Thin: a subject, to a mark at the last assessment."),
            tr("Thick: the median at visits with three values or more.")
            if any(len(median) for median in medians.values()) else "",
            tr("Black: {subjects} no better at the last assessment than at baseline.",
               subjects=counted(len(few), "subject")) if few else "",
            abbreviations(result),
        ],
        alt=tr("Lines of {title}: {subjects}.", title=title, subjects=counted(n, "subject")),
    )  # fmt: skip
    days, unit = x_unit(result)
    last = float(result.frame["time"].max()) / days or 1.0
    values = result.frame[what].dropna()
    low, high = min(values.min(), 0), max(values.max(), 0)
    pad = 0.05 * max(high - low, 1.0)
    step = next((s for s in _STEPS if last / s <= max(panels.wide / 22, 2)), last)
    for i, (key, rows) in enumerate(strata):
        ax = panels.axes(page, 0, i, color=shades[key].colour)
        if crowd:
            seen = rows.dropna(subset=["visit", what])
            draw_band(ax, seen["visit"] / days, seen[what], shades[key].colour)
        else:
            _subjects(ax, rows, what, days, shades[key], few)
        _draw(ax, days, shades[key], medians[key])
        ax.set(xlim=(0, 1.05 * last), ylim=(low - pad, high + pad))
        ax.set_xticks(np.arange(0, last + 1e-9, step))
        ax.tick_params(labelbottom=panels.last_of_column(i))
    middle = panels.left + (page.inner - panels.left) / 2
    page.write(middle, panels.height, unit, ha="center", gid="x label")
    page.write(
        0, panels.head + (panels.height - panels.head - panels.foot) / 2, y_label(result, what),
        rotation=90, va="center", gid="y label",
    )  # fmt: skip


def _not_better(result: Result, what: str) -> set:
    """Return the subjects who end no better than they began, where these are few."""
    ends = result.frame.dropna(subset=[what]).drop_duplicates("subject", keep="last")
    found = set(ends.loc[ends[what] >= 0, "subject"])
    return found if len(found) <= _FEW else set()


def _median(rows, what: str):
    visits = rows.dropna(subset=["visit", what]).groupby("visit")[what]
    median = visits.median()[visits.size() >= _LEAST]
    return median if len(median) > 1 else median.iloc[:0]


def _subjects(ax: Axes, rows, what: str, days: float, look: Look, few: set) -> None:
    """Draw the courses of a stratum's subjects, thin."""
    for subject, own in rows.dropna(subset=[what]).groupby("subject", sort=False):
        black = subject in few
        style = {"color": INK if black else look.colour, "alpha": 1.0 if black else 0.45}
        ax.plot(
            own["time"] / days, own[what], linewidth=0.9 if black else 0.5, gid="subject",
            marker=look.marker, markersize=2.2, markevery=[len(own) - 1], **style,
        )  # fmt: skip


def _draw(ax: Axes, days: float, look: Look, median) -> None:
    """Draw the median of a stratum, thick."""
    for width, colour in ((3.2, "white"), (2.0, look.colour)):
        if len(median):
            ax.plot(
                median.index / days, median, color=colour, linewidth=width, gid="median",
                solid_capstyle="round", zorder=4,
            )  # fmt: skip
    ax.axhline(0, color=INK, linewidth=0.6, zorder=0)
    ax.grid(axis="y", color=RULE, linewidth=0.4, zorder=0)
    ax.set_axisbelow(True)
