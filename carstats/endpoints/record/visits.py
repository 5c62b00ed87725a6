"""Visits: which days judge the disease, the values of a visit, and the baseline."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carstats.data.study import Study
from carstats.endpoints.options import Rules, rules_of
from carstats.endpoints.record.joining import joined_days
from carstats.endpoints.record.rescue import toxicity_steroids
from carstats.endpoints.record.searches import Days, at, keys, last_per_subject, runs_between
from carstats.endpoints.record.values import checked_values
from carstats.endpoints.rules.lupus.sledai_totals import with_clinical_sledai, with_sledai_totals
from carstats.messages import message

# The scores that judge the disease where no endpoint says which it reads.
DISEASE_SCORES: dict[str, tuple[str, ...]] = {
    "SLE": ("SLEDAI-2K", "cSLEDAI", "PGA"),
    "IIM": ("physician_global", "MMT8"),
    "SSc": ("mRSS",),
    "MG": ("MG-ADL", "QMG"),
    "NMOSD": ("EDSS", "attack"),
    "MOGAD": ("EDSS", "attack"),
    "MS": ("EDSS",),
    "RA": ("DAS28-CRP",),
    "AIHA": ("haemoglobin",),
    "ITP": ("platelets",),
    "AAV": ("BVAS",),
    "SjD": ("ESSDAI",),
    "CIDP": ("INCAT",),
    "SPS": ("T25FW",),
}


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
        names = [*(f"week {week:g}" for week in self.rules.schedule.weeks), None]
        return np.array(names, dtype=object)[self.place]

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
        if name not in self._wide:
            value, on = np.full(len(self), np.nan), np.full(len(self), np.nan)
            bound = np.zeros(len(self), bool)
            if len(self) and name in self.measured:
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


def find_visits(
    study: Study,
    rules: Rules | None = None,
    needs: Mapping[str, Iterable[str]] | None = None,
    values: pd.DataFrame | None = None,
) -> Visits:
    """Find the visits at which an endpoint can be judged, and whether each is adequate.

    A visit is a day after the infusion on which a component of the endpoint was measured, planned
    or not. Components of one visit may lie on different days of its window, at most 14 days apart:
    each is the one nearest to the scheduled day, of two the later, and the visit is dated at the
    latest of them. A visit is adequate if a component is, and if no more than 20 mg of prednisone a
    day was given for toxicity in the 14 days before.

    Notes
    -----
    Status: design (the days after glucocorticoids, the windows).
    """
    rules = rules_of(study, rules)
    values = judged_values(study) if values is None else values
    needs = {
        disease: [name for name in names if name not in rules.waived]
        for disease, names in (DISEASE_SCORES if needs is None else needs).items()
    }
    diseases = study.subjects["disease"].to_numpy(object)
    who = values["subject"].to_numpy()
    measures = list(dict.fromkeys(name for names in needs.values() for name in names))
    kinds = list(dict.fromkeys(needs))
    # Which measures each disease needs; a disease that is not named needs none.
    wanted = np.array([[name in needs[kind] for name in measures] for kind in kinds], bool)
    wanted = np.vstack([wanted.reshape(len(kinds), len(measures)), np.zeros(len(measures), bool)])
    kind = pd.Index(kinds).get_indexer(diseases) if kinds else np.full(len(diseases), -1)
    column = pd.Index(measures).get_indexer(values["measure"].astype(object))
    judges = (column >= 0) & (values["day"] > 0).to_numpy() & infused(study)[who]
    judges &= np.append(wanted, np.zeros((len(kinds) + 1, 1), bool), axis=1)[kind[who], column]
    rows, column = values[judges], column[judges]
    key = keys(rows["subject"], rows["day"].to_numpy())
    key, first, which = np.unique(key, return_index=True, return_inverse=True)
    subject, day = rows["subject"].to_numpy()[first], rows["day"].to_numpy(float)[first]
    has = np.zeros((len(key), max(len(measures), 1)), bool)
    adequate = rows["adequate"].to_numpy(bool)
    has[which[adequate], column[adequate]] = True
    whole = (has[:, : len(measures)] | ~wanted[kind[subject]]).all(axis=1)
    place = rules.schedule.places(day)
    visit = joined_days(subject, day, place, has, whole, rules)
    _, visit = np.unique(visit, return_inverse=True)
    last = last_per_subject(int(visit.max(initial=-1)) + 1, visit, day, np.ones(len(day), bool))
    # The day that dates a visit stands for it, and visits are in order of subject and day.
    latest = np.flatnonzero(day == last[visit])
    order = np.empty(len(last), int)
    order[visit[latest]] = np.arange(len(latest))
    visit = order[visit]
    good = np.zeros(len(latest), bool)
    np.logical_or.at(good, visit, has.any(axis=1))
    subject, day, place = subject[latest], day[latest], place[latest]
    shadow = _shadowed(study, rules, subject, day)
    why = np.where(good, None, message("assessment not adequate")).astype(object)
    why[good & shadow] = message(
        "within {days} days after more than {dose} mg of prednisone for toxicity",
        days=f"{rules.steroid_shadow_days:g}",
        dose=f"{rules.steroid_mg:g}",
    )
    return Visits(
        study, rules, subject, day, good & ~shadow, why, place, values, key, visit
    )  # fmt: skip


def judged_values(study: Study) -> pd.DataFrame:
    """Return the checked assessments with the totals that follow from what was recorded.

    SLEDAI-2K and its clinical part from the 24 items; and, where it was not recorded, the clinical
    part from SLEDAI-2K: 0 where that is 0, and above 0 where that exceeds the 4 points of
    complement and anti-DNA (``bound``: known to be so much or more).
    """
    return with_clinical_sledai(with_sledai_totals(checked_values(study)))


def _shadowed(study: Study, rules: Rules, subject, day) -> NDArray[np.bool_]:
    """Return which visits follow glucocorticoids for toxicity too closely to judge the disease."""
    drugs = study.medications
    if drugs is None or "prednisone_equivalent_mg" not in drugs or "reason" not in drugs:
        return np.zeros(len(day), bool)
    for_toxicity = (drugs["reason"] == "toxicity").fillna(False).to_numpy(bool)
    # Without a reason and within a recorded episode of toxicity it is for that.
    for_toxicity |= toxicity_steroids(study, rules, study.toxicities)[0]
    strong = (drugs["drug_class"] == "glucocorticoid") & for_toxicity
    strong &= drugs["prednisone_equivalent_mg"] > rules.steroid_mg
    rows = drugs[strong.fillna(False).to_numpy(bool)]
    who = pd.Index(study.subjects["subject_id"]).get_indexer(rows["subject_id"])
    start = rows["start_day"].fillna(-np.inf).to_numpy(float)
    stop = rows["stop_day"].fillna(np.inf).to_numpy(float)
    return runs_between(subject, day - rules.steroid_shadow_days, day, who, start, stop)


def nearest_visit(visits: Visits, week: float) -> NDArray[np.int_]:
    """Return for each subject the adequate visit nearest to a scheduled one, of two the later."""
    low, high = visits.rules.schedule.window(week)
    distance = np.abs(visits.day - 7.0 * week)
    here = np.flatnonzero(visits.adequate & (visits.day >= low) & (visits.day <= high))
    out = np.full(visits.n, -1)
    # The best is written last: far before near, and of equal ones the earlier first.
    order = here[np.lexsort((visits.day[here], -distance[here]))]
    out[visits.subject[order]] = order
    return out
