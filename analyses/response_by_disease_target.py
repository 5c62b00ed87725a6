"""Drug-free remission at week 24 by disease and target, missing counted as failure."""

import carstats as cs
from carstats.report.figures import response_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import main_cohort, response_endpoint, response_visit, run


def main(study, out):
    """Draw the forest of those whose data cut-off lies 28 days or more after the visit."""
    endpoint = response_endpoint(study, "drug_free_remission")
    at = response_visit(study, endpoint, 168)
    cohort = main_cohort(study, followup=at + 28)
    rates = cs.response_rate(cohort, endpoint, at=at, by=["disease", "target"])
    save_figure(response_figure(rates), rates, out, "response_by_disease_target")


if __name__ == "__main__":
    run(main)
