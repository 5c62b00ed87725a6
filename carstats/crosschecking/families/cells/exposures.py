"""Peaks, areas and declines of the cells, and what goes with them, by scipy, lifelines and pandas.

No library of Python computes such areas; scipy integrates the curve that the rule describes (a line
where it rises, an exponential where it falls) and fits the lines of the decline.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from carstats.crosschecking.asking import Asked
from carstats.crosschecking.families.cells.kinetics import samples, treated
from carstats.crosschecking.families.clocks import sample
from carstats.crosschecking.families.visits import at_visit, judged

_REACH = 28.0


def parameters(asked: Asked) -> dict[str, Any]:
    """Return what the samples after the first infusion say: each parameter of each subject."""
    if asked.option("infusion") != "first":
        return {}
    rows, n = samples(asked), len(treated(asked))
    rows = rows[rows["subject_id"].isin(rows.loc[rows["day"] > 0, "subject_id"])]
    limits = rows.groupby("subject_id")["lloq"].max()
    found: list[dict[str, Any]] = []
    for name in asked.rows["parameter"]:
        values, below = _by_subject(asked, rows, str(name))
        one: dict[str, Any] = {"n": n}
        if name in ("Tmax", "Tlast"):
            told = sample(values, asked.level)
            one |= {"n_event": values.notna().sum(), "n_missing": n - values.notna().sum(), **told}
            one["median"] = told["estimate"]
        else:
            size = float(str(name).removeprefix("AUC0-")) if str(name).startswith("AUC") else 1.0
            one |= _mean(values, below, size * limits, n, asked.level)
        found.append(one)
    columns = dict.fromkeys(c for one in found for c in one)
    return {c: [one.get(c) for one in found] for c in columns}


def _by_subject(asked: Asked, rows: pd.DataFrame, name: str) -> tuple[pd.Series, set[str]]:
    """Return a parameter by subject, and in whom it is known to be below the limit."""
    first, last = asked.option("peak_from", 0.0), asked.option("peak_until", 28.0)
    expands = asked.option("expands", True)
    values, below = {}, set()
    for subject, own in rows.sort_values("day").groupby("subject_id"):
        t, c = own["day"].to_numpy(float), own["value"].to_numpy(float)
        among = (t >= first) & (t <= last) & ((t > 0) | (first > 0) | (not expands))
        seen = np.flatnonzero(among & ~np.isnan(c))
        top = seen[np.argmax(c[seen])] if seen.size else -1
        if name == "Cmax":
            values[subject] = c[top] if seen.size else np.nan
            below |= {subject} if among.any() and not seen.size else set()
        elif name == "Tmax":
            values[subject] = t[top] if seen.size else np.nan
        elif name == "Tlast":
            above = t[~np.isnan(c) & (t >= 0)]
            values[subject] = above.max() if above.size else np.nan
        else:
            rate = _decline(t, c, int(top), expands)
            if name == "half-life":
                values[subject] = np.log(2) / rate
            else:
                end = float(name.removeprefix("AUC0-"))
                limit = own["lloq"].to_numpy(float)
                between = {"zero": 0 * limit, "half the limit": limit / 2}
                filled = between.get(asked.option("below", "dropped"), np.full(len(t), np.nan))
                area = _area(t, c, filled, end, rate, asked.option("tail", "nothing"))
                values[subject] = area or np.nan
                below |= {subject} if area == 0 else set()
    return pd.Series(values, dtype=float), below


def _decline(t, c, top: int, expands: bool) -> float:
    """Return the slope of scipy's best line through the last logarithms, its sign turned."""
    from scipy.stats import linregress

    later = np.flatnonzero(~np.isnan(c) & (t >= 0) & (np.arange(len(t)) > top - (not expands)))
    lines = []
    for k in range(3, len(later) + 1):
        fit = linregress(t[later[-k:]], np.log(c[later[-k:]]))
        if fit.slope < 0:
            lines.append((1 - (1 - fit.rvalue**2) * (k - 1) / (k - 2), k, fit.slope))
    if not lines:
        return np.nan
    best = max(line[0] for line in lines)
    # Of fits within 1e-4 of the best the one of most points.
    return -max((k, slope) for fit, k, slope in lines if fit >= best - 1e-4)[1]


