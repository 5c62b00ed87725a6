"""Relapses per subject-year in published trials beside flare rates under treatment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from carstats.data.vocabulary import within_sentence
from carstats.evidence.person_time import FlareRate
from carstats.messages import mark
from carstats.report.figures.evidence.trials import forest_axes, titled_alt
from carstats.report.figures.forest import BEYOND, INDENT, LINE, ROW, Forest, Row, draw_forest
from carstats.report.figures.frame import Page, figure
from carstats.report.figures.labels import abbreviations, level_names, require
from carstats.report.format import NONE, confidence, interval, number, of, with_limits
from carstats.report.style import GREY, INK, SIZE, clean, text_width
from carstats.result import Result
from carstats.words import tr

_TRIAL = ("trial", "disease", "target", "n", "n_event", "subject_years", "estimate", "conf_low",
          "conf_high")  # fmt: skip
_SHADE = "#d9d9d9"
# What data have before the names are broken into lines, and what names have at least, points.
_ENOUGH, _NAMES = 60.0, 90.0
# Rates beyond this are drawn as arrows: the upper limit of one event in two years is above 2.
_END = 1.2
_CAVEATS = mark(
    "The trials' subjects had failed several treatments and the two rates count unlike events: a "
    "flare by visits in a cohort under treatment, a relapse as its trial defines it, "
    "after the cells. Few trials say how they looked for it. Not a comparison of treatments."
)


@figure(*_TRIAL)
def trial_incidence_figure(
    page: Page, trials: Result, pooled: Result, flares: Sequence[FlareRate]
) -> None:
    """Draw relapse rates by follow-up beside the flare rates of one disease under treatment.

    A trial whose follow-up is not reported has its counts and no rate.

    Parameters
    ----------
    page : Page
        The frame's.
    trials : Result
        What `trial_incidence` returns.
    pooled : Result
        What `pooled_incidence` returns by disease.
    flares : list of FlareRate
        The published flare rates, drawn at the bottom in grey.
    """
    require(pooled, "trial_incidence_figure", "disease", "subject_years", "estimate")
    names, targets = trials.labels.get("disease", {}), level_names(trials, "target")
    heading = tr("Relapses per subject-year in published trials")
    inner = page.inner
    rows, marks = [], []

    def add(row, left, indent, kind):
        years = number(row["subject_years"]) if _known(row) else NONE
        right = (of(row["n_event"], row["n"]) if row["n"] else NONE, years, _rate_text(row))
        rows.append(Row(left, right, indent=indent))
        marks.append((kind, row))

    for disease, group in trials.frame.groupby("disease", sort=False):
        rows.append(Row((clean(names.get(disease, disease)),), heading=True))
        marks.append(None)
        for _, row in group.iterrows():
            add(row, (clean(row["trial"]), targets[row["target"]]), INDENT, "trial")
        total = pooled.frame[pooled.frame["disease"] == disease].iloc[0]
        if total["n_trials"] > 1:
            add(total, (tr("Together"), ""), INDENT, "pooled")
    if flares:
        diseases = dict.fromkeys(
            within_sentence(clean(names.get(f.disease, f.disease))) for f in flares
        )
        head = tr("Under treatment: {diseases}", diseases=tr(", ").join(diseases))
        rows.append(Row((head,), heading=True))
        marks.append(None)
    for flare in flares:
        same = flare.low == flare.high
        text = number(flare.low, 2) if same else interval(flare.low, flare.high, 2)
        state = tr(flare.state)
        left = (state[:1].upper() + state[1:], "")
        rows.append(Row(left, ("", "", text), indent=INDENT))
        marks.append(("flare", flare))
    first = max(text_width(r.left[0]) + INDENT + 2 for r in rows if not r.heading)
    first = max(first, _NAMES)
    second = max(text_width(r.left[1]) + 2 for r in rows if not r.heading)
    widths = (first, max(second, text_width(tr("Target")) + 2))
    level = confidence(trials.spec.conf_level)
    heads = (tr("Relapses/subjects"), tr("Years"), tr("Per year ({interval})", interval=level))
    forest = Forest((tr("Trial"), tr("Target")), heads, rows, widths, sum(widths))
    lacking = _ENOUGH - (inner - forest.left_width() - forest.right_width())
    if lacking > 0:
        widths = (max(first - lacking, _NAMES), widths[1])
    forest = replace(forest, widths=widths, span=sum(widths)).broken()
    sources = dict.fromkeys(f.source for f in flares)
    page.begin(
        forest.height() + 3.4 * SIZE,
        title=heading,
        notes=[
            tr("Flare rates under treatment: {sources}.", sources=tr(", ").join(sources))
            if sources else "",
            tr(BEYOND) if (trials.frame["conf_high"] > _END).any() else "",
            tr(_CAVEATS),
            abbreviations(trials, ["target"]),
        ],
        alt=titled_alt(heading, [f"{r.left[0]} {r.right[-1]}" for r in rows if not r.heading]),
    )  # fmt: skip
    left, right = forest.left_width(), forest.right_width()
    _draw(forest_axes(page, forest, 0, left, right), forest, marks)


def _known(row) -> bool:
    return row["subject_years"] == row["subject_years"]


def _rate_text(row) -> str:
    if not _known(row):
        return tr("follow-up not reported")
    limits = interval(row["conf_low"], row["conf_high"], 2)
    return with_limits(number(row["estimate"], 2), limits)


def _draw(ax, forest: Forest, marks) -> None:
    draw_forest(ax, forest, tr("Relapses per subject-year"))
    height = forest.height()
    for line in [line for line in ax.lines if line.get_gid() == "grid"]:
        line.remove()
    ax.set(xlim=(-0.02 * _END, 1.02 * _END), ylim=(height, 0))
    ax.spines["bottom"].set_bounds(0, _END)
    wide = ax.get_window_extent().width * 72 / ax.get_figure().dpi > 84
    ticks = [0, 0.25, 0.5, 0.75, 1.0] if wide else [0, 0.5, 1.0]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    top = ROW + 4
    for i, drawn in enumerate(marks):
        tall = forest.row_height(i)
        y = top + (tall - (max(map(len, forest.lines[i])) - 1) * LINE) / 2
        top += tall
        if drawn is None:
            continue
        kind, row = drawn
        if kind == "flare":
            ax.axvspan(row.low - 0.002, row.high + 0.002, color=_SHADE, zorder=0, linewidth=0,
                       ymax=1 - (ROW + 2) / height, gid="flare")  # fmt: skip
            ax.plot((row.low + row.high) / 2, y, marker="|", markersize=7, color=GREY, gid="flare")
        elif _known(row):
            far = min(row["conf_high"], _END)
            ax.plot((row["conf_low"], far), (y, y), color=INK, linewidth=1.1, gid="interval",
                    solid_capstyle="butt")  # fmt: skip
            if row["conf_high"] > _END:
                ax.plot(_END, y, marker=">", color=INK, markersize=4, clip_on=False, gid="beyond")
            ax.plot(
                row["estimate"], y, marker="D" if kind == "pooled" else "o", markersize=4.6,
                color=INK, linestyle="none", clip_on=False, gid="estimate",
            )  # fmt: skip
