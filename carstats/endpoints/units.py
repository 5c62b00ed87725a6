"""Units of laboratory values, and doses of glucocorticoids in milligrams of prednisone."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.endpoints.logic import numbers
from carstats.errors import CarstatsError, check_choice, listed

# 1 mol of creatinine is 113.12 g: 1 g/g of protein to creatinine is 113.1 mg/mmol.
EXACT_UPCR = 113.1
# KDIGO 2024 prints 0.5 g/g as 50 mg/mmol and 3 g/g as 300 mg/mmol.
KDIGO_UPCR = 100.0
# 113.12 g/mol: 1 mg/dL is 88.4 µmol/L, the factor that laboratories print.
_CREATININE = 88.4

UPCR_CONVERTERS = {"exact": EXACT_UPCR, "KDIGO": KDIGO_UPCR}


@dataclass(frozen=True)
class Measure:
    """A laboratory value: its unit in carstats, other units with their factor, plausible values.

    Attributes
    ----------
    unit : str
        The unit that carstats' rules take.
    factors : dict of str to float
        What a value in each unit is multiplied by to be in `unit`.
    low, high : float
        The smallest and largest plausible value in `unit`.
    """

    unit: str
    factors: dict[str, float]
    low: float
    high: float


_CELLS = {"10^9/L": 1.0, "10^3/uL": 1.0, "K/uL": 1.0, "/uL": 1e-3, "/mm3": 1e-3, "10^6/L": 1e-3}
_MASS = {"g/L": 1.0, "mg/dL": 0.01, "g/dL": 10.0, "mg/L": 1e-3}

# The plausible ranges are wide on purpose: they are to catch a wrong unit, not a sick subject.
MEASURES: dict[str, Measure] = {
    "UPCR": Measure(
        "g/g", {"g/g": 1.0, "mg/mg": 1.0, "mg/g": 1e-3, "mg/mmol": 1 / EXACT_UPCR}, 0, 40
    ),
    "IgG": Measure("g/L", _MASS, 0, 100),
    "C3": Measure("g/L", _MASS, 0, 5),
    "C4": Measure("g/L", _MASS, 0, 3),
    "creatinine": Measure("mg/dL", {"mg/dL": 1.0, "umol/L": 1 / _CREATININE}, 0.1, 30),
    "platelets": Measure("10^9/L", _CELLS, 0, 3000),
    "ANC": Measure("10^9/L", _CELLS, 0, 200),
    "lymphocytes": Measure("10^9/L", _CELLS, 0, 1000),
    "B_cells": Measure("/uL", {"/uL": 1.0, "/mm3": 1.0, "10^6/L": 1.0, "10^9/L": 1e3}, 0, 100_000),
    # 1 mmol/L of haemoglobin monomer (16.114 g/mmol) is 1.6114 g/dL.
    "haemoglobin": Measure("g/dL", {"g/dL": 1.0, "g/L": 0.1, "mmol/L": 1.6114}, 1, 26),
    "CRP": Measure("mg/L", {"mg/L": 1.0, "mg/dL": 10.0}, 0, 1000),
    "ferritin": Measure("ug/L", {"ug/L": 1.0, "ng/mL": 1.0, "ug/dL": 10.0}, 0, 500_000),
    "fibrinogen": Measure("mg/dL", {"mg/dL": 1.0, "g/L": 100.0}, 0, 2000),
}


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

    Parameters
    ----------
    measure : str
        ``"UPCR"``, ``"IgG"``, ``"C3"``, ``"C4"``, ``"creatinine"``, ``"platelets"``, ``"ANC"``,
        ``"lymphocytes"``, ``"B_cells"``, ``"haemoglobin"``, ``"CRP"``, ``"ferritin"`` or
        ``"fibrinogen"``.
    value : float or sequence of float
        The values as measured.
    unit : str
        Their unit, such as ``"mg/mmol"``; µ and u, ×10⁹/L and 10^9/L are alike.
    upcr_converter : str, optional
        ``"exact"``: 1 g/g is 113.1 mg/mmol; ``"KDIGO"``: 1 g/g is 100 mg/mmol, as KDIGO rounds.

    Returns
    -------
    Converted
        The values with their unit and the conversion in words.

    Raises
    ------
    CarstatsError
        If the measure or the unit is unknown, or a value is implausible in its unit.

    Notes
    -----
    Status: verify (the molar factor 113.1); design (the plausible ranges).

    References
    ----------
    KDIGO 2024 Clinical practice guideline for the management of lupus nephritis. Kidney Int 2024;
    105(1S):S1-S69. doi:10.1016/j.kint.2023.09.002.
    """
    check_choice("measure", measure, MEASURES)
    check_choice("upcr_converter", upcr_converter, UPCR_CONVERTERS)
    known = MEASURES[measure]
    factors = dict(known.factors)
    if measure == "UPCR":
        factors["mg/mmol"] = 1 / UPCR_CONVERTERS[upcr_converter]
    name = {_folded(spelling): spelling for spelling in factors}.get(_folded(unit))
    if name is None:
        raise CarstatsError(
            f"`unit` is {unit!r}, not a unit of {measure}. It has: {listed(factors)}."
        )
    (raw,) = numbers(**{measure: (value, -np.inf, np.inf)})
    converted = raw * factors[name]
    _check_plausible(measure, raw, converted, name, factors)
    return Converted(converted, known.unit, _in_words(measure, name, factors, upcr_converter))


