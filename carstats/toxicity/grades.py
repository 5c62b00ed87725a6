"""Subjects by the worst grade, or severity, of each toxicity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import counted, estimate_by, level_labels, side_by_side
from carstats.counts.counted import Counts
from carstats.counts.standing import counted_cohort, counted_terms, refuse_unknown
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
from carstats.toxicity.unknown import before_note, began_before, worst_proven

# Codes of a subject's worst grade beside 1 to 5.
_NONE, _UNGRADED, _UNKNOWN = -1.0, 0.0, -0.5
_NONE_WORD, _UNGRADED_WORD = mark("none"), mark("not graded")
NOT_KNOWN = mark("not known whether it happened")


def toxicity_grades(
    cohort: Cohort | Counts,
    terms: str | Iterable[str] | None = None,
    *,
    by: str | Iterable[str] | None = None,
    scale: str | None = None,
    grading_scale: str | Mapping[str, str] | None = None,
) -> Result:
    """Count subjects by the worst grade of each toxicity.

    Parameters
    ----------
    cohort : Cohort or Counts
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
    refuse_unknown("scale", cohort, scale not in (None, "grade"))
    first, terms = counted_terms(cohort, terms)
    scale = _scale(first, scale)
    by, terms = checked_terms(first, frequent_terms(first) if terms is None else terms, by)
    study = first.study
    cohorts = {name: counted_cohort(cohort, name, "toxicity") for name in terms}
    worst = {name: _worst(cohorts[name], name, scale, grading_scale) for name in terms}
    named = study.vocabulary.names("severity") if scale == "severity" else map(str, GRADES)
    levels: dict[Any, str] = {_NONE: _NONE_WORD, **dict(zip(GRADES, named, strict=True))}
    levels[_UNGRADED] = _UNGRADED_WORD
    if any(found.perhaps for found in worst.values()):
        levels[_UNKNOWN] = NOT_KNOWN

    def rows_of(name: str, stratum: pd.DataFrame) -> pd.DataFrame:
        rows, mine, found = [], asked(stratum, name), worst[name]
        n = counted(mine)
        grade = mine["subject_id"].map(found.grade).fillna(_NONE)
        open_ended = mine["subject_id"].isin(found.open) & (grade >= 1) & (grade < 5)
        early = before_note(found.episodes, mine)
        for code, words in levels.items():
            k = counted(mine[grade == code])
            above = counted(mine[open_ended & (grade == code)])
            rows.append(
                {
                    "term": name,
                    "grade": np.nan if code in (_UNGRADED, _UNKNOWN) else max(float(code), 0.0),
                    "level": words,
                    "n": n,
                    "n_missing": above,
                    "n_event": k,
                    "estimate": k / n if n else np.nan,
                    "note": joined_notes(_at_least_note(above), early if code == _NONE else ""),
                }
            )
        return pd.DataFrame(rows)

    frame = side_by_side(
        [
            estimate_by(study.vocabulary, mine.eligible, mine.subjects, by, partial(rows_of, name))
            for name, mine in cohorts.items()
        ],
        len(levels),
    )
    spec = first.spec(
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
    return Result(frame, spec, labels)


@dataclass(frozen=True)
class _Worst:
    """What is known of a term: by subject the worst grade, or a code, and whose may be higher."""

    episodes: pd.DataFrame
    grade: pd.Series
    open: frozenset
    perhaps: bool


def _worst(cohort: Cohort, name: str, scale: str, grading_scale) -> _Worst:
    episodes = cohort.table("toxicities")
    episodes = episodes[episodes["term"] == name]
    level, least = graded(cohort, episodes, scale, grading_scale)
    episodes = episodes.assign(before=began_before(episodes), level=level, least=least)
    after = episodes[~episodes["before"]]
    return _Worst(
        episodes,
        worst_proven(after, ungraded=_UNGRADED, unknown=_UNKNOWN),
        frozenset(after.loc[after["level"].isna(), "subject_id"]),
        bool((after["least"] == 0).any()),
    )


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
