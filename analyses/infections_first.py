"""First infection: cumulative incidence by target, death and re-infusion competing."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import incidence_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw the cumulative incidences."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    curves = cs.toxicity_incidence(cohort, "infection", by="target")
    save_figure(incidence_figure(curves), curves, out, "infections_first")


if __name__ == "__main__":
    run(main)
