"""The forest plot of published trials."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from carstats.data.vocabulary import within_sentence
from carstats.errors import CarstatsError
from carstats.messages import message
from carstats.report.figures.forest import (
    GAP,
    INDENT,
    LINE,
    RATE_COLUMNS,
    Forest,
    Row,
    draw_forest,
    rate_text,
    values,
)
from carstats.report.figures.sheet import (
    MARGIN,
    POINTS_PER_MM,
    Sheet,
    abbreviations,
    level_names,
    page_width,
    require,
    texts_of,
)
from carstats.report.format import confidence, of
from carstats.report.style import PAGE_MM, SIZE, clean, drawing, level_looks, text_width
from carstats.result import Result
from carstats.words import sentence, sentences, tr

TRIAL_COLUMNS = ("trial", "disease", "target", "endpoint", *RATE_COLUMNS)
# Room for three tick labels, and what data have before texts are broken more often, points.
_LEAST, _ENOUGH = 48.0, 80.0
# Trial, target and an endpoint of two words a line.
_NARROW = 190.0
# Numbers that rest on the trial's own report are drawn filled, all others open.
_FIRST_HAND = frozenset(
    {"abstract", "congress abstract", "derived", "full text", "registry", "label"}
)


def trials_figure(
    panels: dict[str, Result], *, width: float = PAGE_MM, heading: str | None = None
) -> Figure:
    """Draw the rates of published trials, a panel for each class of endpoint.

    Parameters
    ----------
    panels : dict of str to Result
        What `trial_rate` returns, by the panel's name: ``{"Remission": …, "Response": …}``.
    width : float
        Width in millimetres; 180 by default.
    heading : str, optional
        The line above; "Published trials" by default.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, its caption under it.

    Raises
    ------
    CarstatsError
        If a result is not one of trials.
    """
    for result in panels.values():
        require(result, "trials_figure", *TRIAL_COLUMNS)
    results = list(panels.values())
    heading = tr("Published trials") if heading is None else heading
    with drawing([*texts_of(*results), heading, *map(tr, panels)]):
        inner = page_width(width) - 2 * MARGIN
        forests = forests_of(results, inner, 0.57 * inner)
        step = 3.4 * SIZE + 2 * LINE
        body = sum(forest.height() + step for forest in forests)
        counts = sentences(
            *(
                tr("{name}: {text}", name=tr(name), text=alt_rates(result))
                for name, result in panels.items()
            )
        )
        sheet = Sheet(
            width, body, heading=heading, caption=trial_caption(results),
            synthetic=any(result.spec.synthetic for result in results),
            alt=forest_alt(heading, counts),
        )  # fmt: skip
        left = MARGIN + max(forest.left_width() for forest in forests)
        right = max(forest.right_width() for forest in forests)
        top = 0.0
        for letter, name, forest in zip("abcdefgh", panels, forests, strict=False):
            sheet.write(MARGIN, sheet.top + top, f"{letter}   {tr(name)}", weight="bold", va="top")
            ax = forest_axes(sheet, forest, top + 1.6 * LINE, left, right)
            draw_forest(ax, forest, tr("Subjects (%)"))
            top += forest.height() + step
    return sheet.figure


def plot_trials(result: Result, ax: Axes, *, label_width: float = 240.0) -> Axes:
    """Draw the rates of published trials on axes, grouped by disease.

    Parameters
    ----------
    result : Result
        What `trial_rate` returns.
    ax : matplotlib.axes.Axes
        Where to draw, with room beside it.
    label_width : float
        Room for trial, target and endpoint, points.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.

    Raises
    ------
    CarstatsError
        If the result is not one of trials.
    """
    require(result, "plot_trials", *TRIAL_COLUMNS)
    with drawing(texts_of(result)):
        forest = trial_forest(result, trial_widths([result], label_width))
        return draw_forest(ax, forest, tr("Subjects (%)"))


def trial_forest(result: Result, widths: tuple[float, float, float]) -> Forest:
    """Return the rows of a result of trials, grouped by disease."""
    frame, rows = result.frame, []
    look = level_looks(result, "target")
    diseases, targets = result.labels.get("disease", {}), level_names(result, "target")
    basis = frame.get("basis")
    for disease, group in frame.groupby("disease", sort=False):
        rows.append(Row((clean(diseases.get(disease, disease)),), heading=True))
        for i, row in group.iterrows():
            left = (clean(row["trial"]), _trial_target(row, targets), _trial_endpoint(row))
            filled = basis is None or basis[i] in _FIRST_HAND
            right = (of(row["n_event"], row["n"]), rate_text(row))
            style = look[row["target"]]
            rows.append(Row(left, right, values(row), style, filled, indent=INDENT))
    heads = (tr("Trial"), tr("Target"), tr("Endpoint"))
    right_heads = ("n/N", tr("Rate ({interval})", interval=confidence(result.spec.conf_level)))
    return Forest(heads, right_heads, rows, widths, sum(widths)).broken()


def forests_of(results: Sequence[Result], inner: float, room: float) -> list[Forest]:
    """Return the forests of results whose texts take some room, less where data would lack it."""
    forests = [trial_forest(result, trial_widths(results, room)) for result in results]
    right = max(forest.right_width() for forest in forests)
    if inner - room - right >= _ENOUGH:
        return forests
    room = max(inner - right - _ENOUGH, _NARROW)
    return [trial_forest(result, trial_widths(results, room)) for result in results]


def trial_widths(results: Sequence[Result], room: float) -> tuple[float, float, float]:
    """Share the room left of the data among trial, target and endpoint, alike in all panels."""
    trial = max(40.0, text_width(tr("Trial")) + 1)
    target = max(40.0, text_width(tr("Target")) + 1)
    for result in results:
        names = level_names(result, "target")
        trial = max([trial, *(text_width(clean(t)) + INDENT + 1 for t in result.frame["trial"])])
        target = max(
            [target, *(text_width(_trial_target(r, names)) + 1 for _, r in result.frame.iterrows())]
        )
    trial, target = min(trial, 0.4 * room), min(target, max(0.24 * room, 62.0))
    return trial, target, room - trial - target - 3 * GAP


def _trial_target(row, targets: dict) -> str:
    platform = row.get("platform", "CAR-T")
    return targets[row["target"]] + (
        "" if platform in ("CAR-T", "placebo") else f" {clean(platform)}"
    )


def _trial_endpoint(row) -> str:
    weeks = row.get("timepoint_weeks")
    given = str(row["endpoint"])
    timed = any(word in given for word in ("week", "month", " mo", "wk", "last", "cut-off"))
    text = clean(given).replace(">=", "≥").replace("<=", "≤")
    if weeks is None or weeks != weeks or timed:
        return text
    return tr("{endpoint}, week {week}", endpoint=text, week=f"{weeks:g}")


def trial_caption(results: Sequence[Result]) -> str:
    """Return the method lines of results of trials, and what open marks and short names mean."""
    open_ones = any(
        not set(result.frame["basis"]) <= _FIRST_HAND
        for result in results
        if "basis" in result.frame
    )
    names = [abbreviations(result, ["target"]) for result in results]
    return sentences(
        *dict.fromkeys(result.caption() for result in results),
        tr(
            "Filled: the trial's own report. Open: a secondary report, a company release, or not "
            "found again."
        )
        if open_ones
        else "",
        *dict.fromkeys(names),
    )


def alt_rates(result: Result) -> str:
    """Return the rates of trials in words, for readers who do not see the figure."""
    rows = (row for _, row in result.frame.iterrows())
    return sentence(
        tr("; ").join(
            tr(
                "{trial} {count}, {rate}",
                trial=clean(r["trial"]), count=of(r["n_event"], r["n"]), rate=rate_text(r),
            )
            for r in rows
        )
    )  # fmt: skip


def forest_axes(sheet: Sheet, forest: Forest, top: float, left: float, right: float) -> Axes:
    """Return axes for a forest between the texts on its left and right, in points."""
    room = sheet.width - MARGIN - left - right
    if room < _LEAST:
        raise CarstatsError(
            message(
                "`width` is {width:.0f}; the texts beside the data leave too little room for "
                "them. Draw it wider (a page: 180), or use shorter labels.",
                width=sheet.width / POINTS_PER_MM,
            )
        )
    return sheet.axes(left, top, room, forest.height())


def forest_alt(heading: str, rows: str) -> str:
    """Return what a forest plot shows, for readers who do not see it."""
    return tr("Forest plot of {what}. {rows}", what=within_sentence(heading), rows=rows)


def titled_alt(heading: str, parts: Sequence[str]) -> str:
    """Return what a figure shows as its heading and a list, for readers who do not see it."""
    return sentences(sentence(heading), sentence(tr("; ").join(parts)))
