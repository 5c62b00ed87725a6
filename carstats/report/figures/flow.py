"""The flow of subjects: how many each criterion left out, and who remains."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from carstats.cohort.enrolment import WAY
from carstats.errors import CarstatsError
from carstats.messages import message
from carstats.report.figures.frame import Page, figure, panel
from carstats.report.figures.labels import plain_axes, require
from carstats.report.format import count
from carstats.report.style import (
    COLUMN_MM,
    GREY,
    INK,
    LINE_HEIGHT,
    PALE,
    SIZE,
    clean,
    text_width,
    wrap,
)
from carstats.result import Result
from carstats.words import caption, full_stop, sentence, sentences, tr

_LINE = SIZE * LINE_HEIGHT
_PAD = 5.0
_STEP = 12.0
_GAP = 5.0
_COLUMNS = ("criterion", "n_before", "n_after", "n_left_out", "n_missing")


@dataclass(frozen=True)
class _Box:
    """A box of the diagram in points from the top left of the body."""

    left: float
    top: float
    width: float
    lines: list[tuple[str, str]]
    shaded: bool = False
    items: tuple[tuple[str, str], ...] = ()

    @property
    def height(self) -> float:
        """The box's height in points."""
        gap = 3 if self.items else 0
        return (len(self.lines) + len(self.items)) * _LINE + gap + 2 * _PAD


@figure(*_COLUMNS, width=COLUMN_MM)
def attrition_figure(page: Page, flow: Result, by: Result | None = None) -> None:
    """Draw how many subjects each criterion left out.

    `flow` is what ``cohort.flow()`` returns, ``from_enrolment=True`` for the steps to the infusion;
    `by` what ``cohort.flow(by="disease")`` returns: its strata are counted in the last box.
    """
    _check(flow, by)
    main, side = _boxes(flow, by, page.inner)
    body = main[-1].top + main[-1].height + 2
    said = caption(replace(flow.spec, endpoint=message("Flow of subjects")))
    page.begin(body, title=tr("Flow of subjects"), caption=said, alt=_alt(flow, by))
    _draw(page.axes(0, 0, page.inner, body), main, side, page.inner, body)


@panel(*_COLUMNS)
def plot_attrition(flow: Result, ax: Axes, by: Result | None = None) -> Axes:
    """Draw the flow of subjects on axes."""
    _check(flow, by)
    inner = ax.get_window_extent().width * 72 / ax.get_figure().dpi
    main, side = _boxes(flow, by, inner)
    return _draw(ax, main, side, inner, main[-1].top + main[-1].height + 2)


def _check(flow: Result, by: Result | None) -> None:
    if flow.by:
        raise CarstatsError(
            message(
                "`flow` is reported by strata; give cohort.flow() first and the strata as `by`."
            )
        )
    if by is None:
        return
    require(by, "attrition_figure", *_COLUMNS)
    last = [rows["n_after"].iloc[-1] for _, rows in by.strata()]
    if sum(last) != flow.frame["n_after"].iloc[-1]:
        raise CarstatsError(
            message("`by` counts other subjects than `flow`; make both from one cohort.")
        )


def _boxes(flow: Result, by: Result | None, inner: float) -> tuple[list[_Box], list[_Box | None]]:
    wide = min(0.5 * inner, 230.0)
    gap = 16.0
    beside = min(inner - wide - gap, 230.0)
    frame = flow.frame
    first = frame.iloc[0]
    main = [
        _Box(0, 0, wide, _texts(_first_upper(clean(first["criterion"])), first["n_after"], wide))
    ]
    side = []
    for i, row in frame.iloc[1:].iterrows():
        top = main[-1].top + main[-1].height + _STEP
        lines = _left_out(row, beside - 2 * _PAD)
        left_out = _Box(wide + gap, top, beside, lines) if lines else None
        side.append(left_out)
        below = top + (left_out.height + _STEP if left_out else _STEP)
        last = i == frame.index[-1]
        name = (
            _first_upper(clean(flow.spec.cohort) or tr("analysed"))
            if last
            else _first_upper(clean(row["criterion"]))
        )
        lines = _texts(clean(name), row["n_after"], wide)
        main.append(_Box(0, below, wide, lines, shaded=last))
    if by is not None:
        end = main[-1]
        main[-1] = replace(end, shaded=True, items=_strata_items(by, wide))
    return main, side


