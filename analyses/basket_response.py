"""Drug-free remission at week 24 by disease, each disease borrowing from the others."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures.response.basket import basket_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw raw and shrunken rates of those whose data cut-off lies after the visit's window."""
    cohort = cs.define_cohort(
        study,
        cs.infused(),
        cs.potential_followup(days=196),
        label=message("infused, potential follow-up of at least {days} days", days=196),
    )
    endpoint = "drug_free_remission"
    rates = cs.basket_response(cohort, endpoint, at=168, by="disease")
    save_figure(basket_figure(rates), rates, out, "basket_response")


if __name__ == "__main__":
    run(main)
