"""How long B cells are gone, by target: each subject, the curve, and which ones return."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import aplasia_figure
from carstats.report.pages.save import save_figure, save_table
from carstats.report.tables import tabulate_depletion
from carstats.run.reproduce import run


def main(study, out):
    """Draw the spans of the infused subjects, and print depth and duration."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    spans = cs.b_cell_aplasia(cohort, by="target")
    save_figure(aplasia_figure(spans), spans, out, "aplasia")
    depletion = cs.b_cell_depletion(cohort, by="target")
    save_table(tabulate_depletion(depletion), depletion, out, "aplasia_table")


if __name__ == "__main__":
    run(main)
