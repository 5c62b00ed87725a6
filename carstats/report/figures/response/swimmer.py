"""The swimmer plot: a bar for each subject, with what happened on it."""

from __future__ import annotations

from matplotlib.axes import Axes

from carstats.errors import CarstatsError
from carstats.messages import mark, message
from carstats.report.figures.frame import Page, figure, panel, x_unit
from carstats.report.figures.keys import Shape, draw_key, key_height
from carstats.report.figures.labels import abbreviations, level_names, stratum_names, titled
from carstats.report.figures.response.states import draw_states
from carstats.report.format import counted
from carstats.report.style import GREY, INK, SIZE, SMALL, looks, text_width, wrap
from carstats.result import Result
from carstats.words import full_stop, in_words, tr

# More rows than these do not fit a page.
_MOST = 100
_COLUMNS = ("number", "item", "start", "stop")
_BAR, _ROW, _HEAD = 0.66, 9.0, 12.0
# All rows together are at most so high, so that a page holds them with its caption.
_BODY = 540.0
# But a row is never lower than this.
_LEAST = 4.5
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


@figure(*_COLUMNS)
def swimmer_figure(page: Page, result: Result) -> None:
    """Draw the course of each subject as a bar, the strata one under the other.

    Subjects are numbered and not identified.

    Parameters
    ----------
    page : Page
        The frame's.
    result : Result
        What `subject_timelines` returns. Of more than 100 subjects, for whom no page has rows,
        areas show the share in each state over time.

    Raises
    ------
    CarstatsError
        If the result is not one of courses, or has no subject.
    """
    n = result.frame["number"].nunique()
    if not n:
        raise CarstatsError(message("swimmer_figure draws 1 subject or more; here is none."))
    if n > _MOST:
        draw_states(page, result, _MOST)
        return
    strata, shapes = len(result.strata()) if result.by else 0, _shapes(result)
    body = n * _row_height(n, strata) + strata * (_HEAD + 3) + 4
    top = key_height(list(shapes), page.inner, SMALL) + 3
    ongoing = (result.frame["item"] == "ongoing").any()
    page.begin(
        top + body + 3.2 * SIZE,
        title=titled(result.spec.endpoint, result),
        notes=[
            tr("Subjects are numbered by descending follow-up."),
            tr("An arrow: followed to the end of the bar without relapse, re-infusion or death.")
            if ongoing else "",
            tr("Open: the state that the last visit found, not assessed since.")
            if _unseen(result) else "",
            abbreviations(result),
        ],
        alt=_alt(result, n),
    )  # fmt: skip
    draw_key(page, 0, shapes, SMALL)
    left = text_width(str(n), SMALL) + 6
    plot_swimmer(result, page.axes(left, top, page.inner - left - 8, body))


@panel(*_COLUMNS)
def plot_swimmer(result: Result, ax: Axes) -> Axes:
    """Draw what `subject_timelines` returns on axes, subjects from the top."""
    look, names = looks(result), stratum_names(result)
    days, unit = x_unit(result)
    at, ticks = 2.0, []
    row = _row_height(result.frame["number"].nunique(), len(names) if result.by else 0)
    # Where the rows are too near for a number each, every fifth subject has one.
    each = 1 if row >= SMALL else 5
    width = ax.get_window_extent().width * 72 / ax.get_figure().dpi
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
            _course(ax, course, middle, row, days)
            at += row
    longest = result.frame["stop"].max() / days
    end = longest if longest > 0 else 1.0
    step = next((s for s in _STEPS if end / s <= 9), 120)
    ax.set(xlim=(0, 1.03 * end), ylim=(at + 2, 0))
    ax.set_xticks([i * step for i in range(int(end / step) + 1)])
    ax.set_yticks([y for y, _ in ticks], [name for _, name in ticks], fontsize=SMALL - 1)
    ax.tick_params(axis="y", length=0, pad=2)
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(unit, labelpad=2)
    return ax


def _row_height(n: int, strata: int) -> float:
    return max(min(_ROW, (_BODY - strata * (_HEAD + 3)) / n), _LEAST)


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


def _course(ax: Axes, course, middle: float, row: float, days: float) -> None:
    for base in _BARS:
        for item in (base, base + _UNSEEN):
            for span in course[course["item"] == item].itertuples():
                start, stop = span.start / days, span.stop / days
                _bar(ax, item, start, stop, middle, row, item)
    for item, shape in _MARKS.items():
        at = course.loc[course["item"] == item, "start"] / days
        if len(at):
            ax.plot(
                at, [middle] * len(at), linestyle="none", clip_on=False, gid=item,
                markeredgecolor="white", markeredgewidth=0.5, zorder=3, **shape,
            )  # fmt: skip


def _unseen(result: Result) -> bool:
    return bool(result.frame["item"].str.endswith(_UNSEEN).any())


def _shapes(result: Result) -> dict[str, Shape]:
    """Return the key: what the bars and marks that are drawn are called."""
    labels, drawn = result.labels.get("item", {}), set(result.frame["item"])
    names = {"follow-up": tr("Follow-up")}
    names |= {item: in_words(labels.get(item, item)) for item in ("response", "drug-free")}
    shapes = {names[item]: _bar_shape(item) for item in names if item in drawn}
    if _unseen(result):
        shapes[tr("Not assessed since")] = _bar_shape(f"response{_UNSEEN}")
    return shapes | {tr(_NAMES[item]): _mark_shape(item) for item in _MARKS if item in drawn}


def _bar_shape(item: str) -> Shape:
    return lambda ax, x, y: _bar(ax, item, x, x + 13, y, _ROW, "key")


def _mark_shape(item: str) -> Shape:
    style = {"linestyle": "none", "markeredgecolor": "white", "markeredgewidth": 0.5}
    return lambda ax, x, y: ax.plot(x + 6.5, y, gid="key", **style, **_MARKS[item])


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
