"""Profiles of cells and geometric means against R, closed forms, and at their edges."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from carstats.estimators.kinetics.decline import terminal_decline
from carstats.estimators.kinetics.lognormal import geometric_mean
from carstats.estimators.kinetics.profile import kinetic_profile
from carstats.estimators.reasons import (
    NEVER_QUANTIFIED,
    NO_DECLINE,
    NO_SAMPLE,
    NOT_FOLLOWED,
    ONE_VALUE,
    TOO_MUCH_EXTRAPOLATED,
)
from tests.reference import array, reference

R = reference("kinetics")
F = R["forms"]
SUBJECTS = [(name, subject) for name, one in R["sets"].items() for subject in one["subjects"]]
# R's optimize() stops at 1e-11 of the scale, where the likelihood is flat.
LIMITS = 1e-6
B = np.nan


@pytest.mark.parametrize(("name", "subject"), SUBJECTS)
def test_a_profile_equals_r(name, subject):
    given = R["sets"][name]
    one = given["subjects"][subject]
    p = kinetic_profile(
        one["time"], one["value"], np.nan, horizons=given["ends"], peak_in_decline=given["bolus"],
        begin="back-extrapolated" if given["bolus"] else "zero",
    )  # fmt: skip
    for found, key in (
        (p.peak, "peak"), (p.peak_time, "peak_time"), (p.last_time, "last_time"),
        (p.area_to_last, "area_to_last"), (p.decline.rate, "rate"), (p.decline.first, "first"),
        (p.decline.intercept, "intercept"), (p.decline.adjusted_r2, "adjusted_r2"),
        (p.decline.n_points, "n_points"), (p.decline.half_life, "half_life"),
    ):  # fmt: skip
        assert_allclose(found, one[key], rtol=1e-10, err_msg=key)
    for area, expected in zip(p.areas, one["areas"], strict=True):
        if area.reason is None:
            assert_allclose(area.value, expected, rtol=1e-10)
        else:
            assert area.reason.code == TOO_MUCH_EXTRAPOLATED
            assert (expected - p.area_to_last) / expected > 0.2


def test_every_subject_is_there():
    assert len(SUBJECTS) == 12 + 6


def test_a_rise_a_peak_and_an_exponential_fall():
    days = [0, 3, 7, 10, 14, 21, 28, 60, 90]
    p = kinetic_profile(days, [B, 200, 8000, 40000, 20000, 5000, 1250, B, B], 50)
    assert (p.peak, p.peak_time, p.last, p.last_time, p.below_time) == (40000, 10, 1250, 28, 60)
    assert_allclose([p.areas[0].value, p.areas[1].value, p.area_to_last], F["one_28"], rtol=1e-12)
    assert_allclose(p.decline.rate, F["one_rate"])
    assert (p.decline.n_points, p.decline.first, p.decline.last) == (3, 14, 28)
    assert_allclose(p.decline.half_life, 3.5)
    tail = kinetic_profile(
        days, [B, 200, 8000, 40000, 20000, 5000, 1250, B, B], 50, tail="triangle"
    )
    assert_allclose([a.value for a in tail.areas], [F["one_28"], F["one_triangle"]])


@pytest.mark.parametrize(
    ("below", "form"),
    [("dropped", "two_dropped"), ("zero", "two_zero"), ("half the limit", "two_half")],
)
def test_a_value_below_between_two_above(below, form):
    p = kinetic_profile([0, 7, 14, 21, 28], [B, 1000, B, 500, 250], 50, below=below)
    assert_allclose(p.areas[0].value, F[form])
    assert p.n_between == 1
    assert np.isnan(p.decline.rate)


def test_a_changing_limit_is_each_samples_own():
    limits = [50, 50, 200, 50, 50]
    p = kinetic_profile([0, 7, 14, 21, 28], [B, 1000, B, 500, 250], limits, below="half the limit")
    expected = 3500 + (1000 - 100) * 7 / np.log(10) + 7 * 300 + 1750 / np.log(2)
    assert_allclose(p.areas[0].value, expected)


def test_two_values_after_the_peak_are_no_decline():
    p = kinetic_profile([0, 7, 10, 14, 21], [B, 100, 6400, 3200, F["three_last"]], 50)
    assert_allclose(p.area_to_last, F["three_21"])
    assert [a.reason.code for a in p.areas] == [NO_DECLINE] * 2


def test_a_profile_that_only_rises():
    p = kinetic_profile([0, 3, 7, 10], [B, 100, 900, 2700], 50, horizons=(10, 28))
    assert p.areas[0].value == F["four_10"] == 7550
    assert p.areas[1].reason.code == NO_DECLINE
    assert p.peak_time == p.end == 10


def test_equal_peaks_and_an_exact_decline():
    p = kinetic_profile([0, 7, 10, 14, 21, 28], [B, 500, 500, 250, 125, 62.5], 50)
    assert p.peak_time == 7
    assert_allclose(p.areas[0].value, F["five_28"])
    assert_allclose(p.decline.rate, F["five_rate"])
    assert p.decline.n_points == 3


def test_a_horizon_a_little_after_the_last_sample_is_extrapolated_and_a_far_one_refused():
    days = [0, 10, 14, 21, 28]
    p = kinetic_profile(days, [0, 16000, 8000, 4000, 2000], 50, horizons=(30, 300))
    more = 2000 * 7 / np.log(2) * (1 - 2 ** (-2 / 7))
    assert_allclose(p.areas[0].value, p.area_to_last + more)
    assert_allclose(p.areas[0].extrapolated, more / (p.area_to_last + more))
    slow = kinetic_profile(days, [0, 9000, 8000, 7500, 7000], 50, horizons=(300,))
    assert slow.areas[0].reason.code == TOO_MUCH_EXTRAPOLATED


def test_nothing_above_the_limit_and_nothing_at_all():
    p = kinetic_profile([0, 7, 10], [B, B, B], 50, horizons=(5, 28))
    assert np.isnan(p.peak)
    assert p.areas[0].value == 0
    assert p.areas[1].reason.code == NOT_FOLLOWED
    empty = kinetic_profile([], [], 50)
    assert [a.reason.code for a in empty.areas] == [NO_SAMPLE] * 2


def test_one_sample():
    p = kinetic_profile([9], [400], 50, horizons=(9, 28))
    assert (p.peak, p.peak_time, p.last_time, p.end) == (400, 9, 9, 9)
    assert p.areas[0].value == 1800
    assert p.areas[1].reason.code == NO_DECLINE


def test_a_value_before_the_infusion_is_where_the_curve_starts():
    p = kinetic_profile([-3, 7, 14], [70, 700, 350], 50, horizons=(14,))
    assert_allclose(p.areas[0].value, 7 * 385 + 350 * 7 / np.log(2))
    assert p.peak == 700


def test_the_peak_is_sought_among_the_days_asked_for():
    values = [900_000, 100, 20000, 5000]
    p = kinetic_profile([0.02, 3, 10, 21], values, 50, peak_within=(1, 28))
    assert (p.peak, p.peak_time) == (20000, 10)


def test_a_decline_that_rises_or_stays_is_none():
    assert terminal_decline(np.arange(4.0), np.array([1.0, 2, 3, 4])).n_points == 0
    assert terminal_decline(np.arange(4.0), np.full(4, 3.0)).n_points == 0


@pytest.mark.parametrize("one", R["means"], ids=lambda m: f"{m['name']} {m['conf_level']}")
def test_a_geometric_mean_equals_survreg(one):
    g = geometric_mean(array(one["value"]), one["limit"], conf_level=one["conf_level"])
    assert_allclose(g.estimate, one["estimate"], rtol=LIMITS)
    assert_allclose(g.sd_log, one["sd_log"], rtol=LIMITS)
    assert_allclose([g.low, g.high], [one["low"], one["high"]], rtol=1e-5)
    assert g.n_below == sum(v is None for v in one["value"])


def test_the_coefficient_of_variation():
    g = geometric_mean([1.0, np.e])
    assert_allclose(g.cv_percent, 100 * np.sqrt(np.exp(0.5) - 1))


def test_means_at_their_edges():
    assert geometric_mean([np.nan] * 3, 50).reason.code == NEVER_QUANTIFIED
    assert geometric_mean([], 50).reason.code == NEVER_QUANTIFIED
    one = geometric_mean([40.0])
    assert (one.estimate, one.reason.code) == (pytest.approx(40), ONE_VALUE)
    assert np.isnan(one.low)
    assert geometric_mean([300, np.nan, np.nan], 50).reason.code == ONE_VALUE
    alike = geometric_mean([7.0, 7.0, 7.0])
    assert_allclose([alike.estimate, alike.low, alike.high], 7)


@pytest.mark.parametrize("shift", [0.01, 1000.0])
def test_a_mean_scales_with_its_unit(shift):
    value, limit = np.array([300, 90, 4000, np.nan, np.nan]), 50.0
    a, b = geometric_mean(value, limit), geometric_mean(value * shift, limit * shift)
    assert_allclose([b.estimate, b.low, b.high], np.array([a.estimate, a.low, a.high]) * shift,
                    rtol=1e-5)  # fmt: skip
    assert a.low < a.estimate < a.high


@pytest.mark.slow
@pytest.mark.parametrize("n", [3, 5, 10, 20, 40])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.5])
def test_the_limits_of_a_censored_mean_cover(n, share):
    from scipy.stats import norm

    rng = np.random.default_rng([n, int(100 * share)])
    limit = np.exp(norm.ppf(share)) if share else 0.0
    inside = told = 0
    for value in np.exp(rng.standard_normal((1000, n))):
        g = geometric_mean(np.where(value < limit, np.nan, value), limit)
        told += np.isfinite(g.estimate)
        inside += bool(g.low <= 1 <= g.high)
    print(f"n = {n}, {share:.0%} below: covers {inside / told:.3f}, told {told / 1000:.3f}")
    assert inside / told > 0.93
