"""The forest of any result with estimates: a row for each, whatever they are of."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from carstats.errors import CarstatsError
from carstats.messages import message
from carstats.report.figures.forest import (
    GAP,
    INDENT,
    Forest,
    Row,
    Scale,
    check_rows,
    draw_forest,
    forest_on,
    values,
)
from carstats.report.figures.frame import MARGIN, Page, figure, panel, plain_unit
from carstats.report.figures.labels import abbreviations, titled
from carstats.report.format import confidence, with_limits
from carstats.report.rows import (
    DAYS,
    DIFFERENCES,
    RATIOS,
    SHARES,
    estimated,
    events_of,
    head_of,
    headed_rows,
    heading_of,
    kinds_of,
    possible,
    unit_of,
    writer_of,
)
from carstats.report.style import Look, looks, text_width
from carstats.result import Result
from carstats.words import full_stop, sentences, tr

_MOST = 60
# Shares of those without the event.
_FREE = ("survival_at", "shared_and_exact", "network_survival")
# The least room for names beside their rows, points.
_NAMES = 60.0
_RATIO_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


@figure("estimate")
def estimates_figure(page: Page, result: Result) -> None:
    """Draw the estimates of a result with their limits as a forest, a row for each.

    `result` is one of shares, differences, ratios or times; a result that has several of these is
    drawn in the kind of its first row, and the caption says what is not shown.
    """
    shown, kind, left_out = _shown(result)
    forest, scale, label = _forest(shown, kind, page.inner)
    texts = [" ".join((*row.left, *row.right)) for row in forest.rows if not row.heading]
    forest_on(
        page, forest, label, scale=scale,
        title=_title(result, heading_of(result, kind) or estimated(result, kind)),
        notes=[
            tr("Rows of another kind are not shown: {n}.", n=left_out) if left_out else "",
            abbreviations(result),
        ],
        alt=sentences(
            tr("Forest plot of {title}.", title=_title(result, heading_of(result, kind))),
            full_stop(tr("; ").join(texts)),
        ),
    )  # fmt: skip


def _title(result: Result, what: str) -> str:
    """Return the heading; that a network's result is by sites is seen."""
    return what if "part" in result.by else titled(what, result)


@panel("estimate")
def plot_estimates(result: Result, ax: Axes) -> Axes:
    """Draw the forest on axes; names stand left of them and numbers right."""
    shown, kind, _ = _shown(result)
    room = ax.get_figure().get_figwidth() * 72 - 2 * MARGIN
    forest, scale, label = _forest(shown, kind, room)
    return draw_forest(ax, forest, label, scale)


def _shown(result: Result) -> tuple[Result, str, int]:
    kinds = kinds_of(result)
    if not kinds:
        raise CarstatsError(message("this result of {analysis!r} has no rows to draw.",
                                    analysis=result.spec.analysis))  # fmt: skip
    rows = result.frame[np.array([kind == kinds[0] for kind in kinds])]
    check_rows(result, len(rows), _MOST)
    shown = Result(rows.reset_index(drop=True), result.spec, result.labels)
    return shown, kinds[0], len(result.frame) - len(rows)


def _forest(result: Result, kind: str, room: float) -> tuple[Forest, Scale | None, str]:
    frame = result.frame
    groups, named = headed_rows(result)
    names = [_days(texts) if head == head_of("time") else texts for head, texts in named.items()]
    if "part" in frame:
        names = [_sites(frame["part"], texts) for texts in names]
    names = names or [[tr("All subjects")] * len(frame)]
    ranges = possible(frame)
    write, style = writer_of(kind, plain_unit(unit_of(result, kind))[0]), _styles(result)
    counted = {"n", "n_event"} <= set(frame)
    rows: list[Row] = []
    for i, row in frame.iterrows():
        if groups[i] and (i == 0 or groups[i] != groups[i - 1]):
            rows.append(Row((groups[i],), heading=True))
        name = " · ".join(filter(None, (texts[i] for texts in names)))
        name = name[:1].upper() + name[1:]
        right = (events_of(row) if counted else None, write(row), *ranges[i : i + 1])
        limits = row.reindex(["estimate", "conf_low", "conf_high"]).astype(float)
        if kind == DAYS and limits["conf_low"] == limits["conf_low"]:
            # An upper limit that is not reached: the line goes on past the axis.
            limits = limits.fillna(math.inf)
        rows.append(
            Row((name,), tuple(filter(None, right)), values(limits), style[i],
                indent=INDENT if groups[i] else 0.0)
        )  # fmt: skip
    # Beside the share without an event a bare n/N would read as its numerator.
    free = result.spec.analysis in _FREE
    heads = (tr("Events, n/N") if free else "n/N",) if counted else ()
    level = result.spec.conf_level
    what = estimated(result, kind)
    head = tr("Probability") if free and kind == SHARES else _head(kind)
    heads = (*heads, with_limits(head, confidence(level)) if level else head)
    heads = (*heads, tr("Possible")) if ranges else heads
    name = max(text_width(row.left[0]) + row.indent for row in rows if not row.heading) + 1
    beside = Forest(("",), heads, rows, (name,), name).right_width()
    most = room - beside - GAP - 0.3 * room
    span = room - beside
    if name > most and most < _NAMES:
        # Names that would stand a word a line stand above their rows instead.
        pairs = ((row,) if row.heading else (replace(row, heading=True, right=(), values=None),
                 replace(row, left=("",))) for row in rows)  # fmt: skip
        rows, name, span = [row for pair in pairs for row in pair], INDENT, room
    forest = Forest(("",), heads, rows, (min(name, most),), span).broken()
    scale, unit = _scale(result, kind)
    unit = tr("Without event (%)") if free and kind == SHARES else unit
    return forest, scale, unit or what


