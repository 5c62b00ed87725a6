"""Baskets that borrow: against a long MCMC run, published numbers, one-dimensional integrals."""

import itertools

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import integrate, stats

import carstats as cs
from carstats.estimators.pooling.basket import ACCURACY, basket_batch, fit_baskets
from carstats.estimators.pooling.basket_grid import BasketPrior, expit, logit, make_grid
from carstats.estimators.pooling.basket_sums import conditional_sums
from carstats.estimators.pooling.exnex import standalone_sums
from carstats.report.figures.response.basket import basket_figure, basket_sensitivity_figure
from tests.conftest import subjects_table
from tests.reference import reference

JAGS = reference("basket")["cases"]
QUANTITIES = {
    "mean": lambda fit: fit.mean,
    "square": lambda fit: fit.std_dev**2 + fit.mean**2,
    "above": lambda fit: fit.above,
    "borrowed": lambda fit: fit.borrowing_weight,
    "exchangeable": lambda fit: fit.p_exchangeable,
    "low": lambda fit: fit.low,
    "high": lambda fit: fit.high,
    "tau": lambda fit: [fit.tau],
}


def fit_of(data):
    prior = BasketPrior(
        data["prior_rate"], data["prior_sd"], data["tau_prior"], data["tau_scale"],
        data["exchangeable"], data["nex_rate"], data["nex_sd"],
    )  # fmt: skip
    return fit_baskets(data["y"], data["n"], prior, reference=data["reference"])


def test_reference_cases_are_whole():
    assert set(JAGS) == {
        "vemurafenib", "vemurafenib_cauchy", "vemurafenib_uniform", "vemurafenib_exnex", "edges",
        "edges_exnex", "eight",
    }  # fmt: skip
    assert all(set(QUANTITIES) <= set(case) for case in JAGS.values())


@pytest.mark.parametrize("name", JAGS)
def test_posterior_equals_jags_to_its_monte_carlo_error(name):
    fit = fit_of(JAGS[name]["data"])
    for quantity, of in QUANTITIES.items():
        r = {key: np.atleast_1d(value) for key, value in JAGS[name][quantity].items()}
        # Four errors of some 250 numbers; 2e-5 where MCMC saw an event never or always.
        distance = np.abs(np.array(of(fit)) - r["value"])
        assert (distance <= 4 * r["error"] + 2e-5).all(), (quantity, distance / r["error"])


def test_vemurafenib_equals_the_published_integration():
    # BY-02: Hyman 2015, mu ~ N(logit 0.15, 1), tau half-normal(1); two grids agree to 5e-5.
    prior = BasketPrior(rate=0.15, sd=1)
    fit = fit_baskets([8, 0, 1, 1, 6, 2], [19, 10, 26, 8, 14, 7], prior, reference=0.15)
    assert_allclose(
        fit.mean, [0.36486, 0.09114, 0.07993, 0.15691, 0.35804, 0.24266], atol=2e-4, rtol=0
    )
    assert abs(fit.tau - 1.14158) < 2e-4


PRIORS = {
    "half-normal": BasketPrior(),
    "small": BasketPrior(tau_scale=0.05),
    "large": BasketPrior(tau_scale=10),
    "half-Cauchy": BasketPrior(tau_prior="half-Cauchy", tau_scale=0.5),
    "uniform": BasketPrior(tau_prior="uniform", tau_scale=3),
    "wide uniform": BasketPrior(tau_prior="uniform", tau_scale=100),
    "vague mu": BasketPrior(sd=10),
    "known mu": BasketPrior(sd=0.05),
    "EXNEX": BasketPrior(exchangeable=0.5),
    "tau 0": BasketPrior(tau_prior="fixed", tau_scale=0),
    "tau 0.05": BasketPrior(tau_prior="fixed", tau_scale=0.05),
    "tau 0.3": BasketPrior(tau_prior="fixed", tau_scale=0.3),
    "tau 50": BasketPrior(tau_prior="fixed", tau_scale=50),
}
COUNTS = {
    "eight": ([3, 9, 2, 6, 4, 0, 5, 7], [15, 15, 4, 8, 12, 3, 5, 10]),
    "none respond": ([0] * 6, [5] * 6),
    "all respond": ([5] * 6, [5] * 6),
    "they disagree": ([0, 40], [40, 40]),
    "one": ([3], [8]),
    "one subject": ([1], [1]),
    "nobody": ([0], [0]),
    "with an empty one": ([4, 0], [9, 0]),
}


