"""Time the survival estimators beside R and lifelines on the same data, in one run.

python benchmarks/survival.py [--write] [--quick]
"""

import argparse
import os
import platform
import shutil
import subprocess
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd

from carstats.estimators.curves.aalen_johansen import aalen_johansen
from carstats.estimators.curves.kaplan_meier import kaplan_meier, survival_probability
from carstats.estimators.curves.quantile import event_time
from carstats.estimators.curves.resampling import resample_counts
from carstats.estimators.curves.risk_table import risk_table
from carstats.estimators.curves.rmst import area_under
from carstats.estimators.regression.fine_gray import fine_gray
from carstats.estimators.tests.exact_logrank import permutation_logrank
from carstats.estimators.tests.logrank import weighted_logrank

RESULTS = Path(__file__).parent / "results_survival.md"
REPLICATES = 10_000
HORIZON = 365.0
# A loop in lifelines is timed over so many replicates, and the time multiplied.
LOOPED = 300

R_BOOTSTRAP = """
d <- read.csv("data.csv"); n <- nrow(d); set.seed(1)
run <- function(times) for (i in seq_len(times)) {
  rows <- sample.int(n, n, TRUE)
  fit <- survfit(Surv(time, status) ~ 1, data = d[rows, ], conf.type = "none")
  summary(fit, rmean = 365)$table[c("median", "rmean")]
}
run(50); cat(system.time(run(10000))[["elapsed"]])
"""
R_PERMUTATION = """
d <- read.csv("data.csv"); d$group <- factor(d$group); d$strata <- factor(d$strata)
run <- function() logrank_test(Surv(time, status) ~ group | strata, data = d,
                               distribution = approximate(nresample = 10000))
run(); times <- replicate(9, system.time(pvalue(run()))[["elapsed"]]); cat(median(times))
"""
R_CRR = """
d <- read.csv("data.csv")
x <- as.matrix(d[, c("x1", "x2")])
cat(system.time(crr(d$time, d$status, x))[["elapsed"]])
"""


def seconds(run, rounds=9):
    """Return the median wall time of a call; the first is not counted."""
    run()
    taken = []
    for _ in range(rounds):
        begun = time.perf_counter()
        run()
        taken.append(time.perf_counter() - begun)
    return float(np.median(taken))


