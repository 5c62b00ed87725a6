"""Rates per person-year and restricted means, by statsmodels and lifelines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from carstats.crosschecking.applying import term_applies
from carstats.crosschecking.asking import Asked, followed_to, share
from carstats.crosschecking.families.clocks import joined
from carstats.crosschecking.families.comparing import adjusted, groups_of
from carstats.crosschecking.families.toxicities import episodes, stratum_of
from carstats.crosschecking.times import ENTRY, at_risk, known, times_of

_DAYS_PER_YEAR = 365.25


def person_time(asked: Asked) -> dict[str, Any]:
    """Return events per person-year with statsmodels' exact limits of a Poisson count."""
    from statsmodels.stats.rates import confint_poisson

    rows = times_of(asked)
    seen = known(rows)
    if ENTRY in seen or asked.option("benchmark") is not None:
        return {}
    k, years = int(seen["event"].sum()), float(seen["time"].sum()) / _DAYS_PER_YEAR
    found = {
        "n": len(rows),
        "n_missing": len(rows) - len(seen),
        "n_event": k,
        "person_years": years,
        "estimate": share(k, years),
    }
    if asked.option("method") == "exact" and years:
        low, high = confint_poisson(k, years, method="exact-c", alpha=1 - asked.level)
        found |= {"conf_low": float(np.nan_to_num(low)), "conf_high": float(high)}
    return found


def restricted_means(asked: Asked) -> dict[str, Any]:
    """Return the areas under lifelines' curve up to the row's horizon.

    Its variance is that of the time until the horizon, not that of its mean.
    """
    from lifelines import KaplanMeierFitter
    from lifelines.utils import restricted_mean_survival_time

    rows = times_of(asked)
    seen = known(rows)
    other = asked.option("contrast") is not None or asked.option("start") is not None
    if other or ENTRY in seen:
        return {}
    found: dict[str, Any] = {"n": len(rows), "n_missing": len(rows) - len(seen)}
    days = asked.rows["time"].to_numpy(float)
    found["n_event"] = [int((seen["event"] & (seen["time"] <= day)).sum()) for day in days]
    if seen.empty:
        return found
    fit = KaplanMeierFitter().fit(seen["time"], seen["event"])
    told = [
        restricted_mean_survival_time(fit, t=float(day), return_variance=True)
        if day <= seen["time"].max() or fit.survival_function_.iloc[-1, 0] == 0
        else (np.nan, np.nan)
        for day in days
    ]
    means, variances = np.array(told, float).T
    return {**found, "estimate": means, "std_error": np.sqrt(variances)}


def another_variance(asked: Asked, column: str, ours: float, theirs: float, place: int) -> str:
    """Return why errors of restricted means differ: lifelines' is no error of the mean."""
    wider = theirs > ours or np.isnan(ours)
    return "restricted variance" if column == "std_error" and wider else ""


def mean_errors(asked: Asked) -> dict[str, Any]:
    """Return areas under curves, or two of them compared, with Greenwood's errors by definition."""
    from scipy.stats import norm

    contrast, start = asked.option("contrast"), float(asked.option("start", 0.0))
    days = asked.rows["time"].to_numpy(float)
    if contrast is None:
        rows = times_of(asked)
        seen = known(rows)
        told = np.array([_area(seen, start, day) for day in days])
        n_event = [int((seen["event"] & (seen["time"] <= day)).sum()) for day in days]
        counts = {"n": len(rows), "n_missing": len(rows) - len(seen), "n_event": n_event}
        return counts | _with_normal_limits(asked, *told.T, 0.0, days - start)
    sign, sides = " − " if contrast == "difference" else " / ", []
    for place, day in enumerate(days):
        rows, group = groups_of(asked, place, sign)
        sides.append([_area(known(rows[group.eq(code)]), start, day) for code in (0, 1)])
    mean, error = np.moveaxis(np.array(sides), -1, 0)
    if contrast == "difference":
        gap = mean[:, 0] - mean[:, 1]
        relative = np.hypot(*error.T)
        found = _with_normal_limits(asked, gap, relative, -np.inf, np.inf)
    else:
        with np.errstate(divide="ignore", invalid="ignore"):
            gap, relative = np.log(mean[:, 0] / mean[:, 1]), np.hypot(*(error / mean).T)
        found = _with_normal_limits(asked, gap, relative, -np.inf, np.inf)
        found = {name: np.exp(values) for name, values in found.items()}
        found["std_error"] = found["estimate"] * relative
    if asked.option("method") == "Greenwood":
        found["statistic"] = gap / relative
        found["p_value"] = 2 * norm.sf(np.abs(found["statistic"]))
    return found


