"""Kaplan-Meier curves, quantiles, restricted means, differences and bands against R."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import numpy as np

from carstats.estimators.curves.bands import (
    BAND_SCALES,
    equal_precision_value,
    hall_wellner_value,
    simultaneous_band,
)
from carstats.estimators.curves.curve_difference import greenwood_difference, melded_difference
from carstats.estimators.curves.kaplan_meier import kaplan_meier
from carstats.estimators.curves.quantile import curve_quantile
from carstats.estimators.curves.risk_table import RiskTable, risk_table
from carstats.estimators.curves.rmst import mean_contrast, mean_survival
from carstats.validation.comparison import Against, Comparison, array, reference

# R's names of the scales of limits.
SCALES = {"log-log": "log-log", "log": "log", "plain": "plain", "arcsin": "arcsine"}
LEVELS = (0.9, 0.95)


def table_of(data: Mapping[str, Any]) -> RiskTable:
    """Return the risk table of a reference data set."""
    status = np.broadcast_to(data["status"], len(data["time"]))
    return risk_table(data["time"], status, entry=data.get("entry"))


def survival_curves() -> Iterator[Comparison]:
    """Compare curves and their limits with survfit."""
    to = Against("kaplan_meier", "survival_curves.R")
    for name, one in reference("survival_curves")["data_sets"].items():
        table = table_of(one["data"])
        for kind, level in product(SCALES, LEVELS):
            r = {k: array(v) for k, v in one["fits"][f"{kind} {level:g}"].items()}
            curve = kaplan_meier(table, conf_type=SCALES[kind], conf_level=level)
            option = f"{kind} {level:g}"
            yield from to.all(
                name, option,
                n_risk=(table.n_risk, r["n_risk"]), n_event=(table.n_event[:, 0], r["n_event"]),
                n_censor=(table.n_censor, r["n_censor"]),
            )  # fmt: skip
            # At 1 and at 0 carstats says nothing where survfit says [1, 1].
            positive = r["survival"] > 0
            inside = positive & (r["survival"] < 1)
            yield from to.all(
                name, option, rtol=1e-10, atol=1e-12,
                time=(curve.time, r["time"]), survival=(curve.survival, r["survival"]),
                std_error=(curve.std_error, np.where(positive, r["std_error"], np.nan)),
                low=(curve.low, np.where(inside, r["low"], np.nan)),
                high=(curve.high, np.where(inside, r["high"], np.nan)),
            )  # fmt: skip


def quantiles() -> Iterator[Comparison]:
    """Compare quantiles and their limits with survival's quantile()."""
    to = Against("curve_quantile", "quantiles.R")
    r = reference("quantiles")
    for name, one in r["data_sets"].items():
        table = table_of(one["data"])
        for kind, level in product(SCALES, LEVELS):
            fit = {k: array(v) for k, v in one["fits"][f"{kind} {level:g}"].items()}
            curve = kaplan_meier(table, conf_type=SCALES[kind], conf_level=level)
            found = [curve_quantile(table, curve, p) for p in r["probs"]]
            high = fit["upper"].copy()
            if (name, kind, level) == ("aml", "log", 0.95):
                # R disagrees with itself where a limit rises again: print() has the first crossing.
                high[r["probs"].index(0.5)] = fit["printed"][2]
            yield from to.all(
                name, f"{kind} {level:g}", rtol=1e-12, atol=1e-12,
                estimate=([q.estimate for q in found], fit["quantile"]),
                low=([q.low for q in found], fit["lower"]), high=([q.high for q in found], high),
            )  # fmt: skip


