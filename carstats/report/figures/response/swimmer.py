"""The swimmer plot: a bar for each subject, with what happened on it."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from carstats.errors import CarstatsError
from carstats.messages import mark, message
from carstats.report.figures.sheet import (
    MARGIN,
    Sheet,
    abbreviations,
    level_names,
    page_width,
    require,
    stratum_names,
    texts_of,
    titled,
)
from carstats.report.format import DAYS_PER_MONTH, counted
from carstats.report.style import GREY, INK, PAGE_MM, SIZE, SMALL, drawing, looks, text_width, wrap
from carstats.words import full_stop, in_words, sentences, tr
from carstats.result import Result

_MOST = 60
_COLUMNS = ("number", "item", "start", "stop")
_BAR, _ROW, _HEAD = 0.62, 9.0, 12.0
_RESPONSE, _FREE = "#A9D18E", "#2E7D32"
# Shape and colour say the same; what ends a course is filled.
_MARKS = {
    "relapse": {"marker": "X", "color": "#B5301F", "markersize": 5.2},
    "re-infusion": {"marker": "D", "color": "#5B2A86", "markersize": 4.2},
    "death": {"marker": "s", "color": INK, "markersize": 4.2},
    "ongoing": {"marker": ">", "color": GREY, "markersize": 4.4},
}
_NAMES = {
    "relapse": mark("Relapse"),
    "re-infusion": mark("Re-infusion"),
    "death": mark("Death"),
    "ongoing": mark("Ongoing"),
}
_COUNTED = {
    "response": mark("{subjects} with response"),
    "drug-free": mark("{subjects} with drug-free"),
    "relapse": mark("{subjects} with relapse"),
    "re-infusion": mark("{subjects} with re-infusion"),
    "death": mark("{subjects} with death"),
}
_STEPS = (1, 2, 3, 6, 12, 24, 36, 60)


def swimmer_figure(result: Result, *, width: float = PAGE_MM, heading: str | None = None) -> Figure:
    """Draw the course of each subject as a bar, the strata one under the other.

    Parameters
    ----------
    result : Result
        What `subject_timelines` returns, of at most 60 subjects.
    width : float
        Width in millimetres: 85 for a column, 180 for a page.
    heading : str, optional
        The line above.

    Returns
    -------
    matplotlib.figure.Figure
        The figure, its caption under it. Subjects are numbered and not identified.

    Raises
    ------
    CarstatsError
        If the result is not one of courses, has too many subjects, or a character cannot be
        written.
    """
    require(result, "swimmer_figure", *_COLUMNS)
    n = result.frame["number"].nunique()
    if not 1 <= n <= _MOST:
        raise CarstatsError(
            message(
                "swimmer_figure draws 1 to {most} subjects; here are {n}. Choose a disease or a"
                " target in define_cohort().",
                most=_MOST,
                n=n,
            )
        )
    with drawing([*texts_of(result), heading or ""]):
        strata = len(result.strata()) if result.by else 0
        body = n * _ROW + strata * (_HEAD + 3) + 4
        inner = page_width(width) - 2 * MARGIN
        key = 3.0 + 13 * (1 + max(y for _, _, _, y in _entries(result, inner)))
        sheet = Sheet(
            width,
            key + body + 3.2 * SIZE,
            heading=titled(result.spec.endpoint, result) if heading is None else heading,
            caption=sentences(
                result.caption(),
                tr("Subjects are numbered by descending follow-up."),
                tr(
                    "An arrow: followed to the end of the bar without relapse, re-infusion or "
                    "death."
                ),
                abbreviations(result),
            ),
            synthetic=result.spec.synthetic,
            alt=_alt(result, n),
        )
        _key(sheet.axes(MARGIN, 0, inner, key), result, inner, key)
        left = MARGIN + text_width("00") + 8
        ax = sheet.axes(left, key, page_width(width) - left - MARGIN - 8, body)
        plot_swimmer(result, ax)
    return sheet.figure


def plot_swimmer(result: Result, ax: Axes) -> Axes:
    """Draw the courses of subjects on axes; x in months, subjects from the top.

    Parameters
    ----------
    result : Result
        What `subject_timelines` returns.
    ax : matplotlib.axes.Axes
        Where to draw.

    Returns
    -------
    matplotlib.axes.Axes
        The same axes.

    Raises
    ------
    CarstatsError
        If the result is not one of courses.
    """
    require(result, "plot_swimmer", *_COLUMNS)
    look, names = looks(result), stratum_names(result)
    at, ticks = 2.0, []
    width = ax.get_window_extent().width * 72 / ax.get_figure().dpi
    with drawing(texts_of(result)):
        for key, rows in result.strata():
            if result.by:
                name = wrap(names[key], width, weight="bold", most=1)[0]
                ax.annotate(
                    name, (0, at + _HEAD / 2 + 1), xycoords=("axes fraction", "data"),
                    weight="bold", color=look[key].colour, va="center", gid="stratum",
                    xytext=(2, 0), textcoords="offset points", annotation_clip=False,
                )  # fmt: skip
                at += _HEAD + 3
            for number, course in rows.groupby("number", sort=True):
                middle = at + _ROW / 2
                ticks.append((middle, str(number)))
                _course(ax, course, middle, look[key].colour)
                at += _ROW
        longest = result.frame["stop"].max() / DAYS_PER_MONTH
        end = longest if longest > 0 else 1.0
        step = next((s for s in _STEPS if end / s <= 9), 120)
        ax.set(xlim=(0, 1.03 * end), ylim=(at + 2, 0))
        ax.set_xticks([i * step for i in range(int(end / step) + 1)])
        ax.set_yticks([y for y, _ in ticks], [name for _, name in ticks], fontsize=SMALL - 1)
        ax.tick_params(axis="y", length=0, pad=2)
        ax.spines["left"].set_visible(False)
        ax.set_xlabel(tr("Months since infusion"), labelpad=2)
    return ax


def _course(ax: Axes, course, middle: float, colour: str) -> None:
    bars = {"follow-up": (colour, 0.22, 1.0), "response": (_RESPONSE, 1.0, 1.0)}
    bars["drug-free"] = (_FREE, 1.0, 0.45)
    for item, (fill, alpha, part) in bars.items():
        for row in course[course["item"] == item].itertuples():
            tall = _BAR * _ROW * part
            ax.barh(
                middle, (row.stop - row.start) / DAYS_PER_MONTH, tall,
                left=row.start / DAYS_PER_MONTH, color=fill, alpha=alpha, linewidth=0, gid=item,
            )  # fmt: skip
    for item, shape in _MARKS.items():
        days = course.loc[course["item"] == item, "start"] / DAYS_PER_MONTH
        if len(days):
            ax.plot(
                days, [middle] * len(days), linestyle="none", clip_on=False, gid=item,
                markeredgecolor="white", markeredgewidth=0.5, zorder=3, **shape,
            )  # fmt: skip


def _entries(result: Result, inner: float) -> list[tuple[str, str, float, int]]:
    """Return what the bars and marks drawn are called, with place and line of each in the key."""
    labels = result.labels.get("item", {})
    drawn = set(result.frame["item"])
    names = {"follow-up": tr("Follow-up")}
    names |= {item: in_words(labels.get(item, item)) for item in ("response", "drug-free")}
    names |= {item: tr(name) for item, name in _NAMES.items()}
    entries, x, line = [], 0.0, 0
    for item, name in names.items():
        if item not in drawn:
            continue
        room = 16 + text_width(name, SMALL) + 12
        if x and x + room > inner:
            x, line = 0.0, line + 1
        entries.append((item, name, x, line))
        x += room
    return entries


def _key(ax: Axes, result: Result, inner: float, tall: float) -> None:
    ax.set(xlim=(0, inner), ylim=(tall, 0), xticks=[], yticks=[])
    ax.set_axis_off()
    for item, name, x, line in _entries(result, inner):
        y = 6.0 + 13 * line
        if item in _MARKS:
            ax.plot(
                x + 6, y, linestyle="none", markeredgecolor="white", markeredgewidth=0.5,
                **_MARKS[item],
            )  # fmt: skip
        else:
            fill = {"follow-up": GREY, "response": _RESPONSE, "drug-free": _FREE}[item]
            height = _BAR * _ROW * (0.45 if item == "drug-free" else 1)
            ax.barh(
                y, 12, height, left=x, color=fill, alpha=0.3 if item == "follow-up" else 1.0,
                linewidth=0,
            )  # fmt: skip
        ax.text(x + 16, y, name, fontsize=SMALL, va="center_baseline", gid="key")


def _alt(result: Result, n: int) -> str:
    subjects = result.frame.groupby("item")["number"].nunique()
    parts = [
        tr(words, subjects=counted(int(subjects[item]), "subject"))
        for item, words in _COUNTED.items()
        if item in subjects
    ]
    courses = titled(tr("Courses of {subjects}", subjects=counted(n, "subject")), result)
    levels = [tr(", ").join(map(str, level_names(result, c).values())) for c in result.by]
    if levels:
        courses = tr("{courses} ({levels})", courses=courses, levels=tr("; ").join(levels))
    said = tr(", ").join(parts) or tr("nothing recorded")
    return full_stop(tr("{name}: {text}", name=courses, text=said))