def _area(seen: pd.DataFrame, start: float, day: float) -> tuple[float, float]:
    """Return the area under a Kaplan-Meier curve between two days, and its error (Irwin)."""
    happened = seen.loc[seen["event"], "time"].to_numpy(float)
    times, d = np.unique(happened[happened <= day], return_counts=True)
    n = at_risk(seen, times).astype(float)
    curve = np.cumprod(1 - d / n)
    last = seen["time"].max() if len(seen) else -np.inf
    if day > last and not (len(curve) and curve[-1] == 0):
        return np.nan, np.nan
    parts = curve * np.diff(np.append(times, day))
    later = parts[::-1].cumsum()[::-1]
    weight = np.divide(d, n * (n - d), out=np.zeros(len(d)), where=n > d)
    variance = float((later**2 * weight).sum())
    first = times[0] if len(times) else day
    return float(first - start + parts.sum()), np.sqrt(variance) if variance > 0 else np.nan


def _with_normal_limits(
    asked: Asked, estimate: np.ndarray, error: np.ndarray, least: Any, most: Any
) -> dict[str, Any]:
    from scipy.stats import norm

    found: dict[str, Any] = {"estimate": estimate, "std_error": error}
    if asked.option("method") == "Greenwood":
        half = norm.ppf(0.5 + asked.level / 2) * error
        found["conf_low"] = np.maximum(estimate - half, least)
        found["conf_high"] = np.minimum(estimate + half, most)
    return found


def exact_limits(k: int, years: float, level: float) -> tuple[float, float]:
    """Return statsmodels' exact limits of a rate; without exposure there are none."""
    from statsmodels.stats.rates import confint_poisson

    if not years > 0:
        return np.nan, np.nan
    low, high = confint_poisson(k, years, method="exact-c", alpha=1 - level)
    return float(np.nan_to_num(low)), float(high)


def ratio_of_rates(
    mine: tuple[int, float], other: tuple[int, float], level: float
) -> dict[str, float]:
    """Return a ratio of rates with the limits and the doubled tail of the conditional binomial."""
    from scipy.stats import binom
    from statsmodels.stats.proportion import proportion_confint

    (k1, t1), (k2, t2) = mine, other
    k = k1 + k2
    found = dict.fromkeys(("estimate", "conf_low", "conf_high", "p_value"), np.nan)
    if min(t1, t2) <= 0:
        return found
    if not k:
        return {**found, "p_value": 1.0}
    part = t1 / (t1 + t2)
    tails = binom.cdf(k1, k, part), binom.sf(k1 - 1, k, part)
    low, high = proportion_confint(k1, k, alpha=1 - level, method="beta")
    low, high = float(np.nan_to_num(low)), 1.0 if np.isnan(high) else float(high)
    return {
        "estimate": (k1 / t1) / (k2 / t2) if k2 else np.inf,
        "conf_low": low / (1 - low) * t2 / t1 if low < 1 else np.inf,
        "conf_high": high / (1 - high) * t2 / t1 if high < 1 else np.inf,
        "p_value": min(1.0, 2 * min(tails)),
    }


def rate_ratios(asked: Asked) -> dict[str, Any]:
    """Return the ratio of two groups' rates per person-time."""
    found = []
    for place in range(len(asked.rows)):
        rows, group = groups_of(asked, place)
        if ENTRY in rows:
            return {}
        sides = []
        for code in (0, 1):
            part = rows[group.eq(code)]
            seen = known(part)
            years = float(seen["time"].sum()) / _DAYS_PER_YEAR
            sides.append((len(part), len(part) - len(seen), int(seen["event"].sum()), years))
        row: dict[str, Any] = {}
        for end, (n, lacking, k, years) in zip(("", "_reference"), sides, strict=True):
            row |= {f"n{end}": n, f"n_missing{end}": lacking, f"n_event{end}": k}
            row[f"person_years{end}"] = years
        found.append(row | ratio_of_rates(sides[0][2:], sides[1][2:], asked.level))
    return _adjusted(asked, found)


