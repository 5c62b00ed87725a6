"""What follows from visit to visit: the first yes of an endpoint, and the courses of a drug."""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.data.readers.rows import Rows
from carstats.data.readers.wide_events import Endpoint
from carstats.messages import message


def endpoint_frames(
    visits: Rows,
    day: np.ndarray,
    said: np.ndarray,
    heading: str,
    term: str,
    spec: dict,
    main: Rows,
    mapped: set[str],
) -> list[pd.DataFrame]:
    """Return the rows of an endpoint that visits found: the first yes after the infusion.

    It lies after the last no before that visit, else after the infusion. Whoever has no yes is
    censored at the last no.
    """
    subjects = Rows(main.sheet, "events", main.context)
    subjects.follow(main.ids)
    yes, no = (np.array([s is v for s in said], dtype=bool) for v in (True, False))
    known = ~np.isnan(day)
    infused = visits.subject("infused")
    infused = np.array([flag is True or flag == 1 for flag in infused], dtype=bool)
    for i in np.flatnonzero(yes & known & infused & (day <= 0)):
        what = message(
            "is yes on day {day:g}, and an event comes after the infusion.", day=float(day[i])
        )
        remedy = message(
            "Leave the visits before the infusion out by `where`, or correct the cell or its date."
        )
        visits.fault(int(i), heading, what, remedy)
    ids = pd.Index(subjects.ids)
    first = _by_subject(visits.ids, day, yes & known & (day > 0), "min").reindex(ids).to_numpy()
    event_of = pd.Series(first, index=ids)
    event_of = event_of[~event_of.index.duplicated() & event_of.index.notna()]
    until = event_of.reindex(visits.ids).to_numpy()
    before = no & known & (np.isnan(until) | (day < until))
    last = _by_subject(visits.ids, day, before, "max").reindex(ids).to_numpy()
    found = Endpoint(subjects, term, f"visits.events.{heading}", first)
    found.censored(last)
    found.low = np.where(np.isnan(first), np.nan, np.fmax(last, 0))
    found.low = np.where(~np.isnan(first) & np.isnan(found.low), 0.0, found.low)
    found.rivals(spec)
    return found.frames(spec, mapped)


def _by_subject(ids: np.ndarray, day: np.ndarray, mask: np.ndarray, which: str) -> pd.Series:
    days = pd.Series(day[mask], index=pd.Index(ids[mask], dtype=object), dtype=float)
    return days.groupby(level=0).agg(which)


def course_frame(
    rows: Rows, day: np.ndarray, stated: np.ndarray, heading: str, spec: dict
) -> pd.DataFrame:
    """Return the courses of a drug: what a visit states holds until the next one that states it.

    Visits in a row that state the same are one course; 0 and no are none. What the last visit
    states goes on.
    """
    table = pd.DataFrame({"id": rows.ids, "day": day, "stated": stated, "place": range(len(rows))})
    table = table[table.notna().all(axis=1)].sort_values(["id", "day"], kind="stable")
    same = table.duplicated(["id", "day"]) & (table["stated"] != table["stated"].shift())
    for place in table.loc[same, "place"]:
        what = message("states something else than another row of the same day.")
        rows.fault(int(place), heading, what, message("Delete one or correct it."))
    table = table.drop_duplicates(["id", "day"])
    new = (table["id"] != table["id"].shift()) | (table["stated"] != table["stated"].shift())
    runs = table[new]
    following = runs["day"].shift(-1).where(runs["id"] == runs["id"].shift(-1))
    taken = runs["stated"] > 0
    negative = runs["stated"] < 0
    for place in runs.loc[negative, "place"]:
        rows.fault(int(place), heading, message("is below 0."), message("Correct the dose."))
    runs, following = runs[taken], following[taken]
    ongoing = int(following.isna().sum())
    if ongoing:
        rows.context.notes.append(
            message(
                "[visits.medications] {heading}: {n} courses that the last visit states are taken"
                " to go on.",
                heading=heading,
                n=ongoing,
            )
        )
    data: dict[str, object] = {
        "subject_id": runs["id"].to_numpy(),
        "drug": spec.get("drug", heading),
        "drug_class": spec["drug_class"],
        "start_day": runs["day"].to_numpy(),
        "stop_day": np.fmax(following.to_numpy() - 1, runs["day"].to_numpy()),
    }
    data["stop_day"] = np.where(following.isna(), np.nan, data["stop_day"])
    if "amount" in spec:
        data[spec["amount"]] = runs["stated"].to_numpy()
    for key in ("dose_unit", "reason"):
        if key in spec:
            data[key] = spec[key]
    return pd.DataFrame(data, index=rows.index[runs["place"]])
