"""Keys: what marks, lines and fills mean, in as many lines as the page is wide."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from matplotlib.axes import Axes

from carstats.report.figures.frame import Page
from carstats.report.figures.labels import stratum_names
from carstats.report.style import SIZE, Look, looks, text_width, wrap
from carstats.result import Result

# A line of a key; the room of a mark, of the space behind it and behind a name, points.
_ROW, _MARK, _SPACE, _GAP = 12.5, 13.0, 4.0, 13.0
Shape = Callable[[Axes, float, float], None]


def key_height(names: Sequence[str], inner: float, size: float = SIZE) -> float:
    """Return the height of a key in points; 0 for one of no names."""
    return _ROW * (1 + max(line for _, line in _places(names, inner, size))) + 4 if names else 0.0


def draw_key(
    page: Page, top: float, shapes: Mapping[str, Shape], size: float = SIZE, left: float = 0.0
) -> None:
    """Draw a key: each name with its shape, a function of axes in points and of where it starts."""
    inner, names = page.inner - left, list(shapes)
    if not names:
        return
    height = key_height(names, inner, size)
    ax = page.axes(left, top, inner, height)
    ax.set(xlim=(0, inner), ylim=(height, 0))
    ax.set_axis_off()
    for (name, shape), (x, line) in zip(shapes.items(), _places(names, inner, size), strict=True):
        y = _ROW * (line + 0.5)
        shape(ax, x, y)
        shown = wrap(name, inner - _MARK - _SPACE, size, most=1)[0]
        ax.text(x + _MARK + _SPACE, y, shown, size=size, va="center_baseline", gid="key")


def line_shape(
    look: Look, *, dash: bool = True, marker: bool = True, plain: bool = False
) -> Shape:
    """Return the shape of a stratum: a line in its dashes or a `plain` one, its marker on it."""

    style = "solid" if plain else look.dash if dash else "none"

    def draw(ax: Axes, x: float, y: float) -> None:
        ax.plot(
            (x, x + _MARK / 2, x + _MARK), (y,) * 3, color=look.colour, linewidth=1.3,
            linestyle=style, marker=look.marker if marker else "none",
            markersize=3.8, markevery=[1], gid="key",
        )  # fmt: skip

    return draw


def strata_shapes(result: Result, *, dash: bool = True, marker: bool = True) -> dict[str, Shape]:
    """Return the shapes of a result's strata by their names; none of one that has no strata."""
    if not result.by:
        return {}
    shades = looks(result)
    return {
        name: line_shape(shades[key], dash=dash, marker=marker)
        for key, name in stratum_names(result).items()
    }


def _places(names: Sequence[str], inner: float, size: float) -> list[tuple[float, int]]:
    """Return where each entry stands: points from the left, and in which line."""
    places, x, line = [], 0.0, 0
    for name in names:
        room = _MARK + _SPACE + text_width(name, size)
        if x and x + room > inner:
            x, line = 0.0, line + 1
        places.append((x, line))
        x += room + _GAP
    return places
