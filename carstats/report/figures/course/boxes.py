"""A score by visit: boxes, and every subject as a point."""

from __future__ import annotations

import warnings

import numpy as np
from matplotlib import MatplotlibDeprecationWarning
from matplotlib.axes import Axes
from matplotlib.transforms import blended_transform_factory

from carstats.data.vocabulary import column_name
from carstats.errors import check_choice
from carstats.report.figures.course.measures import CHANGES, COLUMNS, LEFT, keys_of, y_label
from carstats.report.figures.crowd import MOST
from carstats.report.figures.frame import Page, figure
from carstats.report.figures.grid import grid
from carstats.report.figures.keys import draw_key, key_height, strata_shapes
from carstats.report.figures.labels import abbreviations, plain_axes, stratum_names
from carstats.report.format import count, counted, number, sentence_list
from carstats.report.style import INK, RULE, SIZE, SMALL, looks
from carstats.result import Result
from carstats.words import tr

# Strata stand beside one another where a box has so many points of room, else in panels.
_ROOM, _ROW = 18.0, 1.25 * SIZE


@figure(*COLUMNS)
def visit_box_figure(page: Page, result: Result, *, what: str = "value") -> None:
    """Draw a score by visit as boxes, with every subject as a point; equal scores lie side by side.

    More than 500 subjects are no points: the boxes and numbers say what they come to.

    Parameters
    ----------
    page : Page
        The frame's.
    result : Result
        What `score_course` returns; strata stand beside one another, or in panels where there is
        too little room for that.
    what : {"value", "change", "percent_change"}
        What is drawn.

    Raises
    ------
    CarstatsError
        If the result is no course of a score.
    """
    what = check_choice("what", what, ("value", *CHANGES))
    endpoint = result.spec.endpoint
    strata = sentence_list([tr("visit"), *(column_name(column) for column in result.by)])
    title = tr("{what} by {strata}", what=endpoint, strata=strata)
    names = stratum_names(result)
    here = result.frame[result.frame["visit"].notna() & result.frame[what].notna()]
    here = here[(here["visit"] > 0) | (what == "value")]
    here = here.assign(stratum=[names[key] for key in keys_of(result, here)])
    crowd = result.frame["subject"].nunique() > MOST
    days, order = sorted(here["visit"].unique()), list(names.values())
    # What a box has of the width of the axes where all strata are in one panel.
    slot = 0.8 * (page.inner - LEFT) / len(days) / len(order)
    apart = len(order) > 1 and slot < _ROOM
    shapes = {} if apart else strata_shapes(result, dash=False)
    top = key_height(list(shapes), page.inner) + 3
    groups = [[name] for name in order] if apart else [order]
    heads = order if apart else [""]
    rows = 1 if apart else len(order)
    foot = 3.2 * SIZE + rows * _ROW
    panels = grid(page, heads, left=LEFT, tall=105.0 if apart else 170.0, foot=foot, most=2)
    page.begin(
        top + panels.height + 2,
        title=title,
        notes=[
            tr("Box: quartiles and median; whiskers: to the last value within 1.5 box heights. "
               "More than {most} subjects are not drawn one by one. Under the axis the number of "
               "subjects with a value.", most=count(MOST)) if crowd else
            tr("Box: quartiles and median; whiskers: to the last value within 1.5 box heights; "
               "points: subjects. Under the axis the number of subjects with a value."),
            abbreviations(result),
        ],
        alt=tr("Boxes of {title}: {subjects}.", title=title,
               subjects=counted(result.frame["subject"].nunique(), "subject")),
    )  # fmt: skip
    draw_key(page, 0, shapes)
    look = dict(zip(order, looks(result).values(), strict=True))
    low, high = float(here[what].min()), float(here[what].max())
    pad = 0.04 * (high - low or 1.0)
    for i, group in enumerate(groups):
        options = {"color": look[group[0]].colour} if apart else {}
        ax = panels.axes(page, top, i, **options)
        own = here[here["stratum"].isin(group)]
        _draw(ax, own, what, days, {name: look[name] for name in group}, crowd)
        ax.set(xlim=(-0.55, len(days) - 0.45), ylim=(low - pad, high + pad), xlabel="", ylabel="")
        named = tr("Baseline") if panels.wide / len(days) > 40 else "0"
        ax.set_xticks(
            range(len(days)), [named if day == 0 else number(day / 7, 0) for day in days]
        )
        if i % panels.across == 0:
            room = ax.get_window_extent().height * 72 / ax.get_figure().dpi
            ax.set_ylabel(y_label(result, what, room))
            ax.yaxis.set_label_coords(-0.8 * LEFT / panels.wide, 0.5)
        if panels.last_of_column(i):
            ax.set_xlabel(tr("Weeks since infusion"), labelpad=2)
        under = panels.under(page, top, i, 3.2 * SIZE, rows * _ROW)
        _numbers(under, ax, own, days, {name: look[name] for name in group})


def _draw(ax: Axes, here, what: str, days: list, look: dict, crowd: bool) -> None:
    import seaborn

    where = {
        "x": "visit", "y": what, "hue": "stratum", "order": days, "hue_order": list(look),
        "palette": {name: own.colour for name, own in look.items()}, "legend": False, "ax": ax,
    }  # fmt: skip
    with warnings.catch_warnings():
        # seaborn 0.13 gives matplotlib an argument that goes by another name since 3.11.
        warnings.simplefilter("ignore", (MatplotlibDeprecationWarning, PendingDeprecationWarning))
        seaborn.boxplot(
            here, fill=False, showfliers=False, linewidth=0.7, gap=0.1,
            medianprops={"linewidth": 1.8}, **where,
        )  # fmt: skip
    # Equal values lie side by side: the most that are equal set the size of the points.
    room = ax.get_window_extent().width * 72 / ax.get_figure().dpi / len(days) * 0.8 / len(look)
    equal = here.groupby(["stratum", "visit", what], observed=True).size().max()
    for name, own in {}.items() if crowd else look.items():
        seaborn.swarmplot(
            here[here["stratum"] == name], dodge=True, marker=own.marker, linewidth=0.25,
            edgecolor="white", zorder=3, size=float(np.clip(0.9 * room / equal, 0.9, 2.6)),
            warn_thresh=1.0, **where,
        )  # fmt: skip
    ax.grid(axis="y", color=RULE, linewidth=0.4, zorder=0)
    ax.set_axisbelow(True)


def _numbers(ax: Axes, boxes: Axes, here, days: list, look: dict) -> None:
    """Write how many have a value, a row for each stratum."""
    plain_axes(ax)
    ax.set(xlim=boxes.get_xlim(), ylim=(len(look), 0))
    left = -10.0 / (ax.get_window_extent().width * 72 / ax.get_figure().dpi)
    for i, (name, own) in enumerate(look.items()):
        place = blended_transform_factory(ax.transAxes, ax.transData)
        if len(look) > 1:
            # The mark says whose numbers these are where the colour does not.
            ax.plot(
                left, i + 0.5, marker=own.marker, color=own.colour, markersize=3.6, clip_on=False,
                transform=place, gid="key",
            )  # fmt: skip
        else:
            ax.text(left, 0.5, "n", transform=place, size=SMALL, va="center_baseline", ha="center")
        for x, day in enumerate(days):
            n = int(((here["visit"] == day) & (here["stratum"] == name)).sum())
            ax.text(
                x, i + 0.5, count(n), size=SMALL, ha="center", va="center_baseline", gid="number",
                color=own.colour if len(look) > 1 else INK,
            )  # fmt: skip
