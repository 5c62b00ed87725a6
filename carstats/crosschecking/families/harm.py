"""Harm beyond grades, by statsmodels, scipy and pandas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from carstats.crosschecking.asking import Asked, followed_to, share
from carstats.crosschecking.families.clocks import sample
from carstats.crosschecking.families.competing import aalen_johansen
from carstats.crosschecking.families.proportions import binomial_limits
from carstats.crosschecking.families.rates import exact_limits

_DAYS_PER_YEAR = 365.25
# Diseases that immunoglobulin treats.
_TREATED = ("MG", "IIM", "ITP", "CIDP")


def _share(k: int, n: int, level: float, unknown: int = 0) -> dict[str, Any]:
    """Return a share with statsmodels' limits, the upper of all who may have had it."""
    low, high = (binomial_limits(j, n, "Clopper-Pearson", level) for j in (k, k + unknown))
    found: dict[str, Any] = {"n": n, "n_missing": unknown, "n_event": k, "estimate": share(k, n)}
    if low is not None and high is not None:
        found |= {"conf_low": np.nan_to_num(low[0]) if n else np.nan, "conf_high": high[1]}
    return found


def _columns(rows: list[dict[str, Any]]) -> dict[str, Any]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def deaths(asked: Asked) -> dict[str, Any]:
    """Return deaths by cause, their share and rate with limits, and the incidence by the day."""
    subjects, at, per = asked.subjects, asked.option("at"), asked.option("per")
    dead = subjects["death_day"].notna()
    given = subjects.get("death_cause", pd.Series(None, subjects.index, dtype=object))
    cause = given.astype(object).where(given.notna(), "unknown").where(dead, "")
    days = followed_to(subjects).clip(lower=0.0)
    years = float((days + 1).sum()) / _DAYS_PER_YEAR
    found = []
    for name in asked.rows["cause"]:
        named = cause.where(~dead, name) if name == "any cause" else cause
        k = int(named.eq(name).sum())
        # A death of unknown cause may be of any named one.
        maybe = 0 if name in ("any cause", "unknown") else int(cause.eq("unknown").sum())
        one = _share(k, len(subjects), asked.level, maybe)
        low, _ = exact_limits(k, years / per, asked.level)
        _, high = exact_limits(k + maybe, years / per, asked.level)
        one |= {"person_years": years, "followup": days.median(), "n_risk": int((days >= at).sum())}
        one |= {"rate": share(k, years / per), "rate_low": low, "rate_high": high}
        if len(days) and at <= days.max():
            curve = aalen_johansen(days, named, name, np.array([at]))
            one["incidence"] = float(curve["estimate"][0])
        found.append(one)
    return _columns(found)


def infections(asked: Asked) -> dict[str, Any]:
    """Return infections of any organism and their person-years, those of a group by carstats' own.

    Which group an organism belongs to is a clinical rule, which is not worked out a second time.
    """
    rows = asked.table("toxicities")
    rows = rows[rows["term"].eq(asked.option("term")) & ~(rows["onset_day"] < 0)]
    serious = rows.get("serious", pd.Series(pd.NA, rows.index)).astype("boolean")
    grade = rows.get("grade", pd.Series(np.nan, rows.index)).astype(float)
    if asked.option("serious", False):
        if (serious.isna() & ~(grade >= 3)).any() or grade.isna().any():
            return {}
        rows = rows[serious.fillna(False).astype(bool) | (grade >= 3)]
    # Episodes that overlap are one; where there are such the counts are left to carstats.
    if _overlap(rows, asked.option("gap", 0.0)) or rows["onset_day"].isna().any():
        return {}
    end, per = followed_to(asked.subjects).clip(lower=0.0), float(asked.option("per"))
    whose = asked.subjects["subject_id"]
    found = []
    for row in asked.rows.itertuples():
        low, high = (
            float(getattr(row, "window_start", 0)),
            float(getattr(row, "window_end", np.inf)),
        )
        stop = np.minimum(end, high)
        onset = rows[["subject_id", "onset_day"]]
        if asked.option("events") == "first":
            onset = onset.sort_values("onset_day").drop_duplicates("subject_id")
            first = whose.map(onset.set_index("subject_id")["onset_day"]).fillna(np.inf)
            stop = np.minimum(stop, first)
        exposure = (stop - low + 1).clip(lower=0)
        years = float(exposure.sum()) / _DAYS_PER_YEAR
        one: dict[str, Any] = {"n": int((exposure > 0).sum()), "n_missing": 0}
        if row.organism == "any" or asked.option("events") == "all":
            one["person_years"] = years
        if row.organism == "any":
            inside = onset[onset["onset_day"].floordiv(1).between(low, high)]
            inside = inside[inside["subject_id"].isin(whose[exposure > 0])]
            k = len(inside)
            one |= {"n_event": k, "n_with_event": inside["subject_id"].nunique()}
            one["estimate"] = per * share(k, years)
            if asked.option("limits") == "exact":
                ends = exact_limits(k, years, asked.level)
                one |= {"conf_low": per * ends[0], "conf_high": per * ends[1]}
        found.append(one)
    return _columns(found)


