"""The course of a laboratory value over the visits: B cells, IgG, counts."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort
from carstats.cohort.strata import check_by, estimate_by, level_labels
from carstats.errors import CarstatsError, check_conf_level, check_number
from carstats.estimators.proportions.proportion import proportion_limits
from carstats.estimators.sample_median import sample_median
from carstats.messages import joined_notes, mark, message, message_n
from carstats.result import Result
from carstats.toxicity.episodes import followup_end
from carstats.wording import level_text

# Baseline, weeks 2, 4, 8, 12, 24, 36, 52, and months 18 and 24.
VISITS = (0.0, 14.0, 28.0, 56.0, 84.0, 168.0, 252.0, 364.0, 546.0, 728.0)
# An infusion of immunoglobulin hides the subject's own IgG for so long (endpoint rules, 7.6).
_MASK_DAYS = 28.0
# Units that are words.
_UNITS = (mark("points"), mark("% predicted"), mark("multiple of ULN"))


def measure_trajectory(
    cohort: Cohort,
    measure: str,
    *,
    at: Iterable[float] = VISITS,
    below: float | None = None,
    mask_days: float | None = None,
    by: str | Iterable[str] | None = None,
    conf_level: float = 0.95,
) -> Result:
    """Estimate the median of a measure at each visit, and how many are below a threshold.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    measure : str
        A measure of the study's vocabulary, such as ``"B_cells"`` or ``"IgG"``.
    at : list of float
        Days of the visits, increasing. A value belongs to the nearest visit, at most half-way to
        the next; of several of a subject the nearest counts, of two equally near the later. Visit 0
        is the last value up to day 0.
    below : float, optional
        A threshold, such as 10 cells/µL for B-cell aplasia or 4 g/L for IgG: the proportion of
        those with a value that lie below it, with Clopper-Pearson limits.
    mask_days : float, optional
        Values so soon after immunoglobulin was given are left out. By default 28 for IgG, whose own
        level it hides, and none for other measures.
    by : str or list of str, optional
        Columns of the subjects table.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum and visit: ``time``, ``n`` subjects followed to the visit, ``n_missing`` of
        them without a value, ``n_event`` with one, ``n_masked`` whose only values were masked,
        ``estimate`` (the median), ``conf_low``, ``conf_high`` (distribution-free), ``q1``, ``q3``,
        ``minimum``, ``maximum``, with `below` also ``n_below``, ``below``, ``below_low``,
        ``below_high``, ``note``.

    Raises
    ------
    CarstatsError
        If the measure is not in the vocabulary or nobody of the study has a value, or an argument
        is not allowed.

    References
    ----------
    Thompson WR. Ann Math Stat 1936; 7: 122-128.

    Examples
    --------
    >>> figure = cs.plot(cs.measure_trajectory(cohort, "IgG", below=4, by="target"))
    """
    check_conf_level(conf_level)
    check_cohort(cohort)
    study = cohort.study
    name = study.vocabulary.require("measure", "measure", measure)
    by = check_by(cohort.subjects, by)
    days = [float(day) for day in checked_days(at)]
    if below is not None:
        check_number("below", below)
    values = study.table("assessments")
    values = _with_lowest(values[values["measure"] == name], below)
    if values.empty:
        has = [
            m
            for m in study.vocabulary.names("measure")
            if m in set(study.table("assessments")["measure"])
        ]
        raise CarstatsError(
            message(
                "nobody of the study has a value of {name}. It has: {has}.",
                name=repr(name),
                has=has,
            )
        )
    values = values[values["subject_id"].isin(cohort.subjects["subject_id"])]
    if "adequate" in values:
        values = values[values["adequate"].fillna(True).astype(bool)]
    mask = _MASK_DAYS if mask_days is None and name == "IgG" else mask_days
    hidden = _masked(cohort, values, mask)
    visits = _nearest(values, days)
    subjects = cohort.subjects.assign(followed_to=followup_end(cohort.subjects))

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        mine = visits["subject_id"].isin(stratum["subject_id"])
        rows = []
        for place, day in enumerate(days):
            here = visits[mine & (visits["visit"] == place)]
            shown = here[~hidden[here.index]].drop_duplicates("subject_id")
            only = here[hidden[here.index] & ~here["subject_id"].isin(shown["subject_id"])]
            # Whoever left before the visit but has a value in its window was followed to it.
            followed = (stratum["followed_to"] >= day) | stratum["subject_id"].isin(
                shown["subject_id"]
            )
            # Half-way between minus infinity and a number is no number.
            with np.errstate(invalid="ignore"):
                m = sample_median(shown["value"], conf_level=conf_level)
            n = int(followed.sum())
            told = {
                "estimate": m.estimate, "conf_low": m.low, "conf_high": m.high, "q1": m.q1,
                "q3": m.q3, "minimum": m.minimum, "maximum": m.maximum,
            }  # fmt: skip
            row = {
                "time": day, "n": n, "n_missing": n - m.n, "n_event": m.n,
                "n_masked": only["subject_id"].nunique(),
                **{c: v if np.isfinite(v) else np.nan for c, v in told.items()},
            }  # fmt: skip
            if below is not None:
                k = int((shown["value"] < below).sum())
                low, high = proportion_limits(k, m.n, conf_level=conf_level)
                share = k / m.n if m.n else np.nan
                row |= {"n_below": k, "below": share}
                row |= {"below_low": float(low), "below_high": float(high)}
            few = message("too few for limits of the median") if m.n and np.isnan(m.low) else ""
            nobody = "" if n else message("nobody followed so far")
            lowest = int(np.isneginf(shown["value"]).sum())
            ranked = message_n("{n} below quantification, ranked lowest",
                               "{n} below quantification, ranked lowest", lowest)  # fmt: skip
            row["note"] = joined_notes(
                nobody if len(stratum) else message("no subjects"), few, ranked if lowest else ""
            )
            rows.append(row)
        return pd.DataFrame(rows)

    unit = next((t.group for t in study.vocabulary.measure if t.name == name), "")
    label = study.vocabulary.label("measure", name)
    method = message(
        "medians at the visits with distribution-free {level} % limits",
        level=level_text(conf_level),
    )
    if mask is not None:
        method = message(
            "{method}, values within {days} days of immunoglobulin left out",
            method=method, days=f"{mask:g}",
        )  # fmt: skip
    if below is not None:
        method = message(
            "{method}; proportion below {limit}, Clopper–Pearson", method=method, limit=f"{below:g}"
        )
    spec = cohort.spec(
        "measure_trajectory",
        endpoint=message("{measure} ({unit})", measure=label, unit=_printed(unit))
        if unit
        else label,
        method=method,
        by=by,
        conf_level=conf_level,
        measure=name,
        at=days,
        below=below,
        mask_days=mask,
    )
    return Result(
        estimate_by(study.vocabulary, cohort.eligible, subjects, by, estimate),
        spec,
        level_labels(study.vocabulary, by),
    )


def _with_lowest(rows: pd.DataFrame, below: float | None) -> pd.DataFrame:
    """Return the rows with a value; one below quantification is below all others.

    Where its limit is above the threshold that is asked about, nothing is known of it.
    """
    rows = rows.assign(value=rows["value"].astype(float))
    if "lloq" in rows:
        limit = rows["lloq"].astype(float)
        lowest = rows["value"].isna() & (limit.notna() if below is None else limit <= below)
        rows["value"] = rows["value"].mask(lowest, -np.inf)
    return rows[rows["value"].notna()]


def checked_days(at: Iterable[float]) -> list[float]:
    """Return days that increase as a list."""
    days = list(at) if isinstance(at, Iterable) and not isinstance(at, str) else [at]
    for day in days:
        check_number("at", day, low=0)
    if not days or any(b <= a for a, b in pairwise(days)):
        raise CarstatsError(message("`at` is {days}; it takes increasing days.", days=days))
    return days


def _nearest(values: pd.DataFrame, days: list[float]) -> pd.DataFrame:
    """Return the values with the visit each belongs to, the one that counts first."""
    at, day = np.array(days), values["day"].to_numpy(float)
    middle = (at[:-1] + at[1:]) / 2
    place = np.searchsorted(middle, day, side="left")
    distance = np.abs(day - at[place])
    # Past the last visit as far as half of the step before it.
    reach = (at[-1] - at[-2]) / 2 if len(at) > 1 else np.inf
    place = np.where((place == len(at) - 1) & (day - at[-1] > reach), -1, place)
    if days[0] == 0:
        # The value after the infusion is no baseline.
        place = np.where((place == 0) & (day > 0), -1, place)
    frame = values.assign(visit=place, distance=distance)
    order = ["visit", "distance", "day"]
    return frame.sort_values(order, ascending=[True, True, False], kind="stable")


def _printed(unit: str) -> str:
    """Return a unit as journals print it; data files write the micro sign as a u."""
    return message(unit) if unit in _UNITS else unit.replace("uL", "\u00b5L")


def _masked(cohort: Cohort, values: pd.DataFrame, mask: float | None) -> pd.Series:
    """Return which values lie in or soon after a course of immunoglobulin."""
    hidden = pd.Series(False, values.index)
    if mask is None or cohort.study.medications is None:
        return hidden
    check_number("mask_days", mask, low=0)
    rows = cohort.table("medications")
    rows = rows[(rows["drug_class"] == "immunoglobulin") & rows["start_day"].notna()]
    pairs = values.reset_index()[["index", "subject_id", "day"]].merge(
        rows[["subject_id", "start_day", "stop_day"]], on="subject_id"
    )
    inside = (pairs["day"] > pairs["start_day"]) & ~(pairs["day"] > pairs["stop_day"] + mask)
    hidden[pairs.loc[inside, "index"].unique()] = True
    return hidden
