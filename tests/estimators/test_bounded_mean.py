"""The mean of a bounded variable: against R's closed form, Clopper and Pearson, and coverage."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from carstats.estimators.bounded_mean import bounded_mean
from tests.reference import HERE

CASES = json.loads((HERE / "harm.json").read_text(encoding="utf-8"))
# What the 600 nodes of the integral leave, as a part of the largest value.
NODES = 2e-9


@pytest.mark.parametrize("case", CASES["bounded"])
def test_against_the_divided_difference_of_r(case):
    found = bounded_mean(case["x"], case["most"], conf_level=case["level"])
    assert found.estimate == pytest.approx(case["estimate"])
    assert found.low == pytest.approx(case["low"], abs=NODES * case["most"])
    assert found.high == pytest.approx(case["high"], abs=NODES * case["most"])


@pytest.mark.parametrize("case", CASES["ends"])
def test_noughts_and_the_largest_are_clopper_and_pearson(case):
    values = [case["most"]] * case["k"] + [0] * (case["n"] - case["k"])
    found = bounded_mean(values, case["most"])
    assert (found.low, found.high) == pytest.approx((case["low"], case["high"]), abs=1e-7)


@pytest.mark.parametrize("n", [1, 2, 40, 229, 1000])
def test_a_share_of_any_size(n):
    found = bounded_mean([1] + [0] * (n - 1), 1)
    assert found.low == pytest.approx(beta.ppf(0.025, 1, n), abs=1e-7)
    assert found.high == pytest.approx(beta.ppf(0.975, 2, n - 1) if n > 1 else 1, abs=1e-7)


def test_by_hand_with_one_value():
    # Of one value the mean under weights u and 1 - u: limits at 2.5 % of the way to each end.
    found = bounded_mean([5], 30)
    assert (found.low, found.high) == pytest.approx((0.125, 30 - 0.025 * 25))


def test_nobody_all_nought_and_all_at_the_end():
    none = bounded_mean([np.nan], 30)
    assert (none.n, np.isnan(none.estimate), np.isnan(none.low)) == (0, True, True)
    assert bounded_mean([0, 0, 0], 30).low == 0
    assert bounded_mean([0, 0, 0], 30).high == pytest.approx(30 * (1 - 0.025 ** (1 / 3)))
    assert bounded_mean([30, 30], 30).high == 30


@given(st.lists(st.floats(0, 30), min_size=1, max_size=40))
def test_limits_hold_the_mean_and_stay_within_the_bounds(values):
    found = bounded_mean(values, 30)
    assert 0 <= found.low <= found.estimate + 1e-6
    assert found.estimate - 1e-6 <= found.high <= 30
    wider = bounded_mean(values, 30, conf_level=0.99)
    assert wider.low <= found.low + 1e-6
    assert wider.high >= found.high - 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("n", [3, 8, 20, 40])
def test_coverage_of_days_in_intensive_care(n):
    # Four in five have none, the others 1 to 12 days: the mean is 1.3 of 30.
    rng = np.random.default_rng(17)
    inside = 0
    for _ in range(500):
        days = np.where(rng.random(n) < 0.2, np.floor(1 + 12 * rng.random(n)), 0)
        found = bounded_mean(days, 30)
        inside += found.low <= 0.2 * 6.5 <= found.high
    print(n, inside / 500)
    assert inside / 500 > 0.94
