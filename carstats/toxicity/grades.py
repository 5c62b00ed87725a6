"""Subjects by the worst grade, or severity, of each toxicity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort
from carstats.cohort.strata import estimate_by, level_labels
from carstats.errors import CarstatsError, check_choice, listed
from carstats.messages import joined_notes, mark, message, message_n
from carstats.result import Result
from carstats.toxicity.episodes import (
    GRADES,
    asked,
    checked_terms,
    frequent_terms,
    graded,
    severity_word,
    term_labels,
)
from carstats.toxicity.unknown import before_note, began_before

# Codes of a subject's worst grade beside 1 to 5.
_NONE, _UNGRADED, _UNKNOWN = -1.0, 0.0, -0.5
_NONE_WORD, _UNGRADED_WORD = mark("none"), mark("not graded")
NOT_KNOWN = mark("not known whether it happened")


def toxicity_grades(
    cohort: Cohort,
    terms: str | Iterable[str] | None = None,
    *,
    by: str | Iterable[str] | None = None,
    scale: str | None = None,
    grading_scale: str | Mapping[str, str] | None = None,
) -> Result:
    """Count subjects by the worst grade of each toxicity.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    terms : str or list of str, optional
        Toxicities of the study's vocabulary; by default all that the cohort's subjects had, the
        most frequent first.
    by : str or list of str, optional
        Columns of the subjects table; one distribution for each stratum.
    scale : {"grade", "severity"}, optional
        What orders the episodes. By default the grade, and the severity (mild to fatal as 1 to 5)
        where the study has severities and not one grade.
    grading_scale : str or mapping of str to str, optional
        The scale whose grades count, for all terms or by term, where a study has several; an
        episode graded on another counts as not graded.

    Returns
    -------
    Result
        For each stratum, term and ``grade`` (0 for none, 1 to 5, NaN for an episode without one,
        and where it is not known whether there was one): ``level`` in words, ``n`` subjects,
        ``n_missing`` of those counted whose worst grade may be higher (another episode of theirs
        has no grade, or theirs is only known to be at least this), ``n_event`` with this worst
        grade, ``estimate`` = n_event / n, ``note``. The grades of a term add up to ``n``. Episodes
        that began before the infusion do not count; the note of "none" says how many have one.

    Raises
    ------
    CarstatsError
        If a term is not in the vocabulary, the study has no toxicities table, it does not have the
        scale asked for, or a term was graded on several scales and none is chosen.

    Examples
    --------
    >>> figure = cs.plot(cs.toxicity_grades(cohort, ["CRS", "ICANS"], by="target"))
    """
    check_cohort(cohort)
    scale = _scale(cohort, scale)
    by, terms = checked_terms(cohort, frequent_terms(cohort) if terms is None else terms, by)
    study = cohort.study
    episodes = cohort.table("toxicities")
    episodes = episodes[episodes["term"].isin(terms)]
    level, least = graded(cohort, episodes, scale, grading_scale)
    apart = episodes.assign(before=began_before(episodes))
    episodes = episodes.assign(level=level, least=least)[~apart["before"]]
    named = study.vocabulary.names("severity") if scale == "severity" else map(str, GRADES)
    levels: dict[Any, str] = {_NONE: _NONE_WORD, **dict(zip(GRADES, named, strict=True))}
    levels[_UNGRADED] = _UNGRADED_WORD
    if (episodes["least"] == 0).any():
        levels[_UNKNOWN] = NOT_KNOWN
    worst, open_ends = {}, {}
    for name in terms:
        rows = episodes[episodes["term"] == name]
        worst[name] = _worst(rows)
        # Whose worst grade may be higher than what is proven.
        open_ends[name] = set(rows.loc[rows["level"].isna(), "subject_id"])

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        rows = []
        for name in terms:
            mine = asked(stratum, name)
            n = len(mine)
            grade = mine["subject_id"].map(worst[name]).fillna(_NONE)
            open_ended = mine["subject_id"].isin(open_ends[name]) & (grade >= 1) & (grade < 5)
            early = before_note(apart[apart["term"] == name], mine)
            for code, words in levels.items():
                k = int((grade == code).sum())
                above = int((open_ended & (grade == code)).sum())
                rows.append(
                    {
                        "term": name,
                        "grade": {_NONE: 0.0, _UNGRADED: np.nan, _UNKNOWN: np.nan}.get(
                            code, float(code)
                        ),
                        "level": words,
                        "n": n,
                        "n_missing": above,
                        "n_event": k,
                        "estimate": k / n if n else np.nan,
                        "note": joined_notes(_at_least_note(above), early if code == _NONE else ""),
                    }
                )
        return pd.DataFrame(rows)

    spec = cohort.spec(
        "toxicity_grades",
        endpoint=message("Worst grade of each toxicity")
        if scale == "grade"
        else message("Worst severity of each toxicity"),
        method=message("subjects by their worst episode"),
        by=by,
        terms=terms,
        scale=scale,
        grading_scale=grading_scale,
    )
    labels = level_labels(study.vocabulary, by) | term_labels(study, terms)
    labels["level"] = {word: severity_word(word) for word in levels.values()}
    return Result(
        estimate_by(study.vocabulary, cohort.eligible, cohort.subjects, by, estimate), spec, labels
    )


def _worst(rows: pd.DataFrame) -> pd.Series:
    """Return by subject the worst that is proven: a grade, or a code where there is none."""
    proven = rows["least"].where(rows["level"].notna() | (rows["least"] > 1))
    code = np.where(rows["least"] > 0, _UNGRADED, _UNKNOWN)
    return proven.fillna(pd.Series(code, rows.index)).groupby(rows["subject_id"]).max()


def _at_least_note(above: int) -> str:
    if not above:
        return ""
    return message_n(
        "{n} of these at least of this grade",
        "{n} of these at least of this grade",
        above,
    )


def _scale(cohort: Cohort, scale: str | None) -> str:
    """Return the scale asked for, or the one that the study's episodes have."""
    episodes = cohort.study.table("toxicities")
    has = [name for name in ("grade", "severity") if name in episodes and episodes[name].any()]
    if scale is None:
        return has[0] if has else "grade"
    scale = check_choice("scale", scale, ("grade", "severity"))
    if scale not in has and len(episodes):
        raise CarstatsError(
            message(
                "`scale` is {scale}; the episodes have: {has}.",
                scale=repr(scale),
                has=listed(has) or message("neither"),
            )
        )
    return scale
