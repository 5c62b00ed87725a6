"""Survival curves of a cohort (Kaplan-Meier)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from carstats.cohort import Cohort
from carstats.errors import check_choice, check_conf_level, check_number
from carstats.estimators.kaplan_meier import CONF_TYPES, SurvivalCurve, kaplan_meier, step_values
from carstats.estimators.risk_table import RiskTable, risk_table
from carstats.result import Result, Spec
from carstats.strata import estimate_by, level_labels
from carstats.survival.times import endpoint_times, joined_notes, stratum_note

_LIMITS = {
    "beta product": "beta-product limits (Fay, Brittain and Proschan 2013)",
    "log-log": "log-log limits",
    "log": "log limits",
    "plain": "plain (linear) limits",
    "arcsine": "arcsine limits",
}


def survival_curve(
    cohort: Cohort,
    endpoint: str,
    *,
    by: str | Iterable[str] | None = None,
    conf_type: str = "beta product",
    conf_level: float = 0.95,
    competing: str | None = None,
) -> Result:
    """Estimate the probability over time of being free of an event (Kaplan-Meier).

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    endpoint : str
        A time-to-event endpoint of the study, such as ``"relapse_free_survival"``.
    by : str or list of str, optional
        Columns of the subjects table; one curve for each stratum.
    conf_type : {"beta product", "log-log", "log", "plain", "arcsine"}
        Pointwise limits. The beta product (the default) holds its level in cohorts of a few
        subjects and is informative while nobody has had the event; journals and SAS expect
        log-log. Limits other than the beta product are NaN where the curve is 1 or 0.
    conf_level : float
        Pointwise confidence level.
    competing : {"censor"}, optional
        What to do with competing events. By default an endpoint that has them is refused, because
        one minus Kaplan-Meier then overstates the probability of the event. ``"censor"`` treats
        them as censored; the result says that the curve is cause-specific and not a probability.

    Returns
    -------
    Result
        For each stratum a row at time 0 and at every distinct time: ``time`` in days from the
        endpoint's origin, ``n`` subjects, ``n_missing`` without a record of the endpoint (left
        out), ``n_risk`` just before the time, ``n_event``, ``n_censor``, ``estimate``,
        ``std_error`` (Greenwood), ``conf_low``, ``conf_high``, ``note``. A stratum without
        subjects has one row of NaN.

    Raises
    ------
    CarstatsError
        If the endpoint is not in the vocabulary or not in the data, has competing events, or an
        argument is not allowed.

    References
    ----------
    Kaplan EL, Meier P. J Am Stat Assoc 1958; 53: 457-481.
    Fay MP, Brittain EH, Proschan MA. Biostatistics 2013; 14: 723-736.
    """
    check_choice("conf_type", conf_type, CONF_TYPES)
    check_conf_level(conf_level)
    times, spec = endpoint_times(cohort, endpoint, by, competing, "survival_curve")
    spec = _with_method(spec, conf_type, conf_level)

    def estimate(rows: pd.DataFrame) -> pd.DataFrame:
        table, curve = _curve(rows, conf_type, conf_level)
        counts = {"n": len(rows), "n_missing": int(rows["event_time"].isna().sum())}
        if not table.time.size:
            return pd.DataFrame([{**counts, **_NO_CURVE, "note": stratum_note(rows)}])
        start = float(curve.low_at_start)
        frame = pd.DataFrame(
            {
                "time": np.append(0.0, table.time),
                **counts,
                "n_risk": np.append(table.n_risk[0], table.n_risk).astype(int),
                "n_event": np.append(0, table.n_event.sum(axis=-1)).astype(int),
                "n_censor": np.append(0, table.n_censor).astype(int),
                "estimate": np.append(1.0, curve.survival),
                "std_error": np.append(0.0, curve.std_error),
                "conf_low": np.append(start, curve.low),
                "conf_high": np.append(np.nan if np.isnan(start) else 1.0, curve.high),
                "note": "",
            }
        )
        frame.loc[0, "note"] = stratum_note(rows)
        return frame

    frame = estimate_by(cohort.study.vocabulary, cohort.eligible, times, list(spec.by), estimate)
    return Result(frame, spec, level_labels(cohort.study.vocabulary, list(spec.by)))


def survival_at(
    cohort: Cohort,
    endpoint: str,
    *,
    at: float | Iterable[float],
    by: str | Iterable[str] | None = None,
    conf_type: str = "beta product",
    conf_level: float = 0.95,
    competing: str | None = None,
) -> Result:
    """Estimate the probability of being free of an event at given days (Kaplan-Meier).

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    endpoint : str
        A time-to-event endpoint of the study.
    at : float or list of float
        Days from the endpoint's origin.
    by : str or list of str, optional
        Columns of the subjects table; one set of rows for each stratum.
    conf_type : {"beta product", "log-log", "log", "plain", "arcsine"}
        Pointwise limits, as for `survival_curve`.
    conf_level : float
        Pointwise confidence level.
    competing : {"censor"}, optional
        What to do with competing events, as for `survival_curve`.

    Returns
    -------
    Result
        For each stratum and day: ``time``, ``n``, ``n_missing``, ``n_risk`` (just before the day),
        ``n_event`` (up to and including it), ``estimate``, ``std_error``, ``conf_low``,
        ``conf_high``, ``note``. Beyond the last follow-up of a stratum the estimate is NaN unless
        the curve has reached 0: nothing is extrapolated.

    Raises
    ------
    CarstatsError
        As for `survival_curve`; also if a day is negative or not a number.
    """
    check_choice("conf_type", conf_type, CONF_TYPES)
    check_conf_level(conf_level)
    days = list(at) if isinstance(at, Iterable) and not isinstance(at, str) else [at]
    for day in days:
        check_number("at", day, low=0)
    days = np.array(days, float)
    times, spec = endpoint_times(cohort, endpoint, by, competing, "survival_at", at=days.tolist())
    spec = _with_method(spec, conf_type, conf_level)

    def estimate(rows: pd.DataFrame) -> pd.DataFrame:
        table, curve = _curve(rows, conf_type, conf_level)
        note = stratum_note(rows)
        start = float(curve.low_at_start) if table.time.size else np.nan
        high_start = np.nan if np.isnan(start) else 1.0
        last = table.time[-1] if table.time.size else -np.inf
        gone = bool(table.time.size) and curve.survival[-1] == 0
        known = (days <= last) | gone
        frame = pd.DataFrame(
            {
                "time": days,
                "n": len(rows),
                "n_missing": int(rows["event_time"].isna().sum()),
                "n_risk": [int((rows["event_time"] >= day).sum()) for day in days]
                if "entry_time" not in rows
                else [
                    int(((rows["event_time"] >= d) & (rows["entry_time"] < d)).sum()) for d in days
                ],
                "n_event": step_values(
                    table.time, np.cumsum(table.n_event.sum(axis=-1)), days, 0.0
                ).astype(int),
                "estimate": step_values(table.time, curve.survival, days, 1.0),
                "std_error": step_values(table.time, curve.std_error, days, 0.0),
                "conf_low": step_values(table.time, curve.low, days, start),
                "conf_high": step_values(table.time, curve.high, days, high_start),
                "note": note,
            }
        )
        values = ["estimate", "std_error", "conf_low", "conf_high"]
        frame.loc[~known, values] = np.nan
        if table.time.size:
            frame.loc[~known, "note"] = joined_notes(note, f"followed to day {last:g} only")
        return frame

    frame = estimate_by(cohort.study.vocabulary, cohort.eligible, times, list(spec.by), estimate)
    return Result(frame, spec, level_labels(cohort.study.vocabulary, list(spec.by)))


_NO_CURVE = {
    "time": 0.0,
    "n_risk": 0,
    "n_event": 0,
    "n_censor": 0,
    "estimate": np.nan,
    "std_error": np.nan,
    "conf_low": np.nan,
    "conf_high": np.nan,
}


def _with_method(spec: Spec, conf_type: str, conf_level: float) -> Spec:
    method = f"{spec.method}, {conf_level * 100:g} % pointwise {_LIMITS[conf_type]}"
    options = {**spec.options, "conf_type": conf_type}
    return replace(spec, method=method, conf_level=conf_level, options=options)


def _curve(
    rows: pd.DataFrame, conf_type: str, conf_level: float
) -> tuple[RiskTable, SurvivalCurve]:
    rows = rows[rows["event_time"].notna()]
    entry = rows["entry_time"].to_numpy() if "entry_time" in rows else None
    table = risk_table(rows["event_time"].to_numpy(), rows["event_code"].to_numpy(), entry=entry)
    return table, kaplan_meier(table, conf_type=conf_type, conf_level=conf_level)
