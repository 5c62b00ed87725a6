"""Flow of subjects: whom each criterion of the main cohort leaves out, and who remains."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import attrition_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw the flow from all subjects to those who can be asked about week 24."""
    cohort = cs.define_cohort(
        study,
        cs.infused(),
        cs.potential_followup(days=196),
        label=message("infused, potential follow-up of at least {days} days", days=196),
    )
    flow, by_disease = cohort.flow(from_enrolment=True), cohort.flow(by="disease")
    figure = attrition_figure(flow, by_disease)
    save_figure(figure, {"all": flow, "by disease": by_disease}, out, "attrition")


if __name__ == "__main__":
    run(main)
