"""Toxicity rates by target, with their differences from the first target."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import differences_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw the rates and differences of the eight most frequent terms."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    subjects = cohort.table("toxicities").groupby("term")["subject_id"].nunique()
    terms = subjects.nlargest(8).index
    differences = cs.toxicity_difference(cohort, terms, by="target")
    save_figure(differences_figure(differences), differences, out, "toxicity_differences")


if __name__ == "__main__":
    run(main)
