"""Toxicities counted anew from the episodes, and their rates and differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from carstats.crosschecking.applying import term_applies
from carstats.crosschecking.asking import Asked, followed_to, share
from carstats.crosschecking.families.comparing import adjusted
from carstats.crosschecking.families.proportions import (
    barnard_test,
    contrast_limits,
    contrast_test,
    score_limits,
    with_limits,
)


def episodes(asked: Asked, terms: list[str], least: object = None) -> pd.DataFrame:
    """Return the episodes of terms since the infusion, with what is proven of each."""
    key = ("episodes", tuple(terms), least, repr(asked.option("grading_scale")))
    return asked.once(key, asked.subjects, lambda: _episodes(asked, terms, least)).copy()


def _episodes(asked: Asked, terms: list[str], least: object) -> pd.DataFrame:
    rows = asked.table("toxicities")
    rows = rows[rows["term"].isin(terms) & ~(rows["onset_day"] < 0)]
    severity = isinstance(least, str)
    rows = graded(asked, rows, severity, compared=severity or float(least or 1) > 1)
    grade = _place(asked, least) if isinstance(least, str) else float(least or 1)
    rows["bad"] = rows["proven"].ge(grade)
    rows["unclear"] = rows["level"].isna() & ~rows["bad"]
    return rows


def graded(asked: Asked, rows: pd.DataFrame, severity: bool, compared: bool = True) -> pd.DataFrame:
    """Return episodes with their level and what is proven; of another scale nothing is known."""
    level = _levels(asked, rows, severity)
    bound = pd.Series(np.nan, rows.index)
    if "grade_at_least" in rows:
        bound = rows["grade_at_least"].astype(float)
        bound = bound.where(bound.eq(0)) if severity else bound
    proven = level.fillna(bound).fillna(1.0)
    if compared and not severity:
        other = _of_another_scale(asked, rows) & (level.notna() | (proven > 1))
        level, proven = level.mask(other), proven.mask(other, 1.0)
    return rows.assign(level=level, proven=proven)


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
    return rows["grade"].astype(float)


def _of_another_scale(asked: Asked, rows: pd.DataFrame) -> pd.Series:
    """Return which episodes are graded on another scale than the one that was chosen."""
    chosen = asked.option("grading_scale")
    if chosen is None or "grading_scale" not in rows:
        return pd.Series(False, rows.index)
    wanted = rows["term"].map(chosen) if isinstance(chosen, dict) else [chosen] * len(rows)
    same = [
        not isinstance(want, str) or (isinstance(has, str) and has.startswith(want.split("(")[0]))
        for want, has in zip(wanted, rows["grading_scale"], strict=True)
    ]
    return ~pd.Series(same, rows.index, dtype=bool)


def _had(asked: Asked, row: Any, term: str, least: object) -> tuple[int, int, int]:
    """Return subjects at risk, with the event, and those who may have had it besides."""
    subjects, rows = asked.subjects, episodes(asked, [term], least)
    subjects = subjects[term_applies(subjects, term)]
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
        found.append(bounded(k, unclear, n, asked.option("limits"), asked.level))
    return dict(pd.DataFrame(found))


def bounded(k: int, unclear: int, n: int, method: str, level: float) -> dict[str, float]:
    """Return what is proven and possible: the upper limit is that of the possible."""
    found, possible = with_limits(k, n, method, level), with_limits(k + unclear, n, method, level)
    if "conf_high" in possible:
        found["conf_high"] = possible["conf_high"]
    more = {"n_possible": k + unclear, "estimate_possible": possible["estimate"]}
    return {**found, **more, "n_missing": unclear}


def grades(asked: Asked) -> dict[str, Any]:
    """Count subjects by the worst grade of each toxicity."""
    found = []
    for term in asked.rows["term"].unique():
        mine = asked.subjects[term_applies(asked.subjects, term)]
        rows = graded(asked, episodes(asked, [term]), asked.option("scale") == "severity")
        rows = rows[rows["subject_id"].isin(set(mine["subject_id"]))]
        sure = rows["proven"].where(rows["level"].notna() | (rows["proven"] > 1))
        worst = sure.groupby(rows["subject_id"]).max()
        happened = rows["proven"].gt(0).groupby(rows["subject_id"]).any()
        higher = rows["level"].isna().groupby(rows["subject_id"]).any() & worst.lt(5)
        for row in asked.rows[asked.rows["term"] == term].itertuples():
            if row.grade == 0:
                here = pd.Series(False, worst.index)
                k = len(mine) - len(worst)
            else:
                ungraded = worst.isna() & (happened if row.level == "not graded" else ~happened)
                here = ungraded if np.isnan(row.grade) else worst.eq(row.grade)
                k = int(here.sum())
            found.append({"n": len(mine), "n_event": k, "n_missing": int((here & higher).sum())})
    frame = pd.DataFrame(found)
    shares = [share(k, n) for k, n in zip(frame["n_event"], frame["n"], strict=True)]
    return {**frame, "estimate": shares}


def table(asked: Asked) -> dict[str, Any]:
    """Return the rows of the table of adverse events."""
    groups = {t.name: t.group for t in asked.study.vocabulary.toxicity}
    rows = episodes(asked, list(asked.option("terms")))
    rows = graded(asked, rows, asked.option("scale") == "severity")
    own = rows["system"] if "system" in rows else pd.Series(None, rows.index, dtype=object)
    place = own.where(own.notna(), rows["term"].map(groups)).replace("", None)
    rows["place"] = place.astype(object).fillna("system not stated")
    serious = rows["serious"] if "serious" in rows else pd.Series(None, rows.index, dtype=object)
    least = {"any": 0, "grade >=2": 2, "grade >=3": 3, "moderate or worse": 2, "severe or worse": 3}
    found = []
    for row in asked.rows.itertuples():
        part = pd.Series(True, rows.index)
        if row.row != "total":
            part &= rows["place"].eq(row.system)
        if row.row == "term":
            part &= rows["term"].eq(row.term)
        mine = asked.subjects
        if row.row == "term":
            mine = mine[term_applies(mine, row.term)]
        part &= rows["subject_id"].isin(set(mine["subject_id"]))
        if row.criterion == "serious":
            sure = serious.eq(True).fillna(False) & rows["proven"].gt(0)
            open_ = serious.isna() | rows["proven"].eq(0)
        else:
            sure = rows["proven"] >= max(least[row.criterion], 1)
            open_ = rows["level"].isna()
        had = set(rows.loc[part & sure, "subject_id"])
        may = set(rows.loc[part & open_, "subject_id"]) - had
        one = bounded(len(had), len(may), len(mine), asked.option("limits"), asked.level)
        found.append({**one, "n_episodes": int((part & sure).sum())})
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
            group = stratum_of(asked, column, level)
            least = asked.option("min_severity") or asked.option("min_grade")
            span = _Window(*window) if window else None
            pair.append(_had(replace(asked, subjects=group), span, row.term, least))
        found.append((pair[0], pair[1], row))
    return found


def stratum_of(asked: Asked, column: str, level: object) -> pd.DataFrame:
    """Return the subjects of a level, the same object whenever it is asked for."""
    everyone = asked.everyone
    key = ("level", column, str(level))
    return asked.once(key, everyone, lambda: everyone[everyone[column].astype(str) == str(level)])


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
    ((n1, k1, unclear1), (n2, k2, unclear2), _), *_ = _sides(asked)
    if unclear1 or unclear2:
        return {}
    limits = contrast_limits((k1, n1), (k2, n2), asked.option("contrast"), used, asked.level)
    return dict(zip(("conf_low", "conf_high"), limits, strict=True)) if limits else {}


def score_limits_of(asked: Asked) -> dict[str, Any]:
    """Return Miettinen and Nurminen's limits of one difference by their definition."""
    ((n1, k1, unclear1), (n2, k2, unclear2), _), *_ = _sides(asked)
    ratio = asked.option("contrast") == "ratio"
    if method_used(asked) != "Miettinen-Nurminen" or ratio or unclear1 or unclear2:
        return {}
    limits = score_limits((k1, n1), (k2, n2), asked.level)
    return dict(zip(("conf_low", "conf_high"), limits, strict=True)) if limits else {}


