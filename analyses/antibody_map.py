"""Antibodies of lupus before the infusion and at week 24, a row for each subject, by target."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import antibody_map_figure
from carstats.report.pages.save import save_figure, save_table
from carstats.report.tables import tabulate_antibodies
from carstats.run.reproduce import run

ABOVE = {"anti-dsDNA": 15, "ANA": 80, "anti-Sm": 1, "anti-RNP": 1, "anti-SSA": 1, "anti-SSB": 1}
PROTECTIVE = {"vaccine_tetanus": 0.1, "vaccine_measles": 200, "vaccine_HBs": 10}


def main(study, out):
    """Draw the map of lupus, and print the panel with the change of titres."""
    label = message(
        "infused, {names}, potential follow-up of at least {days} days", names="SLE", days=196
    )
    criteria = cs.infused(), cs.with_disease("SLE"), cs.potential_followup(days=196)
    cohort = cs.define_cohort(study, *criteria, label=label)
    shown = cs.antibody_map(cohort, ABOVE, protective=PROTECTIVE, by="target")
    save_figure(antibody_map_figure(shown), shown, out, "antibody_map")
    panel = cs.antibody_panel(cohort, ABOVE, by="target")
    kept = cs.protection_kept(cohort, PROTECTIVE, by="target")
    change = cs.titre_change(cohort, [*ABOVE, *PROTECTIVE], by="target")
    table = tabulate_antibodies(panel, change=change, kept=kept)
    save_table(table, panel, out, "antibody_panel_table")


if __name__ == "__main__":
    run(main)
