"""Times in weeks, months and years as days, and how far from the truth their print leaves them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

# Days in one unit of a time column.
TIME_UNITS = {"days": 1.0, "weeks": 7.0, "months": 30.4375, "years": 365.25}
# A heading that ends on a unit of time ("fu_months", "随访(月)"); "3 months" is a visit.
_NAMED = re.compile(
    r"(?<!\d )(?<!\d)\b(?:(?P<months>months?|mths?|mos?|月数?|个月)"
    r"|(?P<weeks>weeks?|wks?|周数?|星期)|(?P<years>years?|yrs?|年数?))$"
)
# A time printed as finely as this was a whole day before it was divided.
_WHOLE = 0.01


def printed_slack(cells: Iterable[object], factor: float) -> float:
    """Return half the last digit that a column prints, in days."""
    digits = 0
    for cell in cells:
        text = str(cell).strip() if cell is not None else ""
        _, point, after = text.partition(".")
        if point and not (isinstance(cell, float) and cell.is_integer()):
            digits = max(digits, len(after))
    return 0.5 * 10.0**-digits * factor


def named_unit(heading: str) -> str | None:
    """Return the unit that a heading says its times have, other than days; None if it says none."""
    words = unicodedata.normalize("NFKC", heading).casefold()
    # In Chinese no space stands before the unit: one is meant in brackets or as "月数".
    words = re.sub(r"(?<=[\u4e00-\u9fff])(?=(?:月|周|年)数$)", " ", words)
    found = _NAMED.search(" ".join(re.sub(r"[\W_]+", " ", words).split()))
    return found.lastgroup if found else None


def says_days(heading: str) -> bool:
    """Return whether a heading says that its times are days."""
    words = unicodedata.normalize("NFKC", heading).casefold()
    return re.search(r"(?<![a-z])(?:days?|d)(?![a-z])|天|日数", words) is not None


def named_weight(heading: str) -> str | None:
    """Return the unit of weight that a heading ends on; None if it ends on none."""
    words = unicodedata.normalize("NFKC", heading).casefold()
    words = " ".join(re.sub(r"[\W_]+", " ", words).split())
    found = re.search(
        r"\b(?:(?P<kg>kgs?|公斤)|(?P<lb>lbs?|pounds?)|(?P<g>g|grams?)|(?P<斤>斤))$", words
    )
    return found.lastgroup if found else None


def whole_days(days: NDArray[np.float64], slack: float | None) -> NDArray[np.float64]:
    """Return days, those that a rounding of the print alone keeps from a whole one made whole."""
    if slack is None:
        return days
    nearest = np.round(days)
    return np.where(np.abs(days - nearest) <= min(slack, _WHOLE), nearest, days)
