"""Quantiles and restricted means of survival curves against R, by hand and at the edges."""

import dataclasses
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from carstats.errors import CarstatsError
from carstats.estimators.curves.kaplan_meier import CONF_TYPES, kaplan_meier
from carstats.estimators.curves.quantile import curve_quantile
from carstats.estimators.curves.risk_table import risk_table
from carstats.estimators.curves.rmst import check_horizon, mean_contrast, mean_survival
from tests.reference import array, reference

QUANTILES = reference("quantiles")
MEANS = reference("restricted_mean")
OURS = {"log-log": "log-log", "log": "log", "plain": "plain", "arcsin": "arcsine"}
GRID = list(itertools.product(QUANTILES["data_sets"], OURS, (0.9, 0.95)))
# Times are read off, midpoints are one addition.
EXACT = {"rtol": 1e-12, "atol": 1e-12}


def table_of(data):
    size = len(data["time"])
    status = np.broadcast_to(data["status"], size)
    return risk_table(data["time"], status, entry=data.get("entry"))


def quantile(data, p=0.5, **options):
    table = table_of(data)
    return curve_quantile(table, kaplan_meier(table, **options), p)


def test_reference_grids_are_whole():
    assert len(QUANTILES["data_sets"]) == 20
    for name, kind, level in GRID:
        fit = QUANTILES["data_sets"][name]["fits"][f"{kind} {level:g}"]
        assert {len(fit[k]) for k in ("quantile", "lower", "upper")} == {len(QUANTILES["probs"])}
    assert len(MEANS["data_sets"]) == 16
    assert all(len(one["means"]) == 3 for one in MEANS["data_sets"].values())
    assert len(MEANS["pairs"]) == 3 * 2 * 2


@pytest.mark.parametrize(("name", "kind", "level"), GRID)
def test_quantiles_equal_survfit(name, kind, level):
    one = QUANTILES["data_sets"][name]
    fit = {k: array(v) for k, v in one["fits"][f"{kind} {level:g}"].items()}
    for place, p in enumerate(QUANTILES["probs"]):
        q = quantile(one["data"], p, conf_type=OURS[kind], conf_level=level)
        expect = [fit[k][place] for k in ("quantile", "lower", "upper")]
        if (name, kind, level, p) == ("aml", "log", 0.95, 0.5):
            # R disagrees with itself where a limit rises again: see reference/README.md.
            assert expect == [27, 18, 48]
            expect = fit["printed"]
        assert_allclose([q.estimate, q.low, q.high], expect, err_msg=f"p = {p}", **EXACT)
        assert q.reached == ~np.isnan(q.estimate)
        assert q.high_reached == ~np.isnan(q.high)
        if p == 0.5:
            # print() takes the first time of a last plateau, quantile() its middle.
            assert_allclose([q.low, q.high], fit["printed"][1:], **EXACT)


def published(identifier):
    return next(e["expect"] for e in reference("published_values") if e["id"] == identifier)


FREIREICH = reference("survival_curves")["data_sets"]["freireich"]["data"]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def test_quantiles_equal_published_values():
    expect = published("BP-01")
    for p, kind, key in (
        (0.5, "beta product", "median"),
        (0.25, "beta product", "q75"),
        (0.5, "beta product mid-P", "midp_median"),
    ):
        q = quantile(FREIREICH, p, conf_type=kind)
        assert_allclose([q.estimate, q.low, q.high], array(expect[key]))
    expect = published("KM-07")
    for name, data in (("6-MP", FREIREICH), ("placebo", {"time": PLACEBO, "status": 1})):
        for types, limits in expect[name].items():
            for kind in set(types.split("/")) & {"log", "plain", "log-log"}:
                q = quantile(data, conf_type=kind)
                assert_allclose(q.estimate, expect[name]["median"])
                assert_allclose([q.low, q.high], array(limits))
    expect = published("KM-09")
    for key, times in (("n6", [3, 5, 5, 8, 12, 14]), ("n4", [1, 2, 3, 4])):
        q = quantile({"time": times, "status": 1}, conf_type="log")
        assert_allclose(
            [q.estimate, q.low, q.high], [expect[key]["median"], *array(expect[key]["log_ci"])]
        )
    data = {"time": [54, 75, 77, 84, 87, 92, 103, 105, 112, 118], "status": [1] * 5 + [0] * 5}
    assert quantile(data).estimate == published("KM-08")["R_median"]
    assert quantile(data, 0.25).estimate == published("KM-08")["q25"]


