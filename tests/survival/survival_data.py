"""Studies made from arrays, for the tests of the survival analyses."""

import numpy as np
import pandas as pd

import carstats as cs
from tests.conftest import subjects_table

RFS = "relapse_free_survival"
# Levels in printed order, so that codes 0, 1, 2 keep theirs.
TARGETS = np.array(["CD19", "BCMA", "CD19+BCMA", "CD20", "CD19+CD20"])


def cohort_of(time, status, *, group=None, entry=None, low=None, high=None, order=None, **columns):
    """Return a cohort: status 0 censored, 1 event, 2 and on competing; group becomes the target."""
    n = len(time)
    code = np.asarray(status, int)
    columns = {name: list(values) for name, values in columns.items()}
    if group is not None:
        columns["target"] = list(TARGETS[np.asarray(group, int)])
    subjects = subjects_table(n, **({"last_contact_day": 10_000} | columns))
    events = pd.DataFrame(
        {
            "subject_id": subjects["subject_id"],
            "endpoint": RFS,
            "status": np.select([code == 0, code == 1], ["censored", "event"], "competing"),
            "time": np.asarray(time, float),
        }
    )
    if (code > 1).any():
        named = np.array(["death", "re-infusion", "withdrawal"])
        events["cause"] = [None if c < 2 else named[c - 2] for c in code]
    if entry is not None:
        events["entry_day"] = np.asarray(entry, float)
    if low is not None:
        events["time_low"] = np.asarray(low, float)
        events["time_high"] = np.asarray(high, float)
    if order is not None:
        subjects, events = subjects.iloc[order], events.iloc[order[::-1]]
    return cs.define_cohort(cs.Study(subjects=subjects, events=events))


def cohort_of_set(data, **options):
    """Return the cohort of a reference data set."""
    names = {"strata": "site_id", "stratum": "site_id"}
    columns = {names[k]: [f"C{v:g}" for v in data[k]] for k in names if data.get(k)}
    return cohort_of(
        data["time"],
        data["status"],
        group=np.unique(data["group"], return_inverse=True)[1] if "group" in data else None,
        entry=data.get("entry"),
        **columns,
        **options,
    )


def visits(low, high, group=None):
    """Return a cohort of interval-censored times; an infinite `high` is censored at `low`."""
    low, high = np.asarray(low, float), np.asarray(high, float)
    seen = np.isfinite(high)
    return cohort_of(
        np.where(seen, high, low),
        seen.astype(int),
        low=low,
        high=np.where(seen, high, np.nan),
        group=group,
    )
