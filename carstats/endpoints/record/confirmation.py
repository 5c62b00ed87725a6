"""Verdicts over visits: confirmed at consecutive visits, sustained over weeks, best so far."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas.arrays import BooleanArray

from carstats.endpoints.record.logic import TOLERANCE, boolean, flags, numbers
from carstats.errors import CarstatsError, check_number
from carstats.messages import message


def confirmed(
    subject: ArrayLike,
    day: ArrayLike,
    met: ArrayLike,
    *,
    visits: int = 2,
    span: float = 0.0,
    longer_than: float | None = None,
    max_gap: float | None = None,
) -> BooleanArray:
    """Judge at each visit whether what is met there holds at the visits that follow.

    A visit is confirmed when the rule is met there and at every following visit of the subject up
    to the first that is the `visits`-th in the row and at least `span` days later.

    Examples
    --------
    >>> confirmed(["a", "a", "a"], [28, 56, 84], [True, True, False])
    <BooleanArray>
    [True, False, False]
    Length: 3, dtype: boolean
    """
    check_number("visits", visits, low=1)
    check_number("span", span, low=0)
    codes, days, order = _in_order(subject, day)
    (met,) = flags(met=met)
    if len(met) != len(codes):
        raise CarstatsError(
            message("`met` has {n} values for {visits} visits.", n=len(met), visits=len(codes))
        )
    n = len(codes)
    state = np.where(met._mask, 2, met._data.astype(int))[order]
    position = np.arange(n)
    # One key for subject and day, so that "the first visit from this day on" is one search.
    width = np.ptp(days) + max(span, longer_than or 0.0) + 2.0 if n else 1.0
    key = codes * width + (days - days.min() if n else days)
    least, side = (span, "left") if longer_than is None else (longer_than, "right")
    slack = -TOLERANCE * width if side == "left" else TOLERANCE * width
    far_enough = np.searchsorted(key, key + least + slack, side=side)
    last = np.maximum(far_enough, position + int(visits) - 1)
    end = np.searchsorted(codes, codes, side="right")

    failure = _next(state == 0, n)
    blank = _next(state == 2, n)
    if max_gap is not None:
        check_number("max_gap", max_gap, low=0)
        jump = np.r_[False, (np.diff(codes) == 0) & (np.diff(days) > max_gap + TOLERANCE)]
        # A gap counts from the visit after this one: the visit that ends it.
        blank = np.minimum(blank, np.r_[_next(jump, n)[1:], n])
    stops = np.minimum(last, end - 1)
    fails = (failure <= stops) & (failure <= blank)
    unknown = ~fails & ((last >= end) | (blank <= stops))
    result = np.empty(n, dtype=int)
    result[order] = np.where(fails, 0, np.where(unknown, 2, 1))
    return boolean(result == 1, result == 2)


def next_visit(
    subject: ArrayLike, day: ArrayLike, met: ArrayLike, *, visits: int = 2, span: float = 0.0
) -> BooleanArray:
    """Judge at each visit whether what is met there is met again at the next one: a look forward.

    Status: design.
    """
    return confirmed(subject, day, met, visits=visits, span=span)


def either_way(
    subject: ArrayLike, day: ArrayLike, met: ArrayLike, *, visits: int = 2, span: float = 0.0
) -> BooleanArray:
    """Judge at each visit whether what is met there is met at the visit before or after it too.

    Notes
    -----
    A look forward alone would fail every last visit. Status: design.
    """
    ahead = confirmed(subject, day, met, visits=visits, span=span)
    (days,) = numbers(day=(day, -np.inf, np.inf))
    back = confirmed(subject, -days, met, visits=visits, span=span)
    sure = (ahead._data & ~ahead._mask) | (back._data & ~back._mask)
    return boolean(sure, ahead._mask & ~sure)


def reaches_back(
    subject: NDArray[np.int_],
    day: NDArray[np.float64],
    met: BooleanArray,
    use: NDArray[np.bool_],
    max_gap: ArrayLike,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return since when what is met at each visit has been met without a break: a look back.

    Status: design.
    """
    since, gap = np.full(len(day), np.nan), np.zeros(len(day), bool)
    rows = np.flatnonzero(use)
    if not len(rows):
        return since, gap
    holds = (met._data & ~met._mask)[rows]
    who, days = np.asarray(subject)[rows], np.asarray(day, float)[rows]
    allowed = np.broadcast_to(np.asarray(max_gap, float), np.shape(day))[rows]
    same = np.r_[False, who[1:] == who[:-1]]
    before = np.r_[False, holds[:-1]] & same
    wide = np.r_[False, np.diff(days) > allowed[:-1] + TOLERANCE] & before
    begins = holds & (~before | wide)
    start = np.maximum.accumulate(np.where(begins, np.arange(len(rows)), -1))
    since[rows] = np.where(holds, days[np.maximum(start, 0)], np.nan)
    gap[rows] = holds & wide[np.maximum(start, 0)]
    return since, gap


