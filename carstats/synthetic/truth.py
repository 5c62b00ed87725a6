"""What is true in the synthetic study: its parameters and the probabilities that follow."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np

from carstats.synthetic.antibodies import ANTIBODIES, SEROLOGY, antibodies_truth
from carstats.synthetic.cells import EXPANSION, REPERTOIRE, cells_truth, subsets_truth
from carstats.synthetic.course import (
    YEAR,
    by_programme,
    cured_fraction,
    normal_cdf,
    relapse_scale,
    response_probability,
)
from carstats.synthetic.harm import HARM, harm_truth
from carstats.synthetic.model import MODEL_IN_WORDS, Model
from carstats.synthetic.toxicity import (
    crs_probability,
    hypogamma_probability,
    infection_load,
    licats_probability,
)

HORIZONS = (182, 365, 730)
_WEEK_24 = 168
_POINTS = 1000
# Derived probabilities are rounded so that the last bit of a processor's exp does not change them.
_DIGITS = 10
_GROUPS = ((), ("disease",), ("target",), ("platform",), ("disease", "target"))


def truth(model: Model, seed: int, n: int) -> dict:
    """Return the content of truth.json."""
    weight = by_programme(model, lambda p, d, k: p.size * (1 - k.manufacturing_failure))
    values = programme_values(model)
    among = {"responder_relapse_free": values["response"], "b_cell_return": _depletes(model)}
    records = []
    for group in _GROUPS:
        keys = [tuple(getattr(p, column) for column in group) for p in model.programmes]
        for key in dict.fromkeys(keys):
            here = np.array([k == key for k in keys]) * weight
            means = {}
            for name, value in values.items():
                share = here * among.get(name.rpartition("_")[0], 1.0)
                total = share.sum()
                means[name] = round(float(share @ value / total), _DIGITS) if total else None
            records.append(dict(zip(group, key, strict=True)) | means)
    return {
        "seed": seed,
        "n": n,
        "model_in_words": list(MODEL_IN_WORDS),
        "parameters": asdict(model),
        "meaning": _MEANING,
        "true_values": records,
        "cells": cells_truth() | {"parameters": asdict(EXPANSION)},
        "harm": harm_truth(model) | {"parameters": asdict(HARM)},
        "antibodies": antibodies_truth()
        | {
            "parameters": asdict(SEROLOGY),
            "panel": {name: asdict(antibody) for name, antibody in ANTIBODIES.items()},
        },
        "b_cell_subsets": subsets_truth() | {"parameters": asdict(REPERTOIRE)},
    }


_MEANING = {
    "response": "the subject responds at some time (all responses come before day 150)",
    "response_week_24": "in response on day 168, among those alive and followed",
    "remission_week_24": "in remission on day 168, among those alive and followed",
    "drug_free_remission_week_24": "in remission and off disease treatment for 28 days, on day 168",
    "responder_relapse_free_DAY": "no latent relapse by the day, given a response and no death",
    "relapse_DAY": "cumulative incidence of latent relapse from infusion with death competing. "
    "Visits find a relapse later, by up to the interval between two visits",
    "relapse_free_survival_DAY": "neither latent relapse, rescue nor death by the day",
    "event_free_survival_DAY": "as before, and a response by the close of the week-24 window",
    "overall_survival_DAY": "alive on the day",
    "b_cell_return_DAY": "B cells of at least 10 per microlitre by the day, among those given a "
    "depleting product against CD19; null where nobody is",
    "TOXICITY": "at least one episode; infections by the day that is given",
}


def programme_values(model: Model) -> dict[str, np.ndarray]:
    """Return every true value, one number per programme."""
    responds = response_probability(model)
    remits = by_programme(model, lambda p, d, k: d.remission)
    deaths = by_programme(model, lambda p, d, k: d.death_rate) / YEAR
    relapsed = {day: _relapsed(model, day) for day in (*HORIZONS, _WEEK_24)}
    well = responds * (1 - relapsed[_WEEK_24])
    deep = responds * remits * _in_remission(model, _WEEK_24)
    out = {
        "response": responds,
        "response_week_24": well,
        "remission_week_24": deep,
        "drug_free_remission_week_24": deep * _off_drugs(model),
    }
    for day in HORIZONS:
        alive = np.exp(-deaths * day)
        rescued = model.rescue_share * _weibull(
            day - model.rescue_delay, model.rescue_shape, model.rescue_scale
        )
        failing = (1 - responds) * (1 - rescued)
        out[f"responder_relapse_free_{day}"] = 1 - relapsed[day]
        out[f"relapse_{day}"] = responds * _relapsed(model, day, deaths)
        well = responds * (1 - relapsed[day])
        out[f"relapse_free_survival_{day}"] = alive * (well + failing)
        in_time = day < model.nonresponse_day
        out[f"event_free_survival_{day}"] = alive * (well + failing * in_time)
        out[f"overall_survival_{day}"] = alive
    return out | _b_cells(model) | _toxicities(model)


def _weibull(time, shape: float, scale):
    return 1 - np.exp(-((np.maximum(time, 0.0) / scale) ** shape))


def response_times(model: Model) -> np.ndarray:
    """Return equally likely times to response, shape (programmes, points)."""
    grid = np.linspace(-8.0, 8.0, 16_001)
    table = normal_cdf(grid)
    u = (np.arange(_POINTS) + 0.5) / _POINTS
    median = by_programme(model, lambda p, d, k: model.response_median[p.disease])
    upper = (math.log(model.response_latest) - np.log(median)) / model.response_sigma
    z = np.array([np.interp(u * share, table, grid) for share in normal_cdf(upper)])
    return median[:, None] * np.exp(model.response_sigma * z)


def _relapsed(model: Model, day: float, death_rate=None) -> np.ndarray:
    """Return the probability that a responder has relapsed by a day, one per programme.

    With a death rate it is the cumulative incidence with death as a competing event.
    """
    times = response_times(model) + model.relapse_gap
    scale, uncured = relapse_scale(model)[:, None], 1 - cured_fraction(model)
    if death_rate is None:
        return uncured * _weibull(day - times, model.relapse_shape, scale).mean(axis=1)
    # Steps of two days; a relapse counts with the probability of being alive at its middle.
    edges = np.linspace(0, day, day // 2 + 1)
    reached = np.array(
        [_weibull(edge - times, model.relapse_shape, scale).mean(axis=1) for edge in edges]
    )
    middle = (edges[1:] + edges[:-1]) / 2
    alive = np.exp(-np.outer(middle, death_rate))
    return uncured * (np.diff(reached, axis=0) * alive).sum(axis=0)


def _in_remission(model: Model, day: float) -> np.ndarray:
    """Return the probability that a responder who can reach remission is in it on a day."""
    times = response_times(model)
    weibull = _weibull(
        day - times - model.relapse_gap, model.relapse_shape, relapse_scale(model)[:, None]
    )
    free = 1 - (1 - cured_fraction(model))[:, None] * weibull
    return (free * (times * model.remission_delay <= day)).mean(axis=1)


def _off_drugs(model: Model) -> np.ndarray:
    """Return the probability that a responder is off glucocorticoids and immunosuppressants."""
    steroid = by_programme(
        model, lambda p, d, k: 1 - d.glucocorticoid[0] * (1 - model.glucocorticoid_off)
    )
    background = by_programme(
        model, lambda p, d, k: 1 - model.background_share * (1 - k.background_stopped)
    )
    return steroid * background


def _b_cell_median(model: Model) -> np.ndarray:
    return by_programme(model, lambda p, d, k: model.b_cell_median[p.target] * k.b_cell_factor)


def _depletes(model: Model) -> np.ndarray:
    """Return 1 for a programme whose product depletes B cells, else 0."""
    return (_b_cell_median(model) > 0).astype(float)


def _b_cells(model: Model) -> dict[str, np.ndarray]:
    median = np.where(_depletes(model) > 0, _b_cell_median(model), np.inf)
    return {
        f"b_cell_return_{day}": normal_cdf(
            np.maximum(np.log(day) - np.log(median), -99.0) / model.b_cell_sigma
        )
        for day in HORIZONS
    }


def _toxicities(model: Model) -> dict[str, np.ndarray]:
    crs = crs_probability(model)
    factor = by_programme(model, lambda p, d, k: k.infection_factor)
    out = {
        "CRS": crs,
        "CRS_grade_3": crs * by_programme(model, lambda p, d, k: k.crs_severe),
        "ICANS": by_programme(model, lambda p, d, k: k.icans),
        "LICATS": licats_probability(model),
        "GvHD": by_programme(model, lambda p, d, k: k.gvhd),
        "hypogammaglobulinaemia": hypogamma_probability(model),
    }
    severe = sum(model.infection_grades[2:])
    for day in (30, 100, 365):
        load = factor * infection_load(model, day)
        out[f"infection_{day}"] = 1 - np.exp(-load)
        out[f"infection_grade_3_{day}"] = 1 - np.exp(-load * severe)
    for term, shares in model.cytopenia.items():

        def share(p, d, k, term=term, shares=shares):
            if term == "anaemia" and p.disease == "AIHA":
                return 0.0
            return 1 - shares[0] if p.lymphodepletion else model.cytopenia_without_conditioning

        def severe_share(p, d, k, term=term, shares=shares):
            spared = term == "anaemia" and p.disease == "AIHA"
            return 0.0 if spared or not p.lymphodepletion else sum(shares[3:])

        out[term] = by_programme(model, share)
        out[f"{term}_grade_3"] = by_programme(model, severe_share)
    # Below 0.5 × 10⁹/L is grade 4 by CTCAE v5 and grade 3 or more by v6.
    lowest = model.cytopenia["neutropenia"][4]
    out["neutropenia_grade_3_v6"] = by_programme(
        model, lambda p, d, k: lowest if p.lymphodepletion else 0.0
    )
    return out
