"""Toxicity by worst grade: the ten most frequent terms of the infused subjects."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import toxicity_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw the worst grades."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    subjects = cohort.table("toxicities").groupby("term")["subject_id"].nunique()
    grades = cs.toxicity_grades(cohort, subjects.nlargest(10).index)
    save_figure(toxicity_figure(grades), grades, out, "toxicity_by_grade")


if __name__ == "__main__":
    run(main)
