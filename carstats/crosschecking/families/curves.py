"""Kaplan-Meier curves and what is read off them, by lifelines and statsmodels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from carstats.crosschecking.asking import Asked
from carstats.crosschecking.families.proportions import binomial_limits
from carstats.crosschecking.times import ENTRY, at_risk, known, step, steps_and_counts, times_of


def lifelines_curve(time: pd.Series, event: pd.Series, level: float) -> Any:
    """Return lifelines' Kaplan-Meier fit, its limits log-log."""
    from lifelines import KaplanMeierFitter

    return KaplanMeierFitter(alpha=1 - level).fit(time, event)


def statsmodels_curve(rows: pd.DataFrame, event: pd.Series) -> Any:
    """Return statsmodels' Kaplan-Meier fit, with delayed entry where there is one."""
    from statsmodels.duration.survfunc import SurvfuncRight

    entry = rows[ENTRY].to_numpy(float) if ENTRY in rows else None
    time = rows["time"].to_numpy(float)
    return SurvfuncRight(time, event.to_numpy().astype(int), entry=entry)


def fitted(asked: Asked, level: float = 0.95, *, reverse: bool = False) -> Any:
    """Return lifelines' fit of those asked for; reverse, that of their follow-up."""
    rows = times_of(asked)

    def fit() -> Any:
        seen = known(rows)
        return lifelines_curve(seen["time"], _happened(seen, reverse), level)

    return asked.once(("lifelines", level, reverse), rows, fit)


def fitted_again(asked: Asked, *, reverse: bool = False) -> Any:
    """Return statsmodels' fit of those asked for; reverse, that of their follow-up."""
    rows = times_of(asked)

    def fit() -> Any:
        seen = known(rows)
        return statsmodels_curve(seen, _happened(seen, reverse))

    return asked.once(("statsmodels", reverse), rows, fit)


def _happened(seen: pd.DataFrame, reverse: bool) -> pd.Series:
    return seen["cause"].eq("") if reverse else seen["event"]


def curve_counts(asked: Asked) -> dict[str, Any]:
    """Count who is at risk, has the event and is censored at each time of a curve."""
    rows = times_of(asked)
    return steps_and_counts(asked, rows, rows["event"], ~rows["event"])


def curve_estimates(asked: Asked) -> dict[str, Any]:
    """Return the probabilities of a curve's rows."""
    seen = known(times_of(asked))
    at = asked.rows["time"].to_numpy(float)
    if seen.empty:
        return {"estimate": np.nan}
    if ENTRY in seen:
        fit = fitted_again(asked)
        return {"estimate": step(fit.surv_times, fit.surv_prob, at, 1.0)}
    fit = fitted(asked, asked.level)
    curve = fit.survival_function_.iloc[:, 0]
    found = step(curve.index, curve, at, 1.0)
    found[0] = 1.0
    return {"estimate": found}


def curve_errors(asked: Asked) -> dict[str, Any]:
    """Return Greenwood's errors of a curve's rows; statsmodels has none where the curve is 0."""
    seen = known(times_of(asked))
    at = asked.rows["time"].to_numpy(float)
    if seen.empty:
        return {"std_error": np.nan}
    fit = fitted_again(asked)
    found = step(fit.surv_times, fit.surv_prob_se, at, 0.0)
    found[0] = 0.0
    return {"std_error": found}


def curve_limits(asked: Asked) -> dict[str, Any]:
    """Return log-log limits; of the others there is no second program in Python."""
    seen = known(times_of(asked))
    if asked.option("conf_type") != "log-log" or ENTRY in seen:
        return {}
    if seen.empty:
        return {"conf_low": np.nan, "conf_high": np.nan}
    fit = fitted(asked, asked.level)
    at = asked.rows["time"].to_numpy(float)
    limits = fit.confidence_interval_
    return {
        name: step(limits.index, limits.iloc[:, i], at, 1.0)
        for i, name in enumerate(("conf_low", "conf_high"))
    }


