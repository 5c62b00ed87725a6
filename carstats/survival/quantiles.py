"""Quantiles of the time to an event, the median among them, and of follow-up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import counted, weights_of
from carstats.counts.counted import Counts
from carstats.errors import CarstatsError, check_choice, check_conf_level, check_number
from carstats.estimators.curves.kaplan_meier import CONF_TYPES, kaplan_meier
from carstats.estimators.curves.quantile import curve_quantile
from carstats.estimators.curves.risk_table import risk_table
from carstats.estimators.reasons import NO_ERROR_OF_CURVE, Reason
from carstats.messages import joined_notes, message
from carstats.result import Result
from carstats.survival.curves import curve_in_words, limits_in_words
from carstats.survival.times import (
    endpoint_times,
    free_at,
    n_missing,
    refuse_competing,
    stratum_note,
    stratum_table,
)
from carstats.wording import because, few_at_risk


def survival_quantile(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    *,
    p: float | Iterable[float] = 0.5,
    by: str | Iterable[str] | None = None,
    conf_type: str = "beta product",
    conf_level: float = 0.95,
    competing: str | None = None,
    start: float | None = None,
) -> Result:
    """Estimate the time by which a part of the subjects has had the event (the median for 0.5).

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`.
    endpoint : str, optional
        A time-to-event endpoint of the study. By default the only one that the study has.
    p : float or list of float
        Parts strictly between 0 and 1.
    by : str or list of str, optional
        Columns of the subjects table; one set of rows for each stratum. By default those of
        `cohort_from_frame`.
    conf_type : {"beta product", "beta product mid-P", "log-log", "log", "plain", "arcsine"}
        Limits of the curve that the limits of the quantile are read off (Brookmeyer-Crowley).
    conf_level : float
        Confidence level.
    competing : {"censor"}, optional
        What to do with competing events, as for `survival_curve`.
    start : float, optional
        A day given which they are free of it, as for `survival_curve`.

    Returns
    -------
    Result
        For each stratum and part ``p``: ``n``, ``n_missing``, ``n_event``, ``n_risk`` (just before
        the curve comes down to it), ``estimate`` in days with ``conf_low`` and ``conf_high``,
        ``note``. A quantile or limit that is not reached is NaN, and nothing is extrapolated; where
        the quantile is not, the note says so. The note also marks an estimate that rests on fewer
        than five at risk. Where the curve is level at exactly 1 - p the estimate is the midpoint
        of the plateau (R's rule; SAS prints none on a last plateau).

    Raises
    ------
    CarstatsError
        As for `survival_curve`; also if a part is not between 0 and 1.

    References
    ----------
    Brookmeyer R, Crowley J. Biometrics 1982; 38: 29-41.

    Examples
    --------
    >>> cs.survival_quantile(cohort, "relapse_free_survival", by="target")
    """
    conf_type = check_choice("conf_type", conf_type, CONF_TYPES)
    check_conf_level(conf_level)
    parts = list(p) if isinstance(p, Iterable) and not isinstance(p, str) else [p]
    for part in parts:
        check_number("p", part)
        if not 0 < part < 1:
            raise CarstatsError(
                message(
                    "`p` is {part}; it takes a part between 0 and 1, such as 0.5.", part=repr(part)
                )
            )
    times, given = free_at(endpoint_times(cohort, endpoint, by, counts=True), start)
    aside = refuse_competing(times, competing) + given

    def estimate(rows: pd.DataFrame) -> pd.DataFrame:
        table = stratum_table(rows)
        curve = kaplan_meier(table, conf_type=conf_type, conf_level=conf_level)
        found = [curve_quantile(table, curve, part) for part in parts]
        return pd.DataFrame(
            {
                "p": parts,
                "n": counted(rows),
                "n_missing": n_missing(rows),
                "n_event": int(table.n_event.sum()),
                "n_risk": [float(q.n_risk) for q in found],
                "estimate": [float(q.estimate) for q in found],
                # Not before the day from which they are free of it.
                "conf_low": [float(np.maximum(q.low, start or 0.0)) for q in found],
                "conf_high": [float(q.high) for q in found],
                "note": [
                    joined_notes(
                        stratum_note(rows, curve=True),
                        "" if q.reached or not len(rows) else message("not reached"),
                        few_at_risk(float(q.n_risk), _quantile_words(q.p)),
                    )
                    for q in found
                ],
            }
        )

    spec = times.spec(
        "survival_quantile",
        message(
            "{curve}, inverted (Brookmeyer–Crowley)",
            curve=curve_in_words(aside, conf_type, conf_level),
        ),
        conf_level=conf_level,
        conf_type=conf_type,
        competing=competing,
        p=parts,
        start=start,
    )
    return Result(times.estimate(estimate), spec, times.labels)


def _quantile_words(p: float) -> str:
    if p == 0.5:
        return message("the median")
    return message("the {share} % quantile", share=f"{100 * p:g}")


def followup_time(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    *,
    by: str | Iterable[str] | None = None,
    conf_level: float = 0.95,
) -> Result:
    """Estimate the median follow-up (reverse Kaplan-Meier: events are censored).

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`.
    endpoint : str, optional
        A time-to-event endpoint of the study; its assessments are what follow-up means. By default
        the only one that the study has.
    by : str or list of str, optional
        Columns of the subjects table; one row for each stratum. By default those of
        `cohort_from_frame`.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum: ``n``, ``n_missing``, ``n_censor``, ``estimate`` (median in days), ``q1``
        and ``q3``, ``conf_low``, ``conf_high`` (log-log limits), ``low`` and ``high`` (shortest and
        longest observed time), ``note``. Where more than half had an event early, the median may
        not be reached.

    Raises
    ------
    CarstatsError
        As for `survival_curve`.

    References
    ----------
    Schemper M, Smith TL. Control Clin Trials 1996; 17: 343-346.

    Examples
    --------
    >>> cs.followup_time(cohort, "relapse_free_survival", by="target")
    """
    check_conf_level(conf_level)
    times = endpoint_times(cohort, endpoint, by, counts=True)

    def estimate(rows: pd.DataFrame) -> dict[str, Any]:
        known = rows[rows["event_time"].notna()]
        entry = known["entry_time"].to_numpy() if "entry_time" in known else None
        ended = (known["event_code"] == 0).to_numpy().astype(int)
        table = risk_table(
            known["event_time"].to_numpy(), ended, entry=entry, weights=weights_of(known)
        )
        curve = kaplan_meier(table, conf_type="log-log", conf_level=conf_level)
        q1, median, q3 = (curve_quantile(table, curve, part) for part in (0.25, 0.5, 0.75))
        missed = "" if median.reached or not len(known) else message("not reached")
        none = np.isnan(median.low) and np.isnan(median.high) and not np.isnan(median.estimate)
        few = few_at_risk(float(median.n_risk), message("the median follow-up"))
        return {
            "n": counted(rows),
            "n_missing": n_missing(rows),
            "n_censor": counted(known[ended == 1]),
            "estimate": float(median.estimate),
            "conf_low": float(median.low),
            "conf_high": float(median.high),
            "q1": float(q1.estimate),
            "q3": float(q3.estimate),
            "low": known["event_time"].min(),
            "high": known["event_time"].max(),
            "note": joined_notes(
                stratum_note(rows, curve=True),
                missed,
                because(Reason(NO_ERROR_OF_CURVE) if none else None),
                few,
            ),
        }

    spec = times.spec(
        "followup_time",
        message(
            "median follow-up by reverse Kaplan–Meier, {limits}",
            limits=limits_in_words("log-log", conf_level),
        ),
        conf_level=conf_level,
    )
    return Result(times.estimate(estimate), spec, times.labels)
