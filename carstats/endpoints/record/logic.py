"""How clinical rules treat numbers, flags and what is missing.

Arguments of a rule are scalars or sequences of one length; None, NaN and pandas.NA are missing.
Scores come back as float arrays (NaN is missing), verdicts as pandas' nullable boolean arrays (NA
is "not evaluable"), both one-dimensional: of length 1 where every argument is a scalar. A
pandas.Series is read by position.

A rule that asks for `k` of its `m` components is met as soon as `k` are known to be met, and
refuted as soon as so many are known not to be that `k` cannot be reached; in between, what is
missing leaves it not evaluable (three-valued logic). For "any of" (k = 1) a component that is met
decides; for "all of" (k = m) one that is not met does. A component that the rule does not consult
(`given`) cannot be missing.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas.arrays import BooleanArray

from carstats.errors import CarstatsError, check_choice, check_number
from carstats.messages import message

Cut: TypeAlias = tuple[str, float]

# 100 * (10 - 8.6) / 10 is 14.000000000000004 in double precision: a value this close to a threshold
# counts as equal to it.
TOLERANCE = 1e-9
OPERATORS = ("<", "<=", ">", ">=")


def numbers(**given: tuple[object, float, float]) -> list[NDArray[np.float64]]:
    """Return arguments as float arrays of one length, each within its range."""
    arrays = {}
    for name, (value, low, high) in given.items():
        array = _floats(name, value)
        slack = TOLERANCE * max(1.0, *(abs(end) for end in (low, high) if np.isfinite(end)), 1.0)
        wrong = np.isinf(array) | (array < low - slack) | (array > high + slack)
        if wrong.any():
            raise CarstatsError(
                message(
                    "`{name}` is {value}; {wanted}.",
                    name=name,
                    value=_where(array, wrong),
                    wanted=_range(low, high),
                )
            )
        arrays[name] = array
    return _of_one_length(arrays)


def flags(**given: object) -> list[BooleanArray]:
    """Return arguments as nullable boolean arrays of one length."""
    arrays = {}
    for name, value in given.items():
        if isinstance(value, BooleanArray):
            arrays[name] = np.where(value._mask, np.nan, value._data)
            continue
        array = _floats(name, value, allow_flags=True)
        wrong = ~(np.isnan(array) | (array == 0) | (array == 1))
        if wrong.any():
            raise CarstatsError(
                message(
                    "`{name}` is {value}; it takes true or false.",
                    name=name,
                    value=_where(array, wrong),
                )
            )
        arrays[name] = array
    return [boolean(array == 1, np.isnan(array)) for array in _of_one_length(arrays)]


def texts(argument: str, value: object, allowed: tuple[str, ...]) -> NDArray[np.object_]:
    """Return an argument as an array of text, None where missing."""
    array = np.atleast_1d(np.asarray(value, dtype=object))
    missing = pd.isna(array)
    array = np.where(missing, None, array)
    for odd in pd.unique(array[~missing]):
        check_choice(argument, odd, allowed)
    return array


def boolean(met: object, missing: object) -> BooleanArray:
    """Return a nullable boolean array of what is met, NA where missing."""
    met, missing = np.broadcast_arrays(np.atleast_1d(met), np.atleast_1d(missing))
    return BooleanArray((met & ~missing).astype(bool), missing.astype(bool))


def compare(values: NDArray[np.float64], operator: str, cut: ArrayLike) -> BooleanArray:
    """Return ``values operator cut``, NA where either is missing.

    Equal means within `TOLERANCE`, or `TOLERANCE` of the cut where that is larger than 1.
    """
    operator = check_choice("operator", operator, OPERATORS)
    cut = np.asarray(cut, dtype=float)
    slack = TOLERANCE * np.maximum(1.0, np.nan_to_num(np.abs(cut), nan=1.0))
    distance = values - cut
    met = {
        "<": distance < -slack,
        "<=": distance <= slack,
        ">": distance > slack,
        ">=": distance >= -slack,
    }[operator]
    return boolean(met, np.isnan(distance))


def check_lengths(**arrays: object) -> None:
    """Raise unless the arrays, by their arguments' names, are of one length or of length 1."""
    _length({name: len(array) for name, array in arrays.items()})


def check_cut(argument: str, cut: object, operators: tuple[str, ...] = ("<", "<=")) -> None:
    """Raise unless `cut` is an operator, one of `operators`, with a number: ``("<=", 5.0)``."""
    if not isinstance(cut, tuple | list) or len(cut) != 2:
        raise CarstatsError(
            message(
                "`{argument}` is {cut!r}; it takes a pair such as ('<=', 5.0).",
                argument=argument,
                cut=cut,
            )
        )
    check_choice(argument, cut[0], operators)
    check_number(argument, cut[1])


def at_least(k: int, *parts: BooleanArray) -> BooleanArray:
    """Return whether `k` of the parts are met: NA while those that are missing could decide it."""
    length = _length({f"component {i + 1}": len(part) for i, part in enumerate(parts)})
    known = np.zeros(length, dtype=int)
    missing = np.zeros(length, dtype=int)
    for part in parts:
        known += part._data & ~part._mask
        missing += part._mask
    met = known >= k
    return BooleanArray(met, ~met & (known + missing >= k))


