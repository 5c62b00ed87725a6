"""Relapses per subject-year in published trials beside flare rates of treated lupus."""

import carstats as cs
from carstats.evidence.person_time import FLARE_RATES
from carstats.report.figures import trial_incidence_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(out):
    """Draw the approximate rates; it takes no study."""
    trials = cs.published_trials()
    rates = cs.trial_incidence(trials, "relapse")
    pooled = cs.pooled_incidence(trials, "relapse", by="disease")
    figure = trial_incidence_figure(rates, pooled, FLARE_RATES)
    save_figure(figure, {"trials": rates, "by disease": pooled}, out, "published_relapse_rate")


if __name__ == "__main__":
    run(main)
