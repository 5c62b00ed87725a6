"""Return of B cells and of IgG, and loss of an autoantibody, as rows of the events table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.data.study import Study
from carstats.endpoints.derive.course import Course
from carstats.endpoints.derive.daily_sheets import below_limit
from carstats.endpoints.record.visits import infused
from carstats.endpoints.rules.blood.bcells import PRESETS
from carstats.endpoints.rules.blood.bcells import b_cell_reconstitution as b_cell_return
from carstats.endpoints.rules.blood.immunoglobulin import igg_recovery as igg_return
from carstats.endpoints.rules.blood.serology import complement_normalisation as complement_return
from carstats.endpoints.rules.blood.serology import seroconversion as antibody_loss
from carstats.endpoints.rules.disease_states import CK_ULN
from carstats.endpoints.rules.muscle_skin.enzyme_return import ck_normalisation as ck_return

_COLUMNS = [
    "subject_id", "endpoint", "status", "time", "time_low", "time_high", "origin_day", "cause",
]  # fmt: skip
# Products against these antigens aim at B cells; those against BCMA alone do not.
_B_CELL_TARGETS = ("CD19", "CD20", "CD22")


def b_cell_reconstitution(course: Course) -> pd.DataFrame:
    """Return `b_cell_reconstitution` of those whose product aims at B cells and depleted them."""
    subjects = course.visits.study.subjects
    aims = subjects["target"].map(lambda t: any(name in str(t) for name in _B_CELL_TARGETS))
    rows = _samples(course, "B_cells", 1).rename(columns={"value": "count"})
    cut = PRESETS[course.rules.b_cell_preset][1]
    if cut is not None:
        # Blank because it was below the limit of quantification: below the threshold as well.
        below = below_limit(course.visits, "B_cells", cut).rename(columns={"value": "count"})
        rows = pd.concat([rows, below[below["day"] >= 1]], ignore_index=True)
        rows = rows.drop_duplicates(["subject_id", "day"], keep="first")
    found = b_cell_return(
        rows,
        preset=course.rules.b_cell_preset,
        subjects=subjects["subject_id"],
        competing=_again(course),
    )
    return _events(course, found, aims.to_numpy(bool))


def igg_recovery(course: Course) -> pd.DataFrame:
    """Return `igg_recovery` of those whose IgG fell below 7 g/L: unassisted, two samples."""
    subjects = course.visits.study.subjects
    rows = _samples(course, "IgG", 1)
    found = igg_return(
        rows,
        immunoglobulin_days(course.visits.study),
        threshold=course.rules.igg_threshold,
        mask_days=int(course.rules.igg_mask_days),
        subjects=subjects["subject_id"],
        competing=_again(course),
    )
    return _events(course, found, np.ones(course.n, bool))


def seroconversion(course: Course) -> pd.DataFrame:
    """Return `seroconversion` of the positive at baseline: two negatives in a row.

    In SLE the antibody is anti-dsDNA, elsewhere the disease's own; tests of a study count as one
    assay.
    """
    subjects = course.visits.study.subjects
    parts = []
    for name, cutoff in course.rules.antibody_positive:
        rows = _samples(course, name, -100_000)
        lupus = (subjects["disease"].to_numpy()[rows["position"]] == "SLE") == (
            name == "anti-dsDNA"
        )
        parts.append(rows[lupus].assign(antibody=name, assay="as recorded", cutoff=float(cutoff)))
    rows = pd.concat(parts, ignore_index=True)
    if not len(rows):
        return pd.DataFrame({name: [] for name in _COLUMNS})
    found = antibody_loss(
        rows,
        immunoglobulin_days(course.visits.study),
        mask_days=int(course.rules.antibody_mask_days),
        subjects=subjects["subject_id"],
        competing=_again(course),
    )
    return _events(course, found, np.ones(course.n, bool))


def complement_normalisation(course: Course) -> pd.DataFrame:
    """Return `complement_normalisation` of SLE with low C3 or C4 before: both normal, first sample.

    The day on which every component that was measured on it is at or above its limit; a component
    never measured in the study is no part of it.
    """
    subjects = course.visits.study.subjects
    lupus = subjects["disease"].to_numpy() == "SLE"
    parts = [
        _samples(course, name, -100_000).assign(lln=float(lln))
        for name, lln in course.rules.complement_lln
        if name in course.visits.measured
    ]
    parts = [part[lupus[part["position"]]] for part in parts if len(part)]
    if not parts:
        return pd.DataFrame({name: [] for name in _COLUMNS})
    rows = pd.concat(parts, ignore_index=True)
    # One value a day: the component that is lowest for its limit decides, and all must be there.
    rows["value"] = rows["value"] / rows["lln"]
    days = rows.groupby(["subject_id", "day"], as_index=False)["value"].agg(["min", "size"])
    days = days[days["size"] == len(parts)].rename(columns={"min": "value"})
    if not len(days):
        return pd.DataFrame({name: [] for name in _COLUMNS})
    found = complement_return(
        days.drop(columns="size").assign(lln=1.0),
        subjects=subjects["subject_id"],
        competing=_again(course),
    )
    return _events(course, found, lupus)


def ck_normalisation(course: Course) -> pd.DataFrame:
    """Return `ck_normalisation` of IIM with raised creatine kinase before: two normal samples."""
    subjects = course.visits.study.subjects
    muscle = subjects["disease"].to_numpy() == "IIM"
    rows = _samples(course, "CK", -100_000)
    rows = rows[muscle[rows["position"]]]
    if not len(rows):
        return pd.DataFrame({name: [] for name in _COLUMNS})
    found = ck_return(
        rows.assign(uln=CK_ULN)[["subject_id", "day", "value", "uln"]],
        subjects=subjects["subject_id"],
        competing=_again(course),
    )
    return _events(course, found, muscle)


def _samples(course: Course, name: str, first: float) -> pd.DataFrame:
    """Return a measure's adequate values from a day on, one a subject and day."""
    values = course.visits.table
    rows = values[(values["measure"] == name) & values["adequate"] & (values["day"] >= first)]
    ids = course.visits.study.subjects["subject_id"].to_numpy(object)
    return pd.DataFrame(
        {
            "subject_id": ids[rows["subject"]],
            "position": rows["subject"].to_numpy(),
            "day": np.floor(rows["day"].to_numpy()),
            "value": rows["value"].to_numpy(),
        }
    ).drop_duplicates(["subject_id", "day"])


