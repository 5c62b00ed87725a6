"""Blocks of pieces as the rows of a shared file, and the pieces that a row may stand for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from carstats.sharing.hiding import Joining
from carstats.sharing.outcomes import (
    GRADES,
    MISSING,
    NOT_ASKED,
    OTHER,
    RESPONDER,
    RESPONSE,
    TIMES,
    VISITS,
    Outcome,
)

DAYS_A_YEAR = 365.25
NONE, SOME, ALL = "none", "some", "all"


def row_of(
    outcome: Outcome, joining: Joining, counts: NDArray[np.int_], weeks: list[float]
) -> dict[str, Any]:
    """Return what is shown of one group: numbers, and None for what is hidden."""
    sums = joining.sums(counts)
    if outcome.kind == RESPONSE:
        return _response(joining, sums)
    if outcome.kind == TIMES:
        return _curve(outcome, joining, sums, weeks)
    return _grades(joining, sums)


def _response(joining: Joining, sums: NDArray[np.int_]) -> dict[str, Any]:
    told = joining.block[OTHER] != joining.block[MISSING]
    not_asked = int(sums[joining.block[NOT_ASKED]])
    asked = int(sums.sum()) - not_asked
    missing = int(sums[joining.block[MISSING]]) if told else None
    return {
        "asked": asked,
        "responders": int(sums[joining.block[RESPONDER]]),
        "evaluable": asked - missing if told else None,
        "missing": missing,
        "not_asked": not_asked,
    }


def _grades(joining: Joining, sums: NDArray[np.int_]) -> dict[str, Any]:
    grades = []
    for block in range(joining.size - 1):
        pieces = [GRADES[i] for i in range(len(GRADES)) if joining.block[i] == block]
        n = int(sums[block])
        doubtful = [open_ for _, open_ in pieces]
        if all(doubtful) and not n:
            continue
        grades.append(
            {
                "from": pieces[0][0],
                "to": pieces[-1][0],
                # Whose episode has no grade, so that it may be a worse one.
                "may_be_worse": ALL if all(doubtful) else SOME if any(doubtful) else NONE,
                "subjects": n,
            }
        )
    grades.sort(key=lambda each: (each["from"], each["to"], each["may_be_worse"] == ALL))
    return {"asked": int(sums[:-1].sum()), "not_asked": int(sums[-1]), "worst_grade": grades}


def _curve(
    outcome: Outcome, joining: Joining, sums: NDArray[np.int_], weeks: list[float]
) -> dict[str, Any]:
    rows = (outcome.size - 1) // 3
    visits = [0.0, *weeks]
    asked, not_asked = int(sums[:-1].sum()), int(sums[-1])
    first = [joining.block[3 * row] for row in range(rows)]
    no_record: int | None = None
    at_risk, intervals, years = asked, [], 0.0
    for begin in [i for i in range(rows) if i == 0 or first[i] != first[i - 1]]:
        end = max(i for i in range(rows) if first[i] == first[begin])
        event, competing, censored = (
            int(sums[joining.block[3 * begin + status]]) for status in range(3)
        )
        told = joining.block[3 * begin + 1] != joining.block[3 * begin + 2]
        if end == 0:
            no_record = censored
            at_risk -= censored
            continue
        if not at_risk and begin > 1:
            # Nobody is left, and none was ever told of later.
            break
        low, high = visits[max(begin - 2, 0)], visits[end - 1]
        intervals.append(
            {
                "after_week": low,
                "to_week": high,
                "from_the_start": begin <= 1,
                "with_no_record": begin == 0,
                "at_risk": at_risk,
                "events": event,
                "competing": competing if told else None,
                "censored": censored if told else None,
                "without_event": competing + censored if told else competing,
            }
        )
        gone = event + censored + (competing if told else 0)
        years += person_years(low, high, at_risk, gone)
        at_risk -= gone
    return {
        "asked": asked,
        "not_asked": not_asked,
        "no_record": no_record,
        "clock": outcome.clock or VISITS,
        "intervals": intervals,
        "person_years_on_the_grid": round(years, 1),
    }


def person_years(low: float, high: float, at_risk: int, gone: int) -> float:
    """Return the years of an interval of weeks by its row: who leaves was there for half of it."""
    return (high - low) * 7 * (at_risk - gone / 2) / DAYS_A_YEAR
