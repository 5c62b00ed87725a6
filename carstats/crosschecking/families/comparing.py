"""Groups compared: the log-rank test and Cox's model, by statsmodels and lifelines."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.strata import level_labels
from carstats.crosschecking.asking import Asked
from carstats.crosschecking.families.proportions import HOLM
from carstats.crosschecking.times import ENTRY, known, times_of

_WEIGHTS = {"log-rank": None, "Gehan-Wilcoxon": "gb", "Tarone-Ware": "tw"}


def printed(asked: Asked, values: pd.Series, column: str) -> pd.Series:
    """Return the levels of a column as they print."""
    labels = level_labels(asked.study.vocabulary, [column]).get(column, {})
    return values.map(lambda value: str(labels.get(value, value)), na_action="ignore")


def group_names(asked: Asked, rows: pd.DataFrame, by: list[str]) -> pd.Series:
    """Return each subject's group as it prints: its levels joined by a middle dot."""
    named = [printed(asked, rows[c], c) for c in by]
    return named[0].str.cat(named[1:], sep=" · ") if len(named) > 1 else named[0]


def members_of(asked: Asked, row: int, separator: str) -> list[str]:
    """Return the groups that a row compares, from its contrast."""
    return str(asked.rows["contrast"].iloc[row]).split(separator)


def groups_of(asked: Asked, row: int = 0, separator: str = " / ") -> tuple[pd.DataFrame, pd.Series]:
    """Return the subjects of the row's groups with their times, and the group of each."""
    rows = times_of(asked, asked.everyone)
    group = group_names(asked, rows, list(asked.option("by", [])))
    members = members_of(asked, row, separator)
    inside = group.isin(members)
    return rows[inside], group[inside].map({name: i for i, name in enumerate(members)})


def logrank_counts(asked: Asked) -> dict[str, Any]:
    """Count subjects and events of the groups, and the events expected of the first."""
    found: dict[str, list] = {"n": [], "n_missing": [], "n_event": []}
    for place in range(len(asked.rows)):
        rows, _ = groups_of(asked, place)
        found["n"].append(len(rows))
        found["n_missing"].append(int(rows["time"].isna().sum()))
        found["n_event"].append(int(known(rows)["event"].sum()))
    return found


def logrank_expected(asked: Asked) -> dict[str, Any]:
    """Add up, over the events, the first group's part of those at risk."""
    if asked.option("weight") != "log-rank" or asked.spec.strata:
        return {}
    expected = []
    for place in range(len(asked.rows)):
        rows, group = groups_of(asked, place)
        seen = known(rows)
        if ENTRY in seen:
            return {}
        mine, time = group[seen.index].eq(0), seen["time"]
        parts = [mine[time >= t].mean() for t in time[seen["event"]]]
        expected.append(float(np.sum(parts)))
    return {"n_expected": expected}


def logrank(asked: Asked) -> dict[str, Any]:
    """Return the statistic, and the p-value where it is asymptotic."""
    from statsmodels.duration.survfunc import survdiff

    weight = asked.option("weight")
    if weight not in _WEIGHTS or asked.option("trend"):
        return {}
    statistics, p_values, degrees = [], [], []
    for place in range(len(asked.rows)):
        rows, group = groups_of(asked, place)
        seen = known(rows)
        # Who left before the first event adds nothing; a group of such makes survdiff fail.
        seen = seen[seen["time"] >= seen.loc[seen["event"], "time"].min()]
        if not _can_differ(seen, group[seen.index]):
            statistics.append(np.nan)
            p_values.append(np.nan)
            degrees.append(0)
            continue
        strata = None
        if asked.spec.strata:
            strata = seen[list(asked.spec.strata)].astype(str).agg(" · ".join, axis=1).to_numpy()
        entry = seen[ENTRY].to_numpy() if ENTRY in seen else None
        chisq, p = survdiff(
            seen["time"].to_numpy(float), seen["event"].to_numpy().astype(int),
            group[seen.index].to_numpy(), weight_type=_WEIGHTS[weight], strata=strata, entry=entry,
        )  # fmt: skip
        statistics.append(float(chisq))
        p_values.append(float(p))
        degrees.append(group[seen.index].nunique() - 1)
    found: dict[str, Any] = {"statistic": statistics, "df": degrees}
    if asked.rows["p_method"].isin(["asymptotic", "none"]).all():
        # A group under three has none by rule, and the row's note says so.
        given = np.where(asked.rows["p_method"].eq("none"), np.nan, p_values)
        found["p_value"] = given
        found["p_adjusted"] = adjusted(given, asked.option("adjustment", "none"))
    return found


