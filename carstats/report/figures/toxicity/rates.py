"""Toxicity by worst grade: stacked bars, a row per term and stratum."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from carstats.report.figures.frame import MARGIN, POINTS_PER_MM, Page, figure, panel
from carstats.report.figures.keys import Shape, draw_key, key_height
from carstats.report.figures.labels import abbreviations, stratum_names, titled
from carstats.report.format import NONE, of
from carstats.report.style import (
    GREY,
    INK,
    LINE_HEIGHT,
    PAGE_MM,
    RULE,
    SIZE,
    clean,
    text_width,
    wrap,
)
from carstats.result import Result
from carstats.toxicity.grades import NOT_KNOWN
from carstats.words import full_stop, sentence, sentences, tr

# One hue from light to dark (ColorBrewer's OrRd), so that a grey copy keeps the order.
GRADE_COLOURS = {1: "#FDD9B5", 2: "#FDB078", 3: "#EF6B4A", 4: "#B3201F", 5: "#4A0A12"}
_UNGRADED = "#E4E4E4"
_LINE = SIZE * LINE_HEIGHT
_ROW = 1.9 * SIZE
_BAR = 1.35 * SIZE
_GAP = 8.0
_INDENT = 8.0
_SEVERE = 3
_COLUMNS = ("term", "grade", "n", "n_event", "estimate")
_LEAST_PLOT = 46.0
# Below this width in points the heads of the columns are short.
_NARROW = 320.0


@figure(*_COLUMNS)
def toxicity_figure(page: Page, result: Result) -> None:
    """Draw what `toxicity_grades` returns: the worst grade of each toxicity as stacked bars."""
    rows, label, right = _layout(result, page.inner)
    body = sum(row["height"] for row in rows)
    shapes = _shapes(result)
    key = key_height(list(shapes), page.inner)
    top = key + _LINE + 3
    page.begin(
        top + body + 3.4 * SIZE,
        title=titled(_title(result), result),
        notes=[
            tr("Numbers in the bars are subjects."),
            tr("N is those to whom the toxicity applies.") if _partly(result) else "",
            _left_out(result, page.inner),
            abbreviations(result),
        ],
        alt=sentences(
            sentence(titled(_title(result, bars=True), result)),
            _alt(rows, _heads(result, page.inner)),
        ),
    )
    ax = page.axes(label + _GAP, top, page.inner - label - right - 2 * _GAP, body)
    _draw(ax, result, rows, label, page.inner)
    draw_key(page, 0, shapes)


@panel(*_COLUMNS)
def plot_toxicity(result: Result, ax: Axes, *, width: float = PAGE_MM) -> Axes:
    """Draw the worst grade of each toxicity on axes, n/N beside it.

    `width` is that of the axes with what stands beside them, in millimetres.
    """
    inner = width * POINTS_PER_MM - 2 * MARGIN
    rows, label, _ = _layout(result, inner)
    return _draw(ax, result, rows, label, inner)


def _layout(result: Result, inner: float) -> tuple[list[dict], float, float]:
    """Return the rows from the top with their texts and heights, and the widths of both sides."""
    terms = {
        t: clean(result.labels.get("term", {}).get(t, t))
        for t in dict.fromkeys(result.frame["term"])
    }
    names = stratum_names(result)
    grouped = bool(result.by)
    rows: list[dict] = []
    for term, label in terms.items():
        if grouped:
            rows.append({"heading": True, "text": label})
        for key, stratum in result.strata():
            grades = stratum[stratum["term"] == term]
            rows.append(
                {"heading": False, "text": names[key] if grouped else label, "grades": grades}
            )
    heads = _heads(result, inner)
    numbers = [n for row in rows if not row["heading"] for n in _numbers(row["grades"])]
    column = max(max(map(text_width, heads)), *(text_width(n) for n in numbers))
    right = 2 * column + _GAP
    indent = _INDENT if grouped else 0.0
    widest = max(text_width(row["text"]) for row in rows if not row["heading"]) + indent + 1
    words = [word for row in rows if not row["heading"] for word in row["text"].split()]
    longest = max(map(text_width, words)) + indent + 1
    most = max(inner - right - 2 * _GAP - _LEAST_PLOT, 30.0)
    label = min(widest, most, max(0.38 * inner, longest))
    for i, row in enumerate(rows):
        if row["heading"]:
            row["lines"] = wrap(row["text"], inner - right, weight="bold")
            row["height"] = len(row["lines"]) * _LINE + (7 if i else 1)
        else:
            row["lines"] = wrap(row["text"], label - indent + 1)
            row["height"] = max(_ROW, len(row["lines"]) * _LINE + 4)
    return rows, label, right


def _title(result: Result, *, bars: bool = False) -> str:
    if _in_grades(result):
        return (
            tr("Stacked bars of the worst grade of each toxicity")
            if bars
            else tr("Worst grade of each toxicity")
        )
    return (
        tr("Stacked bars of the worst severity of each toxicity")
        if bars
        else tr("Worst severity of each toxicity")
    )


def _left_out(result: Result, inner: float) -> str:
    """Say what the column of the severe ones makes of episodes without a grade."""
    frame = result.frame
    bounded = "n_missing" in frame and (frame["n_missing"].any() or _maybe(frame).any())
    if not _has_ungraded(result) and not bounded:
        return ""
    column = _heads(result, inner)[1]
    if _in_grades(result):
        return tr(
            "{column} reaches from what is proven to what episodes without a grade may be.",
            column=column,
        )
    return tr(
        "{column} reaches from what is proven to what episodes without a severity may be.",
        column=column,
    )


def _partly(result: Result) -> bool:
    """Say whether a toxicity applies to fewer than another, as graft-versus-host disease does."""
    return any(rows["n"].nunique() > 1 for _, rows in result.strata())


def _has_ungraded(result: Result) -> bool:
    frame = result.frame
    return bool((frame.loc[frame["grade"].isna() & ~_maybe(frame), "n_event"] > 0).any())


def _levels(result: Result) -> dict[int, str]:
    """Return what each grade is called: 1 to 5, or the severities."""
    named = result.frame.get("level", result.frame["grade"].map("{:.0f}".format))
    labels = result.labels.get("level", {})
    graded = result.frame["grade"] > 0
    pairs = zip(result.frame.loc[graded, "grade"], named[graded], strict=True)
    return {grade: str(grade) for grade in GRADE_COLOURS} | {
        int(g): clean(labels.get(w, w)) for g, w in pairs
    }


def _in_grades(result: Result) -> bool:
    return all(name == str(grade) for grade, name in _levels(result).items())


def _heads(result: Result, inner: float) -> tuple[str, str]:
    if not _in_grades(result):
        return tr("Any"), f"≥{_levels(result)[_SEVERE]}"
    return (tr("Any"), "≥3") if inner < _NARROW else (tr("Any grade"), tr("Grade ≥3"))


def _numbers(grades: pd.DataFrame) -> tuple[str, str]:
    """Return n/N of any grade and of grade 3 or more; the counts of worst grades add up.

    Both reach from what is proven to what is possible.
    """
    n, k = grades["n"].iloc[0], grades["n_event"]
    maybe = _maybe(grades)
    perhaps = k[maybe].sum()
    anything = k[grades["grade"].isna() & ~maybe].sum() + k[grades["grade"] > 0].sum()
    severe = grades["grade"] >= _SEVERE
    above = grades["n_missing"] if "n_missing" in grades else k * 0
    open_ended = k[grades["grade"].isna() & ~maybe].sum() + above[~severe].sum()
    proven = k[severe].sum()
    most = proven + open_ended + perhaps
    # Episodes of which not one is graded say nothing of grade 3.
    if anything and not k[grades["grade"] > 0].sum():
        return of(anything, n, anything + perhaps), NONE
    return of(anything, n, anything + perhaps), of(proven, n, most)


def _maybe(grades: pd.DataFrame) -> pd.Series:
    """Return the row of those of whom it is not known whether they had it."""
    if "level" not in grades:
        return pd.Series(False, grades.index)
    return grades["level"] == NOT_KNOWN


def _draw(ax: Axes, result: Result, rows: list[dict], label: float, inner: float) -> Axes:
    height = sum(row["height"] for row in rows)
    ax.set(xlim=(-0.005, 1.005), ylim=(height, 0), yticks=[])
    ax.spines["left"].set_visible(False)
    ax.spines["bottom"].set_bounds(0, 1)
    width = ax.get_window_extent().width * 72 / ax.get_figure().dpi
    step = 25 if width > 90 else 50
    ax.set_xticks(*zip(*((t / 100, str(t)) for t in range(0, 101, step)), strict=True))
    ax.set_xlabel(tr("Subjects (%)"), labelpad=2)
    heads = _heads(result, inner)
    numbers = [text for row in rows if not row["heading"] for text in _numbers(row["grades"])]
    column = max(map(text_width, (*heads, *numbers)))
    ends = (_GAP + column, 2 * _GAP + 2 * column)
    for x in ax.get_xticks()[1:]:
        ax.plot((x, x), (0, height), color=RULE, linewidth=0.5, zorder=0, gid="grid")
    for end, head in zip(ends, heads, strict=True):
        _beside(ax, end, -_LINE / 2 - 2, head, color=GREY)
    top = 0.0
    for i, row in enumerate(rows):
        if row["heading"]:
            for j, line in enumerate(row["lines"]):
                y = top + (6.5 if i else 0.5) + (j + 0.5) * _LINE
                paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
                _name(ax, -label - _GAP, y, line, weight="bold", bbox=paper)
        else:
            middle = top + row["height"] / 2
            start = middle - (len(row["lines"]) - 1) * _LINE / 2
            for j, line in enumerate(row["lines"]):
                indent = _INDENT if result.by else 0.0
                _name(ax, -label - _GAP + indent, start + j * _LINE, line)
            _bar(ax, middle, row["grades"], width)
            for end, text in zip(ends, _numbers(row["grades"]), strict=True):
                _beside(ax, end, middle, text, gid="number")
        top += row["height"]
    return ax


def _bar(ax: Axes, y: float, grades: pd.DataFrame, width: float) -> None:
    left = 0.0
    drawn = (grades["grade"].isna() & ~_maybe(grades)) | (grades["grade"] > 0)
    shown = grades[drawn].sort_values("grade", na_position="first")
    for grade, estimate, k in zip(shown["grade"], shown["estimate"], shown["n_event"], strict=True):
        if not k or estimate != estimate:
            continue
        graded = grade == grade
        ax.barh(
            y, estimate, _BAR, left=left, color=GRADE_COLOURS[int(grade)] if graded else _UNGRADED,
            edgecolor="white", linewidth=0.5, hatch=None if graded else "////", gid="bar",
        )  # fmt: skip
        if text_width(f"{k:.0f}") + 3 <= estimate * width:
            ax.text(
                left + estimate / 2, y, f"{k:.0f}", ha="center", va="center_baseline", gid="count",
                color="white" if graded and grade >= 4 else INK,
            )  # fmt: skip
        left += estimate


def _shapes(result: Result) -> dict[str, Shape]:
    """Return the key of the colours, no grade first as in the bars; only of grades that occur."""
    names, drawn = _levels(result), set(result.frame.loc[result.frame["n_event"] > 0, "grade"])
    shapes = {}
    if _has_ungraded(result):
        shapes[tr("Not graded")] = _fill_shape(_UNGRADED, "////")
    for grade, colour in GRADE_COLOURS.items():
        name = names[grade][:1].upper() + names[grade][1:]
        if grade in drawn:
            name = tr("Grade {grade}", grade=name) if _in_grades(result) else name
            shapes[name] = _fill_shape(colour)
    return shapes


def _fill_shape(colour: str, hatch: str | None = None) -> Shape:
    edge = GREY if hatch else "white"
    return lambda ax, x, y: ax.barh(
        y, 13, 7.5, left=x, facecolor=colour, edgecolor=edge, hatch=hatch, linewidth=0.4, gid="key"
    )


def _name(ax: Axes, x: float, y: float, text: str, **options) -> None:
    ax.annotate(
        text, (0, y), xycoords=("axes fraction", "data"), xytext=(x, 0), textcoords="offset points",
        ha="left", va="center_baseline", annotation_clip=False, **options,
    )  # fmt: skip


def _beside(ax: Axes, x: float, y: float, text: str, **options) -> None:
    ax.annotate(
        text, (1, y), xycoords=("axes fraction", "data"), xytext=(x, 0), textcoords="offset points",
        ha="right", va="center_baseline", annotation_clip=False, **options,
    )  # fmt: skip


def _alt(rows: list[dict], heads: tuple[str, str]) -> str:
    parts, group = [], ""
    for row in rows:
        if row["heading"]:
            group = f"{row['text']}{tr(', ')}"
        else:
            anything, severe = _numbers(row["grades"])
            parts.append(
                tr(
                    "{name}: {any_word} {anything}, {severe_word} {severe}",
                    name=f"{group}{row['text']}", any_word=heads[0].lower(), anything=anything,
                    severe_word=heads[1], severe=severe,
                )
            )  # fmt: skip
    return full_stop(tr("; ").join(parts))
