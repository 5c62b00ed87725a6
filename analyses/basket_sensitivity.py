"""How the diseases' rates of drug-free remission depend on what they borrow."""

import carstats as cs
from carstats.report.figures.response.basket import basket_sensitivity_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import main_cohort, response_endpoint, run


def main(study, out):
    """Draw the estimates against the standard deviation between diseases."""
    cohort = main_cohort(study, followup=196)
    endpoint = response_endpoint(study, "drug_free_remission")
    rates = cs.basket_sensitivity(cohort, endpoint, at=168, by="disease")
    save_figure(basket_sensitivity_figure(rates), rates, out, "basket_sensitivity")


if __name__ == "__main__":
    run(main)