def _left_out(row: pd.Series, room: float) -> list[tuple[str, str]]:
    """Return how many a step left out and why; nothing where all went on to the infusion."""
    n = row["n_left_out"]
    if row["criterion"] in WAY and "n_died" in row:
        if not n:
            return []
        head = tr("Not infused: {n}", n=count(n))
        rest = n - row["n_died"] - row["n_waiting"] - row["n_missing"]
        known = (
            (row["n_died"], tr("Died: {n}", n=count(row["n_died"]))),
            (row["n_waiting"], tr("Waiting at the data cut-off: {n}", n=count(row["n_waiting"]))),
            (row["n_missing"], tr("Infusion not known: {n}", n=count(row["n_missing"]))),
            (rest, tr("No reason recorded: {n}", n=count(rest))),
        )
        said = [("plain", text) for number, text in known if number > 0]
    else:
        head = tr("Left out: {n}", n=count(n))
        said = [("plain", tr("Not met: {criterion}", criterion=clean(row["criterion"])))]
        if row["n_missing"]:
            n = count(row["n_missing"])
            said.append(("grey", tr("of these, {n} with the value missing", n=n)))
    return [("bold", head), *((kind, line) for kind, text in said for line in wrap(text, room))]


def _texts(name: str, n: int, wide: float) -> list[tuple[str, str]]:
    return [("plain", line) for line in wrap(name, wide - 2 * _PAD)] + [("bold", f"n = {count(n)}")]


def _strata_items(by: Result, wide: float) -> tuple[tuple[str, str], ...]:
    """Return the count of each stratum and its name, a long name on several lines."""
    numbers = {key: count(rows["n_after"].iloc[-1]) for key, rows in by.strata()}
    room = wide - 2 * _PAD - _number_width(numbers.values()) - _GAP
    items = []
    for key, number in numbers.items():
        first, *rest = wrap(by.label(key), room)
        items += [(number, first), *(("", line) for line in rest)]
    return tuple(items)


def _number_width(numbers: Iterable[str]) -> float:
    return max(map(text_width, numbers))


def _draw(ax: Axes, main: list[_Box], side: list[_Box | None], inner: float, body: float) -> Axes:
    plain_axes(ax)
    ax.set(xlim=(0, inner), ylim=(body, -0.5))
    for box in filter(None, (*main, *side)):
        ax.add_patch(
            Rectangle(
                (box.left, box.top),
                box.width,
                box.height,
                facecolor=PALE if box.shaded else "white",
                edgecolor=INK,
                linewidth=0.7,
                clip_on=False,
            )
        )
        for i, (kind, line) in enumerate(box.lines):
            ax.text(
                box.left + _PAD, box.top + _PAD + (i + 0.5) * _LINE, line,
                va="center_baseline", weight="bold" if kind == "bold" else "normal",
                color=GREY if kind == "grey" else INK, gid="box",
            )  # fmt: skip
        numbers = _number_width(number for number, _ in box.items) if box.items else 0
        for i, (number, name) in enumerate(box.items, start=len(box.lines)):
            y = box.top + _PAD + 3 + (i + 0.5) * _LINE
            x = box.left + _PAD + numbers
            ax.text(x, y, number, ha="right", va="center_baseline", gid="box")
            ax.text(x + _GAP, y, name, va="center_baseline", gid="box")
    x = main[0].width / 2
    for i, box in enumerate(side):
        start, end = main[i].top + main[i].height, main[i + 1].top
        _arrow(ax, (x, start), (x, end))
        if box:
            y = box.top + box.height / 2
            _arrow(ax, (x, y), (box.left, y))
    return ax


def _arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    style = {"arrowstyle": "-|>,head_width=0.16,head_length=0.32", "shrinkA": 0, "shrinkB": 0}
    look = {"linewidth": 0.7, "facecolor": INK, "edgecolor": INK, "mutation_scale": 11}
    ax.annotate("", end, start, arrowprops={**style, **look}, annotation_clip=False)


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _alt(flow: Result, by: Result | None) -> str:
    frame = flow.frame
    n, everyone = count(frame["n_after"].iloc[0]), clean(frame["criterion"].iloc[0])
    parts = [tr("{n} {criterion}", n=n, criterion=everyone)]
    for _, row in frame.iloc[1:].iterrows():
        parts.append(
            tr(
                "{criterion}: {left_out} left out, {n} remain",
                criterion=clean(row["criterion"]), left_out=count(row["n_left_out"]),
                n=count(row["n_after"]),
            )
        )  # fmt: skip
    text = sentences(sentence(tr("Flow of subjects")), full_stop(tr("; ").join(parts)))
    if by is None:
        return text
    strata = [f"{by.label(k)} {count(r['n_after'].iloc[-1])}" for k, r in by.strata()]
    return sentences(text, tr("By stratum: {strata}.", strata=tr(", ").join(strata)))
