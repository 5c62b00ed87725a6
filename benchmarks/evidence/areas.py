"""Limits of restricted means, of their contrasts, and of the time lost to a cause."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from benchmarks.evidence.cells import LEVEL, PAIRS, SIZES, Cell, cell
from benchmarks.evidence.simulated import CENSORING, SHAPES, Studies, generator, simulated
from carstats.estimators.curves.kaplan_meier import beta_cdf, beta_quantile
from carstats.estimators.curves.risk_table import risk_table
from carstats.estimators.curves.rmst import mean_contrast, mean_survival
from carstats.estimators.curves.time_lost import mean_time_lost
from carstats.estimators.proportions.proportion import proportion_limits

FREE = (0.95, 0.9, 0.7, 0.5)
MEANS = ("joint beta product", "its mid-P", "Greenwood")
# Studies whose paths are drawn at once: so many that a block stays in the processor's cache.
_BLOCK = 40


def true_mean(free: float, shape: str) -> float:
    """Restricted mean to 1, by Simpson's rule on 20,001 points."""
    t = np.linspace(0, 1, 20_001)
    value = free ** (t ** SHAPES[shape])
    return float((value[0] + value[-1] + 4 * value[1:-1:2].sum() + 2 * value[2:-1:2].sum()) / 6e4)


def drawn_means(drawn: Studies, draws: int, rng) -> NDArray[np.float64]:
    """Draw from the laws of restricted means to 1; shape (2, studies, draws), the lower first.

    The paths of `mean_laws` by their definition: what the package integrates, drawn for many
    studies at once.
    """
    found = np.empty((2, len(drawn.time), draws))
    for first in range(0, len(drawn.time), _BLOCK):
        rows = slice(first, first + _BLOCK)
        found[:, rows] = _paths(drawn.time[rows], drawn.code[rows] > 0, draws, rng)
    return found


def _paths(time, event, draws: int, rng):
    studies, n = time.shape
    ends = np.concatenate([np.zeros((studies, 1)), np.minimum(time, 1.0)], axis=1)
    width = np.diff(np.append(ends, np.ones((studies, 1)), axis=1), axis=1)
    survival = np.ones((studies, draws))
    spent = rng.standard_exponential((studies, draws))
    low, high = np.zeros((2, studies, draws))
    for k in range(n + 1):
        # n - k are at risk until the next time; nobody after the last.
        wide = width[:, k, None]
        if k < n:
            factor = np.exp(-spent / (n - k))
            low += wide * survival * factor
        high += wide * survival
        if k < n:
            happens = event[:, k] & (time[:, k] < 1)
            survival[happens] *= factor[happens]
            spent[happens] = rng.standard_exponential((happens.sum(), draws))
    return low, high


def _both(laws, mid_p: bool):
    tail = (1 - LEVEL) / 2
    # Values that were drawn, not between two of them: one may be infinite.
    ways = {"axis": -1, "method": "inverted_cdf"}
    if not mid_p:
        return np.quantile(laws[0], tail, **ways), np.quantile(laws[1], 1 - tail, **ways)
    return np.quantile(np.concatenate(laws, axis=-1), [tail, 1 - tail], **ways)


def _greenwood(drawn: Studies):
    """Mean and error of each study, the last value carried on."""
    return [
        mean_survival(risk_table(t, (c > 0).astype(int)), 1.0, extend=True)
        for t, c in zip(drawn.time, drawn.code, strict=True)
    ]


