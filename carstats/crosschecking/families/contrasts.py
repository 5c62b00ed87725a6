"""Responses of two groups compared, by statsmodels and scipy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from carstats.crosschecking.asking import Asked, share
from carstats.crosschecking.families.comparing import adjusted, group_names, members_of
from carstats.crosschecking.families.proportions import (
    barnard_test,
    boschloo_test,
    contrast_limits,
    contrast_test,
    score_limits,
)
from carstats.crosschecking.families.visits import answered

Counts = tuple[int, int, int]
_EXACT_UP_TO = 51**2


def _groups(asked: Asked) -> pd.DataFrame:
    """Return who is counted, with the answer and the group of each."""
    rows = answered(asked)
    by = list(asked.option("by", []))
    key = ("groups", *by)
    return asked.once(key, rows, lambda: rows.assign(_group=group_names(asked, rows, by)))


def _counts(asked: Asked, rows: pd.DataFrame) -> Counts:
    """Return subjects, responders and those without an answer."""
    lacking = int(rows["_answer"].isna().sum())
    n = len(rows) - (lacking if asked.option("missing") == "excluded" else 0)
    return n, int(rows["_answer"].eq(1).sum()), lacking


def _pair(asked: Asked, row: int) -> tuple[Counts, Counts]:
    rows = _groups(asked)
    one, other = (
        _counts(asked, rows[rows["_group"].eq(name)]) for name in members_of(asked, row, " v ")
    )
    return one, other


def _overall(asked: Asked) -> bool:
    return asked.spec.analysis == "response_test" and "test" in asked.rows


def counts(asked: Asked) -> dict[str, Any]:
    """Count subjects, responders and missing answers of both groups, and their difference."""
    found = []
    for place in range(len(asked.rows)):
        if _overall(asked):
            rows = _groups(asked)
            rows = rows[rows["_group"].isin(members_of(asked, place, " v "))]
            n, k, lacking = _counts(asked, rows)
            found.append({"n": n, "n_event": k, "n_missing": lacking})
            continue
        (n1, k1, lacking1), (n2, k2, lacking2) = _pair(asked, place)
        if "assumed" in asked.rows:
            k1 += int(asked.rows["assumed"].iloc[place])
            k2 += int(asked.rows["assumed_reference"].iloc[place])
        row = {
            "n": n1, "n_event": k1, "n_missing": lacking1, "n_reference": n2,
            "n_event_reference": k2, "n_missing_reference": lacking2, "estimate": None,
        }  # fmt: skip
        contrast = asked.option("contrast", "difference")
        if "measure" in asked.rows:
            contrast = asked.rows["measure"].iloc[place]
        if n1 and n2 and not asked.spec.strata:
            if contrast == "difference":
                row["estimate"] = k1 / n1 - k2 / n2
            elif contrast == "ratio" and k2:
                row["estimate"] = share(k1, n1) / share(k2, n2)
        found.append(row)
    return _columns(found)


def _columns(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Return rows as columns; None, unlike NaN, is no answer."""
    return {c: [row.get(c) for row in found] for c in dict.fromkeys(c for r in found for c in r)}


def _method(asked: Asked, row: int) -> str:
    """Return the test of a pair; by default the exact one up to the size of 50 against 50."""
    method = str(asked.option("test", asked.option("method", "auto")))
    if method == "auto":
        n = asked.rows["n"].iloc[row], asked.rows["n_reference"].iloc[row]
        exact = (n[0] + 1) * (n[1] + 1) <= _EXACT_UP_TO
        return "Agresti-Min" if exact else "Miettinen-Nurminen"
    return "Agresti-Min" if method == "Barnard" else method


def _two(asked: Asked, row: int) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Return responders and subjects of a plain pair; None where it is no plain pair."""
    if asked.spec.strata or _overall(asked) or asked.option("contrast") == "ratio":
        return None
    (n1, k1, _), (n2, k2, _) = _pair(asked, row)
    if "assumed" in asked.rows:
        k1 += int(asked.rows["assumed"].iloc[row])
        k2 += int(asked.rows["assumed_reference"].iloc[row])
    return ((k1, n1), (k2, n2)) if n1 and n2 else None


def limits(asked: Asked) -> dict[str, Any]:
    """Return Newcombe's limits, and score limits as statsmodels has them."""
    found: list[dict[str, Any]] = []
    for place in range(len(asked.rows)):
        pair = _two(asked, place)
        told = pair and contrast_limits(*pair, "difference", _method(asked, place), asked.level)
        found.append(dict(zip(("conf_low", "conf_high"), told, strict=True)) if told else {})
    return _columns(found)


def limits_by_definition(asked: Asked) -> dict[str, Any]:
    """Return Miettinen and Nurminen's limits by their definition."""
    found: list[dict[str, Any]] = []
    for place in range(len(asked.rows)):
        pair = _two(asked, place)
        score = pair and _method(asked, place) == "Miettinen-Nurminen"
        told = score and score_limits(*pair, asked.level)
        found.append(dict(zip(("conf_low", "conf_high"), told, strict=True)) if told else {})
    return _columns(found)


def tests(asked: Asked) -> dict[str, Any]:
    """Return the p-value of each pair's test, as far as a library has it."""
    found: list[dict[str, Any]] = []
    for place in range(len(asked.rows)):
        pair = _two(asked, place)
        method = _method(asked, place) if pair else ""
        told = None
        if pair and method in ("Miettinen-Nurminen", "Agresti-Min") and "assumed" not in asked.rows:
            told = contrast_test(*pair, method)
        elif pair:
            told = _fisher(pair, method)
        if told and "statistic" in told:
            told = {**told, "statistic": told["statistic"] ** 2, "df": 1.0}
        found.append(told or {})
    return _columns(found)


