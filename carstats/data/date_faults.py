"""What is said of cells that are no dates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from carstats.data.context import shown
from carstats.data.dates import NotADate, fitting_order
from carstats.messages import message

_YEARS = (1990, 2035)


def date_fault(
    i: int, cells: np.ndarray, faults: dict[int, NotADate], days: bool = False
) -> tuple[str, str]:
    """Return what is wrong with a cell that is no date, and the remedy.

    Parameters
    ----------
    i : int
        The cell's position.
    cells : numpy.ndarray
        The column.
    faults : dict of int to NotADate
        By position, what is wrong.
    days : bool, optional
        Whether the column may hold days, too.

    Returns
    -------
    what, remedy : str
        Of cells in which day and month are open all are told alike, by the first of them.
    """
    fault, cell, remedy = faults[i], cells[i], faults[i].remedy
    if fault.code == "order":
        mine = [cells[j] for j in faults if faults[j].code == "order"]
        cell = mine[0]
        if fits := fitting_order(mine):
            remedy = message(
                "Say so under [study]: date_order = {order}; all {n} fit it and not the other.",
                order=f'"{fits}"',
                n=len(mine),
            )
    if days:
        return message("{cell} is neither a date nor a number of days.", cell=shown(cell)), remedy
    return message("{cell} {fault}", cell=shown(cell), fault=fault.what), remedy


def are_years(numbers: Sequence[float]) -> bool:
    """Return whether the numbers of a column are calendar years: several, and nothing else."""
    known = np.array([n for n in numbers if n == n], dtype=float)
    whole = bool(np.all(known == np.round(known)))
    return len(known) > 1 and whole and bool(np.all((known >= _YEARS[0]) & (known <= _YEARS[1])))