def _area(t, c, filled, end: float, rate: float, tail: str) -> float:
    """Return scipy's integral of the curve from the infusion to a day; NaN where not followed."""
    from scipy.integrate import quad

    seen = np.flatnonzero(~np.isnan(c) & (t >= 0))
    if not seen.size:
        return 0.0 if t.max() >= end else np.nan
    last, place = seen[-1], np.arange(len(t))
    # Before the first value above the limit there is nothing, between two of them what was asked.
    y = np.where(np.isnan(c), np.where(place < seen[0], 0.0, filled), c)
    kept = ~np.isnan(y) & (place <= last)
    before = y[kept & (t <= 0)]
    knots = [(0.0, before[-1] if before.size else 0.0)]
    knots += [(t[i], y[i]) for i in np.flatnonzero(kept & (t > 0))]
    known = sum(
        quad(_between(a, b), a[0], min(b[0], end), epsabs=0, epsrel=1e-11)[0]
        for a, b in pairwise(knots)
        if a[0] < min(b[0], end) and max(a[1], b[1]) > 0
    )
    later = np.flatnonzero(np.isnan(c) & (t > t[last]))
    if end <= t[last]:
        return known
    if later.size:
        zero = t[later[0]]
        if tail == "triangle":
            stop = min(end, zero)
            fall = _between((t[last], c[last]), (zero, 0.0))
            known += quad(fall, t[last], stop, epsabs=0, epsrel=1e-11)[0]
        return known
    if np.isnan(rate):
        return np.nan
    more = quad(lambda x: c[last] * np.exp(-rate * (x - t[last])), t[last], end)[0]
    return known + more if more <= 0.2 * (known + more) else np.nan


def _between(a: tuple[float, float], b: tuple[float, float]):
    """Return the curve between two samples: a line up, an exponential down."""
    (x, left), (stop, right) = a, b

    def curve(at: float) -> float:
        share = (at - x) / (stop - x)
        if 0 < right < left:
            return left * (right / left) ** share
        return left + (right - left) * share

    return curve


def _mean(values, below: set[str], limits, n: int, level: float) -> dict[str, Any]:
    """Return the geometric mean with t limits, where nothing is below a limit; and the ranks."""
    from scipy.stats import gmean, gstd
    from statsmodels.stats.weightstats import DescrStatsW

    known = values.dropna()
    limits = limits.reindex(list(below)).dropna() if below else pd.Series(dtype=float)
    used = len(known) + len(limits)
    one: dict[str, Any] = {"n_event": len(known), "n_missing": n - used}
    ranks = np.append(np.full(len(limits), -np.inf), np.sort(known))
    names = ("median", "q1", "q3", "minimum", "maximum")
    if used:
        with np.errstate(invalid="ignore"):
            told = np.quantile(ranks, [0.5, 0.25, 0.75, 0, 1])
        one |= dict(zip(names, np.where(np.isfinite(told), told, np.nan), strict=True))
    if len(limits) or len(known) < 2:
        return one
    spread = np.log(gstd(known, ddof=1))
    ends = np.exp(DescrStatsW(np.log(known)).tconfint_mean(1 - level))
    return {
        **one, "estimate": float(gmean(known)), "conf_low": ends[0], "conf_high": ends[1],
        "cv_percent": 100 * np.sqrt(np.expm1(spread**2)),
    }  # fmt: skip


def censored(asked: Asked) -> dict[str, Any]:
    """Return lifelines' geometric means of values of which some are below their limit."""
    if asked.option("infusion") != "first":
        return {}
    rows = samples(asked)
    rows = rows[rows["subject_id"].isin(rows.loc[rows["day"] > 0, "subject_id"])]
    limits = rows.groupby("subject_id")["lloq"].max()
    found: list[float | None] = []
    for name in map(str, asked.rows["parameter"]):
        if name in ("Tmax", "Tlast", "half-life"):
            found.append(None)
            continue
        values, below = _by_subject(asked, rows, name)
        size = float(name.removeprefix("AUC0-")) if name.startswith("AUC") else 1.0
        known, cut = values.dropna(), (size * limits).reindex(sorted(below)).dropna()
        several = len(cut) > 0 and len(set(known)) > 1
        found.append(_censored_mean(known, cut) if several else None)
    return {"estimate": found}


def _censored_mean(known: pd.Series, limits: pd.Series) -> float:
    """Return the geometric mean of a lognormal distribution censored on the left."""
    from lifelines import LogNormalFitter

    # In units of the mean the search begins near its end.
    unit = float(np.exp(np.log(known).mean()))
    values = np.append(known / unit, limits / unit)
    seen = np.append(np.ones(len(known)), np.zeros(len(limits)))
    fit = LogNormalFitter().fit_left_censoring(values, seen)
    return unit * float(np.exp(fit.mu_))


def exposures(asked: Asked) -> dict[str, Any]:
    """Return medians of the exposure by outcome, scipy's rank correlation and its tests."""
    values, below = _exposure(asked)
    group, left = _outcome(asked)
    table = pd.DataFrame({"value": values.reindex(group.index), "group": group, "left": left})
    table.loc[table.index.isin(below), "value"] = -np.inf
    table = table[~table["left"]].dropna()
    found: list[dict[str, Any]] = []
    for row in asked.rows.itertuples():
        if row.row == "order":
            order = _order(table, row.p_method, asked.level)
            found.append({"n": len(table), "n_missing": len(group) - len(table), **order})
            continue
        here = table.loc[table["group"] == float(row.level), "value"] if row.level else table[:0]
        one: dict[str, Any] = {"n": len(here), "n_missing": 0}
        if len(here) and row.level and np.isfinite(here).all():
            one |= sample(here, asked.level)
        found.append(one)
    columns = dict.fromkeys(c for one in found for c in one)
    return {c: [one.get(c) for one in found] for c in columns}


