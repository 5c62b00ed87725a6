"""Responses and scores: the second program of each analysis."""

from __future__ import annotations

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
    lost_ties,
    wrong_score,
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
    contrasts,
    durations,
    landmarks,
    models,
    visits,
)
from carstats.crosschecking.families.course import antibodies, responders

_ODDS = ("estimate", "log_odds", "log_std_error", "statistic", "p_value", *LIMITS)
_MARGINAL = (
    "estimate", "std_error", "statistic", "p_value", "mean", "mean_reference", *LIMITS,
)  # fmt: skip

RESPONSE: dict[str, Analysis] = {
    "response_rate": Analysis(
        "response.rates",
        (
            Check(STATSMODELS, visits.rates,
                  (*RATE, "n_evaluable", "estimate_evaluable", "n_not_applicable"), (), ROUNDING,
                  zero_or_all),
        ),
        "response", (WILSON,), "proportions.R",
    ),
    "response_categories": Analysis(
        "response.categories",
        (Check(PANDAS, visits.categories, ("n", "n_event", "estimate")),),
        "response", argument="endpoints",
    ),
    "basket_response": Analysis(
        "response.basket",
        (
            Check(STATSMODELS, visits.basket,
                  ("n", "n_missing", "n_event", "raw_estimate", "raw_low", "raw_high")),
        ),
        "response", reference="basket.R",
    ),
    "score_change": Analysis(
        "response.scores",
        (
            Check(PANDAS, visits.change_counts, ("n", "n_missing"), (), EXACT),
            Check(STATSMODELS, visits.mean_changes,
                  ("estimate", "std_error", "df", "baseline", *LIMITS)),
            Check(STATSMODELS, visits.mixed_changes, ("estimate",), (), STOPPED_EARLY,
                  visits.no_correlation),
        ),
        "response",
        (
            Sibling({"method": "observed"}, ("estimate", "std_error", "df", "baseline", *LIMITS)),
            Sibling({"method": "MMRM", "structure": "compound symmetry"}, ("estimate",)),
        ),
        "mmrm.R", argument="measure",
    ),
    "basket_leave_one_out": Analysis(
        "response.basket",
        (
            Check(STATSMODELS, visits.basket,
                  ("n", "n_missing", "n_event", "raw_estimate", "raw_low", "raw_high")),
        ),
        "response", reference="basket.R",
    ),
    "score_responder_rate": Analysis(
        "response.responders",
        (
            Check(STATSMODELS, responders.responders,
                  (*RATE, "n_evaluable", "estimate_evaluable"), (), ROUNDING, zero_or_all),
        ),
        "response", (WILSON,), "proportions.R", "measure",
    ),
    "seroconversion_rate": Analysis(
        "response.antibodies.seroconversion",
        (
            Check(STATSMODELS, antibodies.seroconversions,
                  (*RATE, "n_evaluable", "estimate_evaluable", "n_negative", "n_no_baseline"), (),
                  ROUNDING, zero_or_all),
        ),
        "response", (WILSON,), "proportions.R", "measure",
    ),
    "antibody_panel": Analysis(
        "response.antibodies.panel",
        (
            Check(STATSMODELS, antibodies.panel,
                  (*RATE, "n_evaluable", "estimate_evaluable", "n_negative", "n_no_baseline"),
                  ("measure",), ROUNDING, zero_or_all),
        ),
        "response", (WILSON,), "proportions.R", "above",
    ),
    "protection_kept": Analysis(
        "response.antibodies.panel",
        (
            Check(STATSMODELS, antibodies.kept,
                  (*RATE, "n_evaluable", "estimate_evaluable", "n_negative", "n_no_baseline"),
                  ("measure",), ROUNDING, zero_or_all),
        ),
        "response", (WILSON,), "proportions.R", "at_least",
    ),
    "titre_change": Analysis(
        "response.antibodies.titres",
        (Check(SCIPY, antibodies.titres, (*RATE, "n_below", "n_no_baseline"), ("measure",)),),
        "response", reference="kinetics.R", argument="measures",
    ),
    "response_difference": Analysis(
        "response.differences",
        (
            Check(PANDAS, contrasts.counts, (*PAIR, "estimate")),
            Check(PANDAS, contrasts.pooled_difference, ("estimate",)),
            Check(SCIPY, contrasts.limits_by_definition, LIMITS, (), FITTED),
            Check(STATSMODELS, contrasts.limits, LIMITS, (), ROUNDING, wrong_score),
            Check(STATSMODELS, contrasts.stratified, ("statistic", "df", "p_value")),
            Check(f"{STATSMODELS}, {SCIPY}", contrasts.tests, ("statistic", "df", "p_value"), (),
                  FITTED),
            Check(SCIPY, contrasts.barnard, ("p_value",), (), FITTED, lost_ties),
            Check(STATSMODELS, contrasts.adjusted_p_values, ("p_adjusted",)),
        ),
        "response",
        (
            Sibling({"method": "Newcombe"}, LIMITS),
            Sibling({"method": "Miettinen-Nurminen"}, ("statistic", "p_value", "p_adjusted")),
            Sibling({"method": "Mantel-Haenszel"},
                    ("estimate", "statistic", "df", "p_value", "p_adjusted")),
        ),
        "proportion_differences.R",
    ),
    "response_test": Analysis(
        "response.comparisons",
        (
            Check(PANDAS, contrasts.counts, (*PAIR, "estimate")),
            Check(SCIPY, contrasts.limits_by_definition, LIMITS, (), FITTED),
            Check(STATSMODELS, contrasts.stratified, ("statistic", "df", "p_value")),
            Check(SCIPY, contrasts.general_association, ("statistic", "df", "p_value")),
            Check(f"{STATSMODELS}, {SCIPY}", contrasts.tests, ("statistic", "df", "p_value"), (),
                  FITTED),
            Check(SCIPY, contrasts.barnard, ("p_value",), (), FITTED, lost_ties),
            Check(STATSMODELS, contrasts.adjusted_p_values, ("p_adjusted",)),
        ),
        "response",
        (
            Sibling({"method": "Miettinen-Nurminen"}, LIMITS),
            Sibling({"method": "Cochran-Mantel-Haenszel"}, ("statistic", "df", "p_value")),
        ),
        "stratified_tables.R",
    ),
    "response_tipping_point": Analysis(
        "response.tipping",
        (
            Check(PANDAS, contrasts.counts, (*PAIR, "estimate")),
            Check(SCIPY, contrasts.tests, ("p_value",), (), FITTED),
        ),
        "response", reference="proportion_differences.R",
    ),
    "response_regression": Analysis(
        "response.regression",
        (
            Check(PANDAS, models.odds_counts, ("n", "n_missing", "n_event", "df"), (), EXACT),
            Check(STATSMODELS, models.odds_ratios, _ODDS, (), FITTED),
            Check("firthmodels", models.penalised_odds_ratios, _ODDS, (), FITTED,
                  models.of_the_augmented),
        ),
        "response", (Sibling({"method": "maximum likelihood"}, _ODDS),), "response_models.R",
    ),
    "marginal_response_difference": Analysis(
        "response.regression",
        (
            Check(PANDAS, models.marginal_counts, ("n", "n_missing", "n_event", "df"), (), EXACT),
            Check(STATSMODELS, models.marginal_differences, _MARGINAL, (), FITTED),
        ),
        "response", (Sibling({"method": "maximum likelihood"}, _MARGINAL),), "response_models.R",
    ),
    "time_to_response": Analysis(
        "response.timing",
        (
            Check(PANDAS, durations.response_counts, (*SURVIVAL_COUNTS, "n_competing"), (), EXACT),
            Check(STATSMODELS, durations.response_incidence, ("estimate", "std_error", *LIMITS),
                  (), ROUNDING, durations.at_the_ends),
        ),
        "response", (LOG_LOG,), "competing.R",
    ),
    "landmark_comparison": Analysis(
        "response.landmark",
        (
            Check(STATSMODELS, landmarks.landmark_comparison,
                  (*PAIR[:2], "n_missing", "n_reference", "n_event_reference", "n_before",
                   "survival", "survival_reference", "estimate", "statistic", "df", "p_value")),
        ),
        "response", reference="curve_differences.R",
    ),
    "response_exposure": Analysis(
        "response.landmark",
        (
            Check(f"{LIFELINES}, {STATSMODELS}", landmarks.response_exposure,
                  ("n", "n_missing", "n_exposed", "n_event", "n_event_reference", "estimate",
                   "statistic", "df", "p_value"), (), FITTED),
        ),
        "response", reference="response_models.R",
    ),
    "score_difference": Analysis(
        "response.score_differences",
        (
            Check(PANDAS, visits.difference_counts, ("n", "n_reference", "n_missing"), (), EXACT),
            Check(STATSMODELS, visits.adjusted_tests, ("p_adjusted",), whole=True),
            Check(STATSMODELS, visits.mixed_differences, ("estimate",), (), STOPPED_EARLY,
                  visits.no_correlation_between, whole=True),
        ),
        "response", (Sibling({"structure": "compound symmetry"}, ("estimate",)),),
        "mmrm_contrast.R", "measure",
    ),
}  # fmt: skip
# A basket's sensitivity to its prior is the same counts with more of what has no second program.
RESPONSE["basket_sensitivity"] = RESPONSE["basket_response"]
RESPONSE["best_response_rate"] = RESPONSE["response_rate"]
RESPONSE["sustained_response_rate"] = RESPONSE["response_rate"]
