"""The script of docs/coverage.md: what the limits cover, in part here and whole when asked for."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import binom

from benchmarks import coverage
from benchmarks.evidence import areas, curves, proportions, rates, sizes, truth
from benchmarks.evidence.cells import LEVEL, cell, coverage_table, holds, verdicts
from benchmarks.evidence.simulated import Studies, generator, simulated
from carstats.estimators.curves.kaplan_meier import kaplan_meier
from carstats.estimators.curves.mean_limits import law_limits, mean_laws
from carstats.estimators.curves.risk_table import risk_table
from carstats.estimators.proportions.proportion import proportion_limits
from tests.reference import reference

# Where no construction holds: docs/coverage.md says so, and the rows a note.
NOT_HELD = {
    "Rate of events that recur",
    "Difference of two restricted means",
    "Ratio of two restricted means",
}


def defaults(cells, name):
    return [c for c in cells if c.construction == name]


def test_a_cell_by_hand():
    low, high = [0.1, 0.4, 0.0, np.nan], [0.5, 0.9, 0.2, np.nan]
    found = cell("x", 5, "none", low, high, 0.3)
    assert (found.covered, found.above, found.below, found.absent) == (0.25, 0.25, 0.25, 0.25)
    assert_allclose(found.width, (0.4 + 0.5 + 0.2) / 3)
    weighed = cell("x", 5, "none", low[:3], high[:3], 0.3, weight=[0.5, 0.2, 0.3])
    assert_allclose((weighed.covered, weighed.below, weighed.above), (0.5, 0.2, 0.3))
    assert not holds([found])
    assert holds([cell("x", 5, "", np.zeros(100), np.ones(100), 0.5)])


def test_the_table_of_a_cell():
    one = cell("x", 5, "none", [0.1, 0.4], [0.5, 0.9], 0.3)
    assert "| 5 | none | 50.0 / 50.0 | 50.0, 0.0 | 0.45 |" in coverage_table([one], ["x"])
    assert verdicts("A curve", [one], "x")[0][1:] == [
        "**x**", "50.0", "n = 5, none", "50.0", "0.45", "yes"
    ]  # fmt: skip


def test_simulated_studies_are_the_risk_table_of_their_times():
    drawn = simulated(6, 3, 0.5, "uniform", generator(1))
    many = kaplan_meier(drawn.table())
    for row, (time, code) in enumerate(zip(drawn.time, drawn.code, strict=True)):
        alone = kaplan_meier(risk_table(time, code))
        assert_allclose(many.survival[row], alone.survival)
        assert_allclose(many.low[row], alone.low)


def test_drawn_means_are_those_of_the_laws():
    one = reference("small_sample_limits")["means"]["R10"]
    time = np.array([one["time"]]) / 90
    drawn = Studies(time, np.array([one["status"]]))
    low, high = areas.drawn_means(drawn, 40_000, generator(2))
    found = np.quantile(low, 0.025), np.quantile(high, 0.975)
    assert_allclose(found, law_limits(mean_laws(risk_table(*time, one["status"]), 1.0)), atol=0.004)


def test_limits_that_are_listed_hold():
    for found in (
        defaults(proportions.proportion_cells((3, 8)), "Clopper-Pearson"),
        defaults(curves.curve_cells(1, (3, 8), ("beta product",)), "beta product"),
        rates.exact_cells(),
    ):
        exact = [c for c in found if not c.studies]
        assert exact
        assert min(c.covered for c in exact) >= LEVEL
        assert max(max(c.below, c.above) for c in exact) <= 0.025 + 1e-9


def test_limits_that_are_simulated_hold():
    sizes_, many = (3, 12), 400
    found = {
        "curve": defaults(curves.curve_cells(many, sizes_, ("beta product",)), "beta product"),
        "median": curves.quantile_cells(many, sizes_, ("beta product",)),
        "incidence": defaults(curves.incidence_cells(100, (5,)), "beta product"),
        "difference": defaults(curves.difference_cells(100, 200, ((5, 5),)), "melded beta product"),
        "mean": defaults(areas.mean_cells(100, 300, sizes_), areas.MEANS[0]),
        "contrast": defaults(areas.contrast_cells(60, 300, ((5, 5),)), areas.CONTRASTS[0]),
        "ratio": defaults(
            areas.contrast_cells(60, 300, ((3, 3),), measure="ratio"), areas.CONTRASTS[0]
        ),
        "lost": areas.lost_cells(60, (5,)),
        "rate": rates.first_cells(many, sizes_),
    }
    assert {name for name, cells in found.items() if not holds(cells)} == set()


def test_the_default_for_two_proportions_by_listing_every_outcome():
    found = proportions.tables(3, 3)
    size, power, *_ = sizes.proportion_rows({(3, 3): found})[0][1:]
    assert float(size) <= 5
    # Limits and p-value are one inversion: 3 of 3 against 0 of 3 only.
    left_out = (found.low > 0) | (found.high < 0)
    assert ((found.p_value <= 0.05) == left_out).all()
    mass = np.outer(binom.pmf(range(4), 3, 0.2), binom.pmf(range(4), 3, 0.8))
    assert_allclose(float(power) / 100, mass[left_out].sum(), atol=5e-4)
    assert holds(defaults(proportions.difference_cells({(3, 3): found}), "default"))
    one = proportion_limits(np.arange(4), 3)
    assert (one[0] <= np.arange(4) / 3).all()


def test_all_events_at_once_by_listing_every_outcome():
    # At .7 against .3 the sum over all tables, with `difference_probability` instead: 0.9442856.
    found = areas._both_at_once((20, 20), "difference")
    assert_allclose(min(c.covered for c in defaults(found, "melded mid-P")), 0.94429, atol=2e-5)
    assert min(c.covered for c in defaults(found, "melded")) >= LEVEL
    one = areas._at_once(12)
    assert min(c.covered for c in defaults(one, "joint beta product")) >= LEVEL
    assert min(c.covered for c in defaults(one, "its mid-P")) < 0.93


def test_size_of_the_tests_in_tiny_groups():
    # Three against three cannot fall below .10.
    row = sizes.logrank_rows(15, 99, ((3, 3),))[0]
    assert row[:3] == ["3 + 3", "alike", "0.0"]
    assert len(sizes.gray_rows(10, ((5, 5),))[0]) == 5
    assert len(sizes.ratio_rows(10, ((5, 5),))[0]) == 9


@pytest.mark.parametrize("part", ["_curves", "_competing", "_hazards", "_intervals"])
def test_the_truth_is_found(part):
    for name, true, estimate, wide in getattr(truth, part)(4_000, generator(3)):
        assert abs(estimate - true) <= truth.FAR * wide, name
        assert wide > 0, name


@pytest.mark.slow
def test_the_page():
    text, parts, truths = coverage.page(coverage.Amount())
    assert {part.title for part in parts if not part.default_holds()} <= NOT_HELD
    for name, true, estimate, wide in truths:
        assert abs(estimate - true) <= truth.FAR * wide, name
    kept = coverage.PAGE.read_text(encoding="utf-8")
    titles = [line for line in text.splitlines() if line.startswith("#")]
    assert titles == [line for line in kept.splitlines() if line.startswith("#")]
