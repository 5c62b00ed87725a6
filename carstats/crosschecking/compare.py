"""A result beside its second program: one row for each number and witness."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

from carstats.ard import key_columns
from carstats.cohort.cohort import Cohort
from carstats.crosschecking.asking import Asked, Check, NotToldError, kind_of, version_of
from carstats.crosschecking.choosing import chosen_subjects, cohort_of
from carstats.crosschecking.registry import ANALYSES, LISTINGS
from carstats.crosschecking.rscript import r_version
from carstats.crosschecking.verdicts import (
    AGREES,
    DIFFERS,
    KNOWN,
    NONE,
    NOT_COMPARED,
    RAISED,
    REASONS,
)
from carstats.data.study import Study
from carstats.errors import CarstatsError
from carstats.messages import Joined, message
from carstats.result import Result

COLUMNS = (
    "name", "family", "analysis", "beside", "row", "of", "statistic", "kind", "value", "witness",
    "witness_value", "difference", "tolerance", "verdict", "reason", "reference",
)  # fmt: skip
# What a library may raise on data that it does not expect; a mistake of ours shows as such too.
_RAISED = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
# What another witness is wanted beside.
_WEAK = (NONE, KNOWN, RAISED)
# How an analysis was carried out, and no number of the study.
_NOT_COMPARED = {"n_resamples", "unique"}


@dataclass(frozen=True)
class Source:
    """The study that a result was made from, and the cohort where it is known.

    Attributes
    ----------
    study : Study
        The tables.
    cohort : Cohort, optional
        Whose subjects the result counts.
    defaults : bool
        Whether the analysis was called with its default windows.
    """

    study: Study
    cohort: Cohort | None = None
    defaults: bool = False


def compared_rows(result: Result, source: Source | None, name: str = "") -> list[dict[str, Any]]:
    """Compare every number of a result with its second program."""
    analysis = result.spec.analysis
    if analysis in LISTINGS:
        return []
    reason, subjects = _usable(result, source)
    family = ANALYSES[analysis].family if analysis in ANALYSES else "other"
    start = {"name": name, "family": family, "analysis": analysis, "beside": ""}
    if reason or source is None or subjects is None:
        return [_row(start, verdict=NOT_COMPARED, reason=reason)]
    known = ANALYSES[analysis]
    rows = list(_compared(result, source, subjects, start))
    for sibling in known.siblings:
        # A difference that is known to be the witness's fault needs another witness beside it.
        weak = {r["statistic"] for r in rows if r["verdict"] in _WEAK and not r["beside"]}
        if not weak & set(sibling.columns):
            continue
        other = _again(result, source, sibling.options)
        if other is not None:
            words = message(", ").join(
                message("with {option} {value}", option=option, value=repr(value))
                for option, value in sibling.options.items()
            )
            beside = {**start, "beside": words}
            rows += [
                row
                for row in _compared(other, source, subjects, beside, sibling.columns)
                if row["verdict"] != NONE
            ]
    return rows


def _usable(result: Result, source: Source | None) -> tuple[str, pd.DataFrame | None]:
    """Return why a result cannot be compared, or the subjects that it counts."""
    spec = result.spec
    if spec.analysis not in ANALYSES:
        return message("the crosscheck does not know the analysis {name}", name=spec.analysis), None
    if source is None:
        return message("the study was not given: crosscheck(result, study)"), None
    prints = (spec.fingerprint, source.study.fingerprint)
    if all(prints) and prints[0] != prints[1]:
        return message("the result was made from other files than those of the study"), None
    subjects = chosen_subjects(source.study, spec.criteria)
    if subjects is None and source.cohort is not None:
        subjects = source.cohort.subjects
    if subjects is None:
        return message("a criterion is not one of carstats': give the cohort, not the study"), None
    return "", subjects


def _compared(
    result: Result,
    source: Source,
    subjects: pd.DataFrame,
    start: Mapping[str, Any],
    only: tuple[str, ...] = (),
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a result's numbers, or of some of its columns."""
    frame, analysis = result.frame.reset_index(drop=True), ANALYSES[result.spec.analysis]
    groups, variable = key_columns(result)
    shown = _texts(result, [*groups, *variable])
    numbers = [
        c
        for c in frame
        if c not in {*groups, *variable, *_NOT_COMPARED}
        and (not only or c in only)
        and pd.api.types.is_numeric_dtype(frame[c])
        and not pd.api.types.is_bool_dtype(frame[c])
    ]
    answered: set[tuple[int, str]] = set()
    by = [c for c in result.spec.by if c in frame and c in subjects]
    for check in analysis.checks:
        if not set(check.columns) & set(numbers):
            continue
        for asked, places in _groups(result, frame, source, subjects, by, check):
            for column, place, row in _checked(check, asked, places, numbers, frame):
                answered.add((place, column))
                yield _row(
                    {**start, "row": place + 1, "of": shown[place], "statistic": column,
                     "kind": kind_of(column), "value": frame[column].iloc[place]},
                    **row,
                )  # fmt: skip
    reference = f"tests/reference/{analysis.reference}" if analysis.reference else ""
    for column in numbers:
        for place in np.flatnonzero(frame[column].notna()):
            if (int(place), column) not in answered:
                yield _row(
                    {**start, "row": int(place) + 1, "of": shown[place], "statistic": column,
                     "kind": kind_of(column), "value": frame[column].iloc[place]},
                    verdict=NONE, reference=reference,
                )  # fmt: skip


