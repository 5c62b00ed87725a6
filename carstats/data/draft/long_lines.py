"""The lines of sheets with several rows a subject: visits, adverse events, drugs, results."""

from __future__ import annotations

import re

from carstats.data.draft.finding import Column, Found
from carstats.data.draft.headings import BASELINE
from carstats.data.draft.recodes import (
    distinct,
    may_be_listed,
    recode_flags,
    recode_terms,
)
from carstats.data.draft.sections import Paper, quoted, table
from carstats.data.draft.subject_lines import others_named
from carstats.data.draft.values import meaning
from carstats.data.draft.wide_lines import BASELINE_DAY, unit_question, write_wide
from carstats.data.formats.day_units import TIME_UNITS
from carstats.data.measures import MEASURE_TABLE
from carstats.data.schema import TABLES
from carstats.data.units import conversion
from carstats.data.vocabulary import Vocabulary
from carstats.messages import message

# A column of more or longer names is none of visits, and what it holds stays in it.
_MOST_VISITS, _LONGEST_VISIT = 40, 30
# What tells a long sheet, in the order in which it is looked for.
_TELLS = {
    "toxicities": ("toxicities.term",),
    "medications": ("medications.drug",),
    "assessments": ("assessments.measure",),
    "responses": ("responses.endpoint",),
}
_ENDED = ("toxicities.resolution_day", "medications.stop_day")
_DATED = ("assessments.day", "responses.day", "toxicities.onset_day", "medications.start_day")


def kind_of(found: Found) -> str:
    """Return what a sheet holds: ``toxicities``, ``medications``, ``assessments``, ``responses``,
    ``visits``, ``infusions``, ``wide`` for another sheet with a row per subject; empty if it
    cannot be told.
    """
    if not found.of("subjects.subject_id"):
        return ""
    for kind, targets in _TELLS.items():
        if found.of(*targets):
            return kind
    if _row_each(found) and _named_visits(found):
        return "wide"
    if found.kinds("assessments:") or found.kinds("responses:") or found.kinds("medications:"):
        return "visits"
    if found.of("events:relapse.status", "events:relapse.date") and found.of(*_DATED):
        return "visits"
    if found.of("study.infusion_date", "infusions.day"):
        return "infusions"
    return ""


def _row_each(found: Found) -> bool:
    """Return whether a sheet has a row per subject."""
    column = found.first("subjects.subject_id")
    cells = found.sheet.frame.iloc[:, column.place].dropna() if column is not None else ()
    return len(cells) > 1 and cells.nunique() == len(cells)


def _named_visits(found: Found) -> bool:
    """Return whether headings of a sheet name visits, or toxicities by their parts."""
    timed = any(c.proposal.day is not None for c in found.columns)
    parts = any(c.proposal.target.endswith((".grade", ".onset")) for c in found.columns)
    return timed or parts


def place_of(found: Found, main: Found) -> list[tuple[str, str]]:
    """Return the lines that say in which file and sheet, and which rows."""
    out = []
    if found.path != main.path:
        out.append(("file", quoted(found.path.name)))
    if found.title and (found.title != main.title or found.path != main.path):
        out.append(("sheet", quoted(found.title)))
    if found.header_row > 1 or main.header_row > 1:
        out.append(("header_row", str(found.header_row)))
    if found.where:
        out.append(("where", table((h, _wanted(v)) for h, v in found.where.items())))
    return out


def _wanted(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(quoted, value)) + "]"
    return quoted(value)


def write_long(paper: Paper, found: Found, main: Found, kind: str) -> None:
    """Write a table from a sheet with a row per episode, drug or result."""
    for name, value in place_of(found, main):
        paper.on((kind,), name, value)
    columns = (kind, "columns")
    _subject(paper, found, main, columns)
    names = TABLES[kind].names()
    generic = {
        "onset_day": _DATED, "start_day": _DATED, "day": ("assessments.day", "responses.day"),
        "resolution_day": _ENDED, "stop_day": _ENDED,
    }  # fmt: skip
    for name in names:
        if name == "subject_id":
            continue
        column = found.first(f"{kind}.{name}") or found.first(*generic.get(name, ()))
        if column is None:
            continue
        _cell(paper, found, column, kind, name)
        others = [c for c in found.of(f"{kind}.{name}") if c is not column]
        for other in others:
            paper.off(columns, name, quoted(other.heading),
                      message("another heading for the same; only one is read"))  # fmt: skip
    if kind == "medications" and not found.of("medications.drug_class"):
        _classes(paper, found)
    lines = {line.name for line in paper.sections.get(columns, ())}
    for described in TABLES[kind].columns:
        known = described.name in lines or described.name in ("subject_id", "drug_class")
        if described.required and not known:
            why = message("no heading was taken for it: which is it?")
            paper.ask(columns, described.name, '""', why)


