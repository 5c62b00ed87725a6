"""Toxicity by worst grade as a table: every term of the infused subjects, by target."""

import carstats as cs
from carstats.messages import message
from carstats.report.pages.save import save_table
from carstats.report.tables import tabulate_grades
from carstats.run.reproduce import run


def main(study, out):
    """Print the worst grades."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    grades = cs.toxicity_grades(cohort, by="target")
    save_table(tabulate_grades(grades), grades, out, "toxicity_by_grade_table")


if __name__ == "__main__":
    run(main)
