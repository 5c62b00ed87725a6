"""The subjects' times of an endpoint, read anew from the events table."""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.crosschecking.applying import applies
from carstats.crosschecking.asking import Asked, NotToldError

ENTRY = "entry"


def times_of(asked: Asked, subjects: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return a row for each subject: time, whether the event happened, cause, interval, entry."""
    subjects = asked.subjects if subjects is None else subjects
    name = asked.endpoint
    start = asked.option("start")
    rows = asked.once(
        ("times", name, start), subjects, lambda: _times(asked, subjects, name, start)
    )
    if asked.spec.analysis != "landmark_curve":
        return rows
    if asked.option("group") is not None:
        # Who belongs to a group on the day may be a function of one's own.
        raise NotToldError("group")
    return _from_landmark(rows, float(asked.option("at")))


def _from_landmark(rows: pd.DataFrame, day: float) -> pd.DataFrame:
    """Return who is free of the event on a day, with their times from it."""
    later = rows[rows["time"] > day]
    later = later.assign(time=later["time"] - day)
    return later[later[ENTRY] <= day].drop(columns=ENTRY) if ENTRY in later else later


def _times(asked: Asked, subjects: pd.DataFrame, name: str, start: float | None) -> pd.DataFrame:
    told = applies(asked.study, name)
    if told is None:
        raise NotToldError(name)
    meant = set(asked.study.subjects.loc[told, "subject_id"])
    subjects = subjects[subjects["subject_id"].isin(meant)]
    events = asked.study.table("events").query("endpoint == @name")
    # A column of the subjects may be called time or status as well.
    merged = subjects.merge(
        events, on="subject_id", how="left", validate="one_to_one", suffixes=("_of_subject", "")
    )
    happened = merged["status"].eq("event")
    rival = merged["status"].eq("competing")
    causes = merged["cause"] if "cause" in merged else pd.Series(None, merged.index, dtype=object)
    merged["event"] = happened
    merged["cause"] = np.where(
        happened, name, np.where(rival, causes.astype(object).fillna("competing event"), "")
    )
    merged["low"], merged["high"] = _between(merged, happened)
    if "entry_day" in merged and merged["entry_day"].notna().any():
        origin = merged["origin_day"].fillna(0.0) if "origin_day" in merged else 0.0
        merged[ENTRY] = (merged["entry_day"] - origin).fillna(-1.0)
    if start is not None:
        merged = merged[merged["time"].isna() | (merged["time"] > start)]
        if ENTRY in merged:
            merged[ENTRY] = merged[ENTRY].where(merged[ENTRY] > start, -1.0)
    return merged


def _between(rows: pd.DataFrame, happened: pd.Series) -> tuple[pd.Series, pd.Series]:
    time = rows["time"].astype(float)
    if "time_low" not in rows or "time_high" not in rows:
        return time, time.where(happened, np.inf)
    between = happened & rows["time_low"].notna() & rows["time_high"].notna()
    low = rows["time_low"].where(between, time).astype(float)
    high = rows["time_high"].where(between, time).where(happened, np.inf)
    return low, high.astype(float)


def known(rows: pd.DataFrame) -> pd.DataFrame:
    """Return those who have a record."""
    return rows[rows["time"].notna()]


def step(times: np.ndarray, values: np.ndarray, at: np.ndarray, before: float) -> np.ndarray:
    """Read a curve that steps at `times`, with its value at the time itself."""
    place = np.searchsorted(np.asarray(times, float), np.asarray(at, float) + 1e-9) - 1
    found = np.asarray(values, float)[np.maximum(place, 0)] if len(values) else np.full(len(at), 0)
    return np.where(place < 0, before, found)


def at_risk(rows: pd.DataFrame, at: np.ndarray) -> np.ndarray:
    """Return how many were at risk just before each time."""
    times = rows["time"].to_numpy(float)
    entry = rows[ENTRY].to_numpy(float) if ENTRY in rows else np.full(len(rows), -np.inf)
    return np.array([((times >= t) & (entry < t)).sum() for t in at])


def steps_and_counts(
    asked: Asked, rows: pd.DataFrame, event: pd.Series, censored: pd.Series
) -> dict[str, np.ndarray]:
    """Return the counts of a curve's rows, whose first is the beginning and none of its steps."""
    at = asked.rows["time"].to_numpy(float)
    seen = known(rows)
    time = seen["time"].to_numpy(float)
    mine = event[seen.index].to_numpy(bool)
    gone = censored[seen.index].to_numpy(bool)
    # Each row counts since the one before it, the last to the end: a step left out is missed.
    place = np.minimum(1 + np.searchsorted(at[1:], time - 1e-9), len(at) - 1)
    counts = {
        "n": np.full(len(at), len(rows)),
        "n_missing": np.full(len(at), len(rows) - len(seen)),
        "n_risk": at_risk(seen, at),
        "n_event": np.bincount(place[mine], minlength=len(at)),
        "n_censor": np.bincount(place[gone], minlength=len(at)),
    }
    if len(seen):
        counts["n_risk"][0] = at_risk(seen, np.array([time.min()]))[0]
        counts["n_event"][0] = counts["n_censor"][0] = 0
    return counts
