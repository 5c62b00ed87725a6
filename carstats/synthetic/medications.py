"""Medications of the synthetic study, and what they mean for a visit: dose, drug-free or not."""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.synthetic.course import Course, pick, stream
from carstats.synthetic.toxicity import Toxicities
from carstats.synthetic.visits import Visits

# Classes that treat the disease: none of them may have run in the 28 days before a visit that
# counts as drug-free. Antimalarials, antifibrotics and pyridostigmine are allowed.
_DISEASE_CLASSES = (
    "glucocorticoid",
    "immunosuppressant",
    "biologic",
    "targeted synthetic",
    "plasma exchange",
)
_DRUG_FREE_DAYS = 28
# Diseases of this study that immunoglobulin treats.
IMMUNOGLOBULIN_DISEASES = ("MG", "IIM")
# Shares of the baseline dose in the four quarters of the taper.
_TAPER = (0.75, 0.50, 0.30, 0.15)
_RESCUE_TAPER = ((0, 27, 30.0), (28, 83, 15.0), (84, np.inf, 7.5))


class _Rows:
    """Collects treatment episodes; one that outlasts the last contact has no known last day."""

    def __init__(self, course: Course) -> None:
        self.n, self.last = len(course), course.last_contact
        self.parts: list[pd.DataFrame] = []

    def add(self, mask, drug, drug_class, start, stop, reason, dose=np.nan) -> None:
        """Add an episode for each subject of `mask`; an unknown start is NaN, no stop `inf`."""
        start, stop = np.broadcast_to(start, self.n), np.broadcast_to(stop, self.n)
        kept = np.asarray(mask, bool) & ~(start > self.last) & ~(stop < start)
        index = np.flatnonzero(kept)

        def chosen(values):
            return np.broadcast_to(np.asarray(values, dtype=object), self.n)[index]

        stop = stop[index]
        self.parts.append(
            pd.DataFrame(
                {
                    "subject": index,
                    "drug": chosen(drug),
                    "drug_class": chosen(drug_class),
                    "start_day": start[index],
                    "stop_day": np.where(stop <= self.last[index], stop, np.nan),
                    "prednisone_equivalent_mg": chosen(dose).astype(float),
                    "reason": reason,
                }
            )
        )

    def table(self) -> pd.DataFrame:
        """Return all episodes by subject and start; an unknown start comes first."""
        table = pd.concat([part for part in self.parts if len(part)], ignore_index=True)
        return table.sort_values(
            ["subject", "start_day", "drug"], kind="stable", na_position="first", ignore_index=True
        )


def simulate_medications(
    course: Course, visits: Visits, toxicities: Toxicities, steroids: pd.DataFrame, seed: int
) -> pd.DataFrame:
    """Return the medications table with ``subject`` (position) for the identifier."""
    rng, rows = stream(seed, "medications"), _Rows(course)
    _background(course, rng, rows)
    _glucocorticoids(course, visits, rng, rows)
    _conditioning(course, visits, rows)
    _for_toxicity(course, visits, toxicities, steroids, rng, rows)
    _rescue(course, visits, rng, rows)
    return rows.table()


def _background(course: Course, rng: np.random.Generator, rows: _Rows) -> None:
    model, n = course.model, len(course)
    diseases, infused = course.of("disease"), course.infused
    drug, drug_class = _choose(course, "background", rng.random(n))
    start = -np.floor(120 + 1400 * rng.random(n))
    start = np.where(rng.random(n) < 0.15, np.nan, start)
    stops = infused & (rng.random(n) < course.kind("background_stopped"))
    early, late = model.background_stop_days
    u = rng.random(n)
    # With lymphodepletion the washout comes before it; without, the drug is stopped on response.
    stop = np.where(
        np.isnan(course.lymphodepletion),
        np.floor(early + (late - early) * u),
        course.lymphodepletion - 3 - np.floor(20 * u),
    )
    stop = np.where(stops, stop, np.inf)
    treated = rng.random(n) < model.background_share
    rows.add(treated, drug, drug_class, start, stop, "background")

    end = -np.floor(190 + 500 * rng.random(n))
    rows.add(rng.random(n) < 0.4, "rituximab", "biologic", end - 14, end, "background")
    begin = -np.floor(400 + 2500 * rng.random(n))
    kept = rng.random(n) < model.antimalarial_kept
    stop = np.where(kept | ~infused, np.inf, np.floor(120 * rng.random(n)))
    lupus = (diseases == "SLE") & (rng.random(n) < model.antimalarial_share)
    rows.add(lupus, "hydroxychloroquine", "antimalarial", begin, stop, "background")
    u = rng.random(n)
    rows.add(
        (diseases == "MG") & (u < 0.8),
        "pyridostigmine",
        "cholinesterase inhibitor",
        begin,
        np.inf,
        "background",
    )
    rows.add(
        (diseases == "SSc") & (u < 0.3), "nintedanib", "antifibrotic", begin, np.inf, "background"
    )


