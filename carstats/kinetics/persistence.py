"""How long the cells stay above quantification: shares at days, the curve, its median."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort
from carstats.cohort.strata import check_by, estimate_by, level_labels
from carstats.errors import CarstatsError, check_choice, check_conf_level, check_number
from carstats.estimators.curves.turnbull import turnbull
from carstats.estimators.proportions.proportion import METHODS, proportion_limits
from carstats.kinetics.samples import Samples, check_limits, kinetic_samples
from carstats.messages import joined_notes, mark, message, message_n
from carstats.result import Result
from carstats.wording import because, limits_words

# A sample counts for a day within so much of it to both sides, and at least so many days.
_REACH, _LEAST = 0.25, 7.0
_METHOD = mark(
    "first value below quantification after the last above it, interval-censored (Turnbull); the "
    "last sample, death and re-infusion censor"
)


def persistence_rate(
    cohort: Cohort,
    measure: str = "CAR_transgene",
    *,
    at: float | Iterable[float] = (28, 90, 180, 360),
    window: tuple[float, float] | None = None,
    by: str | Iterable[str] | None = None,
    limit: float | None = None,
    method: str = "Clopper-Pearson",
    conf_level: float = 0.95,
) -> Result:
    """Estimate the proportion of those sampled in whom the cells are above quantification at days.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; its infused subjects are counted.
    measure : str
        A measure such as ``"CAR_transgene"``, ``"CAR_T_cells"`` or ``"CAR_NK_cells"``.
    at : float or list of float
        Days since the first infusion.
    window : (float, float), optional
        First and last day whose samples count, for one day `at`; the nearest sample of a subject
        counts, of two equally near the later. By default a quarter of the day to both sides, and a
        week at least. Samples after a re-infusion that was not planned do not count.
    by : str or list of str, optional
        Columns of the subjects table; one rate for each stratum.
    limit : float, optional
        Limit of quantification of the samples that come without one of their own.
    method : {"Clopper-Pearson", "Wilson", "Jeffreys", "mid-P", "Blaker", "Agresti-Coull"}
        Confidence limits.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum and day: ``time``, ``n`` subjects sampled in the window, ``n_missing``
        alive or lost but not sampled, ``n_dead`` before it without a sample in it, ``n_event``
        above quantification, ``estimate``, ``conf_low``, ``conf_high``, ``note``. The three add
        up to the infused.

    Raises
    ------
    CarstatsError
        If the measure is unknown or nobody has a sample of it, no sample has a limit of
        quantification, or an argument is not allowed.

    Examples
    --------
    >>> cells = cs.define_cohort(cs.simulate_study(seed=1, n=60), cs.infused())
    >>> cs.persistence_rate(cells, at=[28, 90])
    """
    check_conf_level(conf_level)
    method = check_choice("method", method, METHODS)
    check_cohort(cohort)
    by = check_by(cohort.subjects, by)
    days = [float(d) for d in at] if isinstance(at, Iterable) else [float(at)]
    for day in days:
        check_number("at", day, low=1)
    windows = [_window(day, window, len(days)) for day in days]
    samples = kinetic_samples(cohort, measure, "course", limit)
    check_limits(samples)
    rows = samples.frame[(samples.frame["infusion_number"] == 1) & (samples.frame["time"] > 0)]
    died = _death_days(samples.subjects)

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        found = []
        mine = rows[rows["subject_id"].isin(stratum["subject_id"])]
        for day, (low, high) in zip(days, windows, strict=True):
            inside = mine[mine["time"].between(low, high)]
            inside = inside.assign(off=(inside["time"] - day).abs())
            order = inside.sort_values(["off", "time"], ascending=[True, False], kind="stable")
            near = order.drop_duplicates("subject_id")
            n, k = len(near), int(near["value"].notna().sum())
            others = stratum.loc[~stratum["subject_id"].isin(near["subject_id"]), "subject_id"]
            dead = int((others.map(died) <= high).sum())
            limits = proportion_limits(k, n, method=method, conf_level=conf_level)
            note = message("no subjects") if stratum.empty else message("nobody sampled")
            found.append(
                {"time": day, "n": n, "n_missing": len(others) - dead, "n_dead": dead,
                 "n_event": k, "estimate": k / n if n else np.nan,
                 "conf_low": float(limits[0]), "conf_high": float(limits[1]),
                 "note": "" if n else note}
            )  # fmt: skip
        return pd.DataFrame(found)

    spec = cohort.spec(
        "persistence_rate",
        endpoint=message("{measure} above quantification", measure=samples.label),
        population=message(", those sampled around the day and not re-infused before"),
        method=limits_words(method, conf_level), by=by, conf_level=conf_level,
        measure=samples.measure, at=days, window=[list(w) for w in windows], limit=limit,
    )  # fmt: skip
    vocabulary = cohort.study.vocabulary
    frame = estimate_by(vocabulary, cohort.eligible, samples.subjects, by, estimate)
    return Result(frame, spec, level_labels(vocabulary, by))


def persistence_curve(
    cohort: Cohort,
    measure: str = "CAR_transgene",
    *,
    by: str | Iterable[str] | None = None,
    limit: float | None = None,
) -> Result:
    """Estimate the curve of the proportion in whom the cells are still above quantification.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; its infused subjects are counted.
    measure : str
        A measure such as ``"CAR_transgene"``, ``"CAR_T_cells"`` or ``"CAR_NK_cells"``.
    by : str or list of str, optional
        Columns of the subjects table; one curve for each stratum.
    limit : float, optional
        Limit of quantification of the samples that come without one of their own.

    Returns
    -------
    Result
        The columns of `interval_censored_curve`. The event lies between the last sample above
        quantification and the first below it after that; of those never above it before their first
        sample. The last sample, death and a re-infusion that was not planned
        censor.

    Raises
    ------
    CarstatsError
        If the measure is unknown or nobody has a sample of it, or no sample has a limit of
        quantification.

    References
    ----------
    Turnbull BW. J R Stat Soc B 1976; 38: 290-295.

    Examples
    --------
    >>> cells = cs.define_cohort(cs.simulate_study(seed=1, n=60), cs.infused())
    >>> figure = cs.plot(cs.persistence_curve(cells))
    """
    check_cohort(cohort)
    by = check_by(cohort.subjects, by)
    samples, times = _times(cohort, measure, limit)

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        low, high, known = _ends(stratum, times)
        fit = turnbull(low, high)
        shown = (fit.mass > 0) & np.isfinite(fit.right)
        last = np.where(np.isfinite(high), high, low).max() if low.size else np.nan
        frame = pd.DataFrame(
            {
                "time_low": np.append(0.0, np.maximum(fit.left[shown], 0.0)),
                "time_high": np.append(0.0, fit.right[shown]),
                "mass": np.append(0.0, fit.mass[shown]),
                "estimate": np.append(1.0 if low.size else np.nan, fit.survival[shown]),
                "n": len(stratum), "n_missing": len(stratum) - low.size,
                "n_event": int(np.isfinite(high).sum()), "last_time": last, "unique": fit.unique,
                "note": "",
            }
        )  # fmt: skip
        many = "" if fit.unique else message("the masses are not unique")
        frame.loc[0, "note"] = joined_notes(
            _told(stratum, known), because(fit.reason) if low.size else "", many
        )
        return frame

    return _result(cohort, "persistence_curve", samples, by, estimate, limit, message(_METHOD))


def time_to_below_quantification(
    cohort: Cohort,
    measure: str = "CAR_transgene",
    *,
    by: str | Iterable[str] | None = None,
    p: float | Iterable[float] = 0.5,
    limit: float | None = None,
) -> Result:
    """Estimate when the cells fall below quantification: the days between which a quantile lies.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; its infused subjects are counted.
    measure : str
        A measure such as ``"CAR_transgene"``, ``"CAR_T_cells"`` or ``"CAR_NK_cells"``.
    by : str or list of str, optional
        Columns of the subjects table; a row for each stratum.
    p : float or list of float
        Quantiles, the median by default: the proportion in whom the cells have fallen so far.
    limit : float, optional
        Limit of quantification of the samples that come without one of their own.

    Returns
    -------
    Result
        For each stratum and quantile: ``p``, ``n``, ``n_missing`` (not sampled), ``n_event``
        (reached), ``estimate_low`` and ``estimate_high`` (the samples between which the quantile
        lies; NaN where it is not reached), ``last_time`` (of sampling), ``note``.

    Raises
    ------
    CarstatsError
        As `persistence_curve`; also if a quantile is not between 0 and 1.

    Examples
    --------
    >>> cells = cs.define_cohort(cs.simulate_study(seed=1, n=60), cs.infused())
    >>> cs.time_to_below_quantification(cells)
    """
    check_cohort(cohort)
    by = check_by(cohort.subjects, by)
    asked = [float(q) for q in p] if isinstance(p, Iterable) else [float(p)]
    for q in asked:
        check_number("p", q)
        if not 0 < q < 1:
            raise CarstatsError(
                message("`p` is {p}; it takes a number between 0 and 1.", p=f"{q:g}")
            )
    samples, times = _times(cohort, measure, limit)

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        low, high, known = _ends(stratum, times)
        fit = turnbull(low, high)
        last = np.where(np.isfinite(high), high, low).max() if low.size else np.nan
        rows = []
        for q in asked:
            fallen = np.flatnonzero(fit.survival <= 1 - q + 1e-9)
            place = fallen[0] if fallen.size and np.isfinite(fit.right[fallen[0]]) else None
            missed = message("not reached by day {day}", day=f"{last:g}") if low.size else ""
            rows.append(
                {"p": q, "n": len(stratum), "n_missing": len(stratum) - low.size,
                 "n_event": int(np.isfinite(high).sum()),
                 "estimate_low": np.nan if place is None else max(float(fit.left[place]), 0.0),
                 "estimate_high": np.nan if place is None else float(fit.right[place]),
                 "last_time": last,
                 "note": joined_notes(_told(stratum, known), missed if place is None else "")}
            )  # fmt: skip
        return pd.DataFrame(rows)

    method = message("{method}; the interval in which the curve falls to it",
                     method=message(_METHOD))  # fmt: skip
    return _result(cohort, "time_to_below_quantification", samples, by, estimate, limit, method)


def _result(cohort, analysis, samples: Samples, by, estimate, limit, method) -> Result:
    spec = cohort.spec(
        analysis,
        endpoint=message("{measure} above quantification", measure=samples.label),
        method=method, by=by, measure=samples.measure, limit=limit,
    )  # fmt: skip
    vocabulary = cohort.study.vocabulary
    frame = estimate_by(vocabulary, cohort.eligible, samples.subjects, by, estimate)
    return Result(frame, spec, level_labels(vocabulary, by))


def _window(day: float, window, n_days: int) -> tuple[float, float]:
    """Return the first and the last day whose samples count for a day."""
    if window is None:
        reach = max(_REACH * day, _LEAST)
        return max(day - reach, 0.0), day + reach
    if n_days > 1:
        raise CarstatsError(message("`window` is of one day; give `at` one day with it."))
    low, high = (float(end) for end in window)
    if not 0 <= low <= day <= high:
        raise CarstatsError(
            message(
                "`window` is {low} to {high}; it takes days from 0 on, with `at` ({at}) between.",
                low=f"{low:g}", high=f"{high:g}", at=f"{day:g}",
            )
        )  # fmt: skip
    return low, high


def _death_days(subjects: pd.DataFrame) -> pd.Series:
    if "death_day" not in subjects:
        return pd.Series(np.nan, subjects["subject_id"])
    return subjects.set_index("subject_id")["death_day"].astype(float)


def _times(cohort: Cohort, measure: str, limit: float | None) -> tuple[Samples, pd.DataFrame]:
    """Return by subject the days between which the cells fell below quantification."""
    samples = kinetic_samples(cohort, measure, "course", limit)
    check_limits(samples)
    frame = samples.frame
    rows = frame[(frame["infusion_number"] == 1) & (frame["time"] > 0)]
    seen = rows["value"].notna()
    last = rows[seen].groupby("subject_id")["time"].max()
    rows = rows.assign(last=rows["subject_id"].map(last).fillna(0.0))
    later = rows[rows["time"] > rows["last"]].groupby("subject_id")["time"]
    ids = pd.Index(rows["subject_id"].unique())
    times = pd.DataFrame(
        {
            "low": last.reindex(ids).fillna(0.0),
            "high": later.min().reindex(ids).fillna(np.inf),
            "once": later.size().reindex(ids).eq(1),
            "never": ~ids.isin(last.index),
        },
        index=ids,
    )
    return samples, times


def _ends(stratum: pd.DataFrame, times: pd.DataFrame):
    """Return the ends of the intervals of a stratum, and its rows of the times."""
    known = times[times.index.isin(stratum["subject_id"])]
    return known["low"].to_numpy(float), known["high"].to_numpy(float), known


def _told(stratum: pd.DataFrame, known: pd.DataFrame) -> str:
    """Say who of a stratum is not sampled, never above, or below at one sample only."""
    if stratum.empty:
        return message("no subjects")
    missing, never = len(stratum) - len(known), int(known["never"].sum())
    once = int((known["once"] & ~known["never"]).sum())
    return joined_notes(
        message_n("{n} not sampled", "{n} not sampled", missing) if missing else "",
        message_n("{n} never above quantification", "{n} never above quantification", never)
        if never else "",
        message_n("{n} below it at one sample only", "{n} below it at one sample only", once)
        if once else "",
    )  # fmt: skip
