"""Response, remission and drug-free remission over the visits, by target."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures.response.categories import categories_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw each infused subject once a visit, by the best endpoint met."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    endpoints = ["drug_free_remission", "remission", "response"]  # the best first
    counts = cs.response_categories(cohort, endpoints, at=[84, 168, 252, 364], by="target")
    save_figure(categories_figure(counts), counts, out, "response_over_visits")


if __name__ == "__main__":
    run(main)
