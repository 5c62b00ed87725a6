"""Transgene of the engineered cells over time, by platform: profiles and their parameters."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import profiles_figure
from carstats.report.pages.save import save_figure, save_table
from carstats.report.tables import tabulate_kinetics
from carstats.run.reproduce import run


def main(study, out):
    """Draw the profiles of the infused subjects, and print the parameters."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    profiles = cs.kinetic_profiles(cohort, by="platform")
    save_figure(profiles_figure(profiles), profiles, out, "cellular_kinetics")
    parameters = cs.cellular_kinetics(cohort, by="platform")
    save_table(tabulate_kinetics(parameters), parameters, out, "cellular_kinetics_table")


if __name__ == "__main__":
    run(main)