# Eight baskets, two that disagree, and heavy tails of tau take the longest.
SLOW = {("half-Cauchy", "all respond"), ("wide uniform", "all respond")}
SLOW |= {(prior, "eight") for prior in PRIORS if not prior.startswith(("tau", "known"))}
SLOW |= {(prior, "they disagree") for prior in PRIORS if not prior.startswith(("tau", "known"))}


@pytest.mark.parametrize(
    ("prior", "counts"),
    [
        pytest.param(*case, marks=[pytest.mark.slow] if case in SLOW else [])
        for case in itertools.product(PRIORS, COUNTS)
    ],
)
def test_a_finer_grid_gives_the_same(prior, counts, monkeypatch):
    y, n = COUNTS[counts]
    fit = fit_baskets(y, n, PRIORS[prior], reference=0.4)
    assert fit.accuracy < ACCURACY
    for values in (fit.mean, fit.low, fit.high, fit.above, fit.borrowing_weight):
        assert ((values >= 0) & (values <= 1)).all()
    assert ((fit.low <= fit.mean) & (fit.mean <= fit.high)).all()

    def finer(prior, n, *, halvings=(0, 0)):
        return make_grid(prior, n, halvings=(halvings[0] + 1, halvings[1] + 1))

    monkeypatch.setattr("carstats.estimators.pooling.basket.make_grid", finer)
    fine = fit_baskets(y, n, PRIORS[prior], reference=0.4)
    for name in ("mean", "std_dev", "low", "high", "above", "borrowing_weight"):
        assert_allclose(getattr(fit, name), getattr(fine, name), atol=ACCURACY, rtol=0)


def one_dimensional(y, n, centre, sd, reference=None):
    """Posterior mean, or probability above a rate, by scipy's adaptive quadrature."""

    def density(x):
        return np.exp(stats.binom.logpmf(y, n, expit(x)) + stats.norm.logpdf(x, centre, sd))

    ends = (centre - 9 * sd, centre + 9 * sd)
    options = {"limit": 500, "epsabs": 1e-13}
    total = integrate.quad(density, *ends, points=[logit(0.3), 0], **options)[0]
    if reference is None:
        return (
            integrate.quad(lambda x: expit(x) * density(x), *ends, points=[0], **options)[0] / total
        )
    return integrate.quad(density, float(logit(reference)), ends[1], **options)[0] / total


@pytest.mark.parametrize(("y", "n"), [(0, 5), (5, 5), (3, 8), (0, 1), (12, 40)])
def test_no_borrowing_is_one_integral(y, n):
    alone = fit_baskets([y, 9], [n, 15], BasketPrior(exchangeable=0, nex_rate=0.3), reference=0.4)
    assert_allclose(alone.mean[0], one_dimensional(y, n, logit(0.3), 2), atol=1e-7)
    assert_allclose(alone.above[0], one_dimensional(y, n, logit(0.3), 2, 0.4), atol=1e-6)
    assert_array_equal(alone.borrowing_weight, 0)
    # With tau known, one basket's log odds are normal with variance sd^2 + tau^2.
    one = fit_baskets([y], [n], BasketPrior(sd=1.2, tau_prior="fixed", tau_scale=0.9))
    assert_allclose(one.mean[0], one_dimensional(y, n, 0.0, 1.5), atol=1e-7)


