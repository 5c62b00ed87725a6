"""SLEDAI-2K by visit and target, as boxes with every subject as a point."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures.course.course import visit_box_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw the boxes of the infused subjects who have the score."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    course = cs.score_course(cohort, "SLEDAI-2K", by="target")
    save_figure(visit_box_figure(course), course, out, "sledai_by_visit")


if __name__ == "__main__":
    run(main)
