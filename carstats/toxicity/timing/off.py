"""When drugs are stopped for good: the first day of a stretch without them, or at a low dose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort
from carstats.cohort.strata import check_by, estimate_by, level_labels
from carstats.errors import CarstatsError, check_choice, check_conf_level, check_number
from carstats.estimators.curves.aalen_johansen import INCIDENCE_CONF_TYPES
from carstats.messages import joined_notes, message, message_n
from carstats.result import Result
from carstats.toxicity.episodes import COMPETING, followup_end
from carstats.toxicity.timing.clocks import CENSORED, EVENT, RIVAL, rival_days
from carstats.toxicity.timing.doses import (
    STEROID,
    checked_classes,
    courses_of,
    dose_steps,
    glucocorticoids_of,
)
from carstats.toxicity.timing.incidence import at_days, checked_days, incidence_rows
from carstats.wording import pointwise_words


def time_to_taper(
    cohort: Cohort,
    drug_class: str | Iterable[str] = STEROID,
    *,
    at_most: float = 0.0,
    hold: float = 28,
    at: float | Iterable[float] | None = None,
    by: str | Iterable[str] | None = None,
    conf_type: str = "beta product",
    conf_level: float = 0.95,
) -> Result:
    """Estimate the probability over time of being off drugs, or at a low dose (Aalen-Johansen).

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; usually the infused.
    drug_class : str or list of str
        Classes of the medications, such as ``"glucocorticoid"`` or ``"immunosuppressant"``; of
        several all must be stopped.
    at_most : float
        The daily dose, in mg of prednisone, at or below which a day counts; 0 is off. Other
        classes than glucocorticoids have no common dose: of them it is 0.
    hold : float
        Days for which the dose stays there, whole: the event is dated at the first of them.
    at : float or list of float, optional
        Days to answer for; by default every day on which the curve steps.
    by : str or list of str, optional
        Columns of the subjects table; one curve for each stratum.
    conf_type : {"beta product", "beta product mid-P", "log-log", "log", "plain", "arcsine"}
        Pointwise limits, as for `cumulative_incidence`.
    conf_level : float
        Pointwise confidence level.

    Returns
    -------
    Result
        In the shape of `toxicity_incidence`, of those above the dose on day 0; ``n_already``
        counts those at or below it then, who
        are not in ``n``. Courses at the same time add up; a
        course without a dose is above; a blank last day is ongoing. Death and an unplanned
        re-infusion compete, also within `hold` days of the first. Since a stretch is known only
        once it is over, everybody is followed to ``hold - 1`` days before the last contact.

    Raises
    ------
    CarstatsError
        If the study has no medications, no doses where they are asked, or an argument is not
        allowed.

    References
    ----------
    Aalen OO, Johansen S. Scand J Stat 1978; 5: 141-150.

    Examples
    --------
    >>> off = cs.time_to_taper(lupus, at=[84, 168, 364])
    >>> low = cs.time_to_taper(lupus, at_most=5, by="target")
    >>> stopped = cs.time_to_taper(lupus, "immunosuppressant")
    """
    conf_type = check_choice("conf_type", conf_type, INCIDENCE_CONF_TYPES)
    check_conf_level(conf_level)
    check_number("at_most", at_most, low=0)
    check_number("hold", hold, low=1)
    check_cohort(cohort)
    by = check_by(cohort.subjects, by)
    days = None if at is None else checked_days(at)
    classes, labels = checked_classes(cohort, drug_class)
    if at_most and classes != [STEROID]:
        raise CarstatsError(
            message(
                "`at_most` is {at_most}; only glucocorticoids have a common dose. Leave it out for "
                "other drugs: they are taken or not.",
                at_most=f"{at_most:g}",
            )
        )
    # Who is off needs no dose; who is at a low one does.
    courses = glucocorticoids_of(cohort) if at_most else courses_of(cohort, classes)
    times = _times(cohort, courses, float(at_most), float(hold))

    def estimate(rows: pd.DataFrame) -> pd.DataFrame:
        waiting = rows[~rows["already"]]
        about = _about(rows, bool(at_most))
        frame = incidence_rows(waiting, conf_type, conf_level, about)
        frame = frame if days is None else at_days(frame, waiting, days, about)
        place = frame.columns.get_loc("n_missing") + 1
        frame.insert(place, "n_already", int(rows["already"].sum()))
        return frame

    names = message(", ").join(labels)
    endpoint = message(
        "{drugs}: off for {hold} days or more", drugs=names, hold=f"{hold:g}"
    )  # fmt: skip
    if at_most:
        endpoint = message(
            "{drugs}: at most {dose} mg of prednisone a day for {hold} days or more",
            drugs=names, dose=f"{at_most:g}", hold=f"{hold:g}",
        )  # fmt: skip
    spec = cohort.spec(
        "time_to_taper",
        endpoint=endpoint,
        population=message(", those above it on day 0")
        if at_most else message(", those who took it on day 0"),
        method=message(
            "Aalen–Johansen, dated at the first day, death and unplanned re-infusion competing, "
            "{limits}",
            limits=pointwise_words(conf_type, conf_level),
        ),
        by=by, conf_level=conf_level,
    )  # fmt: skip
    options = {"drug_class": classes, "at_most": float(at_most), "hold": float(hold)}
    options |= {"at": None if days is None else days.tolist(), "conf_type": conf_type}
    vocabulary = cohort.study.vocabulary
    return Result(
        estimate_by(vocabulary, cohort.eligible, times, by, estimate),
        replace(spec, options=options),
        level_labels(vocabulary, by),
    )


def _times(cohort: Cohort, courses: pd.DataFrame, at_most: float, hold: float) -> pd.DataFrame:
    """Return the subjects with the time and code of their taper, and who needed none."""
    subjects = cohort.subjects
    steps = dose_steps(courses)
    low = ((steps["unknown"] == 0) & (steps["dose"] <= at_most)).to_numpy()
    who, day = steps["subject_id"].to_numpy(), steps["day"].to_numpy()
    # Steps of one side are one stretch; it ends where the next begins.
    new = np.append(True, (who[1:] != who[:-1]) | (low[1:] != low[:-1])) if len(who) else low
    stretch = pd.DataFrame({"subject_id": who[new], "low": low[new], "start": day[new]})
    following = stretch.groupby("subject_id")["start"].shift(-1)
    stretch["stop"] = following.fillna(np.inf)
    on_day_0 = stretch[(stretch["start"] <= 0) & (stretch["stop"] > 0)]
    above = set(on_day_0.loc[~on_day_0["low"], "subject_id"])
    long = stretch["low"] & (stretch["start"] > 0) & (stretch["stop"] - stretch["start"] >= hold)
    ids = subjects["subject_id"]
    first = ids.map(stretch[long].groupby("subject_id")["start"].min()).astype(float)
    end = np.maximum(followup_end(subjects), 0.0)
    rival, _ = rival_days(cohort, COMPETING)
    stopped = rival <= end
    # The last day of the stretch must have been seen.
    happened = first + hold - 1 <= np.minimum(end, rival)
    time = rival.where(stopped, np.maximum(end - hold + 1, 0.0)).where(~happened, first)
    unknown = courses.loc[courses["dose"].isna() & (courses["stop"] >= 0), "subject_id"]
    return subjects.assign(
        event_time=time.astype(float),
        event_code=np.where(happened, EVENT, np.where(stopped, RIVAL, CENSORED)),
        unknown=False,
        already=~ids.isin(above),
        doseless=ids.isin(unknown),
    )


def _about(rows: pd.DataFrame, dosed: bool) -> str:
    already, doseless = int(rows["already"].sum()), int(rows["doseless"].sum())
    low = message_n("{n} at or below it on day 0, not counted",
                    "{n} at or below it on day 0, not counted", already)  # fmt: skip
    off = message_n("{n} off on day 0, not counted", "{n} off on day 0, not counted", already)
    lacking = message_n(
        "{n} with a dose that is not recorded, taken as above",
        "{n} with a dose that is not recorded, taken as above",
        doseless,
    )
    return joined_notes(
        "" if len(rows) else message("no subjects"),
        (low if dosed else off) if already else "",
        lacking if dosed and doseless else "",
    )
