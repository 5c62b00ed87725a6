"""Adverse events by system and term: any, grade 3 or worse, serious, by target."""

import carstats as cs
from carstats.messages import message
from carstats.report.pages.save import save_table
from carstats.report.tables import tabulate_toxicities
from carstats.run.reproduce import run


def main(study, out):
    """Print the table of the infused subjects."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    counts = cs.toxicity_table(cohort, by="target")
    save_table(tabulate_toxicities(counts), counts, out, "toxicity_by_system")


if __name__ == "__main__":
    run(main)
