"""Whatever the division: counts that were added give the numbers of the pooled rows to 1e-12."""

import numpy as np
import pytest

import carstats as cs
from tests.counts.analyses import answer, same
from tests.counts.partitions import RESPONSE, asked, asking, cohort_of, divided

# What issue 23 names, and no other: what is asked of each division.
NAMED = {
    "survival_curve",
    "survival_at",
    "survival_quantile",
    "restricted_mean",
    "followup_time",
    "landmark_rate",
    "logrank_test",
    "cumulative_incidence",
    "gray_test",
    "incidence_rate",
    "cox_regression",
    "response_rate",
    "response_difference",
    "response_test",
    "toxicity_rate",
    "basket_response",
    "pooled_rate",
}
POOLED = ["n", "n_event", "estimate", "conf_low", "conf_high", "tau2", "p_heterogeneity"]


def require_the_numbers_of_the_rows(seed, *, basket):
    rng = np.random.default_rng(seed)
    cohort = cohort_of(rng)
    counts = divided(cohort, rng)
    questions = asked(rng)
    assert set(questions) == NAMED - {"pooled_rate"}
    for name, every in questions.items():
        # Its integrals take as long as all the others together.
        for arguments in every if basket or name != "basket_response" else ():
            same(asking(name, arguments), cohort, counts)
    for outcome, rate in (
        (RESPONSE, lambda: cs.response_rate(cohort, RESPONSE, by="site_id")),
        ("CRS", lambda: cs.toxicity_rate(cohort, "CRS", by="site_id")),
    ):
        table = rate().frame.rename(columns={"site_id": "study"})[["study", "n_event", "n"]]
        table = table[table["n"] > 0]
        first = answer(lambda rows: cs.pooled_rate(rows, "any"), table)
        second = answer(lambda it, name=outcome: cs.pooled_rate(it, name), counts)
        if isinstance(first, str) or isinstance(second, str):
            assert first == second
            continue
        np.testing.assert_allclose(
            first.frame[POOLED].to_numpy(float), second.frame[POOLED].to_numpy(float),
            rtol=1e-12, atol=1e-12,
        )  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_parts_that_counted_alone_give_the_numbers_of_the_rows(seed):
    require_the_numbers_of_the_rows(seed, basket=seed == 0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 300))
def test_many_more_divisions(seed):
    require_the_numbers_of_the_rows(seed, basket=True)


def test_groups_without_a_record_leave_the_trend_of_the_others():
    """A middle group without times: the others keep their scores, 0 and 2."""
    rng = np.random.default_rng(1)
    cohort = cohort_of(rng)
    while len(cohort) < 30 or cohort.subjects["target"].nunique() < 3:
        cohort = cohort_of(rng)
    ids = cohort.subjects.set_index("subject_id")["target"]
    events = cohort.study.events
    events = events[events["subject_id"].map(ids) != "BCMA"].assign(status="event")
    events.loc[events.index[-1], "status"] = "censored"
    study = cs.Study(subjects=cohort.subjects, events=events)
    with_gap = cs.define_cohort(study)
    without = cs.define_cohort(study, cs.with_target(*sorted(set(ids) - {"BCMA"})))
    ask = {"by": "target", "method": "permutation", "n_resamples": 99}
    scores = [0.0, 2.0, 3.0][: ids.nunique() - 1]
    first = cs.logrank_test(with_gap, trend=True, **ask)
    second = cs.logrank_test(without, trend=scores, **ask)
    for column in ("statistic", "p_value", "n_event"):
        np.testing.assert_allclose(first.frame[column], second.frame[column], rtol=1e-12)
