"""The mapping of foreign sheets to a `Study`, as `study.toml` describes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from carstats.data.check import Source, cell_text, check_table, missing_note
from carstats.data.cross_check import alike_notes
from carstats.data.formats.sheets import UNNAMED, Sheet
from carstats.data.readers import wide, wide_events
from carstats.data.readers.conditions import report_recodes
from carstats.data.readers.context import Context, split
from carstats.data.readers.infusions import listed_infusions, wide_infusions
from carstats.data.readers.long_tables import long_table, source_headings
from carstats.data.readers.mapped_subjects import refuse_repeats, subjects_table
from carstats.data.readers.rows import Rows
from carstats.data.readers.visits import visit_tables
from carstats.data.schema import TABLES
from carstats.data.settings.study_file import Settings
from carstats.data.vocabulary import Term
from carstats.errors import CarstatsError, Problem
from carstats.messages import mark, message, message_n

Opener = Callable[[str, Mapping], Sheet | None]
_WIDE = {
    "infusions": wide_infusions,
    "assessments": wide.wide_assessments,
    "medications": wide.wide_medications,
    "toxicities": wide.wide_toxicities,
    "events": wide_events.wide_events,
    "responses": wide.wide_responses,
}
_PARTIAL_DAYS = {
    "first": mark("the first of the month, or of the year"),
    "middle": mark("the 15th of the month, or the 1st of July of the year"),
    "last": mark("the last of the month, or of the year"),
}
_CATEGORY = {"assessments": "measure", "toxicities": "toxicity", "events": "endpoint"}
_CATEGORY["responses"] = "endpoint"


def map_tables(
    settings: Settings, open_sheet: Opener, standard: set[str], problems: list[Problem]
) -> dict:
    """Return what `Study` takes, made from foreign sheets."""
    context = Context(settings, problems)
    section = settings.table("subjects")
    sheet = open_sheet("subjects", section)
    if sheet is None:
        raise CarstatsError(problems)
    rows = Rows(sheet, "subjects", context, section)
    frames = {"subjects": subjects_table(rows, section, open_sheet)}
    if "where" in section:
        noted = len(problems)
        everyone = Rows(sheet, "subjects", context).values(context.id_spec)
        # What is wrong with an identifier of a row that is not taken is no matter.
        del problems[noted:]
        context.left_out = {cell_text(c) for c in everyone if c is not None} - set(rows.ids)
    sources = {"subjects": Source(sheet.name, source_headings(rows, section))}
    at_visits = visit_tables(context, open_sheet, rows) if settings.visits else {}
    for table in (name for name in TABLES if name != "subjects"):
        more = at_visits.get(table, [])
        made = _table(table, context, open_sheet, rows, table in standard, more)
        if made is not None:
            frames[table], sources[table] = made
    vocabulary = settings.vocabulary.extended(**_terms_of_data(frames, settings))
    report_recodes(context)
    if problems:
        raise CarstatsError(
            [*dict.fromkeys(problems), *_further(frames, sources, vocabulary, context)]
        )
    _add_columns(frames, sources, context)
    _note_guesses(context)
    context.notes += [missing_note(*place, n) for place, n in context.missing.items()]
    for table, source in sources.items():
        slack = {c: s for (name, c), s in context.slack.items() if name == table}
        sources[table] = replace(source, slack=slack)
    named = section.get("columns", {}).get("subject_id", "subject_id") != "subject_id"
    if settings.study.get("pseudonymise", named):
        context.notes += alike_notes(frames["subjects"]["subject_id"])
        _pseudonymise(frames)
        context.notes.append(
            message("Identifiers were replaced by S001, S002, … in the order of the file.")
        )
    return {
        **frames,
        "sources": sources,
        "vocabulary": vocabulary,
        "censor_others": settings.others_censored,
        "notes": tuple(dict.fromkeys(context.notes)),
    }


def _note_guesses(context: Context) -> None:
    """Note what was left out of each sheet, and from which year dates in plain numbers count."""
    for name, (headings, used) in context.used.items():
        count = len(headings)
        if count > len(used):
            context.notes.append(
                message(
                    "{sheet}: {n} of {of} columns are not mapped and were left out.",
                    sheet=name,
                    n=count - len(used),
                    of=count,
                )
            )
    for (sheet, heading), (n, rule) in context.partials.items():
        context.notes.append(
            message_n(
                "{sheet}, `{heading}`: {n} date without its day was read as {day}.",
                "{sheet}, `{heading}`: {n} dates without their day were read as {day}.",
                n,
                sheet=sheet,
                heading=heading,
                day=message(_PARTIAL_DAYS[rule]),
            )
        )
    years: dict[tuple[str, int], int] = {}
    for (sheet, _), (n, year) in context.serials.items():
        years[sheet, year] = years.get((sheet, year), 0) + n
    for (sheet, year), n in years.items():
        context.notes.append(
            message_n(
                "{sheet}: {n} date is a plain number, counted from {year}. [study] epoch sets"
                " another year.",
                "{sheet}: {n} dates are plain numbers, counted from {year}. [study] epoch sets"
                " another year.",
                n,
                sheet=sheet,
                year=year,
            )
        )


def _add_columns(frames, sources: dict[str, Source], context: Context) -> None:
    """Tell each table's source which headings of its sheets nothing read, for `carstats check`."""
    told: set[str] = set()
    for table, source in sources.items():
        names = TABLES[table].names()
        own = frozenset(name for name in frames[table].columns if name not in names)
        unread = [
            heading
            for sheet in source.sheets or (source.name,)
            if sheet not in told
            for heading in context.used.get(sheet, ([], set()))[0]
            if heading not in context.used[sheet][1] and not heading.startswith(UNNAMED)
        ]
        told |= {*source.sheets, source.name}
        sources[table] = replace(
            source,
            columns=tuple(map(str, frames[table].columns)),
            own=own,
            ignored=tuple(dict.fromkeys(unread)),
        )


