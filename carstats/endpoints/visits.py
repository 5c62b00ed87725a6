"""Visits: which days judge the disease, the values of a visit, and the baseline."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from carstats.data.study import Study
from carstats.endpoints.rules import Rules
from carstats.endpoints.searches import Days, at, keys, runs_between
from carstats.endpoints.sledai_totals import with_sledai_totals
from carstats.endpoints.values import checked_values

# The scores that judge the disease: a day with one of them is a visit.
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
        Position in the subjects table; day from the first infusion. Only days after it.
    adequate : ndarray of bool
        Whether the disease can be judged there.
    why : ndarray of str or None
        Why it cannot.
    label : ndarray of str or None
        The scheduled visit in whose window it lies.
    table : pandas.DataFrame
        The checked assessments, as `checked_values` returns them.
    """

    study: Study
    rules: Rules
    subject: NDArray[np.int_]
    day: NDArray[np.float64]
    adequate: NDArray[np.bool_]
    why: NDArray[np.object_]
    label: NDArray[np.object_]
    table: pd.DataFrame
    _wide: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    _first: dict[str, tuple] = field(default_factory=dict)
    _pairs: set[tuple[str, str]] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.day)

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
        if name not in self._wide:
            out = np.full(len(self), np.nan)
            if len(self) and name in self.measured:
                rows = self.table[(self.table["measure"] == name) & self.table["adequate"]]
                visit = keys(self.subject, self.day)
                wanted = keys(rows["subject"], rows["day"].to_numpy())
                place = np.minimum(np.searchsorted(visit, wanted), len(visit) - 1)
                same = visit[place] == wanted
                out[place[same]] = rows["value"].to_numpy()[same]
            self._wide[name] = out
        return self._wide[name]

    def recorded(self, name: str) -> NDArray[np.bool_]:
        """Return whether a yes-or-no measure is recorded as yes at each visit, adequate or not."""
        if not len(self) or name not in self.measured:
            return np.zeros(len(self), bool)
        rows = self.table[(self.table["measure"] == name) & (self.table["value"] > 0)]
        found = keys(rows["subject"].to_numpy(), rows["day"].to_numpy())
        return np.isin(keys(self.subject, self.day), found)

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
        infusion, flagged. Without lymphodepletion day 0 is before the infusion.

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


def find_visits(study: Study, rules: Rules | None = None) -> Visits:
    """Find the visits that judge the disease, and whether each is adequate.

    A visit is a day after the infusion on which a score of the subject's disease was assessed
    (`DISEASE_SCORES`). It is adequate if every such score of the day is, and if no more than 20 mg
    of prednisone a day was given for toxicity in the 14 days before.

    Parameters
    ----------
    study : Study
        The study.
    rules : Rules, optional
        The parameters.

    Returns
    -------
    Visits
        In order of subject and day.

    Raises
    ------
    CarstatsError
        If a unit or a value of the assessments is not allowed.

    Notes
    -----
    Status: design (the days after glucocorticoids, the windows).
    """
    rules = rules or Rules()
    values = with_sledai_totals(checked_values(study))
    diseases = study.subjects["disease"].to_numpy(object)
    who = values["subject"].to_numpy()
    judges = np.zeros(len(values), bool)
    for name in {name for scores in DISEASE_SCORES.values() for name in scores}:
        for_disease = np.isin(diseases, [d for d, s in DISEASE_SCORES.items() if name in s])
        judges |= (values["measure"] == name).to_numpy() & for_disease[who]
    judges &= (values["day"] > 0).to_numpy() & infused(study)[who]
    rows = values[judges]
    key = keys(rows["subject"], rows["day"].to_numpy())
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    subject, day = rows["subject"].to_numpy()[first], rows["day"].to_numpy()[first]
    complete = np.ones(len(first), bool)
    np.logical_and.at(complete, which, rows["adequate"].to_numpy(bool))
    shadow = _shadowed(study, rules, subject, day)
    why = np.where(complete, None, "assessment not adequate").astype(object)
    why[complete & shadow] = (
        f"within {rules.steroid_shadow_days:g} days after more than {rules.steroid_mg:g} mg of "
        "prednisone for toxicity"
    )
    return Visits(
        study,
        rules,
        subject,
        day,
        complete & ~shadow,
        why,
        rules.schedule.labels(day) if len(day) else np.array([], object),
        values,
    )


def _shadowed(study: Study, rules: Rules, subject, day) -> NDArray[np.bool_]:
    """Return which visits follow glucocorticoids for toxicity too closely to judge the disease."""
    drugs = study.medications
    if drugs is None or "prednisone_equivalent_mg" not in drugs or "reason" not in drugs:
        return np.zeros(len(day), bool)
    strong = (drugs["drug_class"] == "glucocorticoid") & (drugs["reason"] == "toxicity")
    strong &= drugs["prednisone_equivalent_mg"] > rules.steroid_mg
    rows = drugs[strong.fillna(False).to_numpy(bool)]
    who = pd.Index(study.subjects["subject_id"]).get_indexer(rows["subject_id"])
    start = rows["start_day"].fillna(-np.inf).to_numpy(float)
    stop = rows["stop_day"].fillna(np.inf).to_numpy(float)
    return runs_between(subject, day - rules.steroid_shadow_days, day, who, start, stop)


def nearest_visit(visits: Visits, week: float) -> NDArray[np.int_]:
    """Return for each subject the adequate visit nearest to a scheduled one, of two the later.

    Parameters
    ----------
    visits : Visits
        The visits.
    week : float
        A week of the schedule; the window is the schedule's.

    Returns
    -------
    ndarray of int
        Position among the visits for each subject of the study; -1 where none is in the window.

    Raises
    ------
    CarstatsError
        If the week is not in the schedule.
    """
    low, high = visits.rules.schedule.window(week)
    distance = np.abs(visits.day - 7.0 * week)
    here = np.flatnonzero(visits.adequate & (visits.day >= low) & (visits.day <= high))
    out = np.full(visits.n, -1)
    # The best is written last: far before near, and of equal ones the earlier first.
    order = here[np.lexsort((visits.day[here], -distance[here]))]
    out[visits.subject[order]] = order
    return out
