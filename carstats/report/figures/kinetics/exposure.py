"""The exposure to the cells by outcome: boxes, and every subject as a point."""

from __future__ import annotations

import warnings

import numpy as np
from matplotlib import MatplotlibDeprecationWarning
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from carstats.report.figures.crowd import MOST
from carstats.report.figures.frame import Page, figure
from carstats.report.figures.grid import grid
from carstats.report.figures.labels import abbreviations, level_names, stratum_names, titled
from carstats.report.format import count, counted
from carstats.report.style import LINE_HEIGHT, RULE, SIZE, SMALL, Look, looks, text_width, wrap
from carstats.result import Result
from carstats.words import in_words, sentences, tr

_COLUMNS = ("subject", "level", "value", "below")
_LEFT, _TALL = 54.0, 150.0
# Quartiles of fewer values are those of chance.
_BOX = 5
# Values that reach over so many fold are drawn on a log axis.
_WIDE = 20.0


@figure(*_COLUMNS)
def exposure_figure(page: Page, result: Result) -> None:
    """Draw the exposure of each subject by outcome, a panel for each stratum.

    Parameters
    ----------
    page : Page
        The frame's.
    result : Result
        What `exposure_listing` returns.
    """
    frame = result.frame
    names, shades, strata = stratum_names(result), looks(result), result.strata()
    levels = list(result.labels["level"]) if "level" in result.labels else []
    said = level_names(result, "level")
    words = [in_words(said.get(level, level)) for level in levels]
    heads = [names[key] if result.by else "" for key, _ in strata] or [""]
    counts = [len(rows) for _, rows in strata] or [0]
    options = result.spec.options
    measure, unit = in_words(options.get("label", "")), in_words(options.get("unit") or "")
    label = tr("{measure} ({unit})", measure=measure, unit=unit) if unit else ""
    axis = [sentences(label).rstrip(".。")]
    if text_width(axis[0]) > _TALL:
        axis = [*wrap(sentences(measure).rstrip(".。"), _TALL), tr("({unit})", unit=unit)]
    left = _LEFT + (len(axis) - 1) * SIZE * LINE_HEIGHT
    least = len(levels) * (max(map(text_width, words), default=0.0) + 2)
    panels = grid(
        page, heads, numbers=counts, left=left, tall=_TALL, foot=3.2 * SIZE, least=least
    )
    below, crowd = bool(frame["below"].any()), len(frame) > MOST
    sizes = frame.groupby([*result.by, "level"], observed=True).size()
    few = bool((sizes < _BOX).any())
    page.begin(
        panels.height + 2,
        title=titled(result.spec.endpoint, result),
        notes=[
            tr("Box: quartiles and median; whiskers: to the last value within 1.5 box heights; "
               "more than {most} subjects are not drawn one by one. Under the axis the number of "
               "subjects with a value.", most=count(MOST)) if crowd else
            tr("Box: quartiles and median; whiskers: to the last value within 1.5 box heights; "
               "points: subjects. Under the axis the number of subjects with a value."),
            "" if not few else
            tr("Fewer than five: their median.") if crowd else
            tr("Fewer than five: the points and their median."),
            "" if not below else
            tr("An open symbol: so many are below quantification, in the boxes the lowest.")
            if crowd else
            tr("Open symbols: below quantification, in the boxes the lowest."),
            abbreviations(result),
        ],
        alt=tr("Boxes of {title}: {subjects}.", title=titled(result.spec.endpoint, result),
               subjects=counted(len(frame), "subject")),
    )  # fmt: skip
    known = frame["value"].dropna()
    log = bool(len(known)) and known.min() > 0 and known.max() > _WIDE * known.min()
    low, high = (known.min(), known.max()) if len(known) else (0.0, 1.0)
    ends = (low / (5 if below else 2), high * 2) if log else _apart(low, high)
    for i, (key, rows) in enumerate(strata):
        ax = panels.axes(page, 0, i, color=shades[key].colour)
        if log:
            ax.set_yscale("log")
            ax.yaxis.set_major_locator(LogLocator(10, numticks=9))
            ax.yaxis.set_minor_locator(NullLocator())
            ax.yaxis.set_major_formatter(
                FuncFormatter(lambda v, _: f"{v:,.0f}" if v >= 1 else f"{v:g}")
            )
        ax.set_ylim(*ends)
        floor = ends[0] * 1.6 if log else ends[0]
        _draw(ax, rows, levels, shades[key], floor, crowd)
        numbers = [count((rows["level"] == level).sum()) for level in levels]
        ax.set_xticks(
            range(len(levels)), [f"{w}\n{n}" for w, n in zip(words, numbers, strict=True)]
        )
        ax.set(xlim=(-0.6, len(levels) - 0.4), xlabel="", ylabel="")
        ax.tick_params(labelleft=i % panels.across == 0)
        ax.grid(axis="y", color=RULE, linewidth=0.4, zorder=0)
        ax.set_axisbelow(True)
    page.write(
        0, panels.head + (panels.height - panels.head - panels.foot) / 2, "\n".join(axis),
        rotation=90, va="center", ha="left", linespacing=LINE_HEIGHT,
        multialignment="center", gid="y label",
    )  # fmt: skip


