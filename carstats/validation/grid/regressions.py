"""Cox, Fine-Gray, logistic, parametric, mixed and pooled models against R."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from carstats.data.packaged import packaged_folder
from carstats.estimators.pooling.basket_grid import BasketPrior
from carstats.estimators.pooling.binomial_normal import fit_binomial_normal, profile_limits
from carstats.estimators.pooling.heterogeneity import heterogeneity_test
from carstats.estimators.proportions.odds_ratio import odds_ratio_limits
from carstats.estimators.rates.count_regression import negative_binomial, robust_poisson
from carstats.estimators.regression.cox import cox
from carstats.estimators.regression.cure import mixture_cure, sufficient_followup
from carstats.estimators.regression.fine_gray import fine_gray, predicted_incidence
from carstats.estimators.regression.logistic import logistic_regression
from carstats.estimators.regression.mmrm import fit_mmrm
from carstats.estimators.regression.parametric import aft_regression
from carstats.estimators.regression.schoenfeld import proportional_hazards
from carstats.validation.comparison import SCRIPTS, Against, Comparison, array, reference

_LAWS = {"weibull": "Weibull", "loglogistic": "log-logistic"}


def cox_models() -> Iterator[Comparison]:
    """Compare Cox's model and its check of proportional hazards with coxph and cox.zph."""
    to = Against("cox", "cox.R")
    test = Against("proportional_hazards", "cox.R")
    for name, data in reference("cox").items():
        time, status = array(data["time"]), array(data["status"]).astype(int)
        strata = array(data["strata"]) if data["strata"] else None
        entry = array(data["entry"]) if data["entry"] else None
        x = np.array(data["covariates"], float)
        fit = cox(time, status, x, strata=strata, entry=entry)
        option = ", ".join(
            word for word, given in (("strata", strata), ("entry", entry)) if given is not None
        )
        yield from to.all(
            name, option, rtol=1e-8, atol=1e-14, coef=(fit.coef, data["coef"]),
            covariance=(fit.covariance, data["covariance"]), robust=(fit.robust, data["robust"]),
            log_likelihood=([fit.log_likelihood_null, fit.log_likelihood], data["log_likelihood"]),
        )  # fmt: skip
        for transform, table in data["zph"].items():
            t = proportional_hazards(fit, time, status, entry=entry, transform=transform)
            found = [*t.statistic, t.statistic_all, *t.p_value, t.p_value_all]
            yield test.one(name, transform, "statistics, p_values", found, table, rtol=1e-8)


def fine_gray_models() -> Iterator[Comparison]:
    """Compare Fine and Gray's model with crr; the fit that separates has no number in either."""
    to = Against("fine_gray", "fine_gray.R")
    for name, one in reference("fine_gray")["data_sets"].items():
        data = {k: np.array(v, float) for k, v in one["data"].items()}
        x = np.column_stack([data[k] for k in "ab" if k in data])
        for kind, r in one["fits"].items():
            group = data["group"] if "by group" in kind else None
            fit = fine_gray(
                data["time"], data["status"], x, cause=int(kind.split()[1]), censoring_group=group
            )
            if "error" in r:
                yield to.one(name, kind, "coef", fit.coef, np.full(fit.coef.size, np.nan))
                continue
            # crr stops 2e-8 from the maximum in one of these fits.
            ends = np.array([[0, 0], [1, 1]])[:, : fit.coef.size]
            yield from to.all(
                name, kind, rtol=5e-8, atol=1e-11, coef=(fit.coef, r["coef"]),
                covariance=(fit.covariance, r["var"]),
                information=(fit.information, r["information"]),
                log_likelihood=([fit.log_likelihood_null, fit.log_likelihood],
                                np.ravel([r["loglik_null"], r["loglik"]])),
                hazard=(fit.hazard, r["hazard"]),
                predicted=(predicted_incidence(fit, ends).T, r["predicted"]),
            )  # fmt: skip


def logistic_models() -> Iterator[Comparison]:
    """Compare logistic regression with glm, its limits by refitting."""
    r = reference("response_models")
    file = packaged_folder(SCRIPTS) / "sex2.csv"
    names = file.read_text(encoding="utf-8").splitlines()[0].replace('"', "").split(",")
    rows = np.genfromtxt(file, delimiter=",", skip_header=1)
    columns = dict(zip(names, rows.T, strict=True))
    x = np.column_stack([columns[name] for name in ("age", "oc", "vic", "vicl", "vis")])
    fit = logistic_regression(x, columns["case"], method="maximum likelihood")
    to = Against("logistic_regression", "response_models.R")
    yield from to.all(
        "sex2", "maximum likelihood", rtol=1e-7, atol=1e-7,
        coefficient=(fit.coefficient, r["coefficient"]), std_error=(fit.std_error, r["std_error"]),
        log_likelihood=(fit.log_likelihood, r["log_likelihood"][0]),
        limits=(np.transpose([fit.low, fit.high])[1:], r["limits"]),
    )  # fmt: skip


