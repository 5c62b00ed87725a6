"""The figures: each takes results and returns a matplotlib figure, or draws on axes given to it.

A figure's module is imported when the figure is first asked for, so that one figure costs one.
"""

from __future__ import annotations

from importlib import import_module

_HOMES = {
    "antibody_map_figure": "response.antibodies",
    "aplasia_figure": "kinetics.aplasia",
    "attrition_figure": "flow",
    "basket_figure": "response.basket",
    "basket_sensitivity_figure": "response.basket",
    "benchmark_figure": "toxicity.benchmark",
    "categories_figure": "response.categories",
    "competing_figure": "survival.competing",
    "differences_figure": "differences",
    "drug_use_figure": "course.drugs",
    "estimates_figure": "estimates",
    "evidence_map_figure": "evidence.map",
    "exposure_figure": "kinetics.exposure",
    "heatmap_figure": "response.heatmap",
    "incidence_figure": "incidence",
    "interval_figure": "survival.interval",
    "landmark_figure": "survival.landmark",
    "leave_one_out_figure": "evidence.pooled",
    "overlap_figure": "evidence.overlap",
    "plot_attrition": "flow",
    "plot_basket_sensitivity": "response.basket",
    "plot_categories": "response.categories",
    "plot_competing": "survival.competing",
    "plot_estimates": "estimates",
    "plot_heatmap": "response.heatmap",
    "plot_incidence": "incidence",
    "plot_interval": "survival.interval",
    "plot_response": "response.rates",
    "plot_risk_table": "risk_table",
    "plot_score_change": "response.scores",
    "plot_survival": "survival.curves",
    "plot_swimmer": "response.swimmer",
    "plot_toxicity": "toxicity.rates",
    "plot_trajectory": "course.trajectory",
    "plot_trials": "evidence.trials",
    "pooled_figure": "evidence.pooled",
    "profiles_figure": "kinetics.profiles",
    "response_figure": "response.rates",
    "score_change_figure": "response.scores",
    "signals_figure": "toxicity.signals",
    "spider_figure": "course.spider",
    "survival_figure": "survival.curves",
    "survival_panels_figure": "survival.panels",
    "swimmer_figure": "response.swimmer",
    "taper_figure": "course.taper",
    "timeline_figure": "toxicity.timeline",
    "toxicity_figure": "toxicity.rates",
    "trajectory_figure": "course.trajectory",
    "trial_incidence_figure": "evidence.person_time",
    "trials_figure": "evidence.trials",
    "views_figure": "survival.views",
    "visit_box_figure": "course.boxes",
    "waterfall_figure": "course.waterfall",
    "organisms_figure": "toxicity.organisms",
    "windows_figure": "toxicity.windows",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'carstats.report.figures' has no attribute {name!r}")
    return getattr(import_module(f"carstats.report.figures.{_HOMES[name]}"), name)
