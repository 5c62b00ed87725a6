"""A map of subjects by antibodies: what each was before the infusion, and at a visit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

from carstats.errors import CarstatsError
from carstats.messages import message
from carstats.report.figures.crowd import MOST
from carstats.report.figures.frame import MARGIN, POINTS_PER_MM, Page, figure
from carstats.report.figures.keys import Shape, draw_key, key_height
from carstats.report.figures.labels import abbreviations, stratum_names, titled
from carstats.report.format import count, counted, of, percent
from carstats.report.style import GREY, INK, LINE_HEIGHT, SIZE, SMALL, min_width, text_width, wrap
from carstats.result import Result
from carstats.words import in_words, sentences, tr

_COLUMNS = ("kind", "subject", "measure", "group", "state", "n", "n_event")
_LINE = SIZE * LINE_HEIGHT


@dataclass(frozen=True)
class _Look:
    """Fill, edge, and the sign that says the same without colour: a marker of matplotlib."""

    fill: str
    edge: str = "white"
    sign: str = ""
    ink: str = "white"


# Okabe and Ito's blue, vermilion and purple; the signs read in grey too.
_LOOKS = {
    "lost": _Look("#0072B2", sign="v"),
    "positive": _Look("#D55E00", sign="P"),
    "unseen": _Look("white", "#D55E00", "P", "#D55E00"),
    "gained": _Look("#5B2A86", sign="^"),
    "negative": _Look("#DCE6EC", sign="_", ink=INK),
    "missing": _Look("white", "#D0D0D0"),
}
# Width of a cell, its height, and below which size there is no room for a sign; points.
_NARROW, _WIDE, _TALL, _LOW, _SIGN = 10.0, 20.0, 9.0, 2.6, 5.0
# The rows of a panel are together at most so high.
_HIGHEST = 470.0
# The height of a column that stands for all subjects, where they are too many for a row each.
_COLUMN, _SHORT = 120.0, 40.0
_GAP, _BETWEEN = 16.0, 6.0


@dataclass(frozen=True)
class _Panel:
    """A stratum: its name, its cells by subject and measure, or how many of each state they are.

    Counts are by measure.
    """

    name: str
    subjects: list[int]
    cells: dict[tuple[int, str], str]
    states: dict[tuple[str, str], int]
    counts: dict[str, tuple[int, int]]


@figure(*_COLUMNS, signs="?")
def antibody_map_figure(page: Page, result: Result) -> None:
    """Draw a map of subjects by antibodies, a panel for each stratum, with n/N under each column.

    Of more than 500 subjects each column is divided by what became of the antibody instead.

    Parameters
    ----------
    page : Page
        The frame's.
    result : Result
        What `antibody_map` returns.

    Raises
    ------
    CarstatsError
        If the result is no such map, or has more antibodies than fit beside each other.
    """
    rows = result.frame[result.frame["kind"] == "cell"]
    crowd = rows["subject"].nunique() > MOST
    panels, groups = _panels(result, crowd), _groups(result)
    columns = [measure for measures in groups.values() for measure in measures]
    last = percent(1.0) if crowd else count(result.frame["subject"].max())
    number = max(text_width(last, SMALL), text_width("n/N", SMALL))
    left = number + 5
    spaces = _BETWEEN * (len(groups) - 1)
    if page.inner < left + spaces + _NARROW * len(columns) * 0.7:
        raise CarstatsError(
            message(
                "{n} antibodies do not fit in {width:g} mm. Give a greater `width`, or fewer.",
                n=len(columns), width=page.mm,
            )
        )  # fmt: skip
    least = left + spaces + _NARROW * len(columns)
    across = int(np.clip((page.inner + _GAP) // (least + _GAP), 1, len(panels)))
    room = (page.inner - _GAP * (across - 1)) / across
    wide = min(_WIDE, (room - left - spaces) / len(columns))
    # A group has room for the longest word of its name. Panels stand as near as cells are wide.
    spans = {group: _span(result, group, len(ms) * wide, len(groups)) for group, ms in groups.items()}
    room = left + spaces + sum(spans.values())
    names = {m: in_words(result.labels.get("measure", {}).get(m, m)) for m in columns}
    head = max(map(text_width, names.values())) + 5
    rows = [panels[i : i + across] for i in range(0, len(panels), across)]
    titles = [_title(panel, room + _GAP / 2) if result.by else [] for panel in panels]
    over = max(map(len, titles)) * _LINE + (4 if result.by else 0)
    group_names = _group_names(result, spans)
    bracket = max(map(len, group_names.values()), default=0) * SMALL * LINE_HEIGHT
    foot = max(text_width(of(n, k), SMALL) for p in panels for k, n in p.counts.values()) + 9
    upright = foot - 7 <= wide
    foot = SMALL * LINE_HEIGHT + 5 if upright else foot
    shapes = _shapes(result)
    top = key_height(list(shapes), page.inner) + 3
    # Columns are named once, over the first panels.
    heads = [over + bracket + head, *[over] * (len(rows) - 1)]
    lines = [1 if crowd else max(len(panel.subjects) for panel in row) for row in rows]
    fixed = top + sum(heads) + len(rows) * (foot + 10)
    room_down = min(_room_down(page) - fixed, _HIGHEST)
    # Rather smaller type than cells without signs.
    low = _LOW if page.scale == page.style.scales[-1] else _SIGN
    ends = (_SHORT, _COLUMN) if crowd else (low, _TALL)
    tall = float(np.clip(room_down / max(sum(lines), 1), *ends))
    heights = [h + n * tall + foot + 10 for h, n in zip(heads, lines, strict=True)]
    page.begin(
        top + sum(heights),
        title=titled(result.spec.endpoint, result),
        notes=[
            tr("A column is all subjects of a stratum, divided by what became of the antibody; more "
               "than {most} are not drawn one by one.", most=count(MOST)) if crowd else
            tr("A row is a subject."),
            *_notes(groups),
            _limits(result, groups),
            abbreviations(result),
        ],
        alt=sentences(
            tr("Map of {title}: {subjects}.", title=titled(result.spec.endpoint, result),
               subjects=counted(sum(len(p.subjects) for p in panels), "subject")),
            _alt(panels, names, groups),
        ),
    )  # fmt: skip
    for i, panel in enumerate(panels):
        row, column = divmod(i, across)
        y, x = top + sum(heights[:row]), column * (room + _GAP)
        if titles[i]:
            page.panel(i, x, y, "\n".join(titles[i]), weight="bold", linespacing=LINE_HEIGHT,
                       gid="name")  # fmt: skip
        # One pair of axes holds names, cells and counts, in points.
        ax = page.axes(x, y + len(titles[i]) * _LINE, room, heights[row] - 10)
        height = heights[row] - 10
        ax.set(xlim=(0, room), ylim=(height, 0))
        ax.set_axis_off()
        above = over - len(titles[i]) * _LINE
        shown = names if not row else {}
        _draw(ax, panel, groups, spans, group_names if not row else {}, shown, left, wide, tall,
              heads[row] - len(titles[i]) * _LINE, above + bracket, upright, crowd)  # fmt: skip
    draw_key(page, 0, shapes)


def _room_down(page: Page) -> float:
    """Return how high a body may be that the page's style bounds, points."""
    if page.style.screen:
        return page.width * 9 / 16 - 2 * MARGIN - 1.5 * _LINE
    return page.style.highest * POINTS_PER_MM / page.scale - 2 * MARGIN - _LINE