def restricted_means() -> Iterator[Comparison]:
    """Compare restricted means and their contrasts with print(rmean =) and the definition."""
    r = reference("restricted_mean")
    to = Against("mean_survival", "restricted_mean.R")
    for name, one in r["data_sets"].items():
        for at, mean, error in one["means"]:
            found = mean_survival(table_of(one["data"]), at)
            # Where R gives an error of 0 the data say nothing.
            yield from to.all(
                name, f"to {at:g}", rtol=1e-10, atol=1e-10, estimate=(found.estimate, mean),
                std_error=(found.std_error, error or np.nan),
            )  # fmt: skip
    to = Against("mean_contrast", "restricted_mean.R")
    for key, one in r["pairs"].items():
        name, at, level = key.split()
        d = {k: np.array(v) for k, v in r["groups"][name].items()}
        both = [
            mean_survival(risk_table(d["time"][d["g"] == g], d["status"][d["g"] == g]), float(at))
            for g in (1, 0)
        ]
        for measure in ("difference", "ratio"):
            c = mean_contrast(*both, measure=measure, conf_level=float(level))
            ours = (c.estimate, c.std_error, c.low, c.high, c.p_value)
            names = ("estimate", "std_error", "low", "high", "p_value")
            pairs = dict(zip(names, zip(ours, one[measure], strict=True), strict=True))
            yield from to.all(key, measure, rtol=1e-9, **pairs)


def curve_differences() -> Iterator[Comparison]:
    """Compare differences of two curves with survfit, integrate() and fisher.test."""
    r = reference("curve_differences")
    plain = Against("greenwood_difference", "curve_differences.R")
    melded = Against("melded_difference", "curve_differences.R")
    for key, row in r["rows"].items():
        one = {k: array(v) if k != "group" else v[0] for k, v in row.items()}
        d = {k: np.array(v) for k, v in r["groups"][one["group"]].items()}
        status = np.broadcast_to(d["status"], d["time"].size)
        both = [risk_table(d["time"][d["g"] == g], status[d["g"] == g]) for g in (0, 1)]
        at, level = float(one["at"][0]), float(one["conf_level"][0])
        found = greenwood_difference(*both, at, conf_level=level)
        yield plain.one(key, "Greenwood", "survival", (found.first, found.second), one["surv"],
                        atol=1e-12)  # fmt: skip
        # survfit's error is 0 or missing where a curve is 1 or 0; carstats gives none.
        ends = bool(np.isin(np.round(one["surv"], 12), (0.0, 1.0)).any())
        yield from plain.all(
            key, "Greenwood", rtol=1e-9,
            std_error=(found.std_error, np.nan if ends else one["std_error"][0]),
            limits=((found.low, found.high),
                    [np.nan] * 2 if ends else np.clip(one["greenwood"], -1, 1)),
        )  # fmt: skip
        found = melded_difference(*both, at, conf_level=level)
        yield from melded.all(
            key, "melded", atol=2e-8, limits=((found.low, found.high), one["melded"]),
            p_value=(found.p_value, one["p_value"][0]),
        )  # fmt: skip
        if not np.isnan(one["fisher"][0]):
            yield melded.one(key, "no censoring", "p_value", found.p_value, one["fisher"][0],
                             atol=1e-11)  # fmt: skip


def bands() -> Iterator[Comparison]:
    """Compare simultaneous bands with their formulas, and the critical values by other ways."""
    r = reference("bands")
    to = Against("simultaneous_band", "bands.R")
    for low, high, level, hall_wellner, equal_precision, _ in map(array, r["values"]):
        option = f"{low:g} to {high:g}, {level:g}"
        found = hall_wellner_value(low, high, conf_level=level)
        yield to.one("critical values", option, "Hall-Wellner", found, hall_wellner, rtol=1e-8)
        if low > 0:
            found = equal_precision_value(low, high, conf_level=level)
            yield to.one("critical values", option, "equal precision", found, equal_precision,
                         rtol=1e-6)  # fmt: skip
    for key, scale in product(r["bands"], BAND_SCALES):
        name, place, *kind, level = key.split()
        options: dict[str, Any] = {"kind": " ".join(kind), "conf_level": float(level)}
        if (name, place) == ("bmt_all", "1"):
            options |= {"start": 100, "end": 400}
        one = r["bands"][key]
        band = simultaneous_band(table_of(r["data_sets"][name]), scale=scale, **options)
        yield from to.all(
            key, scale, rtol=1e-5, atol=1e-7, low=(band.low, array(one[scale][0])),
            high=(band.high, array(one[scale][1])),
        )  # fmt: skip
