"""The taper of glucocorticoids by target: each subject, the median, who is off, how much it was."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import incidence_figure, taper_figure
from carstats.report.pages.save import save_figure, save_table
from carstats.report.tables import tabulate_doses
from carstats.run.reproduce import run


def main(study, out):
    """Draw the taper of the infused and the time to off, and print the cumulative doses."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    taper = cs.glucocorticoid_profiles(cohort, by="target")
    save_figure(taper_figure(taper), taper, out, "glucocorticoid_taper")
    off = cs.time_to_taper(cohort, "glucocorticoid", by="target")
    save_figure(incidence_figure(off), off, out, "glucocorticoid_off")
    doses = cs.cumulative_dose(cohort, by="target")
    save_table(tabulate_doses(doses), doses, out, "cumulative_dose_table")


if __name__ == "__main__":
    run(main)
