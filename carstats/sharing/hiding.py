"""Which pieces of an outcome are joined, so that no number stands for one to four subjects.

A number that is shown is a sum over a group of strata and a block of pieces. Blocks and groups are
chosen so that each is 0 or at least the minimum, and so that blocks of a finer table are joined
from those of the coarser one: whatever is added or subtracted then, a piece that is not shown can
be anything in a range as wide as the minimum, or is 0, or is itself a number as large as it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carstats.sharing.outcomes import (
    COMPETING,
    EVENT,
    GRADES,
    MISSING,
    NOT_ASKED,
    OTHER,
    RESPONDER,
    RESPONSE,
    TIMES,
    Outcome,
)

# What is most worth telling apart of a toxicity: any grade, grade 3 or more; then each other grade,
# and last what may be worse than it is known to be.
_WORTH = {1: 100, 3: 90}
_GRADE, _OPEN = 10, 1


@dataclass(frozen=True)
class Joining:
    """Which pieces of an outcome are joined into blocks.

    Attributes
    ----------
    block : tuple of int
        The block of each piece.
    """

    block: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of blocks."""
        return max(self.block) + 1

    def sums(self, counts: NDArray) -> NDArray[np.int_]:
        """Add up counts by piece, the last axis, to counts by block."""
        found = np.zeros((*counts.shape[:-1], self.size), int)
        np.add.at(np.moveaxis(found, -1, 0), list(self.block), np.moveaxis(counts, -1, 0))
        return found

    def coarsens(self, finer: Joining) -> bool:
        """Say whether each block is joined from whole blocks of another joining."""
        pairs = set(zip(finer.block, self.block, strict=True))
        return len(pairs) == finer.size


def large_enough(sums: NDArray, least: int) -> bool:
    """Say whether each number is 0 or at least the minimum."""
    return bool(((sums == 0) | (sums >= least)).all())


def joinings(
    outcome: Outcome, counts: NDArray, least: int, within: Joining | None
) -> Iterator[Joining]:
    """Yield the ways to join that may be shown of some groups, the most telling first.

    Parameters
    ----------
    outcome : Outcome
        What is counted.
    counts : ndarray of int, shape (groups, pieces)
        The subjects.
    least : int
        The minimum.
    within : Joining or None
        What a coarser table shows: blocks are joined from its blocks.
    """
    if outcome.kind == RESPONSE:
        found = _of_response()
    elif outcome.kind == TIMES:
        found = _of_times(outcome, counts, least, within)
    else:
        found = _of_grades(counts, least, within)
    for joining in found:
        allowed = within is None or joining.coarsens(within)
        if (
            allowed
            and tells(outcome, joining, within)
            and large_enough(joining.sums(counts), least)
        ):
            yield joining


def _of_response() -> Iterator[Joining]:
    """Tell responders, the others, missing; else responders from all others, who are failures."""
    fine = {RESPONDER: 0, OTHER: 1, MISSING: 2, NOT_ASKED: 3}
    yield Joining(tuple(fine[piece] for piece in range(4)))
    yield Joining((0, 1, 1, 2))


def _of_grades(counts: NDArray, least: int, within: Joining | None) -> Iterator[Joining]:
    """Tell ranges of grades, as many and as useful ones as can be.

    First with what may be worse than known as a number of its own, which is mostly 0; where that
    is too small, it goes to the next grade that is told.
    """
    grades = len(GRADES) // 2
    pieces = counts[:, :-1]
    apart = pieces.reshape(len(counts), grades, 2)
    whole = None if within is None else within.block
    if whole is None or whole[0] != whole[1]:
        allowed = None if within is None else _old_cuts(within, grades, 2)
        value = [_WORTH.get(grade, _GRADE) for grade in range(grades)]
        for cuts in _by_worth(_best_cuts(apart, least, _of_start(value), allowed), value):
            row = np.searchsorted(cuts, range(grades), side="right")
            yield Joining((*(int(2 * r + o) for r in row for o in (0, 1)), 2 * len(cuts) + 2))
    value = [_OPEN if open_ else _WORTH.get(grade, _GRADE) for grade, open_ in GRADES]
    allowed = None
    if within is not None:
        allowed = _old_cuts(within, len(GRADES))
        if within.block[0] != within.block[1]:
            allowed = {2 * grade for grade in _old_cuts(within, grades, 2)}
    found = _best_cuts(pieces[:, :, None], least, _of_start(value), allowed)
    for cuts in _by_worth(found, value):
        ends = np.searchsorted(cuts, range(len(GRADES)), side="right")
        yield Joining((*map(int, ends), len(cuts) + 1))


def _of_start(value: list[int]) -> NDArray[np.int_]:
    """Return the worth of each range by the piece that it begins with."""
    worth = np.array([0, *value[1:]])
    return np.repeat(worth[:, None], len(value) + 1, axis=1)


def _by_worth(found: list[list[int]], value: list[int]) -> list[list[int]]:
    """Return cuts that tell something, those worth most first."""
    return sorted((cuts for cuts in found if cuts), key=lambda c: -sum(value[i] for i in c))


