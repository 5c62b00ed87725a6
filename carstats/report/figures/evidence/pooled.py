"""The forest plot of published trials with what they say together, and without each in turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from carstats.report.figures.evidence.trials import (
    TRIAL_COLUMNS,
    alt_rates,
    forest_alt,
    forest_axes,
    forests_of,
    titled_alt,
    trial_caption,
)
from carstats.report.figures.forest import (
    INDENT,
    LINE,
    RATE_COLUMNS,
    ROW,
    Forest,
    Row,
    draw_forest,
    rate_text,
    values,
)
from carstats.report.figures.sheet import (
    MARGIN,
    Sheet,
    page_width,
    require,
    texts_of,
)
from carstats.report.format import NONE, confidence, counted, of, percent
from carstats.report.style import INK, PAGE_MM, SIZE, clean, drawing, text_width, wrap
from carstats.result import Result
from carstats.words import sentence, sentences, tr, tr_n

_POOLED = ("n_trials", *RATE_COLUMNS, "predict_low", "predict_high", "tau2", "note")
_PREDICTION = "#8a8a8a"
# Least room for the names of the trials of a cohort, points.
_NAMES = 60.0


def pooled_figure(
    panels: Mapping[str, tuple[Result, Result]],
    *,
    width: float = PAGE_MM,
    heading: str | None = None,
) -> Figure:
    """Draw published trials with their pooled rate and the range of a new trial.

    Parameters
    ----------
    panels : dict of str to (Result, Result)
        By the panel's name what `trial_rate` and what `pooled_rate` return for the same question.
    width : float
        Width in millimetres; 180 by default.
    heading : str, optional
        The line above; "Published trials, pooled" by default.

    Returns
    -------
    matplotlib.figure.Figure
        The diamond spans the limits of the pooled rate, the grey bar the prediction interval.

    Raises
    ------
    CarstatsError
        If a result is not one of trials, or not a pooled one.
    """
    for trials, pooled in panels.values():
        require(trials, "pooled_figure", *TRIAL_COLUMNS)
        require(pooled, "pooled_figure", *_POOLED)
    singles = [trials for trials, _ in panels.values()]
    together = [pooled for _, pooled in panels.values()]
    heading = tr("Published trials, pooled") if heading is None else heading
    with drawing([*texts_of(*singles, *together), heading, *map(tr, panels)]):
        inner = page_width(width) - 2 * MARGIN
        plain = forests_of(singles, inner, 0.55 * inner)
        forests = [_with_pooled(*pair) for pair in zip(plain, together, strict=True)]
        step = 3.4 * SIZE + 2 * LINE
        words = sentences(
            *(
                tr(
                    "{name}: {text}",
                    name=tr(name), text=sentences(alt_rates(trials), _in_words(pooled)),
                )
                for name, (trials, pooled) in panels.items()
            )
        )  # fmt: skip
        sheet = Sheet(
            width,
            sum(forest.height() + step for forest in forests),
            heading=heading,
            caption=_caption(singles, together),
            synthetic=any(result.spec.synthetic for result in singles),
            alt=forest_alt(heading, words),
        )
        left = MARGIN + max(forest.left_width() for forest in forests)
        right = max(forest.right_width() for forest in forests)
        top = 0.0
        for letter, name, forest in zip("abcdefgh", panels, forests, strict=False):
            sheet.write(MARGIN, sheet.top + top, f"{letter}   {tr(name)}", weight="bold", va="top")
            ax = forest_axes(sheet, forest, top + 1.6 * LINE, left, right)
            draw_forest(ax, forest, tr("Subjects (%)"))
            _draw_pooled(ax, forest, panels[name][1])
            top += forest.height() + step
    return sheet.figure


def leave_one_out_figure(
    result: Result, *, width: float = PAGE_MM - 10, heading: str | None = None
) -> Figure:
    """Draw the pooled rate of all trials and without each cohort in turn.

    Parameters
    ----------
    result : Result
        What `leave_one_out` returns.
    width : float
        Width in millimetres; 170 by default.
    heading : str, optional
        The line above; by default what was pooled.

    Returns
    -------
    matplotlib.figure.Figure
        The figure; a line marks the rate of all trials.

    Raises
    ------
    CarstatsError
        If the result is not of `leave_one_out`.
    """
    require(result, "leave_one_out_figure", "left_out", "trials", *_POOLED)
    if heading is None:
        endpoint = clean(result.spec.endpoint)
        heading = tr("{endpoint}, without one cohort in turn", endpoint=endpoint)
    with drawing([*texts_of(result), heading]):
        rows = []
        for _, row in result.frame.iterrows():
            right = (of(row["n_event"], row["n"]), rate_text(row))
            if row["left_out"] == "none":
                rows.append(Row((tr("All trials"), ""), right, values(row)))
            else:
                left = (clean(row["left_out"]), clean(row["trials"]))
                rows.append(Row(left, right, values(row), filled=False))
        inner = page_width(width) - 2 * MARGIN
        first = max(text_width(text) + 1 for text in [r.left[0] for r in rows] + [tr("Left out")])
        first = min(first, 0.27 * inner)
        widths = (first, max(0.44 * inner - first, _NAMES))
        forest = Forest(
            (tr("Left out"), tr("Its trials")),
            ("n/N", tr("Pooled ({interval})", interval=confidence(result.spec.conf_level))),
            rows,
            widths,
            sum(widths),
        ).broken()
        homogeneous = any(map(_homogeneous, result.frame.to_dict("records")))
        sheet = Sheet(
            width,
            forest.height() + 3.4 * SIZE,
            heading=heading,
            caption=sentences(
                result.caption(),
                tr("A filled mark and the line: all trials."),
                tr("Where homogeneity is assumed, the pooled count with its exact limits.")
                if homogeneous
                else "",
            ),
            synthetic=result.spec.synthetic,
            alt=titled_alt(heading, [f"{r.left[0]} {r.right[1]}" for r in rows]),
        )
        left = MARGIN + forest.left_width()
        ax = forest_axes(sheet, forest, 0, left, forest.right_width())
        draw_forest(ax, forest, tr("Subjects (%)"))
        overall = float(result.frame["estimate"].iloc[0])
        ax.plot((overall, overall), (ROW + 2, forest.height()), color=INK, linewidth=0.6,
                linestyle=(0, (1, 2)), zorder=0, gid="overall")  # fmt: skip
    return sheet.figure


def _homogeneous(row: Mapping) -> bool:
    """Say whether several trials were pooled as if they were one."""
    pooled = row["n_trials"] > 1 and row["estimate"] == row["estimate"]
    return pooled and row["predict_low"] != row["predict_low"]


def _with_pooled(forest: Forest, pooled: Result) -> Forest:
    """Return the forest with a pair of rows for every pooled rate under its trials."""
    rows = [*forest.rows, Row((tr("Pooled"),), heading=True)]
    for name, row in _named(pooled):
        n = int(row["n_trials"])
        label = (
            tr("{stratum}, {trials}", stratum=name, trials=counted(n, "trial"))
            if pooled.by
            else tr_n("All {n} trial", "All {n} trials", n)
        )
        rows.append(
            Row((label, "", ""), (of(row["n_event"], row["n"]), rate_text(row)), indent=INDENT)
        )
        expected = _prediction(row)
        label = tr("Expected in a new trial")
        rows.append(Row((label, "", ""), ("", expected), indent=INDENT))
    # These labels run across the columns of trial, target and endpoint.
    added = [[wrap(row.left[0], forest.span)] for row in rows[len(forest.rows) :]]
    return replace(forest, rows=rows, lines=[*forest.lines, *added])


def _named(pooled: Result) -> Iterator[tuple[str, pd.Series]]:
    for key, rows in pooled.strata():
        yield (clean(pooled.label(key)) if key else tr("All trials")), rows.iloc[0]


def _prediction(row: pd.Series) -> str:
    if row["predict_low"] != row["predict_low"]:
        return NONE
    low, high = percent(row["predict_low"]), percent(row["predict_high"])
    return tr("{low} to {high}", low=low, high=high)


def _draw_pooled(ax: Axes, forest: Forest, pooled: Result) -> None:
    """Draw diamonds and prediction intervals on the last rows of a forest."""
    centres, top = [], ROW + 4
    for i in range(len(forest.rows)):
        tall = forest.row_height(i)
        lines = max(map(len, forest.lines[i]))
        centres.append(top + (tall - (lines - 1) * LINE) / 2)
        top += tall
    places = iter(centres[-2 * len(pooled.frame) :])
    for _, row in pooled.frame.iterrows():
        y, below = next(places), next(places)
        estimate, low, high = values(row)
        if estimate == estimate:
            half = 0.36 * ROW
            corners = [(low, y), (estimate, y - half), (high, y), (estimate, y + half)]
            ax.add_patch(Polygon(corners, closed=True, facecolor=INK, gid="pooled", clip_on=False))
        if row["predict_low"] == row["predict_low"]:
            ax.plot(
                (row["predict_low"], row["predict_high"]), (below, below), color=_PREDICTION,
                linewidth=3.2, solid_capstyle="butt", gid="prediction",
            )  # fmt: skip


def _caption(singles: list[Result], together: list[Result]) -> str:
    notes = dict.fromkeys(note for result in together for note in result.frame["note"] if note)
    captions = dict.fromkeys(result.spec.method for result in together)
    methods = [tr("Diamond: {method}; grey: the prediction interval.", method=m) for m in captions]
    return sentences(trial_caption(singles), *methods, *map(sentence, notes))


def _in_words(pooled: Result) -> str:
    return sentences(
        *(
            tr(
                "Pooled, {name}: {rate}; a new trial {expected}.",
                name=name, rate=rate_text(row), expected=_prediction(row),
            )
            for name, row in _named(pooled)
        )
    )  # fmt: skip
