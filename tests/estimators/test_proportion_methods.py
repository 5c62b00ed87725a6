"""Limits for proportions, differences and exact tests against R, published values, definitions."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import binom, boschloo_exact

from carstats.errors import CarstatsError
from carstats.estimators.curves.melding import melded_p_value
from carstats.estimators.proportions.proportion import METHODS, proportion_limits
from carstats.estimators.proportions.proportion_difference import (
    DIFFERENCE_METHODS,
    METHODS_OF,
    RATIO_METHODS,
    proportion_contrast,
)
from carstats.estimators.proportions.score_statistic import score_statistic
from carstats.estimators.proportions.stratified_tables import (
    mantel_haenszel_test,
    stratified_contrast,
)
from carstats.estimators.proportions.two_by_two import fisher_test, trend_test
from carstats.estimators.proportions.unconditional import boschloo_p_value, unconditional_p_value
from tests.reference import reference

TABLES = reference("stratified_tables")
FAST_DIFFERENCES = ("Miettinen-Nurminen", "Mee", "Newcombe", "SCAS", "melded")


def published(key):
    return next(e["expect"] for e in reference("published_values") if e["id"] == key)


def limits(counts, method, contrast="difference", conf_level=0.95):
    k1, n1, k2, n2 = counts
    found = proportion_contrast(
        (k1, k2), (n1, n2), method=method, contrast=contrast, conf_level=conf_level
    )
    return [float(found.low), float(found.high)]


def counts_of(key):
    return [int(v) for pair in key.split("-") for v in pair.split("/")]


# One proportion.


def test_published_limits_of_one_proportion():
    for key, expect in published("P-01").items():
        counts = tuple(map(int, key.split("/")))
        assert_allclose(proportion_limits(*counts, method="Blaker"), expect["Blaker"], atol=1e-4)
        # exactci stops at uniroot's default 1.2e-4; the definition is tested above and below.
        assert_allclose(proportion_limits(*counts, method="mid-P"), expect["midP"], atol=3e-5)
    found = proportion_limits(81, 263, method="Jeffreys")
    assert_allclose(found, published("P-01")["81/263"]["Jeffreys"], atol=1e-6)
    # The published lower limit at 0 of 20 is 2.4e-5, the quantile; carstats says 0.
    assert_allclose(proportion_limits(0, 20, method="Jeffreys"), [0, 0.116639], atol=1e-6)


def test_mid_p_of_none_is_one_line():
    # Half of (1 - p)^n is the tail.
    assert_allclose(proportion_limits(0, 20, method="mid-P")[1], 1 - 0.05 ** (1 / 20), rtol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_limits_are_mirrored_ordered_and_hold_the_estimate(method):
    n = np.repeat(np.arange(1, 41), np.arange(2, 42))
    k = np.concatenate([np.arange(m + 1) for m in range(1, 41)])
    low, high = proportion_limits(k, n, method=method)
    mirrored = proportion_limits(n - k, n, method=method)
    assert_allclose(low, 1 - mirrored[1], atol=1e-12)
    assert ((low >= 0) & (low <= k / n) & (k / n <= high) & (high <= 1)).all()
    same = n[1:] == n[:-1]
    assert (np.diff(low)[same] >= -1e-12).all()
    assert (np.diff(high)[same] >= -1e-12).all()


@pytest.mark.parametrize("method", ["Clopper-Pearson", "Blaker"])
@pytest.mark.parametrize("n", [1, 3, 8, 15])
def test_exact_methods_hold_their_level(method, n):
    low, high = proportion_limits(np.arange(n + 1), n, method=method)
    p = np.concatenate([np.linspace(0.001, 0.999, 999), low[1:] - 1e-9, high[:-1] + 1e-9])
    covered = (low <= p[:, None]) & (p[:, None] <= high)
    coverage = (covered * binom.pmf(np.arange(n + 1), n, p[:, None])).sum(axis=1)
    assert coverage.min() >= 0.95 - 1e-9


def test_blaker_lies_within_clopper_pearson():
    n = np.repeat(np.arange(1, 41), np.arange(2, 42))
    k = np.concatenate([np.arange(m + 1) for m in range(1, 41)])
    for conf_level in (0.5, 0.8, 0.9, 0.95, 0.99):
        low, high = proportion_limits(k, n, method="Blaker", conf_level=conf_level)
        outer = proportion_limits(k, n, conf_level=conf_level)
        assert (low >= outer[0] - 1e-12).all()
        assert (high <= outer[1] + 1e-12).all()


@pytest.mark.parametrize("method", METHODS)
def test_nobody_has_no_limits_and_shapes_are_kept(method):
    low, high = proportion_limits([[0, 0], [1, 3]], [[0, 5], [1, 3]], method=method)
    assert low.shape == high.shape == (2, 2)
    assert np.isnan([low[0, 0], high[0, 0]]).all()
    assert np.shape(proportion_limits(1, 2, method=method)[0]) == ()


def test_unknown_method_of_one_proportion():
    with pytest.raises(CarstatsError, match="`method` is 'Wald'; allowed: 'Clopper-Pearson'"):
        proportion_limits(1, 2, method="Wald")


# Two proportions.


def test_published_differences():
    for key, expect in published("D-01").items():
        for name, method in (("MN", "Miettinen-Nurminen"), ("Mee", "Mee"), ("SCAS", "SCAS")):
            assert_allclose(limits(counts_of(key), method), expect[name], atol=1e-6)
    for key, expect in published("D-02").items():
        assert_allclose(limits(counts_of(key), "Newcombe"), expect, atol=1e-4)
    for key, expect in published("D-05").items():
        counts = counts_of(key)
        assert_allclose(limits(counts, "Chan-Zhang"), expect["ci"], atol=1e-4)
        assert_allclose(limits(counts, "melded"), expect["melded"], atol=1e-4)
        k1, n1, k2, n2 = counts
        found = unconditional_p_value(k1, k2, n1, n2, tails="central")
        assert_allclose(found, expect["p"], atol=1e-4)


@pytest.mark.parametrize("method", DIFFERENCE_METHODS)
def test_the_two_pairs_that_other_software_gets_wrong(method):
    # 8 of 8 against 10 of 15: the estimate is 1/3, inside; 0 of 5 against 0 of 7: both sides of 0.
    low, high = limits((8, 8, 10, 15), method)
    assert -0.2 < low < 1 / 3 < high < 0.7
    low, high = limits((0, 5, 0, 7), method)
    assert -0.55 < low < 0 < high < 0.6
    assert np.isfinite(limits((3, 3, 0, 4), method)).all()


TABLES_TO_3 = [
    (k1, n1, k2, n2)
    for n1, n2 in itertools.product(range(1, 4), repeat=2)
    for k1, k2 in itertools.product(range(n1 + 1), range(n2 + 1))
]


@pytest.mark.parametrize("method", DIFFERENCE_METHODS)
def test_differences_are_antisymmetric(method):
    some = TABLES_TO_3 if method in FAST_DIFFERENCES else TABLES_TO_3[::9]
    k1, n1, k2, n2 = np.array(some).T
    found = proportion_contrast((k1, k2), (n1, n2), method=method)
    turned = proportion_contrast((k2, k1), (n2, n1), method=method)
    mirrored = proportion_contrast((n1 - k1, n2 - k2), (n1, n2), method=method)
    for other in (turned, mirrored):
        assert_allclose([other.low, other.high], [-found.high, -found.low], atol=1e-7)


@pytest.mark.parametrize("method", ["Miettinen-Nurminen", "Koopman", "SCAS", "melded"])
def test_ratios_are_reciprocal(method):
    k1, n1, k2, n2 = np.array(TABLES_TO_3).T
    found = proportion_contrast((k1, k2), (n1, n2), method=method, contrast="ratio")
    other = proportion_contrast((k2, k1), (n2, n1), method=method, contrast="ratio")
    with np.errstate(divide="ignore"):
        assert_allclose([other.low, other.high], [1 / found.high, 1 / found.low], rtol=1e-6)


@pytest.mark.parametrize(
    "sizes", [(1, 4, 9), pytest.param(tuple(range(1, 13)), marks=pytest.mark.slow)]
)
def test_score_limits_invert_the_score_test_over_tables_to_12(sizes):
    for n1, n2 in itertools.product(sizes, repeat=2):
        k1, k2 = (v.ravel() for v in np.meshgrid(np.arange(n1 + 1), np.arange(n2 + 1)))
        for contrast, null in (("difference", 0.0), ("ratio", 1.0)):
            for method, corrected, skewness in (
                ("Miettinen-Nurminen", True, False),
                ("SCAS", True, True),
            ):
                found = proportion_contrast((k1, k2), (n1, n2), method=method, contrast=contrast)
                z = score_statistic(
                    (k1, k2), (n1, n2), null, contrast, corrected=corrected, skewness=skewness
                )
                decided = np.abs(np.abs(z) - 1.959963984540054) > 1e-9
                outside = (found.low > null) | (found.high < null)
                assert (outside == (np.abs(z) > 1.959963984540054))[decided].all()


# Exact tests.


def test_barnard_counts_tied_tables():
    for key, expect in published("T-07").items():
        k1, n1, k2, n2 = counts_of(key)
        assert_allclose(unconditional_p_value(k1, k2, n1, n2), expect, atol=1e-7)
    # scipy 1.17 loses the tie and gives 0.058.
    assert unconditional_p_value(0, 3, 5, 5) > 0.061


def test_boschloo_equals_scipy_where_groups_are_equal():
    # With equal groups the two-sided order is symmetric, and scipy's doubled tail is the same.
    for k1, k2 in ((0, 3), (9, 3), (2, 6)):
        n = 10 if k1 > 5 or k2 > 5 else 5
        theirs = boschloo_exact([[k1, k2], [n - k1, n - k2]]).pvalue
        assert_allclose(boschloo_p_value(k1, k2, n, n), theirs, atol=1e-6)


def test_fisher_equals_r():
    for k1, n1, k2, n2, p_value, odds_ratio in TABLES["fisher"]:
        found = fisher_test(int(k1), int(k2), int(n1), int(n2))
        assert_allclose(found.p_value, p_value, rtol=1e-9)
        # fisher.test finds the odds ratio by uniroot with its default tolerance.
        assert_allclose(found.odds_ratio, np.inf if odds_ratio == -9 else odds_ratio, rtol=1e-3)
    expect = published("T-02")
    found = fisher_test(4, 11, 54, 580)
    assert_allclose(found.p_value, expect["p"], atol=1e-5)
    assert_allclose([found.low, found.high], expect["minlike_ci"], atol=1e-4)


def fisher_p(k1, k2, n1, n2, odds):
    """Two-sided p-value at an odds ratio, by its definition."""
    low, high = max(0, k1 + k2 - n2), min(n1, k1 + k2)
    first = np.arange(low, high + 1)
    chance = binom.pmf(first, n1, 0.5) * binom.pmf(k1 + k2 - first, n2, 0.5) * odds**first
    chance = chance / chance.sum()
    return chance[chance <= chance[k1 - low] * (1 + 1e-7)].sum()


@pytest.mark.parametrize(
    "n1",
    [1, 4, 7, *(pytest.param(n, marks=pytest.mark.slow) for n in (2, 3, 5, 6, 8, 9, 10, 11, 12))],
)
def test_fisher_limits_are_the_ends_of_what_is_not_rejected(n1):
    for n2, k1 in itertools.product(range(1, 13, 3), range(n1 + 1)):
        for k2 in range(n2 + 1):
            found = fisher_test(k1, k2, n1, n2)
            inside, outside = 1e-6, -1e-6
            if 0 < found.low < np.inf:
                assert fisher_p(k1, k2, n1, n2, found.low * (1 + inside)) >= 0.05 - 1e-7
                below = found.low * np.geomspace(1e-3, 1 + outside, 40)
                assert max(fisher_p(k1, k2, n1, n2, odds) for odds in below) < 0.05 + 1e-7
            rejected = found.low > 1 + 1e-9 or found.high < 1 - 1e-9
            if rejected:
                assert found.p_value < 0.05 + 1e-9
            flipped = fisher_test(k2, k1, n2, n1)
            with np.errstate(divide="ignore"):
                assert_allclose(flipped.low, 1 / np.float64(found.high), rtol=1e-6)


def assert_inverts(k1, n1, k2, n2):
    """Check that limits leave out no difference just when their test rejects it."""
    for method, p_value in (
        ("melded", melded_p_value(k1, k2, n1, n2)),
        ("Agresti-Min", unconditional_p_value(k1, k2, n1, n2)),
        ("Chan-Zhang", unconditional_p_value(k1, k2, n1, n2, tails="central")),
    ):
        low, high = limits((k1, n1, k2, n2), method)
        if abs(p_value - 0.05) < 1e-6:
            continue
        outside = low > 1e-9 or high < -1e-9
        # The set that is not rejected may have holes; its ends are the limits.
        assert not outside or p_value < 0.05
        if p_value >= 0.05:
            assert low <= 1e-9
            assert high >= -1e-9


SOME = [(8, 8, 10, 15), (0, 5, 3, 7), (12, 12, 5, 11), (1, 9, 7, 8), (6, 6, 1, 5), (0, 12, 0, 3)]


@pytest.mark.parametrize("counts", SOME)
def test_exact_limits_invert_their_tests(counts):
    assert_inverts(*counts)


@pytest.mark.slow
@pytest.mark.parametrize("n1", range(1, 13))
def test_exact_limits_invert_their_tests_over_all_tables_to_12(n1):
    # The other half of the tables mirrors this one: see the test of antisymmetry.
    for n2 in range(1, n1 + 1):
        for k1, k2 in itertools.product(range(n1 // 2 + 1), range(n2 + 1)):
            assert_inverts(k1, n1, k2, n2)


def test_melded_without_a_group_at_the_edge():
    # Everybody against nobody: the lower limit is the difference of two bounds that are beta.
    low, high = limits((5, 5, 0, 5), "melded")
    assert high == 1
    assert 0.2 < low < 0.5


@pytest.mark.parametrize("contrast", ["difference", "ratio"])
def test_empty_groups_and_single_subjects(contrast):
    for method in METHODS_OF[contrast]:
        assert np.isnan(limits((0, 0, 3, 5), method, contrast)).all()
        low, high = limits((1, 1, 0, 1), method, contrast)
        assert low <= high
    assert DIFFERENCE_METHODS != RATIO_METHODS


# Strata and trend.


@pytest.mark.parametrize("contrast", ["difference", "ratio"])
@pytest.mark.parametrize("method", ["Miettinen-Nurminen", "SCAS"])
def test_one_stratum_is_no_adjustment(contrast, method):
    for k1, n1, k2, n2 in ((8, 8, 10, 15), (9, 10, 3, 10), (0, 5, 2, 7)):
        found = stratified_contrast([[k1, k2]], [[n1, n2]], contrast=contrast, method=method)
        assert_allclose(
            [found.low, found.high], limits((k1, n1, k2, n2), method, contrast), rtol=1e-9
        )


def test_two_equal_strata_narrow_the_limits_and_empty_ones_say_nothing():
    alone = stratified_contrast([[6, 3]], [[10, 10]], method="Miettinen-Nurminen")
    twice = stratified_contrast(
        [[6, 3], [6, 3], [2, 0]], [[10, 10], [10, 10], [3, 0]], method="Miettinen-Nurminen"
    )
    assert twice.n_strata == 2
    assert_allclose(twice.estimate, alone.estimate)
    assert alone.low < twice.low < twice.high < alone.high
    nothing = stratified_contrast([[1, 0]], [[2, 0]])
    assert np.isnan([nothing.estimate, nothing.low]).all()
    assert np.isnan(mantel_haenszel_test([[0, 0]], [[3, 4]]).statistic)


def test_trend_equals_every_table_listed_by_r():
    for data in TABLES["trend"]:
        found = trend_test(data["k"], data["n"], data["s"])
        assert_allclose([found.p_value, found.p_greater, found.p_less], data["p"], rtol=1e-9)
    assert np.isnan(trend_test([0, 0], [3, 4]).statistic)
    with pytest.raises(CarstatsError, match="`scores` are 2; there are 3 groups"):
        trend_test([1, 1, 1], [2, 2, 2], [0, 1])


def test_trend_of_two_groups_is_fishers_hypergeometric():
    found = trend_test([1, 4], [6, 6])
    assert_allclose(2 * found.p_greater, melded_p_value(1, 4, 6, 6), rtol=1e-9)
