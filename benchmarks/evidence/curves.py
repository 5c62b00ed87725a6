"""Limits of curves at a time, of their quantiles and differences, and of incidences."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
from scipy.stats import binom

from benchmarks.evidence.cells import LEVEL, PAIRS, SIZES, Cell, cell
from benchmarks.evidence.simulated import CENSORING, Studies, generator, read, simulated
from carstats.estimators.curves.aalen_johansen import INCIDENCE_CONF_TYPES, aalen_johansen
from carstats.estimators.curves.kaplan_meier import CONF_TYPES, beta_product, kaplan_meier
from carstats.estimators.curves.quantile import curve_quantile

FREE = (0.95, 0.9, 0.7, 0.5, 0.3)
# Probability of the event by time 1; of the competing one min(that, 0.4).
INCIDENCE = (0.05, 0.1, 0.3, 0.5)
CURVES = ("beta product", "beta product mid-P", "log-log", "plain")


def _listed(n: int) -> tuple[Studies, np.ndarray]:
    """All outcomes without censoring: 0 to n of n had the event."""
    ranks = np.broadcast_to(np.arange(1.0, n + 1), (n + 1, n))
    return Studies(ranks, np.ones((n + 1, n), int)), np.arange(n + 1)


def _fewer(drawn: Studies, place, weight, kind: str):
    """A quarter of the simulated studies for what is no default."""
    if weight is not None or kind == CURVES[0]:
        return drawn, place
    some = slice(0, max(1, len(place) // 4))
    return Studies(drawn.time[some], drawn.code[some]), place[some]


def curve_cells(studies: int, sizes=SIZES, kinds=CURVES) -> list[Cell]:
    """Kaplan-Meier at a time: listed without censoring, else simulated."""
    found = []
    for n in sizes:
        for censoring in CENSORING:
            for number, free in enumerate(FREE):
                if censoring == "none":
                    drawn, place = _listed(n)
                    weight = binom.pmf(place, n, 1 - free)
                else:
                    rng = generator(1, n, len(censoring), number)
                    drawn = simulated(n, studies, free, censoring, rng)
                    place, weight = drawn.place(), None
                for kind in kinds:
                    part, here = _fewer(drawn, place, weight, kind)
                    curve = kaplan_meier(part.table(), conf_type=kind)
                    start = np.broadcast_to(curve.low_at_start, here.shape)
                    low = read(curve.low, start, here)
                    high = read(curve.high, np.where(np.isnan(start), np.nan, 1.0), here)
                    found.append(cell(kind, n, censoring, low, high, free, weight=weight))
    return found


def quantile_cells(studies: int, sizes=SIZES, kinds=("beta product", "log-log")) -> list[Cell]:
    """The median, by where the limits of the curve come down to a half; width in medians."""
    found = []
    for n in sizes:
        for censoring in CENSORING:
            for number, free in enumerate((0.5, 0.3)):
                rng = generator(2, n, len(censoring), number)
                drawn = simulated(n, studies, free, censoring, rng)
                table, truth = drawn.table(), np.log(2) / -np.log(free)
                for kind in kinds:
                    middle = curve_quantile(table, kaplan_meier(table, conf_type=kind))
                    low, high = (_times(drawn, v) for v in (middle.low, middle.high))
                    # Where even the lower limit is not reached nothing is said.
                    high = np.where(np.isnan(low), np.nan, np.where(np.isnan(high), np.inf, high))
                    low = np.where(np.isnan(middle.low), np.nan, low)
                    found.append(cell(kind, n, censoring, low / truth, high / truth, 1.0))
    return found


def _times(drawn: Studies, ranks: np.ndarray) -> np.ndarray:
    """Times of ranks from 1 on; 0 stays, and a rank between two is the time between them."""
    whole = np.concatenate([np.zeros((len(ranks), 1)), drawn.time], axis=1)
    place = np.nan_to_num(ranks)
    under, over = np.floor(place).astype(int)[:, None], np.ceil(place).astype(int)[:, None]
    both = (np.take_along_axis(whole, p, axis=1)[:, 0] for p in (under, over))
    return np.where(np.isnan(ranks), np.nan, sum(both) / 2)


def difference_cells(studies: int, draws: int, pairs=PAIRS) -> list[Cell]:
    """The difference of two curves at a time: melded beta product by draws, and Greenwood."""
    found = []
    settings = ((0.9, 0.9), (0.7, 0.7), (0.9, 0.5), (0.95, 0.7))
    for sizes in pairs:
        for censoring in ("none", "uniform", "heavy", "unequal"):
            for number, free in enumerate(settings):
                rng = generator(3, *sizes, len(censoring), number)
                ways = ("none", "heavy") if censoring == "unequal" else (censoring, censoring)
                groups = [
                    simulated(n, studies, s, way, rng)
                    for n, s, way in zip(sizes, free, ways, strict=True)
                ]
                name, truth = f"{sizes[0]} + {sizes[1]}", free[0] - free[1]
                limits = _melded(groups, draws, rng)
                found.append(cell("melded beta product", name, censoring, *limits, truth))
                found.append(cell("Greenwood", name, censoring, *_greenwood(groups), truth))
    return found


def _melded(groups, draws: int, rng):
    """Quantiles of the two laws of the difference, by draws from the betas of each group."""
    laws = []
    for drawn in groups:
        table, place = drawn.table(), drawn.place()
        n = float(table.n_risk[0, 0])
        starts = ((n, 1.0), (1.0, 0.0))
        for columns, start in zip(beta_product(table), starts, strict=True):
            a, b = (read(c, s, place)[:, None] for c, s in zip(columns, start, strict=True))
            proper = (a > 0) & (b > 0)
            shape = (len(place), draws)
            value = rng.beta(np.where(proper, a, 1.0), np.where(proper, b, 1.0), shape)
            laws.append(np.where(proper, value, np.where(a > 0, 1.0, 0.0)))
    tail = (1 - LEVEL) / 2
    low = np.quantile(laws[0] - laws[3], tail, axis=1)
    return low, np.quantile(laws[1] - laws[2], 1 - tail, axis=1)


def _greenwood(groups):
    values, errors = [], []
    for drawn in groups:
        curve, place = kaplan_meier(drawn.table(), conf_type="plain"), drawn.place()
        values.append(read(curve.survival, 1.0, place))
        errors.append(read(curve.std_error, np.nan, place))
        errors[-1] = np.where((values[-1] > 0) & (values[-1] < 1), errors[-1], np.nan)
    half = NormalDist().inv_cdf(0.5 + LEVEL / 2) * np.hypot(*errors)
    middle = values[0] - values[1]
    return np.maximum(middle - half, -1), np.minimum(middle + half, 1)


def incidence_cells(studies: int, sizes=SIZES) -> list[Cell]:
    """Aalen-Johansen at a time: listed without censoring, else simulated."""
    kinds = [k for k in INCIDENCE_CONF_TYPES if k in CURVES and k in CONF_TYPES]
    found = []
    for n in sizes:
        for censoring in CENSORING:
            for number, chance in enumerate(INCIDENCE):
                other = min(chance, 0.4)
                if censoring == "none":
                    drawn, place = _listed(n)
                    weight, causes = binom.pmf(place, n, chance), 1
                else:
                    rng = generator(4, n, len(censoring), number)
                    drawn = simulated(
                        n, studies, 1 - chance - other, censoring, rng,
                        share=chance / (chance + other),
                    )  # fmt: skip
                    place, weight, causes = drawn.place(), None, 2
                for kind in kinds:
                    part, here = _fewer(drawn, place, weight, kind)
                    curve = aalen_johansen(part.table(causes), conf_type=kind)
                    start = np.broadcast_to(curve.high_at_start, here.shape)
                    low = read(curve.low[..., 0], np.where(np.isnan(start), np.nan, 0.0), here)
                    high = read(curve.high[..., 0], start, here)
                    found.append(cell(kind, n, censoring, low, high, chance, weight=weight))
    return found
