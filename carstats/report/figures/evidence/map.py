"""The map of the published evidence: how many subjects of each disease, against each target."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.patches import Circle

from carstats.report.figures.evidence.trials import titled_alt
from carstats.report.figures.frame import Page, figure
from carstats.report.figures.labels import abbreviations, level_names, plain_axes
from carstats.report.format import count, counted, with_limits
from carstats.report.style import (
    GREY,
    INK,
    PAGE_MM,
    PALE,
    SIZE,
    SMALL,
    clean,
    level_looks,
    text_width,
    wrap,
)
from carstats.result import Result
from carstats.words import tr

_LINE = 1.3 * SIZE


@figure("disease", "target", "n", "n_trials", width=PAGE_MM - 30)
def evidence_map_figure(page: Page, result: Result) -> None:
    """Draw what `evidence_map` returns: a circle for each disease and target, by its subjects.

    An empty cell means that no trial of the table treated such subjects.
    """
    heading = clean(result.spec.endpoint)
    frame = result.frame
    diseases, targets = (list(dict.fromkeys(frame[c])) for c in ("disease", "target"))
    names, heads = result.labels.get("disease", {}), level_names(result, "target")
    looks = level_looks(result, "target")
    inner = page.inner
    labels = [wrap(clean(names.get(d, d)), 0.45 * inner, most=3) for d in diseases]
    room = max(text_width(line) for lines in labels for line in lines) + 8
    step = (inner - room) / len(targets)
    tall = 34.0
    top = max(len(wrap(heads[t], step - 4)) for t in targets) * _LINE + 6
    body = top + tall * len(diseases)
    parts = [
        tr(
            "{disease}, {target}: {subjects} in {trials}",
            disease=clean(names.get(r.disease, r.disease)), target=heads[r.target],
            subjects=counted(int(r.n), "subject"), trials=counted(int(r.n_trials), "trial"),
        )
        for r in frame.itertuples()
    ]  # fmt: skip
    page.begin(
        body + 4,
        title=heading,
        notes=[tr("Area: subjects. In brackets: trials."), abbreviations(result, ["target"])],
        alt=titled_alt(heading, parts),
    )
    ax = page.axes(0, 0, inner, body)
    plain_axes(ax)
    ax.set(xlim=(0, inner), ylim=(body, 0))
    for j, target in enumerate(targets):
        lines = "\n".join(wrap(heads[target], step - 4))
        ax.text(room + (j + 0.5) * step, 0, lines, ha="center", va="top", color=GREY)
    for i, lines in enumerate(labels):
        y = top + (i + 0.5) * tall
        ax.plot((0, inner), (y + tall / 2, y + tall / 2), color=PALE, linewidth=0.6, zorder=0)
        for j, line in enumerate(lines):
            at = y + (j - (len(lines) - 1) / 2) * _LINE
            ax.text(0, at, line, va="center_baseline", gid="name")
    texts = [with_limits(count(r.n), count(r.n_trials)) for r in frame.itertuples()]
    # The largest circle fills its cell.
    scale = min(tall, step) * 0.46 / max(frame["n"].max(), 1) ** 0.5
    ends = [scale * r.n**0.5 + 2.5 + text_width(text, SMALL)
            for r, text in zip(frame.itertuples(), texts, strict=True)]  # fmt: skip
    largest = scale * frame["n"].max() ** 0.5
    last = [end for end, t in zip(ends, frame["target"], strict=True) if t == targets[-1]]
    below = max(ends) > step - largest or max(last) > step / 2
    if below:
        scale *= min(tall - 2 * SMALL, step) / min(tall, step)
    for row, text in zip(frame.itertuples(), texts, strict=True):
        x = room + (targets.index(row.target) + 0.5) * step
        y = top + (diseases.index(row.disease) + 0.5) * tall - (SMALL if below else 0)
        radius = scale * row.n**0.5
        _circle(ax, x, y, radius, looks[row.target].colour)
        inside = 2 * radius > text_width(text, SMALL) + 6
        if inside or not below:
            ax.text(
                x if inside else x + radius + 2.5, y, text,
                ha="center" if inside else "left", va="center_baseline",
                size=SMALL, color="white" if inside else INK, gid="number",
            )  # fmt: skip
        else:
            ax.text(x, y + radius + 1.5, text, ha="center", va="top", size=SMALL, gid="number")


def _circle(ax: Axes, x: float, y: float, radius: float, colour: str) -> None:
    ax.add_patch(Circle((x, y), radius, facecolor=colour, edgecolor="none", gid="subjects"))
