"""Limits of rates: of first events, and of events that recur."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit
from scipy.stats import poisson

from benchmarks.evidence.cells import LEVEL, SIZES, Cell, cell
from benchmarks.evidence.simulated import generator, simulated
from carstats.estimators.rates.count_regression import negative_binomial
from carstats.estimators.rates.rate import event_rate, rate_ratio
from carstats.estimators.rates.recurrent_rate import recurrent_rate, recurrent_rate_ratio

# Variance of the subjects' rates about their mean of 1, and events of a subject.
FRAILTY = (0.0, 0.5, 1.0, 2.0)
EVENTS = (0.5, 3.0)


def exact_cells() -> list[Cell]:
    """Poisson counts over a fixed person-time, listed: the mean count instead of n."""
    found = []
    for mean in (0.5, 1, 2, 5, 10, 20):
        k = np.arange(0, int(mean + 12 * np.sqrt(mean) + 12))
        limits = event_rate(k, np.ones(k.size))
        weight = poisson.pmf(k, mean)
        found.append(
            cell("exact", f"mean {mean:g}", "fixed time", limits.low / mean, limits.high / mean,
                 1.0, weight=weight)
        )  # fmt: skip
    return found


def first_cells(studies: int, sizes=SIZES) -> list[Cell]:
    """A constant hazard, each subject's time ending with the event."""
    found = []
    for n in sizes:
        for censoring in ("at 1", "uniform", "heavy"):
            for number, free in enumerate((0.9, 0.7, 0.5)):
                rng = generator(8, n, len(censoring), number)
                way = "none" if censoring == "at 1" else censoring
                drawn = simulated(n, studies, free, way, rng)
                seen = np.minimum(drawn.time, 1.0)
                k = ((drawn.code > 0) & (drawn.time <= 1)).sum(axis=1)
                limits, truth = event_rate(k, seen.sum(axis=1)), -np.log(free)
                found.append(
                    cell("exact", n, censoring, limits.low / truth, limits.high / truth, 1.0)
                )
    return found


def counts(n: int, studies: int, mean: float, frailty: float, unequal: bool, rng):
    """Counts and person-time of subjects whose rates vary between them."""
    time = rng.uniform(0.2, 1.8, (studies, n)) if unequal else np.ones((studies, n))
    own = rng.gamma(1 / frailty, frailty, (studies, n)) if frailty else 1.0
    return rng.poisson(mean * own * time), time


RECURRENT = ("effective count", "Poisson", "negative binomial, t")


def recurrent_cells(studies: int, modelled: int, sizes=SIZES) -> list[Cell]:
    """Events that recur, for each variance between subjects; the model with fewer studies."""
    found = []
    for n in sizes:
        for frailty in FRAILTY:
            for number, mean in enumerate(EVENTS):
                rng = generator(9, n, int(10 * frailty), number)
                y, time = counts(n, studies, mean, frailty, bool(number), rng)
                spread = f"variance {frailty:g}"
                limits = np.array(
                    [(r.low, r.high) for r in map(recurrent_rate, y, time)]
                ) / mean  # fmt: skip
                found.append(cell(RECURRENT[0], n, spread, *limits.T, 1.0))
                plain = event_rate(y.sum(axis=1), time.sum(axis=1))
                found.append(
                    cell(RECURRENT[1], n, spread, plain.low / mean, plain.high / mean, 1.0)
                )
                low, high = np.array(
                    [_model(a, b) for a, b in zip(y[:modelled], time, strict=False)]
                ).T
                found.append(cell(RECURRENT[2], n, spread, low / mean, high / mean, 1.0))
    return found


def _model(y, time) -> tuple[float, float]:
    """Limits of `exposure_adjusted_rate(method="negative binomial")`."""
    if not y.sum():
        return tuple(
            float(v) for v in (event_rate(0, time.sum()).low, event_rate(0, time.sum()).high)
        )
    fit = negative_binomial(y, time)
    half = float(stdtrit(y.size - 1, 0.5 + LEVEL / 2)) * float(fit.std_errors[0])
    return tuple(float(np.exp(fit.coefficients[0] + s * half)) for s in (-1, 1))


def ratio_p_values(sizes: tuple[int, int], ratio: float, studies: int, frailty: float, rng):
    """p-values of the two ratio tests: first events by Poisson, and events that recur."""
    first, last = (
        counts(n, studies, 2.0 * r, frailty, False, rng)
        for n, r in zip(sizes, (1.0, ratio), strict=True)
    )
    recurrent = [
        recurrent_rate_ratio((a, b), (s, t)).p_value
        for a, b, s, t in zip(first[0], last[0], first[1], last[1], strict=True)
    ]
    plain = rate_ratio(
        (first[0].sum(axis=1), last[0].sum(axis=1)), (first[1].sum(axis=1), last[1].sum(axis=1)),
        minlike=False,
    )  # fmt: skip
    return np.array(recurrent, float), np.asarray(plain.p_value)
