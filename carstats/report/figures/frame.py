"""The frame of every figure: what is checked, set up, said and stamped, once.

A figure is a function that draws on a page, in points as the report's size has them:

1. ``@figure("time", "estimate", width=COLUMN_MM)`` stands before ``def some_figure(page, result,
   *, option=…)`` and names the columns that the first result must have. Whoever calls it gives
   ``some_figure(result, option=…, width=…, heading=…, style=…)`` and gets the figure.
2. The function measures (``page.inner`` points between the margins, ``page.mm`` the width laid
   out), then calls ``page.begin(body, title=…, notes=[…], alt=…)``: the height of its body in
   points, the heading by default, the sentences after the method line, and what is shown in words.
3. It places axes and texts from the body's left and top: ``page.axes(left, top, width, height)``,
   ``page.write(left, top, text)``; ``page.panel(i, left, top, name)`` names one of several panels.
4. Sizes, fonts, the stamp, a journal's or a slide's format are the frame's; nothing is returned.
5. ``@panel("time", …)`` before ``def plot_some(result, ax, …)`` makes the part that is drawn on
   given axes; it needs no ``require`` and no ``drawing``. Time: ``days, name = x_unit(result)``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial, wraps
from typing import Any

from matplotlib.axes import Axes

from carstats.errors import CarstatsError, check_choice, check_number
from carstats.messages import mark, message
from carstats.report.figures.canvas import Canvas, bring_to
from carstats.report.figures.labels import require, require_one_row, texts_of
from carstats.report.format import DAYS_PER_MONTH
from carstats.report.setting import STYLES, WIDTHS, Style, setting
from carstats.report.style import (
    GREY,
    LINE_HEIGHT,
    PAGE_MM,
    SIZE,
    SMALL,
    clean,
    drawing,
    text_width,
    wrap,
)
from carstats.result import Result
from carstats.words import in_words, sentences, tr

POINTS_PER_MM = 72 / 25.4
MARGIN = 5.0
STAMP = mark("Synthetic data")
_UNITS = {
    "days": (1.0, mark("Days")),
    "weeks": (7.0, mark("Weeks")),
    "months": (DAYS_PER_MONTH, mark("Months")),
    "years": (365.25, mark("Years")),
}
_SINCE = {
    "infusion": mark("{unit} since infusion"),
    "landmark": mark("{unit} since the landmark"),
    "onset": mark("{unit} since onset"),
}


class Page:
    """What a figure is drawn on: heading, body, the method line under it, the stamp.

    Lengths are points of the report's size; the style scales the whole afterwards.
    """

    figure: Canvas
    top = height = 0.0

    def __init__(
        self, name: str, results: list[Result], mm: float, scale: float, heading: str | None
    ) -> None:
        self.name, self.results, self.scale = name, results, scale
        self.style = setting().style
        self.mm = mm / scale
        self.width = self.mm * POINTS_PER_MM
        self.inner = self.width - 2 * MARGIN
        self._heading = heading

    def at_least(self, mm: float) -> None:
        """Raise where the page is narrower than the figure can be."""
        if self.mm < mm:
            raise CarstatsError(
                message(
                    "`width` is {width!r}; {figure} takes {least:g} mm or more.",
                    width=round(self.mm * self.scale, 1),
                    figure=self.name,
                    least=round(mm * self.scale, 1),
                )
            )

    def begin(
        self,
        body: float,
        *,
        title: str = "",
        notes: Iterable[str] = (),
        alt: str = "",
        caption: str | None = None,
    ) -> None:
        """Set up the page around a body of a height: heading, caption, stamp, words.

        `notes` are sentences that follow the results' method line, or `caption` where one is given.
        """
        said = self.results[0].caption() if caption is None else caption
        title = clean(title if self._heading is None else self._heading)
        if self._heading is None and title.partition(" ")[0].islower():
            # A frame's event is called by its column; "mRSS" stays.
            title = title[:1].upper() + title[1:]
        said = clean(sentences(said, *notes)).replace(" %", "\u00a0%")
        synthetic = any(result.spec.synthetic for result in self.results)
        stamp_width = text_width(tr(STAMP), SMALL) + 8 if synthetic else 0.0
        room = self.inner - stamp_width
        head = wrap(title, room, SIZE, "bold") if title and self.style.heading else []
        foot = wrap(said, self.inner, SMALL) if said and self.style.caption else []
        rows = max(len(head), 1 if synthetic else 0)
        self.top = MARGIN + rows * SIZE * LINE_HEIGHT + (5 if rows else 0)
        foot_height = len(foot) * SMALL * LINE_HEIGHT + (7 if foot else 0)
        self.height = self.top + body + foot_height + MARGIN
        highest = self.style.highest * POINTS_PER_MM / self.scale
        if self.style.screen:
            highest = self.width * 9 / 16
        if self.height > highest:
            raise _TooHighError(self.height * self.scale / POINTS_PER_MM)
        if self.style.screen:
            self.top += (highest - self.height) / 2
            self.height = highest
        self.figure = Canvas(figsize=(self.width / 72, self.height / 72), facecolor="white")
        self.figure.title, self.figure.caption = title, said
        self.figure.style = self.style
        # A figure's label is what a reader hears who cannot see it; save_figure writes it.
        self.figure.set_label(clean(alt))
        for i, line in enumerate(head):
            self._write(
                MARGIN, MARGIN + i * SIZE * LINE_HEIGHT, line, weight="bold", va="top",
                gid=f"heading-{i + 1}",
            )  # fmt: skip
        if synthetic:
            self._write(
                self.width - MARGIN, MARGIN + 0.5, tr(STAMP), size=SMALL, color=GREY, ha="right",
                va="top", gid="stamp",
            )  # fmt: skip
        if foot:
            self._write(
                MARGIN, self.top + body + 7, "\n".join(foot), size=SMALL, color=GREY, va="top",
                linespacing=LINE_HEIGHT, gid="caption",
            )  # fmt: skip

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Return axes placed from the body's left, inside the margin, and its top."""
        bottom = self.height - self.top - top - height
        place = ((MARGIN + left) / self.width, bottom / self.height)
        return self.figure.add_axes((*place, width / self.width, height / self.height))

    def write(self, left: float, top: float, text: str, **options: Any) -> None:
        """Write text from the body's left, inside the margin, and its top."""
        self._write(MARGIN + left, self.top + top, text, **{"va": "top", **options})

    def letter_width(self) -> float:
        """Return the room before the name of one of several panels, points."""
        return text_width("m", weight="bold") + 4 if self.style.letters else 0.0

    def panel(
        self, place: int, left: float, top: float, name: str, *, alone: bool = False, **options: Any
    ) -> None:
        """Name one of several panels; in a journal's style a letter stands before the name."""
        if self.style.letters and not alone:
            self.write(left, top, chr(ord("a") + place), weight="bold", gid="letter")
            left += self.letter_width()
        self.write(left, top, name, **options)

    def _write(self, left: float, top: float, text: str, **options: Any) -> None:
        self.figure.text(left / self.width, 1 - top / self.height, text, **options)


