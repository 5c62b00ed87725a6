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
        self = super().__new__(cls, text)
        self.key, self.values = key, values
        _made[str(self)] = self
        return self

    def put(self, lookup: Callable[[str | tuple[str, str], int | None], str]) -> str:
        """Return the text in the language of `lookup`, which finds a key's translation."""
        number = self.values.get("n_") if isinstance(self.key, tuple) else None
        text = lookup(self.key, number)
        values = {
            name: value.put(lookup) if isinstance(value, Message) else value
            for name, value in self.values.items()
            if name != "n_"
        }
        return text.format(**values) if values else text

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
        return Joined(tuple(texts), self)

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        """Remember the message in the process that unpacks it, too."""
        return type(self), (str(self), self.key, dict(self.values))


class Joined(Message):
    """Texts one after the other, with a separator between them that may be a message."""

    parts: tuple[str, ...]
    separator: str

    def __new__(cls, parts: Iterable[str], separator: str) -> Joined:
        """Join the parts."""
        parts = tuple(parts)
        self = super().__new__(cls, str.join(separator, parts), "", {})
        self.parts, self.separator = parts, separator
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


def message(text: str, /, **values: object) -> Message:
    """Return a message.

    Parameters
    ----------
    text : str
        The English text, a literal that the catalogue's tool finds; ``{name}`` is a place for a
        value. A text that is not in the catalogue, such as a study's own label, stays as it is.
    **values : object
        What to put in the places.

    Returns
    -------
    Message
        The text, its places filled.
    """
    if not values:
        # What pandas made plain text of keeps the key and values that it was made with.
        known = found(text)
        if isinstance(known, Message):
            return known
    return Message(text.format(**values) if values else text, text, values)


def message_n(one: str, many: str, n: int, /, **values: object) -> Message:
    """Return the form of a message that fits a number.

    Parameters
    ----------
    one, many : str
        The English text for one and for any other number.
    n : int
        The number; the text's place ``{n}`` is for it, unless `values` has another text for it.
    **values : object
        What to put in the other places.

    Returns
    -------
    Message
        The text, its places filled.
    """
    filled = {"n": n, **values}
    text = (one if n == 1 else many).format(**filled)
    return Message(text, (one, many), {**filled, "n_": n})


def mark(text: str) -> str:
    """Return a literal unchanged: it is in the catalogue, and `message` takes it later."""
    return text


def found(text: str) -> str:
    """Return the message that reads as a text, or the text where no message does.

    Parameters
    ----------
    text : str
        A note or label that pandas, joining or formatting may have made plain text.

    Returns
    -------
    str
        A `Message` where one is known.
    """
    return text if isinstance(text, Message) else _made.get(text, text)


def joined_notes(*notes: str) -> str:
    """Join the notes that say something, each once."""
    kept = tuple(dict.fromkeys(note for note in notes if note))
    if len(kept) < 2:
        return found(kept[0]) if kept else ""
    return message("; ").join(map(found, kept))
