"""Survival curves of a cohort, what is read off them, and how long it was followed."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import counted
from carstats.counts.counted import Counts
from carstats.errors import CarstatsError, check_choice, check_conf_level, check_number
from carstats.estimators.curves.kaplan_meier import (
    CONF_TYPES,
    SurvivalCurve,
    kaplan_meier,
    step_values,
)
from carstats.estimators.curves.risk_table import RiskTable
from carstats.messages import joined_notes, mark, message
from carstats.result import Result
from carstats.survival.times import (
    endpoint_times,
    free_at,
    n_missing,
    refuse_competing,
    stratum_note,
    stratum_table,
)
from carstats.wording import level_text

_LIMITS = {
    "beta product": mark(
        "{level} % pointwise beta-product limits (Fay, Brittain and Proschan 2013)"
    ),
    "beta product mid-P": mark(
        "{level} % pointwise mid-P beta-product limits (Fay, Brittain and Proschan 2013)"
    ),
    "log-log": mark("{level} % pointwise log-log limits"),
    "log": mark("{level} % pointwise log limits"),
    "plain": mark("{level} % pointwise plain (linear) limits"),
    "arcsine": mark("{level} % pointwise arcsine limits"),
}
_BAND_SCALES = {"plain": "plain", "arcsine": "arcsine"}
BANDS = ("equal precision", "Hall-Wellner")
_DRAWN_BANDS = {
    None: "",
    "equal precision": mark("; equal precision band"),
    "Hall-Wellner": mark("; Hall–Wellner band"),
}


def survival_curve(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    *,
    by: str | Iterable[str] | None = None,
    conf_type: str = "beta product",
    conf_level: float = 0.95,
    competing: str | None = None,
    band: str | None = None,
    start: float | None = None,
) -> Result:
    """Estimate the probability over time of being free of an event (Kaplan-Meier).

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`.
    endpoint : str, optional
        A time-to-event endpoint of the study, such as ``"relapse_free_survival"``. By default the
        only one that the study has.
    by : str or list of str, optional
        Columns of the subjects table; one curve for each stratum. By default those of
        `cohort_from_frame`.
    conf_type : {"beta product", "beta product mid-P", "log-log", "log", "plain", "arcsine"}
        Pointwise limits. The beta product (the default) holds its level in cohorts of a few
        subjects and is informative while nobody has had the event; journals and SAS expect
        log-log. The mid-P
        version is narrower and holds its level on average. Limits other than these two are NaN
        where the curve is 1 or 0.
    conf_level : float
        Pointwise confidence level.
    competing : {"censor"}, optional
        What to do with competing events. By default an endpoint that has them is refused, because
        one minus Kaplan-Meier then overstates the probability of the event. ``"censor"`` treats
        them as censored; the result says that the curve is cause-specific and not a probability.
    band : {"equal precision", "Hall-Wellner"}, optional
        Adds ``band_low`` and ``band_high``: a band for the whole curve from its first event to its
        last, on the scale of `conf_type` (log-log for the beta product and log).
    start : float, optional
        A day: the probability given that a subject is free of the event then, of those still
        followed (R's ``start.time``). For delayed entry where early on nobody was at risk.

    Returns
    -------
    Result
        For each stratum a row at time 0 (or `start`) and at every distinct time: ``time`` in days
        from the endpoint's origin, ``n`` subjects, ``n_missing`` without a record of the endpoint
        (left out), ``n_risk`` just before the time, ``n_event``, ``n_censor``, ``estimate``,
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
    Nair VN. Technometrics 1984; 26: 265-275. Hall WJ, Wellner JA. Biometrika 1980; 67: 133-143.

    Examples
    --------
    >>> curves = cs.survival_curve(cohort, "relapse_free_survival", by="target")
    >>> figure = cs.plot(curves)
    """
    conf_type = check_choice("conf_type", conf_type, CONF_TYPES)
    check_conf_level(conf_level)
    if band is not None:
        band = check_choice("band", band, BANDS)
    times, given = free_at(endpoint_times(cohort, endpoint, by, counts=True), start)
    aside = refuse_competing(times, competing) + given

    def estimate(rows: pd.DataFrame) -> pd.DataFrame:
        table = stratum_table(rows)
        curve = kaplan_meier(table, conf_type=conf_type, conf_level=conf_level)
        frame = curve_frame(table, curve)
        frame.loc[0, "time"] = 0.0 if start is None else float(start)
        frame.insert(1, "n", counted(rows))
        frame.insert(2, "n_missing", n_missing(rows))
        if band is not None:
            _add_band(frame, table, band, conf_type, conf_level)
        frame["note"] = ""
        frame.loc[0, "note"] = stratum_note(rows, curve=True)
        return frame

    spec = times.spec(
        "survival_curve",
        curve_in_words(aside, conf_type, conf_level) + message(_DRAWN_BANDS[band]),
        conf_level=conf_level,
        conf_type=conf_type,
        competing=competing,
        band=band,
        start=start,
    )
    return Result(times.estimate(estimate), spec, times.labels)


def curve_frame(table: RiskTable, curve: SurvivalCurve) -> pd.DataFrame:
    """Return a curve as rows, one at time 0 and one at each time of its risk table."""
    if not table.time.size:
        return pd.DataFrame([_NO_CURVE])
    start = float(curve.low_at_start)
    return pd.DataFrame(
        {
            "time": np.append(0.0, table.time),
            "n_risk": np.append(table.n_risk[0], table.n_risk).astype(int),
            "n_event": np.append(0, table.n_event.sum(axis=-1)).astype(int),
            "n_censor": np.append(0, table.n_censor).astype(int),
            "estimate": np.append(1.0, curve.survival),
            "std_error": np.append(0.0, curve.std_error),
            "conf_low": np.append(start, curve.low),
            "conf_high": np.append(np.nan if np.isnan(start) else 1.0, curve.high),
        }
    )


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


def _add_band(
    frame: pd.DataFrame, table: RiskTable, kind: str, conf_type: str, conf_level: float
) -> None:
    from carstats.estimators.curves.bands import simultaneous_band

    scale = _BAND_SCALES.get(conf_type, "log-log")
    found = simultaneous_band(table, kind=kind, scale=scale, conf_level=conf_level)
    at = frame["time"].to_numpy()
    # Outside the range of the band nothing is said.
    inside = (at >= found.start) & (at <= found.end)
    for name, values in (("band_low", found.low), ("band_high", found.high)):
        read = step_values(found.time, values, at, np.float64(np.nan))
        frame[name] = np.where(inside, read, np.nan)


def survival_at(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    *,
    at: float | Iterable[float],
    by: str | Iterable[str] | None = None,
    conf_type: str = "beta product",
    conf_level: float = 0.95,
    competing: str | None = None,
    start: float | None = None,
) -> Result:
    """Estimate the probability of being free of an event at given days (Kaplan-Meier).

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`.
    endpoint : str, optional
        A time-to-event endpoint of the study. By default the only one that the study has.
    at : float or list of float
        Days from the endpoint's origin.
    by : str or list of str, optional
        Columns of the subjects table; one set of rows for each stratum. By default those of
        `cohort_from_frame`.
    conf_type : {"beta product", "beta product mid-P", "log-log", "log", "plain", "arcsine"}
        Pointwise limits, as for `survival_curve`.
    conf_level : float
        Pointwise confidence level.
    competing : {"censor"}, optional
        What to do with competing events, as for `survival_curve`.
    start : float, optional
        A day given which they are free of it, as for `survival_curve`; `at` counts from the origin.

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

    Examples
    --------
    >>> cs.survival_at(cohort, "relapse_free_survival", at=[182, 365], by="target")
    """
    conf_type = check_choice("conf_type", conf_type, CONF_TYPES)
    check_conf_level(conf_level)
    days = check_days(at)
    times, given = free_at(endpoint_times(cohort, endpoint, by, counts=True), start)
    if given and days.min() < start:
        raise CarstatsError(
            message(
                "`at` has day {at}, before `start`, {day}.", at=f"{days.min():g}", day=f"{start:g}"
            )
        )
    aside = refuse_competing(times, competing) + given

    def estimate(rows: pd.DataFrame) -> pd.DataFrame:
        table = stratum_table(rows)
        curve = kaplan_meier(table, conf_type=conf_type, conf_level=conf_level)
        start = float(curve.low_at_start) if table.time.size else np.nan
        high_start = np.nan if np.isnan(start) else 1.0
        events = np.cumsum(table.n_event.sum(axis=-1))
        frame = pd.DataFrame(
            {
                "time": days,
                "n": counted(rows),
                "n_missing": n_missing(rows),
                "n_risk": _at_risk(rows, days),
                "n_event": step_values(table.time, events, days, np.float64(0)).astype(int),
                "estimate": step_values(table.time, curve.survival, days, np.float64(1)),
                "std_error": step_values(table.time, curve.std_error, days, np.float64(0)),
                "conf_low": step_values(table.time, curve.low, days, np.float64(start)),
                "conf_high": step_values(table.time, curve.high, days, np.float64(high_start)),
                "note": stratum_note(rows, curve=True),
            }
        )
        last = table.time[-1] if table.time.size else -np.inf
        gone = bool(table.time.size) and curve.survival[-1] == 0
        unknown = (days > last) & (not gone)
        frame.loc[unknown, ["estimate", "std_error", "conf_low", "conf_high"]] = np.nan
        if table.time.size:
            ended = joined_notes(
                stratum_note(rows, curve=True),
                message("followed to day {day} only", day=f"{last:g}"),
            )
            frame.loc[unknown, "note"] = ended
        return frame

    spec = times.spec(
        "survival_at",
        curve_in_words(aside, conf_type, conf_level),
        conf_level=conf_level,
        conf_type=conf_type,
        competing=competing,
        at=days.tolist(),
        start=start,
    )
    return Result(times.estimate(estimate), spec, times.labels)


def check_days(at: float | Iterable[float], argument: str = "at") -> np.ndarray:
    """Return days as an array."""
    days = list(at) if isinstance(at, Iterable) and not isinstance(at, str) else [at]
    if not days:
        raise CarstatsError(
            message("`{argument}` is empty; it takes at least one day.", argument=argument)
        )
    for day in days:
        check_number(argument, day, low=0)
    return np.array(days, float)


def _at_risk(rows: pd.DataFrame, days: np.ndarray) -> list[int]:
    rows = rows[rows["event_time"].notna()]
    leaving = rows["event_time"]
    entered = rows["entry_time"] if "entry_time" in rows else pd.Series(-np.inf, rows.index)
    return [counted(rows[(leaving >= day) & (entered < day)]) for day in days]


def curve_in_words(aside: str, conf_type: str, conf_level: float) -> str:
    """Return the method line of a Kaplan-Meier curve, with what is to be said aside."""
    limits = limits_in_words(conf_type, conf_level)
    return message("Kaplan–Meier{aside}, {limits}", aside=aside, limits=limits)


def limits_in_words(conf_type: str, conf_level: float) -> str:
    """Return what the method line says of a curve's limits."""
    return message(_LIMITS[conf_type], level=level_text(conf_level))
