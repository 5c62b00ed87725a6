"""Scores that are better, or worse, by as much as matters: counted anew, limits by statsmodels."""

from __future__ import annotations

from typing import Any

import pandas as pd

from carstats.crosschecking.asking import Asked, share
from carstats.crosschecking.families.proportions import with_limits
from carstats.crosschecking.families.visits import at_visit, counted, measured
from carstats.data.measures import MEASURE_TABLE


def responders(asked: Asked) -> dict[str, Any]:
    """Return how many changed by the threshold of their row, which is taken as it is."""
    name = asked.option("measure")
    rows = asked.study.table("assessments")
    seen = rows.loc[rows["measure"].eq(name) & rows["value"].notna(), "subject_id"]
    everyone = asked.study.subjects
    diseases = everyone.loc[everyone["subject_id"].isin(seen), "disease"]
    subjects = counted(asked)
    subjects = subjects[subjects["disease"].isin(diseases)]
    after, base = measured(asked, subjects)
    now = at_visit(after, float(asked.option("at")), *asked.option("window"), "value")
    better = asked.option("better")
    up = better == "higher" if better else MEASURE_TABLE[name].higher_is == "better"
    rises = up == (asked.option("change") == "improvement")
    found = []
    for row in asked.rows.itertuples():
        first, last = (base, now) if rises else (now, base)
        moved = (last - first).reindex(base.index)
        if row.of == "percent":
            moved = 100 * moved / base.abs().where(base != 0)
        known = moved.dropna()
        met, lacking = int((known > row.threshold - 1e-6).sum()), len(base) - len(known)
        excluded = asked.option("missing") == "excluded"
        worsens = asked.option("change") == "worsening"
        all_have = getattr(row, "case", "") == ("worst" if worsens else "best")
        all_have |= worsens and asked.option("missing") == "failure"
        k, n = met + (lacking if all_have else 0), len(known) if excluded else len(base)
        one = with_limits(k, n, asked.option("method"), asked.level)
        one |= {"n_missing": lacking, "n_evaluable": len(known)}
        found.append(one | {"estimate_evaluable": share(met, len(known))})
    return dict(pd.DataFrame(found))
