"""Baskets: shrunken rates beside the raw ones, and how they depend on tau."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes

from carstats.messages import found
from carstats.report.figures.forest import (
    GAP,
    INDENT,
    ROW,
    Forest,
    Row,
    forest_on,
    rate_text,
    values,
)
from carstats.report.figures.frame import Page, figure, panel
from carstats.report.figures.labels import abbreviations, rules_named, stratum_names, titled
from carstats.report.figures.survival.curves import spread
from carstats.report.format import confidence, of, percent, with_limits
from carstats.report.style import (
    COLUMN_MM,
    GREY,
    LINE_HEIGHT,
    SIZE,
    clean,
    level_looks,
    looks,
    text_width,
    wrap,
)
from carstats.result import Result
from carstats.words import caption, sentences, tr

_COLUMNS = ("n", "n_event", "estimate", "conf_low", "conf_high", "raw_estimate", "raw_low")
_RATE = ("estimate", "conf_low", "conf_high")
_NARROW = 320.0


@figure(*_COLUMNS, "p_above", "borrowing_weight", one_row=True)
def basket_figure(page: Page, result: Result) -> None:
    """Draw what `basket_response` returns: raw rates open, under each the one that borrows."""
    reference = result.spec.options["reference"]
    title = titled(result.spec.endpoint, result)
    forest = _forest(result, page.inner, reference)
    ax = forest_on(
        page,
        forest,
        tr("Subjects (%)"),
        title=title,
        caption=_caption(result),
        notes=[
            rules_named(result),
            tr(
                "P(>{reference}): posterior probability of a rate above it. Borrowed: the part "
                "that comes from the others, posterior mean of 1 / (1 + tau² n p (1 − p)).",
                reference=percent(reference),
            )
            if page.inner >= _NARROW
            else "",
            tr(
                "Open: raw rate with Clopper–Pearson limits; filled: with the others. Dotted: "
                "the reference, {reference}.",
                reference=percent(reference),
            ),
            abbreviations(result),
        ],
        alt=sentences(tr("Forest plot of {title}.", title=title), _alt(result)),
    )
    ax.plot(
        (reference, reference), (ROW + 2, forest.height()), color=GREY, linewidth=0.8,
        linestyle=(0, (2, 2)), zorder=0, gid="reference",
    )  # fmt: skip


@figure(*_COLUMNS, "tau", width=COLUMN_MM)
def basket_sensitivity_figure(page: Page, result: Result) -> None:
    """Draw what `basket_sensitivity` returns: estimates against the spread between baskets."""
    names = stratum_names(result)
    beside = min(max(map(text_width, names.values())) + 16, 0.45 * page.inner)
    height = max(150.0, len(names) * SIZE * LINE_HEIGHT + 20)
    title = titled(result.spec.endpoint, result)
    page.begin(
        height + 3.4 * SIZE,
        title=tr("{title}: sensitivity to borrowing", title=title),
        caption=_model(result),
        notes=[
            rules_named(result),
            tr("With tau 0 all are pooled; open marks: raw rates."),
            abbreviations(result),
        ],
        alt=sentences(
            tr("Estimates of {endpoint} against tau.", endpoint=result.spec.endpoint),
            _alt_ends(result),
        ),
    )
    wide = page.inner - 34 - beside
    ax = plot_basket_sensitivity(result, page.axes(34, 0, wide, height), room=beside - 8)
    # Under narrow axes the label is the wider of the two, and stays on the page.
    edge = text_width(ax.get_xlabel()) / 2
    ax.xaxis.label.set_x((min(max(34 + wide / 2, edge), page.inner - edge) - 34) / wide)


@panel(*_COLUMNS, "tau")
def plot_basket_sensitivity(result: Result, ax: Axes, *, room: float = np.inf) -> Axes:
    """Draw estimates against tau on axes, named at the right; x is the square root of tau.

    A name longer than the `room` in points right of the axes is cut.
    """
    look, names = looks(result), stratum_names(result)
    last = float(np.sqrt(result.frame["tau"].max())) or 1.0
    ends = []
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


def _caption(result: Result) -> str:
    """Return the method line without definitions of numbers that only the table shows."""
    spec = result.spec
    told = getattr(found(spec.method), "values", {})
    return caption(replace(spec, method=told["method"]) if "definitions" in told else spec)


def _model(result: Result) -> str:
    """Return the method line without limits, which are not drawn."""
    told = getattr(found(result.spec.method), "values", {})
    return caption(replace(result.spec, method=told.get("model", result.spec.method)))


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
