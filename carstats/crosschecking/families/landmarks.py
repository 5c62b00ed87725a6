"""Two curves compared, from a landmark on, against a benchmark and lost to competing events."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from carstats.crosschecking.asking import Asked
from carstats.crosschecking.families.comparing import groups_of
from carstats.crosschecking.families.curves import (
    curve_estimates,
    lifelines_curve,
    quantiles,
    statsmodels_curve,
)
from carstats.crosschecking.families.rates import exact_limits, restricted_means
from carstats.crosschecking.families.visits import asked_of, counted
from carstats.crosschecking.times import ENTRY, known, step, times_of


def _read(rows: pd.DataFrame, day: float) -> tuple[float, float]:
    """Return statsmodels' curve at a day and its error; NaN after the last one followed."""
    if rows.empty:
        return np.nan, np.nan
    last = rows["time"].max()
    gone = bool(rows.loc[rows["time"] == last, "event"].all())
    if day > last and not gone:
        return np.nan, np.nan
    fit = statsmodels_curve(rows, rows["event"])
    at = np.array([day])
    value = float(step(fit.surv_times, fit.surv_prob, at, 1.0)[0])
    return value, float(step(fit.surv_times, fit.surv_prob_se, at, 0.0)[0])


def curve_differences(asked: Asked) -> dict[str, Any]:
    """Return differences of two curves with Greenwood's errors, and their limits if asked for."""
    from scipy.stats import norm

    found = []
    for place in range(len(asked.rows)):
        rows, group = groups_of(asked, place, " − ")
        sides = [_read(known(rows[group.eq(code)]), asked.rows["time"].iloc[place])
                 for code in (0, 1)]  # fmt: skip
        gap = sides[0][0] - sides[1][0]
        error = float(np.hypot(sides[0][1], sides[1][1]))
        error = np.nan if {sides[0][0], sides[1][0]} & {0.0, 1.0} else error
        row = {
            "n": len(rows), "n_missing": int(rows["time"].isna().sum()), "estimate": gap,
            "std_error": error,
        }  # fmt: skip
        if asked.option("method") == "Greenwood":
            half = norm.ppf(0.5 + asked.level / 2) * error
            row |= {"conf_low": max(gap - half, -1.0), "conf_high": min(gap + half, 1.0)}
            row["p_value"] = 2 * norm.sf(abs(gap / error))
        found.append(row)
    return dict(pd.DataFrame(found))


def benchmarks(asked: Asked) -> dict[str, Any]:
    """Return a curve at the benchmark's days, and events against those that it expects."""
    from scipy.stats import poisson

    rows = times_of(asked)
    seen = known(rows)
    if ENTRY in seen:
        return {}
    points = sorted((float(day), value) for day, value in asked.option("benchmark").items())
    days, hazard = np.array([(day, -np.log(value)) for day, value in points]).T
    end = days[-1]
    found: list[dict[str, Any]] = []
    for row in asked.rows.itertuples():
        one: dict[str, Any] = {"n": len(rows), "n_missing": len(rows) - len(seen)}
        k = int((seen["event"] & (seen["time"] <= row.time)).sum())
        if str(row.measure).startswith("probability"):
            one |= {"n_event": k, "estimate": _read(seen, row.time)[0], "benchmark": row.benchmark}
            one["benchmark"] = dict(points).get(float(row.time))
        else:
            exposure = np.interp(seen["time"].clip(upper=end), [0.0, *days], [0.0, *hazard])
            expected = float(exposure.sum())
            low, high = exact_limits(k, expected, asked.level)
            tails = poisson.cdf(k, expected), poisson.sf(k - 1, expected)
            one |= {
                "n_event": k, "n_expected": expected, "benchmark": 1.0, "conf_low": low,
                "estimate": k / expected if expected else np.nan, "conf_high": high,
                "p_value": min(1.0, 2 * min(tails)) if expected else np.nan,
            }  # fmt: skip
        found.append(one)
    columns = dict.fromkeys(c for row in found for c in row)
    return {c: [row.get(c) for row in found] for c in columns}


