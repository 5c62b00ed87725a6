"""What figures draw of more subjects than a reader can tell apart."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from carstats.report.format import count
from carstats.words import tr

# Of more subjects a figure draws what they come to, and no mark for each.
MOST = 500
# A quartile rests on so many values at least; an order of many is drawn at so many places.
_LEAST, _PLACES = 3, 400


def band_said() -> str:
    """Say what the band stands for that takes the place of the subjects."""
    return tr(
        "Band: the middle half of the subjects; more than {most} are not drawn one by one.",
        most=count(MOST),
    )


def draw_band(ax: Axes, x, y, colour: str) -> None:
    """Draw between the quartiles of the values at each place of x that has three or more."""
    places, where = np.unique(np.asarray(x, float), return_inverse=True)
    values = np.asarray(y, float)
    order = np.argsort(where, kind="stable")
    parts = np.split(values[order], np.cumsum(np.bincount(where))[:-1])
    kept = [i for i, part in enumerate(parts) if len(part) >= _LEAST]
    if kept:
        low, high = np.array([np.quantile(parts[i], (0.25, 0.75)) for i in kept]).T
        ax.fill_between(
            places[kept], low, high, color=colour, alpha=0.3, linewidth=0, gid="quartiles"
        )


def ordered(values) -> tuple[np.ndarray, np.ndarray]:
    """Return values from the highest down against the per cent of subjects, at a few places."""
    values = np.sort(np.asarray(values, float))[::-1]
    share = np.linspace(0, 1, min(_PLACES, max(values.size, 2)))
    return 100 * share, values[np.round(share * (values.size - 1)).astype(int)]
