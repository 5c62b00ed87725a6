"""Tests of groups, competing events, interval-censored times and limits for few against R."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from carstats.estimators.curves.aalen_johansen import aalen_johansen, truncated_errors
from carstats.estimators.curves.ipcw import weighted_survival
from carstats.estimators.curves.mean_limits import law_limits, mean_laws
from carstats.estimators.curves.mean_melding import melded_means
from carstats.estimators.curves.risk_table import risk_table
from carstats.estimators.curves.turnbull import survival_bounds, turnbull
from carstats.estimators.tests.curve_benchmark import observed_expected
from carstats.estimators.tests.exact_logrank import permutation_logrank
from carstats.estimators.tests.gray import gray_score_test
from carstats.estimators.tests.interval_tests import (
    INTERVAL_SCORES,
    interval_logrank,
    interval_scores,
)
from carstats.estimators.tests.logrank import WEIGHTS, weighted_logrank
from carstats.estimators.tests.studentised_logrank import studentised_logrank
from carstats.validation.comparison import Against, Comparison, array, matrix, reference
from carstats.validation.grid.curves import LEVELS, SCALES

_WEIGHTS: dict[str, dict[str, Any]] = {
    **{w: {"weight": w} for w in WEIGHTS[:-1]},
    **{
        f"FH {a:g} {b:g}": {"weight": "Fleming-Harrington", "exponents": (a, b)}
        for a, b in ((1, 0), (0, 1), (1, 1), (0.5, 0.5))
    },
}


def _groups(one: dict[str, Any], how: str) -> tuple[tuple[np.ndarray, ...], dict[str, Any]]:
    """Return time, status and group of a data set, and its strata and entries as options."""
    d = {k: np.array(v) for k, v in one["data"].items()}
    size = d["time"].size
    options: dict[str, Any] = {}
    if how == "stratified":
        options["strata"] = np.broadcast_to(d["strata"], size)
    if "entry" in d:
        options["entry"] = d["entry"]
    return (d["time"], *(np.broadcast_to(d[k], size) for k in ("status", "group"))), options


def logrank_tests() -> Iterator[Comparison]:
    """Compare weighted log-rank tests with the definition, survdiff and coin."""
    to = Against("weighted_logrank", "logrank.R")
    exact = Against("permutation_logrank", "logrank.R")
    for name, one in reference("logrank")["data_sets"].items():
        for weight, how in product(_WEIGHTS, ("plain", "stratified")):
            r = one["defined"][f"{weight} {how}"]
            data, options = _groups(one, how)
            test = weighted_logrank(*data, **options, **_WEIGHTS[weight])
            yield from to.all(
                name, f"{weight}, {how}", rtol=1e-9, atol=1e-10,
                observed=(test.observed, array(r["observed"])),
                expected=(test.expected, array(r["expected"])),
                variance=(test.variance, np.array(r["variance"], float)),
                statistic=(test.statistic, array(r["statistic"])[0]),
            )  # fmt: skip
            trend = np.arange(1, test.observed.size + 1) ** 2
            test = weighted_logrank(*data, **options, **_WEIGHTS[weight], trend=trend)
            r = array(one["defined"][f"{weight} {how} trend"]["statistic"])[0]
            yield to.one(name, f"{weight}, {how}, trend", "statistic", test.statistic, r,
                         rtol=1e-9, atol=1e-10)  # fmt: skip
        for key, r in dict(one["survdiff"]).items():
            rho, how = key.split()
            data, options = _groups(one, how)
            if float(rho):
                options |= {"weight": "Fleming-Harrington", "exponents": (float(rho), 0.0)}
            test = weighted_logrank(*data, **options)
            yield to.one(name, f"survdiff, rho {key}", "statistic", test.statistic,
                         array(r["statistic"])[0], rtol=1e-9, atol=1e-10)  # fmt: skip
        for key, r in dict(one["coin"]).items():
            weight, how, kind = key.rsplit(" ", 2)
            if kind != "exact":
                continue
            data, options = _groups(one, "stratified" if how == "overall" else how)
            options["scoring"] = "overall" if how == "overall" else "within strata"
            test = permutation_logrank(*data, method="exact", **options, **_WEIGHTS[weight])
            # coin rounds scores that are no whole numbers: its last digits are lost.
            yield exact.one(name, f"{weight}, {how}", "p_value", test.p_value, r["p_value"][0],
                            rtol=1e-6)  # fmt: skip
    to = Against("studentised_logrank", "studentised_logrank.R")
    for name, one in reference("studentised_logrank").items():
        options = {"strata": np.array(one["strata"])} if "strata" in one else {}
        test = studentised_logrank(
            *(np.array(one[k]) for k in ("time", "status", "group")), **options
        )
        total = one["n_arrangements"]
        yield from to.all(
            name, "every arrangement", rtol=1e-12, statistic=(test.statistic, one["statistic"]),
            p_value=(test.p_value, one["n_extreme"] / total),
            smallest=(test.smallest, one["n_most"] / total),
        )  # fmt: skip


def competing_events() -> Iterator[Comparison]:
    """Compare cumulative incidences with survfit and cuminc, and Gray's test."""
    to, gray = Against("aalen_johansen", "competing.R"), Against("gray_score_test", "competing.R")
    for name, one in reference("competing")["data_sets"].items():
        data = {k: np.array(v, float) for k, v in one["data"].items()}
        data = {k: np.resize(v, data["time"].size) for k, v in data.items()}
        status = data["status"].astype(int)
        causes = max(int(status.max()), 1)
        table = risk_table(data["time"], status, n_causes=causes, entry=data.get("entry"))
        more: dict[str, Any] = {}
        if "entry" in data:
            more["std_error"] = truncated_errors(
                data["time"], status, data["entry"], n_causes=causes
            )
        curve, size = one["curve"], table.time.size
        estimate = matrix(curve["estimate"], size)
        # At 0 and at 1 carstats says nothing.
        inside = (estimate > 0) & (estimate < 1 - 1e-12)
        for kind, level in product(SCALES, LEVELS):
            option = f"{kind} {level:g}"
            found = aalen_johansen(table, conf_type=SCALES[kind], conf_level=level, **more)
            limits = one["incidence"][option]
            yield from to.all(
                name, option, rtol=1e-8, atol=1e-12, time=(found.time, array(curve["time"])),
                survival=(found.survival, array(curve["survival"])),
                estimate=(found.estimate, estimate),
                low=(found.low, np.where(inside, matrix(limits["low"], size), np.nan)),
                high=(found.high, np.where(inside, matrix(limits["high"], size), np.nan)),
            )  # fmt: skip
            # The root of a variance that is 0 by definition is of the order of 1e-9 of rounding.
            yield to.one(name, option, "std_error", found.std_error,
                         matrix(curve["std_error"], size), rtol=1e-8, atol=2e-8)  # fmt: skip
        for key, r in dict(one["gray"]).items():
            rho, kind = key.split()
            if "error" in r:
                # cuminc fails without any event.
                continue
            strata = data["stratum"] if kind == "stratified" else None
            for cause, statistic, p_value, df in zip(*(r[k] for k in r), strict=True):
                test = gray_score_test(data["time"], data["status"], data["group"] - 1,
                                       cause=cause, rho=float(rho), strata=strata)  # fmt: skip
                yield gray.one(name, f"rho {key}, cause {cause}", "statistic, p_value, df",
                               (test.statistic, test.p_value, test.df),
                               (statistic, p_value, df), rtol=1e-8, atol=1e-12)  # fmt: skip
    to = Against("weighted_survival", "ipcw.R")
    for name, one in reference("ipcw")["data_sets"].items():
        data = {k: np.array(v, float) for k, v in one["data"].items()}
        status, group = (np.resize(data[k], data["time"].size) for k in ("status", "group"))
        found = weighted_survival(data["time"], status, group)
        yield from to.all(
            name, "by group", rtol=1e-9, atol=1e-12,
            survival=(found.survival, one["curve"]["survival"]),
            weighted_risk=(found.weighted_risk, one["curve"]["weighted_risk"]),
        )  # fmt: skip


