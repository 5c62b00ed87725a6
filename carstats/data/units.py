"""Units: what a measure is kept in, what is converted to it, and what is only taken for it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.data.measures import MEASURE_TABLE, Conversion, Measure
from carstats.errors import CarstatsError, check_choice, listed
from carstats.messages import mark, message

MEASURES = MEASURE_TABLE
# 1 mol of creatinine is 113.12 g: 1 g/g of protein to creatinine is 113.1 mg/mmol.
EXACT_UPCR = 113.1
# KDIGO 2024 prints 0.5 g/g as 50 mg/mmol and 3 g/g as 300 mg/mmol.
KDIGO_UPCR = 100.0
UPCR_CONVERTERS = {"exact": EXACT_UPCR, "KDIGO": KDIGO_UPCR}

# What spells the same unit, applied in this order to a text without spaces and in small letters.
_ALIKE = tuple(
    (re.compile(pattern), with_)
    for pattern, with_ in (
        (r"i\.u\.", "iu"),
        (r"[\^*·]", ""),
        (r"^[x×](?=\d)", ""),
        (r"(?<=10)e(?=\d)", ""),
        (r"^e(?=\d)", "10"),
        (r"mc(?=[gl])|micro(?=[gl])", "u"),
        (r"lit(?:er|re)s?", "l"),
        (r"/100ml", "/dl"),
        (r"(?:cu\.?mm|cmm)$", "mm3"),
        (r"^(?:international)?units?(?=/)", "u"),
        # Cells per volume: the volume says it.
        (r"^(?:cells?|个|n|#)(?=/)", ""),
        (r"(?<=\d)(?:cells?|个)(?=/)", ""),
        # Creatinine is what the urine's ratio is to.
        (r"(?<=/)(u?g|mg|m?mol|umol)(?:of)?(?:cr|crea|creat|creatinine?|肌酐)$", r"\1"),
        (r"percent|pct\.?", "%"),
        (r"^%?(?:of|占)?(?:pred|predicted|预计值)\.?%?$", "%predicted"),
        (r"^(?:°|deg|degrees?)?(?:c|celsius)$|^摄氏度$", "degc"),
        (r"^(?:°|deg|degrees?)?(?:f|fahrenheit)$|^华氏度$", "degf"),
        (r"^(?:[x×]|times|multiples?of)?(?:the)?uln$", "multipleofuln"),
        (r"^(?:points?|pts?|scores?|分)$", "points"),
        (r"^(?:sec|secs|seconds?|秒)$", "s"),
    )
)  # fmt: skip
_SCALE = re.compile(r"^-?\d+-\d+$")
# What `convert` takes: not the scores, whose other forms have no factor.
LABORATORY = tuple(
    name
    for name, known in MEASURES.items()
    if any(how.changes for how in known.units.values()) and not known.unit.startswith("0-")
)
# A score has no unit, however it is said.
_SCORE = frozenset({"points", "1", "count", "n", "score"})
_YES_NO = frozenset({"yes/no", "y/n", "flag", "boolean", "是/否"})

# Why a unit that looks alike is not converted.
_REASONS = {
    "kit": mark("units of one kit are not those of another"),
    "surface": mark("it is not indexed to the body surface"),
    "anchors": mark("its scale has other anchors"),
}


@lru_cache(maxsize=4096)
def folded_unit(unit: object) -> str:
    """Return a unit for comparison: case, µ, superscripts, 10^9 and ×10⁹ made alike."""
    text = unicodedata.normalize("NFKC", str(unit)).casefold()
    text = re.sub(r"\bper\b", "/", text).replace(",", ".")
    text = re.sub(r"[\s\u200b]", "", text).replace("μ", "u")
    for pattern, with_ in _ALIKE:
        text = pattern.sub(with_, text)
    return text


def conversion(measure: Measure, unit: object) -> Conversion | None:
    """Return how a measure is converted from a unit; None where it is not."""
    given = folded_unit(unit)
    for name, found in measure.units.items():
        if folded_unit(name) == given:
            return found
    own = folded_unit(measure.unit)
    scale = _SCALE.match(own) or own == "points"
    said = given in _SCORE or (own == "0-1" and given in _YES_NO)
    return Conversion(1.0) if scale and said else None


def unit_in_heading(measure: Measure, heading: str) -> str | None:
    """Return the unit that stands in brackets in a heading, if the measure is converted from it."""
    words = unicodedata.normalize("NFKC", heading)
    found = re.findall(r"[(\[]([^()\[\]]+)[)\]]", words)
    return next((unit.strip() for unit in found if conversion(measure, unit)), None)


def why_not(measure: Measure, unit: object) -> str:
    """Return why a measure is not converted from a unit, in words; empty where nothing is known."""
    kind, _, other = why_not_code(measure, unit).partition(":")
    if kind == "other":
        return message("it is of another measure, {measure}", measure=other)
    return message(_REASONS[kind]) if kind else ""


def why_not_code(measure: Measure, unit: object) -> str:
    """Return the code of why a measure is not converted from a unit; empty where it has none."""
    given = folded_unit(unit)
    codes = (code for name, code in measure.not_from.items() if folded_unit(name) == given)
    return next(codes, "")


def rivals(known: Measure, values: NDArray[np.float64]) -> list[str]:
    """Return the units that values without one may be in, and would be other values then."""
    fitting = units_that_fit(known, values, Conversion(1.0))
    return [name for name in fitting if known.units[name].rival and known.units[name].changes]


def converted(values: NDArray[np.float64], how: Conversion) -> NDArray[np.float64]:
    """Return values in the canonical unit."""
    shifted = values + how.offset if how.offset else values
    # 57 mg/dL is 0.57 g/L: a hundredth of it, which 57 * 0.01 is not to the last bit.
    inverse = 1 / how.factor
    if how.factor < 1 and abs(inverse - round(inverse)) < 1e-9 * inverse:
        return shifted / round(inverse)
    return shifted * how.factor


def raw(value: float, how: Conversion) -> float:
    """Return what a value in the canonical unit is in another unit."""
    return value / how.factor - how.offset


@dataclass(frozen=True)
class Converted:
    """Values in carstats' unit, and how they got there.

    Attributes
    ----------
    value : numpy.ndarray
        The values; NaN where missing.
    unit : str
        Their unit.
    converter : str
        The conversion in words, for the method line of a report.
    """

    value: NDArray[np.float64]
    unit: str
    converter: str


def convert(
    measure: str, value: ArrayLike, unit: str, *, upcr_converter: str = "exact"
) -> Converted:
    """Convert a laboratory value to the unit that carstats' rules take.

    Notes
    -----
    Status: verify (the molar factor 113.1); design (the ranges).

    References
    ----------
    KDIGO 2024 Clinical practice guideline for the management of lupus nephritis. Kidney Int 2024;
    105(1S):S1-S69. doi:10.1016/j.kint.2023.09.002.
    """
    measure = check_choice("measure", measure, LABORATORY)
    upcr_converter = check_choice("upcr_converter", upcr_converter, UPCR_CONVERTERS)
    known = MEASURES[measure]
    how = conversion(known, unit)
    if how is None:
        raise CarstatsError(
            message(
                "`unit` is {unit}, not a unit of {measure}. It has: {known}.",
                unit=repr(unit), measure=measure, known=listed(known.units, 20),
            )
        )  # fmt: skip
    mmol = measure == "UPCR" and folded_unit(unit) == "mg/mmol"
    if mmol:
        how = Conversion(1 / UPCR_CONVERTERS[upcr_converter])
    given = np.atleast_1d(np.asarray(value, dtype=float))
    result = converted(given, how)
    _check_possible(known, given, result, unit, how)
    return Converted(
        result, known.unit, _in_words(known, unit, how, upcr_converter if mmol else "")
    )


def _check_possible(known: Measure, given, result, unit: str, how: Conversion) -> None:
    slack = 1e-9 * known.high
    wrong = (result < known.low - slack) | (result > known.high + slack) | np.isinf(result)
    if not wrong.any():
        return
    first = int(np.flatnonzero(wrong)[0])
    value = f"{given[first]:.10g} {unit}"
    if len(given) > 1:
        value = message("{value} at position {place}", value=value, place=first)
    text = message(
        "`{measure}` is {value}, which is implausible; allowed: {low} to {high} {unit}.",
        measure=known.name, value=value, unit=unit,
        low=f"{raw(known.low, how):.6g}", high=f"{raw(known.high, how):.6g}",
    )  # fmt: skip
    others = units_that_fit(known, given[[first]], how)
    if others:
        text = message("{problem} Is it in {units}?", problem=text, units=either(others))
    raise CarstatsError(text)


def either(names: list[str]) -> str:
    """Return units as alternatives."""
    return message(" or ").join(names)


def units_that_fit(known: Measure, values: NDArray[np.float64], but: Conversion) -> list[str]:
    """Return the units in which values would be plausible, other than one conversion's."""
    fitting = {
        how: name
        for name, how in reversed(known.units.items())
        if how != but and plausible(known, converted(values, how)).all()
    }
    usual = {how: name for how, name in fitting.items() if how.rival}
    return list(reversed((usual or fitting).values()))


def plausible(known: Measure, values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which values, in the canonical unit, are not rare; nothing at all is not."""
    slack = 1e-9 * max(1.0, abs(known.plausible_high))
    inside = (values >= known.plausible_low - slack) & (values <= known.plausible_high + slack)
    return inside | (values == 0)


def _in_words(known: Measure, unit: str, how: Conversion, upcr_converter: str) -> str:
    measure, to, factor = known.name, known.unit, how.factor
    if not how.changes:
        if unit == to:
            return f"{measure} in {to}"
        return f"{measure}: 1 {unit} = 1 {to}"
    if upcr_converter:
        rounded = " (rounded as in KDIGO 2024)" if upcr_converter == "KDIGO" else ""
        return f"UPCR: {UPCR_CONVERTERS[upcr_converter]:g} mg/mmol = 1 g/g{rounded}"
    if how.offset:
        return f"{measure}: {to} = ({unit} {how.offset:+g}) x {factor:.6g}"
    if factor < 1:
        return f"{measure}: {1 / factor:.6g} {unit} = 1 {to}"
    return f"{measure}: 1 {unit} = {factor:.6g} {to}"