@pytest.mark.parametrize("n", [*range(2, 62, 2), 200, 1000])
def test_median_of_an_even_sample_is_its_midpoint(n):
    # S is 0.5 give or take rounding after half of the events.
    times = np.cumsum(np.random.default_rng(n).integers(1, 9, n))
    assert quantile({"time": times, "status": 1}).estimate == np.median(times)


def test_mid_p_limits_equal_bpcp():
    curve = kaplan_meier(table_of(FREIREICH), conf_type="beta product mid-P")
    at_ten = np.flatnonzero(curve.time == 10)[0]
    # bpcp solves for these with R's uniroot, whose default tolerance is 1.2e-4.
    found = [curve.low[at_ten], curve.high[at_ten]]
    assert_allclose(found, published("BP-01")["midp_S10"], atol=2e-5)


@pytest.mark.parametrize("n", [1, 2, 5, 13])
def test_mid_p_without_censoring_is_the_mid_p_binomial(n):
    from scipy.stats import binom

    curve = kaplan_meier(
        risk_table(np.arange(1, n + 1), np.ones(n)), conf_type="beta product mid-P"
    )
    free = n - np.arange(1, n + 1)
    for k, low, high in zip(free, curve.low, curve.high, strict=True):
        if k:
            assert_allclose(binom.sf(k, n, low) + binom.pmf(k, n, low) / 2, 0.025)
        else:
            assert_allclose(low, 0, atol=1e-12)
        assert_allclose(binom.cdf(k - 1, n, high) + binom.pmf(k, n, high) / 2, 0.025)
    # Before the first event: P(X = n) / 2 is the whole tail.
    assert_allclose(curve.low_at_start, 0.05 ** (1 / n))


@pytest.mark.parametrize(("start", "low"), [(0.5, 0.0), (0.501, 2.0), (0.499, 0.0)])
def test_lower_limit_of_a_quantile_is_0_where_the_curves_starts_at_the_level(start, low):
    table = risk_table([1, 2, 3, 4], [1, 1, 1, 1])
    curve = dataclasses.replace(
        kaplan_meier(table), low=np.array([0.55, 0.4, 0.2, 0.0]), low_at_start=np.float64(start)
    )
    assert curve_quantile(table, curve, 0.5).low == low


@pytest.mark.parametrize("conf_type", CONF_TYPES)
@pytest.mark.parametrize(
    ("time", "status"),
    [([], []), ([5], [1]), ([5], [0]), ([3, 4], [0, 0]), ([7, 7, 7], [1, 1, 1]), ([0, 0], [1, 0])],
)
def test_edges_of_the_median(time, status, conf_type):
    q = quantile({"time": time, "status": status}, conf_type=conf_type)
    wanted = {(5, 1): 5, (7, 7, 7, 1, 1, 1): 7, (0, 0, 1, 0): 0}.get((*time, *status), np.nan)
    assert_allclose(q.estimate, wanted)
    assert bool(q.reached) is not np.isnan(wanted)
    assert not q.high_reached
    assert np.isnan(q.high)


def test_beta_product_of_six_all_censored_has_a_lower_limit_only():
    q = quantile({"time": [3, 4, 9, 9, 9, 9], "status": 0})
    # The curve's lower limit is 0.025^(1/6) = 0.54 first, then 0.025^(1/5) = 0.48.
    assert (q.low, np.isnan(q.estimate), np.isnan(q.high)) == (3, True, True)
    assert quantile({"time": [3, 9], "status": 0}).low == 0


def test_quantiles_of_a_batch_are_those_of_each():
    rng = np.random.default_rng(4)
    time, status = rng.integers(1, 30, 25), rng.integers(0, 2, 25)
    weights = rng.multinomial(25, np.full(25, 1 / 25), size=40)
    batch = risk_table(time, status, weights=weights)
    for kind in ("log-log", "beta product"):
        many = curve_quantile(batch, kaplan_meier(batch, conf_type=kind))
        for row, w in enumerate(weights):
            one = quantile(
                {"time": np.repeat(time, w), "status": np.repeat(status, w)}, conf_type=kind
            )
            found = [many.estimate[row], many.high[row]]
            assert_allclose(found, [one.estimate, one.high])


@given(
    st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=25),
    st.sampled_from(CONF_TYPES),
    st.sampled_from([0.1, 0.25, 0.5, 0.75]),
)
def test_quantile_properties(sample, kind, p):
    time, status = np.array(sample).T
    q = quantile({"time": time, "status": status}, p, conf_type=kind)
    if q.reached and not np.isnan(q.low):
        assert q.low <= q.estimate
    if q.reached and q.high_reached:
        assert q.estimate <= q.high
    assert not q.high_reached or q.reached


