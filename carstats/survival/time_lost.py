"""The restricted mean time lost to each of several competing events."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import counted
from carstats.counts.counted import Counts
from carstats.errors import CarstatsError, check_conf_level
from carstats.estimators.curves.rmst import check_horizon
from carstats.estimators.curves.time_lost import mean_time_lost
from carstats.messages import message
from carstats.result import Result
from carstats.survival.competing import cause_labels
from carstats.survival.groups import grouped
from carstats.survival.times import (
    counted_from,
    endpoint_times,
    free_at,
    stratum_note,
    stratum_table,
)
from carstats.wording import level_text


def restricted_time_lost(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    *,
    at: float,
    by: str | Iterable[str] | None = None,
    conf_level: float = 0.95,
    start: float | None = None,
) -> Result:
    """Estimate the mean time lost to an event, and to what competes with it, within a horizon.

    The time lost to a cause is the area under its cumulative incidence: how many of the days up to
    the horizon a subject has, on average, already had this event. With the restricted mean free of
    every event the times lost to the causes add up to the horizon.

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`.
    endpoint : str, optional
        A time-to-event endpoint of the study, such as ``"relapse"``. By default the only one that
        the study has.
    at : float
        The horizon in days, fixed before the data are seen; at most the follow-up of the stratum
        with the shortest.
    by : str or list of str, optional
        Columns of the subjects table; one set of rows for each stratum. By default those of
        `cohort_from_frame`.
    conf_level : float
        Confidence level. The limits are the Dirichlet beta product's with the first two moments of
        the area; they exist while nobody has had the event.
    start : float, optional
        A day given which they are free of every event, as for `survival_curve`: the time lost
        between this day and the horizon.

    Returns
    -------
    Result
        For each stratum and ``cause`` (the endpoint first): ``time`` (the horizon), ``n``,
        ``n_missing``, ``n_event`` (of the cause, up to the horizon), ``estimate`` in days,
        ``std_error``, ``conf_low``, ``conf_high``, ``note``.

    Raises
    ------
    CarstatsError
        If the horizon is beyond the follow-up of a stratum, naming it, or an argument is not
        allowed.

    References
    ----------
    Andersen PK. Stat Med 2013; 32: 5278-5285.
    Fay MP, Brittain EH, Proschan MA. Biostatistics 2013; 14: 723-736 (beta product).

    Examples
    --------
    >>> cs.restricted_time_lost(cohort, "relapse", at=365, by="target")
    """
    check_conf_level(conf_level)
    times, given = free_at(endpoint_times(cohort, endpoint, by, counts=True), start)
    names = grouped(times)[2] if times.by else ["All"]
    tables = [stratum_table(rows, len(times.causes)) for _, rows in times.groups()]
    check_horizon(dict(zip(names, tables, strict=True)), at)
    if start is not None and at <= start:
        raise CarstatsError(
            message("`at` is {at}, not after `start`, {day}.", at=f"{at:g}", day=f"{start:g}")
        )

    def estimate(rows: pd.DataFrame) -> pd.DataFrame:
        table = stratum_table(counted_from(rows, start), len(times.causes))
        lost = mean_time_lost(table, at - (start or 0.0), conf_level=conf_level)
        codes, ends = rows["event_code"], rows["event_time"]
        places = np.arange(len(times.causes))
        return pd.DataFrame(
            {
                "cause": times.causes,
                "time": float(at),
                "n": counted(rows),
                "n_missing": counted(rows[ends.isna()]),
                "n_event": [counted(rows[(codes == place + 1) & (ends <= at)]) for place in places],
                "estimate": lost.estimate,
                "std_error": lost.std_error,
                "conf_low": lost.low,
                "conf_high": lost.high,
                "note": stratum_note(rows, curve=True),
            }
        )

    spec = times.spec(
        "restricted_time_lost",
        message(
            "restricted mean time lost to day {day} by Aalen–Johansen{aside}, {level} % "
            "beta-product limits",
            day=f"{at:g}",
            aside=given,
            level=level_text(conf_level),
        ),
        conf_level=conf_level,
        at=float(at),
        start=start,
    )
    return Result(times.estimate(estimate), spec, times.labels | cause_labels(times))
