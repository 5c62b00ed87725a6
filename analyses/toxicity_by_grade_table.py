"""Toxicity by worst grade as a table: every term of the infused subjects, by target."""

import carstats as cs
from carstats.report.pages.save import save_table
from carstats.report.tables import tabulate_grades
from carstats.run.reproduce import main_cohort, run


def main(study, out):
    """Print the worst grades."""
    grades = cs.toxicity_grades(main_cohort(study), by="target")
    save_table(tabulate_grades(grades), grades, out, "toxicity_by_grade_table")


if __name__ == "__main__":
    run(main)
