"""How wide the columns of a printed table are, and whether the page is turned on its side."""

from __future__ import annotations

import math
import re
import unicodedata

from carstats.report.tables.model import Content

# What fits beside each other in small type on a page of the report, in letters: upright and turned.
WORD_PAGE = (98, 150)
LATEX_PAGE = (80, 126)
# A text wraps; with less room than this its lines are too short to read.
_TEXT = 16
# Longer ones than this wrap, such as "not reached (19.7 to not reached)".
_NUMBER = 17
# Space between two columns.
_GAP = 2


def landscape(table: Content, page: tuple[int, int] = WORD_PAGE) -> bool:
    """Return whether a table needs a page turned on its side: over six columns, or too wide."""
    return len(table.heads) > 6 or sum(_needs(table)) > page[0]


def column_shares(table: Content, page: tuple[int, int] = WORD_PAGE) -> list[float]:
    """Return each column's share of the width of the text; they add up to 1.

    Each column gets what it needs to be readable; those whose texts wrap share the rest.
    """
    needs = _needs(table)
    spare = [_spare(table, i, need) for i, need in enumerate(needs)]
    room = max(0, page[landscape(table, page)] - sum(needs))
    part = min(1, room / (sum(spare) or 1))
    widths = [need + part * more for need, more in zip(needs, spare, strict=True)]
    return [width / sum(widths) for width in widths]


def unbroken(head: str) -> str:
    """Return a head in which a short bracket, such as "(n = 12)", stays on one line."""
    return re.sub(r"[(（][^()（）]{1,14}[)）]", lambda found: found[0].replace(" ", "\u00a0"), head)


def letters(text: str) -> int:
    """Return how much room a text takes, in letters; a capital more than one, a Chinese one two."""
    wide = {c: 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in set(text)}
    return math.ceil(sum(1.4 if c.isupper() or c in "+%" else wide[c] for c in text))


def _needs(table: Content) -> list[int]:
    """Return the least width of each column."""
    found = []
    for i, side in enumerate(table.align):
        heads = [unbroken(head) for head in table.heads[i : i + 1]]
        # Heads are bold.
        words = [math.ceil(1.1 * _longest_word(text)) for text in heads]
        if side == "left":
            words += [_longest_word(row.cells[i]) for row in table.rows]
        most = _TEXT if side == "left" else _NUMBER
        found.append(max([min(_longest(table, i), most), *words]) + _GAP)
    return found


def _spare(table: Content, column: int, need: int) -> int:
    """Return how much wider than its least width a column would be if nothing wrapped."""
    most = 60 if table.align[column] == "left" else 2 * _NUMBER
    return max(0, min(most, _longest(table, column)) + _GAP - need)


def _longest(table: Content, column: int) -> int:
    inset = [2 * row.indent * (column == 0) for row in table.rows]
    cells = [letters(row.cells[column]) for row in table.rows]
    return max([a + b for a, b in zip(cells, inset, strict=True)], default=1)


def _longest_word(text: str) -> int:
    """Return the room of what cannot be broken; Chinese breaks after any character."""
    words = re.split(r"[ \u2e80-\uffef]", text)
    return min(40, max(map(letters, words)))
