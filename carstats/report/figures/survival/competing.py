"""Competing events: how the probabilities of the causes add up over time."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from carstats.data.vocabulary import within_sentence
from carstats.report.figures.crowd import steps_seen
from carstats.report.figures.frame import Page, figure, panel, x_unit
from carstats.report.figures.keys import Shape, draw_key, key_height
from carstats.report.figures.labels import abbreviations, stratum_names, titled
from carstats.report.figures.risk_table import number_room
from carstats.report.figures.survival.words import FEW_AT_RISK, caption_of
from carstats.report.format import count, counted, percent
from carstats.report.setting import setting
from carstats.report.style import (
    INK,
    LINE_HEIGHT,
    RULE,
    SIZE,
    SMALL,
    clean,
    text_width,
    wrap,
)
from carstats.result import Result
from carstats.words import full_stop, in_words, sentences, tr

_COLUMNS = ("cause", "time", "n", "n_risk", "n_event", "estimate")
_PANEL, _GAP, _ROW = 92.0, 34.0, SIZE * LINE_HEIGHT
# The endpoint is plain; the others' colours (Tol's) differ in lightness, and a hatch repeats them.
_FILLS = (
    ("#B5301F", ""),
    ("#4477AA", "////"),
    ("#DDCC77", "...."),
    ("#2B7A6E", "\\\\\\\\"),
    ("#C58BC5", "xxxx"),
    ("#8A8A8A", "----"),
)
_STEPS = (0.25, 0.5, 1, 2, 3, 6, 12, 24, 36, 60, 120)


@figure(*_COLUMNS)
def competing_figure(page: Page, result: Result) -> None:
    """Draw what `cumulative_incidence` returns: the causes stacked, a panel for each stratum.

    The number at risk stands under each panel.
    """
    names, strata = stratum_names(result), result.strata()
    inner = page.inner
    columns = min(len(strata), 3 if page.mm >= 150 else 2 if page.mm >= 110 else 1)
    rows = -(-len(strata) // columns)
    left = 46.0
    # Numbers at risk at the edges of two panels do not touch.
    beside = number_room(result.frame["n_risk"].max(), 8) + 8
    room = (inner - left - beside * columns) / columns
    shapes = _shapes(result)
    key = key_height(list(shapes), inner)
    several = len(strata) > 1
    letter = page.letter_width() if several else 0.0
    titles = {
        stratum: wrap(
            tr("{name} (n = {n})", name=names[stratum], n=count(part["n"].iloc[0])),
            room + (left if columns == 1 else 0) - letter,
            most=3,
        )
        for stratum, part in strata
    }
    head = max(map(len, titles.values())) * _ROW
    # A row's numbers at risk stand clear of the next row's names.
    tall = _PANEL + _GAP + _ROW + head + (6 if rows > 1 else 0)
    few = any((part["n_risk"].iloc[1:] < FEW_AT_RISK).any() for _, part in strata)
    page.begin(
        key + rows * tall + 2,
        title=titled(
            tr("{endpoint} and what competes with it", endpoint=result.spec.endpoint), result
        ),
        caption=caption_of(result, limits=False),
        notes=[
            tr("Heights add up to the probability of any of these events; white: none of them."),
            tr("Paler: fewer than five at risk.") if few else "",
            abbreviations(result),
        ],
        alt=_alt(result, names),
    )
    draw_key(page, 0, shapes)
    end = float(result.frame["time"].max())
    for i, (stratum, title) in enumerate(titles.items()):
        x = left + (i % columns) * (room + beside)
        y = key + (i // columns) * tall + head + 2
        ax = page.axes(x, y, room, _PANEL)
        page.panel(
            i, x - (left if columns == 1 and len(title) > 1 else 0),
            y - 4 - len(title) * _ROW + 0.25 * SIZE, "\n".join(title), alone=not several,
            linespacing=LINE_HEIGHT, gid="stratum",
        )  # fmt: skip
        plot_competing(result, ax, stratum, until=end, first=i % columns == 0)


@panel(*_COLUMNS)
def plot_competing(
    result: Result,
    ax: Axes,
    stratum: tuple | None = None,
    *,
    until: float | None = None,
    first: bool = True,
) -> Axes:
    """Draw one stratum's stacked cumulative incidence on axes, with the numbers at risk under it.

    `stratum` is its key, by default the first; `until` the last day of the axis; `first` says
    whether the y axis is labelled.
    """
    strata = dict(result.strata())
    rows = strata[next(iter(strata)) if stratum is None else stratum]
    causes = list(dict.fromkeys(result.frame["cause"]))
    days, unit = x_unit(result)
    end = (result.frame["time"].max() if until is None else until) / days
    end = end if end > 0 else 1.0
    one = rows[rows["cause"] == rows["cause"].iloc[0]]
    size = len(one)
    kept = steps_seen(one["time"].to_numpy(float), ax)
    time = one["time"].to_numpy(float)[kept] / days
    if one["estimate"].notna().any():
        few = np.flatnonzero(one["n_risk"].to_numpy()[kept][1:] < FEW_AT_RISK)
        turn = int(few[0]) + 1 if len(few) else len(time)
        # A step on the last days has hardly a width of its own and would show no causes.
        late = rows["time"] / days > time[-1] - 0.01 * end
        wide = rows.loc[late, "n_event"].any()
        drawn = np.append(time, time[-1] + (0.015 * end if wide else 0.0))
        below = np.zeros(len(drawn))
        for place, cause in enumerate(causes):
            height = _height(rows, cause, size)[kept]
            height = np.append(height, height[-1])
            fill, hatch = _fill(place, cause)
            for piece, alpha in ((slice(0, turn + 1), 1.0), (slice(turn, None), 0.45)):
                if len(drawn[piece]) > 1:
                    ax.fill_between(
                        drawn[piece], below[piece], (below + height)[piece], step="post",
                        facecolor=fill, edgecolor="white", hatch=hatch, linewidth=0,
                        alpha=alpha, gid=f"cause {cause}",
                    )  # fmt: skip
            below = below + height
        ax.step(drawn, below, where="post", color=INK, linewidth=0.8, gid="any")
    ax.set(xlim=(0, 1.03 * end), ylim=(0, 1))
    largest = text_width(count(one["n_risk"].max())) if one["n_risk"].notna().any() else 0.0
    # Numbers of people stand under the ticks.
    room = ax.bbox.width * 72 / 100 / max(26, largest + 6)
    step = next((s for s in _STEPS if end / s <= room), end / 4)
    ticks = np.arange(0, end + 1e-9, step)
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_yticks(np.linspace(0, 1, 5), ["0", "25", "50", "75", "100"] if first else [""] * 5)
    for y in (0.25, 0.5, 0.75):
        ax.axhline(y, color=RULE, linewidth=0.4, zorder=0)
    ax.set_xlabel(unit, labelpad=1)
    if first:
        ax.set_ylabel(tr("Subjects (%)"), labelpad=3)
    for tick in ticks:
        ax.annotate(
            count(_at_risk(one, tick * days)), (tick, 0), xytext=(0, -34),
            textcoords="offset points", ha="center", va="center_baseline",
            annotation_clip=False, gid="at risk",
        )  # fmt: skip
    if first:
        ax.annotate(
            tr("At risk"), (0, 0), xytext=(-max(12, largest / 2 + 2), -34), ha="right",
            textcoords="offset points",
            va="center_baseline", fontsize=SMALL, annotation_clip=False,
        )  # fmt: skip
    return ax


def _fill(place: int, cause: str) -> tuple[str, str]:
    fill, hatch = _FILLS[place % len(_FILLS)]
    return setting().colours.get(cause, fill), hatch


def _height(rows: pd.DataFrame, cause: str, size: int) -> np.ndarray:
    found = rows.loc[rows["cause"] == cause, "estimate"].to_numpy(float)
    return found if len(found) == size else np.zeros(size)


def _at_risk(rows: pd.DataFrame, day: float) -> int:
    later = rows.loc[rows["time"] >= day - 1e-9, "n_risk"]
    return int(later.iloc[0]) if len(later) else 0


def _shapes(result: Result) -> dict[str, Shape]:
    labels = result.labels.get("cause", {})
    found = {}
    for place, cause in enumerate(dict.fromkeys(result.frame["cause"])):
        name = clean(labels.get(cause, cause))
        found[name[:1].upper() + name[1:]] = partial(_swatch, *_fill(place, cause))
    return found


def _swatch(fill: str, hatch: str, ax: Axes, x: float, y: float) -> None:
    ax.barh(y, 13, 8, left=x, facecolor=fill, edgecolor="white", hatch=hatch, linewidth=0)


def _alt(result: Result, names: dict[tuple, str]) -> str:
    parts = []
    labels = result.labels.get("cause", {})
    for key, rows in result.strata():
        last = rows.dropna(subset=["estimate"]).drop_duplicates("cause", keep="last")
        shares = tr(", ").join(
            f"{in_words(within_sentence(labels.get(row.cause, row.cause)))} {percent(row.estimate)}"
            for row in last.itertuples()
        )
        parts.append(
            tr(
                "{name} ({subjects}): {shares}",
                name=names[key],
                subjects=counted(int(rows["n"].iloc[0]), "subject"),
                shares=shares or tr("nobody followed"),
            )
        )
    return sentences(
        tr("Stacked cumulative incidence at the end of follow-up."),
        full_stop(tr("; ").join(parts)),
    )
