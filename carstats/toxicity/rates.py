"""Rates of toxicity: subjects with at least one episode, ever or by window of onset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import counted, estimate_by, level_labels, side_by_side
from carstats.counts.counted import Counts
from carstats.counts.standing import counted_cohort, refuse_unknown, terms_of
from carstats.errors import check_choice, check_conf_level
from carstats.estimators.proportions.proportion import METHODS
from carstats.messages import joined_notes, message
from carstats.result import Result
from carstats.toxicity.episodes import (
    Severe,
    asked,
    checked_terms,
    checked_windows,
    episodes_of,
    followup_end,
    left_unasked,
    nobody_asked,
    severe_enough,
    term_labels,
    term_words,
    zero_note,
)
from carstats.toxicity.unknown import (
    before_note,
    bounded_limits,
    possible_columns,
    range_note,
    uncollected_note,
    why_unknown,
)
from carstats.wording import limits_words


def toxicity_rate(
    cohort: Cohort | Counts,
    term: str | Iterable[str],
    *,
    min_grade: int = 1,
    min_severity: str | None = None,
    window: str | tuple[float, float] | Iterable[tuple[float, float]] | None = None,
    by: str | Iterable[str] | None = None,
    grading_scale: str | Mapping[str, str] | None = None,
    method: str = "Clopper-Pearson",
    conf_level: float = 0.95,
) -> Result:
    """Estimate the proportion of subjects with at least one episode of a toxicity.

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`; usually the infused. The denominator is its subjects, whether or
        not the toxicities table names them.
    term : str or list of str
        Toxicities of the study's vocabulary, such as ``"CRS"``; one set of rows for each.
    min_grade : {1, 2, 3, 4, 5}
        Smallest grade that counts. With 1 an episode without a grade counts too. With more, one
        without a grade counts where its ``grade_at_least`` proves it, and else is unknown.
    min_severity : str, optional
        Smallest severity that counts, such as ``"severe"``, where the study has severities.
    window : (float, float), list of these, or ``"standard"``, optional
        First and last day of onset that count, both included; ``"standard"`` is days 0 to 30, 31 to
        100, 101 to 365 and after 365. The denominator of a window is the subjects still followed on
        its first day, not all who were treated. By default every onset counts.
    by : str or list of str, optional
        Columns of the subjects table; one rate for each stratum.
    grading_scale : str or mapping of str to str, optional
        The scale whose grades count, for all terms or by term, where a study has several.
    method : str
        Confidence limits; see `carstats.estimators.proportions.proportion`. Clopper-Pearson by
        default.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum, term and window: ``term``, ``min_grade``, with windows ``window_start``
        and ``window_end``, ``n`` subjects at risk, ``n_missing`` of them without a proven event
        who may have had one (an episode of unknown grade or onset, or not known whether there was
        one), ``n_event`` proven, ``estimate`` = n_event / n, ``conf_low`` (of n_event) and
        ``conf_high`` (of n_possible), ``n_possible`` = n_event + n_missing, ``estimate_possible``,
        ``note``. With no event the note gives the upper limit in words. An episode that began
        before the infusion does not count; the note says how many have one.

    Raises
    ------
    CarstatsError
        If a term is not in the vocabulary (never a rate of 0), the study has no toxicities, grades
        are asked of a table without any or with several scales, or an argument is not allowed.

    References
    ----------
    Clopper CJ, Pearson ES. Biometrika 1934; 26: 404-413.

    Examples
    --------
    >>> cs.toxicity_rate(cohort, "CRS", min_grade=3, by="target")
    """
    method = check_choice("method", method, METHODS)
    check_conf_level(conf_level)
    if isinstance(cohort, Counts):
        refuse_unknown("min_severity", cohort, min_severity)
        refuse_unknown("window", cohort, window)
        return _counted_rates(cohort, term, min_grade, by, grading_scale, method, conf_level)
    severe = severe_enough(cohort, min_grade, min_severity)
    by, terms = checked_terms(cohort, term, by)
    windows = None if window is None else checked_windows(window)
    study = cohort.study
    frame = rate_rows(
        cohort, terms, severe, windows, by, grading_scale, method=method, conf_level=conf_level
    )
    endpoint, limits = severe.of(term_words(study, terms)), limits_words(method, conf_level)
    words = message("subjects with at least one episode, {limits}", limits=limits)
    if windows is not None:
        endpoint = message("{toxicity}, by onset", toxicity=endpoint)
        words = message(
            "subjects with at least one episode among those followed at the window's start, "
            "{limits}",
            limits=limits,
        )
    spec = cohort.spec(
        "toxicity_rate",
        endpoint=endpoint,
        method=words,
        by=by,
        conf_level=conf_level,
        terms=terms,
        min_grade=min_grade,
        min_severity=min_severity,
        window=windows and [[low, None if np.isinf(high) else high] for low, high in windows],
        grading_scale=grading_scale,
        limits=method,
    )
    labels = level_labels(study.vocabulary, by) | term_labels(study, terms)
    return Result(frame, spec, labels)


def _counted_rates(
    counts: Counts, term, min_grade, by, grading_scale, method, conf_level
) -> Result:
    """Return the rates of terms that were counted, each by itself."""
    names, found = terms_of(counts, term), []
    for name in names:
        cohort = counted_cohort(counts, name, "toxicity")
        found.append(
            toxicity_rate(
                cohort, name, min_grade=min_grade, by=by, grading_scale=grading_scale,
                method=method, conf_level=conf_level,
            )
        )  # fmt: skip
    first, study = found[0], cohort.study
    words = severe_enough(cohort, min_grade, None).of(term_words(study, names))
    spec = replace(first.spec, endpoint=words, options={**first.spec.options, "terms": names})
    frame = side_by_side([result.frame for result in found])
    return Result(frame, spec, first.labels | term_labels(study, names))


def rate_rows(
    cohort: Cohort,
    terms: list[str],
    severe: Severe,
    windows: list[tuple[float, float]] | None,
    by: list[str],
    grading_scale: str | Mapping[str, str] | None,
    *,
    method: str = "Clopper-Pearson",
    conf_level: float = 0.95,
    bounded: bool = True,
) -> pd.DataFrame:
    """Return the rows of `toxicity_rate`."""
    episodes = episodes_of(cohort, terms, severe, grading_scale)
    subjects = cohort.subjects.assign(followed_to=followup_end(cohort.subjects))

    def row(stratum: pd.DataFrame, name: str, days: tuple[float, float] | None) -> dict:
        mine = episodes[episodes["term"] == name]
        everyone, stratum = stratum, asked(stratum, name)
        at_risk = stratum if days is None else stratum[stratum["followed_to"] >= days[0]]
        certain, possible = _had(mine, days)
        had = at_risk["subject_id"].isin(certain)
        unknown = counted(at_risk[~had & at_risk["subject_id"].isin(possible)])
        n, k = counted(at_risk), counted(at_risk[had])
        low, high = map(float, bounded_limits(k, unknown, n, method=method, conf_level=conf_level))
        return {
            "term": name,
            "min_grade" if severe.scale == "grade" else "min_severity": severe.name or severe.least,
            **({} if days is None else {"window_start": days[0], "window_end": days[1]}),
            "n": n,
            "n_missing": unknown,
            "n_event": k,
            "estimate": k / n if n else np.nan,
            "conf_low": low,
            "conf_high": high,
            **possible_columns(n, k, unknown),
            "note": joined_notes(
                nobody_asked(everyone, name) or _note(stratum, n, k, unknown, days, mine),
                left_unasked(everyone, name),
                zero_note(n, k, high) if bounded else "",
                uncollected_note(cohort, name) if n else "",
                before_note(mine, stratum),
                _left_early(at_risk, days),
            ),
        }

    spans: list[tuple[float, float] | None] = [*windows] if windows else [None]

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame([row(stratum, name, days) for name in terms for days in spans])

    return estimate_by(cohort.study.vocabulary, cohort.eligible, subjects, by, estimate)


def _had(episodes: pd.DataFrame, days: tuple[float, float] | None) -> tuple[set, set]:
    """Return who had a certain event in the window, and who may have had one."""
    certain, possible = episodes["counts"], episodes["counts"] | episodes["unknown"]
    if days is not None:
        onset = np.floor(episodes["onset_day"])
        inside = onset.between(*days)
        certain, possible = certain & inside, possible & (inside | onset.isna())
    return set(episodes.loc[certain, "subject_id"]), set(episodes.loc[possible, "subject_id"])


def _note(stratum, n: int, k: int, unknown: int, days, episodes: pd.DataFrame) -> str:
    if not len(stratum):
        return message("no subjects")
    if not n:
        return message("nobody followed to day {day}", day=f"{days[0]:g}")
    mine = episodes[episodes["subject_id"].isin(stratum["subject_id"])]
    undated = days is not None and bool((mine["counts"] & mine["onset_day"].isna()).any())
    return range_note(n, k, unknown, why_unknown(mine, undated=undated))


def _left_early(at_risk: pd.DataFrame, days) -> str:
    if days is None or np.isinf(days[1]) or not len(at_risk):
        return ""
    early = counted(at_risk[at_risk["followed_to"] < days[1]])
    if not early:
        return ""
    day = f"{days[1]:g}"
    return message(
        "{early} of the {n} left before day {day}", early=early, n=counted(at_risk), day=day
    )