def _panels(result: Result, crowd: bool) -> list[_Panel]:
    found, names = [], stratum_names(result)
    for key, rows in result.strata():
        cells, counts = rows[rows["kind"] == "cell"], rows[rows["kind"] == "count"]
        if cells.empty:
            continue
        found.append(
            _Panel(
                names[key],
                list(dict.fromkeys(cells["subject"].astype(int))),
                {} if crowd else {
                    (int(subject), measure): state
                    for subject, measure, state in zip(
                        cells["subject"], cells["measure"], cells["state"], strict=True
                    )
                },
                cells.groupby(["measure", "state"]).size().to_dict() if crowd else {},
                {
                    measure: (int(k), int(n))
                    for measure, k, n in zip(
                        counts["measure"], counts["n_event"], counts["n"], strict=True
                    )
                },
            )
        )  # fmt: skip
    return found


def _groups(result: Result) -> dict[str, list[str]]:
    """Return the measures of each group, in their order."""
    found: dict[str, list[str]] = {}
    for group, rows in result.frame.groupby("group", sort=False):
        found[str(group)] = list(dict.fromkeys(rows["measure"]))
    return found


def _span(result: Result, group: str, columns: float, groups: int) -> float:
    """Return the width of a group: that of its columns, or of the longest word over them."""
    if groups < 2:
        return columns
    name = in_words(result.labels.get("group", {}).get(group, group))
    return max(columns, min_width(name, SMALL) + 2)