def test_tau_without_end_gives_the_beta_of_a_flat_prior_on_the_log_odds():
    # Haldane's prior: the posterior is beta(y, n - y).
    far = BasketPrior(tau_prior="fixed", tau_scale=500)
    fit = fit_baskets([3, 9, 2], [15, 15, 4], far, reference=0.4)
    beta = stats.beta([3, 9, 2], [12, 6, 2])
    assert_allclose(fit.mean, beta.mean(), atol=1e-5)
    assert_allclose(fit.low, beta.ppf(0.025), atol=1e-5)
    assert_allclose(fit.high, beta.ppf(0.975), atol=1e-5)
    assert_allclose(fit.above, beta.sf(0.4), atol=1e-5)
    assert_allclose(fit.ess, [15, 15, 4], atol=5e-3)
    assert (fit.borrowing_weight < 1e-4).all()


def test_full_borrowing_is_one_integral_over_all():
    pooled = fit_baskets([3, 9, 2], [15, 15, 4], PRIORS["tau 0"], reference=0.4)
    assert_allclose(pooled.mean, one_dimensional(14, 34, 0.0, 2), atol=1e-7)
    assert_allclose(pooled.above, one_dimensional(14, 34, 0.0, 2, 0.4), atol=1e-6)
    assert_allclose(pooled.borrowing_weight, 1, atol=1e-12)


def test_exnex_equals_the_sum_over_all_assignments():
    y, n, weight = np.array([3, 9, 0]), np.array([15, 15, 4]), np.array([0.5, 0.7, 0.2])
    prior = BasketPrior(exchangeable=weight, nex_rate=[0.3, 0.5, 0.2], nex_sd=[2, 1, 3])
    fit = fit_baskets(y, n, prior, reference=0.4)
    grid = make_grid(prior, n)
    sums = conditional_sums(grid, y, n, reference=0.4)
    alone = standalone_sums(y, n, prior.nex_rate, prior.nex_sd, reference=0.4)
    hyper = np.outer(grid.tau_weight, grid.mu_weight)
    total, mean, belongs = 0.0, np.zeros(3), np.zeros(3)
    for ex in itertools.product([True, False], repeat=3):
        ex = np.array(ex)
        chance = np.where(ex, weight, 1 - weight).prod() * alone["like"][~ex].prod()
        share = hyper * sums["like"][ex].prod(axis=0)
        evidence = chance * share.sum()
        total += evidence
        belongs += ex * evidence
        for k in range(3):
            if ex[k]:
                mean[k] += chance * (share * sums["rate"][k] / sums["like"][k]).sum()
            else:
                mean[k] += evidence * alone["rate"][k] / alone["like"][k]
    assert_allclose(fit.mean, mean / total, rtol=1e-10)
    assert_allclose(fit.p_exchangeable, belongs / total, rtol=1e-10)


def test_mirror_and_order():
    y, n = np.array([3, 9, 0]), np.array([15, 12, 4])
    fit, other = fit_baskets(y, n), fit_baskets(n - y, n)
    assert_allclose(fit.mean, 1 - other.mean, atol=1e-9)
    assert_allclose(fit.low, 1 - other.high, atol=1e-6)
    turned = fit_baskets(y[::-1], n[::-1])
    assert_allclose(fit.mean, turned.mean[::-1], atol=1e-12)


def test_an_empty_basket_changes_nothing_and_is_predicted():
    fit = fit_baskets([4, 7], [9, 10])
    more = fit_baskets([4, 7, 0], [9, 10, 0])
    assert_allclose(more.mean[:2], fit.mean, atol=1e-9)
    assert more.borrowing_weight[2] == pytest.approx(1)
    assert more.low[2] < fit.low.min()
    assert more.high[2] > fit.high.max()


