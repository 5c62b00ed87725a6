"""The terminal decline of a profile: a line through the logarithms of its last values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Of fits whose adjusted r² differ by no more the one of most points is taken, as WinNonlin does.
TOLERANCE = 1e-4
FEWEST = 3


@dataclass(frozen=True)
class Decline:
    """A log-linear decline.

    Attributes
    ----------
    rate : float
        The slope of the logarithms with its sign turned, per unit of time; NaN where there is none.
    intercept : float
        The logarithm of the line at time 0.
    adjusted_r2 : float
        Adjusted coefficient of determination.
    n_points : int
        Values that the line goes through; 0 where there is none.
    first, last : float
        Times of the first and the last of them.
    """

    rate: float = np.nan
    intercept: float = np.nan
    adjusted_r2: float = np.nan
    n_points: int = 0
    first: float = np.nan
    last: float = np.nan

    @property
    def half_life(self) -> float:
        """Time in which the line falls to its half; NaN where there is none."""
        return float(np.log(2) / self.rate)


def terminal_decline(
    time: NDArray[np.float64], value: NDArray[np.float64], *, tolerance: float = TOLERANCE
) -> Decline:
    """Fit the terminal decline of values in order of time.

    Lines through the last 3, 4, … values are compared by their adjusted r²; of those within
    `tolerance` of the best the one of most points is taken.

    Parameters
    ----------
    time, value : ndarray, shape (n,)
        The values that may belong to the decline, all above 0: those after the peak, or from it on
        where nothing expands.
    tolerance : float
        How much worse an adjusted r² may be for more points.

    Returns
    -------
    Decline
        Without a rate where there are fewer than three values, or the line does not fall.

    References
    ----------
    Buckeridge C et al. PKNCA, vignette "Half-life calculation" (`adj.r.squared.factor` 1e-4).
    """
    n = len(time)
    if n < FEWEST:
        return Decline()
    # Sums from the end, so that element k is of the last k + 1 values.
    t, y = time[::-1] - time[-1], np.log(value[::-1])
    k = np.arange(1, n + 1)
    mean_t, mean_y = np.cumsum(t) / k, np.cumsum(y) / k
    of_t = np.cumsum(t**2) - k * mean_t**2
    of_y = np.cumsum(y**2) - k * mean_y**2
    both = np.cumsum(t * y) - k * mean_t * mean_y
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = both / of_t
        r2 = np.where(of_y > 0, both**2 / (of_t * of_y), 0.0)
        adjusted = 1 - (1 - r2) * (k - 1) / (k - 2)
    usable = (k >= FEWEST) & (of_t > 0) & (slope < 0) & np.isfinite(adjusted)
    if not usable.any():
        return Decline()
    best = adjusted[usable].max()
    place = int(np.flatnonzero(usable & (adjusted >= best - tolerance))[-1])
    rate = -float(slope[place])
    intercept = float(mean_y[place] - slope[place] * (mean_t[place] + time[-1]))
    return Decline(
        rate, intercept, float(adjusted[place]), place + 1, float(time[n - 1 - place]),
        float(time[-1]),
    )  # fmt: skip
