"""What figures draw of more subjects than a reader can tell apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from carstats.report.format import count
from carstats.result import Result
from carstats.words import tr

# Of more subjects a figure draws what they come to, and no mark for each.
MOST = 500
# A quartile rests on so many values at least; an order of many is drawn at so many places.
_LEAST, PLACES = 3, 400
# Steps of a curve that are so near, in points, are half a dot of a printer apart; a table of numbers
# has at most so many.
_NEAR, _STEPS = 0.12, 4096
# What a listing of subjects is told by where no subject is drawn, and what it tells of each.
_PLACED, _TOLD = ("level", "visit"), ("value", "change", "percent_change")


def many_at_risk(result: Result) -> bool:
    """Say whether the curves of a result are of more subjects than figures mark one by one."""
    return sum(rows["n_risk"].max() for _, rows in result.strata() if len(rows)) > MOST


def steps_seen(x: np.ndarray, ax: Axes | None = None) -> np.ndarray:
    """Return which rising places of a step curve an eye tells apart: of a few, all of them."""
    if x.size <= 2 * MOST:
        return np.arange(x.size)
    cells = _STEPS
    if ax is not None:
        cells = int(ax.get_window_extent().width * 72 / ax.get_figure().dpi / _NEAR) + 1
    cell = np.floor((x - x[0]) / max(x[-1] - x[0], 1e-9) * cells)
    last = np.append(cell[1:] != cell[:-1], True)
    last[0] = True
    return np.flatnonzero(last)


def without_subjects(result: Result) -> pd.DataFrame:
    """Return a result's rows; of many subjects what they come to in place of a row for each."""
    frame = result.frame
    if {"time", "n_risk"} <= set(frame) and len(frame) > _STEPS:
        parts = [*result.by, *(name for name in ("cause", "term") if name in frame)]
        groups = [rows for _, rows in frame.groupby(parts, sort=False)] if parts else [frame]
        kept = [rows.index[steps_seen(rows["time"].to_numpy(float))] for rows in groups]
        return frame.loc[np.sort(np.concatenate(kept))]
    column = next((name for name in ("subject", "number") if name in frame), None)
    if column is None or frame[column].nunique() <= MOST:
        return frame
    rest = frame[frame[column] <= 0] if "kind" in frame else frame.iloc[:0]
    every, by = frame.drop(rest.index), list(result.by)
    if "state" in frame:
        known = [*by, "measure", "group", "state"]
        sizes = every.groupby(known, sort=False, observed=True).size().rename("n").reset_index()
        return pd.concat([sizes.assign(kind="subjects"), rest], ignore_index=True)[[*rest]]
    if len(rest):
        return rest
    placed = [*by, *(name for name in _PLACED if name in frame)]
    told = [name for name in _TOLD if name in frame]
    if not placed or not told:
        return rest
    values = every.melt(placed, told, "measured", "amount").dropna(subset="amount")
    groups = values.groupby([*placed, "measured"], sort=False, observed=True)["amount"]
    return pd.DataFrame(
        {"n": groups.size(), "lower_quartile": groups.quantile(0.25), "median": groups.median(),
         "upper_quartile": groups.quantile(0.75)}
    ).reset_index()  # fmt: skip


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


def share_within(at: np.ndarray, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Return at each place the share of spans that hold it, their ends included."""
    begun = np.searchsorted(np.sort(start), at, side="right")
    ended = np.searchsorted(np.sort(stop), at, side="left")
    return (begun - ended) / max(start.size, 1)


def ordered(values) -> tuple[np.ndarray, np.ndarray]:
    """Return values from the highest down against the per cent of subjects, at a few places."""
    values = np.sort(np.asarray(values, float))[::-1]
    share = np.linspace(0, 1, min(PLACES, max(values.size, 2)))
    return 100 * share, values[np.round(share * (values.size - 1)).astype(int)]
