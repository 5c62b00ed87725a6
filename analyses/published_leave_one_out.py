"""Pooled remission in published trials without each cohort in turn."""

import carstats as cs
from carstats.report.figures import leave_one_out_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(out):
    """Draw what the pooled rate rests on; it takes no study."""
    rates = cs.leave_one_out(cs.published_trials(), "response", endpoint_class="remission")
    save_figure(leave_one_out_figure(rates), rates, out, "published_leave_one_out")


if __name__ == "__main__":
    run(main)
