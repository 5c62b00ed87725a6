"""B cells, IgG and blood counts of the synthetic study, in step with its toxicities."""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.synthetic.assessments import Sampling
from carstats.synthetic.course import Course
from carstats.synthetic.toxicity import IGG_FALL, IGG_RISE, Toxicities
from carstats.synthetic.visits import Visits

# B cells grow by a factor e in so many days once they are back, and return so many days after a
# second infusion.
_B_CELL_GROWTH, _DEPLETION_AGAIN = 70.0, 110.0


def simulate_laboratory(
    course: Course, sampling: Sampling, visits: Visits, toxicities: Toxicities, medications
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return B cells, IgG and blood counts as `simulate_scores` returns the scores."""
    n, every = len(course), ~np.isnan(sampling.day)
    out = {"B_cells": (_b_cells(course, sampling, visits), every)}
    out["IgG"] = (_igg(sampling, toxicities, medications), every & sampling.visit)
    bounds = {
        "ANC": ("neutropenia", (2.4, 6.0), ((1.5, 1.9), (1.0, 1.4), (0.5, 0.9), (0.05, 0.45)), 2),
        "platelets": ("thrombocytopenia", (160, 320), ((76, 140), (51, 74), (26, 49), (6, 24)), 0),
        "haemoglobin": (
            "anaemia",
            (11.6, 14.4),
            ((10.1, 10.9), (8.1, 9.9), (6.7, 7.9), (6, 6.6)),
            1,
        ),
    }
    for column, (name, (term, normal, grades, digits)) in enumerate(bounds.items()):
        episode = toxicities.first(term, n)
        onset, grade = episode["onset_day"].to_numpy(), episode["grade"].to_numpy()
        end = episode["resolution_day"].fillna(np.inf).to_numpy()
        u = sampling.uniform(8 + column)
        value = normal[0] + (normal[1] - normal[0]) * u
        low = np.array(grades)[np.nan_to_num(grade, nan=1).astype(int) - 1]
        ill = (sampling.day >= onset[:, None]) & (sampling.day < end[:, None])
        # The worst grade holds in the first days of an episode; later the count is on its way back.
        worst = sampling.day <= (onset + np.minimum(end - onset, 40) * 0.6)[:, None]
        deep = low[:, :1] + (low[:, 1:] - low[:, :1]) * u
        rising = low[:, 1:] + (normal[0] - low[:, 1:]) * (0.3 + 0.5 * u)
        value = np.where(ill, np.where(worst, deep, rising), value)
        out[name] = (np.round(value, digits), every)

    haemolysis = (course.of("disease") == "AIHA")[:, None]
    u = sampling.uniform(11)
    base = 6.2 + 2.0 * sampling.rng_subject[:, 11][:, None]
    level = np.select(
        [sampling.state == k for k in range(4)],
        [base - 0.3 + 1.6 * u, 11.0 + 0.9 * u, 12.1 + 2.2 * u, 9.0 + 1.6 * u],
    )
    level[:, 0] = base[:, 0]
    blood = np.where(haemolysis, np.round(level, 1), out["haemoglobin"][0])
    out["haemoglobin"] = (blood, every)
    return out


def _b_cells(course: Course, sampling: Sampling, visits: Visits) -> np.ndarray:
    model, day = course.model, np.nan_to_num(sampling.day, nan=-1.0)
    threshold = model.b_cell_threshold
    u = sampling.uniform(7)
    base = (60 * 5 ** sampling.rng_subject[:, 7])[:, None]
    after = np.where(day > 0, day, 150.0)
    conditioned = course.of("lymphodepletion").astype(bool)[:, None]
    spared = base * np.where(conditioned, 0.35 + 0.65 * np.minimum(after / 150, 1), 1.0)
    spared = np.maximum(spared * (0.75 + 0.5 * u), threshold + 1)

    def regrown(since):
        grown = threshold * np.exp(np.minimum(since / _B_CELL_GROWTH, np.log(base / threshold)))
        return np.maximum(grown * (0.8 + 0.4 * u), threshold)

    depleted = np.where(day <= 7, 4.0 * u, 0.9 * u)
    returns = course.b_cells[:, None]
    value = np.where(day < returns, depleted, regrown(day - returns))
    again = np.where(np.isfinite(visits.reinfusion), visits.reinfusion, 1e9)[:, None]
    after_again = np.where(
        day < again + _DEPLETION_AGAIN, 0.9 * u, regrown(day - again - _DEPLETION_AGAIN)
    )
    value = np.where(day >= again + 3, after_again, value)
    value = np.where((day <= 0) | np.isnan(returns), spared, value)
    return np.where(value < 10, np.round(value, 1), np.floor(value))


def _igg(sampling: Sampling, toxicities: Toxicities, medications: pd.DataFrame) -> np.ndarray:
    igg = {name: values[:, None] for name, values in toxicities.igg.items()}
    day = np.maximum(np.nan_to_num(sampling.day), 0.0)
    lost = np.minimum(day / IGG_FALL, 1) - np.clip((day - igg["rises"]) / IGG_RISE, 0, 1)
    value = igg["base"] - (igg["base"] - igg["nadir"]) * lost
    given = medications[medications["reason"] == "replacement"]
    subject = given["subject"].to_numpy()
    when = sampling.day[subject]
    stop = given["stop_day"].fillna(np.inf).to_numpy()[:, None]
    bonus = np.zeros(value.shape)
    np.add.at(
        bonus,
        subject,
        np.where((when >= given["start_day"].to_numpy()[:, None]) & (when <= stop + 21), 3.0, 0.0),
    )
    noise = 1 + 0.04 * (sampling.rng.random(value.shape) - 0.5)
    return np.round((value + bonus) * noise, 1)