def by_r(packages, script, data):
    """Return the seconds that an R script prints; None without Rscript or a package."""
    if shutil.which("Rscript") is None:
        return None
    loads = "".join(f"suppressMessages(library({package}));" for package in packages)
    with tempfile.TemporaryDirectory() as folder:
        data.to_csv(Path(folder) / "data.csv", index=False)
        done = subprocess.run(
            ["Rscript", "--vanilla", "-e", loads + script],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
    return float(done.stdout.split()[-1]) if done.returncode == 0 else None


def followed(rng, n):
    """Return whole days and codes of n subjects: 0 censored, 1 the event, 2 a competing one."""
    times = np.ceil(rng.exponential(400, n))
    return times, rng.choice(3, size=n, p=[0.4, 0.4, 0.2])


def bootstrap(rng):
    """Yield the rows of the bootstrap."""
    times, codes = followed(rng, 100)
    status = (codes == 1).astype(int)

    def ours():
        for counts in resample_counts(100, REPLICATES, np.random.default_rng(1)):
            table = risk_table(times, status, weights=counts)
            curves = survival_probability(table)
            event_time(table, curves)
            area_under(table, curves, HORIZON)

    def lifelines():
        from lifelines import KaplanMeierFitter
        from lifelines.utils import restricted_mean_survival_time

        draw = np.random.default_rng(1)
        for _ in range(LOOPED):
            rows = draw.integers(0, 100, 100)
            fitter = KaplanMeierFitter().fit(times[rows], status[rows])
            read = fitter.median_survival_time_, restricted_mean_survival_time(fitter, t=HORIZON)
        return read

    own = seconds(ours)
    what = f"{REPLICATES:,} bootstrap replicates, n = 100: curve, median, restricted mean"
    theirs = by_r(["survival"], R_BOOTSTRAP, pd.DataFrame({"time": times, "status": status}))
    yield what, own, "R's survfit in a loop", theirs, "at least 100"
    other = seconds(lifelines, rounds=1) * REPLICATES / LOOPED
    yield "the same", own, f"lifelines in a loop (from {LOOPED})", other, "at least 100"


def permutation(rng):
    """Yield the row of the permutation test."""
    times, codes = followed(rng, 60)
    data = pd.DataFrame({"time": times, "status": (codes == 1).astype(int)})
    data["group"], data["strata"] = np.arange(60) % 2, np.arange(60) // 20

    def ours():
        permutation_logrank(
            data["time"], data["status"], data["group"], strata=data["strata"],
            method="resampling", n_resamples=REPLICATES,
        )  # fmt: skip

    theirs = by_r(["survival", "coin"], R_PERMUTATION, data)
    what = f"{REPLICATES:,} permutations of the stratified log-rank test, n = 60"
    yield what, seconds(ours), "coin::logrank_test", theirs, "at least 1"


def million(rng):
    """Yield the rows of a million subjects, against sorting them."""
    n = 1_000_000
    days, codes = followed(rng, n)
    group, status = rng.integers(0, 2, n), (codes == 1).astype(int)
    for kind, times in (("whole days", days), ("all distinct", days - rng.random(n))):

        def in_order(times=times):
            # What every estimator that goes through subjects needs first.
            order = np.argsort(times)
            return times[order], codes[order]

        runs = {
            "curve, log-log limits": lambda times=times: kaplan_meier(
                risk_table(times, status), conf_type="log-log"
            ),
            "Aalen–Johansen, log-log limits": lambda times=times: aalen_johansen(
                risk_table(times, codes, n_causes=2), conf_type="log-log"
            ),
            "log-rank": lambda times=times: weighted_logrank(times, status, group),
        }
        for name, run in runs.items():
            # In turn, so that both meet the same load of the machine.
            pairs = [(seconds(run, 1), seconds(in_order, 1)) for _ in range(5)]
            own, sort = np.median(pairs, axis=0)
            what = f"a million subjects, {kind}: {name}"
            yield what, own, "sorting them (argsort, two columns taken)", sort, "at least 0.5"
        sort = seconds(lambda times=times: np.sort(times), 5)
        yield f"(np.sort of a million bare times, {kind})", sort, "–", None, "–"


def sizes(rng):
    """Yield the number of subjects, the estimator and its seconds, from a hundred to a million."""
    for n in (100, 1_000, 10_000, 100_000, 1_000_000):
        times, codes = followed(rng, n)
        status, rounds = (codes == 1).astype(int), 25 if n < 100_000 else 5

        def curve(times=times, status=status):
            kaplan_meier(risk_table(times, status), conf_type="log-log")

        def incidence(times=times, codes=codes):
            aalen_johansen(risk_table(times, codes, n_causes=2), conf_type="log-log")

        yield n, "Kaplan–Meier", seconds(curve, rounds)
        yield n, "Aalen–Johansen", seconds(incidence, rounds)


def subdistribution(rng, n=10_000):
    """Yield the row of Fine and Gray's regression."""
    x = np.column_stack([rng.normal(size=n), rng.integers(0, 2, n)])
    times = np.ceil(rng.exponential(400 * np.exp(-0.3 * x[:, 0])))
    codes = rng.choice(3, size=n, p=[0.4, 0.4, 0.2])
    data = pd.DataFrame({"time": times, "status": codes, "x1": x[:, 0], "x2": x[:, 1]})
    theirs = by_r(["cmprsk"], R_CRR, data)
    own = seconds(lambda: fine_gray(times, codes, x), 5)
    yield f"Fine–Gray, n = {n:,}, two covariates", own, "cmprsk::crr", theirs, "at least 100"


def line(what, own, against, other, limit):
    """Write a row of the table."""
    beside = "" if other is None else f"{other:.4f}"
    ratio = "" if other is None else f"{other / own:.2f}" if other < own else f"{other / own:.1f}"
    return f"| {what} | {own:.4f} | {against} | {beside} | {ratio} | {limit} |"


def main():
    """Print the table as it grows; keep it on request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help=f"keep the table in {RESULTS.name}")
    parser.add_argument("--quick", action="store_true", help="Fine–Gray with 1,000 subjects")
    options = parser.parse_args()
    head = [
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores; numpy {version('numpy')}, lifelines {version('lifelines')}.",
        "Seconds of wall time, medians. The ratio is how many times longer the other takes.",
        "",
        "| what | carstats | against | other | ratio | wanted |",
        "|---|--:|---|--:|--:|--:|",
    ]
    print(*head, sep="\n", flush=True)
    rng = np.random.default_rng(20240603)
    table = []
    parts = (bootstrap(rng), permutation(rng), million(rng))
    for part in (*parts, subdistribution(rng, 1_000 if options.quick else 10_000)):
        for row in part:
            table.append(line(*row))
            print(table[-1], flush=True)
    if options.write:
        text = "\n".join(["# What was measured: survival", "", *head, *table, ""])
        RESULTS.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
