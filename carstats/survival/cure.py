"""Durable remission: whether a part of the subjects never has the event ("functional cure")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.counts.counted import Counts
from carstats.counts.standing import counted_cohort
from carstats.errors import check_conf_level
from carstats.estimators.regression.cure import mixture_cure, sufficient_followup
from carstats.messages import joined_notes, message
from carstats.result import Result
from carstats.survival.times import (
    endpoint_times,
    refuse_competing,
    stratum_note,
)
from carstats.wording import because, level_text


def cure_fraction(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    *,
    by: str | Iterable[str] | None = None,
    conf_level: float = 0.95,
    competing: str | None = None,
) -> Result:
    """Estimate the part of subjects who never have the event, where follow-up allows it.

    First it is tested whether follow-up suffices (Maller-Zhou). Only with at least ten events, a
    plateau as long as the time to the last event, and a test below 0.05 is a mixture model
    (logistic part with an intercept, Weibull times of the others) fitted; otherwise the note says
    why not, and what stands instead: `landmark_rate` with its exact interval.

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`.
    endpoint : str, optional
        A time-to-event endpoint of the study, such as ``"relapse_free_survival"``. By default the
        only one that the study has.
    by : str or list of str, optional
        Columns of the subjects table; one row for each stratum. By default those of
        `cohort_from_frame`.
    conf_level : float
        Level of the profile-likelihood limits.
    competing : {"censor"}, optional
        What to do with competing events, as for `survival_curve`.

    Returns
    -------
    Result
        For each stratum: ``n``, ``n_missing``, ``n_event``, ``last_event`` and ``last_followup``
        (days), ``q_n``, ``alpha_n``, ``estimate`` (NaN where it is refused), ``conf_low``,
        ``conf_high``, ``note``.

    Raises
    ------
    CarstatsError
        As for `survival_curve`.

    References
    ----------
    Maller RA, Zhou S. J Am Stat Assoc 1994; 89: 1499-1506.
    Farewell VT. Biometrics 1982; 38: 1041-1046 (mixture model).

    Examples
    --------
    >>> cs.cure_fraction(cohort, "relapse_free_survival", by="target")
    """
    check_conf_level(conf_level)
    subjects = counted_cohort(cohort, endpoint, "time-to-event", single=True)
    times = endpoint_times(subjects, endpoint, by)
    aside = refuse_competing(times, competing)

    def estimate(rows: pd.DataFrame) -> dict[str, Any]:
        known = rows[rows["event_time"].notna()]
        happened = (known["event_code"] == 1).to_numpy().astype(int)
        test = sufficient_followup(known["event_time"].to_numpy(), happened)
        answer = {
            "n": len(rows),
            "n_missing": len(rows) - len(known),
            "n_event": test.n_event,
            "last_event": test.longest_event,
            "last_followup": test.longest,
            "q_n": test.q_n,
            "alpha_n": test.alpha_n,
            "estimate": np.nan,
            "conf_low": np.nan,
            "conf_high": np.nan,
            "note": joined_notes(
                stratum_note(rows),
                message(
                    "no cured part is estimated: {reason}; see landmark_rate()",
                    reason=because(test.refusal),
                )
                if test.refusal and len(known)
                else "",
            ),
        }
        if not test.refusal:
            fit = mixture_cure(
                known["time_low"].to_numpy(), known["time_high"].to_numpy(), conf_level=conf_level
            )
            answer |= {
                "estimate": fit.estimate,
                "conf_low": fit.low,
                "conf_high": fit.high,
                "note": joined_notes(stratum_note(rows), because(fit.reason)),
            }
        return answer

    spec = times.spec(
        "cure_fraction",
        message(
            "mixture cure model (Weibull){aside}, {level} % profile-likelihood limits, after the "
            "Maller–Zhou test of sufficient follow-up",
            aside=aside,
            level=level_text(conf_level),
        ),
        conf_level=conf_level,
        competing=competing,
    )
    return Result(times.estimate(estimate), spec, times.labels)
