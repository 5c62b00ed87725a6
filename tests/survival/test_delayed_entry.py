"""Delayed entry: risk sets that empty are said, a conditional start is offered, limits hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

import carstats as cs
from carstats.estimators.curves.aalen_johansen import INCIDENCE_CONF_TYPES, aalen_johansen
from carstats.estimators.curves.curve_difference import melded_difference
from carstats.estimators.curves.kaplan_meier import CONF_TYPES, kaplan_meier
from carstats.estimators.curves.quantile import curve_quantile
from carstats.estimators.curves.risk_table import risk_table
from carstats.estimators.curves.time_lost import mean_time_lost
from tests.survival.survival_data import RFS, cohort_of

# Alone at risk, S001 has the event on day 3; the others come on day 5.
EMPTIED = {"time": [3, 10, 12, 15], "status": [1, 1, 0, 0], "entry": [0, 5, 5, 5]}


def emptied(status=None):
    return cohort_of(EMPTIED["time"], status or EMPTIED["status"], entry=EMPTIED["entry"])


@pytest.mark.parametrize(
    "call",
    [
        lambda c: cs.survival_curve(c, RFS),
        lambda c: cs.survival_at(c, RFS, at=10),
        lambda c: cs.survival_quantile(c, RFS),
        lambda c: cs.restricted_mean(c, RFS, at=12),
        lambda c: cs.cumulative_incidence(c, RFS),
        lambda c: cs.restricted_time_lost(c, RFS, at=12),
    ],
)
def test_a_risk_set_that_empties_is_said(call):
    note = call(emptied()).frame["note"].iloc[0]
    assert "nobody at risk from day 3 to 5, taken as free of it then" in note
    assert "survival_curve(…, start=5) begins after that" in note


def test_a_rate_needs_no_such_word():
    assert not cs.incidence_rate(emptied(), RFS).frame["note"].any()


def test_spans_at_the_beginning_and_several():
    # Nobody is at risk before day 4, nor from day 6 to day 8.
    cohort = cohort_of([6, 9, 12], [0, 1, 0], entry=[4, 8, 8])
    note = cs.survival_curve(cohort, RFS).frame["note"].iloc[0]
    assert note.startswith("nobody at risk from day 0 to 4, 6 to 8, taken")
    full = cohort_of([6, 9, 12], [0, 1, 0], entry=[0, 3, 5])
    assert not cs.survival_curve(full, RFS).frame["note"].any()


def test_the_curve_from_a_day_on_is_that_of_those_still_free():
    found = cs.survival_curve(emptied(), RFS, start=5)
    assert found.frame["time"].tolist() == [5, 10, 12, 15]
    assert_allclose(found.frame["estimate"], [1, 2 / 3, 2 / 3, 2 / 3])
    assert found.frame["n"].iloc[0] == 3
    assert not found.frame["note"].any()
    assert "of those free of it at day 5" in found.caption()
    assert found.spec.options["start"] == 5


def test_conditional_curves_are_ratios():
    time, status = [2, 4, 5, 7, 9, 11, 12, 20], [1, 1, 0, 1, 2, 1, 0, 0]
    plain = cohort_of(time, np.array(status) % 2)
    whole = cs.survival_at(plain, RFS, at=[4.5, 11.5]).frame["estimate"]
    later = cs.survival_at(plain, RFS, at=[4.5, 11.5], start=4.5).frame["estimate"]
    assert_allclose(later, [1, whole[1] / whole[0]])
    rivals = cohort_of(time, status)
    curves = cs.cumulative_incidence(rivals, RFS).frame
    part = curves[(curves["cause"] == RFS) & (curves["time"] <= 4.5)]["estimate"].iloc[-1]
    end = curves[(curves["cause"] == RFS)]["estimate"].iloc[-1]
    given_free = cs.cumulative_incidence(rivals, RFS, start=4.5).frame
    mine = given_free[given_free["cause"] == RFS]
    assert mine["time"].iloc[0] == 4.5
    # Two of eight had the event before day 4.5, and nobody left otherwise.
    assert_allclose(mine["estimate"].iloc[-1], (end - part) / (1 - 2 / 8))
    # Of five at risk on day 7 one fails, of three on day 11 one: 4/5 and 8/15.
    quantile = cs.survival_quantile(plain, RFS, p=0.4, start=4.5).frame.iloc[0]
    assert quantile["estimate"] == 11
    assert quantile["conf_low"] == 4.5


def test_restricted_means_and_times_lost_from_a_day_on():
    cohort = cohort_of([2, 4, 6, 8, 12, 20], [1, 1, 1, 2, 0, 0])
    # Four are free at day 5: one fails on day 6, one otherwise on day 8; to day 10.
    lost = cs.restricted_time_lost(cohort, RFS, at=10, start=5).frame
    assert_allclose(lost["estimate"], [4 / 4, 2 / 4])
    mean = cs.restricted_mean(cohort, RFS, at=10, start=5, competing="censor").frame.iloc[0]
    # Cause-specific: 1 to day 6, then 3/4.
    assert_allclose(mean["estimate"], 1 + 4 * 3 / 4)
    assert 0 <= mean["conf_low"] < mean["estimate"] < mean["conf_high"] <= 5


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda c: cs.survival_curve(c, RFS, start=15), "`start` is 15; no subject is followed"),
        (lambda c: cs.survival_curve(c, RFS, start=-1), "`start` is -1"),
        (lambda c: cs.survival_at(c, RFS, at=[3, 9], start=5), "`at` has day 3, before `start`, 5"),
        (lambda c: cs.restricted_mean(c, RFS, at=5, start=5), "`at` is 5, not after `start`, 5"),
        (lambda c: cs.restricted_time_lost(c, RFS, at=4, start=5), "not after `start`, 5"),
    ],
)
def test_a_start_that_cannot_be(call, match):
    with pytest.raises(cs.CarstatsError, match=match):
        call(emptied())


SUBJECTS = st.lists(
    st.tuples(st.integers(0, 8), st.integers(1, 9), st.integers(0, 2)), min_size=1, max_size=14
)


@settings(deadline=None, max_examples=150)
@given(SUBJECTS)
def test_limits_never_exclude_the_estimate(subjects):
    entry, stay, status = np.array(subjects, float).T
    time = entry + stay
    table = risk_table(time, status, n_causes=2, entry=entry)
    for conf_type in CONF_TYPES:
        curve = kaplan_meier(table, conf_type=conf_type)
        known = ~np.isnan(curve.low)
        assert (curve.low[known] <= curve.survival[known] + 1e-12).all()
        assert (curve.survival[known] <= curve.high[known] + 1e-12).all()
        for p in (0.25, 0.5):
            quantile = curve_quantile(table, curve, p)
            assert not quantile.low > quantile.estimate
            assert not quantile.high < quantile.estimate
    for conf_type in INCIDENCE_CONF_TYPES:
        found = aalen_johansen(table, conf_type=conf_type)
        known = ~np.isnan(found.low)
        assert (found.low[known] <= found.estimate[known] + 1e-12).all()
        assert (found.estimate[known] <= found.high[known] + 1e-12).all()
    lost = mean_time_lost(table, float(time.max()))
    assert (lost.low <= lost.estimate + 1e-12).all()
    assert (lost.estimate <= lost.high + 1e-12).all()
    other = risk_table([2.0, 9.0, 30.0], [1, 0, 0])
    difference = melded_difference(table, other, float(time.max()))
    assert difference.low <= difference.estimate <= difference.high


@settings(deadline=None, max_examples=15)
@given(SUBJECTS)
def test_a_restricted_mean_under_delayed_entry_lies_within_its_limits(subjects):
    entry, stay, status = np.array(subjects, float).T
    cohort = cohort_of(entry + stay, status % 2, entry=entry)
    row = cs.restricted_mean(cohort, RFS, at=float((entry + stay).max())).frame.iloc[0]
    assert row["conf_low"] <= row["estimate"] + 1e-12
    assert row["estimate"] <= row["conf_high"] + 1e-12


def test_tiny_risk_sets_would_exclude_the_estimate_without_care():
    # Ten times two at risk of whom one has the event: the curve is at 1/1024, far below the law.
    day = np.arange(10.0)
    entry = np.repeat(day, 2)
    time = np.repeat(day, 2) + np.tile([0.5, 1.0], 10)
    curve = kaplan_meier(risk_table(time, np.tile([1, 0], 10), entry=entry))
    assert_allclose(curve.survival[-1], 1 / 1024)
    assert curve.low[-1] <= 1 / 1024 <= curve.high[-1]
