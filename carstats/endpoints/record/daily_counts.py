"""Days below a threshold from blood counts that were not taken every day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carstats.data.units import convert
from carstats.endpoints.record.logic import TOLERANCE
from carstats.endpoints.record.worksheets import check_table, per_subject, subject_index
from carstats.errors import check_number

RULES = ("daily values", "last value carried forward", "interval bounds", "no values")


@dataclass(frozen=True)
class DailyCounts:
    """Counts of subjects on consecutive days, and what is known on days without a sample.

    Attributes
    ----------
    subjects : pandas.Index
        The n subjects.
    first : int
        Day of the first column.
    measured : ndarray, shape (n, D)
        The day's lowest count; NaN without a sample or after the subject's last day.
    filled : ndarray, shape (n, D)
        The same with each value carried forward, and the first one back to the first day.
    counted : ndarray of bool, shape (n, D)
        Days of the window on which the subject was still followed for this purpose.
    before, after : ndarray, shape (n, D)
        The measured counts on either side of each day, NaN where there is none.
    distance : ndarray, shape (n, D)
        Days between them; to the end of the window where there is one on one side only.
    """

    subjects: pd.Index
    first: int
    measured: NDArray[np.float64]
    filled: NDArray[np.float64]
    counted: NDArray[np.bool_]
    before: NDArray[np.float64]
    after: NDArray[np.float64]
    distance: NDArray[np.float64]

    def below(
        self, threshold: float, *, strict: bool, high: bool, bridge_days: int
    ) -> NDArray[np.bool_]:
        """Return which days are below a threshold: the fewest (`high` False) or the most."""
        known = under(self.filled, threshold, strict)
        if not high:
            return known
        # A stretch without samples is in doubt unless it lies between two counts above the
        # threshold that were taken close together.
        low_before, low_after = (
            under(side, threshold, strict) for side in (self.before, self.after)
        )
        none = np.isnan(self.before) & np.isnan(self.after)
        doubt = low_before | low_after | none | (self.distance > bridge_days)
        return known | (np.isnan(self.filled) & doubt)

    def n_values(self) -> NDArray[np.int_]:
        """Return the number of days of the window with a count, for each subject."""
        return (self.counted & ~np.isnan(self.measured)).sum(axis=1)

    def rule(self) -> NDArray[np.object_]:
        """Return for each subject how days without a sample were dealt with, one of `RULES`."""
        blank = self.counted & np.isnan(self.measured)
        unfilled = self.counted & np.isnan(self.filled)
        empty = self.n_values() == 0
        which = np.where(unfilled.any(axis=1), 2, np.where(blank.any(axis=1), 1, 0))
        return np.array(RULES, dtype=object)[np.where(empty, 3, which)]


def under(values: NDArray[np.float64], threshold: float, strict: bool) -> NDArray[np.bool_]:
    """Return whether values are below a threshold (`strict`), or at or below it; False for NaN."""
    slack = TOLERANCE * max(1.0, threshold)
    return values < threshold - slack if strict else values <= threshold + slack


def read_counts(measure: str, counts: pd.DataFrame, unit: str) -> pd.DataFrame:
    """Return a table of counts with `subject_id`, `day` and `value` in carstats' unit."""
    table = check_table(measure, counts, ["subject_id", "day", "value"])
    value = convert(measure, table["value"].to_numpy(), unit).value if len(table) else 0.0
    return table.assign(value=value)


def daily_counts(
    table: pd.DataFrame,
    first: int,
    last: int,
    *,
    subjects: Iterable[object] | None,
    censor_days: object,
    carry_days: int,
    recovery_days: int,
) -> DailyCounts:
    """Spread a long table of counts over the days of a window."""
    check_number("carry_days", carry_days, low=0)
    check_number("recovery_days", recovery_days, low=1)
    index = subject_index(table, subjects)
    ends = per_subject("censor_days", censor_days, index)
    days = np.arange(first, last + int(recovery_days) + 1)
    followed = ~(days > ends[:, None])
    code = index.get_indexer(table["subject_id"])
    day, value = table["day"].to_numpy(float), table["value"].to_numpy(float)
    use = (code >= 0) & (day >= days[0]) & (day <= days[-1]) & ~np.isnan(value)
    measured = np.full((len(index), len(days)), np.inf)
    np.minimum.at(measured, (code[use], (day[use] - first).astype(int)), value[use])
    measured[np.isinf(measured) | ~followed] = np.nan

    position, width = np.arange(len(days)), len(days)
    known = ~np.isnan(measured)
    back = np.maximum.accumulate(np.where(known, position, -1), axis=1)
    ahead = np.minimum.accumulate(np.where(known, position, width)[:, ::-1], axis=1)[:, ::-1]
    before = _at(measured, back, back >= 0)
    after = _at(measured, ahead, ahead < width)
    filled = np.where(position - back <= carry_days, before, np.nan)
    leading = (back < 0) & (ahead <= carry_days)
    filled = np.where(leading, after, filled)
    filled[~followed] = np.nan
    last_followed = np.where(np.isnan(ends), last, np.minimum(ends, last)) - first
    distance = np.where(ahead < width, ahead, last_followed[:, None]) - np.maximum(back, 0)
    counted = followed & (days <= last)
    return DailyCounts(index, first, measured, filled, counted, before, after, distance)


