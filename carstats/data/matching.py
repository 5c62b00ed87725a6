"""How names and codes are compared: names loosely, codes strictly.

A name (a heading, a term, a table) is one whatever its case, width, spaces and hyphens. A code (a
grade, a flag, a value of a condition or of a recode) is one only as it stands: its sign counts.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

from carstats.data.vocabulary import folded

# Minus signs are one sign; what no screen shows is none.
_SIGNS = dict.fromkeys(map(ord, "‐‑‒–—―−﹣－"), "-")
_UNSEEN = dict.fromkeys((0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), 0xFEFF, 0x180E))
_UNSEEN |= dict.fromkeys((*range(0x2060, 0x2065), *range(0x2066, 0x206A)))
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_BESIDE_HAN = re.compile(f"(?<=[{_HAN}]) | (?=[{_HAN}])")
_WHOLE = re.compile(r"([+-]?\d+)\.0+")
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5}
_ONE = r"(?:[0-5]|i{1,3}|iv|v)"
_GRADE = re.compile(
    rf"(?:(?:ctcae|astct) ?)?(?:(?:grade|gr|g|级别)\.?:? ?)?({_ONE})(?: ?(?:级|度|grade))?"
)
_TO = r"(?: ?(?:-|~|/|,|、|to|or|至|到|或) ?)"
_RANGE = re.compile(
    rf"(?:[a-z级别]+\.?:? ?)??{_ONE}(?: ?(?:级|度))?{_TO}(?:[a-z]+ ?)??{_ONE}(?: ?(?:级|度|grade))?"
)
NO_EPISODE = frozenset({"0", "无", "否", "没有", "no", "none", "未发生", "未出现", "阴性"})
# Nearer than this is a slip of the pen, other than a number at the end.
_NEAR = 0.86


def seen(text: str) -> str:
    """Return a text without characters that no screen shows, its ends trimmed."""
    return text.translate(_UNSEEN).replace("\u00a0", " ").strip()


def code_key(value: object) -> str:
    """Return a code for comparison: trimmed, forms and case made alike, its sign kept."""
    text = str(value)
    if text.isascii() and text.isalnum():
        # Most cells: nothing in them has another form than its case.
        return text.casefold()
    text = unicodedata.normalize("NFKC", text).translate(_SIGNS).translate(_UNSEEN)
    text = _BESIDE_HAN.sub("", " ".join(text.casefold().split()))
    whole = _WHOLE.fullmatch(text)
    return whole[1] if whole else text


def read_grade(text: str) -> int | None:
    """Return the grade that a cell says, 0 for no episode; None if it is no single grade.

    A sign is no part of a grade: -3 is the direction of a laboratory value or a code for missing.
    """
    text = code_key(text)
    if text in NO_EPISODE:
        return 0
    found = _GRADE.fullmatch(text)
    return (_ROMAN.get(found[1]) or int(found[1])) if found else None


def is_grade_range(text: str) -> bool:
    """Return whether a cell names two grades, such as 1-2 or II~III."""
    return _RANGE.fullmatch(code_key(text)) is not None


def find_name(name: str, names: Iterable[str]) -> list[str]:
    """Return which of some names are this one: the very one, else those alike but for spelling."""
    names = list(names)
    exact = [other for other in names if other == name]
    return exact or [other for other in names if folded(other) == folded(name)]


def nearest(name: str, known: Iterable[str], least: float = _NEAR) -> str | None:
    """Return the known name that a name is most likely a slip of; None if there is none.

    Names that differ in a digit, such as ``dose`` and ``dose2``, are two names.
    """
    best, score = None, least
    spelt = folded(name)
    for other in known:
        wanted = folded(other)
        if re.sub(r"\D", "", spelt) != re.sub(r"\D", "", wanted):
            continue
        ratio = difflib.SequenceMatcher(None, spelt, wanted).ratio()
        if ratio >= score:
            best, score = other, ratio
    return best


def toml_text(text: str) -> str:
    """Return a text as a key or value of TOML."""
    text = text if len(text) <= 60 else text[:57] + "…"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
