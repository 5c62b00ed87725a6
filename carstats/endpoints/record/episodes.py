"""Daily grades merged into episodes: the rows of the toxicities table for CRS and ICANS."""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.endpoints.record.grades import check_grades
from carstats.endpoints.record.worksheets import check_table, latest
from carstats.errors import check_number

COLUMNS = (
    "subject_id", "term", "onset_day", "grade", "grade_at_least", "resolution_day", "grading_scale",
    "system", "infusion_number", "last_day", "n_days", "days_since_infusion", "in_window",
    "late_first_onset",
)  # fmt: skip


def check_infusions(infusions: pd.DataFrame | None, subjects: pd.Series) -> pd.DataFrame:
    """Return infusions by day with their number; one on day 0 for each subject where not given."""
    if infusions is None:
        return pd.DataFrame({"subject_id": subjects.unique(), "day": 0.0, "infusion_number": 1.0})
    table = check_table("infusions", infusions, ["subject_id", "day"], ["infusion_number"])
    if "infusion_number" not in table:
        table["infusion_number"] = table.groupby("subject_id").cumcount() + 1.0
    return table.astype({"infusion_number": float})


def merge_episodes(
    daily: pd.DataFrame,
    *,
    term: str,
    grading_scale: str,
    system: str,
    infusions: pd.DataFrame | None = None,
    gap_days: int = 7,
    min_grade: int = 1,
    onset_window_days: int = 30,
    late_onset_days: int = 14,
    split_at_infusion: bool = False,
) -> pd.DataFrame:
    """Merge daily grades into episodes: runs of graded days, short gaps bridged.

    Notes
    -----
    A day counts by the grade that is proven. One that is missing or not evaluable neither begins
    nor ends an episode: the gap is counted by the calendar; in an episode, or where it could still
    belong to it, it leaves the worst grade open. Status: design (the window restarts at each
    infusion, for multi-dose products; a gap is counted in days without the toxicity, as in
    "stopped and started again within 7 days").

    References
    ----------
    Lee DW et al. ASTCT consensus grading. Biol Blood Marrow Transplant 2019;25:625-638.
    doi:10.1016/j.bbmt.2018.12.758.
    """
    for name, value in (("gap_days", gap_days), ("onset_window_days", onset_window_days)):
        check_number(name, value, low=1)
    check_number("late_onset_days", late_onset_days, low=0)
    check_number("min_grade", min_grade, low=1)
    table = _bounded(daily)
    doses = check_infusions(infusions, table["subject_id"])
    # The worst row of a day counts. What may have been none is no day of an episode.
    bounds = table.groupby(["subject_id", "day"], sort=False, as_index=False)[["low", "high"]]
    every = bounds.max()
    open_days = every[(every["low"] < min_grade) & (every["high"] >= min_grade)]
    known = every.drop(open_days.index).reset_index(drop=True)
    known["dose"] = latest(known, doses)
    known["active"] = known["low"] >= min_grade
    subject = known.groupby("subject_id", sort=False)
    known["ends"] = subject["active"].shift(-1, fill_value=True).eq(False)

    days = known[known["active"]].copy()
    before = days.groupby("subject_id", sort=False)[["day", "dose"]].shift(1)
    new = ~(days["day"] - before["day"] - 1 < gap_days)
    if split_at_infusion:
        new |= days["dose"] != before["dose"]
    days["episode"] = new.cumsum()
    # A day that is open belongs to the episode that it follows within the gap.
    open_days = open_days.assign(place=latest(open_days, days))
    open_days = open_days[open_days["place"] >= 0]
    follows = days.iloc[open_days["place"]]
    near = open_days["day"].to_numpy() - follows["day"].to_numpy() - 1 < gap_days
    possible = open_days["high"][near].groupby(follows["episode"].to_numpy()[near]).max()
    episodes = days.groupby("episode", sort=False).agg(
        subject_id=("subject_id", "first"),
        onset_day=("day", "first"),
        low=("low", "max"),
        high=("high", "max"),
        last_day=("day", "last"),
        n_days=("day", "size"),
        dose=("dose", "first"),
        ends=("ends", "last"),
    )
    high = np.fmax(episodes["high"], possible.reindex(episodes.index))
    sure = (episodes["low"] == high).to_numpy(bool)
    episodes = episodes.assign(
        grade=episodes["low"].where(sure), grade_at_least=episodes["low"].mask(sure)
    )
    return _described(
        episodes.reset_index(drop=True), doses, (term, grading_scale, system),
        onset_window_days, late_onset_days,
    )  # fmt: skip


def _described(episodes, doses, labels, onset_window_days, late_onset_days):
    """Add to episodes their labels, their infusion and what follows from the days since it."""
    treated = episodes["dose"] >= 0
    dose = doses[["day", "infusion_number"]].reindex(episodes["dose"].where(treated))
    since = episodes["onset_day"] - dose["day"].to_numpy(float)
    number = pd.Series(dose["infusion_number"].to_numpy(float), episodes.index)
    first = ~episodes.assign(number=number).duplicated(["subject_id", "number"])
    term, grading_scale, system = labels
    result = episodes.assign(
        term=term,
        grading_scale=grading_scale,
        system=system,
        resolution_day=episodes["last_day"].where(episodes["ends"].astype(bool)),
        infusion_number=number,
        days_since_infusion=since,
        in_window=(since <= onset_window_days).astype(bool),
        late_first_onset=((since > late_onset_days) & first).astype(bool),
    )
    return result[list(COLUMNS)].astype({"n_days": int, "grade": float, "grade_at_least": float})


def _bounded(daily: pd.DataFrame) -> pd.DataFrame:
    """Return the daily grades with what is proven (`low`) and what is possible (`high`)."""
    bounds = ["grade_at_least", "grade_at_most"]
    table = check_table("daily", daily, ["subject_id", "day", "grade"], bounds)
    for name in ("grade", *bounds):
        if name in table:
            table[name] = check_grades(f"daily.{name}", table[name]) if len(table) else 0.0
    # A grade that is missing without bounds says nothing, and its day is left out.
    low = table["grade"].fillna(table.get("grade_at_least", np.nan))
    high = table["grade"].fillna(table.get("grade_at_most", np.nan))
    low = low.where(low.notna() | high.isna(), 0.0)
    high = high.where(high.notna() | low.isna(), 5.0)
    return table.assign(low=low, high=high)[low.notna()].reset_index(drop=True)
