"""Drug-free remission at week 24 as a table: by disease and target, with the missing."""

import carstats as cs
from carstats.messages import message
from carstats.report.pages.save import save_table
from carstats.report.tables import tabulate_rates
from carstats.run.reproduce import run


def main(study, out):
    """Print the rates of the subjects who could have been followed to the visit's end."""
    endpoint = "drug_free_remission"
    cohort = cs.define_cohort(
        study,
        cs.infused(),
        cs.potential_followup(days=196),
        label=message("infused, potential follow-up of at least {days} days", days=196),
    )
    rates = cs.response_rate(cohort, endpoint, at=168, by=["disease", "target"])
    save_table(tabulate_rates(rates), rates, out, "response_table")


if __name__ == "__main__":
    run(main)
