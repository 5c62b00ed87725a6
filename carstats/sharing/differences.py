"""Whether one number less another would be the number of a few subjects.

Endpoints overlap: who relapsed is among those with an event of relapse-free survival. If 14 had the
one and 12 the other, two died or were rescued, and neither endpoint says so by itself. So of all
sets of subjects that numbers of responses and times stand for, none may contain another and have
but a few more; nor may a total contain two that exclude each other and have but a few more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from carstats.sharing.hiding import Joining
from carstats.sharing.outcomes import COMPETING, EVENT, RESPONSE, TOXICITY, Outcome

_FATAL = 5


class Shown:
    """The sets of subjects that are known by their number, a bit for each subject."""

    def __init__(self, least: int) -> None:
        self.least = least
        self._sets: NDArray[np.uint8] | None = None
        self._sizes = np.empty(0, int)
        # Of each group the totals of its endpoints.
        self._totals: dict[bytes, NDArray[np.float32]] = {}

    def copy(self) -> Shown:
        """Return the same sets, to add others to."""
        other = Shown(self.least)
        other._sets, other._sizes = self._sets, self._sizes
        other._totals = dict(self._totals)
        return other

    def _concerns(self, outcome: Outcome) -> bool:
        return self.least > 1

    def add(self, outcome: Outcome, joining: Joining, member: NDArray[np.bool_]) -> None:
        """Remember what is shown of a group."""
        if self._concerns(outcome):
            new = _sets(outcome, joining, member)
            packed = np.packbits(new, axis=1)
            known = [] if self._sets is None else [self._sets]
            self._sets = np.vstack([*known, packed])
            self._sizes = np.append(self._sizes, new.sum(axis=1))
            self._totals[member.tobytes()] = self._with(outcome, joining, member)

    def betrays(self, outcome: Outcome, joining: Joining, member: NDArray[np.bool_]) -> bool:
        """Say whether a number of a group differs by a few from one or two that are shown."""
        if not self._concerns(outcome) or self._sets is None:
            return False
        new = _sets(outcome, joining, member)
        # Only sets of nearly the same size can be a few apart.
        apart = new.sum(axis=1)[:, None] - self._sizes[None, :]
        mine, theirs = np.nonzero(self._few(np.abs(apart)))
        a, b = np.packbits(new, axis=1)[mine], self._sets[theirs]
        smaller = (apart[mine, theirs] < 0)[:, None]
        if len(mine) and (~np.where(smaller, a & ~b, b & ~a).any(axis=1)).any():
            return True
        return self._two_betray(self._with(outcome, joining, member))

    def _few(self, numbers: NDArray) -> NDArray[np.bool_]:
        return (numbers > 0) & (numbers < self.least)

    def _with(
        self, outcome: Outcome, joining: Joining, member: NDArray[np.bool_]
    ) -> NDArray[np.float32]:
        known = self._totals.get(member.tobytes())
        new = _totals(outcome, joining, member).astype(np.float32)
        return new if known is None else np.vstack([known, new])

    def _two_betray(self, sets: NDArray[np.float32]) -> bool:
        """Say whether a set holds two that exclude each other and a few more."""
        both = sets @ sets.T
        size = np.diag(both)
        for place in range(len(sets)):
            inside = np.flatnonzero((both[place] == size) & (size < size[place]))
            apart = both[np.ix_(inside, inside)] == 0
            rest = size[place] - size[inside][:, None] - size[inside][None, :]
            if (apart & self._few(rest)).any():
                return True
        return False


def _sets(outcome: Outcome, joining: Joining, member: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the sets whose number a reader can make of what is shown: a row for each.

    Of toxicities deaths alone; of responses every union of blocks. Of times those with the event,
    and those out of it in any way, between any two visits that are told, and everyone else.
    """
    blocks = _blocks(outcome, joining, member)
    if outcome.kind == TOXICITY:
        # A death of a toxicity is among all deaths; other grades are of no other endpoint.
        fatal = {joining.block[2 * _FATAL], joining.block[2 * _FATAL + 1]}
        alone = not fatal & set(joining.block[: 2 * _FATAL])
        return _as_rows([np.any([blocks[i] for i in fatal], axis=0)] if alone else [], member)
    if outcome.kind == RESPONSE:
        choices = range(1, 2 ** len(blocks))
        found = [np.any([b for i, b in enumerate(blocks) if c >> i & 1], axis=0) for c in choices]
        return _as_rows(found, member)
    by_row = _rows(joining)
    found = []
    for kinds in ((EVENT,), (1, 2), (1,), (2,), (EVENT, 1), (EVENT, 1, 2)):
        steps = [np.any([blocks[i] for i in {row[k] for k in kinds}], axis=0) for row in by_row]
        for start in range(len(steps)):
            found += list(np.logical_or.accumulate(steps[start:]))
    asked = member & ~blocks[-1]
    found += [asked & ~each for each in list(found)]
    return _as_rows([*found, asked], member)


def _totals(outcome: Outcome, joining: Joining, member: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the sets of all who have an outcome, of all who have not, and of the group."""
    if outcome.kind == TOXICITY:
        return _sets(outcome, joining, member)
    blocks = _blocks(outcome, joining, member)
    if outcome.kind == RESPONSE:
        return _as_rows([*blocks, member], member)
    rows = _rows(joining)
    found = [np.any([blocks[row[kind]] for row in rows], axis=0) for kind in range(3)]
    told = joining.block[COMPETING] != joining.block[COMPETING + 1]
    asked = member & ~blocks[-1]
    mixed = [found[EVENT] | found[COMPETING]] if told else []
    return _as_rows([*found, *mixed, asked & ~found[EVENT], member], member)


def _blocks(
    outcome: Outcome, joining: Joining, member: NDArray[np.bool_]
) -> list[NDArray[np.bool_]]:
    block = np.asarray(joining.block)[outcome.piece]
    return [(block == i) & member for i in range(joining.size)]


def _rows(joining: Joining) -> list[tuple[int, ...]]:
    """Return the blocks of the three statuses in each row that is told from the others."""
    rows = [joining.block[i : i + 3] for i in range(0, len(joining.block) - 1, 3)]
    return list(dict.fromkeys(rows))


def _as_rows(found: list[NDArray[np.bool_]], member: NDArray) -> NDArray[np.bool_]:
    """Return each set that is not empty once."""
    sets = np.array(found, bool).reshape(-1, member.size)
    first: dict[bytes, int] = {}
    for place, key in enumerate(np.packbits(sets, axis=1)):
        if key.any():
            first.setdefault(key.tobytes(), place)
    return sets[list(first.values())]
