"""Time-to-event analyses of a cohort."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from carstats.cohort import Cohort, check_cohort
from carstats.errors import CarstatsError, check_choice, check_conf_level, check_number, listed
from carstats.estimators.kaplan_meier import CONF_TYPES, SurvivalCurve, kaplan_meier, step_values
from carstats.estimators.risk_table import RiskTable, risk_table
from carstats.result import Result, Spec
from carstats.strata import check_by, estimate_by, level_labels

_CODES = {"censored": 0, "event": 1, "competing": 2}
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
    times, spec = _prepare(cohort, endpoint, by, competing, "survival_curve")
    spec = _with_method(spec, conf_type, conf_level)

    def estimate(rows: pd.DataFrame) -> pd.DataFrame:
        table, curve = _curve(rows, conf_type, conf_level)
        counts = {"n": len(rows), "n_missing": int(rows["time"].isna().sum())}
        if not table.time.size:
            return pd.DataFrame([{**counts, **_NO_CURVE, "note": _stratum_note(rows)}])
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
        frame.loc[0, "note"] = _stratum_note(rows)
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
    by, conf_type, conf_level, competing
        As for `survival_curve`.

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
    times, spec = _prepare(cohort, endpoint, by, competing, "survival_at", at=days.tolist())
    spec = _with_method(spec, conf_type, conf_level)

    def estimate(rows: pd.DataFrame) -> pd.DataFrame:
        table, curve = _curve(rows, conf_type, conf_level)
        note = _stratum_note(rows)
        start = float(curve.low_at_start) if table.time.size else np.nan
        high_start = np.nan if np.isnan(start) else 1.0
        last = table.time[-1] if table.time.size else -np.inf
        gone = bool(table.time.size) and curve.survival[-1] == 0
        known = (days <= last) | gone
        frame = pd.DataFrame(
            {
                "time": days,
                "n": len(rows),
                "n_missing": int(rows["time"].isna().sum()),
                "n_risk": [int((rows["time"] >= day).sum()) for day in days]
                if "entry" not in rows
                else [int(((rows["time"] >= d) & (rows["entry"] < d)).sum()) for d in days],
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
            frame.loc[~known, "note"] = _joined(note, f"followed to day {last:g} only")
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


def _prepare(
    cohort: Cohort,
    endpoint: str,
    by: str | Iterable[str] | None,
    competing: str | None,
    analysis: str,
    **options: object,
) -> tuple[pd.DataFrame, Spec]:
    """Return the subjects with `time`, `code` and perhaps `entry`, and the start of the spec."""
    if competing is not None:
        check_choice("competing", competing, ("censor",))
    check_cohort(cohort)
    study = cohort.study
    name = study.vocabulary.require("endpoint", "endpoint", endpoint, "time-to-event")
    by = check_by(cohort.subjects, by)
    events = study.table("events")
    events = events[events["endpoint"] == name]
    if events.empty:
        raise CarstatsError(
            f"no subject of the study has the endpoint {name!r} in the events table. "
            f"It has: {listed(study.endpoints('time-to-event')) or 'none'}."
        )
    times = cohort.subjects.merge(events, on="subject_id", how="left", suffixes=("", "_event"))
    rivals = times[times["status"] == "competing"]
    if len(rivals) and competing is None:
        causes = rivals["cause"].fillna("unnamed") if "cause" in rivals else pd.Series(["unnamed"])
        named = ", ".join(f"{cause} {count}" for cause, count in causes.value_counts().items())
        raise CarstatsError(
            f"`endpoint` {name!r} has competing events ({named}): one minus Kaplan-Meier would "
            "overstate its probability. Use an endpoint that counts them as events, such as "
            "'relapse_free_survival', or competing='censor' for the cause-specific curve."
        )
    times["code"] = times["status"].map(_CODES | {"competing": 0})
    if "entry_day" in times and times["entry_day"].notna().any():
        origin = times["origin_day"].fillna(0.0) if "origin_day" in times else 0.0
        # Not at risk before the origin, and observed from the start where no entry is given.
        times["entry"] = (times["entry_day"] - origin).fillna(-np.inf)
    note = "; competing events censored: cause-specific, not a probability" if len(rivals) else ""
    spec = cohort.spec(
        analysis,
        endpoint=study.vocabulary.label("endpoint", name),
        method=f"Kaplan–Meier{note}",
        by=by,
    )
    return times, replace(spec, options={"endpoint": name, "competing": competing, **options})


def _with_method(spec: Spec, conf_type: str, conf_level: float) -> Spec:
    method = f"{spec.method}, {conf_level * 100:g} % pointwise {_LIMITS[conf_type]}"
    options = {**spec.options, "conf_type": conf_type}
    return replace(spec, method=method, conf_level=conf_level, options=options)


def _curve(
    rows: pd.DataFrame, conf_type: str, conf_level: float
) -> tuple[RiskTable, SurvivalCurve]:
    rows = rows[rows["time"].notna()]
    entry = rows["entry"].to_numpy() if "entry" in rows else None
    table = risk_table(rows["time"].to_numpy(), rows["code"].to_numpy(), entry=entry)
    return table, kaplan_meier(table, conf_type=conf_type, conf_level=conf_level)


def _stratum_note(rows: pd.DataFrame) -> str:
    if not len(rows):
        return "no subjects"
    missing = int(rows["time"].isna().sum())
    at_start = int((rows["time"] == 0).sum() - ((rows["time"] == 0) & (rows["code"] == 1)).sum())
    return _joined(
        f"{missing} of {len(rows)} without a record of the endpoint" if missing else "",
        f"{at_start} censored at day 0: never assessed" if at_start else "",
    )


def _joined(*notes: str) -> str:
    return "; ".join(note for note in notes if note)
