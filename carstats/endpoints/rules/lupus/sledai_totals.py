"""SLEDAI-2K and clinical SLEDAI of a study that recorded their 24 items and no total."""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.endpoints.rules.lupus.sledai import SLEDAI_ITEMS, clinical_sledai, sledai_2k

_TOTALS = {"SLEDAI-2K": sledai_2k, "cSLEDAI": clinical_sledai}


def with_sledai_totals(values: pd.DataFrame) -> pd.DataFrame:
    """Add the totals of days on which all 24 items were recorded and the total was not.

    Parameters
    ----------
    values : Checked assessments, as `checked_values` returns them.

    Returns
    -------
    With rows ``SLEDAI-2K`` and ``cSLEDAI`` added; a total is adequate where every item is. A total
    that was recorded is left as it is.

    Notes
    -----
    Status: verify, as `sledai_2k`. The items recorded are taken for judged: active lupus, and not
    lymphodepletion, the cells or an infection.
    """
    names = [f"SLEDAI_{item}" for item in SLEDAI_ITEMS]
    if not set(names) <= set(values["measure"].unique()):
        return values
    rows = values[values["measure"].isin(names) & values["value"].notna()]
    key = ["subject", "day"]
    table = rows.assign(measure=rows["measure"].astype(str))
    table = table.drop_duplicates([*key, "measure"], keep="last")
    wide = table.pivot_table(index=key, columns="measure", values="value")
    wide = wide.reindex(columns=names)
    wide = wide.dropna()
    adequate = table.groupby(key)["adequate"].all().reindex(wide.index)
    items = {item: wide[f"SLEDAI_{item}"].to_numpy() for item in SLEDAI_ITEMS}
    parts = [values.assign(measure=values["measure"].astype(object))]
    for name, score in _TOTALS.items():
        given = values[values["measure"] == name]
        known = pd.MultiIndex.from_frame(given[key])
        new = ~wide.index.isin(known)
        if not new.any():
            continue
        total = pd.DataFrame(index=wide.index).reset_index()
        total["measure"] = name
        total["value"] = score(items, attributable=True)
        total["adequate"] = adequate.to_numpy(bool)
        total["row"] = -1
        parts.append(total[new])
    joined = pd.concat(parts, ignore_index=True)
    return joined.assign(
        measure=pd.Categorical(joined["measure"]), adequate=joined["adequate"].astype(bool),
        subject=joined["subject"].astype(np.intp),
    )  # fmt: skip


# What complement and anti-DNA binding add to the clinical part.
_SEROLOGY_POINTS = 4.0


def with_clinical_sledai(values: pd.DataFrame) -> pd.DataFrame:
    """Add what SLEDAI-2K says of its clinical part on days on which that was not recorded.

    Parameters
    ----------
    values : Checked assessments.

    Returns
    -------
    With rows ``cSLEDAI``: 0 where SLEDAI-2K is 0; where it exceeds 4, the points above 4 with
    ``bound`` True, for the clinical part is so much or more.
    """
    values = values.assign(bound=np.zeros(len(values), bool))
    total = values[(values["measure"] == "SLEDAI-2K") & values["value"].notna()]
    key = ["subject", "day"]
    known = values.loc[(values["measure"] == "cSLEDAI") & values["value"].notna(), key]
    total = total[~pd.MultiIndex.from_frame(total[key]).isin(pd.MultiIndex.from_frame(known))]
    above = total["value"] > _SEROLOGY_POINTS
    total = total[above | (total["value"] == 0)]
    if not len(total):
        return values
    score = total["value"].to_numpy(float)
    new = total.assign(
        measure="cSLEDAI",
        value=np.maximum(score - _SEROLOGY_POINTS, 0.0),
        bound=score > _SEROLOGY_POINTS,
        row=-1,
    )
    joined = pd.concat(
        [values.assign(measure=values["measure"].astype(object)), new], ignore_index=True
    )
    return joined.assign(measure=pd.Categorical(joined["measure"]))
