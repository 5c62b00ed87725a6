"""When toxicity begins, how long it lasts, and when it has gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import estimate_by, level_labels
from carstats.errors import check_choice, check_conf_level, check_number
from carstats.estimators.curves.kaplan_meier import CONF_TYPES, kaplan_meier
from carstats.estimators.curves.quantile import curve_quantile
from carstats.estimators.curves.risk_table import risk_table
from carstats.estimators.sample_median import sample_median
from carstats.messages import joined_notes, mark, message
from carstats.result import Result
from carstats.toxicity.episodes import (
    Severe,
    checked_terms,
    died,
    episodes_of,
    followup_end,
    severe_enough,
    term_labels,
    term_words,
)
from carstats.toxicity.merging import merged_episodes
from carstats.toxicity.unknown import before_note, left_out_note
from carstats.wording import few_at_risk, level_text, pointwise_words

EPISODES = ("first", "worst", "all")
MEASURES = ("onset", "duration", "resolution")


def toxicity_timing(
    cohort: Cohort,
    term: str | Iterable[str],
    *,
    min_grade: int = 1,
    min_severity: str | None = None,
    episode: str = "first",
    gap: float = 0,
    by: str | Iterable[str] | None = None,
    grading_scale: str | Mapping[str, str] | None = None,
    conf_level: float = 0.95,
) -> Result:
    """Estimate the median day of onset, duration and day of resolution of a toxicity.

    Only what is proven to count is timed: the note says how many have an episode of unknown grade
    that may count, and how many one that began before the infusion; neither is among ``n``.
    Records of one subject and system that overlap are one episode. A duration counts the first and
    the last day. An episode without a last day is ongoing and is censored at the end of follow-up:
    leaving it out would make durations short.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    term : str or list of str
        Toxicities of the study's vocabulary.
    min_grade : {1, 2, 3, 4, 5}
        Smallest grade that counts, of the worst of an episode.
    min_severity : str, optional
        Smallest severity that counts.
    episode : {"first", "worst", "all"}
        Which episode of a subject: the first, the worst (of equals the first), or each.
    gap : float
        Records at most so many days apart are one episode too; CRS uses 7 in some trials.
    by : str or list of str, optional
        Columns of the subjects table.
    grading_scale : str or mapping of str to str, optional
        The scale whose grades count, where a study has several.
    conf_level : float
        Confidence level of the limits of the medians.

    Returns
    -------
    Result
        For each stratum and term three rows, ``measure`` "onset" (day from the infusion),
        "duration" (days) and "resolution" (day from the infusion): ``n`` episodes, ``n_missing``
        (onset unknown), ``n_event`` with a known end of the measured time, ``n_censor`` ongoing,
        ``estimate`` (the median: of the sample, or by Kaplan-Meier), ``conf_low``, ``conf_high``
        (order statistics; beta product), ``q1``, ``q3`` (onset), ``minimum``, ``maximum``,
        ``note``. A maximum that is censored is said in the note. A median that was not reached is
        NaN.

    Raises
    ------
    CarstatsError
        If a term is not in the vocabulary, the study has no toxicities, or an argument is not
        allowed.

    References
    ----------
    Brookmeyer R, Crowley J. Biometrics 1982; 38: 29-41.

    Examples
    --------
    >>> cs.toxicity_timing(cohort, "CRS", by="target")
    """
    check_conf_level(conf_level)
    severe = severe_enough(cohort, min_grade, min_severity)
    by, terms = checked_terms(cohort, term, by)
    study = cohort.study
    chosen = timed_episodes(cohort, terms, severe, episode, gap, grading_scale)
    records = episodes_of(cohort, terms, severe, grading_scale)

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        mine = chosen[chosen["subject_id"].isin(stratum["subject_id"])]
        rows = []
        for name in terms:
            part = mine[mine["term"] == name]
            rows += [
                {"term": name, "measure": measure, **_timed(part, measure, conf_level)}
                for measure in MEASURES
            ]
        frame = pd.DataFrame(rows)
        apart = {name: _set_apart(records[records["term"] == name], stratum) for name in terms}
        frame["note"] = [
            joined_notes("" if len(stratum) else message("no subjects"), note, apart[name])
            for name, note in zip(frame["term"], frame["note"], strict=True)
        ]
        return frame

    spec = cohort.spec(
        "toxicity_timing",
        endpoint=message("Timing of {toxicity}", toxicity=severe.of(term_words(study, terms))),
        method=message(
            "{episodes}, medians with {level} % limits, ongoing episodes censored at the end of "
            "follow-up (Kaplan–Meier)",
            episodes=message(_WHICH[episode]),
            level=level_text(conf_level),
        ),
        by=by,
        conf_level=conf_level,
        terms=terms,
        min_grade=min_grade,
        min_severity=min_severity,
        episode=episode,
        gap=float(gap),
        grading_scale=grading_scale,
    )
    labels = level_labels(study.vocabulary, by) | term_labels(study, terms)
    return Result(
        estimate_by(study.vocabulary, cohort.eligible, cohort.subjects, by, estimate), spec, labels
    )


def toxicity_duration(
    cohort: Cohort,
    term: str,
    *,
    min_grade: int = 1,
    min_severity: str | None = None,
    episode: str = "first",
    gap: float = 0,
    by: str | Iterable[str] | None = None,
    grading_scale: str | Mapping[str, str] | None = None,
    conf_type: str = "beta product",
    conf_level: float = 0.95,
) -> Result:
    """Estimate the probability over time that an episode is still going on (Kaplan-Meier).

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    term : str
        A toxicity of the study's vocabulary.
    min_grade : {1, 2, 3, 4, 5}
        Smallest grade that counts, of the worst of an episode.
    min_severity : str, optional
        Smallest severity that counts.
    episode : {"first", "worst", "all"}
        Which episode of a subject.
    gap : float
        Records at most so many days apart are one episode.
    by : str or list of str, optional
        Columns of the subjects table; one curve for each stratum.
    grading_scale : str or mapping of str to str, optional
        The scale whose grades count, where a study has several.
    conf_type : {"beta product", "beta product mid-P", "log-log", "log", "plain", "arcsine"}
        Pointwise limits; with ``episode="all"`` they take the episodes of a subject as independent.
    conf_level : float
        Pointwise confidence level.

    Returns
    -------
    Result
        For each stratum a row at 0 and at every distinct duration: ``time`` in days from onset,
        ``n`` episodes, ``n_missing`` (onset unknown: left out), ``n_risk``, ``n_event`` resolved,
        ``n_censor`` ongoing, ``estimate``, ``std_error``, ``conf_low``, ``conf_high``, ``note``; in
        the shape of `survival_curve`.

    Raises
    ------
    CarstatsError
        As for `toxicity_timing`.

    Examples
    --------
    >>> figure = cs.plot(cs.toxicity_duration(cohort, "CRS"))
    """
    conf_type = check_choice("conf_type", conf_type, CONF_TYPES)
    check_conf_level(conf_level)
    severe = severe_enough(cohort, min_grade, min_severity)
    by, terms = checked_terms(cohort, [term], by)
    study = cohort.study
    chosen = timed_episodes(cohort, terms, severe, episode, gap, grading_scale)
    records = episodes_of(cohort, terms, severe, grading_scale)

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        mine = chosen[chosen["subject_id"].isin(stratum["subject_id"])]
        known = mine[mine["onset_day"].notna()]
        counts = {"n": len(mine), "n_missing": len(mine) - len(known)}
        apart = _set_apart(records, stratum)
        if not len(known):
            values = dict.fromkeys(["estimate", "std_error", "conf_low", "conf_high"], np.nan)
            zero = dict.fromkeys(["n_risk", "n_event", "n_censor"], 0)
            note: str = message("no episode") if len(stratum) else message("no subjects")
            note = joined_notes(note, apart)
            return pd.DataFrame([{"time": 0.0, **counts, **zero, **values, "note": note}])
        table = risk_table(known["duration"].to_numpy(), known["ended"].to_numpy().astype(int))
        curve = kaplan_meier(table, conf_type=conf_type, conf_level=conf_level)
        start = float(curve.low_at_start)
        return pd.DataFrame(
            {
                "time": np.append(0.0, table.time),
                **counts,
                "n_risk": np.append(table.n_risk[0], table.n_risk).astype(int),
                "n_event": np.append(0, table.n_event[:, 0]).astype(int),
                "n_censor": np.append(0, table.n_censor).astype(int),
                "estimate": np.append(1.0, curve.survival),
                "std_error": np.append(0.0, curve.std_error),
                "conf_low": np.append(start, curve.low),
                "conf_high": np.append(np.nan if np.isnan(start) else 1.0, curve.high),
                "note": [apart, *[""] * table.time.size],
            }
        )

    spec = cohort.spec(
        "toxicity_duration",
        endpoint=message(
            "{toxicity}: still going on", toxicity=severe.of(term_words(study, terms))
        ),
        method=message(
            "{episodes}, Kaplan–Meier from onset, {limits}",
            episodes=message(_WHICH[episode]),
            limits=pointwise_words(conf_type, conf_level),
        ),
        by=by,
        conf_level=conf_level,
        terms=terms,
        min_grade=min_grade,
        min_severity=min_severity,
        episode=episode,
        gap=float(gap),
        conf_type=conf_type,
    )
    labels = level_labels(study.vocabulary, by) | term_labels(study, terms)
    frame = estimate_by(study.vocabulary, cohort.eligible, cohort.subjects, by, estimate)
    return Result(frame, replace(spec, origin="onset"), labels)


def _set_apart(records: pd.DataFrame, stratum: pd.DataFrame) -> str:
    """Say what could not be timed: of unknown grade, or before the infusion."""
    return joined_notes(left_out_note(records, stratum), before_note(records, stratum))


_WHICH = {
    "first": mark("the first episode of each subject"),
    "worst": mark("the worst episode of each subject"),
    "all": mark("every episode"),
}


def timed_episodes(
    cohort: Cohort, terms: list[str], severe: Severe, episode: str, gap: float, grading_scale
) -> pd.DataFrame:
    """Return the chosen episodes that count with ``duration``, ``ended``, ``end_day``."""
    episode = check_choice("episode", episode, EPISODES)
    check_number("gap", gap, low=0)
    rows = merged_episodes(episodes_of(cohort, terms, severe, grading_scale), severe, gap=gap)
    rows = rows[rows["counts"]].sort_values(["term", "subject_id", "onset_day"], kind="stable")
    if episode == "worst":
        rows = rows.sort_values("least", ascending=False, kind="stable", na_position="last")
    if episode != "all":
        rows = rows.drop_duplicates(["term", "subject_id"]).sort_index()
    subjects = cohort.subjects.set_index("subject_id")
    end = rows["subject_id"].map(followup_end(subjects))
    ended = rows["resolution_day"].notna()
    last = rows["resolution_day"].where(ended, end)
    dead = ~ended & rows["subject_id"].map(died(subjects))
    return rows.assign(
        ended=ended, end_day=last, duration=last - rows["onset_day"] + 1, at_death=dead
    )


def _timed(rows: pd.DataFrame, measure: str, conf_level: float) -> dict[str, Any]:
    known = rows[rows["onset_day"].notna()]
    missing = len(rows) - len(known)
    counts = {"n": len(rows), "n_missing": missing, "n_event": len(known), "n_censor": 0}
    nothing = "" if len(rows) else message("nobody had it")
    unknown = message("{n} of unknown onset left out", n=missing) if missing else ""
    if measure == "onset":
        m = sample_median(known["onset_day"], conf_level=conf_level)
        few = message("too few for limits of the median") if m.n and np.isnan(m.low) else ""
        return {
            **counts, "estimate": m.estimate, "conf_low": m.low, "conf_high": m.high, "q1": m.q1,
            "q3": m.q3, "minimum": m.minimum, "maximum": m.maximum,
            "note": joined_notes(nothing, unknown, few),
        }  # fmt: skip
    time = known["duration" if measure == "duration" else "end_day"].to_numpy(float)
    ended = known["ended"].to_numpy(bool)
    counts |= {"n_event": int(ended.sum()), "n_censor": int((~ended).sum())}
    if not len(known):
        empty = dict.fromkeys(
            ["estimate", "conf_low", "conf_high", "q1", "q3", "minimum", "maximum"], np.nan
        )
        return {**counts, **empty, "note": joined_notes(nothing, unknown)}
    table = risk_table(time, ended.astype(int))
    curve = kaplan_meier(table, conf_level=conf_level)
    middle, early, late = (curve_quantile(table, curve, p) for p in (0.5, 0.25, 0.75))
    open_end = ~ended & (time == time.max())
    ongoing, dead = counts["n_censor"], int(known["at_death"].sum())
    return {
        **counts,
        "estimate": float(middle.estimate),
        "conf_low": float(middle.low),
        "conf_high": float(middle.high),
        "q1": float(early.estimate),
        "q3": float(late.estimate),
        "minimum": float(time.min()),
        "maximum": float(time.max()),
        "note": joined_notes(
            unknown,
            message("{n} ongoing at the end of follow-up", n=ongoing) if ongoing else "",
            message("{n} of them at death", n=dead) if dead else "",
            message("the maximum is censored") if open_end.any() else "",
            "" if middle.reached else message("median not reached"),
            few_at_risk(float(middle.n_risk), message("the median")),
        ),
    }
