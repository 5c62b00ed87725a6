"""Baskets: shrunken rates beside the raw ones, and how they depend on tau."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from carstats.report.figures.forest import (
    GAP,
    INDENT,
    ROW,
    Forest,
    Row,
    draw_forest,
    rate_text,
    values,
)
from carstats.report.figures.sheet import (
    MARGIN,
    Sheet,
    abbreviations,
    page_width,
    require,
    require_one_row,
    rules_named,
    stratum_names,
    texts_of,
    titled,
)
from carstats.report.figures.survival.curves import spread
from carstats.report.format import confidence, of, percent, with_limits
from carstats.report.style import (
    COLUMN_MM,
    GREY,
    LINE_HEIGHT,
    PAGE_MM,
    SIZE,
    clean,
    drawing,
    level_looks,
    looks,
    text_width,
    wrap,
)
from carstats.words import sentences, tr
from carstats.result import Result

_COLUMNS = ("n", "n_event", "estimate", "conf_low", "conf_high", "raw_estimate", "raw_low")
_RATE = ("estimate", "conf_low", "conf_high")
_NARROW = 320.0


def basket_figure(result: Result, *, width: float = PAGE_MM, heading: str | None = None) -> Figure:
    """Draw each basket's raw rate and, under it, the estimate that borrows from the others.

    Parameters
    ----------
    result : Result
        What `basket_response` returns.
    width : float
        Width in millimetres: 85 for a column, 180 for a page.
    heading : str, optional
        The line above.

    Returns
    -------
    matplotlib.figure.Figure
        The figure; raw rates open, estimates filled.

    Raises
    ------
    CarstatsError
        If the result is not one of baskets, or a character cannot be written.
    """
    require(result, "basket_figure", *_COLUMNS, "p_above", "borrowing_weight")
    require_one_row(result, "basket_figure")
    reference = result.spec.options["reference"]
    with drawing([*texts_of(result), heading or ""]):
        inner = page_width(width) - 2 * MARGIN
        title = titled(result.spec.endpoint, result)
        forest = _forest(result, inner, reference)
        sheet = Sheet(
            width,
            forest.height() + 3.4 * SIZE,
            heading=title if heading is None else heading,
            caption=sentences(
                result.caption(),
                rules_named(result),
                tr(
                    "Open: raw rate with Clopper–Pearson limits; filled: with the others. Dotted: "
                    "the reference, {reference}.",
                    reference=percent(reference),
                ),
                abbreviations(result),
            ),
            synthetic=result.spec.synthetic,
            alt=sentences(tr("Forest plot of {title}.", title=title), _alt(result)),
        )
        left = MARGIN + forest.left_width()
        room = sheet.width - MARGIN - left - forest.right_width()
        ax = sheet.axes(left, 0, room, forest.height())
        draw_forest(ax, forest, tr("Subjects (%)"))
        ax.plot(
            (reference, reference), (ROW + 2, forest.height()), color=GREY, linewidth=0.8,
            linestyle=(0, (2, 2)), zorder=0, gid="reference",
        )  # fmt: skip
    return sheet.figure


def basket_sensitivity_figure(
    result: Result, *, width: float = COLUMN_MM, heading: str | None = None
) -> Figure:
    """Draw each basket's estimate against the standard deviation between baskets.

    Parameters
    ----------
    result : Result
        What `basket_sensitivity` returns.
    width : float
        Width in millimetres.
    heading : str, optional
        The line above.

    Returns
    -------
    matplotlib.figure.Figure
        The figure; the raw rates are open marks at the right.

    Raises
    ------
    CarstatsError
        If the result is not one of values of tau, or a character cannot be written.
    """
    require(result, "basket_sensitivity_figure", *_COLUMNS, "tau")
    with drawing([*texts_of(result), heading or ""]):
        names = stratum_names(result)
        beside = min(max(map(text_width, names.values())) + 16, 0.45 * page_width(width))
        height = max(150.0, len(names) * SIZE * LINE_HEIGHT + 20)
        sheet = Sheet(
            width,
            height + 3.4 * SIZE,
            heading=tr(
                "{title}: sensitivity to borrowing", title=titled(result.spec.endpoint, result)
            )
            if heading is None
            else heading,
            caption=sentences(
                result.caption(),
                rules_named(result),
                tr("tau 0 pools all; open marks: raw rates."),
                abbreviations(result),
            ),
            synthetic=result.spec.synthetic,
            alt=sentences(
                tr("Estimates of {endpoint} against tau.", endpoint=result.spec.endpoint),
                _alt_ends(result),
            ),
        )
        left, wide = MARGIN + 34, sheet.width - 2 * MARGIN - 34 - beside
        ax = sheet.axes(left, 0, wide, height)
        plot_basket_sensitivity(result, ax, room=beside - 8)
        # Under narrow axes the label is the wider of the two, and stays on the sheet.
        edge = MARGIN + text_width(ax.get_xlabel()) / 2
        centre = min(max(left + wide / 2, edge), sheet.width - edge)
        ax.xaxis.label.set_x((centre - left) / wide)
    return sheet.figure


def plot_basket_sensitivity(result: Result, ax: Axes, *, room: float = np.inf) -> Axes:
    """Draw estimates against tau on axes, named at the right.

    Parameters
    ----------
    result : Result
        What `basket_sensitivity` returns.
    ax : matplotlib.axes.Axes
        Where to draw, with room for the names right of it.
    room : float
        That room in points; a longer name is cut.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes; x is the square root of tau, y in per cent.

    Raises
    ------
    CarstatsError
        If the result is not one of values of tau.
    """
    require(result, "plot_basket_sensitivity", *_COLUMNS, "tau")
    look, names = looks(result), stratum_names(result)
    last = float(np.sqrt(result.frame["tau"].max())) or 1.0
    ends = []
    with drawing(texts_of(result)):
        for key, rows in result.strata():
            x, y = np.sqrt(rows["tau"].to_numpy(float)), rows["estimate"].to_numpy(float)
            style = look[key]
            ax.plot(
                x, y, color=style.colour, linestyle=style.dash, linewidth=1.3, marker=style.marker,
                markersize=2.6, gid="curve",
            )  # fmt: skip
            raw = float(rows["raw_estimate"].iloc[0])
            ax.plot(
                1.05 * last, raw, color=style.colour, marker=style.marker, markersize=4.2,
                markerfacecolor="white", linestyle="none", clip_on=False, gid="raw",
            )  # fmt: skip
            ends.append((raw if raw == raw else float(y[-1]), key))
        ends.sort(key=lambda end: end[0])
        box = ax.get_window_extent()
        gap = 1.05 * SIZE * LINE_HEIGHT / (box.height * 72 / ax.get_figure().dpi) * 1.04
        places = spread([end for end, _ in ends], gap, 0.0, 1.0)
        ax.set(xlim=(-0.02 * last, 1.08 * last), ylim=(-0.02, 1.02))
        for (_, key), y in zip(ends, places, strict=True):
            ax.annotate(
                wrap(names[key], room, most=1)[0], (1.0, y), xytext=(6, 0), va="center",
                xycoords=("axes fraction", "data"), textcoords="offset points",
                color=look[key].colour, annotation_clip=False, gid="direct label",
            )  # fmt: skip
        ticks = [t for t in (0, 0.1, 0.5, 1, 2, 5, 10, 20, 50) if np.sqrt(t) <= last + 1e-9]
        unit = box.width * 72 / ax.get_figure().dpi / (1.1 * last)
        ticks = _apart(ticks, unit)
        ax.set_xticks(np.sqrt(ticks), [f"{t:g}" for t in ticks])
        ax.spines["bottom"].set_bounds(0, last)
        ax.spines["left"].set_bounds(0, 1)
        ax.set_yticks(np.linspace(0, 1, 5), ["0", "25", "50", "75", "100"])
        ax.set_xlabel(tr("Standard deviation between baskets, tau (log odds)"), labelpad=2)
        ax.set_ylabel(tr("Subjects (%)"), labelpad=3)
    return ax


def _apart(ticks: list[float], unit: float) -> list[float]:
    """Return the ticks whose labels do not touch; `unit` is a unit of their roots in points."""
    kept, edge = [], -np.inf
    for tick in ticks:
        half = text_width(f"{tick:g}") / 2
        at = np.sqrt(tick) * unit
        if at - half >= edge:
            kept.append(tick)
            edge = at + half + 3
    return kept


def _forest(result: Result, room: float, reference: float) -> Forest:
    narrow = room < _NARROW
    names, rows = stratum_names(result), []
    # As in the forest of the response rates: the target has the colour.
    main = "target" if "target" in result.by else result.by[-1]
    levels, place = level_looks(result, main), result.by.index(main)
    look = {key: levels[key[place]] for key in names}
    for key, stratum in result.strata():
        row = stratum.iloc[0]
        raw = tuple(float(row[c]) for c in ("raw_estimate", "raw_low", "raw_high"))
        blank = () if narrow else ("", "")
        words = rate_text(dict(zip(_RATE, raw, strict=True)), narrow=narrow)
        counts = of(row["n_event"], row["n"])
        rows.append(
            Row((clean(names[key]),), (counts, words, *blank), raw, look[key], filled=False)
        )
        told = () if narrow else (percent(row["p_above"]), percent(row["borrowing_weight"]))
        rows.append(
            Row(
                (tr("with the others"),),
                ("", rate_text(row, narrow=narrow), *told),
                values(row),
                look[key],
                indent=INDENT,
            )
        )
    more = () if narrow else (f"P(>{percent(reference)})", tr("Borrowed"))
    words = "%" if narrow else tr("Rate")
    heads = ("n/N", with_limits(words, confidence(result.spec.conf_level)), *more)
    name = max(text_width(row.left[0]) + row.indent for row in rows) + 1
    right = Forest(("",), heads, rows, (name,), name).right_width()
    most = room - right - GAP - (46.0 if narrow else 0.25 * room)
    return Forest(("",), heads, rows, (min(name, most),), room - right).broken()


def _alt(result: Result) -> str:
    parts = []
    for name, (_, rows) in zip(stratum_names(result).values(), result.strata(), strict=True):
        row = rows.iloc[0]
        counts = of(row["n_event"], row["n"])
        parts.append(
            tr("{name} {n} raw, {rate} with the others", name=name, n=counts, rate=rate_text(row))
        )
    return tr("{text}.", text=tr("; ").join(parts))


def _alt_ends(result: Result) -> str:
    parts = []
    for name, (_, rows) in zip(stratum_names(result).values(), result.strata(), strict=True):
        first, last = percent(rows["estimate"].iloc[0]), percent(rows["estimate"].iloc[-1])
        parts.append(tr("{name} {first} to {last}", name=name, first=first, last=last))
    return tr("{text}.", text=tr("; ").join(parts))
