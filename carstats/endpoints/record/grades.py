"""Grades from 0 to 5: their check, what blank cells leave of them, flags as numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.endpoints.record.logic import flags, numbers
from carstats.errors import CarstatsError
from carstats.messages import message


@dataclass(frozen=True)
class Bounds:
    """Grades between which the true one lies: what known cells prove, and what blanks allow.

    Attributes
    ----------
    low, high : ndarray
        The smallest and the largest grade that is possible; equal where it is known.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @property
    def exact(self) -> NDArray[np.float64]:
        """The grade where it is known, NaN where a blank cell could change it."""
        return np.where(self.low == self.high, self.low, np.nan)


def check_grades(argument: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return grades as a float array, NaN where missing."""
    (grades,) = numbers(**{argument: (values, 0, 5)})
    odd = ~np.isnan(grades) & (grades != np.round(grades))
    if odd.any():
        raise CarstatsError(
            message(
                "`{argument}` is {value}; allowed: 0, 1, 2, 3, 4, 5.",
                argument=argument,
                value=f"{grades[odd][0]:g}",
            )
        )
    return grades


def aligned(**arrays: NDArray) -> list[NDArray]:
    """Return arrays, each of one value or of one a subject, as arrays of one length."""
    lengths = {name: len(array) for name, array in arrays.items() if len(array) != 1}
    if len(set(lengths.values())) > 1:
        what = ", ".join(f"`{name}` {n}" for name, n in lengths.items())
        raise CarstatsError(
            message("lengths differ: {what}. Each is one value or one a subject.", what=what)
        )
    return list(np.broadcast_arrays(*arrays.values()))


def flag_numbers(**given: ArrayLike) -> list[NDArray[np.float64]]:
    """Return flags as float arrays: 1 true, 0 false, NaN missing."""
    return [np.where(flag._mask, np.nan, flag._data.astype(float)) for flag in flags(**given)]


def worst_of(*domains: Bounds) -> Bounds:
    """Return the bounds of the largest grade over domains."""
    lows = aligned(**{str(i): part.low for i, part in enumerate(domains)})
    highs = aligned(**{str(i): part.high for i, part in enumerate(domains)})
    return Bounds(np.max(lows, axis=0), np.max(highs, axis=0))


def blank_allows(grade: NDArray[np.float64], top: float = 4.0) -> Bounds:
    """Return the bounds of one domain: of a missing grade 0 and `top`."""
    missing = np.isnan(grade)
    return Bounds(np.where(missing, 0.0, grade), np.where(missing, top, grade))


def with_cause_and_death(grade: Bounds, attributable: ArrayLike, death: ArrayLike) -> Bounds:
    """Return grades as 0 where another cause explains them and 5 where the subject died of them.

    Where it is not known whether another cause explains a grade the lower bound is 0; where it is
    not known whether the subject died of it the upper one is 5.
    """
    due, dead = flag_numbers(attributable=attributable, death=death)
    low, high, due, dead = aligned(low=grade.low, high=grade.high, attributable=due, death=dead)
    low = np.where(due == 1, low, 0.0)
    high = np.where(due == 0, 0.0, high)
    return Bounds(np.where(dead == 1, 5.0, low), np.where((dead == 1) | np.isnan(dead), 5.0, high))
