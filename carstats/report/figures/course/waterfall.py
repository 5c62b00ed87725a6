"""A score's change of each subject at a visit, as bars from the worst to the best."""

from __future__ import annotations

from matplotlib.axes import Axes

from carstats.data.vocabulary import within_sentence
from carstats.errors import CarstatsError, check_choice, listed
from carstats.messages import message
from carstats.report.figures.course.measures import (
    CHANGES,
    COLUMNS,
    LEFT,
    keys_of,
    y_label,
)
from carstats.report.figures.crowd import MOST, ordered
from carstats.report.figures.frame import Page, figure
from carstats.report.figures.keys import draw_key, key_height, strata_shapes
from carstats.report.figures.labels import abbreviations, titled
from carstats.report.format import count, counted, number
from carstats.report.style import INK, RULE, SIZE, looks
from carstats.result import Result
from carstats.words import tr

_BODY = 165.0


@figure(*COLUMNS)
def waterfall_figure(
    page: Page, result: Result, *, at: float = 168, what: str = "change"
) -> None:
    """Draw the change of each subject at a visit as bars from the worst to the best.

    Of more than 500 subjects a line for each stratum shows the same order.

    Parameters
    ----------
    page : Page
        The frame's.
    result : Result
        What `score_course` returns.
    at : float
        The visit, one of those that the result tells apart.
    what : {"change", "percent_change"}
        Which change.

    Raises
    ------
    CarstatsError
        If the result is no course of a score, or nobody has a value at the visit.
    """
    what = check_choice("what", what, tuple(CHANGES))
    here = _at_visit(result, at, what)
    without = result.frame["subject"].nunique() - len(here)
    title = titled(
        tr("{endpoint} at week {week}: {change}", endpoint=result.spec.endpoint,
           week=number(at / 7, 0), change=within_sentence(tr(CHANGES[what]))),
        result,
    )  # fmt: skip
    crowd = len(here) > MOST
    shapes = strata_shapes(result, dash=crowd)
    top = key_height(list(shapes), page.inner) + 3
    page.begin(
        top + _BODY + 2.2 * SIZE,
        title=title,
        notes=[
            tr("The subjects of each stratum from the worst change to the best; more than {most} "
               "are not drawn one by one.", most=count(MOST)) if crowd else "",
            tr("{subjects} without a value at the visit not drawn.",
               subjects=counted(without, "subject")) if without else "",
            abbreviations(result),
        ],
        alt=tr(
            "Waterfall of {title}: {subjects}, {better} below baseline.",
            title=title, subjects=counted(len(here), "subject"), better=int((here[what] < 0).sum()),
        ),
    )  # fmt: skip
    draw = _lines if crowd else _bars
    draw(page.axes(LEFT, top, page.inner - LEFT, _BODY), result, here, what)
    draw_key(page, 0, shapes)


def _lines(ax: Axes, result: Result, here, what: str) -> None:
    """Draw the ordered changes of each stratum against the per cent of its subjects."""
    for key, own in here.groupby(list(result.by) or (lambda _: 0), sort=False):
        look = looks(result)[key if result.by else ()]
        ax.plot(
            *ordered(own[what]), color=look.colour, linestyle=look.dash, linewidth=1.4, gid="order"
        )
    ax.set_xlim(0, 100)
    ax.set_xlabel(tr("Subjects of each stratum, %"), labelpad=4)
    _values(ax, result, what)


def _bars(ax: Axes, result: Result, here, what: str) -> None:
    shades = looks(result)
    here = here.sort_values([what, "subject"], ascending=[False, True], kind="stable")
    bar = ax.get_window_extent().width * 72 / ax.get_figure().dpi / (len(here) + 0.6)
    for x, (value, key) in enumerate(zip(here[what], keys_of(result, here), strict=True)):
        look = shades[key]
        ax.bar(x, value, 0.8, color=look.colour, linewidth=0)
        # The mark repeats what the colour says, and shows who did not change at all.
        ax.plot(
            x, value, look.marker, color=look.colour, markersize=min(3.2, 0.9 * bar),
            markeredgewidth=0.4, markeredgecolor="white", clip_on=False,
        )  # fmt: skip
    ax.set(xlim=(-0.8, max(len(here), 6) - 0.2), xticks=[])
    ax.set_xlabel(tr("Subjects (n = {n})", n=count(len(here))), labelpad=4)
    ax.spines["bottom"].set_visible(False)
    _values(ax, result, what)


def _values(ax: Axes, result: Result, what: str) -> None:
    ax.axhline(0, color=INK, linewidth=0.6)
    ax.set_ylabel(y_label(result, what), labelpad=3)
    ax.grid(axis="y", color=RULE, linewidth=0.4, zorder=0)
    ax.set_axisbelow(True)
    if what == "percent_change":
        ax.set_ylim(min(-105.0, ax.get_ylim()[0]), ax.get_ylim()[1])


def _at_visit(result: Result, at: float, what: str):
    days = sorted(result.frame["visit"].dropna().unique())
    here = result.frame[(result.frame["visit"] == at) & result.frame[what].notna()]
    if here.empty:
        raise CarstatsError(
            message(
                "`at` is {at:g}: nobody has a value there. The visits are {days}.",
                at=at,
                days=listed(f"{day:g}" for day in days if day > 0),
            )
        )
    return here
