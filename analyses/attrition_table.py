"""Flow of subjects as a table: whom each criterion of the main cohort leaves out, by disease."""

import carstats as cs
from carstats.messages import message
from carstats.report.pages.save import save_table
from carstats.report.tables import tabulate_attrition
from carstats.run.reproduce import run


def main(study, out):
    """Print the flow from all subjects to those who can be asked about week 24."""
    cohort = cs.define_cohort(
        study,
        cs.infused(),
        cs.potential_followup(days=196),
        label=message("infused, potential follow-up of at least {days} days", days=196),
    )
    flow = cohort.flow(by="disease")
    save_table(tabulate_attrition(flow), flow, out, "attrition_table")


if __name__ == "__main__":
    run(main)
