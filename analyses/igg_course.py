"""Serum IgG over time by target, values under immunoglobulin left out."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import trajectory_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw the medians at the visits."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    course = cs.measure_trajectory(cohort, "IgG", below=4, by="target")
    save_figure(trajectory_figure(course, limit=4), course, out, "igg_course")


if __name__ == "__main__":
    run(main)
