"""Harm of the synthetic study beyond grades: organisms, second malignancies, days in hospital."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from carstats.synthetic.course import YEAR, Course, by_programme, pick, stream
from carstats.synthetic.model import Model
from carstats.synthetic.toxicity import INFECTION_SITES, Toxicities, crs_probability

_ORGANISMS = {
    "bacterial": ("Escherichia coli", "Staphylococcus aureus", "Streptococcus pneumoniae",
                  "Klebsiella pneumoniae"),
    "viral": ("SARS-CoV-2", "Influenza A", "Rhinovirus", "VZV", "CMV"),
    "fungal": ("Candida albicans", "Pneumocystis jirovecii", "Aspergillus"),
    "not identified": (None,),
}  # fmt: skip


@dataclass(frozen=True)
class HarmModel:
    """What the harm beyond grades is drawn from.

    Attributes
    ----------
    organisms : dict of str to tuple of float
        For each site of an infection the shares bacterial, viral, fungal, not identified.
    malignancy_rate, malignancy_from : float
        Second malignancies per person-year after this day.
    discharge : (float, float)
        Range of the day on which who was conditioned goes home, if nothing holds them back.
    short_stay : float
        Last day in hospital without conditioning.
    readmission : (float, float)
        Range of the days of a stay for an infection of grade 3 or more.
    intensive : (float, float)
        Range of the days of intensive care, for CRS or ICANS of grade 3 or more and infections of
        grade 4 or 5.
    """

    organisms: dict[str, tuple[float, ...]] = field(
        default_factory=lambda: {
            "respiratory tract": (0.30, 0.45, 0.05, 0.20),
            "urinary tract": (0.85, 0.00, 0.05, 0.10),
            "skin": (0.45, 0.40, 0.05, 0.10),
            "gastrointestinal tract": (0.40, 0.30, 0.00, 0.30),
            "bloodstream": (0.75, 0.00, 0.15, 0.10),
        }
    )
    malignancy_rate: float = 0.004
    malignancy_from: float = 60.0
    discharge: tuple[float, float] = (10.0, 16.0)
    short_stay: float = 2.0
    readmission: tuple[float, float] = (4.0, 12.0)
    intensive: tuple[float, float] = (2.0, 6.0)


HARM = HarmModel()


def with_harm(
    course: Course, toxicities: Toxicities, medications: pd.DataFrame, seed: int,
    model: HarmModel = HARM,
) -> tuple[pd.DataFrame, pd.DataFrame]:  # fmt: skip
    """Return the toxicities with organisms and second malignancies, the medications with stays.

    The rows of before stay as they are.
    """
    rng = stream(seed, "harm")
    table = toxicities.table
    named = table.assign(organism=_organisms(table, rng.random((len(table), 2)), model))
    named = pd.concat([named, _malignancies(course, rng, model)], ignore_index=True)
    named = named.sort_values(["subject", "onset_day", "term"], kind="stable", ignore_index=True)
    stays = _stays(course, table, rng, model)
    given = pd.concat([medications, stays], ignore_index=True)
    given = given.sort_values(
        ["subject", "start_day", "drug"], kind="stable", na_position="first", ignore_index=True
    )
    return named, given


def _organisms(table: pd.DataFrame, u: np.ndarray, model: HarmModel) -> np.ndarray:
    found = np.full(len(table), None, dtype=object)
    infection = (table["term"] == "infection").to_numpy()
    kinds = list(_ORGANISMS)
    for site, shares in model.organisms.items():
        here = infection & (table["system"] == site).to_numpy()
        kind = pick(u[:, 0], shares)
        for place, name in enumerate(kinds):
            mine = here & (kind == place)
            names = np.array(_ORGANISMS[name], dtype=object)
            found[mine] = names[pick(u[mine, 1], np.ones(len(names)))]
    return found


def _malignancies(course: Course, rng: np.random.Generator, model: HarmModel) -> pd.DataFrame:
    wait = -np.log1p(-rng.random(len(course))) / model.malignancy_rate * YEAR
    day = np.ceil(model.malignancy_from + wait)
    subject = np.flatnonzero(course.infused & (day <= course.last_contact))
    return pd.DataFrame(
        {"subject": subject, "term": "second malignancy", "onset_day": day[subject], "grade": 3.0,
         "resolution_day": np.nan, "grading_scale": "CTCAE v5", "system": "neoplasm",
         "serious": True, "organism": None}
    )  # fmt: skip


def _stays(
    course: Course, table: pd.DataFrame, rng: np.random.Generator, model: HarmModel
) -> pd.DataFrame:
    """Return the stays: that of the infusion, those for infections, and intensive care."""
    n, last = len(course), course.last_contact
    conditioned = ~np.isnan(course.lymphodepletion)
    home = np.floor(_within(model.discharge, rng.random(n)))
    home = np.where(conditioned, home, model.short_stay)
    u = rng.random((len(table), 2))
    subject, grade = table["subject"].to_numpy(int), table["grade"].to_numpy(float)
    onset = table["onset_day"].to_numpy(float)
    end = table["resolution_day"].fillna(np.inf).to_numpy(float)
    acute = table["term"].isin(["CRS", "ICANS"]).to_numpy()
    # Nobody goes home with cytokine release or neurotoxicity that began in hospital.
    kept = acute & (onset <= home[subject]) & np.isfinite(end)
    np.maximum.at(home, subject[kept], end[kept])
    infection = (table["term"] == "infection").to_numpy()
    fatal = infection & (grade == 5)
    length = np.floor(_within(model.readmission, u[:, 0]))
    stop = np.where(fatal, np.inf, onset + length)
    ill = infection & (grade >= 3)
    late_acute = acute & (grade >= 2) & ~kept & (onset > home[subject])
    stop = np.where(late_acute, end, stop)
    back = ill | late_acute

    severe = (acute & (grade >= 3)) | (infection & (grade >= 4))
    in_unit = np.where(fatal, np.inf, onset + np.floor(_within(model.intensive, u[:, 1])))
    # The unit is in the hospital: a stay reaches to the end of intensive care.
    np.maximum.at(home, subject[severe & kept], (in_unit + 1)[severe & kept])
    stop = np.where(severe & np.isfinite(in_unit), np.maximum(stop, in_unit + 1), stop)
    admitted = np.where(conditioned, course.lymphodepletion - 1, -1.0)
    whose = np.flatnonzero(course.infused)
    parts = [
        _rows(whose, "ward", "hospital stay", admitted[whose], home[whose], None, last),
        _rows(subject[back], "ward", "hospital stay", onset[back], stop[back], "toxicity", last),
        _rows(subject[severe], "intensive care unit", "intensive care", onset[severe],
              in_unit[severe], "toxicity", last),
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _rows(subject, drug: str, kind: str, start, stop, reason, last: np.ndarray) -> pd.DataFrame:
    known = stop <= last[subject]
    return pd.DataFrame(
        {"subject": subject, "drug": drug, "drug_class": kind, "start_day": start,
         "stop_day": np.where(known, stop, np.nan), "prednisone_equivalent_mg": np.nan,
         "reason": reason}
    )  # fmt: skip


def _within(ends: tuple[float, float], share: np.ndarray) -> np.ndarray:
    return ends[0] + (ends[1] - ends[0]) * share


def harm_truth(model: Model, harm: HarmModel = HARM) -> dict:
    """Return what is true of the harm beyond grades."""
    sites = np.array(list(INFECTION_SITES.values()))
    shares = sites @ np.array([harm.organisms[site] for site in INFECTION_SITES]) / sites.sum()
    weight = by_programme(model, lambda p, d, k: p.size * (1 - k.manufacturing_failure))
    weight = weight * crs_probability(model)
    severe = by_programme(model, lambda p, d, k: k.crs_severe)
    mild = (1 - severe) * model.crs_grade1
    tocilizumab = 1 - mild + 0.15 * mild
    return {
        "meaning": "Share of each group of organism among infections that do not kill; second "
        "malignancies per 100 person-years from `malignancy_from` on; of subjects with CRS the "
        "probability of grade 3 or more, which brings intensive care, and of tocilizumab. A stay "
        "is in hospital from the day before lymphodepletion.",
        "organism": {name: round(float(s), 6) for name, s in zip(_ORGANISMS, shares, strict=True)},
        "second_malignancy_per_100_person_years": 100 * harm.malignancy_rate,
        "crs_grade_3_given_crs": round(float(weight @ severe / weight.sum()), 6),
        "tocilizumab_given_crs": round(float(weight @ tocilizumab / weight.sum()), 6),
    }
