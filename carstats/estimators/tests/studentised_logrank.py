"""Permutation of the whole log-rank statistic, its variance computed anew in every arrangement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import lgamma

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.estimators.curves.risk_table import distinct_times, strata_rows
from carstats.estimators.quadratic_form import pseudo_inverses
from carstats.estimators.reasons import (
    NO_EVENT_AT_RISK_TOGETHER,
    NO_SUBJECTS,
    ONE_GROUP,
    Reason,
)
from carstats.estimators.tests.logrank import event_weights, group_tables

# Arrangements, all strata together, up to which each is looked at.
LISTED = 200_000
# Statistics closer than this are tied: sums of the same terms in another order.
_TIE = 1e-9
# Subjects times arrangements held at once.
_CELLS = 2_000_000


@dataclass(frozen=True)
class StudentisedTest:
    """A log-rank test whose statistic U'V⁻U is compared with that of other arrangements.

    Attributes
    ----------
    statistic : float
        The log-rank chi-square, as `weighted_logrank`'s; NaN where nothing can be compared.
    p_value : float
        Part of the arrangements with a statistic at least as large, or (b + 1) / (B + 1).
    smallest : float
        The smallest p-value that these data could give, whichever subjects had been in which group;
        of random arrangements: the part tied with the most extreme one drawn.
    method : {"exact", "resampling", "none"}
        Whether all arrangements were looked at or random ones.
    n_arrangements : float
        Ways to allocate the subjects to the groups within strata.
    n_resamples : int
        Random arrangements drawn; 0 where all were looked at.
    reason : Reason or None
        Why there is no p-value; else None.
    """

    statistic: float
    p_value: float
    smallest: float
    method: str
    n_arrangements: float
    n_resamples: int
    reason: Reason | None = None


@dataclass(frozen=True)
class _Layer:
    """The event times of one stratum, and where its subjects begin and end among them."""

    end: NDArray[np.intp]  # event times at which the subject is at risk: those before this place
    start: NDArray[np.intp] | None  # and from this one on
    score: NDArray[np.float64]
    spread: NDArray[np.float64]  # w² d (n - d) / (n - 1) at each event time
    n_risk: NDArray[np.float64]
    group: NDArray[np.intp]


def studentised_logrank(
    time: ArrayLike,
    status: ArrayLike,
    group: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    weight: str = "log-rank",
    exponents: tuple[float, float] = (0.0, 0.0),
    trend: ArrayLike | None = None,
    listed: int = LISTED,
    n_resamples: int = 9_999,
    seed: int = 0,
) -> StudentisedTest:
    """Test whether groups have the same hazard, by permuting the studentised log-rank statistic.

    Exact where the groups are followed alike. Where follow-up differs its size is close to the
    nominal one, which permuting the linear scores does not give.

    time, status, group, strata, entry, weight, exponents : As for `weighted_logrank`. Subjects are
        exchanged within strata, each with its own entry.
    trend : Scores of the groups that have subjects, for an ordered difference.

    Returns: the test; it says which arrangements were looked at.

    Neuhaus G. Ann Stat 1993; 21: 1760-1779. Janssen A, Mayer C-D. Scand J Stat 2001; 28: 283-293.
    Phipson B, Smyth GK. Stat Appl Genet Mol Biol 2010; 9: 39 (the added 1).
    """
    present, group = np.unique(np.asarray(group, int), return_inverse=True)
    if present.size < 2:
        reason = Reason(ONE_GROUP if present.size else NO_SUBJECTS)
        return StudentisedTest(np.nan, np.nan, np.nan, "none", float(present.size), 0, reason)
    layers = _layers(time, status, group, strata, entry, weight, exponents)
    if trend is None and present.size == 2:
        trend = [0.0, 1.0]
    contrast = None if trend is None else np.asarray(trend, float) - np.mean(trend)
    size = int(present.size)
    observed = float(_statistics(_summed(layers, [x.group[None] for x in layers], size, contrast)))
    ways = sum(_log_ways(np.bincount(x.group, minlength=size)) for x in layers)
    count = float(np.exp(ways)) if ways < 700 else np.inf
    count = float(round(count)) if count < 1e12 else count
    if not np.isfinite(observed) or not _can_vary(layers, contrast, size):
        reason = Reason(NO_EVENT_AT_RISK_TOGETHER)
        return StudentisedTest(np.nan, np.nan, np.nan, "none", count, 0, reason)
    if ways <= np.log(listed + 0.5):
        every = _every_arrangement(layers, size, contrast)
        found = _statistics(every)
        p_value = float(_at_least(found, observed).mean())
        smallest = float(_at_least(found, float(found.max())).mean())
        return StudentisedTest(observed, p_value, smallest, "exact", count, 0)
    found = np.concatenate(list(_random(layers, size, contrast, n_resamples, seed)))
    p_value = (int(_at_least(found, observed).sum()) + 1) / (n_resamples + 1)
    tied = float(_at_least(found, float(found.max())).mean())
    smallest = max(1 / (n_resamples + 1), tied)
    return StudentisedTest(observed, p_value, smallest, "resampling", count, n_resamples)


def _at_least(found: NDArray[np.float64], value: float) -> NDArray[np.bool_]:
    return found >= value - _TIE * max(1.0, abs(value))


def _log_ways(sizes: NDArray[np.intp]) -> float:
    return lgamma(sizes.sum() + 1) - sum(lgamma(n + 1) for n in sizes.tolist())


def _layers(time, status, group, strata, entry, weight, exponents) -> list[_Layer]:
    """Count everyone together, which no arrangement changes."""
    time, status = np.asarray(time, float), np.asarray(status, int)
    begin = None if entry is None else np.asarray(entry, float)
    one = np.zeros(time.size, int)
    tables = group_tables(time, status, one, n_groups=1, strata=strata, entry=entry)
    both = time if begin is None else np.concatenate([time, begin])
    distinct, place = distinct_times(both)
    snapped = distinct[place]
    layers = []
    for table, rows in zip(tables, strata_rows(strata, time.size), strict=True):
        kept = np.arange(time.size) if rows is None else rows
        n, d = table.n_risk[0], table.n_event[0, :, 0]
        chosen = d > 0
        at, n, d = table.time[chosen], n[chosen], d[chosen]
        w = event_weights(n, d, weight, exponents)
        end = np.searchsorted(at, snapped[kept], side="right")
        start = None
        if begin is not None:
            start = np.searchsorted(at, snapped[time.size + kept], side="right")
            start = np.minimum(start, end)
        hazard = np.append(0.0, np.cumsum(w * d / n))
        score = -hazard[end] + (0.0 if start is None else hazard[start])
        own = status[kept] > 0
        score[own] += w[end[own] - 1]
        spread = w * w * d * (n - d) / np.maximum(n - 1, 1)
        # In an order of their own, so that random arrangements do not depend on that of the data.
        first = np.zeros(kept.size, int) if start is None else start
        turn = np.lexsort((group[kept], score, first, end))
        began = None if start is None else start[turn]
        layers.append(_Layer(end[turn], began, score[turn], spread, n, group[kept][turn]))
    return layers


def _at_risk(layer: _Layer, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum a value of each subject, shape (B, n), over those at risk at each event time: (B, K)."""
    order = np.argsort(layer.end, kind="stable")
    sums = np.cumsum(values[:, order], axis=1)
    sums = np.concatenate([np.zeros((len(values), 1)), sums], axis=1)
    places = np.arange(layer.n_risk.size)
    # At the k-th event time those with end > k and start <= k are at risk.
    ended = np.searchsorted(layer.end[order], places, side="right")
    if layer.start is None:
        return sums[:, -1:] - sums[:, ended]
    order = np.argsort(layer.start, kind="stable")
    begun = np.cumsum(values[:, order], axis=1)
    begun = np.concatenate([np.zeros((len(values), 1)), begun], axis=1)
    joined = np.searchsorted(layer.start[order], places, side="right")
    return begun[:, joined] - sums[:, ended]


