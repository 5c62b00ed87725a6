"""Rows of events for those whom a source names only when they had one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.data.time_checks import CONDITIONAL, infused
from carstats.messages import message_n


def with_others(tables: dict[str, pd.DataFrame], notes: list[str]) -> pd.DataFrame:
    """Return the events with whoever has no row of an endpoint censored at the last contact."""
    events, subjects = tables["events"], tables["subjects"]
    who = subjects[infused(tables)]
    last, name = who["last_contact_day"], events["endpoint"]
    parts = [events]
    for endpoint in dict.fromkeys(name.dropna()):
        if endpoint in CONDITIONAL or endpoint == "duration_of_response":
            continue
        lacking = ~who["subject_id"].isin(set(events.loc[name == endpoint, "subject_id"]))
        if not lacking.any():
            continue
        day = np.maximum(last[lacking].to_numpy(float), 0.0)
        rows = {
            "subject_id": who.loc[lacking, "subject_id"].to_numpy(),
            "endpoint": endpoint,
            "status": "censored",
            "time": day,
        }
        if "time_low" in events:
            rows["time_low"] = day
        parts.append(pd.DataFrame(rows, index=who.index[lacking]))
        notes.append(
            message_n(
                "{endpoint}: {n} subject without a row was censored at the last contact.",
                "{endpoint}: {n} subjects without a row were censored at the last contact.",
                int(lacking.sum()), endpoint=endpoint,
            )
        )  # fmt: skip
    return pd.concat(parts)[list(events.columns)] if len(parts) > 1 else events
