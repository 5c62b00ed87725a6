"""Haematotoxicity after cell therapy: ICAHT (neutrophils) and T-ICAHT (platelets), early and late.

Counts are ×10⁹/L: 0.5 is 500/µL. Days up to -1 never count; the count before them is reported.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.grades import aligned, flag_numbers
from carstats.endpoints.record.logic import compare, numbers
from carstats.endpoints.rules.toxicity.low_counts import BOUNDS, LowCounts


@rule(
    "ICAHT_early",
    "any",
    "toxicity",
    definition=(
        "ANC at or below 500/uL for 1 to 6 days grade 1, 7 to 13 grade 2, 14 or more grade 3, "
        "never above grade 4; at or below 100/uL for 7 days grade 3, 14 grade 4."
    ),
    thresholds="500/uL; 100/uL; 7, 14 days",
    source="Rejeski 2023 (EHA/EBMT), Blood 142:865",
    doi="10.1182/blood.2023020578",
)
def early_icaht_grade(
    days_severe: ArrayLike, days_profound: ArrayLike, never_above: ArrayLike = False
) -> NDArray[np.float64]:
    """Grade early ICAHT from days of neutropenia in days 0 to 30.

    Parameters
    ----------
    days_severe : Days with neutrophils at or below 500/µL.
    days_profound : Days at or below 100/µL, 0 to 31.
    never_above : Whether neutrophils were never above 500/µL.

    Returns
    -------
    0 none; 1: 1 to 6 severe days; 2: 7 to 13; 3: 14 or more, or 7 or more profound days; 4: never
    above 500/µL, or 14 or more profound days. NaN where a count is missing.

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

    Status: verify.

    Parameters
    ----------
    anc : The second lowest count after day 30, ×10⁹/L: two values are at or below it.
    thresholds : Counts at or below which it is grade 1, 2, 3, 4, ×10⁹/L.

    Returns
    -------
    0 to 4; NaN where missing.
    """
    (anc,) = numbers(anc=(anc, 0, 200))
    grade = sum(compare(anc, "<=", cut)._data.astype(float) for cut in thresholds)
    return np.where(np.isnan(anc), np.nan, grade)


def early_icaht(
    neutrophils: pd.DataFrame,
    *,
    severe: float = 0.5,
    profound: float = 0.1,
    window: tuple[int, int] = (0, 30),
    lead_days: int = 0,
    **sampling: object,
) -> pd.DataFrame:
    """Grade early ICAHT (days 0 to 30) of each subject from a table of neutrophil counts.

    Parameters
    ----------
    neutrophils : One row per sample: `subject_id`, `day`, `value`. The lowest of a day counts.
    severe, profound : Counts at or below which a day is severe or profound, ×10⁹/L.
    lead_days : Days at the start of the window on which a count above `severe` does not speak
        against "never above": 0 by default, as published.
    sampling : The other attributes of `LowCounts`: `unit`, `subjects`, `recovery_days` …

    Returns
    -------
    One row per subject: `subject_id`, `term`, `onset_day`, `grade`, `grade_low`, `grade_high`,
    `resolution_day` (the day before the first recovery), `grading_scale`, `system`; days at or
    below each threshold with bounds (`days_severe_low`, `days_severe_high`, `days_profound_low`,
    `days_profound_high`), `recovery_day`, `n_values`, `rule`, `baseline`, `baseline_day`,
    `baseline_rule`. `grade` is missing where the bounds differ.

    Notes
    -----
    Status: verify (grades); design (days without a sample). Rows with a grade of 1 or more are the
    toxicity's.
    """
    counts = LowCounts("ANC", neutrophils, window, strict=False, **sampling)
    days = counts.n_days({"severe": severe, "profound": profound})
    counted = counts.grid.counted
    late = counted & (np.arange(counted.shape[1]) >= lead_days)
    grades = {}
    for bound in BOUNDS:
        low = counts.low_days(severe, bound)
        never_above = (low & counted).any(axis=1) & ~(late & ~low).any(axis=1) & late.any(axis=1)
        grades[bound] = early_icaht_grade(
            days[f"days_severe_{bound}"], days[f"days_profound_{bound}"], never_above
        )
    onset = counts.first_low_day(severe)
    return counts.course("EHA/EBMT early", grades, onset, days, recovered_above=severe)


@rule(
    "ICAHT_late",
    "any",
    "toxicity",
    definition=(
        "ANC after day 30 at or below 1500, 1000, 500, 100/uL: grade 1 to 4; two values needed."
    ),
    thresholds="thresholds 1500, 1000, 500, 100/uL; min_values=2",
    source="Rejeski 2023 (EHA/EBMT), Blood 142:865",
    doi="10.1182/blood.2023020578",
)
def late_icaht(
    neutrophils: pd.DataFrame,
    *,
    thresholds: tuple[float, float, float, float] = (1.5, 1.0, 0.5, 0.1),
    window: tuple[int, int | None] = (31, None),
    min_values: int = 2,
    **sampling: object,
) -> pd.DataFrame:
    """Grade late ICAHT (after day 30) of each subject from a table of neutrophil counts.

    Parameters
    ----------
    neutrophils : One row per sample: `subject_id`, `day`, `value`. The lowest of a day counts.
    thresholds : Counts at or below which it is grade 1, 2, 3, 4, ×10⁹/L.
    min_values : Values, on different days, that must be at or below a threshold.
    sampling : The other attributes of `LowCounts`: `unit`, `subjects`, `censor_days` …

    Returns
    -------
    One row per subject, as `early_icaht` without the days; `grade` is missing with fewer than
    `min_values` values.

    Notes
    -----
    "Two or more values" is read as two at or below the threshold.
    """
    counts = LowCounts("ANC", neutrophils, window, strict=False, **sampling)
    grade = late_icaht_grade(counts.reached(min_values), thresholds=thresholds)
    onset = counts.first_low_value(thresholds[0])
    grades = dict.fromkeys(BOUNDS, grade)
    return counts.course("EHA/EBMT late", grades, onset, {}, recovered_above=None)
