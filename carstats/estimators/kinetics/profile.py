"""What a profile of samples says: its peak, its areas, its decline, its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.estimators.kinetics.decline import Decline, terminal_decline
from carstats.estimators.reasons import (
    NO_DECLINE,
    NO_SAMPLE,
    NOT_FOLLOWED,
    TOO_MUCH_EXTRAPOLATED,
    Reason,
)

# What a value below the limit of quantification is, between two that are above it.
BELOW = ("dropped", "zero", "half the limit")
# What the area has after the last value above the limit.
TAIL = ("nothing", "triangle")
# More than this share of an area is not guessed.
MOST_EXTRAPOLATED = 0.2


@dataclass(frozen=True)
class Area:
    """A partial area under the curve from the infusion to a horizon.

    Attributes
    ----------
    value : float
        In units of the values times units of time; NaN with a reason.
    extrapolated : float
        The share of it after the last sample.
    reason : Reason or None
        Why there is none.
    """

    value: float
    extrapolated: float = 0.0
    reason: Reason | None = None


@dataclass(frozen=True)
class Profile:
    """The parameters of one profile; times count from its infusion.

    Attributes
    ----------
    peak, peak_time : float
        The largest quantified value and its time, the first of equal ones; NaN where there is none.
    last, last_time : float
        The last quantified value and its time.
    below_time : float
        The first sample below quantification after `last_time`; infinite where there is none.
    area_to_last : float
        Area to the last quantified value.
    areas : tuple of Area
        Partial areas, one for each horizon.
    decline : Decline
        The terminal decline.
    n, n_quantified, n_between : int
        Samples; those above the limit; those below it between two that are above.
    end : float
        Time of the last sample.
    """

    peak: float
    peak_time: float
    last: float
    last_time: float
    below_time: float
    area_to_last: float
    areas: tuple[Area, ...]
    decline: Decline
    n: int
    n_quantified: int
    n_between: int
    end: float


def kinetic_profile(
    time: ArrayLike,
    value: ArrayLike,
    limit: ArrayLike,
    *,
    horizons: Sequence[float] = (28.0, 90.0),
    below: str = "dropped",
    tail: str = "nothing",
    begin: str = "zero",
    peak_in_decline: bool = False,
    peak_within: tuple[float, float] = (0.0, np.inf),
) -> Profile:
    """Describe one profile by the linear-up, log-down rule.

    Parameters
    ----------
    time : array_like, shape (n,)
        Times since the infusion, in order, none twice.
    value : array_like, shape (n,)
        Values; NaN where below the limit of quantification.
    limit : array_like, shape (n,)
        Each sample's limit of quantification; it matters where `below` is half of it.
    horizons : sequence of float
        Ends of the partial areas.
    below : {"dropped", "zero", "half the limit"}
        What a sample below the limit is between two that are above it. Before the first it is 0.
    tail : {"nothing", "triangle"}
        What the area has after the last value above the limit: nothing, or a triangle to the first
        sample below it.
    begin : {"zero", "first sample", "back-extrapolated"}
        Where no sample is at or before the infusion: the value is 0 then, or the area begins with
        the first sample, or with the line through the logarithms of the first two (a bolus).
    peak_in_decline : bool
        Whether the terminal decline may begin with the peak: for cells that do not expand.
    peak_within : (float, float)
        Times among which the peak is sought.

    Returns
    -------
    Profile
        The parameters.

    Notes
    -----
    Between two values that fall the area is that of an exponential, else of a line. A horizon
    between two values takes the value of the same rule there. After the last sample it is
    extrapolated from the last value by the terminal decline, if that adds no more than a fifth.

    References
    ----------
    Buckeridge C et al. PKNCA, vignette "Methods: AUC calculation".
    Gabrielsson J, Weiner D. Methods Mol Biol 2012; 929: 377-389.
    """
    t, c = np.asarray(time, float), np.asarray(value, float)
    limit = np.broadcast_to(np.asarray(limit, float), t.shape)
    seen = np.flatnonzero(~np.isnan(c))
    after = seen[t[seen] >= 0]
    if not after.size:
        reason = Reason(NOT_FOLLOWED) if t.size else Reason(NO_SAMPLE)
        reached = t.max() if t.size else -np.inf
        areas = tuple(
            Area(0.0) if t.size and reached >= h else Area(np.nan, np.nan, reason)
            for h in horizons
        )  # fmt: skip
        nothing = 0.0 if t.size else np.nan
        return Profile(
            np.nan, np.nan, np.nan, np.nan, float(t[t >= 0].min()) if (t >= 0).any() else np.inf,
            nothing, areas, Decline(), len(t), 0, 0, float(reached),
        )  # fmt: skip
    sought = after[(t[after] >= peak_within[0]) & (t[after] <= peak_within[1])]
    # With nothing quantified then there is no peak, and a decline from the first value on.
    top = int(sought[np.argmax(c[sought])]) if sought.size else -1
    final = int(after[-1])
    between = np.isnan(c) & (np.arange(len(t)) > after[0]) & (np.arange(len(t)) < final)
    later = np.flatnonzero(np.isnan(c) & (np.arange(len(t)) > final))
    falling = after[after >= max(top, 0)] if peak_in_decline else after[after > top]
    decline = terminal_decline(t[falling], c[falling])
    x, y = _curve(t, c, limit, between, int(after[0]), final, below, begin)
    to_last = _area(x, y, t[final])
    areas = tuple(_partial(x, y, h, t, final, later, tail, decline) for h in horizons)
    return Profile(
        float(c[top]) if sought.size else np.nan, float(t[top]) if sought.size else np.nan,
        float(c[final]), float(t[final]),
        float(t[later[0]]) if later.size else np.inf, to_last, areas, decline, len(t), len(seen),
        int(between.sum()), float(t[-1]),
    )  # fmt: skip


def _curve(t, c, limit, between, first: int, final: int, below: str, begin: str):
    """Return times and values of the curve from the infusion to the last value above the limit."""
    y = c.copy()
    y[:first][np.isnan(y[:first])] = 0.0
    if below == "zero":
        y[between] = 0.0
    elif below == "half the limit":
        y[between] = limit[between] / 2
    kept = (np.arange(len(t)) <= final) & ~np.isnan(y)
    x, y = t[kept], y[kept]
    # Samples before the infusion say what is there at it.
    before = np.flatnonzero(x <= 0)
    if before.size:
        x, y = np.append(0.0, x[before[-1] + 1 :]), y[before[-1] :]
    elif begin == "zero" or (begin == "back-extrapolated" and len(x) < 2):
        x, y = np.append(0.0, x), np.append(0.0, y)
    elif begin == "back-extrapolated":
        rise = np.log(y[1] / y[0]) / (x[1] - x[0]) if y[0] > 0 and y[1] > 0 else np.inf
        start = y[0] * np.exp(-rise * x[0]) if rise < 0 else y[0]
        x, y = np.append(0.0, x), np.append(start, y)
    return x, y


def _pieces(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the area of each piece: of an exponential where it falls, else of a line."""
    a, b, width = y[:-1], y[1:], np.diff(x)
    log = (b < a) & (b > 0)
    ratio = np.where(log, a, 2.0) / np.where(log, b, 1.0)
    return np.where(log, (a - b) * width / np.log(ratio), (a + b) / 2 * width)


