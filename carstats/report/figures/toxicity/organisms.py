"""Infections by window and group of organism: a forest of rates per person-time."""

from __future__ import annotations

import math

import numpy as np

from carstats.errors import CarstatsError
from carstats.messages import message
from carstats.report.figures.estimates import round_step
from carstats.report.figures.forest import (
    INDENT,
    RATE_COLUMNS,
    Forest,
    Row,
    Scale,
    check_rows,
    forest_on,
    values,
)
from carstats.report.figures.frame import Page, figure
from carstats.report.figures.labels import abbreviations, stratum_names, titled
from carstats.report.format import NONE, confidence, count, interval, number, with_limits
from carstats.report.style import clean, looks, text_width
from carstats.result import Result
from carstats.words import full_stop, sentence, sentences, tr

# The axis reaches so many times as far as the highest rate: limits of a short window go on.
_REACH = 2.0
# On less room than this, points, there is no place for more ticks than two.
_NARROW = 320.0
# Three strata of four windows have 72 rows; what is longer than two pages is a table.
_MOST = 96


@figure("organism", "person_years", *RATE_COLUMNS)
def organisms_figure(page: Page, result: Result) -> None:
    """Draw what `infections_by_organism` returns: a block for each stratum and window."""
    forest, title = _forest(result, page.inner), titled(result.spec.endpoint, result)
    told = tr("; ").join(" ".join((*row.left, *row.right)) for row in forest.rows)
    per = count(result.spec.options["per"])
    forest_on(
        page,
        forest,
        tr("Events per {n} person-years", n=per),
        scale=_scale(result, narrow=page.inner < _NARROW),
        title=title,
        notes=[
            tr("An episode with organisms of two groups stands in both."),
            abbreviations(result),
        ],
        alt=sentences(sentence(tr("Forest plot of {what}", what=title)), full_stop(told)),
    )


def _forest(result: Result, room: float) -> Forest:
    frame, look = result.frame, looks(result)
    check_rows(result, len(frame), _MOST)
    if "window_start" not in frame:
        frame = frame.assign(window_start=0.0, window_end=np.inf)
    names, label = stratum_names(result), result.labels["organism"]
    rows = []
    for key, part in result.strata():
        mine = frame.loc[part.index]
        for (low, high), window in mine.groupby(["window_start", "window_end"], sort=True):
            first = window.iloc[0]
            head = tr(
                "{window}: {n} subjects, {years} person-years",
                window=_words(low, high), n=count(first["n"]), years=number(first["person_years"]),
            )  # fmt: skip
            head = head[:1].upper() + head[1:]
            rows.append(Row((f"{names[key]} · {head}" if result.by else head,), heading=True))
            for _, row in window.iterrows():
                rows.append(
                    Row(
                        (clean(label[row["organism"]]),),
                        (count(row["n_event"]), _rate(row)),
                        values(row),
                        look[key] if result.by else None,
                        indent=INDENT,
                    )
                )
    widest = max(text_width(row.left[0]) + row.indent for row in rows if not row.heading) + 2
    span = max(text_width(row.left[0], weight="bold") for row in rows if row.heading) + 4
    right = (tr("Episodes"), with_limits(tr("Rate"), confidence(result.spec.conf_level)))
    return Forest(("",), right, rows, (widest,), min(span, room)).broken()


def _rate(row) -> str:
    estimate, low, high = values(row)
    if estimate != estimate:
        return NONE
    return with_limits(number(estimate), interval(low, high))


def _scale(result: Result, *, narrow: bool) -> Scale:
    known = result.frame["estimate"].to_numpy(float)
    largest = _REACH * float(np.nanmax(known, initial=0.0))
    if not largest > 0:
        # Nobody had one: the narrowest of the upper limits is what there is to see.
        largest = float(np.nanmin(result.frame["conf_high"].to_numpy(float), initial=10.0))
    step = round_step(largest)
    reach = step * math.ceil(largest / step - 1e-9)
    marks = np.array([0.0, reach]) if narrow else np.arange(0, reach + step / 2, step)
    return Scale(lambda value: value / reach, tuple((m, f"{m:g}") for m in marks))


def _words(low: float, high: float) -> str:
    if np.isinf(high):
        return tr("after day {day}", day=f"{low - 1:.0f}") if low else tr("whole follow-up")
    return tr("days {low}–{high}", low=f"{low:.0f}", high=f"{high:.0f}")
