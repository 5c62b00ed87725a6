"""Antibodies that turn negative, and how far their titres fall."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from carstats.crosschecking.asking import Asked, share
from carstats.crosschecking.families.proportions import with_limits
from carstats.crosschecking.families.visits import at_visit, counted, measured


def seroconversions(asked: Asked) -> dict[str, Any]:
    """Return how many of those above a threshold before are at or below it at a visit."""
    subjects = counted(asked)
    after, base = measured(asked, subjects)
    above, day = float(asked.option("above")), float(asked.option("at"))
    value = at_visit(after, day, *asked.option("window"), "value")
    positive = base.index[base > above]
    told = value.reindex(positive)
    seen, met = int(told.notna().sum()), int((told <= above).sum())
    found = []
    for row in asked.rows.itertuples():
        lacking = len(positive) - seen
        excluded = asked.option("missing") == "excluded"
        k = met + (lacking if getattr(row, "case", "") == "best" else 0)
        n = seen if excluded else len(positive)
        one = with_limits(k, n, asked.option("method"), asked.level)
        one |= {"n_missing": lacking, "n_evaluable": seen, "estimate_evaluable": share(met, seen)}
        one |= {"n_negative": int((base <= above).sum()), "n_no_baseline": int(base.isna().sum())}
        found.append(one)
    return dict(pd.DataFrame(found))


def kept(asked: Asked) -> dict[str, Any]:
    """Return how many of those at or above a titre before are so at a visit."""
    measure = str(asked.key["measure"])
    least, day = float(asked.option("at_least")[measure]), float(asked.option("at"))
    options = {**asked.spec.options, "measure": measure, "above": least}
    mine = replace(asked, spec=replace(asked.spec, options=options))
    subjects = counted(mine)
    after, base = measured(mine, subjects)
    value = at_visit(after, day, *asked.option("window"), "value")
    protected = base.index[base >= least]
    told = value.reindex(protected)
    seen, met = int(told.notna().sum()), int((told >= least).sum())
    n = seen if asked.option("missing") == "excluded" else len(protected)
    one = with_limits(met, n, asked.option("method"), asked.level)
    one |= {"n_missing": len(protected) - seen, "n_evaluable": seen}
    one |= {"estimate_evaluable": share(met, seen), "n_negative": int((base < least).sum())}
    return one | {"n_no_baseline": int(base.isna().sum())}


def panel(asked: Asked) -> dict[str, Any]:
    """Return the seroconversions of one antibody of several."""
    measure = str(asked.key["measure"])
    options = {**asked.spec.options, "measure": measure, "above": asked.option("above")[measure]}
    return seroconversions(replace(asked, spec=replace(asked.spec, options=options)))


def titres(asked: Asked) -> dict[str, Any]:
    """Return scipy's mean change of log2 titres with t limits, where all are quantified."""
    from scipy.stats import ttest_1samp

    measure = str(asked.key["measure"])
    rows = asked.table("assessments")
    rows = rows[rows["measure"].eq(measure)]
    if "adequate" in rows:
        rows = rows[~rows["adequate"].eq(False)]
    options = {**asked.spec.options, "measure": measure}
    asked = replace(asked, spec=replace(asked.spec, options=options))
    subjects = counted(asked)
    rows = rows[rows["subject_id"].isin(subjects["subject_id"])]
    # A blank value with a limit is below it: scipy has no mean of such.
    if "lloq" in rows and (rows["value"].isna() & rows["lloq"].notna()).any():
        return {}
    if (rows["value"] <= 0).any():
        return {}
    rows = rows[rows["value"].notna()]
    before = rows[rows["day"] <= 0].sort_values("day")
    base = before.groupby("subject_id")["value"].last()
    value = at_visit(rows[rows["day"] > 0], float(asked.option("at")), *asked.option("window"),
                     "value")  # fmt: skip
    change = np.log2(value.reindex(base.index) / base).dropna()
    n = len(base)
    one: dict[str, Any] = {"n": n, "n_missing": n - len(change), "n_event": len(change)}
    one |= {"n_below": 0, "n_no_baseline": len(subjects) - n}
    if len(change) > 1:
        limits = ttest_1samp(change, 0).confidence_interval(asked.level)
        one |= {"estimate": change.mean(), "conf_low": limits.low, "conf_high": limits.high}
    return one
