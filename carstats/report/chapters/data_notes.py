"""How the data were read: what was assumed, converted or left out, without naming anybody."""

from __future__ import annotations

import re

from carstats.report.chapters.blocks import Block, paragraphs, points
from carstats.report.chapters.context import Context
from carstats.words import in_words, tr, tr_n


def data_notes(context: Context) -> list[Block]:
    """Return the notes of the reader; those that name subjects are counted and not printed."""
    study = context.study
    if not study.notes:
        return paragraphs(tr("Every cell was taken as it stands; nothing was assumed in reading."))
    identifiers = _named(study.subjects["subject_id"])
    shown = [in_words(note) for note in study.notes if not identifiers.search(str(note))]
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


def _named(subjects) -> re.Pattern[str]:
    """Return what finds an identifier as a word of its own.

    A bare number is one only after the word for subjects: counts stand in the notes too.
    """
    names = [re.escape(str(name)) for name in subjects]
    words = [name for name in names if not name.isdigit()]
    numbers = [name for name in names if name.isdigit()]
    parts = [rf"(?<!\w)(?:{'|'.join(words)})(?!\w)"] if words else []
    if numbers:
        parts.append(rf"(?i:subjects?) (?:'?\w+'?, )*'?(?:{'|'.join(numbers)})(?!\w)")
    return re.compile("|".join(parts) or r"(?!)")
