"""The lines of `[study]` and `[subjects]`: who the subjects are and when their time begins."""

from __future__ import annotations

import re

from carstats.data.draft.finding import Column, Found
from carstats.data.draft.recodes import distinct, recode_terms
from carstats.data.draft.sections import Paper, listing, quoted, table
from carstats.data.formats.day_units import TIME_UNITS
from carstats.data.schema import TABLES
from carstats.messages import message

STUDY, COLUMNS = ("study",), ("subjects", "columns")
_DATES = ("infusion_date", "enrolment_date", "cutoff_date")
_TOTALS = frozenset({"合计", "小计", "总计", "总数", "总和", "平均", "平均值", "均值",
                     "中位数", "total", "totals",
                     "subtotal", "sum", "mean", "median", "average", "n", "合計"})  # fmt: skip
_NEEDED = ("disease", "target", "platform", "cell_source", "last_contact_day")
_WHOLE_FEW = 12
# What is kept in one unit: the stem of its name, and how its unit is called.
_KEPT = {
    "disease_duration_years": ("disease_duration", ("years",)),
    "age": ("age", ("years",)),
    "weight_kg": ("weight", ("kg", "kgs", "公斤", "千克")),
}
_FOLLOWED = re.compile(r"\bf/?u\b|fup|follow|随访|観察|suivi|nachbeob", re.I)
# A row of totals says so in one of the first columns.
_FIRST = 3


def others_named(column: Column) -> str:
    """Return what else a heading may be, for a comment."""
    names = [name for name in column.proposal.others if name != "visit"]
    if not names:
        return message("is it?")
    return message("or is it {others}?", others=" | ".join(names))


def write_subjects(
    paper: Paper,
    main: Found,
    book: bool,
    others: list[Found],
    totals: tuple[Column | None, list[str]],
) -> None:
    """Write `[study]` and `[subjects]` from the sheet of the subjects."""
    paper.on(STUDY, "file", quoted(main.path.name))
    if main.title and book:
        paper.on(STUDY, "sheet", quoted(main.title))
    if main.header_row > 1:
        why = message("the row of the headings")
        paper.on(STUDY, "header_row", str(main.header_row), why)
    for name in _DATES:
        _study_date(paper, main, name, others)
    _signs(paper, [main, *others])
    _date_order(paper, [main, *others])
    _identifier(paper, main, totals)
    _columns(paper, main)
    _missing_columns(paper, main)


def _study_date(paper: Paper, main: Found, name: str, others: list[Found]) -> None:
    named = main.of(f"study.{name}")
    sure = [c for c in named if c.proposal.sure]
    if len(sure) > 1 and name == "infusion_date":
        why = message("the earliest is day 0, the others are infusions 2, 3, …")
        paper.on(STUDY, name, listing(c.heading for c in sure), why)
    elif sure:
        paper.on(STUDY, name, quoted(sure[0].heading))
        for other in sure[1:]:
            paper.off(STUDY, name, quoted(other.heading), message("instead?"))
    elif named:
        for column in named:
            paper.ask(STUDY, name, quoted(column.heading), others_named(column))
    elif name == "infusion_date":
        for other in others:
            if (column := other.first("study.infusion_date", "infusions.day")) is not None:
                _infusion_sheet(paper, other, column)
                return
        why = message("no heading was taken for the date of the infusion: which is it?")
        paper.ask(STUDY, name, '""', why)
    elif name == "cutoff_date":
        paper.off(STUDY, name, '"2025-12-31"', message("the data cut-off, if there is one"))


def _infusion_sheet(paper: Paper, other: Found, column: Column) -> None:
    subject = other.first("subjects.subject_id")
    pairs = [("file", quoted(other.path.name))] + ([("sheet", quoted(other.title))]
            if other.title else [])  # fmt: skip
    pairs.append(("column", quoted(column.heading)))
    if subject is not None:
        pairs.append(("subject_id", quoted(subject.heading)))
    why = message("a row per infusion: the earliest is day 0")
    paper.on(STUDY, "infusion_date", table(pairs), why)
    paper.ask(("infusions",), "later", '"planned"', message('or "unplanned": the later infusions'))


def _signs(paper: Paper, sheets: list[Found]) -> None:
    """List the words for missing among dates and numbers, where they can mean nothing else."""
    known = {"", "na", "n/a", "nan", "none", "null", "."}
    signs: dict[str, None] = {}
    for found in sheets:
        for column in found.columns:
            target = column.proposal.target
            if target in ("", "ignore", "identifier", "free text"):
                continue
            if column.cells.kind in ("date", "number") or target.startswith("subjects."):
                for sign in column.cells.signs:
                    if sign.strip().casefold() not in known:
                        signs[sign] = None
    if signs:
        why = message("read as missing")
        paper.on(STUDY, "missing", listing(signs), why)


def _date_order(paper: Paper, sheets: list[Found]) -> None:
    orders = {c.cells.order for found in sheets for c in found.columns
              if c.cells.kind == "date" and c.proposal.target not in ("", "ignore", "identifier",
                                                                     "free text")}  # fmt: skip
    proved = orders & {"dmy", "mdy"}
    if len(proved) == 1 and "both" not in orders:
        why = message("a date proves it: its other number is above 12")
        paper.on(STUDY, "date_order", quoted(proved.pop()), why)
    elif orders - {""}:
        why = message('does the day ("dmy") or the month ("mdy") come first in 3/4/2024?')
        paper.ask(STUDY, "date_order", '"dmy"', why)
    if any(c.cells.partial for found in sheets for c in found.columns
           if c.proposal.target.endswith(("_day", ".date", ".onset", ".resolution", ".start",
                                          ".stop", ".censor", ".low"))):  # fmt: skip
        why = message('dates without their day are there: "first", "middle" or "last"?')
        paper.ask(STUDY, "partial_dates", '"middle"', why)