def time_lost(asked: Asked) -> dict[str, Any]:
    """Return the area under statsmodels' incidence of the row's cause up to the horizon."""
    from statsmodels.duration.survfunc import CumIncidenceRight

    rows = times_of(asked)
    seen = known(rows)
    if ENTRY in seen or asked.option("start") is not None:
        return {}
    cause, end = asked.key["cause"], float(asked.option("at"))
    mine = seen["cause"].eq(cause)
    found: dict[str, Any] = {
        "n": len(rows), "n_missing": len(rows) - len(seen),
        "n_event": int((mine & (seen["time"] <= end)).sum()),
    }  # fmt: skip
    if not mine.any():
        return {**found, "estimate": 0.0 if len(seen) else np.nan}
    codes = np.where(mine, 1, np.where(seen["cause"].eq(""), 0, 2))
    fit = CumIncidenceRight(seen["time"].to_numpy(float), codes)
    times, heights = np.asarray(fit.times, float), np.asarray(fit.cinc[0], float)
    edges = np.append(times[times < end], end)
    widths = np.diff(edges)
    return {**found, "estimate": float((heights[: len(widths)] * widths).sum())}


def resampled(asked: Asked) -> dict[str, Any]:
    """Return what was resampled, of the study itself: a median, a mean or a probability."""
    from dataclasses import replace

    rows = times_of(asked)
    seen = known(rows)
    found: dict[str, Any] = {
        "n": len(rows), "n_missing": len(rows) - len(seen), "n_event": int(seen["event"].sum())
    }  # fmt: skip
    statistic, day = asked.option("statistic"), asked.option("at")
    if statistic == "median":
        # The bootstrap's median is the first day at or below one half.
        if seen.empty or ENTRY in seen:
            return found
        curve = lifelines_curve(seen["time"], seen["event"], asked.level).survival_function_
        down = curve.index[(curve.iloc[:, 0] <= 0.5 + 1e-9).to_numpy()]
        told = quantiles(replace(asked, rows=asked.rows.assign(p=0.5)))["estimate"]
        on_plateau = bool(np.any(np.abs(curve.iloc[:, 0] - 0.5) < 1e-9))
        found["estimate"] = None if on_plateau else (told if len(down) else np.nan)
    elif statistic == "restricted mean":
        told = restricted_means(replace(asked, rows=asked.rows.assign(time=float(day))))
        found["estimate"] = told.get("estimate")
    else:
        at = asked.rows.iloc[:1].assign(time=float(day))
        told = curve_estimates(replace(asked, rows=pd.concat([at, at])))["estimate"]
        found["estimate"] = np.atleast_1d(told)[-1]
    return {name: value for name, value in found.items() if value is not None}


def _responses(asked: Asked, name: str) -> pd.DataFrame:
    rows = asked.table("responses").dropna(subset="response")
    rows = rows[rows["endpoint"].eq(name)]
    if "evaluable" in rows:
        rows = rows[rows["evaluable"].map(lambda v: True if pd.isna(v) else bool(v))]
    return rows


def _treated(asked: Asked) -> pd.DataFrame:
    """Return the times of those treated to whom the response applies."""
    subjects = counted(asked)
    mine = set(subjects.loc[asked_of(asked, subjects, [asked.option("response")]), "subject_id"])
    rows = times_of(asked)
    return rows[rows["subject_id"].isin(mine)]


