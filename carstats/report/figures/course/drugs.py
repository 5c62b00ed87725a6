"""Who takes which drug of a class over time: a line for each drug, a panel for each stratum."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from carstats.report.figures.frame import Page, figure, x_unit
from carstats.report.figures.grid import grid
from carstats.report.figures.keys import draw_key, key_height, line_shape
from carstats.report.figures.labels import abbreviations, level_names, stratum_names, titled
from carstats.report.format import count, of
from carstats.report.style import GREY, RULE, SIZE, SMALL, Look, level_looks, text_width
from carstats.result import Result
from carstats.words import sentences, tr

_COLUMNS = ("drug", "time", "n", "n_event", "estimate", "conf_low", "conf_high")
_LEFT = 34.0
# More drugs than these are no lines any more: the table has all of them.
_MOST = 6
_ALL = "any"


@figure(*_COLUMNS)
def drug_use_figure(page: Page, result: Result) -> None:
    """Draw the shares of subjects on any drug of a class, with limits, and on each of them.

    Parameters
    ----------
    page : Page
        The frame's.
    result : Result
        What `drug_use` returns; a panel for each stratum.

    Raises
    ------
    CarstatsError
        If the result has no shares of drugs.
    """
    # Off all is what is left of those on any.
    drugs = [drug for drug in dict.fromkeys(result.frame["drug"]) if drug != "none"]
    shown, more = drugs[: _MOST + 1], len(drugs) - _MOST - 1
    shades, names = level_looks(result, "drug"), level_names(result, "drug")
    shapes = {names[drug]: line_shape(shades[drug]) for drug in shown}
    strata, heads = list(result.strata()), stratum_names(result)
    panels = grid(
        page, [heads[key] if result.by else "" for key, _ in strata], left=_LEFT, tall=110.0,
        foot=3.6 * SIZE,
    )  # fmt: skip
    top = key_height(list(shapes), page.inner) + 3
    title = titled(result.spec.endpoint, result)
    page.begin(
        top + panels.height + 1.4 * SIZE,
        title=title,
        notes=[
            tr("Bars: limits of those on any of them; n: subjects followed to the day."),
            tr("Drugs of fewer subjects not drawn: {n}.", n=count(more)) if more > 0 else "",
            abbreviations(result),
        ],
        alt=sentences(tr("Lines of {title}.", title=title), _alt(strata, heads)),
    )  # fmt: skip
    days, unit = x_unit(result)
    last = float(result.frame["time"].max()) / days or 1.0
    step = next((s for s in (1, 2, 3, 6, 12) if last / s <= max(panels.wide / 22, 2)), 24)
    highest = np.nanmax([*result.frame.loc[result.frame["drug"] == _ALL, "conf_high"], 0.1])
    for i, (_, rows) in enumerate(strata):
        ax = panels.axes(page, top, i)
        for drug in shown:
            _line(ax, rows[rows["drug"] == drug], days, shades[drug], drug == _ALL)
        ax.set(xlim=(-0.03 * last, 1.03 * last), ylim=(0, min(1.04 * 100 * highest, 100)))
        ax.set_xticks(np.arange(0, last + 0.15, step))
        ax.xaxis.set_major_formatter(lambda v, _: f"{v:g}")
        ax.grid(axis="y", color=RULE, linewidth=0.4, zorder=0)
        ax.set_axisbelow(True)
        _numbers(ax, rows[rows["drug"] == _ALL], days, panels.wide)
        page.write(panels.left - 6, top + _foot(panels, i), "n", size=SMALL, color=GREY,
                   ha="right", va="center", gid="n") if i % panels.across == 0 else None  # fmt: skip
    middle = panels.left + (page.inner - panels.left) / 2
    page.write(middle, top + panels.height, unit, ha="center", gid="x label")
    page.write(0, top + panels.head + panels.tall / 2, tr("Subjects (%)"), rotation=90,
               va="center", gid="y label")  # fmt: skip
    draw_key(page, 0, shapes)


def _foot(panels, i: int) -> float:
    """Return how far under the first panels the numbers of one stand."""
    row = i // panels.across
    return row * (panels.head + panels.tall + panels.foot) + panels.head + panels.tall + 2.35 * SIZE


def _line(ax: Axes, rows, days: float, look: Look, limits: bool) -> None:
    rows = rows[rows["n"] > 0]
    at, share = rows["time"] / days, 100 * rows["estimate"].astype(float)
    ax.plot(at, share, color=look.colour, linestyle=look.dash, linewidth=1.6 if limits else 1.0,
            marker=look.marker, markersize=3.6, gid="share", clip_on=False)  # fmt: skip
    if limits:
        ax.vlines(at, 100 * rows["conf_low"], 100 * rows["conf_high"], color=look.colour,
                  linewidth=0.9, gid="interval")  # fmt: skip


def _numbers(ax: Axes, rows, days: float, wide: float) -> None:
    low, high = ax.get_xlim()
    edge = -np.inf
    for day, n in zip(rows["time"], rows["n"], strict=True):
        at, text = (day / days - low) / (high - low) * wide, count(n)
        half = text_width(text, SMALL) / 2
        if at - half < edge:
            continue
        edge = at + half + 3
        ax.annotate(text, (day / days, 0), xycoords=("data", "axes fraction"), size=SMALL,
                    xytext=(0, -2.35 * SIZE), textcoords="offset points", ha="center", color=GREY,
                    va="center", annotation_clip=False, gid="n")  # fmt: skip


def _alt(strata, heads) -> str:
    parts = []
    for key, rows in strata:
        known = rows[(rows["drug"] == _ALL) & (rows["n"] > 0)]
        told = tr(", ").join(
            tr("day {day} {n}", day=f"{r.time:g}", n=of(r.n_event, r.n)) for r in known.itertuples()
        )
        parts.append(tr("{name}: {text}", name=heads[key], text=told or tr("no values")))
    return tr("{text}.", text=tr("; ").join(parts))
