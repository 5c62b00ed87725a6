"""Toxicity-rate analyses of a cohort."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from carstats.cohort import Cohort, check_cohort
from carstats.errors import CarstatsError, check_choice, check_conf_level, listed
from carstats.estimators.proportion import METHODS, proportion_limits
from carstats.result import Result
from carstats.strata import check_by, estimate_by, level_labels

GRADES = (1, 2, 3, 4, 5)


def toxicity_rate(
    cohort: Cohort,
    term: str | Iterable[str],
    *,
    min_grade: int = 1,
    by: str | Iterable[str] | None = None,
    method: str = "Clopper-Pearson",
    conf_level: float = 0.95,
) -> Result:
    """Estimate the proportion of subjects with at least one episode of a toxicity.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; usually the infused. The denominator is its subjects, whether or
        not the toxicities table names them.
    term : str or list of str
        Toxicities of the study's vocabulary, such as ``"CRS"``; one set of rows for each.
    min_grade : {1, 2, 3, 4, 5}
        Smallest grade that counts. With 1 an episode without a grade counts too.
    by : str or list of str, optional
        Columns of the subjects table; one rate for each stratum.
    method : {"Clopper-Pearson", "Wilson"}
        Confidence limits.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum and term: ``term``, ``min_grade``, ``n`` subjects, ``n_missing`` of them
        with an ungraded episode that might have reached `min_grade` and none that did (counted as
        without event), ``n_event``, ``estimate`` = n_event / n with ``conf_low`` and
        ``conf_high``, ``note``.

    Raises
    ------
    CarstatsError
        If a term is not in the vocabulary (never a rate of 0), the study has no toxicities, or
        grades are asked of a table without any.
    """
    check_choice("method", method, METHODS)
    check_conf_level(conf_level)
    check_choice("min_grade", min_grade, GRADES)
    by, terms = _checked(cohort, term, by)
    study, subjects = cohort.study, cohort.subjects
    episodes = _graded(cohort, terms, needed=min_grade > 1)
    threshold = min_grade if min_grade > 1 else _UNGRADED
    worst = {name: _worst(episodes, name) for name in terms}
    ungraded = {
        name: set(episodes.loc[(episodes["term"] == name) & episodes["grade"].isna(), "subject_id"])
        for name in terms
    }

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        rows = []
        for name in terms:
            reached = stratum["subject_id"].map(worst[name]) >= threshold
            unknown = int((~reached & stratum["subject_id"].isin(ungraded[name])).sum())
            n, k = len(stratum), int(reached.sum())
            low, high = proportion_limits(k, n, method=method, conf_level=conf_level)
            rows.append(
                {
                    "term": name,
                    "min_grade": min_grade,
                    "n": n,
                    "n_missing": unknown,
                    "n_event": k,
                    "estimate": k / n if n else np.nan,
                    "conf_low": float(low),
                    "conf_high": float(high),
                    "note": _rate_note(n, k, unknown),
                }
            )
        return pd.DataFrame(rows)

    at_least = f", grade {min_grade} or worse" if min_grade > 1 else ", any grade"
    spec = cohort.spec(
        "toxicity_rate",
        endpoint=f"{_names(study, terms)}{at_least}",
        method="subjects with at least one episode, "
        f"{method.replace('-', '–')} {conf_level * 100:g} % limits",
        by=by,
        conf_level=conf_level,
        terms=terms,
        min_grade=min_grade,
        limits=method,
    )
    labels = level_labels(study.vocabulary, by) | _term_labels(study, terms)
    return Result(
        estimate_by(study.vocabulary, cohort.eligible, subjects, by, estimate), spec, labels
    )


def toxicity_grades(
    cohort: Cohort,
    terms: str | Iterable[str] | None = None,
    *,
    by: str | Iterable[str] | None = None,
    scale: str | None = None,
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

    Returns
    -------
    Result
        For each stratum, term and ``grade`` (0 for none, 1 to 5, NaN for an episode without one):
        ``level`` in words, ``n`` subjects, ``n_event`` with this worst grade, ``estimate`` =
        n_event / n. The grades of a term add up to ``n``.

    Raises
    ------
    CarstatsError
        If a term is not in the vocabulary, the study has no toxicities table, or it does not have
        the scale asked for.
    """
    check_cohort(cohort)
    scale = _scale(cohort, scale)
    if terms is None:
        terms = _frequent_terms(cohort)
    by, terms = _checked(cohort, terms, by)
    study = cohort.study
    episodes = _graded(cohort, terms, needed=False)
    severities = study.vocabulary.names("severity")
    if scale == "severity":
        codes = {name: code for code, name in enumerate(severities, start=1)}
        episodes = episodes.assign(grade=episodes["severity"].map(codes).astype(float))
    named = severities if scale == "severity" else [str(grade) for grade in GRADES]
    levels = {_NONE: "none", **dict(zip(GRADES, named, strict=True)), _UNGRADED: "not graded"}
    worst = {name: _worst(episodes, name) for name in terms}

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        n = len(stratum)
        rows = []
        for name in terms:
            grade = stratum["subject_id"].map(worst[name]).fillna(_NONE)
            for code, level in levels.items():
                k = int((grade == code).sum())
                rows.append(
                    {
                        "term": name,
                        "grade": {_NONE: 0.0, _UNGRADED: np.nan}.get(code, float(code)),
                        "level": level,
                        "n": n,
                        "n_event": k,
                        "estimate": k / n if n else np.nan,
                    }
                )
        return pd.DataFrame(rows)

    spec = cohort.spec(
        "toxicity_grades",
        endpoint=f"Worst {scale} of each toxicity",
        method="subjects by their worst episode",
        by=by,
        terms=terms,
        scale=scale,
    )
    labels = level_labels(study.vocabulary, by) | _term_labels(study, terms)
    return Result(
        estimate_by(study.vocabulary, cohort.eligible, cohort.subjects, by, estimate), spec, labels
    )


