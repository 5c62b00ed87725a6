"""How notes and estimands name the terms of the study tables."""

from __future__ import annotations

from collections.abc import Iterable

from carstats.data.vocabulary import Vocabulary
from carstats.messages import Named, message


def plain_words(category: str, name: str) -> str:
    """Return a term of carstats' own as an estimand or the catalogue names it."""
    return Named(name, Vocabulary().label(category, name))


def term_words(vocabulary: Vocabulary, category: str, name: str) -> str:
    """Return a term as a note names it, so that it is found in the study tables."""
    return Named(name, vocabulary.label(category, name), name)


def terms_in_words(
    vocabulary: Vocabulary, category: str, names: Iterable[str], most: int = 12
) -> str:
    """Return terms as a note lists them, cut after `most`."""
    names = list(names)
    shown = message(", ").join(
        Named(repr(name), vocabulary.label(category, name), name) for name in names[:most]
    )
    return (
        message("{names}, … ({n} in all)", names=shown, n=len(names))
        if len(names) > most
        else shown
    )
