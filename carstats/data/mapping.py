"""The mapping of foreign sheets to a `Study`, as `study.toml` describes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from carstats.data import wide, wide_events
from carstats.data.check import Source, cell_text, check_table, missing_note
from carstats.data.event_rows import with_others
from carstats.data.formats import Sheet
from carstats.data.long_tables import long_table, source_headings
from carstats.data.mapped_subjects import refuse_repeats, subjects_table
from carstats.data.rows import Context, Rows, split
from carstats.data.schema import TABLES
from carstats.data.settings import Settings
from carstats.errors import CarstatsError, Problem
from carstats.messages import message
from carstats.vocabulary import Term

Opener = Callable[[str, Mapping], Sheet | None]
_WIDE = {
    "infusions": wide.wide_infusions,
    "assessments": wide.wide_assessments,
    "medications": wide.wide_medications,
    "toxicities": wide.wide_toxicities,
    "events": wide_events.wide_events,
    "responses": wide.wide_responses,
}
_CATEGORY = {"assessments": "measure", "toxicities": "toxicity", "events": "endpoint"}
_CATEGORY["responses"] = "endpoint"


def map_tables(
    settings: Settings, open_sheet: Opener, standard: set[str], problems: list[Problem]
) -> dict:
    """Return what `Study` takes, made from foreign sheets.

    Parameters
    ----------
    settings : Settings
        The mapping.
    open_sheet : callable
        Gives the sheet of a table, or None after noting a problem.
    standard : set of str
        The tables that have a file of their own name.
    problems : list of Problem
        Where everything wrong is noted; `CarstatsError` is raised with all of it.

    Returns
    -------
    dict
        The tables, their sources, the vocabulary and the notes.

    Raises
    ------
    CarstatsError
        With every problem of the files and of the mapping.
    """
    context = Context(settings, problems)
    section = settings.table("subjects")
    sheet = open_sheet("subjects", section)
    if sheet is None:
        raise CarstatsError(problems)
    rows = Rows(sheet, "subjects", context, section.get("where"))
    frames = {"subjects": subjects_table(rows, section)}
    if "where" in section:
        everyone = Rows(sheet, "subjects", context).values(context.id_spec)
        context.left_out = {cell_text(c) for c in everyone if c is not None} - set(rows.ids)
    sources = {"subjects": Source(sheet.name, source_headings(rows, section))}
    for table in (name for name in TABLES if name != "subjects"):
        made = _table(table, context, open_sheet, rows, table in standard)
        if made is not None:
            frames[table], sources[table] = made
    vocabulary = settings.vocabulary.extended(**_terms_of_data(frames, settings))
    if problems:
        raise CarstatsError(
            [*dict.fromkeys(problems), *_further(frames, sources, vocabulary, context)]
        )
    for name, (count, used) in context.used.items():
        if count > len(used):
            context.notes.append(
                message(
                    "{sheet}: {n} of {of} columns are not mapped and were left out.",
                    sheet=name,
                    n=count - len(used),
                    of=count,
                )
            )
    context.notes += [missing_note(*place, n) for place, n in context.missing.items()]
    if settings.others_censored and "events" in frames:
        frames["events"] = with_others(frames, vocabulary, context.notes)
    for table, source in sources.items():
        slack = {c: s for (name, c), s in context.slack.items() if name == table}
        sources[table] = replace(source, slack=slack)
    named = section.get("columns", {}).get("subject_id", "subject_id") != "subject_id"
    if settings.study.get("pseudonymise", named):
        _pseudonymise(frames)
        context.notes.append(
            message("Identifiers were replaced by S001, S002, … in the order of the file.")
        )
    return {
        **frames,
        "sources": sources,
        "vocabulary": vocabulary,
        "notes": tuple(dict.fromkeys(context.notes)),
    }


def _further(frames, sources, vocabulary, context: Context) -> list[Problem]:
    """Return what the check of the tables adds to the problems noted, so that one list has all."""
    told = {(p.file, p.row, p.column) for p in context.problems}
    found = [
        problem
        for table, frame in frames.items()
        for problem in check_table(table, frame, sources[table], vocabulary)[1]
    ]
    return [
        p for p in found if (p.file, p.row, p.column) not in told and p.column not in context.absent
    ]


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
    table: str, context: Context, open_sheet: Opener, main: Rows, standard: bool
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
    is_long = bool(own_columns) or (own_file and not terms) or (bool(section) and not terms)
    automatic = table == "infusions" and context.dated and not is_long
    if not (is_long or terms or automatic):
        return None
    parts, sources = [], []
    if is_long:
        sheet = open_sheet(table, section)
        if sheet is not None:
            rows = Rows(sheet, table, context, section.get("where"))
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
    title = " and ".join(dict.fromkeys(source.name for source in sources))
    merged = sources[0].headings if len(sources) == 1 else {}
    return frame[order], Source(title, merged)


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
    headings = list(rows.sheet.frame.columns)
    main = rows.context.id_spec
    return main if split(main)[0][0] in headings or "subject_id" not in headings else "subject_id"


def _wide_rows(table, section, context, open_sheet, main: Rows, own_rows: bool) -> Rows | None:
    if not own_rows:
        rows = Rows(main.sheet, table, context)
        rows.follow(main.ids)
        return rows
    sheet = open_sheet(table, section)
    if sheet is None:
        return None
    rows = Rows(sheet, table, context, section.get("where"))
    spec = _id_spec(rows, section)
    rows.tie(spec)
    refuse_repeats(rows, split(spec)[0][0], "A wide sheet has a row per subject.")
    return rows
