"""The one table of what is made again: an analysis, its second program, what stands beside it."""

from __future__ import annotations

from carstats.crosschecking import rscript
from carstats.crosschecking.asking import (
    EXACT,
    FITTED,
    ROUNDING,
    STOPPED_EARLY,
    Analysis,
    Asked,
    Check,
    Sibling,
)
from carstats.crosschecking.families import (
    characteristics,
    clocks,
    comparing,
    competing,
    curves,
    rates,
    toxicities,
    visits,
)

PANDAS, STATSMODELS, LIFELINES = "pandas", "statsmodels", "lifelines"
_LIMITS = ("conf_low", "conf_high")
_RATE = ("n", "n_missing", "n_event", "estimate", *_LIMITS)
_POSSIBLE = ("n_possible", "estimate_possible")
_WILSON = Sibling({"method": "Wilson"}, _LIMITS)
_LOG_LOG = Sibling({"conf_type": "log-log"}, _LIMITS)


def _wrong_score(asked: Asked, column: str, ours: float, theirs: float, place: int) -> str:
    """Return why score limits differ; statsmodels' are off by less than a fiftieth."""
    close = abs(ours - theirs) < 0.02
    return "score interval" if close and toxicities.method_used(asked) != "Newcombe" else ""


def _lost_ties(asked: Asked, column: str, ours: float, theirs: float, place: int) -> str:
    """Return why Barnard's p-values differ: ties that scipy loses make its own too small."""
    return "barnard ties" if theirs < ours else ""


def _zero_or_all(asked: Asked, column: str, ours: float, theirs: float, place: int) -> str:
    """Return why Jeffreys' limits differ: at 0 of n and n of n carstats gives 0 and 1."""
    method = asked.option("method", asked.option("limits"))
    end = {"conf_low": 0.0, "conf_high": 1.0}.get(column)
    return "jeffreys at the ends" if method == "Jeffreys" and ours == end else ""


def _closed(asked: Asked, column: str, ours: float, theirs: float, place: int) -> str:
    """Return why interval-censored curves differ: lifelines closes the intervals on the left."""
    return "interval boundary"


_SURVIVAL_COUNTS = ("n", "n_missing", "n_risk", "n_event", "n_censor")

