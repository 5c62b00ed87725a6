"""Known to be free of relapse at months six, twelve and 24, of those who could be, by target."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import landmark_figure
from carstats.report.pages.save import save_figure
from carstats.run.reproduce import run

LANDMARKS = {"month 6": 183, "month 12": 365, "month 24": 730}


def main(study, out):
    """Draw the forest of the infused subjects."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    endpoint = "relapse_free_survival"
    rates = {
        name: cs.landmark_rate(cohort, endpoint, at=day, by="target")
        for name, day in LANDMARKS.items()
    }
    save_figure(landmark_figure(list(rates.values())), rates, out, "landmark_forest")


if __name__ == "__main__":
    run(main)