def _overlap(rows: pd.DataFrame, gap: float) -> bool:
    site = rows["system"] if "system" in rows else pd.Series("", rows.index)
    keys = [rows["subject_id"], site.astype(object).fillna("")]
    ordered = rows.assign(
        end=rows.get("resolution_day", pd.Series(np.nan, rows.index)).astype(float).fillna(np.inf)
    ).sort_values("onset_day", kind="stable")
    groups = ordered.groupby([key.reindex(ordered.index) for key in keys], sort=False)
    return any(
        (part["onset_day"].to_numpy()[1:] <= part["end"].cummax().to_numpy()[:-1] + gap).any()
        for _, part in groups
    )


def replacement(asked: Asked) -> dict[str, Any]:
    """Return who had immunoglobulin for replacement, day by day, and when it began."""
    drugs = asked.table("medications")
    drugs = drugs[drugs["drug_class"].eq("immunoglobulin")]
    reason = drugs.get("reason", pd.Series(None, drugs.index, dtype=object))
    subjects = asked.subjects.set_index("subject_id")
    treats = drugs["subject_id"].map(subjects["disease"]).isin(_TREATED)
    mine = drugs[reason.eq("replacement").fillna(False) | (reason.isna() & ~treats)]
    if (reason.isna() & treats).any() or mine[["start_day", "stop_day"]].isna().all(axis=1).any():
        return {}
    end = followed_to(asked.subjects).clip(lower=0.0).set_axis(asked.subjects["subject_id"])
    on: dict[object, set[int]] = {}
    still = set()
    for row in mine.itertuples():
        last = end[row.subject_id]
        stop = np.inf if pd.isna(row.stop_day) else np.floor(row.stop_day)
        start = -np.inf if pd.isna(row.start_day) else np.floor(row.start_day)
        if start == stop:
            stop += asked.option("dose_days") - 1
        held = range(int(max(start, 0)), int(min(stop, last)) + 1)
        if len(held):
            on.setdefault(row.subject_id, set()).update(held)
            still |= {row.subject_id} if stop >= last else set()
    n, k = len(subjects), len(on)
    begun = mine[mine["start_day"].ge(0)].groupby("subject_id")["start_day"].min()
    days = {
        "days to the first": begun[begun.index.isin(on)],
        # A gap within a course is of it; what ran on it without one is the same.
        "days on": pd.Series([float(len(held)) for held in on.values()], dtype=float)
        if not _interrupted(on)
        else None,
    }
    found: list[dict[str, Any]] = []
    for name in asked.rows["parameter"]:
        if name == "ever":
            found.append(_share(k, n, asked.level))
        elif name == "on at last contact":
            found.append(_share(len(still & set(on)), k, asked.level))
        elif (values := days.get(name)) is not None:
            told = sample(values, asked.level)
            found.append({"n": k, "n_event": len(values), "n_missing": k - len(values), **told})
        else:
            found.append({})
    return _columns(found)


def _interrupted(on: dict[object, set[int]]) -> bool:
    return any(max(held) - min(held) + 1 > len(held) for held in on.values())


