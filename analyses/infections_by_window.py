"""Infections by window of onset and target, among those still followed at its start."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import windows_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw the rates in each window."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    rates = cs.toxicity_rate(cohort, "infection", window="standard", by="target")
    save_figure(windows_figure(rates), rates, out, "infections_by_window")


if __name__ == "__main__":
    run(main)