def parametric_models() -> Iterator[Comparison]:
    """Compare interval-censored regressions with survreg, and the cured part with nlm."""
    to = Against("aft_regression", "interval.R")
    for name, one in reference("interval")["data_sets"].items():
        size = len(one["data"]["high"])
        low, high = (np.resize(array(one["data"][k]), size) for k in ("low", "high"))
        group = np.resize(array(one["data"]["group"]), size).astype(int) - 1
        for kind, r in one["aft"].items():
            x = (group[:, None] == np.arange(1, group.max() + 1)) if "by group" in kind else None
            fit = aft_regression(low, high, x, distribution=_LAWS[kind.split()[0]])
            yield from to.all(
                name, kind, rtol=1e-7, coef=(fit.coef, r["coef"]), scale=(fit.scale, r["scale"][0]),
                log_likelihood=([fit.log_likelihood_null, fit.log_likelihood],
                                [r["loglik"][0], r["loglik"][-1]]),
            )  # fmt: skip
            yield to.one(name, kind, "covariance", fit.covariance, r["var"], rtol=1e-5, atol=1e-9)
    cure = Against("mixture_cure", "cure.R")
    follow = Against("sufficient_followup", "cure.R")
    for name, one in reference("cure")["data_sets"].items():
        data = {k: np.atleast_1d(array(np.atleast_1d(v))) for k, v in one["data"].items()}
        data = {k: np.resize(v, data["time"].size) for k, v in data.items()}
        fit, r = mixture_cure(data["low"], data["high"]), one["fit"]
        # nlm and optimize find the flat top of the likelihood to about six digits.
        yield from cure.all(
            name, "Weibull", atol=2e-6, rtol=1e-5, estimate=(fit.estimate, r["estimate"]),
            limits=((fit.low, fit.high), (r["low"], r["high"])),
            law=((fit.location, fit.scale), (r["location"], r["scale"])),
        )  # fmt: skip
        yield cure.one(name, "Weibull", "log_likelihood",
                       (fit.log_likelihood, fit.log_likelihood_none),
                       (r["loglik"], r["loglik_none"]), rtol=1e-10)  # fmt: skip
        found, r = sufficient_followup(data["time"], data["status"]), one["followup"]
        yield follow.one(name, "Maller-Zhou", "n_late, q_n, alpha_n",
                         (found.n_late, found.q_n, found.alpha_n),
                         (r["n_late"], r["q_n"], r["alpha_n"]), rtol=1e-9)  # fmt: skip


def mixed_models() -> Iterator[Comparison]:
    """Compare models for repeated measures with gls and lmerTest."""
    r = reference("mmrm")
    to = Against("fit_mmrm", "mmrm.R")
    for fit in r["fits"]:
        data = r["data"][fit["data"]]
        y, base = np.array([array(row) for row in data["y"]]), array(data["base"])
        slope = np.repeat((base - base.mean())[:, None, None], y.shape[1], axis=1)
        x = np.concatenate([np.tile(np.eye(y.shape[1]), (len(y), 1, 1)), slope], axis=2)
        found = fit_mmrm(y, x, structure=fit["structure"])
        # Both optimise numerically; gls stops a little before the maximum.
        yield from to.all(
            fit["data"], fit["structure"], rtol=1e-5, atol=1e-5, coef=(found.coef, fit["coef"]),
            std_error=(found.std_error, fit["std_error"]),
            log_likelihood=(found.log_likelihood, fit["log_likelihood"]),
        )  # fmt: skip
        yield to.one(fit["data"], fit["structure"], "df", found.df, fit["df"], rtol=1e-4)


