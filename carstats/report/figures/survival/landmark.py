"""The landmark forest: who is still free of an event at fixed days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from matplotlib.figure import Figure

from carstats.data.vocabulary import within_sentence
from carstats.errors import CarstatsError
from carstats.messages import Message, found, message
from carstats.report.figures.forest import (
    GAP,
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
    require_one_row,
    stratum_names,
    texts_of,
    titled,
)
from carstats.report.format import DAYS_PER_MONTH, NONE, confidence, count, number, of
from carstats.report.style import PAGE_MM, SIZE, drawing, looks, text_width
from carstats.result import Result
from carstats.words import caption, full_stop, sentences, tr


def landmark_figure(
    results: Sequence[Result], *, width: float = PAGE_MM, heading: str | None = None
) -> Figure:
    """Draw landmark rates as a forest, a group of rows for each landmark.

    Parameters
    ----------
    results : list of Result
        What `landmark_rate` returns for each landmark, of one endpoint and one `by`.
    width : float
        Width in millimetres: 120 or more.
    heading : str, optional
        The line above; by default the endpoint and what it is reported by.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, its caption under it, with n/N, those lost, and those not yet eligible beside.

    Raises
    ------
    CarstatsError
        If there is no result, one is of no landmark, or a character cannot be written.
    """
    results = list(results)
    if not results:
        raise CarstatsError(
            message("landmark_figure draws one or more results of landmark_rate(); none.")
        )
    for result in results:
        require(result, "landmark_figure", *RATE_COLUMNS, "n_not_eligible", "n_missing")
        require_one_row(result, "landmark_figure")
    with drawing([*texts_of(*results), heading or ""]):
        spec = results[0].spec
        inner = page_width(width) - 2 * MARGIN
        forest = _forest(results, inner)
        sheet = Sheet(
            width,
            forest.height() + 3.4 * SIZE,
            heading=titled(
                tr("{endpoint} at landmarks: known to be free", endpoint=spec.endpoint), results[0]
            )
            if heading is None
            else heading,
            caption=sentences(
                caption(replace(spec, method=_any_landmark(spec.method))),
                tr(
                    "Lost: last seen before the landmark without the event, counted as not known "
                    "to be free; a curve counts them for as long as they were seen."
                ),
                tr("Not yet: data cut-off before the landmark, not counted."),
                abbreviations(results[0]),
            ),
            synthetic=spec.synthetic,
            alt=_alt(results),
        )
        left = MARGIN + forest.left_width()
        room = sheet.width - MARGIN - left - forest.right_width()
        ax = sheet.axes(left, 0, room, forest.height())
        draw_forest(ax, forest, tr("Known to be free of the event (%)"))
    return sheet.figure


def _any_landmark(method: str) -> str:
    """Return a method line of one landmark as that of several."""
    said = found(method)
    return said.with_values(moment=message("the landmark")) if isinstance(said, Message) else method


def _moment(result: Result) -> str:
    day = result.spec.options["at"]
    return tr("Month {month} ({day})", month=number(day / DAYS_PER_MONTH, 0), day=_day(result))


def _day(result: Result) -> str:
    return tr("day {day}", day=f"{result.spec.options['at']:g}")


def _forest(results: Sequence[Result], room: float) -> Forest:
    rows: list[Row] = []
    for result in results:
        rows.append(Row((_moment(result),), heading=True))
        look, names = looks(result), stratum_names(result)
        for key, stratum in result.strata():
            row = stratum.iloc[0]
            right = (
                of(row["n_event"], row["n"]),
                count(row["n_missing"]) if row["n_missing"] else NONE,
                count(row["n_not_eligible"]) if row["n_not_eligible"] else NONE,
                rate_text(row),
            )
            rows.append(Row((names[key],), right, values(row), look[key], indent=INDENT))
    heads = (
        "n/N",
        tr("Lost"),
        tr("Not yet"),
        tr("Known free ({level})", level=confidence(results[0].spec.conf_level)),
    )
    name = max(text_width(r.left[0]) + r.indent for r in rows if not r.heading) + 1
    beside = Forest(("",), heads, rows, (name,), name).right_width()
    most = room - beside - GAP - 0.28 * room
    return Forest(("",), heads, rows, (min(name, most),), room - beside).broken()


def _alt(results: Sequence[Result]) -> str:
    parts = []
    for result in results:
        names = stratum_names(result)
        rows = (
            tr(
                "{name} {n}, {rate}",
                name=names[key],
                n=of(part.iloc[0]["n_event"], part.iloc[0]["n"]),
                rate=rate_text(part.iloc[0]),
            )
            for key, part in result.strata()
        )
        text = tr("; ").join(rows)
        parts.append(full_stop(tr("{name}: {text}", name=_moment(result), text=text)))
    endpoint = within_sentence(results[0].spec.endpoint)
    return sentences(tr("Forest plot of {endpoint}.", endpoint=endpoint), *parts)
