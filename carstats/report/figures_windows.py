"""Toxicity by window of onset: a forest with the subjects at risk in each window."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from carstats.language import sentences
from carstats.report.figures_forest import (
    INDENT,
    RATE_COLUMNS,
    Forest,
    Row,
    draw_forest,
    rate_text,
    values,
)
from carstats.report.figures_sheet import (
    MARGIN,
    Sheet,
    abbreviations,
    page_width,
    require,
    stratum_names,
    texts_of,
    titled,
)
from carstats.report.format import confidence, of
from carstats.report.style import PAGE_MM, SIZE, clean, drawing, looks, text_width
from carstats.result import Result

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
        rows = "; ".join(
            f"{row.left[0]} {row.right[0]}" if row.right else row.left[0] for row in forest.rows
        )
        sheet = Sheet(
            width,
            forest.height() + 3.4 * SIZE,
            heading=_heading(result) if heading is None else heading,
            caption=sentences(
                result.caption(),
                "N is the subjects still followed on the first day of the window.",
                abbreviations(result),
            ),
            synthetic=result.spec.synthetic,
            alt=f"{titled(f'Forest plot of {result.spec.endpoint}', result)}. {rows}.",
        )
        left = MARGIN + forest.left_width()
        room = sheet.width - MARGIN - left - forest.right_width()
        ax = sheet.axes(left, 0, room, forest.height())
        draw_forest(ax, forest, "Subjects (%)")
    return sheet.figure


def _heading(result: Result) -> str:
    return titled(result.spec.endpoint, result).replace(" by ", " and ")


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
                        (of(row["n_event"], row["n"]), rate_text(row, narrow=narrow)),
                        values(row),
                        look[key],
                        indent=INDENT if parts else 0.0,
                    )
                )
    widest = max(text_width(row.left[0]) + row.indent for row in rows if not row.heading) + 2
    span = max([widest, *(text_width(r.left[0], weight="bold") for r in rows if r.heading)]) + 4
    heads = ("Onset",)
    right = ("n/N", f"Rate ({confidence(result.spec.conf_level)})")
    return Forest(heads, right, rows, (widest,), max(span, 0.5 * inner)).broken()


def _words(low: float, high: float) -> str:
    return f"after day {low - 1:.0f}" if np.isinf(high) else f"days {low:.0f}–{high:.0f}"
