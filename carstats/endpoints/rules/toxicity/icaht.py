"""Haematotoxicity after cell therapy: ICAHT (neutrophils) and T-ICAHT (platelets), early and late.

Counts are ×10⁹/L: 0.5 is 500/µL. Days up to -1 never count; the count before them is reported.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from carstats.endpoints.record.daily_counts import (
    RULES,
    count_days,
    daily_counts,
    first_day,
    first_recovery,
    first_under,
    last_before_infusion,
    nth_lowest,
    read_counts,
    under,
    window_values,
)
from carstats.endpoints.record.grades import aligned, flag_numbers
from carstats.endpoints.record.logic import compare, numbers
from carstats.endpoints.record.worksheets import per_subject, subject_index
from carstats.errors import check_choice

_COUNTS = ("cumulative", "longest")


def early_icaht_grade(
    days_severe: ArrayLike, days_profound: ArrayLike, never_above: ArrayLike = False
) -> NDArray[np.float64]:
    """Grade early ICAHT from days of neutropenia in days 0 to 30.

    Parameters
    ----------
    days_severe : int or sequence of int
        Days with neutrophils at or below 500/µL.
    days_profound : int or sequence of int
        Days at or below 100/µL, 0 to 31.
    never_above : bool or sequence of bool, optional
        Whether neutrophils were never above 500/µL.

    Returns
    -------
    numpy.ndarray
        0 none; 1: 1 to 6 severe days; 2: 7 to 13; 3: 14 or more, or 7 or more profound days; 4:
        never above 500/µL, or 14 or more profound days. NaN where a count is missing.

    Raises
    ------
    CarstatsError
        If a number of days is out of range.

    Notes
    -----
    Status: verify.

    References
    ----------
    Rejeski K et al. Immune effector cell-associated hematotoxicity: EHA/EBMT consensus grading.
    Blood 2023;142:865-877. doi:10.1182/blood.2023020578.

    Examples
    --------
    >>> early_icaht_grade([6, 7, 13, 14, 14], [0, 0, 0, 7, 14])
    array([1., 2., 2., 3., 4.])
    """
    severe, profound = numbers(
        days_severe=(days_severe, 0, 366), days_profound=(days_profound, 0, 366)
    )
    (never,) = flag_numbers(never_above=never_above)
    severe, profound, never = aligned(severe=severe, profound=profound, never_above=never)
    grade = np.select(
        [
            (profound >= 14) | (never == 1),
            (severe >= 14) | (profound >= 7),
            severe >= 7,
            severe >= 1,
        ],
        [4.0, 3.0, 2.0, 1.0],
        0.0,
    )
    missing = np.isnan(severe) | np.isnan(profound) | np.isnan(never)
    return np.where(missing & (grade < 4), np.nan, grade)


def late_icaht_grade(
    anc: ArrayLike, *, thresholds: tuple[float, float, float, float] = (1.5, 1.0, 0.5, 0.1)
) -> NDArray[np.float64]:
    """Grade late ICAHT (after day 30) from the neutrophil count that two values reach.

    Parameters
    ----------
    anc : float or sequence of float
        The second lowest count after day 30, ×10⁹/L: two values are at or below it.
    thresholds : tuple of float, optional
        Counts at or below which it is grade 1, 2, 3, 4, ×10⁹/L.

    Returns
    -------
    numpy.ndarray
        0 to 4; NaN where missing.

    Raises
    ------
    CarstatsError
        If a count is negative or above 200.

    Notes
    -----
    Status: verify.

    References
    ----------
    Rejeski K et al. Blood 2023;142:865-877. doi:10.1182/blood.2023020578.
    """
    (anc,) = numbers(anc=(anc, 0, 200))
    grade = sum(compare(anc, "<=", cut)._data.astype(float) for cut in thresholds)
    return np.where(np.isnan(anc), np.nan, grade)


def early_icaht(
    neutrophils: pd.DataFrame,
    *,
    unit: str = "10^9/L",
    subjects: Iterable[object] | None = None,
    censor_days: object = None,
    lymphodepletion_days: object = None,
    severe: float = 0.5,
    profound: float = 0.1,
    window: tuple[int, int] = (0, 30),
    recovery_days: int = 3,
    carry_days: int = 3,
    bridge_days: int = 7,
    lead_days: int = 0,
    count: str = "cumulative",
) -> pd.DataFrame:
    """Grade early ICAHT (days 0 to 30) of each subject from a table of neutrophil counts.

    Parameters
    ----------
    neutrophils : pandas.DataFrame
        One row per sample: `subject_id`, `day`, `value`. The lowest of a day counts.
    unit : str, optional
        Unit of `value`: ``"10^9/L"``, ``"/uL"`` and others.
    subjects : iterable, optional
        The subjects to answer for, also those without a count; None: those of the table.
    censor_days : dict or pandas.Series, optional
        By subject, the last day that counts: death, relapse therapy, end of follow-up.
    lymphodepletion_days : dict or pandas.Series, optional
        By subject, the first day of lymphodepletion, for the baseline count.
    severe, profound : float, optional
        Counts at or below which a day is severe or profound, ×10⁹/L.
    window : tuple of int, optional
        First and last day.
    recovery_days : int, optional
        Consecutive days above a threshold that make a recovery; shorter rises between two days at
        or below it count with them.
    carry_days : int, optional
        Days that a value is carried forward where there is no sample (the first of the window is
        carried back as far). Days beyond that are unknown and give bounds.
    bridge_days : int, optional
        Unknown days between two counts above the threshold at most this many days apart are taken
        to be above; so are those at an end of the window.
    lead_days : int, optional
        Days at the start of the window on which a count above `severe` does not speak against
        "never above": 0 by default, as published.
    count : {"cumulative", "longest"}, optional
        Days of the whole window, or of the longest stretch without a recovery.

    Returns
    -------
    pandas.DataFrame
        One row per subject: `subject_id`, `term`, `onset_day`, `grade`, `grade_low`, `grade_high`,
        `resolution_day` (the day before the first recovery), `grading_scale`, `system`; days at or
        below each threshold with bounds (`days_severe_low`, `days_severe_high`,
        `days_profound_low`, `days_profound_high`), `recovery_day`, `n_values`, `rule`, `baseline`,
        `baseline_day`, `baseline_rule`. `grade` is missing where the bounds differ.

    Raises
    ------
    CarstatsError
        If the table lacks a column, a count is implausible in its unit, or an option is wrong.

    Notes
    -----
    Status: verify (grades); design (days without a sample). Rows with a grade of 1 or more are the
    toxicity's.

    References
    ----------
    Rejeski K et al. Blood 2023;142:865-877. doi:10.1182/blood.2023020578.
    """
    count = check_choice("count", count, _COUNTS)
    table = read_counts("ANC", neutrophils, unit)
    grid = daily_counts(
        table, *window, subjects=subjects, censor_days=censor_days, carry_days=carry_days,
        recovery_days=recovery_days,
    )  # fmt: skip
    options = {"strict": False, "bridge_days": bridge_days}
    bounds = {}
    for name, high in (("low", False), ("high", True)):
        low, very = (grid.below(cut, high=high, **options) for cut in (severe, profound))
        late = grid.counted & (np.arange(low.shape[1]) >= lead_days)
        days = (low & grid.counted).any(axis=1)
        bounds[name] = (
            count_days(low, grid.counted, recovery_days, count),
            count_days(very, grid.counted, recovery_days, count),
            days & ~(late & ~low).any(axis=1) & late.any(axis=1),
        )
    grades = {name: early_icaht_grade(*parts) for name, parts in bounds.items()}
    own = {
        f"days_{which}_{name}": bounds[name][i]
        for i, which in enumerate(("severe", "profound"))
        for name in bounds
    }
    onset = first_day(under(grid.measured, severe, False) & grid.counted, grid.first)
    recovery = first_recovery(grid, severe, strict=False, recovery_days=recovery_days)
    return course_table(
        grid.subjects,
        table,
        ("ICAHT", "EHA/EBMT early"),
        grades=grades,
        days=own,
        onset=onset,
        recovery=recovery,
        n_values=grid.n_values(),
        rule=grid.rule(),
        lymphodepletion_days=lymphodepletion_days,
    )


def late_icaht(
    neutrophils: pd.DataFrame,
    *,
    unit: str = "10^9/L",
    subjects: Iterable[object] | None = None,
    censor_days: object = None,
    lymphodepletion_days: object = None,
    thresholds: tuple[float, float, float, float] = (1.5, 1.0, 0.5, 0.1),
    window: tuple[int, int | None] = (31, None),
    min_values: int = 2,
) -> pd.DataFrame:
    """Grade late ICAHT (after day 30) of each subject from a table of neutrophil counts.

    Parameters
    ----------
    neutrophils : pandas.DataFrame
        One row per sample: `subject_id`, `day`, `value`. The lowest of a day counts.
    unit : str, optional
        Unit of `value`.
    subjects : iterable, optional
        The subjects to answer for; None: those of the table.
    censor_days : dict or pandas.Series, optional
        By subject, the last day that counts.
    lymphodepletion_days : dict or pandas.Series, optional
        By subject, the first day of lymphodepletion, for the baseline count.
    thresholds : tuple of float, optional
        Counts at or below which it is grade 1, 2, 3, 4, ×10⁹/L.
    window : tuple, optional
        First and last day; None for no end.
    min_values : int, optional
        Values, on different days, that must be at or below a threshold.

    Returns
    -------
    pandas.DataFrame
        One row per subject, as `early_icaht` without the days; `grade` is missing with fewer than
        `min_values` values.

    Raises
    ------
    CarstatsError
        If the table lacks a column, a count is implausible in its unit, or an option is wrong.

    Notes
    -----
    Status: verify. "Two or more values" is read as two at or below the threshold.

    References
    ----------
    Rejeski K et al. Blood 2023;142:865-877. doi:10.1182/blood.2023020578.
    """
    table = read_counts("ANC", neutrophils, unit)
    index = subject_index(table, subjects)
    values = window_values(table, index, window, per_subject("censor_days", censor_days, index))
    grade = late_icaht_grade(nth_lowest(values, index, min_values), thresholds=thresholds)
    return course_table(
        index,
        table,
        ("ICAHT", "EHA/EBMT late"),
        grades={"low": grade, "high": grade},
        days={},
        onset=first_under(values, index, thresholds[0], strict=False),
        recovery=np.full(len(index), np.nan),
        n_values=values.groupby("subject_id").size().reindex(index, fill_value=0).to_numpy(),
        rule="values as measured",
        lymphodepletion_days=lymphodepletion_days,
    )


def course_table(
    subjects: pd.Index,
    table: pd.DataFrame,
    labels: tuple[str, str],
    *,
    grades: dict[str, NDArray[np.float64]],
    days: dict[str, NDArray[np.float64]],
    onset: NDArray[np.float64],
    recovery: NDArray[np.float64],
    n_values: NDArray[np.int_],
    rule: object,
    lymphodepletion_days: object,
) -> pd.DataFrame:
    """Return one row per subject: labels, grade with its bounds, course and baseline count."""
    some = n_values > 0
    low, high = (np.where(some, grades[bound], np.nan) for bound in ("low", "high"))
    graded = (low >= 1) | (high >= 1)
    result = pd.DataFrame({
        "subject_id": subjects,
        "term": labels[0],
        "onset_day": np.where(graded, onset, np.nan),
        "grade": np.where(low == high, low, np.nan),
        "grade_low": low,
        "grade_high": high,
        "resolution_day": np.where(graded, recovery - 1, np.nan),
        "grading_scale": labels[1],
        "system": "blood",
        **{name: np.where(some, number, np.nan) for name, number in days.items()},
        "recovery_day": recovery,
        "n_values": n_values,
        "rule": np.where(some, rule, RULES[-1]),
    })  # fmt: skip
    baseline = last_before_infusion(table, subjects, lymphodepletion_days)
    return result.merge(baseline, left_on="subject_id", right_index=True, how="left")
