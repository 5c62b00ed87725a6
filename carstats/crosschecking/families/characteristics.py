"""Who the subjects are, whom the criteria leave out, and what was measured, in pandas."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from carstats.crosschecking.asking import Asked, followed_to, share
from carstats.crosschecking.choosing import criterion_of
from carstats.crosschecking.families.clocks import sample
from carstats.crosschecking.families.proportions import binomial_limits


def flow(asked: Asked) -> dict[str, Any]:
    """Count the subjects before and after each criterion."""
    subjects = asked.study.subjects
    inside = pd.Series(True, subjects.index)
    for column in asked.spec.by:
        inside &= subjects[column].eq(asked.key[column])
    rows = [(int(inside.sum()), int(inside.sum()), 0)]
    for words in asked.spec.criteria:
        rule = criterion_of(words)
        if rule is None:
            return {}
        verdict = rule[0](asked.study)
        if words == "infused" and asked.spec.options.get("from_enrolment"):
            for reached in _on_the_way(subjects):
                before, inside = int(inside.sum()), inside & (reached | verdict.isna())
                rows.append((before, int(inside.sum()), 0))
        before, unknown = int(inside.sum()), int((inside & verdict.isna()).sum())
        inside &= verdict.fillna(False).astype(bool)
        rows.append((before, int(inside.sum()), unknown))
    before, after, unknown = np.array(rows).T
    left = before - after
    return {"n_before": before, "n_after": after, "n_left_out": left, "n_missing": unknown}


def _on_the_way(subjects: pd.DataFrame) -> list[pd.Series]:
    """Return who came to leukapheresis or needed none, and who to lymphodepletion, or further."""
    days = subjects.reindex(columns=["leukapheresis_day", "lymphodepletion_day"])
    days["infused"] = subjects["infused"].fillna(False).astype(bool).where(lambda yes: yes)
    days.loc[subjects["cell_source"] != "autologous", "leukapheresis_day"] = 0
    further = days.notna().iloc[:, ::-1].cummax(axis=1)
    return [
        further[c] for c in days if c in subjects and c != "infused" and subjects[c].notna().any()
    ]


def baseline(asked: Asked) -> dict[str, Any]:
    """Return means, quartiles and shares of the subjects' columns."""
    found = []
    for row in asked.rows.itertuples():
        values = asked.subjects[row.variable]
        there = values.dropna()
        one: dict[str, Any] = {"n": len(values), "n_missing": int(values.isna().sum())}
        if row.kind == "category":
            text = there.map(lambda v: ("yes" if v else "no") if isinstance(v, bool) else str(v))
            k = int(text.eq(row.level).sum())
            one |= {"n_event": k, "estimate": share(k, len(there))}
        else:
            told = there.astype(float).describe()
            names = {"estimate": "mean", "std_dev": "std", "median": "50%", "q1": "25%",
                     "q3": "75%", "low": "min", "high": "max"}  # fmt: skip
            one |= {ours: float(told[theirs]) for ours, theirs in names.items()}
        found.append(one)
    columns = dict.fromkeys(name for one in found for name in one)
    return {name: [one.get(name, np.nan) for one in found] for name in columns}


