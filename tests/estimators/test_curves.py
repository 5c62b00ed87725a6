"""Estimators against R, published values, definitions and edges."""

import ast
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import carstats.estimators
from carstats.estimators.curves.kaplan_meier import CONF_TYPES, kaplan_meier, step_values
from carstats.estimators.curves.risk_table import distinct_times, risk_table
from carstats.estimators.proportions.proportion import METHODS, proportion_limits
from tests.reference import reference

ESTIMATORS = Path(carstats.estimators.__file__).parent
SURVFIT = reference("survival_curves")["data_sets"]


def fit(data, **options):
    """Return the risk table and curve of a reference data set."""
    entry = data.get("entry")
    table = risk_table(data["time"], data["status"], entry=entry)
    return table, kaplan_meier(table, **options)


def published(identifier):
    return next(e["expect"] for e in reference("published_values") if e["id"] == identifier)


def test_beta_product_equals_bpcp():
    _, curve = fit(SURVFIT["freireich"]["data"])
    expect = published("BP-01")
    found = np.transpose(
        [
            step_values(curve.time, values, [10, 20], before)
            for values, before in ((curve.survival, 1), (curve.low, 0), (curve.high, 1))
        ]
    )
    # Eight digits are given.
    assert_allclose(found, [expect["S10"], expect["S20"]], atol=5e-9)


@pytest.mark.parametrize("n", range(1, 41))
def test_beta_product_without_censoring_is_clopper_pearson(n):
    curve = kaplan_meier(risk_table(np.arange(1, n + 1), np.ones(n)))
    low, high = proportion_limits(n - np.arange(1, n + 1), n)
    assert_allclose(curve.low, low, rtol=1e-9, atol=1e-12)
    assert_allclose(curve.high, high, rtol=1e-9, atol=1e-12)
    assert_allclose(curve.low_at_start, proportion_limits(n, n)[0], rtol=1e-12)


def test_beta_product_with_nobody_relapsed():
    # Five subjects, nobody relapsed, two censored early: the bound is that of those left.
    curve = kaplan_meier(risk_table([3, 4, 9, 9, 9], [0, 0, 0, 0, 0]))
    assert_allclose(curve.survival, 1)
    assert_allclose(curve.high, 1)
    assert_allclose(curve.low, [0.025 ** (1 / 4), 0.025 ** (1 / 3), 0])
    assert_allclose(curve.low_at_start, 0.025 ** (1 / 5))


@pytest.mark.parametrize("conf_type", CONF_TYPES)
def test_curve_of_nobody_is_empty(conf_type):
    curve = kaplan_meier(risk_table([], []), conf_type=conf_type)
    assert curve.survival.shape == curve.low.shape == (0,)


def test_left_truncation_by_hand():
    # Entries 0, 2, 5; exits 4 (event), 6 (event), 7. At 4 two are at risk, at 6 two.
    table = risk_table([4, 6, 7], [1, 1, 0], entry=[0, 2, 5])
    assert_array_equal(table.n_risk, [2, 2, 1])
    assert_array_equal(table.n_after, [1, 1, 0])
    assert_allclose(kaplan_meier(table).survival, [0.5, 0.25, 0.25])


def test_entry_on_the_day_of_an_event_is_not_at_risk_then():
    table = risk_table([4, 9], [1, 1], entry=[0, 4])
    assert_array_equal(table.n_risk, [1, 1])


def test_causes_are_counted_apart():
    table = risk_table([1, 1, 2, 3], [1, 2, 0, 2], n_causes=2)
    assert_array_equal(table.n_event, [[1, 1], [0, 0], [0, 1]])
    assert_array_equal(table.n_censor, [0, 1, 0])


def test_times_within_tolerance_are_one():
    times, group = distinct_times([0.3, 0.1 + 0.2, 1.0])
    assert_array_equal(times, [0.3, 1.0])
    assert_array_equal(group, [0, 0, 1])