def _adjusted(asked: Asked, found: list[dict[str, Any]]) -> dict[str, Any]:
    """Return rows as columns, with the p-values adjusted where there are any."""
    columns = {c: [row.get(c) for row in found] for c in dict.fromkeys(c for r in found for c in r)}
    if "p_value" in columns and not asked.spec.by:
        p_values = [np.nan if p is None else p for p in columns["p_value"]]
        columns["p_adjusted"] = adjusted(p_values, asked.option("adjust", "none"))
    return columns


def _exposure(
    asked: Asked, term: str, subjects: pd.DataFrame, days: tuple[float, float]
) -> dict[str, Any]:
    """Return events and person-years of those followed into a window, in which a day counts."""
    from dataclasses import replace

    mine = subjects[term_applies(subjects, term)].set_index("subject_id")
    merged = joined(replace(asked, subjects=mine.reset_index()), [term])
    stop = np.minimum(followed_to(mine).clip(lower=0.0), days[1])
    dated = merged[merged["onset"] >= 0].astype({"onset": float})
    if asked.option("events") == "first":
        dated = dated.sort_values("onset", kind="stable").drop_duplicates("subject_id")
        first = dated.set_index("subject_id")["onset"].reindex(mine.index)
        stop = np.minimum(stop, first.fillna(np.inf))
    exposure = (stop - days[0] + 1).clip(lower=0)
    at_risk = exposure[exposure > 0]
    inside = dated[dated["onset"].floordiv(1).between(*days)]
    inside = inside[inside["subject_id"].isin(at_risk.index)]
    undated = merged.loc[merged["onset"].isna(), "subject_id"].nunique()
    return {
        "n": len(at_risk), "n_event": len(inside), "n_with_event": inside["subject_id"].nunique(),
        "person_years": float(at_risk.sum()) / _DAYS_PER_YEAR, "undated": undated,
    }  # fmt: skip


def _doubtful(asked: Asked) -> bool:
    """Say whether a grade is not known: the upper limit is then that of what may have been."""
    least = asked.option("min_severity") or asked.option("min_grade")
    return bool(episodes(asked, list(asked.option("terms")), least)["unclear"].any())


def exposure_rates(asked: Asked) -> dict[str, Any]:
    """Return events per person-year at risk, with statsmodels' exact limits."""
    found = []
    exact = asked.option("limits") == "exact" and not _doubtful(asked)
    per = float(asked.option("per", 1.0))
    for row in asked.rows.itertuples():
        days = (0.0, np.inf)
        if hasattr(row, "window_start"):
            days = (float(row.window_start), float(row.window_end))
        one = _exposure(asked, row.term, asked.subjects, days)
        undated = one.pop("undated")
        one |= {"estimate": per * share(one["n_event"], one["person_years"])}
        if not _doubtful(asked):
            one["n_missing"] = undated
        if exact:
            limits = exact_limits(one["n_event"], one["person_years"], asked.level)
            one |= {"conf_low": per * limits[0], "conf_high": per * limits[1]}
        found.append(one)
    return _adjusted(asked, found)


def exposure_ratios(asked: Asked) -> dict[str, Any]:
    """Return the ratio of two strata's rates of a toxicity; robust limits no library has."""
    from dataclasses import replace

    column, window = asked.spec.by[0], asked.option("window")
    days = (float(window[0]), float(window[1])) if window else (0.0, np.inf)
    found = []
    for row in asked.rows.itertuples():
        sides = []
        for level in (getattr(row, column), asked.option("reference")):
            group = stratum_of(asked, column, level)
            sides.append(_exposure(replace(asked, subjects=group), row.term, group, days))
        mine, other = sides
        told = ratio_of_rates(
            (mine["n_event"], mine["person_years"]), (other["n_event"], other["person_years"]),
            asked.level,
        )  # fmt: skip
        if asked.option("limits") != "exact":
            told = {"estimate": told["estimate"]}
        found.append(
            {
                "n": mine["n"], "n_event": mine["n_event"], "person_years": mine["person_years"],
                "n_reference": other["n"], "n_event_reference": other["n_event"],
                "person_years_reference": other["person_years"],
                "n_missing": mine["undated"] + other["undated"], **told,
            }
        )  # fmt: skip
    return _adjusted(asked, found)


def adjusted_ratios(asked: Asked) -> dict[str, Any]:
    """Adjust the p-values of all rows."""
    p_values = asked.rows["p_value"].astype(float).tolist()
    return {"p_adjusted": adjusted(p_values, asked.option("adjust", "none"))}
