"""IEC-HS from the laboratory values of a study: which subjects possibly have it, which meet it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.endpoints.record.logic import any_of
from carstats.endpoints.record.searches import Days, at, keys
from carstats.endpoints.record.visits import Visits, infused
from carstats.endpoints.rules.toxicity.ctcae import ctcae_grade
from carstats.endpoints.rules.toxicity.iechs import (
    cytopenia_criterion,
    ferritin_criterion,
    fibrinogen_criterion,
    iechs_status,
    transaminase_criterion,
)
from carstats.messages import message

# Upper limits of normal where a study gives none: ferritin in ug/L, transaminases in U/L (design).
FERRITIN_ULN, TRANSAMINASE_ULN = 300.0, 40.0
# Last day of a sample that is read: later ferritin is not of the cells (design).
LAST_DAY = 60.0
MEASURES = ("ferritin", "ALT", "AST", "fibrinogen", "ANC", "platelets", "haemoglobin")
"""The measures that are read."""
_COUNTS = {"ANC": "neutrophils", "platelets": "platelets", "haemoglobin": "haemoglobin"}


def iechs_days(visits: Visits, crs: pd.DataFrame) -> pd.DataFrame:
    """Judge IEC-HS on every day with a ferritin, up to day 60.

    Notes
    -----
    Status: verify, and design: onset with resolving or after improved CRS is read as a day after
    the first of an episode on which CRS is over or within two days of it; an episode without a
    last day leaves it open. Rapid rise and haemophagocytosis are no measures of a study and are
    taken for absent. Cytopenia counts where its grade was below 4 before the infusion.
    """
    values = visits.table
    rows = values[(values["measure"] == "ferritin") & values["value"].notna()]
    rows = rows[(rows["day"] >= 0) & (rows["day"] <= LAST_DAY)]
    rows = rows[infused(visits.study)[rows["subject"].to_numpy(int)]]
    subject, day = rows["subject"].to_numpy(int), rows["day"].to_numpy(float)
    ids = visits.study.subjects["subject_id"].to_numpy(object)
    if not len(rows):
        return pd.DataFrame({"subject_id": [], "day": [], "status": []})

    def on_day(name):
        other = values[(values["measure"] == name) & values["value"].notna()]
        found = pd.Series(
            other["value"].to_numpy(), keys(other["subject"].to_numpy(), other["day"].to_numpy())
        )
        found = found[~found.index.duplicated(keep="last")]
        return found.reindex(keys(subject, day)).to_numpy(float)

    def before(name):
        return visits.subject_baseline(name)[0][subject]

    liver = [
        transaminase_criterion(on_day(name), TRANSAMINASE_ULN, baseline=np.nan_to_num(before(name)))
        for name in ("ALT", "AST")
    ]
    counts = []
    for name, test in _COUNTS.items():
        worst = ctcae_grade(on_day(name), test)
        counts.append(cytopenia_criterion(worst, ~(ctcae_grade(before(name), test) >= 4)))
    status = iechs_status(
        ferritin_criterion(
            rows["value"].to_numpy(),
            FERRITIN_ULN,
            baseline=_at_infusion(visits, "ferritin")[subject],
        ),
        _after_crs(visits, crs, subject, day),
        any_of(*liver),
        fibrinogen_criterion(on_day("fibrinogen")),
        False,
        any_of(*counts),
    )
    return pd.DataFrame({"subject_id": ids[subject], "day": np.floor(day), "status": status})


def _at_infusion(visits: Visits, name: str) -> np.ndarray:
    """Return each subject's last value up to the infusion; NaN where there is none."""
    values = visits.table
    rows = values[(values["measure"] == name) & values["value"].notna() & (values["day"] <= 0)]
    days = Days(rows["subject"].to_numpy(int), rows["day"].to_numpy(float))
    everyone = np.arange(visits.n)
    last = days.last(everyone, np.zeros(visits.n), before=False)
    return at(rows["value"].to_numpy(float), last)


def _after_crs(visits: Visits, crs: pd.DataFrame, subject, day) -> np.ndarray:
    """Return 1 where CRS is resolving or over, 0 where there is or was none, NaN where open."""
    crs = crs.reindex(columns=["subject_id", "onset_day", "resolution_day"])
    who = pd.Index(visits.study.subjects["subject_id"]).get_indexer(crs["subject_id"])
    days = Days(who, crs["onset_day"].to_numpy(float))
    row = days.last(subject, day)
    end = at(crs["resolution_day"].to_numpy(float), row)
    resolving = np.where(np.isnan(end), np.nan, (day >= end - 2.0).astype(float))
    return np.where(row >= 0, resolving, 0.0)


def iechs_episodes(visits: Visits, crs: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each subject with a day on which IEC-HS is possible or met."""
    found = iechs_days(visits, crs)
    found = found[found["status"].isin(["possible", "meets"])]
    if not len(found):
        return pd.DataFrame()
    meets = found.assign(meets=found["status"] == "meets").groupby("subject_id")["meets"].any()
    # The episode is that of the days which meet the criteria, where there are any.
    kept = found[(found["status"] == "meets") | ~found["subject_id"].map(meets)]
    days = kept.groupby("subject_id")["day"].agg(["min", "max"])
    status = np.where(meets.reindex(days.index), "meets", "possible")
    words = {
        "meets": message("derived: meets the criteria, to be adjudicated"),
        "possible": message("derived: possible, to be adjudicated"),
    }
    return pd.DataFrame(
        {
            "subject_id": days.index.to_numpy(object),
            "term": "IEC-HS",
            "onset_day": days["min"].to_numpy(float),
            "resolution_day": days["max"].to_numpy(float),
            "grading_scale": "ASTCT",
            "status": status,
            "attribution": [words[s] for s in status],
        }
    )
