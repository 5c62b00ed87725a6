"""Assessments checked and brought to carstats' units: every problem named, none skipped."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from carstats.data.study import Study
from carstats.endpoints.units import MEASURES
from carstats.errors import CarstatsError, Problem, listed

# Smallest and largest value of what is no laboratory value with a range in `units`.
RANGES: dict[str, tuple[float, float]] = {
    "SLEDAI-2K": (0, 105),
    "cSLEDAI": (0, 101),
    "DAS28-CRP": (0, 10),
    "CK": (0, 500_000),
    "eGFR": (0, 250),
    "FVC": (0, 200),
    "DLCO": (0, 200),
    "anti-dsDNA": (0, 1_000_000),
    "autoantibody": (0, 1_000_000),
    "temperature": (30, 45),
}
# Other names of the unit of a score, and of the units that the vocabulary prints.
_SCORE_UNITS = {"", "point", "points", "score", "1"}
_SAME = {
    "u/l": {"iu/l", "units/l"},
    "%predicted": {"%", "percent", "percentpredicted"},
    "ml/min/1.73m2": {"ml/min/1.73m^2", "ml/min"},
    "iu/ml": {"u/ml"},
    "multipleofuln": {"xuln", "timesuln", "uln"},
    "degc": {"c", "celsius", "°c"},
    "l/min": {"lpm"},
    "count": {"n"},
    "0-1": {"yes/no", "flag"},
}
_UNITLESS = re.compile(r"^(-?\d+)-(\d+)( cm)?$")


def _folded(unit: str) -> str:
    text = str(unit).translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹µμ", "0123456789uu")).casefold()
    return re.sub(r"[\s^*×]", "", text)


def _limits(measure: str, unit: str) -> tuple[float, float]:
    """Return the range of a measure in the unit of the vocabulary."""
    if measure in MEASURES:
        return MEASURES[measure].low, MEASURES[measure].high
    if measure in RANGES:
        return RANGES[measure]
    scale = _UNITLESS.match(unit)
    return (float(scale[1]), float(scale[2])) if scale else (-np.inf, np.inf)


def _factor(measure: str, given: str, wanted: str) -> float | None:
    """Return what a value in the unit given is multiplied by; None for a unit that is not known."""
    unit, target = _folded(given), _folded(wanted)
    if measure in MEASURES:
        # A fraction of a plausible value stays plausible: the ratio is the factor.
        factors = {_folded(name): factor for name, factor in MEASURES[measure].factors.items()}
        return factors.get(unit)
    if unit == target or unit in _SAME.get(target, ()):
        return 1.0
    scale = _UNITLESS.match(wanted)
    if scale and scale[3]:
        return {"cm": 1.0, "mm": 0.1, "0-10": 1.0, "0-100mm": 0.1}.get(unit)
    return 1.0 if (scale or wanted == "points") and unit in _SCORE_UNITS else None


def _allowed_units(measure: str, wanted: str) -> str:
    if measure in MEASURES:
        return listed(MEASURES[measure].factors)
    scale = _UNITLESS.match(wanted)
    return listed([wanted, "cm", "mm"] if scale and scale[3] else [wanted])


def checked_values(study: Study) -> pd.DataFrame:
    """Return the assessments in the units of the vocabulary.

    Parameters
    ----------
    study : Study
        The study; without a table of assessments the result is empty.

    Returns
    -------
    pandas.DataFrame
        ``subject`` (position in the subjects table), ``day``, ``measure``, ``value``, ``adequate``
        and ``row`` (position in the assessments); rows without a value are kept with NaN.

    Raises
    ------
    CarstatsError
        With every unit that a measure does not have and every value outside its range: the row,
        the measure, the value, what is allowed and what to do.

    Notes
    -----
    A blank unit means the unit of the vocabulary; the plausible range then still catches most
    values in another one. Measures that a study added to its vocabulary are taken as they are.
    """
    names = ["subject", "day", "measure", "value", "adequate", "row"]
    if study.assessments is None or not len(study.assessments):
        empty = {name: np.array([], float) for name in names}
        return pd.DataFrame(empty).astype({"subject": int, "measure": object, "adequate": bool})
    table = study.assessments
    wanted = {term.name: term.group for term in study.vocabulary.measure}
    value = table["value"].to_numpy(float).copy()
    units = table["unit"].to_numpy(object) if "unit" in table else np.full(len(table), None, object)
    units = np.where(pd.isna(units), "", units)
    problems: list[Problem] = []
    source = study.source("assessments")
    groups = pd.DataFrame({"measure": table["measure"].to_numpy(object), "unit": units})
    for (measure, unit), index in groups.groupby(["measure", "unit"], sort=False).indices.items():
        target = wanted.get(measure, "")
        if not target:
            continue
        factor = 1.0 if unit == "" else _factor(measure, unit, target)
        if factor is None:
            allowed = _allowed_units(measure, target)
            what = f"{measure} in {unit!r}: not a unit of it; allowed: {allowed}."
            problems += [
                source.problem(what, row + 2, "unit", "Correct or convert it.") for row in index
            ]
            continue
        low, high = _limits(measure, target)
        converted = value[index] * factor
        slack = 1e-9 * max(1.0, abs(high) if np.isfinite(high) else 1.0)
        wrong = (converted < low - slack) | (converted > high + slack)
        problems += [
            source.problem(_implausible(measure, value[row], unit or target, low, high, factor),
                           row + 2, "value", _hint(measure, value[row], factor))
            for row in index[wrong]
        ]  # fmt: skip
        value[index] = converted
    if problems:
        raise CarstatsError(sorted(problems, key=lambda p: (p.row is None, p.row)))
    positions = pd.Index(study.subjects["subject_id"]).get_indexer(table["subject_id"])
    adequate = (
        table["adequate"].fillna(True).to_numpy(bool)
        if "adequate" in table
        else np.ones(len(table), bool)
    )
    return pd.DataFrame(
        {
            "subject": positions,
            "day": table["day"].to_numpy(float),
            # Compared often: as codes and not as text.
            "measure": pd.Categorical(table["measure"]),
            "value": value,
            "adequate": adequate & ~np.isnan(value),
            "row": np.arange(len(table)),
        }
    )


def _implausible(measure, value, unit, low, high, factor) -> str:
    least, most = low / factor, high / factor
    bounds = f"{least:.6g} to {most:.6g}" if np.isfinite(most) else f"{least:.6g} or more"
    return f"{measure} is {value:.10g} {unit}, out of its range; allowed: {bounds}."


def _hint(measure: str, value: float, factor: float) -> str:
    if measure not in MEASURES:
        return "Correct the value."
    known = MEASURES[measure]
    others = [
        unit
        for unit, other in known.factors.items()
        if other != factor and known.low <= value * other <= known.high
    ]
    return f"Is it in {' or '.join(others)}? Give its `unit`." if others else "Correct the value."
