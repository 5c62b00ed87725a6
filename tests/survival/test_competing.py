"""Competing events: cumulative incidence, Gray's test and Fine-Gray against R and by hand."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from carstats.errors import CarstatsError
from carstats.estimators.curves.aalen_johansen import (
    INCIDENCE_CONF_TYPES,
    NO_LIMITS,
    aalen_johansen,
    truncated_errors,
)
from carstats.estimators.curves.kaplan_meier import kaplan_meier
from carstats.estimators.curves.risk_table import risk_table
from carstats.estimators.reasons import FEWER_THAN_TWO_GROUPS, NO_EVENT_OF_CAUSE, Reason
from carstats.estimators.regression.fine_gray import fine_gray, predicted_incidence
from carstats.estimators.tests.gray import gray_score_test
from carstats.wording import because
from tests.reference import array, reference

COMPETING = reference("competing")["data_sets"]
OURS = {"log-log": "log-log", "log": "log", "plain": "plain", "arcsin": "arcsine"}
LIMITS = list(itertools.product(COMPETING, OURS, (0.9, 0.95)))
TRUNCATED = {name for name, answer in COMPETING.items() if "entry" in answer["data"]}
GROUPED = {name for name, answer in COMPETING.items() if answer["gray"]}
GRAY = list(itertools.product(sorted(GROUPED), ("0", "1", "-0.5"), ("plain", "stratified")))

# Both sides compute in double precision; sums over some hundred times lose a few digits.
SAME = {"rtol": 1e-9, "atol": 1e-12}
# The root of a variance that is 0 by definition is of the order of 1e-9 of rounding.
SAME_ERROR = {"rtol": 1e-8, "atol": 2e-8}


def columns(name):
    """Return a data set's columns as arrays."""
    data = {k: np.array(v, float) for k, v in COMPETING[name]["data"].items()}
    size = data["time"].size
    return {k: np.resize(v, size) for k, v in data.items()}


def matrix(values, n_times):
    """Return a matrix of R with nulls as NaN, times in rows."""
    return array(np.array(values, object).ravel().tolist()).reshape(n_times, -1)


def incidence(name, **options):
    data = columns(name)
    status = data["status"].astype(int)
    causes = max(int(status.max()), 1)
    table = risk_table(data["time"], status, n_causes=causes, entry=data.get("entry"))
    if "entry" in data:
        options["std_error"] = truncated_errors(
            data["time"], status, data["entry"], n_causes=causes
        )
    return aalen_johansen(table, **options)


def test_reference_grid_is_whole():
    assert len(COMPETING) == 19
    assert len(TRUNCATED) == 2
    assert len(GROUPED) == 14
    for name, kind, level in LIMITS:
        assert set(COMPETING[name]["incidence"][f"{kind} {level:g}"]) == {"low", "high"}
    for name, rho, kind in GRAY:
        assert ("error" in COMPETING[name]["gray"][f"{rho} {kind}"]) == (name == "no_event")


@pytest.mark.parametrize(("name", "kind", "level"), LIMITS)
def test_incidence_equals_survfit(name, kind, level):
    found = incidence(name, conf_type=OURS[kind], conf_level=level)
    curve, limits = COMPETING[name]["curve"], COMPETING[name]["incidence"][f"{kind} {level:g}"]
    size = found.time.size
    assert_allclose(found.time, array(curve["time"]), **SAME)
    assert_allclose(found.survival, array(curve["survival"]), **SAME)
    estimate = matrix(curve["estimate"], size)
    assert_allclose(found.estimate, estimate, **SAME)
    assert_allclose(found.std_error, matrix(curve["std_error"], size), **SAME_ERROR)
    # At 0 and at 1 carstats says nothing, for plain and log limits too: reference/README.md.
    inside = (estimate > 0) & (estimate < 1 - 1e-12)
    assert_allclose(found.low[inside], matrix(limits["low"], size)[inside], rtol=1e-8, atol=1e-12)
    assert_allclose(found.high[inside], matrix(limits["high"], size)[inside], rtol=1e-8, atol=1e-12)
    assert np.isnan(found.low[~inside]).all()
    assert np.isnan(found.high[~inside]).all()
    assert_array_equal(found.reason == 0, inside)


