"""Logistic regression of subjects with the same covariates in one row each."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from carstats.estimators.regression import logistic
from carstats.estimators.regression.logistic import logistic_regression


@pytest.mark.parametrize("method", logistic.LOGISTIC_METHODS)
@pytest.mark.parametrize("profiled", [True, False])
def test_the_likelihood_does_not_depend_on_how_subjects_are_put_together(
    monkeypatch, method, profiled
):
    rng = np.random.default_rng(4)
    x = np.column_stack([rng.integers(0, 2, 90), rng.integers(0, 3, 90), rng.integers(20, 24, 90)])
    y = rng.integers(0, 2, 90)
    one = logistic_regression(x, y, method=method, profiled=profiled)
    monkeypatch.setattr(logistic, "_ALIKE_FROM", 1)
    two = logistic_regression(x, y, method=method, profiled=profiled)
    assert_allclose(two.coefficient, one.coefficient, rtol=1e-8)
    assert_allclose(two.covariance, one.covariance, rtol=1e-8)
    assert_allclose([two.low, two.high], [one.low, one.high], rtol=1e-7)
    assert_allclose(two.statistic, one.statistic, rtol=1e-7)
    assert_allclose(two.log_likelihood, one.log_likelihood, rtol=1e-12)


def test_rows_alike_are_counted_once_in_order(monkeypatch):
    monkeypatch.setattr(logistic, "_ALIKE_FROM", 1)
    x = np.array([[1.0, 2], [0, 2], [1, 2], [1, 3]])
    rows, responded, many = logistic._alike(x, np.array([1.0, 0, 0, 1]))
    assert rows.tolist() == [[0, 2], [1, 2], [1, 3]]
    assert (responded.tolist(), many.tolist()) == ([0, 1, 1], [1, 2, 1])
