"""Whether one number less another would be the number of a few subjects.

Endpoints overlap: who relapsed is among those with an event of relapse-free survival. If 14 had the
one and 12 the other, two died or were rescued, and neither endpoint says so by itself. So of all
sets of subjects that numbers of responses and times stand for, none may contain another and have
but a few more.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from carstats.sharing.hiding import Joining
from carstats.sharing.outcomes import EVENT, RESPONSE, TIMES, Outcome


class Shown:
    """The sets of subjects that are known by their number."""

    def __init__(self, least: int) -> None:
        self.least = least
        self._sets: NDArray[np.float32] | None = None

    def copy(self) -> Shown:
        """Return the same sets, to add others to."""
        other = Shown(self.least)
        other._sets = self._sets
        return other

    def add(self, outcome: Outcome, joining: Joining, member: NDArray[np.bool_]) -> None:
        """Remember what is shown of a group."""
        if outcome.kind in (RESPONSE, TIMES) and self.least > 1:
            new = _sets(outcome, joining, member)
            known = new if self._sets is None else np.vstack([self._sets, new])
            self._sets = _distinct(known)

    def betrays(self, outcome: Outcome, joining: Joining, member: NDArray[np.bool_]) -> bool:
        """Say whether a number of a group differs by a few from one that is shown."""
        if self._sets is None or outcome.kind not in (RESPONSE, TIMES) or self.least == 1:
            return False
        new = _sets(outcome, joining, member)
        both = new @ self._sets.T
        mine, theirs = new.sum(axis=1)[:, None], self._sets.sum(axis=1)[None, :]
        within = (both == mine) | (both == theirs)
        apart = np.abs(mine - theirs)
        return bool((within & (apart > 0) & (apart < self.least)).any())


def _sets(outcome: Outcome, joining: Joining, member: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the sets whose number a reader can make of what is shown: a row for each.

    Of responses every union of blocks. Of times those with the event up to a visit, without it so
    far, out of it without the event, and in each single row.
    """
    block = np.asarray(joining.block)[outcome.piece]
    blocks = [(block == i) & member for i in range(joining.size)]
    if outcome.kind == RESPONSE:
        choices = range(1, 2 ** len(blocks))
        found = [np.any([b for i, b in enumerate(blocks) if c >> i & 1], axis=0) for c in choices]
    else:
        by_row = _rows(joining)
        found = []
        for kinds in ((EVENT,), (1, 2), (1,), (2,), (EVENT, 1), (EVENT, 1, 2)):
            steps = [np.any([blocks[i] for i in {row[k] for k in kinds}], axis=0) for row in by_row]
            found += [*steps, *np.logical_or.accumulate(steps)]
        asked = found[-1]
        found += [asked & ~each for each in list(found)]
    sets = np.array(found, bool).reshape(-1, member.size)
    return _distinct(sets[sets.any(axis=1)]).astype(np.float32)


def _distinct(sets: NDArray) -> NDArray:
    """Return each set once."""
    keys = np.packbits(sets.astype(bool), axis=1)
    first: dict[bytes, int] = {}
    for place, key in enumerate(keys):
        first.setdefault(key.tobytes(), place)
    return sets[list(first.values())]


def _rows(joining: Joining) -> list[tuple[int, ...]]:
    """Return the blocks of the three statuses in each row that is told from the others."""
    rows = [joining.block[i : i + 3] for i in range(0, len(joining.block) - 1, 3)]
    return list(dict.fromkeys(rows))
