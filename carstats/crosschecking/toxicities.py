"""Toxicities counted anew from the episodes, and their rates and differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from carstats.crosschecking.asking import Asked, followed_to, share
from carstats.crosschecking.comparing import adjusted
from carstats.crosschecking.proportions import (
    binomial_limits,
    contrast_limits,
    contrast_test,
    with_limits,
)


def episodes(asked: Asked, terms: list[str], least: object = None) -> pd.DataFrame:
    """Return the episodes of terms with whether each is bad enough, and whether it is unknown.

    Parameters
    ----------
    asked : Asked
        Whose.
    terms : list of str
        Which toxicities.
    least : int or str, optional
        The least grade, or severity, that counts.
    """
    rows = asked.table("toxicities")
    rows = rows[rows["term"].isin(terms)].copy()
    rows["level"] = _levels(asked, rows, isinstance(least, str))
    grade = _place(asked, least) if isinstance(least, str) else float(least or 1)
    rows["bad"] = rows["level"].ge(grade) | (grade <= 1)
    rows["unclear"] = rows["level"].isna() & (grade > 1)
    return rows


def _place(asked: Asked, severity: str) -> float:
    return asked.study.vocabulary.names("severity").index(severity) + 1.0


def _levels(asked: Asked, rows: pd.DataFrame, severity: bool) -> pd.Series:
    column = "severity" if severity else "grade"
    if column not in rows:
        return pd.Series(np.nan, rows.index)
    if severity:
        return rows[column].map(
            {name: _place(asked, name) for name in asked.study.vocabulary.names("severity")}
        )
    level = rows["grade"].astype(float)
    scale = asked.option("grading_scale")
    if scale is None or "grading_scale" not in rows:
        return level
    wanted = rows["term"].map(scale) if isinstance(scale, dict) else pd.Series(scale, rows.index)
    same = [
        pd.isna(w) or (isinstance(s, str) and s.split("(")[0].strip().startswith(str(w)))
        for w, s in zip(wanted, rows["grading_scale"], strict=True)
    ]
    return level.where(same)


def _had(asked: Asked, row: Any, term: str, least: object) -> tuple[int, int, int]:
    """Return subjects at risk, with the event, and those who may have had it besides."""
    subjects, rows = asked.subjects, episodes(asked, [term], least)
    sure, maybe = rows["bad"], rows["bad"] | rows["unclear"]
    if hasattr(row, "window_start"):
        subjects = subjects[followed_to(subjects) >= row.window_start]
        whole = rows["onset_day"].astype(float) // 1
        inside = (whole >= row.window_start) & (whole <= row.window_end)
        sure, maybe = sure & inside, maybe & (inside | whole.isna())
    ids = set(subjects["subject_id"])
    had = ids & set(rows.loc[sure, "subject_id"])
    return len(ids), len(had), len((ids & set(rows.loc[maybe, "subject_id"])) - had)


def rates(asked: Asked) -> dict[str, Any]:
    """Return the rates of a stratum's terms, grades and windows."""
    found = []
    for row in asked.rows.itertuples():
        least = getattr(row, "min_severity", None) or row.min_grade
        n, k, unclear = _had(asked, row, row.term, least)
        one = with_limits(k, n, asked.option("limits"), asked.level)
        found.append({**one, "n_missing": unclear})
    return dict(pd.DataFrame(found))


def grades(asked: Asked) -> dict[str, Any]:
    """Count subjects by the worst grade of each toxicity."""
    n = len(asked.subjects)
    counts = []
    for term in asked.rows["term"].unique():
        rows = episodes(asked, [term])
        rows["level"] = _levels(asked, rows, asked.option("scale") == "severity")
        worst = rows.groupby("subject_id")["level"].max()
        for grade in asked.rows.loc[asked.rows["term"] == term, "grade"]:
            if grade == 0:
                counts.append(n - len(worst))
            elif np.isnan(grade):
                counts.append(int(worst.isna().sum()))
            else:
                counts.append(int((worst == grade).sum()))
    return {"n": n, "n_event": counts, "estimate": [share(k, n) for k in counts]}