class _TooHighError(Exception):
    """The page would be higher than its style allows."""

    def __init__(self, mm: float) -> None:
        super().__init__(mm)
        self.mm = mm


def figure(
    *columns: str, width: float = PAGE_MM, one_row: bool = False, signs: str = ""
) -> Callable[[Callable[..., None]], Callable[..., Canvas]]:
    """Make a figure of a function that draws on a page; the first result has these columns.

    The figure takes what the function takes after the page, and ``width`` (millimetres, or a name
    such as ``"column"``, ``"nature-2"``), ``heading`` (the line above) and ``style`` (``"report"``,
    ``"journal"``, ``"slide"``).
    """

    def decorate(draw: Callable[..., None]) -> Callable[..., Canvas]:
        @wraps(draw)
        def made(
            *given: Any,
            width: float | str | None = None,
            heading: str | None = None,
            style: str = "report",
            **options: Any,
        ) -> Canvas:
            name = draw.__name__
            given = tuple(list(each) if isinstance(each, Iterator) else each for each in given)
            style = check_choice("style", style, tuple(STYLES))
            mm = _millimetres(width, STYLES[style], standard)
            results = list(_results([*given, *options.values()]))
            if columns:
                for result in _first(given):
                    require(result, name, *columns)
                    if one_row:
                        require_one_row(result, name)
            words = [heading or "", signs, *_strings([*given, *options.values()])]
            with drawing(style=STYLES[style]), drawing([*texts_of(*results), *words]):
                canvas = _drawn(
                    lambda page: draw(page, *given, **options), name, results, mm, heading
                )
            canvas.remake = partial(made, *given, heading=heading, **options)
            return canvas

        standard = _default
        signature = inspect.signature(draw)
        kinds = inspect.Parameter.KEYWORD_ONLY
        more = {"width": None, "heading": None, "style": "report"}
        own = list(signature.parameters.values())[1:]
        added = [inspect.Parameter(n, kinds, default=value) for n, value in more.items()]
        made.__signature__ = signature.replace(parameters=[*own, *added])
        return made

    _default = width
    return decorate


