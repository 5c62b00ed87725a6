"""Events per person-time, and curves that allow for withdrawal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import check_by, counted, weights_of
from carstats.counts.counted import Counts
from carstats.data.vocabulary import column_name
from carstats.errors import check_choice, check_conf_level, check_number
from carstats.estimators.curves.ipcw import weighted_survival
from carstats.estimators.rates.rate import event_rate, rate_test
from carstats.estimators.reasons import RESAMPLES_ALIKE, Reason
from carstats.messages import joined_notes, mark, message
from carstats.result import Result
from carstats.survival.times import (
    endpoint_times,
    n_missing,
    refuse_competing,
    stratum_note,
)
from carstats.wording import because, level_text

DAYS_A_YEAR = 365.25
_METHODS = {
    "exact": mark("events per person-year, exact Poisson (Garwood) {level} % limits"),
    "Byar": mark("events per person-year, Byar's {level} % limits"),
}


def incidence_rate(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    *,
    by: str | Iterable[str] | None = None,
    method: str = "exact",
    benchmark: float | None = None,
    conf_level: float = 0.95,
) -> Result:
    """Estimate the rate of an event per person-year.

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`.
    endpoint : str, optional
        A time-to-event endpoint of the study; time counts to the event, a competing event or
        censoring, from `entry_day` where entry was delayed. By default the only one that the study
        has.
    by : str or list of str, optional
        Columns of the subjects table; one rate for each stratum. By default those of
        `cohort_from_frame`.
    method : {"exact", "Byar"}
        Poisson limits: Garwood's exact ones, or Byar's approximation.
    benchmark : float, optional
        A rate per person-year that each stratum's is tested against: ``benchmark`` and ``p_value``
        of the exact Poisson test, which Garwood's limits invert.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum: ``n``, ``n_missing``, ``n_event``, ``person_years``, ``estimate`` (events
        per person-year), ``conf_low``, ``conf_high``, ``note``. With no event the upper limit is
        what the exposure still allows; without exposure NaN.

    Raises
    ------
    CarstatsError
        If the endpoint is not in the vocabulary or not in the data, or an argument is not allowed.

    References
    ----------
    Garwood F. Biometrika 1936; 28: 437-442.

    Examples
    --------
    >>> cs.incidence_rate(cohort, "relapse_free_survival", by="target", benchmark=0.6)
    """
    method = check_choice("method", method, ("exact", "Byar"))
    check_conf_level(conf_level)
    if benchmark is not None:
        check_number("benchmark", benchmark, low=1e-12)
    times = endpoint_times(cohort, endpoint, by, counts=True)

    def estimate(rows: pd.DataFrame) -> dict[str, Any]:
        k, years = time_at_risk(rows)
        tested = {}
        if benchmark is not None:
            tested = {"benchmark": float(benchmark)}
            tested["p_value"] = float(rate_test(k, years, benchmark))
        answer = {
            "n": counted(rows),
            "n_missing": n_missing(rows),
            "n_event": k,
            "person_years": years,
            "estimate": np.nan,
            "conf_low": np.nan,
            "conf_high": np.nan,
            **tested,
            "note": joined_notes(
                stratum_note(rows), "" if years or not len(rows) else message("no time")
            ),
        }
        if years > 0:
            rate = event_rate(k, years, method=method, conf_level=conf_level)
            answer |= {
                "estimate": float(rate.estimate),
                "conf_low": float(rate.low),
                "conf_high": float(rate.high),
            }
        return answer

    more: dict[str, Any] = {} if benchmark is None else {"benchmark": float(benchmark)}
    spec = times.spec(
        "incidence_rate",
        message(_METHODS[method], level=level_text(conf_level)),
        conf_level=conf_level,
        method=method,
        **more,
    )
    return Result(times.estimate(estimate), spec, times.labels)


def time_at_risk(rows: pd.DataFrame) -> tuple[int, float]:
    """Return the events of a stratum and its person-years, from delayed entry on."""
    known = rows[rows["event_time"].notna()]
    start = known["entry_time"].clip(lower=0.0) if "entry_time" in known else 0.0
    days, weights = known["event_time"] - start, weights_of(known)
    years = float(days.sum() if weights is None else days @ weights) / DAYS_A_YEAR
    return counted(known[known["event_code"] == 1]), years


def withdrawal_weighted_curve(
    cohort: Cohort,
    endpoint: str | None = None,
    *,
    censoring: str,
    by: str | Iterable[str] | None = None,
    n_resamples: int = 0,
    seed: int = 1,
    conf_level: float = 0.95,
    competing: str | None = None,
) -> Result:
    """Estimate a survival curve that allows for withdrawal that depends on a property.

    A sensitivity analysis: everyone at risk is weighted by the inverse probability of not having
    been censored in their group. It corrects withdrawal that the property explains, and no other.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    endpoint : str, optional
        A time-to-event endpoint of the study. By default the only one that the study has.
    censoring : str
        Column of the subjects table that withdrawal depends on, known at the origin.
    by : str or list of str, optional
        Columns of the subjects table; one curve for each stratum. By default those of
        `cohort_from_frame`.
    n_resamples : int
        Bootstrap resamples for the limits; 0 for none.
    seed : int
        Seed of the resamples.
    conf_level : float
        Level of the bootstrap limits.
    competing : {"censor"}, optional
        What to do with competing events, as for `survival_curve`.

    Returns
    -------
    Result
        For each stratum and distinct time: ``time``, ``n``, ``n_missing``, ``n_risk``,
        ``n_risk_weighted``, ``largest_weight``, ``estimate``, ``conf_low``, ``conf_high``,
        ``note``. Where every resample gives the same value there are no limits.

    Raises
    ------
    CarstatsError
        As for `survival_curve`; also if the column does not exist or has missing values.

    References
    ----------
    Robins JM, Finkelstein DM. Biometrics 2000; 56: 779-788.

    Examples
    --------
    >>> cs.withdrawal_weighted_curve(cohort, "relapse_free_survival", censoring="target")
    """
    check_conf_level(conf_level)
    check_number("n_resamples", n_resamples, low=0)
    column = check_by(cohort.subjects, censoring, "censoring") if isinstance(cohort, Cohort) else []
    times = endpoint_times(cohort, endpoint, by, column)
    aside = refuse_competing(times, competing)

    def estimate(rows: pd.DataFrame) -> pd.DataFrame:
        known = rows[rows["event_time"].notna()]
        fit = weighted_survival(
            known["event_time"].to_numpy(),
            (known["event_code"] == 1).to_numpy().astype(int),
            known[censoring].astype(str).to_numpy(),
            entry=known["entry_time"].to_numpy() if "entry_time" in known else None,
            n_resamples=int(n_resamples),
            seed=seed,
            conf_level=conf_level,
        )
        limits = bool(n_resamples) and fit.low.size == fit.time.size
        start = 1.0 if fit.time.size else np.nan
        alike = fit.low == fit.high
        low, high = (np.where(alike, np.nan, values) for values in (fit.low, fit.high))
        frame = pd.DataFrame(
            {
                "time": np.append(0.0, fit.time),
                "n": len(rows),
                "n_missing": len(rows) - len(known),
                "n_risk": np.append(len(known), fit.n_risk).astype(int),
                "n_risk_weighted": np.append(float(len(known)), fit.weighted_risk),
                "largest_weight": np.append(start, fit.largest_weight),
                "estimate": np.append(start, fit.survival),
                "conf_low": np.append(start, low) if limits else np.nan,
                "conf_high": np.append(start, high) if limits else np.nan,
                "note": "",
            }
        )
        frame.loc[np.append(False, alike), "note"] = because(Reason(RESAMPLES_ALIKE))
        frame.loc[0, "note"] = joined_notes(stratum_note(rows, curve=True), because(fit.note))
        return frame

    spec = times.spec(
        "withdrawal_weighted_curve",
        message(
            "survival curve weighted by the inverse probability of censoring in each {column}"
            "{aside}",
            column=column_name(censoring),
            aside=aside,
        ),
        conf_level=conf_level if n_resamples else None,
        censoring=censoring,
        n_resamples=n_resamples,
        seed=seed,
        competing=competing,
    )
    # The property is no stratum that the result is adjusted for by a test.
    return Result(times.estimate(estimate), spec, times.labels)
