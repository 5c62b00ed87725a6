"""What carstats says: a `Message` reads as English and knows its key and its values.

Everything below the reports makes messages; `carstats.language.in_words` puts one into a language
when it is printed, drawn or shown. Pandas, joining and formatting may make plain text of a message:
`found` finds the message again by its English text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, SupportsIndex

# English text to the message that reads so.
_made: dict[str, Message] = {}
# What stands between joined notes.
_BETWEEN = "; "


class Message(str):
    """A text in English that can be put into another language.

    Attributes
    ----------
    key : str or tuple of str
        The English literal with named places for its values, as the catalogue has it; a pair of
        them, for one and for any other number, whose number is ``values["n"]``. Empty for a
        `Joined` text.
    values : dict
        What stands in the places. A message among them is put into the language too.
    """

    key: str | tuple[str, str]
    values: Mapping[str, Any]

    def __new__(cls, text: str, key: str | tuple[str, str], values: Mapping[str, Any]) -> Message:
        """Make a message and remember it by its text."""
        self = str.__new__(cls, text)
        self.key, self.values = key, values
        if text:
            _made[str(self)] = self
        return self

    def put(self, lookup: Callable[[str | tuple[str, str], int | None], str]) -> str:
        """Return the text in the language of `lookup`, which finds a key's translation."""
        number = self.values.get("n_")
        text = lookup(self.key, number)
        values = {
            name: value.put(lookup) if isinstance(value, Message) else value
            for name, value in self.values.items()
            if name != "n_"
        }
        return text.format(**values) if values else text

    def with_values(self, **values: object) -> Message:
        """Return the message with other values in some of its places; of a plural not its number.

        Places that the message does not have are passed over.
        """
        known = {name: value for name, value in values.items() if name in self.values}
        if not known or not isinstance(self.key, str):
            return self
        return message(self.key, **{**self.values, **known})

    def reading(self, text: str) -> Message:
        """Return the message with another English text, which does not find it again."""
        other = str.__new__(Message, text)
        other.key, other.values = self.key, self.values
        return other

    def __add__(self, other: str) -> Message:
        """Join with what follows, directly."""
        return Joined((self, other), "")

    def __radd__(self, other: str) -> Message:
        """Join with what comes before, directly."""
        return Joined((other, self), "")

    def join(self, texts: Iterable[str], /) -> Message:  # type: ignore[override]
        """Join texts by this message, each still a message."""
        parts = tuple(map(found, texts) if self == _BETWEEN else texts)
        single = len(parts) == 1 and isinstance(parts[0], Message)
        return parts[0] if single else Joined(parts, self)

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        """Remember the message in the process that unpacks it, too."""
        return type(self), (str(self), self.key, dict(self.values))


class Joined(Message):
    """Texts one after the other, with a separator between them that may be a message."""

    parts: tuple[str, ...]
    separator: str

    def __new__(cls, parts: Iterable[str], separator: str) -> Joined:
        """Join the parts, and remember the text where more than one was joined."""
        parts = tuple(parts)
        self = str.__new__(cls, str.join(separator, parts))
        self.key, self.values, self.parts, self.separator = "", {}, parts, separator
        if len(parts) > 1:
            _made[str(self)] = self
        return self

    def put(self, lookup: Callable[[str | tuple[str, str], int | None], str]) -> str:
        """Return the parts and what stands between them in a language."""
        separator, *parts = (
            text.put(lookup) if isinstance(text, Message) else text
            for text in (self.separator, *self.parts)
        )
        return separator.join(parts)

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        """Remember the text in the process that unpacks it, too."""
        return Joined, (self.parts, self.separator)


