"""Toxicity by worst grade: the ten most frequent terms of the infused subjects."""

import carstats as cs
from carstats.report.figures import toxicity_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import main_cohort, run


def main(study, out):
    """Draw the worst grades."""
    cohort = main_cohort(study)
    subjects = cohort.table("toxicities").groupby("term")["subject_id"].nunique()
    grades = cs.toxicity_grades(cohort, subjects.nlargest(10).index)
    save_figure(toxicity_figure(grades), grades, out, "toxicity_by_grade")


if __name__ == "__main__":
    run(main)
