"""The timeline of episodes from onset to resolution, subjects numbered."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from carstats.report.figures.crowd import MOST
from carstats.report.figures.frame import Page, figure, x_unit
from carstats.report.figures.keys import draw_key, key_height, line_shape
from carstats.report.figures.labels import abbreviations, level_names, stratum_names
from carstats.report.format import count, counted
from carstats.report.style import (
    GREY,
    LINE_HEIGHT,
    RULE,
    SIZE,
    SMALL,
    level_looks,
    text_width,
    wrap,
)
from carstats.result import Result
from carstats.words import sentence, tr

_COLUMNS = ("subject", "term", "onset_day", "end_day", "ongoing", "grade")
_LINE = SIZE * LINE_HEIGHT
_BODY, _MOST, _LEAST = 430.0, 9.5, 2.4
_SEVERE = 3
# The height of a stratum's axes where more subjects than a reader can tell apart are summed up.
_CROWD = 90.0


@figure(*_COLUMNS, signs="▶")
def timeline_figure(page: Page, result: Result, *, until: float | None = None) -> None:
    """Draw each episode as a line from onset to resolution, a row for each subject.

    Parameters
    ----------
    page : Page
        The frame's.
    result : Result
        What `toxicity_listing` returns, without identifiers.
    until : float, optional
        Last day shown; by default that of the last episode's end.
    """
    known = result.frame[result.frame["onset_day"].notna()]
    end = float(until) if until is not None else float(known["end_day"].max())
    end = end if end == end and end > 0 else 1.0
    shown = known[known["onset_day"] <= end]
    order = list(dict.fromkeys(shown["subject"]))
    crowd = len(order) > MOST
    step = float(np.clip(_BODY / max(len(order), 1), _LEAST, _MOST))
    groups = _groups(result, shown)
    head = _LINE + 4 if result.by else 0
    body = (len(groups) * _CROWD if crowd else max(len(order), 1) * step) + len(groups) * head
    left = max(text_width(count(len(order))) + 8, 16) + (2 * SIZE if crowd else 0)
    look = level_looks(result, "term")
    drawn = set(shown["term"])
    shapes = {
        name: line_shape(look[term], dash=crowd, marker=not crowd, plain=not crowd)
        for term, name in level_names(result, "term").items()
        if term in drawn
    }
    top = key_height(list(shapes), page.inner) + 3
    page.begin(
        top + body + 3.4 * SIZE,
        title=tr("Episodes from onset to resolution"),
        notes=[
            tr("Drawn: {subjects} with an episode.", subjects=counted(len(order), "subject")),
            _left_out(result.frame, known, shown, end),
            *(_summed() if crowd else _marks(shown)),
            abbreviations(result, [*result.by, "term"]),
        ],
        alt=tr(
            "Timeline of {episodes} in {subjects}, days 0 to {end}.",
            episodes=counted(len(shown), "episode"), subjects=counted(len(order), "subject"),
            end=f"{end:g}",
        ),
    )  # fmt: skip
    if crowd:
        for place, (name, rows) in enumerate(groups):
            below = top + place * (_CROWD + head) + head
            ax = page.axes(left, below, page.inner - left - 8, _CROWD - 2 * SIZE)
            _open_episodes(ax, name, rows, end, look)
            _days(ax, result, end, label=place == len(groups) - 1)
    else:
        _draw(page.axes(left, top, page.inner - left - 8, body), result, groups, step, end)
    draw_key(page, 0, shapes)


def _marks(shown: pd.DataFrame) -> list[str]:
    return [
        tr("Thick: grade 3 or worse.") if (shown["grade"] >= _SEVERE).any() else "",
        tr("An arrow: ongoing, or the last day unknown.")
        if shown["ongoing"].astype(bool).any() else "",
    ]  # fmt: skip


def _summed() -> list[str]:
    return [
        tr(
            "A line: the episodes that are open on each day; more than {most} subjects are not "
            "drawn one by one. One without a last day is open to the end of follow-up.",
            most=count(MOST),
        )
    ]


def _open_episodes(ax: Axes, name: str, rows: pd.DataFrame, end: float, look) -> None:
    """Draw how many episodes of each term are open on each day, its first and last included."""
    days = np.arange(np.floor(min(end, rows["onset_day"].min(), 0)), np.floor(end) + 1)
    for term, mine in rows.groupby("term", sort=False):
        first = np.sort(np.floor(mine["onset_day"].to_numpy(float)))
        last = np.sort(np.floor(mine["end_day"].fillna(np.inf).to_numpy(float)))
        begun = np.searchsorted(first, days, side="right")
        ended = np.searchsorted(last, days, side="left")
        ax.step(
            days, begun - ended, where="post", color=look[term].colour, linewidth=1.3,
            linestyle=look[term].dash, gid="open",
        )  # fmt: skip
    ax.set_ylim(bottom=0)
    ax.locator_params(axis="y", nbins=4, integer=True)
    ax.set_ylabel(tr("Open episodes"))
    if name:
        ax.set_title(name, loc="left", size=SIZE, weight="bold", pad=3, gid="stratum")


def _groups(result: Result, shown: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    if not result.by:
        return [("", shown)]
    names = stratum_names(result)
    return [
        (names[key], shown[shown.index.isin(rows.index)])
        for key, rows in result.strata()
        if shown.index.isin(rows.index).any()
    ]


def _left_out(frame, known, shown, end: float) -> str:
    undated, later = len(frame) - len(known), len(known) - len(shown)
    parts = []
    if undated:
        parts.append(tr("{episodes} of unknown onset", episodes=counted(undated, "episode")))
    if later:
        parts.append(
            tr(
                "{episodes} that began after day {day}",
                episodes=counted(later, "episode"), day=f"{end:g}",
            )
        )  # fmt: skip
    return sentence(tr("Not shown: {episodes}", episodes=tr("; ").join(parts))) if parts else ""


def _draw(ax: Axes, result: Result, groups, step: float, end: float) -> None:
    look = level_looks(result, "term")
    y, first = 0.0, 1
    room = ax.get_window_extent().width * 72 / ax.get_figure().dpi
    for name, rows in groups:
        if name:
            ax.text(
                0, y + _LINE / 2 + 2, wrap(name, room, weight="bold", most=1)[0], weight="bold",
                va="center_baseline", gid="stratum",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
            )  # fmt: skip
            y += _LINE + 4
        for place, (_, mine) in enumerate(rows.groupby("subject", sort=False)):
            middle = y + step / 2
            number = first + place
            if step >= SMALL + 1 or number % 10 == 0:
                ax.annotate(
                    str(number), (0, middle), xycoords=("axes fraction", "data"), ha="right",
                    xytext=(-4, 0), textcoords="offset points", va="center_baseline", color=GREY,
                    size=SMALL, annotation_clip=False, gid="number",
                )  # fmt: skip
            _episodes(ax, mine, middle, step, end, look)
            y += step
        first += rows["subject"].nunique()
    height = max(y, step)
    ax.set(ylim=(height, 0), yticks=[])
    ax.spines["left"].set_visible(False)
    _days(ax, result, end)


def _days(ax: Axes, result: Result, end: float, *, label: bool = True) -> None:
    pad = 0.01 * end
    ax.set_xlim(-pad, end + pad)
    ax.spines["bottom"].set_bounds(0, end)
    if label:
        ax.set_xlabel(x_unit(result, "days")[1], labelpad=2)
    ticks = [tick for tick in ax.get_xticks() if 0 <= tick <= end + 1e-9]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    for x in ticks[1:]:
        ax.axvline(x, color=RULE, linewidth=0.5, zorder=0, gid="grid")


def _episodes(ax: Axes, rows: pd.DataFrame, y: float, step: float, end: float, look) -> None:
    terms = list(dict.fromkeys(rows["term"]))
    for term, onset, last, ongoing, grade in zip(
        rows["term"], rows["onset_day"], rows["end_day"], rows["ongoing"], rows["grade"],
        strict=True,
    ):  # fmt: skip
        shift = (terms.index(term) - (len(terms) - 1) / 2) * min(step / max(len(terms), 1), 2.4)
        severe = grade >= _SEVERE
        colour = look[term].colour
        stop = min(max(last, onset + 0.15), end)
        ax.plot(
            (onset, stop), (y + shift, y + shift), color=colour, solid_capstyle="butt",
            linewidth=min(2.8 if severe else 1.3, 0.8 * step), gid="episode",
            marker=look[term].marker, markersize=min(3.2, 0.8 * step), markevery=[0],
        )  # fmt: skip
        if ongoing or last > end:
            ax.plot(
                stop, y + shift, marker=">", markersize=min(3.4, step), color=colour,
                linestyle="none", clip_on=False, gid="ongoing",
            )  # fmt: skip
