"""The test of heterogeneity of proportions against metafor, and at its edges."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from carstats.estimators.pooling.heterogeneity import heterogeneity_test
from tests.reference import reference

SETS = reference("heterogeneity")


@pytest.mark.parametrize("name", SETS)
def test_equals_metafor(name):
    one = SETS[name]
    test = heterogeneity_test(one["k"], one["n"])
    # glm stops at a deviance of 1e-8.
    assert_allclose(test.statistic, one["statistic"], rtol=1e-6)
    assert test.df == one["df"]
    assert_allclose(test.p_value, one["p_value"], rtol=1e-5)


def test_edges():
    assert np.isnan(heterogeneity_test([3], [5]).p_value)
    assert np.isnan(heterogeneity_test([], []).p_value)
    for counts in ([0, 0, 0], [4, 7, 2]):
        test = heterogeneity_test(counts, [4, 7, 2])
        assert (test.statistic, test.p_value) == (0, 1)
    # An empty trial has no part in it.
    assert heterogeneity_test([1, 0, 3], [4, 0, 5]).df == 1