@pytest.mark.parametrize("name", sorted(set(COMPETING) - TRUNCATED))
def test_aalen_variance_equals_cuminc(name):
    answer = COMPETING[name]["aalen"]
    if "error" in answer:
        # cuminc fails without any event.
        assert not columns(name)["status"].any()
        return
    found = incidence(name, variance="Aalen")
    for row, cause in enumerate(answer["cause"]):
        theirs, variance = array(answer["estimate"][row]), array(answer["variance"][row])
        known = ~np.isnan(theirs)
        assert_allclose(found.estimate[known, cause - 1], theirs[known], **SAME)
        assert_allclose(found.std_error[known, cause - 1] ** 2, variance[known], **SAME)


@pytest.mark.parametrize(("name", "rho", "kind"), GRAY)
def test_gray_equals_cuminc(name, rho, kind):
    data, answer = columns(name), COMPETING[name]["gray"][f"{rho} {kind}"]
    strata = data["stratum"] if kind == "stratified" else None
    if "error" in answer:
        # cuminc fails without any event.
        found = gray_score_test(data["time"], data["status"], data["group"] - 1)
        assert found.reason == Reason(NO_EVENT_OF_CAUSE)
        assert np.isnan(found.statistic)
        return
    for cause, statistic, p_value, df in zip(*(answer[k] for k in answer), strict=True):
        found = gray_score_test(
            data["time"],
            data["status"],
            data["group"] - 1,
            cause=cause,
            rho=float(rho),
            strata=strata,
        )
        assert_allclose(found.statistic, statistic, rtol=1e-8, atol=1e-12)
        assert_allclose(found.p_value, p_value, rtol=1e-8)
        assert found.df == df


FINE_GRAY = reference("fine_gray")["data_sets"]
FITS = [(name, kind) for name, answer in FINE_GRAY.items() for kind in answer["fits"]]


def regression(name, kind, **options):
    data = {k: np.array(v, float) for k, v in FINE_GRAY[name]["data"].items()}
    covariates = np.column_stack([data[k] for k in "ab" if k in data])
    group = data["group"] if "by group" in kind else None
    return fine_gray(
        data["time"],
        data["status"],
        covariates,
        cause=int(kind.split()[1]),
        censoring_group=group,
        **options,
    )


def test_fine_gray_grid_is_whole():
    assert len(FINE_GRAY) == 9
    assert len(FITS) == 34
    for name, kind in FITS:
        assert ("error" in FINE_GRAY[name]["fits"][kind]) == (name == "small" and "2" in kind)


@pytest.mark.parametrize(("name", "kind"), FITS)
def test_fine_gray_equals_crr(name, kind):
    fit, answer = regression(name, kind), FINE_GRAY[name]["fits"][kind]
    if "error" in answer:
        assert "separates" in because(fit.reason)
        assert np.isnan(fit.coef).all()
        return
    assert not fit.reason
    # crr halves its step until the likelihood no longer changes in double precision, which in one
    # of these fits is 2e-8 from the maximum; in the others the two agree to 1e-11.
    close = {"rtol": 5e-8 if (name, kind) == ("small", "cause 1 by group") else 1e-8, "atol": 1e-11}
    assert_allclose(fit.coef, answer["coef"], **close)
    assert_allclose(fit.covariance, answer["var"], **close)
    assert_allclose(fit.information, answer["information"], **close)
    assert_allclose(fit.log_likelihood, answer["loglik"], rtol=1e-12)
    assert_allclose(fit.log_likelihood_null, answer["loglik_null"], rtol=1e-12)
    assert_allclose(fit.time, answer["time"])
    assert_allclose(fit.hazard, answer["hazard"], rtol=1e-8)
    ends = np.array([[0, 0], [1, 1]])[:, : fit.coef.size]
    found = predicted_incidence(fit, ends)
    assert_allclose(found.T, answer["predicted"], rtol=1e-8)


