"""SLEDAI-2K by visit and target, as boxes with every subject as a point."""

import carstats as cs
from carstats.report.figures import visit_box_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import main_cohort, run


def main(study, out):
    """Draw the boxes of the infused subjects who have the score."""
    present = study.table("assessments")["measure"].value_counts().index
    measure = "SLEDAI-2K" if "SLEDAI-2K" in present else present[0]
    course = cs.score_course(main_cohort(study), measure, by="target")
    save_figure(visit_box_figure(course), course, out, "sledai_by_visit")


if __name__ == "__main__":
    run(main)
