"""The root of a monotone function, or the nearer end of where it is looked for."""

from __future__ import annotations

from collections.abc import Callable


def find_root(
    function: Callable[[float], float], low: float, high: float, *, width: float = 1e-13
) -> float:
    """Find where an increasing function crosses zero.

    low, high : Where to look. Without a crossing between them the nearer end is the answer.
    """
    from scipy.optimize import brentq

    # brentq asks for the ends again.
    ends = {low: function(low), high: function(high)}
    if ends[low] >= 0 or ends[high] <= 0:
        return low if ends[low] >= 0 else high
    # The least relative width that it takes, four times the spacing of floats at 1.
    return brentq(
        lambda x: ends[x] if x in ends else function(x), low, high, xtol=width, rtol=2.0**-50
    )
