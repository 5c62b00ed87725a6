"""The subjects and infusions tables of the synthetic study."""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.synthetic.course import Course, pick, stream
from carstats.synthetic.visits import Visits


def subjects_table(course: Course, seed: int) -> pd.DataFrame:
    """Return one row per subject, with the missing values that real files have."""
    rng, n, model = stream(seed, "subjects"), len(course), course.model
    diseases = [model.diseases[name] for name in course.of("disease")]
    mean, sd, youngest, oldest = np.array([disease.age for disease in diseases]).T
    age = np.clip(np.floor(mean + sd * rng.standard_normal(n)), youngest, oldest)
    female = rng.random(n) < np.array([disease.female for disease in diseases])
    weight = np.where(female, 62.0, 76.0) * np.exp(0.18 * rng.standard_normal(n))
    median = np.array([disease.duration_years for disease in diseases])
    duration = median * np.exp(0.6 * rng.standard_normal(n))
    # Nobody has had the disease since before the age of six.
    duration = np.maximum(np.minimum(duration, age - 6), 0.5)
    prior = np.array([disease.prior_therapies for disease in diseases])
    prior = np.clip(np.round(prior + 1.5 * rng.standard_normal(n)), 2, 12)
    site = np.array(list(model.sites), dtype=object)
    site = site[pick(rng.random(n), list(model.sites.values()))]
    enrolled, collected = _preparation(course, rng)

    target = course.of("target")
    given = course.of("valency")
    implied = np.where([("+" in name) for name in target], "dual", "single").astype(object)
    table = pd.DataFrame(
        {
            "subject_id": course.ids(),
            "disease": course.of("disease"),
            "target": target,
            "platform": course.of("platform"),
            "cell_source": course.of("cell_source"),
            "last_contact_day": course.last_contact,
            "study_id": course.of("study_id"),
            "site_id": site,
            "cutoff_day": course.cutoff,
            "disease_subtype": course.subtype,
            "construct": course.of("construct"),
            "costimulation": course.of("costimulation"),
            "age": age,
            "sex": np.where(female, "F", "M").astype(object),
            "weight_kg": np.round(weight, 1),
            "disease_duration_years": np.round(duration, 1),
            "n_prior_therapies": prior,
            "enrolment_day": enrolled,
            "leukapheresis_day": collected,
            "lymphodepletion_day": course.lymphodepletion,
            "infused": pd.array(course.infused, dtype="boolean"),
            "valency": np.where(pd.isna(given), implied, given),
            "death_day": course.death,
            "death_cause": course.death_cause,
        }
    )
    for column, share in model.missing.items():
        if column in table:
            table.loc[rng.random(n) < share, column] = None
    return table


def _preparation(course: Course, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the days of enrolment and of leukapheresis, on the clock of each subject."""
    n = len(course)
    autologous = course.of("cell_source") == "autologous"
    wait = np.where(
        autologous, 32 + np.floor(30 * rng.random(n)), 12 + np.floor(12 * rng.random(n))
    )
    enrolled = np.where(course.infused, -wait, 0.0)
    collected = enrolled + 3 + np.floor(8 * rng.random(n))
    return enrolled, np.where(autologous, collected, np.nan)


def infusions_table(course: Course, visits: Visits, seed: int) -> pd.DataFrame:
    """Return the infusions, with ``subject`` (position) for the identifier."""
    rng, n, model = stream(seed, "infusions"), len(course), course.model
    level = np.array([p.dose for p in model.programmes])[course.programme]
    # Dose levels of an escalation: half, full, twice the programme's dose.
    level = level * np.array([0.5, 1.0, 1.0, 2.0])[pick(rng.random(n), [1, 2, 2, 1])]
    dose = level * (0.9 + 0.2 * rng.random(n))
    unknown = rng.random(n) < model.missing["dose"]
    product = np.array([f"{p.construct} ({p.dose_unit})" for p in model.programmes], dtype=object)[
        course.programme
    ]
    parts = []
    for number in range(max(len(p.infusion_days) for p in model.programmes)):
        day = np.array(
            [days[number] if number < len(days) else np.nan for days in course.of("infusion_days")]
        )
        given = course.infused & (day <= course.last_contact)
        parts.append(_infusions(given, day, True, product, dose, unknown))
    again = np.isfinite(visits.reinfusion)
    parts.append(_infusions(again, visits.reinfusion, False, product, dose, unknown))
    table = pd.concat(parts, ignore_index=True)
    table = table.sort_values(["subject", "day"], kind="stable", ignore_index=True)
    table.insert(1, "infusion_number", table.groupby("subject").cumcount() + 1)
    return table


def _infusions(given, day, planned, product, dose, unknown) -> pd.DataFrame:
    subject = np.flatnonzero(given)
    return pd.DataFrame(
        {
            "subject": subject,
            "day": day[subject],
            "planned": planned,
            "product": product[subject],
            "dose": np.where(unknown, np.nan, np.round(dose, 2))[subject],
        }
    )
