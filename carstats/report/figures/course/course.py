"""A score of each subject: waterfall, spider and boxes by visit."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from carstats.errors import CarstatsError, check_choice, listed
from carstats.messages import mark, message
from carstats.report.figures.response.categories import legend_rows
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
from carstats.report.format import DAYS_PER_MONTH, count, counted, number, sentence_list
from carstats.report.style import (
    INK,
    PAGE_MM,
    RULE,
    SIZE,
    SMALL,
    drawing,
    looks,
    wrap,
)
from carstats.words import sentences, tr
from carstats.result import Result
from carstats.data.vocabulary import column_name

_COLUMNS = ("subject", "time", "visit", "value", "change", "percent_change")
_CHANGES = {
    "change": mark("Change from baseline"),
    "percent_change": mark("Change from baseline (%)"),
}
_WHAT = {"value": mark("Score"), **_CHANGES}
_LEFT, _BODY = 34.0, 165.0


def waterfall_figure(
    result: Result,
    *,
    at: float = 168,
    what: str = "change",
    width: float = PAGE_MM,
    heading: str | None = None,
) -> Figure:
    """Draw the change of each subject at a visit as bars from the worst to the best.

    Parameters
    ----------
    result : Result
        What `score_course` returns.
    at : float
        The visit, one of those that the result tells apart.
    what : {"change", "percent_change"}
        Which change.
    width : float
        Width in millimetres: 85 for a column, 180 for a page.
    heading : str, optional
        The line above.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, its caption under it.

    Raises
    ------
    CarstatsError
        If the result is no course of a score, or nobody has a value at the visit.
    """
    require(result, "waterfall_figure", *_COLUMNS)
    what = check_choice("what", what, tuple(_CHANGES))
    here = _at_visit(result, at, what)
    shown = result.frame["subject"].nunique()
    without = shown - len(here)
    lacking = (
        tr(
            "{subjects} without a value at the visit not drawn.",
            subjects=counted(without, "subject"),
        )
        if without
        else ""
    )
    endpoint, week = result.spec.endpoint, number(at / 7, 0)
    title = titled(tr("{endpoint} at week {week}", endpoint=endpoint, week=week), result)
    said = tr(
        "Waterfall of {title}: {subjects}, {better} below baseline.",
        title=title,
        subjects=counted(len(here), "subject"),
        better=int((here[what] < 0).sum()),
    )

    def draw(ax: Axes) -> None:
        shades = looks(result)
        ordered = here.sort_values([what, "subject"], ascending=[False, True], kind="stable")
        keys = _keys(result, ordered)
        for x, (value, key) in enumerate(zip(ordered[what], keys, strict=True)):
            look = shades[key]
            ax.bar(x, value, 0.8, color=look.colour, linewidth=0)
            # The mark repeats what the colour says, and shows who did not change at all.
            ax.plot(
                x, value, look.marker, color=look.colour, markersize=3.2, markeredgewidth=0.4,
                markeredgecolor="white", clip_on=False,
            )  # fmt: skip
        ax.axhline(0, color=INK, linewidth=0.6)
        ax.set(xlim=(-0.8, len(ordered) - 0.2), xticks=[], ylabel=tr(_CHANGES[what]))
        ax.set_xlabel(tr("Subjects (n = {n})", n=count(len(ordered))), labelpad=4)
        ax.spines["bottom"].set_visible(False)
        if what == "percent_change":
            ax.set_ylim(min(-105.0, ax.get_ylim()[0]), ax.get_ylim()[1])

    return _figure(result, draw, title, said, width, heading, lacking, lines=False)


def spider_figure(
    result: Result, *, what: str = "change", width: float = PAGE_MM, heading: str | None = None
) -> Figure:
    """Draw the change of each subject over time as lines.

    Parameters
    ----------
    result : Result
        What `score_course` returns.
    what : {"change", "percent_change"}
        Which change.
    width : float
        Width in millimetres: 85 for a column, 180 for a page.
    heading : str, optional
        The line above.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, its caption under it.

    Raises
    ------
    CarstatsError
        If the result is no course of a score.
    """
    require(result, "spider_figure", *_COLUMNS)
    what = check_choice("what", what, tuple(_CHANGES))
    title = titled(tr("{endpoint} over time", endpoint=result.spec.endpoint), result)
    n = result.frame["subject"].nunique()

    def draw(ax: Axes) -> None:
        shades = looks(result)
        thin = 0.8 if n < 40 else 0.5
        for key, rows in result.strata():
            look = shades[key]
            for _, own in rows.groupby("subject", sort=False):
                ax.plot(
                    own["time"] / DAYS_PER_MONTH, own[what], color=look.colour, linewidth=thin,
                    linestyle=look.dash, alpha=0.65,
                )  # fmt: skip
                ax.plot(
                    own["time"].iloc[-1] / DAYS_PER_MONTH, own[what].iloc[-1], look.marker,
                    color=look.colour, markersize=2.6,
                )  # fmt: skip
        ax.axhline(0, color=INK, linewidth=0.6)
        ax.set(xlabel=tr("Months from infusion"), ylabel=tr(_CHANGES[what]))
        ax.set_xlim(0, float(result.frame["time"].max()) / DAYS_PER_MONTH * 1.02)

    said = tr("Lines of {title}: {subjects}.", title=title, subjects=counted(n, "subject"))
    note = tr("A mark stands at each subject's last assessment.")
    return _figure(result, draw, title, said, width, heading, note, lines=True)


def visit_box_figure(
    result: Result, *, what: str = "value", width: float = PAGE_MM, heading: str | None = None
) -> Figure:
    """Draw a score by visit as boxes, with every subject as a point.

    Parameters
    ----------
    result : Result
        What `score_course` returns.
    what : {"value", "change", "percent_change"}
        What is drawn.
    width : float
        Width in millimetres: 85 for a column, 180 for a page.
    heading : str, optional
        The line above.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, its caption under it, the number of subjects under each box.

    Raises
    ------
    CarstatsError
        If the result is no course of a score.
    """
    require(result, "visit_box_figure", *_COLUMNS)
    what = check_choice("what", what, tuple(_WHAT))
    by = sentence_list([tr("visit"), *map(column_name, result.by)])
    title = tr("{what} by {strata}", what=result.spec.endpoint, strata=by)
    names, shades = stratum_names(result), looks(result)
    here = result.frame[result.frame["visit"].notna() & result.frame[what].notna()]
    here = here[(here["visit"] > 0) | (what == "value")]
    here = here.assign(stratum=[names[key] for key in _keys(result, here)])
    days = sorted(here["visit"].unique())
    order = [names[key] for key, _ in result.strata()]
    colours = {names[key]: shades[key].colour for key, _ in result.strata()}
    marks = {names[key]: shades[key].marker for key, _ in result.strata()}
    rows = len(order)

    def draw(ax: Axes) -> None:
        # Without jitter the points are the same on every run, and lie on their values.
        step = 0.8 / rows
        for i, name in enumerate(order):
            own = here[here["stratum"] == name]
            for x, day in enumerate(days):
                values = own.loc[own["visit"] == day, what].to_numpy()
                if not values.size:
                    continue
                place, line = x - 0.4 + (i + 0.5) * step, {"color": colours[name], "linewidth": 0.8}
                ax.boxplot(
                    values, positions=[place], widths=0.82 * step, showfliers=False,
                    boxprops=line, whiskerprops=line, capprops=line, medianprops=line,
                    manage_ticks=False,
                )  # fmt: skip
                ax.plot(
                    np.full(values.size, place), values, marks[name], color=colours[name],
                    markersize=2.2, alpha=0.45, markeredgewidth=0,
                )  # fmt: skip
        ax.set_xlim(-0.55, len(days) - 0.45)
        labels = [tr("Baseline") if d == 0 else number(d / 7, 0) for d in days]
        ax.set_xticks(range(len(days)), labels)
        ax.set(xlabel=tr("Weeks from infusion"), ylabel=_y_label(result, what))
        for i, name in enumerate(order):
            y = -(3.3 + (i + 1) * 1.25) * SIZE
            if rows == 1:
                ax.annotate(
                    "n", (0, 0), xycoords="axes fraction", xytext=(-12, y),
                    textcoords="offset points", va="baseline", annotation_clip=False,
                )  # fmt: skip
            else:
                # The mark says whose numbers these are where the colour does not.
                place = ScaledTranslation(-10 / 72, (y + 2.5) / 72, ax.figure.dpi_scale_trans)
                ax.plot(
                    0, 0, marks[name], color=colours[name], markersize=3.6, clip_on=False,
                    transform=ax.transAxes + place, gid="key",
                )  # fmt: skip
            for x, day in enumerate(days):
                n = int(((here["visit"] == day) & (here["stratum"] == name)).sum())
                ax.annotate(
                    count(n), (x, 0), xycoords=("data", "axes fraction"), xytext=(0, y),
                    textcoords="offset points", ha="center", va="baseline", gid="number",
                    color=colours[name] if rows > 1 else INK, annotation_clip=False, size=SMALL,
                )  # fmt: skip

    subjects = counted(result.frame["subject"].nunique(), "subject")
    said = tr("Boxes of {title}: {subjects}.", title=title, subjects=subjects)
    note = tr(
        "Box: quartiles and median; whiskers: to the last value within 1.5 box heights; points: "
        "subjects. Under the axis the number of subjects with a value."
    )
    extra = (rows * 1.25 + 0.9) * SIZE
    return _figure(result, draw, title, said, width, heading, note, lines=False, extra=extra)


def _y_label(result: Result, what: str) -> str:
    unit = result.spec.options.get("unit") or ""
    # What has a unit of its own is a measurement and no score.
    if what != "value" or unit in ("", "points") or unit[0].isdigit():
        return tr(_WHAT[what])
    return unit


def _keys(result: Result, rows) -> list[tuple]:
    if not result.by:
        return [()] * len(rows)
    return list(rows[result.by].itertuples(index=False, name=None))


def _at_visit(result: Result, at: float, what: str):
    days = sorted(result.frame["visit"].dropna().unique())
    here = result.frame[(result.frame["visit"] == at) & result.frame[what].notna()]
    if here.empty:
        raise CarstatsError(
            message(
                "`at` is {at:g}: nobody has a value there. The visits are {days}.",
                at=at,
                days=listed(f"{day:g}" for day in days if day > 0),
            )
        )
    return here


def _figure(
    result: Result, draw, title: str, alt: str, width: float, heading: str | None, note: str, *,
    lines: bool, extra: float = 0.0,
) -> Figure:  # fmt: skip
    """Return a sheet with one panel, and a legend of the strata above it."""
    with drawing([*texts_of(result), heading or "", title, note]):
        inner = page_width(width) - 2 * MARGIN
        names, shades = stratum_names(result), looks(result)
        shown = [key for key, _ in result.strata()] if result.by else []
        beside = 35.0 if lines else 26.0
        labels = [wrap(names[key], inner - beside, most=1)[0] for key in shown]
        rows = legend_rows(labels, inner, beside)
        rows = rows if shown else 0
        top = rows * SIZE * 1.5 + (5 if rows else 2)
        sheet = Sheet(
            width, top + _BODY + 3.4 * SIZE + extra,
            heading=title if heading is None else heading,
            caption=sentences(result.caption(), note, abbreviations(result)),
            synthetic=result.spec.synthetic, alt=alt,
        )  # fmt: skip
        ax = sheet.axes(MARGIN + _LEFT, top, inner - _LEFT, _BODY)
        draw(ax)
        ax.yaxis.set_label_coords(-_LEFT * 0.82 / (inner - _LEFT), 0.5)
        ax.grid(axis="y", color=RULE, linewidth=0.4, zorder=0)
        ax.set_axisbelow(True)
        if shown:
            handles = [
                Line2D(
                    [], [], color=look.colour, linestyle=look.dash if lines else "none",
                    marker=look.marker, markersize=3.6, linewidth=1,
                )
                for look in (shades[key] for key in shown)
            ]  # fmt: skip
            sheet.figure.legend(
                handles, labels, loc="upper left", ncols=-(-len(shown) // rows),
                frameon=False, fontsize=SIZE, handlelength=2.2 if lines else 1.0,
                handleheight=0.8, columnspacing=1.4, borderpad=0, borderaxespad=0,
                labelspacing=0.3, handletextpad=0.5,
                bbox_to_anchor=(MARGIN / sheet.width, 1 - sheet.top / sheet.height),
            )  # fmt: skip
    return sheet.figure
