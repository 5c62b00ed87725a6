"""The whole grid: each part with the number of comparisons that it must come to."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from carstats.validation.comparison import Comparison
from carstats.validation.grid import curves, groups, proportions, regressions

# A part that comes to fewer has lost references or estimators, and the validation fails.
GRID: dict[Callable[[], Iterator[Comparison]], int] = {
    curves.survival_curves: 1_024,
    curves.quantiles: 480,
    curves.restricted_means: 216,
    curves.curve_differences: 216,
    curves.bands: 216,
    groups.logrank_tests: 1_149,
    groups.competing_events: 1_070,
    groups.interval_censored: 101,
    groups.few_subjects: 32,
    proportions.proportions: 1_120,
    proportions.differences: 678,
    proportions.stratified_tables: 42,
    proportions.rates: 713,
    regressions.cox_models: 72,
    regressions.fine_gray_models: 194,
    regressions.logistic_models: 4,
    regressions.parametric_models: 152,
    regressions.mixed_models: 48,
    regressions.count_models: 36,
    regressions.pooled_models: 49,
    regressions.basket_models: 283,
}
