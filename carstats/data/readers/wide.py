"""A row per subject to rows of the study tables: one function a table.

Each takes the rows of a wide sheet and the mapping's sections for single terms, and returns a
frame whose index holds the file's row numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from carstats.data.matching import toml_text
from carstats.data.measures import MEASURE_TABLE
from carstats.data.readers.context import split
from carstats.data.readers.rows import VISIT_TOLERANCE, Rows
from carstats.data.units import conversion, unit_in_heading
from carstats.data.vocabulary import folded
from carstats.errors import Problem
from carstats.messages import message


def wide_toxicities(rows: Rows, terms: dict[str, dict]) -> pd.DataFrame:
    """Return the episodes: a grade, a severity, a yes or an onset is one."""
    parts = []
    for term, spec in terms.items():
        columns: dict[str, object] = {"term": term}
        onset = rows.days(spec["onset"], "onset_day", np.fmin) if "onset" in spec else None
        episode = np.zeros(len(rows), dtype=bool)
        denied = np.zeros(len(rows), dtype=bool)
        blank = np.ones(len(rows), dtype=bool)
        if "grade" in spec:
            grade, _ = rows.grades(spec["grade"])
            episode, denied, blank = grade > 0, grade == 0, np.isnan(grade)
            columns["grade"] = np.where(grade > 0, grade, np.nan)
        if "severity" in spec:
            severity = rows.values(spec["severity"], "severity")
            columns["severity"] = severity
            given = np.array([cell is not None for cell in severity], dtype=bool)
            episode, blank = episode | given, blank & ~given
        if "present" in spec:
            present = rows.flags(spec["present"], "present")
            said = np.array([cell is not None for cell in present], dtype=bool)
            denied, blank = denied | _are(present, False), blank & ~said
            episode = episode | _are(present, True)
        if onset is not None:
            episode = episode | ~np.isnan(onset)
            rows.within(onset, spec["onset"], episode)
        key = next(k for k in ("grade", "present", "severity") if k in spec)
        heading = split(spec[key])[0][0]
        for i in np.flatnonzero(episode & denied):
            what = message("says there was no episode, and another column describes one.")
            remedy = message("Correct one of the columns of [toxicities.{term}].", term=term)
            rows.fault(i, heading, what, remedy)
        maybe = _not_known(rows, spec, blank & ~episode)
        unread = int((blank & ~episode & ~maybe).sum())
        if unread:
            rows.context.notes.append(
                message(
                    "[toxicities.{term}]: {n} of {of} cells of `{heading}` are blank, and were"
                    ' read as no episode; blank = "unknown" says that they are not known.',
                    term=term,
                    n=unread,
                    of=len(rows),
                    heading=heading,
                )
            )
        if maybe.any():
            rows.context.notes.append(
                message(
                    "[toxicities.{term}]: {n} of {of} subjects are not known to have had it or"
                    " not: counted as possible, not as without.",
                    term=term,
                    n=int(maybe.sum()),
                    of=len(rows),
                )
            )
            columns["grade_at_least"] = np.where(maybe, 0.0, np.nan)
            episode = episode | maybe
        ungraded = int((episode & ~maybe & np.isnan(grade)).sum()) if "grade" in spec else 0
        if ungraded:
            rows.context.notes.append(
                message(
                    "[toxicities.{term}]: {n} episodes have no grade in `{heading}`.",
                    term=term,
                    n=ungraded,
                    heading=heading,
                )
            )
        columns["onset_day"] = np.nan if onset is None else onset
        if "resolution" in spec:
            end = columns["resolution_day"] = rows.days(spec["resolution"], "resolution_day")
            for i in np.flatnonzero((end < onset) if onset is not None else []):
                what = message(
                    "day {day:g} is before the onset on day {onset:g}.",
                    day=float(end[i]),
                    onset=float(onset[i]),
                )
                remedy = message("Correct one of the two.")
                rows.fault(i, split(spec["resolution"])[0][0], what, remedy)
        for name in ("grading_scale", "system"):
            if name in spec:
                columns[name] = constant_or_cells(rows, spec[name], name)
        if "serious" in spec:
            columns["serious"] = rows.flags(spec["serious"], "serious")
        if "attribution" in spec:
            columns["attribution"] = rows.values(spec["attribution"], "attribution")
        if "organism" in spec:
            organism = columns["organism"] = rows.values(spec["organism"], "organism")
            named = np.array([_names_one(cell) for cell in organism], dtype=bool)
            for i in np.flatnonzero(named & ~episode):
                what = message("names an organism, and no column describes an episode.")
                remedy = message("Correct one of the columns of [toxicities.{term}].", term=term)
                rows.fault(i, split(spec["organism"])[0][0], what, remedy)
        parts.append(taken_frame(rows, episode, columns))
    return pd.concat(parts)


# What a cell of organisms says where none was found, or nothing was looked for.
_NO_ORGANISM = frozenset(
    folded(word)
    for word in ("none", "no", "negative", "not applicable", "na", "无", "否", "阴性", "未检出")
)


def _names_one(cell: str | None) -> bool:
    return cell is not None and folded(cell) not in _NO_ORGANISM


def _not_known(rows: Rows, spec: dict, open_: np.ndarray) -> np.ndarray:
    """Return of whom it is not known whether there was an episode.

    A word such as "unknown" says so. An empty cell is no episode, as registries leave it, unless
    the mapping says otherwise.
    """
    if spec.get("blank") == "unknown":
        return open_
    said = np.zeros(len(rows), dtype=bool)
    for key in ("grade", "present", "severity"):
        if key in spec:
            said |= rows.said_unknown(spec[key])
    return open_ & said


def wide_responses(rows: Rows, terms: dict[str, dict]) -> pd.DataFrame:
    """Return the responses that the sheet has a column for, a column a visit."""
    return _visits(
        rows, terms, "endpoint", "response", lambda heading: rows.flags(heading, "response")
    )


def wide_assessments(rows: Rows, terms: dict[str, dict]) -> pd.DataFrame:
    """Return the assessments that the sheet has a column for, a column a visit."""

    return _visits(rows, terms, "measure", "value", None)


def _visits(
    rows: Rows, terms, term_column: str, column: str, read: Callable | None
) -> pd.DataFrame:
    """Return a row for each filled cell; without `read` the cells are values of a measure."""
    parts = []
    for term, spec in terms.items():
        moved = 0
        for heading, when in spec["columns"].items():
            more = {}
            if read is None:
                name = rows.context.settings.vocabulary.canonical("measure", term) or term
                cells, limits = rows.measured(heading, name)
                refuse_other_unit(rows, term, heading, spec.get("unit"))
                filled = ~np.isnan(cells) | ~np.isnan(limits)
                more = {} if np.isnan(limits).all() else {"lloq": limits}
            else:
                cells = read(heading)
                filled = np.array([cell is not None for cell in cells], dtype=bool)
            if isinstance(when, int | float):
                day = np.full(len(rows), float(when))
                over = filled & (day > rows.end) & (day <= rows.end + VISIT_TOLERANCE)
                day = np.where(over, rows.end, day)
                moved += int(over.sum())
            else:
                day = rows.days(when, "day")
                for i in np.flatnonzero(filled & np.isnan(day) & ~np.isnan(rows.day0)):
                    what = message("is blank, but `{heading}` has a value.", heading=heading)
                    remedy = message("Give the date of the visit.")
                    rows.fault(i, split(when)[0][0], what, remedy)
            rows.within(day, heading, filled)
            columns = {term_column: term, "day": day, column: cells, **more}
            if "unit" in spec:
                columns["unit"] = constant_or_cells(rows, spec["unit"], "unit")
            parts.append(taken_frame(rows, filled, columns))
        if moved:
            rows.context.notes.append(
                message(
                    "[{table}.{term}]: {n} values of a visit planned up to {days}"
                    " days after the subject's last contact stand at the day of that contact.",
                    table=rows.table,
                    term=term,
                    n=moved,
                    days=VISIT_TOLERANCE,
                )
            )
    return pd.concat(parts)


def refuse_other_unit(rows: Rows, term: str, heading: str, unit: object) -> None:
    """Note a heading that names a unit in brackets which is not the one that the mapping says."""
    measure = MEASURE_TABLE.get(term)
    said = measure and unit_in_heading(measure, heading)
    if not said or isinstance(unit, dict):
        return
    told, meant = conversion(measure, unit or measure.unit), conversion(measure, said)
    if told is None or (told.factor, told.offset) == (meant.factor, meant.offset):
        return
    what = message(
        "the heading says {said}, and the mapping {unit}.",
        said=said,
        unit=unit or message("no unit"),
    )
    remedy = message(
        "Say under [assessments.{measure}] which is right: unit = {unit}; or correct the heading.",
        measure=term,
        unit=toml_text(said),
    )
    problem = Problem(what, rows.sheet.name, None, heading, remedy)
    rows.context.problems.append(problem)


def wide_medications(rows: Rows, terms: dict[str, dict]) -> pd.DataFrame:
    """Return the treatment episodes, one a subject and drug."""
    parts = []
    for drug, spec in terms.items():
        start = rows.days(spec["start"], "start_day", np.fmin) if "start" in spec else np.nan
        stop = rows.days(spec["stop"], "stop_day") if "stop" in spec else np.nan
        columns = {"drug": drug, "drug_class": spec["drug_class"]}
        columns["start_day"] = np.broadcast_to(start, len(rows))
        columns["stop_day"] = np.broadcast_to(stop, len(rows))
        dated = ~np.isnan(columns["start_day"]) | ~np.isnan(columns["stop_day"])
        if "present" in spec:
            present = rows.flags(spec["present"], "present")
            for i in np.flatnonzero(_are(present, False) & dated):
                what = message("says no, but {drug!r} has a start or a stop.", drug=drug)
                remedy = message("Correct one of the two.")
                rows.fault(i, split(spec["present"])[0][0], what, remedy)
            took = _are(present, True) | dated
        elif "start" in spec:
            took = dated
        else:
            # Taken for stopped, or for never given, they would count as free of the drug.
            took = np.ones(len(rows), dtype=bool)
            ongoing = int((~dated).sum())
            if ongoing:
                rows.context.notes.append(
                    message(
                        "[medications.{drug}]: {n} subjects without a stop date are taken to be"
                        " on it still; map `present` if some never had it.",
                        drug=drug,
                        n=ongoing,
                    )
                )
        if "stop" in spec and "start" in spec:
            for i in np.flatnonzero(stop < start):
                what = message(
                    "day {day:g} is before the start on day {start:g}.",
                    day=float(stop[i]),
                    start=float(start[i]),
                )
                remedy = message("Correct one of the two.")
                rows.fault(i, split(spec["stop"])[0][0], what, remedy)
        if "prednisone_equivalent_mg" in spec:
            dose = rows.numbers(spec["prednisone_equivalent_mg"], "prednisone_equivalent_mg")
            columns["prednisone_equivalent_mg"] = dose
        if "reason" in spec:
            columns["reason"] = constant_or_cells(rows, spec["reason"], "reason")
        parts.append(taken_frame(rows, took, columns))
    return pd.concat(parts)


def _are(flags: np.ndarray, said: bool) -> np.ndarray:
    return np.array([flag is said for flag in flags], dtype=bool)


def constant_or_cells(rows: Rows, spec: str | dict, column: str):
    return spec if isinstance(spec, str) else rows.values(spec, column)


def taken_frame(rows: Rows, taken: np.ndarray, columns: dict[str, object]) -> pd.DataFrame:
    frame = pd.DataFrame({"subject_id": rows.ids, **columns}, index=rows.index)
    return frame[np.asarray(taken, dtype=bool)]