def mean_cells(studies: int, draws: int, sizes=SIZES) -> list[Cell]:
    """One restricted mean."""
    found = []
    for n in sizes:
        found += _at_once(n)
        for censoring in CENSORING:
            for number, free in enumerate(FREE):
                for shape in ("constant", "early"):
                    rng = generator(5, n, len(censoring), number, len(shape))
                    drawn = simulated(n, studies, free, censoring, rng, shape=shape)
                    truth, laws = true_mean(free, shape), drawn_means(drawn, draws, rng)
                    for mid_p in (False, True):
                        limits = _both(laws, mid_p)
                        found.append(cell(MEANS[mid_p], n, censoring, *limits, truth))
                    few = Studies(drawn.time[: studies // 4], drawn.code[: studies // 4])
                    normal = _greenwood(few)
                    low, high = ([float(getattr(m, k)) for m in normal] for k in ("low", "high"))
                    found.append(cell(MEANS[2], n, censoring, low, high, truth))
    return found


def _at_once(n: int) -> list[Cell]:
    """All events at one early time, listed: the limits are those of a proportion."""
    k, found = np.arange(n + 1), []
    for kind, method in zip(MEANS, ("Clopper-Pearson", "mid-P"), strict=False):
        low, high = proportion_limits(k, n, method=method)
        for p in np.arange(1, 100) / 100:
            weight = binom.pmf(k, n, p)
            found.append(cell(kind, n, "all at once", low, high, p, weight=weight))
    return found


CONTRASTS = ("melded mid-P", "melded", "Greenwood")


def contrast_cells(studies: int, draws: int, pairs=PAIRS, measure="difference") -> list[Cell]:
    """Difference or ratio of two restricted means."""
    found = []
    settings = ((0.9, 0.9), (0.7, 0.7), (0.9, 0.5), (0.95, 0.7))
    for sizes in pairs:
        found += _both_at_once(sizes, measure)
        for censoring in ("none", "uniform", "heavy", "unequal"):
            for number, free in enumerate(settings):
                rng = generator(6, *sizes, len(censoring), number)
                ways = ("none", "heavy") if censoring == "unequal" else (censoring, censoring)
                groups = [
                    simulated(n, studies, s, way, rng, shape="early")
                    for n, s, way in zip(sizes, free, ways, strict=True)
                ]
                laws = [drawn_means(drawn, draws, rng) for drawn in groups]
                means = [true_mean(s, "early") for s in free]
                if measure == "difference":
                    truth = means[0] - means[1]
                    bounds = laws[0][0] - laws[1][1], laws[0][1] - laws[1][0]
                else:
                    truth = means[0] / means[1]
                    bounds = laws[0][0] / laws[1][1], laws[0][1] / laws[1][0]
                name = f"{sizes[0]} + {sizes[1]}"
                for kind in CONTRASTS[:2]:
                    limits = _both(bounds, kind == CONTRASTS[0])
                    found.append(cell(kind, name, censoring, *limits, truth))
                few = studies // 4
                normal = [
                    mean_contrast(*pair, measure=measure)
                    for pair in zip(
                        *(_greenwood(Studies(g.time[:few], g.code[:few])) for g in groups),
                        strict=True,
                    )
                ]
                low, high = ([float(getattr(m, k)) for m in normal] for k in ("low", "high"))
                found.append(cell(CONTRASTS[2], name, censoring, low, high, truth))
    return found


# Levels at which one of two laws is taken: their mean over the other is right to about 1e-4.
_LEVELS = (np.arange(400) + 0.5) / 400


def _both_at_once(sizes: tuple[int, int], measure: str) -> list[Cell]:
    """All events at one early time: two proportions, every outcome listed, its laws integrated."""
    found, name, tail = [], f"{sizes[0]} + {sizes[1]}", (1 - LEVEL) / 2
    k1, k2 = (np.arange(n + 1) for n in sizes)
    first = ((k1, sizes[0] - k1 + 1), (k1 + 1, sizes[0] - k1))
    second = ((k2, sizes[1] - k2 + 1), (k2 + 1, sizes[1] - k2))
    # The upper law of the second group bounds the contrast from below.
    taken = [beta_quantile(_LEVELS, a[:, None], b[:, None]) for a, b in second[::-1]]
    for p in (0.1, 0.3, 0.5, 0.7, 0.9):
        for q in (0.1, 0.3, 0.5, 0.7, 0.9):
            truth = p - q if measure == "difference" else p / q
            least, most = (
                _at_most(y + truth if measure == "difference" else y * truth, a, b)
                for (a, b), y in zip(first, taken, strict=True)
            )
            weight = np.outer(binom.pmf(k1, sizes[0], p), binom.pmf(k2, sizes[1], q))
            even = (least + most) / 2
            for kind, under, over in (
                (CONTRASTS[0], even, even), (CONTRASTS[1], least, most)
            ):  # fmt: skip
                above = float(weight[under < tail].sum())
                below = float(weight[over > 1 - tail].sum())
                covered = 1 - above - below
                found.append(Cell(kind, name, "all at once", covered, below, above, np.nan, 0.0, 0))
    return found


def _at_most(bound, a, b):
    """Mean over the last axis of the probability that a beta variable is at most a bound."""
    value = beta_cdf(np.clip(bound, 0, 1), a[:, None, None], b[:, None, None])
    # A constant 0 is at most a bound of 0, and at no bound below it.
    return np.where(bound < -1e-12, 0.0, value).mean(axis=-1)


def lost_cells(studies: int, sizes=SIZES) -> list[Cell]:
    """The time lost to a cause, with another competing."""
    found = []
    for n in sizes:
        for censoring in CENSORING:
            for number, chance in enumerate((0.1, 0.3, 0.5)):
                other = min(chance, 0.4)
                rng = generator(7, n, len(censoring), number)
                free, share = 1 - chance - other, chance / (chance + other)
                drawn = simulated(n, studies, free, censoring, rng, share=share)
                truth = share * (1 - true_mean(free, "constant"))
                low, high = np.empty((2, studies))
                for row, (time, code) in enumerate(zip(drawn.time, drawn.code, strict=True)):
                    # Where the follow-up ends before the horizon the package refuses; carried on.
                    table = risk_table(time, code, n_causes=2)
                    lost = mean_time_lost(table, 1.0, carry_on=True)
                    low[row], high[row] = lost.low[0], lost.high[0]
                found.append(cell("beta product", n, censoring, low, high, truth))
    return found