# Codes of a subject's worst grade beside 1 to 5.
_NONE, _UNGRADED = -1.0, 0.0


def _scale(cohort: Cohort, scale: str | None) -> str:
    """Return the scale asked for, or the one that the study's episodes have."""
    episodes = cohort.study.table("toxicities")
    has = [name for name in ("grade", "severity") if name in episodes and episodes[name].any()]
    if scale is None:
        return has[0] if has else "grade"
    check_choice("scale", scale, ("grade", "severity"))
    if scale not in has and len(episodes):
        raise CarstatsError(f"`scale` is {scale!r}; the episodes have: {listed(has) or 'neither'}.")
    return scale


def _frequent_terms(cohort: Cohort) -> list[str]:
    counts = cohort.table("toxicities").groupby("term")["subject_id"].nunique()
    order = [name for name in cohort.study.vocabulary.names("toxicity") if name in counts]
    if not order:
        raise CarstatsError("no subject of the cohort had a toxicity; name the `terms` to count.")
    return sorted(order, key=lambda name: -counts[name])


def _checked(cohort: Cohort, term, by) -> tuple[list[str], list[str]]:
    check_cohort(cohort)
    terms = [term] if isinstance(term, str) else list(term)
    if not terms:
        raise CarstatsError("`term` is empty; name at least one toxicity.")
    vocabulary = cohort.study.vocabulary
    names = [vocabulary.require("term", "toxicity", name) for name in terms]
    return check_by(cohort.subjects, by), list(dict.fromkeys(names))


def _graded(cohort: Cohort, terms: list[str], *, needed: bool) -> pd.DataFrame:
    episodes = cohort.table("toxicities")
    episodes = episodes[episodes["term"].isin(terms)]
    has_grades = "grade" in episodes and (episodes["grade"].notna().any() or episodes.empty)
    if needed and not has_grades:
        instead = " It has severities." if "severity" in episodes else ""
        raise CarstatsError(
            f"`min_grade` asks for grades, and no episode of {listed(terms)} has one.{instead} "
            "Use min_grade=1, or give grades."
        )
    return episodes if "grade" in episodes else episodes.assign(grade=np.nan)


def _worst(episodes: pd.DataFrame, term: str) -> pd.Series:
    """Return each subject's worst grade; `_UNGRADED` where no episode has one."""
    return episodes[episodes["term"] == term].groupby("subject_id")["grade"].max().fillna(_UNGRADED)


def _rate_note(n: int, k: int, unknown: int) -> str:
    if not n:
        return "no subjects"
    if unknown:
        return (
            f"{unknown} with an ungraded episode counted as without; at most {k + unknown} of {n}"
        )
    return ""


def _names(study, terms: list[str]) -> str:
    return ", ".join(study.vocabulary.label("toxicity", name) for name in terms)


def _term_labels(study, terms: list[str]) -> dict[str, dict[str, str]]:
    return {"term": {name: study.vocabulary.label("toxicity", name) for name in terms}}