def _parts(layer: _Layer, labels: NDArray[np.intp], size: int, contrast):
    """Numerator and variance of one stratum in each arrangement, shape (B, n)."""
    if contrast is not None:
        value = contrast[labels]
        mean = _at_risk(layer, value) / layer.n_risk
        square = _at_risk(layer, value**2) / layer.n_risk
        return value @ layer.score, np.maximum(square - mean**2, 0.0) @ layer.spread
    member = [(labels == g).astype(float) for g in range(size)]
    numerator = np.stack([m @ layer.score for m in member], axis=1)
    share = np.stack([_at_risk(layer, m) / layer.n_risk for m in member], axis=1)
    weighted = share * layer.spread
    variance = -weighted @ share.transpose(0, 2, 1)
    diagonal = np.arange(size)
    variance[:, diagonal, diagonal] += weighted.sum(axis=2)
    return numerator, variance


def _summed(layers, labels, size, contrast):
    parts = [_parts(x, one, size, contrast) for x, one in zip(layers, labels, strict=True)]
    return sum(p[0] for p in parts), sum(p[1] for p in parts)


def _statistics(parts) -> NDArray[np.float64]:
    """Statistic of each arrangement: 0 where it has no variance left."""
    numerator, variance = parts
    if numerator.ndim == 1:
        some = variance > 1e-12 * max(float(variance.max(initial=0.0)), 1e-300)
        safe = np.where(some, variance, 1.0)
        return np.squeeze(np.where(some, numerator**2 / safe, 0.0))
    inverse = pseudo_inverses(variance)
    return np.squeeze(np.einsum("bi,bij,bj->b", numerator, inverse, numerator))


