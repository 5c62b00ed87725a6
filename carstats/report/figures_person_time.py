"""Relapses per subject-year in published trials beside flare rates under treatment."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from carstats.evidence.person_time import FlareRate
from carstats.language import sentences
from carstats.report.figures_forest import INDENT, LINE, ROW, Forest, Row
from carstats.report.figures_sheet import (
    MARGIN,
    Sheet,
    abbreviations,
    require,
    texts_of,
)
from carstats.report.format import NONE, confidence, number, of
from carstats.report.style import GREY, INK, PAGE_MM, SIZE, clean, drawing, text_width
from carstats.result import Result

_TRIAL = ("trial", "disease", "target", "n", "n_event", "subject_years", "estimate", "conf_low",
          "conf_high")  # fmt: skip
_SHADE = "#d9d9d9"
# Rates beyond this are drawn as arrows: the upper limit of one event in two years is above 2.
_END = 1.2
_CAVEATS = (
    "The trials' subjects had failed several treatments and the two rates count unlike events: a "
    "flare by visits in a cohort under treatment, a relapse as its trial defines it, "
    "after the cells. Few trials say how they looked for it. Not a comparison of treatments."
)


def trial_incidence_figure(
    trials: Result,
    pooled: Result,
    flares: Sequence[FlareRate],
    *,
    width: float = PAGE_MM,
    heading: str = "Relapses per subject-year in published trials",
) -> Figure:
    """Draw relapse rates by follow-up beside the flare rates of one disease under treatment.

    Parameters
    ----------
    trials : Result
        What `trial_incidence` returns.
    pooled : Result
        What `pooled_incidence` returns by disease.
    flares : list of FlareRate
        The published flare rates.
    width : float
        Width in millimetres; 180 by default.
    heading : str
        The line above.

    Returns
    -------
    matplotlib.figure.Figure
        Trials by disease; the flare rates at the bottom in grey. A trial whose follow-up is not
        reported has its counts and no rate.

    Raises
    ------
    CarstatsError
        If the results are not of these analyses.
    """
    require(trials, "trial_incidence_figure", *_TRIAL)
    require(pooled, "trial_incidence_figure", "disease", "subject_years", "estimate")
    names = trials.labels.get("disease", {})
    with drawing([*texts_of(trials, pooled), heading, *(f.state for f in flares), _CAVEATS]):
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
                add(row, (clean(row["trial"]), clean(row["target"])), INDENT, "trial")
            total = pooled.frame[pooled.frame["disease"] == disease].iloc[0]
            if total["n_trials"] > 1:
                add(total, ("Together", ""), INDENT, "pooled")
        if flares:
            diseases = dict.fromkeys(clean(names.get(f.disease, f.disease)) for f in flares)
            rows.append(Row((f"Under treatment: {', '.join(diseases).lower()}",), heading=True))
            marks.append(None)
        for flare in flares:
            same = flare.low == flare.high
            text = number(flare.low, 2) if same else f"{number(flare.low, 2)}–{flare.high:.2f}"
            rows.append(Row((flare.state[0].upper() + flare.state[1:], ""), ("", "", text),
                            indent=INDENT))  # fmt: skip
            marks.append(("flare", flare))
        first = max(text_width(r.left[0]) + INDENT + 2 for r in rows if not r.heading)
        widths = (first, max(text_width(clean(t)) + 2 for t in ["Target", *trials.frame["target"]]))
        heads = ("Relapses/subjects", "Years", f"Per year ({confidence(trials.spec.conf_level)})")
        forest = Forest(("Trial", "Target"), heads, rows, widths, sum(widths)).broken()
        sources = dict.fromkeys(f.source for f in flares)
        sheet = Sheet(
            width,
            forest.height() + 3.4 * SIZE,
            heading=heading,
            caption=sentences(
                trials.caption(),
                f"Flare rates under treatment: {', '.join(sources)}." if sources else "",
                _CAVEATS,
                abbreviations(trials, ["target"]),
            ),
            synthetic=trials.spec.synthetic,
            alt=f"{heading}. "
            + "; ".join(f"{r.left[0]} {r.right[-1]}" for r in rows if not r.heading)
            + ".",
        )
        left = MARGIN + forest.left_width()
        place = (left, 0, sheet.width - MARGIN - left - forest.right_width(), forest.height())
        _draw(sheet.axes(*place), forest, marks)
    return sheet.figure


def _known(row) -> bool:
    return row["subject_years"] == row["subject_years"]


def _rate_text(row) -> str:
    if not _known(row):
        return "follow-up not reported"
    return f"{number(row['estimate'], 2)} ({number(row['conf_low'], 2)}–" + (
        f"{number(row['conf_high'], 2)})"
    )


def _draw(ax, forest: Forest, marks) -> None:
    from carstats.report.figures_forest import draw_forest

    draw_forest(ax, forest, "Relapses per subject-year")
    height = forest.height()
    for line in [line for line in ax.lines if line.get_gid() == "grid"]:
        line.remove()
    ax.set(xlim=(-0.02 * _END, 1.02 * _END), ylim=(height, 0))
    ax.spines["bottom"].set_bounds(0, _END)
    ticks = [0, 0.25, 0.5, 0.75, 1.0]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    top = ROW + 4
    for i, mark in enumerate(marks):
        tall = forest.row_height(i)
        y = top + (tall - (max(map(len, forest.lines[i])) - 1) * LINE) / 2
        top += tall
        if mark is None:
            continue
        kind, row = mark
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