def _subject(paper: Paper, found: Found, main: Found, section: tuple[str, ...]) -> None:
    column, own = found.first("subjects.subject_id"), main.first("subjects.subject_id")
    if column is not None and (own is None or own.heading != column.heading):
        paper.on(section, "subject_id", quoted(column.heading))


def _cell(paper: Paper, found: Found, column: Column, kind: str, name: str) -> None:
    value = quoted(column.heading)
    section = (kind, "columns")
    # In a log of adverse events "Grade" and "Start date" are its own.
    meant = {column.proposal.target, *column.proposal.others}
    sure = column.proposal.sure or f"{kind}.{name}" in meant
    described = TABLES[kind].column(name)
    if described.kind == "day" and column.cells.kind == "number":
        unit = column.proposal.time_unit or "days"
        if unit != "days" and unit in TIME_UNITS:
            value = table([("column", value), ("unit", quoted(unit))])
        elif not column.proposal.time_unit and column.heading.upper() != column.heading:
            paper.ask(section, name, value, message("numbers: days since the infusion?"))
            return
    if sure:
        paper.on(section, name, value)
        recode_terms(paper, found, column, kind, name)
    else:
        paper.ask(section, name, value, others_named(column))


def _classes(paper: Paper, found: Found) -> None:
    """Take the class of each drug from its name."""
    column = found.first("medications.drug")
    paper.on(("medications", "columns"), "drug_class", quoted(column.heading),
             message("the class of each drug, by its name"))  # fmt: skip
    for value, n in list(distinct(found, column).items())[:200]:
        meant = meaning("medications.drug_class", value)
        if not may_be_listed(value, n, bool(meant.term), True):
            continue
        if meant.term and meant.term != "missing":
            state = "on" if meant.sure else "ask"
            why = "" if meant.sure else message("the nearest term; is it?")
        else:
            state, why = "ask", message("which class?")
        term = meant.term if meant.term != "missing" else ""
        paper.add(("medications", "values", "drug_class"), value, quoted(term), state, why)


def write_other_wide(paper: Paper, found: Found, main: Found) -> None:
    """Write the sections of single terms from another sheet with a row per subject."""
    tables = ("assessments", "responses", "events", "toxicities", "medications")
    for name in tables:
        if not found.kinds(f"{name}:"):
            continue
        if any(section[0] == name for section in paper.sections):
            told = message("{sheet} has columns of [{table}], and so has another sheet: put them"
                           " into one, since carstats reads those of one sheet.",
                           sheet=found.title or found.path.name, table=name)  # fmt: skip
            paper.told.append(told)
            # Left out it would be lost: whoever looks through the draft says so.
            paper.ask((name,), "sheet", quoted(found.title), told)
            continue
        for key, value in place_of(found, main):
            paper.on((name,), key, value)
        own = found.first("subjects.subject_id")
        if own is not None:
            paper.on((name, "columns"), "subject_id", quoted(own.heading))
        write_wide(paper, found, frozenset({name}))


def ask_twice(paper: Paper, found: Found) -> None:
    """Ask about toxicities that the subjects' sheet and the log of adverse events both have."""
    column = found.first("toxicities.term")
    known = Vocabulary()
    logged = set()
    for value in distinct(found, column) if column is not None else ():
        logged.add(known.canonical("toxicity", value) or meaning("toxicities.term", value).term)
    for section, lines in paper.sections.items():
        if section[0] == "toxicities" and len(section) == 2 and section[1] in logged:
            for line in lines:
                if line.state == "on":
                    line.state = "ask"
                    line.why = message("the log of adverse events has it too: both would count"
                                       " twice")  # fmt: skip


