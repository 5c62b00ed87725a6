"""Which published reports are nested in which, and which of them a synthesis uses."""

import carstats as cs
from carstats.report.figures import overlap_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(out):
    """Draw the links; it takes no study."""
    pairs = cs.report_overlap(cs.published_trials())
    save_figure(overlap_figure(pairs), pairs, out, "published_overlap")


if __name__ == "__main__":
    run(main)
