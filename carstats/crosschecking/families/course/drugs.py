"""Drugs over time, worked out day by day for each subject."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from carstats.crosschecking.asking import Asked, followed_to
from carstats.crosschecking.families import durations
from carstats.crosschecking.families.clocks import rival_days, sample
from carstats.crosschecking.families.competing import emptied
from carstats.crosschecking.families.proportions import with_limits


def _courses(asked: Asked, classes: list[str]) -> pd.DataFrame:
    rows = asked.table("medications")
    rows = rows[rows["drug_class"].isin(classes)]
    start = rows["start_day"].astype(float).fillna(-1e9)
    return rows.assign(start=start, stop=rows["stop_day"].astype(float).fillna(1e9))


def _low_days(mine: pd.DataFrame | None, days: np.ndarray, at_most: float) -> np.ndarray:
    """Return on which days nothing is taken, or no more than a dose that is known."""
    if mine is None:
        return np.ones(len(days), bool)
    runs = (mine["start"].to_numpy() <= days[:, None]) & (days[:, None] <= mine["stop"].to_numpy())
    steroid = mine["drug_class"].eq("glucocorticoid").to_numpy()
    mg = np.full(len(mine), np.nan)
    if "prednisone_equivalent_mg" in mine:
        mg = mine["prednisone_equivalent_mg"].to_numpy(float)
    mg = np.where(steroid, mg, np.nan)
    total = np.where(runs, mg, 0.0).sum(axis=1)
    # A sum with a dose that is not known is NaN, and so not low.
    return total <= at_most


def _tapering(asked: Asked) -> tuple[pd.DataFrame, int]:
    """Return the time and what ended it of those above on day 0, and how many were not."""
    subjects = asked.subjects.set_index("subject_id")
    courses = dict(iter(_courses(asked, asked.option("drug_class")).groupby("subject_id")))
    hold, at_most = int(asked.option("hold")), float(asked.option("at_most", 0.0))
    end = followed_to(subjects).clip(lower=0.0)
    rival = rival_days(asked, subjects, ("death", "re-infusion"))
    found, already = [], 0
    for name in subjects.index:
        stop = min(end[name], rival[name])
        days = np.arange(0.0, np.floor(stop) + 1)
        low = _low_days(courses.get(name), days, at_most)
        if low[0]:
            already += 1
            continue
        runs = np.convolve(low, np.ones(hold), "valid") if len(low) >= hold else np.array([])
        first = np.flatnonzero(runs == hold)
        if len(first):
            found.append((float(days[first[0]]), "it"))
        elif rival[name] <= end[name]:
            found.append((float(rival[name]), "rival"))
        else:
            found.append((max(end[name] - hold + 1, 0.0), ""))
    rows = pd.DataFrame(found, columns=["time", "cause"]).assign(never=False)
    return rows.astype({"time": float}), already


def taper_counts(asked: Asked) -> dict[str, Any]:
    """Count who is at risk, tapers, competes and is censored, and who was off already."""
    rows, already = _tapering(asked)
    if asked.option("at") is not None:
        return {"n": len(rows), "n_missing": 0, "n_already": already}
    return durations.counted_at(asked, rows) | {"n_already": already}


def taper_incidence(asked: Asked) -> dict[str, Any]:
    """Return the Aalen-Johansen estimate of the taper, with log-log limits."""
    if asked.option("at") is not None:
        return {}
    return durations.incidence_at(asked, _tapering(asked)[0])


def at_the_ends(asked: Asked, column: str, ours: float, theirs: float, place: int) -> str:
    """Return why errors and limits differ: at the beginning, or once nobody is left."""
    if column.startswith("conf_") and np.isnan(theirs) and asked.rows["estimate"].iloc[place] == 0:
        return "beta product at zero"
    rows = _tapering(asked)[0]
    return emptied(rows["time"], rows["cause"], asked.rows["time"].iloc[place], theirs)


def amounts(asked: Asked) -> dict[str, Any]:
    """Return what was taken in windows, added up day by day, with scipy's limits of the mean."""
    from statsmodels.stats.weightstats import DescrStatsW

    courses = dict(iter(_courses(asked, ["glucocorticoid"]).groupby("subject_id")))
    end = followed_to(asked.subjects)
    found = []
    for row in asked.rows.itertuples():
        days = np.arange(row.window_start, row.window_end + 1)
        there = asked.subjects.loc[end >= row.window_end, "subject_id"]
        sums = []
        for name in there:
            total = 0.0
            for course in courses[name].itertuples() if name in courses else ():
                n = int(((days >= course.start) & (days <= course.stop)).sum())
                total += course.prednisone_equivalent_mg * n if n else 0.0
            sums.append(total)
        known = pd.Series(sums, dtype=float).dropna()
        n = len(known)
        one: dict[str, Any] = {
            "n": len(there), "n_left": len(asked.subjects) - len(there),
            "n_missing": len(there) - n, "n_event": n, **sample(known, asked.level),
            "mean_dose": known.mean() if n else np.nan,
        }  # fmt: skip
        low = high = np.nan
        if n > 1 and known.min() < known.max():
            low, high = DescrStatsW(known).tconfint_mean(1 - asked.level)
        one |= {"mean_dose_low": low if np.isnan(low) else max(low, 0.0), "mean_dose_high": high}
        found.append(one)
    return dict(pd.DataFrame(found))


def use(asked: Asked) -> dict[str, Any]:
    """Return who takes any, none or each drug of a class on days."""
    courses = _courses(asked, asked.option("drug_class"))
    end = followed_to(asked.subjects)
    found = []
    for row in asked.rows.itertuples():
        there = asked.subjects.loc[end >= row.time, "subject_id"]
        runs = courses[(courses["start"] <= row.time) & (row.time <= courses["stop"])]
        if row.drug not in ("any", "none"):
            named = runs["drug"].astype(str).str.strip().str.lower()
            runs = runs[named == str(row.drug).lower()]
        k = there.isin(runs["subject_id"]).sum()
        k = len(there) - k if row.drug == "none" else k
        found.append(
            {"n_missing": 0, **with_limits(int(k), len(there), asked.option("method"), asked.level)}
        )
    return dict(pd.DataFrame(found))