def _order(table: pd.DataFrame, method: str, level: float) -> dict[str, Any]:
    from scipy.stats import kendalltau, mannwhitneyu, norm, spearmanr

    value, group = table["value"], table["group"]
    if group.nunique() < 2 or value.nunique() < 2:
        return {}
    rank = float(spearmanr(value.rank(), group).statistic)
    one: dict[str, Any] = {"estimate": rank}
    if len(table) > 4 and abs(rank) < 1:
        half = norm.ppf(0.5 + level / 2) * np.sqrt((1 + rank**2 / 2) / (len(table) - 3))
        one["conf_low"], one["conf_high"] = np.tanh(np.arctanh(rank) + np.array([-half, half]))
    if method == "asymptotic":
        one["p_value"] = float(kendalltau(value.rank(), group, method="asymptotic").pvalue)
    elif method == "exact" and group.nunique() == 2 and value.is_unique:
        first, ranks = group == group.min(), value.rank()
        test = mannwhitneyu(ranks[first], ranks[~first], method="exact")
        one["p_value"] = float(test.pvalue)
    return one


def _exposure(asked: Asked) -> tuple[pd.Series, set[str]]:
    """Return the exposure by subject, and in whom it is below quantification."""
    name = str(asked.option("exposure"))
    if name in ("dose", "dose per kg"):
        return _doses(asked, name == "dose per kg"), set()
    if name == "B-cell nadir":
        rows = asked.table("assessments")
        rows = rows[rows["measure"].eq("B_cells") & rows["value"].notna()]
        until = asked.option("landmark") or 28.0
        rows = rows[(rows["day"] > 0) & (rows["day"] <= until)]
        again = asked.table("infusions") if asked.study.infusions is not None else None
        if again is not None:
            again = again[again["planned"].eq(False) & (again["day"] > 0)]
            stop = again.groupby("subject_id")["day"].min()
            rows = rows[rows["day"] <= rows["subject_id"].map(stop).fillna(np.inf)]
        return rows.groupby("subject_id")["value"].min().astype(float), set()
    rows = samples(asked)
    rows = rows[rows["subject_id"].isin(rows.loc[rows["day"] > 0, "subject_id"])]
    return _by_subject(asked, rows, name)


def _doses(asked: Asked, per_kg: bool) -> pd.Series:
    """Return the dose of the first infusion, by the weight or in all."""
    first = asked.table("infusions").sort_values("day").groupby("subject_id").first()
    weight = asked.study.subjects.set_index("subject_id").get("weight_kg", pd.Series(dtype=float))
    weight = weight.astype(float).reindex(first.index)
    names = first["product"] if "product" in first else pd.Series("", first.index)
    each = names.fillna("").str.lower().str.contains("/kg", regex=False)
    dose = first["dose"].astype(float)
    if per_kg:
        return dose.where(each, dose / weight)
    return dose.mask(each, dose * weight)


def _outcome(asked: Asked) -> tuple[pd.Series, pd.Series]:
    """Return each subject's outcome as a number, and who does not count."""
    study, name, start = asked.study, str(asked.option("outcome")), asked.option("landmark", 0.0)
    subjects = treated(asked).set_index("subject_id")
    ids, last = subjects.index, subjects["last_contact_day"].astype(float)
    if name in study.endpoints("response"):
        day = asked.option("at") or 168.0
        rows = judged(asked, name)
        rows = rows[rows["day"] > start].assign(answer=rows["response"].astype(float))
        near = at_visit(rows, day, day - _REACH, day + _REACH, "answer")
        return near.reindex(ids), last < start
    if name in study.endpoints("time-to-event"):
        rows = asked.table("events")
        rows = rows[rows["endpoint"].eq(name) & rows["status"].notna()].set_index("subject_id")
        rows = rows.reindex(ids)
        day = rows["time"] + (rows["origin_day"].fillna(0) if "origin_day" in rows else 0)
        at, status = asked.option("at") or 365.0, rows["status"]
        had = np.where(status.eq("event") & (day <= at), 1.0, np.nan)
        free = (day > at) | (~status.eq("event") & (day == at))
        group = pd.Series(np.where(free, 0.0, had), ids)
        return group, (status.eq("competing") & (day <= at)) | (day <= start)
    rows = asked.table("toxicities")
    rows = rows[rows["term"].eq(name) & ~rows["onset_day"].lt(0)]
    early = ids.isin(rows.loc[rows["onset_day"] <= start, "subject_id"]) if start else False
    rows = rows[rows["onset_day"] > start] if start else rows
    bare = set(rows.loc[rows["grade"].isna(), "subject_id"])
    worst = rows.groupby("subject_id")["grade"].max().astype(float).reindex(ids)
    worst = worst.where(~worst.index.isin(bare) | worst.eq(5))
    group = worst.where(ids.isin(rows["subject_id"]), 0.0)
    return group, pd.Series(early | (last < start).to_numpy(), ids)