def _further(frames, sources, vocabulary, context: Context) -> list[Problem]:
    """Return what the check of the tables adds to the problems noted, so that one list has all."""
    told = {(p.file, row, p.column) for p in context.problems for row in (p.rows or (p.row,))}
    told |= context.unplaced
    absent = set(context.absent)
    if split(context.id_spec)[0][0] in absent:
        absent.add("subject_id")
    found = []
    for table, frame in frames.items():
        source = sources[table]
        own = frozenset(name for name in frame.columns if name not in TABLES[table].names())
        frame = _placed(table, frame, context)
        found += check_table(table, frame, replace(source, own=own), vocabulary)[1]
    return [p for p in found if (p.file, p.row, p.column) not in told and p.column not in absent]


def _placed(table: str, frame: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Return a table without blanks that are none: a date was there, and no day 0 to count from.

    What is wrong is the infusion's date, which is said; that the day is missing would be untrue.
    """
    clocks = context.subjects
    if clocks is None or not context.dated:
        return frame
    clockless = set(clocks.index[clocks["day0"].isna()])
    ids = frame["subject_id"].map(lambda value: None if value is None else cell_text(value))
    lost = (ids.isin(clockless) | ids.isna()).to_numpy()
    days = [c.name for c in TABLES[table].columns if c.kind == "day" or c.name.startswith("time")]
    frame = frame.copy()
    for name in (name for name in days if name in frame):
        cells = frame[name].astype(object)
        frame[name] = cells.where(~(lost & cells.isna().to_numpy()), 0)
    return frame


def _pseudonymise(frames: dict[str, pd.DataFrame]) -> None:
    ids = frames["subjects"]["subject_id"]
    digits = max(3, len(str(len(ids))))
    names = {subject: f"S{i:0{digits}d}" for i, subject in enumerate(ids, start=1)}
    for table, frame in frames.items():
        frames[table] = frame.assign(subject_id=frame["subject_id"].map(names))


def _terms_of_data(frames: dict[str, pd.DataFrame], settings: Settings) -> dict[str, list[Term]]:
    """Return the terms that the data hold beyond the vocabulary, where the mapping allows that."""
    added: dict[str, list[Term]] = {}
    for table, frame in frames.items():
        group = {"events": "time-to-event", "responses": "response"}.get(table, "")
        for column in TABLES[table].columns:
            if column.category in settings.from_data and column.name in frame:
                filled = frame[frame[column.name].notna()]
                # A toxicity is grouped by the system that the data name for it.
                groups = filled["system"] if column.name == "term" and "system" in filled else group
                terms = dict(
                    zip(filled[column.name].map(cell_text), _repeated(groups, filled), strict=True)
                )
                added.setdefault(column.category, []).extend(
                    Term(term, group=of or "")
                    for term, of in terms.items()
                    if settings.vocabulary.canonical(column.category, term) is None
                )
    return added


def _repeated(groups: str | pd.Series, frame: pd.DataFrame) -> list[str | None]:
    return [groups] * len(frame) if isinstance(groups, str) else groups.tolist()


def _table(
    table: str,
    context: Context,
    open_sheet: Opener,
    main: Rows,
    standard: bool,
    more: list[tuple[pd.DataFrame, Source]],
) -> tuple[pd.DataFrame, Source] | None:
    """Return one table and its source, or None if the mapping and the files have none."""
    settings = context.settings
    section, terms = settings.table(table), settings.terms(table)
    category = _CATEGORY.get(table)
    if category:
        canonical = settings.vocabulary.canonical
        terms = {canonical(category, term) or term: spec for term, spec in terms.items()}
    own_columns = set(section.get("columns", {})) - {"subject_id"}
    own_file = bool({"file", "sheet"} & set(section)) or (standard and not terms)
    takes = set(section) - {"values", "may_be_empty"}
    if not (own_file or takes or terms or standard or more) and section:
        # Only recodes, and no file that they could be for.
        note = message("[{table}]: no file of it is there; its recodes were not used.", table=table)
        context.notes.append(note)
        return None
    is_long = bool(own_columns) or (own_file and not terms) or (bool(takes) and not terms)
    is_long = is_long or (bool(section) and not terms and not more)
    automatic = table == "infusions" and context.dated and not is_long
    if not (is_long or terms or automatic or more):
        return None
    parts, sources = [part for part, _ in more], [source for _, source in more]
    if automatic and context.infusions is not None:
        part, source = listed_infusions(context)
        parts.append(part)
        sources.append(source)
        automatic = False
    if is_long:
        sheet = open_sheet(table, section)
        if sheet is not None:
            rows = Rows(sheet, table, context, section)
            rows.tie(_id_spec(rows, section))
            parts.append(long_table(rows, section))
            sources.append(Source(sheet.name, source_headings(rows, section)))
    if terms or automatic:
        own_rows = (own_file or "where" in section) and not is_long
        rows = _wide_rows(table, section, context, open_sheet, main, own_rows)
        if rows is not None:
            parts.append(_WIDE[table](rows, terms))
            sources.append(Source(rows.sheet.name, _termsource_headings(terms)))
    if not parts:
        return None
    names = TABLES[table].names()
    frame = pd.concat([p for p in parts if len(p)]) if any(map(len, parts)) else parts[0]
    required = [c.name for c in TABLES[table].columns if c.required and c.name not in frame]
    # A long table has to have its columns; of a wide one, what is not mapped is not known.
    frame = frame if is_long else frame.assign(**dict.fromkeys(required, np.nan))
    frame = frame.sort_index(kind="stable")
    order = [c for c in names if c in frame] + [c for c in frame if c not in names]
    titles = tuple(dict.fromkeys(source.name for source in sources))
    merged = sources[0].headings if len(sources) == 1 else {}
    return frame[order], Source(message(" and ").join(titles), merged, sheets=titles)


def _termsource_headings(terms: Mapping[str, Mapping]) -> dict[str, str]:
    """Return the headings of the columns that only one section names."""
    return {} if len(terms) != 1 else {
        {"onset": "onset_day", "resolution": "resolution_day", "stop": "stop_day", "date": "time",
         "start": "start_day"}.get(key, key): split(spec)[0][0]
        for key, spec in next(iter(terms.values())).items()
        if isinstance(spec, str | list) and spec and key not in ("drug_class", "unit", "system")
    }  # fmt: skip


def _id_spec(rows: Rows, section: Mapping):
    given = section.get("columns", {}).get("subject_id")
    if given is not None:
        return given
    main = rows.context.id_spec
    own = rows.resolve("subject_id")
    return main if rows.resolve(split(main)[0][0]) is not None or own is None else own


def _wide_rows(table, section, context, open_sheet, main: Rows, own_rows: bool) -> Rows | None:
    if not own_rows:
        rows = Rows(main.sheet, table, context)
        rows.follow(main.ids)
        return rows
    sheet = open_sheet(table, section)
    if sheet is None:
        return None
    rows = Rows(sheet, table, context, section)
    spec = _id_spec(rows, section)
    rows.tie(spec)
    refuse_repeats(rows, split(spec)[0][0], message("A wide sheet has a row per subject."))
    return rows