class Named(Message):
    """A text of English only, such as a name that code compares; elsewhere it reads as its meaning.

    Where the meaning has no translation, such as a study's own label, the text stands everywhere.
    It is not found again by its text, which is no message of its own.
    """

    meaning: str
    behind: str

    def __new__(cls, text: str, meaning: str, behind: str = "") -> Named:
        """Name something; what is `behind` follows a meaning that does not hold it, in brackets."""
        self = str.__new__(cls, text)
        self.meaning, self.behind = meaning, behind
        self.key, self.values = getattr(meaning, "key", meaning), getattr(meaning, "values", {})
        return self

    def put(self, lookup: Callable[[str | tuple[str, str], int | None], str]) -> str:
        """Return the meaning in the language of `lookup`."""
        meaning = self.meaning
        text = meaning.put(lookup) if isinstance(meaning, Message) else meaning
        if self.behind:
            pattern = lookup(mark("{label} ({name})"), None)
            return text if self.behind in text else pattern.format(label=text, name=self.behind)
        return str(self) if text == str(meaning) else text

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        """Keep the meaning."""
        return Named, (str(self), self.meaning, self.behind)


def message(text: str, /, **values: object) -> Message:
    """Return a message."""
    if not values:
        # A text that reads as a message is that message, not a new one without its values.
        known = text if isinstance(text, Message) else _made.get(text)
        return Message(text, text, {}) if known is None else known
    values = {name: _said(value) for name, value in values.items()}
    shown = text.format(**values)
    # The reasons of many visits are few: one that was made before is the same object.
    known = _made.get(shown)
    if known is None or known.key != text or not _alike(known.values, values):
        return Message(shown, text, values)
    return known


def _alike(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Return whether values are equal, and messages where the others are."""
    return first == second and all(type(first[name]) is type(second[name]) for name in second)


def message_n(one: str, many: str, n: int, /, **values: object) -> Message:
    """Return the form of a message that fits a number."""
    filled = {"n": n, **{name: _said(value) for name, value in values.items()}}
    text = (one if n == 1 else many).format(**filled)
    return Message(text, (one, many), {**filled, "n_": n})


def mark(text: str) -> str:
    """Return a literal unchanged: it is in the catalogue, and `message` takes it later."""
    return text


def found(text: str) -> str:
    """Return the message that reads as a text, or the text where no message does."""
    if isinstance(text, Message):
        return text
    known = _made.get(text)
    if known is None and _BETWEEN in text:
        notes = [_made.get(note, note) for note in text.split(_BETWEEN)]
        if any(isinstance(note, Message) for note in notes):
            return Joined(notes, message(_BETWEEN))
    return text if known is None else known


def joined_notes(*notes: str) -> str:
    """Join the notes that say something, each once."""
    kept = tuple(dict.fromkeys(note for note in notes if note))
    if len(kept) < 2:
        return found(kept[0]) if kept else ""
    known = _made.get(_BETWEEN.join(kept))
    if isinstance(known, Joined) and known.parts == kept and known.separator == _BETWEEN:
        return known
    return message(_BETWEEN).join(kept)


def notes_in(text: str) -> tuple[str, ...]:
    """Return the notes that `joined_notes` joined, or the one note that a text is."""
    known = found(text)
    if isinstance(known, Joined) and known.separator == _BETWEEN:
        return tuple(note for part in known.parts for note in notes_in(part))
    return (known,) if text else ()


def key_of(text: str) -> str:
    """Return the key of the message that reads as a text, as the catalogue has it."""
    known = found(text)
    if isinstance(known, Joined):
        return str.join(known.separator, (key_of(part) or part for part in known.parts))
    if not isinstance(known, Message):
        return ""
    return known.key if isinstance(known.key, str) else known.key[0]


class _Kind(str):
    """What a value is, which stands without quotes."""

    def __repr__(self) -> str:
        return str(self)


def _said(value: object) -> object:
    """Return the message that a value says, where it says one; of a table what it is, no cells."""
    if hasattr(value, "_repr_html_") or getattr(value, "ndim", 0):
        return _Kind(type(value).__name__)
    return getattr(value, "said", value)