def panel(*columns: str, one_row: bool = False) -> Callable[[Callable[..., Any]], Callable]:
    """Make of a function that draws a result on axes one that checks its columns and sets up."""

    def decorate(draw: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(draw)
        def made(result: Result, ax: Axes, *given: Any, **options: Any) -> Any:
            require(result, draw.__name__, *columns)
            if one_row:
                require_one_row(result, draw.__name__)
            results = _results([result, *given, *options.values()])
            with drawing(texts_of(*results)):
                return draw(result, ax, *given, **options)

        return made

    return decorate


def _drawn(
    draw: Callable[[Page], None], name: str, results: list[Result], mm: float, heading: str | None
) -> Canvas:
    """Draw a page at the first size of its style with which it is not too high."""
    most = 0.0
    for scale in setting().style.scales:
        page = Page(name, results, mm, scale, heading)
        try:
            draw(page)
        except _TooHighError as high:
            most = high.mm
            continue
        if scale != 1:
            bring_to(page.figure, scale)
        return page.figure
    raise CarstatsError(
        message(
            "{figure} would be {height:.0f} mm high at a width of {width:g} mm, more than its "
            "style has. Take a greater `width`, or fewer strata or rows.",
            figure=name,
            height=most,
            width=mm,
        )
    )


def _millimetres(width: float | str | None, style: Style, standard: float) -> float:
    """Return a figure's width in millimetres."""
    if width is None:
        if style is STYLES["report"]:
            return standard
        return style.widths[standard > 100]
    if isinstance(width, str):
        return WIDTHS[check_choice("width", width, tuple(WIDTHS))]
    check_number("width", width)
    if not 60 <= width <= 400:
        raise CarstatsError(
            message(
                "`width` is {width!r}; a figure is 60 to 400 mm wide (a column: 85, a page: 180).",
                width=width,
            )
        )
    return float(width)


def _first(given: tuple) -> Iterator[Any]:
    """Yield the results of a figure's first argument, one or several."""
    if given and isinstance(given[0], Sequence):
        yield from given[0]
    elif given and not isinstance(given[0], Mapping):
        yield given[0]


def _results(values: Iterable[Any]) -> Iterator[Result]:
    """Yield every result among arguments."""
    for value in values:
        if isinstance(value, Result):
            yield value
        elif isinstance(value, Mapping):
            yield from _results(value.values())
        elif isinstance(value, list | tuple):
            yield from _results(value)


def _strings(values: Iterable[Any]) -> Iterator[str]:
    """Yield every text among arguments, in the language that is set."""
    for value in values:
        if isinstance(value, str):
            yield in_words(value)
        elif isinstance(value, Mapping):
            yield from _strings([*value, *value.values()])
        elif isinstance(value, list | tuple):
            yield from _strings(value)


def plain_unit(standard: str) -> tuple[float, str]:
    """Return the days of the unit of time that is asked for, else of this one, and its name."""
    days, name = _UNITS[setting().time_unit or standard]
    return days, tr(name)


def x_unit(result: Result, standard: str = "months") -> tuple[float, str]:
    """Return the days of the unit of a result's axis of time, and what the axis is called."""
    days, unit = plain_unit(standard)
    origin = result.spec.origin
    return days, tr(_SINCE[origin], unit=unit) if origin in _SINCE else unit
