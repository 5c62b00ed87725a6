"""The language of what is printed: English as it stands in the code, Chinese from the catalogue.

What a figure, a table, a note, an error or a report says is a message (`carstats.messages`), put
into the language when it is printed, drawn or shown and not before. Names that the data or other
code compare (columns, endpoints, criteria) stay as they are.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from carstats.messages import Message, found, message, message_n

if TYPE_CHECKING:
    from gettext import NullTranslations

# The language's own name, and its folder in `locale`; English needs none.
LANGUAGES = {"en": ("English", ""), "zh": ("简体中文", "zh_CN")}
# What a page calls it, for browsers and screen readers.
LANGUAGE_TAGS = {"en": "en", "zh": "zh-Hans"}
LANGUAGE_VARIABLE = "CARSTATS_LANGUAGE"
_active = "en"


def current_language() -> str:
    """Return the language that is set: ``"en"`` or ``"zh"``."""
    return _active


def activate(name: str) -> None:
    """Set the language, one of `LANGUAGES`; `carstats.language.set_language` checks its name."""
    global _active
    _active = name


def in_words(text: str) -> str:
    """Return a text in the language that is set."""
    if _active == "en" or not text:
        return str(text)
    known = found(text)
    return known.put(_lookup) if isinstance(known, Message) else _lookup(text, None)


def tr(text: str, /, **values: object) -> str:
    """Return a literal in the language that is set, its places filled."""
    return in_words(message(text, **values)) if text else text


def tr_n(one: str, many: str, n: int, /, **values: object) -> str:
    """Return the form of a literal that fits a number, in the language that is set."""
    return in_words(message_n(one, many, n, **values))


def _lookup(key: str | tuple[str, str], number: int | None) -> str:
    """Return a key's translation: of a pair, the form that fits a number."""
    if not key:
        return ""  # the catalogue's own header
    catalogue = _catalogue(_active)
    return catalogue.gettext(key) if isinstance(key, str) else catalogue.ngettext(*key, number)


@lru_cache(maxsize=2)
def _catalogue(name: str) -> NullTranslations:
    # Only another language than English pays for it.
    from gettext import translation

    folder = LANGUAGES[name][1]
    return translation("carstats", Path(__file__).parent / "locale", languages=[folder])
