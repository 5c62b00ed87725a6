"""How the data were read: what was assumed, converted or left out, without naming anybody."""

from __future__ import annotations

import re
from collections.abc import Callable

from carstats.report.chapters.blocks import Block, paragraphs, points
from carstats.report.chapters.context import Context
from carstats.words import in_words, tr, tr_n

_WORD = re.compile(r"\w")
# What follows the word for subjects: one, or several with commas between them.
_LIST = re.compile(r"(?=(?i:subjects?) ('?\w+'?(?:, '?\w+'?)*))")


def data_notes(context: Context) -> list[Block]:
    """Return the notes of the reader; those that name subjects are counted and not printed."""
    study = context.study
    if not study.notes:
        return paragraphs(tr("Every cell was taken as it stands; nothing was assumed in reading."))
    named = _named(study.subjects["subject_id"])
    shown = [in_words(note) for note in study.notes if not named(str(note))]
    left = len(study.notes) - len(shown)
    more = (
        tr_n(
            "One more note names subjects or their numbers; carstats check prints it.",
            "{n} more notes name subjects or their numbers; carstats check prints them.",
            left,
        )
        if left
        else ""
    )
    intro = tr("What was assumed, converted or left out in reading:")
    return [*paragraphs(intro), *points(*shown), *paragraphs(more)]


def _named(subjects) -> Callable[[str], bool]:
    """Return what says whether a note holds an identifier as a word of its own.

    A bare number is one only after the word for subjects: counts stand in the notes too. Names are
    looked up and not searched for one by one: there may be a hundred thousand.
    """
    names = {str(name) for name in subjects}
    numbers = {name for name in names if name.isdigit()}
    words = names - numbers
    lengths = sorted(set(map(len, words)))

    def within(note: str) -> bool:
        edges = [0, *(i for i in range(1, len(note) + 1) if not _WORD.match(note[i - 1]))]
        ends = {i for i in range(len(note) + 1) if not _WORD.match(note[i : i + 1])}
        return any(
            start + length in ends and note[start : start + length] in words
            for start in edges for length in lengths
        ) or any(
            not numbers.isdisjoint(re.findall(r"\w+", found[1])) for found in _LIST.finditer(note)
        )  # fmt: skip

    return within
