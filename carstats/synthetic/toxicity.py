"""Toxicities of the synthetic study, and the IgG curve that hypogammaglobulinaemia is read from."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from carstats.synthetic.course import YEAR, Course, by_programme, pick, stream
from carstats.synthetic.model import Model

_SCALES = {"CRS": "ASTCT", "ICANS": "ASTCT", "LICATS": "Hagen 2025", "GvHD": "MAGIC"}
_SYSTEMS = {
    "CRS": "immune",
    "ICANS": "nervous system",
    "neutropenia": "blood",
    "anaemia": "blood",
    "thrombocytopenia": "blood",
    "lymphopenia": "blood",
    "hypogammaglobulinaemia": "immune",
}
INFECTION_SITES = {
    "respiratory tract": 0.55,
    "urinary tract": 0.17,
    "skin": 0.14,
    "gastrointestinal tract": 0.10,
    "bloodstream": 0.04,
}
_GVHD_SITES = {"skin": 0.7, "gastrointestinal tract": 0.2, "liver": 0.1}
# First and last day of onset, median and normal sigma (log scale) of the duration.
_CYTOPENIA_TIMES = {
    "neutropenia": (1, 9, 11, 0.6),
    "thrombocytopenia": (3, 13, 14, 0.6),
    "anaemia": (2, 14, 21, 0.6),
    "lymphopenia": (0, 2, 30, 0.5),
}
# IgG (g/L) falls to its nadir over 60 days and needs 300 days to come back.
IGG_FALL, IGG_RISE, IGG_LOW = 60.0, 300.0, 7.0
_IGG_NADIR = {1: (5.5, 6.9), 2: (4.1, 5.4), 3: (2.0, 3.9)}


@dataclass
class Toxicities:
    """The episodes in long form, and per subject what the other tables are made from.

    Attributes
    ----------
    table : pandas.DataFrame
        ``subject`` (position), ``term``, ``onset_day``, ``grade``, ``resolution_day``,
        ``grading_scale``, ``system``, ``serious``.
    igg : dict of str to ndarray
        ``base``, ``nadir`` (g/L) and ``rises`` (day on which recovery begins).
    """

    table: pd.DataFrame
    igg: dict[str, np.ndarray] = field(default_factory=dict)

    def first(self, term: str, n: int) -> pd.DataFrame:
        """Return each subject's first episode of a term, NaN where there is none."""
        found = self.table[self.table["term"] == term].drop_duplicates("subject")
        return found.set_index("subject").reindex(range(n))


def steroids_for_toxicity(toxicities: Toxicities) -> pd.DataFrame:
    """Return the glucocorticoids given for toxicity, in mg of prednisone a day.

    Dexamethasone for CRS of grade 3 or more and ICANS of grade 2 or more, a short course of
    prednisone for LICATS of grade 2 or more: at most 14 days, or it would treat a flare.
    """
    table = toxicities.table
    dexamethasone = ((table["term"] == "CRS") & (table["grade"] >= 3)) | (
        (table["term"] == "ICANS") & (table["grade"] >= 2)
    )
    prednisone = (table["term"] == "LICATS") & (table["grade"] >= 2)
    given = table[dexamethasone | prednisone]
    acute = dexamethasone[given.index].to_numpy()
    length = np.where(acute, 2.0, np.where(given["grade"] >= 3, 9.0, 6.0))
    start = given["onset_day"].to_numpy() + np.where(acute, 0.0, 1.0)
    return pd.DataFrame(
        {
            "subject": given["subject"].to_numpy(),
            "drug": np.where(acute, "dexamethasone", "prednisone").astype(object),
            "start": start,
            "stop": start + length,
            "dose": np.where(acute, 133.0, np.where(given["grade"] >= 3, 40.0, 30.0)),
        }
    )


def crs_probability(model: Model) -> np.ndarray:
    """Return the probability of CRS of any grade, one per programme."""
    return by_programme(model, lambda p, d, k: min(0.95, model.crs[p.target] * k.crs_factor))


def licats_probability(model: Model) -> np.ndarray:
    """Return the probability of LICATS, one per programme."""
    return by_programme(
        model, lambda p, d, k: d.licats * model.licats_target[p.target] * k.licats_factor
    )


def hypogamma_probability(model: Model) -> np.ndarray:
    """Return the probability of an IgG below 7 g/L, one per programme."""
    return by_programme(model, lambda p, d, k: model.hypogamma[p.target] * k.hypogamma_factor)


