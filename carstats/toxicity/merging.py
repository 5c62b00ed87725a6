"""Records of toxicity that overlap, joined into episodes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.toxicity.episodes import Severe, with_verdict


def merged_episodes(
    episodes: pd.DataFrame, severe: Severe | None = None, *, gap: float = 0
) -> pd.DataFrame:
    """Join the records of one subject, term and system that overlap into one episode."""
    # What began before the infusion is set apart: it would take in what came after it.
    rows = episodes[~episodes["before"]].reset_index(drop=True)
    if rows.empty:
        return rows.assign(n_records=0)
    place = rows["system"].astype(object).fillna("").astype(str)
    start = rows["onset_day"]
    order = pd.DataFrame(
        {"s": rows["subject_id"], "t": rows["term"], "p": place, "o": start}
    ).sort_values(["s", "t", "p", "o"], kind="stable")
    rows, keys = rows.loc[order.index].reset_index(drop=True), order.reset_index(drop=True)
    end = rows["resolution_day"].where(rows["onset_day"].notna(), -np.inf).fillna(np.inf)
    group = [keys["s"], keys["t"], keys["p"]]
    reached = end.groupby(group, sort=False).cummax().groupby(group, sort=False).shift()
    fresh = ~(rows["onset_day"] <= reached + gap)
    number = fresh.cumsum()
    ongoing = rows["onset_day"].notna() & rows["resolution_day"].isna()
    found = rows.assign(ongoing=ongoing, end=rows["resolution_day"]).groupby(number, sort=False)
    joined = found[["subject_id", "term", "onset_day", "system", "infusion_number"]].first()
    open_end = found["ongoing"].any()
    joined["resolution_day"] = found["end"].max().where(~open_end)
    joined["serious"] = found["serious"].max()
    joined["level"], joined["least"] = found["level"].max(), found["least"].max()
    joined["n_records"] = found.size()
    joined = with_verdict(joined, severe or Severe())
    # One record without a grade leaves open how bad the whole was.
    joined["unknown"] = ~joined["counts"] & found["unknown"].any()
    return joined.reset_index(drop=True)
