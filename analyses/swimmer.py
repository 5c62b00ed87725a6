"""The course of each subject with lupus: response, drug-free, relapse, re-infusion, death."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import swimmer_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw the infused subjects of one disease; a page has room for 100."""
    label = message("infused, {names}", names="SLE")
    cohort = cs.define_cohort(study, cs.infused(), cs.with_disease("SLE"), label=label)
    courses = cs.subject_timelines(cohort, by="target")
    save_figure(swimmer_figure(courses), courses, out, "swimmer")


if __name__ == "__main__":
    run(main)