def _sites(parts: Iterable[str], names: list[str]) -> list[str]:
    """Return the names of sites; of what is said without a site so."""
    return [tr("without {site}", site=name) if part == "without" else name
            for part, name in zip(parts, names, strict=True)]  # fmt: skip


def _days(texts: list[str]) -> list[str]:
    return [tr("day {day}", day=text) if text else "" for text in texts]


def _head(kind: str) -> str:
    return tr("Rate") if kind == SHARES else tr("Difference") if kind == DIFFERENCES else (
        tr("Ratio") if kind == RATIOS else tr("Estimate")
    )  # fmt: skip


def _styles(result: Result) -> list[Look | None]:
    if not result.by or "" in result.by:
        return [None] * len(result.frame)
    look = looks(result)
    keys = result.frame[result.by].itertuples(index=False, name=None)
    return [look[tuple(key)] for key in keys]


def _scale(result: Result, kind: str) -> tuple[Scale | None, str]:
    """Return the axis of a kind of estimates and what it is called where that is not the kind."""
    if kind == SHARES:
        return None, tr("Subjects (%)")
    frame = result.frame.reindex(columns=["estimate", "conf_low", "conf_high"]).astype(float)
    known = frame.to_numpy()[np.isfinite(frame.to_numpy())]
    if kind == RATIOS:
        return _log_scale(frame["estimate"], known), ""
    largest = float(np.abs(known).max()) if known.size else 1.0
    low = -1.0 if known.size and known.min() < 0 else 0.0
    days, unit, times = 1.0, "", 1.0
    if kind == DAYS:
        days, unit = plain_unit(unit_of(result, kind))
    if kind == DIFFERENCES:
        times = 100.0
    step = round_step(times * largest / days)
    reach = step * math.ceil(times * largest / days / step - 1e-9)
    marks = np.arange(low * reach, reach + step / 2, step if low == 0 else reach / 2)

    def place(value: float) -> float:
        return (times * value / days - low * reach) / (reach * (1 - low))

    ticks = tuple((mark * days / times, f"{mark:g}".replace("-", "−")) for mark in marks)
    return Scale(place, ticks, 0.0 if low else None), unit


def round_step(largest: float) -> float:
    """Return a round step with which an axis has up to five."""
    size = 10.0 ** math.floor(math.log10(largest / 5)) if largest > 0 else 0.2
    return next(s * size for s in (1, 2, 5, 10) if largest / (s * size) <= 5)


def _log_scale(estimates: pd.Series, known: np.ndarray) -> Scale:
    """Return a scale of ratios with 1 in it, that shows every estimate and limits within reason."""
    positive = known[known > 0]
    centre = estimates[(estimates > 0) & np.isfinite(estimates)]
    low = min([1.0, *centre, *positive[positive >= min([1.0, *centre]) / 10]])
    high = max([1.0, *centre, *positive[positive <= max([1.0, *centre]) * 10]])
    lower = max([t for t in _RATIO_TICKS if t <= low], default=_RATIO_TICKS[0])
    upper = min([t for t in _RATIO_TICKS if t >= high], default=_RATIO_TICKS[-1])
    if lower == upper:
        lower, upper = 0.5, 2.0
    ticks = [t for t in _RATIO_TICKS if lower <= t <= upper]
    if len(ticks) > 7:
        ticks = [t for t in ticks if f"{t:g}".strip("0.") == "1"]
    span = math.log(upper / lower)

    def place(value: float) -> float:
        if value != value or value < 0:
            return math.nan
        return math.log(value / lower) / span if value else -math.inf

    return Scale(place, tuple((t, f"{t:g}") for t in ticks), 1.0)
