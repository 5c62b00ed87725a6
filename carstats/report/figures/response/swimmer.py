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

_MOST = 100
_COLUMNS = ("number", "item", "start", "stop")
_BAR, _ROW, _HEAD = 0.66, 9.0, 12.0
# All rows together are at most so high, so that a page holds them with its caption.
_BODY = 540.0
_FOLLOW_UP, _RESPONSE, _FREE, _UNSEEN = "#C4C4C4", "#8CC474", "#14591D", ", not assessed since"
# Colour and height (a part of the bar's) of what lasts; an open bar is a state not assessed since.
_BARS = {
    "follow-up": (_FOLLOW_UP, 0.3),
    "response": (_RESPONSE, 1.0),
    "drug-free": (_FREE, 0.45),
}
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
        What `subject_timelines` returns, of at most 100 subjects.
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
    drawn = set(result.frame["item"])
    with drawing([*texts_of(result), heading or ""]):
        strata = len(result.strata()) if result.by else 0
        row = _row_height(n, strata)
        body = n * row + strata * (_HEAD + 3) + 4
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
                )
                if "ongoing" in drawn
                else "",
                tr("Open: the state that the last visit found, not assessed since.")
                if any(item.endswith(_UNSEEN) for item in drawn)
                else "",
                abbreviations(result),
            ),
            synthetic=result.spec.synthetic,
            alt=_alt(result, n),
        )
        _key(sheet.axes(MARGIN, 0, inner, key), result, inner, key)
        left = MARGIN + text_width(str(n), SMALL) + 6
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
    row = _row_height(result.frame["number"].nunique(), len(names) if result.by else 0)
    # Where the rows are too near for a number each, every fifth subject has one.
    each = 1 if row >= SMALL else 5
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
                middle = at + row / 2
                if number % each == 0 or number == 1:
                    ticks.append((middle, str(number)))
                _course(ax, course, middle, row)
                at += row
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


def _row_height(n: int, strata: int) -> float:
    return min(_ROW, (_BODY - strata * (_HEAD + 3)) / n)


def _bar(
    ax: Axes, item: str, start: float, stop: float, middle: float, row: float, gid: str
) -> None:
    """Draw how long something lasted: filled while it was seen, open where nobody has looked."""
    colour, part = _BARS[item.removesuffix(_UNSEEN)]
    opened = item.endswith(_UNSEEN)
    # A paler thread in the middle would hide behind the response: an open one is white.
    ax.barh(
        middle, stop - start, _BAR * row * part - (0.6 if opened else 0), left=start, gid=gid,
        facecolor="white" if opened else colour, edgecolor=colour, linewidth=0.6 if opened else 0,
    )  # fmt: skip


def _course(ax: Axes, course, middle: float, row: float) -> None:
    for base in _BARS:
        for item in (base, base + _UNSEEN):
            for span in course[course["item"] == item].itertuples():
                start, stop = span.start / DAYS_PER_MONTH, span.stop / DAYS_PER_MONTH
                _bar(ax, item, start, stop, middle, row, item)
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
    if any(item.endswith(_UNSEEN) for item in drawn):
        names["unseen"] = tr("Not assessed since")
        drawn.add("unseen")
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
            shown = "response" + _UNSEEN if item == "unseen" else item
            _bar(ax, shown, x, x + 12, y, _ROW, "key")
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
