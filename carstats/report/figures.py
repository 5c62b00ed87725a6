"""The figures: each takes results and returns a matplotlib figure, or draws on axes given to it."""

from carstats.report.figures_flow import attrition_figure, plot_attrition
from carstats.report.figures_response import plot_response, response_figure
from carstats.report.figures_survival import plot_risk_table, plot_survival, survival_figure
from carstats.report.figures_toxicity import plot_toxicity, toxicity_figure
from carstats.report.figures_trials import plot_trials, trials_figure

__all__ = [
    "attrition_figure",
    "plot_attrition",
    "plot_response",
    "plot_risk_table",
    "plot_survival",
    "plot_toxicity",
    "plot_trials",
    "response_figure",
    "survival_figure",
    "toxicity_figure",
    "trials_figure",
]