def test_batches_equal_repeated_subjects():
    data = SURVFIT["veteran"]["data"]
    time, status = np.array(data["time"]), np.array(data["status"])
    weights = np.random.default_rng(7).integers(0, 4, size=(5, time.size))
    batch = kaplan_meier(risk_table(time, status, weights=weights))
    at = np.arange(0, 1000, 37)
    for row, times in enumerate(weights):
        alone = kaplan_meier(risk_table(np.repeat(time, times), np.repeat(status, times)))
        for name in ("survival", "low", "high"):
            ours = step_values(batch.time, getattr(batch, name), at, batch.low_at_start)[row]
            theirs = step_values(alone.time, getattr(alone, name), at, alone.low_at_start)
            inside = (at >= alone.time[0]) & (at <= alone.time[-1])
            assert_allclose(ours[inside], theirs[inside], rtol=1e-9)


SAMPLES = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=25)


@given(SAMPLES)
def test_curve_properties(sample):
    time, status = np.array([t for t, _ in sample], float), np.array([s for _, s in sample], int)
    table = risk_table(time, status)
    assert table.n_event.sum() + table.n_censor.sum() == time.size
    for conf_type in CONF_TYPES:
        curve = kaplan_meier(table, conf_type=conf_type)
        assert (np.diff(curve.survival, prepend=1) <= 1e-12).all()
        known = ~np.isnan(curve.low)
        assert (curve.low[known] <= curve.survival[known] + 1e-9).all()
        assert (curve.survival[known] <= curve.high[known] + 1e-9).all()
        assert ((curve.low[known] >= 0) & (curve.high[known] <= 1)).all()
    order = np.random.default_rng(0).permutation(time.size)
    shuffled = kaplan_meier(risk_table(time[order], status[order]))
    assert_array_equal(shuffled.survival, kaplan_meier(table).survival)
    twice = kaplan_meier(risk_table(np.tile(time, 2), np.tile(status, 2)))
    halved = twice.std_error**2 * 2
    inside = ~np.isnan(halved)
    assert_allclose(halved[inside], kaplan_meier(table).std_error[inside] ** 2, atol=1e-12)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=30))
def test_no_censoring_is_the_empirical_function(times):
    curve = kaplan_meier(risk_table(times, np.ones(len(times))))
    assert_allclose(curve.survival, [(np.array(times) > t).mean() for t in curve.time], atol=1e-12)


def test_proportions_equal_published_values():
    expect = published("P-01")
    for counts, key in (((81, 263), "81/263"), ((0, 20), "0/20")):
        for method, name in (("Clopper-Pearson", "CP"), ("Wilson", "Wilson")):
            assert_allclose(proportion_limits(*counts, method=method), expect[key][name], atol=5e-9)


@pytest.mark.parametrize("method", METHODS)
def test_proportions_at_the_edges(method):
    low, high = proportion_limits([0, 0, 1, 7], [0, 7, 1, 7], method=method)
    assert np.isnan([low[0], high[0]]).all()
    assert low[1] == 0
    assert high[2] == high[3] == 1
    assert 0 < high[1] < 1
    assert 0 < low[2] < low[3] < 1


def test_zero_of_fifteen_in_words():
    assert round(100 * float(proportion_limits(0, 15)[1]), 1) == 21.8


SPEAKING = {"message", "message_n", "mark", "joined_notes", "tr", "tr_n"}


def spoken(code):
    """Yield the lines on which a file makes words other than those of an error."""
    tree = ast.parse(code)
    errors = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "CarstatsError"
    ]
    excepted = {id(inner) for error in errors for inner in ast.walk(error)}
    for node in ast.walk(tree):
        name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
        if name in SPEAKING and id(node) not in excepted:
            yield node.lineno


def test_words_are_found():
    assert list(spoken('x = 1\nnote = message("no event")')) == [2]
    assert not list(spoken('raise CarstatsError(message("`x` is empty."))'))


@pytest.mark.parametrize("path", sorted(ESTIMATORS.glob("*.py")), ids=lambda path: path.stem)
def test_estimators_give_codes_and_no_words(path):
    assert not list(spoken(path.read_text(encoding="utf-8")))
