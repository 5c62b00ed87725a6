"""Sums of scores over random allocations to groups within strata: exact, and by resampling."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb, lgamma, log

import numpy as np
from numpy.typing import NDArray

# Above, in any stratum, "auto" resamples.
MAX_ARRANGEMENTS = 1_000_000
ENUMERATED = log(MAX_ARRANGEMENTS + 0.5)
# Sums held at once, about 100 MB; and distinct scores of a stratum for which it is worth a try.
_MAX_SUMS = 4_000_000
_LARGEST = 200
# Subjects times resamples drawn at once.
_CELLS = 4_000_000
# Above, whole rows are shuffled: a step for each subject would take longer than it saves.
_SHUFFLED = 500
# Scores are coded as whole multiples of 2^-50 of their sum of moduli, so that equal sums are equal
# whatever the order of addition; sums closer than this many units differ by rounding alone.
TIE = 2**14
_SAME_UNITS = 16

# Distinct sums in increasing order with their ways or chances; and two that are added.
_Sums = tuple[NDArray[np.float64], NDArray[np.float64]]
_Pair = tuple[_Sums, _Sums]
_POINT = (np.zeros(1), np.ones(1))


@dataclass(frozen=True)
class Stratum:
    """Integer-coded scores of one stratum and the number of its subjects in each group.

    Attributes
    ----------
    scores : ndarray, shape (n,)
        Whole multiples of one unit, the subjects in the order of their groups.
    sizes : ndarray of int, shape (G,)
        Subjects of each group.
    """

    scores: NDArray[np.float64]
    sizes: NDArray[np.intp]

    @property
    def log_arrangements(self) -> float:
        """Logarithm of the number of ways to allocate the subjects to the groups."""
        return lgamma(self.sizes.sum() + 1) - sum(lgamma(size + 1) for size in self.sizes)


def coded_scores(scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Code scores as whole numbers, so that equal sums are equal in every order of addition.

    coded : Whole numbers whose moduli add up to less than 2^51.
    unit : What one of them is worth.
    """
    total = np.abs(scores).sum()
    unit = 2.0 ** (np.floor(np.log2(total)) - 50) if total > 0 else 1.0
    return np.rint(scores / unit), unit


def exact_sums(parts: list[Stratum]) -> list[_Pair] | None:
    """Find the distribution of the second group's sum of scores over all arrangements.

    Returns: a mixture of sums of two independent parts, each with its values in increasing order
    (of the second) and their weights. The two need not be combined: the tail of their total is read
    by a search of one in the other, so that a million on either side stay a million. For that the
    stratum with the most arrangements is split into halves of its scores, by how many of the first
    half are chosen. None where there are too many sums.

    van de Wiel MA. Comput Stat 2001; 16: 519-538.
    """
    large = [p for p in parts if p.log_arrangements > ENUMERATED]
    if any(np.unique(p.scores).size > _LARGEST for p in large):
        return None
    *others, largest = sorted(parts, key=lambda p: p.log_arrangements)
    rest = [_POINT, _POINT]
    for part in reversed(others):
        found, few = _chosen_sums(part.scores, _few(part)), _few(part)
        small = int(rest[1][0].size < rest[0][0].size)
        if found is None or found[-1][0].size * rest[small][0].size > _MAX_SUMS:
            return None
        values, ways = found[-1]
        if few < part.sizes[1]:
            values, ways = part.scores.sum() - values[::-1], ways[::-1]
        rest[small] = _added((values, ways / ways.sum()), rest[small])
    few, scores = _few(largest), np.unique(largest.scores)
    first, second = (
        _chosen_sums(largest.scores[np.isin(largest.scores, scores[side::2])], few)
        for side in (0, 1)
    )
    if first is None or second is None:
        return None
    pairs = [
        (first[k], second[few - k])
        for k in range(max(0, few - len(second) + 1), min(few, len(first) - 1) + 1)
    ]
    total = sum(a[1].sum() * b[1].sum() for a, b in pairs)
    pairs = [((a[0], a[1] / total), b) for a, b in pairs]
    if few < largest.sizes[1]:
        everything = largest.scores.sum()
        pairs = [((everything - a[0], a[1]), (-b[0][::-1], b[1][::-1])) for a, b in pairs]
    for side in (0, 1):
        if sum(pair[side][0].size for pair in pairs) * rest[side][0].size > _MAX_SUMS:
            return None
    return [(_added(a, rest[0]), _added(b, rest[1])) for a, b in pairs]


def _few(part: Stratum) -> int:
    """How many are chosen: the fewer of the two groups, for the other's sum is the rest."""
    return int(part.sizes.min())


def _chosen_sums(scores, most: int) -> list[_Sums] | None:
    """Sums of 0, 1, ..., `most` of these scores, ties among them; None if out of reach."""
    values, copies = np.unique(scores, return_counts=True)
    return _sums(values, copies, most)


