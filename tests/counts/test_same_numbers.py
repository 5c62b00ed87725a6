"""Counts give the numbers of the subjects that were counted."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import carstats as cs
from tests.counts.analyses import COMPETING, OF_TIMES, same
from tests.survival.survival_data import RFS, cohort_of

STUDY = cs.read_study("data/synthetic")
COHORT = cs.define_cohort(STUDY, cs.infused())


def drawn(n, seed, last, n_groups, causes, entry):
    """Return subjects with tied times, targets, up to four sites and maybe competing events."""
    rng = np.random.default_rng(seed)
    time = rng.integers(1, last + 1, n)
    more = {"entry": np.where(rng.random(n) < 0.5, 0, time - 1)} if entry else {}
    return cohort_of(
        time,
        rng.integers(0, causes, n),
        group=rng.integers(0, n_groups, n),
        site_id=rng.choice(list("ABCD"), n),
        cutoff_day=rng.integers(1, 12, n),
        **more,
    )


def by_site(cohort, names, by, **options):
    """Count each of five sites alone, one of them empty, and add the counts up."""
    parts = []
    for site in "ABCDE":
        mine = cohort.subjects[cohort.subjects["site_id"] == site].reset_index(drop=True)
        part = replace(cohort, subjects=mine)
        parts.append(cs.count_outcomes(part, names, by=by, **options))
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    n=st.integers(1, 40),
    seed=st.integers(0, 10_000),
    last=st.sampled_from([4, 8, 300]),
    n_groups=st.integers(2, 3),
    causes=st.sampled_from([2, 2, 3]),
    entry=st.sampled_from([False, False, True]),
)
def test_sites_that_counted_alone_give_the_numbers_of_the_pooled_rows(
    n, seed, last, n_groups, causes, entry
):
    cohort = drawn(n, seed, last, n_groups, causes, entry)
    counts = by_site(cohort, [RFS], ["target", "site_id"], landmarks=[4])
    competing = (cohort.study.events["status"] == "competing").any()
    for name, ask in OF_TIMES.items():
        if not competing or name in COMPETING:
            same(ask, cohort, counts)


RESPONSE = "drug_free_remission"
OF_RESPONSES = {
    "response_rate": lambda c: cs.response_rate(c, RESPONSE, by=["disease", "target"]),
    "bounds": lambda c: cs.response_rate(c, RESPONSE, by="target", missing="bounds"),
    "evaluable": lambda c: cs.response_rate(c, RESPONSE, population="evaluable"),
    "two": lambda c: cs.response_rate(c, [RESPONSE, "DORIS"], by="disease"),
    "difference": lambda c: cs.response_difference(c, RESPONSE, by="target", strata="site_id"),
    "pairs": lambda c: cs.response_difference(c, RESPONSE, by="disease", contrast="ratio"),
    "exact": lambda c: cs.response_test(c, RESPONSE, by="target", strata="site_id"),
    "CMH": lambda c: cs.response_test(c, RESPONSE, by="disease", strata="site_id"),
    "basket": lambda c: cs.basket_response(c, RESPONSE, by="disease"),
    "trend": lambda c: cs.response_test(c, RESPONSE, by="disease", method="trend"),
    "any grade": lambda c: cs.toxicity_rate(c, ["CRS", "infection"], by=["disease", "target"]),
    "severe": lambda c: cs.toxicity_rate(c, ["CRS", "infection"], min_grade=3, by="disease"),
    "compared": lambda c: cs.toxicity_difference(c, ["CRS", "infection"], by="target"),
    "grades": lambda c: cs.toxicity_grades(c, ["CRS", "infection"], by=["disease", "target"]),
    "signals": lambda c: cs.toxicity_signals(c, ["CRS", "infection"], by="target", level="BCMA"),
    "scale": lambda c: cs.toxicity_rate(c, "CRS", min_grade=2, grading_scale="ASTCT"),
    "other scale": lambda c: cs.toxicity_rate(c, "CRS", min_grade=2, grading_scale="Lee 2014"),
    "regression": lambda c: cs.response_regression(c, RESPONSE, ["target", "disease"]),
    "marginal": lambda c: cs.marginal_response_difference(c, RESPONSE, "target"),
    "tipping": lambda c: cs.response_tipping_point(c, RESPONSE, by="target", first="CD19",
                                                   second="BCMA"),
    "relapse": lambda c: cs.cumulative_incidence(c, "relapse", by="disease"),
}  # fmt: skip
NAMES = [RESPONSE, "DORIS", "CRS", "infection", "relapse"]


@pytest.mark.parametrize("name", OF_RESPONSES)
def test_counts_of_a_study_give_the_numbers_of_its_subjects(name):
    counts = cs.count_outcomes(COHORT, NAMES, by=["disease", "target", "site_id"])
    same(OF_RESPONSES[name], COHORT, counts)