def _fisher(pair: tuple[tuple[int, int], tuple[int, int]], method: str) -> dict[str, float] | None:
    from scipy.stats import fisher_exact, hypergeom

    (k1, n1), (k2, n2) = pair
    table = [[k1, k2], [n1 - k1, n2 - k2]]
    if method == "Fisher":
        return {"p_value": float(fisher_exact(table).pvalue)}
    if method == "Fisher central":
        law = n1 + n2, k1 + k2, n1
        tails = hypergeom.cdf(k1, *law), hypergeom.sf(k1 - 1, *law)
        return {"p_value": float(min(1.0, 2 * min(tails)))}
    if method == "Boschloo":
        p_value = boschloo_test(*pair)
        return None if p_value is None else {"p_value": p_value}
    return None


def barnard(asked: Asked) -> dict[str, Any]:
    """Return scipy's Barnard test where the p-value is that of its exact test."""
    found: list[dict[str, Any]] = []
    for place in range(len(asked.rows)):
        pair = _two(asked, place)
        pair = pair if pair and _method(asked, place) == "Agresti-Min" else None
        p_value = pair and "assumed" not in asked.rows and barnard_test(*pair)
        found.append({"p_value": p_value} if p_value else {})
    return _columns(found)


def adjusted_p_values(asked: Asked) -> dict[str, Any]:
    """Adjust the p-values of all rows."""
    p_values = asked.rows["p_value"].astype(float).tolist()
    return {"p_adjusted": adjusted(p_values, asked.option("adjust", "none"))}


def _tables(asked: Asked, row: int) -> list[np.ndarray]:
    """Return a table of each stratum: groups by responders and others."""
    rows = _groups(asked)
    if asked.option("missing") == "excluded":
        rows = rows[rows["_answer"].notna()]
    met = rows["_answer"].eq(1)
    strata = list(asked.spec.strata)
    keys = rows[strata].astype(str).agg(" · ".join, axis=1) if strata else pd.Series("", rows.index)
    members = members_of(asked, row, " v ")
    found = []
    for _, part in rows.groupby(keys, sort=True):
        in_group = [part["_group"].eq(name) for name in members]
        found.append(np.array([[(g & met).sum(), (g & ~met).sum()] for g in in_group], float))
    return found


def stratified(asked: Asked) -> dict[str, Any]:
    """Return the Cochran-Mantel-Haenszel test, and Breslow and Day's with Tarone's correction."""
    from statsmodels.stats.contingency_tables import StratifiedTable

    if asked.spec.analysis == "response_test" and not _overall(asked):
        return {}
    plain = asked.spec.analysis == "response_difference"
    if plain and (not asked.spec.strata or asked.option("method") != "Mantel-Haenszel"):
        return {}
    found: list[dict[str, Any]] = []
    for place in range(len(asked.rows)):
        name = "Cochran-Mantel-Haenszel" if plain else str(asked.rows["test"].iloc[place])
        tables = [t for t in _tables(asked, place) if t.sum(axis=1).all() and t.sum(axis=0).all()]
        if not tables or len(tables[0]) != 2 or name not in ("Cochran-Mantel-Haenszel",
                                                             "Breslow-Day"):  # fmt: skip
            found.append({})
            continue
        told = StratifiedTable(tables)
        test = told.test_null_odds() if name[0] == "C" else told.test_equal_odds(adjust=True)
        df = 1.0 if name[0] == "C" else len(tables) - 1.0
        found.append({"statistic": float(test.statistic), "df": df, "p_value": float(test.pvalue)})
    return _columns(found)


def pooled_difference(asked: Asked) -> dict[str, Any]:
    """Return the difference of Mantel and Haenszel's weights."""
    mantel = asked.spec.strata and asked.option("method") == "Mantel-Haenszel"
    if not mantel or asked.option("contrast") == "ratio":
        return {}
    found = []
    for place in range(len(asked.rows)):
        tables = [t for t in _tables(asked, place) if t.sum(axis=1).all()]
        sizes = np.array([t.sum(axis=1) for t in tables])
        rates = np.array([t[:, 0] for t in tables]) / sizes
        weight = sizes.prod(axis=1) / sizes.sum(axis=1)
        found.append(float((weight * (rates[:, 0] - rates[:, 1])).sum() / weight.sum()))
    return {"estimate": found}


def general_association(asked: Asked) -> dict[str, Any]:
    """Return the Cochran-Mantel-Haenszel test of several groups by its definition."""
    from scipy.stats import chi2

    if not _overall(asked):
        return {}
    found: list[dict[str, Any]] = []
    for place in range(len(asked.rows)):
        groups = len(members_of(asked, place, " v "))
        if str(asked.rows["test"].iloc[place]) != "Cochran-Mantel-Haenszel" or groups < 3:
            found.append({})
            continue
        gap, cover = np.zeros(groups), np.zeros((groups, groups))
        for table in _tables(asked, place):
            sizes, total = table.sum(axis=1), table.sum()
            if total < 2:
                continue
            k = table[:, 0].sum()
            gap += table[:, 0] - sizes * k / total
            part = np.diag(sizes) * total - np.outer(sizes, sizes)
            cover += part * k * (total - k) / (total**2 * (total - 1))
        df = int(np.linalg.matrix_rank(cover, tol=1e-9))
        statistic = float(gap @ np.linalg.pinv(cover) @ gap) if df else np.nan
        p_value = float(chi2.sf(statistic, df)) if df else np.nan
        found.append({"statistic": statistic, "df": df or np.nan, "p_value": p_value})
    return _columns(found)
