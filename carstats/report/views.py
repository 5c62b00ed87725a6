"""Which figures and which table each analysis has: the registry of `plot` and `tabulate`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from carstats.messages import mark


@dataclass(frozen=True)
class Views:
    """How an analysis is drawn and printed, by the names of functions.

    `figures` has its kinds of figures, the usual one first; without any, `instead` says what does
    the work. `panel` draws the main panel alone.
    """

    figures: Mapping[str, str] = field(default_factory=lambda: {"forest": "estimates_figure"})
    panel: str = ""
    table: str = "tabulate_result"
    instead: str = ""


FOREST = Views(panel="plot_estimates")
RATES = Views(
    {"forest": "response_figure", "heat map": "heatmap_figure"},
    "plot_response",
    "tabulate_rates",
)
CURVES = Views({"curves": "survival_figure", "panels": "survival_panels_figure"}, "plot_survival")
_INCIDENCE = Views({"curves": "incidence_figure"}, "plot_incidence")
_TEST = Views(
    {},
    instead=mark("give it as `test` to the plot of its curves, or tabulate it"),
)
_TABLE_ONLY = Views({}, instead=mark("cs.tabulate(result) prints it"))
_PERSON_TIME = replace(FOREST, table="tabulate_rates")
VIEWS: dict[str, Views] = {
    "antibody_map": Views({"map": "antibody_map_figure"}, table="tabulate_shifts"),
    "antibody_panel": replace(FOREST, table="tabulate_antibodies"),
    "attrition": Views({"flow": "attrition_figure"}, "plot_attrition", "tabulate_attrition"),
    "b_cell_aplasia": Views({"bars": "aplasia_figure"}),
    "b_cell_depletion": replace(
        _TABLE_ONLY,
        table="tabulate_depletion",
        instead=mark("cs.tabulate(result) prints it, b_cell_aplasia() draws the subjects"),
    ),
    "baseline_table": replace(_TABLE_ONLY, table="tabulate_baseline"),
    "basket_leave_one_out": FOREST,
    "basket_operating_characteristics": _TABLE_ONLY,
    "basket_response": Views({"forest": "basket_figure"}, "plot_estimates"),
    "basket_sensitivity": Views({"curves": "basket_sensitivity_figure"}, "plot_basket_sensitivity"),
    "best_response_rate": RATES,
    "bootstrap_interval": FOREST,
    "causes_of_death": replace(
        _TABLE_ONLY,
        table="tabulate_deaths",
        instead=mark("cs.tabulate(result) prints it, survival_curve() draws overall survival"),
    ),
    "cellular_kinetics": Views(
        {},
        table="tabulate_kinetics",
        instead=mark("cs.tabulate(result) prints it, kinetic_profiles() draws the profiles"),
    ),
    "cox_regression": FOREST,
    "crs_treatment": replace(_TABLE_ONLY, table="tabulate_quantities"),
    "cumulative_incidence": Views({"stacked": "competing_figure"}, "plot_competing"),
    "cumulative_dose": replace(FOREST, table="tabulate_doses"),
    "cure_fraction": FOREST,
    "drug_use": Views({"lines": "drug_use_figure", "forest": "estimates_figure"}, "plot_estimates"),
    "evidence_map": Views({"map": "evidence_map_figure"}),
    "exposure_adjusted_rate": _PERSON_TIME,
    "exposure_adjusted_ratio": FOREST,
    "exposure_listing": Views({"boxes": "exposure_figure"}),
    "exposure_response": replace(
        _TABLE_ONLY,
        table="tabulate_exposure",
        instead=mark("cs.tabulate(result) prints it, exposure_listing() draws the subjects"),
    ),
    "fine_gray_regression": FOREST,
    "followup_time": FOREST,
    "glucocorticoid_course": Views(
        {"course": "trajectory_figure"}, "plot_trajectory", "tabulate_taper"
    ),
    "glucocorticoid_profiles": Views({"taper": "taper_figure"}, table="tabulate_taper"),
    "gray_test": _TEST,
    "hospital_days": replace(_TABLE_ONLY, table="tabulate_quantities"),
    "immunoglobulin_replacement": replace(_TABLE_ONLY, table="tabulate_quantities"),
    "incidence_rate": _PERSON_TIME,
    "incidence_rate_ratio": FOREST,
    "infections_by_organism": Views({"forest": "organisms_figure"}, "", "tabulate_organisms"),
    "interval_censored_curve": Views({"curves": "interval_figure"}, "plot_interval"),
    "interval_censored_regression": FOREST,
    "interval_censored_test": _TEST,
    "interval_sensitivity": FOREST,
    "kinetic_profiles": Views({"profiles": "profiles_figure"}),
    "landmark_comparison": FOREST,
    "landmark_curve": CURVES,
    "landmark_rate": Views({"forest": "landmark_figure"}, "plot_estimates", "tabulate_rates"),
    "leave_one_out": Views({"forest": "leave_one_out_figure"}, "plot_estimates"),
    "logrank_test": _TEST,
    "marginal_response_difference": FOREST,
    "mean_cumulative_count": _INCIDENCE,
    "measure_trajectory": Views({"course": "trajectory_figure"}, "plot_trajectory"),
    "network_rate": replace(FOREST, table="tabulate_sites"),
    "network_survival": replace(FOREST, table="tabulate_sites"),
    "persistence_curve": Views({"curves": "interval_figure"}, "plot_interval"),
    "persistence_rate": FOREST,
    "pooled_incidence": replace(FOREST, table="tabulate_evidence"),
    "pooled_rate": replace(FOREST, table="tabulate_evidence"),
    "pooled_regression": FOREST,
    "pooled_sensitivity": FOREST,
    "protection_kept": replace(FOREST, table="tabulate_antibodies"),
    "randomised_comparison": FOREST,
    "report_overlap": Views({"arcs": "overlap_figure"}),
    "response_categories": Views({"bars": "categories_figure"}, "plot_categories"),
    "response_difference": FOREST,
    "response_exposure": FOREST,
    "response_rate": RATES,
    "response_regression": FOREST,
    "response_test": FOREST,
    "response_tipping_point": _TABLE_ONLY,
    "restricted_mean": FOREST,
    "restricted_time_lost": FOREST,
    "score_change": Views({"course": "score_change_figure"}, "plot_score_change"),
    "score_course": Views(
        {"spider": "spider_figure", "waterfall": "waterfall_figure", "visits": "visit_box_figure"}
    ),
    "score_difference": FOREST,
    "score_responder_rate": RATES,
    "seroconversion_rate": RATES,
    "subject_timelines": Views({"swimmer": "swimmer_figure"}, "plot_swimmer"),
    "survival_at": FOREST,
    "survival_benchmark": FOREST,
    "survival_curve": CURVES,
    "survival_difference": FOREST,
    "survival_quantile": replace(FOREST, table="tabulate_times"),
    "sustained_response_rate": RATES,
    "time_to_below_quantification": _TABLE_ONLY,
    "time_to_recovery": _INCIDENCE,
    "time_to_response": _INCIDENCE,
    "time_to_taper": _INCIDENCE,
    "titre_change": FOREST,
    "toxicity_benchmark": Views({"forest": "benchmark_figure"}),
    "toxicity_difference": Views(
        {"differences": "differences_figure", "forest": "estimates_figure"}, "plot_estimates"
    ),
    "toxicity_duration": CURVES,
    "toxicity_estimators": FOREST,
    "toxicity_grades": Views({"bars": "toxicity_figure"}, "plot_toxicity", "tabulate_grades"),
    "toxicity_incidence": _INCIDENCE,
    "toxicity_listing": Views({"timeline": "timeline_figure"}),
    "toxicity_rate": Views(
        {"forest": "estimates_figure", "windows": "windows_figure"},
        "plot_estimates",
        "tabulate_rates",
    ),
    "toxicity_signals": Views(
        {"signals": "signals_figure", "differences": "differences_figure"}, "plot_estimates"
    ),
    "toxicity_table": replace(_TABLE_ONLY, table="tabulate_toxicities"),
    "toxicity_timing": FOREST,
    "trial_incidence": Views({"forest": "estimates_figure"}, "plot_estimates", "tabulate_evidence"),
    "trial_rate": Views({"forest": "trials_figure"}, "plot_trials", "tabulate_evidence"),
    "withdrawal_weighted_curve": Views({}, instead=mark("cs.tabulate(result) reads it off")),
}
