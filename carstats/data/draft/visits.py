"""Visits that a heading or a cell names: ``M3``, ``3月``, ``wk 12``, ``D28``, ``半年``."""

from __future__ import annotations

import re

_HAN = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_HAN |= {"十": 10, "十一": 11, "十二": 12, "十八": 18, "二十四": 24}
_NUMBER = r"(\d{1,3}|[一二两三四五六七八九十]{1,3})"
_UNITS = {
    "month": r"(?:个月|ヶ月|か月|ヵ月|カ月|月|months|month|mths|mth|mos|mo|m|monate|monat|mois)",
    "week": r"(?:周|週|weeks|week|wks|wk|w|wochen|woche|semaines|semaine)",
    "day": r"(?:天|日|days|day|d|tage|tag|jours|jour|j)",
    "year": r"(?:年|years|year|yrs|yr|y|jahre|jahr|ans|an)",
}
_BEFORE = {
    "month": r"(?:months|month|mth|mo|m|mois|monat)",
    "week": r"(?:weeks|week|wk|w|woche)",
    "day": r"(?:days|day|d|j|tag)",
    "year": r"(?:years|year|yr|y)",
}
_LEAD = r"(?:回输后|输注后|治疗后|投与後|术后|随访|第|after|post|at|nach|a)?"
_PATTERNS = [
    (kind, re.compile(rf"{_LEAD}{_NUMBER}{unit}(?:后|後|末|随访|时|followup|fu|visit)?"))
    for kind, unit in _UNITS.items()
] + [(kind, re.compile(rf"{_LEAD}{unit}(\d{{1,3}})")) for kind, unit in _BEFORE.items()]
_HALF = re.compile(rf"{_LEAD}半年(?:后|随访)?")
# The most that a visit can be and not a number of something else.
_MOST = {"month": 120, "week": 520, "day": 999, "year": 10}
# "9月" and "12月" name a visit or September and December; 3月 and 6月 beside them decide it.
_CALENDAR = re.compile(r"\d{1,2}月")


def visit_day(text: str) -> int | None:
    """Return the day of the visit that a text without spaces, in small letters, names."""
    if _HALF.fullmatch(text):
        return 182
    for kind, pattern in _PATTERNS:
        if found := pattern.fullmatch(text):
            number = _HAN.get(found[1]) or (int(found[1]) if found[1].isdigit() else None)
            if number is None or number > _MOST[kind]:
                return None
            return day_of(number, kind)
    return None


def day_of(number: int, kind: str) -> int:
    """Return the day of so many months, weeks, days or years after the infusion."""
    return {
        "month": round(number * 365 / 12),
        "week": number * 7,
        "day": number,
        "year": number * 365,
    }[kind]


def may_be_calendar(text: str) -> bool:
    """Return whether a visit's name may be a month of the calendar."""
    return bool(_CALENDAR.fullmatch(text)) and int(text[:-1]) in (9, 12)
