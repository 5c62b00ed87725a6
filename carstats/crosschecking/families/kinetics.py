"""Peaks and last quantified days of the engineered cells, by statsmodels and scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from carstats.crosschecking.asking import Asked
from carstats.crosschecking.families.clocks import sample


def _samples(asked: Asked) -> pd.DataFrame:
    """Return the subjects' samples, those of one day as their mean; NaN below quantification."""
    rows = asked.table("assessments")
    rows = rows[rows["measure"].eq(asked.option("measure"))]
    limit = rows["lloq"] if "lloq" in rows else pd.Series(np.nan, rows.index)
    rows = rows[rows["value"].notna() | limit.notna()]
    return rows.groupby(["subject_id", "day"])["value"].mean().astype(float).reset_index()


def parameters(asked: Asked) -> dict[str, Any]:
    """Return peaks, their days and the last quantified days after the first infusion.

    Areas and declines have no second program, nor has a mean of peaks of which one is censored.
    """
    if asked.option("infusion") != "first":
        return {}
    rows = _samples(asked)
    sampled = set(rows.loc[rows["day"] > 0, "subject_id"])
    seen = rows[rows["subject_id"].isin(sampled) & (rows["day"] >= 0)].dropna(subset="value")
    first, last = asked.option("peak_from", 0.0), asked.option("peak_until")
    within = seen[seen["day"].between(first, last)]
    top = within.loc[within.groupby("subject_id")["value"].idxmax()]
    never = len(sampled) > seen["subject_id"].nunique()
    n = len(asked.subjects)
    found: list[dict[str, Any]] = []
    for name in asked.rows["parameter"]:
        one: dict[str, Any] = {"n": n}
        if name == "Cmax" and not never:
            one |= _peaks(top["value"], n, asked.level)
        elif name in ("Tmax", "Tlast"):
            days = top["day"] if name == "Tmax" else seen.groupby("subject_id")["day"].max()
            told = sample(days.astype(float), asked.level)
            one |= {"n_event": len(days), "n_missing": n - len(days), **told}
            one["median"] = told["estimate"]
        found.append(one)
    columns = dict.fromkeys(c for one in found for c in one)
    return {c: [one.get(c) for one in found] for c in columns}


def _peaks(values: pd.Series, n: int, level: float) -> dict[str, Any]:
    """Return the geometric mean of peaks with t limits of the logarithms, and their quartiles."""
    from scipy.stats import gmean, gstd
    from statsmodels.stats.weightstats import DescrStatsW

    one: dict[str, Any] = {"n_event": len(values), "n_missing": n - len(values)}
    if len(values) < 2:
        return one
    limits = np.exp(DescrStatsW(np.log(values)).tconfint_mean(1 - level))
    spread = np.log(gstd(values, ddof=1))
    told = sample(values, level)
    return {
        **one, "estimate": float(gmean(values)), "conf_low": limits[0], "conf_high": limits[1],
        "cv_percent": 100 * np.sqrt(np.expm1(spread**2)), "median": told["estimate"],
        **{c: told[c] for c in ("q1", "q3", "minimum", "maximum")},
    }  # fmt: skip