def _identifier(paper: Paper, main: Found, totals_in: tuple[Column | None, list[str]]) -> None:
    column = main.first("subjects.subject_id")
    if column is None:
        why = message("no heading was taken for the subjects' identifier: which is it?")
        paper.ask(COLUMNS, "subject_id", '""', why)
        return
    state = "on" if column.proposal.sure else "ask"
    paper.add(COLUMNS, "subject_id", quoted(column.heading), state,
              "" if column.proposal.sure else others_named(column))  # fmt: skip
    where = dict(main.where)
    pairs = [(heading, quoted(value)) for heading, value in where.items()]
    summed, totals = totals_in
    if summed is not None and totals:
        pairs.append((summed.heading, table([("not", listing(totals))])))
    if pairs:
        why = message("rows of totals are left out") if totals else ""
        paper.on(("subjects",), "where", table(pairs), why)


def totals_of(main: Found) -> tuple[Column | None, list[str]]:
    """Return the column whose words say that a row is none of a subject, and the words.

    It is the identifier's, or one before it, such as a running number.
    """
    subject = main.first("subjects.subject_id")
    if subject is None:
        return None, []
    before = [c for c in main.columns if c.place < subject.place or c.place < _FIRST]
    for column in [subject, *before]:
        words = [value for value in distinct(main, column)
                 if re.sub(r"[\s:：]", "", value).casefold() in _TOTALS]  # fmt: skip
        if words and set(words) != set(distinct(main, column)):
            return column, words
    return None, []


def _columns(paper: Paper, main: Found) -> None:
    last = [c for c in main.of("subjects.last_contact_day") if c.proposal.sure]
    for column in main.columns:
        target = column.proposal.target
        prefix, _, name = target.partition(".")
        if prefix == "subjects" and name == "subject_id":
            continue
        if prefix == "subjects" and TABLES["subjects"].column(name):
            _column(paper, main, column, name, last)
        elif target == "own column":
            _own(paper, column)


def _column(paper: Paper, main: Found, column: Column, name: str, last: list[Column]) -> None:
    value = quoted(column.heading)
    described = TABLES["subjects"].column(name)
    unit = column.proposal.time_unit
    if name == "last_contact_day" and len(last) > 1 and column in last:
        if column is last[0]:
            why = message("the latest of them")
            paper.on(COLUMNS, name, listing(c.heading for c in last), why)
        return
    if described.kind == "day" and column.cells.kind == "number":
        if unit in TIME_UNITS:
            value = table([("column", value), ("unit", quoted(unit))])
        elif column.proposal.sure:
            value = table([("column", value), ("unit", '"months"')])
            paper.ask(COLUMNS, name, value, message("numbers: days, weeks, months or years?"))
            return
    said = unit or column.proposal.unit
    kept = _KEPT.get(name)
    if kept is not None and said and said.casefold() not in kept[1]:
        why = message("in {unit}: carstats keeps {kept}, and does not convert it", unit=said,
                      kept=kept[1][0])  # fmt: skip
        paper.off(COLUMNS, f"{kept[0]}_{said}", value, why)
        return
    if name == "disease_subtype" and column.cells.kind == "flag":
        paper.ask(COLUMNS, name, value, message("yes or no: recode it to the subtype, or leave it"))
        return
    first = not paper.says(COLUMNS, name)
    if column.proposal.sure and first:
        paper.on(COLUMNS, name, value)
        recode_terms(paper, main, column, "subjects", name)
    elif first:
        paper.ask(COLUMNS, name, value, others_named(column))
    else:
        paper.off(COLUMNS, name, value, message("another heading for the same; only one is read"))


def _own(paper: Paper, column: Column) -> None:
    """Keep a column of the study's own where its cells are numbers, yes or no, or a few words."""
    cells = column.cells
    name = re.sub(r"[^\w]+", "_", column.heading).strip("_").casefold() or "own"
    if cells.kind == "date":
        name = name if name.endswith("_day") else f"{name}_day"
    if TABLES["subjects"].column(name) is not None:
        name = f"{name}_own"
    few = cells.kind in ("number", "flag", "date") or 0 < len(cells.values) <= _WHOLE_FEW
    if column.proposal.sure and few:
        paper.on(COLUMNS, name, quoted(column.heading), message("a column of the study's own"))
    else:
        why = message("a column of the study's own, if it is wanted")
        paper.off(COLUMNS, name, quoted(column.heading), why)


def _missing_columns(paper: Paper, main: Found) -> None:
    """Ask for what every study has to say and no heading was taken for."""
    lines = {line.name for line in paper.sections.get(COLUMNS, ()) if line.state != "off"}
    constants = ("subjects", "constants")
    offered = {"disease": "SLE", "target": "CD19", "platform": "CAR-T", "cell_source": "autologous"}
    for name in _NEEDED:
        if name in lines:
            continue
        if name == "last_contact_day":
            why = message("no heading was taken for the last contact: which is it?")
            paper.ask(COLUMNS, name, _follow_up(main), why)
            continue
        why = message("no heading was taken for it: the same for every subject?")
        paper.ask(constants, name, quoted(offered[name]), why)


def _follow_up(main: Found) -> str:
    """Return the column of the follow-up in months or years, if there is one, as TOML writes it."""
    for column in main.columns:
        unit = column.proposal.time_unit
        if (
            unit in TIME_UNITS
            and column.cells.kind == "number"
            and _FOLLOWED.search(column.heading)
        ):
            return table([("column", quoted(column.heading)), ("unit", quoted(unit))])
    return '""'


def condition(where: dict) -> str:
    """Return a condition as TOML writes it."""
    return table((heading, quoted(value)) for heading, value in where.items())
