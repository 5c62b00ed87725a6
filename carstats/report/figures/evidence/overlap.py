"""Which published reports are nested in which."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.patches import Arc

from carstats.errors import CarstatsError
from carstats.messages import mark, message
from carstats.report.figures.evidence.trials import titled_alt
from carstats.report.figures.frame import Page, figure
from carstats.report.figures.labels import plain_axes
from carstats.report.format import counted
from carstats.report.style import GREY, INK, RULE, SMALL, clean, text_width
from carstats.result import Result
from carstats.words import tr

_STEP = 13.5
# How far the arcs of a group reach at most, and what lies between two columns, points.
_REACH, _BETWEEN = 62.0, 22.0
# Names and what they are used for take as much of a page, mm.
_WIDE = 125.0
_PAIR = ("study_id", "other_id", "trial", "other_trial", "link", "use", "other_use", "n", "other_n")
_USES = {
    "all": mark("used"),
    "efficacy": mark("used for efficacy"),
    "toxicity": mark("used for toxicity"),
    "control": mark("control group"),
    "none": mark("not used"),
    "not in the table": mark("not in the table"),
}


@figure(*_PAIR, width=_WIDE)
def overlap_figure(page: Page, result: Result) -> None:
    """Draw what `report_overlap` returns: reports as points in groups, linked where one is nested.

    Filled: used by the synthesis. Open: not used. Grey: named, but without a count.
    """
    heading = clean(result.spec.endpoint)
    groups = _groups(result)
    columns, most = _fitting(groups, page)
    heights = [sum(_height(nodes) for nodes, _ in column) for column in columns]
    body = max(heights, default=_STEP)
    page.begin(
        body + 2,
        title=heading,
        notes=[
            tr("A line: one report names the other. Filled: used by the synthesis, for what "
               "stands beside it. Open: not used, because its subjects are in another report "
               "or its counts contradict it. Grey: named, but without a count."),
        ],
        alt=titled_alt(heading, [tr(", ").join(nodes) for nodes, _ in groups]),
    )  # fmt: skip
    if not groups:
        page.write(0, 0, tr("No report shares subjects with another."))
    left = 0.0
    for column in columns:
        arcs, names, words = _widths(column, most)
        ax = page.axes(left, 0, arcs + names + words, body)
        plain_axes(ax)
        ax.set(xlim=(0, arcs + names + words), ylim=(body, 0))
        top = 0.0
        for nodes, links in column:
            _draw_group(ax, top, nodes, links, arcs, names, most)
            top += _height(nodes)
        left += arcs + names + words + _BETWEEN


def _groups(result: Result) -> list[tuple[dict[str, tuple[str, float]], list[tuple[str, str]]]]:
    """Return the groups of linked reports, each with its nodes and its named links."""
    nodes: dict[str, tuple[str, float]] = {}
    links: list[tuple[str, str]] = []
    for row in result.frame.itertuples():
        nodes[row.trial] = (row.use, row.n)
        nodes.setdefault(row.other_trial, (row.other_use, row.other_n))
        if row.link == "named":
            links.append((row.trial, row.other_trial))
    groups: list[set[str]] = []
    for pair in links:
        joined = set(pair).union(*(g for g in groups if g & set(pair)))
        groups = [g for g in groups if not g & joined] + [joined]
    order = list(_USES)
    made = []
    for group in groups:
        # The reports that are used come first, the largest ahead.
        kept = sorted(
            group, key=lambda r: (order.index(nodes[r][0]) > 3, order.index(nodes[r][0]),
                                  -(nodes[r][1] if nodes[r][1] == nodes[r][1] else 0), r),
        )  # fmt: skip
        made.append(({r: nodes[r] for r in kept}, [p for p in links if set(p) <= group]))
    return sorted(made, key=lambda item: -len(item[0]))


def _height(nodes: dict) -> float:
    return _STEP * len(nodes) + 7


def _fitting(groups: list, page: Page) -> tuple[list[list], float]:
    """Return the groups in as many columns as fit, and how far the arcs may reach."""
    for number, most in ((2, _REACH), (1, _REACH), (1, _REACH / 2), (1, _REACH / 4)):
        columns = [column for column in _columns(groups, number) if column]
        taken = sum(sum(_widths(column, most)) + _BETWEEN for column in columns)
        if taken - _BETWEEN <= page.inner:
            return columns, most
    raise CarstatsError(
        message(
            "`width` is {width:.0f}; the names of the reports need more. Draw it wider (a "
            "page: 180).",
            width=page.mm * page.scale,
        )
    )


def _columns(groups: list, number: int) -> list[list]:
    """Share the groups among columns, the longest first."""
    columns: list[list] = [[] for _ in range(number)]
    for group in groups:
        lengths = [sum(_height(nodes) for nodes, _ in column) for column in columns]
        columns[lengths.index(min(lengths))].append(group)
    return columns


def _widths(column: list, most: float) -> tuple[float, float, float]:
    """Return the room that a column's arcs, names and words take."""
    nodes = {name: node for group, _ in column for name, node in group.items()}
    arcs = max((_reach(group, most) for group, _ in column), default=0.0) + 4
    names = max((text_width(_name(name)) for name in nodes), default=0.0) + 18
    return arcs, names, max((text_width(_words(node), SMALL) for node in nodes.values()), default=0)


def _reach(nodes: dict, most: float) -> float:
    return min(max(0.42 * _STEP * (len(nodes) - 1), 12.0), most)


def _name(name: str) -> str:
    return clean(name)


def _words(node: tuple[str, float]) -> str:
    use, n = node
    if n != n:
        return tr(_USES[use])
    return tr("{n}, {use}", n=counted(int(n), "subject"), use=tr(_USES[use]))


def _draw_group(
    ax: Axes,
    top: float,
    nodes: dict,
    links: list[tuple[str, str]],
    arcs: float,
    room: float,
    most: float,
) -> None:
    places = {name: top + _STEP * (i + 0.5) for i, name in enumerate(nodes)}
    reach = _STEP * (len(nodes) - 1)
    for first, second in links:
        a, b = sorted((places[first], places[second]))
        ax.add_patch(
            Arc((arcs, (a + b) / 2), 2 * _reach(nodes, most) * (b - a) / max(reach, 1), b - a,
                theta1=90, theta2=270, color=RULE, linewidth=0.9, zorder=1, clip_on=False,
                gid="link")
        )  # fmt: skip
    for name, node in nodes.items():
        y = places[name]
        used = node[0] in ("all", "efficacy", "toxicity", "control")
        known = node[0] != "not in the table"
        ax.plot(
            arcs, y, marker="o", markersize=5.2, zorder=2, gid="report",
            color=INK if known else RULE, markerfacecolor=INK if used else "white",
        )  # fmt: skip
        ax.text(arcs + 8, y, _name(name), va="center_baseline", gid="name",
                color=INK if known else GREY)  # fmt: skip
        ax.text(arcs + room, y, _words(node), va="center_baseline", color=GREY, size=SMALL)
