"""The root of a monotone function between two points."""

from __future__ import annotations

from collections.abc import Callable


def find_root(
    function: Callable[[float], float], low: float, high: float, *, width: float = 1e-13
) -> float:
    """Find where an increasing function crosses zero.

    Parameters
    ----------
    function : callable
        Takes and returns a float; increasing.
    low, high : float
        Where to look. Without a crossing between them the nearer end is the answer.
    width : float
        How far from the root the answer may be.

    Returns
    -------
    float
        The root.

    References
    ----------
    Chandrupatla TR. Adv Eng Softw 1997; 28: 145-149.
    """
    a, b = high, low
    fa, fb = function(a), function(b)
    if fb >= 0 or fa <= 0:
        return b if fb >= 0 else a
    c, fc = a, fa
    step = 0.5
    for _ in range(200):
        x = a + step * (b - a)
        fx = function(x)
        if (fx > 0) == (fa > 0):
            c, fc = a, fa
        else:
            c, b, fc, fb = b, a, fb, fa
        a, fa = x, fx
        best, value = (a, fa) if abs(fa) < abs(fb) else (b, fb)
        least = width / abs(b - a) if b != a else 1.0
        if least >= 0.5 or value == 0:
            return best
        xi, phi = (a - b) / (c - b), (fa - fb) / (fc - fb)
        step = 0.5
        if phi**2 < xi and (1 - phi) ** 2 < 1 - xi:
            step = fa / (fb - fa) * fc / (fb - fc)
            step += (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
        step = min(1 - least, max(least, step))
    return best
