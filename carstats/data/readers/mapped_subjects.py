"""The subjects of a foreign sheet, and the clock of each: day 0, last contact, death."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from carstats.data.check import cell_text
from carstats.data.formats.dates import NotADate, date_ordinal
from carstats.data.readers.context import shown, split
from carstats.data.readers.infusions import first_infusion
from carstats.data.readers.long_tables import long_table, taken_columns
from carstats.data.readers.rows import Rows
from carstats.errors import Problem
from carstats.messages import message


def refuse_repeats(rows: Rows, heading: str, remedy: str) -> None:
    """Note each subject that has a second row."""
    first: dict[str, int] = {}
    for i, subject in enumerate(rows.ids):
        if subject is not None and first.setdefault(subject, i) != i:
            what = message(
                "has the same subject as row {row}.", row=int(rows.index[first[subject]])
            )
            rows.fault(i, heading, what, remedy)


def subjects_table(rows: Rows, section: Mapping, open_sheet: Callable) -> pd.DataFrame:
    """Return the subjects, and tell the context their clocks."""
    context, study = rows.context, rows.context.settings.study
    columns = taken_columns(rows, section)
    spec = columns.get("subject_id", "subject_id")
    context.id_spec = spec
    rows.ids = rows.identifiers(spec)
    remedy = message("Delete one or correct it; [subjects] where picks one row per subject.")
    refuse_repeats(rows, split(spec)[0][0], remedy)
    infused = np.ones(len(rows), dtype=bool)
    infusion = enrolment = np.full(len(rows), np.nan)
    if "enrolment_date" in study:
        enrolment = rows.dates(study["enrolment_date"])
    if context.dated:
        infusion = first_infusion(rows, open_sheet)
        infused = ~np.isnan(infusion)
        rows.day0 = np.where(infused, infusion, enrolment)
        _require_clock(rows, study)
    frame = long_table(rows, section)
    if "last_contact_day" in frame and "death_day" in frame:
        last, death = (pd.to_numeric(frame[c]) for c in ("last_contact_day", "death_day"))
        filled = last.isna() & death.notna()
        frame["last_contact_day"] = last.where(~filled, death)
        if filled.any():
            context.notes.append(
                message(
                    "{n} subjects without a last contact have that of their death.",
                    n=int(filled.sum()),
                )
            )
    if "enrolment_date" in study and context.dated and "enrolment_day" not in frame:
        frame["enrolment_day"] = enrolment - rows.day0
    if "cutoff_date" in study:
        frame["cutoff_day"] = _cutoff(rows, study["cutoff_date"])
    if "infused" in frame:
        infused = np.array([flag is not False for flag in frame["infused"]]) & infused
    elif context.dated:
        frame["infused"] = infused
    _share_clocks(rows, frame, infused)
    return frame


def _require_clock(rows: Rows, study: Mapping) -> None:
    heading = _clock_heading(rows, study["infusion_date"])
    if heading is not None and rows.resolve(heading) is None:
        return
    unread = {(p.row, p.column) for p in rows.context.problems if p.file == rows.sheet.name}
    for i in np.flatnonzero(np.isnan(rows.day0)):
        if rows.ids[i] is not None and (int(rows.index[i]), heading) not in unread:
            what = message("is missing, and nothing else says when the subject's time begins.")
            remedy = message(
                "Give the date, map enrolment_date (day 0 of a subject never infused), or leave the"
                " subject out by [subjects] where."
            )
            rows.fault(i, heading, what, remedy)


def _clock_heading(rows: Rows, given: object) -> str | None:
    """Return the heading of the subjects' sheet that holds their infusion; None if another has."""
    if isinstance(given, dict) and rows.context.infusions is not None:
        return None
    return split(given)[0][0]


def _cutoff(rows: Rows, given: object) -> np.ndarray:
    if isinstance(given, str) and rows.resolve(given) is not None:
        return rows.days(given, "cutoff_day")
    try:
        return date_ordinal(given, rows.context.settings.study.get("date_order")) - rows.day0
    except NotADate as fault:
        what = message(
            "[study] cutoff_date {date} is no heading of the sheet, and {fault}",
            date=shown(given),
            fault=fault.what,
        )
        remedy = message("Write it as 2024-12-31.")
        problem = Problem(what, rows.context.settings.name, remedy=remedy)
        rows.context.problems.append(problem)
        return np.full(len(rows), np.nan)


def _share_clocks(rows: Rows, frame: pd.DataFrame, infused: np.ndarray) -> None:
    def numbers(column: str) -> np.ndarray:
        if column not in frame:
            return np.full(len(frame), np.nan)
        return pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=float)

    last, death = numbers("last_contact_day"), numbers("death_day")
    clocks = pd.DataFrame(
        {
            "day0": rows.day0,
            "last_contact": last,
            "death": death,
            "end": np.where(np.isnan(last), np.nan, np.fmax(last, death)),
            "infused": infused,
        },
        index=[None if value is None else cell_text(value) for value in rows.ids],
    )
    # Duplicates are already noted; here the first row stands for the subject.
    clocks = clocks[~clocks.index.duplicated() & clocks.index.notna()]
    clocks.attrs["death_mapped"] = "death_day" in frame
    rows.context.subjects = clocks
