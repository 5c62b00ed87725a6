"""Drug-free remission at week 24 by disease and target, missing counted as failure."""

import carstats as cs
from carstats.report.figures import response_figure
from carstats.report.save import save_figure
from carstats.reproduce import main_cohort, response_endpoint, run


def main(study, out):
    """Draw the forest of those whose data cut-off lies after the visit's window."""
    cohort = main_cohort(study, followup=196)
    endpoint = response_endpoint(study, "drug_free_remission")
    rates = cs.response_rate(cohort, endpoint, at=168, by=["disease", "target"])
    save_figure(response_figure(rates), rates, out, "response_by_disease_target")


if __name__ == "__main__":
    run(main)
