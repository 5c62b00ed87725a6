"""A result beside its second program: one row for each number and witness."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from carstats.ard import key_columns
from carstats.cohort.cohort import Cohort
from carstats.crosschecking.again import run_again
from carstats.crosschecking.asking import (
    NOTHING,
    TRIALS,
    Asked,
    Check,
    NotToldError,
    kind_of,
    version_of,
)
from carstats.crosschecking.choosing import chosen_subjects
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
    """What a result was made from: a study, with its cohort where it is known, or trials.

    Attributes
    ----------
    study : Study, optional
        The tables.
    cohort : Cohort, optional
        Whose subjects the result counts.
    defaults : bool
        Whether the analysis was called with its default windows.
    trials : pandas.DataFrame, optional
        Published reports, for the analyses of them.
    with_r : bool
        Whether R is asked where it is found.
    memo : dict
        What was worked out before of the same subjects.
    """

    study: Study | None = None
    cohort: Cohort | None = None
    defaults: bool = False
    trials: pd.DataFrame | None = None
    with_r: bool = True
    memo: dict[Any, Any] = field(default_factory=dict)


def compared_rows(result: Result, source: Source, name: str = "") -> list[dict[str, Any]]:
    """Compare every number of a result with its second program."""
    analysis = result.spec.analysis
    if analysis in LISTINGS:
        return []
    reason, subjects = _usable(result, source)
    family = ANALYSES[analysis].family if analysis in ANALYSES else "other"
    start = {"name": name, "family": family, "analysis": analysis, "beside": ""}
    if reason or subjects is None:
        return [_row(start, verdict=NOT_COMPARED, reason=reason)]
    known = ANALYSES[analysis]
    rows = [_row(start, verdict=DIFFERS, reason=lack) for lack in _lacking(result, subjects)]
    rows += _compared(result, source, subjects, start)
    for sibling in known.siblings:
        # A difference that is known to be the witness's fault needs another witness beside it.
        weak = {r["statistic"] for r in rows if r["verdict"] in _WEAK and not r["beside"]}
        if not weak & set(sibling.columns):
            continue
        other = run_again(result, source.study, source.cohort, sibling.options)
        if other is not None:
            words = message(", ").join(
                message("with {option} {value}", option=option, value=repr(value))
                for option, value in sibling.options.items()
            )
            beside = {**start, "beside": words}
            places = {row["of"]: row["row"] for row in rows if not row["beside"]}
            rows += [
                # The sibling may have its rows in another order.
                {**row, "row": places.get(row["of"], row["row"])}
                for row in _compared(other, source, subjects, beside, sibling.columns)
                if row["verdict"] != NONE
            ]
    return rows


def _usable(result: Result, source: Source) -> tuple[str, pd.DataFrame | None]:
    """Return why a result cannot be compared, or the subjects or reports that it counts."""
    spec = result.spec
    if spec.analysis not in ANALYSES:
        return message("the crosscheck does not know the analysis {name}", name=spec.analysis), None
    of = ANALYSES[spec.analysis].of
    if of == NOTHING:
        return "", pd.DataFrame()
    if of == TRIALS:
        if source.trials is None:
            return message("the table of trials was not given: crosscheck(result, table)"), None
        return "", source.trials
    if source.study is None:
        return message("the study was not given: crosscheck(result, study)"), None
    prints = (spec.fingerprint, source.study.fingerprint)
    if all(prints) and prints[0] != prints[1]:
        return message("the result was made from other files than those of the study"), None
    key = ("chosen", tuple(map(str, spec.criteria)))
    if key not in source.memo:
        subjects = chosen_subjects(source.study, spec.criteria)
        if subjects is None and source.cohort is not None:
            subjects = source.cohort.subjects
        source.memo[key] = None if subjects is None else subjects.reset_index(drop=True)
    if source.memo[key] is None:
        return message("a criterion is not one of carstats': give the cohort, not the study"), None
    return "", source.memo[key]


def _lacking(result: Result, subjects: pd.DataFrame) -> Iterator[str]:
    """Yield which strata of the subjects have no row, and whether a row stands twice."""
    frame, by = result.frame, list(result.spec.by)
    # A row of a contrast is about two strata; what trials gave is a choice among them.
    if by and ANALYSES[result.spec.analysis].of != TRIALS and "contrast" not in frame:
        if set(by) <= set(frame) and set(by) <= set(subjects):
            there = set(frame[by].itertuples(index=False, name=None))
            levels = subjects[by].dropna().drop_duplicates()
            for level in levels.itertuples(index=False, name=None):
                if level not in there:
                    named = Joined(list(map(str, level)), " · ")
                    yield message("no row of {levels}", levels=named)
    # A curve has its beginning and, where something happened then, day 0.
    later = frame[frame["time"] != 0] if "time" in frame else frame
    if later.astype(str).duplicated().any():
        yield message("a row stands twice")


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
    numbers = {
        c: frame[c].astype(float).to_numpy()
        for c in frame
        if c not in {*groups, *variable, *_NOT_COMPARED}
        and (not only or c in only)
        and pd.api.types.is_numeric_dtype(frame[c])
        and not pd.api.types.is_bool_dtype(frame[c])
    }
    blank = _row(start)

    def row(column: str, place: int, **found: Any) -> dict[str, Any]:
        return {**blank, "row": place + 1, "of": shown[place], "statistic": column,
                "kind": kind_of(column), "value": numbers[column][place], **found}  # fmt: skip

    answered = {column: np.zeros(len(frame), bool) for column in numbers}
    by = [c for c in result.spec.by if c in frame and c in subjects]
    for check in analysis.checks:
        if not set(check.columns) & set(numbers):
            continue
        if check.witness.startswith("R ") and not source.with_r:
            continue
        for asked, places in _groups(result, frame, source, subjects, by, check):
            for column, place, told in _checked(check, asked, places, numbers):
                answered[column][place] = True
                yield row(column, place, **told)
    reference = f"tests/reference/{analysis.reference}" if analysis.reference else ""
    for column, values in numbers.items():
        for place in np.flatnonzero(~np.isnan(values) & ~answered[column]):
            yield row(column, int(place), verdict=NONE, reference=reference)


def _groups(
    result: Result, frame: pd.DataFrame, source: Source, subjects: pd.DataFrame, by: list[str],
    check: Check,
) -> Iterator[tuple[Asked, np.ndarray]]:  # fmt: skip
    by = [] if check.whole else by
    columns = [*by, *check.keys]
    parts = frame.groupby(columns, sort=False, dropna=False) if columns else [((), frame)]
    for key, rows in parts:
        named = dict(zip(columns, key if isinstance(key, tuple) else (key,), strict=True))
        asked = Asked(
            rows, named, _stratum(source, subjects, {c: named[c] for c in by}), subjects,
            result.spec, source.study, source.defaults, source.memo,
        )  # fmt: skip
        yield asked, rows.index.to_numpy()


def _stratum(source: Source, subjects: pd.DataFrame, levels: dict[str, Any]) -> pd.DataFrame:
    """Return the subjects of a stratum, the same object for every check that asks for them."""
    if not levels:
        return subjects
    key = ("stratum", id(subjects), tuple(levels.items()))
    if key not in source.memo:
        inside = pd.Series(True, subjects.index)
        for column, level in levels.items():
            inside &= subjects[column].eq(level).fillna(False).astype(bool)
        source.memo[key] = (subjects[inside].reset_index(drop=True), subjects)
    return source.memo[key][0]


def _checked(
    check: Check, asked: Asked, places: np.ndarray, numbers: Mapping[str, np.ndarray]
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
        yield from _all(check, places, numbers, NOT_COMPARED, missing)
        return
    except NotToldError:
        return
    except _RAISED as error:
        told = message("{library}: {error}", library=check.witness, error=type(error).__name__)
        yield from _all(check, places, numbers, RAISED, told)
        return
    for column, values in found.items():
        if column not in numbers:
            continue
        theirs = np.broadcast_to(np.asarray(values, dtype=object), len(places))
        given = np.array([value is not None for value in theirs])
        theirs = np.array([np.nan if pd.isna(value) else float(value) for value in theirs])
        ours = numbers[column][places]
        with np.errstate(invalid="ignore"):
            gap = np.where(ours == theirs, 0.0, np.abs(ours - theirs))
            agree = gap <= check.tolerance * np.maximum(1.0, np.abs(theirs))
        for i in np.flatnonzero(given & ~(np.isnan(ours) & np.isnan(theirs))):
            row = {"witness": witness, "witness_value": theirs[i], "difference": gap[i],
                   "tolerance": check.tolerance, "verdict": AGREES}  # fmt: skip
            if not agree[i]:
                row |= _differing(check, asked, column, ours[i], theirs[i], int(i))
            yield column, int(places[i]), row


def _all(
    check: Check, places: np.ndarray, numbers: Mapping[str, np.ndarray], verdict: str, reason: str
) -> Iterator[tuple[str, int, dict[str, Any]]]:
    for column in check.columns:
        if column in numbers:
            for place in places[~np.isnan(numbers[column][places])]:
                row = {"verdict": verdict, "reason": reason, "witness": check.witness}
                yield column, int(place), row


def _differing(
    check: Check, asked: Asked, column: str, ours: float, theirs: float, place: int
) -> dict[str, Any]:
    """Return the verdict on a number of which the two programs do not agree."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        why = check.known(asked, column, ours, theirs, place) if check.known else ""
    return {"verdict": KNOWN, "reason": message(REASONS[why])} if why else {"verdict": DIFFERS}


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
