"""Calendar dates as hospitals write them, read without guessing.

A date is accepted only where it can mean one day: the year first, or the order of day and month
given. What is partial, impossible or ambiguous is refused with what to do about it.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
import unicodedata

import numpy as np
import pandas as pd

from carstats.messages import message

# Serial numbers of spreadsheets: 20,000 is 1 October 1954; smaller numbers count days.
SERIAL_LOW, SERIAL_HIGH = 20_000, 80_000
# The day before day 1 of each date system; that of 1900 counts a 29 February 1900 that never was.
_SERIAL_ORIGIN = {
    1900: dt.date(1899, 12, 30).toordinal(),
    1904: dt.date(1904, 1, 1).toordinal(),
}
EPOCHS = tuple(_SERIAL_ORIGIN)
_YEARS = (1950, 2100)
ORDERS = ("ymd", "dmy", "mdy")

_CLOCK = r"\d{1,2}[:时]\d{1,2}(?:[:分]\d{1,2}(?:\.\d+)?)?[分秒]?"
_TIME = rf"(?:[T ]\s*{_CLOCK}\s*(?:[AP]M)?(?:Z|[+-]\d\d:?\d\d)?)?"
_YEAR_FIRST = re.compile(
    rf"(\d{{4}})\s*[-/.年]\s*(\d{{1,2}})\s*[-/.月]\s*(\d{{1,2}})\s*日?{_TIME}$", re.I
)
_YEAR_LAST = re.compile(rf"(\d{{1,2}})\s*[-/.]\s*(\d{{1,2}})\s*[-/.]\s*(\d{{4}}){_TIME}$", re.I)
_NAMED = re.compile(rf"(\d{{1,2}})[- ]?([A-Za-z]{{3}})[a-z]*[- ]?(\d{{4}}){_TIME}$", re.I)
_UNKNOWN = r"(?:UNK?|XX?|NK|\?\??|--?|不详|未知)"
_PARTIAL = tuple(
    re.compile(pattern + "$", re.I)
    for pattern in (
        rf"(?P<year>\d{{4}})\s*[-/.年]?(?:\s*{_UNKNOWN})?(?:[-/.月]?\s*{_UNKNOWN}日?)?",
        rf"(?P<year>\d{{4}})\s*[-/.年]\s*(?P<month>\d{{1,2}})\s*月?(?:[-/.]?\s*{_UNKNOWN}日?)?",
        rf"(?:{_UNKNOWN}[-/. ]?)?(?P<month>[A-Za-z]{{3,9}})\.?[-/. ]?(?P<year>\d{{4}})",
        rf"(?:{_UNKNOWN}[-/.]){{0,2}}(?P<year>\d{{4}})",
        rf"(?:{_UNKNOWN}[-/.])?(?P<month>\d{{1,2}})\s*[-/.]\s*(?P<year>\d{{4}})",
    )
)
_TRAILING = re.compile(r"\d{4}\s*[-/.年]\s*(?:\d{1,2}\s*[-/.月])?$")
# The day that a partial date is read as, by rule: of a month, and the month and day of a year.
PARTIAL_RULES = ("first", "middle", "last")
_SHORT_YEAR = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{1,2}$")
_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {name: i for i, name in enumerate(_MONTH_NAMES, start=1)}


class NotADate(Exception):
    """Why a cell is not one day of the calendar, and what to do."""

    def __init__(self, what: str, remedy: str, code: str = "") -> None:
        super().__init__(what)
        self.what, self.remedy, self.code = what, remedy, code


def plain_number(value: object) -> float | None:
    """Return a number too small to be a date (under 20,000 either way), or None."""
    # Python would take 1_000 for a number.
    if isinstance(value, bool | dt.date | dt.time) or (isinstance(value, str) and "_" in value):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if abs(number) < SERIAL_LOW else None


def _day(year: int, month: int, day: int) -> int:
    try:
        date = dt.date(year, month, day)
    except ValueError:
        raise NotADate(
            message("is no day of the calendar."), message("Correct the date.")
        ) from None
    return _plausible(date.toordinal())


def _plausible(ordinal: int) -> int:
    year = dt.date.fromordinal(ordinal).year
    if not _YEARS[0] <= year <= _YEARS[1]:
        what = message(
            "is a date in {year}, outside {first} to {last}.",
            year=year,
            first=_YEARS[0],
            last=_YEARS[1],
        )
        raise NotADate(what, message("Correct the year."))
    return ordinal


def _numeric_date(number: float, epoch: int = 1900) -> int:
    if SERIAL_LOW <= number < SERIAL_HIGH:
        return _plausible(_SERIAL_ORIGIN[epoch] + int(number))
    whole = int(number) if number == int(number) else 0
    if 10_000_000 <= whole <= 99_999_999:
        return _day(whole // 10_000, whole // 100 % 100, whole % 100)
    what = message("is a number among dates.")
    raise NotADate(what, message("Write the date as 2024-03-05."), "number")


def date_ordinal(value: object, order: str | None = None, epoch: int = 1900) -> int:
    """Return the proleptic ordinal of a cell's calendar date."""
    if isinstance(value, dt.date):  # and datetime, and pandas' Timestamp
        return _plausible(dt.date(value.year, value.month, value.day).toordinal())
    if isinstance(value, np.datetime64):
        return date_ordinal(pd.Timestamp(value), order, epoch)
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        return _numeric_date(float(value) if np.isfinite(value) else 0, epoch)
    text = unicodedata.normalize("NFKC", str(value)).strip()
    try:
        return _numeric_date(float(text.replace("_", "x")), epoch)
    except (ValueError, OverflowError):
        pass
    if found := _YEAR_FIRST.match(text):
        return _day(*map(int, found.groups()))
    if found := _NAMED.match(text):
        day, month, year = found.groups()
        if month.lower() in _MONTHS:
            return _day(int(year), _MONTHS[month.lower()], int(day))
    if found := _YEAR_LAST.match(text):
        first, second, year = map(int, found.groups())
        if order not in ("dmy", "mdy"):
            what = message("may have the day or the month first.")
            remedy = message('Say which under [study] date_order = "dmy" (or "mdy").')
            raise NotADate(what, remedy, "order")
        day, month = (first, second) if order == "dmy" else (second, first)
        return _day(year, month, day)
    if _month_of(text) is not None:
        what = message("is a partial date, without its day.")
        remedy = message(
            "Give the whole date, leave the cell blank, or say under [study] as which day partial"
            " dates are read: partial_dates = {rule} (or {others}; for one column {example}).",
            rule='"middle"',
            others='"first", "last"',
            example='{ "…" = "middle" }',
        )
        raise NotADate(what, remedy, "partial")
    if _SHORT_YEAR.match(text):
        what = message("has a year of two digits.")
        raise NotADate(what, message("Write the year with four digits."))
    remedy = message("Write it as 2024-03-05; a sign for missing belongs under [study] missing.")
    raise NotADate(message("is not a date."), remedy, "no_date")