def _can_vary(layers: list[_Layer], contrast, size: int) -> bool:
    """Say whether the arrangement seen leaves any variance."""
    _, variance = _summed(layers, [x.group[None] for x in layers], size, contrast)
    return bool(np.max(np.abs(variance), initial=0.0) > 1e-12)


def _sparse(layer: _Layer) -> bool:
    """Say whether places drawn at random for the smaller group seldom fall together."""
    few, n = int(np.bincount(layer.group, minlength=2).min()), layer.group.size
    return few * few < n


def _few_drawn(layer: _Layer, contrast, n_resamples: int, rng):
    """Numerator and variance of a stratum in random arrangements, from the smaller group alone.

    With its places in order of their ends, the k-th from the last is one of k at risk: so the sum
    of squares over the event times is a sum over the places.
    """
    sizes = np.bincount(layer.group, minlength=2)
    mine = int(np.argmin(sizes))
    few, n = int(sizes[mine]), layer.group.size
    places = np.sort(rng.integers(0, n, size=(n_resamples, few)), axis=1)
    while (again := (np.diff(places, axis=1) == 0).any(axis=1)).any():
        places[again] = np.sort(rng.integers(0, n, size=(int(again.sum()), few)), axis=1)
    # The layer's subjects are in the order of their ends.
    single = np.append(0.0, np.cumsum(layer.spread / layer.n_risk))[layer.end[places]]
    double = np.append(0.0, np.cumsum(layer.spread / layer.n_risk**2))[layer.end[places]]
    step = contrast[mine] - contrast[1 - mine]
    numerator = step * layer.score[places].sum(axis=1)
    variance = single.sum(axis=1) - double @ (2.0 * np.arange(few)[::-1] + 1)
    return numerator, step**2 * np.maximum(variance, 0.0)


def _every_arrangement(layers, size: int, contrast):
    """Numerators and variances of all arrangements, those of the strata combined."""
    total = None
    for layer in layers:
        blocks = [_parts(layer, labels, size, contrast) for labels in _listed(layer.group, size)]
        numerator, variance = (np.concatenate(x) for x in zip(*blocks, strict=True))
        if total is None:
            total = numerator, variance
            continue
        shape = (-1, *numerator.shape[1:])
        total = (
            (total[0][:, None] + numerator[None]).reshape(shape),
            (total[1][:, None] + variance[None]).reshape(-1, *variance.shape[1:]),
        )
    return total


def _listed(group: NDArray[np.intp], size: int) -> Iterator[NDArray[np.intp]]:
    """Give all ways to put the groups' labels on the subjects, in blocks."""
    n, sizes = group.size, np.bincount(group, minlength=size)
    # The largest group is what the others leave.
    *placed, rest = np.argsort(sizes, kind="stable").tolist()
    labels = np.full((1, n), rest)
    free = n
    for g in (g for g in placed if sizes[g]):
        chosen = np.array(list(combinations(range(free), int(sizes[g]))))
        # Places still free in each row, in order: choose among them.
        open_ = np.argsort(labels != rest, axis=1, kind="stable")[:, :free]
        rows = np.repeat(np.arange(len(labels)), len(chosen))
        columns = open_[:, chosen].reshape(-1, chosen.shape[1])
        labels = labels[rows]
        labels[np.arange(len(labels))[:, None], columns] = g
        free -= int(sizes[g])
    width = max(1, _CELLS // max(n, 1))
    for first in range(0, len(labels), width):
        yield labels[first : first + width]


def _random(layers, size: int, contrast, n_resamples: int, seed: int):
    """Give the statistics of random arrangements, in blocks."""
    rng = np.random.default_rng(seed)
    if size == 2 and all(x.start is None and _sparse(x) for x in layers):
        parts = [_few_drawn(x, contrast, n_resamples, rng) for x in layers]
        yield np.atleast_1d(_statistics((sum(p[0] for p in parts), sum(p[1] for p in parts))))
        return
    width = max(1, _CELLS // max(sum(x.group.size for x in layers), 1))
    for first in range(0, n_resamples, width):
        block = min(width, n_resamples - first)
        labels = []
        for layer in layers:
            deck = np.tile(np.sort(layer.group), (block, 1))
            labels.append(rng.permuted(deck, axis=1, out=deck))
        yield np.atleast_1d(_statistics(_summed(layers, labels, size, contrast)))
