"""The forest plot of published trials."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from carstats.data.vocabulary import within_sentence
from carstats.report.figures.forest import (
    GAP,
    INDENT,
    LINE,
    RATE_COLUMNS,
    Forest,
    Row,
    check_room,
    draw_forest,
    rate_text,
    values,
)
from carstats.report.figures.frame import Page, figure, panel
from carstats.report.figures.labels import abbreviations, level_names, require
from carstats.report.format import confidence, of
from carstats.report.style import SIZE, clean, level_looks, text_width
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


@figure(signs="abcdefgh")
def trials_figure(page: Page, panels: Mapping[str, Result]) -> None:
    """Draw the rates of published trials, a panel for each class of endpoint.

    Parameters
    ----------
    page : Page
        The frame's.
    panels : dict of str to Result
        What `trial_rate` returns, by the panel's name: ``{"Remission": …, "Response": …}``.
    """
    for result in panels.values():
        require(result, "trials_figure", *TRIAL_COLUMNS)
    results, heading = list(panels.values()), tr("Published trials")
    counts = sentences(
        *(
            tr("{name}: {text}", name=tr(name), text=alt_rates(result))
            for name, result in panels.items()
        )
    )
    forests = forests_of(results, page.inner, 0.57 * page.inner)
    draw_panels(
        page,
        dict(zip(panels, forests, strict=True)),
        title=heading,
        caption=trial_caption(results),
        alt=forest_alt(heading, counts),
    )


@panel(*TRIAL_COLUMNS)
def plot_trials(result: Result, ax: Axes, *, label_width: float = 240.0) -> Axes:
    """Draw the rates of published trials on axes, grouped by disease.

    `label_width` is the room for trial, target and endpoint in points.
    """
    forest = trial_forest(result, trial_widths([result], label_width))
    return draw_forest(ax, forest, tr("Subjects (%)"))


def draw_panels(page: Page, forests: Mapping[str, Forest], **said: Any) -> dict[str, Axes]:
    """Begin a page and draw forests under one another, each with its name; return their axes."""
    step = 3.4 * SIZE + 2 * LINE
    page.begin(sum(forest.height() + step for forest in forests.values()), **said)
    left = max(forest.left_width() for forest in forests.values())
    right = max(forest.right_width() for forest in forests.values())
    top, drawn = 0.0, {}
    for i, (name, forest) in enumerate(forests.items()):
        # A letter stands before the name in every style: captions name panels by it.
        letter = "" if page.style.letters or len(forests) < 2 else f"{chr(ord('a') + i)}   "
        page.panel(i, 0, top, letter + tr(name), weight="bold", alone=len(forests) < 2)
        ax = forest_axes(page, forest, top + 1.6 * LINE, left, right)
        drawn[name] = draw_forest(ax, forest, tr("Subjects (%)"))
        top += forest.height() + step
    return drawn


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


def of_panel(place: int, panels: Sequence, text: str) -> str:
    """Return a sentence with the letter of the panel it is about, where there are several."""
    if len(panels) < 2 or not text:
        return text
    return tr("{letter}: {caption}", letter=chr(ord("a") + place), caption=text)


def trial_caption(results: Sequence[Result]) -> str:
    """Return the method lines of results of trials, and what open marks and short names mean."""
    open_ones = any(
        not set(result.frame["basis"]) <= _FIRST_HAND
        for result in results
        if "basis" in result.frame
    )
    names = [abbreviations(result, ["target"]) for result in results]
    return sentences(
        *(of_panel(i, results, result.caption()) for i, result in enumerate(results)),
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


def forest_axes(page: Page, forest: Forest, top: float, left: float, right: float) -> Axes:
    """Return axes for a forest between the texts on its left and right, in points."""
    room = page.inner - left - right
    check_room(page, room, _LEAST)
    return page.axes(left, top, room, forest.height())


def forest_alt(heading: str, rows: str) -> str:
    """Return what a forest plot shows, for readers who do not see it."""
    return tr("Forest plot of {what}. {rows}", what=within_sentence(heading), rows=rows)


def titled_alt(heading: str, parts: Sequence[str]) -> str:
    """Return what a figure shows as its heading and a list, for readers who do not see it."""
    return sentences(sentence(heading), sentence(tr("; ").join(parts)))
