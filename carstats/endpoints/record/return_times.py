"""When a laboratory value returns: the first of consecutive samples, with its interval."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from carstats.endpoints.record.confirmation import confirmed
from carstats.endpoints.record.logic import flags
from carstats.endpoints.record.worksheets import check_table, subject_index
from carstats.errors import check_number
from carstats.messages import message

COLUMNS = (
    "subject_id", "endpoint", "status", "time", "time_low", "time_high", "origin_day", "cause",
    "away_day", "n_samples", "note",
)  # fmt: skip


def first_return(
    table: pd.DataFrame,
    *,
    endpoint: str,
    away: str,
    consecutive: int = 2,
    subjects: Iterable[object] | None = None,
    competing: pd.DataFrame | None = None,
    from_day: int = 0,
) -> pd.DataFrame:
    """Find for each subject the first of several consecutive samples that show a return."""
    check_number("consecutive", consecutive, low=1)
    index = subject_index(table, subjects)
    rows = table[(table["day"] >= from_day) & table["subject_id"].isin(index)]
    rows = rows.reset_index(drop=True)
    stop = _first_competing(competing, index)
    rows = rows[~(rows["day"] >= stop["day"].reindex(rows["subject_id"]).to_numpy())]
    (back,) = flags(returned=rows["returned"]) if len(rows) else (pd.array([], "boolean"),)
    rows = rows.assign(gone=~back._mask & ~back._data)
    gone_by_now = rows.groupby("subject_id", sort=False)["gone"].cummax()
    # Only what has been away can return.
    counts = pd.array(np.where(back._mask, None, back._data & gone_by_now), "boolean")
    held = rows.assign(sure=False)
    if len(rows):
        verdict = confirmed(rows["subject_id"], rows["day"], counts, visits=consecutive)
        held["sure"] = verdict._data & ~verdict._mask
    event = held[held["sure"]].drop_duplicates("subject_id").set_index("subject_id")["day"]
    event = event.reindex(index)
    gone = rows[rows["gone"]]
    away_day = gone.drop_duplicates("subject_id").set_index("subject_id")["day"].reindex(index)
    before = gone[~(gone["day"].to_numpy() >= event.reindex(gone["subject_id"]).to_numpy())]
    low = before.groupby("subject_id")["day"].max().reindex(index)
    n_samples = rows.groupby("subject_id").size().reindex(index, fill_value=0)
    last = rows.groupby("subject_id")["day"].max().reindex(index)

    happened, rival = event.notna(), stop["day"].notna()
    applies = away_day.notna()
    status = np.select([~applies, happened, rival], [None, "event", "competing"], "censored")
    single = applies & ~happened & (last > low)
    note = np.select(
        [n_samples == 0, ~applies, single],
        [message("no samples"), away, message("a return not confirmed")],
        "",
    )
    time = event.where(happened, stop["day"].where(rival, low)).where(applies)
    return pd.DataFrame({
        "subject_id": index,
        "endpoint": endpoint,
        "status": pd.Series(status, dtype=object),
        "time": time.to_numpy(float),
        "time_low": low.where(applies).to_numpy(float),
        "time_high": event.where(happened).to_numpy(float),
        "origin_day": 0.0,
        "cause": stop["cause"].where(rival & ~happened & applies, None).to_numpy(object),
        "away_day": away_day.to_numpy(float),
        "n_samples": n_samples.to_numpy(int),
        "note": note,
    })[list(COLUMNS)]  # fmt: skip


def _first_competing(competing, index):
    """Return by subject the day and the cause of the first competing event."""
    if competing is None:
        return pd.DataFrame({"day": np.nan, "cause": None}, index=index)
    events = check_table("competing", competing, ["subject_id", "day", "cause"])
    return events.drop_duplicates("subject_id").set_index("subject_id").reindex(index)
