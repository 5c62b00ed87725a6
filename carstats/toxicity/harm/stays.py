"""Days in hospital and in intensive care: who, how many days, how long the stay of the infusion."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort
from carstats.cohort.strata import check_by, estimate_by, level_labels
from carstats.data.terms import CARE, HOSPITAL, INTENSIVE
from carstats.errors import CarstatsError, check_choice, check_conf_level, check_number
from carstats.estimators.bounded_mean import bounded_mean
from carstats.estimators.sample_median import sample_median
from carstats.messages import joined_notes, mark, message, message_n
from carstats.result import Result
from carstats.toxicity.episodes import died, followup_end
from carstats.toxicity.harm.quantities import (
    median_row,
    row_of,
    share_row,
    table_of,
    unit_labels,
)
from carstats.wording import level_text

_LONGEST = 3660.0
_PARAMETERS = {
    HOSPITAL: {
        "admitted": mark("in hospital"),
        "days": mark("days in hospital, mean"),
        "days of those admitted": mark("days of those in hospital, median"),
        "days alive and at home": mark("days alive and out of hospital, mean"),
        "stay of the infusion": mark("from the infusion to the discharge, median"),
    },
    INTENSIVE: {
        "admitted": mark("in intensive care"),
        "days": mark("days in intensive care, mean"),
        "days of those admitted": mark("days of those in intensive care, median"),
    },
}


def hospital_days(
    cohort: Cohort,
    care: str = HOSPITAL,
    *,
    at: float | Iterable[float] = (30, 90),
    by: str | Iterable[str] | None = None,
    conf_level: float = 0.95,
) -> Result:
    """Estimate days in hospital, or in intensive care, after the infusion.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; usually the infused. Stays are rows of the medications with the
        class ``"hospital stay"`` or ``"intensive care"``, their first and last day in `start_day`
        and `stop_day` (blank: still there at the last contact). None is longer than the follow-up.
    care : {"hospital stay", "intensive care"}
        Whose days. Intensive care is in hospital, so that its days count as hospital days too.
    at : float or list of float
        Days from the infusion up to which days are counted, from day 1 on; both the first and the
        last day of a stay are whole days, and a day of two stays is one.
    by : str or list of str, optional
        Columns of the subjects table.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum and day ``time``: ``parameter`` ``"admitted"`` (share of subjects with a
        day in it, Clopper-Pearson), ``"days"`` (the mean of all, with limits that need no
        distribution, quartiles and range) and ``"days of those admitted"`` (their median). For the
        hospital also ``"days alive and at home"`` (a mean, in which days after a death count as
        none) and, once, ``"stay of the infusion"``: the days from the infusion to the discharge of
        those in care on day 0 (a median, of those discharged alive).
        ``unit``, ``n`` subjects followed that far or dead before, ``n_missing`` of them with a stay
        without days, ``n_event``, ``estimate``, ``conf_low``, ``conf_high``, ``q1``, ``q3``,
        ``minimum``, ``maximum``, ``note``. Who has no stay on record counts with none.

    Raises
    ------
    CarstatsError
        If nobody of the study has a stay, or an argument is not allowed.

    References
    ----------
    Gaffke N. Math Methods Stat 2005; 14: 451-467 (limits of the mean).

    Examples
    --------
    >>> cs.hospital_days(cohort, "intensive care", at=30)
    """
    check_conf_level(conf_level)
    check_cohort(cohort)
    care = check_choice("care", care, CARE)
    horizons = list(at) if isinstance(at, Iterable) and not isinstance(at, str) else [at]
    if not horizons:
        raise CarstatsError(message("`at` is empty; name at least one day."))
    for day in horizons:
        check_number("at", day, low=1)
        if day > _LONGEST:
            raise CarstatsError(
                message(
                    "`at` is {at}; days in hospital are counted up to day {most}.",
                    at=f"{day:g}", most=f"{_LONGEST:g}",
                )
            )  # fmt: skip
    horizons = sorted({float(np.floor(day)) for day in horizons})
    by = check_by(cohort.subjects, by)
    recorded = cohort.study.table("medications")["drug_class"]
    wanted = CARE if care == HOSPITAL else (INTENSIVE,)
    if not recorded.isin(wanted if care == HOSPITAL else CARE).any():
        raise CarstatsError(
            message(
                "the study has no stays in hospital. Give each as a row of the medications, with "
                "`drug_class` {hospital} or {intensive}, its first day in `start_day` and its last "
                "in `stop_day`.",
                hospital=repr(HOSPITAL), intensive=repr(INTENSIVE),
            )
        )  # fmt: skip
    stays = _stays(cohort, horizons[-1], wanted)
    end = followup_end(cohort.subjects)
    subjects = cohort.subjects.assign(
        followed_to=end, dead=died(cohort.subjects), place=np.arange(len(cohort.subjects))
    )

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        rows = [row for day in horizons for row in _until(stratum, stays, day, care, conf_level)]
        if care == HOSPITAL:
            rows.append(({"parameter": "stay of the infusion", "time": np.nan},
                         _first_stay(stratum, stays, conf_level)))  # fmt: skip
        return table_of(rows)

    vocabulary = cohort.study.vocabulary
    name = vocabulary.label("drug_class", care)
    spec = cohort.spec(
        "hospital_days",
        endpoint=message("{care}: days after the infusion", care=name),
        method=message(
            "means with Gaffke's, shares with Clopper–Pearson and medians with distribution-free "
            "{level} % limits",
            level=level_text(conf_level),
        ),
        by=by, conf_level=conf_level, care=care, at=horizons,
    )  # fmt: skip
    labels = level_labels(vocabulary, by) | unit_labels()
    words: dict[str, str] = {key: message(text) for key, text in _PARAMETERS[care].items()}
    frame = estimate_by(vocabulary, cohort.eligible, subjects, by, estimate)
    return Result(frame, spec, labels | {"parameter": words})


@dataclass(frozen=True)
class _Stays:
    """Whole days in care of each subject of the cohort, in its order.

    `inside` has day 0 and the days after it; `vague` are those with a stay without any day,
    `apart` those with intensive care outside the hospital stays; `discharged` is the last day of
    the stay that held day 0, NaN where none did or where it goes on.
    """

    inside: np.ndarray
    vague: np.ndarray
    apart: np.ndarray
    open: np.ndarray
    discharged: np.ndarray


def _stays(cohort: Cohort, last: float, wanted: tuple[str, ...]) -> _Stays:
    rows = cohort.table("medications")
    rows = rows[rows["drug_class"].isin(wanted)]
    n = len(cohort.subjects)
    who = pd.Index(cohort.subjects["subject_id"]).get_indexer(rows["subject_id"])
    end = followup_end(cohort.subjects).to_numpy(float)
    start = np.floor(rows["start_day"].to_numpy(float))
    stop = np.floor(rows["stop_day"].to_numpy(float))
    vague = np.zeros(n, bool)
    neither = np.isnan(start) & np.isnan(stop)
    vague[who[neither]] = True
    # Ongoing at the last contact or death, and no longer than that; who dies on the last day of a
    # stay was not discharged. Begun before the records.
    last_day = np.floor(end[who])
    dead = died(cohort.subjects).to_numpy(bool)[who]
    still = ~neither & (np.isnan(stop) | (stop > last_day) | (dead & (stop == last_day)))
    stop = np.where(still, last_day, stop)
    start = np.where(np.isnan(start), -np.inf, start)
    longest = int(max(last, np.nanmax(np.where(neither, 0.0, stop), initial=0.0)))
    days = np.arange(longest + 1)
    inside = np.zeros((n, days.size), bool)
    intensive = (rows["drug_class"] == INTENSIVE).to_numpy()
    in_unit = np.zeros_like(inside)
    goes_on = np.zeros(n, bool)
    for i in np.flatnonzero(~neither):
        run = (days >= start[i]) & (days <= stop[i])
        if intensive[i]:
            in_unit[who[i]] |= run
        else:
            inside[who[i]] |= run
        goes_on[who[i]] |= bool(still[i])
    apart = np.any(in_unit & ~inside & (HOSPITAL in wanted), axis=1)
    inside |= in_unit
    # The run of days that begins with day 0.
    run = np.where(inside.all(axis=1), days.size, np.argmin(inside, axis=1))
    discharged = np.where(run > 0, run - 1.0, np.nan)
    open_ = goes_on & (run > 0) & (discharged >= np.floor(end))
    return _Stays(inside, vague, apart, open_, np.where(open_, np.nan, discharged))


def _until(stratum: pd.DataFrame, stays: _Stays, day: float, care: str, conf_level: float):
    """Return the rows of what happened up to a day."""
    reached = (stratum["followed_to"] >= day) | stratum["dead"]
    here = stratum[reached.to_numpy(bool)]
    place = here["place"].to_numpy(int)
    known = ~stays.vague[place]
    days = stays.inside[place, 1 : int(day) + 1].sum(axis=1).astype(float)
    n, vague = len(here), int((~known).sum())
    short = len(stratum) - n
    note = joined_notes(
        message("no subjects") if stratum.empty else "",
        message_n("{n} not followed so far, left out", "{n} not followed so far, left out", short)
        if short
        else "",
        message_n("{n} with a stay without a day", "{n} with stays without a day", vague)
        if vague
        else "",
    )
    apart = int(stays.apart[place].sum())
    outside = message_n(
        "{n} with days of intensive care outside the hospital stays, counted as in hospital",
        "{n} with days of intensive care outside the hospital stays, counted as in hospital",
        apart,
    )
    note = joined_notes(note, outside if apart else "")
    k = int((days[known] > 0).sum())
    found = [
        ({"parameter": "admitted", "time": day}, share_row(k, n, vague, conf_level, note)),
        ({"parameter": "days", "time": day}, _mean(days[known], n, day, conf_level, note)),
        ({"parameter": "days of those admitted", "time": day},
         median_row("days", days[known & (days > 0)], k, conf_level, note)),
    ]  # fmt: skip
    if care == HOSPITAL:
        alive = np.clip(np.minimum(here["followed_to"].to_numpy(float), day), 0, day)
        alive = np.where(here["dead"].to_numpy(bool), alive, day)
        home = np.floor(alive) - np.minimum(days, np.floor(alive))
        found.append(({"parameter": "days alive and at home", "time": day},
                      _mean(home[known], n, day, conf_level, note)))  # fmt: skip
    return found


def _mean(days: np.ndarray, n: int, most: float, conf_level: float, note: str) -> dict:
    m, spread = bounded_mean(days, most, conf_level=conf_level), sample_median(days)
    return row_of(
        "days", n, n - m.n, m.n, m.estimate, m.low, m.high, spread.q1, spread.q3, spread.minimum,
        spread.maximum, note=note,
    )  # fmt: skip


def _first_stay(stratum: pd.DataFrame, stays: _Stays, conf_level: float) -> dict:
    place = stratum["place"].to_numpy(int)
    held = stays.inside[place, 0]
    days = stays.discharged[place][held]
    ongoing = int(stays.open[place][held].sum())
    died_in = message_n(
        "{n} in care still at the last contact or death, left out",
        "{n} in care still at the last contact or death, left out",
        ongoing,
    )
    whose = message_n("of {n} in care on the day of the infusion",
                      "of {n} in care on the day of the infusion", int(held.sum()))  # fmt: skip
    none = message("nobody in care on the day of the infusion") if not held.any() else whose
    return median_row(
        "days", days, int(held.sum()), conf_level, none, died_in if ongoing else ""
    )  # fmt: skip
