"""Bootstrap limits of what is read off a survival curve."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.counts.counted import Counts
from carstats.counts.standing import counted_cohort
from carstats.errors import CarstatsError, check_choice, check_conf_level, check_number
from carstats.estimators.curves.resampling import STATISTICS, bootstrap_survival
from carstats.estimators.curves.rmst import check_horizon
from carstats.estimators.reasons import RESAMPLES_ALIKE, Reason
from carstats.messages import joined_notes, message, message_n
from carstats.result import Result
from carstats.survival.times import (
    endpoint_times,
    refuse_competing,
    stratum_note,
    stratum_table,
)
from carstats.wording import because, level_text


def bootstrap_interval(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    *,
    statistic: str = "median",
    at: float | None = None,
    by: str | Iterable[str] | None = None,
    n_resamples: int = 10_000,
    seed: int = 1,
    conf_level: float = 0.95,
    competing: str | None = None,
) -> Result:
    """Estimate percentile bootstrap limits of a median, a restricted mean or a probability.

    All resamples go through the counts and the curve at once, so that ten thousand cost a fraction
    of a second. In strata of a few subjects the limits are too narrow: `survival_quantile` and
    `survival_at` with beta-product limits hold their level there.

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`.
    endpoint : str, optional
        A time-to-event endpoint of the study. By default the only one that the study has.
    statistic : {"median", "restricted mean", "survival at"}
        What is read off the Kaplan-Meier curve of each resample.
    at : float, optional
        The horizon of the restricted mean, or the day of the probability. A resample whose
        follow-up ends before it keeps the last value of its curve.
    by : str or list of str, optional
        Columns of the subjects table; resampled within each stratum. By default those of
        `cohort_from_frame`.
    n_resamples : int
        Resamples of the subjects.
    seed : int
        Seed of the resamples; each stratum begins with it.
    conf_level : float
        Level of the percentile limits.
    competing : {"censor"}, optional
        What to do with competing events, as for `survival_curve`.

    Returns
    -------
    Result
        For each stratum: ``n``, ``n_missing``, ``n_event``, ``estimate``, ``std_error`` (standard
        deviation of the replicates; NaN where some do not reach the median), ``conf_low``,
        ``conf_high`` (NaN where not reached), ``n_not_reached`` resamples, ``note``. Where every
        resample gives the same value there is no error and there are no limits.

    Raises
    ------
    CarstatsError
        If `at` is missing, not asked for, or beyond the follow-up of a stratum, the endpoint has
        competing events, or an argument is not allowed.

    References
    ----------
    Efron B. J Am Stat Assoc 1981; 76: 312-319.

    Examples
    --------
    >>> cs.bootstrap_interval(cohort, "relapse_free_survival", n_resamples=200)
    """
    statistic = check_choice("statistic", statistic, STATISTICS)
    check_conf_level(conf_level)
    check_number("n_resamples", n_resamples, low=1)
    if statistic == "median" and at is not None:
        raise CarstatsError(
            message("`at` goes with the statistics 'restricted mean' and 'survival at'.")
        )
    if statistic != "median":
        check_number("at", at, low=0)
    subjects = counted_cohort(cohort, endpoint, "time-to-event", single=True)
    times = endpoint_times(subjects, endpoint, by)
    aside = refuse_competing(times, competing)
    if at is not None and statistic != "median":
        tables = {
            " · ".join(map(str, key)) or message("the curve"): stratum_table(rows)
            for key, rows in times.groups()
        }
        check_horizon(tables, at)

    def estimate(rows: pd.DataFrame) -> dict[str, Any]:
        known = rows[rows["event_time"].notna()]
        happened = (known["event_code"] == 1).to_numpy().astype(int)
        answer = {
            "n": len(rows),
            "n_missing": len(rows) - len(known),
            "n_event": int(happened.sum()),
            **dict.fromkeys(("estimate", "std_error", "conf_low", "conf_high"), np.nan),
            "n_not_reached": 0,
            "note": stratum_note(rows),
        }
        if not len(known):
            return answer
        found = bootstrap_survival(
            known["event_time"].to_numpy(),
            happened,
            statistic=statistic,
            at=at,
            entry=known["entry_time"].to_numpy() if "entry_time" in known else None,
            n_resamples=int(n_resamples),
            seed=seed,
        )
        low, high = found.limits(conf_level)
        missed = int(np.isinf(found.draws).sum())
        spread = np.nan if missed or n_resamples < 2 else float(found.draws.std(ddof=1))
        # Percentiles of one value would be limits without width: certainty from no information.
        alike = not missed and bool(np.ptp(found.draws) == 0)
        if alike:
            low = high = spread = np.nan
        return answer | {
            "estimate": _known(found.estimate),
            "std_error": spread,
            "conf_low": _known(low),
            "conf_high": _known(high),
            "n_not_reached": missed,
            "note": joined_notes(
                stratum_note(rows),
                message("not reached") if np.isinf(found.estimate) else "",
                message_n(
                    "{n} resample does not reach the median",
                    "{n} resamples do not reach the median",
                    missed,
                )
                if missed
                else "",
                because(Reason(RESAMPLES_ALIKE) if alike else None),
            ),
        }

    day = "" if at is None else f"{at:g}"
    named = {
        "median": message("median"),
        "restricted mean": message("restricted mean to day {day}", day=day),
        "survival at": message("probability at day {day}", day=day),
    }[statistic]
    spec = times.spec(
        "bootstrap_interval",
        message(
            "{statistic} by Kaplan–Meier{aside}, {level} % percentile limits of {n} bootstrap "
            "resamples (seed {seed})",
            statistic=named,
            aside=aside,
            level=level_text(conf_level),
            n=n_resamples,
            seed=seed,
        ),
        conf_level=conf_level,
        statistic=statistic,
        at=None if at is None else float(at),
        n_resamples=n_resamples,
        seed=seed,
        competing=competing,
    )
    return Result(times.estimate(estimate), spec, times.labels)


def _known(value: float) -> float:
    return float(value) if np.isfinite(value) else np.nan
