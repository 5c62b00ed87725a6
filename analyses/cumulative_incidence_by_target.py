"""Relapse and what competes with it by target: cumulative incidence with the numbers at risk."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import competing_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw the stacked curves of the infused subjects."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    curves = cs.cumulative_incidence(cohort, "relapse", by="target")
    save_figure(competing_figure(curves), curves, out, "cumulative_incidence_by_target")


if __name__ == "__main__":
    run(main)
