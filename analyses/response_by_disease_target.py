"""Drug-free remission at week 24 by disease and target, missing counted as failure."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import response_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw the forest of those whose data cut-off lies 28 days or more after the visit."""
    endpoint = "drug_free_remission"
    cohort = cs.define_cohort(
        study,
        cs.infused(),
        cs.potential_followup(days=196),
        label=message("infused, potential follow-up of at least {days} days", days=196),
    )
    rates = cs.response_rate(cohort, endpoint, at=168, by=["disease", "target"])
    save_figure(response_figure(rates), rates, out, "response_by_disease_target")


if __name__ == "__main__":
    run(main)
