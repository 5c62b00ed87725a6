"""How long cells of either kind are there or gone, by statsmodels, scipy, lifelines and pandas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from carstats.crosschecking.asking import Asked
from carstats.crosschecking.families.clocks import sample


def samples(asked: Asked) -> pd.DataFrame:
    """Return the samples of the infused; NaN where below quantification or not detected."""
    rows = asked.table("assessments")
    rows = rows[rows["measure"].eq(asked.option("measure"))]
    if "adequate" in rows:
        rows = rows[rows["adequate"].astype("boolean").fillna(True)]
    given = rows["lloq"] if "lloq" in rows else pd.Series(np.nan, rows.index)
    rows = rows[rows["value"].notna() | given.notna()]
    limit = given.fillna(asked.option("limit", 0.0))
    value = rows["value"].astype(float).where((rows["value"] > 0) & (rows["value"] >= limit))
    own = given.fillna(asked.option("limit", np.nan))
    rows = rows[["subject_id", "day"]].assign(value=value, lloq=own)
    return rows[rows["subject_id"].isin(treated(asked)["subject_id"])]


def treated(asked: Asked) -> pd.DataFrame:
    """Return the infused; everybody where the study does not say."""
    subjects = asked.subjects
    return subjects[subjects["infused"].eq(True)] if "infused" in subjects else subjects


def _of_first_course(asked: Asked) -> pd.DataFrame:
    """Return the samples after the first infusion and up to a re-infusion that was not planned."""
    rows = samples(asked)
    rows = rows[rows["day"] > 0]
    if asked.study.infusions is None:
        return rows
    given = asked.table("infusions")
    again = given[given["planned"].ne(True) & (given["day"] > 0)].groupby("subject_id")["day"].min()
    return rows[rows["day"] <= rows["subject_id"].map(again).fillna(np.inf)]


def shares(asked: Asked) -> dict[str, Any]:
    """Return the shares above quantification at days, by statsmodels."""
    from statsmodels.stats.proportion import proportion_confint

    rows, subjects = _of_first_course(asked), treated(asked)
    dead_on = subjects.get("death_day", pd.Series(np.nan, subjects.index)).astype(float)
    windows = dict(zip(asked.option("at"), asked.option("window"), strict=True))
    found: list[dict[str, Any]] = []
    for day in asked.rows["time"]:
        low, high = windows[day]
        inside = rows[(rows["day"] >= low) & (rows["day"] <= high)]
        inside = inside.assign(off=(inside["day"] - day).abs(), later=-inside["day"])
        near = inside.sort_values(["off", "later"]).groupby("subject_id").head(1)
        n, k = len(near), int(near["value"].notna().sum())
        out = ~subjects["subject_id"].isin(near["subject_id"])
        dead = int((out & (dead_on <= high)).sum())
        one = {"n": n, "n_dead": dead, "n_missing": int(out.sum()) - dead, "n_event": k}
        limits = proportion_confint(k, n, 1 - asked.level, "beta") if n else (np.nan, np.nan)
        one |= {"estimate": k / n if n else np.nan, "conf_low": limits[0], "conf_high": limits[1]}
        found.append(one)
    return {column: [one[column] for one in found] for column in found[0]} if found else {}


def losses(asked: Asked) -> dict[str, Any]:
    """Count who fell below quantification, and until when they were sampled."""
    rows, n = _of_first_course(asked), len(treated(asked))
    last = rows.dropna(subset="value").groupby("subject_id")["day"].max()
    after = rows[rows["day"] > rows["subject_id"].map(last).fillna(0)]
    below = after.groupby("subject_id")["day"].min()
    sampled = rows["subject_id"].drop_duplicates()
    ends = sampled.map(below).fillna(sampled.map(last))
    return {
        "n": n, "n_missing": n - len(sampled), "n_event": len(below),
        "last_time": ends.max() if len(ends) else np.nan,
    }  # fmt: skip


def persistence(asked: Asked) -> dict[str, Any]:
    """Return lifelines' curve of the days until below quantification, opened on the left."""
    from lifelines.fitters.npmle import npmle

    rows = _of_first_course(asked)
    if rows.empty:
        return {"estimate": np.nan}
    last = rows.dropna(subset="value").groupby("subject_id")["day"].max()
    after = rows[rows["day"] > rows["subject_id"].map(last).fillna(0)]
    sampled = rows["subject_id"].drop_duplicates()
    low = sampled.map(last).fillna(0).to_numpy(float)
    high = sampled.map(after.groupby("subject_id")["day"].min()).fillna(np.inf).to_numpy(float)
    # lifelines takes an interval as closed: less than any step is added on the left.
    mass, intervals = npmle(low + 1e-3, high, tol=1e-8)[:2]
    ends = np.array([interval[1] for interval in intervals], float)
    mass = np.asarray(mass, float)
    days = asked.rows["time_high"].to_numpy(float)
    found = np.array([1 - mass[ends <= day + 1e-9].sum() for day in days])
    found[0] = 1.0
    return {"estimate": found, "mass": np.append(0.0, -np.diff(found))}


