"""Numbers as text: the only place where carstats rounds.

One convention everywhere: a no-break space before the per cent sign ("60 %"), an en dash between
limits ("36–81"; "to" where a limit is negative), halves rounded up, and never a "0 %" for what is
not nought. Words and signs are those of the language that is set: Chinese writes "60%".
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

from carstats.language import tr, tr_n

DAYS_PER_MONTH = 30.4375
NONE = "–"
_COUNTED = {
    "count": lambda n: tr_n("{n} count", "{n} counts", n, n=count(n)),
    "episode": lambda n: tr_n("{n} episode", "{n} episodes", n, n=count(n)),
    "event": lambda n: tr_n("{n} event", "{n} events", n, n=count(n)),
    "report": lambda n: tr_n("{n} report", "{n} reports", n, n=count(n)),
    "subject": lambda n: tr_n("{n} subject", "{n} subjects", n, n=count(n)),
    "trial": lambda n: tr_n("{n} trial", "{n} trials", n, n=count(n)),
}


def _missing(value: float | None) -> bool:
    return value is None or value != value


def number(value: float | None, digits: int = 1) -> str:
    """Write a number with a fixed count of decimals.

    Parameters
    ----------
    value : float or None
        The number; missing gives an en dash.
    digits : int
        Decimals; halves are rounded away from nought, as readers do by hand.

    Returns
    -------
    str
        The number with a true minus sign.
    """
    if _missing(value):
        return NONE
    if math.isinf(value):
        return "∞" if value > 0 else "\u2212∞"
    # The shortest decimal of the float: 0.175 means a half, though the float lies under it.
    rounded = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    text = f"{abs(rounded):f}"
    return f"\u2212{text}" if rounded < 0 else text


def _per_cent(fraction: float, digits: int = 0) -> str:
    """Write a fraction in per cent without the sign, honest at both ends."""
    scaled = float(Decimal(repr(float(fraction))) * 100)
    text, least = number(scaled, digits), number(10**-digits, digits)
    if scaled > 0 and float(text) == 0:
        return f"<{least}"
    if scaled < 100 and text == number(100, digits):
        return f">{number(100 - 10**-digits, digits)}"
    return text


def percent(fraction: float | None, digits: int = 0) -> str:
    """Write a fraction as a percentage: ``"60 %"``, ``"<1 %"``, ``"0 %"`` for exactly none.

    Parameters
    ----------
    fraction : float or None
        Between 0 and 1; missing gives an en dash.
    digits : int
        Decimals of the percentage.

    Returns
    -------
    str
        The percentage with a no-break space before its sign.
    """
    return NONE if _missing(fraction) else tr("{number}\u00a0%", number=_per_cent(fraction, digits))


def percent_interval(low: float | None, high: float | None, digits: int = 0) -> str:
    """Write the limits of a percentage without the sign: ``"36–81"``."""
    if _missing(low) or _missing(high):
        return NONE
    ends = [number(float(Decimal(repr(float(end))) * 100), digits) for end in (low, high)]
    return _between(*ends, words=low < 0)


def rate(estimate: float | None, low: float | None, high: float | None, digits: int = 0) -> str:
    """Write a rate with its limits: ``"60 % (36–81)"``; an en dash where it is undefined."""
    if _missing(estimate):
        return NONE
    if _missing(low) or _missing(high):
        return percent(estimate, digits)
    return with_limits(percent(estimate, digits), percent_interval(low, high, digits))


def interval(low: float | None, high: float | None, digits: int = 1) -> str:
    """Write two limits: ``"1.2–3.4"``, ``"−1.2 to 3.4"``; "not reached" for a limit without end."""
    if _missing(low) and _missing(high):
        return NONE
    ends = [not_reached() if _missing(end) else number(end, digits) for end in (low, high)]
    return _between(*ends, words=_missing(low) or _missing(high) or low < 0)


def with_limits(estimate: str, limits: str) -> str:
    """Write an estimate with its limits, both already text: ``"60 % (36–81)"``."""
    return tr("{estimate} ({limits})", estimate=estimate, limits=limits)


def not_reached() -> str:
    """Write what stands for a time that the curve does not reach: ``"not reached"``."""
    return tr("not reached")


def _between(low: str, high: str, *, words: bool) -> str:
    if words:
        return tr("{low} to {high}", low=low, high=high)
    return f"{low}–{high}"


def of(n_event: float | None, n: float | None) -> str:
    """Write how many of how many: ``"9/15"``."""
    return NONE if _missing(n) else f"{count(n_event)}/{count(n)}"


def count(value: float | None) -> str:
    """Write a count: digits in threes from five digits on, an en dash where it is missing."""
    if _missing(value):
        return NONE
    text = f"{round(value):d}"
    return text if len(text) < 5 else f"{round(value):,d}".replace(",", "\u202f")


def counted(n: int, noun: str) -> str:
    """Write a count with its noun.

    Parameters
    ----------
    n : int
        How many.
    noun : {"count", "episode", "event", "report", "subject", "trial"}
        Of what.

    Returns
    -------
    str
        ``"1 subject"``, ``"12 subjects"``.
    """
    return _COUNTED[noun](int(n))


def p_value(value: float | None) -> str:
    """Write a p-value: ``"p = 0.03"``, ``"p = 0.004"``, ``"p < 0.001"``, ``"p > 0.99"``."""
    if _missing(value):
        return NONE
    if value < 0.001:
        return tr("p {sign} {number}", sign="<", number="0.001")
    if value > 0.99:
        return tr("p {sign} {number}", sign=">", number="0.99")
    # Two decimals would print 0.0496 as 0.05 and hide on which side of it the value lies.
    exact = value < 0.01 or 0.045 <= value < 0.055
    return tr("p {sign} {number}", sign="=", number=number(value, 3 if exact else 2))


def months(days: float | None, digits: int = 1) -> str:
    """Write a time of days in months: ``"6.2 months"``; "not reached" where it is missing."""
    if _missing(days) or math.isinf(days):
        return not_reached()
    return tr("{n} months", n=number(days / DAYS_PER_MONTH, digits))


def mean_sd(mean: float | None, std_dev: float | None, digits: int = 1) -> str:
    """Write a mean with its standard deviation: ``"34.2 (9.8)"``."""
    return NONE if _missing(mean) else with_limits(number(mean, digits), number(std_dev, digits))


def median_range(
    median: float | None, low: float | None, high: float | None, digits: int = 1
) -> str:
    """Write a median with a range: ``"33.0 (24.5–41.0)"``."""
    if _missing(median):
        return NONE
    return with_limits(number(median, digits), interval(low, high, digits))


def confidence(level: float | None) -> str:
    """Write what an interval is called: ``"95 % CI"``."""
    if _missing(level):
        return tr("interval")
    shown = f"{Decimal(repr(float(level))) * 100:f}".rstrip("0").rstrip(".")
    return tr("{level}\u00a0% CI", level=shown)


def sentence_list(words: list[str]) -> str:
    """Join words as a sentence does: ``"a, b and c"``."""
    if len(words) < 2:
        return "".join(words)
    return tr("{words} and {last}", words=tr(", ").join(words[:-1]), last=words[-1])