def _group_names(result: Result, spans: dict[str, float]) -> dict[str, list[str]]:
    """Return the lines over each group of columns; none where there is one group only."""
    labels = result.labels.get("group", {})
    return {
        group: wrap(in_words(labels.get(group, group)), span, SMALL)
        for group, span in spans.items() if len(spans) > 1
    }  # fmt: skip


def _title(panel: _Panel, room: float) -> list[str]:
    name = tr("{name} (N\u00a0=\u00a0{n})", name=panel.name, n=count(len(panel.subjects)))
    return wrap(name, room, weight="bold", most=2)


def _draw(
    ax: Axes, panel: _Panel, groups, spans, group_names, names, left, wide, tall, top, above,
    upright, crowd
) -> None:  # fmt: skip
    bottom = top + (1 if crowd else len(panel.subjects)) * tall
    x, places = left, {}
    for group, measures in groups.items():
        start = x
        if group in group_names:
            end = x + wide * len(measures)
            lines = group_names[group]
            ax.text(x, above - 3, "\n".join(lines), size=SMALL, color=GREY, va="bottom",
                    linespacing=1.1, gid="group")  # fmt: skip
            ax.plot((x, end - 1), (above - 1,) * 2, color=GREY, linewidth=0.6)
        for measure in measures:
            middle = x + wide / 2
            if names:
                ax.text(middle, top - 3, names[measure], rotation=90, ha="center", va="bottom",
                        gid="measure")  # fmt: skip
            if crowd:
                _divided(ax, panel, measure, (x, top), wide, tall)
            for i, subject in enumerate([] if crowd else panel.subjects):
                state = panel.cells.get((subject, measure), "missing")
                places.setdefault(state, []).append((x, top + i * tall))
            k, n = panel.counts[measure]
            shown = of(k, n) if n else "–"
            ax.text(
                middle, bottom + 4, shown, size=SMALL, ha="center", va="top",
                rotation=0 if upright else 90, gid="n/N",
            )  # fmt: skip
            x += wide
        x = start + spans[group] + _BETWEEN
    for state, corners in places.items():
        _cells(ax, corners, wide, tall, state)
    for share in (0.0, 0.5, 1.0) if crowd else ():
        ax.text(left - 3, bottom - share * tall, percent(share), size=SMALL, color=GREY,
                ha="right", va="center_baseline", gid="share")  # fmt: skip
    every = 1 if tall >= SMALL else 5 if tall * 5 >= SMALL else 10
    for i, subject in enumerate([] if crowd else panel.subjects):
        if every == 1 or subject % every == 0:
            ax.text(left - 3, top + (i + 0.5) * tall, count(subject), size=SMALL, color=GREY,
                    ha="right", va="center_baseline", gid="subject")  # fmt: skip
    ax.text(left - 3, bottom + (SMALL if crowd else 4), "n/N", size=SMALL, color=GREY, ha="right", va="top")