def test_fine_gray_with_one_cause_is_cox_with_breslow_ties():
    # Two subjects, one event: the score x - xbar is 0 nowhere, hence three by hand. Events at 1, 2
    # and 3 with x = 0, 1, 0: likelihood 1/(2 + e) * e/(1 + e), with e the hazard ratio; its maximum
    # is where 1 - e/(2 + e) - e/(1 + e) = 0, that is e^2 = 2.
    fit = fine_gray([1, 2, 3], [1, 1, 1], [0, 1, 0])
    assert_allclose(np.exp(fit.coef), np.sqrt(2), rtol=1e-12)


def test_fine_gray_says_why_not():
    assert fine_gray([1, 2], [0, 2], [0.5, 1]).reason == Reason(NO_EVENT_OF_CAUSE)
    assert "constant" in because(fine_gray([1, 2, 3], [1, 1, 1], [4, 4, 4]).reason)
    twice = np.array([[1, 2], [2, 4], [4, 8], [3, 6]])
    assert "follows from the others" in because(fine_gray([1, 2, 3, 4], [1, 1, 0, 1], twice).reason)
    assert "separates" in because(fine_gray([1, 2, 3, 4], [1, 1, 0, 0], [1, 1, 0, 0]).reason)
    assert fine_gray([7], [1], [3.0]).reason
    assert fine_gray([], [], np.empty((0, 1))).reason == Reason(NO_EVENT_OF_CAUSE)
    with pytest.raises(CarstatsError, match="one row per subject"):
        fine_gray([1, 2], [1, 1], [[1.0]])
    with pytest.raises(CarstatsError, match="finite"):
        fine_gray([1, 2], [1, 1], [1.0, np.nan])


def test_fine_gray_does_not_mind_order_or_the_unit_of_a_covariate():
    data = {k: np.array(v, float) for k, v in FINE_GRAY["ties"]["data"].items()}
    x = np.column_stack([data["a"], data["b"]])
    fit = fine_gray(data["time"], data["status"], x)
    order = np.random.default_rng(3).permutation(len(x))
    other = fine_gray(data["time"][order], data["status"][order], x[order] * [1e3, 1] + [2020, 0])
    assert_allclose(other.coef * [1e3, 1], fit.coef, rtol=1e-9)
    assert_allclose(other.std_error * [1e3, 1], fit.std_error, rtol=1e-9)


# Aalen-Johansen by hand and at the edges.


def published(identifier):
    return next(e["expect"] for e in reference("published_values") if e["id"] == identifier)


def test_incidence_equals_published_values():
    expect = published("CR-01")
    found = incidence("hand", variance="Aalen")
    place = np.searchsorted(found.time, [1, 2, 4, 5])
    assert_allclose(found.estimate[place, 0], list(expect["cif1"].values()), rtol=1e-12)
    assert_allclose(found.estimate[-1, 1], expect["cif2_5"], rtol=1e-12)
    # Eight digits are given.
    assert_allclose(found.std_error[place, 0] ** 2, list(expect["var1"].values()), atol=5e-9)


@pytest.mark.parametrize("name", sorted(set(COMPETING) - TRUNCATED))
def test_with_one_cause_the_error_is_greenwoods(name):
    data = columns(name)
    table = risk_table(data["time"], data["status"] > 0)
    curve, found = kaplan_meier(table, conf_type="plain"), aalen_johansen(table, conf_type="plain")
    assert_allclose(found.estimate[:, 0], 1 - curve.survival, **SAME)
    known = curve.survival > 0
    assert_allclose(found.std_error[known, 0], curve.std_error[known], **SAME_ERROR)
    assert_allclose(found.std_error[~known, 0], 0, atol=1e-7)


