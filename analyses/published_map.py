"""Evidence map: how many subjects of each disease were treated against each target."""

import carstats as cs
from carstats.report.figures import evidence_map_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(out):
    """Draw the map; it takes no study."""
    counted = cs.evidence_map(cs.published_trials())
    save_figure(evidence_map_figure(counted), counted, out, "published_map")


if __name__ == "__main__":
    run(main)
