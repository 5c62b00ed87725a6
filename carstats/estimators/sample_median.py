"""The median of a sample with limits that assume nothing of its distribution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True)
class SampleMedian:
    """A median with its limits and the spread of the sample.

    Attributes
    ----------
    n : int
        Values.
    estimate, low, high : float
        Median and limits; the limits are NaN where so few values allow none at the level.
    q1, q3, minimum, maximum : float
        Quartiles (R's type 7) and range.
    """

    n: int
    estimate: float
    low: float
    high: float
    q1: float
    q3: float
    minimum: float
    maximum: float


def sample_median(values: ArrayLike, *, conf_level: float = 0.95) -> SampleMedian:
    """Estimate a median with distribution-free limits.

    Parameters
    ----------
    values : array_like, shape (n,)
        The sample; NaN is left out.
    conf_level : float
        Least coverage of the limits, which are two of the values: the order statistics between
        which the binomial (n, 1/2) puts it. At 95 % there are none with fewer than six values.

    Returns
    -------
    SampleMedian
        With NaN where there is no value.

    References
    ----------
    Thompson WR. Ann Math Stat 1936; 7: 122-128.
    """
    from scipy.special import bdtr

    x = np.sort(np.asarray(values, float))
    x = x[~np.isnan(x)]
    if not x.size:
        return SampleMedian(0, *[np.nan] * 7)
    q1, middle, q3 = (float(np.quantile(x, p)) for p in (0.25, 0.5, 0.75))
    # The largest r for which P(fewer than r of n below the median) is at most the tail.
    fewer = bdtr(np.arange(x.size // 2), x.size, 0.5)
    r = int((fewer <= (1 - conf_level) / 2).sum())
    low, high = (float(x[r - 1]), float(x[-r])) if r else (np.nan, np.nan)
    return SampleMedian(x.size, middle, low, high, q1, q3, float(x[0]), float(x[-1]))