def table(asked: Asked) -> dict[str, Any]:
    """Return the rows of the table of adverse events."""
    groups = {t.name: t.group for t in asked.study.vocabulary.toxicity}
    rows = episodes(asked, list(asked.option("terms")))
    rows["level"] = _levels(asked, rows, asked.option("scale") == "severity")
    own = rows["system"] if "system" in rows else pd.Series(None, rows.index, dtype=object)
    place = own.where(own.notna(), rows["term"].map(groups)).replace("", None)
    rows["place"] = place.fillna("system not stated")
    serious = rows["serious"] if "serious" in rows else pd.Series(None, rows.index, dtype=object)
    least = {"any": 0, "grade >=2": 2, "grade >=3": 3, "moderate or worse": 2, "severe or worse": 3}
    found = []
    for row in asked.rows.itertuples():
        part = pd.Series(True, rows.index)
        if row.row != "total":
            part &= rows["place"].eq(row.system)
        if row.row == "term":
            part &= rows["term"].eq(row.term)
        if row.criterion == "serious":
            sure, open_ = serious.eq(True).fillna(False), serious.isna()
        elif row.criterion == "any":
            sure, open_ = part, pd.Series(False, rows.index)
        else:
            sure, open_ = rows["level"] >= least[row.criterion], rows["level"].isna()
        had = set(rows.loc[part & sure, "subject_id"])
        may = set(rows.loc[part & open_, "subject_id"]) - had
        one = with_limits(len(had), len(asked.subjects), asked.option("limits"), asked.level)
        found.append({**one, "n_missing": len(may), "n_episodes": int((part & sure).sum())})
    return dict(pd.DataFrame(found))


def _sides(asked: Asked) -> list[tuple[tuple[int, int, int], tuple[int, int, int], Any]]:
    """Return both groups' subjects, events and unclear ones for each row of differences."""
    from dataclasses import replace

    column = asked.spec.by[0]
    window = asked.option("window")
    found = []
    for row in asked.rows.itertuples():
        pair = []
        for level in (getattr(row, column), asked.option("reference")):
            group = asked.everyone[asked.everyone[column].astype(str) == str(level)]
            least = asked.option("min_severity") or asked.option("min_grade")
            span = _Window(*window) if window else None
            pair.append(_had(replace(asked, subjects=group), span, row.term, least))
        found.append((pair[0], pair[1], row))
    return found


class _Window:
    """Days of onset that count."""

    def __init__(self, first: float, last: float) -> None:
        self.window_start, self.window_end = first, last


def difference_counts(asked: Asked) -> dict[str, Any]:
    """Return the counts and rates of both groups and their difference or ratio."""
    found: list[dict[str, Any]] = []
    for (n1, k1, unclear1), (n2, k2, unclear2), _ in _sides(asked):
        one, other = share(k1, n1), share(k2, n2)
        ratio = asked.option("contrast") == "ratio"
        found.append(
            {
                "n": n1, "n_event": k1, "n_missing": unclear1 + unclear2, "rate": one,
                "n_reference": n2, "n_event_reference": k2, "rate_reference": other,
                "estimate": share(one, other) if ratio else one - other,
            }
        )  # fmt: skip
    return dict(pd.DataFrame(found))


def difference_limits(asked: Asked) -> dict[str, Any]:
    """Return the limits of one difference, as far as a library has them."""
    used = method_used(asked)
    ((n1, k1, _), (n2, k2, _), _), *_ = _sides(asked)
    limits = contrast_limits((k1, n1), (k2, n2), asked.option("contrast"), used, asked.level)
    return dict(zip(("conf_low", "conf_high"), limits, strict=True)) if limits else {}


def difference_test(asked: Asked) -> dict[str, Any]:
    """Return the test of one difference, as far as a library has it."""
    ((n1, k1, _), (n2, k2, _), _), *_ = _sides(asked)
    return contrast_test((k1, n1), (k2, n2), method_used(asked)) or {}


def adjusted_p_values(asked: Asked) -> dict[str, Any]:
    """Adjust the p-values of all rows."""
    p_values = asked.rows["p_value"].astype(float).tolist()
    return {"p_adjusted": adjusted(p_values, asked.option("adjust", "none"))}


def method_used(asked: Asked) -> str:
    """Return the method of a row's limits: of several the one for groups of its size."""
    used = asked.option("limits_used", [asked.option("limits")])
    if len(used) == 1:
        return used[0]
    # Exact up to the 51 x 51 tables of 50 against 50.
    row = asked.rows.iloc[0]
    return "Agresti-Min" if (row["n"] + 1) * (row["n_reference"] + 1) <= 51**2 else used[-1]


def benchmark(asked: Asked) -> dict[str, Any]:
    """Return the observed rate, the published ones and plain differences; models have none."""
    term, least = asked.option("term"), asked.option("min_grade")
    n, k, unclear = _had(asked, None, term, least)
    found = []
    for row in asked.rows.itertuples():
        one: dict[str, Any] = {}
        if row.row == "observed":
            one = {**with_limits(k, n, "Clopper-Pearson", asked.level), "n_missing": unclear}
        elif row.row == "trial":
            limits = binomial_limits(row.n_event, row.n, "Clopper-Pearson", asked.level)
            one = {"estimate": share(row.n_event, row.n)}
            one |= dict(zip(("conf_low", "conf_high"), limits, strict=True))
        elif row.row == "difference":
            one = {"estimate": share(k, n) - share(row.n_event, row.n)}
        found.append(one)
    columns = ["n", "n_event", "n_missing", "estimate", "conf_low", "conf_high"]
    # None, unlike NaN, is no answer.
    return {c: [one.get(c) for one in found] for c in columns}
