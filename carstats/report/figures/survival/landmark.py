"""The landmark forest: who is still free of an event at fixed days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from carstats.data.vocabulary import within_sentence
from carstats.errors import CarstatsError
from carstats.messages import Message, found, message
from carstats.report.figures.forest import (
    GAP,
    INDENT,
    RATE_COLUMNS,
    Forest,
    Row,
    forest_on,
    rate_text,
    values,
)
from carstats.report.figures.frame import Page, figure
from carstats.report.figures.labels import abbreviations, stratum_names, titled
from carstats.report.format import (
    DAYS_PER_MONTH,
    NONE,
    confidence,
    count,
    number,
    of,
    with_limits,
)
from carstats.report.style import looks, text_width
from carstats.result import Result
from carstats.words import caption, full_stop, sentences, tr


# Below this width in points the numbers stand without a sign.
_NARROW = 320.0


@figure(*RATE_COLUMNS, "n_not_eligible", "n_missing", one_row=True)
def landmark_figure(page: Page, results: Sequence[Result]) -> None:
    """Draw landmark rates as a forest, a group of rows for each landmark.

    `results` is what `landmark_rate` returns for each landmark, of one endpoint and one `by`; n/N,
    those lost, and those not yet eligible stand beside.
    """
    if isinstance(results, Result):
        results = [results]
    if not results:
        raise CarstatsError(
            message("landmark_figure draws one or more results of landmark_rate(); none.")
        )
    spec = results[0].spec
    forest_on(
        page,
        _forest(results, page.inner),
        tr("{endpoint}, known (%)", endpoint=spec.endpoint),
        title=titled(tr("{endpoint} at landmarks", endpoint=spec.endpoint), results[0]),
        caption=caption(replace(spec, method=_any_landmark(spec.method))),
        notes=[
            tr(
                "Lost: last seen before the landmark without the event, counted as not known to be "
                "free; a curve counts them for as long as they were seen."
            ),
            tr("Not yet: data cut-off before the landmark, not counted."),
            abbreviations(results[0]),
        ],
        alt=_alt(results),
    )


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
    # Without the sign there is more room for the data; the axis has it.
    narrow = room < _NARROW
    for result in results:
        rows.append(Row((_moment(result),), heading=True))
        look, names = looks(result), stratum_names(result)
        for key, stratum in result.strata():
            row = stratum.iloc[0]
            right = (
                of(row["n_event"], row["n"]),
                count(row["n_missing"]) if row["n_missing"] else NONE,
                count(row["n_not_eligible"]) if row["n_not_eligible"] else NONE,
                rate_text(row, narrow=narrow),
            )
            rows.append(Row((names[key],), right, values(row), look[key], indent=INDENT))
    level = confidence(results[0].spec.conf_level)
    heads = (
        "n/N",
        tr("Lost"),
        tr("Not yet"),
        with_limits("%", level) if narrow else tr("Known ({level})", level=level),
    )
    name = max(text_width(r.left[0]) + r.indent for r in rows if not r.heading) + 1
    beside = Forest(("",), heads, rows, (name,), name).right_width()
    most = room - beside - GAP - (0.2 if narrow else 0.28) * room
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
