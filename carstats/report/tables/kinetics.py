"""The table of kinetic parameters: geometric means or medians, beside each other by stratum."""

from __future__ import annotations

import pandas as pd

from carstats.messages import mark, message
from carstats.report.format import NONE, count, with_limits
from carstats.report.tables.abbreviations import spelled_out
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row
from carstats.report.tables.parts import Marks, check_columns, footnoted
from carstats.result import Result
from carstats.words import in_words, tr

_COLUMNS = {"parameter", "unit", "summary", "estimate", "cv_percent", "median", "maximum"}
# Parameters whose names are words.
_NAMES = {"half-life": mark("Half-life")}


def tabulate_kinetics(result: Result, *, title: str | None = None) -> Table:
    """Return kinetic parameters as a table: n, geometric mean (CV %) with limits, median (range).

    Parameters
    ----------
    result : Result
        What `cellular_kinetics` returns.
    title : str, optional
        The heading; by default the endpoint.

    Returns
    -------
    Table
        A row for each stratum and parameter, the strata as headings.

    Raises
    ------
    CarstatsError
        If the result is not of cellular kinetics.
    """
    check_columns(
        result, "tabulate_kinetics", message("what {names} returns", names="cellular_kinetics"),
        _COLUMNS,
    )  # fmt: skip
    marks, rows = Marks(), []
    for key, part in result.strata():
        head = result.label(key) if key else ""
        for row in part.itertuples():
            name = tr("{parameter}, {unit}", parameter=_name(row.parameter),
                      unit=in_words(row.unit))  # fmt: skip
            cells = (
                name, count(row.n - row.n_missing), _mean(row), _limits(row), _median(row),
            )  # fmt: skip
            rows.append(Row(cells, head, int(bool(head)), marks.add(row.note)))
    table = Table(
        title or result.spec.endpoint,
        ("", "n", tr("Geometric mean (CV %)"), tr("Limits"), tr("Median (range)")),
        tuple(rows),
        notes=footnoted(
            [result], rows,
            tr("n: subjects with a value, or below quantification where that counts; limits: of "
               "the geometric mean, of times of the median; below: below quantification."),
        ),
        marked=tuple(marks.notes),
        align=("left", "right", "right", "right", "right"),
        synthetic=result.spec.synthetic,
    )  # fmt: skip
    return spelled_out(table)


def digits(value: float) -> str:
    """Write a number with three leading digits: the last of a concentration says nothing."""
    if pd.isna(value):
        return NONE
    if value == 0 or abs(value) >= 1000:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.3g}"


def _name(parameter: str) -> str:
    return tr(_NAMES[parameter]) if parameter in _NAMES else parameter


def _mean(row) -> str:
    # Times of the peak and of the last value have no mean.
    if row.summary == "median" or pd.isna(row.estimate):
        return NONE
    spread = "" if pd.isna(row.cv_percent) else f"{row.cv_percent:.0f}"
    return with_limits(digits(row.estimate), spread) if spread else digits(row.estimate)


def _limits(row) -> str:
    if pd.isna(row.conf_low):
        return NONE
    return tr("{low} to {high}", low=digits(row.conf_low), high=digits(row.conf_high))


def _median(row) -> str:
    if not row.n_event:
        return NONE
    low = tr("below") if pd.isna(row.minimum) else digits(row.minimum)
    middle = tr("below") if pd.isna(row.median) else digits(row.median)
    return with_limits(middle, tr("{low} to {high}", low=low, high=digits(row.maximum)))
