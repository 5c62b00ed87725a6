"""CRS of published trials in autoimmune disease beside the oncology trials, ASTCT-graded only."""

import carstats as cs
from carstats.report.figures import benchmark_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(out):
    """Draw what the trials report; it takes no study."""
    rates = cs.toxicity_benchmark(cs.published_trials(), "CRS", min_grade=3)
    save_figure(benchmark_figure(rates), rates, out, "published_crs_benchmark")


if __name__ == "__main__":
    run(main)
