"""The taper of each subject, as a listing to be drawn, with the median and the shares of all."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import check_by, level_labels, stratum_keys, stratum_mask
from carstats.errors import check_number
from carstats.messages import message, message_n
from carstats.result import Result
from carstats.toxicity.episodes import followup_end
from carstats.toxicity.timing.doses import dose_steps, glucocorticoids_of
from carstats.toxicity.timing.taper import glucocorticoid_course
from carstats.toxicity.timing.trajectories import VISITS

# The dose before the infusion is drawn from so many days before it.
BEFORE = -28.0
_COLUMNS = [
    "kind", "subject", "time", "value", "n", "n_missing", "n_below", "below", "n_off", "off",
]  # fmt: skip


def glucocorticoid_profiles(
    cohort: Cohort,
    *,
    at: Iterable[float] = VISITS,
    low: float = 5.0,
    since: float = BEFORE,
    by: str | Iterable[str] | None = None,
) -> Result:
    """List the daily dose of glucocorticoids of each subject, with the medians at days.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    at : list of float
        Days since the infusion, increasing, for the medians and shares.
    low : float
        A low dose, in mg of prednisone a day.
    since : float
        The first day that is listed, 0 or before it.
    by : str or list of str, optional
        Columns of the subjects table to tell strata apart.

    Returns
    -------
    Result
        For each stratum the doses, ``kind`` ``"dose"``: ``subject``, a number that is no
        identifier, ``time``, the day from which the dose holds, ``value`` in mg of prednisone (NaN
        where one that is taken is not recorded); the last row of a subject is the end of the
        follow-up. Then at each day of `at` a row of ``kind`` ``"median"``: what
        `glucocorticoid_course` estimates there, ``value`` its median, ``n`` the known doses.

    Raises
    ------
    CarstatsError
        If the study has no medications or no doses of glucocorticoids, or an argument is not
        allowed.

    Examples
    --------
    >>> figure = cs.plot(cs.glucocorticoid_profiles(lupus, by="target"))
    """
    check_number("since", since)
    course = glucocorticoid_course(cohort, at=at, low=low, by=by)
    by = check_by(cohort.subjects, by)
    steps = dose_steps(glucocorticoids_of(cohort))
    steps = steps.assign(value=steps["dose"].where(steps["unknown"] == 0))
    subjects = cohort.subjects.assign(end=followup_end(cohort.subjects))
    vocabulary, parts, number = cohort.study.vocabulary, [], 0
    medians = dict(course.strata())
    start = min(float(since), 0.0)
    for key in stratum_keys(vocabulary, cohort.eligible, by):
        own = subjects[stratum_mask(subjects, by, key)]
        listed = _courses(steps, own, number + 1, start).assign(kind="dose", n=1, n_missing=0)
        number += len(own)
        told = medians[key].rename(columns={"n_event": "known", "estimate": "value"})
        told = told.assign(kind="median", subject=0, n=told["known"])
        for part in (listed, told.reindex(columns=_COLUMNS)):
            part = part.reindex(columns=_COLUMNS)
            columns = {c: [v] * len(part) for c, v in zip(by, key, strict=True)}
            parts.append(pd.DataFrame({**columns, **part.to_dict("list")}))
    frame = pd.concat([part for part in parts if len(part)], ignore_index=True)
    spec = cohort.spec(
        "glucocorticoid_profiles",
        endpoint=course.spec.endpoint,
        population=message_n(", {n} course drawn", ", {n} courses drawn", number),
        method=message("medians of the daily doses, shares of those with a known dose"),
        by=by, at=course.spec.options["at"], low=float(low), since=start,
    )  # fmt: skip
    return Result(frame, spec, level_labels(vocabulary, by))


def _courses(steps: pd.DataFrame, own: pd.DataFrame, first: int, start: float) -> pd.DataFrame:
    """Return the days from which a dose holds with the dose, the end of each follow-up last.

    Subjects are numbered from `first` on; who is not followed to `start` has no rows.
    """
    numbers = pd.Series(np.arange(first, first + len(own)), index=own["subject_id"])
    ends = pd.Series(own["end"].to_numpy(float), index=numbers.to_numpy())
    ends = ends[ends >= start]
    steps = steps.assign(subject=steps["subject_id"].map(numbers))
    steps = steps[steps["subject"].isin(ends.index)].astype({"subject": int})
    before = steps[steps["day"] <= start].drop_duplicates("subject", keep="last")
    before = before.set_index("subject")["value"]
    begin = pd.DataFrame({"subject": ends.index, "time": start, "value": 0.0})
    known = begin["subject"].isin(before.index)
    begin["value"] = begin["value"].where(~known, begin["subject"].map(before))
    later = steps[(steps["day"] > start) & (steps["day"] <= steps["subject"].map(ends))]
    later = later.rename(columns={"day": "time"})[["subject", "time", "value"]]
    rows = pd.concat([begin, later], ignore_index=True).astype({"time": float, "value": float})
    rows = rows.sort_values("subject", kind="stable", ignore_index=True)
    earlier = rows.groupby("subject")["value"].shift()
    same = (rows["value"] == earlier) | (rows["value"].isna() & earlier.isna())
    changed = ~same | ~rows["subject"].duplicated()
    last = rows.drop_duplicates("subject", keep="last")
    last = last.assign(time=last["subject"].map(ends))
    found = pd.concat([rows[changed], last], ignore_index=True)
    return found.sort_values("subject", kind="stable", ignore_index=True)
