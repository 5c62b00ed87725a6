"""Low platelets after cell therapy: T-ICAHT, early (days 0 to 30) and late (days 31 to 100)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from carstats.endpoints.record.daily_counts import (
    count_days,
    daily_counts,
    first_day,
    first_recovery,
    first_under,
    nth_lowest,
    read_counts,
    under,
    window_values,
)
from carstats.endpoints.record.grades import aligned
from carstats.endpoints.record.logic import compare, numbers
from carstats.endpoints.record.worksheets import per_subject
from carstats.endpoints.rules.toxicity.icaht import course_table
from carstats.errors import check_choice


def early_t_icaht_grade(days_low: ArrayLike, days_very_low: ArrayLike) -> NDArray[np.float64]:
    """Grade early T-ICAHT from days of low platelets in days 0 to 30.

    Parameters
    ----------
    days_low : int or sequence of int
        Days with platelets below 50 ×10⁹/L.
    days_very_low : int or sequence of int
        Days below 20 ×10⁹/L.

    Returns
    -------
    numpy.ndarray
        0 none; 1: 1 to 6 days below 50; 2: 7 or more; 3: 1 to 13 days below 20; 4: 14 or more. NaN
        where missing.

    Raises
    ------
    CarstatsError
        If a number of days is out of range.

    References
    ----------
    Rejeski K et al. T-ICAHT: grading and prognostic impact of thrombocytopenia after CAR T-cell
    therapy. Blood 2025. doi:10.1182/blood.2025028833.
    """
    low, very = numbers(days_low=(days_low, 0, 366), days_very_low=(days_very_low, 0, 366))
    low, very = aligned(days_low=low, days_very_low=very)
    grade = np.select([very >= 14, very >= 1, low >= 7, low >= 1], [4.0, 3.0, 2.0, 1.0], 0.0)
    return np.where((np.isnan(low) | np.isnan(very)) & (grade < 4), np.nan, grade)


def late_t_icaht_grade(
    platelets: ArrayLike,
    days_very_low: ArrayLike,
    *,
    thresholds: tuple[float, float, float] = (100.0, 50.0, 20.0),
) -> NDArray[np.float64]:
    """Grade late T-ICAHT (days 31 to 100).

    Parameters
    ----------
    platelets : float or sequence of float
        The second lowest count of the window, ×10⁹/L: two values are at or below it.
    days_very_low : int or sequence of int
        Days below 20 ×10⁹/L.
    thresholds : tuple of float, optional
        Counts below which it is grade 1, 2, 3, ×10⁹/L.

    Returns
    -------
    numpy.ndarray
        0 none; 1 below 100; 2 below 50; 3 below 20 for up to 13 days; 4 for 14 or more. NaN where
        missing.

    Raises
    ------
    CarstatsError
        If a count or a number of days is out of range.

    References
    ----------
    Rejeski K et al. T-ICAHT. Blood 2025. doi:10.1182/blood.2025028833.
    """
    value, days = numbers(platelets=(platelets, 0, 3000), days_very_low=(days_very_low, 0, 3650))
    value, days = aligned(platelets=value, days_very_low=days)
    grade = sum(compare(value, "<", cut)._data.astype(float) for cut in thresholds)
    missing = np.isnan(value) | ((grade == 3) & np.isnan(days))
    return np.where(missing, np.nan, np.where((grade == 3) & (days >= 14), 4.0, grade))


def early_t_icaht(
    platelets: pd.DataFrame,
    *,
    unit: str = "10^9/L",
    subjects: Iterable[object] | None = None,
    censor_days: object = None,
    lymphodepletion_days: object = None,
    low: float = 50.0,
    very_low: float = 20.0,
    window: tuple[int, int] = (0, 30),
    recovery_days: int = 3,
    carry_days: int = 3,
    bridge_days: int = 7,
    count: str = "cumulative",
) -> pd.DataFrame:
    """Grade early T-ICAHT (days 0 to 30) of each subject from a table of platelet counts.

    Parameters
    ----------
    platelets : pandas.DataFrame
        One row per sample: `subject_id`, `day`, `value`. The lowest of a day counts.
    unit : str, optional
        Unit of `value`.
    subjects : iterable, optional
        The subjects to answer for, also those without a count; None: those of the table.
    censor_days : dict or pandas.Series, optional
        By subject, the last day that counts: death, relapse therapy, end of follow-up.
    lymphodepletion_days : dict or pandas.Series, optional
        By subject, the first day of lymphodepletion, for the baseline count.
    low, very_low : float, optional
        Counts below which a day is low or very low, ×10⁹/L.
    window : tuple of int, optional
        First and last day.
    recovery_days, carry_days, bridge_days : int, optional
        As in `early_icaht`.
    count : {"cumulative", "longest"}, optional
        Days of the whole window, or of the longest stretch without a recovery.

    Returns
    -------
    pandas.DataFrame
        One row per subject as from `early_icaht`, with `days_low_low`, `days_low_high`,
        `days_very_low_low`, `days_very_low_high`.

    Raises
    ------
    CarstatsError
        If the table lacks a column, a count is implausible in its unit, or an option is wrong.

    Notes
    -----
    Transfused platelets are not told apart: leave out counts within 7 days of a transfusion to
    judge a recovery. Status: verify (grades); design (days without a sample).

    References
    ----------
    Rejeski K et al. T-ICAHT. Blood 2025. doi:10.1182/blood.2025028833.
    """
    count = check_choice("count", count, ("cumulative", "longest"))
    table = read_counts("platelets", platelets, unit)
    grid = daily_counts(
        table, *window, subjects=subjects, censor_days=censor_days, carry_days=carry_days,
        recovery_days=recovery_days,
    )  # fmt: skip
    own = {
        f"days_{name}_{bound}": count_days(
            grid.below(cut, strict=True, high=bound == "high", bridge_days=bridge_days),
            grid.counted, recovery_days, count,
        )
        for name, cut in (("low", low), ("very_low", very_low))
        for bound in ("low", "high")
    }  # fmt: skip
    grades = {
        bound: early_t_icaht_grade(own[f"days_low_{bound}"], own[f"days_very_low_{bound}"])
        for bound in ("low", "high")
    }
    return course_table(
        grid.subjects,
        table,
        ("ICAHT", "T-ICAHT early"),
        grades=grades,
        days=own,
        onset=first_day(under(grid.measured, low, True) & grid.counted, grid.first),
        recovery=first_recovery(grid, low, strict=True, recovery_days=recovery_days),
        n_values=grid.n_values(),
        rule=grid.rule(),
        lymphodepletion_days=lymphodepletion_days,
    )


def late_t_icaht(
    platelets: pd.DataFrame,
    *,
    unit: str = "10^9/L",
    subjects: Iterable[object] | None = None,
    censor_days: object = None,
    lymphodepletion_days: object = None,
    thresholds: tuple[float, float, float] = (100.0, 50.0, 20.0),
    window: tuple[int, int] = (31, 100),
    min_values: int = 2,
    recovery_days: int = 3,
    carry_days: int = 3,
    bridge_days: int = 7,
    count: str = "cumulative",
) -> pd.DataFrame:
    """Grade late T-ICAHT (days 31 to 100) of each subject from a table of platelet counts.

    Parameters
    ----------
    platelets : pandas.DataFrame
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
        Counts below which it is grade 1, 2, 3, ×10⁹/L.
    window : tuple of int, optional
        First and last day.
    min_values : int, optional
        Values, on different days, that must be below a threshold.
    recovery_days, carry_days, bridge_days : int, optional
        As in `early_icaht`, for the days below 20 ×10⁹/L.
    count : {"cumulative", "longest"}, optional
        Days of the whole window, or of the longest stretch without a recovery.

    Returns
    -------
    pandas.DataFrame
        One row per subject as from `early_icaht`, with `days_very_low_low` and
        `days_very_low_high`; `grade` is missing with fewer than `min_values` values.

    Raises
    ------
    CarstatsError
        If the table lacks a column, a count is implausible in its unit, or an option is wrong.

    Notes
    -----
    Status: design (days without a sample). "Two or more laboratory tests" is read as two below
    the threshold.

    References
    ----------
    Rejeski K et al. T-ICAHT. Blood 2025. doi:10.1182/blood.2025028833.
    """
    count = check_choice("count", count, ("cumulative", "longest"))
    table = read_counts("platelets", platelets, unit)
    grid = daily_counts(
        table, *window, subjects=subjects, censor_days=censor_days, carry_days=carry_days,
        recovery_days=recovery_days,
    )  # fmt: skip
    index = grid.subjects
    values = window_values(table, index, window, per_subject("censor_days", censor_days, index))
    reached = nth_lowest(values, index, min_values)
    own = {
        f"days_very_low_{bound}": count_days(
            grid.below(thresholds[2], strict=True, high=bound == "high", bridge_days=bridge_days),
            grid.counted, recovery_days, count,
        )
        for bound in ("low", "high")
    }  # fmt: skip
    grades = {
        bound: late_t_icaht_grade(reached, own[f"days_very_low_{bound}"], thresholds=thresholds)
        for bound in ("low", "high")
    }
    return course_table(
        index,
        table,
        ("ICAHT", "T-ICAHT late"),
        grades=grades,
        days=own,
        onset=first_under(values, index, thresholds[0], strict=True),
        recovery=first_recovery(grid, thresholds[0], strict=True, recovery_days=recovery_days),
        n_values=grid.n_values(),
        rule=grid.rule(),
        lymphodepletion_days=lymphodepletion_days,
    )
