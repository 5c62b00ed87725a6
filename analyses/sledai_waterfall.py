"""SLEDAI-2K at week 24: the change of each subject with lupus, by target."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import waterfall_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw the waterfall of the infused subjects with lupus."""
    label = message("infused, {names}", names="SLE")
    cohort = cs.define_cohort(study, cs.infused(), cs.with_disease("SLE"), label=label)
    course = cs.score_course(cohort, "SLEDAI-2K", by="target")
    save_figure(waterfall_figure(course, at=168), course, out, "sledai_waterfall")


if __name__ == "__main__":
    run(main)