def _can_differ(seen: pd.DataFrame, group: pd.Series) -> bool:
    """Return whether at an event two groups were at risk, and not all of them had it."""
    entry = seen[ENTRY] if ENTRY in seen else pd.Series(-np.inf, seen.index)
    for t in seen.loc[seen["event"], "time"].unique():
        there = (seen["time"] >= t) & (entry < t)
        happened = there & seen["event"] & seen["time"].eq(t)
        if len(set(group[there])) > 1 and happened.sum() < there.sum():
            return True
    return False


def adjusted(p_values: list[float], method: str) -> np.ndarray:
    """Return p-values adjusted by statsmodels; what is NaN is not counted."""
    from statsmodels.stats.multitest import multipletests

    values = np.array(p_values, float)
    there = ~np.isnan(values)
    if method in HOLM and there.any():
        values[there] = multipletests(values[there], method=HOLM[method])[1]
    return values


def lifelines_logrank(asked: Asked) -> dict[str, Any]:
    """Return the statistic of the log-rank test by lifelines."""
    from lifelines.statistics import multivariate_logrank_test

    if asked.option("weight") != "log-rank" or asked.spec.strata or asked.option("trend"):
        return {}
    found = []
    for place in range(len(asked.rows)):
        rows, group = groups_of(asked, place)
        seen = known(rows)
        if ENTRY in seen:
            return {}
        test = multivariate_logrank_test(seen["time"], group[seen.index], seen["event"])
        told = _can_differ(seen, group[seen.index])
        found.append(float(test.test_statistic) if told else np.nan)
    return {"statistic": found}


# A logarithm of a hazard ratio over the range of its covariate: e to the 12th is 160,000.
_RUNS_AWAY = 12.0


def cox_counts(asked: Asked) -> dict[str, Any]:
    """Count subjects, those without a record or covariate, and events."""
    if asked.option("changing"):
        return {}
    rows = times_of(asked, asked.everyone)
    there = rows["time"].notna() & rows[list(asked.option("covariates"))].notna().all(axis=1)
    n_event = int((there & _happened(asked, rows)).sum())
    return {"n": len(rows), "n_missing": int((~there).sum()), "n_event": n_event}


def cox(asked: Asked) -> dict[str, Any]:
    """Return the hazard ratios of statsmodels' PHReg with Efron's ties, and Wald's limits."""
    from statsmodels.duration.hazard_regression import PHReg

    if asked.option("method") != "partial likelihood" or asked.option("robust"):
        return {}
    # Rows from a start to a stop are compared with coxph on the data of tmerge, in the tests.
    if asked.option("changing"):
        return {}
    rows, happened, matrix = cox_data(asked)
    entry = rows[ENTRY].to_numpy() if ENTRY in rows else None
    strata = None
    if asked.spec.strata:
        strata = rows[list(asked.spec.strata)].astype(str).agg(" · ".join, axis=1).to_numpy()
    fit = PHReg(
        rows["time"].to_numpy(float), matrix.to_numpy(float), ties="efron", entry=entry,
        status=happened.to_numpy().astype(int), strata=strata,
    ).fit()  # fmt: skip
    # Where a covariate separates, the likelihood has no maximum: the fit stops on its way.
    if (np.abs(fit.params) * np.ptp(matrix.to_numpy(float), axis=0) > _RUNS_AWAY).any():
        return {}
    low, high = np.exp(fit.conf_int(alpha=1 - asked.level)).T
    return {
        "estimate": np.exp(fit.params),
        "coef": fit.params,
        "std_error": fit.bse,
        "statistic": fit.tvalues,
        "p_value": fit.pvalues,
        "conf_low": low,
        "conf_high": high,
    }


def cox_data(asked: Asked) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame]:
    """Return those with a time and every covariate, who had the event, and their columns."""
    rows = known(times_of(asked, asked.everyone))
    rows = rows[rows[list(asked.option("covariates"))].notna().all(axis=1)]
    return rows, _happened(asked, rows), design_of(asked, rows)


def _happened(asked: Asked, rows: pd.DataFrame) -> pd.Series:
    return rows["cause"].eq(asked.option("cause") or asked.endpoint)


def design_of(asked: Asked, rows: pd.DataFrame) -> pd.DataFrame:
    """Return a column for each term: 0 or 1 for a level against the first, or the number."""
    columns = {}
    for place, (term, contrast) in enumerate(asked.rows[["term", "contrast"]].to_numpy()):
        values = rows[term]
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            columns[place] = values.astype(float)
            continue
        level = str(contrast).split(" / ")[0]
        columns[place] = printed(asked, values, term).eq(level).astype(float)
        if not columns[place].any():
            raise ValueError(f"no subject has {level} in {term}")
    return pd.DataFrame(columns)
