"""The column of standardised differences in Table 1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from carstats.report.format import number
from carstats.report.table_model import column_title
from carstats.report.words import tr
from carstats.result import Result


def standardised_column(
    result: Result, lines: Iterable[tuple[str, str, bool]], named: Mapping[str, str]
) -> list[str]:
    """Return the standardised difference of each characteristic, in its first line.

    Parameters
    ----------
    result : Result
        What `baseline_table` returns with `standardised`.
    lines : list of (str, str, bool)
        Heading and name of each line of the table.
    named : mapping of str to str
        What variables are called, where not by their own name.

    Returns
    -------
    list of str
        A text for each line; empty below the first of a characteristic.
    """
    variables = result.frame.drop_duplicates("variable")
    found = {}
    for row in variables.to_dict("records"):
        title = named.get(row["variable"]) or column_title(str(row["variable"]))
        if row["kind"] != "number":
            title = tr("{characteristic}, n (%)", characteristic=title)
        found[title] = number(row["smd"], 2)
    texts, before = [], None
    for title, *_ in lines:
        texts.append(found.get(title, "") if title != before else "")
        before = title
    return texts
