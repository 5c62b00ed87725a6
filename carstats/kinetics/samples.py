"""The samples of a measure, each in the window of the infusion it follows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort
from carstats.errors import CarstatsError, check_number, listed
from carstats.messages import joined_notes, message, message_n

# What follows the engineered cells, and no cell of the subject's own.
MEASURES = (
    "CAR_transgene", "CAR_copies_blood", "CAR_T_cells", "CAR_T_percent", "CAR_NK_cells",
)  # fmt: skip
INFUSIONS = ("first", "each")


@dataclass(frozen=True)
class Samples:
    """Samples by subject, infusion and time.

    Attributes
    ----------
    measure, label, unit : str
        Its name in the vocabulary, how it prints, and its unit as it prints.
    frame : pandas.DataFrame
        ``subject_id``, ``infusion_number``, ``time`` (days since that infusion; negative before the
        first), ``value`` (NaN below quantification), ``lloq`` (NaN where not known).
    infusions : pandas.DataFrame
        ``subject_id``, ``infusion_number``, ``day`` and ``until``, the day of the next one.
    subjects : pandas.DataFrame
        The infused subjects of the cohort.
    n_blank : pandas.Series
        By subject blank values without a limit of quantification, which say nothing.
    """

    measure: str
    label: str
    unit: str
    frame: pd.DataFrame
    infusions: pd.DataFrame
    subjects: pd.DataFrame
    n_blank: pd.Series

    def of(self, subjects: Iterable[str]) -> pd.DataFrame:
        """Return the samples of some subjects."""
        return self.frame[self.frame["subject_id"].isin(subjects)]

    def note(self, subjects: pd.Series) -> str:
        """Say what is odd about the samples of some subjects."""
        rows = self.of(subjects)
        limits = rows["lloq"].dropna()
        unlimited = int((rows["lloq"].isna() & rows["value"].notna()).sum())
        blank = int(self.n_blank.reindex(subjects).sum())
        changing = len(limits) > 0 and limits.min() < limits.max()
        return joined_notes(
            message("limits of quantification from {low} to {high}, each sample by its own",
                    low=f"{limits.min():g}", high=f"{limits.max():g}") if changing else "",
            message_n("{n} value without a limit of quantification, taken as quantified",
                      "{n} values without a limit of quantification, taken as quantified",
                      unlimited) if unlimited else "",
            message_n("{n} blank value without a limit left out",
                      "{n} blank values without a limit left out", blank) if blank else "",
        )  # fmt: skip


def kinetic_samples(
    cohort: Cohort, measure: str, infusion: str, limit: float | None = None
) -> Samples:
    """Return the samples of the cohort: of the first infusion, or of each.

    With ``"course"`` the planned infusions after the first belong to it; a re-infusion ends it.
    """
    check_cohort(cohort)
    if limit is not None:
        check_number("limit", limit, low=0)
    study = cohort.study
    name = study.vocabulary.require("measure", "measure", measure)
    table = study.table("assessments")
    rows = table[table["measure"] == name]
    if rows.empty:
        has = [m for m in MEASURES if m in set(table["measure"])]
        has = has or list(dict.fromkeys(table["measure"]))
        raise CarstatsError(
            message(
                "nobody of the study has a sample of {name}. It has: {has}.",
                name=repr(name), has=listed(has),
            )
        )  # fmt: skip
    subjects = treated(cohort)
    rows = rows[rows["subject_id"].isin(subjects["subject_id"])]
    if "adequate" in rows:
        rows = rows[rows["adequate"].fillna(True).astype(bool)]
    rows = _quantified(rows, limit)
    blank = rows["value"].isna() & rows["lloq"].isna() & ~rows["zero"]
    given = _infusions(cohort, subjects, planned=infusion != "course")
    if infusion == "first":
        given = given.drop_duplicates("subject_id").assign(until=np.inf)
    placed = _in_windows(rows[~blank], given)
    unit = next((t.group for t in study.vocabulary.measure if t.name == name), "")
    return Samples(
        name, study.vocabulary.label("measure", name), _printed(unit), placed, given, subjects,
        rows.loc[blank, "subject_id"].value_counts(),
    )  # fmt: skip


def check_limits(samples: Samples) -> None:
    """Raise where nothing tells a value below quantification from one above it."""
    frame = samples.frame
    if len(frame) and frame["lloq"].isna().all() and frame["value"].notna().all():
        raise CarstatsError(
            message(
                "no sample of {name} has a limit of quantification, so that none can be below it. "
                "Give `limit`, in {unit}, or a column `lloq` in the assessments table.",
                name=repr(samples.measure), unit=samples.unit,
            )
        )  # fmt: skip


def infusion_labels(frame: pd.DataFrame) -> dict[str, dict[int, str]]:
    """Return what the infusions are called, where rows are of each."""
    if "infusion_number" not in frame:
        return {}
    numbers = dict.fromkeys(int(n) for n in frame["infusion_number"])
    return {"infusion_number": {n: message("infusion {n}", n=n) for n in numbers}}


def treated(cohort: Cohort) -> pd.DataFrame:
    """Return the infused subjects; all where the study does not say."""
    subjects = cohort.subjects
    if "infused" not in subjects:
        return subjects
    return subjects[subjects["infused"].fillna(False).astype(bool)]


def _quantified(rows: pd.DataFrame, limit: float | None) -> pd.DataFrame:
    """Return values with their limits, blank where below: also a value of 0, not detected."""
    own = rows["lloq"].astype(float) if "lloq" in rows else pd.Series(np.nan, rows.index)
    if limit:
        own = own.fillna(limit)
    value = rows["value"].astype(float)
    zero = value <= 0
    below = zero | (value < own * (1 - 1e-9))
    # A blank is a value below its own limit, given with it; a limit for all says nothing of it.
    given = rows["lloq"].notna() if "lloq" in rows else pd.Series(False, rows.index)
    own = own.where(value.notna() | given.astype(bool))
    return rows[["subject_id", "day"]].assign(value=value.mask(below), lloq=own, zero=zero)


def _infusions(cohort: Cohort, subjects: pd.DataFrame, *, planned: bool) -> pd.DataFrame:
    """Return each subject's infusions with the day of the next; day 0 where none is recorded.

    Those planned after the first are left out where not asked for.
    """
    first = subjects[["subject_id"]].assign(day=0.0)
    if cohort.study.infusions is not None:
        rows = cohort.table("infusions").dropna(subset=["day"])
        rows = rows[rows["subject_id"].isin(subjects["subject_id"]) & (rows["day"] > 0)]
        if not planned:
            rows = rows[~rows["planned"].fillna(True).astype(bool)]
        first = pd.concat([first, rows[["subject_id", "day"]]])
    first = first.drop_duplicates().sort_values(["subject_id", "day"], kind="stable")
    by_subject = first.groupby("subject_id", sort=False)
    return first.assign(
        infusion_number=by_subject.cumcount() + 1,
        until=by_subject["day"].shift(-1).fillna(np.inf),
    ).reset_index(drop=True)


def _in_windows(rows: pd.DataFrame, given: pd.DataFrame) -> pd.DataFrame:
    """Return each sample with its infusion and the days since it.

    A sample on the day of an infusion was drawn before it, so it belongs to that infusion as its
    value at time 0, and to the one before as its last.
    """
    pairs = rows[["subject_id", "day", "value", "lloq"]].merge(
        given.rename(columns={"day": "given"}), on="subject_id"
    )
    inside = (pairs["day"] >= pairs["given"]) | (pairs["infusion_number"] == 1)
    inside &= pairs["day"] <= pairs["until"]
    placed = pairs[inside].assign(time=pairs["day"] - pairs["given"])
    keys = ["subject_id", "infusion_number", "time"]
    placed = placed.sort_values(keys, kind="stable").reset_index(drop=True)
    return placed[[*keys, "value", "lloq"]]


def _printed(unit: str) -> str:
    """Return a unit as journals print it; data files write the micro sign as a u."""
    return unit.replace("uL", "\u00b5L").replace("ug", "\u00b5g")
