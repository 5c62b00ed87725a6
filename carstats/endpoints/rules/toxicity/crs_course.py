"""The course of CRS over days: when a fever diagnoses it, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from carstats.endpoints.record.grades import Bounds


@dataclass(frozen=True)
class Course:
    """What each day of a worksheet is graded, and by what.

    Attributes
    ----------
    grade : Bounds
        The grade that the day's cells prove, and the largest that they allow.
    fever_masked : ndarray
        1 where fever is no longer needed (diagnosed by one, treated since), 0 where it is, NaN
        where a blank leaves it open.
    fever_taken : ndarray of bool
        Whether a blank temperature was taken for fever.
    """

    grade: Bounds
    fever_masked: NDArray[np.float64]
    fever_taken: NDArray[np.bool_]


def day_grade(fever: float, masked: float, organs: tuple[float, float]) -> tuple[float, float]:
    """Return the bounds of a day's grade.

    Parameters
    ----------
    fever, masked : Whether there is fever, and whether none is needed any more: 1, 0, or NaN for
        not known.
    organs : The bounds of the worse of hypotension and hypoxia, 1 (neither) to 4.
    """
    low, high = organs
    if fever == 1:
        return low, high
    # Once fever is not needed, a day without hypotension and hypoxia is a day without CRS.
    least, most = (low if low > 1 else 0.0), (high if high > 1 else 0.0)
    if fever == 0:
        return (least if masked == 1 else 0.0), (0.0 if masked == 0 else most)
    return (least if masked == 1 else 0.0), high


def follow(
    subject: NDArray[np.int_],
    day: NDArray[np.float64],
    fever: NDArray[np.float64],
    given: NDArray[np.float64],
    excluded: NDArray[np.bool_],
    organs: Bounds,
    gap_days: int,
) -> Course:
    """Follow every subject's days in order.

    A fever diagnoses CRS. While no `gap_days` days without it have passed, a day without fever is
    graded if the subject has been treated since that fever, and a blank temperature counts as fever
    where the day before it on the sheet was CRS or where there is hypotension or hypoxia.

    Parameters
    ----------
    subject : Subject of each row, rows in order of subject and day.
    day : Its day.
    fever, given : Fever, and an antipyretic, tocilizumab or steroid that day: 1, 0, NaN where not
        known.
    excluded : Days that are not of the cells, whatever they show.
    organs : The worse of hypotension and hypoxia, 1 to 4.
    gap_days : Days without CRS after which a new fever is needed.

    Returns
    -------
    One value a row.
    """
    n = len(day)
    low, high = np.zeros(n), np.zeros(n)
    masked, taken = np.zeros(n), np.zeros(n, bool)
    who, seen, since, treated, last = -1, np.nan, np.nan, 0.0, False
    for i in range(n):
        if subject[i] != who:
            who, seen, since, treated, last = subject[i], np.nan, np.nan, 0.0, False
        if excluded[i]:
            continue
        if since == since and day[i] - seen - 1 >= gap_days:
            since, treated, last = np.nan, 0.0, False
        known, known_fever = since == since, fever[i]
        organ = (organs.low[i], organs.high[i])
        if known_fever != known_fever and known and (last or organ[0] > 1):
            known_fever, taken[i] = 1.0, True
        if known_fever == 1 and not known:
            since, known = day[i], True
        if known and given[i] != 0 and treated != 1:
            treated = given[i]
        masked[i] = treated if known else 0.0
        low[i], high[i] = day_grade(known_fever, masked[i], organ)
        last = low[i] >= 1
        if last:
            seen = day[i]
    return Course(Bounds(low, high), masked, taken)
