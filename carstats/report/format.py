"""Numbers as text: the only place where carstats rounds.

One convention everywhere: whole per cent, measurements and months with one decimal, ratios and
incidences with two, p-values with two, or three under 0.01 and about 0.05. A no-break space before
the per cent sign ("60 %"), an en dash between limits ("36–81"; "to" where a limit is negative),
halves rounded up, and never a "0 %" for what is not nought (a limit may read 0 or 100). Words and
signs are those of the language that is set: Chinese writes "60%".
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from carstats.words import in_words, tr, tr_n

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
    """Write a number with a fixed count of decimals."""
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
    # Whether a sum of probabilities is 1 or an ulp less hangs on the library that added them.
    if scaled < 100 - 1e-10 and text == number(100, digits):
        return f">{number(100 - 10**-digits, digits)}"
    return text


def percent(fraction: float | None, digits: int = 0) -> str:
    """Write a fraction as a percentage: ``"60 %"``, ``"<1 %"``, ``"0 %"`` for exactly none."""
    return NONE if _missing(fraction) else tr("{number}\u00a0%", number=_per_cent(fraction, digits))


def percent_interval(
    low: float | None, high: float | None, digits: int = 0, *, words: bool = False
) -> str:
    """Write the limits of a percentage without the sign: ``"36–81"``; `words`: ``"36 to 81"``."""
    if _missing(low) or _missing(high):
        return NONE
    ends = [number(float(Decimal(repr(float(end))) * 100), digits) for end in (low, high)]
    return _between(*ends, words=words or low < 0)


def percent_limits(low: float | None, high: float | None, digits: int = 0) -> str:
    """Write the limits of a percentage with the sign: ``"36–81 %"``."""
    if _missing(low) or _missing(high):
        return NONE
    return tr("{number}\u00a0%", number=percent_interval(low, high, digits))


def rate(
    estimate: float | None,
    low: float | None,
    high: float | None,
    digits: int = 0,
    possible: float | None = None,
) -> str:
    """Write a rate with its limits: ``"60 % (36–81)"``, or ``"32–86 % (14–97)"``.

    An en dash where it is undefined. Where some may have had the event, the rate reaches from what
    is proven to what is `possible`.
    """
    if _missing(estimate):
        return NONE
    shown = percent(estimate, digits)
    if not _missing(possible) and possible > estimate + 1e-12:
        shown = percent_limits(estimate, possible, digits)
    if _missing(low) or _missing(high):
        return shown
    return with_limits(shown, percent_interval(low, high, digits))


def interval(low: float | None, high: float | None, digits: int = 1) -> str:
    """Write two limits: ``"1.2–3.4"``, ``"−1.2 to 3.4"``; "not reached" for a limit without end."""
    if _missing(low) and _missing(high):
        return NONE
    if _missing(low):
        return tr("{low} to {high}", low=not_reached(), high=number(high, digits))
    if _missing(high):
        return tr("{low} to not reached", low=number(low, digits))
    return _between(number(low, digits), number(high, digits), words=low < 0)


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


def of(n_event: float | None, n: float | None, most: float | None = None) -> str:
    """Write how many of how many: ``"9/15"``; ``"9–12/15"`` where up to `most` may have had it."""
    if _missing(n):
        return NONE
    return f"{counts(n_event, most)}/{count(n)}"


def counts(least: float | None, most: float | None = None) -> str:
    """Write a count, or what is proven and what is possible: ``"7–19"``."""
    more = not _missing(most) and not _missing(least) and most > least
    return f"{count(least)}–{count(most)}" if more else count(least)


def count(value: float | None) -> str:
    """Write a count: digits in threes from five digits on, an en dash where it is missing."""
    if _missing(value):
        return NONE
    text = f"{round(value):d}"
    return text if len(text) < 5 else f"{round(value):,d}".replace(",", "\u202f")


def counted(n: int, noun: str) -> str:
    """Write a count with its noun."""
    return _COUNTED[noun](int(n))


def p_number(value: float | None) -> str:
    """Write a p-value without its letter, as in a column: ``"0.03"``, ``"<0.001"``."""
    return NONE if _missing(value) else "".join(_p_parts(value)).removeprefix("=")


def _p_parts(value: float) -> tuple[str, str]:
    """Return the sign and the number of a p-value; the only place that rounds one."""
    if value < 0.001:
        return "<", "0.001"
    if value > 0.99:
        return ">", "0.99"
    # Two decimals would print 0.0496 as 0.05 and hide on which side of it the value lies.
    exact = value < 0.01 or 0.045 <= value < 0.055
    return "=", number(value, 3 if exact else 2)


def p_value(value: float | None) -> str:
    """Write a p-value: ``"p = 0.03"``, ``"p = 0.004"``, ``"p < 0.001"``, ``"p > 0.99"``."""
    if _missing(value):
        return NONE
    sign, text = _p_parts(value)
    return tr("p {sign} {number}", sign=sign, number=text)


def p_of(row: Mapping[str, object]) -> str:
    """Write a test's p-value and, where it could not reach 0.05, how small it could be."""
    text, least = p_value(row["p_value"]), row.get("p_smallest", math.nan)
    if _missing(least) or not least > 0.05:
        return text
    return tr("{p} (cannot be below {least})", p=text, least=p_number(least))


