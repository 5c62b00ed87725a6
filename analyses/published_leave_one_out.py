"""Pooled DORIS remission in published trials of lupus, without each cohort in turn."""

import carstats as cs
from carstats.report.figures import leave_one_out_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run
from carstats.words import tr


def main(out):
    """Draw what the pooled rate rests on; it takes no study."""
    trials = cs.published_trials()
    asked = trials["endpoint"].str.contains("DORIS", na=False) | (trials["outcome"] != "response")
    lupus = trials[(trials["disease"] == "SLE") & asked]
    rates = cs.leave_one_out(lupus, "response", endpoint_class="remission")
    heading = tr("DORIS remission in published trials of lupus, without one cohort in turn")
    figure = leave_one_out_figure(rates, heading=heading)
    save_figure(figure, rates, out, "published_leave_one_out")


if __name__ == "__main__":
    run(main)
