"""The signal view: how far each toxicity differs between two strata, against how surely."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes

from carstats.report.figures.differences import with_reference
from carstats.report.figures.frame import Page, figure
from carstats.report.figures.labels import abbreviations, level_names
from carstats.report.figures.survival.curves import spread
from carstats.report.format import number, p_value
from carstats.report.style import (
    GREY,
    INK,
    LINE_HEIGHT,
    RULE,
    SIZE,
    level_looks,
    text_width,
    wrap,
)
from carstats.result import Result
from carstats.words import sentence, sentences, tr

_COLUMNS = ("term", "estimate", "p_value", "p_adjusted", "n_event", "n_event_reference")
_HEIGHT, _LEFT = 190.0, 46.0
_POWERS = {0: "1", 1: "0.1", 2: "0.01", 3: "0.001", 4: "10⁻⁴", 5: "10⁻⁵", 6: "≤10⁻⁶"}
# Below this adjusted p-value a term is named; smaller p-values are drawn at the top.
SIGNAL, _SMALLEST = 0.1, 1e-6


@figure(*_COLUMNS, signs="".join(_POWERS.values()))
def signals_figure(page: Page, result: Result) -> None:
    """Draw what `toxicity_signals` returns: each risk difference against its p-value.

    Terms with an adjusted p-value below 0.1 are filled and named.
    """
    every = with_reference(result)
    level, *_, reference = level_names(every, result.by[0]).values()
    frame = result.frame[result.frame["p_value"].notna()]
    found = frame[frame["p_adjusted"] < SIGNAL]
    names = level_names(result, "term")
    words = {term: wrap(names[term], 0.34 * page.inner, most=1)[0] for term in found["term"]}
    room = page.inner - _LEFT - 8 - max(map(text_width, words.values()), default=0.0) - 12
    # The label of the x axis may be as long as two names.
    label = wrap(
        tr(
            "Difference {level} − {reference} (percentage points)",
            level=level, reference=reference,
        ),
        room,
    )  # fmt: skip
    page.begin(
        _HEIGHT + (2.1 + LINE_HEIGHT * len(label)) * SIZE,
        title=tr(
            "Toxicities that differ: {level} and {reference}", level=level, reference=reference
        ),
        notes=[
            tr("Size: subjects with it. Filled and named: adjusted p-value below 0.1.")
            if len(found) else tr("Size: subjects with it. No adjusted p-value is below 0.1."),
            tr("Line: p = 0.05. A signal is a reason to look, and no proof."),
            abbreviations(every),
            abbreviations(replace(result, frame=found), ["term"]),
        ],
        alt=sentences(
            tr("Risk differences against p-values of {n} toxicities.", n=len(frame)),
            _alt(result, found),
        ),
    )  # fmt: skip
    ax = page.axes(_LEFT, 6, room, _HEIGHT - 6)
    _draw(ax, result, frame, "\n".join(label))
    _name(ax, found, words)


def _alt(result: Result, found) -> str:
    if found.empty:
        return tr("Signals: none.")
    names = result.labels.get("term", {})
    signals = tr("; ").join(
        tr(
            "{toxicity} {difference} points, {p_value}",
            toxicity=names.get(row.term, row.term), difference=number(100 * row.estimate, 0),
            p_value=p_value(row.p_value),
        )
        for row in found.itertuples()
    )  # fmt: skip
    return sentence(tr("Signals: {signals}", signals=signals))


def _draw(ax: Axes, result: Result, frame, label: str) -> None:
    look = level_looks(result, result.by[0])[frame[result.by[0]].iloc[0]] if len(frame) else None
    height = -np.log10(np.clip(frame["p_value"].to_numpy(float), _SMALLEST, 1.0))
    reach = float(np.max(np.abs(frame["estimate"].to_numpy(float)), initial=0.1))
    reach = min(1.0, 0.1 * np.ceil(11 * reach))
    top = min(max(2.0, np.ceil(height.max(initial=0.0) + 0.2)), 6.0)
    ax.set(xlim=(-1.05 * reach, 1.05 * reach), ylim=(-0.03 * top, 1.03 * top))
    ax.spines["left"].set_bounds(0, top)
    ticks = np.arange(0, top + 0.5)
    ax.set_yticks(ticks, [_POWERS[int(tick)] for tick in ticks])
    across = np.linspace(-reach, reach, 5)
    ax.set_xticks(across, [number(100 * x, 0) for x in across])
    ax.set_xlabel(label, labelpad=2, linespacing=LINE_HEIGHT)
    ax.set_ylabel(tr("p-value"), labelpad=3)
    ax.axvline(0, color=INK, linewidth=0.6, zorder=0, gid="zero")
    ax.axhline(-np.log10(0.05), color=RULE, linewidth=0.6, zorder=0, gid="grid")
    if look is None:
        return
    size = 8 + 2.2 * np.sqrt(frame["n_event"] + frame["n_event_reference"]).to_numpy(float)
    signal = (frame["p_adjusted"] < SIGNAL).to_numpy()
    x = frame["estimate"].to_numpy(float)
    for mask, face in ((signal, look.colour), (~signal, "white")):
        ax.scatter(
            x[mask], height[mask], s=size[mask] * 1.6, facecolor=face, linewidth=0.9,
            edgecolor=look.colour if face != "white" else GREY, clip_on=False,
            gid="signal" if face != "white" else "term",
        )  # fmt: skip


def _name(ax: Axes, found, words: dict[str, str]) -> None:
    """Name the signals right of the axes, each with a line to its dot."""
    box = ax.get_window_extent()
    low, high = ax.get_ylim()
    gap = SIZE * LINE_HEIGHT * (high - low) / (box.height * 72 / ax.get_figure().dpi)
    found = found.assign(height=-np.log10(np.clip(found["p_value"], _SMALLEST, 1.0)))
    found = found.sort_values("height", kind="stable")
    places = spread(found["height"].tolist(), gap, low + gap, high)
    for row, y in zip(found.itertuples(), places, strict=True):
        ax.annotate(
            words[row.term], (row.estimate, row.height), xytext=(1.0, y), ha="left",
            textcoords=ax.get_yaxis_transform(), va="center_baseline", annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": RULE, "linewidth": 0.5, "shrinkA": 1,
                        "shrinkB": 3, "relpos": (0, 0.5)}, gid="name",
        )  # fmt: skip
