"""Remission and response in published trials, pooled, with what a new trial may find."""

import carstats as cs
from carstats.report.figures import pooled_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run
from carstats.words import tr


def main(out):
    """Draw the trials and what they say together; it takes no study."""
    trials = cs.published_trials()
    panels = {}
    for name in ("remission", "response"):
        rates = cs.trial_rate(trials, "response", endpoint_class=name)
        pooled = cs.pooled_rate(trials, "response", endpoint_class=name)
        panels[name.capitalize()] = (rates, pooled)
    figure = pooled_figure(panels, heading=tr("Remission and response in published trials, pooled"))
    drawn = {f"{name}, {kind}": result for name, pair in panels.items()
             for kind, result in zip(("trials", "pooled"), pair, strict=True)}  # fmt: skip
    save_figure(figure, drawn, out, "published_pooled")


if __name__ == "__main__":
    run(main)
