"""Transgene and subsets of B cells in the synthetic study, by random numbers of their own."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from carstats.synthetic.assessments import Sampling
from carstats.synthetic.course import Course, normal_cdf, stream
from carstats.synthetic.toxicity import Toxicities
from carstats.synthetic.visits import Visits

MEASURE, UNIT = "CAR_transgene", "copies/ug DNA"
SATURATION = 1_000_000.0
NAIVE, MEMORY, TRANSITIONAL = "naive_B_percent", "memory_B_percent", "transitional_B_percent"
SUBSETS, SUBSETS_UNIT = (NAIVE, MEMORY, TRANSITIONAL), "% of B cells"
_LN2 = math.log(2.0)
_POINTS = 60


@dataclass(frozen=True)
class Expansion:
    """How transgene rises and falls: lognormal peak, two phases of decline.

    Attributes
    ----------
    peak, peak_sigma : float
        Median of the peak in copies per microgram without CRS, and the standard deviation of its
        logarithm: a geometric coefficient of variation of 150 %.
    per_crs_grade : float
        What is added to the logarithm of the peak for each worst grade of CRS.
    weak_share, weak_factor : float
        The share in whom cells hardly expand, and by what their peak is multiplied.
    peak_day, rise : (float, float), float
        Range of the day of the peak; days in which it grows by a factor e before.
    contraction, turn : (float, float), float
        Range of the half-life after the peak, and the day until which it holds.
    persistence, persistence_sigma : float
        Median and logarithmic standard deviation of the half-life after that.
    nk_peak, nk_half_life : float, (float, float)
        CAR-NK cells do not expand: the value at once after an infusion, and its half-life.
    treg_factor : float
        By what the peak of CAR-Treg cells is multiplied.
    error_sigma : float
        Standard deviation of the logarithm of the error of a sample.
    days, jitter : tuple of float
        The planned days and by how many days they are missed at most.
    missed : float
        The share of samples that is missed.
    lloq, lloq_allogeneic : float
        Limit of quantification of the two laboratories.
    """

    peak: float = 20_000.0
    peak_sigma: float = 1.086
    per_crs_grade: float = 0.3
    weak_share: float = 0.1
    weak_factor: float = 0.002
    peak_day: tuple[float, float] = (9.0, 14.0)
    rise: float = 1.3
    contraction: tuple[float, float] = (2.4, 3.6)
    turn: float = 28.0
    persistence: float = 16.0
    persistence_sigma: float = 0.5
    nk_peak: float = 3_000.0
    nk_half_life: tuple[float, float] = (2.0, 4.0)
    treg_factor: float = 0.1
    error_sigma: float = 0.15
    days: tuple[float, ...] = (0, 3, 7, 10, 14, 21, 28, 60, 90, 180, 360)
    jitter: tuple[float, ...] = (0, 0, 0, 0, 0, 1, 2, 4, 7, 10, 14)
    missed: float = 0.04
    lloq: float = 50.0
    lloq_allogeneic: float = 25.0


EXPANSION = Expansion()


@dataclass(frozen=True)
class Repertoire:
    """Which B cells there are: shares of them, in per cent, before and after they were gone.

    Attributes
    ----------
    memory_before, memory_at_return : float
        Median share of switched memory cells; between subjects its logit varies by `sigma`.
    naive_of_others : float
        Median share of naive cells among those that are no switched memory cells.
    transitional_before, transitional_at_return : float
        Median share of transitional cells.
    sigma, error_sigma : float
        Standard deviation of the logit between subjects and between samples.
    refill, settle : float
        Days in which the memory cells come a factor e nearer to where they were, and in which the
        transitional ones do.
    least : float
        B cells per microlitre from which on subsets are told apart.
    """

    memory_before: float = 18.0
    memory_at_return: float = 2.5
    naive_of_others: float = 88.0
    transitional_before: float = 4.0
    transitional_at_return: float = 30.0
    sigma: float = 0.45
    error_sigma: float = 0.1
    refill: float = 700.0
    settle: float = 120.0
    least: float = 5.0


REPERTOIRE = Repertoire()


def simulate_cells(
    course: Course, visits: Visits, toxicities: Toxicities, seed: int, model: Expansion = EXPANSION
) -> pd.DataFrame:
    """Return the samples of transgene with ``subject`` (position) and their limits."""
    rng, n = stream(seed, "cells"), len(course)
    u, z = rng.random((n, 4)), rng.standard_normal((n, 2))
    planned, jitter = np.array(model.days), np.array(model.jitter)
    day = planned + np.round(jitter * (2 * rng.random((n, len(planned))) - 1))
    lost = rng.random(day.shape) < model.missed
    error = model.error_sigma * rng.standard_normal(day.shape)

    crs = np.nan_to_num(toxicities.first("CRS", n)["grade"].to_numpy(float))
    factor = np.where(course.of("platform") == "CAR-Treg", model.treg_factor, 1.0)
    factor = factor * np.where(u[:, 0] < model.weak_share, model.weak_factor, 1.0)
    peak = np.log(model.peak * factor) + model.peak_sigma * z[:, 0] + model.per_crs_grade * crs
    at, fall = _within(model.peak_day, u[:, 1]), _within(model.contraction, u[:, 2])
    slow = model.persistence * np.exp(model.persistence_sigma * z[:, 1])
    t, at, fall, slow = (np.broadcast_to(a, day.shape) for a in (day, *map(_row, (at, fall, slow))))
    log = _row(peak) - np.maximum(at - t, 0) / model.rise
    log = log - _LN2 * np.clip(t - at, 0, model.turn - at) / fall
    log = log - _LN2 * np.maximum(t - model.turn, 0) / slow
    value = np.where(t > 0, np.exp(log), 0.0)

    half = _row(_within(model.nk_half_life, u[:, 3]))
    nk = np.zeros(day.shape)
    given = course.of("infusion_days")
    for number in range(max(map(len, given))):
        start = _row(np.array([d[number] if number < len(d) else np.inf for d in given], float))
        # The sample of the day of an infusion is drawn before it.
        since = np.where(t > start, t - start, np.inf)
        nk = nk + model.nk_peak * np.exp(0.5 * _row(z[:, 0])) * np.exp2(-since / half)
    value = np.where(_row(course.of("platform") == "CAR-NK"), nk, value) * np.exp(error)

    limit = np.where(course.of("cell_source") == "allogeneic", model.lloq_allogeneic, model.lloq)[
        :, None
    ]
    end = np.minimum(course.last_contact, np.nan_to_num(visits.reinfusion, nan=np.inf))
    seen = _row(course.infused) & ~lost & (day <= _row(end))
    subject = np.nonzero(seen)[0]
    # An assay saturates: copies per µg cannot pass those of a few transgenes in every cell.
    value = np.minimum(value[seen], SATURATION)
    limit = np.broadcast_to(limit, day.shape)[seen]
    # Three leading digits: the last bit of a processor's exp does not change them.
    size = 10.0 ** np.floor(np.log10(np.maximum(value, 1.0)) - 2)
    value = np.where(value < limit, np.nan, np.round(np.round(value / size) * size, 1))
    return pd.DataFrame(
        {"subject": subject, "day": day[seen], "measure": MEASURE, "value": value, "unit": UNIT,
         "adequate": True, "lloq": limit}
    )  # fmt: skip


def simulate_subsets(
    course: Course, sampling: Sampling, b_cells: np.ndarray, seed: int,
    model: Repertoire = REPERTOIRE,
) -> pd.DataFrame:  # fmt: skip
    """Return the shares of B-cell subsets at the visits where there are enough B cells."""
    rng, day = stream(seed, "b cell subsets"), sampling.day
    own = model.sigma * rng.standard_normal((len(course), 3))
    noise = model.error_sigma * rng.standard_normal((*day.shape, 3))
    back = _row(course.b_cells)
    # Whom the product did not deplete keeps what there was; so has everybody before the infusion.
    since = np.where(np.isnan(back) | (day <= 0), np.inf, np.maximum(day - back, 0.0))

    def share(column: int, first: float, then: float, days: float) -> np.ndarray:
        near = np.exp(-since / days)
        centre = near * _logit(first) + (1 - near) * _logit(then)
        return 1 / (1 + np.exp(-(centre + _row(own[:, column]) + noise[:, :, column])))

    memory = share(0, model.memory_at_return, model.memory_before, model.refill)
    naive = (1 - memory) * share(1, model.naive_of_others, model.naive_of_others, model.refill)
    young = share(2, model.transitional_at_return, model.transitional_before, model.settle)
    seen = ~np.isnan(day) & sampling.visit & (b_cells >= model.least)
    subject, _ = np.nonzero(seen)
    # A second infusion depletes again, and what comes back then is not modelled.
    again = np.nan_to_num(sampling.visits.reinfusion, nan=np.inf)
    parts = [
        pd.DataFrame({"subject": subject, "day": day[seen], "measure": name,
                      "value": np.round(100 * value[seen], 1)})
        for name, value in zip(SUBSETS, (naive, memory, young), strict=True)
    ]  # fmt: skip
    table = pd.concat(parts, ignore_index=True)
    table = table[table["day"] < again[table["subject"].to_numpy()]]
    return table.assign(unit=SUBSETS_UNIT, adequate=True, lloq=np.nan)


def subsets_truth(model: Repertoire = REPERTOIRE) -> dict:
    """Return the true medians of the shares of B-cell subsets before and at the return."""
    share = (np.arange(400) + 0.5) / 400
    grid = np.linspace(-8, 8, 4001)
    z = model.sigma * np.interp(share, normal_cdf(grid), grid)

    def spread(percent: float) -> np.ndarray:
        return 1 / (1 + np.exp(-(_logit(percent) + z)))

    naive = {
        when: np.median(_row(1 - spread(memory)) * spread(model.naive_of_others))
        for when, memory in (("before", model.memory_before), ("return", model.memory_at_return))
    }
    return {
        "meaning": "Median shares of the B cells in per cent, before the infusion and at the "
        "return of B cells after a product that depleted them. They do not depend on the relapse; "
        "the day of the return does (relapse_b_cell_correlation).",
        "naive_before": round(100 * float(naive["before"]), 1),
        "naive_at_return": round(100 * float(naive["return"]), 1),
        "memory_before": model.memory_before,
        "memory_at_return": model.memory_at_return,
        "transitional_before": model.transitional_before,
        "transitional_at_return": model.transitional_at_return,
    }


def _logit(percent: float) -> float:
    return math.log(percent / (100 - percent))


def with_samples(assessments: pd.DataFrame, *samples: pd.DataFrame) -> pd.DataFrame:
    """Return the assessments with samples that have limits, one kind after another, each day."""
    parts = [assessments.assign(lloq=np.nan), *samples]
    table = pd.concat(parts, ignore_index=True)
    kind = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    order = np.lexsort((kind, table["day"], table["subject"]))
    return table.iloc[order].reset_index(drop=True)


def cells_truth(model: Expansion = EXPANSION) -> dict:
    """Return what is true of the transgene of CAR-T cells without CRS that expand."""
    found: dict[str, float | str] = {
        "meaning": "Of expanding CAR-T cells in subjects without CRS: geometric mean and "
        "coefficient of variation of the peak, the range of its day, and the probability that the "
        "transgene is above 50 copies per microgram on a day. Each grade of CRS multiplies the "
        "peak by exp(per_crs_grade).",
        "geometric_mean_peak": model.peak,
        "peak_cv_percent": round(100 * math.sqrt(math.expm1(model.peak_sigma**2)), 1),
    }
    share = (np.arange(_POINTS) + 0.5) / _POINTS
    at, fall = _within(model.peak_day, share), _within(model.contraction, share)
    grid = np.linspace(-8, 8, 4001)
    slow = model.persistence * np.exp(
        model.persistence_sigma * np.interp(share, normal_cdf(grid), grid)
    )
    for day in (28, 90, 180, 360):
        first = (min(day, model.turn) - at)[:, None, None] / fall[:, None]
        later = max(day - model.turn, 0.0) / slow
        log = math.log(model.peak) - _LN2 * (first + later)
        above = normal_cdf((log - math.log(model.lloq)) / model.peak_sigma)
        found[f"above_quantification_{day}"] = round(float(above.mean()), 6)
    return found


def _within(ends: tuple[float, float], share: np.ndarray) -> np.ndarray:
    return ends[0] + (ends[1] - ends[0]) * share


def _row(values: np.ndarray) -> np.ndarray:
    """Return one value a subject as a column beside its samples."""
    return np.asarray(values)[:, None]
