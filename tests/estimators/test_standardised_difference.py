"""Standardised differences against R, and at their edges."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from carstats.estimators.standardised_difference import mean_difference, share_difference
from tests.reference import reference

R = reference("standardised_difference")


def test_a_number_equals_r():
    assert_allclose(mean_difference(R["a"], R["b"]), R["number"], rtol=1e-12)


@pytest.mark.parametrize("one", R["shares"], ids=str)
def test_a_category_equals_r(one):
    found = share_difference(one["first"], one["second"])
    assert_allclose(found, one["expected"], rtol=1e-9)
    assert_allclose(share_difference(one["second"], one["first"]), found)


def test_two_levels_are_the_difference_of_proportions():
    # 7 of 10 and 4 of 13: 0.7 - 4/13 by the root of the mean of p (1 - p).
    p, q = 0.7, 4 / 13
    expected = (p - q) / np.sqrt((p * (1 - p) + q * (1 - q)) / 2)
    assert_allclose(share_difference([7, 3], [4, 9]), expected)


def test_edges():
    assert mean_difference([3, 3], [3, 3]) == 0
    assert np.isnan(mean_difference([3, 3], [4, 4]))
    assert np.isnan(mean_difference([3], [4, 5]))
    assert share_difference([5, 0], [3, 0]) == 0
    assert share_difference([5, 0], [0, 3]) == np.inf
    assert np.isnan(share_difference([0, 0], [0, 3]))
