"""Assessments as the rules take them: by the position of their subject, in canonical units.

Units, ranges and codes for missing were checked where the study was made, and nowhere else.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.data.study import Study


def checked_values(study: Study) -> pd.DataFrame:
    """Return the assessments in the units of the vocabulary, as the study has them."""
    names = ["subject", "day", "measure", "value", "adequate", "row"]
    if study.assessments is None or not len(study.assessments):
        empty = {name: np.array([], float) for name in names}
        return pd.DataFrame(empty).astype({"subject": int, "measure": object, "adequate": bool})
    table = study.assessments
    value = table["value"].to_numpy(float)
    positions = pd.Index(study.subjects["subject_id"]).get_indexer(table["subject_id"])
    adequate = (
        table["adequate"].fillna(True).to_numpy(bool)
        if "adequate" in table
        else np.ones(len(table), bool)
    )
    return pd.DataFrame(
        {
            "subject": positions,
            "day": table["day"].to_numpy(float),
            # Compared often: as codes and not as text.
            "measure": pd.Categorical(table["measure"]),
            "value": value,
            "adequate": adequate & ~np.isnan(value),
            "row": np.arange(len(table)),
        }
    )
