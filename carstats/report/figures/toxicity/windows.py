"""Toxicity by window of onset: a forest with the subjects at risk in each window."""

from __future__ import annotations

import numpy as np

from carstats.data.vocabulary import column_name
from carstats.report.figures.forest import (
    INDENT,
    RATE_COLUMNS,
    Forest,
    Row,
    forest_on,
    rate_text,
    values,
)
from carstats.report.figures.frame import Page, figure
from carstats.report.figures.labels import abbreviations, stratum_names
from carstats.report.format import confidence, of, sentence_list, with_limits
from carstats.report.style import clean, looks, text_width
from carstats.result import Result
from carstats.words import full_stop, sentence, sentences, tr


@figure("term", "window_start", "window_end", *RATE_COLUMNS)
def windows_figure(page: Page, result: Result) -> None:
    """Draw what `toxicity_rate` with `window` returns: rates among those followed at its start."""
    forest, title = _forest(result, page.inner), _heading(result)
    rows = tr("; ").join(
        f"{row.left[0]} {row.right[0]}" if row.right else row.left[0] for row in forest.rows
    )
    forest_on(
        page,
        forest,
        tr("Subjects (%)"),
        title=title,
        notes=[
            tr("N is the subjects still followed on the first day of the window."),
            abbreviations(result),
        ],
        alt=sentences(sentence(tr("Forest plot of {what}", what=title)), full_stop(rows)),
    )


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
    words = "%" if narrow else tr("Rate")
    right = ("n/N", with_limits(words, confidence(result.spec.conf_level)))
    return Forest(heads, right, rows, (widest,), min(max(span, 0.5 * inner), inner)).broken()


def _words(low: float, high: float) -> str:
    if np.isinf(high):
        return tr("after day {day}", day=f"{low - 1:.0f}")
    return tr("days {low}–{high}", low=f"{low:.0f}", high=f"{high:.0f}")
