"""Competing events: how the probabilities of the causes add up over time."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from carstats.data.vocabulary import within_sentence
from carstats.report.figures.sheet import (
    MARGIN,
    Sheet,
    abbreviations,
    page_width,
    require,
    stratum_names,
    texts_of,
    titled,
)
from carstats.report.format import DAYS_PER_MONTH, count, counted, percent
from carstats.report.style import (
    INK,
    LINE_HEIGHT,
    PAGE_MM,
    RULE,
    SIZE,
    SMALL,
    clean,
    drawing,
    text_width,
    wrap,
)
from carstats.result import Result
from carstats.words import full_stop, in_words, sentences, tr

FEW_AT_RISK = 5
_COLUMNS = ("cause", "time", "n", "n_risk", "n_event", "estimate")
_BESIDE = 16.0
_PANEL, _GAP, _ROW = 92.0, 34.0, SIZE * LINE_HEIGHT
# The endpoint in one strong colour; hatches repeat the message of the others' colours.
_FILLS = (
    ("#B5301F", ""),
    ("#9DB4C0", "////"),
    ("#E2C37A", "...."),
    ("#5B6770", ""),
    ("#C9A9C9", "xxxx"),
    ("#86A873", "----"),
)
_STEPS = (1, 2, 3, 6, 12, 24, 36, 60, 120)


def competing_figure(
    result: Result, *, width: float = PAGE_MM, heading: str | None = None
) -> Figure:
    """Draw the cumulative incidence of competing events, stacked, a panel for each stratum.

    Parameters
    ----------
    result : Result
        What `cumulative_incidence` returns.
    width : float
        Width in millimetres: 85 for a column, 180 for a page.
    heading : str, optional
        The line above; by default the endpoint and what it is reported by.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, its caption under it, with the number at risk under each panel.

    Raises
    ------
    CarstatsError
        If the result is not one of competing events, or a character cannot be written.
    """
    require(result, "competing_figure", *_COLUMNS)
    with drawing([*texts_of(result), heading or ""]):
        names, strata = stratum_names(result), result.strata()
        inner = page_width(width) - 2 * MARGIN
        columns = min(len(strata), 3 if width >= 150 else 2 if width >= 110 else 1)
        rows = -(-len(strata) // columns)
        left = 46.0
        room = (inner - left - _BESIDE * columns) / columns
        key = _key_height(result, inner)
        titles = {
            stratum: wrap(
                tr("{name} (n = {n})", name=names[stratum], n=count(part["n"].iloc[0])),
                room + (left if columns == 1 else 0),
                most=3,
            )
            for stratum, part in strata
        }
        head = max(map(len, titles.values())) * _ROW
        # A row's numbers at risk stand clear of the next row's names.
        tall = _PANEL + _GAP + _ROW + head + (6 if rows > 1 else 0)
        few = any((part["n_risk"].iloc[1:] < FEW_AT_RISK).any() for _, part in strata)
        sheet = Sheet(
            width,
            key + rows * tall + 2,
            heading=titled(
                tr("{endpoint} and what competes with it", endpoint=result.spec.endpoint), result
            )
            if heading is None
            else heading,
            caption=sentences(
                result.caption(),
                tr(
                    "Heights add up to the probability of any of these events; white: none of them."
                ),
                tr("Paler: fewer than five at risk.") if few else "",
                abbreviations(result),
            ),
            synthetic=result.spec.synthetic,
            alt=_alt(result, names),
        )
        _key(sheet.axes(MARGIN, 0, inner, key), result, inner, key)
        longest = result.frame["time"].max() / DAYS_PER_MONTH
        for i, stratum in enumerate(titles):
            x = MARGIN + left + (i % columns) * (room + _BESIDE)
            y = key + (i // columns) * tall + head + 2
            ax = sheet.axes(x, y, room, _PANEL)
            ax.annotate(
                "\n".join(titles[stratum]), (0, 1), xycoords="axes fraction",
                xytext=(-left if columns == 1 and len(titles[stratum]) > 1 else 0, 4),
                textcoords="offset points", va="baseline", linespacing=LINE_HEIGHT,
                annotation_clip=False, gid="stratum",
            )  # fmt: skip
            plot_competing(result, ax, stratum, until=longest, first=i % columns == 0)
    return sheet.figure


def plot_competing(
    result: Result, ax: Axes, stratum: tuple = (), *, until: float, first: bool = True
) -> Axes:
    """Draw one stratum's stacked cumulative incidence on axes, with the numbers at risk under it.

    Parameters
    ----------
    result : Result
        What `cumulative_incidence` returns.
    ax : matplotlib.axes.Axes
        Where to draw.
    stratum : tuple
        The stratum's key.
    until : float
        Last month of the axis.
    first : bool
        Whether the y axis is labelled.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.

    Raises
    ------
    CarstatsError
        If the result is not one of competing events.
    """
    require(result, "plot_competing", *_COLUMNS)
    rows = dict(result.strata())[stratum]
    causes = list(dict.fromkeys(result.frame["cause"]))
    end = until if until > 0 else 1.0
    with drawing(texts_of(result)):
        one = rows[rows["cause"] == rows["cause"].iloc[0]]
        time = one["time"].to_numpy(float) / DAYS_PER_MONTH
        if one["estimate"].notna().any():
            few = np.flatnonzero(one["n_risk"].to_numpy()[1:] < FEW_AT_RISK)
            turn = int(few[0]) + 1 if len(few) else len(time)
            # A step on the last days has hardly a width of its own and would show no causes.
            late = rows["time"] / DAYS_PER_MONTH > time[-1] - 0.01 * end
            wide = rows.loc[late, "n_event"].any()
            drawn = np.append(time, time[-1] + (0.015 * end if wide else 0.0))
            below = np.zeros(len(drawn))
            for place, cause in enumerate(causes):
                height = _height(rows, cause, len(time))
                height = np.append(height, height[-1])
                fill, hatch = _FILLS[place % len(_FILLS)]
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
        step = next((s for s in _STEPS if end / s <= ax.bbox.width * 72 / 100 / 26), 120)
        ticks = np.arange(0, end + 1e-9, step)
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        ax.set_yticks(np.linspace(0, 1, 5), ["0", "25", "50", "75", "100"] if first else [""] * 5)
        for y in (0.25, 0.5, 0.75):
            ax.axhline(y, color=RULE, linewidth=0.4, zorder=0)
        ax.set_xlabel(tr("Months"), labelpad=1)
        if first:
            ax.set_ylabel(tr("Subjects (%)"), labelpad=3)
        for tick in ticks:
            ax.annotate(
                count(_at_risk(one, tick * DAYS_PER_MONTH)), (tick, 0), xytext=(0, -34),
                textcoords="offset points", ha="center", va="center_baseline",
                annotation_clip=False, gid="at risk",
            )  # fmt: skip
        if first:
            ax.annotate(
                tr("At risk"), (0, 0), xytext=(-12, -34), textcoords="offset points", ha="right",
                va="center_baseline", fontsize=SMALL, annotation_clip=False,
            )  # fmt: skip
    return ax


def _height(rows: pd.DataFrame, cause: str, size: int) -> np.ndarray:
    found = rows.loc[rows["cause"] == cause, "estimate"].to_numpy(float)
    return found if len(found) == size else np.zeros(size)


def _at_risk(rows: pd.DataFrame, day: float) -> int:
    later = rows.loc[rows["time"] >= day - 1e-9, "n_risk"]
    return int(later.iloc[0]) if len(later) else 0


def _entries(result: Result) -> list[tuple[str, str, str]]:
    labels = result.labels.get("cause", {})
    found = []
    for place, cause in enumerate(dict.fromkeys(result.frame["cause"])):
        name = clean(labels.get(cause, cause))
        fill, hatch = _FILLS[place % len(_FILLS)]
        found.append((name[:1].upper() + name[1:], fill, hatch))
    return found


def _key_height(result: Result, inner: float) -> float:
    x, lines = 0.0, 1
    for name, _, _ in _entries(result):
        room = 18 + text_width(name) + 12
        if x and x + room > inner:
            x, lines = 0.0, lines + 1
        x += room
    return lines * 13.0 + 4


def _key(ax: Axes, result: Result, inner: float, tall: float) -> None:
    ax.set(xlim=(0, inner), ylim=(tall, 0))
    ax.set_axis_off()
    x, y = 0.0, 6.0
    for name, fill, hatch in _entries(result):
        room = 18 + text_width(name) + 12
        if x and x + room > inner:
            x, y = 0.0, y + 13
        ax.barh(y, 13, 8, left=x, facecolor=fill, edgecolor="white", hatch=hatch * 1, linewidth=0)
        ax.text(x + 17, y, name, va="center_baseline", gid="key")
        x += room


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
