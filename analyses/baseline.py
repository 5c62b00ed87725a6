"""Table 1: baseline characteristics of the infused subjects, by target."""

import carstats as cs
from carstats.report.save import save_table
from carstats.report.tables import baseline_html
from carstats.reproduce import main_cohort, run


def main(study, out):
    """Print Table 1."""
    cohort = main_cohort(study)
    table = cs.baseline_table(cohort, by="target")
    save_table(baseline_html(table), table, out, "baseline")


if __name__ == "__main__":
    run(main)