def _area(x: NDArray[np.float64], y: NDArray[np.float64], until: float) -> float:
    """Return the area from the first time of the curve to one that is no later than its last."""
    if until <= x[0]:
        return 0.0
    place = int(np.searchsorted(x, until, side="left"))
    if x[place] > until:
        a, b = y[place - 1], y[place]
        share = (until - x[place - 1]) / (x[place] - x[place - 1])
        at = a * (b / a) ** share if 0 < b < a else a + (b - a) * share
        x, y = np.append(x[:place], until), np.append(y[:place], at)
    else:
        x, y = x[: place + 1], y[: place + 1]
    return float(_pieces(x, y).sum())


def _partial(x, y, horizon, t, final, later, tail, decline) -> Area:
    """Return the area to a horizon."""
    if horizon <= t[final]:
        return Area(_area(x, y, horizon))
    known = _area(x, y, t[final])
    if later.size:
        zero = t[later[0]]
        if tail == "triangle":
            left = y[-1] * max(0.0, zero - horizon) / (zero - t[final])
            known += (y[-1] + left) / 2 * (min(horizon, zero) - t[final])
        return Area(float(known))
    if not decline.n_points:
        return Area(np.nan, np.nan, Reason(NO_DECLINE))
    more = y[-1] * -np.expm1(-decline.rate * (horizon - t[final])) / decline.rate
    share = float(more / (known + more))
    if share > MOST_EXTRAPOLATED:
        percent = round(100 * share)
        return Area(np.nan, share, Reason(TOO_MUCH_EXTRAPOLATED, {"percent": percent}))
    return Area(float(known + more), share)
