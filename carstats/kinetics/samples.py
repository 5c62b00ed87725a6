"""The samples of a measure, each in the window of the infusion it follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.errors import CarstatsError, listed
from carstats.messages import message

# What follows the engineered cells, and no cell of the subject's own.
MEASURES = (
    "CAR_transgene", "CAR_copies_blood", "CAR_T_cells", "CAR_T_percent", "CAR_NK_cells",
)  # fmt: skip


@dataclass(frozen=True)
class Samples:
    """Samples by subject, infusion and time.

    Attributes
    ----------
    measure, label, unit : str
        Its name in the vocabulary, how it prints, and its unit.
    frame : pandas.DataFrame
        ``subject_id``, ``infusion_number``, ``time`` (days since that infusion; negative before the
        first), ``value`` (NaN below quantification), ``lloq`` (NaN where not known).
    infusions : pandas.DataFrame
        ``subject_id``, ``infusion_number``, ``day`` and ``until``, the day of the next one.
    n_blank, n_twice : int
        Blank values without a limit of quantification, which say nothing; samples that were merged
        with another of the same day.
    """

    measure: str
    label: str
    unit: str
    frame: pd.DataFrame
    infusions: pd.DataFrame
    n_blank: int
    n_twice: int


def kinetic_samples(cohort: Cohort, measure: str, infusion: str) -> Samples:
    """Return the samples of the cohort: of the first infusion, or of each."""
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
    rows = rows[rows["subject_id"].isin(cohort.subjects["subject_id"])]
    limit = rows["lloq"].astype(float) if "lloq" in rows else pd.Series(np.nan, rows.index)
    rows = rows.assign(value=rows["value"].astype(float), lloq=limit)
    blank = rows["value"].isna() & rows["lloq"].isna()
    rows = rows[~blank]
    given = _infusions(cohort)
    if infusion == "first":
        given = given.drop_duplicates("subject_id").assign(until=np.inf)
    placed = _in_windows(rows, given)
    merged = (
        placed.sort_values(["subject_id", "infusion_number", "time"], kind="stable")
        .groupby(["subject_id", "infusion_number", "time"], sort=False)
        .agg(value=("value", "mean"), lloq=("lloq", "max"))
        .reset_index()
    )
    unit = next((t.group for t in study.vocabulary.measure if t.name == name), "")
    return Samples(
        name, study.vocabulary.label("measure", name), unit, merged, given, int(blank.sum()),
        len(placed) - len(merged),
    )  # fmt: skip


def _infusions(cohort: Cohort) -> pd.DataFrame:
    """Return each subject's infusions with the day of the next; day 0 where none is recorded."""
    first = cohort.subjects[["subject_id"]].assign(day=0.0)
    if cohort.study.infusions is not None:
        rows = cohort.table("infusions")[["subject_id", "day"]].dropna()
        first = pd.concat([first, rows[rows["day"] > 0]])
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
    return pairs[inside].assign(time=pairs["day"] - pairs["given"])
