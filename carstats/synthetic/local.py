"""What the visits for a local toxicity measured in the synthetic study.

Proteinuria in nephritis and creatine kinase in myositis rise with LICATS and are back at its end,
so that the rule finds from the measures what was recorded. No random number is drawn.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.synthetic.assessments import Sampling
from carstats.synthetic.toxicity import Toxicities

# The measure of each organ, its rise over the value before, and the value after.
_MEASURES = {"kidney": ("UPCR", 1.7, 1.05, 2), "muscle": ("CK", 1.8, 1.05, 0)}
# Days of the window of week 4, in which the visit alone shall speak, and the last day of interest.
_WEEK_4, _LAST_DAY = (21, 35), 41


def local_toxicity_rows(sampling: Sampling, measured: dict, toxicities: Toxicities) -> pd.DataFrame:
    """Return the assessments of the first and the last day of LICATS of kidney or muscle."""
    table = toxicities.table
    rows = []
    licats = table[(table["term"] == "LICATS") & table["resolution_day"].notna()]
    for row in licats.itertuples():
        if row.system not in _MEASURES:
            continue
        name, rise, back, digits = _MEASURES[row.system]
        days = (row.onset_day, row.resolution_day)
        shadowed = any(_WEEK_4[0] <= day <= _WEEK_4[1] for day in days)
        values, seen = measured[name]
        own = seen[row.subject] & ~np.isnan(sampling.day[row.subject])
        before = own & (sampling.day[row.subject] < days[0])
        between = own & (sampling.day[row.subject] >= days[0])
        between &= sampling.day[row.subject] <= days[1]
        if shadowed or days[1] > _LAST_DAY or not before.any() or between.any():
            continue
        last = np.flatnonzero(before)[-1]
        value = values[row.subject, last]
        for day, times in zip(days, (rise, back), strict=True):
            rows.append((row.subject, day, name, np.round(times * value, digits), True))
    return pd.DataFrame(rows, columns=["subject", "day", "measure", "value", "adequate"])
