"""Table 1: the subjects of a cohort at enrolment."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort, chosen_columns
from carstats.cohort.strata import (
    check_by,
    estimate_by,
    level_labels,
    require_columns,
    stratum_keys,
    stratum_mask,
)
from carstats.errors import CarstatsError, names_given
from carstats.estimators.standardised_difference import mean_difference, share_difference
from carstats.messages import message
from carstats.result import Result

# What the table shows unless asked otherwise, as far as the study has it.
# Texts of more levels are free text or identifiers.
_LEVELS = 30
_VARIABLES = (
    "age",
    "sex",
    "disease",
    "disease_subtype",
    "disease_duration_years",
    "n_prior_therapies",
    "weight_kg",
    "target",
    "platform",
    "cell_source",
    "costimulation",
)


def baseline_table(
    cohort: Cohort,
    *,
    by: str | Iterable[str] | None = None,
    variables: Iterable[str] | None = None,
    standardised: bool = False,
) -> Result:
    """Summarise the subjects' characteristics (Table 1).

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    by : str or list of str, optional
        Columns of the subjects table; one summary for each stratum.
    variables : list of str, optional
        Columns of the subjects table, the study's own included. By default age, sex, disease,
        subtype, duration, prior therapies, weight, target, platform, cell source and
        co-stimulation, as far as the study has them and they are not in `by`.
    standardised : bool
        Whether to add standardised differences between the strata of `by`.

    Returns
    -------
    Result
        For each stratum and variable: ``variable``, ``kind``, ``level``, ``n`` subjects,
        ``n_missing``. A number (``kind`` "number") has one row with ``estimate`` (mean),
        ``std_dev`` (NaN for one subject), ``median``, ``q1``, ``q3``, ``low`` and ``high``; a
        category has a row per level of the cohort with ``n_event`` and ``estimate`` = n_event /
        (n - n_missing). Quartiles are R's type 7. With `standardised` every row of a variable has
        ``smd``: the difference of two strata in units of their spread (means by the pooled standard
        deviation, shares by Mahalanobis distance), of several the largest of two; of those known.

    Raises
    ------
    CarstatsError
        If a column does not exist, or is text with a different value for nearly every subject, or
        `standardised` is asked for without strata.

    References
    ----------
    Austin PC. Stat Med 2009; 28: 3083-3107. Yang D, Dalton JE. SAS Global Forum 2012; paper 335.

    Examples
    --------
    >>> cs.tabulate(cs.baseline_table(cohort, by="target"))
    """
    check_cohort(cohort)
    subjects = cohort.subjects
    by = check_by(subjects, chosen_columns(cohort, by))
    if standardised and not by:
        raise CarstatsError(message("`standardised` compares strata; name the columns of `by`."))
    if variables is None and cohort.study.strata_only:
        # What the outcomes were read from is no baseline; nor is a column of texts or identifiers.
        outcome = set(cohort.study.source("subjects").ignored)
        variables = [
            v for v in subjects.columns[1:]
            if v not in {*by, *outcome}
            and (_is_number(subjects[v]) or _is_category(subjects[v]))
        ]  # fmt: skip
    variables = _chosen(subjects, by, variables)
    if not variables:
        raise CarstatsError(message("`variables` is empty; name the columns of the table."))
    levels = {name: _levels(cohort, name) for name in variables if not _is_number(subjects[name])}

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        rows = []
        for name in variables:
            values = stratum[name]
            start = {"variable": name, "n": len(values), "n_missing": int(values.isna().sum())}
            known = values.dropna()
            if name in levels:
                rows += [_category(start, known, level) for level in levels[name]]
            else:
                rows.append(_number(start, known.astype(float)))
        return pd.DataFrame(rows)[_COLUMNS]

    method = message(
        "mean (standard deviation), median [quartiles], or count (per cent of those known)"
    )
    if standardised:
        method = message(
            "{summaries}; SMD: standardised difference, largest between two strata",
            summaries=method,
        )
    more: dict[str, Any] = {"standardised": True} if standardised else {}
    spec = cohort.spec(
        "baseline_table",
        endpoint=message("Baseline characteristics"),
        method=method,
        by=by,
        variables=variables,
        **more,
    )
    labels = level_labels(cohort.study.vocabulary, [*by, *levels])
    for name, found in levels.items():
        if any(isinstance(level, bool | np.bool_) for level in found):
            labels[name] = {"yes": message("yes"), "no": message("no")}
    frame = estimate_by(cohort.study.vocabulary, cohort.eligible, subjects, by, estimate)
    if standardised:
        keys = stratum_keys(cohort.study.vocabulary, cohort.eligible, by)
        strata = [subjects[stratum_mask(subjects, by, key)] for key in keys]
        apart = {name: _largest(strata, name, levels.get(name)) for name in variables}
        frame = frame.assign(smd=frame["variable"].map(apart))
    return Result(frame, spec, labels)


def _largest(strata: list[pd.DataFrame], name: str, levels: list[object] | None) -> float:
    """Return the largest standardised difference between two strata; NaN where none can be had."""
    known = [rows[name].dropna() for rows in strata]
    found = []
    for first, second in combinations(known, 2):
        if levels is None:
            found.append(mean_difference(first.astype(float), second.astype(float)))
        else:
            counts = [[int((part == level).sum()) for level in levels] for part in (first, second)]
            found.append(share_difference(*counts))
    sizes = [value for value in found if not np.isnan(value)]
    return max(sizes) if sizes else np.nan


_COLUMNS = [
    "variable",
    "kind",
    "level",
    "n",
    "n_missing",
    "n_event",
    "estimate",
    "std_dev",
    "median",
    "q1",
    "q3",
    "low",
    "high",
]
_SUMMARIES = ["estimate", "std_dev", "median", "q1", "q3", "low", "high"]


def _is_category(values: pd.Series) -> bool:
    """Return whether texts are levels: a text of nearly everybody's own may be a name."""
    return values.nunique() <= min(_LEVELS, len(values) / 2)


