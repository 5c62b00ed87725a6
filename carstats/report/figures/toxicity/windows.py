"""Toxicity by window of onset: a forest with the subjects at risk in each window."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from carstats.report.figures.forest import (
    INDENT,
    RATE_COLUMNS,
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
    stratum_names,
    texts_of,
)
from carstats.report.format import confidence, of, sentence_list
from carstats.report.style import PAGE_MM, SIZE, clean, drawing, looks, text_width
from carstats.words import full_stop, sentence, sentences, tr
from carstats.result import Result
from carstats.data.vocabulary import column_name

_WINDOW = ("term", "window_start", "window_end", *RATE_COLUMNS)


def windows_figure(result: Result, *, width: float = PAGE_MM, heading: str | None = None) -> Figure:
    """Draw the rate of a toxicity in each window of onset, among those followed at its start.

    Parameters
    ----------
    result : Result
        What `toxicity_rate` returns with `window`.
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
        If the result has no windows, or a character cannot be written.
    """
    require(result, "windows_figure", *_WINDOW)
    with drawing([*texts_of(result), heading or ""]):
        inner = page_width(width) - 2 * MARGIN
        forest = _forest(result, inner)
        rows = tr("; ").join(
            f"{row.left[0]} {row.right[0]}" if row.right else row.left[0] for row in forest.rows
        )
        title = _heading(result)
        sheet = Sheet(
            width,
            forest.height() + 3.4 * SIZE,
            heading=title if heading is None else heading,
            caption=sentences(
                result.caption(),
                tr("N is the subjects still followed on the first day of the window."),
                abbreviations(result),
            ),
            synthetic=result.spec.synthetic,
            alt=sentences(sentence(tr("Forest plot of {what}", what=title)), full_stop(rows)),
        )
        left = MARGIN + forest.left_width()
        room = sheet.width - MARGIN - left - forest.right_width()
        ax = sheet.axes(left, 0, room, forest.height())
        draw_forest(ax, forest, tr("Subjects (%)"))
    return sheet.figure


def _heading(result: Result) -> str:
    # The endpoint ends with "by onset" already.
    strata = sentence_list([column_name(column) for column in result.by])
    if len(result.by) > 1:
        return tr("{endpoint}, {strata}", endpoint=result.spec.endpoint, strata=strata)
    if strata:
        return tr("{endpoint} and {strata}", endpoint=result.spec.endpoint, strata=strata)
    return result.spec.endpoint


def _forest(result: Result, inner: float) -> Forest:
    names, look, rows = stratum_names(result), looks(result), []
    terms = {
        t: clean(result.labels.get("term", {}).get(t, t))
        for t in dict.fromkeys(result.frame["term"])
    }
    narrow = inner < 320
    for term, label in terms.items():
        for key, stratum in result.strata():
            parts = [label] if len(terms) > 1 else []
            parts += [names[key]] if result.by else []
            if parts:
                rows.append(Row((" · ".join(parts),), heading=True))
            for _, row in stratum[stratum["term"] == term].iterrows():
                rows.append(
                    Row(
                        (_words(row["window_start"], row["window_end"]),),
                        (
                            of(row["n_event"], row["n"], row.get("n_possible")),
                            rate_text(row, narrow=narrow),
                        ),
                        values(row),
                        look[key],
                        indent=INDENT if parts else 0.0,
                    )
                )
    widest = max(text_width(row.left[0]) + row.indent for row in rows if not row.heading) + 2
    span = max([widest, *(text_width(r.left[0], weight="bold") for r in rows if r.heading)]) + 4
    heads = (tr("Onset"),)
    right = ("n/N", tr("Rate ({interval})", interval=confidence(result.spec.conf_level)))
    return Forest(heads, right, rows, (widest,), min(max(span, 0.5 * inner), inner)).broken()


def _words(low: float, high: float) -> str:
    if np.isinf(high):
        return tr("after day {day}", day=f"{low - 1:.0f}")
    return tr("days {low}–{high}", low=f"{low:.0f}", high=f"{high:.0f}")