def interval_censored() -> Iterator[Comparison]:
    """Compare curves and tests of interval-censored times with expectation-maximisation."""
    to, tests = Against("turnbull", "interval.R"), Against("interval_logrank", "interval.R")
    for name, one in reference("interval")["data_sets"].items():
        size = len(one["data"]["high"])
        low, high = (np.resize(array(one["data"][k]), size) for k in ("low", "high"))
        group = np.resize(array(one["data"]["group"]), size).astype(int) - 1
        fit, r = turnbull(low, high), one["npmle"]
        upper = survival_bounds(fit, array(r["time"]))[1]
        yield to.one(name, "", "survival", upper, array(r["survival"]), atol=1e-8)
        yield to.one(name, "", "log_likelihood", fit.log_likelihood, r["loglik"][0], rtol=1e-12,
                     atol=1e-12)  # fmt: skip
        for kind in INTERVAL_SCORES if one["tests"] else ():
            r = one["tests"][kind]
            scores = array(r["scores"])
            yield tests.one(name, kind, "scores", interval_scores(low, high, kind), scores,
                            atol=1e-8)  # fmt: skip
            if np.ptp(scores) < 1e-9:
                continue
            test = interval_logrank(low, high, group, scores=kind)
            yield tests.one(name, kind, "statistic", test.statistic, r["statistic"][0], rtol=1e-8)
            if "exact" in r:
                test = interval_logrank(low, high, group, scores=kind, method="exact")
                yield tests.one(name, f"{kind}, exact", "p_value", test.p_value, r["exact"][0],
                                rtol=1e-12)  # fmt: skip