def _groups(
    result: Result, frame: pd.DataFrame, source: Source, subjects: pd.DataFrame, by: list[str],
    check: Check,
) -> Iterator[tuple[Asked, np.ndarray]]:  # fmt: skip
    by = [] if check.whole else by
    columns = [*by, *check.keys]
    parts = frame.groupby(columns, sort=False, dropna=False) if columns else [((), frame)]
    for key, rows in parts:
        named = dict(zip(columns, key if isinstance(key, tuple) else (key,), strict=True))
        inside = pd.Series(True, subjects.index)
        for column in by:
            inside &= subjects[column].eq(named[column]).fillna(False).astype(bool)
        asked = Asked(
            rows, named, subjects[inside].reset_index(drop=True), subjects.reset_index(drop=True),
            result.spec, source.study, source.defaults,
        )  # fmt: skip
        yield asked, rows.index.to_numpy()


def _checked(
    check: Check, asked: Asked, places: np.ndarray, numbers: list[str], frame: pd.DataFrame
) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Yield the column, the place and the verdict of each number that a check answers."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = check.recompute(asked)
        library = check.witness
        witness = r_version(library[2:]) if library.startswith("R ") else version_of(library)
    except ModuleNotFoundError as error:
        missing = message("{library} is not installed", library=error.name or check.witness)
        yield from _all(check, places, numbers, frame, NOT_COMPARED, missing)
        return
    except NotToldError:
        return
    except _RAISED as error:
        told = message("{library}: {error}", library=check.witness, error=type(error).__name__)
        yield from _all(check, places, numbers, frame, RAISED, told)
        return
    for column, values in found.items():
        if column not in numbers:
            continue
        theirs = np.broadcast_to(np.asarray(values, dtype=object), len(places))
        for i, place in enumerate(places):
            if theirs[i] is None:
                continue
            row = _judged(check, asked, column, frame[column].iloc[place], theirs[i], i)
            if row is not None:
                yield column, int(place), {"witness": witness, **row}


def _all(check: Check, places, numbers, frame, verdict: str, reason: str):
    for column in check.columns:
        if column in numbers:
            for place in places:
                if pd.notna(frame[column].iloc[place]):
                    row = {"verdict": verdict, "reason": reason, "witness": check.witness}
                    yield column, int(place), row


def _judged(
    check: Check, asked: Asked, column: str, ours: Any, theirs: Any, place: int
) -> dict[str, Any] | None:
    """Return the verdict on one number, None where neither program has one."""
    ours = np.nan if pd.isna(ours) else float(ours)
    theirs = np.nan if pd.isna(theirs) else float(theirs)
    if np.isnan(ours) and np.isnan(theirs):
        return None
    gap = 0.0 if ours == theirs else abs(ours - theirs)
    row = {"witness_value": theirs, "difference": gap, "tolerance": check.tolerance}
    if gap <= check.tolerance * max(1.0, abs(theirs)):
        return {**row, "verdict": AGREES}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        why = check.known(asked, column, ours, theirs, place) if check.known else ""
    if why:
        return {**row, "verdict": KNOWN, "reason": message(REASONS[why])}
    return {**row, "verdict": DIFFERS}


def _row(start: Mapping[str, Any], **found: Any) -> dict[str, Any]:
    blank = dict.fromkeys(COLUMNS, "")
    nothing = dict.fromkeys(("value", "witness_value", "difference", "tolerance"), np.nan)
    return {**blank, "row": 0, **nothing, **start, **found}


def _texts(result: Result, columns: list[str]) -> list[str]:
    """Return what tells each row from the others, as it prints."""
    frame = result.frame
    known = [c for c in columns if c in frame]
    found = []
    for values in frame[known].itertuples(index=False):
        parts = []
        for column, value in zip(known, values, strict=True):
            text = f"{value:g}" if isinstance(value, float) else str(value)
            named = result.labels.get(column, {}).get(value, text)
            parts.append(named if not isinstance(value, int | float) else f"{column} {text}")
        found.append(Joined(parts, " · "))
    return found or [""]


def _again(result: Result, source: Source, options: Mapping[str, Any]) -> Result | None:
    """Run the analysis once more with other options; None where that is not possible."""
    spec = result.spec
    known = ANALYSES[spec.analysis]
    cohort = source.cohort or cohort_of(source.study, spec.criteria, spec.cohort)
    if cohort is None or not known.home:
        return None
    function = getattr(import_module(f"carstats.{known.home}"), spec.analysis)
    names = list(inspect.signature(function).parameters)
    first = names[1]
    given: dict[str, Any] = {}
    for name in names[2:]:
        value = spec.options.get(known.renamed.get(name, name))
        if value is not None:
            given[name] = value
    by = [c for c in spec.by if c in cohort.subjects]
    if by:
        given["by"] = by[0] if len(by) == 1 else by
    if spec.strata:
        given["strata"] = list(spec.strata)
    if spec.conf_level is not None and "conf_level" in names:
        given["conf_level"] = spec.conf_level
    if spec.analysis == "toxicity_rate" and given.get("window"):
        given["window"] = [(a, np.inf if b is None else b) for a, b in given["window"]]
    given |= {k: v for k, v in options.items() if k in names}
    given.pop(first, None)
    try:
        other = function(cohort, spec.options[known.argument], **given)
    except CarstatsError:
        return None
    return replace(other, spec=replace(other.spec, fingerprint=spec.fingerprint))
