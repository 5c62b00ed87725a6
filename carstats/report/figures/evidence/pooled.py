"""The forest plot of published trials with what they say together, and without each in turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Polygon

from carstats.messages import mark
from carstats.report.figures.evidence.trials import (
    TRIAL_COLUMNS,
    alt_rates,
    draw_panels,
    forest_alt,
    forest_axes,
    forests_of,
    of_panel,
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
from carstats.report.figures.frame import Page, figure
from carstats.report.figures.labels import require
from carstats.report.format import NONE, confidence, counted, of, percent
from carstats.report.style import INK, PAGE_MM, SIZE, clean, text_width, wrap
from carstats.result import Result
from carstats.words import sentence, sentences, tr, tr_n

_POOLED = ("n_trials", *RATE_COLUMNS, "predict_low", "predict_high", "tau2", "note")
_MEDIAN = mark(
    "The pooled rate is that of the median trial and not the sum of the counts beside it."
)
_PREDICTION = "#8a8a8a"
# Least room for the names of the trials of a cohort, points.
_NAMES = 60.0


@figure(signs="abcdefgh")
def pooled_figure(page: Page, panels: Mapping[str, tuple[Result, Result]]) -> None:
    """Draw published trials with their pooled rate and the range of a new trial.

    Parameters
    ----------
    page : Page
        The frame's.
    panels : dict of str to (Result, Result)
        By the panel's name what `trial_rate` and what `pooled_rate` return for the same question.
    """
    for trials, pooled in panels.values():
        require(trials, "pooled_figure", *TRIAL_COLUMNS)
        require(pooled, "pooled_figure", *_POOLED)
    singles = [trials for trials, _ in panels.values()]
    together = [pooled for _, pooled in panels.values()]
    heading = tr("Published trials, pooled")
    plain = forests_of(singles, page.inner, 0.55 * page.inner)
    forests = [_with_pooled(*pair) for pair in zip(plain, together, strict=True)]
    words = sentences(
        *(
            tr(
                "{name}: {text}",
                name=tr(name), text=sentences(alt_rates(trials), _in_words(pooled)),
            )
            for name, (trials, pooled) in panels.items()
        )
    )  # fmt: skip
    drawn = draw_panels(
        page,
        dict(zip(panels, forests, strict=True)),
        title=heading,
        caption=_caption(singles, together),
        alt=forest_alt(heading, words),
    )
    for (name, ax), forest in zip(drawn.items(), forests, strict=True):
        _draw_pooled(ax, forest, panels[name][1])


@figure("left_out", "trials", *_POOLED, width=PAGE_MM - 10)
def leave_one_out_figure(page: Page, result: Result) -> None:
    """Draw what `leave_one_out` returns: the pooled rate of all trials, and without each cohort."""
    heading = tr("{endpoint}, without one cohort in turn", endpoint=clean(result.spec.endpoint))
    rows = []
    for _, row in result.frame.iterrows():
        right = (of(row["n_event"], row["n"]), rate_text(row))
        if row["left_out"] == "none":
            rows.append(Row((tr("None"),), right, values(row)))
        else:
            rows.append(Row((clean(row["trials"]),), right, values(row), filled=False))
    first = max(text_width(text) + 1 for text in [r.left[0] for r in rows] + [tr("Left out")])
    widths = (max(min(first, 0.44 * page.inner), _NAMES),)
    forest = Forest(
        (tr("Left out"),),
        ("n/N", tr("Pooled ({interval})", interval=confidence(result.spec.conf_level))),
        rows,
        widths,
        sum(widths),
    ).broken()
    page.begin(
        forest.height() + 3.4 * SIZE,
        title=heading,
        notes=[
            tr("A filled mark and the line: all trials."),
            tr(_MEDIAN),
            tr("Where homogeneity is assumed, the pooled count with its exact limits.")
            if any(map(_homogeneous, _rows(result))) else "",
        ],
        alt=titled_alt(heading, [f"{r.left[0]} {r.right[1]}" for r in rows]),
    )  # fmt: skip
    ax = forest_axes(page, forest, 0, forest.left_width(), forest.right_width())
    draw_forest(ax, forest, tr("Subjects (%)"))
    overall = float(result.frame["estimate"].iloc[0])
    ax.plot((overall, overall), (ROW + 2, forest.height()), color=INK, linewidth=0.6,
            linestyle=(0, (1, 2)), zorder=0, gid="overall")  # fmt: skip


def _rows(result: Result) -> list[dict]:
    return result.frame.to_dict("records")


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
    captions = dict.fromkeys(result.spec.method for result in together)
    drawn = any(result.frame["predict_low"].notna().any() for result in together)
    words = mark("Diamond: {method}; grey: the prediction interval.")
    methods = [tr(words if drawn else mark("Diamond: {method}."), method=m) for m in captions]
    notes = []
    for i, result in enumerate(together):
        modelled = any(not _homogeneous(row) for row in _rows(result))
        said = dict.fromkeys(note for note in result.frame["note"] if note)
        told = sentences(tr(_MEDIAN) if modelled else "", *map(sentence, said))
        notes.append(of_panel(i, together, told))
    return sentences(trial_caption(singles), *methods, *notes)


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
