"""Regression of interval-censored times, and what is assumed of the day between two visits."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.counts.counted import Counts
from carstats.errors import check_choice, check_conf_level
from carstats.estimators.curves.kaplan_meier import kaplan_meier, step_values
from carstats.estimators.curves.risk_table import risk_table
from carstats.estimators.curves.turnbull import survival_bounds, turnbull
from carstats.estimators.reasons import FEW_EVENTS_A_TERM, Reason
from carstats.estimators.regression.parametric import aft_regression
from carstats.messages import mark, message
from carstats.result import Result
from carstats.survival.curves import check_days
from carstats.survival.design import (
    EVENTS_A_TERM,
    MIN_EVENTS,
    covariate_matrix,
    own_columns,
    ratio_rows,
    spread,
    too_few_events,
)
from carstats.survival.interval_censored.curves import interval_times
from carstats.survival.times import stratum_note
from carstats.wording import asymptotic_words, because, level_text

_DISTRIBUTIONS = {
    "Weibull": mark("Weibull accelerated failure time, time ratios, {level} % Wald limits"),
    "log-logistic": mark(
        "log–logistic accelerated failure time, time ratios, {level} % Wald limits"
    ),
}


def interval_censored_regression(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    covariates: str | Iterable[str] | None = None,
    *,
    distribution: str = "Weibull",
    conf_level: float = 0.95,
    competing: str | None = None,
) -> Result:
    """Estimate time ratios of interval-censored times (accelerated failure time).

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`.
    endpoint : str, optional
        A time-to-event endpoint of the study. By default the only one that the study has.
    covariates : str or list of str, optional
        Columns of the subjects table; a category enters as indicators against its first level. By
        default the columns `by` of `cohort_from_frame`.
    distribution : {"Weibull", "log-logistic"}
        Distribution of the times.
    conf_level : float
        Confidence level (Wald).
    competing : {"censor"}, optional
        What to do with competing events, as for `survival_curve`.

    Returns
    -------
    Result
        For each ``term``: ``contrast``, ``n``, ``n_missing``, ``n_event``, ``estimate`` (ratio of
        times; above 1 is later), ``coef``, ``std_error``, ``conf_low``, ``conf_high``,
        ``statistic``, ``p_value``, ``note``. Under five events, and without a maximum of the
        likelihood, NaN with the reason.

    Raises
    ------
    CarstatsError
        If a covariate does not exist or does not vary, or as for `interval_censored_curve`.

    References
    ----------
    Kalbfleisch JD, Prentice RL. The Statistical Analysis of Failure Time Data, 2002, chapter 3.

    Examples
    --------
    >>> cs.interval_censored_regression(cohort, "relapse_free_survival", ["target"])
    """
    distribution = check_choice("distribution", distribution, ("Weibull", "log-logistic"))
    check_conf_level(conf_level)
    times = interval_times(cohort, endpoint, (), competing)
    design = covariate_matrix(times.cohort, covariates).of(times.rows)
    known = times.rows["event_time"].notna().to_numpy() & design.complete
    rows = times.rows[known]
    n_event = int(np.isfinite(rows["time_high"]).sum())
    coef = errors = np.full(len(design.terms), np.nan)
    notes = [too_few_events(n_event)] * len(design.terms)
    if n_event >= MIN_EVENTS:
        kept, without = own_columns(design.matrix[known])
        fit = aft_regression(
            rows["time_low"].to_numpy(),
            rows["time_high"].to_numpy(),
            design.matrix[known][:, kept],
            distribution=distribution,
        )
        coef = spread(fit.coef[1:], kept)
        errors = spread(fit.std_error[1 : len(fit.coef)], kept)
        few = n_event < EVENTS_A_TERM * int(kept.sum()) and fit.reason is None
        said = because(fit.reason, Reason(FEW_EVENTS_A_TERM, {"n": EVENTS_A_TERM}) if few else None)
        notes = [why or said for why in without]
    frame = ratio_rows(design, coef, errors, conf_level, notes)
    frame.insert(2, "n", len(times.rows))
    frame.insert(3, "n_missing", int((~known).sum()))
    frame.insert(4, "n_event", n_event)
    spec = times.spec(
        "interval_censored_regression",
        asymptotic_words(message(_DISTRIBUTIONS[distribution], level=level_text(conf_level))),
        conf_level=conf_level,
        covariates=list(design.columns),
        distribution=distribution,
        competing=competing,
    )
    return Result(frame, spec)


def interval_sensitivity(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    *,
    at: float | Iterable[float],
    by: str | Iterable[str] | None = None,
    competing: str | None = None,
) -> Result:
    """Compare what is assumed of the day of an event between two visits.

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
    competing : {"censor"}, optional
        What to do with competing events, as for `survival_curve`.

    Returns
    -------
    Result
        For each stratum, day ``time`` and ``assumption``: "right end" (the visit that found it) and
        "midpoint" by Kaplan-Meier, "interval" by Turnbull; ``n``, ``n_missing``, ``estimate``,
        ``estimate_low`` and ``estimate_high``, which differ where the day lies inside an interval
        with mass, ``note``.

    Raises
    ------
    CarstatsError
        As for `interval_censored_curve`.

    References
    ----------
    Lindsey JC, Ryan LM. Stat Med 1998; 17: 219-238.

    Examples
    --------
    >>> cs.interval_sensitivity(cohort, "relapse_free_survival", at=365)
    """
    days = check_days(at)
    times = interval_times(cohort, endpoint, by, competing)

    def estimate(rows: pd.DataFrame) -> pd.DataFrame:
        known = rows[rows["event_time"].notna()]
        low, high = known["time_low"].to_numpy(), known["time_high"].to_numpy()
        happened = np.isfinite(high)
        middle = np.where(happened, (low + np.where(happened, high, 0.0)) / 2, low)
        right = np.where(happened, high, low)
        frames = []
        for name, moment in (("right end", right), ("midpoint", middle)):
            table = risk_table(moment, happened.astype(int))
            read = step_values(table.time, kaplan_meier(table).survival, days, np.float64(1.0))
            last = table.time[-1] if table.time.size else -np.inf
            read = np.where(days > last, np.nan, read)
            frames.append(_assumed(name, days, rows, read, read))
        lower, upper = survival_bounds(turnbull(low, high), days)
        last = right.max() if right.size else -np.inf
        lower = np.where(days > last, np.nan, lower)
        frames.append(_assumed("interval", days, rows, lower, np.where(days > last, np.nan, upper)))
        return pd.concat(frames, ignore_index=True)

    spec = times.spec(
        "interval_sensitivity",
        message("Kaplan–Meier at the right end and at the midpoint of each interval, and Turnbull"),
        at=days.tolist(),
        competing=competing,
    )
    return Result(times.estimate(estimate), spec, times.labels)


def _assumed(name: str, days, rows: pd.DataFrame, low, high) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "assumption": name,
            "time": days,
            "n": len(rows),
            "n_missing": int(rows["event_time"].isna().sum()),
            "estimate": (low + high) / 2,
            "estimate_low": low,
            "estimate_high": high,
            "note": stratum_note(rows),
        }
    )