@pytest.mark.parametrize("name", sorted(set(COMPETING) - TRUNCATED))
def test_errors_of_subjects_and_of_counts_agree_without_truncation(name):
    data, status = columns(name), columns(name)["status"].astype(int)
    causes = max(status.max(), 1)
    entry = np.full(status.size, -np.inf)
    found = truncated_errors(data["time"], status, entry, n_causes=causes)
    assert_allclose(found, incidence(name).std_error, **SAME_ERROR)


def test_batches_equal_repeated_subjects():
    data = columns("ties")
    status = data["status"].astype(int)
    weights = np.random.default_rng(7).integers(0, 4, size=(3, status.size))
    batch = aalen_johansen(risk_table(data["time"], status, n_causes=2, weights=weights))
    assert batch.estimate.shape == (3, 8, 2)
    for row, times in enumerate(weights):
        alone = aalen_johansen(
            risk_table(np.repeat(data["time"], times), np.repeat(status, times), n_causes=2)
        )
        assert_allclose(batch.estimate[row], alone.estimate, rtol=1e-12)
        assert_allclose(batch.std_error[row], alone.std_error, rtol=1e-9)
        assert_allclose(batch.low[row], alone.low, rtol=1e-9)


@pytest.mark.parametrize("conf_type", INCIDENCE_CONF_TYPES)
def test_incidence_at_the_edges(conf_type):
    nobody = aalen_johansen(risk_table([], [], n_causes=2), conf_type=conf_type)
    assert nobody.estimate.shape == (0, 2)
    none = aalen_johansen(risk_table([3, 4], [0, 0], n_causes=2), conf_type=conf_type)
    assert_array_equal(none.estimate, 0)
    product = conf_type.startswith("beta product")
    assert (none.low == 0).all() if product else np.isnan(none.low).all()
    assert (none.high > 0.9).all() if product else np.isnan(none.high).all()
    assert set(none.reason.ravel()) == {0 if product else NO_LIMITS.index("nobody_had_event")}
    both = aalen_johansen(risk_table([5, 5], [1, 2], n_causes=2), conf_type=conf_type)
    assert_allclose(both.estimate, [[0.5, 0.5]])
    assert both.survival == [0]
    assert (both.low < 0.5).all()
    all_had = aalen_johansen(risk_table([0, 0], [1, 1]), conf_type=conf_type)
    assert NO_LIMITS[all_had.reason[0, 0]] == ("" if product else "everybody_had_event")
    absent = aalen_johansen(risk_table([1, 2], [1, 0], weights=np.zeros((1, 2))))
    assert np.isnan(absent.estimate).all()
    assert NO_LIMITS[absent.reason[0, 0, 0]] == "nobody_at_risk"


ROWS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 3), st.integers(-4, 5)), min_size=1, max_size=25
)


@settings(deadline=None)  # the first example imports scipy
@given(ROWS)
def test_incidence_properties(rows):
    time, status, early = np.array(rows).T
    table = risk_table(time, status, n_causes=3)
    found = aalen_johansen(table)
    assert_allclose(found.estimate.sum(axis=-1) + found.survival, 1, atol=1e-12)
    assert (np.diff(found.estimate, axis=0) >= -1e-15).all()
    known = found.reason == 0
    assert (found.low[known] <= found.estimate[known]).all()
    assert (found.estimate[known] <= found.high[known]).all()
    twice = aalen_johansen(risk_table(np.tile(time, 2), np.tile(status, 2), n_causes=3))
    assert_allclose(twice.std_error**2 * 2, found.std_error**2, atol=1e-12)
    uncensored = aalen_johansen(risk_table(time, np.maximum(status, 1), n_causes=3))
    share = [
        [np.mean((time <= t) & (np.maximum(status, 1) == c)) for c in (1, 2, 3)]
        for t in uncensored.time
    ]
    assert_allclose(uncensored.estimate, share, atol=1e-12)
    errors = truncated_errors(time, status, np.minimum(early, time - 1), n_causes=3)
    assert np.isfinite(errors).all()


