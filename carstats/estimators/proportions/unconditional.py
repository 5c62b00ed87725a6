"""Exact unconditional tests of two proportions, and the limits that invert them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from carstats.estimators.proportions.score_statistic import scaled, score_statistic

# Tables whose statistics differ by less are tied: the cubic of the constrained proportions loses
# half of the digits where two of its roots meet.
_TIE = 1e-7
_GRID = 200
_SCAN = 200
_ZOOMS = 5


def unconditional_p_value(
    k1: int, k2: int, n1: int, n2: int, *, value: float | None = None,
    contrast: str = "difference", tails: str = "two-sided",
) -> float:  # fmt: skip
    """Test exactly whether the contrast of two proportions has a value, over all nuisances.

    Parameters
    ----------
    k1, k2 : int
        Events.
    n1, n2 : int
        Subjects, at least 1.
    value : float, optional
        The value tested; by default no difference.
    contrast : {"difference", "ratio"}
        First less second proportion, or first by second.
    tails : {"two-sided", "central"}
        "two-sided" counts tables with a score statistic at least as far from 0: without a
        difference Barnard's test with the pooled variance. "central" doubles the smaller one-sided
        p-value (Chan and Zhang).

    Returns
    -------
    float
        The largest p-value over the proportions that have this contrast.

    References
    ----------
    Barnard GA. Biometrika 1947; 34: 123-138. Suissa S, Shuster JJ. J R Stat Soc A 1985; 148:
    317-327 (pooled statistic). Chan ISF, Zhang Z. Biometrics 1999; 55: 1202-1209.
    """
    if value is None:
        value = 0.0 if contrast == "difference" else 1.0
    p_value = _p_function(k1, k2, n1, n2, contrast)
    if tails == "two-sided":
        return p_value(value, "both")
    return min(1.0, 2 * min(p_value(value, "upper"), p_value(value, "lower")))


def unconditional_limits(
    k1: int, k2: int, n1: int, n2: int, *, contrast: str = "difference", tails: str = "central",
    conf_level: float = 0.95,
) -> tuple[float, float]:  # fmt: skip
    """Compute exact unconditional confidence limits.

    k1, k2, n1, n2, contrast, tails : As for `unconditional_p_value`: "central" gives Chan and
        Zhang's limits, "two-sided" Agresti and Min's.

    Returns: the ends of the values that are not rejected. The p-value is no smooth function of the
    value and may cross the level more than once; the outermost crossing is found between 200 places
    of the range, then to 1e-10.

    Chan ISF, Zhang Z. Biometrics 1999; 55: 1202-1209. Agresti A, Min Y. Biometrics 2001; 57:
    963-971.
    """
    alpha = 1 - conf_level
    p_value = _p_function(k1, k2, n1, n2, contrast)
    sides, level = (
        (("upper", "lower"), alpha / 2) if tails == "central" else (("both", "both"), alpha)
    )
    places = np.linspace(0.0, 1.0, _SCAN + 1)
    ends = []
    for side, order in zip(sides, (1, -1), strict=True):

        def kept(place, side=side):
            value = float(scaled(np.float64(place), contrast))
            return p_value(value, side, level) >= level - 1e-12

        ordered = places[::order]
        found = next((i for i, place in enumerate(ordered) if kept(place)), None)
        if found in (0, None):
            ends.append(ordered[0])
            continue
        outside, inside = ordered[found - 1], ordered[found]
        for _ in range(33):
            middle = (outside + inside) / 2
            outside, inside = (outside, middle) if kept(middle) else (middle, inside)
        ends.append(inside)
    return tuple(float(scaled(np.float64(end), contrast)) for end in ends)


def boschloo_p_value(k1: int, k2: int, n1: int, n2: int) -> float:
    """Test exactly whether two proportions differ, ordering the tables by Fisher's p-value.

    Parameters
    ----------
    k1, k2 : int
        Events.
    n1, n2 : int
        Subjects, at least 1.

    Returns
    -------
    float
        The largest probability, over the common proportion, of a table whose two-sided Fisher
        p-value is no larger than the one observed; never above Fisher's own.

    References
    ----------
    Boschloo RD. Stat Neerl 1970; 24: 1-9.
    """
    fisher = _fisher_p_values(n1, n2)
    extreme = fisher <= fisher[k1, k2] * (1 + _TIE)
    return _supremum(extreme, 0.0, "difference")


def _fisher_p_values(n1: int, n2: int) -> NDArray[np.float64]:
    """Two-sided Fisher p-values of all tables: those at most as likely given the margins."""
    from scipy.stats import hypergeom

    found = np.ones((n1 + 1, n2 + 1))
    for events in range(n1 + n2 + 1):
        first = np.arange(max(0, events - n2), min(n1, events) + 1)
        chance = hypergeom.pmf(first, n1 + n2, events, n1)
        # As likely, give or take rounding, is as extreme; R's margin.
        tied = chance[None, :] <= chance[:, None] * (1 + _TIE)
        found[first, events - first] = np.minimum((tied * chance).sum(axis=1), 1.0)
    return found


def _p_function(k1: int, k2: int, n1: int, n2: int, contrast: str):
    """Return the p-value as a function of the value tested and of the tail."""
    first, second = np.arange(n1 + 1)[:, None], np.arange(n2 + 1)[None, :]

    def p_value(value: float, tail: str, level: float | None = None) -> float:
        if not np.isfinite(value) or (contrast == "ratio" and value == 0):
            # A ratio of nought or without end: only an empty group can be so.
            return float(k2 == 0 if np.isinf(value) else k1 == 0)
        z = score_statistic((first, second), (n1, n2), value, contrast, corrected=False)
        if contrast == "ratio":
            # Without any event a ratio is neither higher nor lower than supposed.
            z = np.where((first == 0) & (second == 0), 0.0, z)
        z = np.abs(z) if tail == "both" else -z if tail == "lower" else z
        seen = z[k1, k2]
        slack = _TIE * max(1.0, abs(seen)) if np.isfinite(seen) else 0.0
        return _supremum(z >= seen - slack, value, contrast, level)

    return p_value


def _supremum(
    extreme: NDArray[np.bool_], value: float, contrast: str, level: float | None = None
) -> float:
    """Return the largest probability of a set of tables over the pairs with this contrast.

    With a `level` it need be no more precise than to be told from it.
    """
    from scipy.special import gammaln

    n1, n2 = extreme.shape[0] - 1, extreme.shape[1] - 1
    mass = extreme.astype(float)

    def logs(n):
        i = np.arange(n + 1)
        return i, gammaln(n + 1) - gammaln(i + 1) - gammaln(n - i + 1)

    def density(n, p):
        i, coefficient = logs(n)
        with np.errstate(divide="ignore", invalid="ignore"):
            down = np.log1p(-p)[:, None] * (n - i)
            up = np.log(p)[:, None] * i
        # Nothing to the power of nothing is one.
        return np.exp(coefficient + np.where(i == 0, 0.0, up) + np.where(i == n, 0.0, down))

    def probability(second):
        first = second + value if contrast == "difference" else second * value
        first = np.clip(first, 0.0, 1.0)
        # In pieces, so that BLAS does not share out what takes microseconds.
        pieces = np.array_split(density(n1, first), 1 + second.size // 25)
        inner = np.concatenate([piece @ mass for piece in pieces])
        return (inner * density(n2, second)).sum(axis=1)

    if contrast == "difference":
        low, high = max(0.0, -value), min(1.0, 1 - value)
    else:
        low, high = 0.0, min(1.0, 1 / value)
    # Denser towards both ends, where a peak is as narrow as the proportion is small.
    grid = low + (high - low) * (1 - np.cos(np.pi * np.arange(_GRID + 1) / _GRID)) / 2
    found = probability(grid)
    clear = level is not None and (found.max() >= level or found.max() < 0.8 * level)
    if high <= low or clear:
        return float(min(found.max(), 1.0))
    inner = found[1:-1]
    peak = np.flatnonzero((inner >= found[:-2]) & (inner >= found[2:])) + 1
    peak = peak[found[peak] > 0.9 * found.max()]
    left, right = grid[peak - 1], grid[peak + 1]
    best = found.max()
    for _ in range(_ZOOMS if peak.size else 0):
        places = left[:, None] + (right - left)[:, None] * np.linspace(0, 1, 11)
        values = probability(places.ravel()).reshape(places.shape)
        at = values.argmax(axis=1)
        rows = np.arange(peak.size)
        best = max(best, values.max())
        left = places[rows, np.maximum(at - 1, 0)]
        right = places[rows, np.minimum(at + 1, 10)]
    return float(min(best, 1.0))
