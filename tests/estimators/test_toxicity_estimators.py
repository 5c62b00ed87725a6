"""What the toxicity analyses rest on, against R: counts, mean counts, medians, beta-binomial."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.special import betaincinv

from carstats.errors import CarstatsError
from carstats.estimators.curves.mean_cumulative import mean_cumulative
from carstats.estimators.pooling.beta_binomial import (
    beta_binomial_posterior,
    fit_beta_binomial,
    mean_quantile,
    new_trial_quantile,
    probability_lower,
    spread_quantile,
)
from carstats.estimators.rates.count_regression import negative_binomial, robust_poisson
from carstats.estimators.sample_median import sample_median
from tests.reference import array, reference

R = reference("toxicity")
# R's optimisers stop at a change of 1e-8 or so of the log-likelihood.
OPTIMISER = 1e-6


def test_reference_grid_is_whole():
    assert {(c["data"], c["design"]) for c in R["counts"]} == {
        (data, design) for data in ("wide", "mild", "small") for design in ("one", "two")
    }
    assert [len(part["at"]) for part in R["recurrent"]] == [5, 5]
    assert [len(part["x"]) for part in R["medians"]] == [1, 5, 6, 9, 10, 25, 60, 101]
    assert len(R["beta_binomial"]) == 3


@pytest.mark.parametrize("case", R["counts"], ids=lambda c: f"{c['data']}-{c['design']}")
def test_count_regression_equals_r(case):
    y, exposure = case["y"], case["exposure"]
    design = None if case["design"] == "one" else np.column_stack([np.ones(len(y)), case["group"]])
    nb, robust = (fit(y, exposure, design) for fit in (negative_binomial, robust_poisson))
    assert_allclose(nb.coefficients, case["nb"], atol=OPTIMISER)
    assert_allclose(nb.std_errors, case["nb_se"], rtol=OPTIMISER)
    assert_allclose(1 / nb.dispersion, case["theta"], rtol=OPTIMISER)
    assert_allclose(nb.log_likelihood, case["nb_log_likelihood"], rtol=1e-10)
    assert_allclose(robust.coefficients, case["poisson"], atol=1e-9)
    assert_allclose(robust.std_errors, case["robust_se"], rtol=1e-9)


def test_counts_without_spread_are_poisson():
    fit = negative_binomial([1, 1, 2, 1, 1], [1.0, 1.0, 2.0, 1.0, 1.0])
    assert fit.dispersion == 0
    assert_allclose(fit.std_errors, [1 / np.sqrt(6)])
    with pytest.raises(CarstatsError, match="without any event"):
        negative_binomial([0, 0], [1.0, 1.0])
    with pytest.raises(CarstatsError, match="exposure is not positive"):
        robust_poisson([0, 1], [0.0, 1.0])


def of_rows(data):
    frame = pd.DataFrame(data)
    ends = frame.groupby("id")["time"].max()
    events = frame[frame["status"] == 1]
    died = frame.groupby("id")["death"].max() == 1 if "death" in frame else None
    return mean_cumulative(events["time"], ends.index.get_indexer(events["id"]), ends, died=died)


def test_nelsons_valve_seats_equal_survfit():
    case = R["valve"]
    curve = of_rows({name: case[name] for name in ("id", "time", "status")})
    places = np.searchsorted(curve.time, case["at"])
    assert_allclose(curve.estimate[places], case["mcf"], rtol=1e-12)
    assert_allclose(curve.std_error[places], case["se"], rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("case", R["recurrent"], ids=["few", "many"])
def test_mean_count_with_deaths_equals_its_definition(case):
    curve = of_rows(case["data"])
    places = np.searchsorted(curve.time, case["at"], side="right") - 1
    assert_allclose(curve.estimate[places], case["mean"], rtol=1e-12)
    # R's derivative is a difference quotient.
    assert_allclose(curve.std_error[places], case["se"], rtol=1e-7)
    # mets has the same mean and another estimator of its variance.
    assert_allclose(curve.estimate[places], case["mets_mean"], rtol=1e-10)
    assert_allclose(curve.std_error[places], case["mets_se"], rtol=0.012)


def test_mean_count_by_hand():
    # Three subjects to day 10, 10 and 5 (dead); events on days 2, 2 and 8.
    curve = mean_cumulative([2, 2, 8], [0, 1, 0], [10, 10, 5], died=[False, False, True])
    at = dict(zip(curve.time, curve.estimate, strict=True))
    assert_allclose(at[2.0], 2 / 3)
    assert_allclose(at[8.0], 2 / 3 + 2 / 3 * 1 / 2)
    nobody = mean_cumulative([], [], [4.0, 6.0])
    assert (nobody.estimate == 0).all()
    assert_allclose(nobody.high[0], -np.log(0.025) / 2)
    assert mean_cumulative([], [], []).time.size == 0


def test_a_mean_count_of_subjects_alike_has_poisson_limits():
    # One event of one subject: Garwood's limits of 1 are .0253 and 5.572.
    alone = mean_cumulative([10], [0], [400])
    assert alone.std_error[0] == 0
    assert_allclose([alone.low[0], alone.high[0]], [0.0253178, 5.5716434], rtol=1e-6)
    # Two of two: those of 2 (.2422, 7.2247) by 2.
    both = mean_cumulative([10, 10], [0, 1], [400, 400])
    assert_allclose([both.low[0], both.high[0]], [0.2422093 / 2, 7.2246877 / 2], rtol=1e-6)


@pytest.mark.parametrize("case", R["medians"], ids=lambda c: str(len(c["x"])))
def test_medians_equal_r(case):
    found = sample_median(case["x"])
    assert_allclose([found.low, found.high], array(case["limits"]))
    assert_allclose([found.estimate, found.q1, found.q3], [case["median"], *case["quartiles"]])


def test_a_median_of_nothing_is_missing():
    assert sample_median([np.nan]).n == 0
    assert np.isnan(sample_median([]).estimate)


@pytest.mark.parametrize("case", R["beta_binomial"], ids=lambda c: str(c["k"]))
def test_beta_binomial_equals_r(case):
    k, n = case["k"], case["n"]
    fit = fit_beta_binomial(k, n)
    assert fit.log_likelihood >= case["log_likelihood"] - 1e-7
    assert_allclose(fit.mean, case["mean"], rtol=1e-3)
    assert_allclose(fit.correlation, case["correlation"], rtol=1e-2, atol=1e-3)
    assert fit.low < fit.mean < fit.high
    posterior = beta_binomial_posterior(k, n)
    weight = posterior.weight.sum(axis=1)
    mean = weight @ posterior.mean
    # Two grids, of midpoints here and Simpson's there.
    assert_allclose(mean, case["posterior_mean"], rtol=1e-4)
    spread = np.sqrt(weight @ posterior.mean**2 - mean**2)
    assert_allclose(spread, case["posterior_sd"], rtol=1e-3)
    lower = probability_lower(2, 30, posterior)
    assert_allclose(lower.than_mean, case["lower_2_of_30"], atol=1e-4)
    # The other probability by all pairs of quantiles of the two rates.
    levels = (np.arange(500) + 0.5) / 500
    own, new = betaincinv(2.5, 28.5, levels), new_trial_quantile(posterior, levels)
    assert_allclose(lower.than_new_trial, (own[:, None] < new).mean(), atol=3e-3)


def test_beta_binomial_at_its_edges():
    none = fit_beta_binomial([0, 0, 0], [5, 10, 20])
    assert (none.mean, none.low) == (0, 0)
    assert 0 < none.high < 1
    assert np.isnan(none.correlation)
    # Trials that agree better than chance have no spread, and the likelihood is the binomial's.
    even = fit_beta_binomial([3, 3], [10, 10])
    assert (even.mean, even.correlation) == (0.3, 0)
    assert_allclose(even.log_likelihood, 2 * np.log(120 * 0.3**3 * 0.7**7))
    for k, n, words in (([], [], "empty"), ([3], [2], "exceeds"), ([0.5], [2], "not whole")):
        with pytest.raises(CarstatsError, match=words):
            fit_beta_binomial(k, n)


def test_posterior_quantiles_are_in_order_and_repeat():
    posterior = beta_binomial_posterior([3, 4, 12], [127, 97, 236])
    for quantile in (mean_quantile, spread_quantile, new_trial_quantile):
        low, middle, high = quantile(posterior, [0.025, 0.5, 0.975])
        assert 0 <= low < middle < high <= 1
    again = beta_binomial_posterior([3, 4, 12], [127, 97, 236])
    assert (posterior.weight == again.weight).all()
    # One huge trial: what is known of the mean is what its own rate says, but for the spread.
    wide = new_trial_quantile(posterior, [0.975]) - new_trial_quantile(posterior, [0.025])
    narrow = mean_quantile(posterior, [0.975]) - mean_quantile(posterior, [0.025])
    assert wide > narrow
