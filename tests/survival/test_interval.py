"""Interval-censored times: curve, tests and parametric models against R and by definition."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from carstats.errors import CarstatsError
from carstats.estimators.curves.kaplan_meier import kaplan_meier, step_values
from carstats.estimators.curves.risk_table import risk_table
from carstats.estimators.curves.turnbull import bootstrap_limits, survival_bounds, turnbull
from carstats.estimators.reasons import (
    FEWER_THAN_TWO_GROUPS,
    NO_SUBJECTS,
    SUBJECTS_NOT_TOLD_APART,
    Reason,
)
from carstats.estimators.regression.parametric import (
    aft_regression,
    maximised,
)
from carstats.estimators.tests.interval_tests import (
    INTERVAL_METHODS,
    INTERVAL_SCORES,
    interval_logrank,
    interval_scores,
)
from carstats.estimators.tests.logrank import weighted_logrank
from carstats.wording import because
from tests.reference import HERE, array, reference

INTERVAL = reference("interval")["data_sets"]
TESTED = [name for name, answer in INTERVAL.items() if answer["tests"]]
TESTS = list(itertools.product(TESTED, INTERVAL_SCORES))
AFT = [(name, kind) for name, answer in INTERVAL.items() for kind in answer["aft"]]
OURS = {"weibull": "Weibull", "loglogistic": "log-logistic"}


def columns(name):
    """Return low, high and the group, from 0, of a data set."""
    data = INTERVAL[name]["data"]
    size = len(data["high"])
    low, high = (np.resize(array(data[k]), size) for k in ("low", "high"))
    return low, high, np.resize(array(data["group"]), size).astype(int) - 1


def published(identifier):
    return next(e["expect"] for e in reference("published_values") if e["id"] == identifier)


def test_reference_grid_is_whole():
    assert len(INTERVAL) == 16
    assert len(TESTED) == 11
    assert len(AFT) == 28
    for name, kind in TESTS:
        assert kind in INTERVAL[name]["tests"]


def test_reference_data_are_the_file():
    rows = np.genfromtxt(HERE / "bcos.csv", delimiter=",", skip_header=1, dtype=str)
    low, high, group = columns("bcos")
    assert_array_equal(low, rows[:, 0].astype(float))
    assert_array_equal(high, [float(v) for v in rows[:, 1]])
    assert_array_equal(group, rows[:, 2] == '"RadChem"')


@pytest.mark.parametrize("name", INTERVAL)
def test_curve_equals_expectation_maximisation(name):
    low, high, _ = columns(name)
    fit, answer = turnbull(low, high), INTERVAL[name]["npmle"]
    assert fit.kkt_violation < 1e-10
    assert fit.unique
    assert not fit.reason
    assert_allclose(fit.mass.sum(), 1, rtol=1e-12)
    # Both meet the conditions to 1e-12, in which the log-likelihood is flat.
    assert_allclose(fit.log_likelihood, answer["loglik"][0], rtol=1e-12, atol=1e-12)
    upper = survival_bounds(fit, array(answer["time"]))[1]
    assert_allclose(upper, array(answer["survival"]), atol=1e-8)


@pytest.mark.parametrize("name", INTERVAL)
def test_kkt_conditions_by_their_definition(name):
    """Gentleman and Geyer: no derivative above n, and n itself where there is mass."""
    low, high, _ = columns(name)
    fit = turnbull(low, high)
    point = fit.left == fit.right
    inside = (low[:, None] <= fit.left) & (fit.right <= high[:, None])
    # An exact time is no part of an interval that opens there, and a point needs low < t <= high.
    inside &= np.where(point, (low[:, None] < fit.left) | (low == high)[:, None], True)
    inside &= np.where(point, True, (low < high)[:, None])
    slope = inside.T @ (1 / (inside @ fit.mass)) / low.size
    assert slope.max() < 1 + 1e-10
    assert_allclose(slope[fit.mass > 0], 1, atol=1e-10)
    assert_allclose(np.log(inside @ fit.mass).sum(), fit.log_likelihood, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in INTERVAL if "survfit" in INTERVAL[name]])
def test_curve_equals_survfit(name):
    low, high, _ = columns(name)
    told = (low > 0) | np.isfinite(high)
    fit, answer = turnbull(low[told], high[told]), INTERVAL[name]["survfit"]
    bounds = survival_bounds(fit, array(answer["time"]))
    # survfit's expectation-maximisation stops early, at about four digits; it keeps on the way
    # small masses that are 0 in the maximum, and counts an interval's mass from its middle on.
    assert_allclose(bounds[0], array(answer["survival"]), atol=2e-3)


def test_curve_equals_published_values():
    expect = published("IC-01")
    low, high, group = columns("bcos")
    fit = turnbull(low[group == 0], high[group == 0])
    # Four digits are given; eight for the log-likelihood.
    found = survival_bounds(fit, [12, 24, 36])
    assert_allclose(found[0], [expect["Rad"][k] for k in ("S12", "S24", "S36")], atol=5e-5)
    assert_allclose(found[1], found[0])
    assert_allclose(fit.log_likelihood, expect["Rad"]["loglik"], rtol=1e-7)
    masses = {
        f"({left:g},{right:g}]": mass
        for left, right, mass in zip(fit.left, fit.right, fit.mass, strict=True)
        if mass > 0
    }
    assert list(masses) == list(expect["Rad_masses"])
    assert_allclose(list(masses.values()), list(expect["Rad_masses"].values()), atol=1e-4)


def test_curve_of_exact_and_right_censored_times_is_kaplan_meier():
    low, high, _ = columns("right_censored")
    curve = kaplan_meier(risk_table(low, np.isfinite(high)))
    at = np.arange(2.5, 13)
    found = survival_bounds(turnbull(low, high), at)
    for bound in found:
        assert_allclose(bound, step_values(curve.time, curve.survival, at, 1.0), atol=1e-10)


def test_curve_by_hand():
    # (0, 2] and (1, 3] share (1, 2]: all the mass. (0, 2] and (2, 4] share nothing, for 2 is in the
    # first alone: half each; the curve is 1/2 at 2 and unknown between 0 and 2.
    shared = turnbull([0, 1], [2, 3])
    assert_array_equal([shared.left, shared.right, shared.mass], [[1], [2], [1]])
    apart = turnbull([0, 2], [2, 4])
    assert_allclose(apart.mass, [0.5, 0.5])
    low, high = survival_bounds(apart, [0, 1, 2, 3, 4, 5])
    assert_allclose(high, [1, 1, 0.5, 0.5, 0, 0])
    assert_allclose(low, [1, 0.5, 0.5, 0, 0, 0])
    # An event at 2 exactly is in (0, 2] and not in (2, 4].
    exact = turnbull([0, 2, 2], [2, 2, 4])
    assert_array_equal(exact.left, [2, 2])
    assert_array_equal(exact.right, [2, 4])
    assert_allclose(exact.mass, [2 / 3, 1 / 3])
    low, high = survival_bounds(exact, [1.9, 2, 3])
    assert_allclose(high, [1, 1 / 3, 1 / 3])
    assert_allclose(low, [1, 1 / 3, 0])


def test_times_within_tolerance_are_one():
    fit = turnbull([0.3, 0.1 + 0.2, 0], [1.0, 0.3, 0.3])
    assert_array_equal(fit.right[fit.mass > 0], [0.3, 1.0])
    assert_allclose(fit.mass[fit.mass > 0], [2 / 3, 1 / 3])


def test_curve_says_what_is_wrong():
    assert turnbull([], []).reason == Reason(NO_SUBJECTS)
    assert np.isnan(survival_bounds(turnbull([], []), [1.0])).all()
    with pytest.raises(CarstatsError, match="subject 2 are 5 and 3"):
        turnbull([1, 5], [2, 3])
    with pytest.raises(CarstatsError, match="low at most high"):
        turnbull([np.nan], [2])
    with pytest.raises(CarstatsError, match="give pairs"):
        turnbull([1, 2], [2])


def test_bootstrap_limits_are_reproducible_and_surround_the_curve():
    low, high, _ = columns("mixed")
    at = np.array([12.0, 24, 36, 48])
    found = bootstrap_limits(low, high, at, n_resamples=60, seed=4)
    again = bootstrap_limits(low, high, at, n_resamples=60, seed=4)
    assert_array_equal(found.low, again.low)
    curve = survival_bounds(turnbull(low, high), at)
    assert (found.low <= curve[1]).all()
    assert (curve[0] <= found.high).all()
    assert "descriptive" in because(found.note)
    assert np.isnan(bootstrap_limits([], [], at).low).all()


VISITS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 6), st.booleans()), min_size=1, max_size=20
)


@settings(deadline=None)  # the first example imports scipy
@given(VISITS)
def test_curve_properties(rows):
    low, width, censored = np.array(rows, float).T
    high = np.where(censored > 0, np.inf, low + width)
    fit = turnbull(low, high)
    assert fit.kkt_violation < 1e-10
    # One row of intervals on a line: nothing but the place within an interval is left open.
    assert fit.unique
    assert_allclose(fit.mass.sum(), 1, rtol=1e-12)
    order = np.random.default_rng(0).permutation(low.size)
    other = turnbull(low[order], high[order])
    assert_allclose(other.mass, fit.mass, atol=1e-8)
    twice = turnbull(np.tile(low, 2), np.tile(high, 2))
    assert_allclose(twice.log_likelihood, 2 * fit.log_likelihood, rtol=1e-9, atol=1e-9)
    lower, upper = survival_bounds(fit, np.arange(-1, 18, 0.5))
    assert (lower <= upper).all()
    assert (np.diff(upper) <= 1e-12).all()


# Tests.


@pytest.mark.parametrize(("name", "kind"), TESTS)
def test_permutation_test_equals_its_definition(name, kind):
    low, high, group = columns(name)
    answer = INTERVAL[name]["tests"][kind]
    theirs = array(answer["scores"])
    # The scores divide by small probabilities: a few digits go.
    assert_allclose(interval_scores(low, high, kind), theirs, atol=1e-8)
    found = interval_logrank(low, high, group, scores=kind)
    if np.ptp(theirs) < 1e-9:
        assert found.reason == Reason(SUBJECTS_NOT_TOLD_APART)
        assert np.isnan(found.p_value)
        return
    assert_allclose(found.statistic, answer["statistic"][0], rtol=1e-8)
    assert found.df == np.unique(group).size - 1
    if "exact" in answer:
        exact = interval_logrank(low, high, group, scores=kind, method="exact")
        assert_allclose(exact.p_value, answer["exact"][0], rtol=1e-12)
        drawn = interval_logrank(low, high, group, scores=kind, method="resampling", seed=9)
        assert drawn.n_resamples == 10_000
        # Four standard errors of 10,000 draws.
        assert abs(drawn.p_value - exact.p_value) < 0.02


def test_tests_equal_published_values():
    expect = published("IC-02")
    low, high, group = columns("bcos")
    for kind in INTERVAL_SCORES:
        found = interval_logrank(low, high, group, scores=kind)
        # Four digits are given; interval::ictest looks at the first group, hence the sign.
        assert_allclose([-found.z, found.p_value], expect[kind], rtol=2e-4)
    found = interval_logrank(low, high, group, method="score")
    assert_allclose([found.statistic, found.p_value], expect["Sun_score_chisq"], rtol=1e-3)


MODELS = {
    # The survival curve of a group whose effect is b, for each model whose scores these are.
    "Finkelstein": lambda s, b: s ** np.exp(b),
    "Wilcoxon": lambda s, b: s * np.exp(-b) / (1 - s + s * np.exp(-b)),
    "Sun": lambda s, b: np.cumprod(1 - _shifted(1 - s / np.append(1.0, s[:-1]), b)),
}


def _shifted(hazard, b):
    return hazard * np.exp(b) / (1 - hazard + hazard * np.exp(b))


@pytest.mark.parametrize("kind", INTERVAL_SCORES)
def test_score_test_by_differences_of_the_likelihood(kind):
    low, high, group = columns("tiny")
    fit = turnbull(low, high)
    support = fit.mass > 0
    curve = 1 - np.cumsum(fit.mass[support])[:-1]
    right = fit.right[support]
    left = fit.left[support]
    first = [np.flatnonzero(left >= lo)[0] for lo in low]
    last = [np.flatnonzero(right <= hi)[-1] + 1 for hi in high]

    def likelihood(parameters):
        total = 0.0
        for i in range(low.size):
            effect = parameters[0] * group[i]
            s = np.concatenate([[1.0], MODELS[kind](parameters[1:], effect), [0.0]])
            total += np.log(s[first[i]] - s[last[i]])
        return total

    centre, h = np.append(0.0, curve), 1e-4
    unit = np.eye(centre.size) * h
    slope = [(likelihood(centre + u) - likelihood(centre - u)) / (2 * h) for u in unit]
    information = np.array(
        [
            [
                -(
                    likelihood(centre + u + v)
                    - likelihood(centre + u - v)
                    - likelihood(centre - u + v)
                    + likelihood(centre - u - v)
                )
                / (4 * h * h)
                for v in unit
            ]
            for u in unit
        ]
    )
    found = interval_logrank(low, high, group, scores=kind, method="score")
    # Differences of 1e-4 leave about five digits.
    assert_allclose(found.score[1], slope[0], rtol=1e-5)
    assert_allclose(found.variance[1, 1], 1 / np.linalg.inv(information)[0, 0], rtol=1e-4)


def test_with_exact_times_the_score_is_the_logranks():
    time, group = np.array([3, 4, 6, 7, 9, 11.0]), np.array([0, 1, 0, 1, 1, 0])
    high = np.where(time == 7, np.inf, time)
    found = interval_logrank(time, high, group)
    logrank = weighted_logrank(time, np.isfinite(high), group)
    assert_allclose(found.score, logrank.observed - logrank.expected, atol=1e-9)


def test_stratified_test_adds_over_strata():
    low, high, group = columns("visits")
    strata = np.arange(low.size) % 2
    found = interval_logrank(low, high, group, strata=strata)
    parts = [
        interval_logrank(low[strata == s], high[strata == s], group[strata == s], n_groups=3)
        for s in (0, 1)
    ]
    assert_allclose(found.score, parts[0].score + parts[1].score, atol=1e-10)
    assert_allclose(found.variance, parts[0].variance + parts[1].variance, atol=1e-10)
    drawn = interval_logrank(low, high, group, strata=strata, method="resampling", seed=2)
    assert abs(drawn.p_value - found.p_value) < 0.05


@pytest.mark.parametrize("method", INTERVAL_METHODS)
def test_tests_say_why_not(method):
    def run(low, high, group, **options):
        return interval_logrank(low, high, group, method=method, **options)

    assert run([], [], []).reason == Reason(FEWER_THAN_TWO_GROUPS)
    assert run([1, 2], [3, 4], [1, 1]).reason == Reason(FEWER_THAN_TWO_GROUPS)
    assert "tell" in because(run([1, 2], [np.inf, np.inf], [0, 1]).reason)
    assert "tell" in because(run([5, 5], [5, 5], [0, 1]).reason)
    low, high, group = columns("tiny")
    plain = run(low, high, group)
    spread = run(low, high, group * 2, n_groups=4)
    assert_allclose(spread.statistic, plain.statistic, rtol=1e-9)
    assert_allclose(spread.p_value, plain.p_value, rtol=1e-9)


def test_exact_test_out_of_reach_is_refused():
    low, high, group = columns("bcos")
    with pytest.raises(CarstatsError, match="'resampling'"):
        interval_logrank(low, high, group, method="exact")
    with pytest.raises(CarstatsError, match="compares two groups; here are 3"):
        interval_logrank(*columns("visits"), method="exact")


# Parametric models.


def aft(name, kind):
    low, high, group = columns(name)
    x = None
    if "by group" in kind:
        x = (group[:, None] == np.arange(1, group.max() + 1)).astype(float)
    return aft_regression(low, high, x, distribution=OURS[kind.split()[0]])


@pytest.mark.parametrize(("name", "kind"), AFT)
def test_aft_equals_survreg(name, kind):
    fit, answer = aft(name, kind), INTERVAL[name]["aft"][kind]
    assert not fit.reason
    # survreg stops when its log-likelihood changes by less than 1e-14 of itself.
    assert_allclose(fit.coef, answer["coef"], rtol=1e-7)
    assert_allclose(fit.scale, answer["scale"][0], rtol=1e-7)
    assert_allclose(fit.covariance, answer["var"], rtol=1e-5, atol=1e-9)
    assert_allclose(fit.log_likelihood, answer["loglik"][-1], rtol=1e-10)
    assert_allclose(fit.log_likelihood_null, answer["loglik"][0], rtol=1e-10)


def test_aft_equals_published_values():
    expect, fit = published("IC-04"), aft("bcos", "weibull by group")
    assert_allclose(fit.coef, [expect["intercept"], expect["RadChem"]], atol=5e-9)
    assert_allclose(fit.scale, expect["scale"], atol=5e-9)
    assert_allclose(fit.log_likelihood, expect["loglik"], atol=0.05)
    assert_allclose(fit.lrt_statistic, expect["LRT"], atol=0.005)
    assert 0.0009 < fit.lrt_p_value < 0.001


@pytest.mark.parametrize("distribution", ["Weibull", "log-logistic"])
def test_aft_does_not_depend_on_units(distribution):
    low, high, group = columns("mixed")
    fit = aft_regression(low, high, group, distribution=distribution)
    months = aft_regression(low / 30, high / 30, group * 100 + 7, distribution=distribution)
    assert_allclose(months.coef[1] * 100, fit.coef[1], rtol=1e-8)
    assert_allclose(months.std_error[1] * 100, fit.std_error[1], rtol=1e-8)
    assert_allclose(months.lrt_statistic, fit.lrt_statistic, rtol=1e-8)
    alone = aft_regression(low, high, distribution=distribution)
    assert np.isnan(alone.lrt_p_value)


@pytest.mark.parametrize("distribution", ["Weibull", "log-logistic"])
@pytest.mark.parametrize("cured", [0.0, 0.3])
def test_aft_information_by_differences(distribution, cured):
    low, high, group = columns("mixed")
    design = np.column_stack([np.ones(low.size), group])
    theta, value, information = maximised(low, high, design, distribution, cured=cured)

    def likelihood(theta):
        centre, scale = design @ theta[:-1], np.exp(theta[-1])

        def alive(t):
            t = np.where(t > 0, t, 1e-300)
            z = (np.log(t) - centre) / scale
            if distribution == "Weibull":
                return cured + (1 - cured) * np.exp(-np.exp(np.minimum(z, 300)))
            return cured + (1 - cured) / (1 + np.exp(np.minimum(z, 300)))

        exact = low == high
        h = 1e-4
        slope = (alive(low - h) - alive(low + h)) / (2 * h)
        width = alive(low) - np.where(np.isinf(high), 0.0, alive(np.minimum(high, 1e300)))
        return np.log(np.where(exact, slope, width)).sum()

    assert_allclose(likelihood(theta), value, rtol=1e-7)
    h = 1e-3
    unit = np.eye(theta.size) * h
    found = [
        [
            -(
                likelihood(theta + u + v)
                - likelihood(theta + u - v)
                - likelihood(theta - u + v)
                + likelihood(theta - u - v)
            )
            / (4 * h * h)
            for v in unit
        ]
        for u in unit
    ]
    assert_allclose(found, information, rtol=1e-3, atol=1e-2)


@pytest.mark.parametrize("distribution", ["Weibull", "log-logistic"])
def test_aft_says_why_not(distribution):
    def why(low, high, x=None):
        fit = aft_regression(low, high, x, distribution=distribution)
        assert np.isnan(fit.coef).all()
        assert np.isnan(fit.lrt_p_value)
        return because(fit.reason)

    assert why([], []) == "no subjects"
    assert why([3, 4], [np.inf, np.inf]) == "no event"
    assert "time 0" in why([0, 2], [0, 5])
    assert "one time" in why([3], [3])
    assert "one time" in why([3, 3], [3, 3])
    assert "one time" in why([0, 1], [2, 3])
    assert "separates" in why([3, 4, 5, 6], [3, 4, np.inf, np.inf], [1, 1, 0, 0])
    assert "constant" in why([1, 2, 5], [1, 2, 5], [1, 1, 1])
    with pytest.raises(CarstatsError, match="rows of finite numbers"):
        aft_regression([1, 2], [1, 2], [[1.0]])