def landmark_comparison(asked: Asked) -> dict[str, Any]:
    """Return responders and others from a landmark on: curves, their difference and the test."""
    from statsmodels.duration.survfunc import survdiff

    rows, day = _treated(asked), float(asked.option("landmark"))
    if ENTRY in rows:
        return {}
    low, high = asked.option("window")
    answers = _responses(asked, asked.option("response"))
    answers = answers[answers["day"].between(low, high)].sort_values("day", kind="stable")
    last = answers.drop_duplicates("subject_id", keep="last").set_index("subject_id")["response"]
    later = rows[rows["time"] > day]
    met = later["subject_id"].map(last.astype(float))
    later = later.assign(time=later["time"] - day)
    sides = [later[met.eq(1)], later[met.eq(0)]]
    until = float(asked.rows["time"].iloc[0]) - day
    heights = [_read(side, until)[0] if until > 0 else np.nan for side in sides]
    found: dict[str, Any] = {
        "n": len(sides[0]), "n_event": int(sides[0]["event"].sum()),
        "n_reference": len(sides[1]), "n_event_reference": int(sides[1]["event"].sum()),
        "n_missing": int(met.isna().sum()), "n_before": len(rows) - len(later),
        "survival": heights[0], "survival_reference": heights[1],
        "estimate": heights[0] - heights[1],
    }  # fmt: skip
    both = pd.concat(sides)
    if min(map(len, sides)) and both["event"].any():
        group = np.repeat([0, 1], [len(side) for side in sides])
        keep = (both["time"] >= both.loc[both["event"], "time"].min()).to_numpy()
        if len(set(group[keep])) == 2:
            time, event = both["time"].to_numpy(float), both["event"].to_numpy().astype(int)
            chisq, p = survdiff(time[keep], event[keep], group[keep])
            found |= {"statistic": float(chisq), "df": 1.0}
            if asked.rows["p_method"].iloc[0] == "asymptotic":
                found["p_value"] = float(p)
    return found


def response_exposure(asked: Asked) -> dict[str, Any]:
    """Return lifelines' hazard ratio of a response that begins, and the log-rank test of it."""
    from lifelines import CoxTimeVaryingFitter
    from statsmodels.duration.survfunc import survdiff

    rows = _treated(asked)
    seen = known(rows)
    if ENTRY in rows:
        return {}
    answers = _responses(asked, asked.option("response"))
    met = answers[(answers["day"] > 0) & answers["response"].astype(bool)]
    start = seen["subject_id"].map(met.groupby("subject_id")["day"].min()).astype(float)
    exposed = start < seen["time"]
    before = pd.DataFrame(
        {"id": seen["subject_id"], "start": -1.0, "stop": seen["time"].where(~exposed, start),
         "event": seen["event"] & ~exposed, "x": 0}
    )  # fmt: skip
    after = pd.DataFrame(
        {"id": seen["subject_id"], "start": start, "stop": seen["time"], "event": seen["event"],
         "x": 1}
    )[exposed]  # fmt: skip
    spans = pd.concat([before, after], ignore_index=True).astype({"event": int})
    found: dict[str, Any] = {
        "n": len(seen), "n_missing": len(rows) - len(seen), "n_exposed": int(exposed.sum()),
        "n_event": int(spans.loc[spans["x"] == 1, "event"].sum()),
        "n_event_reference": int(spans.loc[spans["x"] == 0, "event"].sum()),
    }  # fmt: skip
    if np.isfinite(asked.rows["estimate"].iloc[0]):
        fit = CoxTimeVaryingFitter().fit(
            spans, id_col="id", event_col="event", start_col="start", stop_col="stop",
            fit_options={"precision": 1e-10},
        )  # fmt: skip
        found["estimate"] = float(np.exp(fit.params_["x"]))
    if spans["event"].any() and exposed.any():
        chisq, p = survdiff(
            spans["stop"].to_numpy(float), spans["event"].to_numpy(), spans["x"].to_numpy(),
            entry=spans["start"].to_numpy(float),
        )  # fmt: skip
        found |= {"statistic": float(chisq), "df": 1.0}
        if np.isfinite(asked.rows["p_value"].iloc[0]):
            found["p_value"] = float(p)
    return found
