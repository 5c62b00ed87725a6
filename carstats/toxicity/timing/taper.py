"""The taper of glucocorticoids: daily dose, who is at a low one or off, what adds up."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort
from carstats.cohort.strata import check_by, estimate_by, level_labels
from carstats.errors import CarstatsError, check_conf_level, check_number
from carstats.estimators.proportions.proportion import proportion_limits
from carstats.estimators.sample_median import sample_median
from carstats.messages import joined_notes, message, message_n
from carstats.result import Result
from carstats.toxicity.episodes import followup_end
from carstats.toxicity.timing.doses import dose_between, dose_on, glucocorticoids_of
from carstats.toxicity.timing.trajectories import VISITS, checked_days
from carstats.wording import level_text

# So many subjects make the t limits of a mean dose nearly right.
_MANY = 100
# The first four weeks, and to weeks 12, 24 and 52.
WINDOWS = ((1.0, 28.0), (29.0, 84.0), (85.0, 168.0), (169.0, 364.0))


def glucocorticoid_course(
    cohort: Cohort,
    *,
    at: Iterable[float] = VISITS,
    low: float = 5.0,
    by: str | Iterable[str] | None = None,
    conf_level: float = 0.95,
) -> Result:
    """Estimate the daily dose of glucocorticoids on days, and how many are at a low one or off.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    at : list of float
        Days since the infusion, increasing.
    low : float
        A low dose, in mg of prednisone a day.
    by : str or list of str, optional
        Columns of the subjects table.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum and day: ``time``, ``n`` subjects followed to it, ``n_missing`` of them
        with a dose that is not recorded, ``n_event`` with a known one, ``estimate`` (the median of
        the daily dose, mg of prednisone), ``conf_low``, ``conf_high``, ``q1``, ``q3``,
        ``minimum``, ``maximum``; ``n_below`` at most at the low dose, ``below`` (their share of
        those known), ``below_low``, ``below_high``; ``n_off`` with none, ``off``, ``off_low``,
        ``off_high`` (Clopper-Pearson); ``cumulative`` (the median of what was taken from day 1 on,
        mg), ``note``. A subject without a record of one takes none.

    Raises
    ------
    CarstatsError
        If the study has no medications or no doses of glucocorticoids, or an argument is not
        allowed.

    Examples
    --------
    >>> result = cs.glucocorticoid_course(cohort, by="target")
    """
    check_conf_level(conf_level)
    check_number("low", low, low=0)
    check_cohort(cohort)
    by = check_by(cohort.subjects, by)
    days = [float(day) for day in checked_days(at)]
    taken = glucocorticoids_of(cohort)
    subjects = cohort.subjects.assign(followed_to=followup_end(cohort.subjects))
    ids = subjects["subject_id"]
    daily = {day: dose_on(taken, ids, day) for day in days}
    total = {day: dose_between(taken, ids, 1.0, day) for day in days}

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        found = []
        for day in days:
            here = stratum.loc[stratum["followed_to"] >= day, "subject_id"]
            dose = daily[day].reindex(here)
            m = sample_median(dose, conf_level=conf_level)
            small, off = int((dose <= low).sum()), int((dose == 0).sum())
            limits = [proportion_limits(k, m.n, conf_level=conf_level) for k in (small, off)]
            unknown = len(here) - m.n
            found.append(
                {
                    "time": day, "n": len(here), "n_missing": unknown, "n_event": m.n,
                    "estimate": m.estimate, "conf_low": m.low, "conf_high": m.high, "q1": m.q1,
                    "q3": m.q3, "minimum": m.minimum, "maximum": m.maximum, "n_below": small,
                    "below": small / m.n if m.n else np.nan, "below_low": float(limits[0][0]),
                    "below_high": float(limits[0][1]), "n_off": off,
                    "off": off / m.n if m.n else np.nan, "off_low": float(limits[1][0]),
                    "off_high": float(limits[1][1]),
                    "cumulative": sample_median(total[day].reindex(here)).estimate,
                    "note": _told(stratum, here, m, unknown),
                }
            )  # fmt: skip
        return pd.DataFrame(found)

    vocabulary = cohort.study.vocabulary
    spec = cohort.spec(
        "glucocorticoid_course",
        endpoint=message("Glucocorticoid, prednisone equivalent (mg/day)"),
        method=message(
            "medians with distribution-free {level} % limits; at most {low} mg and off: "
            "Clopper–Pearson",
            level=level_text(conf_level), low=f"{low:g}",
        ),
        by=by, conf_level=conf_level, at=days, low=float(low),
    )  # fmt: skip
    frame = estimate_by(vocabulary, cohort.eligible, subjects, by, estimate)
    return Result(frame, spec, level_labels(vocabulary, by))


def cumulative_dose(
    cohort: Cohort,
    *,
    windows: Iterable[tuple[float, float]] = WINDOWS,
    by: str | Iterable[str] | None = None,
    conf_level: float = 0.95,
) -> Result:
    """Estimate how much glucocorticoid is taken in windows of days.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    windows : list of (float, float)
        First and last day of each window, both whole days of it; they may overlap.
    by : str or list of str, optional
        Columns of the subjects table.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum and window: ``window_start``, ``window_end``, ``n`` subjects followed to
        its last day, ``n_left`` not followed so far, ``n_missing`` of the ``n`` with a dose that
        is not recorded, ``n_event`` with all doses known, ``estimate`` (the median of the sum, mg
        of prednisone) with distribution-free ``conf_low`` and ``conf_high``, ``q1``, ``q3``,
        ``minimum``, ``maximum``, ``mean_dose`` with t limits ``mean_dose_low`` (not below 0) and
        ``mean_dose_high`` (none where all are alike; too low where few take much more than the
        others, as in a pulse, which the note says below 100 subjects), ``note``. Courses at the
        same time add up, pulses count in full; a subject without a record of one takes none.

    Raises
    ------
    CarstatsError
        If the study has no medications or no doses of glucocorticoids, or an argument is not
        allowed.

    References
    ----------
    Thompson WR. Ann Math Stat 1936; 7: 122-128.

    Examples
    --------
    >>> result = cs.cumulative_dose(cohort, windows=[(1, 84), (85, 168)], by="target")
    """
    check_conf_level(conf_level)
    check_cohort(cohort)
    by = check_by(cohort.subjects, by)
    asked = _checked_windows(windows)
    taken = glucocorticoids_of(cohort)
    subjects = cohort.subjects.assign(followed_to=followup_end(cohort.subjects))
    ids = subjects["subject_id"]
    total = {days: dose_between(taken, ids, *days) for days in asked}

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        found = []
        for first, last in asked:
            here = stratum.loc[stratum["followed_to"] >= last, "subject_id"]
            dose = total[first, last].reindex(here)
            m = sample_median(dose, conf_level=conf_level)
            mean, low, high = _mean(dose.dropna().to_numpy(float), conf_level)
            unknown = len(here) - m.n
            found.append(
                {
                    "window_start": first, "window_end": last, "n": len(here),
                    "n_left": len(stratum) - len(here), "n_missing": unknown, "n_event": m.n,
                    "estimate": m.estimate, "conf_low": m.low, "conf_high": m.high, "q1": m.q1,
                    "q3": m.q3, "minimum": m.minimum, "maximum": m.maximum, "mean_dose": mean,
                    "mean_dose_low": low, "mean_dose_high": high,
                    "note": joined_notes(_told(stratum, here, m, unknown), _about_mean(m.n, low)),
                }
            )  # fmt: skip
        return pd.DataFrame(found)

    vocabulary = cohort.study.vocabulary
    spec = cohort.spec(
        "cumulative_dose",
        endpoint=message("Glucocorticoid taken, prednisone equivalent (mg)"),
        method=message(
            "medians with distribution-free {level} % limits, of those followed to the end of the "
            "window",
            level=level_text(conf_level),
        ),
        by=by, conf_level=conf_level, windows=[list(days) for days in asked],
    )  # fmt: skip
    frame = estimate_by(vocabulary, cohort.eligible, subjects, by, estimate)
    return Result(frame, spec, level_labels(vocabulary, by))


def _checked_windows(windows: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    asked = list(windows)
    for days in asked:
        if not isinstance(days, tuple | list) or len(days) != 2:
            raise CarstatsError(
                message(
                    "`windows` has {window}; it takes the first and the last day of each, such as "
                    "{example}.",
                    window=repr(days), example="[(1, 84), (85, 168)]",
                )
            )  # fmt: skip
        for day in days:
            check_number("windows", day, low=0)
        if days[1] < days[0]:
            raise CarstatsError(
                message("`windows` has {window}, which ends before it begins.", window=repr(days))
            )
    if not asked:
        raise CarstatsError(message("`windows` names no window."))
    return [(float(first), float(last)) for first, last in asked]


def _mean(dose: np.ndarray, conf_level: float) -> tuple[float, float, float]:
    """Return a mean with t limits; a dose is not below 0."""
    from scipy.special import stdtrit

    n = len(dose)
    # Of values that are all alike these limits would have no width.
    if n < 2 or np.ptp(dose) == 0:
        return (float(dose.mean()) if n else np.nan), np.nan, np.nan
    mean = float(dose.mean())
    half = stdtrit(n - 1, 0.5 + conf_level / 2) * dose.std(ddof=1) / np.sqrt(n)
    return mean, float(max(mean - half, 0.0)), float(mean + half)


def _about_mean(n: int, low: float) -> str:
    """Say that nobody with a pulse among few makes the limits of a mean too low.

    With 3 g in one of twenty they covered 75 % of the time at n = 12, 90 % at n = 40.
    """
    if np.isnan(low) or n >= _MANY:
        return ""
    return message("t limits of the mean: too low where few take much more than the others")


def _told(stratum: pd.DataFrame, here: pd.Series, m, unknown: int) -> str:
    nobody = message("no subjects") if stratum.empty else message("nobody followed so far")
    few = message("too few for limits of the median") if m.n and np.isnan(m.low) else ""
    lacking = message_n("{n} with a dose that is not recorded",
                        "{n} with a dose that is not recorded", unknown)  # fmt: skip
    return joined_notes("" if len(here) else nobody, few, lacking if unknown else "")