def _divided(ax: Axes, panel: _Panel, measure: str, corner, wide: float, tall: float) -> None:
    """Divide a column by the states of a stratum's subjects, in the order of the key."""
    x, y = corner
    for state in _LOOKS:
        if high := tall * panel.states.get((measure, state), 0) / len(panel.subjects):
            _cells(ax, [(x, y)], wide, high, state)
            y += high


def _cells(ax: Axes, corners: list[tuple], wide: float, tall: float, state: str) -> None:
    """Draw the cells of a state from their corners: all at once, for there are hundreds."""
    look, space = _LOOKS[state], 0.5 if tall > 4 else min(0.2, tall / 4)
    at = np.array(corners, float)
    box = np.array([(space, space), (wide - space, space), (wide - space, tall - space),
                    (space, tall - space)])  # fmt: skip
    ax.add_collection(
        PolyCollection(
            at[:, None, :] + box, facecolor=look.fill, edgecolor=look.edge,
            linewidth=0.5 if look.edge != "white" else 0, gid=state,
        ),
        autolim=False,
    )  # fmt: skip
    if look.sign and min(wide, tall) >= _SIGN:
        x, y = (at + (wide / 2, tall / 2)).T
        ax.plot(
            x, y, look.sign, color=look.ink, linestyle="none",
            markersize=min(0.5 * min(wide, tall), 4.2),
            markeredgewidth=0.9 if look.sign == "_" else 0.4, gid="sign",
        )  # fmt: skip


def _shapes(result: Result) -> dict[str, Shape]:
    """Return the key: the states that occur, in the order of the looks."""
    drawn = set(result.frame["state"])
    labels = result.labels.get("state", {})

    def shape(state: str) -> Shape:
        return lambda ax, x, y: _cells(ax, [(x + 1, y - 4.5)], 11.0, 9.0, state)

    return {in_words(labels.get(s, s)): shape(s) for s in _LOOKS if s in drawn}


def _notes(groups: dict) -> list[str]:
    lost = tr("n/N: negative at the visit, of those positive before.")
    kept = tr("n/N of vaccine titres: still protective, of those protective before.")
    found = [lost] if "autoantibody" in groups else []
    if "vaccine" in groups:
        found += [kept]
    return found


def _limits(result: Result, groups: dict) -> str:
    """Say above what an antibody is positive, those of a multiple of the limit of normal alike."""
    limits, units = result.spec.options["limits"], result.spec.options["units"]
    labels = result.labels.get("measure", {})

    def told(measures: list[str]) -> str:
        found: dict[str, list[str]] = {}
        for m in measures:
            found.setdefault(_limit(limits[m], units.get(m, "")), []).append(
                in_words(labels.get(m, m))
            )
        return tr("; ").join(
            tr("{text} ({names})", text=text, names=tr(", ").join(names))
            for text, names in found.items()
        )

    above = told(groups.get("autoantibody", []))
    least = told(groups.get("vaccine", []))
    return sentences(
        tr("Positive is above {limits}.", limits=above) if above else "",
        tr("A vaccine titre protects from {limits}.", limits=least) if least else "",
    )


def _limit(limit: float, unit: str) -> str:
    """Write a limit with its unit: a titre as one, a limit of normal by its name."""
    if unit == "1:titre":
        return f"1:{limit:g}"
    if unit == "multiple of ULN" and limit == 1:
        return tr("the upper limit of normal")
    return tr("{limit} {unit}", limit=f"{limit:g}", unit=in_words(unit)).strip()


def _alt(panels: list[_Panel], names: dict, groups: dict) -> str:
    parts = []
    for panel in panels:
        told = tr(", ").join(
            tr("{name} {n}", name=names[m], n=of(*panel.counts[m]))
            for measures in groups.values() for m in measures if panel.counts[m][1]
        )  # fmt: skip
        parts.append(tr("{name}: {text}", name=panel.name, text=told or tr("no values")))
    return tr("{text}.", text=tr("; ").join(parts))
