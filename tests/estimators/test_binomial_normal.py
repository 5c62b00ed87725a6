"""The binomial-normal model against metafor, lme4 and integration; odds ratios; the edges."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit
from scipy.stats import binom, chi2

from carstats.estimators.pooling.binomial_normal import (
    fit_binomial_normal,
    prediction_limits,
    profile_limits,
    trial_log_likelihood,
    wald_limits,
)
from carstats.estimators.pooling.binomial_normal_bayes import binomial_normal_posterior
from carstats.estimators.proportions.odds_ratio import odds_ratio_limits
from tests.reference import reference

R = reference("evidence")
POOLED, REGRESSIONS = R["pooled"], R["regressions"]
# glmer stops its search and differentiates numerically at about this accuracy.
SEARCH = 1e-4


def test_reference_grid_is_whole():
    assert len(POOLED) == 9
    assert sum(row["metafor"][2] > 0.01 for row in POOLED.values()) >= 7
    assert len(REGRESSIONS) == 3
    assert len(R["bayes"]) == 2
    assert np.shape(R["odds"]) == (5, len(R["odds_columns"]))


@pytest.mark.parametrize("name", POOLED)
@pytest.mark.parametrize("witness", ["metafor", "lme4"])
def test_fit_equals_r(name, witness):
    row = POOLED[name]
    fit = fit_binomial_normal(row["n_event"], row["n"])
    found = [fit.coefficients[0], fit.std_error[0], fit.tau]
    assert_allclose(found, row[witness], atol=SEARCH, rtol=SEARCH)


@pytest.mark.parametrize("name", POOLED)
def test_likelihood_equals_integration(name):
    row = POOLED[name]
    fit = fit_binomial_normal(row["n_event"], row["n"])
    # At the maximum an error of the search counts only squared.
    assert_allclose(fit.log_likelihood, row["log_likelihood"][0], atol=1e-7)


@pytest.mark.parametrize("name", [name for name in POOLED if "profile" in POOLED[name]])
def test_profile_limits_equal_integration(name):
    row = POOLED[name]
    fit = fit_binomial_normal(row["n_event"], row["n"])
    assert_allclose(profile_limits(fit), row["profile"], atol=1e-5)


def test_a_small_spread_is_found():
    # lme4 1.1 by 25 points: -0.04118462, 0.05780527; from 0.5 Newton's step passes over it to 0.
    fit = fit_binomial_normal([30, 4, 19, 5, 11, 29], [52, 12, 49, 10, 21, 56])
    assert_allclose([fit.coefficients[0], fit.tau], [-0.04118462, 0.05780527], atol=1e-5)


@pytest.mark.parametrize(
    ("n_event", "n"),
    [
        # No spread at the estimate, some at the limit.
        ([27, 8, 30, 15, 3, 10], [62, 14, 72, 38, 9, 22]),
        ([25, 1, 6, 24, 28], [75, 3, 8, 77, 75]),
        ([3, 3, 10, 3, 45, 27, 12], [9, 16, 21, 16, 64, 69, 47]),
        # One limit is far away, where the likelihood hardly falls.
        ([0, 0, 0, 4, 0, 0], [56, 8, 17, 55, 12, 6]),
    ],
)
def test_at_a_limit_the_best_spread_loses_just_the_quantile(n_event, n):
    fit = fit_binomial_normal(n_event, n)
    spread = np.concatenate([[0.0], np.geomspace(0.005, 25, 4000)])[:, None]
    for limit in profile_limits(fit):
        each = trial_log_likelihood(n_event, n, limit, spread, nodes=161)
        loss = fit.log_likelihood - each.sum(axis=1).max()
        # A grid of the spread misses the top by the square of its step.
        assert_allclose(loss, chi2.ppf(0.95, 1) / 2, atol=1e-4)


@pytest.mark.parametrize("name", REGRESSIONS)
def test_regression_equals_lme4(name):
    row = REGRESSIONS[name]
    level = np.array(row["level"])
    design = np.stack([np.ones(level.size)] + [level == v for v in row["levels"][1:]], axis=1)
    fit = fit_binomial_normal(row["n_event"], row["n"], design)
    assert_allclose(fit.coefficients, row["coefficients"], atol=SEARCH)
    assert_allclose(fit.std_error, row["std_error"], rtol=SEARCH)
    assert_allclose(fit.tau, row["tau"][0], atol=SEARCH)


def test_without_spread_it_is_the_pooled_count():
    # 3 of 30 in three alike trials: the logit of 0.1 and the binomial information 30 x 0.09.
    fit = fit_binomial_normal([1, 1, 1], [10, 10, 10])
    assert fit.tau == 0
    assert_allclose(expit(fit.coefficients), 0.1)
    assert_allclose(fit.std_error, 1 / np.sqrt(2.7))
    assert_allclose(np.mean(wald_limits(fit)), fit.coefficients[0])
    # Student's t with one degree of freedom: 12.706.
    assert_allclose(np.ptp(prediction_limits(fit)), 2 * 12.7062047364 / np.sqrt(2.7))


@pytest.mark.parametrize("tau", [0.0, 0.3, 2.0, 6.0])
@pytest.mark.parametrize("mean", [-9.0, 0.4, 30.0])
def test_probabilities_of_all_counts_add_up(tau, mean):
    total = np.exp(trial_log_likelihood(np.arange(16), 15, mean, tau, nodes=161)).sum()
    assert_allclose(total, 1, rtol=1e-9)


def test_no_spread_is_the_binomial():
    k = np.arange(9)
    assert_allclose(trial_log_likelihood(k, 8, 0.7, 0.0), binom.logpmf(k, 8, expit(0.7)))


def test_order_of_trials_is_irrelevant():
    k, n = np.array([12, 12, 8, 5, 3]), np.array([13, 15, 8, 10, 3])
    fits = [fit_binomial_normal(k[order], n[order]) for order in ([0, 1, 2, 3, 4], [4, 2, 0, 3, 1])]
    assert_allclose(fits[0].coefficients, fits[1].coefficients, rtol=1e-9)
    assert_allclose(fits[0].tau, fits[1].tau, rtol=1e-7)


def test_events_and_others_are_mirror_images():
    fit = fit_binomial_normal([12, 12, 8, 5], [13, 15, 8, 10])
    other = fit_binomial_normal([1, 3, 0, 5], [13, 15, 8, 10])
    assert_allclose(fit.coefficients, -other.coefficients)
    assert_allclose(np.array(profile_limits(fit)), -np.array(profile_limits(other))[::-1])


@pytest.mark.parametrize("row", R["bayes"], ids=["high", "low"])
def test_posterior_equals_integration(row):
    posterior = binomial_normal_posterior(row["n_event"], row["n"])
    # The grid of the witness has cells of 0.05.
    assert_allclose([posterior.logit_quantile(p) for p in row["mean"]], row["at"], atol=1e-3)
    assert_allclose([posterior.tau_quantile(p) for p in row["tau"]], row["tau_at"], atol=1e-3)
    assert_allclose([posterior.prediction_quantile(p) for p in row["new"]], row["at"], atol=2e-3)


def test_without_trials_the_posterior_is_the_prior():
    posterior = binomial_normal_posterior([], [])
    # Uniform in the rate; the upper quartile of a half-normal is 1.1503 of its scale.
    quartiles = [expit(posterior.logit_quantile(p)) for p in (0.25, 0.5, 0.75)]
    assert_allclose(quartiles, [0.25, 0.5, 0.75], atol=1e-5)
    assert_allclose(posterior.tau_quantile(0.75), 1.15034938, atol=1e-4)


@pytest.mark.parametrize(("k", "n"), [([0] * 4, [3, 8, 15, 1]), ([3], [3]), ([0, 9], [9, 9])])
def test_posterior_answers_at_the_edges(k, n):
    posterior = binomial_normal_posterior(k, n)
    mean = [posterior.logit_quantile(p) for p in (0.025, 0.5, 0.975)]
    new = [posterior.prediction_quantile(p) for p in (0.025, 0.5, 0.975)]
    assert np.isfinite([*mean, *new]).all()
    assert new[0] < mean[0] < mean[1] < mean[2] < new[2]


@pytest.mark.parametrize("row", R["odds"])
def test_odds_ratio_limits_equal_uniroot(row):
    k1, n1, k2, n2, low, high = row
    found = odds_ratio_limits((k1, k2), (n1, n2))
    assert_allclose(found, (low, np.inf if high < 0 else high), rtol=1e-5)


def test_odds_ratio_without_or_with_only_events_says_nothing():
    assert odds_ratio_limits((0, 0), (5, 7)) == (0, np.inf)
    assert odds_ratio_limits((5, 7), (5, 7)) == (0, np.inf)


@pytest.mark.slow
def test_recovers_the_truth_and_covers_it():
    rng = np.random.default_rng(20240817)
    mean, tau, n = 0.8, 0.7, np.array([3, 5, 5, 8, 8, 10, 12, 15, 15, 20, 26, 39])
    estimates, covered = [], 0
    for _ in range(200):
        k = rng.binomial(n, expit(mean + tau * rng.standard_normal(n.size)))
        fit = fit_binomial_normal(k, n)
        low, high = profile_limits(fit)
        estimates.append(fit.coefficients[0])
        covered += low <= mean <= high
    # Three standard errors of the simulation; a profile in twelve trials is somewhat short.
    assert abs(np.mean(estimates) - mean) < 3 * np.std(estimates) / np.sqrt(200) + 0.03
    assert 0.88 <= covered / 200 <= 0.99
