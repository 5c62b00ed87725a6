"""The figures: each takes results and returns a matplotlib figure, or draws on axes given to it.

A figure's module is imported when the figure is first asked for, so that one figure costs one.
"""

from __future__ import annotations

from importlib import import_module

_HOMES = {
    "attrition_figure": "figures_flow",
    "basket_figure": "figures_basket",
    "basket_sensitivity_figure": "figures_basket",
    "benchmark_figure": "figures_benchmark",
    "categories_figure": "figures_categories",
    "competing_figure": "figures_competing",
    "differences_figure": "figures_differences",
    "evidence_map_figure": "figures_evidence",
    "heatmap_figure": "figures_heatmap",
    "incidence_figure": "figures_incidence",
    "interval_figure": "figures_interval",
    "landmark_figure": "figures_landmark",
    "leave_one_out_figure": "figures_pooled",
    "overlap_figure": "figures_evidence",
    "plot_attrition": "figures_flow",
    "plot_basket_sensitivity": "figures_basket",
    "plot_categories": "figures_categories",
    "plot_competing": "figures_competing",
    "plot_heatmap": "figures_heatmap",
    "plot_incidence": "figures_incidence",
    "plot_interval": "figures_interval",
    "plot_response": "figures_response",
    "plot_risk_table": "figures_survival",
    "plot_score_change": "figures_scores",
    "plot_survival": "figures_survival",
    "plot_swimmer": "figures_swimmer",
    "plot_toxicity": "figures_toxicity",
    "plot_trajectory": "figures_trajectory",
    "plot_trials": "figures_trials",
    "pooled_figure": "figures_pooled",
    "response_figure": "figures_response",
    "score_change_figure": "figures_scores",
    "signals_figure": "figures_signals",
    "spider_figure": "figures_course",
    "survival_figure": "figures_survival",
    "survival_panels_figure": "figures_survival_panels",
    "swimmer_figure": "figures_swimmer",
    "timeline_figure": "figures_timeline",
    "toxicity_figure": "figures_toxicity",
    "trajectory_figure": "figures_trajectory",
    "trial_incidence_figure": "figures_person_time",
    "trials_figure": "figures_trials",
    "views_figure": "figures_views",
    "visit_box_figure": "figures_course",
    "waterfall_figure": "figures_course",
    "windows_figure": "figures_windows",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'carstats.report.figures' has no attribute {name!r}")
    return getattr(import_module(f"carstats.report.{_HOMES[name]}"), name)
