"""B cells over time by target: depletion and return."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import trajectory_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run


def main(study, out):
    """Draw the medians at the visits."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    course = cs.measure_trajectory(cohort, "B_cells", below=10, by="target")
    figure = trajectory_figure(course, scale="log", limit=10)
    save_figure(figure, course, out, "b_cell_course")


if __name__ == "__main__":
    run(main)