def difference_test(asked: Asked) -> dict[str, Any]:
    """Return the test of one difference, as far as a library has it."""
    ((n1, k1, unclear1), (n2, k2, unclear2), _), *_ = _sides(asked)
    if unclear1 or unclear2:
        return {}
    return contrast_test((k1, n1), (k2, n2), method_used(asked)) or {}


def barnard(asked: Asked) -> dict[str, Any]:
    """Return scipy's Barnard test of one difference whose p-value is Agresti and Min's."""
    ((n1, k1, unclear1), (n2, k2, unclear2), _), *_ = _sides(asked)
    if method_used(asked) != "Agresti-Min" or unclear1 or unclear2:
        return {}
    p_value = barnard_test((k1, n1), (k2, n2))
    return {} if p_value is None else {"p_value": p_value}


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
    from carstats.data.published import oncology_benchmarks

    term, least = asked.option("term"), asked.option("min_grade")
    n, k, unclear = _had(asked, None, term, least)
    told = oncology_benchmarks()
    told = told[told["outcome"].eq(asked.option("outcome"))]
    trials = asked.rows[asked.rows["row"] == "trial"]
    found = []
    for row in asked.rows.itertuples():
        one: dict[str, Any] = {"n_missing": 0}
        if row.row == "observed":
            one = {**bounded(k, unclear, n, "Clopper-Pearson", asked.level), "n_trials": 1}
        elif row.row == "trial":
            mine = told[told["trial_family"].eq(row.trial) & told["grading_scale"].eq(
                row.grading_scale)]  # fmt: skip
            counts = set(zip(mine["n_event"], mine["n_evaluable"], strict=True))
            if (row.n_event, row.n) in counts:
                one |= with_limits(int(row.n_event), int(row.n), "Clopper-Pearson", asked.level)
            one["n_trials"] = 1
        else:
            same = trials if row.trial not in set(trials["trial"]) else trials[
                trials["trial"] == row.trial]  # fmt: skip
            one |= {"n": same["n"].sum(), "n_event": same["n_event"].sum(), "n_trials": len(same)}
            if row.row == "difference":
                one["estimate"] = share(k, n) - share(one["n_event"], one["n"])
        found.append(one)
    columns = ["n", "n_event", "n_missing", "n_trials", "estimate", "conf_low", "conf_high"]
    # None, unlike NaN, is no answer.
    return {c: [one.get(c) for one in found] for c in columns}
