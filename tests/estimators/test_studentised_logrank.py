"""The permuted, studentised log-rank test against R in every arrangement, and its rules."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from carstats.estimators.reasons import Reason
from carstats.estimators.tests.logrank import weighted_logrank
from carstats.estimators.tests.studentised_logrank import LISTED, studentised_logrank
from tests.reference import reference

SETS = reference("studentised_logrank")
# Two routes of small_sample_limits: rational arithmetic, and survdiff in every arrangement.
PUBLISHED = {"L1": (1, 220), "L2": (4, 70), "L3": (2, 20), "L4": (15, 462), "L5": (5, 120),
             "L6": (22, 252)}  # fmt: skip


def data(name):
    one = SETS[name]
    options = {"strata": np.array(one["strata"])} if "strata" in one else {}
    return [np.array(one[k]) for k in ("time", "status", "group")], options


def drawn(n, groups, seed):
    rng = np.random.default_rng(seed)
    time = np.ceil(rng.exponential(60, n))
    status, group = rng.integers(0, 2, n), rng.integers(0, groups, n)
    return time, status, group, np.floor(time * rng.random(n) / 2), rng.integers(0, 3, n)


def test_the_sets_are_whole():
    assert set(SETS) == {*PUBLISHED, "three_groups", "strata"}


@pytest.mark.parametrize("name", SETS)
def test_every_arrangement_equals_r(name):
    values, options = data(name)
    test = studentised_logrank(*values, **options)
    one = SETS[name]
    assert test.method == "exact"
    assert test.n_arrangements == one["n_arrangements"]
    assert_allclose(test.statistic, one["statistic"], rtol=1e-12)
    # A count of arrangements by their number: only the division rounds.
    assert_allclose(test.p_value, one["n_extreme"] / one["n_arrangements"], rtol=1e-13)
    assert_allclose(test.smallest, one["n_most"] / one["n_arrangements"], rtol=1e-13)


@pytest.mark.parametrize(("name", "extreme"), PUBLISHED.items())
def test_counts_of_the_second_route(name, extreme):
    assert (SETS[name]["n_extreme"], SETS[name]["n_arrangements"]) == extreme


@pytest.mark.parametrize("groups", [2, 3, 4])
@pytest.mark.parametrize("weight", ["log-rank", "Gehan-Wilcoxon", "Peto-Peto"])
@pytest.mark.parametrize("what", ["plain", "entry", "strata", "entry strata", "trend"])
def test_the_statistic_is_the_asymptotic_ones(groups, weight, what):
    time, status, group, entry, strata = drawn(40, groups, 11)
    options = {"weight": weight}
    options |= {"entry": entry} if "entry" in what else {}
    options |= {"strata": strata} if "strata" in what else {}
    options |= {"trend": np.arange(groups)} if what == "trend" else {}
    test = studentised_logrank(time, status, group, n_resamples=50, **options)
    assert_allclose(test.statistic, weighted_logrank(time, status, group, **options).statistic)


def test_resampling_is_seeded_and_comes_near_all_arrangements():
    values, _ = data("L4")
    every = studentised_logrank(*values)
    one = studentised_logrank(*values, listed=461, n_resamples=9_999, seed=5)
    assert one == studentised_logrank(*values, listed=461, n_resamples=9_999, seed=5)
    assert (every.method, one.method, one.n_resamples) == ("exact", "resampling", 9_999)
    # (b + 1) / (B + 1) with b binomial: three standard errors of 9,999 draws.
    assert one.p_value == pytest.approx(every.p_value, abs=3 * 0.0018)
    assert one.smallest == pytest.approx(every.smallest, abs=3 * 0.0005)
    assert LISTED == 200_000


@pytest.mark.parametrize("strata", [None, np.arange(60) % 2])
def test_drawing_the_smaller_group_alone_is_the_same_test(strata):
    # 5 against 55: the shorter way is taken; with entry times of nought the longer one.
    rng = np.random.default_rng(9)
    time, status = np.ceil(rng.exponential(40, 60)), rng.integers(0, 2, 60)
    group = (np.arange(60) < 5).astype(int)
    options = {"strata": strata, "n_resamples": 20_000}
    short = studentised_logrank(time, status, group, **options)
    long = studentised_logrank(time, status, group, entry=np.full(60, -1.0), **options)
    assert short.method == long.method == "resampling"
    assert_allclose(short.statistic, long.statistic)
    # Three standard errors of the difference of two times 20,000 draws.
    error = np.sqrt(2 * short.p_value * (1 - short.p_value) / 20_000)
    assert abs(short.p_value - long.p_value) < 3 * error


def test_one_against_many_cannot_fall_below_its_place():
    # The first of n to have the event: one of n places.
    time, status = np.arange(1, 31), np.ones(30)
    test = studentised_logrank(time, status, np.arange(30) > 0)
    assert test.p_value == pytest.approx(1 / 30)
    assert test.smallest == pytest.approx(1 / 30)


@pytest.mark.parametrize(
    ("time", "status", "group", "reason"),
    [
        ([], [], [], "no_subjects"),
        ([3, 4], [1, 1], [0, 0], "one_group"),
        ([3, 4, 5], [0, 0, 0], [0, 0, 1], "no_event_at_risk_together"),
        # The one event comes when a single group is left at risk.
        ([3, 4, 5], [0, 0, 1], [0, 0, 1], "no_event_at_risk_together"),
        # All at risk have it at once: nobody could have had it or not.
        ([4, 4, 4], [1, 1, 1], [0, 1, 1], "no_event_at_risk_together"),
    ],
)
def test_nothing_to_compare(time, status, group, reason):
    test = studentised_logrank(time, status, group)
    assert np.isnan([test.statistic, test.p_value, test.smallest]).all()
    assert (test.method, test.reason) == ("none", Reason(reason))


def test_an_arrangement_without_variance_counts_as_zero():
    # One event at a time when one is left with its like: no arrangement divides by nought.
    test = studentised_logrank([1, 2, 3, 3], [0, 0, 1, 1], [0, 1, 0, 1])
    assert test.method == "none"
    test = studentised_logrank([1, 2, 3, 4], [0, 1, 0, 0], [0, 1, 0, 1])
    assert 0 < test.p_value <= 1


def test_order_and_labels_do_not_matter():
    time, status, group, _, strata = drawn(14, 3, 2)
    turned = np.argsort(-time, kind="stable")
    one = studentised_logrank(time, status, group, strata=strata)
    two = studentised_logrank(
        time[turned], status[turned], 7 - group[turned], strata=strata[turned]
    )
    assert_allclose([one.statistic, one.p_value], [two.statistic, two.p_value], rtol=1e-9)
    one = studentised_logrank(time, status, group, listed=1, n_resamples=200)
    two = studentised_logrank(
        time[turned], status[turned], group[turned], listed=1, n_resamples=200
    )
    assert one.p_value == two.p_value


@pytest.mark.slow
def test_size_where_the_larger_group_is_followed_for_less():
    # 10 + 100, the larger followed for less: linear scores reject 10.7 % (small_sample_limits).
    rng = np.random.default_rng(4)
    group = np.repeat([0, 1], [10, 100])
    rejected = 0
    for _ in range(600):
        event = rng.exponential(4, 110)
        stop = np.where(group == 0, rng.uniform(0.5, 1, 110), rng.uniform(0.1, 0.7, 110))
        test = studentised_logrank(np.minimum(event, stop), event <= stop, group, n_resamples=399)
        rejected += test.p_value <= 0.05
    # Two standard errors of 600 above the 5.6 % found there with 8,000.
    assert rejected / 600 < 0.056 + 2 * 0.0092
