"""The difference of two curves at a time against R, published values and at the edges."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from carstats.estimators.curves.curve_difference import greenwood_difference, melded_difference
from carstats.estimators.curves.kaplan_meier import kaplan_meier
from carstats.estimators.curves.risk_table import risk_table
from carstats.estimators.reasons import Reason
from carstats.estimators.root_finding import find_root
from carstats.wording import because
from tests.reference import array, reference

REFERENCE = reference("curve_differences")


def tables(name):
    d = {k: np.array(v) for k, v in REFERENCE["groups"][name].items()}
    status = np.broadcast_to(d["status"], d["time"].size)
    return [risk_table(d["time"][d["g"] == g], status[d["g"] == g]) for g in (0, 1)]


def free(n_free, n):
    """A group without censoring: some are free of the event at time 1.5."""
    return risk_table([1.0] * (n - n_free) + [2.0] * n_free, [1] * (n - n_free) + [0] * n_free)


def test_reference_grid_is_whole():
    assert len(REFERENCE["groups"]) == 8
    assert len(REFERENCE["rows"]) == 2 * (3 * 3 + 4 + 2 + 2 + 2 + 1)


@pytest.mark.parametrize("key", REFERENCE["rows"])
def test_equals_r(key):
    r = {k: array(v) if k != "group" else v[0] for k, v in REFERENCE["rows"][key].items()}
    both, at, level = tables(r["group"]), float(r["at"][0]), float(r["conf_level"][0])
    plain = greenwood_difference(*both, at, conf_level=level)
    assert_allclose([plain.first, plain.second], r["surv"], atol=1e-12)
    if np.isnan(plain.std_error):
        # survfit's error is 0 or missing where a curve is 1 or 0; carstats gives none.
        assert 1 in r["surv"] or 0 in np.round(r["surv"], 12)
        assert plain.note == (Reason("curve_at_its_end"),)
        assert np.isnan([plain.low, plain.high, plain.p_value]).all()
    else:
        assert_allclose(plain.std_error, r["std_error"][0], rtol=1e-9)
        assert_allclose([plain.low, plain.high], np.clip(r["greenwood"], -1, 1), rtol=1e-9)
    melded = melded_difference(*both, at, conf_level=level)
    assert melded.estimate == plain.estimate
    # R's integrate() and uniroot() are the less exact of the two: about 1e-9.
    assert_allclose([melded.low, melded.high], r["melded"], atol=2e-8)
    assert_allclose(melded.p_value, r["p_value"][0], atol=1e-8)
    if not np.isnan(r["fisher"][0]):
        assert_allclose(melded.p_value, r["fisher"][0], atol=1e-11)


def test_without_censoring_equals_the_published_melded_binomial():
    expect = next(e["expect"] for e in reference("published_values") if e["id"] == "D-05")
    for counts, key in ((((9, 10), (3, 10)), "9/10-3/10"), (((5, 5), (3, 5)), "5/5-3/5")):
        found = melded_difference(*(free(*c) for c in counts), 1.5)
        # The tolerance stated there: exact2x2 integrates and solves numerically too.
        assert_allclose([found.low, found.high], expect[key]["melded"], atol=1e-4)


@pytest.mark.parametrize("n", [(3, 4), (6, 6), (10, 7)])
def test_without_censoring_p_is_twice_fishers_one_sided(n):
    from scipy.stats import hypergeom

    for a in range(n[0] + 1):
        for b in range(n[1] + 1):
            law = hypergeom(sum(n), a + b, n[0])
            p = min(1, 2 * min(law.cdf(a), law.sf(a - 1)))
            found = melded_difference(free(a, n[0]), free(b, n[1]), 1.5).p_value
            # The error of the integration is absolute.
            assert_allclose(found, p, atol=1e-11)


def test_a_known_second_curve_leaves_the_beta_product():
    # Against a hundred thousand who are all free, the limits are nearly those of the first curve.
    first = risk_table([2, 4, 6, 8], [1, 0, 1, 0])
    found = melded_difference(first, free(100_000, 100_000), 1.5 + 5)
    assert np.isnan(found.estimate)  # the second is followed to 2 only
    long = risk_table(np.full(100_000, 9.0), np.zeros(100_000, int))
    found = melded_difference(first, long, 5)
    curve = kaplan_meier(first)
    assert_allclose([found.low, found.high], [curve.low[1] - 1, curve.high[1] - 1], atol=1e-4)


def test_beyond_the_follow_up_or_with_nobody_it_says_why():
    full, short, nobody = free(3, 5), risk_table([0.5, 1], [1, 0]), risk_table([], [])
    for second, words in (
        (short, "second group followed to 1 only"),
        (nobody, "second group has no subjects"),
    ):
        for difference in (greenwood_difference, melded_difference):
            found = difference(full, second, 1.5)
            assert because(*found.note) == words
            assert np.isnan([found.estimate, found.low, found.high, found.p_value]).all()
            assert found.first == 0.6
    # A curve that has come down to 0 stays there.
    assert melded_difference(full, free(0, 4), 1.9).second == 0


SAMPLE = st.lists(st.tuples(st.integers(1, 8), st.integers(0, 1)), min_size=1, max_size=9)


@settings(max_examples=40, deadline=None)
@given(SAMPLE, SAMPLE, st.sampled_from([0.8, 0.95]))
def test_properties(one, two, level):
    a, b = (risk_table(*np.array(sample).T) for sample in (one, two))
    at = min(a.time[-1], b.time[-1]) / 2
    found = melded_difference(a, b, at, conf_level=level)
    turned = melded_difference(b, a, at, conf_level=level)
    assert -1 <= found.low <= found.estimate + 1e-9
    assert found.estimate <= found.high + 1e-9 <= 1 + 1e-9
    assert_allclose(
        [found.low, found.high, found.p_value], [-turned.high, -turned.low, turned.p_value]
    )
    # The test and the limits say the same.
    if abs(found.p_value - (1 - level)) > 1e-9:
        assert (found.p_value < 1 - level) == (found.low > 0 or found.high < 0)


def test_roots():
    assert_allclose(find_root(lambda x: x**3 - 2, 0, 2), 2 ** (1 / 3), rtol=1e-12)
    assert_allclose(find_root(lambda x: math.tanh(50 * (x - 0.9)), -1, 1), 0.9, rtol=1e-12)
    assert find_root(lambda x: x + 5, 0, 1) == 0
    assert find_root(lambda x: x - 5, 0, 1) == 1
    assert find_root(lambda x: x - 0.25, 0, 1) == 0.25
