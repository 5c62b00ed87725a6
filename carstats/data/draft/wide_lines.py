"""The lines of what a sheet with a row per subject says of events, toxicities, visits and drugs."""

from __future__ import annotations

import re

import numpy as np

from carstats.data.check import MISSING, cell_text, read_flag
from carstats.data.draft.finding import Column, Found, box
from carstats.data.draft.headings import BASELINE
from carstats.data.draft.recodes import (
    are_terms,
    distinct,
    may_be_listed,
    recode_flags,
    recode_grades,
)
from carstats.data.draft.sections import ASK, ON, Paper, quoted, table
from carstats.data.draft.subject_lines import others_named
from carstats.data.draft.values import meaning
from carstats.data.formats.day_units import TIME_UNITS
from carstats.data.matching import code_key
from carstats.data.measures import MEASURE_TABLE, Conversion
from carstats.data.units import conversion, plausible, rivals, units_that_fit, why_not_code
from carstats.data.vocabulary import Vocabulary
from carstats.messages import message, message_n

# The day that a value of the baseline is given; before the infusion and before lymphodepletion.
BASELINE_DAY = -7
# A column of more or longer states is none of states, and what it holds stays in it.
_MOST_STATES, _LONGEST_STATE = 8, 20
# What a heading says of why a drug of some classes was given.
_SAID = (
    (("immunoglobulin",), re.compile(r"replac|igrt|替代|补充", re.I), "replacement"),
    (("tocilizumab", "glucocorticoid"), re.compile(r"crs|icans", re.I), "toxicity"),
)
_PARTS = {
    "events": ("date", "time", "status", "censor", "low"),
    "toxicities": ("grade", "present", "onset", "resolution", "severity", "serious",
                   "attribution", "system", "organism"),
    "medications": ("present", "start", "stop", "prednisone_equivalent_mg"),
    "infusions": ("date", "dose", "planned"),
}  # fmt: skip


def write_wide(paper: Paper, main: Found, tables: frozenset[str] | None = None) -> None:
    """Write the sections of single terms from a sheet with a row per subject; of some tables."""
    for column in main.columns:
        table_name, colon, rest = column.proposal.target.partition(":")
        if not colon or (tables is not None and table_name not in tables):
            continue
        if table_name in ("assessments", "responses"):
            _visit(paper, main, column, table_name, rest)
            continue
        term, _, what = rest.rpartition(".")
        if term.startswith("+") or what not in _PARTS.get(table_name, ()):
            _unplaced(paper, column, table_name, term, what)
            continue
        _PART[table_name](paper, main, column, (table_name, term), what)
    _finish_events(paper, main)
    _finish_toxicities(paper, main)
    for section in [s for s in paper.sections if s[0] == "assessments" and len(s) == 3]:
        unit_line(paper, main, section[1])


def _unplaced(paper: Paper, column: Column, table_name: str, term: str, what: str) -> None:
    if term.startswith("+"):
        why = message("{term} is no term of carstats' vocabulary: not read", term=repr(term[1:]))
    else:
        why = message("[{table}.{term}] has no {part} in a sheet with a row per subject: not read",
                      table=table_name, term=term, part=what)  # fmt: skip
    for told, headings in paper.unread:
        if told == why:
            headings.append(column.heading)
            return
    paper.unread.append((why, [column.heading]))


def _put(paper: Paper, column: Column, section: tuple[str, ...], name: str, value: str) -> bool:
    """Write a line of a section, if it has none of this name yet; return whether it stands."""
    if paper.says(section, name):
        why = message("another heading for the same; only one is read")
        paper.off(section, name, value, why)
        return False
    if column.proposal.sure:
        paper.on(section, name, value)
    else:
        paper.ask(section, name, value, others_named(column))
    return column.proposal.sure