def _check_plausible(measure, raw, converted, name, factors):
    known = MEASURES[measure]
    slack = 1e-9 * known.high
    wrong = (converted < known.low - slack) | (converted > known.high + slack)
    if not wrong.any():
        return
    first = int(np.flatnonzero(wrong)[0])
    place = f" at position {first}" if len(raw) > 1 else ""
    others = [
        unit
        for unit, factor in factors.items()
        if factor != factors[name] and known.low <= raw[first] * factor <= known.high
    ]
    hint = f" Is it in {' or '.join(others)}?" if others else ""
    raise CarstatsError(
        f"`{measure}` is {raw[first]:.10g} {name}{place}, which is implausible; allowed: "
        f"{known.low / factors[name]:.6g} to {known.high / factors[name]:.6g} {name}.{hint}"
    )


def _in_words(measure, name, factors, upcr_converter):
    unit = MEASURES[measure].unit
    if factors[name] == 1.0:
        return f"{measure} in {unit}" if name == unit else f"{measure}: 1 {name} = 1 {unit}"
    if measure == "UPCR" and name == "mg/mmol":
        rounded = " (rounded as in KDIGO 2024)" if upcr_converter == "KDIGO" else ""
        return f"UPCR: {UPCR_CONVERTERS[upcr_converter]:g} mg/mmol = 1 g/g{rounded}"
    factor = factors[name]
    if factor < 1:
        return f"{measure}: {1 / factor:.6g} {name} = 1 {unit}"
    return f"{measure}: 1 {name} = {factor:.6g} {unit}"


def _folded(unit: object) -> str:
    """Return a unit for comparison: µ as u, superscripts and 10*9 as 10^9, no × in front."""
    text = str(unit).translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹µμ", "0123456789uu")).casefold()
    text = re.sub(r"[\s^*]", "", text)
    return re.sub(r"^[x×]", "", text)


# Doses in mg that equal 5 mg of prednisone (Meikle and Tyler, Am J Med 1977;63:200; the table that
# drug labels print). Betamethasone is also given as 0.75 mg: 0.6 is the label's.
_EQUAL_TO_5_MG = {
    "prednisone": 5.0,
    "prednisolone": 5.0,
    "methylprednisolone": 4.0,
    "triamcinolone": 4.0,
    "hydrocortisone": 20.0,
    "cortisone": 25.0,
    "dexamethasone": 0.75,
    "betamethasone": 0.6,
    "deflazacort": 6.0,
}


def prednisone_equivalent(drug: ArrayLike, dose_mg: ArrayLike) -> NDArray[np.float64]:
    """Return doses of glucocorticoids in milligrams of prednisone.

    Parameters
    ----------
    drug : str or sequence of str
        Systemic glucocorticoid: ``"prednisone"``, ``"prednisolone"``, ``"methylprednisolone"``,
        ``"triamcinolone"``, ``"hydrocortisone"``, ``"cortisone"``, ``"dexamethasone"``,
        ``"betamethasone"`` or ``"deflazacort"``.
    dose_mg : float or sequence of float
        Daily dose, mg.

    Returns
    -------
    numpy.ndarray
        Daily dose, mg of prednisone; NaN where the dose is missing.

    Raises
    ------
    CarstatsError
        If a drug is none of these, a dose is negative or above 5,000 mg.

    Notes
    -----
    Status: verify.

    References
    ----------
    Meikle AW, Tyler FH. Potency and duration of action of glucocorticoids. Am J Med 1977;63:200.
    """
    (dose,) = numbers(dose_mg=(dose_mg, 0, 5000))
    names = np.atleast_1d(np.asarray(drug, dtype=object))
    unique, index = np.unique([str(name).strip().casefold() for name in names], return_inverse=True)
    for name in unique:
        check_choice("drug", str(name), _EQUAL_TO_5_MG)
    if len(names) not in (1, len(dose)) and len(dose) != 1:
        raise CarstatsError(f"`drug` has {len(names)} values and `dose_mg` {len(dose)}.")
    factor = np.array([5.0 / _EQUAL_TO_5_MG[name] for name in unique])[index]
    return dose * factor