def infection_load(model: Model, day: float) -> float:
    """Return the expected number of infections up to a day for an infection factor of 1."""
    return float(np.interp(day, *_infection_knots(model)))


def _infection_knots(model: Model):
    days = np.array([0.0, *model.infection_windows])
    return days, np.concatenate([[0.0], np.cumsum(np.diff(days) * model.infection_rates)]) / YEAR


class _Rows:
    """Collects episodes; those that begin after the last contact were never seen."""

    def __init__(self, course: Course) -> None:
        self.last = course.last_contact
        self.parts: list[pd.DataFrame] = []

    def add(
        self, term: str, mask, onset, grade, duration, system=None, serious_from: int = 3
    ) -> None:
        """Add one episode for each subject of `mask`."""
        subject = np.flatnonzero(mask & (onset <= self.last))
        onset, grade = onset[subject], grade[subject].astype(float)
        end = onset + duration[subject]
        site = _SYSTEMS[term] if system is None else system[subject]
        self.parts.append(
            pd.DataFrame(
                {
                    "subject": subject,
                    "term": term,
                    "onset_day": onset,
                    "grade": grade,
                    # Ongoing at the last contact: the day of resolution is not known.
                    "resolution_day": np.where(end <= self.last[subject], end, np.nan),
                    "grading_scale": _SCALES.get(term, "CTCAE v5"),
                    "system": site,
                    "serious": grade >= serious_from,
                }
            )
        )


def simulate_toxicities(course: Course, seed: int) -> Toxicities:
    """Draw the toxicities of all infused subjects."""
    rng, rows = stream(seed, "toxicities"), _Rows(course)
    _immune(course, rng, rows)
    _infections(course, rng, rows)
    _cytopenias(course, rng, rows)
    igg = _hypogammaglobulinaemia(course, rng, rows)
    table = pd.concat(rows.parts, ignore_index=True)
    table = table.sort_values(["subject", "onset_day", "term"], kind="stable", ignore_index=True)
    return Toxicities(table, igg)


def _immune(course: Course, rng: np.random.Generator, rows: _Rows) -> None:
    model, n, i = course.model, len(course), course.programme

    # Repeated infusions: CRS may follow any of the planned ones.
    after = rng.random(n)
    days = course.of("infusion_days")
    start = np.array([d[int(u * len(d))] for d, u in zip(days, after, strict=True)], float)
    start = np.where(start <= course.last_contact, start, 0.0)
    probability = crs_probability(model)[i]
    crs = course.infused & (rng.random(n) < probability)
    severe = rng.random(n) < course.kind("crs_severe")
    u = rng.random(n)
    grade = np.where(
        severe, np.where(u < model.crs_grade3, 3, 4), np.where(u < model.crs_grade1, 1, 2)
    )
    late = np.where(course.of("target") == "BCMA", 2.0, 0.0)
    crs_onset = start + 1 + late + np.floor(7 * rng.random(n) ** 1.2)
    crs_length = 2 + np.floor(4 * rng.random(n)) + grade
    rows.add("CRS", crs, crs_onset, grade, crs_length)

    given_crs = np.divide(course.kind("icans"), probability, where=probability > 0, out=np.zeros(n))
    icans = crs & (rng.random(n) < given_crs)
    grade = 1 + pick(rng.random(n), model.icans_grades)
    onset = crs_onset + 1 + np.floor(4 * rng.random(n))
    rows.add("ICANS", icans, onset, grade, 1 + np.floor(5 * rng.random(n)) + grade)

    licats = course.infused & (rng.random(n) < licats_probability(model)[i])
    onset = np.clip(np.round(10 * np.exp(0.45 * rng.standard_normal(n))), 3, 35)
    length = np.clip(np.round(11 * np.exp(0.35 * rng.standard_normal(n))), 3, 26)
    grade = 1 + pick(rng.random(n), model.licats_grades)
    rows.add("LICATS", licats, onset, grade, length, _organs(course, rng.random(n)))
    again = licats & (rng.random(n) < model.licats_second)
    second = onset + length + 2 + np.floor(10 * rng.random(n))
    grade = 1 + pick(rng.random(n), model.licats_grades)
    rows.add(
        "LICATS",
        again & (second <= 42),
        second,
        grade,
        np.full(n, 8.0),
        _organs(course, rng.random(n)),
    )

    gvhd = course.infused & (rng.random(n) < course.kind("gvhd"))
    onset = 14 + np.floor(60 * rng.random(n))
    grade = 1 + pick(rng.random(n), model.gvhd_grades)
    sites = np.array(list(_GVHD_SITES), dtype=object)
    rows.add(
        "GvHD",
        gvhd,
        onset,
        grade,
        10 + np.floor(40 * rng.random(n)),
        sites[pick(rng.random(n), list(_GVHD_SITES.values()))],
    )


