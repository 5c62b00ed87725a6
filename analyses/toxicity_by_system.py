"""Adverse events by system and term: any, grade 3 or worse, serious, by target."""

import carstats as cs
from carstats.report.save import save_table
from carstats.report.tables import toxicity_html
from carstats.reproduce import main_cohort, run


def main(study, out):
    """Print the table of the infused subjects."""
    table = cs.toxicity_table(main_cohort(study), by="target")
    save_table(toxicity_html(table), table, out, "toxicity_by_system")


if __name__ == "__main__":
    run(main)