def _chosen(subjects: pd.DataFrame, by: list[str], variables: Iterable[str] | None) -> list[str]:
    if variables is None:
        chosen = [v for v in _VARIABLES if v in subjects and v not in by]
        return [v for v in chosen if subjects[v].notna().any()]
    chosen = names_given("variables", variables)
    require_columns(subjects, chosen, "variables")
    for name in chosen:
        # Free text or an identifier has no place in a table that is printed.
        if not _is_number(subjects[name]) and subjects[name].nunique() > _LEVELS:
            raise CarstatsError(
                message(
                    "`variables` names {name}, which has {n} different texts. A table "
                    "shows categories of at most 30 levels.",
                    name=repr(name),
                    n=subjects[name].nunique(),
                )
            )
    return chosen


def _is_number(values: pd.Series) -> bool:
    return pd.api.types.is_float_dtype(values) or pd.api.types.is_integer_dtype(values)


def _levels(cohort: Cohort, name: str) -> list[object]:
    return [key[0] for key in stratum_keys(cohort.study.vocabulary, cohort.subjects, [name])]


def _category(start: dict, known: pd.Series, level: object) -> dict[str, object]:
    k = int((known == level).sum())
    share = k / len(known) if len(known) else np.nan
    blank = dict.fromkeys(_SUMMARIES, np.nan)
    shown = ("yes" if level else "no") if isinstance(level, bool | np.bool_) else str(level)
    return {
        **start,
        "kind": "category",
        "level": shown,
        "n_event": float(k),
        **blank,
        "estimate": share,
    }


def _number(start: dict, known: pd.Series) -> dict[str, object]:
    summaries = dict.fromkeys(_SUMMARIES, np.nan)
    if len(known):
        q1, median, q3 = np.percentile(known, [25, 50, 75])
        summaries = {
            "estimate": known.mean(),
            "std_dev": known.std(ddof=1) if len(known) > 1 else np.nan,
            "median": median,
            "q1": q1,
            "q3": q3,
            "low": known.min(),
            "high": known.max(),
        }
    return {**start, "kind": "number", "level": "", "n_event": np.nan, **summaries}
