"""What ICAHT and T-ICAHT share: days of low counts in a window, and the course of each subject."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carstats.endpoints.record.daily_counts import (
    RULES,
    DailyCounts,
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
from carstats.endpoints.record.worksheets import per_subject, subject_index
from carstats.errors import check_choice

BOUNDS = ("low", "high")
"""What is proven, and what days without a sample allow."""


@dataclass(frozen=True)
class LowCounts:
    """Counts in a window of days, and how days without a sample are dealt with.

    Attributes
    ----------
    measure : str
        The measure that was counted.
    samples : pandas.DataFrame
        One row per sample: `subject_id`, `day`, `value`. The lowest of a day counts.
    window : tuple of int
        First and last day; None for no end.
    strict : bool
        Whether a day is low below a threshold, or at it as well.
    unit, subjects, censor_days, lymphodepletion_days
        As in every rule (`carstats.endpoints.rules`).
    recovery_days : int
        Consecutive days above a threshold that make a recovery; shorter rises between two low days
        count with them.
    carry_days : int
        Days that a value is carried forward where there is no sample (the first of the window is
        carried back as far). Days beyond that are unknown and give bounds.
    bridge_days : int
        Unknown days between two counts above the threshold at most this many days apart are taken
        to be above; so are those at an end of the window.
    count : {"cumulative", "longest"}
        Days of the whole window, or of its longest stretch without a recovery.
    """

    measure: str
    samples: pd.DataFrame
    window: tuple[int, int | None]
    strict: bool
    unit: str = "10^9/L"
    subjects: Iterable[object] | None = None
    censor_days: object = None
    lymphodepletion_days: object = None
    recovery_days: int = 3
    carry_days: int = 3
    bridge_days: int = 7
    count: str = "cumulative"

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "count", check_choice("count", self.count, ("cumulative", "longest"))
        )

    @cached_property
    def table(self) -> pd.DataFrame:
        """The samples in carstats' unit."""
        return read_counts(self.measure, self.samples, self.unit)

    @cached_property
    def index(self) -> pd.Index:
        """The subjects who are answered for."""
        return subject_index(self.table, self.subjects)

    @cached_property
    def grid(self) -> DailyCounts:
        """The counts on every day of a window that ends."""
        return daily_counts(
            self.table, *self.window, subjects=self.index, censor_days=self.censor_days,
            carry_days=self.carry_days, recovery_days=self.recovery_days,
        )  # fmt: skip

    @cached_property
    def values(self) -> pd.DataFrame:
        """The lowest count of each day with a sample."""
        ends = per_subject("censor_days", self.censor_days, self.index)
        return window_values(self.table, self.index, self.window, ends)

    def low_days(self, threshold: float, bound: str) -> NDArray[np.bool_]:
        """Return which days are low: those that are proven, or those that may be."""
        return self.grid.below(
            threshold, strict=self.strict, high=bound == "high", bridge_days=self.bridge_days
        )

    def n_days(self, thresholds: Mapping[str, float]) -> dict[str, NDArray[np.float64]]:
        """Return the number of low days by threshold and bound: `days_<name>_<bound>`."""
        return {
            f"days_{name}_{bound}": count_days(
                self.low_days(cut, bound), self.grid.counted, self.recovery_days, self.count
            )
            for name, cut in thresholds.items()
            for bound in BOUNDS
        }

    def reached(self, min_values: int) -> NDArray[np.float64]:
        """Return the count that so many values, on different days, are at or below."""
        return nth_lowest(self.values, self.index, min_values)

    def first_low_day(self, threshold: float) -> NDArray[np.float64]:
        """Return the first day with a low sample while the subject was followed."""
        low = under(self.grid.measured, threshold, self.strict) & self.grid.counted
        return first_day(low, self.grid.first)

    def first_low_value(self, threshold: float) -> NDArray[np.float64]:
        """Return the first day of the window with a low sample."""
        return first_under(self.values, self.index, threshold, strict=self.strict)

    def course(
        self,
        scale: str,
        grades: Mapping[str, NDArray[np.float64]],
        onset: NDArray[np.float64],
        days: Mapping[str, NDArray[np.float64]],
        recovered_above: float | None,
    ) -> pd.DataFrame:
        """Return one row per subject: grade with its bounds, course and baseline count."""
        if recovered_above is None:
            n_values = self.values.groupby("subject_id").size()
            n_values = n_values.reindex(self.index, fill_value=0).to_numpy()
            recovery, how = np.full(len(self.index), np.nan), "values as measured"
        else:
            n_values, how = self.grid.n_values(), self.grid.rule()
            recovery = first_recovery(
                self.grid, recovered_above, strict=self.strict, recovery_days=self.recovery_days
            )
        some = n_values > 0
        low, high = (np.where(some, grades[bound], np.nan) for bound in BOUNDS)
        graded = (low >= 1) | (high >= 1)
        result = pd.DataFrame({
            "subject_id": self.index,
            "term": "ICAHT",
            "onset_day": np.where(graded, onset, np.nan),
            "grade": np.where(low == high, low, np.nan),
            "grade_low": low,
            "grade_high": high,
            "resolution_day": np.where(graded, recovery - 1, np.nan),
            "grading_scale": scale,
            "system": "blood",
            **{name: np.where(some, number, np.nan) for name, number in days.items()},
            "recovery_day": recovery,
            "n_values": n_values,
            "rule": np.where(some, how, RULES[-1]),
        })  # fmt: skip
        baseline = last_before_infusion(self.table, self.index, self.lymphodepletion_days)
        return result.merge(baseline, left_on="subject_id", right_index=True, how="left")
