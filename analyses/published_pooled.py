"""DORIS remission and SRI-4 in published trials of lupus, pooled, and what a new trial may find."""

import carstats as cs
from carstats.messages import mark
from carstats.report.figures import pooled_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run
from carstats.words import tr

PANELS = {
    mark("DORIS remission"): ("DORIS", "remission"),
    mark("SRI-4 response"): ("SRI-4", "response"),
}


def main(out):
    """Draw the trials and what they say together, one endpoint at a time; it takes no study."""
    trials = cs.published_trials()
    trials = trials[trials["disease"] == "SLE"]
    panels = {}
    for name, (endpoint, kind) in PANELS.items():
        # Unlike endpoints are not pooled: of the responses only those by this definition.
        asked = trials["endpoint"].str.contains(endpoint, na=False, regex=False)
        table = trials[asked | (trials["outcome"] != "response")]
        rates = cs.trial_rate(table, "response", endpoint_class=kind)
        pooled = cs.pooled_rate(table, "response", endpoint_class=kind)
        panels[name] = (rates, pooled)
    figure = pooled_figure(panels, heading=tr("Response of lupus in published trials, pooled"))
    drawn = {f"{name}, {kind}": result for name, pair in panels.items()
             for kind, result in zip(("trials", "pooled"), pair, strict=True)}  # fmt: skip
    save_figure(figure, drawn, out, "published_pooled")


if __name__ == "__main__":
    run(main)
