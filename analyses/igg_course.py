"""Serum IgG over time by target, values under immunoglobulin left out."""

import carstats as cs
from carstats.report.figures import trajectory_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import main_cohort, run


def main(study, out):
    """Draw the medians at the visits."""
    cohort = main_cohort(study)
    course = cs.measure_trajectory(cohort, "IgG", below=4, by="target")
    save_figure(trajectory_figure(course, limit=4), course, out, "igg_course")


if __name__ == "__main__":
    run(main)
