"""The words of headings: what each phrase means, from `headings.csv`."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from carstats.data.draft.spelling import compact
from carstats.data.draft.visits import visit_day
from carstats.data.schema import TABLES
from carstats.data.vocabulary import Vocabulary

# A Latin word that is written without a space is cut into phrases of at least so many letters.
_LEAST = 3
_LONGEST = 24
_COST = {"word": 0.3, "visit": 0.6, "role": 0.8, "thing": 0.9, "event": 0.9, "toxicity": 0.95}
_KINDS = frozenset({"role", "thing", "visit", "measure", "toxicity", "event", "response", "drug"})
_UNKNOWN = 6.0


@dataclass(frozen=True)
class Sense:
    """One meaning of a phrase, and the other that it may have."""

    kind: str
    name: str
    other: str = ""

    @property
    def direct(self) -> bool:
        """Whether it says by itself what becomes of a column."""
        return self.kind not in ("role", "thing", "word", "visit")


@dataclass(frozen=True)
class Piece:
    """A part of a heading that is one phrase: its text and its meanings; unknown if it has none."""

    text: str
    senses: tuple[Sense, ...] = ()
    day: int | None = None


def _sense(means: str, other: str) -> Sense:
    kind, colon, name = means.partition(":")
    if colon and kind in _KINDS:
        return Sense(kind, name, other)
    if means in ("own", "ignore", "identifier", "free", "where", "word"):
        return Sense(means, "", other)
    return Sense("column", means, other)


@cache
def lexicon() -> dict[str, tuple[Sense, ...]]:
    """Return what each phrase means, by its words without what separates them."""
    path = Path(__file__).with_name("headings.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return made((row["means"], row["or"], row["phrases"].split(";")) for row in rows)


def made(rows: Iterable[tuple[str, str, Sequence[str]]]) -> dict[str, tuple[Sense, ...]]:
    """Return the lexicon of some rows, with the names that the vocabulary and the tables have."""
    table: dict[str, list[Sense]] = {}

    def add(phrase: str, sense: Sense) -> None:
        key = compact(phrase)
        senses = table.setdefault(key, [])
        if sense.kind == "word" and any(s.kind in ("role", "thing") for s in senses):
            return  # it says what of a thing is meant, or which thing
        if key and not any((s.kind, s.name) == (sense.kind, sense.name) for s in senses):
            senses.append(sense)

    for means, other, phrases in rows:
        for phrase in phrases:
            add(phrase, _sense(means, other))
    known = Vocabulary()
    for kind, category in (("measure", "measure"), ("toxicity", "toxicity")):
        for term in getattr(known, category):
            for spelling in (term.name, term.label, *term.aliases):
                if compact(spelling) not in table:
                    add(spelling, Sense(kind, term.name))
    for term in known.endpoint:
        for spelling in (term.name, term.label, *term.aliases):
            if compact(spelling) not in table:
                kind = "event" if term.group == "time-to-event" else "response"
                add(spelling, Sense(kind, term.name))
    for name, described in TABLES.items():
        for column in described.names():
            if name == "subjects" and compact(column) not in table:
                add(column, Sense("column", f"{name}.{column}"))
    return {key: tuple(senses) for key, senses in table.items()}


def pieces(tokens: Sequence[str], known: dict[str, tuple[Sense, ...]]) -> list[Piece]:
    """Return the phrases of a heading: as few as will do, and as little unknown as may be."""
    tokens = [part for token in tokens for part in _cut(token, known)]
    best: list[tuple[float, list[Piece]]] = [(0.0, [])]
    for end in range(1, len(tokens) + 1):
        choices = []
        for start in range(max(0, end - _LONGEST), end):
            cost, before = best[start]
            text = "".join(tokens[start:end])
            for piece, price in _readings(text, end - start, known):
                choices.append((cost + price, [*before, piece]))
        best.append(min(choices, key=lambda choice: (choice[0], len(choice[1]))))
    return best[-1][1]


def _readings(text: str, n: int, known: dict[str, tuple[Sense, ...]]):
    if senses := known.get(text):
        yield Piece(text, senses), min(_COST.get(sense.kind, 1.0) for sense in senses)
    day = visit_day(text)
    if day is not None and not senses:
        yield Piece(text, (Sense("visit", str(day)),), day), 0.6
    if n == 1 and not senses and day is None:
        yield Piece(text), 0.0 if text in "%#+=<>≥≤×" else _UNKNOWN + len(text)


def _cut(token: str, known: dict[str, tuple[Sense, ...]]) -> list[str]:
    """Cut a Latin word of several phrases, such as ``crsgrade``; any other stays whole."""
    if token in known or not token.isascii() or not token.isalpha() or len(token) < 2 * _LEAST:
        return [token]
    for i in range(len(token) - _LEAST, _LEAST - 1, -1):
        head, tail = token[:i], token[i:]
        if head in known and tail in known:
            return [head, tail]
    return [token]
