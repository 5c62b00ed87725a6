"""Remission in published trials as a table: what each reports, its follow-up and source."""

import carstats as cs
from carstats.report.pages.save import save_table
from carstats.report.tables import tabulate_evidence
from carstats.run.reproduce import run


def main(out):
    """Print what the trials report; it takes no study."""
    trials = cs.published_trials()
    rates = cs.trial_rate(trials, "response", endpoint_class="remission")
    pooled = cs.pooled_rate(trials, "response", endpoint_class="remission")
    table = tabulate_evidence(rates, pooled=pooled, trials=trials)
    save_table(table, {"trials": rates, "pooled": pooled}, out, "evidence_table")


if __name__ == "__main__":
    run(main)