def nothing_said(asked: Asked, column: str, ours: float, theirs: float, place: int) -> str:
    """Return why limits or errors differ: lifelines says [1, 1] where nobody has failed yet."""
    estimate = asked.rows["estimate"].iloc[place] if "estimate" in asked.rows else np.nan
    if column.startswith("conf_") and np.isnan(ours) and estimate == 1 and theirs == 1:
        return "limits at one"
    if np.isnan(ours) and estimate == 0:
        return "error at zero"
    return ""


def at_counts(asked: Asked) -> dict[str, Any]:
    """Count who is at risk at given days, and who has had the event by then."""
    rows = times_of(asked)
    seen = known(rows)
    at = asked.rows["time"].to_numpy(float)
    times = seen.loc[seen["event"], "time"].to_numpy(float)
    return {
        "n": len(rows),
        "n_missing": len(rows) - len(seen),
        "n_risk": at_risk(seen, at),
        "n_event": [int((times <= day).sum()) for day in at],
    }


def at_estimates(asked: Asked) -> dict[str, Any]:
    """Return the curve at given days, NaN after the last one followed."""
    return _not_beyond(asked, _read(asked, curve_estimates))


def at_errors(asked: Asked) -> dict[str, Any]:
    """Return the curve's errors at given days."""
    return _not_beyond(asked, _read(asked, curve_errors))


def at_limits(asked: Asked) -> dict[str, Any]:
    """Return the curve's log-log limits at given days."""
    return _not_beyond(asked, curve_limits(asked))


def _read(asked: Asked, whole: Any) -> dict[str, Any]:
    """Return what a function of curves says of given days, none of which is its beginning."""
    from dataclasses import replace

    padded = pd.concat([asked.rows.iloc[:1], asked.rows])
    return {k: np.atleast_1d(v)[-len(asked.rows):] for k, v in whole(
        replace(asked, rows=padded)).items()}  # fmt: skip


def _not_beyond(asked: Asked, found: dict[str, Any]) -> dict[str, Any]:
    seen = known(times_of(asked))
    at = asked.rows["time"].to_numpy(float)
    last = seen["time"].max() if len(seen) else -np.inf
    gone = len(seen) and bool(seen.loc[seen["time"] == last, "event"].all())
    beyond = (at > last) & (not gone)
    return {name: np.where(beyond, np.nan, values) for name, values in found.items()}


def quantile_counts(asked: Asked) -> dict[str, Any]:
    """Count subjects, those without a record, and events."""
    rows = times_of(asked)
    n_event = int(known(rows)["event"].sum())
    return {"n": len(rows), "n_missing": int(rows["time"].isna().sum()), "n_event": n_event}


def quantiles(asked: Asked) -> dict[str, Any]:
    """Return the times at which the curve comes down to 1 - p."""
    seen = known(times_of(asked))
    parts = asked.rows["p"].to_numpy(float)
    if seen.empty:
        return {"estimate": np.nan, "n_risk": np.nan}
    fit = fitted_again(asked)
    found = np.array([_finite(fit.quantile(p)) for p in parts])
    risk = at_risk(seen, found).astype(float)
    return {"estimate": found, "n_risk": np.where(np.isnan(found), np.nan, risk)}


def quantile_limits(asked: Asked) -> dict[str, Any]:
    """Read the limits of quantiles off lifelines' log-log limits of the curve."""
    seen = known(times_of(asked))
    if asked.option("conf_type") != "log-log" or ENTRY in seen:
        return {}
    parts = asked.rows["p"].to_numpy(float)
    if seen.empty:
        return {"conf_low": np.nan, "conf_high": np.nan}
    return _inverted(fitted(asked, asked.level), parts)


def followup_counts(asked: Asked) -> dict[str, Any]:
    """Count subjects and those censored; the shortest and the longest time."""
    rows = times_of(asked)
    seen = known(rows)
    censored = seen["cause"].eq("")
    return {
        "n": len(rows),
        "n_missing": len(rows) - len(seen),
        "n_censor": int(censored.sum()),
        "low": seen["time"].min(),
        "high": seen["time"].max(),
    }


