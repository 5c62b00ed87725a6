"""Order of values by groups against coin and enumeration in R, and at its edges."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import kendalltau, mannwhitneyu

from carstats.estimators.reasons import FEWER_THAN_TWO_GROUPS, GROUP_TOO_SMALL
from carstats.estimators.tests.rank_association import rank_association
from tests.reference import reference

R = reference("rank_association")


@pytest.mark.parametrize("name", R)
def test_equals_r(name):
    one = R[name]
    found = rank_association(one["value"], one["group"])
    assert found.p_method == "exact"
    for key in ("statistic", "p_value", "correlation", "low", "high"):
        assert_allclose(getattr(found, key), one[key], rtol=1e-9, err_msg=key)


def test_three_and_three_that_are_apart():
    # The two most extreme of the twenty choices of three of six.
    assert_allclose(rank_association([1, 2, 3, 4, 5, 6], [0, 0, 0, 1, 1, 1]).p_value, 2 / 20)


def test_resampling_is_near_the_exact_value_and_the_limit():
    rng = np.random.default_rng(4)
    g = np.repeat([0, 1, 2], [12, 10, 6])
    x = rng.normal(size=28) + 0.6 * g
    found = rank_association(x, g)
    assert (found.p_method, found.n_resamples) == ("resampling", 9999)
    assert abs(found.p_value - kendalltau(x, g, method="asymptotic").pvalue) < 0.01
    order = rng.permutation(28)
    assert rank_association(x[order], g[order]).p_value == found.p_value


def test_many_subjects_are_asymptotic():
    rng = np.random.default_rng(5)
    g = rng.integers(0, 2, 150)
    x = rng.normal(size=150) + 0.3 * g
    found = rank_association(x, g)
    assert found.p_method == "asymptotic"
    assert_allclose(found.p_value, mannwhitneyu(x[g == 0], x[g == 1], use_continuity=False).pvalue)


def test_two_groups_of_fifty_are_exact_and_near_the_limit():
    rng = np.random.default_rng(6)
    g = np.repeat([0, 1], 50)
    x = rng.normal(size=100) + 0.3 * g
    found = rank_association(x, g)
    assert found.p_method == "exact"
    assert abs(found.p_value - kendalltau(x, g, method="asymptotic").pvalue) < 0.005


def test_edges():
    assert rank_association([1, 2, 3], [1, 1, 1]).reason.code == FEWER_THAN_TWO_GROUPS
    assert rank_association([], []).reason.code == FEWER_THAN_TWO_GROUPS
    few = rank_association([1, 2, 3, 4, 5], [0, 0, 0, 1, 1])
    assert few.reason.code == GROUP_TOO_SMALL
    assert np.isnan(few.p_value)
    alike = rank_association([2, 2, 2, 2, 2, 2], [0, 0, 0, 1, 1, 1])
    assert alike.p_value == 1
    assert np.isnan(alike.correlation)
    below = rank_association([-np.inf, -np.inf, 3, 4, 5, 6], [0, 0, 0, 1, 1, 1])
    assert_allclose(below.p_value, 2 / 20)


@pytest.mark.slow
@pytest.mark.parametrize("n", [8, 15, 30])
@pytest.mark.parametrize("rho", [0.0, 0.5])
def test_limits_of_the_correlation_cover(n, rho):
    rng = np.random.default_rng([n, int(10 * rho)])
    true = 6 / np.pi * np.arcsin(rho / 2)
    inside = 0
    for _ in range(2000):
        x, z = rng.standard_normal((2, n))
        found = rank_association(x, rho * x + np.sqrt(1 - rho**2) * z, n_resamples=1)
        inside += found.low <= true <= found.high
    print(f"n = {n}, rho = {rho}: covers {inside / 2000:.3f}")
    assert inside / 2000 > 0.92
