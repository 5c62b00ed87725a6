"""SLEDAI-2K and clinical SLEDAI of a study that recorded their 24 items and no total."""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.endpoints.sledai import SLEDAI_ITEMS, clinical_sledai, sledai_2k

_TOTALS = {"SLEDAI-2K": sledai_2k, "cSLEDAI": clinical_sledai}


def with_sledai_totals(values: pd.DataFrame) -> pd.DataFrame:
    """Add the totals of days on which all 24 items were recorded and the total was not.

    Parameters
    ----------
    values : pandas.DataFrame
        Checked assessments, as `checked_values` returns them.

    Returns
    -------
    pandas.DataFrame
        With rows ``SLEDAI-2K`` and ``cSLEDAI`` added; a total is adequate where every item is. A
        total that was recorded is left as it is.

    Raises
    ------
    CarstatsError
        If an item is neither 0 nor 1.

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
