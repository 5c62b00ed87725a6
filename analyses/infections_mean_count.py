"""Recurrent infections: the mean number of episodes over time, by target."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import incidence_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw the mean cumulative counts."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    counts = cs.mean_cumulative_count(cohort, "infection", by="target")
    save_figure(incidence_figure(counts), counts, out, "infections_mean_count")


if __name__ == "__main__":
    run(main)