def known(verdict: BooleanArray) -> NDArray[np.bool_]:
    """Return where a verdict is known to be met."""
    return verdict._data & ~verdict._mask


def all_of(*parts: BooleanArray) -> BooleanArray:
    """Return whether every part is met: NA where none is known to fail and one is missing."""
    return at_least(len(parts), *parts)


def any_of(*parts: BooleanArray) -> BooleanArray:
    """Return whether a part is met: NA where none is known to be and one is missing."""
    return at_least(1, *parts)


def given(condition: BooleanArray, part: BooleanArray) -> BooleanArray:
    """Return `part` where the condition holds and False where it does not.

    NA where what is missing of the two could make it true.
    """
    _length({"condition": len(condition), "component": len(part)})
    off = (~condition._mask & ~condition._data) | (~part._mask & ~part._data)
    both, missing = condition._data & part._data, condition._mask | part._mask
    return boolean(both, missing & ~off)


def failed_by(response: BooleanArray, *events: BooleanArray) -> BooleanArray:
    """Return a response that an intercurrent event turns into a failure.

    The composite strategy of ICH E9(R1): where an event is known the response is False, whatever
    the visit says or leaves out; where it is not known whether there was one, it is NA.
    """
    event = any_of(*events)
    _length({"response": len(response), "event": len(event)})
    known = event._data & ~event._mask
    return boolean(response._data & ~known, (response._mask | event._mask) & ~known)


def fallen(
    baseline: ArrayLike,
    follow_up: ArrayLike,
    rescue: ArrayLike,
    points: float,
    allowed: tuple[float, float],
) -> BooleanArray:
    """Return whether a score has fallen by so many points or more; rescue is a failure."""
    first, now = numbers(baseline=(baseline, *allowed), follow_up=(follow_up, *allowed))
    return failed_by(compare(first - now, ">=", points), *flags(rescue=rescue))


def percent_change(
    baseline: NDArray[np.float64], value: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the change in percent of the baseline, NaN where the baseline is 0 or missing."""
    nowhere = np.where(baseline == 0, np.nan, baseline)
    return 100.0 * (value - baseline) / nowhere


def category(
    levels: tuple[str, ...], index: NDArray[np.int_], missing: NDArray[np.bool_]
) -> pd.Categorical:
    """Return an ordered categorical from positions in `levels`, missing where said so."""
    return pd.Categorical.from_codes(np.where(missing, -1, index), list(levels), ordered=True)


def _floats(name: str, value: object, allow_flags: bool = False) -> NDArray[np.float64]:
    array = np.asarray(value if not isinstance(value, pd.Categorical) else list(value))
    if array.ndim > 1:
        raise CarstatsError(
            message(
                "`{name}` has {n} dimensions; it takes one value a subject.",
                name=name,
                n=array.ndim,
            )
        )
    array = np.atleast_1d(array)
    if array.dtype.kind in "iuf" or (array.dtype.kind == "b" and allow_flags):
        return array.astype(float)
    array = array.astype(object)
    missing = pd.isna(array)
    kinds = (bool, np.bool_) if allow_flags else ()
    odd = [
        v
        for v in array[~missing]
        if not isinstance(v, (int, float, np.integer, np.floating, *kinds))
        or (isinstance(v, bool) and not allow_flags)
    ]
    if odd:
        wanted = message("true or false") if allow_flags else message("numbers")
        raise CarstatsError(
            message(
                "`{name}` is {value!r}; it takes {wanted}, None where missing.",
                name=name,
                value=odd[0],
                wanted=wanted,
            )
        )
    result = np.full(array.shape, np.nan)
    result[~missing] = array[~missing].astype(float)
    return result


def _where(array: NDArray[np.float64], wrong: NDArray[np.bool_]) -> str:
    first = int(np.flatnonzero(wrong)[0])
    value, more = f"{array[first]:.10g}", int(wrong.sum()) - 1
    if len(array) > 1:
        value = message("{value} at position {place}", value=value, place=first)
    return message("{value} (and {n} more are wrong)", value=value, n=more) if more else value


def _range(low: float, high: float) -> str:
    if np.isfinite(low) and np.isfinite(high):
        return message("allowed: {low:g} to {high:g}", low=low, high=high)
    if np.isfinite(low):
        return message("it takes a finite number of at least {low:g}", low=low)
    return message("not finite")


def _length(lengths: dict[str, int]) -> int:
    several = {n for n in lengths.values() if n != 1}
    if len(several) > 1:
        what = ", ".join(f"`{name}` {n}" for name, n in lengths.items() if n != 1)
        raise CarstatsError(
            message("lengths differ: {what}. Each is one value or one a subject.", what=what)
        )
    return several.pop() if several else 1


def _of_one_length(arrays: dict[str, NDArray[np.float64]]) -> list[NDArray[np.float64]]:
    length = _length({name: len(array) for name, array in arrays.items()})
    return [np.broadcast_to(array, (length,)) for array in arrays.values()]
