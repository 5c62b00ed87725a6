"""Severe CRS beside the oncology trials graded on the same scale, by target."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import benchmark_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw the rates, the trials and what one more such trial would have."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    rates = cs.toxicity_benchmark(cohort, "CRS", min_grade=3, by="target")
    save_figure(benchmark_figure(rates), rates, out, "crs_benchmark")


if __name__ == "__main__":
    run(main)
