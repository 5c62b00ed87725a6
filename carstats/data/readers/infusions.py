"""The infusions: the first gives day 0, others stand in columns beside it or in rows of a sheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from carstats.data.check import cell_text
from carstats.data.readers.context import Context
from carstats.data.readers.rows import Rows
from carstats.data.readers.wide import constant_or_cells, taken_frame
from carstats.data.source import Source
from carstats.errors import Problem
from carstats.messages import message, message_n


def wide_infusions(rows: Rows, terms: dict[str, dict]) -> pd.DataFrame:
    """Return the infusions: the first on day 0 for every subject infused, and those mapped."""
    numbered = {int(number): spec for number, spec in terms.items()}
    parts = []
    for number in sorted({1, *numbered}):
        spec = numbered.get(number, {})
        if number == 1:
            took = rows.subject("infused").astype(bool)
            day = np.zeros(len(rows))
        else:
            day = rows.days(spec.get("date", []), pick=np.fmin)
            took = ~np.isnan(day)
            if "date" in spec:
                rows.within(day, spec["date"], took)
        columns = {"infusion_number": number, "day": day, "planned": spec.get("planned", True)}
        if "dose" in spec:
            columns["dose"] = rows.numbers(spec["dose"], "dose")
        if "product" in spec:
            columns["product"] = constant_or_cells(rows, spec["product"], "product")
        parts.append(taken_frame(rows, took, columns))
    return pd.concat(parts)


def first_infusion(rows: Rows, open_sheet: Callable) -> np.ndarray:
    """Return the date of each subject's first infusion, and keep the others for their table."""
    context = rows.context
    given = context.settings.study["infusion_date"]
    if isinstance(given, str) or (isinstance(given, dict) and not _elsewhere(given)):
        return rows.dates(given)
    if isinstance(given, list):
        return _of_columns(rows, given)
    sheet = open_sheet("infusions", given)
    if sheet is None:
        return np.full(len(rows), np.nan)
    there = Rows(sheet, "infusions", context, given, "[study] infusion_date")
    ids = there.identifiers(given.get("subject_id", context.id_spec))
    listed = pd.DataFrame(
        {"subject_id": ids, "date": there.dates(given["column"])}, index=there.index
    )
    for key in ("planned", "product", "dose"):
        if key in given:
            read = {"planned": there.flags, "dose": there.numbers}.get(key, there.values)
            listed[key] = read(given[key], key)
    blank = listed["date"].isna() & listed["subject_id"].notna()
    unread = {p.row for p in context.problems if p.file == sheet.name}
    for i in np.flatnonzero(blank.to_numpy()):
        if int(there.index[i]) not in unread:
            remedy = message("Give the date, or leave the row out by `where`.")
            there.fault(int(i), given["column"], message("is missing."), remedy)
    listed = listed[listed[["subject_id", "date"]].notna().all(axis=1)]
    context.infusions = listed, Source(sheet.name, {"day": given["column"]})
    first = listed.groupby("subject_id")["date"].min()
    return first.reindex(pd.Index(rows.ids)).to_numpy(dtype=float)


def _elsewhere(given: Mapping) -> bool:
    return bool({"file", "sheet", "where", "subject_id"} & set(given))


def _of_columns(rows: Rows, headings: list[str]) -> np.ndarray:
    """Return the first of several columns of dates; they stand in their order."""
    dates = [rows.dates(heading) for heading in headings]
    for k in range(1, len(headings)):
        before = np.fmax.reduce(dates[:k])
        for i in np.flatnonzero(dates[k] <= before):
            what = message("is not after the infusion in the columns before it.")
            rows.fault(int(i), headings[k], what, message("Correct one of the dates."))
    parts = [
        pd.DataFrame({"subject_id": rows.ids, "date": date}, index=rows.index) for date in dates
    ]
    listed = pd.concat(parts)
    listed = listed[listed.notna().all(axis=1)]
    rows.context.infusions = listed, Source(rows.sheet.name, {"day": headings[-1]})
    return np.fmin.reduce(dates)


def listed_infusions(context: Context) -> tuple[pd.DataFrame, Source]:
    """Return the infusions that stand in several columns or rows, numbered by their days."""
    listed, source = context.infusions
    known = context.subjects
    out = listed["subject_id"].isin(context.left_out)
    if out.any():
        context.notes.append(
            message(
                "{sheet}: {n} rows of {subjects} subjects that [subjects] where does not take were"
                " left out.",
                sheet=source.name,
                n=int(out.sum()),
                subjects=int(listed.loc[out, "subject_id"].nunique()),
            )
        )
        listed = listed[~out]
    frame = pd.DataFrame(
        {
            "subject_id": listed["subject_id"],
            "day": listed["date"] - known["day0"].reindex(listed["subject_id"]).to_numpy(float),
        }
    )
    unknown = ~listed["subject_id"].isin(known.index)
    for row in listed.index[unknown]:
        what = message("names a subject that the subjects table does not have.")
        remedy = message("Add the subject or correct the identifier.")
        context.problems.append(
            Problem(what, source.name, int(row), source.headings["day"], remedy)
        )
    place = pd.Series(range(len(frame)), index=frame.index)
    ordered = frame.assign(place=place).sort_values(["subject_id", "day", "place"], kind="stable")
    for row in ordered.index[ordered.duplicated(["subject_id", "day"])]:
        what = message("is the date of another infusion of the subject.")
        remedy = message("Delete one or correct it.")
        context.problems.append(
            Problem(what, source.name, int(row), source.headings["day"], remedy)
        )
    number = ordered.groupby("subject_id").cumcount() + 1
    frame["infusion_number"] = number.to_numpy()[np.argsort(ordered["place"].to_numpy())]
    later = context.settings.data.get("infusions", {}).get("later")
    planned = listed["planned"] if "planned" in listed else pd.Series(None, listed.index, object)
    first = (frame["infusion_number"] == 1).to_numpy()
    said = np.where(first & planned.isna(), True, planned.to_numpy(dtype=object))
    unsaid = np.array([value is None or value != value for value in said], dtype=bool)
    if unsaid.any() and later is None:
        what = message_n(
            "does not say whether the {n} infusion after the first was planned.",
            "does not say whether the {n} infusions after the first were planned.",
            int(unsaid.sum()),
        )
        remedy = message(
            "Write under [infusions] {line} (or {other}).",
            line='later = "planned"',
            other='"unplanned"',
        )
        context.problems.append(Problem(what, context.settings.name, remedy=remedy))
    frame["planned"] = np.where(unsaid, later != "unplanned", said)
    for key in ("product", "dose"):
        if key in listed:
            frame[key] = listed[key]
    frame["subject_id"] = [cell_text(value) for value in frame["subject_id"]]
    return frame, source
