"""Flow of subjects as a table: whom each criterion of the main cohort leaves out, by disease."""

from carstats.report.pages.save import save_table
from carstats.report.tables import tabulate_attrition
from carstats.run.reproduce import main_cohort, run


def main(study, out):
    """Print the flow from all subjects to those who can be asked about week 24."""
    flow = main_cohort(study, followup=196).flow(by="disease")
    save_table(tabulate_attrition(flow), flow, out, "attrition_table")


if __name__ == "__main__":
    run(main)
