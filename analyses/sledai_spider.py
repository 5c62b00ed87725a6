"""SLEDAI-2K over time, by target: each subject as a line."""

import carstats as cs
from carstats.report.figures import spider_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import main_cohort, run


def main(study, out):
    """Draw the lines of the infused subjects who have the score."""
    present = study.table("assessments")["measure"].value_counts().index
    measure = "SLEDAI-2K" if "SLEDAI-2K" in present else present[0]
    course = cs.score_course(main_cohort(study), measure, by="target")
    save_figure(spider_figure(course), course, out, "sledai_spider")


if __name__ == "__main__":
    run(main)
