"""SLEDAI-2K: mean change from baseline by visit and target, by a mixed model."""

import carstats as cs
from carstats.report.figures.response.scores import score_change_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import main_cohort, run


def main(study, out):
    """Draw the changes of the infused subjects who have the score."""
    present = study.table("assessments")["measure"].value_counts().index
    measure = "SLEDAI-2K" if "SLEDAI-2K" in present else present[0]
    cohort = main_cohort(study)
    seen = cohort.table("assessments").query("measure == @measure")["subject_id"]
    diseases = cohort.subjects.loc[cohort.subjects["subject_id"].isin(seen), "disease"].unique()
    chosen = cs.define_cohort(study, *cohort.criteria, cs.with_disease(*diseases))
    change = cs.score_change(chosen, measure, by="target", method="MMRM")
    save_figure(score_change_figure(change), change, out, "score_change")


if __name__ == "__main__":
    run(main)