def _month_of(text: str) -> tuple[int, int | None] | None:
    """Return the year and the month, if there is one, of a date without its day; else None."""
    text = text[:-1].rstrip() if _TRAILING.match(text) and text[-1] not in "年月" else text
    for pattern in _PARTIAL:
        found = pattern.match(text)
        if found is None:
            continue
        month = found.groupdict().get("month")
        if month is not None and not month.isdecimal():
            month = _MONTHS.get(month[:3].lower())
            if month is None:
                continue
        return int(found["year"]), None if month is None else int(month)
    return None


def partial_ordinal(value: object, rule: str) -> int | None:
    """Return the day as which a date without its day is read; None if it is no such date.

    The first day of its month or year, the last, or the middle: the 15th of a month, and the 1st
    of July of a year.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    known = _month_of(unicodedata.normalize("NFKC", str(value)).strip())
    if known is None or not _YEARS[0] <= known[0] <= _YEARS[1]:
        return None
    year, month = known
    if month is None:
        month, day = {"first": (1, 1), "middle": (7, 1), "last": (12, 31)}[rule]
        return dt.date(year, month, day).toordinal()
    if not 1 <= month <= 12:
        return None
    day = {"first": 1, "middle": 15, "last": calendar.monthrange(year, month)[1]}[rule]
    return dt.date(year, month, day).toordinal()


def fitting_order(values: list) -> str | None:
    """Return the order of day and month in which all cells are dates, if it is one alone."""
    fits = []
    for order in ("dmy", "mdy"):
        try:
            for value in values:
                date_ordinal(value, order)
        except NotADate:
            continue
        fits.append(order)
    return fits[0] if len(fits) == 1 else None


def read_dates(
    values: np.ndarray, present: np.ndarray, order: str | None = None, epoch: int = 1900
) -> tuple[np.ndarray, dict[int, NotADate]]:
    """Read a column of dates."""
    ordinals = np.full(len(values), np.nan)
    faults: dict[int, NotADate] = {}
    known: dict[tuple[type, object], float | NotADate] = {}
    for i in np.flatnonzero(present):
        key = (type(values[i]), values[i])
        if key not in known:
            try:
                known[key] = float(date_ordinal(values[i], order, epoch))
            except NotADate as fault:
                known[key] = fault
        result = known[key]
        if isinstance(result, NotADate):
            faults[int(i)] = result
        else:
            ordinals[i] = result
    return ordinals, faults
