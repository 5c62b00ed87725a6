"""Remission and response in published trials, by disease and target: real trials, as reported."""

import carstats as cs
from carstats.messages import mark
from carstats.report.figures import trials_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run
from carstats.words import tr


def main(out):
    """Draw what the trials report; it takes no study."""
    trials = cs.published_trials()
    panels = {
        mark("Remission"): cs.trial_rate(trials, "response", endpoint_class="remission"),
        mark("Response"): cs.trial_rate(trials, "response", endpoint_class="response"),
    }
    figure = trials_figure(panels, heading=tr("Remission and response in published trials"))
    save_figure(figure, panels, out, "published_response")


if __name__ == "__main__":
    run(main)
