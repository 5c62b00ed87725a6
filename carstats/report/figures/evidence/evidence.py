"""What the published evidence is made of: the map of subjects, and which reports are nested."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from carstats.errors import CarstatsError
from carstats.messages import mark, message
from carstats.report.figures.evidence.trials import titled_alt
from carstats.report.figures.sheet import (
    MARGIN,
    POINTS_PER_MM,
    Sheet,
    abbreviations,
    level_names,
    page_width,
    plain_axes,
    require,
    texts_of,
)
from carstats.report.format import count, counted, with_limits
from carstats.report.style import (
    GREY,
    INK,
    PAGE_MM,
    PALE,
    RULE,
    SIZE,
    SMALL,
    clean,
    drawing,
    level_looks,
    text_width,
    wrap,
)
from carstats.result import Result
from carstats.words import sentences, tr

_LINE = 1.3 * SIZE
_STEP = 17.0
# How far the arcs of a group reach at most, and what lies between two columns, points.
_REACH, _BETWEEN = 62.0, 22.0


def evidence_map_figure(
    result: Result, *, width: float = PAGE_MM - 30, heading: str | None = None
) -> Figure:
    """Draw how many subjects of each disease were treated against each target.

    Parameters
    ----------
    result : Result
        What `evidence_map` returns.
    width : float
        Width in millimetres; 150 by default.
    heading : str, optional
        The line above.

    Returns
    -------
    matplotlib.figure.Figure
        A circle for each disease and target, its area proportional to the subjects; an empty cell
        means that no trial of the table treated such subjects.

    Raises
    ------
    CarstatsError
        If the result is not of `evidence_map`.
    """
    require(result, "evidence_map_figure", "disease", "target", "n", "n_trials")
    heading = heading or clean(result.spec.endpoint)
    frame = result.frame
    diseases, targets = (list(dict.fromkeys(frame[c])) for c in ("disease", "target"))
    names, heads = result.labels.get("disease", {}), level_names(result, "target")
    looks = level_looks(result, "target")
    with drawing([*texts_of(result), heading]):
        inner = page_width(width) - 2 * MARGIN
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
        sheet = Sheet(
            width,
            body + 4,
            heading=heading,
            caption=sentences(
                result.caption(),
                tr("Area: subjects. In brackets: trials."),
                abbreviations(result, ["target"]),
            ),
            synthetic=result.spec.synthetic,
            alt=titled_alt(heading, parts),
        )
        ax = sheet.axes(MARGIN, 0, inner, body)
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
    return sheet.figure


def overlap_figure(result: Result, *, width: float = PAGE_MM, heading: str | None = None) -> Figure:
    """Draw which published reports share subjects, a group of reports at a time.

    Parameters
    ----------
    result : Result
        What `report_overlap` returns.
    width : float
        Width in millimetres; 180 by default.
    heading : str, optional
        The line above.

    Returns
    -------
    matplotlib.figure.Figure
        Reports as points, in two columns; a line joins two that name each other as nested. Filled:
        used by the synthesis. Open: not used. Grey: named, but without a count.

    Raises
    ------
    CarstatsError
        If the result is not of `report_overlap`.
    """
    require(result, "overlap_figure", *_PAIR)
    heading = heading or clean(result.spec.endpoint)
    groups = _groups(result)
    with drawing([*texts_of(result), heading]):
        inner = page_width(width) - 2 * MARGIN
        columns, most = _fitting(groups, inner)
        heights = [sum(_height(nodes) for nodes, _ in column) for column in columns]
        body = max(heights, default=_STEP)
        sheet = Sheet(
            width,
            body + 2,
            heading=heading,
            caption=sentences(
                result.caption(),
                tr(
                    "A line: one report names the other. Filled: used by the synthesis, for what "
                    "stands beside it. Open: not used, because its subjects are in another report "
                    "or its counts contradict it. Grey: named, but without a count."
                ),
            ),
            synthetic=result.spec.synthetic,
            alt=titled_alt(heading, [tr(", ").join(nodes) for nodes, _ in groups]),
        )
        if not groups:
            nothing = tr("No report shares subjects with another.")
            sheet.write(MARGIN, sheet.top, nothing, va="top")
        left = MARGIN
        for column in columns:
            arcs, names, words = _widths(column, most)
            ax = sheet.axes(left, 0, arcs + names + words, body)
            plain_axes(ax)
            ax.set(xlim=(0, arcs + names + words), ylim=(body, 0))
            top = 0.0
            for nodes, links in column:
                _draw_group(ax, top, nodes, links, arcs, names, most)
                top += _height(nodes)
            left += arcs + names + words + _BETWEEN
    return sheet.figure


_PAIR = ("study_id", "other_id", "trial", "other_trial", "link", "use", "other_use", "n", "other_n")
_USES = {
    "all": mark("used"),
    "efficacy": mark("used for efficacy"),
    "toxicity": mark("used for toxicity"),
    "control": mark("control group"),
    "none": mark("not used"),
    "not in the table": mark("not in the table"),
}


def _circle(ax: Axes, x: float, y: float, radius: float, colour: str) -> None:
    from matplotlib.patches import Circle

    ax.add_patch(Circle((x, y), radius, facecolor=colour, edgecolor="none", gid="subjects"))


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
    return _STEP * len(nodes) + 10


def _fitting(groups: list, inner: float) -> tuple[list[list], float]:
    """Return the groups in as many columns as fit, and how far the arcs may reach."""
    for number, most in ((2, _REACH), (1, _REACH), (1, _REACH / 2), (1, _REACH / 4)):
        columns = [column for column in _columns(groups, number) if column]
        taken = sum(sum(_widths(column, most)) + _BETWEEN for column in columns)
        if taken - _BETWEEN <= inner:
            return columns, most
    raise CarstatsError(
        message(
            "`width` is {width:.0f}; the names of the reports need more. Draw it wider (a "
            "page: 180).",
            width=(inner + 2 * MARGIN) / POINTS_PER_MM,
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
    from matplotlib.patches import Arc

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