def test_restricted_means_equal_published_values():
    placebo = {"time": PLACEBO, "status": 1}
    for at, key in ((12, "tau12"), (35, "tau35")):
        for name, data in (("6-MP", FREIREICH), ("placebo", placebo)):
            found = mean_survival(table_of(data), at)
            expect = published("RM-01")[key][name]
            # Three digits are printed.
            assert_allclose([found.estimate, found.std_error], expect, atol=6e-3)


def test_restricted_mean_by_hand():
    # Events at 2 and 6, censored at 4 and 8: S is 3/4 from 2, 3/8 from 6.
    found = mean_survival(risk_table([2, 4, 6, 8], [1, 0, 1, 0]), 8)
    assert_allclose(found.estimate, 2 + 4 * 3 / 4 + 2 * 3 / 8)
    after = 4 * 3 / 4 + 2 * 3 / 8
    assert_allclose(found.std_error**2, after**2 / (4 * 3) + (2 * 3 / 8) ** 2 / (2 * 1))
    assert found.high == 8  # not beyond the horizon
    # Without censoring and to the end it is the mean, with the variance of a mean.
    times = np.array([1, 3, 4, 9])
    found = mean_survival(risk_table(times, np.ones(4)), 9)
    assert_allclose([found.estimate, found.std_error], [times.mean(), times.std() / 2])


def test_horizon_beyond_the_follow_up_is_refused():
    tables = {"SLE": risk_table([3, 30], [1, 0]), "SSc": risk_table([5, 20], [1, 0])}
    check_horizon(tables, 20)
    words = r"`at` is 25, beyond the follow-up of SSc to 20.*Choose at most 20"
    with pytest.raises(CarstatsError, match=words):
        check_horizon(tables, 25)
    with pytest.raises(CarstatsError, match="beyond the follow-up of the curve to 20"):
        mean_survival(tables["SSc"], 20.5)
    with pytest.raises(CarstatsError, match="takes a positive time"):
        mean_survival(tables["SSc"], 0)
    with pytest.raises(CarstatsError, match="not alike"):
        mean_contrast(mean_survival(tables["SLE"], 9), mean_survival(tables["SSc"], 10))
    # A curve that has come down to 0 is known for ever; nobody has no follow-up to be short.
    gone = risk_table([5, 9], [1, 1])
    assert mean_survival(gone, 30).estimate == 7
    check_horizon({"gone": gone, "nobody": risk_table([], [])}, 30)
    assert mean_survival(tables["SSc"], 30, extend=True).estimate == 5 + 25 / 2


@pytest.mark.parametrize(
    ("time", "status", "at", "mean"),
    [
        ([], [], 5, np.nan),
        ([9], [0], 5, 5),
        ([3], [1], 5, 3),
        ([7, 7], [0, 0], 5, 5),
        ([2, 2], [1, 1], 5, 2),
        ([0, 9], [1, 0], 8, 4),
        ([0, 0], [1, 1], 8, 0),
    ],
)
def test_edges_of_the_restricted_mean(time, status, at, mean):
    found = mean_survival(risk_table(time, status), at)
    assert_allclose(found.estimate, mean)
    known = sum(status) not in (0, len(status))
    assert np.isnan(found.std_error) == (not known)
    other = mean_survival(risk_table([1, 4, 9], [1, 1, 0]), at)
    for measure in ("difference", "ratio"):
        contrast = mean_contrast(found, other, measure=measure)
        assert np.isnan(contrast.low) == (not known)
        assert np.isnan(contrast.p_value) == (not known)


def test_restricted_means_of_a_batch_are_those_of_each():
    rng = np.random.default_rng(4)
    time, status = rng.integers(1, 30, 25), rng.integers(0, 2, 25)
    weights = rng.multinomial(25, np.full(25, 1 / 25), size=40)
    many = mean_survival(risk_table(time, status, weights=weights), 20)
    longer = mean_survival(risk_table(time, status, weights=weights), 40, extend=True)
    for row, w in enumerate(weights):
        table = risk_table(np.repeat(time, w), np.repeat(status, w))
        one = mean_survival(table, 20)
        assert_allclose([many.estimate[row], many.std_error[row]], [one.estimate, one.std_error])
        one = mean_survival(table, 40, extend=True)
        assert_allclose([longer.estimate[row], longer.high[row]], [one.estimate, one.high])
    short = mean_survival(risk_table(time, status, weights=weights), 29)
    followed = np.array([time[w > 0].max() >= 29 for w in weights])
    assert (np.isnan(short.estimate) <= ~followed).all()
    assert np.isnan(short.estimate).any()
