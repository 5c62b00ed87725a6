"""Rates per person-time against R, published values and at the edges."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from carstats.errors import CarstatsError
from carstats.estimators.rates.rate import event_rate, rate_ratio
from tests.reference import reference

R = reference("rates")
RATES = np.array(R["rates"])
RATIOS = np.array(R["ratios"], float)
LEVELS = (0.9, 0.95, 0.99)


def test_reference_grid_is_whole():
    assert RATES.shape == (3 * 18 * 3, len(R["rate_columns"]))
    assert RATIOS.shape == (3 * (8 * 8 - 1) * 2, len(R["ratio_columns"]))


@pytest.mark.parametrize("level", LEVELS)
def test_ratios_equal_poisson_test(level):
    _, k1, k2, t1, t2, low, high, p_value = RATIOS[RATIOS[:, 0] == level].T
    found = rate_ratio((k1, k2), (t1, t2), conf_level=level)
    assert_allclose(found.low, low, rtol=1e-9)
    assert_allclose(found.high, np.where(np.isnan(high), np.inf, high), rtol=1e-9)
    assert_allclose(found.p_value_minlike, p_value, rtol=1e-9)
    # The other p-value agrees with the limits.
    decided = np.abs(found.p_value - (1 - level)) > 1e-9
    outside = (found.low > 1) | (found.high < 1)
    assert (outside == (found.p_value < 1 - level))[decided].all()


def test_rates_equal_published_values():
    expect = next(e["expect"] for e in reference("published_values") if e["id"] == "E-01")
    found = event_rate([5, 0], [123.4, 50])
    rows = np.transpose([found.estimate, found.low, found.high])
    assert_allclose(rows, [expect["5/123.4"], expect["0/50"]], rtol=1e-7)
    byar = event_rate(5, 123.4, method="Byar")
    assert_allclose([byar.low, byar.high], expect["byar_5/123.4"], rtol=1e-6)


def test_zero_events_have_an_upper_bound():
    # Nobody had the event with probability exp(-rate x exposure): 0.025 of it at the bound.
    found = event_rate(0, 20)
    assert (found.estimate, found.low) == (0, 0)
    assert_allclose(found.high, -np.log(0.025) / 20)


@pytest.mark.parametrize("method", ["exact", "Byar"])
def test_without_exposure_there_is_no_rate(method):
    found = event_rate([0, 0, 1], [0, 10, 10], method=method)
    assert np.isnan([found.estimate[0], found.low[0], found.high[0]]).all()
    assert (found.low[1:] >= 0).all()
    assert (found.high[1:] > found.estimate[1:]).all()


def test_edges_of_the_ratio():
    found = rate_ratio(([0, 3, 0, 2], [0, 0, 4, 1]), ([10, 10, 10, 0], [10, 10, 10, 5]))
    assert_allclose(found.estimate, [np.nan, np.inf, 0, np.nan])
    assert_allclose(found.low[:3], [0, 1 / (1 / 0.025 ** (1 / 3) - 1), 0])
    assert_allclose(found.high[:2], np.inf)
    assert_allclose(found.p_value[:3], [1, 0.25, 0.125])
    assert_allclose(found.p_value_minlike[:3], [1, 0.25, 0.125])
    values = (found.estimate, found.low, found.high, found.p_value, found.p_value_minlike)
    assert all(np.isnan(value[3]) for value in values)


def test_unknown_method():
    with pytest.raises(CarstatsError, match="`method` is 'Wald'; allowed: 'exact', 'Byar'"):
        event_rate(1, 2, method="Wald")
