"""What is said of cells that are no dates or no grades."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from carstats.data.check import UNKNOWN, cell_text
from carstats.data.formats.dates import NotADate, fitting_order
from carstats.data.formats.day_units import named_unit, named_weight, says_days
from carstats.data.matching import NO_EPISODE, code_key, is_grade_range, toml_text
from carstats.data.readers.context import Context, shown, sign_of
from carstats.messages import message

_YEARS = (1990, 2035)
# Whole numbers up to five years may be months; columns in which that is asked.
_MONTHS = 60
_FOLLOW_UP = ("last_contact_day", "time")
# Columns of numbers in one unit, that others keep in another.
_OWN_UNITS = {"age": "years", "disease_duration_years": "years", "weight_kg": "kg"}


def date_fault(
    i: int, cells: np.ndarray, faults: dict[int, NotADate], days: bool = False
) -> tuple[str, str]:
    """Return what is wrong with a cell that is no date, and the remedy."""
    fault, cell, remedy = faults[i], cells[i], faults[i].remedy
    if fault.code == "order":
        mine = [cells[j] for j in faults if faults[j].code == "order"]
        cell = mine[0]
        if fits := fitting_order(mine):
            remedy = message(
                "Say so under [study]: date_order = {order}; the other order does not fit.",
                order=f'"{fits}"',
            )
    if days:
        return message("{cell} is neither a date nor a number of days.", cell=shown(cell)), remedy
    return message("{cell} {fault}", cell=shown(cell), fault=fault.what), remedy


def no_days(
    heading: str, numbers: Sequence[float], column: str, unit: str, dated: bool
) -> list[tuple[str, str]]:
    """Return why the numbers of a column are no days, with the remedy; empty where they may be."""
    if dated and are_years(numbers):
        what = message("holds years, which are no dates and no days.")
        return [(what, message("Give whole dates, or days since the infusion."))]
    known = {n for n in numbers if n == n}
    if column == "death_day" and (yes_no := no_dates(known)):
        return yes_no
    said = named_unit(heading)
    if said is None and not unit and column in _FOLLOW_UP:
        return unit_asked(heading, known, column)
    if said is None or unit in (said, "days") or not known:
        return []
    what = message("holds numbers, and its heading says that they are {unit}.", unit=said)
    remedy = message(
        "Say so in study.toml: {line}; or say days, if they are.",
        line=f"{column or '…'} = {{ column = {toml_text(heading)}, unit = {toml_text(said)} }}",
    )
    return [(what, remedy)]


def unit_asked(heading: str, known: set[float], column: str) -> list[tuple[str, str]]:
    """Return the question of which unit a column's numbers have, if they may be months as well."""
    if named_unit(heading) is not None or not _few_wholes(heading, known):
        return []
    what = message(
        "holds whole numbers up to {most:g}, and its heading does not say of which unit.",
        most=max(known),
    )
    remedy = message(
        "Say it in study.toml: {line}, or {other}.",
        line=f'{column} = {{ column = {toml_text(heading)}, unit = "months" }}',
        other='unit = "days"',
    )
    return [(what, remedy)]


def _few_wholes(heading: str, known: set[float]) -> bool:
    """Return whether numbers may as well be months as days: whole, small, under no known name."""
    named = heading in _FOLLOW_UP or says_days(heading)
    whole = all(n == round(n) and 0 <= n <= _MONTHS for n in known)
    return not named and whole and len(known) >= 3


def no_dates(known: set[object]) -> list[tuple[str, str]]:
    """Return why the values of a column of dates are none, if there is only yes and no."""
    if not known or not known <= {0, 1}:
        return []
    what = message("holds only 0 and 1, as yes and no are written, and no days.")
    return [(what, message("Map the column of the dates."))]


def other_unit(heading: str, column: str) -> list[tuple[str, str]]:
    """Return why a column's numbers are in another unit than carstats' own, by its heading."""
    wanted = _OWN_UNITS.get(column)
    said = named_weight(heading) if wanted == "kg" else named_unit(heading)
    if wanted is None or said in (None, wanted):
        return []
    what = message("the heading says {said}, and `{column}` is in {unit}.",
                   said=said, column=column, unit=wanted)  # fmt: skip
    return [(what, message("Convert the numbers in the file, or correct the heading."))]


def are_years(numbers: Sequence[float]) -> bool:
    """Return whether the numbers of a column are calendar years: several, and nothing else."""
    known = np.array([n for n in numbers if n == n], dtype=float)
    whole = bool(np.all(known == np.round(known)))
    return len(known) > 1 and whole and bool(np.all((known >= _YEARS[0]) & (known <= _YEARS[1])))


def grade_fault(cell: object, table: str, column: str) -> tuple[str, str]:
    """Return what is wrong with a cell that is no single grade, and the remedy."""
    text = cell_text(cell)
    if is_grade_range(text):
        what = message("{cell} is a range, and is not a grade from 0 to 5.", cell=shown(cell))
        return what, message(
            "Give the worst grade of the episode, or recode it: [{table}.values.{column}] {line}",
            table=table,
            column=column,
            line=f"{toml_text(text)} = …",
        )
    what = message("{cell} is not a grade from 0 to 5.", cell=shown(cell))
    if code_key(text).startswith("-"):
        return what, message(
            "A grade has no sign: it may be a code for missing ([study] missing) or the direction"
            " of a laboratory value."
        )
    return what, message("Correct it; a yes/no column is mapped by `present`.")


def said_unknown(cell: object, context: Context) -> bool | None:
    """Return whether a cell says in a word that it is not known; None if it is empty."""
    if cell is None:
        return None
    text = cell_text(cell)
    missing = isinstance(cell, str) and context.is_missing(text, NO_EPISODE)
    return missing or sign_of(text) in UNKNOWN
