"""The tables of the cells: kinetic parameters, and the depletion of B cells, by stratum."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from carstats.kinetics.pairing import PRODUCTS
from carstats.messages import Message, found, joined_notes, key_of, mark, message, notes_in
from carstats.report.format import (
    NONE,
    confidence,
    count,
    interval,
    not_reached,
    number,
    of,
    p_number,
    with_limits,
)
from carstats.report.tables.abbreviations import spelled_out
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row
from carstats.report.tables.parts import Marks, check_columns, footnoted
from carstats.result import Result
from carstats.words import full_stop, in_words, tr

_MOST_SPREAD, _WIDEST = 1000, 1e6
_COLUMNS = {"parameter", "unit", "summary", "estimate", "cv_percent", "median", "maximum"}
# Parameters whose names are words.
_NAMES = {"half-life": mark("Half-life")}
_DEPLETION = {
    "lowest count": mark("Lowest count, {unit}"),
    "day of the first below": mark("Day of the first sample below"),
    "days until return": mark("Days from infusion to return"),
    "days below": mark("Days from the first sample below to return"),
    "naive at return": mark("Naive at return, {unit}"),
    "memory at return": mark("Switched memory at return, {unit}"),
    "transitional at return": mark("Transitional at return, {unit}"),
}


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


def tabulate_depletion(result: Result, *, title: str | None = None) -> Table:
    """Return the depletion of B cells as a table: n/N, median (quartiles), its limits, the range.

    Parameters
    ----------
    result : Result
        What `b_cell_depletion` returns.
    title : str, optional
        The heading; by default the endpoint.

    Returns
    -------
    Table
        A row for each stratum and parameter, the strata as headings.

    Raises
    ------
    CarstatsError
        If the result is not of the depletion of B cells.
    """
    check_columns(
        result, "tabulate_depletion", message("what {names} returns", names="b_cell_depletion"),
        {"parameter", "unit", "estimate", "estimate_low", "q1", "maximum"},
    )  # fmt: skip
    marks, rows = Marks(), []
    for key, part in result.strata():
        head = result.label(key) if key else ""
        back = part.loc[part["parameter"] == "days until return", "n_event"].iloc[0]
        for row in part.itertuples():
            shown = tr(_DEPLETION[row.parameter], unit=in_words(row.unit))
            number = {
                "lowest count": of(row.n - row.n_missing, row.n),
                "day of the first below": of(row.n_event, row.n),
            }.get(row.parameter, of(row.n_event, row.n - row.n_missing))
            if row.parameter.endswith("at return"):
                number = of(row.n_event, back)
            rows.append(
                Row((shown, number, _middle(row), _limits_of_median(row), _range(row)), head,
                    int(bool(head)), marks.add("" if _is_told(row) else row.note))
            )  # fmt: skip
    table = Table(
        title or result.spec.endpoint,
        ("", "n/N", tr("Median (quartiles)"), tr("Limits"), tr("Range")),
        tuple(rows),
        notes=footnoted(
            [result], rows,
            tr("n/N: those with a count of the infused; those who fell below of the infused; "
               "those seen to return of those who fell below; those with a share of those who "
               "returned. A median of a return is the two days between which it lies: between two "
               "samples. Limits: of the median."),
        ),
        marked=tuple(marks.notes),
        align=("left", "right", "right", "right", "right"),
        synthetic=result.spec.synthetic,
    )  # fmt: skip
    return spelled_out(table)


def tabulate_exposure(result: Result, *, title: str | None = None) -> Table:
    """Return an exposure by outcome as a table: medians by level, and the rank correlation.

    Parameters
    ----------
    result : Result
        What `exposure_response` returns.
    title : str, optional
        The heading; by default the endpoint.

    Returns
    -------
    Table
        A row for each stratum and level of the outcome, and one for the correlation.

    Raises
    ------
    CarstatsError
        If the result is not of exposure and outcome.
    """
    check_columns(
        result, "tabulate_exposure", message("what {names} returns", names="exposure_response"),
        {"row", "level", "estimate", "q1", "maximum", "p_value", "p_method"},
    )  # fmt: skip
    marks, rows, levels = Marks(), [], result.labels.get("level", {})
    for key, part in result.strata():
        head = result.label(key) if key else ""
        for row in part.itertuples():
            ordered = row.row == "order"
            name = tr("Rank correlation") if ordered else in_words(levels.get(row.level, row.level))
            middle = number(row.estimate, 2) if ordered else _middle_of_ranks(row)
            limits = _limits(row)
            if ordered and pd.notna(row.conf_low):
                limits = interval(row.conf_low, row.conf_high, 2)
            cells = (
                name or NONE, count(row.n), middle, limits, NONE if ordered else _range(row),
                p_number(row.p_value) if ordered else "",
            )  # fmt: skip
            rows.append(Row(cells, head, int(bool(head)), marks.add(row.note)))
    unit = in_words(str(result.spec.options.get("unit") or ""))
    middle = tr("Median (quartiles)")
    table = Table(
        title or result.spec.endpoint,
        ("", "n", tr("{name}, {unit}", name=middle, unit=unit) if unit else middle,
         tr("Limits"), tr("Range"), "p"),
        tuple(rows),
        notes=footnoted(
            [result], rows,
            tr("Limits: of the median, and of the correlation; below: below quantification. An "
               "association does not tell a cause."),
        ),
        marked=tuple(marks.notes),
        align=("left", "right", "right", "right", "right", "right"),
        synthetic=result.spec.synthetic,
    )  # fmt: skip
    return spelled_out(table)


def tabulate_exposures(results: Sequence[Result], *, title: str) -> Table:
    """Return rank correlations of several exposures and outcomes, a row for each.

    Parameters
    ----------
    results : list of Result
        What `exposure_response` returns, each without `by`.
    title : str
        The heading.

    Returns
    -------
    Table
        Exposure and outcome, subjects, the correlation with its limits, and the p-value.
    """
    marks, rows, several = Marks(), [], False
    for result in results:
        row = result.frame[result.frame["row"] == "order"].iloc[0]
        shown = number(row["estimate"], 2)
        if pd.notna(row["conf_low"]):
            shown = with_limits(shown, interval(row["conf_low"], row["conf_high"], 2))
        said = found(result.spec.endpoint)
        places = said.values if isinstance(said, Message) else {}  # noqa: PD011 - a message
        name = in_words(places.get("exposure", said))
        # Which products there are is the same in every row.
        kept = [note for note in notes_in(row["note"]) if key_of(note) != PRODUCTS]
        several |= len(kept) < len(notes_in(row["note"]))
        cells = (name, count(row["n"]), shown, p_number(row["p_value"]))
        head = in_words(places.get("outcome", ""))
        head = head[:1].upper() + head[1:]
        rows.append(Row(cells, head, int(bool(head)), marks.add(joined_notes(*kept))))
    spec = results[0].spec
    table = Table(
        title,
        ("", "n", with_limits(tr("Rank correlation"), confidence(spec.conf_level)), "p"),
        tuple(rows),
        notes=footnoted(
            [], rows, full_stop(in_words(spec.method)[:1].upper() + in_words(spec.method)[1:]),
            tr("The p-values are not corrected for their number."),
            tr("The doses are of several products, which differ in more than the dose.")
            if several else "",
        ),
        marked=tuple(marks.notes),
        align=("left", "right", "right", "right"),
        synthetic=spec.synthetic,
    )  # fmt: skip
    return spelled_out(table)


def _middle_of_ranks(row) -> str:
    """Write a median with its quartiles, of ranks of which the lowest are below quantification."""
    if not row.n:
        return NONE
    low, middle, high = (
        tr("below") if pd.isna(v) else digits(v) for v in (row.q1, row.estimate, row.q3)
    )
    return with_limits(middle, tr("{low} to {high}", low=low, high=high))


def _is_told(row) -> bool:
    """Return whether the cells say all that the note says."""
    return pd.notna(row.estimate_low) or row.parameter.endswith("at return")


def _middle(row) -> str:
    if pd.isna(row.estimate):
        return NONE
    if pd.notna(row.estimate_low):
        return tr("{low} to {high}", low=digits(row.estimate_low), high=digits(row.estimate))
    if pd.isna(row.q1):
        return digits(row.estimate)
    quartiles = tr("{low} to {high}", low=digits(row.q1), high=digits(row.q3))
    return with_limits(digits(row.estimate), quartiles)


def _limits_of_median(row) -> str:
    if pd.notna(row.conf_low) and pd.isna(row.conf_high):
        return tr("{low} to {high}", low=digits(row.conf_low), high=not_reached())
    return _limits(row)


def _range(row) -> str:
    if pd.isna(row.maximum):
        return NONE
    low = tr("below") if pd.isna(row.minimum) else digits(row.minimum)
    return tr("{low} to {high}", low=low, high=digits(row.maximum))


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
    if row.cv_percent > _MOST_SPREAD:
        spread = f">{_MOST_SPREAD}"
    return with_limits(digits(row.estimate), spread) if spread else digits(row.estimate)


def _limits(row) -> str:
    if pd.isna(row.conf_low):
        return NONE
    # Few values with some below quantification: the numbers would look as if they said something.
    if row.conf_low > 0 and row.conf_high / row.conf_low > _WIDEST:
        return tr("more than million-fold")
    return tr("{low} to {high}", low=digits(row.conf_low), high=digits(row.conf_high))


def _median(row) -> str:
    if not row.n_event:
        return NONE
    low = tr("below") if pd.isna(row.minimum) else digits(row.minimum)
    middle = tr("below") if pd.isna(row.median) else digits(row.median)
    return with_limits(middle, tr("{low} to {high}", low=low, high=digits(row.maximum)))