def _event(paper: Paper, main: Found, column: Column, section: tuple[str, ...], what: str) -> None:
    value = quoted(column.heading)
    if what == "time" and column.cells.kind != "date":
        unit = column.proposal.time_unit
        value = table([("column", value), ("unit", quoted(unit if unit in TIME_UNITS else "days"))])
        if unit not in TIME_UNITS and column.proposal.sure:
            paper.ask(section, "time", value, message("numbers: days, weeks, months or years?"))
            return
    if what == "status":
        values = [v for v in distinct(main, column) if v not in column.cells.signs]
        if len(values) > _MOST_STATES or any(len(v) > _LONGEST_STATE for v in values):
            values = []  # no list of states
        counts = distinct(main, column)
        of_terms = are_terms(dict.fromkeys(values, 1), lambda v: bool(_status(v, {})))
        values = [v for v in values
                  if may_be_listed(v, counts[v], bool(_status(v, {})), of_terms)]  # fmt: skip
        codes = dict(column.proposal.codes)
        pairs = [(v, quoted(_status(v, codes))) for v in values]
        if main.of(f"events:{section[1]}.date"):
            paper.off(section, "status", value, message("the date says it"))
            return
        paper.ask(section, "status", value, message("stands with `time`; without a time or a date"
                                                    " an event cannot be placed"))  # fmt: skip
        paper.ask(section, "values", table(pairs), message("what does each mean?"))
        return
    _put(paper, column, section, what, value)


def _status(value: str, codes: dict[str, str]) -> str:
    found = meaning("events.status", codes.get(value, value))
    if not found.term and (flag := meaning("flag", codes.get(value, value))).sure:
        return {"true": "event", "false": "censored"}.get(flag.term, "")
    return found.term if found.term in ("event", "censored", "competing") else ""


def _toxicity(
    paper: Paper, main: Found, column: Column, section: tuple[str, ...], what: str
) -> None:
    value = quoted(column.heading)
    if what == "system":
        value = table([("column", value)])
    if not _put(paper, column, section, what, value):
        return
    values = distinct(main, column)
    if what == "grade":
        recode_grades(paper, values, ("toxicities", "values", "grade"))
    elif what in ("present", "serious"):
        recode_flags(paper, values, ("toxicities", "values", what), column.proposal.codes)
    if what == "grade" and "astct" in column.heading.casefold():
        paper.on(section, "grading_scale", '"ASTCT"', message("the heading says so"))
    elif what == "grade" and "ctcae" in column.heading.casefold():
        paper.on(section, "grading_scale", '"CTCAE"', message("the heading says so"))
    elif what == "grade" and section[1] in ("CRS", "ICANS"):
        paper.off(section, "grading_scale", '"ASTCT"', message("if it is so"))


def _medication(
    paper: Paper, main: Found, column: Column, section: tuple[str, ...], what: str
) -> None:
    kind = column.proposal.drug_class
    if column.proposal.day not in (None, BASELINE):
        why = message("a dose at a visit is read from a sheet with a row per visit only: not read")
        paper.unread.append((why, [column.heading]))
        return
    if what == "prednisone_equivalent_mg" and column.proposal.day == BASELINE:
        paper.off(section, what, quoted(column.heading), message("the dose at baseline alone"))
        return
    if kind and not paper.says(section, "drug_class"):
        paper.on(section, "drug_class", quoted(kind))
        reason = next(
            (r for k, words, r in _SAID if kind in k and words.search(column.heading)), ""
        )
        if reason:
            paper.on(section, "reason", quoted(reason), message("the heading says so"))
    if _put(paper, column, section, what, quoted(column.heading)) and what == "present":
        section = ("medications", "values", "present")
        recode_flags(paper, distinct(main, column), section, column.proposal.codes)


def _infusion(
    paper: Paper, main: Found, column: Column, section: tuple[str, ...], what: str
) -> None:
    if section[1] == "1" and what == "date":
        return
    if _put(paper, column, section, what, quoted(column.heading)) and what == "date":
        why = message("was it planned by the protocol (true), or given for a relapse (false)?")
        paper.ask(section, "planned", "false", why)


_PART = {"events": _event, "toxicities": _toxicity, "medications": _medication,
         "infusions": _infusion}  # fmt: skip


