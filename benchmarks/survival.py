"""The survival estimators beside R and lifelines on the same data."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from benchmarks.timing import Row, by_r, has, once, seconds
from carstats.estimators.curves.aalen_johansen import aalen_johansen
from carstats.estimators.curves.kaplan_meier import kaplan_meier, survival_probability
from carstats.estimators.curves.quantile import event_time
from carstats.estimators.curves.resampling import resample_counts
from carstats.estimators.curves.risk_table import risk_table
from carstats.estimators.curves.rmst import area_under
from carstats.estimators.regression.fine_gray import fine_gray
from carstats.estimators.tests.exact_logrank import permutation_logrank
from carstats.estimators.tests.logrank import weighted_logrank

REPLICATES = 10_000
HORIZON = 365.0
# A loop in another program is timed over so many replicates, and the time multiplied.
LOOPED_LIFELINES, LOOPED_R = 200, 2_000
SIZES = (100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000)
# R is given no more: its Aalen–Johansen of a million takes half a minute.
LARGEST_IN_R = {"Kaplan–Meier": 1_000_000, "Aalen–Johansen": 100_000}

R_BOOTSTRAP = f"""
d <- read.csv("data.csv"); n <- nrow(d); set.seed(1)
run <- function(times) for (i in seq_len(times)) {{
  rows <- sample.int(n, n, TRUE)
  fit <- survfit(Surv(time, status) ~ 1, data = d[rows, ], conf.type = "none")
  summary(fit, rmean = {HORIZON:g})$table[c("median", "rmean")]
}}
run(50); cat(system.time(run({LOOPED_R}))[["elapsed"]])
"""
R_PERMUTATION = f"""
d <- read.csv("data.csv"); d$group <- factor(d$group); d$strata <- factor(d$strata)
run <- function() logrank_test(Surv(time, status) ~ group | strata, data = d,
                               distribution = approximate(nresample = {REPLICATES}))
run(); times <- replicate(9, system.time(pvalue(run()))[["elapsed"]]); cat(median(times))
"""
R_CRR = """
d <- read.csv("data.csv")
x <- as.matrix(d[, c("x1", "x2")])
cat(system.time(crr(d$time, d$status, x))[["elapsed"]])
"""
# Drawn as `followed` draws: a file of a million rows would take longer to read than the curve.
R_SIZES = f"""
set.seed(1)
for (n in c({", ".join(f"{n:d}" for n in SIZES if n <= max(LARGEST_IN_R.values()))})) {{
  time <- ceiling(rexp(n, 1 / 400)); code <- sample(0:2, n, TRUE, c(0.4, 0.4, 0.2))
  seconds <- function(formula) {{
    turns <- max(1, 10000 / n); if (n < 1e5) survfit(formula)
    system.time(for (i in seq_len(turns)) survfit(formula, conf.type = "log-log"))[["elapsed"]] / turns
  }}
  cat(seconds(Surv(time, code == 1) ~ 1), "")
  if (n <= {LARGEST_IN_R["Aalen–Johansen"]}) cat(seconds(Surv(time, factor(code, 0:2)) ~ 1), "")
}}
"""  # noqa: E501 - R


def followed(rng, n):
    """Return whole days and codes of n subjects: 0 censored, 1 the event, 2 a competing one."""
    times = np.ceil(rng.exponential(400, n))
    return times, rng.choice(3, size=n, p=[0.4, 0.4, 0.2])


def bootstrap(rng) -> Iterator[Row]:
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
        for _ in range(LOOPED_LIFELINES):
            rows = draw.integers(0, 100, 100)
            fitter = KaplanMeierFitter().fit(times[rows], status[rows])
            read = fitter.median_survival_time_, restricted_mean_survival_time(fitter, t=HORIZON)
        return read

    own = seconds(ours)
    what = f"{REPLICATES:,} bootstrap curves of 100 subjects, with median and restricted mean"
    looped = by_r(["survival"], R_BOOTSTRAP, pd.DataFrame({"time": times, "status": status}))
    theirs = looped and looped[0] * REPLICATES / LOOPED_R
    yield Row(what, own, "R's survfit in a loop", theirs, aim=0.01)
    theirs = None
    if has("lifelines"):
        lifelines()
        theirs = once(lifelines) * REPLICATES / LOOPED_LIFELINES
    yield Row(what, own, "lifelines in a loop", theirs, aim=0.01)


def permutation(rng) -> Iterator[Row]:
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
    what = f"{REPLICATES:,} permutations of the stratified log-rank test, 60 subjects"
    yield Row(what, seconds(ours), "R's coin::logrank_test", theirs and theirs[0], aim=1)


def subdistribution(rng, n=10_000) -> Iterator[Row]:
    """Yield the row of Fine and Gray's regression."""
    x = np.column_stack([rng.normal(size=n), rng.integers(0, 2, n)])
    times = np.ceil(rng.exponential(400 * np.exp(-0.3 * x[:, 0])))
    codes = rng.choice(3, size=n, p=[0.4, 0.4, 0.2])
    data = pd.DataFrame({"time": times, "status": codes, "x1": x[:, 0], "x2": x[:, 1]})
    theirs = by_r(["cmprsk"], R_CRR, data)
    own = seconds(lambda: fine_gray(times, codes, x), 5)
    what = f"Fine–Gray regression, {n:,} subjects, two covariates"
    yield Row(what, own, "R's cmprsk::crr", theirs and theirs[0], aim=0.01)


def sizes(rng) -> Iterator[Row]:
    """Yield the rows of one curve from a hundred to ten million subjects."""
    theirs = iter(by_r(["survival"], R_SIZES) or ())
    for n in SIZES:
        times, codes = followed(rng, n)
        status, rounds = (codes == 1).astype(int), 25 if n < 100_000 else 5 if n < 10**7 else 1

        def curve(times=times, status=status):
            kaplan_meier(risk_table(times, status), conf_type="log-log")

        def incidence(times=times, codes=codes):
            aalen_johansen(risk_table(times, codes, n_causes=2), conf_type="log-log")

        for name, run in (("Kaplan–Meier", curve), ("Aalen–Johansen", incidence)):
            own = seconds(run, rounds)
            what = f"{name} with log-log limits, {n:,} subjects, whole days"
            compared = n <= LARGEST_IN_R[name]
            beside = "R's survfit" if compared else ""
            yield Row(what, own, beside, next(theirs, None) if compared else None)


def million(rng) -> Iterator[Row]:
    """Yield the rows of a million subjects, against sorting them."""
    n = 1_000_000
    days, codes = followed(rng, n)
    group, status = rng.integers(0, 2, n), (codes == 1).astype(int)
    for kind, times in (("whole days", days), ("all distinct", days - rng.random(n))):

        def in_order(times=times):
            # What every estimator that goes through subjects needs first.
            order = np.argsort(times)
            return times[order], codes[order]

        # In turn, so that both meet the same load of the machine.
        run = lambda times=times: weighted_logrank(times, status, group)  # noqa: E731
        pairs = [(seconds(run, 1), seconds(in_order, 1)) for _ in range(3)]
        own, sort = np.median(pairs, axis=0)
        yield Row(f"log-rank test, a million subjects, {kind}", own, "sorting them", sort, aim=2)


def rows() -> Iterator[Row]:
    """Yield every row of the survival estimators."""
    rng = np.random.default_rng(20240603)
    for part in (bootstrap, permutation, subdistribution, sizes, million):
        yield from part(rng)
