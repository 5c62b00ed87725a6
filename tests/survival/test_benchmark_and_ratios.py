"""Rates and curves against a benchmark, and ratios of rates, as analyses."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy import stats

import carstats as cs
from carstats.estimators.curves.kaplan_meier import kaplan_meier
from carstats.estimators.curves.risk_table import risk_table
from carstats.estimators.rates.count_regression import negative_binomial
from carstats.estimators.rates.rate import rate_ratio
from carstats.estimators.rates.recurrent_rate import recurrent_rate, recurrent_rate_ratio
from carstats.estimators.tests.curve_benchmark import beta_product_p_value, observed_expected
from tests.conftest import subjects_table
from tests.reference import reference
from tests.survival.survival_data import RFS, cohort_of

R = reference("curve_benchmark")


def only(result):
    assert len(result.frame) == 1
    return result.frame.iloc[0]


@pytest.mark.parametrize("name", R["sets"])
def test_observed_by_expected_equals_r(name):
    one = R["sets"][name]
    found = observed_expected(
        one["time"], one["status"], R["day"], R["free"], entry=one.get("entry")
    )
    assert found.n_event == one["n_event"]
    assert_allclose(found.n_expected, one["n_expected"], rtol=1e-12)
    assert_allclose([found.low, found.high], [one["low"], one["high"]], rtol=1e-9)
    assert_allclose(found.p_value, one["p_value"], rtol=1e-9)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_test_of_a_probability_inverts_the_beta_product(level):
    table = risk_table([3, 5, 6, 8, 9, 12, 12, 15], [1, 0, 1, 1, 0, 1, 0, 0])
    curve = kaplan_meier(table, conf_level=level)
    place = int(np.searchsorted(curve.time, 9))
    for limit in (curve.low[place], curve.high[place]):
        assert beta_product_p_value(table, 9, float(limit)) == pytest.approx(1 - level)


def test_without_censoring_it_is_the_exact_binomial_test():
    # 4 of 10 are free at 5: twice the smaller tail of binomial(10, 0.7).
    table = risk_table(np.arange(10), np.ones(10))
    p = 2 * stats.binom.cdf(4, 10, 0.7)
    assert beta_product_p_value(table, 5, 0.7) == pytest.approx(p)


def test_a_curve_against_a_benchmark():
    one = R["sets"]["few"]
    cohort = cohort_of(one["time"], one["status"])
    benchmark = dict(zip(R["day"], R["free"], strict=True))
    frame = cs.survival_benchmark(cohort, RFS, benchmark).frame
    assert frame["time"].tolist() == [90, 180, 365, 365]
    curve = cs.survival_at(cohort, RFS, at=[90, 180, 365]).frame
    columns = ["estimate", "conf_low", "conf_high"]
    assert_allclose(frame[columns].iloc[:3], curve[columns])
    assert frame["benchmark"].tolist() == [0.9, 0.75, 0.5, 1]
    whole = frame.iloc[3]
    assert whole["measure"] == "observed / expected events, ratio"
    assert_allclose(whole["estimate"], one["n_event"] / one["n_expected"])
    assert_allclose(whole["p_value"], one["p_value"])
    short = cs.survival_benchmark(cohort, RFS, {700: 0.5}).frame.iloc[0]
    assert np.isnan(short["p_value"])
    assert short["note"] == "followed to 500 only"


@pytest.mark.parametrize(
    ("benchmark", "match"),
    [
        ({}, "it takes days with their probabilities"),
        (0.6, "it takes days with their probabilities"),
        ({90: 0.5, 180: 0.6}, "that never rise"),
        ({90: 1.0}, "between 0 and 1"),
        ({90: 0.0}, "between 0 and 1"),
        ({-3: 0.5}, "`benchmark` is -3"),
    ],
)
def test_a_benchmark_is_a_falling_curve(benchmark, match):
    with pytest.raises(cs.CarstatsError, match=match):
        cs.survival_benchmark(cohort_of([5, 6], [1, 0]), RFS, benchmark)


def test_a_rate_against_a_benchmark():
    # 3 events in 3652.5 days, ten years, against 0.5 a year: Poisson of mean 5.
    cohort = cohort_of([1000, 1652.5, 1000], [1, 1, 1])
    row = only(cs.incidence_rate(cohort, RFS, benchmark=0.5))
    assert_allclose(row["p_value"], 2 * stats.poisson.cdf(3, 5))
    assert row["benchmark"] == 0.5
    limit = only(cs.incidence_rate(cohort, RFS, benchmark=float(row["conf_high"])))
    assert limit["p_value"] == pytest.approx(0.05)
    assert "p_value" not in cs.incidence_rate(cohort, RFS).frame
    with pytest.raises(cs.CarstatsError, match="`benchmark` is 0"):
        cs.incidence_rate(cohort, RFS, benchmark=0)


def test_ratio_of_incidence_rates():
    cohort = cohort_of([365.25, 730.5, 365.25, 1461], [1, 1, 0, 1], group=[0, 0, 1, 1])
    result = cs.incidence_rate_ratio(cohort, RFS, by="target")
    row = only(result)
    want = rate_ratio((1, 2), (5, 3))
    assert row["contrast"] == "BCMA / CD19"
    values = [row["estimate"], row["conf_low"], row["conf_high"], row["p_value"]]
    assert_allclose(values, [want.estimate, want.low, want.high, want.p_value])
    assert_allclose([row["person_years"], row["person_years_reference"]], [5, 3])
    assert result.spec.method.endswith("exact conditional test and 95 % limits")
    turned = only(cs.incidence_rate_ratio(cohort, RFS, by="target", reference="BCMA"))
    assert_allclose(turned["estimate"], 1 / row["estimate"])
    none = only(cs.incidence_rate_ratio(cohort_of([9, 9], [0, 0], group=[0, 1]), RFS, by="target"))
    assert np.isnan(none["estimate"])
    assert none["note"] == "no event"


def infections():
    subjects = subjects_table(
        8, target=["CD19"] * 4 + ["BCMA"] * 4, last_contact_day=[364, 729, 364, 364] * 2
    )
    days = {0: [10, 60, 100, 200], 1: [], 2: [30], 3: [], 4: [20], 5: [40, 90], 6: [], 7: [15]}
    rows = [(subjects["subject_id"].iloc[i], "infection", day, 2) for i in days for day in days[i]]
    episodes = pd.DataFrame(rows, columns=["subject_id", "term", "onset_day", "grade"])
    study = cs.Study(
        subjects=subjects, toxicities=episodes.assign(resolution_day=episodes["onset_day"] + 1)
    )
    return cs.define_cohort(study)


def test_rates_of_all_events_have_effective_count_limits():
    result = cs.exposure_adjusted_rate(infections(), "infection", events="all", by="target")
    years = np.array([365, 730, 365, 365]) / 365.25
    for (_, row), counts in zip(result.frame.iterrows(), ([4, 0, 1, 0], [1, 2, 0, 1]), strict=True):
        want = recurrent_rate(counts, years)
        assert_allclose(
            [row["estimate"], row["conf_low"], row["conf_high"], row["dispersion"]],
            [want.estimate, want.low, want.high, want.dispersion],
        )
    assert result.frame["note"].iloc[0] == (
        "2 subjects have an event: the limits assume that subjects with many are not rarer than "
        "seen"
    )
    assert "effective-count Poisson (t) 95 % limits" in result.spec.method


def test_negative_binomial_limits_take_t():
    def row_of(method):
        return cs.exposure_adjusted_rate(
            infections(), "infection", events="all", method=method
        ).frame.iloc[0]

    row = row_of("negative binomial")
    middle = np.log(row["estimate"])
    up, down = np.log(row["conf_high"]) - middle, middle - np.log(row["conf_low"])
    assert_allclose(up, down)
    years = np.array([365, 730, 365, 365] * 2) / 365.25
    fit = negative_binomial([4, 0, 1, 0, 1, 2, 0, 1], years)
    assert_allclose(up, stats.t.ppf(0.975, 7) * fit.std_errors[0])
    with pytest.raises(cs.CarstatsError, match="`benchmark` is a test"):
        cs.exposure_adjusted_rate(
            infections(), "infection", events="all", method="negative binomial", benchmark=1
        )


def test_ratio_of_recurrent_rates():
    cohort = infections()
    years = np.array([365, 730, 365, 365]) / 365.25
    result = cs.exposure_adjusted_ratio(cohort, "infection", by="target", events="all")
    row = only(result)
    want = recurrent_rate_ratio(([1, 2, 0, 1], [4, 0, 1, 0]), (years, years))
    values = [row["estimate"], row["conf_low"], row["conf_high"], row["p_value"]]
    assert_allclose(values, [want.estimate, want.low, want.high, want.p_value])
    assert (row["n_event"], row["n_event_reference"]) == (4, 5)
    plain = only(
        cs.exposure_adjusted_ratio(cohort, "infection", by="target", events="all", method="exact")
    )
    assert plain["conf_high"] - plain["conf_low"] < row["conf_high"] - row["conf_low"]
    first = cs.exposure_adjusted_ratio(cohort, ["infection", "CRS"], by="target")
    assert "2 comparisons, not adjusted" in first.spec.method
    assert first.frame["note"].iloc[1] == "nobody had it"


def test_a_rate_of_all_events_against_a_benchmark():
    row = cs.exposure_adjusted_rate(
        infections(), "infection", events="all", per=100, benchmark=150
    ).frame.iloc[0]
    limits = cs.exposure_adjusted_rate(
        infections(), "infection", events="all", per=100, benchmark=float(row["conf_high"])
    ).frame.iloc[0]
    assert limits["p_value"] == pytest.approx(0.05)
    assert row["benchmark"] == 150
