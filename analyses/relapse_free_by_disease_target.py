"""Relapse-free survival by disease and target: Kaplan–Meier curves with the numbers at risk."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import survival_panels_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw the curves of the infused subjects."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    endpoint = "relapse_free_survival"
    curves = cs.survival_curve(cohort, endpoint, by=["disease", "target"])
    figure = survival_panels_figure(curves)
    save_figure(figure, curves, out, "relapse_free_by_disease_target")


if __name__ == "__main__":
    run(main)
