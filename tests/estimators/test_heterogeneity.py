"""The test of heterogeneity of proportions against metafor, and at its edges."""

import numpy as np

from carstats.estimators.pooling.heterogeneity import heterogeneity_test


def test_edges():
    assert np.isnan(heterogeneity_test([3], [5]).p_value)
    assert np.isnan(heterogeneity_test([], []).p_value)
    for counts in ([0, 0, 0], [4, 7, 2]):
        test = heterogeneity_test(counts, [4, 7, 2])
        assert (test.statistic, test.p_value) == (0, 1)
    # An empty trial has no part in it.
    assert heterogeneity_test([1, 0, 3], [4, 0, 5]).df == 1
