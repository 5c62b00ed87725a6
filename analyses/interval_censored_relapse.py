"""Relapse-free survival by target, knowing only the visits between which a relapse lies."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import interval_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw Turnbull's curves of the infused subjects."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    curves = cs.interval_censored_curve(cohort, "relapse_free_survival", by="target")
    save_figure(interval_figure(curves), curves, out, "interval_censored_relapse")


if __name__ == "__main__":
    run(main)
