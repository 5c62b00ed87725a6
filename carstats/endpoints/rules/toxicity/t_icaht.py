"""Low platelets after cell therapy: T-ICAHT, early (days 0 to 30) and late (days 31 to 100)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.grades import aligned
from carstats.endpoints.record.logic import compare, numbers
from carstats.endpoints.rules.toxicity.low_counts import BOUNDS, LowCounts


def early_t_icaht_grade(days_low: ArrayLike, days_very_low: ArrayLike) -> NDArray[np.float64]:
    """Grade early T-ICAHT from days of low platelets in days 0 to 30.

    Parameters
    ----------
    days_low : Days with platelets below 50 ×10⁹/L.
    days_very_low : Days below 20 ×10⁹/L.

    Returns
    -------
    0 none; 1: 1 to 6 days below 50; 2: 7 or more; 3: 1 to 13 days below 20; 4: 14 or more. NaN
    where missing.
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
    platelets : The second lowest count of the window, ×10⁹/L: two values are at or below it.
    days_very_low : Days below 20 ×10⁹/L.
    thresholds : Counts below which it is grade 1, 2, 3, ×10⁹/L.

    Returns
    -------
    0 none; 1 below 100; 2 below 50; 3 below 20 for up to 13 days; 4 for 14 or more. NaN where
    missing.
    """
    value, days = numbers(platelets=(platelets, 0, 3000), days_very_low=(days_very_low, 0, 3650))
    value, days = aligned(platelets=value, days_very_low=days)
    grade = sum(compare(value, "<", cut)._data.astype(float) for cut in thresholds)
    missing = np.isnan(value) | ((grade == 3) & np.isnan(days))
    return np.where(missing, np.nan, np.where((grade == 3) & (days >= 14), 4.0, grade))


@rule(
    "T-ICAHT",
    "any",
    "toxicity",
    definition=(
        "The same for platelets (term ICAHT, scale T-ICAHT): early below 50 for 1 to 6 days "
        "grade 1, 7 or more grade 2, below 20 for 1 to 13 grade 3, 14 or more grade 4; late "
        "(days 31 to 100, two values) below 100, 50, 20, and 20 for 14 days or more grade 4."
    ),
    thresholds="low=50; very_low=20; recovery_days=3; late 100, 50, 20 x 10^9/L",
    source="Rejeski 2025, Blood, Table 1",
    doi="10.1182/blood.2025028833",
    status="verified",
)
def early_t_icaht(
    platelets: pd.DataFrame,
    *,
    low: float = 50.0,
    very_low: float = 20.0,
    window: tuple[int, int] = (0, 30),
    **sampling: object,
) -> pd.DataFrame:
    """Grade early T-ICAHT (days 0 to 30) of each subject from a table of platelet counts.

    Parameters
    ----------
    platelets : One row per sample: `subject_id`, `day`, `value`. The lowest of a day counts.
    low, very_low : Counts below which a day is low or very low, ×10⁹/L.
    sampling : The other attributes of `LowCounts`: `unit`, `subjects`, `recovery_days` …

    Returns
    -------
    One row per subject as from `early_icaht`, with `days_low_low`, `days_low_high`,
    `days_very_low_low`, `days_very_low_high`.

    Notes
    -----
    Transfused platelets are not told apart: leave out counts within 7 days of a transfusion to
    judge a recovery. Status: verify (grades); design (days without a sample).
    """
    counts = LowCounts("platelets", platelets, window, strict=True, **sampling)
    days = counts.n_days({"low": low, "very_low": very_low})
    grades = {
        bound: early_t_icaht_grade(days[f"days_low_{bound}"], days[f"days_very_low_{bound}"])
        for bound in BOUNDS
    }
    onset = counts.first_low_day(low)
    return counts.course("T-ICAHT early", grades, onset, days, recovered_above=low)


def late_t_icaht(
    platelets: pd.DataFrame,
    *,
    thresholds: tuple[float, float, float] = (100.0, 50.0, 20.0),
    window: tuple[int, int] = (31, 100),
    min_values: int = 2,
    **sampling: object,
) -> pd.DataFrame:
    """Grade late T-ICAHT (days 31 to 100) of each subject from a table of platelet counts.

    Parameters
    ----------
    platelets : One row per sample: `subject_id`, `day`, `value`. The lowest of a day counts.
    thresholds : Counts below which it is grade 1, 2, 3, ×10⁹/L.
    min_values : Values, on different days, that must be below a threshold.
    sampling : The other attributes of `LowCounts`; `recovery_days`, `carry_days` and `bridge_days`
        are for the days below 20 ×10⁹/L.

    Returns
    -------
    One row per subject as from `early_icaht`, with `days_very_low_low` and `days_very_low_high`;
    `grade` is missing with fewer than `min_values` values.

    Notes
    -----
    Status: design (days without a sample). "Two or more laboratory tests" is read as two below the
    threshold.
    """
    counts = LowCounts("platelets", platelets, window, strict=True, **sampling)
    reached, days = counts.reached(min_values), counts.n_days({"very_low": thresholds[2]})
    grades = {
        bound: late_t_icaht_grade(reached, days[f"days_very_low_{bound}"], thresholds=thresholds)
        for bound in BOUNDS
    }
    onset = counts.first_low_value(thresholds[0])
    return counts.course("T-ICAHT late", grades, onset, days, recovered_above=thresholds[0])
