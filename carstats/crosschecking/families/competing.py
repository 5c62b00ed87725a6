"""Competing events and interval-censored times, by statsmodels and lifelines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from carstats.crosschecking.asking import Asked
from carstats.crosschecking.families.comparing import groups_of
from carstats.crosschecking.times import ENTRY, known, step, steps_and_counts, times_of


def incidence_counts(asked: Asked) -> dict[str, Any]:
    """Count who is at risk, has the row's cause and is censored at each time."""
    rows = times_of(asked)
    return steps_and_counts(asked, rows, rows["cause"].eq(asked.key["cause"]), rows["cause"].eq(""))


def tested_counts(asked: Asked) -> dict[str, Any]:
    """Count subjects and events of the cause in the groups that are tested."""
    found: dict[str, list[int]] = {"n": [], "n_missing": [], "n_event": []}
    for place in range(len(asked.rows)):
        rows, _ = groups_of(asked, place)
        mine = known(rows)["cause"].eq(asked.option("cause") or asked.endpoint)
        found["n"].append(len(rows))
        found["n_missing"].append(int(rows["time"].isna().sum()))
        found["n_event"].append(int(mine.sum()))
    return found


def incidence(asked: Asked) -> dict[str, Any]:
    """Return statsmodels' Aalen-Johansen estimate of the row's cause and its error."""
    seen = known(times_of(asked))
    if ENTRY in seen:
        return {}
    at = asked.rows["time"].to_numpy(float)
    return aalen_johansen(seen["time"], seen["cause"], asked.key["cause"], at)


def aalen_johansen(
    time: pd.Series, cause: pd.Series, name: str, at: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the probability of having had a cause by each day, and its error."""
    from statsmodels.duration.survfunc import CumIncidenceRight

    if not len(time):
        return {"estimate": np.full(len(at), np.nan), "std_error": np.full(len(at), np.nan)}
    if not cause.eq(name).any():
        return {"estimate": np.zeros(len(at)), "std_error": np.zeros(len(at))}
    rivals = sorted(set(cause) - {name, ""})
    codes = cause.map({"": 0, name: 1, **{rival: i + 2 for i, rival in enumerate(rivals)}})
    fit = CumIncidenceRight(time.to_numpy(float), codes.to_numpy(int))
    found = {
        "estimate": step(fit.times, fit.cinc[0], at, 0.0),
        "std_error": step(fit.times, fit.cinc_se[0], at, 0.0),
    }
    for values in found.values():
        values[0] = 0.0 if at[0] == 0 else values[0]
    return found


def nobody_left(asked: Asked, column: str, ours: float, theirs: float, place: int) -> str:
    """Return why errors differ: once nobody is free of every event statsmodels has none."""
    seen = known(times_of(asked))
    return emptied(seen["time"], seen["cause"], asked.rows["time"].iloc[place], theirs)


def emptied(time: pd.Series, cause: pd.Series, day: float, theirs: float) -> str:
    """Return the code of that reason if everybody has had an event by a day."""
    last = time.max()
    gone = bool(cause[time == last].ne("").all())
    return "nobody left" if np.isnan(theirs) and gone and day >= last else ""


def incidence_limits(asked: Asked) -> dict[str, Any]:
    """Return log-log limits from statsmodels' estimate and error; it gives none of its own."""
    from scipy.stats import norm

    found = incidence(asked)
    if asked.option("conf_type") != "log-log" or not found:
        return {}
    return log_log(found["estimate"], found["std_error"], norm.ppf(0.5 + asked.level / 2))


def log_log(estimate: np.ndarray, error: np.ndarray, z: float) -> dict[str, np.ndarray]:
    """Return limits of an incidence that are even on the scale of log(-log(estimate))."""
    with np.errstate(divide="ignore", invalid="ignore"):
        half = z * error / (estimate * np.abs(np.log(estimate)))
        low, high = estimate ** np.exp(half), estimate ** np.exp(-half)
    inside = (estimate > 0) & (estimate < 1)
    return {
        "conf_low": np.where(inside, low, np.nan),
        "conf_high": np.where(inside, high, np.nan),
    }


def interval_counts(asked: Asked) -> dict[str, Any]:
    """Count subjects, those without a record and events; the last day anyone was followed."""
    rows = times_of(asked)
    seen = known(rows)
    last = seen["high"].where(seen["event"], seen["low"])
    return {
        "n": len(rows),
        "n_missing": len(rows) - len(seen),
        "n_event": int(seen["event"].sum()),
        "last_time": last.max() if len(seen) else np.nan,
    }


def interval_curve(asked: Asked) -> dict[str, Any]:
    """Return lifelines' estimate with the intervals opened on the left, as they are.

    lifelines takes an interval as closed; half a unit of the smallest step is added on the left.
    """
    seen = known(times_of(asked))
    return _npmle(asked, seen["low"].where(seen["low"] >= seen["high"], seen["low"] + _gap(seen)))


def closed_interval_curve(asked: Asked) -> dict[str, Any]:
    """Return lifelines' estimate as it stands, with intervals closed on the left."""
    return _npmle(asked, known(times_of(asked))["low"])


def _npmle(asked: Asked, low: pd.Series) -> dict[str, Any]:
    from lifelines.fitters.npmle import npmle

    seen = known(times_of(asked))
    if seen.empty:
        return {"estimate": np.nan}
    mass, intervals = npmle(low.to_numpy(float), seen["high"].to_numpy(float), tol=1e-8)[:2]
    ends = np.array([interval[1] for interval in intervals], float)
    at = asked.rows["time_high"].to_numpy(float)
    mass = np.asarray(mass, float)
    found = np.array([1 - mass[ends <= day + 1e-9].sum() for day in at])
    found[0] = 1.0
    return {"estimate": found, "mass": np.append(0.0, -np.diff(found))}


def _gap(rows: pd.DataFrame) -> float:
    """Return half of the smallest step between two different ends of intervals."""
    ends = np.unique(rows[["low", "high"]].to_numpy(float))
    steps = np.diff(ends[np.isfinite(ends)])
    return float(steps.min()) / 2 if len(steps) else 0.5
