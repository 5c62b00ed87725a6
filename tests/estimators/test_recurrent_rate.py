"""Rates of events that recur: effective counts, their ratio and their test."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from carstats.estimators.rates.rate import event_rate, rate_ratio, rate_test
from carstats.estimators.rates.recurrent_rate import (
    recurrent_rate,
    recurrent_rate_ratio,
    recurrent_rate_test,
)

# Printed with ten decimals.
PRINTED = 6e-11


@pytest.mark.parametrize(
    ("counts", "exposure", "expected"),
    [
        ([0, 0, 0, 0, 0], [1, 1, 1, 1, 1], (0, 1, 0, 0.7377758908)),
        ([1, 0, 2, 0, 1], [1, 1, 1, 1, 1], (0.8, 1.7558606793, 0.1174693897, 2.6907886162)),
        (
            [5, 0, 0, 1, 0, 0, 2, 0],
            [1, 0.5, 2, 1.5, 1, 0.8, 1.2, 2],
            (0.8, 5.2173682251, 0.0602056703, 3.3762384871),
        ),
        ([3, 3, 3], [1, 1, 1], (3, 1, 1.3717910325, 5.6949344838)),
        ([0, 0, 9], [1, 1, 1], (3, 43.3729456419, 0.0000001804, 59.4537091487)),
        (
            [2, 0, 1, 4, 0, 0, 7, 1, 0, 3, 0, 1],
            [0.5, 0.4, 1, 1.1, 0.2, 0.9, 1.5, 0.7, 0.3, 1, 0.6, 0.8],
            (2.1111111111, 2.0009907752, 0.9893919362, 3.9426848763),
        ),
    ],
)
def test_reference_values(counts, exposure, expected):
    rate = recurrent_rate(counts, exposure)
    assert_allclose(
        [rate.estimate, rate.dispersion, rate.low, rate.high], expected, rtol=0, atol=PRINTED
    )


def test_nobody_varies_more_than_poisson():
    counts, exposure = [3, 3, 3], [1.0, 1.0, 1.0]
    rate, exact = recurrent_rate(counts, exposure), event_rate(9, 3)
    assert_allclose([rate.low, rate.high], [exact.low, exact.high])
    ratio = recurrent_rate_ratio((counts, [1, 1, 1, 1]), (exposure, [1, 1, 1, 1]))
    plain = rate_ratio((9, 4), (3, 4))
    assert_allclose([ratio.low, ratio.high, ratio.p_value], [plain.low, plain.high, plain.p_value])


@pytest.mark.parametrize(
    ("counts", "exposure", "reasons"),
    [
        ([0, 0], [1, 1], ("poisson_limits",)),
        ([4], [2], ("one_subject_poisson", "few_subjects_with_event")),
        ([1, 1, 0, 0, 3, 1], [1] * 6, ("few_subjects_with_event",)),
        ([1, 1, 1, 1, 1], [1] * 5, ()),
        ([], [], ()),
        ([0], [0], ()),
    ],
)
def test_what_the_reader_has_to_know(counts, exposure, reasons):
    assert tuple(r.code for r in recurrent_rate(counts, exposure).reasons) == reasons


def test_one_subject_has_poisson_limits_and_none_has_none():
    rate, exact = recurrent_rate([4], [2.0]), event_rate(4, 2.0)
    assert_allclose([rate.low, rate.high, rate.dispersion], [exact.low, exact.high, 1])
    assert np.isnan([recurrent_rate([], []).estimate, recurrent_rate([0], [0]).high]).all()
    ratio = recurrent_rate_ratio(([], [1, 2]), ([], [1, 1]))
    assert np.isnan([ratio.estimate, ratio.low, ratio.p_value]).all()


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_the_test_and_the_limits_are_one_inversion(level):
    counts, exposure = [5, 0, 0, 1, 0, 0, 2, 0], [1, 0.5, 2, 1.5, 1, 0.8, 1.2, 2]
    rate = recurrent_rate(counts, exposure, conf_level=level)
    for limit in (rate.low, rate.high):
        p = recurrent_rate_test(counts, exposure, limit, conf_level=level)
        assert p == pytest.approx(1 - level)
    other = ([2, 0, 0, 3, 1], [1, 1, 2, 1, 1])
    ratio = recurrent_rate_ratio((counts, other[0]), (exposure, other[1]), conf_level=level)
    inverse = recurrent_rate_ratio((other[0], counts), (other[1], exposure), conf_level=level)
    assert_allclose([1 / ratio.high, 1 / ratio.low], [inverse.low, inverse.high])


def test_exact_test_of_a_rate_is_twice_the_smaller_tail():
    # X ~ Poisson(2): P(X >= 5) = 1 - e^-2 (1 + 2 + 2 + 4/3 + 2/3) = 1 - 7 e^-2.
    assert rate_test(5, 4.0, 0.5) == pytest.approx(2 * (1 - 7 * np.exp(-2)))
    assert rate_test(0, 4.0, 0.5) == pytest.approx(2 * np.exp(-2))
    assert rate_test(2, 4.0, 0.5) == 1
    assert np.isnan(rate_test(0, 0.0, 1.0))


@pytest.mark.slow
@pytest.mark.parametrize(("n", "variance"), [(5, 1), (8, 0.5), (20, 1)])
def test_coverage(n, variance):
    rng = np.random.default_rng(8)
    held = 0
    for _ in range(2_000):
        exposure = rng.uniform(0.3, 1.5, n)
        mean = rng.gamma(1 / variance, variance, n) * 2 * exposure
        rate = recurrent_rate(rng.poisson(mean), exposure)
        held += rate.low <= 2 <= rate.high
    # Two standard errors of 2,000 below 95 %.
    assert held / 2_000 > 0.95 - 2 * 0.0049
