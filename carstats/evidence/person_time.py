"""Relapses by the time that the subjects of published trials were followed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.strata import stratum_keys, stratum_mask
from carstats.data.vocabulary import Vocabulary
from carstats.errors import check_conf_level
from carstats.estimators.rates.rate import event_rate
from carstats.evidence.pooled import check_by_trial
from carstats.evidence.table import select_counts, trial_labels
from carstats.evidence.words import n_subjects, n_trials
from carstats.messages import mark, message
from carstats.result import Result, Spec
from carstats.wording import level_text


@dataclass(frozen=True)
class FlareRate:
    """A published rate of flares under treatment.

    Attributes
    ----------
    disease : str
        Whose flares.
    state : str
        The subjects' state.
    low, high : float
        The rate per subject-year; two values where two definitions of the state are reported.
    source : str
        Where it is published.
    """

    disease: str
    state: str
    low: float
    high: float
    source: str


_HAO = "Hao 2022, Lupus Sci Med"
# Treated lupus: clinical remission 0.12, complete remission on treatment 0.10.
FLARE_RATES = (
    FlareRate("SLE", mark("in remission on treatment"), 0.10, 0.12, _HAO),
    FlareRate("SLE", mark("in low disease activity (LLDAS)"), 0.23, 0.23, _HAO),
    FlareRate("SLE", mark("never in remission"), 0.49, 0.49, _HAO),
)


def trial_incidence(
    table: pd.DataFrame,
    outcome: str = "relapse",
    *,
    reports: Iterable[str] | None = None,
    overlapping: str = "refuse",
    conf_level: float = 0.95,
) -> Result:
    """Estimate an outcome's rate by follow-up in each published trial, approximately.

    The time at risk is the number of subjects times the median follow-up, which is what reports
    give. It is right if follow-up is symmetric about its median, and too long by what a subject is
    followed after the event.

    Parameters
    ----------
    table : pandas.DataFrame
        Made by `published_trials`, or of the same shape.
    outcome : str
        An outcome of the table.
    reports : list of str, optional
        The reports to use, instead of those that ``synthesis`` marks.
    overlapping : {"refuse", "allow"}
        What to do if the reports share subjects.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        One row per trial: ``study_id``, ``trial``, ``disease``, ``target``, ``n``, ``n_event``,
        ``followup_median_months``, ``subject_years``, ``estimate`` (events per subject-year),
        ``conf_low``, ``conf_high`` (exact Poisson), ``basis``, ``note``. A trial that does not
        report its follow-up has NaN and says so.

    Raises
    ------
    CarstatsError
        As for `trial_rate`.

    References
    ----------
    Garwood F. Biometrika 1936; 28: 437-442.

    Examples
    --------
    >>> cs.trial_incidence(trials, "relapse")
    """
    check_conf_level(conf_level)
    counts = select_counts(table, outcome, reports=reports, overlapping=overlapping)
    rows = _with_years(counts.rows)
    found = event_rate(rows["n_event"], rows["subject_years"], conf_level=conf_level)
    frame = rows[_KEPT].assign(
        estimate=found.estimate,
        conf_low=found.low,
        conf_high=found.high,
        basis=rows["basis"],
        note=np.where(
            rows["subject_years"].isna(), message("follow-up not reported"), message("approximate")
        ),
    )
    spec = _spec("trial_incidence", counts, rows, outcome, conf_level, ())
    return Result(frame, spec, trial_labels(frame))


def pooled_incidence(
    table: pd.DataFrame,
    outcome: str = "relapse",
    *,
    by: str | Iterable[str] | None = None,
    reports: Iterable[str] | None = None,
    overlapping: str = "refuse",
    conf_level: float = 0.95,
) -> Result:
    """Estimate an outcome's rate by follow-up over published trials, approximately.

    Events and time at risk are added up: one rate is assumed for all trials of a stratum, constant
    over time.

    Parameters
    ----------
    table : pandas.DataFrame
        Made by `published_trials`, or of the same shape.
    outcome : str
        An outcome of the table.
    by : str or list of str, optional
        Trial columns such as ``"disease"``; one rate for each stratum.
    reports : list of str, optional
        The reports to use, instead of those that ``synthesis`` marks.
    overlapping : {"refuse", "allow"}
        What to do if the reports share subjects.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum: ``n_trials``, ``n_missing`` (trials that report the outcome but not their
        follow-up, left out), ``n``, ``n_event``, ``subject_years``, ``estimate``, ``conf_low``,
        ``conf_high`` (exact Poisson), ``note``.

    Raises
    ------
    CarstatsError
        As for `trial_rate`; also if a `by` column is missing for a trial.

    References
    ----------
    Garwood F. Biometrika 1936; 28: 437-442.

    Examples
    --------
    >>> cs.pooled_incidence(trials, "relapse")
    """
    check_conf_level(conf_level)
    counts = select_counts(table, outcome, reports=reports, overlapping=overlapping)
    rows = _with_years(counts.rows)
    columns = check_by_trial(rows, by)
    made = []
    for key in stratum_keys(Vocabulary(), rows, columns):
        mine = rows[stratum_mask(rows, columns, key)]
        made.append({**dict(zip(columns, key, strict=True)), **_added_up(mine, conf_level)})
    spec = _spec("pooled_incidence", counts, rows, outcome, conf_level, tuple(columns))
    frame = pd.DataFrame(made)
    return Result(frame, spec, trial_labels(frame))


_KEPT = [
    "study_id", "trial", "disease", "target", "n", "n_event", "followup_median_months",
    "subject_years",
]  # fmt: skip


def _with_years(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(subject_years=rows["n"] * rows["followup_median_months"].astype(float) / 12)


def _added_up(rows: pd.DataFrame, conf_level: float) -> dict[str, Any]:
    known = rows[rows["subject_years"].notna()]
    years = float(known["subject_years"].sum()) if len(known) else np.nan
    events = int(known["n_event"].sum())
    found = event_rate(events, years, conf_level=conf_level)
    note = (
        message("approximate; one constant rate assumed")
        if len(known)
        else message("follow-up not reported")
    )
    return {
        "n_trials": len(known),
        "n_missing": len(rows) - len(known),
        "n": int(known["n"].sum()),
        "n_event": events,
        "subject_years": years,
        "estimate": float(found.estimate),
        "conf_low": float(found.low),
        "conf_high": float(found.high),
        "note": note,
    }


def _spec(analysis, counts, rows, outcome, conf_level, by) -> Spec:
    lacking = rows[rows["subject_years"].isna()]
    known = rows[rows["subject_years"].notna()]
    population = message(
        "{trials}, {subjects}, {years} subject-years",
        trials=n_trials(len(known)), subjects=n_subjects(known["n"].sum()),
        years=f"{known['subject_years'].sum():.1f}",
    )  # fmt: skip
    if len(lacking):
        population = message(
            "{known}; left out for want of a follow-up: {trials} ({n_event} of {n})",
            known=population, trials=message(", ").join(lacking["trial"]),
            n_event=int(lacking["n_event"].sum()), n=int(lacking["n"].sum()),
        )  # fmt: skip
    return Spec(
        analysis,
        endpoint=message("Published trials: {outcome} per subject-year", outcome=message(outcome)),
        population=population,
        method=message(
            "approximate: time at risk is subjects × median follow-up; exact Poisson {level} % "
            "limits",
            level=level_text(conf_level),
        ),
        conf_level=conf_level,
        by=by,
        options={"outcome": outcome},
    )
