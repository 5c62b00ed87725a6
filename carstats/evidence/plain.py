"""A table of study, n_event and n alone, as counts to pool."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from carstats.errors import CarstatsError, Problem
from carstats.evidence.table import Counts
from carstats.messages import mark, message

COLUMNS = ("study", "n_event", "n")
# What such a count is called where nothing else is said, and where it comes from.
EVENT = mark("event")
GIVEN = mark("as given")


def is_plain(table: object) -> bool:
    """Say whether a table has the three columns and none of the published trials' own."""
    return isinstance(table, pd.DataFrame) and set(COLUMNS) <= set(table) and not (
        {"study_id", "n_evaluable"} & set(table)
    )  # fmt: skip


def plain_counts(table: pd.DataFrame, outcome: str | None, within: Iterable[str] = ()) -> Counts:
    """Return the counts of a table of ``study``, ``n_event`` and ``n``, each row a study.

    A study may stand in several rows that differ in the columns `within`.
    """
    table = table.reset_index(drop=True)
    where = message("the table of trials")
    problems = []

    def add(row: int, column: str, what: str) -> None:
        problems.append(Problem(what, where, row + 2, column))

    named = table["study"].astype("object")
    for i in table.index[named.isna() | named.astype(str).str.strip().eq("")]:
        add(int(i), "study", message("a study has no name"))
    again = table.assign(study=named).duplicated(["study", *within])
    for i in table.index[again & named.notna()]:
        add(int(i), "study", message("{name} stands in two rows", name=repr(named[i])))
    k, n = (pd.to_numeric(table[c], errors="coerce") for c in ("n_event", "n"))
    for column, numbers in (("n_event", k), ("n", n)):
        given = table[column].notna()
        wrong = given & ~((numbers >= 0) & (numbers == np.floor(numbers)) & np.isfinite(numbers))
        for i in table.index[wrong]:
            value = table.loc[i, column]
            shown = repr(value) if isinstance(value, str) else f"{value}"
            add(int(i), column, message("{value} is no count", value=shown))
    for i in table.index[(k > n) & n.notna()]:
        words = message("{k} of {n} is more than all", k=f"{k[i]:g}", n=f"{n[i]:g}")
        add(int(i), "n_event", words)
    if problems:
        raise CarstatsError(problems)
    what = outcome or message(EVENT)
    rows = table.assign(
        study_id=named.astype(str), trial=named.astype(str), n_event=k, n=n, endpoint=what,
        endpoint_class=np.nan, basis=GIVEN, population="",
    )  # fmt: skip
    known = k.notna() & n.notna() & (n > 0)
    return Counts(rows[known].reset_index(drop=True), rows[~known], [], what)
