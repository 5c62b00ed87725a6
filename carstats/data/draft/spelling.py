"""A heading taken apart: its words, its unit, its codes, what stands in its brackets."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from carstats.data.matching import seen
from carstats.data.measures import MEASURE_TABLE
from carstats.data.units import folded_unit

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_TOKEN = re.compile(r"[a-z]+|\d+|[^\W\d_a-z]|[%#+<>=≥≤×]")
_TYPING = {"曰期": "日期", "粘膜": "黏膜", "免疫制剂": "免疫抑制剂", "悌": "梯"}
_BRACKETS = re.compile(r"[(\[{【「]([^()\[\]{}【】「」]*)[)\]}】」]")
_STARS = re.compile(r"^[★☆*●▲△\s]+")
_YES_NO = re.compile(
    r"(是|有|y|yes|j|ja|oui|o|true|t|1|达到|已|使用)\s*[/、|,;]?\s*(否|无|無|n|no|nein|non|false|f|0|未.*)"
    r"|(否|无|n|no)\s*[/、|]\s*(是|有|y|yes)",
    re.I,
)
_SEX = re.compile(
    r"(?:m|male|男|w|f|female|女)\s*[/、|,;]\s*(?:m|male|男|w|f|female|女)(?:\s*[/,]\s*d)?", re.I
)
_CODE = re.compile(r"(\d)\s*[=:：-]?\s*([一-鿿]{1,4}|[a-z]{1,8})", re.I)
_CODE_BEHIND = re.compile(r"([一-鿿]{1,4}|[a-z]{1,8})\s*[=:：-]?\s*(\d)", re.I)
_PAIR = r"(?:\d\s*[=:：-]?\s*(?:[一-鿿]{1,4}|[a-z]{1,8}))"
_PAIR_BEHIND = r"(?:(?:[一-鿿]{1,4}|[a-z]{1,8})\s*[=:：-]?\s*\d)"
_CODES = re.compile(rf"{_PAIR}(?:[\s,，、;；/]*{_PAIR})+", re.I)
_CODES_BEHIND = re.compile(rf"{_PAIR_BEHIND}(?:[\s,，、;；/]*{_PAIR_BEHIND})+", re.I)
_TAIL = re.compile(rf"(?<=[\s)\]一-鿿])(?:{_CODES.pattern}|{_CODES_BEHIND.pattern})\s*$", re.I)
_WEIGHT = re.compile(r"\d+分?|\d{1,2}\s*points?")
_SCALE = re.compile(r"[-0-9.]+\s*[-~至–到]\s*\d+\s*(?:cm|mm|分|级|points?|度)?", re.I)
_LIMIT = re.compile(r"[<>≥≤＜＞]=?\s*[\d.]+.*")
_TIME = {
    "岁": "years", "周岁": "years", "年": "years", "y": "years", "yr": "years", "yrs": "years",
    "year": "years", "years": "years", "jahre": "years", "ans": "years", "歳": "years",
    "月": "months", "个月": "months", "月份": "months", "m": "months", "mo": "months",
    "month": "months", "months": "months", "monate": "months", "mois": "months", "mos": "months",
    "天": "days", "日": "days", "d": "days", "day": "days", "days": "days", "tage": "days",
    "jours": "days", "周": "weeks", "week": "weeks", "weeks": "weeks", "wk": "weeks",
    "wks": "weeks", "w": "weeks",
}  # fmt: skip
_OTHER_UNITS = (
    "kg", "lb", "lbs", "kgs", "pounds", "inch", "cm",
    "m", "g", "mg", "m2", "kg/m2", "mg/d", "mg/day", "mg/天", "mg/日", "g/d",
    "mg/kg", "mg/kg/d", "mg/m2", "mmHg", "10^6", "10^8", "10^7", "10^6/kg", "10^6cells",
    "10^6 cells", "×10^6/kg", "×10^8", "×10^6", "cells", "cells/kg", "°C", "℃", "°F", "F", "C",
    "分", "points", "score", "%", "次", "个", "人", "种", "线", "copies/cell", "copies/ug",
    "mL", "fL", "pg",
    "U/L", "IU/L", "s", "sec", "秒", "/HPF", "/Hp", "mm/h", "mm", "g/24h", "mg/24h", "L", "n",
    "10^9", "*10^9", "×10^9", "mg/tag", "mg/j", "mg/日", "万/uL", "mmol/l*min", "L/min", "1/年",
)  # fmt: skip
_END_UNIT = re.compile(
    r"(?:(?<=[\s一-鿿)])|^)("
    r"[x×*^]?\s*10\s*[\^*e]?\s*\d{1,2}\s*(?:/\s*(?:kg|l|ul|ml|μl))?"
    r"|(?:k|m|u|iu|ku|ru|au|g|kg|mg|[uμ]g|ng|pg|m?mol|[uμn]mol|ml|l|cells?|copies|个|万|1000)?"
    r"/\s*(?:d?l|ml|[uμ]l|u?g|mg|g|mm3|mmol|min|h|hp|hpf|d|day|天|日|24h|kg|m2|1\.73\s*m2)"
    r"(?:\s*/\s*(?:1\.73\s*m[2²]|d|day|天|kg))?"
    r"|kg|cm|mg|mm|%|℃|°c|°f|岁|mg/天"
    r")\s*$",
    re.I,
)


# Units as the names of fields spell them, in which nothing but letters may stand: c3_mgdl.
_GLUED_UNITS = {
    "mgdl": "mg/dL", "gdl": "g/dL", "gl": "g/L", "mgl": "mg/L", "ngml": "ng/mL", "ugl": "ug/L",
    "ugml": "ug/mL", "umoll": "umol/L", "mmoll": "mmol/L", "iuml": "IU/mL", "uml": "U/mL",
    "mgg": "mg/g", "gg": "g/g", "mgd": "mg/d", "mgday": "mg/day", "mg": "mg", "cellsul": "/uL",
    "perul": "/uL", "kul": "10^3/uL", "pgml": "pg/mL", "ul": "/uL", "uperl": "U/L", "gperl": "g/L",
    "mgperdl": "mg/dL", "g24h": "g/24h", "mg24h": "mg/24h", "kg": "kg", "lbs": "lbs", "lb": "lb",
    "cm": "cm", "pct": "%", "percent": "%",
}  # fmt: skip
_GLUED = re.compile(
    rf"(?<=[a-z0-9])_({'|'.join(sorted(_GLUED_UNITS, key=len, reverse=True))})(_\w+)?$", re.I
)


@dataclass(frozen=True)
class Spelled:
    """A heading taken apart.

    Attributes
    ----------
    tokens : tuple of str
        Its words: runs of Latin letters, digits, and every other character by itself.
    unit : str
        The unit that it says, as it spells it; empty if none.
    time_unit : str
        ``years``, ``months``, ``weeks`` or ``days`` where its unit is one.
    codes : tuple of (str, str)
        Codes with their words that it says, such as ``("1", "男")``.
    yes_no : bool
        Whether it says that its cells are yes or no.
    item : bool
        Whether it says the weight of an item of a score: ``（8分）``.
    scale : str
        A range that it says, such as ``0-3``.
    """

    tokens: tuple[str, ...]
    unit: str = ""
    time_unit: str = ""
    codes: tuple[tuple[str, str], ...] = ()
    yes_no: bool = False
    item: bool = False
    scale: str = ""


@cache
def _units() -> frozenset[str]:
    names = {unit for m in MEASURE_TABLE.values() for unit in (*m.units, *m.not_from, m.unit)}
    scales = {name for name in names if re.fullmatch(r"[\d-]+", name)}
    return frozenset(map(folded_unit, {*(names - scales), *_OTHER_UNITS}))


def plain(text: str) -> str:
    """Return a text without width, accents, and characters that no screen shows."""
    text = unicodedata.normalize("NFKC", seen(str(text))).replace("ß", "ss")
    bare = "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")
    # Taking accents away must leave Japanese as it is.
    text = bare if all(ord(c) < 0x3000 for c in text) else unicodedata.normalize("NFC", text)
    for wrong, right in _TYPING.items():
        text = text.replace(wrong, right)
    return text.replace("μ", "u")


def tokens_of(text: str) -> tuple[str, ...]:
    """Return the words of a text: Latin words, digits, and every other character by itself."""
    text = _CAMEL.sub(" ", plain(text)).casefold()
    return tuple(_TOKEN.findall(text))


def compact(text: str) -> str:
    """Return a text as phrases are compared: its words without what separates them."""
    return "".join(tokens_of(text))


def codes_of(text: str) -> tuple[tuple[str, str], ...]:
    """Return the codes with their words that a text lists; none if it lists none."""
    text = text.strip()
    pairs: list[tuple[str, str]] = []
    if _CODES.fullmatch(text):
        pairs = [(code, word) for code, word in _CODE.findall(text)]
    elif _CODES_BEHIND.fullmatch(text):
        pairs = [(code, word) for word, code in _CODE_BEHIND.findall(text)]
    # CD4/CD8 are no codes: one word has one code.
    alike = len({word for _, word in pairs}) < len(pairs)
    return () if alike else tuple(pairs)


def spelled(heading: str) -> Spelled:
    """Return a heading taken apart."""
    text = _STARS.sub("", plain(heading)).strip()
    said: dict = {"unit": "", "time_unit": "", "codes": (), "yes_no": False, "item": False,
                  "scale": ""}  # fmt: skip
    kept: list[str] = []

    def within(found: re.Match[str]) -> str:
        inner = found[1].strip()
        # A method and a unit: (CKD-EPI, mL/min/1.73m2).
        whole = folded_unit(inner) in _units()
        end = None if said["unit"] or whole else _END_UNIT.search(inner)
        if end and end.start() > 0 and folded_unit(end[1]) in _units() and not codes_of(inner):
            said["unit"], inner = end[1].strip(), inner[: end.start()].strip(" ,;/")
        return " " if _take(inner, said) else f" {inner} "

    before = None
    while before != text:
        before = text
        text = _BRACKETS.sub(within, text)
    text = text.strip()
    if (glued := _GLUED.search(text)) and not said["unit"]:
        said["unit"] = _GLUED_UNITS[glued[1].casefold()]
        text = f"{text[: glued.start()]} {glued[2] or ''}".strip()
    if (tail := _TAIL.search(text)) and codes_of(tail[0]):
        said["codes"] = said["codes"] or codes_of(tail[0])
        text = text[: tail.start()].strip()
    end = None if said["unit"] else _END_UNIT.search(text)
    if end and end.start() > 0 and folded_unit(end[1]) in _units():
        said["unit"], text = end[1].strip(), text[: end.start()].strip()
    behind = re.search(
        r"(?<=[一-鿿a-z])\s*[/,，]\s*(月|年|天|岁|months?|years?|days?|y)$", text, re.I
    )
    if behind and not said["unit"]:
        said["unit"], text = behind[1], text[: behind.start()]
    kept.append(text)
    unit = said["unit"]
    said["time_unit"] = _TIME.get(unit.casefold(), "")
    return Spelled(tokens_of(" ".join(kept)), **said)


def _take(inner: str, said: dict) -> bool:
    """Take what brackets hold, if it is a unit, codes, a range or a limit, and no word."""
    low = inner.casefold()
    if not inner:
        return True
    if low in _TIME or folded_unit(inner) in _units():
        said["unit"] = inner
        return True
    if codes := codes_of(inner):
        said["codes"] = codes
        return True
    if _SEX.fullmatch(inner):
        return True
    if _YES_NO.fullmatch(inner):
        said["yes_no"] = True
        return True
    if _WEIGHT.fullmatch(inner):
        said["item"] = inner.endswith("分") or inner.isdigit()
        return True
    if _SCALE.fullmatch(inner):
        said["scale"] = inner
        return True
    if _LIMIT.fullmatch(inner):
        said["item"] = said["item"] or inner.endswith("分")
        return True
    return False
