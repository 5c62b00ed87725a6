"""Relapse-free survival by target: Kaplan–Meier curves with the numbers at risk."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import survival_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw the curves of the infused subjects."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    endpoint = "relapse_free_survival"
    curves = cs.survival_curve(cohort, endpoint, by="target")
    medians = cs.survival_quantile(cohort, endpoint, by="target")
    test = cs.logrank_test(cohort, endpoint, by="target")
    figure = survival_figure(curves, medians=medians, test=test, width=180)
    results = {"curves": curves, "medians": medians, "test": test}
    save_figure(figure, results, out, "relapse_free_by_target")


if __name__ == "__main__":
    run(main)
