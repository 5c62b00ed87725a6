"""Published trials and simulated ones: counts read off the table again, and their limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from carstats.crosschecking.asking import Asked, share
from carstats.crosschecking.families.proportions import score_limits, with_limits
from carstats.crosschecking.families.rates import exact_limits


def _reported(asked: Asked, study_id: str) -> pd.DataFrame:
    """Return the reports of a trial about the outcome."""
    table = asked.everyone
    rows = table[table["study_id"].astype(str).eq(str(study_id))]
    return rows[rows["outcome"].eq(asked.option("outcome"))]


def _counts(asked: Asked, row: Any) -> tuple[int, int] | None:
    """Return the counts of the report that a row is about; None if it has no such report."""
    rows = _reported(asked, row.study_id)
    for column in ("endpoint", "timepoint_weeks", "population", "basis"):
        if hasattr(row, column) and len(rows) > 1:
            value = getattr(row, column)
            rows = rows[rows[column].isna() if pd.isna(value) else rows[column].eq(value)]
    size = "n_evaluable" if asked.option("denominator") != "treated" else "n_treated"
    if len(rows) > 1 and hasattr(row, "n_event"):
        rows = rows[rows["n_event"].eq(row.n_event)]
    if not len(rows) or pd.isna(rows["n_event"].iloc[0]) or pd.isna(rows[size].iloc[0]):
        return None
    return int(rows["n_event"].iloc[0]), int(rows[size].iloc[0])


def rates(asked: Asked) -> dict[str, Any]:
    """Return the proportions of reports with statsmodels' limits."""
    found = []
    for row in asked.rows.itertuples():
        counts = _counts(asked, row)
        method = asked.option("method", "Clopper-Pearson")
        found.append(with_limits(*counts, method, asked.level) if counts else {})
    return _columns(found)


def incidences(asked: Asked) -> dict[str, Any]:
    """Return events per year of subjects times the median follow-up, with exact limits."""
    found: list[dict[str, Any]] = []
    for row in asked.rows.itertuples():
        counts = _counts(asked, row)
        if counts is None:
            found.append({})
            continue
        k, n = counts
        months = float(_reported(asked, row.study_id)["followup_median_months"].iloc[0])
        years = n * months / 12
        low, high = exact_limits(k, years, asked.level)
        found.append({"n": n, "n_event": k, "followup_median_months": months,
                      "subject_years": years, "estimate": k / years if years else np.nan,
                      "conf_low": low, "conf_high": high})  # fmt: skip
    return _columns(found)


def added_up(asked: Asked) -> dict[str, Any]:
    """Return the exact limits of pooled events per year of the row's own sums."""
    found = []
    for row in asked.rows.itertuples():
        low, high = exact_limits(int(row.n_event), float(row.subject_years), asked.level)
        found.append({"estimate": share(row.n_event, row.subject_years), "conf_low": low,
                      "conf_high": high})  # fmt: skip
    return _columns(found)


def randomised(asked: Asked) -> dict[str, Any]:
    """Return the two arms' counts, their difference, ratio and odds ratio, and Fisher's test."""
    from scipy.stats import fisher_exact

    found: list[dict[str, Any]] = []
    for row in asked.rows.itertuples():
        arm = asked.everyone
        same = {c: getattr(row, c) for c in ("endpoint", "timepoint_weeks", "population")}
        told = []
        for name in (row.study_id, row.control_id):
            mine = arm[arm["study_id"].astype(str).eq(str(name))]
            mine = mine[mine["outcome"].eq(asked.option("outcome"))]
            for column, value in same.items():
                mine = mine[mine[column].isna() if pd.isna(value) else mine[column].eq(value)]
            told.append((int(mine["n_event"].iloc[0]), int(mine["n_evaluable"].iloc[0])))
        (k1, n1), (k2, n2) = told
        one: dict[str, Any] = {"n": n1, "n_event": k1, "n_control": n2, "n_event_control": k2}
        contrast, method = str(row.contrast), str(row.method)
        if contrast == "difference":
            one["estimate"] = k1 / n1 - k2 / n2
            limits = score_limits((k1, n1), (k2, n2), asked.level)
            if method == "Miettinen-Nurminen" and limits:
                one |= {"conf_low": limits[0], "conf_high": limits[1]}
        elif contrast == "ratio":
            one["estimate"] = share(k1, n1) / share(k2, n2) if k2 else None
        elif method == "Fisher":
            one["p_value"] = float(fisher_exact([[k1, k2], [n1 - k1, n2 - k2]]).pvalue)
        elif k2 * (n1 - k1):
            one["estimate"] = k1 * (n2 - k2) / (k2 * (n1 - k1))
        found.append(one)
    return _columns(found)


def shared(asked: Asked) -> dict[str, Any]:
    """Return how many subjects the two reports of a row treated."""
    treated = asked.everyone.drop_duplicates("study_id").set_index("study_id")["n_treated"]
    names = ("study_id", "other_id")
    one, other = (asked.rows[name].map(treated).astype(float).tolist() for name in names)
    return {"n": one, "other_n": other}


def mapped(asked: Asked) -> dict[str, Any]:
    """Count the trials of a cell of the map, and the subjects whom they treated."""
    treated = asked.everyone.drop_duplicates("study_id").set_index("study_id")["n_treated"]
    found = []
    for names in asked.rows["trials"]:
        mine = treated.reindex([name for name in str(names).split("; ") if name])
        found.append({"n_trials": len(mine), "n": mine.sum(), "n_missing": mine.isna().sum()})
    return _columns(found)


def simulated(asked: Asked) -> dict[str, Any]:
    """Return the proportions of simulated trials with statsmodels' limits."""
    rows = asked.rows.itertuples()
    return _columns(
        [
            {k: v for k, v in with_limits(
                int(row.n_event), int(row.n), "Clopper-Pearson", asked.level).items()
             if k not in ("n", "n_event")}
            for row in rows
        ]
    )  # fmt: skip


def _columns(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Return rows as columns; None, unlike NaN, is no answer."""
    return {c: [row.get(c) for row in found] for c in dict.fromkeys(c for r in found for c in r)}
