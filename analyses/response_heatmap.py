"""Remission at week 24 as a heat map of disease and target, with the counts of each cell."""

import carstats as cs
from carstats.report.figures.response.heatmap import heatmap_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import main_cohort, response_endpoint, response_visit, run


def main(study, out):
    """Draw the rates of those whose data cut-off lies 28 days or more after the visit."""
    endpoint = response_endpoint(study, "remission")
    at = response_visit(study, endpoint, 168)
    cohort = main_cohort(study, followup=at + 28)
    rates = cs.response_rate(cohort, endpoint, at=at, by=["disease", "target"])
    save_figure(heatmap_figure(rates), rates, out, "response_heatmap")


if __name__ == "__main__":
    run(main)
