"""The components of a rule at visits, with what each asks for: why a response is none.

The verdict is that of the rule itself; the limits here are its own parameters, read from it, so
that what is printed is what was judged.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable

import numpy as np
from pandas.arrays import BooleanArray

from carstats.endpoints.record.logic import any_of, boolean, compare, percent_change
from carstats.endpoints.record.reasons import Part

Sight = object
"""Visits with what the judge knows beside them (`judge.Sight`)."""


def limit_of(rule: Callable, name: str):
    """Return the default of a parameter of a rule."""
    return inspect.signature(rule).parameters[name].default


def limit(name: str, operator: str, cut: float) -> Callable[[Sight], Part]:
    """Return the component that asks for a value of a measure."""

    def part(sight) -> Part:
        v = sight.visits
        value = _value(v, name)
        return Part(
            name, compare(value, operator, cut), value, v.measured_on(name), (operator, cut),
            bound=v.bound(name),
        )  # fmt: skip

    return part


def fall(name: str, operator: str, cut: float, *, percent: bool = False, sign: float = 1.0):
    """Return the component that asks for a fall from baseline; with `sign` -1 for a rise."""

    def part(sight) -> Part:
        v = sight.visits
        first, value = v.baseline(name), v.measure(name)
        # Percentages are compared as points, which a baseline of 0 leaves defined.
        points = cut / 100.0 * first if percent else cut
        met = compare(sign * (first - value) - points, operator, 0.0)
        return Part(
            name, met, value, v.measured_on(name), (operator, cut), first, sign < 0, percent
        )

    return part


def flag(code: str, there: Callable[[Sight], BooleanArray]) -> Callable[[Sight], Part]:
    """Return the component that asks for something not to be there."""

    def part(sight) -> Part:
        return Part(code, ~there(sight), day=sight.visits.day)

    return part


def recorded(code: str, name: str) -> Callable[[Sight], Part]:
    """Return the component that asks for a yes-or-no measure to be no."""

    def part(sight) -> Part:
        value = _value(sight.visits, name)
        there = boolean(value > 0, np.isnan(value))
        return Part(code, ~there, value, sight.visits.day)

    return part


def calculated(code: str, values: Callable, operator: str, cut: float) -> Callable[[Sight], Part]:
    """Return the component that asks for a value that is calculated from several measures."""

    def part(sight) -> Part:
        value, least = values(sight), cut(sight) if callable(cut) else cut
        return Part(code, compare(value, operator, least), value, sight.visits.day,
                    (operator, least))  # fmt: skip

    return part


def dose(operator: str, cut: float) -> Callable[[Sight], Part]:
    """Return the component that asks for a daily dose of prednisone on the day of the visit."""

    def part(sight) -> Part:
        treatment = sight.treatment()
        n = len(sight.visits)
        value = np.full(n, np.nan) if treatment is None else treatment.prednisone_mg
        return Part(
            "prednisone", compare(value, operator, cut), value, sight.visits.day, (operator, cut)
        )

    return part


def kept_egfr(least: float | None, percent: float) -> Callable[[Sight], Part]:
    """Return the component that asks for an eGFR of so much, or not so far below baseline."""

    def part(sight) -> Part:
        v = sight.visits
        value, first = v.measure("eGFR"), v.baseline("eGFR")
        met = compare(-percent_change(first, value), "<=", percent)
        needed = (1.0 - percent / 100.0) * first
        if least is not None:
            met = any_of(compare(value, ">=", least), met)
            needed = np.fmin(needed, least)
        return Part("eGFR", met, value, v.measured_on("eGFR"), (">=", needed))

    return part


def parts_of(*makers: Callable[[Sight], Part]) -> Callable[[Sight], tuple[Part, ...]]:
    """Return a function that makes the components of a rule."""
    return lambda sight: tuple(make(sight) for make in makers)


def _value(v, name: str):
    """Return a measure at each visit; where it is waived, the value that harms no response."""
    value = v.measure(name)
    return np.where(np.isnan(value), 0.0, value) if name in v.rules.waived else value


def twice(code: str, once: Callable, judged: Callable) -> Callable[[Sight], Part]:
    """Return the component that asks for a second count that meets what the first does."""

    def part(sight) -> Part:
        v = sight.visits
        first, both = once(v), judged(v)
        alone = first._data & ~first._mask & ~both._mask & ~both._data
        return Part(code, boolean(~alone, np.zeros(len(v), bool)), day=v.day)

    return part