def _of_times(
    outcome: Outcome, counts: NDArray, least: int, within: Joining | None
) -> Iterator[Joining]:
    """Tell events, competing events and censored ones, or events from the others, by the visits.

    Rows of the schedule are joined until each number is large enough: what tells the events' times
    best comes first, then more rows, then what tells three.
    """
    rows = (outcome.size - 1) // 3
    cube = counts[:, :-1].reshape(len(counts), rows, 3)
    both = np.stack([cube[:, :, 0], cube[:, :, 1] + cube[:, :, 2]], axis=2)
    allowed = _old_cuts(within, rows, 3) if within else None
    events = np.concatenate([[0], np.cumsum(cube[:, :, 0].sum(axis=0))])
    worth = 1 + 100 * (events[None, :] > events[:-1, None])
    found: dict[Joining, tuple[int, int]] = {}
    for order, (numbers, place) in enumerate(((cube, (0, 1, 2)), (both, (0, 1, 1)))):
        width = max(place) + 1
        for cuts in _best_cuts(numbers, least, worth, allowed):
            ends = [0, *cuts, rows]
            value = sum(int(worth[i, j]) for i, j in itertools.pairwise(ends))
            row = np.searchsorted(cuts, range(rows), side="right")
            block = [int(r) * width + place[s] for r in row for s in range(3)]
            found.setdefault(Joining((*block, max(block) + 1)), (-value, order))
    yield from sorted(found, key=lambda joining: found[joining])


def can_show(
    outcome: Outcome, member: NDArray[np.bool_], least: int, within: Joining | None
) -> bool:
    """Say whether anything of use can be told of a group: the coarsest joining that tells it."""
    counts = outcome.counts(member)
    if counts[-1] == counts.sum():
        # It is asked of none of them, which they all have in common.
        return large_enough(counts[-1:], least)
    asked = counts[:-1].sum()
    if outcome.kind == RESPONSE:
        first = [counts[RESPONDER]]
    elif outcome.kind == TIMES:
        first = [counts[:-1][EVENT::3].sum()]
    else:
        first = [counts[: 2 * cut].sum() for cut in useful_cuts(within)]
    parts = [np.array([n, asked - n, counts[-1]]) for n in first]
    return any(large_enough(part, least) for part in parts)


def useful_cuts(within: Joining | None) -> list[int]:
    """Return before which grades a toxicity should be cut: the first that a coarser table tells.

    The whole may tell any of them; strata need the one that matters most.
    """
    cuts = list(_WORTH)
    if within is None:
        return list(range(1, len(GRADES) // 2))
    told = [cut for cut in cuts if within.block[2 * cut] != within.block[2 * cut - 2]]
    return told[:1]


def tells(outcome: Outcome, joining: Joining, within: Joining | None) -> bool:
    """Say whether a joining of grades tells what strata need."""
    if outcome.kind in (RESPONSE, TIMES) or within is None:
        return True
    return any(joining.block[2 * cut] != joining.block[2 * cut - 2] for cut in useful_cuts(within))


def _old_cuts(within: Joining, pieces: int, step: int = 1) -> set[int]:
    """Return before which pieces a coarser table begins a new range."""
    block = [within.block[i * step] for i in range(pieces)]
    return {i for i in range(1, pieces) if block[i] != block[i - 1]}


def _best_cuts(
    numbers: NDArray, least: int, worth: NDArray[np.int_], allowed: set[int] | None
) -> list[list[int]]:
    """Cut a row of pieces into ranges that may be shown, worth most together.

    numbers : Counts of each group, piece and kind: in every range each is 0 or at least the
        minimum.
    worth : Of the range from each piece to before each other.

    Returns: for each number of ranges, most first, before which pieces one begins but the first.
    """
    size = len(worth)
    sums = np.concatenate([np.zeros_like(numbers[:, :1]), np.cumsum(numbers, axis=1)], axis=1)
    ends = [i for i in range(1, size) if allowed is None or i in allowed] + [size]
    # By the end of the last range and the number of ranges: worth, and where the last one begins.
    best: dict[tuple[int, int], tuple[int, int]] = {(0, 0): (0, 0)}
    for end in ends:
        for start in [0, *ends]:
            if start >= end or not large_enough(sums[:, end] - sums[:, start], least):
                continue
            for used in range(size):
                if (start, used) in best:
                    value = best[start, used][0] + int(worth[start, end])
                    if (end, used + 1) not in best or value > best[end, used + 1][0]:
                        best[end, used + 1] = (value, start)
    found = []
    for most in range(size, 0, -1):
        if (size, most) in best:
            used, end, cuts = most, size, []
            while used:
                end = best[end, used][1]
                cuts.append(end)
                used -= 1
            found.append(sorted(cuts)[1:])
    return found


def group_strata(
    strata: list[NDArray[np.bool_]],
    single: list[int],
    useful: Callable[[NDArray[np.bool_]], bool],
) -> list[list[int]]:
    """Group strata so that of each group the outcome can be shown; the last one has the rest.

    strata : The members of each stratum.
    single : Places of the strata that may stand alone.
    useful : Says of the members of a group whether anything can be told of them.

    Returns: the places of the strata in each group; empty where nothing can be told.
    """
    alone = list(single)
    rest = [i for i in range(len(strata)) if i not in alone]
    by_size = sorted(alone, key=lambda i: (int(strata[i].sum()), i))
    while rest and not useful(np.any([strata[i] for i in rest], axis=0)):
        if not by_size:
            return []
        # The smallest stratum that could stand alone hides the rest.
        moved = by_size.pop(0)
        alone.remove(moved)
        rest.append(moved)
    groups = [[i] for i in alone] + ([sorted(rest)] if rest else [])
    return groups if len(groups) > 1 or len(strata) == 1 else []


def has_competing(joining: Joining) -> bool:
    """Say whether a joining of times tells competing events from censored ones."""
    return joining.block[COMPETING] != joining.block[COMPETING + 1]