def _visit(paper: Paper, main: Found, column: Column, table_name: str, term: str) -> None:
    known = Vocabulary()
    category = "measure" if table_name == "assessments" else "endpoint"
    if term.startswith("+") or known.canonical(category, term) is None:
        _unplaced(paper, column, table_name, f"+{term.lstrip('+')}", "")
        return
    section, day = (table_name, term, "columns"), column.proposal.day
    if table_name == "assessments" and column.cells.kind in ("text", "flag"):
        if not (column.cells.zero_one or MEASURE_TABLE[term].unit == "0-1"):
            paper.off(section, column.heading, str(BASELINE_DAY),
                      message("words and no numbers: not read"))  # fmt: skip
            return
        recode_measure_flags(paper, main, column)
    if day is None:
        value = str(BASELINE_DAY) if table_name == "assessments" else "182"
        why = message("at which visit? A day, or the heading of its date in quotation marks")
        paper.ask(section, column.heading, value, why)
    elif not column.proposal.sure:
        number = str(BASELINE_DAY if day == BASELINE else day)
        paper.ask(section, column.heading, number, others_named(column))
    elif day == BASELINE:
        why = message("baseline: placed 7 days before the infusion")
        paper.on(section, column.heading, str(BASELINE_DAY), why)
    else:
        paper.on(section, column.heading, str(day))
    if table_name == "responses":
        section = ("responses", "values", "response")
        recode_flags(paper, distinct(main, column), section, column.proposal.codes)


def recode_measure_flags(paper: Paper, main: Found, column: Column) -> None:
    """Recode yes and no of a measure that is 0 or 1."""
    for value in distinct(main, column):
        flag = read_flag(value)
        if flag is not None and code_key(value) not in ("0", "1", *MISSING):
            paper.on(("assessments", "values", "value"), value, "1" if flag else "0")


def unit_line(paper: Paper, main: Found, measure: str) -> None:
    """Write the unit of a measure: from its headings, or asked where the values do not tell it."""
    section = ("assessments", measure)
    columns = [c for c in main.columns if c.proposal.target == f"assessments:{measure}"]
    known = MEASURE_TABLE.get(measure)
    if known is None or paper.says(section, "unit"):
        return
    said = {c.proposal.unit for c in columns if c.proposal.unit}
    fitting = {unit for unit in said if conversion(known, unit) is not None}
    if len(fitting) == 1 and len(said) == 1:
        paper.on(section, "unit", quoted(fitting.pop()), message("the heading says so"))
    elif said:
        units = " | ".join(sorted(said))
        why = message("the headings say {units}; which is right?", units=units)
        if {why_not_code(known, unit) for unit in said} == {"kit"}:
            why = message(
                "the headings say {units}, units of one kit: divide the values by the kit's upper"
                " limit of normal, or read them as a measure of the study's own",
                units=units,
            )
        paper.ask(section, "unit", quoted(sorted(fitting)[0] if fitting else known.unit), why)
    elif (question := unit_question(known, columns)) is not None:
        paper.ask(section, "unit", quoted(question[0]), question[1])


def unit_question(known, columns: list[Column]) -> tuple[str, str] | None:
    """Return the likeliest unit of values without one, and the question; None if none is open."""
    numbers = [c.cells.numbers for c in columns if c.cells.kind == "number"]
    values = np.concatenate(numbers) if numbers else np.array([])
    changing = [u for u, how in known.units.items() if how.changes and how.rival]
    if not changing or not len(values):
        return None
    fits = units_that_fit(known, values, Conversion(1.0))
    if plausible(known, values).all() and not rivals(known, values):
        return None  # in its own unit alone are they possible
    likely = known.unit if plausible(known, values).all() else (fits or [known.unit])[0]
    names = " | ".join([known.unit, *changing][:5])
    return likely, message("the heading says no unit: {units}?", units=names)