def followup_quantiles(asked: Asked) -> dict[str, Any]:
    """Return the median and the quartiles of follow-up: events are censored."""
    seen = known(times_of(asked))
    names = {"q1": 0.25, "estimate": 0.5, "q3": 0.75}
    if seen.empty:
        return dict.fromkeys(names, np.nan)
    fit = fitted_again(asked, reverse=True)
    return {name: _finite(fit.quantile(p)) for name, p in names.items()}


def followup_limits(asked: Asked) -> dict[str, Any]:
    """Return log-log limits of the median follow-up."""
    seen = known(times_of(asked))
    if ENTRY in seen:
        return {}
    if seen.empty:
        return {"conf_low": np.nan, "conf_high": np.nan}
    return _inverted(fitted(asked, asked.level, reverse=True), np.array([0.5]))


def _inverted(fit: Any, parts: np.ndarray) -> dict[str, Any]:
    found = {}
    for i, name in enumerate(("conf_low", "conf_high")):
        limit = fit.confidence_interval_.iloc[:, i]
        down = [limit.index[(limit <= 1 - p + 1e-9).to_numpy()] for p in parts]
        found[name] = [float(days[0]) if len(days) else np.nan for days in down]
    return found


def _finite(value: float) -> float:
    return float(value) if np.isfinite(value) else np.nan


def on_a_plateau(asked: Asked, column: str, ours: float, theirs: float, place: int) -> str:
    """Return why quantiles differ: the curve is level at exactly 1 - p, and ours is its middle."""
    seen = known(times_of(asked))
    p = {"q1": 0.25, "q3": 0.75}.get(column, 0.5)
    p = asked.rows["p"].iloc[place] if "p" in asked.rows else p
    reverse = asked.spec.analysis == "followup_time"
    if column == "n_risk":
        ours = asked.rows["estimate"].iloc[place]
    if column not in ("estimate", "q1", "q3", "n_risk"):
        return ""
    curve = fitted(asked, reverse=reverse).survival_function_.iloc[:, 0]
    level = curve.index[(curve - (1 - p)).abs().to_numpy() < 1e-9]
    after = curve.index[(curve < 1 - p - 1e-9).to_numpy()]
    if not len(level):
        return ""
    end = float(after[0]) if len(after) else float(seen["time"].max())
    return "plateau" if abs(ours - (float(level[0]) + end) / 2) < 1e-9 else ""


def read_at_zero(asked: Asked, column: str, ours: float, theirs: float, place: int) -> str:
    """Return why limits of quantiles differ: lifelines' limits of a curve of 0 are 0."""
    reverse = asked.spec.analysis == "followup_time"
    curve = fitted(asked, reverse=reverse).survival_function_.iloc[:, 0]
    ended = step(curve.index, curve, np.array([theirs]), 1.0)[0] < 1e-9
    return "error at zero" if np.isnan(ours) and ended else ""


def landmark(asked: Asked) -> dict[str, Any]:
    """Count who could be free of the event at a day, who is known to be, and who was lost."""
    rows = times_of(asked)
    day = float(asked.option("at"))
    due = rows[rows["cutoff_day"] >= day]
    ended = due["cause"].ne("")
    free = (due["time"] > day) | ((due["time"] == day) & ~ended)
    lost = ~free & ~(ended & (due["time"] <= day))
    n, k, missing = len(due), int(free.sum()), int(lost.sum())
    found = {
        "n": n,
        "n_not_eligible": len(rows) - n,
        "n_missing": missing,
        "n_event": k,
        "estimate": k / n if n else np.nan,
        "estimate_best": (k + missing) / n if n else np.nan,
    }
    limits = binomial_limits(k, n, asked.option("method", ""), asked.level)
    return found | (dict(zip(("conf_low", "conf_high"), limits, strict=True)) if limits else {})
