"""Quantiles of beta laws: the expansion for large parameters against scipy's root finding."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import betaincinv

from carstats.estimators.curves.beta import beta_quantile

LARGE = 3000.0 * 7.0 ** np.arange(6)


@pytest.mark.parametrize("p", [1e-4, 0.005, 0.025, 0.05, 0.3, 0.5, 0.95, 0.975, 0.995])
def test_large_parameters_have_the_quantiles_of_root_finding(p):
    a, b = np.meshgrid(LARGE, LARGE)
    assert_allclose(beta_quantile(p, a, b), betaincinv(a, b, p), rtol=1e-10)


def test_small_parameters_and_far_tails_are_those_of_root_finding():
    a, b = np.array([0.5, 3.0, 2999.0, 5000.0]), np.array([2.0, 3.0, 1e6, 2999.0])
    assert_array_equal(beta_quantile(0.025, a, b), betaincinv(a, b, 0.025))
    assert_array_equal(beta_quantile(1e-6, LARGE, LARGE), betaincinv(LARGE, LARGE, 1e-6))


def test_small_large_and_constant_laws_stand_side_by_side():
    a, b = (
        np.array([[0.0, 2.0, 4e3], [5.0, 6.0, 5e3]]),
        np.array([[1.0, 2.0, 5e3], [0.0, 1.0, 4e3]]),
    )
    found = beta_quantile(0.3, a, b)
    assert found[0, 0] == 0
    assert found[1, 0] == 1
    assert_allclose(found[:, 1:], betaincinv(a, b, 0.3)[:, 1:], rtol=1e-10)


def test_several_levels_of_one_law():
    levels = np.array([1e-6, 0.1, 0.5, 1 - 1e-6])
    assert_allclose(beta_quantile(levels, 4e3, 9e3), betaincinv(4e3, 9e3, levels), rtol=1e-10)
    assert beta_quantile(0.5, 4e3, 9e3).shape == ()