def _choose(course: Course, attribute: str, uniform: np.ndarray):
    """Return a drug and its class for each subject from its disease's list, all equally likely."""
    drug = np.empty(len(course), dtype=object)
    drug_class = drug.copy()
    diseases = course.of("disease")
    for name, disease in course.model.diseases.items():
        here, options = diseases == name, getattr(disease, attribute)
        which = pick(uniform[here], np.ones(len(options)))
        drug[here] = np.array([option[0] for option in options], dtype=object)[which]
        drug_class[here] = np.array([option[1] for option in options], dtype=object)[which]
    return drug, drug_class


def _glucocorticoids(course: Course, visits: Visits, rng: np.random.Generator, rows: _Rows) -> None:
    """Add the dose before the infusion and the taper after it."""
    model, n = course.model, len(course)
    disease = [model.diseases[name].glucocorticoid for name in course.of("disease")]
    share, lowest, highest = np.array(disease, float).T
    treated = rng.random(n) < share
    dose = _round_dose(lowest + (highest - lowest) * rng.random(n))
    start = -np.floor(90 + 900 * rng.random(n))
    rows.add(
        treated,
        "prednisone",
        "glucocorticoid",
        start,
        np.where(course.infused, -1.0, np.inf),
        "background",
        dose,
    )

    low, high = model.glucocorticoid_off_days
    off = np.floor(low + (high - low) * rng.random(n))
    comes_off = course.responds & (rng.random(n) < model.glucocorticoid_off)
    # Nobody is tapered further once the disease is treated again.
    limit = visits.treated_again - 1
    treated = treated & course.infused
    # Without a response half of the dose stays, at least 7.5 mg; it rests on 5 mg in others.
    kept = np.maximum(_round_dose(dose / 2), 7.5)
    floor = np.where(course.responds, np.where(comes_off, 2.5, 5.0), kept)
    floor = np.minimum(dose, floor)
    levels = [np.maximum(_round_dose(dose * part), floor) for part in _TAPER]
    edges = [np.floor(off * quarter / len(_TAPER)) for quarter in range(len(_TAPER) + 1)]
    levels.append(np.where(comes_off, 0.0, floor))
    edges.append(np.full(n, np.inf))
    for step, level in enumerate(levels):
        # One episode for each dose: steps at the same dose are one.
        begins = (level != levels[step - 1]) | (step == 0)
        end = edges[step + 1]
        same = np.ones(n, bool)
        for later in range(step + 1, len(levels)):
            same &= levels[later] == level
            end = np.where(same, edges[later + 1], end)
        rows.add(
            treated & begins & (level > 0),
            "prednisone",
            "glucocorticoid",
            edges[step],
            np.minimum(end - 1, limit),
            "background",
            level,
        )


def _round_dose(dose: np.ndarray) -> np.ndarray:
    return np.maximum(2.5 * np.round(dose / 2.5), 2.5)


def _conditioning(course: Course, visits: Visits, rows: _Rows) -> None:
    conditioned = ~np.isnan(course.lymphodepletion)
    for drug in ("fludarabine", "cyclophosphamide"):
        first = course.lymphodepletion
        rows.add(conditioned, drug, "lymphodepletion", first, first + 2, "conditioning")
        again = visits.reinfusion - 5
        rows.add(
            conditioned & np.isfinite(again),
            drug,
            "lymphodepletion",
            again,
            again + 2,
            "conditioning",
        )
    for drug in ("aciclovir", "co-trimoxazole"):
        rows.add(conditioned, drug, "supportive", course.lymphodepletion, 182.0, "supportive")