def _again(course: Course) -> pd.DataFrame:
    """Return the re-infusions: samples after one say nothing of the first."""
    day = course.judge.intercurrent.reinfusion
    rows = np.flatnonzero(np.isfinite(day))
    ids = course.visits.study.subjects["subject_id"].to_numpy(object)
    return pd.DataFrame({"subject_id": ids[rows], "day": day[rows], "cause": "re-infusion"})


def immunoglobulin_days(study: Study) -> pd.DataFrame | None:
    """Return the days on which immunoglobulin was given: every 28 days of an episode."""
    drugs = study.medications
    if drugs is None:
        return None
    rows = drugs[(drugs["drug_class"] == "immunoglobulin") & drugs["start_day"].notna()]
    contact = study.subjects.set_index("subject_id")["last_contact_day"]
    last = rows["stop_day"].fillna(rows["subject_id"].map(contact)).to_numpy(float)
    start = np.floor(rows["start_day"].to_numpy(float))
    doses = np.maximum(np.floor((last - start) / 28.0), 0).astype(int) + 1
    which = np.repeat(np.arange(len(rows)), doses)
    order = np.arange(len(which)) - np.repeat(np.cumsum(doses) - doses, doses)
    days = pd.DataFrame(
        {
            "subject_id": rows["subject_id"].to_numpy(object)[which],
            "day": start[which] + 28.0 * order,
        }
    )
    ends = pd.DataFrame({"subject_id": rows["subject_id"].to_numpy(object), "day": np.floor(last)})
    return pd.concat([days, ends], ignore_index=True).drop_duplicates()


def _events(course: Course, found: pd.DataFrame, who) -> pd.DataFrame:
    """Return the rows that apply, with a death that comes soon enough as a competing event."""
    found = found.reset_index(drop=True)
    low = found["time_low"].fillna(0.0).to_numpy(float)
    subjects = course.visits.study.subjects["subject_id"]
    subject = pd.Index(subjects).get_indexer(found["subject_id"])
    death = course.counted_death(low, subject)
    dies = (found["status"] == "censored").to_numpy() & np.isfinite(death)
    found["status"] = np.where(dies, "competing", found["status"].to_numpy(object))
    found["time"] = np.where(dies, death, found["time"].to_numpy(float))
    found["cause"] = np.where(dies, "death", found["cause"].to_numpy(object))
    event = (found["status"] == "event").to_numpy()
    found["time_low"] = np.where(event, low, found["time"])
    found["time_high"] = np.where(found["status"] == "censored", np.nan, found["time"])
    kept = found["status"].notna().to_numpy() & (who & infused(course.visits.study))[subject]
    return found.loc[kept, _COLUMNS].reset_index(drop=True)


IMMUNE_EVENTS = {
    "b_cell_reconstitution": b_cell_reconstitution,
    "igg_recovery": igg_recovery,
    "seroconversion": seroconversion,
    "complement_normalisation": complement_normalisation,
    "ck_normalisation": ck_normalisation,
}
"""The immunological endpoints, each a function of a `Course`."""
