"""Size and power of the tests that are the default, at a nominal 5 %."""

from __future__ import annotations

import numpy as np
from scipy.stats import binom

from benchmarks.evidence.cells import PAIRS, markdown, per_cent
from benchmarks.evidence.proportions import GRID, Tables
from benchmarks.evidence.rates import ratio_p_values
from benchmarks.evidence.simulated import CENSORING, generator
from carstats.estimators.tests.gray import gray_score_test
from carstats.estimators.tests.interval_tests import interval_logrank
from carstats.estimators.tests.logrank import weighted_logrank
from carstats.estimators.tests.logrank_rule import logrank_by_rule

ALPHA = 0.05
HAZARD_RATIO = 4.0
# Follow-up of the first and of the second group.
FOLLOWED = (("alike", "uniform", "uniform"), ("first shorter", "heavy", "none"),
            ("second shorter", "none", "heavy"))  # fmt: skip


def rejected(p_values) -> float:
    """Share of p-values at or below 5 %; none is no rejection."""
    return float((np.asarray(p_values, float) <= ALPHA + 1e-12).mean())


def proportion_rows(found: dict[tuple[int, int], Tables]) -> list[list[str]]:
    """Size over equal proportions, and power at .2 against .8, by listing every outcome."""
    rows = []
    for (n1, n2), listed in found.items():
        row = [f"{n1} + {n2}"]
        for p_value in (listed.p_value, listed.fisher):
            refused = (p_value <= ALPHA + 1e-12).astype(float)
            size = max(_chance(refused, n1, n2, p, p) for p in GRID)
            row += [per_cent(size), per_cent(_chance(refused, n1, n2, 0.2, 0.8))]
        rows.append(row)
    return rows


def _chance(refused, n1: int, n2: int, p: float, q: float) -> float:
    return float(binom.pmf(range(n1 + 1), n1, p) @ refused @ binom.pmf(range(n2 + 1), n2, q))


def _groups(sizes, ways, ratio: float, rng, share: float = 1.0):
    """Times, codes and groups of a study whose first group has `ratio` times the hazard."""
    time, code = [], []
    for n, way, more in zip(sizes, ways, (ratio, 1.0), strict=True):
        event = rng.exponential(size=n) / (more * -np.log(0.6))
        cause = np.where(rng.random(n) < share, 1, 2)
        end = CENSORING[way]
        left = np.full(n, 1.5) if end is None else rng.uniform(0, end, n)
        time.append(np.minimum(event, left))
        code.append(np.where(event <= left, cause, 0))
    return np.concatenate(time), np.concatenate(code), np.repeat([0, 1], sizes)


def logrank_rows(studies: int, resamples: int, pairs=PAIRS) -> list[list[str]]:
    """The log-rank test by rule beside its asymptotic p-value."""
    rows = []
    for sizes in pairs:
        for number, (name, *ways) in enumerate(FOLLOWED):
            row = [f"{sizes[0]} + {sizes[1]}", name]
            for ratio in (1.0, HAZARD_RATIO):
                rng = generator(10, *sizes, number, int(ratio))
                default, asymptotic = [], []
                for _ in range(studies):
                    time, code, group = _groups(sizes, ways, ratio, rng)
                    test = logrank_by_rule(time, code, group, n_resamples=resamples)
                    default.append(test.p_value)
                    asymptotic.append(weighted_logrank(time, code, group).p_value)
                row += [per_cent(rejected(default)), per_cent(rejected(asymptotic))]
            rows.append(row)
    return rows


def gray_rows(studies: int, pairs=PAIRS) -> list[list[str]]:
    """Gray's test, half of the events of the cause tested; and the interval-censored test."""
    rows = []
    for sizes in pairs:
        row = [f"{sizes[0]} + {sizes[1]}"]
        for ratio in (1.0, HAZARD_RATIO):
            rng = generator(11, *sizes, int(ratio))
            gray, visits = [], []
            for _ in range(studies):
                time, code, group = _groups(sizes, ("uniform", "uniform"), ratio, rng, 0.5)
                gray.append(gray_score_test(time, code, group, n_groups=2).p_value)
                time, code, group = _groups(sizes, ("uniform", "uniform"), ratio, rng)
                # Seen at visits every fifth of the horizon.
                low = np.floor(time * 5) / 5
                high = np.where(code == 1, low + 0.2, np.inf)
                visits.append(interval_logrank(low, high, group, n_groups=2).p_value)
            row += [per_cent(rejected(gray)), per_cent(rejected(visits))]
        rows.append([row[0], row[1], row[3], row[2], row[4]])
    return rows


def ratio_rows(studies: int, pairs=PAIRS) -> list[list[str]]:
    """The ratio of two rates, two events a subject in the first group and 1 or 4 times that."""
    rows = []
    for sizes in pairs:
        row = [f"{sizes[0]} + {sizes[1]}"]
        for frailty in (0.0, 1.0):
            for ratio in (1.0, HAZARD_RATIO):
                rng = generator(12, *sizes, int(frailty), int(ratio))
                both = ratio_p_values(sizes, ratio, studies, frailty, rng)
                row += [per_cent(rejected(p)) for p in both]
        rows.append(row)
    return rows


def tables_of_tests(found, logrank, gray, ratios) -> dict[str, str]:
    """Return a table for each kind of test, by its title, from the rows of the others."""
    return {
        "Two proportions": markdown(
            ["n", "default: size", "power", "Fisher: size", "power"], proportion_rows(found)
        ),
        "Log-rank": markdown(
            ["n", "follow-up", "default: size", "asymptotic: size", "default: power",
             "asymptotic: power"],
            logrank,
        ),
        "Gray, and interval-censored times": markdown(
            ["n", "Gray: size", "power", "interval-censored: size", "power"], gray
        ),
        "Ratio of two rates": markdown(
            ["n", "recurrent: size", "Poisson: size", "recurrent: power", "Poisson: power",
             "recurrent, variance 1: size", "Poisson: size", "recurrent: power", "Poisson: power"],
            ratios,
        ),
    }  # fmt: skip
