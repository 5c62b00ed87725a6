"""Parametric and weighted models of times, by lifelines and statsmodels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from carstats.crosschecking.asking import Asked, NotToldError
from carstats.crosschecking.families.comparing import design_of, groups_of
from carstats.crosschecking.families.curves import lifelines_curve
from carstats.crosschecking.times import ENTRY, known, step, times_of


def _followed(asked: Asked) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return everybody with their intervals, and who has one and every covariate."""
    rows = times_of(asked, asked.everyone)
    whole = rows["time"].notna() & rows[list(asked.option("covariates"))].notna().all(axis=1)
    return rows, rows[whole]


def accelerated_counts(asked: Asked) -> dict[str, Any]:
    """Count subjects, those without a record or covariate, and events."""
    rows, kept = _followed(asked)
    n_event = int(kept["event"].sum())
    return {"n": len(rows), "n_missing": len(rows) - len(kept), "n_event": n_event}


def accelerated(asked: Asked) -> dict[str, Any]:
    """Return the time ratios of lifelines' accelerated failure time model of intervals."""
    from lifelines import LogLogisticAFTFitter, WeibullAFTFitter

    _, kept = _followed(asked)
    if (kept["high"] <= 0).any() or asked.rows["estimate"].isna().any():
        return {}
    matrix = design_of(asked, kept)
    size = matrix.std()
    data = (matrix / size).rename(columns=lambda i: f"x{i}")
    data = data.assign(low=kept["low"].clip(lower=1e-12), high=kept["high"])
    weibull = asked.option("distribution") == "Weibull"
    model = (WeibullAFTFitter if weibull else LogLogisticAFTFitter)(alpha=1 - asked.level)
    event = (kept["low"] == kept["high"]).astype(int)
    fit = model.fit_interval_censoring(
        data.assign(event=event), "low", "high", event_col="event",
        fit_options={"ftol": 1e-14, "gtol": 1e-9},
    )  # fmt: skip
    told = fit.summary.loc["lambda_" if weibull else "alpha_"].drop("Intercept")
    told = told.reindex([f"x{i}" for i in matrix])
    coef = told["coef"].to_numpy() / size.to_numpy()
    error = told["se(coef)"].to_numpy() / size.to_numpy()
    low, high = (told[f"coef {side} {100 * asked.level:g}%"].to_numpy() / size.to_numpy()
                 for side in ("lower", "upper"))  # fmt: skip
    return {
        "estimate": np.exp(coef), "coef": coef, "std_error": error,
        "statistic": told["z"].to_numpy(), "p_value": told["p"].to_numpy(),
        "conf_low": np.exp(low), "conf_high": np.exp(high),
    }  # fmt: skip


def followup_test(asked: Asked) -> dict[str, Any]:
    """Return Maller and Zhou's test by its definition, with the counts that it takes."""
    rows = times_of(asked)
    seen = known(rows)
    found: dict[str, Any] = {
        "n": len(rows), "n_missing": len(rows) - len(seen), "n_event": int(seen["event"].sum())
    }  # fmt: skip
    if seen.empty or not seen["event"].any():
        return found
    longest, last = seen["time"].max(), seen.loc[seen["event"], "time"].max()
    late = int((seen["event"] & (seen["time"] > 2 * last - longest + 1e-9)).sum())
    q = late / len(seen)
    return {**found, "last_event": last, "last_followup": longest, "q_n": q,
            "alpha_n": (1 - q) ** len(seen)}  # fmt: skip


def cure_fraction(asked: Asked) -> dict[str, Any]:
    """Return the cured part of lifelines' mixture of it and a Weibull law."""
    from lifelines import MixtureCureFitter, WeibullFitter

    if asked.rows["estimate"].isna().all():
        return {}
    seen = known(times_of(asked))
    if ENTRY in seen or (seen["high"] <= 0).any():
        return {}
    unit = float(seen["time"].median())
    high = seen["high"] / unit
    low = (seen["low"] / unit).clip(lower=1e-9)
    fit = MixtureCureFitter(base_fitter=WeibullFitter()).fit_interval_censoring(low, high)
    return {"estimate": float(fit.cured_fraction_)}


def interval_test_counts(asked: Asked) -> dict[str, Any]:
    """Count subjects and events of the groups of a test of interval-censored times."""
    found: dict[str, list[int]] = {"n": [], "n_missing": [], "n_event": []}
    for place in range(len(asked.rows)):
        rows, _ = groups_of(asked, place)
        found["n"].append(len(rows))
        found["n_missing"].append(int(rows["time"].isna().sum()))
        found["n_event"].append(int(known(rows)["event"].sum()))
    return found


def assumed_days(asked: Asked) -> dict[str, Any]:
    """Return lifelines' curve with events at the end and in the middle of their intervals."""
    rows = times_of(asked)
    seen = known(rows)
    middle = np.where(seen["event"], (seen["low"] + seen["high"]) / 2, seen["low"])
    right = np.where(seen["event"], seen["high"], seen["low"])
    found = []
    for row in asked.rows.itertuples():
        value = None
        if str(row.assumption) in ("right end", "midpoint") and len(seen):
            time = pd.Series(right if row.assumption == "right end" else middle, seen.index)
            curve = lifelines_curve(time, seen["event"], 0.95).survival_function_.iloc[:, 0]
            value = float(step(curve.index, curve, np.array([row.time]), 1.0)[0])
            value = np.nan if row.time > time.max() else value
        found.append(value)
    named = dict.fromkeys(("estimate", "estimate_low", "estimate_high"), found)
    return {"n": len(rows), "n_missing": len(rows) - len(seen), **named}


def weighted_curve(asked: Asked) -> dict[str, Any]:
    """Return a curve weighted by one over statsmodels' curve of the censoring in each group."""
    from statsmodels.duration.survfunc import SurvfuncRight

    rows = times_of(asked)
    seen = known(rows)
    if ENTRY in seen or seen.empty:
        raise NotToldError("entry")
    at = asked.rows["time"].to_numpy(float)[1:]
    time, event = seen["time"].to_numpy(float), seen["event"].to_numpy(bool)
    weights = np.zeros((len(seen), len(at)))
    groups = seen[str(asked.option("censoring"))].astype(str).to_numpy()
    for name in np.unique(groups):
        mine = groups == name
        # Events come before the censoring of their day: who has one is not at risk of it.
        moved = time[mine] + np.where(event[mine], 0.0, 1e-4)
        free = np.ones(len(at))
        if (~event[mine]).any():
            fit = SurvfuncRight(moved, (~event[mine]).astype(int))
            free = step(fit.surv_times, fit.surv_prob, at - 1e-6, 1.0)
        weights[mine] = np.where(free > 0, 1 / np.maximum(free, 1e-300), 0.0)
    at_risk = time[:, None] >= at
    risk = (weights * at_risk).sum(axis=0)
    dead = (weights * (event[:, None] & (time[:, None] == at))).sum(axis=0)
    curve = np.cumprod(1 - np.divide(dead, risk, out=np.zeros_like(risk), where=risk > 0))
    return {
        "n": len(rows), "n_missing": len(rows) - len(seen),
        "n_risk": np.append(len(seen), at_risk.sum(axis=0)),
        "n_risk_weighted": np.append(len(seen), risk), "estimate": np.append(1.0, curve),
        "largest_weight": np.append(1.0, (weights * at_risk).max(axis=0)),
    }  # fmt: skip
