"""SLEDAI-2K at week 24: the change of each subject with lupus, by target."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures.course.course import waterfall_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw the waterfall of the infused subjects who have the score."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    course = cs.score_course(cohort, "SLEDAI-2K", by="target")
    save_figure(waterfall_figure(course, at=168), course, out, "sledai_waterfall")


if __name__ == "__main__":
    run(main)
