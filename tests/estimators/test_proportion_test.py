"""Which limits and test two proportions have by default, and that they are one inversion."""

import itertools
from math import comb

import numpy as np
import pytest
from numpy.testing import assert_allclose

from carstats.estimators.proportions.proportion_difference import METHODS_OF, proportion_contrast
from carstats.estimators.proportions.proportion_test import default_method, proportion_test


@pytest.mark.parametrize(
    ("n1", "n2", "method"),
    [
        (3, 3, "Agresti-Min"),
        (50, 50, "Agresti-Min"),
        (20, 120, "Agresti-Min"),
        (51, 50, "Miettinen-Nurminen"),
        (20, 123, "Miettinen-Nurminen"),
    ],
)
def test_the_default_goes_by_the_number_of_tables(n1, n2, method):
    assert default_method(n1, n2) == default_method(n2, n1) == method


@pytest.mark.parametrize("contrast", METHODS_OF)
@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_default_p_and_limits_agree_in_every_table(contrast, level):
    null = 0 if contrast == "difference" else 1
    for n1, n2 in ((3, 3), (2, 5)):
        for k1, k2 in itertools.product(range(n1 + 1), range(n2 + 1)):
            found = proportion_test((k1, k2), (n1, n2), contrast=contrast, conf_level=level)
            # Limits and p-values are found to 1e-10 and 1e-7.
            if abs(found.p_value - (1 - level)) > 1e-6:
                outside = found.low > null or found.high < null
                assert outside == (found.p_value < 1 - level), (k1, k2, n1, n2)


def test_three_of_three_against_none():
    found = proportion_test((3, 0), (3, 3))
    assert found.method == "Agresti-Min"
    assert_allclose(found.p_value, 2 / 64)
    assert found.low > 0


def test_an_empty_group_has_no_contrast():
    found = proportion_test((0, 2), (0, 5))
    assert np.isnan([found.estimate, found.low, found.high, found.p_value]).all()


@pytest.mark.slow
@pytest.mark.parametrize(("n1", "n2"), [(3, 3), (5, 5), (3, 9), (8, 8)])
def test_the_default_holds_its_level_by_enumeration(n1, n2):
    p = np.arange(0.02, 1, 0.04)
    tables = list(itertools.product(range(n1 + 1), range(n2 + 1)))
    limits = {t: proportion_test(t, (n1, n2)) for t in tables}

    def chances(n):
        k = np.arange(n + 1)
        ways = np.array([comb(n, i) for i in k.tolist()])
        return ways * p[:, None] ** k * (1 - p[:, None]) ** (n - k)

    first, second = chances(n1), chances(n2)
    for i, j in itertools.product(range(p.size), repeat=2):
        true = p[i] - p[j]
        held = sum(
            first[i, a] * second[j, b]
            for (a, b), found in limits.items()
            if found.low - 1e-9 <= true <= found.high + 1e-9
        )
        assert held > 0.95 - 1e-9


def test_it_is_hardly_wider_than_miettinen_and_nurminens():
    # Mean width at 5 + 5 over all tables: what holding the level costs.
    tables = list(itertools.product(range(6), repeat=2))
    mine = [proportion_test(t, (5, 5)) for t in tables]
    other = [proportion_contrast(t, (5, 5), method="Miettinen-Nurminen") for t in tables]
    ratio = sum(f.high - f.low for f in mine) / sum(float(f.high - f.low) for f in other)
    assert 1 < ratio < 1.06