def few_subjects() -> Iterator[Comparison]:
    """Compare limits built for few subjects with second routes, and curves with benchmarks."""
    r = reference("small_sample_limits")
    end = float(r["horizon"])
    tables = {k: risk_table(one["time"], one["status"]) for k, one in r["means"].items()}
    to = Against("law_limits", "small_sample_limits.json")
    for name, one in r["means"].items():
        laws = mean_laws(tables[name], end)
        # The tabulated laws are good to about 1e-7 of the horizon.
        yield to.one(name, "beta product", "limits", law_limits(laws), one["limits"], atol=2e-5)
        yield to.one(name, "mid-P", "limits", law_limits(laws, mid_p=True), one["mid_p"], atol=2e-5)
    to = Against("melded_means", "small_sample_limits.json")
    for pair in r["differences"]:
        laws = [mean_laws(tables[pair[name]], end) for name in ("first", "second")]
        name = f"{pair['first']} and {pair['second']}"
        # The witness has four digits after the point, or three.
        full, mid = melded_means(*laws, mid_p=False), melded_means(*laws)
        yield to.one(
            name, "full", "limits", (full.low, full.high), pair["full"], atol=6e-5, rtol=1e-7
        )
        yield to.one(name, "mid-P", "limits", (mid.low, mid.high), pair["mid_p"], atol=6e-4)
        yield to.one(name, "mid-P", "p_value", mid.p_value, pair["p_mid"], atol=6e-6)
    bench = reference("curve_benchmark")
    to = Against("observed_expected", "curve_benchmark.R")
    for name, one in bench["sets"].items():
        found = observed_expected(one["time"], one["status"], bench["day"], bench["free"],
                                  entry=one.get("entry"))  # fmt: skip
        yield to.one(name, "exact", "n_event, n_expected, p_value",
                     (found.n_event, found.n_expected, found.p_value),
                     (one["n_event"], one["n_expected"], one["p_value"]), rtol=1e-9)  # fmt: skip