def _apart(low: float, high: float) -> tuple[float, float]:
    pad = 0.06 * (high - low or 1.0)
    return low - pad, high + pad


def _draw(ax: Axes, rows, levels: list[str], look: Look, floor: float, crowd: bool) -> None:
    import seaborn

    here = rows[~rows["below"]]
    shown = {"x": "level", "y": "value", "order": levels, "color": look.colour, "ax": ax}
    with warnings.catch_warnings():
        # seaborn 0.13 gives matplotlib an argument that goes by another name since 3.11; points
        # that do not fit side by side are drawn at the edge, and counted under the axis.
        warnings.simplefilter("ignore", (MatplotlibDeprecationWarning, PendingDeprecationWarning))
        warnings.filterwarnings("ignore", message=".*points cannot be placed", category=UserWarning)
        ranked = rows.assign(value=rows["value"].where(~rows["below"], floor))
        ranked = ranked[ranked["value"].notna()]
        sizes = ranked.groupby("level")["value"].transform("size")
        if (sizes >= _BOX).any():
            seaborn.boxplot(
                ranked[sizes >= _BOX], fill=False, showfliers=False, linewidth=0.7, width=0.6,
                medianprops={"linewidth": 1.8}, **shown,
            )  # fmt: skip
        for level, values in ranked[sizes < _BOX].groupby("level")["value"]:
            place, middle = levels.index(level), values.median()
            ax.plot((place - 0.3, place + 0.3), (middle, middle), color=look.colour, linewidth=1.8,
                    gid="median")  # fmt: skip
        if len(here) and not crowd:
            most = here.groupby("level").size().max()
            size = float(np.clip(90.0 / most, 1.4, 3.0))
            seaborn.swarmplot(
                here, marker=look.marker, size=size, linewidth=0.25, edgecolor="white", zorder=3,
                warn_thresh=1.0, **shown,
            )  # fmt: skip
    for place, level in enumerate(levels):
        n = int((rows["below"] & (rows["level"] == level)).sum())
        if n:
            marks = 1 if crowd else n
            x = place + np.linspace(-0.3, 0.3, marks) * (marks > 1)
            if crowd:
                ax.annotate(
                    count(n), (place, floor), xytext=(4, 0), textcoords="offset points",
                    va="center", size=SMALL, gid="n below",
                )  # fmt: skip
            ax.plot(
                x, np.full(marks, floor), linestyle="none", marker=look.marker, markersize=3,
                markerfacecolor="white", markeredgecolor=look.colour, markeredgewidth=0.7,
                gid="below",
            )  # fmt: skip
