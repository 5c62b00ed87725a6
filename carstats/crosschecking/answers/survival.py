"""Subjects and times to events: the second program of each analysis."""

from __future__ import annotations

from carstats.crosschecking import rscript
from carstats.crosschecking.answers.shared import (
    LIFELINES,
    LIMITS,
    LOG_LOG,
    PAIR,
    PANDAS,
    RATE,
    SCIPY,
    STATSMODELS,
    SURVIVAL_COUNTS,
    WILSON,
    closed_on_the_left,
    zero_or_all,
)
from carstats.crosschecking.asking import (
    EXACT,
    FITTED,
    ROUNDING,
    STOPPED_EARLY,
    Analysis,
    Check,
    Sibling,
)
from carstats.crosschecking.families import (
    characteristics,
    comparing,
    competing,
    curves,
    landmarks,
    parametric,
    rates,
)

SURVIVAL: dict[str, Analysis] = {
    "attrition": Analysis(
        "",
        (
            Check(PANDAS, characteristics.flow,
                  ("n_before", "n_after", "n_left_out", "n_missing"), (), EXACT),
        ),
        "subjects",
    ),
    "baseline_table": Analysis(
        "baseline",
        (
            Check(PANDAS, characteristics.baseline,
                  ("n", "n_missing", "n_event", "estimate", "std_dev", "median", "q1", "q3",
                   "low", "high")),
        ),
        "subjects", reference="baseline.R",
    ),
    "survival_curve": Analysis(
        "survival.curves",
        (
            Check(PANDAS, curves.curve_counts, SURVIVAL_COUNTS, (), EXACT),
            Check(LIFELINES, curves.curve_estimates, ("estimate",)),
            Check(STATSMODELS, curves.curve_errors, ("std_error",), (), ROUNDING,
                  curves.nothing_said),
            Check(LIFELINES, curves.curve_limits, LIMITS, (), ROUNDING, curves.nothing_said),
        ),
        "survival", (LOG_LOG,), "survival_curves.R",
    ),
    "survival_at": Analysis(
        "survival.curves",
        (
            Check(PANDAS, curves.at_counts, ("n", "n_missing", "n_risk", "n_event"), (), EXACT),
            Check(LIFELINES, curves.at_estimates, ("estimate",)),
            Check(STATSMODELS, curves.at_errors, ("std_error",), (), ROUNDING,
                  curves.nothing_said),
            Check(LIFELINES, curves.at_limits, LIMITS, (), ROUNDING, curves.nothing_said),
        ),
        "survival", (LOG_LOG,), "survival_curves.R",
    ),
    "survival_quantile": Analysis(
        "survival.quantiles",
        (
            Check(PANDAS, curves.quantile_counts, ("n", "n_missing", "n_event"), (), EXACT),
            Check(STATSMODELS, curves.quantiles, ("estimate", "n_risk"), (), ROUNDING,
                  curves.on_a_plateau),
            Check(LIFELINES, curves.quantile_limits, LIMITS, (), ROUNDING, curves.read_at_zero),
        ),
        "survival", (LOG_LOG,), "quantiles.R",
    ),
    "followup_time": Analysis(
        "survival.quantiles",
        (
            Check(PANDAS, curves.followup_counts,
                  ("n", "n_missing", "n_censor", "low", "high"), (), EXACT),
            Check(STATSMODELS, curves.followup_quantiles, ("estimate", "q1", "q3"), (), ROUNDING,
                  curves.on_a_plateau),
            Check(LIFELINES, curves.followup_limits, LIMITS, (), ROUNDING, curves.read_at_zero),
        ),
        "survival", reference="quantiles.R",
    ),
    "landmark_rate": Analysis(
        "survival.landmark",
        (
            Check(STATSMODELS, curves.landmark,
                  (*RATE, "n_not_eligible", "estimate_best"), (), ROUNDING, zero_or_all),
        ),
        "survival", (WILSON,), "proportions.R",
    ),
    "incidence_rate": Analysis(
        "survival.rates",
        (
            Check(STATSMODELS, rates.person_time, (*RATE, "person_years")),
        ),
        "survival", reference="rates.R",
    ),
    "restricted_mean": Analysis(
        "survival.means",
        (
            Check(LIFELINES, rates.restricted_means,
                  ("n", "n_missing", "n_event", "estimate", "std_error"), (), ROUNDING,
                  rates.another_variance),
            Check(PANDAS, rates.mean_errors,
                  ("n", "n_missing", "n_event", "estimate", "std_error", "statistic", "p_value",
                   *LIMITS)),
        ),
        "survival", reference="restricted_mean.R",
    ),
    "logrank_test": Analysis(
        "survival.logrank",
        (
            Check(PANDAS, comparing.logrank_counts, ("n", "n_missing", "n_event"), (), EXACT),
            Check(PANDAS, comparing.logrank_expected, ("n_expected",)),
            Check(STATSMODELS, comparing.logrank,
                  ("statistic", "df", "p_value", "p_adjusted")),
            Check(LIFELINES, comparing.lifelines_logrank, ("statistic",)),
            Check("R survival", rscript.logrank, ("statistic", "n_expected")),
        ),
        "survival", (Sibling({"method": "asymptotic"}, ("p_value", "p_adjusted")),),
        "studentised_logrank.R",
    ),
    "cox_regression": Analysis(
        "survival.regression",
        (
            Check(PANDAS, comparing.cox_counts, ("n", "n_missing", "n_event"), (), EXACT),
            Check(STATSMODELS, comparing.cox,
                  ("estimate", "coef", "std_error", "statistic", "p_value", *LIMITS), (),
                  FITTED),
            Check("R survival", rscript.cox,
                  ("estimate", "coef", "std_error", "ph_p_value", "ph_p_value_all"), (), FITTED),
        ),
        "survival",
        (Sibling({"method": "partial likelihood"}, ("estimate", "p_value", *LIMITS)),), "cox.R",
    ),
    "cumulative_incidence": Analysis(
        "survival.competing",
        (
            Check(PANDAS, competing.incidence_counts, SURVIVAL_COUNTS, ("cause",), EXACT),
            Check(STATSMODELS, competing.incidence, ("estimate", "std_error"), ("cause",), ROUNDING,
                  competing.nobody_left),
            Check("R cmprsk", rscript.incidence, ("estimate",), ("cause",)),
            Check(STATSMODELS, competing.incidence_limits, LIMITS, ("cause",), ROUNDING,
                  competing.nobody_left),
        ),
        "survival", (LOG_LOG,), "competing.R",
    ),
    "interval_censored_curve": Analysis(
        "survival.interval_censored.curves",
        (
            Check(PANDAS, competing.interval_counts,
                  ("n", "n_missing", "n_event", "last_time"), (), EXACT),
            Check(LIFELINES, competing.interval_curve, ("estimate", "mass"), (), STOPPED_EARLY),
            Check(LIFELINES, competing.closed_interval_curve, ("estimate",), (), STOPPED_EARLY,
                  closed_on_the_left),
        ),
        "survival", reference="interval.R",
    ),
    "landmark_curve": Analysis(
        "survival.landmark",
        (
            Check(PANDAS, curves.curve_counts, SURVIVAL_COUNTS, (), EXACT),
            Check(LIFELINES, curves.curve_estimates, ("estimate",)),
            Check(STATSMODELS, curves.curve_errors, ("std_error",), (), ROUNDING,
                  curves.nothing_said),
            Check(LIFELINES, curves.curve_limits, LIMITS, (), ROUNDING, curves.nothing_said),
        ),
        "survival", (LOG_LOG,), "survival_curves.R",
    ),
    "survival_difference": Analysis(
        "survival.comparisons",
        (
            Check(STATSMODELS, landmarks.curve_differences,
                  ("n", "n_missing", "estimate", "std_error", "p_value", *LIMITS)),
        ),
        "survival", (Sibling({"method": "Greenwood"}, ("p_value", *LIMITS)),),
        "curve_differences.R",
    ),
    "survival_benchmark": Analysis(
        "survival.benchmark",
        (
            Check(f"{STATSMODELS}, {SCIPY}", landmarks.benchmarks,
                  ("n", "n_missing", "n_event", "n_expected", "benchmark", "estimate", "p_value",
                   *LIMITS)),
        ),
        "survival", reference="curve_benchmark.R",
    ),
    "bootstrap_interval": Analysis(
        "survival.resampling",
        (Check(LIFELINES, landmarks.resampled, ("n", "n_missing", "n_event", "estimate")),),
        "survival", reference="survival_curves.R",
    ),
    "incidence_rate_ratio": Analysis(
        "survival.rate_ratios",
        (
            Check(f"{STATSMODELS}, {SCIPY}", rates.rate_ratios,
                  (*PAIR, "person_years", "person_years_reference", "estimate", "p_value",
                   "p_adjusted", *LIMITS)),
        ),
        "survival", reference="rates.R",
    ),
    "restricted_time_lost": Analysis(
        "survival.time_lost",
        (
            Check(STATSMODELS, landmarks.time_lost, ("n", "n_missing", "n_event", "estimate"),
                  ("cause",)),
        ),
        "survival", reference="competing.R",
    ),
    "gray_test": Analysis(
        "survival.competing",
        (
            Check(PANDAS, competing.tested_counts, ("n", "n_missing", "n_event"), (), EXACT),
            Check("R cmprsk", rscript.gray, ("statistic", "df", "p_value"), (), FITTED),
        ),
        "survival", reference="competing.R",
    ),
    "fine_gray_regression": Analysis(
        "survival.competing",
        (
            Check(PANDAS, comparing.cox_counts, ("n", "n_missing", "n_event"), (), EXACT),
            Check("R cmprsk", rscript.fine_gray, ("estimate", "coef", "std_error"), (), FITTED),
        ),
        "survival", reference="fine_gray.R",
    ),
    "cure_fraction": Analysis(
        "survival.cure",
        (
            Check(PANDAS, parametric.followup_test,
                  ("n", "n_missing", "n_event", "last_event", "last_followup", "q_n", "alpha_n")),
            Check(LIFELINES, parametric.cure_fraction, ("estimate",), (), STOPPED_EARLY),
        ),
        "survival", reference="cure.R",
    ),
    "interval_censored_regression": Analysis(
        "survival.interval_censored.models",
        (
            Check(PANDAS, parametric.accelerated_counts, ("n", "n_missing", "n_event"), (), EXACT),
            Check(LIFELINES, parametric.accelerated,
                  ("estimate", "coef", "std_error", "statistic", "p_value", *LIMITS), (),
                  STOPPED_EARLY),
        ),
        "survival", reference="interval.R",
    ),
    "interval_censored_test": Analysis(
        "survival.interval_censored.curves",
        (
            Check(PANDAS, parametric.interval_test_counts, ("n", "n_missing", "n_event"), (),
                  EXACT),
        ),
        "survival", reference="interval.R",
    ),
    "interval_sensitivity": Analysis(
        "survival.interval_censored.models",
        (
            Check(LIFELINES, parametric.assumed_days,
                  ("n", "n_missing", "estimate", "estimate_low", "estimate_high")),
        ),
        "survival", reference="interval.R",
    ),
    "withdrawal_weighted_curve": Analysis(
        "survival.rates",
        (
            Check(STATSMODELS, parametric.weighted_curve,
                  ("n", "n_missing", "n_risk", "n_risk_weighted", "largest_weight", "estimate")),
        ),
        "survival", reference="ipcw.R",
    ),
}  # fmt: skip
