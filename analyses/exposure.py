"""Peak of the transgene by the worst grade of CRS: each subject, and the medians."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import exposure_figure
from carstats.report.pages.save import save_figure, save_table
from carstats.report.tables import tabulate_exposure
from carstats.run.reproduce import run


def main(study, out):
    """Draw the peaks of the infused subjects, and print medians and the rank correlation."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    peaks = cs.exposure_listing(cohort, "Cmax", "CRS")
    save_figure(exposure_figure(peaks), peaks, out, "exposure")
    by_grade = cs.exposure_response(cohort, "Cmax", "CRS")
    save_table(tabulate_exposure(by_grade), by_grade, out, "exposure_table")


if __name__ == "__main__":
    run(main)
