"""What the cells say of a heading that may mean two things."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from carstats.data.draft.cells import has_grades
from carstats.data.draft.finding import Column, Found
from carstats.data.draft.headings import Proposal
from carstats.data.draft.values import meaning
from carstats.data.matching import code_key

# 1 January 1990 and 31 December 2100, as a spreadsheet counts days.
_SERIAL = (32_874, 73_415)
# The measure of the one antibody that a disease has; others that make a panel of one beside them.
_OWN = "assessments:autoantibody"
_OTHERS = {"assessments:anti-dsDNA", "assessments:ANA"}
_DATES = ("study.infusion_date", "study.enrolment_date", "study.cutoff_date")


def settle(found: Found) -> None:
    """Take what the cells decide of the headings that may mean two things."""
    for column in found.columns:
        _serial(column)
        column.proposal = _by_cells(column, found.columns)
    _panel(found.columns)


def _panel(columns: Sequence[Column]) -> None:
    """Take each antibody of several for itself; one alone may be the disease's own."""
    named = [c for c in columns if _OWN in c.proposal.others]
    named = [c for c in named if c.proposal.target.startswith("assessments:")]
    others = {c.proposal.target for c in columns} & _OTHERS
    if len({c.proposal.target for c in named} | others) < 2:
        return
    for column in named:
        if column.cells.kind == "number" and not column.cells.zero_one:
            left = tuple(other for other in column.proposal.others if other != _OWN)
            column.proposal = replace(column.proposal, others=left, sure=not left)


def _serial(column: Column) -> None:
    """Take numbers such as 45300 under a heading of dates for dates of a spreadsheet."""
    numbers, target = column.cells.numbers, column.proposal.target
    dated = target in _DATES or target.endswith(("_day", ".date", ".onset", ".resolution"))
    if not dated or column.cells.kind != "number" or not len(numbers):
        return
    if ((numbers >= _SERIAL[0]) & (numbers <= _SERIAL[1])).all():
        column.cells.kind = "date"


def _by_cells(column: Column, columns: Sequence[Column]) -> Proposal:
    given, cells = column.proposal, column.cells
    kind, _, rest = given.target.partition(":")
    name, _, what = rest.rpartition(".")
    if cells.kind == "empty" or not given.target:
        return given
    if given.target.endswith("_day") and cells.kind == "flag":
        return replace(given, target="own column", sure=False, others=(given.target,))
    if given.target.startswith("subjects.") and not given.sure:
        return _by_terms(given, column)
    if kind == "toxicities" and what in ("present", "grade"):
        return _toxicity(given, column, name)
    if kind == "events" and what in ("date", "time", "status"):
        place = f"events:{name}"
        if cells.kind == "date":
            return _sure(given, f"{place}.date", (f"{place}.time", f"{place}.status", "own column"))
        if given.codes:
            return _sure(given, f"{place}.status", (f"{place}.date", f"{place}.time"))
        if cells.kind == "number" and not cells.zero_one:
            return _sure(given, f"{place}.time", (f"{place}.date", f"{place}.status", "own column"))
        if cells.kind == "flag" and not cells.zero_one:
            return _sure(given, f"{place}.status", (f"{place}.date", f"{place}.time"))
        if cells.zero_one and what == "date":
            return replace(given, target=f"{place}.status", sure=False)
    if kind == "toxicities" and what in ("onset", "resolution") and cells.kind == "flag":
        return replace(given, target="own column", sure=False, others=(given.target,))
    if kind == "medications" and what in ("present", "prednisone_equivalent_mg"):
        dose = f"medications:{name}.prednisone_equivalent_mg"
        if cells.kind == "number" and not cells.zero_one and what == "present":
            # A number under a drug's bare name is a dose, of a unit that is not said.
            target = dose if name == "prednisone" else f"medications:{name}.dose"
            return replace(given, target=target, sure=False, others=("own column",))
        if cells.kind == "flag" and not cells.zero_one:
            return _sure(given, f"medications:{name}.present", (dose,))
    ended = "toxicities.resolution_day"
    if kind == "responses" and ended in given.others and cells.kind == "flag":
        left = tuple(o for o in given.others if o != ended)
        given = replace(given, others=left, sure=not left)
    if kind in ("assessments", "responses", "medications") and "visit" in given.others:
        return _month(given, columns)
    if given.target in _DATES and cells.kind not in ("date", "text"):
        return replace(given, sure=False)
    if kind == "assessments" and cells.kind == "date":
        return replace(given, target="assessments.day", sure=False, day=None)
    return given


def _by_terms(given: Proposal, column: Column) -> Proposal:
    """Take one of two columns of terms where every value is a term of it, and none of the other."""
    words = column.cells.words()
    if not words or len(given.others) != 1 or not given.others[0].startswith("subjects."):
        return given
    mine, other = ([meaning(name, word) for word in words]
                   for name in (given.target, given.others[0]))  # fmt: skip
    if all(m.term and m.sure for m in mine) and not any(m.sure for m in other):
        return replace(given, sure=True, others=())
    if all(m.term and m.sure for m in other) and not any(m.sure for m in mine):
        return replace(given, target=given.others[0], sure=True, others=())
    return given


def _sure(given: Proposal, target: str, others: tuple[str, ...]) -> Proposal:
    """Take one of two meanings, which the cells decide between."""
    left = tuple(o for o in given.others if o not in others and o != target)
    between = bool(given.others) or given.target != target
    return replace(given, target=target, others=left, sure=given.sure or (between and not left))


def _toxicity(given: Proposal, column: Column, name: str) -> Proposal:
    cells, place = column.cells, f"toxicities:{name}"
    pair = {f"{place}.grade", f"{place}.present"}
    left = tuple(o for o in given.others if o not in pair)
    if given.codes and all(meaning("flag", word).term for _, word in given.codes):
        return replace(given, target=f"{place}.present", others=left, sure=not left)
    said = given.target.endswith(".grade") and not given.others
    if not said and {code_key(word) for word in cells.words()} == {"1", "2"}:
        # They may be grades, or yes and no.
        return replace(given, target=f"{place}.grade", sure=False, others=(f"{place}.present",))
    if has_grades(cells):
        return replace(given, target=f"{place}.grade", others=left,
                       sure=not left and (given.sure or bool(given.others)))  # fmt: skip
    if cells.kind == "flag" and not cells.zero_one:
        wrong = given.target.endswith(".grade") and not given.others
        target = given.target if wrong else f"{place}.present"
        return replace(given, target=target, others=left,
                       sure=not left and (given.sure or bool(given.others)))  # fmt: skip
    return given


def _month(given: Proposal, columns: Sequence[Column]) -> Proposal:
    """Take 12月 for month 12 where 3月 or 6月 of the same stands beside it."""
    beside = {c.proposal.day for c in columns if c.proposal.target == given.target} - {given.day}
    if not beside & {30, 91, 182, "baseline"}:
        return given
    left = tuple(o for o in given.others if o != "visit")
    return replace(given, others=left, sure=not left)
