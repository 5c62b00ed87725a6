"""Drug-free remission at week 24 as a table: by disease and target, with the missing."""

import carstats as cs
from carstats.report.pages.save import save_table
from carstats.report.tables import tabulate_rates
from carstats.run.reproduce import main_cohort, response_endpoint, response_visit, run


def main(study, out):
    """Print the rates of the subjects who could have been followed to the visit's end."""
    endpoint = response_endpoint(study, "drug_free_remission")
    at = response_visit(study, endpoint, 168)
    cohort = main_cohort(study, followup=at + 28)
    rates = cs.response_rate(cohort, endpoint, at=at, by=["disease", "target"])
    save_table(tabulate_rates(rates), rates, out, "response_table")


if __name__ == "__main__":
    run(main)
