"""Remission at week 24 as a heat map of disease and target, with the counts of each cell."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures.response.heatmap import heatmap_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw the rates of those whose data cut-off lies 28 days or more after the visit."""
    endpoint = "remission"
    cohort = cs.define_cohort(
        study,
        cs.infused(),
        cs.potential_followup(days=196),
        label=message("infused, potential follow-up of at least {days} days", days=196),
    )
    rates = cs.response_rate(cohort, endpoint, at=168, by=["disease", "target"])
    save_figure(heatmap_figure(rates), rates, out, "response_heatmap")


if __name__ == "__main__":
    run(main)