def trajectory(asked: Asked) -> dict[str, Any]:
    """Return the medians of a measure at visits and how many lie below the threshold."""
    days = np.array(asked.option("at"), float)
    below = asked.option("below")
    values = asked.table("assessments")
    values = values[values["measure"].eq(asked.option("measure"))]
    if "lloq" in values and (values["value"].isna() & values["lloq"].notna()).any():
        return {}
    values = values.dropna(subset="value")
    if "adequate" in values:
        values = values[values["adequate"].map(lambda v: True if pd.isna(v) else bool(v))]
    values = values.assign(visit=[_visit(day, days) for day in values["day"]])
    values = values.assign(hidden=_hidden(asked, values))
    end = followed_to(asked.subjects)
    found = []
    for place, day in enumerate(days):
        here = values[values["visit"] == place]
        shown = here[~here["hidden"]]
        away = (shown["day"] - day).abs() - 1e-6 * shown["day"]
        one_each = shown.loc[away.groupby(shown["subject_id"]).idxmin()]
        ids = set(one_each["subject_id"])
        n = int(((end >= day) | asked.subjects["subject_id"].isin(ids)).sum())
        row: dict[str, Any] = {
            "n": n,
            "n_missing": n - len(ids),
            "n_event": len(ids),
            "n_masked": len(set(here.loc[here["hidden"], "subject_id"]) - ids),
            **sample(one_each["value"], asked.level),
        }
        if below is not None:
            k = int((one_each["value"] < below).sum())
            low, high = binomial_limits(k, len(ids), "Clopper-Pearson", asked.level) or (0, 0)
            row |= {"n_below": k, "below": share(k, len(ids)), "below_low": low, "below_high": high}
        found.append(row)
    return dict(pd.DataFrame(found))


def _visit(day: float, days: np.ndarray) -> int:
    """Return the visit that a day belongs to, -1 for none."""
    away = np.abs(days - day)
    place = int(np.argmin(away))
    if place == 0 and days[0] == 0 and day > 0:
        return -1
    last = len(days) - 1
    if place == last and last and day - days[-1] > (days[-1] - days[-2]) / 2:
        return -1
    return place


def _hidden(asked: Asked, values: pd.DataFrame) -> list[bool]:
    """Say which values lie in a course of immunoglobulin, or too soon after one."""
    mask = asked.option("mask_days")
    drugs = asked.study.medications
    if mask is None or drugs is None:
        return [False] * len(values)
    given = drugs[drugs["drug_class"].eq("immunoglobulin") & drugs["start_day"].notna()]
    courses = dict(iter(given.groupby("subject_id")))
    found = []
    for name, day in zip(values["subject_id"], values["day"], strict=True):
        course = courses.get(name)
        if course is None:
            found.append(False)
            continue
        stop = course["stop_day"].fillna(np.inf) + mask
        found.append(bool(((course["start_day"] < day) & (stop >= day)).any()))
    return found


def taper(asked: Asked) -> dict[str, Any]:
    """Return the daily doses of glucocorticoids, added up day by day for each subject."""
    rows = asked.table("medications")
    rows = rows[rows["drug_class"].eq("glucocorticoid")]
    courses = dict(iter(rows.groupby("subject_id")))
    end = followed_to(asked.subjects)
    found = []
    for day in asked.rows["time"]:
        there = asked.subjects.loc[end >= day, "subject_id"]
        calendar = np.arange(1.0, day + 1)
        doses, sums = [], []
        for name in there:
            course = courses.get(name, rows.iloc[:0])
            start = course["start_day"].astype(float).fillna(-1e9).to_numpy()
            stop = course["stop_day"].astype(float).fillna(1e9).to_numpy()
            mg = course["prednisone_equivalent_mg"].to_numpy(float)
            doses.append(mg[(start <= day) & (day <= stop)].sum())
            days = [
                ((calendar >= a) & (calendar <= b)).sum() for a, b in zip(start, stop, strict=True)
            ]
            sums.append(sum(m * n for m, n in zip(mg, days, strict=True) if n))
        known = pd.Series(doses, dtype=float).dropna()
        k, off = (int((known <= dose).sum()) for dose in (asked.option("low", 0.0), 0.0))
        n = len(known)
        row: dict[str, Any] = {"n": len(there), "n_missing": len(there) - n, "n_event": n}
        row |= sample(known, asked.level) | {"n_below": k, "n_off": off}
        for column, count in (("below", k), ("off", off)):
            low, high = binomial_limits(count, n, "Clopper-Pearson", asked.level) or (np.nan,) * 2
            row |= {column: share(count, n), f"{column}_low": low, f"{column}_high": high}
        row["cumulative"] = pd.Series(sums, dtype=float).median()
        found.append(row)
    return dict(pd.DataFrame(found))
