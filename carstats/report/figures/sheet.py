"""The sheet that a figure is drawn on: heading, body, the method line under it, the stamp."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from carstats.errors import CarstatsError
from carstats.messages import mark, message
from carstats.report.figures.labels import (  # noqa: F401
    abbreviations,
    level_names,
    plain_axes,
    require,
    require_one_row,
    rules_named,
    stratum_names,
    texts_of,
    titled,
)  # fmt: skip
from carstats.report.style import (
    GREY,
    LINE_HEIGHT,
    SIZE,
    SMALL,
    clean,
    text_width,
    wrap,
)
from carstats.words import tr

POINTS_PER_MM = 72 / 25.4
MARGIN = 5.0
STAMP = mark("Synthetic data")


class Sheet:
    """A figure of a journal's width whose body is placed in points from the top left.

    Parameters
    ----------
    width : float
        Width in millimetres.
    body : float
        Height of the body in points.
    heading : str
        What is shown, above the body.
    caption : str
        The method line and its notes, wrapped under the body.
    synthetic : bool
        Whether to stamp the figure.
    alt : str
        What the figure shows in words, for readers who do not see it.
    """

    def __init__(
        self, width: float, body: float, *, heading: str, caption: str, synthetic: bool, alt: str
    ) -> None:
        self.width = page_width(width)
        inner = self.width - 2 * MARGIN
        stamp_width = text_width(tr(STAMP), SMALL) + 8 if synthetic else 0.0
        head = wrap(heading, inner - stamp_width, SIZE, "bold") if heading else []
        foot = wrap(caption, inner, SMALL) if caption else []
        rows = max(len(head), 1 if synthetic else 0)
        self.top = MARGIN + rows * SIZE * LINE_HEIGHT + (5 if rows else 0)
        foot_height = len(foot) * SMALL * LINE_HEIGHT + (7 if foot else 0)
        self.height = self.top + body + foot_height + MARGIN
        self.figure = Figure(figsize=(self.width / 72, self.height / 72), facecolor="white")
        # A figure's label is what a reader hears who cannot see it; save_figure writes it.
        self.figure.set_label(clean(alt))
        for i, line in enumerate(head):
            self.write(
                MARGIN, MARGIN + i * SIZE * LINE_HEIGHT, line, weight="bold", va="top",
                gid=f"heading-{i + 1}",
            )  # fmt: skip
        if synthetic:
            self.write(
                self.width - MARGIN, MARGIN + 0.5, tr(STAMP), size=SMALL, color=GREY, ha="right",
                va="top", gid="stamp",
            )  # fmt: skip
        if foot:
            self.write(
                MARGIN, self.top + body + 7, "\n".join(foot), size=SMALL, color=GREY, va="top",
                linespacing=LINE_HEIGHT, gid="caption",
            )  # fmt: skip

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Return axes placed in points from the body's left and top."""
        bottom = self.height - self.top - top - height
        place = (left / self.width, bottom / self.height, width / self.width, height / self.height)
        return self.figure.add_axes(place)

    def write(self, left: float, top: float, text: str, **options) -> None:
        """Write text in points from the figure's left and top."""
        self.figure.text(left / self.width, 1 - top / self.height, text, **options)


def page_width(width: float) -> float:
    """Return a width of millimetres in points."""
    if not 60 <= width <= 400:
        raise CarstatsError(
            message(
                "`width` is {width!r}; a figure is 60 to 400 mm wide (a column: 85, a page: 180).",
                width=width,
            )
        )
    return width * POINTS_PER_MM
