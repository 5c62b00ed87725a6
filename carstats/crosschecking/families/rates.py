"""Rates per person-year and restricted means, by statsmodels and lifelines."""

from __future__ import annotations

from typing import Any

import numpy as np

from carstats.crosschecking.asking import Asked, share
from carstats.crosschecking.times import ENTRY, known, times_of

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
    return "restricted variance" if column == "std_error" and theirs > ours else ""
