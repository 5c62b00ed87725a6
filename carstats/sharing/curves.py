"""What a network says of times to events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from carstats.errors import CarstatsError, check_conf_level, check_number, listed
from carstats.estimators.curves.life_table import life_table, possible_survival
from carstats.messages import message
from carstats.result import Result
from carstats.sharing.network import Network
from carstats.sharing.outcomes import TIMES
from carstats.sharing.parts import ADDED, EVEN, WHATEVER, hides, inconsistency, kind_of, labels
from carstats.sharing.together import SITE, interval_rows, time_cohort
from carstats.survival.interval_censored.curves import interval_censored_test
from carstats.survival.times import endpoint_times
from carstats.wording import level_text

# Closer values are one.
_DIGITS = 1e-9
# From so wide a range of possible values on, a row says so.
_OPEN = 0.2


def site_survival(network: Network, name: str, *, at: float, conf_level: float = 0.95) -> Result:
    """Estimate the probability of no event up to a visit at each site, in all, without each site.

    Parameters
    ----------
    network : Network
        Made by `combine_counts`.
    name : str
        A time-to-event endpoint; competing events are censored.
    at : float
        Day of a visit of the schedule.
    conf_level : float
        Level of the limits.

    Returns
    -------
    Result
        Rows by ``part`` and ``site_id``: ``n``, ``n_event`` up to the visit; ``estimate`` with
        ``conf_low`` and ``conf_high``, the life table with the numbers of joined intervals spread
        evenly over their days; ``possible_low`` and ``possible_high``, between which the estimate
        of all numbers lies whatever those days were, and, in all, whatever the sites that show
        nothing hide. NaN where nobody is followed so far.

    Raises
    ------
    CarstatsError
        If the network does not have the endpoint, or `at` is no visit of its schedule.

    Examples
    --------
    >>> cs.site_survival(network, "relapse_free_survival", at=364)
    """
    kind_of(network, name, (TIMES,))
    name = str(network.known(name))
    check_conf_level(conf_level)
    check_number("at", at)
    if at not in network.visits:
        raise CarstatsError(
            message(
                "`at` is {value}; the network's visits are on days {known}.",
                value=f"{at:g}", known=listed([f"{day:g}" for day in network.visits], 40),
            )
        )  # fmt: skip
    cohort = time_cohort(network, name)
    if cohort is None:
        raise CarstatsError(message("nobody is followed for {name}.", name=name))
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
               if c["site"] not in shown and hides(c, name)}  # fmt: skip
    rows = [row("sites", site, [site]) for site in sites]
    whole = row("together", EVEN, sites)
    if whole["possible_high"] - whole["possible_low"] < _DIGITS:
        whole[SITE] = ADDED
    rows.append(whole)
    if missing:
        rows.append(row("together", WHATEVER, sites, sum(missing.values())))
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
    return Result(pd.DataFrame(rows), replace(spec, by=("part", SITE)), labels())


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