def _sums(scores, copies, most: int) -> list[_Sums] | None:
    """Sums of 0, 1, ..., `most` scores (or as many as there are) and the ways to get each.

    `scores` are distinct, `copies` says how often each is there. Halves are combined, so that the
    large arrays are sorted once. None where there are too many.
    """
    if most == 0 or not scores.size:
        return [_POINT]
    if most == 1:
        return [_POINT, (scores, copies.astype(float))]
    if scores.size == 1:
        count = int(copies[0])
        return [
            (scores * k, np.array([float(comb(count, k))])) for k in range(min(most, count) + 1)
        ]
    middle = scores.size // 2
    first = _sums(scores[:middle], copies[:middle], most)
    second = _sums(scores[middle:], copies[middle:], most)
    if first is None or second is None:
        return None
    found = []
    for k in range(min(most, int(copies.sum())) + 1):
        pairs = [
            (first[j], second[k - j])
            for j in range(max(0, k - len(second) + 1), min(k, len(first) - 1) + 1)
        ]
        if sum(a[0].size * b[0].size for a, b in pairs) > _MAX_SUMS:
            return None
        found.append(_merged(*(np.concatenate(c) for c in zip(*map(_outer, pairs), strict=True))))
    return found


def _outer(pair: _Pair) -> _Sums:
    (a, p), (b, q) = pair
    return np.add.outer(a, b).ravel(), np.outer(p, q).ravel()


def _added(a: _Sums, b: _Sums) -> _Sums:
    return _merged(*_outer((a, b)))


def _merged(values, chances) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sort the values and add up the chances of those that differ by rounding alone."""
    order = np.argsort(values, kind="stable")
    values, chances = values[order], chances[order]
    starts = np.flatnonzero(np.append(True, np.diff(values) > _SAME_UNITS))
    return values[starts], np.add.reduceat(chances, starts)


def upper_tail(pairs: list[_Pair], least: float) -> float:
    """Compute the probability that the sum is at least a value."""
    total = 0.0
    for (a, p), (b, q) in pairs:
        tail = np.append(np.cumsum(q[::-1])[::-1], 0.0)
        total += float(p @ tail[np.searchsorted(b, least - a, side="left")])
    return total


def lower_tail(pairs: list[_Pair], most: float) -> float:
    """Compute the probability that the sum is at most a value."""
    total = 0.0
    for (a, p), (b, q) in pairs:
        head = np.append(0.0, np.cumsum(q))
        total += float(p @ head[np.searchsorted(b, most - a, side="right")])
    return total


def sampled_sums(parts: list[Stratum], n_resamples: int, seed: int) -> NDArray[np.float64]:
    """Draw sums of the second group's scores in random arrangements within strata.

    n_resamples, seed : How many arrangements, and the seed of `numpy.random.default_rng`.

    Returns: the sums. In small strata by the first steps of a Fisher-Yates shuffle on all resamples
    at once: as many draws without replacement as the smaller group has subjects.
    """
    if max(p.scores.size for p in parts) > _SHUFFLED:
        return sampled_group_sums(parts, n_resamples, seed)[:, 1]
    rng = np.random.default_rng(seed)
    sums = np.zeros(n_resamples)
    for part in parts:
        n, chosen = part.scores.size, int(part.sizes[1])
        draws = min(chosen, n - chosen)
        width = max(1, _CELLS // n)
        for first in range(0, n_resamples if draws else 0, width):
            block = sums[first : first + width]
            size = block.size
            deck = np.repeat(part.scores, size)
            column = np.arange(size)
            drawn = np.zeros(size)
            for j in range(draws):
                place = rng.integers(j, n, size=size) * size + column
                drawn += deck[place]
                deck[place] = deck[j * size : (j + 1) * size]
            block += drawn if draws == chosen else part.scores.sum() - drawn
        if not draws and chosen:
            sums += part.scores.sum()
    return sums


def sampled_group_sums(parts: list[Stratum], n_resamples: int, seed: int) -> NDArray[np.float64]:
    """Draw sums of every group's scores in random arrangements within strata.

    n_resamples, seed : How many arrangements, and the seed of `numpy.random.default_rng`.
    """
    rng = np.random.default_rng(seed)
    sums = np.zeros((n_resamples, parts[0].sizes.size))
    for part in parts:
        n, width = part.scores.size, max(1, _CELLS // part.scores.size)
        member = np.repeat(np.eye(part.sizes.size), part.sizes, axis=0)
        for first in range(0, n_resamples, width):
            block = sums[first : first + width]
            deck = np.broadcast_to(part.scores, (len(block), n)).copy()
            block += rng.permuted(deck, axis=1, out=deck) @ member
    return sums