def jackknife_by_difference(time, status, entry, cause, size=1e-6):
    """Return the infinitesimal jackknife's error by weighing a subject more and less."""
    ends = []
    for sign in (1, -1):
        weights = np.ones((time.size, time.size)) + sign * size * np.eye(time.size)
        table = risk_table(time, status, n_causes=2, entry=entry, weights=weights)
        hazard = table.n_event / table.n_risk[..., None]
        free = np.cumprod(1 - hazard.sum(axis=-1), axis=-1)
        before = np.concatenate([np.ones((time.size, 1)), free[:, :-1]], axis=-1)
        ends.append(np.cumsum(before * hazard[..., cause - 1], axis=-1))
    return np.sqrt(((ends[0] - ends[1]) ** 2).sum(axis=0)) / (2 * size)


def test_truncated_errors_by_their_definition():
    data, status = columns("left_truncated"), columns("left_truncated")["status"].astype(int)
    found = truncated_errors(data["time"], status, data["entry"], n_causes=2)
    for cause in (1, 2):
        slow = jackknife_by_difference(data["time"], status, data["entry"], cause)
        # A central difference of 1e-6 leaves about six digits.
        assert_allclose(found[:, cause - 1], slow, rtol=1e-5, atol=1e-9)


# Gray's test by hand and at the edges.


def test_gray_says_why_not():
    assert gray_score_test([1, 2], [1, 1], [0, 0]).reason == Reason(FEWER_THAN_TWO_GROUPS)
    assert gray_score_test([], [], []).reason == Reason(FEWER_THAN_TWO_GROUPS)
    assert gray_score_test([1, 2, 3], [0, 2, 0], [0, 1, 1]).reason == Reason(NO_EVENT_OF_CAUSE)
    # The one event is at a time when only its own group is at risk.
    apart = gray_score_test([1, 5, 6], [0, 1, 0], [0, 1, 1])
    assert "tells the groups apart" in because(apart.reason)
    assert np.isnan(apart.p_value)


def test_gray_with_an_empty_group_is_the_test_without_it():
    data = columns("ties")
    group = data["group"] - 1
    found = gray_score_test(data["time"], data["status"], group * 2, n_groups=6)
    plain = gray_score_test(data["time"], data["status"], group)
    assert_allclose(found.statistic, plain.statistic, rtol=1e-10)
    assert found.df == plain.df == 2


@settings(deadline=None)  # the first example imports scipy
@given(ROWS)
def test_gray_properties(rows):
    time, status, group = np.array(rows).T
    group = group % 3
    found = gray_score_test(time, status, group, n_groups=3)
    assert_allclose(found.score.sum(), 0, atol=1e-9)
    assert np.isnan(found.statistic) == (found.df == 0)
    assert found.reason or found.df == np.unique(group).size - 1
    swapped = gray_score_test(time, status, 2 - group, n_groups=3)
    assert_allclose(swapped.statistic, found.statistic, rtol=1e-6, atol=1e-9)


def test_gray_without_rivals_and_censoring_at_rho_0_is_close_to_the_logrank():
    # One death at a time in turn: without competing events the score is the log-rank's exactly.
    time, group = np.arange(1, 9), np.array([0, 1, 0, 0, 1, 1, 0, 1])
    found = gray_score_test(time, np.ones(8), group)
    expected = sum(np.mean(group[time >= t] == 0) for t in time)
    # R in Gray's test counts subjects by Y G/S = Y when nobody competes.
    assert_allclose(found.score[0], 4 - expected, rtol=1e-12)
