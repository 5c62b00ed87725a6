"""The forest of response rates."""

from __future__ import annotations

from matplotlib.axes import Axes

from carstats.report.figures.forest import (
    GAP,
    INDENT,
    RATE_COLUMNS,
    Forest,
    Row,
    draw_forest,
    forest_on,
    rate_text,
    values,
)
from carstats.report.figures.frame import MARGIN, POINTS_PER_MM, Page, figure, panel
from carstats.report.figures.labels import (
    abbreviations,
    level_names,
    rules_named,
    stratum_names,
    titled,
)
from carstats.report.format import NONE, confidence, count, of, with_limits
from carstats.report.style import PAGE_MM, clean, level_looks, text_width
from carstats.result import Result
from carstats.words import sentences, tr

# Below this width in points the per cent sign moves into the column's head.
_NARROW, _LEAST_PLOT = 320.0, 46.0


@figure(*RATE_COLUMNS, one_row=True)
def response_figure(page: Page, result: Result) -> None:
    """Draw what `response_rate` returns as a forest, the first column of `by` as groups."""
    title = titled(result.spec.endpoint, result)
    forest_on(
        page,
        _response_forest(result, page.inner),
        tr("Subjects (%)"),
        title=title,
        notes=[
            rules_named(result), _empty_words(result), abbreviations(result, result.by[1:]),
        ],
        alt=sentences(tr("Forest plot of {title}.", title=title), _alt_rates(result)),
    )  # fmt: skip


@panel(*RATE_COLUMNS, one_row=True)
def plot_response(result: Result, ax: Axes, *, width: float = PAGE_MM) -> Axes:
    """Draw response rates on axes; names stand left of them, n/N and interval right.

    `width` is that of the axes with what stands beside them, in millimetres.
    """
    room = width * POINTS_PER_MM - 2 * MARGIN
    return draw_forest(ax, _response_forest(result, room), tr("Subjects (%)"))


def _response_forest(result: Result, room: float) -> Forest:
    rows: list[Row] = []
    names, first = stratum_names(result), None
    main = "target" if "target" in result.by else result.by[-1] if result.by else None
    look = level_looks(result, main) if main else {}
    levels = [level_names(result, column) for column in result.by]
    full = [result.labels.get(column, {}) for column in result.by]
    narrow = room < _NARROW
    missing = not narrow and "n_missing" in result.frame and (result.frame["n_missing"] > 0).any()
    for key, stratum in result.strata():
        row = stratum.iloc[0]
        grouped = len(key) > 1
        if grouped and key[0] != first:
            first = key[0]
            rows.append(Row((clean(full[0].get(first, first)),), heading=True))
        inner = " · ".join(level[v] for level, v in zip(levels[1:], key[1:], strict=True))
        name = inner if grouped else clean(full[0].get(key[0], key[0])) if key else names[key]
        right = [of(row["n_event"], row["n"]), rate_text(row, narrow=narrow)]
        if missing:
            right.insert(1, count(row["n_missing"]) if row["n_missing"] else NONE)
        style = look[key[result.by.index(main)]] if main else None
        rows.append(
            Row((name,), tuple(right), values(row), style, indent=INDENT if grouped else 0.0)
        )
    words = "%" if narrow else tr("Rate")
    heads = (
        "n/N",
        *((tr("Missing"),) if missing else ()),
        with_limits(words, confidence(result.spec.conf_level)),
    )
    name = max(text_width(row.left[0]) + row.indent for row in rows if not row.heading) + 1
    right_width = Forest(("",), heads, rows, (name,), name).right_width()
    most = room - right_width - GAP - (_LEAST_PLOT if narrow else 0.3 * room)
    return Forest(("",), heads, rows, (min(name, most),), room - right_width).broken()


def _empty_words(result: Result) -> str:
    frame = result.frame
    empty = frame["n"] == 0
    if not empty.any():
        return ""
    outside = empty & (frame["n_not_applicable"] > 0 if "n_not_applicable" in frame else False)
    if not outside.any():
        return tr("0/0: the cohort has no such subject.")
    if (empty & ~outside).any():
        return tr("0/0: the endpoint does not apply, or the cohort has no such subject.")
    return tr("0/0: the endpoint does not apply.")


def _alt_rates(result: Result) -> str:
    said = []
    for name, (_, rows) in zip(stratum_names(result).values(), result.strata(), strict=True):
        row = rows.iloc[0]
        counts = of(row["n_event"], row["n"])
        said.append(tr("{name} {n}, {rate}", name=name, n=counts, rate=rate_text(row)))
    return tr("{text}.", text=tr("; ").join(said))