def stays(asked: Asked) -> dict[str, Any]:
    """Return days in hospital or intensive care as sets of days; Gaffke's limits no library has."""
    drugs = asked.table("medications")
    care = asked.option("care")
    classes = ["hospital stay", "intensive care"] if care == "hospital stay" else [care]
    rows = drugs[drugs["drug_class"].isin(classes)]
    if rows[["start_day", "stop_day"]].isna().all(axis=1).any():
        return {}
    end = followed_to(asked.subjects).set_axis(asked.subjects["subject_id"])
    held: dict[object, set[int]] = {subject: set() for subject in end.index}
    for row in rows.itertuples():
        last = np.fmin(row.stop_day, end[row.subject_id])
        first = 0 if pd.isna(row.start_day) else max(row.start_day, 0)
        held[row.subject_id] |= set(range(int(np.floor(first)), int(np.floor(last)) + 1))
    dead = asked.subjects.set_index("subject_id").get("death_day")
    died = pd.Series(False, end.index) if dead is None else dead.notna()
    found: list[dict[str, Any]] = []
    for row in asked.rows.itertuples():
        day = row.time
        here = [s for s in end.index if end[s] >= day or died[s]]
        days = pd.Series([float(len(held[s] & set(range(1, int(day) + 1)))) for s in here]
                         if day == day else [], dtype=float)  # fmt: skip
        one: dict[str, Any] = {}
        if row.parameter == "admitted":
            one = _share(int(days.gt(0).sum()), len(here), asked.level)
        elif row.parameter == "days":
            one = {"n": len(here), "n_event": len(here), "n_missing": 0, **_spread(days)}
        elif row.parameter == "days of those admitted":
            some = days[days.gt(0)]
            one = {"n": len(some), "n_event": len(some), "n_missing": 0}
            one |= sample(some, asked.level)
        found.append(one)
    return _columns(found)


def _spread(days: pd.Series) -> dict[str, float]:
    if days.empty:
        return {}
    told = days.describe()
    return {"estimate": told["mean"], "q1": told["25%"], "q3": told["75%"],
            "minimum": told["min"], "maximum": told["max"]}  # fmt: skip


def treatment(asked: Asked) -> dict[str, Any]:
    """Return who was given tocilizumab or glucocorticoids within an episode."""
    toxic = asked.table("toxicities")
    toxic = toxic[toxic["term"].eq(asked.option("term")) & ~(toxic["onset_day"] < 0)]
    drugs = asked.table("medications")
    reason = drugs.get("reason", pd.Series(None, drugs.index, dtype=object))
    kept = reason.isna() | reason.isin(["toxicity", "supportive"])
    drugs = drugs[drugs["drug_class"].isin(["tocilizumab", "glucocorticoid"]) & kept]
    least = toxic.get("grade_at_least", pd.Series(np.nan, toxic.index)).eq(0)
    if toxic["onset_day"].isna().any() or drugs["start_day"].isna().any() or least.any():
        return {}
    last = toxic.get("resolution_day", pd.Series(np.nan, toxic.index)).astype(float)
    toxic = toxic[["subject_id", "onset_day"]].assign(last=last.fillna(toxic["onset_day"] + 14))
    pairs = drugs.merge(toxic, on="subject_id")
    pairs = pairs[pairs["start_day"].between(pairs["onset_day"], pairs["last"])]
    has = {kind: set(part["subject_id"]) for kind, part in pairs.groupby("drug_class")}
    first, second = (has.get(kind, set()) for kind in ("tocilizumab", "glucocorticoid"))
    ways = {"tocilizumab": first, "glucocorticoid": second, "both": first & second,
            "either": first | second}  # fmt: skip
    sick, n = toxic["subject_id"].nunique(), len(asked.subjects)
    doses = pairs[pairs["drug_class"].eq("tocilizumab")].drop_duplicates(list(drugs.columns))
    found: list[dict[str, Any]] = []
    for row in asked.rows.itertuples():
        if row.parameter in ways:
            of = sick if row.among == "with CRS" else n
            found.append(_share(len(ways[row.parameter]), of, asked.level))
        elif row.parameter == "doses of tocilizumab" and not drugs.duplicated().any():
            told = sample(doses.groupby("subject_id").size().astype(float), asked.level)
            found.append({"n": len(first), "n_event": len(first), "n_missing": 0, **told})
        else:
            found.append({})
    return _columns(found)
