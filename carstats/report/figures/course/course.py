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
from carstats.words import in_words, sentences, tr
from carstats.result import Result
from carstats.data.vocabulary import column_name

_COLUMNS = ("subject", "time", "visit", "value", "change", "percent_change")
_CHANGES = {
    "change": mark("Change from baseline"),
    "percent_change": mark("Change from baseline (%)"),
}
_LEFT, _BODY = 34.0, 165.0
# Panels together are at most so high; so many subjects are singled out.
_PANELS, _FEW = 400.0, 6


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
    title = tr("{endpoint} at week {week}: change from baseline", endpoint=endpoint, week=week)
    title = titled(title, result)
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
    few = _not_better(result, what)
    with drawing([*texts_of(result), heading or "", title]):
        inner = page_width(width) - 2 * MARGIN
        strata, names = result.strata(), stratum_names(result)
        across = min(len(strata), _across(len(strata), inner))
        down = -(-len(strata) // across)
        gap, room = 12.0, inner - _LEFT
        wide = (room - gap * (across - 1)) / across
        tall = float(np.clip(_PANELS / down, 60.0, _BODY))
        head, foot = (1.9 * SIZE if result.by else 2.0), 1.9 * SIZE
        sheet = Sheet(
            width,
            down * (head + tall + foot) + 1.6 * SIZE,
            heading=title if heading is None else heading,
            caption=sentences(
                result.caption(),
                tr("Thin: a subject, to a mark at the last assessment."),
                tr("Thick: the median at visits with three values or more."),
                tr("Dark: {subjects} no better at the last assessment than at baseline.",
                   subjects=counted(len(few), "subject")) if few else "",
                abbreviations(result),
            ),
            synthetic=result.spec.synthetic,
            alt=tr("Lines of {title}: {subjects}.", title=title, subjects=counted(n, "subject")),
        )  # fmt: skip
        last = float(result.frame["time"].max()) / DAYS_PER_MONTH
        low, high = float(result.frame[what].min()), float(result.frame[what].max())
        pad = 0.05 * max(high - low, 1.0)
        for i, (key, rows) in enumerate(strata):
            row, column = divmod(i, across)
            place = MARGIN + _LEFT + column * (wide + gap)
            ax = sheet.axes(place, row * (head + tall + foot) + head, wide, tall)
            _spider(ax, rows, what, looks(result)[key], few)
            ax.set(xlim=(0, 1.02 * last), ylim=(min(low, 0) - pad, max(high, 0) + pad))
            ax.set_xticks(_months(last, wide))
            ax.tick_params(labelleft=not column, labelbottom=i + across >= len(strata))
            if result.by:
                told = tr("{name} (N\u00a0=\u00a0{n})", name=names[key], n=rows["subject"].nunique())
                ax.annotate(
                    wrap(told, wide, weight="bold", most=1)[0], (0, 1), xycoords="axes fraction",
                    xytext=(0, 4), textcoords="offset points", weight="bold", gid="name",
                    color=looks(result)[key].colour, annotation_clip=False,
                )  # fmt: skip
        middle = (MARGIN + _LEFT + room / 2, sheet.top + down * (head + tall + foot) + 2)
        sheet.write(*middle, tr("Months since infusion"), ha="center", va="top")
        sheet.write(
            MARGIN + SIZE, sheet.top + head + (down * (head + tall + foot) - head - foot) / 2,
            tr(_CHANGES[what]), rotation=90, ha="right", va="center", rotation_mode="default",
        )  # fmt: skip
    return sheet.figure


def _across(n: int, inner: float) -> int:
    """Return how many panels stand beside one another."""
    if inner < 320:
        return 1 if n <= 3 else 2
    return 3 if n <= 9 else 5


def _months(last: float, wide: float) -> np.ndarray:
    """Return the ticks of an axis of months, apart by what its width allows."""
    most = max(wide / 22, 2)
    step = next((s for s in (1, 2, 3, 6, 12, 24, 36, 60) if last / s <= most), 120)
    return np.arange(0, last + 1e-9, step)


def _not_better(result: Result, what: str) -> set:
    """Return the subjects who end no better than they began, where these are few."""
    ends = result.frame.dropna(subset=[what]).drop_duplicates("subject", keep="last")
    found = set(ends.loc[ends[what] >= 0, "subject"])
    return found if len(found) <= _FEW else set()


def _spider(ax: Axes, rows, what: str, look, few: set) -> None:
    """Draw the courses of a stratum's subjects, thin, and their median, thick."""
    for subject, own in rows.groupby("subject", sort=False):
        own = own.dropna(subset=[what])
        dark = subject in few
        style = {"color": INK if dark else look.colour, "alpha": 1.0 if dark else 0.45}
        months = own["time"] / DAYS_PER_MONTH
        ax.plot(months, own[what], linewidth=0.9 if dark else 0.5, gid="subject", **style)
        ax.plot(months[-1:], own[what][-1:], look.marker, markersize=2.0, **style)
    visits = rows.dropna(subset=["visit", what]).groupby("visit")[what]
    median = visits.median()[visits.size() >= 3]
    if len(median) > 1:
        for width, colour in ((3.4, "white"), (2.0, look.colour)):
            ax.plot(
                median.index / DAYS_PER_MONTH, median, color=colour, linewidth=width, gid="median",
                solid_capstyle="round", zorder=4,
            )  # fmt: skip
    ax.axhline(0, color=INK, linewidth=0.6, zorder=0)
    ax.grid(axis="y", color=RULE, linewidth=0.4, zorder=0)
    ax.set_axisbelow(True)


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
    what = check_choice("what", what, ("value", *_CHANGES))
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
        import seaborn

        where = {
            "x": "visit", "y": what, "hue": "stratum", "order": days, "hue_order": order,
            "palette": colours, "legend": False, "ax": ax,
        }  # fmt: skip
        seaborn.boxplot(
            here, fill=False, showfliers=False, linewidth=0.7, width=0.86, gap=0.12, **where
        )
        ax.set_xlim(-0.55, len(days) - 0.45)
        # Equal values lie side by side: the most that are equal set the size of the points.
        most = int(here.groupby(["stratum", "visit", what], observed=True).size().max())
        room = ax.get_window_extent().width * 72 / ax.get_figure().dpi / len(days) * 0.8 / rows
        for name in order:
            seaborn.swarmplot(
                here[here["stratum"] == name], dodge=True, marker=marks[name], alpha=0.8,
                size=float(np.clip(room / most, 0.8, 2.6)), linewidth=0, warn_thresh=1.0, **where,
            )  # fmt: skip
        ax.set_xlim(-0.55, len(days) - 0.45)
        labels = [tr("Baseline") if d == 0 else number(d / 7, 0) for d in days]
        ax.set_xticks(range(len(days)), labels)
        ax.set(xlabel=tr("Weeks since infusion"), ylabel=_y_label(result, what))
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
    if what != "value":
        return tr(_CHANGES[what])
    # What has a unit of its own is a measurement and no score.
    score = unit in ("", "points") or unit[0].isdigit()
    return in_words(result.spec.endpoint) if score else unit


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
