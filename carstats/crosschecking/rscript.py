"""A third program where it is found: R with the packages survival and cmprsk. Never needed."""

from __future__ import annotations

import io
import shutil
import subprocess
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from carstats.crosschecking.asking import Asked, NotToldError
from carstats.crosschecking.families.comparing import cox_data, groups_of
from carstats.crosschecking.times import ENTRY, known, step, times_of

_SECONDS = 120
_LOGRANK = """
d <- read.csv(file("stdin")); suppressMessages(library(survival))
s <- survdiff(Surv(time, event) ~ group, data = d)
write.csv(data.frame(statistic = s$chisq, n_expected = s$exp[1]), row.names = FALSE)
"""
_COX = """
d <- read.csv(file("stdin")); suppressMessages(library(survival))
terms <- grep("^x", names(d), value = TRUE)
f <- coxph(reformulate(terms, "Surv(time, event)"), data = d, ties = "efron")
z <- cox.zph(f, transform = "km", terms = FALSE)$table[, "p"]; k <- length(terms)
write.csv(data.frame(coef = coef(f), std_error = sqrt(diag(vcov(f))), ph_p_value = z[1:k],
                     ph_p_value_all = z[length(z)]), row.names = FALSE)
"""
_INCIDENCE = """
d <- read.csv(file("stdin")); suppressMessages(library(cmprsk))
f <- cuminc(d$time, d$code, cencode = 0)
c <- f[[grep("1$", setdiff(names(f), "Tests"))[1]]]
write.csv(data.frame(time = c$time, estimate = c$est), row.names = FALSE)
"""
_GRAY = """
d <- read.csv(file("stdin")); suppressMessages(library(cmprsk))
t <- cuminc(d$time, d$code, d$group, cencode = 0)$Tests["1", ]
write.csv(data.frame(statistic = t[["stat"]], p_value = t[["pv"]], df = t[["df"]]),
          row.names = FALSE)
"""
_FINE_GRAY = """
d <- read.csv(file("stdin")); suppressMessages(library(cmprsk))
f <- crr(d$time, d$code, d[grep("^x", names(d))], failcode = 1, cencode = 0)
write.csv(data.frame(coef = f$coef, std_error = sqrt(diag(f$var))), row.names = FALSE)
"""


@cache
def r_version(package: str) -> str:
    """Return R and one of its packages with their versions."""
    code = f"cat(as.character(getRversion()), as.character(packageVersion('{package}')))"
    version, other = _output(code, "").split()[-2:]
    return f"R {version}, {package} {other}"


def logrank(asked: Asked) -> dict[str, Any]:
    """Return the log-rank statistic of survdiff, and what it expects in the first group."""
    if asked.option("weight") != "log-rank" or asked.spec.strata or asked.option("trend"):
        return {}
    if len(asked.rows) > 1:
        return {}
    rows, group = groups_of(asked)
    seen = known(rows)
    if ENTRY in seen:
        return {}
    data = pd.DataFrame(
        {"time": seen["time"], "event": seen["event"].astype(int), "group": group[seen.index]}
    )
    return dict(_run(_LOGRANK, data, "survival"))


def cox(asked: Asked) -> dict[str, Any]:
    """Return coxph's coefficients and errors, and cox.zph's tests of proportional hazards."""
    if asked.option("method") != "partial likelihood" or asked.option("robust"):
        return {}
    if asked.option("changing"):
        return {}
    rows, happened, matrix = cox_data(asked)
    if ENTRY in rows or asked.spec.strata:
        return {}
    data = matrix.rename(columns=lambda i: f"x{i}").assign(
        time=rows["time"], event=happened.astype(int)
    )
    found = _run(_COX, data, "survival")
    return {**found, "estimate": np.exp(found["coef"])}


def incidence(asked: Asked) -> dict[str, Any]:
    """Return cmprsk's cumulative incidence of the row's cause."""
    seen = known(times_of(asked))
    if ENTRY in seen or not seen["cause"].eq(asked.key["cause"]).any():
        return {}
    code = np.where(seen["cause"].eq(asked.key["cause"]), 1, np.where(seen["cause"].eq(""), 0, 2))
    data = pd.DataFrame({"time": seen["time"], "code": code})
    found = _run(_INCIDENCE, data, "cmprsk")
    # It has a point at the bottom and at the top of each step; the last of a time counts.
    last = found.drop_duplicates("time", keep="last")
    at = asked.rows["time"].to_numpy(float)
    values = step(last["time"].to_numpy(), last["estimate"].to_numpy(), at, 0.0)
    values[0] = 0.0
    return {"estimate": values}


def gray(asked: Asked) -> dict[str, Any]:
    """Return Gray's test of cmprsk."""
    if asked.option("rho") or asked.spec.strata or len(asked.rows) > 1:
        return {}
    rows, group = groups_of(asked)
    seen = known(rows)
    if ENTRY in seen:
        return {}
    mine = seen["cause"].eq(asked.option("cause") or asked.endpoint)
    code = np.where(mine, 1, np.where(seen["cause"].eq(""), 0, 2))
    data = pd.DataFrame({"time": seen["time"], "code": code, "group": group[seen.index]})
    return dict(_run(_GRAY, data, "cmprsk"))


def fine_gray(asked: Asked) -> dict[str, Any]:
    """Return the coefficients and sandwich errors of cmprsk's crr."""
    if asked.rows["coef"].isna().any():
        return {}
    rows, happened, matrix = cox_data(asked)
    if ENTRY in rows:
        return {}
    code = np.where(happened, 1, np.where(rows["cause"].eq(""), 0, 2))
    data = matrix.rename(columns=lambda i: f"x{i}").assign(time=rows["time"], code=code)
    found = _run(_FINE_GRAY, data, "cmprsk")
    return {**found, "estimate": np.exp(found["coef"])}


def _run(code: str, data: pd.DataFrame, package: str) -> pd.DataFrame:
    r_version(package)
    return pd.read_csv(io.StringIO(_output(code, data.to_csv(index=False))))


def _output(code: str, given: str) -> str:
    """Return what R prints; the data go to it and to no file."""
    program = shutil.which("Rscript")
    if program is None:
        raise NotToldError("Rscript")
    try:
        done = subprocess.run(
            [program, "--vanilla", "-e", code], input=given, capture_output=True, text=True,
            timeout=_SECONDS, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as error:
        raise NotToldError("Rscript") from error
    return done.stdout
