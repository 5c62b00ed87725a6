"""The forest of a toxicity rate beside those of the oncology trials."""

from __future__ import annotations

from dataclasses import replace

from matplotlib.axes import Axes

from carstats.messages import found, mark, message
from carstats.report.figures.forest import (
    GAP,
    INDENT,
    RATE_COLUMNS,
    ROW,
    Forest,
    Row,
    forest_on,
    values,
)
from carstats.report.figures.frame import Page, figure
from carstats.report.figures.labels import abbreviations, stratum_names, titled
from carstats.report.format import confidence, counted, of, percent, rate
from carstats.report.style import (
    GREY,
    INK,
    RULE,
    Look,
    clean,
    level_looks,
    text_width,
    wrap,
)
from carstats.result import Result
from carstats.words import caption, full_stop, sentence, sentences, tr

_NEEDED = ("row", "trial", "target", "costimulation", "grading_scale", "probability_lower", "note")
_LEAST = 120.0
# Below this width in points there is no column for a scale that all have, and no room for signs.
_NARROW = 420.0
_KINDS = {"reference": mark("Mean of the trials"), "new trial": mark("One more such trial")}


@figure(*_NEEDED, *RATE_COLUMNS)
def benchmark_figure(page: Page, result: Result) -> None:
    """Draw what `toxicity_benchmark` returns: a rate beside those of the oncology trials."""
    page.at_least(_LEAST)
    forest = _forest(result, page.inner)
    shown = result.frame[result.frame["row"] != "difference"]
    ax = forest_on(
        page,
        forest,
        tr("Subjects (%)"),
        title=titled(result.spec.endpoint, result),
        caption=_caption(result),
        notes=[_notes(result), abbreviations(result)],
        alt=sentences(
            sentence(tr("Forest plot of {what}", what=result.spec.endpoint)), _alt(result)
        ),
    )
    room = page.inner - forest.left_width() - forest.right_width()
    _zoom(ax, float(shown["conf_high"].max()), forest.height(), room)


def _caption(result: Result) -> str:
    """Return the method line without the differences, which are not drawn."""
    spec, told = result.spec, getattr(found(result.spec.method), "values", {})
    if {"scale", "level"} <= set(told):
        method = message(
            "graded by {scale}, one report of each trial; Clopper–Pearson {level} % limits; from "
            "three trials on beta-binomial, posterior medians",
            scale=told["scale"], level=told["level"],
        )  # fmt: skip
        spec = replace(spec, method=method)
    return caption(spec)


def _forest(result: Result, inner: float) -> Forest:
    names, rows = stratum_names(result), []
    caps = [part * 0.46 * inner for part in (0.5, 0.28, 0.22)]
    narrow = inner < _NARROW
    column = "reference_target" if "target" in result.by else "target"
    look = level_looks(result, column)
    for key, stratum in result.strata():
        if result.by:
            rows.append(Row((names[key],), heading=True))
        for _, row in stratum[stratum["row"] != "difference"].iterrows():
            kind = row["row"]
            first = tr("Observed") if kind == "observed" else clean(row["trial"])
            if kind in _KINDS:
                first = tr(_KINDS[kind])
            costimulation = clean(row["costimulation"])
            product = " · ".join(t for t in (clean(row[column]), costimulation) if t)
            if kind == "observed" and len(wrap(product, caps[1])) > 2:
                product = tr("several")
            lower = percent(row["probability_lower"]) if kind in _KINDS else ""
            style = Look(GREY, "solid", "D") if kind in _KINDS else look[row[column]]
            if kind == "observed":
                style = Look(INK, "solid", "s")
            numbers, scale = of(row["n_event"], row["n"]), ""
            if kind in _KINDS:
                numbers = counted(row["n_trials"], "trial")
            else:
                scale = tr(clean(row["grading_scale"] or "not stated").split("(")[0].strip())
            left = (first, product, scale)
            rows.append(
                Row(left, (numbers, _rate(row, narrow=narrow), lower), values(row), style,
                    kind != "new trial", indent=INDENT if result.by else 0.0)
            )  # fmt: skip
    heads = (tr("Rate of"), tr("Target"), tr("Scale"))
    if narrow and len({row.left[2] for row in rows if not row.heading} - {""}) < 2:
        # The method line names it.
        heads = heads[:2]
        rows = [row if row.heading else replace(row, left=row.left[:2]) for row in rows]
    widths = [
        min(
            max(text_width(r.left[i]) + r.indent * (i == 0) for r in rows if not r.heading) + 2, cap
        )
        for i, cap in enumerate(caps[: len(heads)])
    ]
    interval = confidence(result.spec.conf_level)
    right = ("n/N", tr("Rate ({interval})", interval=interval), tr("P(lower)"))
    return Forest(heads, right, rows, tuple(widths), sum(widths) + 2 * GAP).broken()


def _rate(row, *, narrow: bool = False) -> str:
    text = rate(row["estimate"], row["conf_low"], row["conf_high"], 1)
    return text.replace("\u00a0%", "").replace("%", "") if narrow else text


def _zoom(ax: Axes, highest: float, height: float, width: float) -> None:
    """Show the part of the scale that the limits need, with its own ticks."""
    highest = min(highest, 1.0) if highest == highest else 1.0
    most = max(int(width / 20), 2)
    steps = (0.02, 0.05, 0.1, 0.2, 0.25, 0.5)
    step = next((s for s in steps if -(-highest // s) < most), 1.0)
    end = step * max(-(-highest // step), 1)
    for line in [line for line in ax.lines if line.get_gid() == "grid"]:
        line.remove()
    ticks = [i * step for i in range(round(end / step) + 1)]
    ax.set_xlim(-0.02 * end, 1.02 * end)
    ax.set_xticks(ticks, [f"{100 * tick:.0f}" for tick in ticks])
    ax.spines["bottom"].set_bounds(0, end)
    for x in ticks[1:]:
        ax.plot((x, x), (ROW + 2, height), color=RULE, linewidth=0.5, zorder=0, gid="grid")


def _notes(result: Result) -> str:
    """Say how the trials were matched, and what is open and grey."""
    notes = [clean(n) for n in result.frame.loc[result.frame["row"] == "observed", "note"]]
    names = stratum_names(result)
    said = [
        full_stop(tr("{name}: {text}", name=names[key], text=note) if result.by else note)
        for (key, _), note in zip(result.strata(), notes, strict=True)
        if note
    ]
    accepted = dict.fromkeys(
        clean(note) for note in result.frame.loc[result.frame["row"] == "trial", "note"] if note
    )
    pooled = (result.frame["row"] == "reference").any()
    return sentences(
        *said,
        sentence(tr("; ").join(accepted)),
        tr("P(lower): posterior probability that the observed rate is lower.") if pooled else "",
    )


def _alt(result: Result) -> str:
    """Return the counts of each row, those of a stratum under its name."""
    names, parts, observed = stratum_names(result), [], tr("observed")
    for key, stratum in result.strata():
        shown = stratum[stratum["row"] != "difference"]
        rows = tr("; ").join(
            f"{clean(row['trial']) or observed} "
            f"{_rate(row) if row['row'] in _KINDS else of(row['n_event'], row['n'])}"
            for _, row in shown.iterrows()
        )
        parts.append(tr("{name}: {text}", name=names[key], text=rows) if result.by else rows)
    return sentences(*map(sentence, parts))
