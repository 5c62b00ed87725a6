"""Table 1: baseline characteristics of the infused subjects, by target."""

import carstats as cs
from carstats.messages import message
from carstats.report.pages.save import save_table
from carstats.report.tables import tabulate_baseline
from carstats.run.reproduce import run


def main(study, out):
    """Print Table 1."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    everyone = cs.baseline_table(cohort)
    by_target = cs.baseline_table(cohort, by="target")
    table = tabulate_baseline(by_target, everyone)
    save_table(table, {"all": everyone, "by target": by_target}, out, "baseline")


if __name__ == "__main__":
    run(main)
