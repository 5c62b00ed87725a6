"""Rates of toxicity in two strata and their differences, a row for each term."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from carstats.messages import found, message
from carstats.report.figures.frame import Page, figure
from carstats.report.figures.labels import abbreviations, level_names, rules_named
from carstats.report.format import NONE, confidence, number, of, percent_interval, with_limits
from carstats.report.style import (
    GREY,
    INK,
    RULE,
    SIZE,
    clean,
    level_looks,
    text_width,
    wrap,
)
from carstats.result import Result
from carstats.words import caption, sentence, sentences, tr

_COLUMNS = (
    "term", "n", "n_event", "rate", "n_reference", "n_event_reference", "rate_reference",
    "estimate", "conf_low", "conf_high",
)  # fmt: skip
_ROW, _GAP, _LEAST = 1.55 * SIZE, 8.0, 120.0


@figure(*_COLUMNS)
def differences_figure(page: Page, result: Result) -> None:
    """Draw the rates of two strata as dots, and beside them their difference with its interval.

    `result` is what `toxicity_difference` (of differences) or `toxicity_signals` returns.
    """
    page.at_least(_LEAST)
    column, inner = result.by[0], page.inner
    every = with_reference(result)
    names = level_names(every, column)
    reference = names[reference_level(result)]
    levels = list(dict.fromkeys(result.frame[column]))
    rows = _rows(result, names, levels)
    label = min(max(text_width(text) for text, *_ in rows) + 2, 0.3 * inner)
    words = below_zero(result)
    texts = [_difference(row, words) for _, row, _ in rows if row is not None]
    counts = max(text_width(_counts(row)) for _, row, _ in rows if row is not None)
    right = max(map(text_width, (*texts, _level(result))))
    left_plot = 0.4 * (inner - label - right - counts - 4 * _GAP)
    lines = [len(wrap(text, label, most=3)) - 1 for text, *_ in rows]
    heights = [
        _ROW + n * SIZE * 1.3 + 3 * bold for n, (_, _, bold) in zip(lines, rows, strict=True)
    ]
    top, body = 2.6 * SIZE, sum(heights)
    page.begin(
        top + body + 3.4 * SIZE,
        title=_heading(result, names, reference),
        caption=without_p_values(result),
        notes=[
            rules_named(result),
            tr(
                "Hollow: {reference}, from which the differences are; below 0 the rate is lower "
                "than there.",
                reference=reference,
            ),
            abbreviations(every),
        ],
        alt=sentences(tr("Rates and risk differences."), _alt(rows, words)),
    )
    left = label + _GAP
    ax = page.axes(left, top, left_plot, body)
    other = page.axes(left + left_plot + counts + 2 * _GAP, top, 1.5 * left_plot, body)
    look = level_looks(every, column)
    _draw(ax, other, rows, heights, (label, right), look, levels, reference, result)


def _heading(result: Result, names: dict, reference: str) -> str:
    terms = result.frame["term"].nunique()
    if terms < 3:
        return result.spec.endpoint
    if len(names) > 2:
        return tr("Rates of {n} toxicities and their differences", n=terms)
    return tr(
        "Rates of {n} toxicities and their differences: {level} and {reference}",
        n=terms, level=next(iter(names.values())), reference=reference,
    )  # fmt: skip


def reference_level(result: Result) -> str:
    """Return the level that the others are compared with."""
    return result.spec.options.get("reference", "")


def with_reference(result: Result) -> Result:
    """Return a comparison with a last row for its reference, which has no rows of its own.

    Its levels then have the names, the colours and the markers that they have in other figures.
    """
    column = result.by[0]
    levels = [*dict.fromkeys(result.frame[column]), reference_level(result)]
    return replace(result, frame=pd.DataFrame({column: levels}))


def _rows(result: Result, names: dict, levels: list) -> list[tuple]:
    """Return the rows: text, its numbers (None for a heading), whether it is a heading."""
    labels = result.labels.get("term", {})
    rows = []
    for term, part in result.frame.groupby("term", sort=False):
        text = clean(labels.get(term, term))
        if len(levels) == 1:
            rows.append((text, part.iloc[0], False))
            continue
        rows.append((text, None, True))
        rows += [(f"   {names[row[result.by[0]]]}", row, False) for _, row in part.iterrows()]
    return rows


def _counts(row) -> str:
    return f"{of(row['n_event'], row['n'])} : {of(row['n_event_reference'], row['n_reference'])}"


def below_zero(result: Result) -> bool:
    """Say whether a limit is below 0: all limits of a column are then written with "to"."""
    return bool((result.frame["conf_low"] < 0).any())


def without_p_values(result: Result) -> str:
    """Return the method line with how many comparisons there are; no p-value is drawn."""
    spec, told = result.spec, getattr(found(result.spec.method), "values", {})
    if "limits" in told and "n" in told:
        spec = replace(
            spec,
            method=message(
                "{limits}; {n} comparisons, limits not adjusted", limits=told["limits"], n=told["n"]
            ),
        )
    return caption(spec)


def _difference(row, words: bool) -> str:
    if row["estimate"] != row["estimate"]:
        return NONE
    limits = percent_interval(row["conf_low"], row["conf_high"], words=words)
    return with_limits(number(100 * row["estimate"], 0), limits)


def _level(result: Result) -> str:
    return tr("Difference ({interval})", interval=confidence(result.spec.conf_level))


def _draw(ax: Axes, other: Axes, rows, heights, widths, look, levels, reference, result) -> None:
    label, right = widths
    body = sum(heights)
    column, words = result.by[0], below_zero(result)
    base = look.get(reference_level(result))
    values = result.frame[["conf_low", "conf_high"]].to_numpy(float)
    reach = np.nanmax(np.abs(values)) if np.isfinite(values).any() else 1.0
    step = next((s for s in (0.05, 0.1, 0.2, 0.25, 0.5) if reach <= 4 * s), 0.5)
    reach = min(1.0, step * np.ceil(reach / step))
    shown = result.frame[["rate", "rate_reference"]].to_numpy(float)
    top = np.nanmax(shown) if np.isfinite(shown).any() else 1.0
    end = next(e for e in (0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0) if top <= e + 1e-9)
    wide = other.get_window_extent().width * 72 / other.get_figure().dpi > 130
    for axes, low, high, ticks in (
        (ax, 0.0, end, np.linspace(0, end, 3 if wide else 2)),
        (other, -reach, reach, np.linspace(-reach, reach, 5 if wide else 3)),
    ):
        pad = 0.03 * (high - low)
        axes.set(xlim=(low - pad, high + pad), ylim=(body, 0), yticks=[])
        axes.spines["left"].set_visible(False)
        axes.spines["bottom"].set_bounds(low, high)
        axes.set_xticks(
            ticks,
            [number(100 * t, 0 if abs(100 * t - round(100 * t)) < 0.01 else 1) for t in ticks],
        )
        for x in ticks:
            zero = axes is other and abs(x) < 1e-12
            axes.plot(
                (x, x), (0, body), color=INK if zero else RULE, linewidth=0.7 if zero else 0.5,
                zorder=0, gid="zero" if zero else "grid",
            )  # fmt: skip
    ax.set_xlabel(tr("Subjects (%)"), labelpad=2)
    other.set_xlabel(
        tr("Difference (percentage points)") if wide else tr("Difference (points)"), labelpad=2
    )
    # The head of the counts may run over the plot beside them, as far as the next head.
    apart = (other.get_window_extent().x1 - ax.get_window_extent().x1) * 72 / ax.get_figure().dpi
    head = wrap(f"n/N : {reference}", apart + right - text_width(_level(result)) - _GAP, most=1)[0]
    _write(ax, 1, _GAP / 2, -_ROW / 2, head, color=GREY, ha="left")
    _write(other, 1, right + _GAP, -_ROW / 2, _level(result), color=GREY, ha="right")
    y = 0.0
    for (text, row, bold), height in zip(rows, heights, strict=True):
        middle = y + height / 2
        lines = wrap(text, label, most=3)
        for i, line in enumerate(lines):
            at = middle + (i - (len(lines) - 1) / 2) * SIZE * 1.3
            indent = 8.0 if text.startswith("   ") else 0.0
            _write(ax, 0, -label - _GAP + indent, at, line, ha="left",
                   weight="bold" if bold else "normal")  # fmt: skip
        if row is not None:
            style = look[row[column]]
            ax.plot(row["rate_reference"], middle, marker=base.marker if base else "o",
                    color=base.colour if base else GREY, markerfacecolor="white", markersize=4.6,
                    linestyle="none", clip_on=False, gid="reference")  # fmt: skip
            ax.plot(row["rate"], middle, marker=style.marker, color=style.colour, markersize=4.6,
                    linestyle="none", clip_on=False, gid="rate")  # fmt: skip
            _write(ax, 1, _GAP / 2, middle, _counts(row), ha="left", gid="number")
            if row["estimate"] == row["estimate"]:
                other.plot((row["conf_low"], row["conf_high"]), (middle, middle),
                           color=style.colour, linewidth=1.1, gid="interval")  # fmt: skip
                other.plot(row["estimate"], middle, marker=style.marker, color=style.colour,
                           markersize=4.6, linestyle="none", gid="estimate")  # fmt: skip
            _write(other, 1, right + _GAP, middle, _difference(row, words), ha="right", gid="number")
        y += height


def _write(ax: Axes, side: int, x: float, y: float, text: str, *, ha: str, **options) -> None:
    ax.annotate(
        text, (side, y), xycoords=("axes fraction", "data"), xytext=(x, 0), ha=ha,
        textcoords="offset points", va="center_baseline", annotation_clip=False, **options,
    )  # fmt: skip


def _alt(rows, words: bool) -> str:
    """Return the numbers of each row, those of several levels with their term."""
    named, term = [], ""
    for text, row, bold in rows:
        if bold:
            term = f"{text}{tr(', ')}"
        else:
            named.append((f"{term}{text.strip()}", row))
    return sentence(
        tr("; ").join(
            tr(
                "{name} {counts}, difference {difference}",
                name=name, counts=_counts(row), difference=_difference(row, words),
            )
            for name, row in named
        )
    )  # fmt: skip