def _organs(course: Course, uniform: np.ndarray) -> np.ndarray:
    """Return an organ for LICATS: one that the disease had affected before."""
    out = np.full(len(course), "other", dtype=object)
    diseases = course.of("disease")
    for name, disease in course.model.diseases.items():
        for nephritis in (False, True):
            shares = {o: s for o, s in disease.organs.items() if nephritis or o != "kidney"}
            here = (diseases == name) & (course.nephritis == nephritis)
            organs = np.array(list(shares), dtype=object)
            out[here] = organs[pick(uniform[here], list(shares.values()))]
    return out


def _infections(course: Course, rng: np.random.Generator, rows: _Rows) -> None:
    model, n = course.model, len(course)
    days, load = _infection_knots(model)
    factor = course.kind("infection_factor")
    sites = np.array(list(INFECTION_SITES), dtype=object)
    arrival = np.zeros(n)
    for _ in range(12):  # Twelve exceed what 40 months can bring: one or two are expected.
        arrival = arrival - np.log1p(-rng.random(n)) / factor
        onset = np.ceil(np.interp(arrival, load, days))
        grade = 1 + pick(rng.random(n), model.infection_grades)
        length = 4 + np.floor(10 * rng.random(n)) + 5 * (grade >= 3)
        site = sites[pick(rng.random(n), list(INFECTION_SITES.values()))]
        seen = course.infused & (arrival < load[-1]) & (onset != course.death)
        rows.add("infection", seen, onset, grade, length, site)
    fatal = course.death_cause == "infection"
    onset = np.where(fatal, np.maximum(course.death - 3 - np.floor(14 * rng.random(n)), 1), 0.0)
    site = np.where(rng.random(n) < 0.7, "respiratory tract", "bloodstream").astype(object)
    rows.add("infection", fatal, onset, np.full(n, 5), np.full(n, np.inf), site)


def _cytopenias(course: Course, rng: np.random.Generator, rows: _Rows) -> None:
    model, n = course.model, len(course)
    spared = ~course.of("lymphodepletion").astype(bool)
    haemolytic = course.of("disease") == "AIHA"
    for term, shares in model.cytopenia.items():
        low, high, median, sigma = _CYTOPENIA_TIMES[term]
        grade = pick(rng.random(n), shares)
        mild = np.where(rng.random(n) < model.cytopenia_without_conditioning, 1, 0)
        grade = np.where(spared, mild, grade)
        onset = low + np.floor((high - low + 1) * rng.random(n))
        length = np.round(median * np.exp(sigma * rng.standard_normal(n)) * (0.6 + 0.2 * grade))
        # In AIHA anaemia is the disease itself.
        seen = course.infused & (grade > 0) & ~(haemolytic & (term == "anaemia"))
        rows.add(term, seen, onset, grade, np.maximum(length, 2), serious_from=5)


def _hypogammaglobulinaemia(course: Course, rng: np.random.Generator, rows: _Rows):
    model, n = course.model, len(course)
    low = course.infused & (rng.random(n) < hypogamma_probability(model)[course.programme])
    grade = 1 + pick(rng.random(n), model.hypogamma_grades)
    base = np.maximum(7.7, 11.5 * np.exp(0.22 * rng.standard_normal(n)))
    u = rng.random(n)
    bounds = np.array([_IGG_NADIR[g] for g in (1, 2, 3)])[grade - 1]
    nadir = np.where(
        low,
        bounds[:, 0] + u * (bounds[:, 1] - bounds[:, 0]),
        np.maximum(7.3, base * (0.70 + 0.25 * u)),
    )
    rises = np.round(210 * np.exp(0.35 * rng.standard_normal(n)))
    depth = np.maximum(base - nadir, 0.1)
    onset = np.ceil(IGG_FALL * (base - IGG_LOW) / depth)
    end = rises + np.ceil(IGG_RISE * np.maximum(IGG_LOW - nadir, 0) / depth)
    # Expected after these products and treated at home: serious only if infections follow.
    rows.add("hypogammaglobulinaemia", low, onset, grade, end - onset, serious_from=5)
    return {"base": base, "nadir": nadir, "rises": rises}