def test_a_batch_is_the_same_trial_by_trial():
    rng = np.random.default_rng(3)
    n = np.array([5, 0, 12, 12])
    y = rng.binomial(n, 0.4, (40, 4))
    prior = BasketPrior(exchangeable=[0.5, 1, 0.5, 0.2])
    done = []
    mean, above = basket_batch(y, n, prior, reference=0.3, progress=lambda *at: done.append(at))
    for row in range(0, 40, 13):
        fit = fit_baskets(y[row], n, prior, reference=0.3)
        assert_allclose(mean[row], fit.mean, atol=ACCURACY)
        assert_allclose(above[row], fit.above, atol=ACCURACY)
    distinct = len(np.unique(y, axis=0))
    assert done[-1] == (distinct, distinct)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tau_prior": "gamma"}, "`tau_prior` is 'gamma'"),
        ({"rate": 1}, "`prior_rate` is 1"),
        ({"sd": 0}, "`prior_sd` is 0"),
        ({"tau_scale": 0}, "`tau_scale` is 0"),
        ({"exchangeable": 1.2}, "`exchangeable`"),
        ({"nex_rate": 0}, "`nex_rate` is"),
    ],
)
def test_impossible_priors_are_refused(arguments, message):
    with pytest.raises(cs.CarstatsError, match=message):
        BasketPrior(**arguments)


@pytest.mark.parametrize(
    ("y", "n", "message"),
    [
        ([3], [2], "0 <= y <= n"),
        ([1.5], [2], "whole"),
        ([], [], "at least one"),
        ([1, 2], [3], "y"),
    ],
)
def test_impossible_counts_are_refused(y, n, message):
    with pytest.raises(cs.CarstatsError, match=message):
        fit_baskets(y, n)


DISEASES = ["SLE"] * 6 + ["SSc"] * 4 + ["MG"]


def cohort():
    subjects = subjects_table(11, disease=DISEASES, age=[30] * 10 + [5])
    responses = pd.DataFrame(
        {
            "subject_id": subjects["subject_id"][:10],
            "endpoint": "drug_free_remission",
            "day": 168,
            "response": [True] * 5 + [False] * 5,
        }
    )
    study = cs.Study(subjects=subjects, responses=responses)
    return cs.define_cohort(study, cs.aged(18))


def test_basket_response_stands_beside_the_raw_rate():
    found = cs.basket_response(cohort(), "drug_free_remission", reference=0.3)
    frame = found.frame
    raw = cs.response_rate(cohort(), "drug_free_remission", by="disease").frame
    assert list(frame)[:8] == [
        "disease", "n", "n_missing", "n_event", "estimate", "conf_low", "conf_high", "note",
    ]  # fmt: skip
    assert_array_equal(frame["raw_estimate"], raw["estimate"])
    fit = fit_baskets(raw["n_event"], raw["n"], reference=0.3)
    assert_array_equal(frame["estimate"], fit.mean)
    assert frame["note"].iloc[2] == "no subjects: predicted from the others"
    assert frame["estimate"].iloc[0] < 5 / 6
    assert "half-normal(1)" in found.caption()
    assert found.spec.options["prior"]["tau_scale"] == 1


def test_leaving_one_out_predicts_it():
    found = cs.basket_leave_one_out(cohort(), "drug_free_remission").frame
    assert len(found) == 9
    first = found[found["left_out"] == "Systemic lupus erythematosus"].set_index("disease")
    assert first.loc["SLE", "n"] == 0
    alone = fit_baskets([0, 0, 0], [0, 4, 0])
    assert_allclose(first["estimate"], alone.mean)
    assert found["raw_estimate"].iloc[0] == 5 / 6


def test_sensitivity_runs_from_pooling_to_standing_alone():
    frame = cs.basket_sensitivity(cohort(), "drug_free_remission", tau=[0, 1, 100]).frame
    sle = frame[frame["disease"] == "SLE"]
    assert_array_equal(sle["tau"], [0, 1, 100])
    assert sle["estimate"].is_monotonic_increasing
    assert sle["estimate"].iloc[-1] == pytest.approx(5 / 6, abs=2e-3)
    assert np.ptp(frame.loc[frame["tau"] == 0, "estimate"]) < 1e-12


