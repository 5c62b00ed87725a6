"""The times of a cohort's subjects for one endpoint, ready to be counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from carstats.cohort import Cohort, check_cohort
from carstats.errors import CarstatsError, check_choice, listed
from carstats.result import Spec
from carstats.strata import check_by

_CODES = {"censored": 0, "event": 1, "competing": 2}


def endpoint_times(
    cohort: Cohort,
    endpoint: str,
    by: str | Iterable[str] | None,
    competing: str | None,
    analysis: str,
    **options: object,
) -> tuple[pd.DataFrame, Spec]:
    """Return the subjects with their times for one endpoint, and the start of the spec.

    Parameters
    ----------
    cohort, endpoint, by, competing
        As for `survival_curve`.
    analysis : str
        The public function, for the spec.
    **options
        Its other options, for the spec.

    Returns
    -------
    times : pandas.DataFrame
        ``subject_id``, the `by` columns, ``event_time`` (NaN without a record), ``event_code`` (1
        for the event, 0 for censored) and, where the study has delayed entry, ``entry_time``.
    spec : Spec
        With the endpoint and the population.
    """
    if competing is not None:
        check_choice("competing", competing, ("censor",))
    check_cohort(cohort)
    study = cohort.study
    name = study.vocabulary.require("endpoint", "endpoint", endpoint, "time-to-event")
    by = check_by(cohort.subjects, by)
    events = study.table("events")
    events = events[events["endpoint"] == name]
    if events.empty:
        raise CarstatsError(
            f"no subject of the study has the endpoint {name!r} in the events table. "
            f"It has: {listed(study.endpoints('time-to-event')) or 'none'}."
        )
    events = events[events["subject_id"].isin(cohort.subjects["subject_id"])]
    events = events.set_index("subject_id")
    rivals = events[events["status"] == "competing"]
    if len(rivals) and competing is None:
        causes = rivals["cause"].fillna("unnamed") if "cause" in rivals else pd.Series(["unnamed"])
        named = ", ".join(f"{cause} {count}" for cause, count in causes.value_counts().items())
        raise CarstatsError(
            f"`endpoint` {name!r} has competing events ({named}): one minus Kaplan-Meier would "
            "overstate its probability. Use an endpoint that counts them as events, such as "
            "'relapse_free_survival', or competing='censor' for the cause-specific curve."
        )
    subject = cohort.subjects["subject_id"]
    # Only what is needed: a column of the subjects may be called time or status as well.
    times = cohort.subjects[["subject_id", *by]].assign(
        event_time=subject.map(events["time"]),
        event_code=subject.map(events["status"].map(_CODES | {"competing": 0})),
    )
    if "entry_day" in events and events["entry_day"].notna().any():
        origin = events["origin_day"].fillna(0.0) if "origin_day" in events else 0.0
        # Not at risk before the origin, and observed from the start where no entry is given.
        times["entry_time"] = subject.map(events["entry_day"] - origin).fillna(-np.inf)
    note = "; competing events censored: cause-specific, not a probability" if len(rivals) else ""
    spec = cohort.spec(
        analysis,
        endpoint=study.vocabulary.label("endpoint", name),
        method=f"Kaplan–Meier{note}",
        by=by,
    )
    return times, replace(spec, options={"endpoint": name, "competing": competing, **options})


def stratum_note(rows: pd.DataFrame) -> str:
    """Say what a reader of a stratum's row should know: who has no record, who no follow-up."""
    if not len(rows):
        return "no subjects"
    missing = int(rows["event_time"].isna().sum())
    at_start = int(((rows["event_time"] == 0) & (rows["event_code"] == 0)).sum())
    return joined_notes(
        f"{missing} of {len(rows)} without a record of the endpoint" if missing else "",
        f"{at_start} censored at day 0: never assessed" if at_start else "",
    )


def joined_notes(*notes: str) -> str:
    """Join the notes that say something."""
    return "; ".join(note for note in notes if note)
