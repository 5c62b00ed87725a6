"""SLEDAI-2K over time, by target: each subject as a line."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import spider_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw the lines of the infused subjects with lupus."""
    label = message("infused, {names}", names="SLE")
    cohort = cs.define_cohort(study, cs.infused(), cs.with_disease("SLE"), label=label)
    course = cs.score_course(cohort, "SLEDAI-2K", by="target")
    save_figure(spider_figure(course), course, out, "sledai_spider")


if __name__ == "__main__":
    run(main)
