"""The cured part and weights for withdrawal: against R, by hand and at the edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from carstats.estimators.curves.ipcw import weighted_survival
from carstats.estimators.curves.kaplan_meier import kaplan_meier
from carstats.estimators.curves.risk_table import risk_table
from carstats.estimators.reasons import NO_EVENT, NO_SUBJECTS, Reason
from carstats.estimators.regression.cure import (
    mixture_cure,
    sufficient_followup,
)
from carstats.estimators.regression.parametric import aft_regression
from carstats.wording import because
from tests.reference import array, reference

CURE = reference("cure")["data_sets"]
IPCW = reference("ipcw")["data_sets"]


def test_reference_grid_is_whole():
    assert len(CURE) == 8
    assert len(IPCW) == 7
    for answer in CURE.values():
        assert set(answer) == {"data", "fit", "followup"}
        assert {"estimate", "low", "high", "loglik"} <= set(answer["fit"])


def columns(name):
    data = {k: np.atleast_1d(array(np.atleast_1d(v))) for k, v in CURE[name]["data"].items()}
    return {k: np.resize(v, data["time"].size) for k, v in data.items()}


@pytest.mark.parametrize("name", CURE)
def test_mixture_equals_the_definition(name):
    data, answer = columns(name), CURE[name]["fit"]
    fit = mixture_cure(data["low"], data["high"])
    assert not fit.reason
    # nlm and optimize find the flat top of the likelihood to about six digits; its height to ten,
    # and the limits, where the profile is steep, to seven.
    assert_allclose(fit.log_likelihood, answer["loglik"], rtol=1e-10)
    assert_allclose(fit.log_likelihood_none, answer["loglik_none"], rtol=1e-10)
    assert fit.log_likelihood >= answer["loglik"] - 1e-10
    assert_allclose(fit.estimate, answer["estimate"], atol=2e-6)
    assert_allclose([fit.low, fit.high], [answer["low"], answer["high"]], atol=1e-7)
    assert_allclose([fit.location, fit.scale], [answer["location"], answer["scale"]], rtol=1e-5)


@pytest.mark.parametrize("name", CURE)
def test_followup_equals_the_definition(name):
    data, answer = columns(name), CURE[name]["followup"]
    found = sufficient_followup(data["time"], data["status"])
    assert found.n_late == answer["n_late"]
    assert_allclose([found.q_n, found.alpha_n], [answer["q_n"], answer["alpha_n"]], rtol=1e-9)


def test_nobody_cured_is_the_weibull_model():
    data = columns("nobody_cured")
    fit = mixture_cure(data["low"], data["high"])
    weibull = aft_regression(data["low"], data["high"])
    assert fit.estimate == fit.low == 0
    assert fit.high < 0.1
    assert_allclose(fit.location, weibull.coef[0], rtol=1e-9)
    assert_allclose(fit.log_likelihood, weibull.log_likelihood, rtol=1e-12)


def test_the_gate_refuses_in_words():
    def refusal(time, status):
        return because(sufficient_followup(time, status).refusal)

    assert refusal([], []) == "no subjects"
    assert refusal([5], [1]).startswith("1 event: at least 10")
    assert refusal(np.arange(1, 21), np.zeros(20)).startswith("0 events")
    time = np.append(np.arange(1, 13), np.full(8, 20.0))
    status = np.append(np.ones(12), np.zeros(8))
    assert "plateau of 8 is shorter than the time to the last event" in refusal(time, status)
    assert refusal(np.append(time[:12], np.full(8, 24.0)), status) == ""
    # By hand: of 20, the late events are those after 2 * 12 - 20 = 4, that is 5 to 12.
    found = sufficient_followup(time, status)
    assert found.n_late == 8
    assert_allclose(found.alpha_n, 0.6**20)
    # The last time is an event: no plateau, nothing late.
    ends = sufficient_followup([1, 2, 3], [0, 1, 1])
    assert ends.n_late == 0
    assert ends.alpha_n == 1


def test_mixture_says_why_not():
    assert mixture_cure([], []).reason == Reason(NO_SUBJECTS)
    none = mixture_cure([3, 5], [np.inf, np.inf])
    assert none.reason == Reason(NO_EVENT)
    assert np.isnan([none.estimate, none.low, none.high]).all()
    assert "time 0" in because(mixture_cure([0, 4], [0, np.inf]).reason)
    assert "one time" in because(mixture_cure([4, 4, 9], [4, 4, np.inf]).reason)


def weighted(name, **options):
    data = {k: np.array(v, float) for k, v in IPCW[name]["data"].items()}
    size = data["time"].size
    status, group = (np.resize(data[k], size) for k in ("status", "group"))
    return data["time"], status, group, weighted_survival(data["time"], status, group, **options)


@pytest.mark.parametrize("name", IPCW)
def test_weighted_curve_equals_weighted_survfit(name):
    *_, found = weighted(name)
    curve = IPCW[name]["curve"]
    assert_allclose(found.time, curve["time"])
    # Products over some hundred times in another order.
    assert_allclose(found.survival, curve["survival"], rtol=1e-9, atol=1e-12)
    assert_allclose(found.weighted_risk, curve["weighted_risk"], rtol=1e-9)


@pytest.mark.parametrize("name", IPCW)
def test_weighted_curve_of_one_group_is_kaplan_meier(name):
    time, status, _, _ = weighted(name)
    found = weighted_survival(time, status)
    assert_allclose(found.survival, kaplan_meier(risk_table(time, status)).survival, atol=1e-12)
    assert "Kaplan-Meier" in because(found.note)


def test_weighted_curve_by_hand():
    # Group a: censored at 1, event at 3. Group b: events at 2 and 4. At 2 the one left of a stands
    # for two: 1 of 2 + 2 has the event; at 3 it has it, 2 of 2 + 1; at 4 the last.
    found = weighted_survival([1, 3, 2, 4], [0, 1, 1, 1], ["a", "a", "b", "b"])
    assert_allclose(found.survival, [1, 3 / 4, 1 / 4, 0])
    assert_allclose(found.largest_weight, [1, 2, 2, 1])
    assert found.note is None
    lost = weighted_survival([1, 2, 3], [0, 1, 1], ["a", "b", "b"])
    assert because(lost.note) == "no longer represented: group a from 1"


def test_weighted_limits_are_reproducible():
    *_, found = weighted("veteran", n_resamples=200, seed=5)
    *_, again = weighted("veteran", n_resamples=200, seed=5)
    assert_array_equal(found.low, again.low)
    assert (found.low <= found.survival + 1e-12).mean() > 0.95
    assert (found.survival <= found.high + 1e-12).mean() > 0.95


ROWS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 1), st.integers(0, 2)), min_size=0, max_size=20
)


@settings(deadline=None)  # the first example imports scipy
@given(ROWS)
def test_weighted_curve_properties(rows):
    time, status, group = np.array(rows, float).reshape(-1, 3).T
    found = weighted_survival(time, status, group)
    assert (np.diff(found.survival, prepend=1.0) <= 1e-12).all()
    assert (found.survival >= 0).all()
    assert (found.largest_weight[found.n_risk > 0] >= 1).all()
    uncensored = weighted_survival(time, np.ones(time.size), group)
    share = [(time > t).mean() for t in uncensored.time]
    assert_allclose(uncensored.survival, share, atol=1e-12)
    if time.size:
        assert sufficient_followup(time, status).refusal or status.sum() >= 10


@pytest.mark.parametrize("seed", range(12))
def test_mixture_of_few_subjects_answers_or_says_why_not(seed):
    rng = np.random.default_rng(seed)
    time = rng.integers(0 if seed % 3 else 1, 9, size=rng.integers(1, 12)).astype(float)
    fit = mixture_cure(time, np.where(rng.random(time.size) < 0.5, time, np.inf))
    assert fit.reason or 0 <= fit.low <= fit.estimate <= fit.high <= 1
