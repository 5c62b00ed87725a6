"""Toxicities: the second program of each analysis."""

from __future__ import annotations

from dataclasses import replace

from carstats.crosschecking.answers.shared import (
    LIFELINES,
    LIMITS,
    LOG_LOG,
    PAIR,
    PANDAS,
    POSSIBLE,
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
    Analysis,
    Check,
    Sibling,
)
from carstats.crosschecking.families import (
    characteristics,
    clocks,
    curves,
    durations,
    harm,
    rates,
    toxicities,
)
from carstats.crosschecking.families.course import drugs

TOXICITY: dict[str, Analysis] = {
    "toxicity_rate": Analysis(
        "toxicity.rates",
        (Check(STATSMODELS, toxicities.rates, (*RATE, *POSSIBLE), (), ROUNDING, zero_or_all),),
        "toxicity", (WILSON,), "proportions.R", "terms", {"method": "limits"},
    ),
    "toxicity_grades": Analysis(
        "toxicity.grades",
        (Check(PANDAS, toxicities.grades, ("n", "n_event", "n_missing", "estimate")),),
        "toxicity", reference="adverse_events.R", argument="terms",
    ),
    "toxicity_table": Analysis(
        "toxicity.table",
        (
            Check(STATSMODELS, toxicities.table, (*RATE, *POSSIBLE, "n_episodes"), (), ROUNDING,
                  zero_or_all),
        ),
        "toxicity", (WILSON,), "adverse_events.R", "terms", {"method": "limits"},
    ),
    "toxicity_difference": Analysis(
        "toxicity.differences",
        (
            Check(PANDAS, toxicities.difference_counts,
                  ("n", "n_missing", "n_event", "rate", "n_reference", "n_event_reference",
                   "rate_reference", "estimate")),
            Check(SCIPY, toxicities.score_limits_of, LIMITS, ("term",), FITTED),
            Check(STATSMODELS, toxicities.difference_limits, LIMITS, ("term",), ROUNDING,
                  wrong_score),
            Check(f"{STATSMODELS}, {SCIPY}", toxicities.difference_test, ("statistic", "p_value"),
                  ("term",), FITTED),
            Check(SCIPY, toxicities.barnard, ("p_value",), ("term",), FITTED, lost_ties),
            Check(STATSMODELS, toxicities.adjusted_p_values, ("p_adjusted",), whole=True),
        ),
        "toxicity",
        (
            Sibling({"method": "Newcombe"}, LIMITS),
            Sibling({"method": "Miettinen-Nurminen"}, ("statistic", "p_value", "p_adjusted")),
        ),
        "proportion_differences.R", "terms", {"method": "limits"},
    ),
    "toxicity_benchmark": Analysis(
        "toxicity.benchmark",
        (Check(STATSMODELS, toxicities.benchmark, (*RATE, "n_trials")),),
        "toxicity", reference="toxicity.R", argument="term",
    ),
    "toxicity_incidence": Analysis(
        "toxicity.timing.incidence",
        (
            Check(PANDAS, clocks.incidence_counts, (*SURVIVAL_COUNTS, "n_competing"), ("term",),
                  EXACT),
            Check(STATSMODELS, clocks.incidence, ("estimate", "std_error"), ("term",), ROUNDING,
                  clocks.at_the_ends),
            Check(STATSMODELS, clocks.incidence_limits, LIMITS, ("term",), ROUNDING,
                  clocks.at_the_ends),
        ),
        "toxicity", (LOG_LOG,), "toxicity.R", "terms",
    ),
    "mean_cumulative_count": Analysis(
        "toxicity.timing.recurrent",
        (Check(LIFELINES, clocks.mean_counts, (*SURVIVAL_COUNTS, "estimate")),),
        "toxicity", reference="toxicity.R", argument="terms",
    ),
    "toxicity_timing": Analysis(
        "toxicity.timing.onset",
        (
            Check(f"{STATSMODELS}, {SCIPY}", clocks.timing,
                  ("n", "n_missing", "n_event", "n_censor", "estimate", "q1", "q3", "minimum",
                   "maximum", *LIMITS)),
        ),
        "toxicity", reference="toxicity.R", argument="terms",
    ),
    "measure_trajectory": Analysis(
        "toxicity.timing.trajectories",
        (
            Check(f"{STATSMODELS}, {SCIPY}", characteristics.trajectory,
                  ("n", "n_missing", "n_event", "n_masked", "estimate", "q1", "q3", "minimum",
                   "maximum", "n_below", "below", "below_low", "below_high", *LIMITS)),
        ),
        "toxicity", reference="toxicity.R", argument="measure",
    ),
    "glucocorticoid_course": Analysis(
        "toxicity.timing.taper",
        (
            Check(f"{STATSMODELS}, {SCIPY}", characteristics.taper,
                  ("n", "n_missing", "n_event", "estimate", "q1", "q3", "minimum", "maximum",
                   "n_below", "below", "below_low", "below_high", "n_off", "off", "off_low",
                   "off_high", "cumulative", *LIMITS)),
        ),
        "toxicity", reference="baseline.R", argument="at",
    ),
    "causes_of_death": Analysis(
        "toxicity.harm.deaths",
        (
            Check(STATSMODELS, harm.deaths,
                  (*RATE, "person_years", "followup", "n_risk", "rate", "rate_low", "rate_high",
                   "incidence")),
        ),
        "toxicity", reference="harm.R", argument="at",
    ),
    "infections_by_organism": Analysis(
        "toxicity.harm.infections",
        (
            Check(f"{PANDAS}, {STATSMODELS}", harm.infections,
                  ("n", "n_missing", "n_event", "n_with_event", "person_years", "estimate",
                   *LIMITS)),
        ),
        "toxicity", (Sibling({"method": "exact"}, LIMITS),), "harm.R", "term",
        {"method": "limits"},
    ),
    "immunoglobulin_replacement": Analysis(
        "toxicity.harm.replacement",
        (
            Check(f"{STATSMODELS}, {SCIPY}", harm.replacement,
                  (*RATE, "q1", "q3", "minimum", "maximum")),
        ),
        "toxicity", reference="harm.R", argument="dose_days",
    ),
    "hospital_days": Analysis(
        "toxicity.harm.stays",
        (
            Check(f"{STATSMODELS}, {SCIPY}", harm.stays,
                  (*RATE, "q1", "q3", "minimum", "maximum")),
        ),
        "toxicity", reference="harm.R", argument="care",
    ),
    "crs_treatment": Analysis(
        "toxicity.harm.treatment",
        (
            Check(f"{STATSMODELS}, {SCIPY}", harm.treatment,
                  (*RATE, "q1", "q3", "minimum", "maximum")),
        ),
        "toxicity", reference="harm.R", argument="term",
    ),
    "time_to_taper": Analysis(
        "toxicity.timing.off",
        (
            Check(PANDAS, drugs.taper_counts, (*SURVIVAL_COUNTS, "n_competing", "n_already"), (),
                  EXACT),
            Check(STATSMODELS, drugs.taper_incidence, ("estimate", "std_error", *LIMITS), (),
                  ROUNDING, drugs.at_the_ends),
        ),
        "toxicity", (LOG_LOG,), "toxicity.R", "drug_class",
    ),
    "cumulative_dose": Analysis(
        "toxicity.timing.taper",
        (
            Check(f"{STATSMODELS}, {SCIPY}", drugs.amounts,
                  ("n", "n_left", "n_missing", "n_event", "estimate", "q1", "q3", "minimum",
                   "maximum", "mean_dose", "mean_dose_low", "mean_dose_high", *LIMITS)),
        ),
        "toxicity", reference="baseline.R", argument="windows",
    ),
    "drug_use": Analysis(
        "toxicity.timing.use",
        (Check(STATSMODELS, drugs.use, RATE, (), ROUNDING, zero_or_all),),
        "toxicity", (WILSON,), "proportions.R", "drug_class",
    ),
    "exposure_adjusted_rate": Analysis(
        "toxicity.exposure",
        (
            Check(STATSMODELS, rates.exposure_rates,
                  ("n", "n_missing", "n_event", "n_with_event", "person_years", "estimate",
                   *LIMITS)),
        ),
        "toxicity", (Sibling({"method": "exact"}, LIMITS),), "recurrent_rate.R", "terms",
        {"method": "limits"},
    ),
    "exposure_adjusted_ratio": Analysis(
        "toxicity.exposure_ratio",
        (
            Check(f"{STATSMODELS}, {SCIPY}", rates.exposure_ratios,
                  (*PAIR[:5], "person_years", "person_years_reference", "estimate", "p_value",
                   *LIMITS)),
            Check(STATSMODELS, rates.adjusted_ratios, ("p_adjusted",), whole=True),
        ),
        "toxicity", (Sibling({"method": "exact"}, ("p_value", *LIMITS)),), "recurrent_rate.R",
        "terms", {"method": "limits"},
    ),
    "toxicity_duration": Analysis(
        "toxicity.timing.onset",
        (
            Check(PANDAS, durations.duration_counts, SURVIVAL_COUNTS, (), EXACT),
            Check(LIFELINES, durations.duration_curve, ("estimate", *LIMITS), (), ROUNDING,
                  curves.nothing_said),
            Check(STATSMODELS, durations.duration_errors, ("std_error",), (), ROUNDING,
                  curves.nothing_said),
        ),
        "toxicity", (LOG_LOG,), "toxicity.R", "terms",
    ),
    "toxicity_estimators": Analysis(
        "toxicity.timing.comparison",
        (
            Check(f"{STATSMODELS}, {LIFELINES}", durations.four_estimators,
                  ("n", "n_missing", "n_event", "n_competing", "n_censor", "estimate", *LIMITS),
                  ("term",)),
        ),
        "toxicity", reference="toxicity.R", argument="terms",
    ),
    "time_to_recovery": Analysis(
        "toxicity.timing.recovery",
        (
            Check(PANDAS, durations.recovery_counts, (*SURVIVAL_COUNTS, "n_competing"), (), EXACT),
            Check(STATSMODELS, durations.recovery_incidence, ("estimate", "std_error", *LIMITS),
                  (), ROUNDING, durations.at_the_ends),
        ),
        "toxicity", (LOG_LOG,), "toxicity.R",
    ),
}  # fmt: skip
# Signals are the differences of one pair of strata, the smallest p-value first.
TOXICITY["toxicity_signals"] = replace(TOXICITY["toxicity_difference"], home="toxicity.signals")
