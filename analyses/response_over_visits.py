"""Response, remission and drug-free remission over the visits, by target."""

import carstats as cs
from carstats.report.figures.response.categories import categories_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import main_cohort, response_endpoint, run

BEST_FIRST = ("drug_free_remission", "remission", "response")


def main(study, out):
    """Draw each infused subject once a visit, by the best endpoint met."""
    cohort = main_cohort(study)
    known = study.endpoints("response")
    endpoints = [name for name in BEST_FIRST if name in known]
    endpoints = endpoints or [response_endpoint(study, BEST_FIRST[0])]
    counts = cs.response_categories(cohort, endpoints, at=[84, 168, 252, 364], by="target")
    save_figure(categories_figure(counts), counts, out, "response_over_visits")


if __name__ == "__main__":
    run(main)
