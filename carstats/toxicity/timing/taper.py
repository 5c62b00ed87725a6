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
from carstats.toxicity.timing.trajectories import VISITS, checked_days
from carstats.wording import level_text


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
    rows = cohort.table("medications")
    rows = rows[rows["drug_class"] == "glucocorticoid"]
    if "prednisone_equivalent_mg" not in rows or rows["prednisone_equivalent_mg"].isna().all():
        raise CarstatsError(
            message(
                "the study has no doses of glucocorticoids. Fill `prednisone_equivalent_mg` in "
                "the medications."
            )
        )
    taken = pd.DataFrame(
        {
            "subject_id": rows["subject_id"],
            "dose": rows["prednisone_equivalent_mg"].astype(float),
            "start": rows["start_day"].astype(float).fillna(-np.inf),
            "stop": rows["stop_day"].astype(float).fillna(np.inf),
        }
    )
    subjects = cohort.subjects.assign(followed_to=followup_end(cohort.subjects))
    ids = subjects["subject_id"]
    daily = {day: _on(taken, ids, day) for day in days}
    total = {day: _until(taken, ids, day) for day in days}

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


def _on(taken: pd.DataFrame, ids: pd.Series, day: float) -> pd.Series:
    """Return the dose of each subject on a day; NaN where one that is taken is not known."""
    runs = taken[(taken["start"] <= day) & (taken["stop"] >= day)]
    return _added(runs.assign(amount=runs["dose"]), ids)


def _until(taken: pd.DataFrame, ids: pd.Series, day: float) -> pd.Series:
    """Return what each subject took from day 1 to a day."""
    first, last = taken["start"].clip(lower=1.0), taken["stop"].clip(upper=day)
    length = (last - first + 1).clip(lower=0.0)
    runs = taken.assign(amount=taken["dose"] * length)[length > 0]
    return _added(runs, ids)


def _added(runs: pd.DataFrame, ids: pd.Series) -> pd.Series:
    total = runs.groupby("subject_id")["amount"].sum()
    unknown = set(runs.loc[runs["amount"].isna(), "subject_id"])
    found = ids.map(total).fillna(0.0).mask(ids.isin(unknown))
    return pd.Series(found.to_numpy(float), ids)


def _told(stratum: pd.DataFrame, here: pd.Series, m, unknown: int) -> str:
    nobody = message("no subjects") if stratum.empty else message("nobody followed so far")
    few = message("too few for limits of the median") if m.n and np.isnan(m.low) else ""
    lacking = message_n("{n} with a dose that is not recorded",
                        "{n} with a dose that is not recorded", unknown)  # fmt: skip
    return joined_notes("" if len(here) else nobody, few, lacking if unknown else "")
