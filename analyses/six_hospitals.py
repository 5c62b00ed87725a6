"""Six hospitals that share counts and no subjects: what is lost against the subjects together."""

import carstats as cs
from carstats.messages import message
from carstats.report.figures import estimates_figure
from carstats.report.pages.save import save_figure, save_table
from carstats.report.tables import tabulate_sites
from carstats.run.reproduce import run
from carstats.sharing.hospitals import six_hospitals
from carstats.sharing.loss import shared_and_exact
from carstats.sharing.network import network_of
from carstats.sharing.rates import site_rate
from carstats.sharing.shared import shared_content
from carstats.words import tr

ENDPOINTS = ["drug_free_remission", "relapse_free_survival"]


def main(study, out):
    """Share the counts of six hospitals, all and hidden, and estimate from either."""
    cohort = cs.define_cohort(study, cs.infused(), label=message("infused"))
    networks = {}
    for how, least in (("all", 1), ("hidden", 5)):
        files = [
            (name, shared_content(part, site=name, endpoints=ENDPOINTS, min_cell=least))
            for name, part in six_hospitals(cohort).items()
        ]
        networks[how] = network_of(files)
    curve = shared_and_exact(cohort, ENDPOINTS[1], networks, at=(84, 168, 364, 728))
    heading = tr("Relapse-free survival from the counts of six hospitals")
    save_figure(estimates_figure(curve, heading=heading), curve, out, "six_hospitals")
    rates = site_rate(networks["hidden"], ENDPOINTS[0])
    stem = "six_hospitals_table"
    save_table(tabulate_sites(rates), rates, out, stem, script="analyses/six_hospitals.py")


if __name__ == "__main__":
    run(main)
