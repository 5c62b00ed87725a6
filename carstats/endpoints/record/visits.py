"""Visits: which days judge the disease, the values of a visit, and the baseline."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carstats.data.study import Study
from carstats.endpoints.options import Rules
from carstats.endpoints.record.searches import Days, at, keys


@dataclass(frozen=True)
class Visits:
    """The visits of all subjects in order of subject and day, and their values.

    Attributes
    ----------
    study : Study
        Where they come from.
    rules : Rules
        The parameters.
    subject, day : ndarray, shape (visits,)
        Position in the subjects table; day from the first infusion, the latest of the days whose
        values it holds. Only days after the infusion.
    adequate : ndarray of bool
        Whether the disease can be judged there.
    why : ndarray of str or None
        Why it cannot.
    place : ndarray of int
        Place in the schedule of the visit in whose window it lies; -1 for an unscheduled one.
    table : pandas.DataFrame
        The checked assessments, as `checked_values` returns them.
    part_key, part_visit : ndarray
        The days that belong to a visit, as sorted keys, and the visit of each.
    """

    study: Study
    rules: Rules
    subject: NDArray[np.int_]
    day: NDArray[np.float64]
    adequate: NDArray[np.bool_]
    why: NDArray[np.object_]
    place: NDArray[np.int_]
    table: pd.DataFrame
    part_key: NDArray[np.float64]
    part_visit: NDArray[np.int_]
    _wide: dict[str, tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]] = field(
        default_factory=dict
    )
    _first: dict[str, tuple] = field(default_factory=dict)
    _pairs: set[tuple[str, str]] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.day)

    @cached_property
    def label(self) -> NDArray[np.object_]:
        """The scheduled visit in whose window each lies, None for an unscheduled one."""
        return self.labels[self.place]

    @property
    def labels(self) -> NDArray[np.object_]:
        """The names of the scheduled visits, by their place; the last, None, of no visit."""
        return np.array([*(f"week {week:g}" for week in self.rules.schedule.weeks), None], object)

    @property
    def n(self) -> int:
        """Number of subjects of the study."""
        return len(self.study.subjects)

    @cached_property
    def measured(self) -> frozenset[str]:
        """The measures that the study has."""
        return frozenset(self.table["measure"].unique())

    @cached_property
    def disease(self) -> NDArray[np.object_]:
        """Disease of the subject of each visit."""
        return self.study.subjects["disease"].to_numpy(object)[self.subject]

    def measure(self, name: str) -> NDArray[np.float64]:
        """Return the value of a measure at each visit, NaN where it is missing or not adequate."""
        return self._value(name)[0]

    def measured_on(self, name: str) -> NDArray[np.float64]:
        """Return the day of that value, NaN where there is none."""
        return self._value(name)[1]

    def bound(self, name: str) -> NDArray[np.bool_]:
        """Return where the value is only known to be so much or more."""
        return self._value(name)[2]

    def _value(self, name: str):
        if name not in self.measured:
            return self._absent
        if name not in self._wide:
            value, on = np.full(len(self), np.nan), np.full(len(self), np.nan)
            bound = np.zeros(len(self), bool)
            if len(self):
                rows = self.table[(self.table["measure"] == name) & self.table["adequate"]]
                day = rows["day"].to_numpy(float)
                visit = self._visit_of(rows["subject"].to_numpy(), day)
                target = np.append(self.rules.schedule.days, np.nan)[self.place[visit]]
                # The nearest to the target is written last, of two the later.
                distance = np.nan_to_num(np.abs(day - target))
                order = np.lexsort((day, -distance))
                order = order[visit[order] >= 0]
                value[visit[order]] = rows["value"].to_numpy()[order]
                on[visit[order]] = day[order]
                bound[visit[order]] = rows["bound"].to_numpy(bool)[order]
            self._wide[name] = value, on, bound
        return self._wide[name]

    @cached_property
    def _absent(self):
        """What a measure is at each visit that the study does not have; shared by all of them."""
        none, false = np.full(len(self), np.nan), np.zeros(len(self), bool)
        none.flags.writeable = false.flags.writeable = False
        return none, none, false

    def _visit_of(self, subject, day) -> NDArray[np.int_]:
        """Return the visit to which a subject's day belongs, -1 for none."""
        wanted = keys(subject, day)
        if not len(self.part_key):
            return np.full(len(wanted), -1)
        place = np.minimum(np.searchsorted(self.part_key, wanted), len(self.part_key) - 1)
        return np.where(self.part_key[place] == wanted, self.part_visit[place], -1)

    def recorded(self, name: str) -> NDArray[np.bool_]:
        """Return whether a yes-or-no measure is recorded as yes at each visit, adequate or not."""
        if not len(self) or name not in self.measured:
            return np.zeros(len(self), bool)
        rows = self.table[(self.table["measure"] == name) & (self.table["value"] > 0)]
        visit = self._visit_of(rows["subject"].to_numpy(), rows["day"].to_numpy())
        return np.isin(np.arange(len(self)), visit)

    def covers(self, subject: NDArray[np.int_], day: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which days of subjects belong to a visit."""
        return self._visit_of(subject, day) >= 0

    def recorded_so_far(self, name: str) -> NDArray[np.bool_]:
        """Return whether a yes-or-no measure was recorded as yes from day 1 to each visit."""
        rows = self.table[(self.table["measure"] == name) & (self.table["value"] > 0)]
        rows = rows[rows["day"] >= 1]
        days = Days(rows["subject"].to_numpy(), rows["day"].to_numpy())
        return days.last(self.subject, self.day, before=False) >= 0

    def baseline(self, name: str) -> NDArray[np.float64]:
        """Return at each visit the subject's baseline of a measure, NaN where there is none."""
        return self.subject_baseline(name)[0][self.subject]

    def subject_baseline(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return each subject's baseline of a measure, and whether it is the fallback.

        The last adequate value before lymphodepletion; where there is none, the last before the
        infusion, day 0 included, flagged. Without lymphodepletion day 0 is before the infusion.

        Notes
        -----
        Status: design. Between washout, lymphodepletion and the infusion an index changes for
        reasons other than the cells.
        """
        if name not in self._first and name not in self.measured:
            self._first[name] = (np.full(self.n, np.nan), np.zeros(self.n, bool))
        if name not in self._first:
            rows = self.table[(self.table["measure"] == name) & self.table["adequate"]]
            days = Days(rows["subject"].to_numpy(), rows["day"].to_numpy())
            value = rows["value"].to_numpy()
            everyone = np.arange(self.n)
            depletion = _column(self.study.subjects, "lymphodepletion_day")
            start = np.where(np.isnan(depletion), 0.0, depletion)
            before = days.last(everyone, start, before=True)
            on_day_0 = days.last(everyone, np.zeros(self.n), before=False)
            row = np.where(np.isnan(depletion), on_day_0, before)
            fallback = (row < 0) & (on_day_0 >= 0)
            self._first[name] = (at(value, np.where(fallback, on_day_0, row)), fallback)
        return self._first[name]

    def has(self, name: str, disease: str) -> bool:
        """Return whether any subject with a disease has a value of a measure."""
        if not self._pairs:
            diseases = self.study.subjects["disease"].to_numpy(object)
            for measure in self.table["measure"].unique():
                rows = self.table.loc[self.table["measure"] == measure, "subject"].unique()
                self._pairs.update((measure, found) for found in set(diseases[rows]))
        return (name, disease) in self._pairs


def _column(frame: pd.DataFrame, name: str) -> NDArray[np.float64]:
    if name not in frame:
        return np.full(len(frame), np.nan)
    return frame[name].to_numpy(float, na_value=np.nan)


def infused(study: Study) -> NDArray[np.bool_]:
    """Return which subjects were infused; all where the study does not say."""
    if "infused" not in study.subjects:
        return np.ones(len(study.subjects), bool)
    return study.subjects["infused"].fillna(False).to_numpy(bool)