def _finish_events(paper: Paper, main: Found) -> None:
    """Say when subjects without an event were last looked at, and what competes."""
    for section in [s for s in paper.sections if s[0] == "events" and len(s) == 2]:
        _yes_without_date(paper, main, section)
    section = ("events", "relapse")
    if not any(paper.says(section, name) for name in ("date", "time")):
        return
    if not paper.says(section, "censor") and paper.says(section, "date"):
        why = message("the date of the last disease assessment; without it the last contact is"
                      " taken: is it one?")  # fmt: skip
        last = main.first("subjects.last_contact_day")
        paper.ask(section, "censor", quoted(last.heading if last else ""), why)
    death = main.first("subjects.death_day")
    second = main.first("infusions:2.date")
    if second is not None and paper.says(section, "date"):
        pairs = [("death", quoted(death.heading))] if death is not None else []
        pairs.append(("re-infusion", quoted(second.heading)))
        paper.ask(section, "competing", table(pairs),
                  message("of the infusions only one that was not planned competes"))  # fmt: skip


def _said(cell: object) -> str:
    """Return what a cell says; empty if it is blank."""
    return "" if cell is None or cell != cell else cell_text(cell).strip()


def _yes_without_date(paper: Paper, main: Found, section: tuple[str, ...]) -> None:
    """Ask about rows that say that an event happened, and not when: it would not be counted."""
    dates = main.of(f"events:{section[1]}.date")
    stated = main.of(f"events:{section[1]}.status")
    lines = [x for x in paper.sections[section] if x.name == "date" and x.state == ON]
    if not dates or not stated or not lines:
        return
    frame = main.sheet.frame
    dated = np.any([[bool(_said(c)) for c in frame.iloc[:, one.place]] for one in dates], axis=0)
    for column in stated:
        codes = dict(column.proposal.codes)
        yes = [
            _said(c) and _status(_said(c), codes) == "event" for c in frame.iloc[:, column.place]
        ]
        if n := int((np.array(yes, dtype=bool) & ~dated).sum()):
            lines[0].state = ASK
            lines[0].why = message_n(
                "{n} row says yes under {heading} and has no date here: an event without one is"
                " not counted; fill it in",
                "{n} rows say yes under {heading} and have no date here: an event without one is"
                " not counted; fill it in",
                n,
                heading=repr(column.heading),
            )


def _finish_toxicities(paper: Paper, main: Found) -> None:
    """Ask what a blank cell means, where there are any."""
    for section in [s for s in paper.sections if s[0] == "toxicities" and len(s) == 2]:
        lines = paper.sections[section]
        headings = {line.value for line in lines if line.name in ("grade", "present", "severity")
                    and line.state == "on"}  # fmt: skip
        columns = [c for c in main.columns if quoted(c.heading) in headings]
        blank = min((c.cells.blank for c in columns), default=0)
        if blank:
            why = message(
                "{n} of {of} cells are blank: no episode (\"none\"), or not known (\"unknown\")?",
                n=blank, of=columns[0].cells.n,
            )  # fmt: skip
            paper.ask(section, "blank", '"none"', why)


def ask_zero_one(paper: Paper, main: Found) -> None:
    """Ask what 1 and 0 mean in columns of yes and no that hold nothing else."""
    for column in main.columns:
        target = column.proposal.target
        if not column.cells.zero_one or box(column.heading) is not None:
            continue
        if target == "subjects.infused":
            section: tuple[str, ...] = ("subjects", "values", "infused")
        elif target.startswith("responses:"):
            section = ("responses", "values", "response")
        elif target.endswith((".present", ".serious")):
            section = (target.partition(":")[0], "values", target.rpartition(".")[2])
        else:
            continue
        codes = dict(column.proposal.codes)
        for code, usual in (("1", "true"), ("0", "false")):
            if code in codes and (said := meaning("flag", codes[code])).term in ("true", "false"):
                paper.on(section, code, said.term, message("the heading says so"))
            elif not paper.says(section, code):
                why = message("is 1 yes and 0 no, as in {heading}?", heading=column.heading)
                if not any(line.name == code for line in paper.sections.get(section, ())):
                    paper.ask(section, code, usual, why)
