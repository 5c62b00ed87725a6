"""Serious infections by window and group of organism, per person-time at risk."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import organisms_figure
from carstats.report.pages.save import save_figure, save_table
from carstats.report.tables import tabulate_organisms
from carstats.run.reproduce import run


def main(study, out):
    """Draw the rates of the infused subjects, and print them by target."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    rates = cs.infections_by_organism(cohort)
    save_figure(organisms_figure(rates), rates, out, "infections_by_organism")
    targets = cs.infections_by_organism(cohort, by="target")
    save_table(tabulate_organisms(targets), targets, out, "infections_by_organism_table")


if __name__ == "__main__":
    run(main)
