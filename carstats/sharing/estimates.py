"""What a network says: each site, the sites together, how they differ, and without each in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from carstats.estimators.curves.life_table import life_table, possible_survival
from carstats.estimators.proportions.proportion import proportion_limits
from carstats.evidence.pooled import pool
from carstats.messages import mark, message
from carstats.response.rates import response_rate
from carstats.result import Result, Spec
from carstats.sharing.network import Network
from carstats.sharing.outcomes import RESPONSE, TIMES
from carstats.sharing.together import (
    SITE,
    interval_rows,
    response_counts,
    time_cohort,
    toxicity_counts,
)
from carstats.survival.interval_censored.curves import interval_censored_test
from carstats.survival.times import endpoint_times
from carstats.toxicity.rates import toxicity_rate
from carstats.wording import level_text

# The parts of a result: each site, all together, and all but one.
PARTS = {
    "sites": mark("Each site"),
    "together": mark("All sites"),
    "without": mark("All sites but one"),
}
_ADDED = mark("counts added")
_DIFFERING = mark("sites that may differ")
_WHATEVER = mark("whatever is hidden")
# Closer values are one.
_DIGITS = 1e-9
# From so wide a range of possible values on, a row says so.
_OPEN = 0.2
_EVEN = mark("hidden days spread evenly")


def site_rates(
    network: Network, kind: str, name: str, *, min_grade: int = 1, conf_level: float = 0.95
) -> Result | None:
    """Estimate the rate of a response or toxicity at each site, in all, and without each site.

    Parameters
    ----------
    network : Network
        Made by `read_network`.
    kind : {"response", "toxicity"}
        What `name` is.
    name : str
        The outcome.
    min_grade : int
        The smallest grade of a toxicity that counts.
    conf_level : float
        Level of the limits.

    Returns
    -------
    Result or None
        Rows by ``part`` ("sites", "together", "without") and ``site_id``: ``n``, ``n_event``,
        ``estimate``, ``conf_low``, ``conf_high``; of the random-effects rate ``predict_low``,
        ``predict_high`` (a new site), ``tau2``, ``i2`` (the share of the sites' differences that is
        more than chance) and ``p_heterogeneity``; ``note``. None where no site shows it.
    """
    make = response_counts if kind == RESPONSE else toxicity_counts
    counts = make(network, name) if kind == RESPONSE else make(network, name, min_grade)
    if counts is None:
        return None

    def rate(by: Sequence[str] = ()) -> Result:
        if kind == RESPONSE:
            visit = counts.visit
            return response_rate(counts, name, at=visit.get("at", 168), by=by,
                                 conf_level=conf_level)  # fmt: skip
        return toxicity_rate(counts, name, min_grade=min_grade, by=by, conf_level=conf_level)

    each, whole = rate([SITE]), rate()
    rows = [{"part": "sites", SITE: row[SITE], **_rate_of(row)} for _, row in each.frame.iterrows()]
    alike = each.frame[each.frame["n"] > 0]
    rows.append({"part": "together", SITE: _ADDED, **_rate_of(whole.frame.iloc[0])})
    if len(alike) > 1:
        rows.append({"part": "together", SITE: _DIFFERING, **_pooled(alike, conf_level)})
    hidden = hidden_range(network, kind, name, min_grade)
    if hidden is not None:
        rows.append({"part": "together", SITE: _WHATEVER, **_over_fillings(hidden, conf_level)})
    if len(alike) > 2:
        for site in alike[SITE]:
            left = alike[alike[SITE] != site]
            rows.append({"part": "without", SITE: site, **_pooled(left, conf_level)})
    missing = sorted(set(network.sites) - set(each.frame[SITE]))
    population = whole.spec.population
    spec = Spec(
        "network_rate",
        endpoint=whole.spec.endpoint,
        endpoints=(name,),
        population=population,
        method=message(
            "{counted} at each site and added; all sites and all but one: binomial–normal model, "
            "{level} % profile limits; sites that do not show it: {n}",
            counted=message("Clopper–Pearson {level} % limits", level=level_text(conf_level)),
            level=level_text(conf_level), n=len(missing),
        ),
        conf_level=conf_level,
        by=("part", SITE),
        cohort=whole.spec.cohort,
        options={"kind": kind, "name": name, "min_grade": min_grade, "left_out": missing},
        synthetic=network.synthetic,
    )  # fmt: skip
    return Result(pd.DataFrame(rows).assign(note=lambda f: f["note"].fillna("")), spec, _labels())


def _labels() -> dict[str, dict[str, str]]:
    return {
        "part": {key: message(words) for key, words in PARTS.items()},
        SITE: {name: message(name) for name in (_ADDED, _DIFFERING, _WHATEVER, _EVEN)},
    }


def _rate_of(row: pd.Series) -> dict[str, Any]:
    keys = ("n", "n_event", "estimate", "conf_low", "conf_high")
    return {**{key: row[key] for key in keys}, "note": ""}


def _pooled(sites: pd.DataFrame, conf_level: float) -> dict[str, Any]:
    """Pool the counts of sites that may differ, as `pooled_rate` does those of trials."""
    trials = sites[["n_event", "n"]].assign(endpoint="", basis="")
    found = pool(trials, conf_level=conf_level)
    statistic, df = found["heterogeneity"], found["heterogeneity_df"]
    keys = ("n", "n_event", "estimate", "conf_low", "conf_high", "predict_low", "predict_high",
            "tau2", "p_heterogeneity", "note")  # fmt: skip
    row = {**{key: found[key] for key in keys}, "i2": inconsistency(statistic, df)}
    if np.isnan(row["estimate"]):
        row["note"] = message("not pooled: the sites differ, and by how much cannot be estimated")
    elif np.isnan(row["tau2"]):
        row["note"] = message("taken as alike: by how much sites differ cannot be estimated")
    return row


def hidden_range(
    network: Network, kind: str, name: str, min_grade: int = 1
) -> tuple[int, int, int] | None:
    """Return the least and most subjects with an outcome, and of how many, over all sites.

    Sites that hide it are not a chance selection: what is rare is hidden where it happened. So a
    sum over the others is biased, and the range over all that the hidden numbers can be is not.
    None where no site hides any of it.
    """
    least = most = n = 0
    open_ = False
    rows = {site: row for site, _, row in network.rows(kind, name, ())[0]}
    for content in network.contents:
        row = rows.get(content["site"])
        if row is None:
            if not _hides(content, name):
                # The site did not count it.
                continue
            people = content["subjects"] or content["minimum_cell"] - 1
            low, high = 0, people
            n += people
        else:
            low, high = _between(row, kind, min_grade)
            n += row["asked"]
        least, most, open_ = least + low, most + high, open_ or low < high
    return (least, most, n) if open_ else None


def _between(row: dict[str, Any], kind: str, min_grade: int) -> tuple[int, int]:
    """Return the least and most subjects with an outcome that a row allows."""
    if kind == RESPONSE:
        return row["responders"], row["responders"]
    grades = row["worst_grade"]
    low = sum(grade["subjects"] for grade in grades if grade["from"] >= min_grade)
    # What may be worse than it is proven to be is no hidden number: the rate counts what is proven.
    high = sum(grade["subjects"] for grade in grades if grade["to"] >= min_grade)
    return low, high


def _over_fillings(hidden: tuple[int, int, int], conf_level: float) -> dict[str, Any]:
    least, most, n = hidden
    low = proportion_limits(least, n, conf_level=conf_level)[0]
    high = proportion_limits(most, n, conf_level=conf_level)[1]
    return {
        "n": n, "n_event": least, "estimate": np.nan, "conf_low": float(low),
        "conf_high": float(high), "possible_low": least / n, "possible_high": most / n,
        "note": message("from {least} to {most} of {n}, as the hidden numbers are",
                        least=least, most=most, n=n),
    }  # fmt: skip


def inconsistency(statistic: float, df: float) -> float:
    """Return I²: the share of the statistic that is more than its degrees of freedom.

    References: Higgins JPT, Thompson SG. Stat Med 2002; 21: 1539-1558.
    """
    if not df or np.isnan(statistic):
        return np.nan
    return max(0.0, (statistic - df) / statistic) if statistic > 0 else 0.0


def site_survival(
    network: Network, name: str, *, at: float, conf_level: float = 0.95
) -> Result | None:
    """Estimate the probability of no event up to a visit at each site, in all, without each site.

    Parameters
    ----------
    network : Network
        Made by `read_network`.
    name : str
        A time-to-event endpoint; competing events are censored.
    at : float
        Day of a visit of the schedule.
    conf_level : float
        Level of the limits.

    Returns
    -------
    Result or None
        Rows by ``part`` and ``site_id``: ``n``, ``n_event`` up to the visit; ``estimate`` with
        ``conf_low`` and ``conf_high``, the life table with the numbers of joined intervals spread
        evenly over their days; ``possible_low`` and ``possible_high``, between which the estimate
        of all numbers lies whatever those days were, and, in all, whatever the sites that show
        nothing hide. NaN where nobody is followed so far. None where no site shows it.
    """
    cohort = time_cohort(network, name)
    if cohort is None:
        return None
    shown = {site: row for site, _, row in network.rows(TIMES, name, ())[0]}
    sites = list(shown)

    def row(part: str, label: str, of: list[str], unseen: int = 0) -> dict[str, Any]:
        numbers = interval_rows(network, [shown[site] for site in of])
        start = numbers.pop("start")
        table = life_table(network.visits, **numbers, conf_level=conf_level)
        place = int(np.flatnonzero(table.time == at)[0])
        low, high = _possible(network, place + 1, {**numbers, "start": start}, unseen)
        n = sum(shown[site]["asked"] for site in of)
        values = {
            "estimate": table.survival[place], "conf_low": table.low[place],
            "conf_high": table.high[place], "possible_low": low, "possible_high": high,
        }  # fmt: skip
        lost = np.isnan(values["estimate"])
        return {
            "part": part, SITE: label, "n": n,
            "n_event": round(float(table.n_event[: place + 1].sum())),
            **(dict.fromkeys(values, np.nan) if lost else values),
            "note": _care(lost, high - low),
        }  # fmt: skip

    missing = {c["site"]: c["subjects"] or c["minimum_cell"] - 1 for c in network.contents
               if c["site"] not in shown and _hides(c, name)}  # fmt: skip
    rows = [row("sites", site, [site]) for site in sites]
    whole = row("together", _EVEN, sites)
    if whole["possible_high"] - whole["possible_low"] < _DIGITS:
        whole[SITE] = _ADDED
    rows.append(whole)
    if missing:
        rows.append(row("together", _WHATEVER, sites, sum(missing.values())))
    if len(sites) > 2:
        rows += [row("without", site, [s for s in sites if s != site]) for site in sites]
    times = endpoint_times(cohort, name)
    spec = times.spec(
        "network_survival",
        message(
            "life table on the visit grid at day {at}, hidden days spread evenly, log–log {level} "
            "% limits; between the possible values lies the estimate of all numbers, whatever is "
            "hidden; sites that hide it: {n}",
            at=f"{at:g}", level=level_text(conf_level), n=len(missing),
        ),
        conf_level=conf_level, at=at, left_out=sorted(missing),
    )  # fmt: skip
    return Result(pd.DataFrame(rows), replace(spec, by=("part", SITE)), _labels())


def _possible(
    network: Network, at: int, numbers: dict[str, list], unseen: int
) -> tuple[float, float]:
    """Bound the estimate of what rows show and of some of whom nothing is shown.

    Of those unseen all have the event, as late as can be, or none has. No share of the curve is
    theirs: where few are left at a visit, one more changes it much.
    """

    def with_unseen(events: int) -> tuple[float, float]:
        more = {"begin": 0, "end": len(network.visits) - 1, "n_event": events,
                "n_censor": unseen - events, "half": False, "start": False}  # fmt: skip
        return possible_survival(at, **{key: [*v, more[key]] for key, v in numbers.items()})

    return with_unseen(unseen)[0], with_unseen(0)[1]


def _care(lost: bool, open_: float) -> str:
    """Return the note of an estimate that is not there, or that little but an assumption makes."""
    if lost:
        return message("nobody is followed so far")
    if open_ > _OPEN:
        return message("rests on hidden days being spread evenly; read the possible values")
    return ""


def _hides(content: dict[str, Any], name: str) -> bool:
    """Say whether a site counted an outcome and shows nothing of it."""
    hidden = any(each["outcome"] == name and not each["by"] for each in content["hidden"])
    return hidden or not content["tables"]


def site_differences(network: Network, name: str) -> Result | None:
    """Test whether the sites' curves differ, by the scores of the log-rank test for intervals.

    Returns
    -------
    Result or None
        As `interval_censored_test`, with ``i2``; None where fewer than two sites show it.
    """
    cohort = time_cohort(network, name)
    if cohort is None or cohort.subjects[SITE].nunique() < 2:
        return None
    found = interval_censored_test(cohort, name, by=SITE, competing="censor")
    row = found.frame.iloc[0]
    frame = found.frame.assign(i2=inconsistency(row["statistic"], row["df"]))
    return Result(frame, found.spec, found.labels)
