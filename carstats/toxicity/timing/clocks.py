"""The times to first toxicity, with death and re-infusion competing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.errors import CarstatsError, check_choice, names_given
from carstats.messages import joined_notes, message
from carstats.toxicity.episodes import (
    COMPETING,
    Severe,
    died,
    episodes_of,
    followup_end,
)
from carstats.toxicity.unknown import early_note

CENSORED, EVENT, RIVAL = 0, 1, 2


def checked_competing(competing: str | Iterable[str]) -> tuple[str, ...]:
    """Return the competing events in order; death is always one."""
    names = names_given("competing", competing)
    names = [check_choice("competing", name, COMPETING) for name in names]
    if "death" not in names:
        raise CarstatsError(
            message(
                "`competing` leaves out 'death'; the dead are not censored, for they cannot have "
                "the event later. Use ('death',) or ('death', 're-infusion')."
            )
        )
    return tuple(name for name in COMPETING if name in names)


def rival_days(cohort: Cohort, competing: tuple[str, ...]) -> tuple[pd.Series, pd.Series]:
    """Return each subject's day of the first competing event (inf without one), and which."""
    subjects = cohort.subjects
    day = pd.Series(np.inf, subjects.index)
    cause = pd.Series("", subjects.index, dtype=object)
    # A death counts at the end of the follow-up, which cannot be before it.
    dead = died(subjects)
    day[dead], cause[dead] = followup_end(subjects)[dead], "death"
    if "re-infusion" in competing and cohort.study.infusions is not None:
        rows = cohort.table("infusions")
        again = rows[(rows["infusion_number"] > 1) & ~rows["planned"].fillna(True).astype(bool)]
        first = subjects["subject_id"].map(again.groupby("subject_id")["day"].min())
        earlier = first < day
        day, cause = day.where(~earlier, first), cause.where(~earlier, "re-infusion")
    return day.astype(float), cause


def first_times(
    cohort: Cohort,
    term: str,
    severe: Severe,
    competing: tuple[str, ...],
    grading_scale: str | Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return the cohort's subjects with the time of their first episode from day 0 on."""
    episodes = episodes_of(cohort, [term], severe, grading_scale)
    subjects = cohort.subjects
    who = subjects["subject_id"]
    certain = episodes[episodes["counts"]]
    # An episode that began before the infusion is none of its effects.
    onset = who.map(certain[certain["onset_day"] >= 0].groupby("subject_id")["onset_day"].min())
    undated = who.isin(certain.loc[certain["onset_day"].isna(), "subject_id"]) & onset.isna()
    end = np.maximum(followup_end(subjects), 0.0)
    rival, cause = rival_days(cohort, competing)
    stop = np.minimum(end, rival)
    happened = onset <= stop
    time = stop.where(~happened, onset)
    code = np.where(happened, EVENT, np.where(rival <= end, RIVAL, CENSORED))
    maybe = episodes[episodes["unknown"]]
    doubtful = who.isin(set(maybe["subject_id"])) & ~happened
    # Were it an event, the earliest that it can have been bounds the incidence from above.
    first = who.map(maybe.assign(day=maybe["onset_day"].fillna(0.0).clip(lower=0)).groupby(
        "subject_id")["day"].min())  # fmt: skip
    earlier = first.notna() & (first <= stop) & ~(onset <= first)
    return subjects.assign(
        event_time=time.where(~undated).astype(float),
        event_code=code,
        cause=cause.where(code == RIVAL, ""),
        unknown=doubtful,
        before=who.isin(set(episodes.loc[episodes["before"], "subject_id"])),
        possible_time=time.where(~earlier, first).where(~undated | earlier).astype(float),
        possible_code=np.where(earlier, EVENT, code),
    )


def possible_times(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the times of `first_times` if all that may have counted did."""
    return rows.assign(
        event_time=rows["possible_time"], event_code=rows["possible_code"], unknown=False
    ).drop(columns=["possible_time", "possible_code"])


def before_next(time: np.ndarray) -> np.ndarray:
    """Return a moment just before the next of each time, and the last one itself.

    Times closer than 1e-9 of the range are one to the curves: the moment is further off.
    """
    return np.append(time[1:] - 1e-6 * max(float(time[-1]), 1e-6), time[-1])


def clock_note(rows: pd.DataFrame) -> str:
    """Say what a reader of a stratum's row should know."""
    if not len(rows):
        return message("no subjects")
    undated, doubtful = int(rows["event_time"].isna().sum()), int(rows["unknown"].sum())
    return joined_notes(
        message("{n} with an event of unknown onset left out", n=undated) if undated else "",
        message(
            "{n} with an episode of unknown grade counted as without in the estimate, as with it "
            "in the upper limit",
            n=doubtful,
        )
        if doubtful
        else "",
        early_note(int(rows["before"].sum())) if "before" in rows else "",
    )


def rival_words(competing: tuple[str, ...]) -> str:
    """Return what competes, for a method line."""
    if "re-infusion" in competing:
        return message("death and unplanned re-infusion competing")
    return message("death competing")
