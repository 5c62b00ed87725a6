"""Grades from 0 to 5: their check, the worst of several domains, flags as numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.endpoints.logic import flags, numbers
from carstats.errors import CarstatsError


def check_grades(argument: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return grades as a float array, NaN where missing.

    Raises
    ------
    CarstatsError
        If a grade is not a whole number from 0 to 5.
    """
    (grades,) = numbers(**{argument: (values, 0, 5)})
    odd = ~np.isnan(grades) & (grades != np.round(grades))
    if odd.any():
        raise CarstatsError(f"`{argument}` is {grades[odd][0]:g}; allowed: 0, 1, 2, 3, 4, 5.")
    return grades


def aligned(**arrays: NDArray) -> list[NDArray]:
    """Return arrays, each of one value or of one a subject, as arrays of one length.

    Raises
    ------
    CarstatsError
        If their lengths differ; the message names them.
    """
    lengths = {name: len(array) for name, array in arrays.items() if len(array) != 1}
    if len(set(lengths.values())) > 1:
        what = ", ".join(f"`{name}` {n}" for name, n in lengths.items())
        raise CarstatsError(f"lengths differ: {what}. Each is one value or one a subject.")
    return list(np.broadcast_arrays(*arrays.values()))


def flag_numbers(**given: ArrayLike) -> list[NDArray[np.float64]]:
    """Return flags as float arrays: 1 true, 0 false, NaN missing.

    Raises
    ------
    CarstatsError
        If a value is neither true nor false, or lengths differ.
    """
    return [np.where(flag._mask, np.nan, flag._data.astype(float)) for flag in flags(**given)]


def worst_grade(top: float, **domains: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the largest grade over domains of which none exceeds `top`.

    NaN where a domain is missing and could be larger than those that are known.
    """
    together = np.stack(aligned(**domains))
    missing = np.isnan(together).any(axis=0)
    largest = np.where(np.isnan(together), 0.0, together).max(axis=0)
    return np.where(missing & (largest < top), np.nan, largest)


def with_cause_and_death(
    grade: NDArray[np.float64], attributable: ArrayLike, death: ArrayLike
) -> NDArray[np.float64]:
    """Return grades as 0 where another cause explains them and 5 where the subject died of them.

    Raises
    ------
    CarstatsError
        If a flag is neither true nor false, or lengths differ.
    """
    due, dead = flag_numbers(attributable=attributable, death=death)
    grade, due, dead = aligned(grade=grade, attributable=due, death=dead)
    grade = np.where(due == 0, 0.0, np.where(np.isnan(due) & (grade != 0), np.nan, grade))
    return np.where(dead == 1, 5.0, np.where(np.isnan(dead), np.nan, grade))
