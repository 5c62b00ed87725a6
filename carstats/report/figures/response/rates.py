"""The forest plot of a study's response rates."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

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
    level_names,
    page_width,
    require,
    require_one_row,
    rules_named,
    stratum_names,
    texts_of,
    titled,
)
from carstats.report.format import NONE, confidence, count, of, with_limits
from carstats.report.style import PAGE_MM, SIZE, clean, drawing, level_looks, text_width
from carstats.words import sentences, tr
from carstats.result import Result

# Below this width in points the per cent sign moves into the column's head.
_NARROW, _LEAST_PLOT = 320.0, 46.0


def response_figure(
    result: Result, *, width: float = PAGE_MM, heading: str | None = None
) -> Figure:
    """Draw the response rates of strata as a forest, the first column of `by` as groups.

    Parameters
    ----------
    result : Result
        What `response_rate` returns.
    width : float
        Width in millimetres: 85 for a column, 180 for a page.
    heading : str, optional
        The line above; by default the endpoint and what it is reported by.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, its caption under it.

    Raises
    ------
    CarstatsError
        If the result has no rates, or a character cannot be written.
    """
    require(result, "response_figure", *RATE_COLUMNS)
    require_one_row(result, "response_figure")
    with drawing([*texts_of(result), heading or ""]):
        inner = page_width(width) - 2 * MARGIN
        forest = _response_forest(result, inner)
        short = abbreviations(result, result.by[1:])
        caption = sentences(result.caption(), rules_named(result), _empty_words(result), short)
        title = titled(result.spec.endpoint, result)
        sheet = Sheet(
            width,
            forest.height() + 3.4 * SIZE,
            heading=title if heading is None else heading,
            caption=caption,
            synthetic=result.spec.synthetic,
            alt=sentences(tr("Forest plot of {title}.", title=title), _alt_rates(result)),
        )
        left = MARGIN + forest.left_width()
        plot_width = sheet.width - MARGIN - left - forest.right_width()
        ax = sheet.axes(left, 0, plot_width, forest.height())
        draw_forest(ax, forest, tr("Subjects (%)"))
    return sheet.figure


def plot_response(result: Result, ax: Axes, *, width: float = PAGE_MM) -> Axes:
    """Draw response rates on axes; names stand left of them, n/N and interval right.

    Parameters
    ----------
    result : Result
        What `response_rate` returns.
    ax : matplotlib.axes.Axes
        Where to draw, with room beside it.
    width : float
        Width in millimetres of the axes with what stands beside them.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.

    Raises
    ------
    CarstatsError
        If the result has no rates.
    """
    require(result, "plot_response", *RATE_COLUMNS)
    require_one_row(result, "plot_response")
    with drawing(texts_of(result)):
        return draw_forest(
            ax, _response_forest(result, page_width(width) - 2 * MARGIN), tr("Subjects (%)")
        )


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