ANALYSES: dict[str, Analysis] = {
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
            Check(PANDAS, curves.curve_counts, _SURVIVAL_COUNTS, (), EXACT),
            Check(LIFELINES, curves.curve_estimates, ("estimate",)),
            Check(STATSMODELS, curves.curve_errors, ("std_error",), (), ROUNDING,
                  curves.nothing_said),
            Check(LIFELINES, curves.curve_limits, _LIMITS, (), ROUNDING, curves.nothing_said),
        ),
        "survival", (_LOG_LOG,), "survival_curves.R",
    ),
    "survival_at": Analysis(
        "survival.curves",
        (
            Check(PANDAS, curves.at_counts, ("n", "n_missing", "n_risk", "n_event"), (), EXACT),
            Check(LIFELINES, curves.at_estimates, ("estimate",)),
            Check(STATSMODELS, curves.at_errors, ("std_error",), (), ROUNDING,
                  curves.nothing_said),
            Check(LIFELINES, curves.at_limits, _LIMITS, (), ROUNDING, curves.nothing_said),
        ),
        "survival", (_LOG_LOG,), "survival_curves.R",
    ),
    "survival_quantile": Analysis(
        "survival.quantiles",
        (
            Check(PANDAS, curves.quantile_counts, ("n", "n_missing", "n_event"), (), EXACT),
            Check(STATSMODELS, curves.quantiles, ("estimate", "n_risk"), (), ROUNDING,
                  curves.on_a_plateau),
            Check(LIFELINES, curves.quantile_limits, _LIMITS, (), ROUNDING, curves.read_at_zero),
        ),
        "survival", (_LOG_LOG,), "quantiles.R",
    ),
    "followup_time": Analysis(
        "survival.quantiles",
        (
            Check(PANDAS, curves.followup_counts,
                  ("n", "n_missing", "n_censor", "low", "high"), (), EXACT),
            Check(STATSMODELS, curves.followup_quantiles, ("estimate", "q1", "q3"), (), ROUNDING,
                  curves.on_a_plateau),
            Check(LIFELINES, curves.followup_limits, _LIMITS, (), ROUNDING, curves.read_at_zero),
        ),
        "survival", reference="quantiles.R",
    ),
    "landmark_rate": Analysis(
        "survival.landmark",
        (
            Check(STATSMODELS, curves.landmark,
                  (*_RATE, "n_not_eligible", "estimate_best"), (), ROUNDING, _zero_or_all),
        ),
        "survival", (_WILSON,), "proportions.R",
    ),
    "incidence_rate": Analysis(
        "survival.rates",
        (
            Check(STATSMODELS, rates.person_time, (*_RATE, "person_years")),
        ),
        "survival", reference="rates.R",
    ),
    "restricted_mean": Analysis(
        "survival.means",
        (
            Check(LIFELINES, rates.restricted_means,
                  ("n", "n_missing", "n_event", "estimate", "std_error"), (), ROUNDING,
                  rates.another_variance),
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
                  ("estimate", "coef", "std_error", "statistic", "p_value", *_LIMITS), (),
                  FITTED),
            Check("R survival", rscript.cox,
                  ("estimate", "coef", "std_error", "ph_p_value", "ph_p_value_all"), (), FITTED),
        ),
        "survival",
        (Sibling({"method": "partial likelihood"}, ("estimate", "p_value", *_LIMITS)),), "cox.R",
    ),
    "cumulative_incidence": Analysis(
        "survival.competing",
        (
            Check(PANDAS, competing.incidence_counts, _SURVIVAL_COUNTS, ("cause",), EXACT),
            Check(STATSMODELS, competing.incidence, ("estimate", "std_error"), ("cause",), ROUNDING,
                  competing.nobody_left),
            Check("R cmprsk", rscript.incidence, ("estimate",), ("cause",)),
            Check(STATSMODELS, competing.incidence_limits, _LIMITS, ("cause",), ROUNDING,
                  competing.nobody_left),
        ),
        "survival", (_LOG_LOG,), "competing.R",
    ),
    "interval_censored_curve": Analysis(
        "survival.interval_censored.curves",
        (
            Check(PANDAS, competing.interval_counts,
                  ("n", "n_missing", "n_event", "last_time"), (), EXACT),
            Check(LIFELINES, competing.interval_curve, ("estimate", "mass"), (), STOPPED_EARLY),
            Check(LIFELINES, competing.closed_interval_curve, ("estimate",), (), STOPPED_EARLY,
                  _closed),
        ),
        "survival", reference="interval.R",
    ),
    "response_rate": Analysis(
        "response.rates",
        (
            Check(STATSMODELS, visits.rates,
                  (*_RATE, "n_evaluable", "estimate_evaluable", "n_not_applicable"), (), ROUNDING,
                  _zero_or_all),
        ),
        "response", (_WILSON,), "proportions.R",
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
                  ("estimate", "std_error", "df", "baseline", *_LIMITS)),
            Check(STATSMODELS, visits.mixed_changes, ("estimate",), (), STOPPED_EARLY,
                  visits.no_correlation),
        ),
        "response",
        (
            Sibling({"method": "observed"}, ("estimate", "std_error", "df", "baseline", *_LIMITS)),
            Sibling({"method": "MMRM", "structure": "compound symmetry"}, ("estimate",)),
        ),
        "mmrm.R", argument="measure",
    ),
    "toxicity_rate": Analysis(
        "toxicity.rates",
        (Check(STATSMODELS, toxicities.rates, (*_RATE, *_POSSIBLE), (), ROUNDING, _zero_or_all),),
        "toxicity", (_WILSON,), "proportions.R", "terms", {"method": "limits"},
    ),
    "toxicity_grades": Analysis(
        "toxicity.grades",
        (Check(PANDAS, toxicities.grades, ("n", "n_event", "n_missing", "estimate")),),
        "toxicity", reference="adverse_events.R", argument="terms",
    ),
    "toxicity_table": Analysis(
        "toxicity.table",
        (
            Check(STATSMODELS, toxicities.table, (*_RATE, *_POSSIBLE, "n_episodes"), (), ROUNDING,
                  _zero_or_all),
        ),
        "toxicity", (_WILSON,), "adverse_events.R", "terms", {"method": "limits"},
    ),
    "toxicity_difference": Analysis(
        "toxicity.differences",
        (
            Check(PANDAS, toxicities.difference_counts,
                  ("n", "n_missing", "n_event", "rate", "n_reference", "n_event_reference",
                   "rate_reference", "estimate")),
            Check("scipy", toxicities.score_limits_of, _LIMITS, ("term",), FITTED),
            Check(STATSMODELS, toxicities.difference_limits, _LIMITS, ("term",), ROUNDING,
                  _wrong_score),
            Check(f"{STATSMODELS}, scipy", toxicities.difference_test, ("statistic", "p_value"),
                  ("term",), FITTED),
            Check("scipy", toxicities.barnard, ("p_value",), ("term",), FITTED, _lost_ties),
            Check(STATSMODELS, toxicities.adjusted_p_values, ("p_adjusted",), whole=True),
        ),
        "toxicity",
        (
            Sibling({"method": "Newcombe"}, _LIMITS),
            Sibling({"method": "Miettinen-Nurminen"}, ("statistic", "p_value", "p_adjusted")),
        ),
        "proportion_differences.R", "terms", {"method": "limits"},
    ),
    "toxicity_benchmark": Analysis(
        "toxicity.benchmark",
        (Check(STATSMODELS, toxicities.benchmark, (*_RATE, "n_trials")),),
        "toxicity", reference="toxicity.R", argument="term",
    ),
    "toxicity_incidence": Analysis(
        "toxicity.timing.incidence",
        (
            Check(PANDAS, clocks.incidence_counts, (*_SURVIVAL_COUNTS, "n_competing"), ("term",),
                  EXACT),
            Check(STATSMODELS, clocks.incidence, ("estimate", "std_error"), ("term",), ROUNDING,
                  clocks.at_the_ends),
            Check(STATSMODELS, clocks.incidence_limits, _LIMITS, ("term",), ROUNDING,
                  clocks.at_the_ends),
        ),
        "toxicity", (_LOG_LOG,), "toxicity.R", "terms",
    ),
    "mean_cumulative_count": Analysis(
        "toxicity.timing.recurrent",
        (Check(LIFELINES, clocks.mean_counts, (*_SURVIVAL_COUNTS, "estimate")),),
        "toxicity", reference="toxicity.R", argument="terms",
    ),
    "toxicity_timing": Analysis(
        "toxicity.timing.onset",
        (
            Check(f"{STATSMODELS}, scipy", clocks.timing,
                  ("n", "n_missing", "n_event", "n_censor", "estimate", "q1", "q3", "minimum",
                   "maximum", *_LIMITS)),
        ),
        "toxicity", reference="toxicity.R", argument="terms",
    ),
    "measure_trajectory": Analysis(
        "toxicity.timing.trajectories",
        (
            Check(f"{STATSMODELS}, scipy", characteristics.trajectory,
                  ("n", "n_missing", "n_event", "n_masked", "estimate", "q1", "q3", "minimum",
                   "maximum", "n_below", "below", "below_low", "below_high", *_LIMITS)),
        ),
        "toxicity", reference="toxicity.R", argument="measure",
    ),
}  # fmt: skip
# A basket's sensitivity to its prior is the same counts with more of what has no second program.
ANALYSES["basket_sensitivity"] = ANALYSES["basket_response"]
ANALYSES["best_response_rate"] = ANALYSES["response_rate"]
ANALYSES["sustained_response_rate"] = ANALYSES["response_rate"]
# Records of single subjects: they hold no statistic.
LISTINGS = ("score_course", "subject_timelines", "toxicity_listing")
FAMILIES = ("subjects", "survival", "response", "toxicity")