def depletion(asked: Asked) -> dict[str, Any]:
    """Return the lowest B cells, the first day below, and lifelines' median of the return."""
    rows = asked.table("assessments")
    rows = rows[rows["measure"].eq("B_cells") & (rows["day"] > 0)]
    if "lloq" in rows and rows["lloq"].notna().any():
        return {}
    rows = rows[rows["value"].notna() & rows["subject_id"].isin(treated(asked)["subject_id"])]
    if asked.study.infusions is not None:
        given = asked.table("infusions")
        again = given[given["planned"].eq(False) & (given["day"] > 0)]
        stop = again.groupby("subject_id")["day"].min()
        rows = rows[rows["day"] <= rows["subject_id"].map(stop).fillna(np.inf)]
    below = rows[rows["value"] < asked.option("below")]
    lowest = rows.groupby("subject_id")["value"].min().astype(float)
    first = below.groupby("subject_id")["day"].min().astype(float)
    n, spans = len(treated(asked)), _spans(rows, first, asked.option("below"))
    found: list[dict[str, Any]] = []
    for name in asked.rows["parameter"]:
        one: dict[str, Any] = {"n": n}
        values = {"lowest count": lowest, "day of the first below": first}.get(str(name))
        if values is not None:
            one |= {"n_event": len(first), "n_missing": n - len(values)}
            one |= sample(values, asked.level)
        elif str(name).startswith("days"):
            since = first.reindex(spans.index) if name == "days below" else 0.0
            one |= {"n_missing": n - len(first)}
            one |= _return(spans["low"] - since, spans["high"] - since, asked.level)
        else:
            shares = _at_return(asked, f"{str(name).split()[0]}_B_percent", spans["high"])
            one |= {"n_event": len(shares), "n_missing": n - len(shares)}
            one |= sample(shares, asked.level)
        found.append(one)
    columns = dict.fromkeys(c for one in found for c in one)
    return {c: [one.get(c) for one in found] for c in columns}


def _spans(rows: pd.DataFrame, first: pd.Series, below: float) -> pd.DataFrame:
    """Return the days between which B cells returned, of those who fell below."""
    ends = {}
    for subject, own in rows.sort_values("day").groupby("subject_id"):
        if subject in first.index:
            day, up = own["day"].to_numpy(float), (own["value"] >= below).to_numpy()
            after = np.flatnonzero(up[:-1] & up[1:] & (day[:-1] > first[subject]))
            back = day[after[0]] if after.size else np.inf
            ends[subject] = (day[~up & (day < back)].max(), back)
    return pd.DataFrame.from_dict(ends, orient="index", columns=["low", "high"], dtype=float)


def _at_return(asked: Asked, measure: str, back: pd.Series) -> pd.Series:
    """Return the share nearest to the return, at most two weeks off; of two as near the earlier."""
    rows = asked.table("assessments")
    rows = rows[rows["measure"].eq(measure) & rows["value"].notna()]
    away = (rows["day"] - rows["subject_id"].map(back[np.isfinite(back)])).abs()
    near = rows.assign(away=away)[away <= 14].sort_values(["away", "day"])
    return near.groupby("subject_id")["value"].first().astype(float)


def _return(low: pd.Series, high: pd.Series, level: float) -> dict[str, Any]:
    """Return who is back, lifelines' median, and limits from the ends of the intervals."""
    from lifelines.fitters.npmle import npmle

    one: dict[str, Any] = {"n_event": int(np.isfinite(high).sum())}
    if low.empty:
        return one
    # lifelines takes an interval as closed: less than any step is added on the left.
    mass, intervals = npmle(low.to_numpy() + 1e-3, high.to_numpy(), tol=1e-8)[:2]
    total = np.cumsum(np.asarray(mass, float))
    # Its curve stops early: near one half it is not known on which side it falls.
    if not (np.abs(total - 0.5) < 5e-3).any():
        start, stop = intervals[int((total < 0.5).sum())]
        reached = bool(np.isfinite(stop))
        one["estimate"] = float(stop) if reached else np.nan
        one["estimate_low"] = round(float(start) - 1e-3, 9) if reached else np.nan
    # The same ranks as of a median that is known: each limit is the end of an interval.
    one["conf_low"] = sample(low, level)["conf_low"]
    most = sample(high.clip(upper=1e9), level)["conf_high"]
    one["conf_high"] = most if most < 1e9 else np.nan
    return one
