"""Relapse-free survival as a table: follow-up, medians, one and two years, hazard ratios."""

import carstats as cs
from carstats.messages import message
from carstats.report.pages.save import save_table
from carstats.report.tables import tabulate_times
from carstats.run.reproduce import run


def main(study, out):
    """Print the summary of the infused subjects by target."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    endpoint = "relapse_free_survival"
    results = {
        "quantiles": cs.survival_quantile(cohort, endpoint, by="target"),
        "at": cs.survival_at(cohort, endpoint, at=[365, 730], by="target"),
        "followup": cs.followup_time(cohort, endpoint, by="target"),
    }
    if cohort.subjects["target"].nunique() > 1:
        results["test"] = cs.logrank_test(cohort, endpoint, by="target")
        results["ratios"] = cs.cox_regression(cohort, endpoint, "target")
    save_table(tabulate_times(**results), results, out, "time_to_event_table")


if __name__ == "__main__":
    run(main)