def _for_toxicity(course, visits, toxicities: Toxicities, steroids, rng, rows: _Rows) -> None:
    n = len(course)
    crs = toxicities.first("CRS", n)
    grade, onset = crs["grade"].to_numpy(), crs["onset_day"].to_numpy()
    given = (grade >= 2) | ((grade == 1) & (rng.random(n) < 0.15))
    day = onset + np.where(grade == 1, 2, 0)
    rows.add(given, "tocilizumab", "tocilizumab", day, day, "toxicity")

    # One subject may need two courses, so these rows are made as they are.
    kept = steroids[steroids["start"].to_numpy() <= course.last_contact[steroids["subject"]]]
    stop = kept["stop"].to_numpy()
    known = stop <= course.last_contact[kept["subject"]]
    rows.parts.append(
        pd.DataFrame(
            {
                "subject": kept["subject"].to_numpy(),
                "drug": kept["drug"].to_numpy(),
                "drug_class": "glucocorticoid",
                "start_day": kept["start"].to_numpy(),
                "stop_day": np.where(known, stop, np.nan),
                "prednisone_equivalent_mg": kept["dose"].to_numpy(),
                "reason": "toxicity",
            }
        )
    )

    low = toxicities.first("neutropenia", n)
    grade, onset = low["grade"].to_numpy(), low["onset_day"].to_numpy()
    given = rng.random(n) < np.select([grade == 4, grade == 3], [0.7, 0.2], 0.0)
    rows.add(given, "filgrastim", "supportive", onset + 1, onset + 4, "toxicity")

    igg = toxicities.first("hypogammaglobulinaemia", n)
    grade, onset = igg["grade"].to_numpy(), igg["onset_day"].to_numpy()
    given = (grade == 3) | ((grade == 2) & (rng.random(n) < 0.4))
    # Where immunoglobulin treats the disease, replacement would count as rescue: it is not given.
    given &= ~np.isin(course.of("disease"), IMMUNOGLOBULIN_DISEASES)
    rows.add(
        given,
        "immunoglobulin IV",
        "immunoglobulin",
        onset + 14,
        toxicities.igg["rises"] + 60,
        "replacement",
    )


def _rescue(course: Course, visits: Visits, rng: np.random.Generator, rows: _Rows) -> None:
    n, start = len(course), visits.rescue
    rescued = np.isfinite(start)
    drug, drug_class = _choose(course, "rescue", rng.random(n))
    # Courses that end of themselves; other rescue drugs go on.
    length = np.select([drug_class == "plasma exchange", drug == "rituximab"], [10, 14], np.inf)
    rows.add(rescued, drug, drug_class, start, start + length, "disease")
    pulse = rescued & (course.of("disease") == "NMOSD")
    rows.add(pulse, "methylprednisolone", "glucocorticoid", start, start + 4, "disease", 1250.0)
    # Going on with a drug that is taken already is no rescue: it comes with a glucocorticoid.
    steroid = rescued & ((rng.random(n) < 0.85) | _taken(rows, drug, start))
    for first, last, dose in _RESCUE_TAPER:
        begin = np.where(pulse & (first == 0), start + 5, start + first)
        rows.add(steroid, "prednisone", "glucocorticoid", begin, start + last, "disease", dose)


def _taken(rows: _Rows, drug, start) -> np.ndarray:
    """Return who takes a drug already when it is to begin."""
    given = pd.concat(rows.parts, ignore_index=True)
    subject = given["subject"].to_numpy()
    stop = given["stop_day"].fillna(np.inf).to_numpy()
    lately = (given["drug"].to_numpy() == drug[subject]) & (
        stop >= start[subject] - _DRUG_FREE_DAYS
    )
    lately &= given["start_day"].fillna(-np.inf).to_numpy() < start[subject]
    out = np.zeros(len(drug), bool)
    np.logical_or.at(out, subject, lately)
    return out


def drugs_at_visits(medications: pd.DataFrame, visits: Visits):
    """Return the dose for the disease at each visit, and whether the subject is drug-free there."""
    dose = np.zeros(visits.day.shape)
    treated = np.zeros(visits.day.shape, bool)
    rows = medications[medications["drug_class"].isin(_DISEASE_CLASSES)]
    rows = rows[rows["reason"] != "toxicity"]  # Treatment policy: it says nothing of the disease.
    subject = rows["subject"].to_numpy()
    start = rows["start_day"].fillna(-np.inf).to_numpy()[:, None]
    stop = rows["stop_day"].fillna(np.inf).to_numpy()[:, None]
    day = visits.day[subject]
    np.logical_or.at(treated, subject, (start <= day) & (stop >= day - _DRUG_FREE_DAYS))
    given = rows["prednisone_equivalent_mg"].fillna(0.0).to_numpy()[:, None]
    np.add.at(dose, subject, np.where((start <= day) & (stop >= day), given, 0.0))
    return dose, ~treated