def seen_twice(
    subject: ArrayLike, day: ArrayLike, met: ArrayLike, adequate: ArrayLike = True, *, span: float
) -> BooleanArray:
    """Judge whether what is met at a visit is met at another one, so many days before or after it.

    Unlike `confirmed` it looks both ways: a visit belongs to a row of consecutive visits that meet
    the rule, and the row must span the days.
    """
    check_number("span", span, low=0)
    (met,) = flags(met=met)
    day = np.asarray(day, float)
    who = np.asarray(subject)
    use = np.flatnonzero(np.broadcast_to(adequate, day.shape) & ~met._mask)
    data, mask = met._data.copy(), met._mask.copy()
    if not len(use):
        return boolean(data, mask)
    here, days, whose = data[use], day[use], who[use]
    # A row ends where the verdict or the subject changes.
    run = np.cumsum(np.r_[True, (whose[1:] != whose[:-1]) | (here[1:] != here[:-1])]) - 1
    first = np.r_[0, np.flatnonzero(np.diff(run)) + 1]
    last = np.r_[first[1:] - 1, len(run) - 1]
    long_enough = (days[last] - days[first] >= span - TOLERANCE)[run]
    goes_on = np.r_[whose[1:] != whose[:-1], True][last][run]
    data[use] = here & long_enough
    mask[use] = here & ~long_enough & goes_on
    return boolean(data, mask)


def best_sustained(subject: ArrayLike, day: ArrayLike, score: ArrayLike) -> NDArray[np.float64]:
    """Return the lowest score that two consecutive earlier visits both reached.

    Status: design.
    """
    codes, _, order = _in_order(subject, day)
    (score,) = numbers(score=(score, -np.inf, np.inf))
    values = pd.Series(score[order])
    groups = values.groupby(codes)
    pair = np.maximum(values, groups.shift(1))
    pair = pair.where(values.notna() & groups.shift(1).notna())
    lowest = pair.groupby(codes).cummin().groupby(codes).ffill()
    result = np.full(len(codes), np.nan)
    result[order] = lowest.groupby(codes).shift(1)
    return result


def _in_order(subject, day):
    """Return subject codes and days sorted by both, and the order that sorts them."""
    codes = pd.factorize(np.asarray(subject, dtype=object))[0]
    (days,) = numbers(day=(day, -np.inf, np.inf))
    if len(days) != len(codes):
        raise CarstatsError(
            message("`day` has {n} values for {visits} visits.", n=len(days), visits=len(codes))
        )
    if (codes < 0).any() or np.isnan(days).any():
        raise CarstatsError(
            message("`subject` or `day` is missing for a visit; every visit needs both.")
        )
    order = np.lexsort((days, codes))
    codes, days = codes[order], days[order]
    twice = (np.diff(codes) == 0) & (np.diff(days) == 0)
    if twice.any():
        first = int(np.flatnonzero(twice)[0])
        name = np.asarray(subject, dtype=object)[order[first]]
        raise CarstatsError(
            message(
                "`day` {day:g} is given twice for subject {subject!r}.",
                day=days[first],
                subject=str(name),
            )
        )
    return codes, days, order


def _next(mask, n):
    """Return for each position the first position from it on where `mask` holds; n if none."""
    positions = np.where(mask, np.arange(n), n)
    return np.minimum.accumulate(positions[::-1])[::-1]
