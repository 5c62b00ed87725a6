"""A result's words in the language that is set: captions, method lines, labels.

This is where what the analyses say is put into a language. Captions are made from a `Spec` here
alone; as a `Result` prints by these functions too, the module stands below it and imports nothing
but the language.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from carstats.messages import notes_in
from carstats.translation import current_language, in_words, tr, tr_n

__all__ = [
    "caption", "common_caption", "estimand", "full_stop", "in_words", "labels_of",
    "method_line", "notes_in_words", "sentence", "sentences", "tr", "tr_n",
]  # fmt: skip


class _Spec(Protocol):
    """What of a `Spec` is printed."""

    @property
    def endpoint(self) -> str:
        """What was measured."""

    @property
    def population(self) -> str:
        """Who is counted."""

    @property
    def method(self) -> str:
        """The method line."""

    @property
    def estimand(self) -> str:
        """What is estimated, a line for each endpoint."""


class _Vocabulary(Protocol):
    """What of a `Vocabulary` is asked."""

    def label(self, category: str, name: object) -> str:
        """Return a term's label."""


def sentences(*parts: str) -> str:
    """Join the parts of a caption, each a sentence with its full stop; empty ones fall away."""
    words = (in_words(part).strip() for part in parts if part)
    return ("" if current_language() == "zh" else " ").join(w for w in words if w)


def sentence(text: str) -> str:
    """Return a phrase as a sentence: a capital first, the language's full stop last."""
    text = full_stop(text)
    return text[:1].upper() + text[1:]


def full_stop(text: str) -> str:
    """Return a text with the language's full stop, its first letter as it is: a label, a name."""
    text = in_words(text).strip()
    return f"{text.rstrip('.。')}{'。' if current_language() == 'zh' else '.'}" if text else ""


def caption(spec: _Spec) -> str:
    """Return what stands under a figure: what was estimated, in whom, how."""
    return common_caption([spec])


def common_caption(specs: Iterable[_Spec]) -> str:
    """Return one caption for several results: what they share is said once."""
    specs = list(specs)
    words = [spec.endpoint for spec in specs] + [spec.population for spec in specs]
    words += [spec.method for spec in specs]
    return sentences(*dict.fromkeys(map(sentence, words)))


def method_line(spec: _Spec) -> str:
    """Return how a result was made, as a sentence."""
    return sentence(spec.method)


def estimand(spec: _Spec) -> str:
    """Return the estimands of a result's endpoints, an attribute a line, a line left between."""
    return in_words(spec.estimand)


def labels_of(vocabulary: _Vocabulary) -> Callable[[str, object], str]:
    """Return a function of a category and a term's name that gives the term's printed label."""
    return lambda category, name: in_words(vocabulary.label(category, name))


def notes_in_words(text: str) -> list[str]:
    """Return the notes of a row, each by itself."""
    return [in_words(note) for note in notes_in(text)]
