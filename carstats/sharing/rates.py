"""What a network says of responses and toxicities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from carstats.errors import CarstatsError, check_choice, check_conf_level
from carstats.estimators.proportions.proportion import proportion_limits
from carstats.evidence.pooled import pool
from carstats.messages import message
from carstats.response.rates import response_rate
from carstats.result import Result, Spec
from carstats.sharing.network import Network
from carstats.sharing.outcomes import RESPONSE, TOXICITY
from carstats.sharing.parts import (
    ADDED,
    DIFFERING,
    WHATEVER,
    hides,
    inconsistency,
    kind_of,
    labels,
)
from carstats.sharing.together import SITE, response_counts, toxicity_counts
from carstats.toxicity.rates import toxicity_rate
from carstats.wording import level_text


def site_rate(
    network: Network, name: str, *, min_grade: int = 1, conf_level: float = 0.95
) -> Result:
    """Estimate the rate of a response or toxicity at each site, in all, and without each site.

    Parameters
    ----------
    network : Network
        Made by `combine_counts`.
    name : str
        An endpoint with responses, or a toxicity.
    min_grade : int
        The smallest grade of a toxicity that counts.
    conf_level : float
        Level of the limits.

    Returns
    -------
    Result
        Rows by ``part`` ("sites", "together", "without") and ``site_id``: ``n``, ``n_event``,
        ``estimate``, ``conf_low``, ``conf_high``; of the random-effects rate ``predict_low``,
        ``predict_high`` (a new site), ``tau2``, ``i2`` (the share of the sites' differences that is
        more than chance) and ``p_heterogeneity``; where sites hide numbers a row "whatever is
        hidden" with ``possible_low`` and ``possible_high``; ``note``.

    Raises
    ------
    CarstatsError
        If the network does not have the outcome, or no site tells it.

    Examples
    --------
    >>> cs.site_rate(network, "drug_free_remission")
    """
    kind = kind_of(network, name, (RESPONSE, TOXICITY))
    name = str(network.known(name))
    check_conf_level(conf_level)
    min_grade = check_choice("min_grade", min_grade, (1, 2, 3, 4, 5))
    counts = (
        response_counts(network, name) if kind == RESPONSE
        else toxicity_counts(network, name, min_grade)
    )  # fmt: skip
    if counts is None:
        raise CarstatsError(
            message(
                "no site tells how many had {name} of grade {grade} or worse.",
                name=name, grade=min_grade,
            )
        )  # fmt: skip

    def rate(by: Sequence[str] = ()) -> Result:
        if kind == RESPONSE:
            visit = counts.visit
            return response_rate(counts, name, at=visit.get("at", 168), by=by,
                                 conf_level=conf_level)  # fmt: skip
        return toxicity_rate(counts, name, min_grade=min_grade, by=by, conf_level=conf_level)

    each, whole = rate([SITE]), rate()
    rows = [{"part": "sites", SITE: row[SITE], **_rate_of(row)} for _, row in each.frame.iterrows()]
    alike = each.frame[each.frame["n"] > 0]
    rows.append({"part": "together", SITE: ADDED, **_rate_of(whole.frame.iloc[0])})
    if len(alike) > 1:
        rows.append({"part": "together", SITE: DIFFERING, **_pooled(alike, conf_level)})
    hidden = hidden_range(network, kind, name, min_grade)
    if hidden is not None:
        rows.append({"part": "together", SITE: WHATEVER, **_over_fillings(hidden, conf_level)})
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
    return Result(pd.DataFrame(rows).assign(note=lambda f: f["note"].fillna("")), spec, labels())


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
            if not hides(content, name):
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
