"""The exact Mantel-Haenszel test against R's mantelhaen.test, and by its definition."""

import itertools
from math import comb

import numpy as np
import pytest
from numpy.testing import assert_allclose

from carstats.estimators.proportions.exact_stratified import exact_mantel_haenszel
from carstats.estimators.proportions.two_by_two import fisher_test
from tests.reference import reference

SETS = reference("exact_stratified")


def table(name):
    rows = np.array(SETS[name]["rows"])
    return rows[:, :2], rows[:, 2:]


def test_the_sets_are_whole():
    assert len(SETS) == 6


@pytest.mark.parametrize("name", SETS)
def test_p_value_and_odds_ratio_equal_r(name):
    test = exact_mantel_haenszel(*table(name))
    assert_allclose(test.p_value, SETS[name]["p_value"], rtol=1e-10)
    # R's uniroot stops at 1e-4 of the odds ratio.
    assert_allclose(test.odds_ratio, float(SETS[name]["odds_ratio"]), rtol=1e-3)


@pytest.mark.parametrize("name", SETS)
def test_the_interval_inverts_the_test(name):
    test = exact_mantel_haenszel(*table(name), conf_level=0.9)
    assert (test.low > 1 or test.high < 1) == (test.p_value < 0.1)
    assert test.low <= test.odds_ratio <= test.high


def test_p_value_by_listing_every_set_of_tables():
    k, n = table("small_strata")
    ranges = [
        range(max(0, sum(ki) - ni[1]), min(ni[0], sum(ki)) + 1)
        for ki, ni in zip(k.tolist(), n.tolist(), strict=True)
    ]
    chance = {}
    for first in itertools.product(*ranges):
        ways = 1
        for a, ki, ni in zip(first, k.tolist(), n.tolist(), strict=True):
            ways *= comb(ni[0], a) * comb(ni[1], sum(ki) - a)
        chance[sum(first)] = chance.get(sum(first), 0) + ways
    seen = chance[int(k[:, 0].sum())]
    expected = sum(c for c in chance.values() if c <= seen) / sum(chance.values())
    assert exact_mantel_haenszel(k, n).p_value == pytest.approx(expected, rel=1e-12)


def test_one_stratum_is_fishers():
    assert exact_mantel_haenszel([[3, 1]], [[5, 6]]) == fisher_test(3, 1, 5, 6)


def test_a_stratum_that_cannot_inform_adds_nothing():
    k, n = table("two")
    for more in ([0, 0, 4, 3], [4, 3, 4, 3], [2, 0, 5, 0]):
        wider = (np.vstack([k, more[:2]]), np.vstack([n, more[2:]]))
        one, two = exact_mantel_haenszel(*wider), exact_mantel_haenszel(k, n)
        assert_allclose([one.p_value, one.low, one.high], [two.p_value, two.low, two.high])
    nothing = exact_mantel_haenszel([[0, 0]], [[4, 3]])
    assert (nothing.p_value, nothing.low, nothing.high) == (1, 0, np.inf)
    assert np.isnan(nothing.odds_ratio)
