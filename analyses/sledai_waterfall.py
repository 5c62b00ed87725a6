"""SLEDAI-2K at week 24: the change of each subject with lupus, by target."""

import carstats as cs
from carstats.report.figures import waterfall_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import main_cohort, run


def main(study, out):
    """Draw the waterfall of the infused subjects who have the score."""
    present = study.table("assessments")["measure"].value_counts().index
    measure = "SLEDAI-2K" if "SLEDAI-2K" in present else present[0]
    course = cs.score_course(main_cohort(study), measure, by="target")
    visits = course.frame.loc[course.frame["visit"] > 0, "visit"]
    at = 168 if (visits == 168).any() else visits.mode().iloc[0]
    save_figure(waterfall_figure(course, at=at), course, out, "sledai_waterfall")


if __name__ == "__main__":
    run(main)
