"""What is asked of a cohort and of its counts, which must give the same numbers."""

import numpy as np
import pandas as pd

import carstats as cs
from tests.survival.survival_data import RFS

OF_TIMES = {
    "survival_curve": lambda c: cs.survival_curve(c, RFS, by="target", band="equal precision"),
    "survival_curve_from": lambda c: cs.survival_curve(c, RFS, start=2, conf_type="log-log"),
    "survival_at": lambda c: cs.survival_at(c, RFS, at=[0, 2, 5, 30], by="target"),
    "survival_quantile": lambda c: cs.survival_quantile(c, RFS, p=[0.25, 0.5], by="target"),
    "restricted_mean": lambda c: cs.restricted_mean(c, RFS, at=3),
    "followup_time": lambda c: cs.followup_time(c, RFS, by="target"),
    "landmark_rate": lambda c: cs.landmark_rate(c, RFS, at=4, by="target"),
    "logrank_test": lambda c: cs.logrank_test(c, RFS, by="target", n_resamples=99),
    "logrank_by_site": lambda c: cs.logrank_test(c, RFS, by="target", strata="site_id",
                                                 n_resamples=99, pairwise=True),
    "logrank_scores": lambda c: cs.logrank_test(c, RFS, by="target", strata="site_id",
                                                method="permutation", n_resamples=99),
    "logrank_asymptotic": lambda c: cs.logrank_test(c, RFS, by="target", method="asymptotic",
                                                    weight="Peto-Peto", trend=True),
    "incidence_rate": lambda c: cs.incidence_rate(c, RFS, by="target", benchmark=1.5),
    "cumulative_incidence": lambda c: cs.cumulative_incidence(c, RFS, by="target"),
    "gray_test": lambda c: cs.gray_test(c, RFS, by="target", strata="site_id"),
    "cox_regression": lambda c: cs.cox_regression(c, RFS, "target", strata="site_id"),
    "cox_robust": lambda c: cs.cox_regression(c, RFS, "target", robust=True),
    "survival_difference": lambda c: cs.survival_difference(c, RFS, at=[2, 4], by="target"),
    "incidence_rate_ratio": lambda c: cs.incidence_rate_ratio(c, RFS, by="target"),
    "restricted_time_lost": lambda c: cs.restricted_time_lost(c, RFS, at=2, by="target"),
    "survival_benchmark": lambda c: cs.survival_benchmark(c, RFS, {1: 0.8, 3: 0.5}, by="target"),
    "bootstrap": lambda c: cs.bootstrap_interval(c, RFS, by="target", n_resamples=49),
    "landmark_curve": lambda c: cs.landmark_curve(c, RFS, at=2, by="target"),
    "cure_fraction": lambda c: cs.cure_fraction(c, RFS, by="target"),
    "fine_gray": lambda c: cs.fine_gray_regression(c, RFS, "target"),
    "cox_firth": lambda c: cs.cox_regression(c, RFS, "target", method="Firth"),
}  # fmt: skip
COMPETING = ("cumulative_incidence", "gray_test", "restricted_time_lost", "fine_gray")


def equal(first, second):
    """Require that two results hold the same numbers to 1e-12, and the same words."""
    assert list(first.frame.columns) == list(second.frame.columns)
    assert len(first.frame) == len(second.frame)
    for column in first.frame:
        mine, other = first.frame[column], second.frame[column]
        if pd.api.types.is_numeric_dtype(mine) and not pd.api.types.is_bool_dtype(mine):
            np.testing.assert_allclose(
                mine.to_numpy(float), other.to_numpy(float), rtol=1e-12, atol=1e-12,
                err_msg=column,
            )  # fmt: skip
        else:
            assert list(map(str, mine)) == list(map(str, other)), column
    assert first.spec.method == second.spec.method
    assert first.spec.population == second.spec.population


def answer(ask, cohort):
    """Return a result, or the text of the refusal."""
    try:
        return ask(cohort)
    except cs.CarstatsError as error:
        return str(error)


def same(ask, cohort, counts):
    """Require the same answer of a cohort and its counts, a refusal included."""
    first, second = answer(ask, cohort), answer(ask, counts)
    if isinstance(first, str) or isinstance(second, str):
        assert first == second
    else:
        equal(first, second)
        assert first.caption() == second.caption()
