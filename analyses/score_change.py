"""SLEDAI-2K: mean change from baseline by visit and target, by a mixed model."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures.response.scores import score_change_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw the changes of the infused subjects with lupus."""
    label = message("infused, {names}", names="SLE")
    cohort = cs.define_cohort(study, cs.infused(), cs.with_disease("SLE"), label=label)
    change = cs.score_change(cohort, "SLEDAI-2K", by="target", method="MMRM")
    save_figure(score_change_figure(change), change, out, "score_change")


if __name__ == "__main__":
    run(main)
