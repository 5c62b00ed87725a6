"""Episodes of CRS, ICANS, LICATS and infection from onset to resolution, subjects numbered."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import timeline_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw the first hundred days."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    terms = ["CRS", "ICANS", "LICATS", "infection"]
    episodes = cs.toxicity_listing(cohort, terms, by="target")
    save_figure(timeline_figure(episodes, until=100), episodes, out, "toxicity_timeline")


if __name__ == "__main__":
    run(main)
