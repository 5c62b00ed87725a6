"""Conditions and recodes of a mapping: which rows they take, and what is said if they take none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from carstats.data.check import cell_text, read_flag
from carstats.data.formats.sheets import Sheet, has_names
from carstats.data.matching import code_key, nearest
from carstats.data.readers.context import Context, shown
from carstats.errors import Problem
from carstats.messages import message, message_n

_LISTED = 8
# A column of so many different values is no code list; what it holds stays in it.
_MOST = 30


def matching(cells: Mapping[str, np.ndarray], where: Mapping, n: int) -> dict[str, np.ndarray]:
    """Return by heading which of `n` rows have a value that the condition takes, as codes."""
    taken = {}
    for heading, wanted in where.items():
        wanted = {_code(value) for value in (wanted if isinstance(wanted, list) else [wanted])}
        found = (code_key("" if c is None else cell_text(c)) in wanted for c in cells[heading])
        taken[heading] = np.fromiter(found, dtype=bool, count=n)
    return taken


def _code(value: object) -> str:
    return code_key(str(value).lower() if isinstance(value, bool) else cell_text(value))


def report_condition(
    context: Context,
    sheet: str,
    place: str,
    where: Mapping,
    cells: Mapping[str, np.ndarray],
    taken: Mapping[str, np.ndarray],
    may_be_empty: bool,
) -> None:
    """Note how many rows a condition takes; none is a problem that lists what the column has."""
    if not taken or any(heading in context.absent for heading in where):
        return
    kept = np.logical_and.reduce(list(taken.values()))
    seen = len(kept)
    words = message(" and ").join(f"{heading} = {_shown_value(v)}" for heading, v in where.items())
    if kept.any() or may_be_empty or not seen:
        note = message(
            "{sheet}: {place} takes {n} of {of} rows (where {condition}).",
            sheet=sheet,
            place=place,
            n=int(kept.sum()),
            of=seen,
            condition=words,
        )
        context.notes += [note] if note not in context.notes else []
        _note_unmet(context, sheet, place, where, cells)
        return
    empty = [heading for heading, mask in taken.items() if not mask.any()]
    remedy = message(
        "Correct the condition, or say may_be_empty = true beside it if none is right."
    )
    for heading in empty or list(taken)[:1]:
        what = (
            message(
                "{place} takes no row of {of}: no cell is {value}. The column has: {values}.",
                place=place,
                of=seen,
                value=_shown_value(where[heading]),
                values=values_held(cells[heading], _is_identifier(context, heading)),
            )
            if empty
            else message(
                "{place} takes no row of {of}: none fulfils all of {condition}.",
                place=place,
                of=seen,
                condition=words,
            )
        )
        problem = Problem(what, sheet, None, heading, remedy)
        context.problems += [problem] if problem not in context.problems else []


def _note_unmet(context: Context, sheet: str, place: str, where: Mapping, cells: Mapping) -> None:
    """Note which of several values that a condition takes no cell has: one may be misspelt."""
    for heading, wanted in where.items():
        if not isinstance(wanted, list):
            continue
        held = {code_key("" if c is None else cell_text(c)) for c in cells[heading]}
        unmet = [value for value in wanted if _code(value) not in held]
        if unmet and held:
            note = message(
                "{sheet}: {place}: no cell of `{heading}` is {values}.",
                sheet=sheet,
                place=place,
                heading=heading,
                values=_shown_value(unmet),
            )
            context.notes += [note] if note not in context.notes else []


def _is_identifier(context: Context, heading: str) -> bool:
    spec = context.settings.table("subjects").get("columns", {}).get("subject_id", "subject_id")
    return heading in (spec, context.id_spec, "USUBJID", "SUBJID", "subject_id")


def _shown_value(value: object) -> str:
    if isinstance(value, list):
        return message(" or ").join(_shown_value(one) for one in value[:_LISTED])
    text = str(value).lower() if isinstance(value, bool) else cell_text(value)
    return repr(text) if text else message("blank")


def values_held(cells: Iterable[object], private: bool = False) -> str:
    """Return the values of a column with their counts, the most frequent first, cut to eight."""
    counts = Counter("" if cell is None else cell_text(cell) for cell in cells)
    if private or len(counts) > _MOST:
        return message("{n} different values", n=len(counts))
    parts = [
        message("{value} ({n})", value=shown(text) if text else message("blank"), n=n)
        for text, n in counts.most_common(_LISTED)
    ]
    if len(counts) > _LISTED:
        parts.append(message("… {n} in all", n=len(counts)))
    return message(", ").join(parts)


def report_recodes(context: Context) -> None:
    """Note the recodes that no cell has; where a column has none of them it is a problem."""
    for (table, column, _), recode in context.recodes.items():
        place = f"[{table}.values.{column}]"
        assumed = context.settings.assumed.get((table, column), frozenset())
        given = [key for key in recode.given if key not in assumed]
        unmet = [key for key in given if key not in recode.met]
        if not unmet or not (recode.held or recode.met):
            continue
        if not recode.met & set(given) and not context.settings.may_be_empty(table):
            what = message(
                "none of the values that {place} recodes is there. The column has: {values}.",
                place=place,
                values=_held(recode.held, _is_identifier(context, recode.heading)),
            )
            remedy = message(
                "Correct them, delete them, or say [{table}] may_be_empty = true.", table=table
            )
            context.problems.append(Problem(what, recode.sheet, None, recode.heading, remedy))
        else:
            note = message(
                "{sheet}: {place}: no cell is {values}.",
                sheet=recode.sheet,
                place=place,
                values=message(", ").join(map(repr, unmet[:_LISTED])),
            )
            context.notes += [note] if note not in context.notes else []


def _held(held: Mapping[str, int], private: bool) -> str:
    return values_held([text for text, n in held.items() for _ in range(n)], private)


def ticked(rows, spec: Mapping, needed: bool = False) -> np.ndarray:
    """Return what the check boxes of each row say, as REDCap exports them: a column a box."""
    boxes = spec["checkboxes"]
    unread: set[int] = set()
    said = {heading: _ticks(rows, heading, unread) for heading in boxes}
    together = {frozenset(names): value for value, names in spec.get("several", {}).items()}
    if "both" in spec and len(boxes) == 2:
        together[frozenset(boxes)] = spec["both"]
    out = np.full(len(rows), None, dtype=object)
    for i in range(len(rows)):
        ticks = [heading for heading, cells in said.items() if cells[i]]
        if i in unread:
            # Refused already; that there is no value would be untrue.
            out[i] = next(iter(boxes.values()))
        elif len(ticks) == 1:
            out[i] = boxes[ticks[0]]
        elif ticks and frozenset(ticks) in together:
            out[i] = together[frozenset(ticks)]
        elif ticks:
            what = message(
                "{n} boxes are ticked: {boxes}.",
                n=len(ticks),
                boxes=message(", ").join(f"{h} ({boxes[h]})" for h in ticks),
            )
            remedy = message(
                "Untick one, or say what they mean together: several = {example}.",
                example='{ "' + "+".join(str(boxes[h]) for h in ticks) + '" = ['
                + ", ".join(f'"{h}"' for h in ticks) + "] }",
            )  # fmt: skip
            rows.fault(i, ticks[0], what, remedy)
        elif any(cells[i] is not None for cells in said.values()):
            out[i] = spec.get("none")
            if needed and "none" not in spec:
                boxes_said = message(", ").join(f"`{heading}`" for heading in boxes)
                what = message("no box is ticked among {boxes}.", boxes=boxes_said)
                remedy = message("Tick one, or say what none means: none = {value}.", value='"…"')
                rows.fault(i, next(iter(boxes)), what, remedy)
    unsaid = sum(
        out[i] is None and any(cells[i] is not None for cells in said.values())
        for i in range(len(rows))
    )
    if unsaid:
        note = message_n(
            "{sheet}: {n} row has no box ticked among {headings}.",
            "{sheet}: {n} rows have no box ticked among {headings}.",
            unsaid,
            sheet=rows.sheet.name,
            headings=message(", ").join(f"`{h}`" for h in boxes),
        )
        rows.context.notes += [note] if note not in rows.context.notes else []
    return out


def _ticks(rows, heading: str, unread: set[int]) -> list[bool | None]:
    ticks: list[bool | None] = []
    for i, cell in enumerate(rows.cells(heading)):
        tick = None
        if cell is not None and not (isinstance(cell, str) and rows.context.is_missing(cell)):
            tick = read_flag(cell)
            if tick is None:
                what = message("{cell} is neither ticked nor not.", cell=shown(cell))
                rows.fault(i, heading, what, message("A box is 0 or 1, Checked or Unchecked."))
                unread.add(i)
        ticks.append(tick)
    return ticks


def unusable(context: Context, sheet: Sheet, heading: str, found: list[str]) -> None:
    """Note a heading of the mapping that the sheet has not, or has several times."""
    if found:
        what = message("the heading {heading!r} stands {n} times.", heading=heading, n=len(found))
        remedy = message("Rename one of them.")
    else:
        headings = list(sheet.frame.columns)
        near = nearest(heading, headings, 0.7)
        what = message("has no heading {heading!r}, which the mapping names.", heading=heading)
        remedy = message("It has: {headings}.", headings=has_names(headings))
        if near:
            remedy = message(
                "The nearest is {near!r}. It has: {headings}.",
                near=near,
                headings=has_names(headings),
            )
    problem = Problem(what, sheet.name, remedy=remedy)
    context.absent.add(heading)
    if problem not in context.problems:
        context.problems.append(problem)