def test_operating_characteristics_by_enumeration():
    n, rates = [3, 4], [0.5, 0.8]
    found = cs.basket_operating_characteristics(
        n, {"one": rates}, reference=0.5, threshold=0.8, n_trials=4000, seed=7
    )
    every = np.array(list(itertools.product(range(4), range(5))))
    chance = stats.binom.pmf(every, n, rates).prod(axis=1)
    called = basket_batch(every, n, reference=0.5)[1] > 0.8
    frame = found.frame.set_index("basket")
    truth = {
        "1": chance @ called[:, 0],
        "2": chance @ called[:, 1],
        "any false": chance @ called[:, 0],
    }
    for basket, p in truth.items():
        assert abs(frame.loc[basket, "estimate"] - p) < 4 * np.sqrt(p * (1 - p) / 4000)
    again = cs.basket_operating_characteristics(
        n, {"one": rates}, reference=0.5, threshold=0.8, n_trials=4000, seed=7
    )
    pd.testing.assert_frame_equal(found.frame, again.frame)


MISUSE = {
    "a model": (lambda c: cs.basket_response(c, "drug_free_remission", model="BMA"), "`model`"),
    "a reference": (
        lambda c: cs.basket_response(c, "drug_free_remission", reference=1),
        "`reference` is 1",
    ),
    "no baskets": (lambda c: cs.basket_response(c, "drug_free_remission", by=[]), "`by` is empty"),
    "a prior": (lambda c: cs.basket_response(c, "drug_free_remission", prior=1), "`prior` is int"),
    "a mixture in the plain model": (
        lambda c: cs.basket_response(
            c, "drug_free_remission", prior=cs.BasketPrior(exchangeable=0.5)
        ),
        "model='EXNEX'",
    ),
    "weights for other baskets": (
        lambda c: cs.basket_response(
            c,
            "drug_free_remission",
            model="EXNEX",
            prior=cs.BasketPrior(exchangeable=[0.5, 0.5]),
        ),
        "2 values for 3 baskets",
    ),
    "no tau": (lambda c: cs.basket_sensitivity(c, "drug_free_remission", tau=[]), "`tau` is empty"),
    "a negative tau": (
        lambda c: cs.basket_sensitivity(c, "drug_free_remission", tau=[-1]),
        "`tau` is -1",
    ),
    "rates of a scenario": (
        lambda c: cs.basket_operating_characteristics([3, 4], {"one": [0.5]}),
        "each of the 2 baskets",
    ),
    "no scenario": (lambda c: cs.basket_operating_characteristics([3], {}), "`scenarios` is empty"),
}


@pytest.mark.parametrize("case", MISUSE)
def test_misuse_is_refused_in_words(case):
    call, message = MISUSE[case]
    with pytest.raises(cs.CarstatsError, match=message):
        call(cohort())


@pytest.mark.parametrize("width", [85, 180])
def test_the_figure_shows_raw_and_shrunken(width):
    result = cs.basket_response(cohort(), "drug_free_remission")
    figure = basket_figure(result, width=width)
    marks = [line for line in figure.axes[0].lines if line.get_gid() == "estimate"]
    drawn = sorted(float(line.get_xdata()[0]) for line in marks)
    wanted = [*result.frame["estimate"], *result.frame["raw_estimate"].dropna()]
    assert_allclose(drawn, sorted(wanted))


def test_the_sensitivity_figure_draws_a_curve_for_each_basket():
    result = cs.basket_sensitivity(cohort(), "drug_free_remission")
    (ax,) = basket_sensitivity_figure(result).axes
    curves = [line for line in ax.lines if line.get_gid() == "curve"]
    assert len(curves) == 3
    assert_allclose(curves[0].get_ydata(), result.frame["estimate"][:11])
