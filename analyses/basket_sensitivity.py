"""How the diseases' rates of drug-free remission depend on what they borrow."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures.response.basket import basket_sensitivity_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw the estimates against the standard deviation between diseases."""
    cohort = cs.define_cohort(
        study,
        cs.infused(),
        cs.potential_followup(days=196),
        label=message("infused, potential follow-up of at least {days} days", days=196),
    )
    endpoint = "drug_free_remission"
    rates = cs.basket_sensitivity(cohort, endpoint, at=168, by="disease")
    save_figure(basket_sensitivity_figure(rates), rates, out, "basket_sensitivity")


if __name__ == "__main__":
    run(main)