def months(days: float | None, digits: int = 1) -> str:
    """Write a time of days in months: ``"6.2 months"``; "not reached" where it is missing."""
    if _missing(days) or math.isinf(days):
        return not_reached()
    return tr("{n} months", n=number(days / DAYS_PER_MONTH, digits))


def month_count(
    days: float | None, low: float | None = None, high: float | None = None, digits: int = 1
) -> str:
    """Write days as a number of months with limits: ``"6.2 (4.1–9.8)"``; the head has the unit."""
    never = _missing(days) or math.isinf(days)
    text = not_reached() if never else number(days / DAYS_PER_MONTH, digits)
    if _missing(low) and _missing(high):
        return text
    ends = [None if _missing(end) else end / DAYS_PER_MONTH for end in (low, high)]
    return with_limits(text, interval(*ends, digits))


def landmark(days: float) -> str:
    """Write a day that is looked at: ``"12 months"``, ``"week 24"`` where it is a whole number."""
    whole = round(days / DAYS_PER_MONTH)
    # Protocols call days 30, 60, 90, 182 and 365 months; day 168 is week 24 and not a month.
    if whole and abs(days - whole * DAYS_PER_MONTH) <= 0.5 * min(whole, 3):
        return tr_n("{n} month", "{n} months", whole)
    if days >= 28 and days % 7 == 0:
        return tr("week {week}", week=f"{days / 7:g}")
    return tr("day {day}", day=f"{days:g}")


def ratio(estimate: float | None, low: float | None, high: float | None) -> str:
    """Write a ratio with its limits, two decimals or three figures: ``"0.60 (0.32–1.10)"``."""
    if _missing(estimate):
        return NONE
    if _missing(low) or _missing(high):
        return _ratio_number(estimate)
    return with_limits(_ratio_number(estimate), f"{_ratio_number(low)}–{_ratio_number(high)}")


def _ratio_number(value: float) -> str:
    if 0 < value < 0.005:
        return "<0.01"
    return number(value, 2 if value < 9.995 else 1 if value < 99.95 else 0)


def incidence(estimate: float | None, low: float | None, high: float | None) -> str:
    """Write events per unit of time with limits, two decimals: ``"0.08 (0.00–0.45)"``."""
    if _missing(estimate):
        return NONE
    if _missing(low) and _missing(high):
        return number(estimate, 2)
    return with_limits(number(estimate, 2), interval(low, high, 2))


def decimals(spread: float | None) -> int:
    """Return with how many decimals a measurement is printed: one, more for a small spread."""
    if _missing(spread) or spread <= 0 or math.isinf(spread):
        return 1
    return min(6, max(1, 1 - math.floor(math.log10(spread))))


def mean_sd(mean: float | None, std_dev: float | None, digits: int = 1) -> str:
    """Write a mean with its standard deviation: ``"34.2 (9.8)"``."""
    return NONE if _missing(mean) else with_limits(number(mean, digits), number(std_dev, digits))


def median_quartiles(
    median: float | None, low: float | None, high: float | None, digits: int = 1
) -> str:
    """Write a median with its quartiles in square brackets: ``"33.0 [24.5–41.0]"``."""
    if _missing(median):
        return NONE
    limits = interval(low, high, digits)
    return tr("{estimate} [{limits}]", estimate=number(median, digits), limits=limits)


def confidence(level: float | None) -> str:
    """Write what an interval is called: ``"95 % CI"``."""
    if _missing(level):
        return tr("interval")
    shown = f"{Decimal(repr(float(level))) * 100:f}".rstrip("0").rstrip(".")
    return tr("{level}\u00a0% CI", level=shown)


def sentence_list(words: list[str]) -> str:
    """Join words as a sentence does: ``"a, b and c"``."""
    words = [in_words(word) for word in words]
    if len(words) < 2:
        return "".join(words)
    return tr("{words} and {last}", words=tr(", ").join(words[:-1]), last=words[-1])
