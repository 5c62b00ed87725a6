"""The figures: each takes results and returns a matplotlib figure, or draws on axes given to it."""

from carstats.report.figures_benchmark import benchmark_figure
from carstats.report.figures_categories import categories_figure, plot_categories
from carstats.report.figures_competing import competing_figure, plot_competing
from carstats.report.figures_course import spider_figure, visit_box_figure, waterfall_figure
from carstats.report.figures_differences import differences_figure
from carstats.report.figures_evidence import evidence_map_figure, overlap_figure
from carstats.report.figures_flow import attrition_figure, plot_attrition
from carstats.report.figures_heatmap import heatmap_figure, plot_heatmap
from carstats.report.figures_incidence import incidence_figure, plot_incidence
from carstats.report.figures_interval import interval_figure, plot_interval
from carstats.report.figures_landmark import landmark_figure
from carstats.report.figures_person_time import trial_incidence_figure
from carstats.report.figures_pooled import leave_one_out_figure, pooled_figure
from carstats.report.figures_response import plot_response, response_figure
from carstats.report.figures_signals import signals_figure
from carstats.report.figures_survival import plot_risk_table, plot_survival, survival_figure
from carstats.report.figures_swimmer import plot_swimmer, swimmer_figure
from carstats.report.figures_timeline import timeline_figure
from carstats.report.figures_toxicity import plot_toxicity, toxicity_figure
from carstats.report.figures_trajectory import plot_trajectory, trajectory_figure
from carstats.report.figures_trials import plot_trials, trials_figure
from carstats.report.figures_windows import windows_figure

__all__ = [
    "attrition_figure",
    "benchmark_figure",
    "categories_figure",
    "competing_figure",
    "differences_figure",
    "evidence_map_figure",
    "heatmap_figure",
    "incidence_figure",
    "interval_figure",
    "landmark_figure",
    "leave_one_out_figure",
    "overlap_figure",
    "plot_attrition",
    "plot_categories",
    "plot_competing",
    "plot_heatmap",
    "plot_incidence",
    "plot_interval",
    "plot_response",
    "plot_risk_table",
    "plot_survival",
    "plot_swimmer",
    "plot_toxicity",
    "plot_trajectory",
    "plot_trials",
    "pooled_figure",
    "response_figure",
    "signals_figure",
    "spider_figure",
    "survival_figure",
    "swimmer_figure",
    "timeline_figure",
    "toxicity_figure",
    "trajectory_figure",
    "trial_incidence_figure",
    "trials_figure",
    "visit_box_figure",
    "waterfall_figure",
    "windows_figure",
]
