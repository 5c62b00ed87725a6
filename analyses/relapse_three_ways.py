"""Relapse seen three ways: Kaplan–Meier, cumulative incidence, and by the intervals of visits."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import views_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw the curves of the infused subjects by target."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    views = {
        "curve": cs.survival_curve(cohort, "relapse_free_survival", by="target"),
        "incidence": cs.cumulative_incidence(cohort, "relapse", by="target"),
        "interval": cs.interval_censored_curve(cohort, "relapse_free_survival", by="target"),
    }
    save_figure(views_figure(*views.values()), views, out, "relapse_three_ways")


if __name__ == "__main__":
    run(main)
