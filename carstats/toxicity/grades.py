"""Subjects by the worst grade, or severity, of each toxicity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from carstats.cohort import Cohort, check_cohort
from carstats.errors import CarstatsError, check_choice, listed
from carstats.messages import mark, message
from carstats.result import Result
from carstats.strata import estimate_by, level_labels
from carstats.toxicity.episodes import (
    GRADES,
    asked,
    checked_terms,
    frequent_terms,
    levels_of,
    one_scale,
    severity_word,
    term_labels,
)

# Codes of a subject's worst grade beside 1 to 5.
_NONE, _UNGRADED = -1.0, 0.0
_NONE_WORD, _UNGRADED_WORD = mark("none"), mark("not graded")


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
        For each stratum, term and ``grade`` (0 for none, 1 to 5, NaN for an episode without one):
        ``level`` in words, ``n`` subjects, ``n_event`` with this worst grade, ``estimate`` =
        n_event / n. The grades of a term add up to ``n``.

    Raises
    ------
    CarstatsError
        If a term is not in the vocabulary, the study has no toxicities table, it does not have the
        scale asked for, or a term was graded on several scales and none is chosen.
    """
    check_cohort(cohort)
    scale = _scale(cohort, scale)
    by, terms = checked_terms(cohort, frequent_terms(cohort) if terms is None else terms, by)
    study = cohort.study
    episodes = cohort.table("toxicities")
    episodes = episodes[episodes["term"].isin(terms)]
    level = levels_of(study, episodes, scale)
    if scale == "grade":
        level = one_scale(cohort, episodes, level, grading_scale)
    episodes = episodes.assign(worst=level)
    named = study.vocabulary.names("severity") if scale == "severity" else map(str, GRADES)
    graded = dict(zip(GRADES, named, strict=True))
    levels = {_NONE: _NONE_WORD, **graded, _UNGRADED: _UNGRADED_WORD}
    # The worst of a subject's episodes that have a grade, `_UNGRADED` where none has.
    worst = {
        name: rows.groupby("subject_id")["worst"].max().fillna(_UNGRADED)
        for name, rows in ((name, episodes[episodes["term"] == name]) for name in terms)
    }

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        rows = []
        for name in terms:
            mine = asked(stratum, name)
            n = len(mine)
            grade = mine["subject_id"].map(worst[name]).fillna(_NONE)
            for code, words in levels.items():
                k = int((grade == code).sum())
                rows.append(
                    {
                        "term": name,
                        "grade": {_NONE: 0.0, _UNGRADED: np.nan}.get(code, float(code)),
                        "level": words,
                        "n": n,
                        "n_event": k,
                        "estimate": k / n if n else np.nan,
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


def _scale(cohort: Cohort, scale: str | None) -> str:
    """Return the scale asked for, or the one that the study's episodes have."""
    episodes = cohort.study.table("toxicities")
    has = [name for name in ("grade", "severity") if name in episodes and episodes[name].any()]
    if scale is None:
        return has[0] if has else "grade"
    check_choice("scale", scale, ("grade", "severity"))
    if scale not in has and len(episodes):
        raise CarstatsError(
            message(
                "`scale` is {scale}; the episodes have: {has}.",
                scale=repr(scale),
                has=listed(has) or message("neither"),
            )
        )
    return scale
