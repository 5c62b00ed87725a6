"""Components of the synthetic study's scores: BILAG in lupus, core sets of IIM and SSc, attacks.

Drawn from a stream of their own, so that the other values are the same with and without them.
"""

from __future__ import annotations

import numpy as np

from carstats.synthetic.assessments import Sampling
from carstats.synthetic.course import Course, stream

# Core-set measures of myositis: baseline range, step, share of baseline in response, most in
# remission. Without a response they stay within 4 % of their range, which earns no points.
_CORE = {
    "patient_global": (5.0, 9.0, 0.1, (0.3, 0.6), 1.0, 10.0),
    "extramuscular_global": (3.0, 7.0, 0.1, (0.3, 0.5), 0.8, 10.0),
    "HAQ-DI": (1.0, 2.5, 0.125, (0.4, 0.65), 0.375, 3.0),
}

# Global assessments and HAQ-DI of systemic sclerosis: baseline range, step, highest value.
_SCLEROSIS = {
    "patient_global": (4.0, 8.0, 0.1, 10.0),
    "physician_global": (4.0, 8.0, 0.1, 10.0),
    "HAQ-DI": (1.0, 2.25, 0.125, 3.0),
}

# Share of the relapses of myasthenia that lead to an admission, however clear the scores are.
_ADMITTED = 0.2


def simulate_items(
    course: Course, sampling: Sampling, seed: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the components as `simulate_scores` returns the scores."""
    rng, n = stream(seed, "items"), len(course)
    state, day = sampling.state, sampling.day
    disease = course.of("disease")
    follow_up = sampling.visit.copy()
    follow_up[0] = False
    lupus = (disease == "SLE")[:, None] & follow_up
    relapsed = sampling.relapsed
    u = rng.random(state.shape)
    out = {
        "new_BILAG_A": (np.where(relapsed & (u < 0.4), 1.0, 0.0), lupus),
        "new_BILAG_B": (np.where(relapsed, 2.0, np.where(u < 0.15, 1.0, 0.0)), lupus),
    }
    muscle = (disease == "IIM")[:, None] & sampling.visit
    for name, (low, high, step, share, most, top) in _CORE.items():
        base = (low + (high - low) * rng.random(n))[:, None]
        base = np.round(base / step) * step
        u = rng.random(state.shape)
        small = 0.04 * top
        active = np.minimum(base - small + 2 * small * u, top)
        well = base * (share[0] + (share[1] - share[0]) * u)
        treated = base * (0.6 + 0.3 * u)
        value = np.select([state == k for k in range(4)], [active, well, most * u, treated])
        # Towards the baseline in active disease, so that rounding earns no points.
        value = np.where(state == 0, np.ceil(value / step - 1e-9), np.floor(value / step)) * step
        value = np.minimum(np.round(value, 3), top)
        value[:, 0] = base[:, 0]
        out[name] = (value, muscle)
    attack = (day == np.ceil(course.relapse)[:, None]).astype(float)
    neuro = (disease == "NMOSD")[:, None] & follow_up
    out["attack"] = (attack, neuro)
    out["hospitalised"] = _admissions(course, sampling, rng.random(n))
    return out


def simulate_sclerosis(
    course: Course, sampling: Sampling, measured: dict, seed: int
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the global assessments and HAQ-DI, those of systemic sclerosis among them.

    They are what the revised CRISS reads beside mRSS and FVC: better by a quarter or more in
    response, by less than a fifth otherwise. Drawn from a stream of their own.
    """
    rng, n = stream(seed, "sclerosis items"), len(course)
    state = sampling.state
    seen = (course.of("disease") == "SSc")[:, None] & sampling.visit
    out = {}
    for name, (low, high, step, top) in _SCLEROSIS.items():
        base = np.round((low + (high - low) * rng.random(n)) / step)[:, None] * step
        u = rng.random(state.shape)
        active = np.ceil(base * (0.86 + 0.12 * u) / step - 1e-9) * step
        well = np.floor(base * (0.45 + 0.28 * u) / step + 1e-9) * step
        deep = np.floor(base * (0.2 + 0.3 * u) / step + 1e-9) * step
        value = np.select([state == k for k in range(4)], [active, well, deep, active])
        value[:, 0] = base[:, 0]
        before, others = measured[name]
        value = np.minimum(np.round(value, 3), top)
        out[name] = (np.where(seen, value, before), seen | others)
    return out


def _admissions(course: Course, sampling: Sampling, u: np.ndarray):
    """Return admissions for a relapse of myasthenia: a fifth, and all that no later visit confirms.

    MG-ADL tells a relapse from a bad day at a second visit two weeks on, and against a value that
    two visits in response had; without these only the admission tells it.
    """
    visits = sampling.visits
    found = visits.found[:, None]
    day = np.nan_to_num(visits.day, nan=-1.0)
    well = visits.adequate & (day >= course.response[:, None]) & (day < course.relapse[:, None])
    confirmed = (well.sum(axis=1) >= 2) & (visits.adequate & (day >= found + 14)).any(axis=1)
    admitted = (course.of("disease") == "MG") & np.isfinite(visits.found)
    admitted &= ~confirmed | (u < _ADMITTED)
    here = admitted[:, None] & (sampling.day == found)
    # A record of admissions has a row for an admission and none for a visit without one.
    return here.astype(float), here
