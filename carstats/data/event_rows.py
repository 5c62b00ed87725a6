"""Rows of events for those whom a source names only when they had one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.data.check import cell_text
from carstats.data.time_checks import CONDITIONAL, infused
from carstats.messages import message_n
from carstats.vocabulary import Vocabulary


def with_others(
    frames: dict[str, pd.DataFrame], vocabulary: Vocabulary, notes: list[str]
) -> pd.DataFrame:
    """Return the events with whoever has no row of an endpoint censored at the last contact.

    Parameters
    ----------
    frames : dict of str to pandas.DataFrame
        The study's tables, not yet checked.
    vocabulary : Vocabulary
        The study's endpoints.
    notes : list of str
        Where the number of rows added is noted.

    Returns
    -------
    pandas.DataFrame
        The events. Endpoints that are asked of some subjects only, such as the duration of
        response, stay as they are.
    """
    events, subjects = frames["events"], frames["subjects"]
    tables = {name: frames[name] for name in ("subjects", "infusions") if name in frames}
    who = subjects[infused(tables).to_numpy(bool)]
    last = pd.to_numeric(who["last_contact_day"], errors="coerce")
    name = events["endpoint"].map(
        lambda cell: None if cell is None or cell != cell
        else vocabulary.canonical("endpoint", cell_text(cell))
    )  # fmt: skip
    parts = [events]
    for endpoint in dict.fromkeys(name.dropna()):
        if endpoint in CONDITIONAL or endpoint == "duration_of_response":
            continue
        lacking = ~who["subject_id"].isin(set(events.loc[name == endpoint, "subject_id"]))
        lacking &= last.notna()
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