def count_models() -> Iterator[Comparison]:
    """Compare count regressions with glm.nb and the sandwich."""
    for case in reference("toxicity")["counts"]:
        y, exposure = case["y"], case["exposure"]
        x = None if case["design"] == "one" else np.column_stack([np.ones(len(y)), case["group"]])
        fit = negative_binomial(y, exposure, x)
        to = Against("negative_binomial", "toxicity.R")
        yield from to.all(
            case["data"], case["design"], atol=1e-6, rtol=1e-6,
            coefficients=(fit.coefficients, case["nb"]),
            std_errors=(fit.std_errors, case["nb_se"]),
            theta=(1 / fit.dispersion, case["theta"]),
            log_likelihood=(fit.log_likelihood, case["nb_log_likelihood"]),
        )  # fmt: skip
        robust = robust_poisson(y, exposure, x)
        to = Against("robust_poisson", "toxicity.R")
        yield from to.all(
            case["data"], case["design"], atol=1e-9, rtol=1e-9,
            coefficients=(robust.coefficients, case["poisson"]),
            std_errors=(robust.std_errors, case["robust_se"]),
        )  # fmt: skip


def pooled_models() -> Iterator[Comparison]:
    """Compare pooled trials with metafor, lme4 and integration."""
    r = reference("evidence")
    to = Against("fit_binomial_normal", "evidence.R")
    for name, row in r["pooled"].items():
        fit = fit_binomial_normal(row["n_event"], row["n"])
        found = [fit.coefficients[0], fit.std_error[0], fit.tau]
        # glmer stops its search and differentiates numerically at about this accuracy.
        for witness in ("metafor", "lme4"):
            yield to.one(name, witness, "mean, std_error, tau", found, row[witness], atol=1e-4,
                         rtol=1e-4)  # fmt: skip
        yield to.one(name, "integration", "log_likelihood", fit.log_likelihood,
                     row["log_likelihood"][0], atol=1e-7)  # fmt: skip
        if "profile" in row:
            yield to.one(name, "profile", "limits", profile_limits(fit), row["profile"], atol=1e-5)
    for name, row in r["regressions"].items():
        level = np.array(row["level"])
        design = np.stack([np.ones(level.size)] + [level == v for v in row["levels"][1:]], axis=1)
        fit = fit_binomial_normal(row["n_event"], row["n"], design)
        yield from to.all(
            name, "with a factor", atol=1e-4, rtol=1e-4,
            coefficients=(fit.coefficients, row["coefficients"]),
            std_error=(fit.std_error, row["std_error"]), tau=(fit.tau, row["tau"][0]),
        )  # fmt: skip
    to = Against("odds_ratio_limits", "evidence.R")
    for row in r["odds"]:
        k1, n1, k2, n2, low, high = row
        high = np.inf if high < 0 else high  # how the script writes infinity
        found = odds_ratio_limits((k1, k2), (n1, n2))
        yield to.one(f"{k1:g}/{n1:g} and {k2:g}/{n2:g}", "score", "limits", found, (low, high),
                     rtol=1e-5, atol=1e-5)  # fmt: skip
    to = Against("heterogeneity_test", "heterogeneity.R")
    for name, one in reference("heterogeneity").items():
        test = heterogeneity_test(one["k"], one["n"])
        yield to.one(name, "likelihood ratio", "statistic, df, p_value",
                     (test.statistic, test.df, test.p_value),
                     (one["statistic"], one["df"], one["p_value"]), rtol=1e-5)  # fmt: skip


def basket_models() -> Iterator[Comparison]:
    """Compare baskets with JAGS, to four of its Monte-Carlo errors."""
    from carstats.estimators.pooling.basket import fit_baskets

    to = Against("fit_baskets", "basket.R")
    for name, case in reference("basket")["cases"].items():
        data = case["data"]
        prior = BasketPrior(
            data["prior_rate"], data["prior_sd"], data["tau_prior"], data["tau_scale"],
            data["exchangeable"], data["nex_rate"], data["nex_sd"],
        )  # fmt: skip
        fit = fit_baskets(data["y"], data["n"], prior, reference=data["reference"])
        found: dict[str, Any] = {
            "mean": fit.mean, "above": fit.above, "borrowed": fit.borrowing_weight,
            "exchangeable": fit.p_exchangeable, "low": fit.low, "high": fit.high, "tau": [fit.tau],
        }  # fmt: skip
        for quantity, ours in found.items():
            value = np.atleast_1d(np.array(case[quantity]["value"], float))
            error = np.atleast_1d(np.array(case[quantity]["error"], float))
            for place, (one, theirs, spread) in enumerate(
                zip(np.ravel(ours), value, error, strict=True), start=1
            ):
                yield to.one(name, f"basket {place}" if value.size > 1 else "", quantity, one,
                             theirs, atol=4 * spread + 2e-5)  # fmt: skip