def write_visits(paper: Paper, found: Found, main: Found) -> None:
    """Write a sheet with a row per visit and a column per measure."""
    index = sum(1 for s in paper.sections if s[0].startswith("visits") and len(s) == 1)
    section: tuple[str, ...] = ("visits",) if not index else (f"visits {index + 1}",)
    paper.sections.setdefault(section, [])
    for name, value in place_of(found, main):
        paper.on(section, name, value)
    _visit_columns(paper, found, main, (*section, "columns"))
    known = Vocabulary()
    for column in found.columns:
        kind, colon, rest = column.proposal.target.partition(":")
        if not colon:
            continue
        if kind == "assessments" and known.canonical("measure", rest):
            _measure(paper, found, column, section, rest)
        elif kind == "responses" and known.canonical("endpoint", rest):
            _one(paper, column, (*section, "responses"), quoted(rest))
            recode_flags(paper, distinct(found, column), ("responses", "values", "response"))
        elif kind == "events" and rest.endswith((".status", ".date")):
            if paper.says(("events", rest.rpartition(".")[0]), "date"):
                paper.off((*section, "events"), column.heading, quoted(rest.rpartition(".")[0]),
                          message("the subjects' sheet has its date"))  # fmt: skip
            elif column.cells.kind in ("flag", "number"):
                _one(paper, column, (*section, "events"), quoted(rest.rpartition(".")[0]))
        elif kind == "medications":
            _drug(paper, column, (*section, "medications"), rest)


def _visit_columns(paper: Paper, found: Found, main: Found, section: tuple[str, ...]) -> None:
    _subject(paper, found, main, section)
    dated = [c for c in found.of(*_DATED, "subjects.last_contact_day", "ignore")
             if (c.cells.kind == "date" and c.proposal.target != "ignore")
             or (c.cells.kind == "date" and "assessments.day" in c.proposal.others)]  # fmt: skip
    label = found.first("responses.visit")
    if dated:
        column = dated[0]
        value = quoted(column.heading)
        sure = len(dated) == 1 or column.proposal.sure
        paper.add(section, "day", value, "on" if sure else "ask",
                  "" if sure else others_named(column))  # fmt: skip
    elif label is not None:
        names = list(distinct(found, label))
        names = [v for v in names if may_be_listed(v, 2, bool(meaning("visit", v).term), True)]
        few = len(names) <= _MOST_VISITS and all(len(v) <= _LONGEST_VISIT for v in names)
        days = {v: meaning("visit", v) for v in names if few}
        pairs = [(v, _day(m.term)) for v, m in days.items()]
        value = table([("column", quoted(label.heading)), ("schedule", table(pairs))])
        sure = bool(days) and all((m.sure and m.term.lstrip("-").isdigit()) or m.term == BASELINE
                   for m in days.values())  # fmt: skip
        why = message("the day of each visit by its name; baseline is placed 7 days before")
        paper.add(section, "day", value, "on" if sure else "ask", why)
    else:
        why = message("no heading was taken for the day of the visit: which is it?")
        paper.ask(section, "day", '""', why)


def _day(term: str) -> str:
    if term == BASELINE:
        return str(BASELINE_DAY)
    return term if re.fullmatch(r"-?\d+", term) else "0"


def _one(paper: Paper, column: Column, section: tuple[str, ...], value: str) -> None:
    state = "on" if column.proposal.sure else "ask"
    paper.add(section, column.heading, value, state,
              "" if column.proposal.sure else others_named(column))  # fmt: skip


def _measure(
    paper: Paper, found: Found, column: Column, section: tuple[str, ...], measure: str
) -> None:
    known = MEASURE_TABLE.get(measure)
    place = (*section, "measures")
    if column.cells.kind == "text":
        paper.off(place, column.heading, quoted(measure), message("words and no numbers: not read"))
        return
    said = column.proposal.unit
    if known is not None and said and conversion(known, said) is not None:
        value = table([("measure", quoted(measure)), ("unit", quoted(said))])
        _one(paper, column, place, value)
        return
    question = unit_question(known, [column]) if known is not None else None
    if question is not None:
        value = table([("measure", quoted(measure)), ("unit", quoted(question[0]))])
        paper.ask(place, column.heading, value, question[1])
        return
    _one(paper, column, place, quoted(measure))


def _drug(paper: Paper, column: Column, section: tuple[str, ...], rest: str) -> None:
    drug, _, what = rest.rpartition(".")
    kind = column.proposal.drug_class
    pairs = [("drug", quoted(drug)), ("drug_class", quoted(kind))]
    if what in ("prednisone_equivalent_mg", "dose"):
        pairs.append(("amount", quoted(what)))
    elif what != "present":
        return
    _one(paper, column, section, table(pairs))
