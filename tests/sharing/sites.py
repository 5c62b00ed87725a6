"""Small sites whose counts are known."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

import carstats as cs
from carstats.sharing.shared import shared_content

WEEKS = (4, 8, 12, 24, 36, 52, 64, 76, 88, 104, 130, 156)


def plain_study(responses, times, target="CD19", synthetic=True):
    """Return a study of responses at week 24 (1, 0, None) and times to relapse-free survival.

    times : Day, status and first possible day of each subject's event.
    """
    n = len(responses)
    ids = [f"S{i:03d}" for i in range(n)]
    subjects = pd.DataFrame(
        {"subject_id": ids, "disease": "SLE", "target": target, "platform": "CAR-T",
         "cell_source": "autologous", "last_contact_day": 1200, "cutoff_day": 1300}
    )  # fmt: skip
    judged = [(i, r) for i, r in zip(ids, responses, strict=True) if r is not None]
    table = pd.DataFrame(judged, columns=["subject_id", "response"]).assign(
        endpoint="response", day=168
    )
    table["response"] = table["response"].astype(bool)
    day, status, low = zip(*times, strict=True)
    events = pd.DataFrame(
        {"subject_id": ids, "endpoint": "relapse_free_survival", "status": status, "time": day,
         "time_low": low, "time_high": [d if s == "event" else np.nan
                                        for d, s in zip(day, status, strict=True)]}
    )  # fmt: skip
    events.loc[events["status"] != "event", "time_low"] = events["time"]
    return cs.Study(subjects=subjects, responses=table, events=events, synthetic=synthetic)


def content_of(responses=(1,) * 8 + (0,) * 7, times=None, site="A", **options):
    """Return what a site of one target shares."""
    times = times or [(168, "event", 84)] * 6 + [(364, "censored", 0)] * (len(responses) - 6)
    study = plain_study(list(responses), times)
    return shared_content(cs.define_cohort(study, label="all"), site=site, **options)


def written(folder, content, name=None):
    """Write a content as `carstats share` does."""
    file = folder / f"{name or content['site']}.counts.json"
    file.write_text(json.dumps(content, indent=2, sort_keys=True), encoding="utf-8")
    return file