def count_days(
    below: NDArray[np.bool_], counted: NDArray[np.bool_], recovery_days: int, count: str
) -> NDArray[np.float64]:
    """Count days below a threshold; a rise of fewer than `recovery_days` days counts with them."""
    position, width = np.arange(below.shape[1]), below.shape[1]
    back = np.maximum.accumulate(np.where(below, position, -1), axis=1)
    ahead = np.minimum.accumulate(np.where(below, position, width)[:, ::-1], axis=1)[:, ::-1]
    short = (back >= 0) & (ahead < width) & (ahead - back - 1 < recovery_days)
    days = (below | short) & counted
    if count == "cumulative":
        return days.sum(axis=1).astype(float)
    total = np.cumsum(days, axis=1)
    reset = np.maximum.accumulate(np.where(days, 0, total), axis=1)
    return (total - reset).max(axis=1, initial=0).astype(float)


def first_recovery(
    grid: DailyCounts, threshold: float, *, strict: bool, recovery_days: int
) -> NDArray[np.float64]:
    """Return the first of `recovery_days` consecutive days above, after a day below; else NaN."""
    below = under(grid.filled, threshold, strict)
    above = ~below & ~np.isnan(grid.filled)
    run = np.cumsum(above, axis=1)
    run = run - np.maximum.accumulate(np.where(above, 0, run), axis=1)
    reached = (run >= recovery_days) & (np.cumsum(below, axis=1) > 0)
    reached = reached & _starts_in(grid.counted, recovery_days)
    day = grid.first + reached.argmax(axis=1) - (recovery_days - 1)
    return np.where(reached.any(axis=1), day, np.nan)


def first_day(days: NDArray[np.bool_], first: int) -> NDArray[np.float64]:
    """Return the first day that is true in each row, NaN where none is."""
    return np.where(days.any(axis=1), first + days.argmax(axis=1), np.nan)


def last_before_infusion(
    table: pd.DataFrame, subjects: pd.Index, lymphodepletion_days: object
) -> pd.DataFrame:
    """Return each subject's baseline: the last value before lymphodepletion, else before day 0."""
    starts = pd.Series(
        per_subject("lymphodepletion_days", lymphodepletion_days, subjects), subjects
    )
    early = table[(table["day"] < 0) & table["value"].notna()]
    start = starts.reindex(early["subject_id"]).to_numpy()
    sets = {"before lymphodepletion": early[early["day"].to_numpy() < start]}
    sets["before infusion"] = early
    parts = [
        rows.drop_duplicates("subject_id", keep="last").assign(baseline_rule=rule)
        for rule, rows in sets.items()
    ]
    best = pd.concat(parts).drop_duplicates("subject_id").set_index("subject_id")
    best = best.rename(columns={"value": "baseline", "day": "baseline_day"}).reindex(subjects)
    best["baseline_rule"] = (
        best["baseline_rule"].astype(object).where(best["baseline"].notna(), None)
    )
    return best[["baseline", "baseline_day", "baseline_rule"]]


def window_values(
    table: pd.DataFrame,
    subjects: pd.Index,
    window: tuple[int, int | None],
    ends: NDArray[np.float64],
) -> pd.DataFrame:
    """Return the lowest count of each day of a window, up to each subject's last day in `ends`."""
    first, last = window
    end = pd.Series(ends, subjects).reindex(table["subject_id"]).to_numpy()
    day = table["day"].to_numpy(float)
    use = (day >= first) & ~(day > end) & table["value"].notna().to_numpy()
    use &= table["subject_id"].isin(subjects).to_numpy()
    if last is not None:
        use &= day <= last
    days = table[use].groupby(["subject_id", "day"], sort=False, as_index=False)
    return days["value"].min()


def nth_lowest(values: pd.DataFrame, subjects: pd.Index, n: int) -> NDArray[np.float64]:
    """Return each subject's n-th lowest value; NaN with fewer than n values."""
    check_number("min_values", n, low=1)
    lowest = values.sort_values("value", kind="stable").groupby("subject_id")
    nth = lowest.nth(int(n) - 1).set_index("subject_id")["value"]
    return nth.reindex(subjects).to_numpy(float)


def first_under(
    values: pd.DataFrame, subjects: pd.Index, threshold: float, *, strict: bool
) -> NDArray[np.float64]:
    """Return each subject's first day below a threshold (`strict`), or at or below it."""
    low = values[under(values["value"].to_numpy(float), threshold, strict)]
    return low.groupby("subject_id")["day"].min().reindex(subjects).to_numpy(float)


def _at(values, position, exists):
    found = np.take_along_axis(values, np.where(exists, position, 0), axis=1)
    return np.where(exists, found, np.nan)


def _starts_in(counted, recovery_days):
    """Return which days end a run of `recovery_days` that begins on a day of the window."""
    shift = recovery_days - 1
    return np.pad(counted, ((0, 0), (shift, 0)))[:, : counted.shape[1]]
