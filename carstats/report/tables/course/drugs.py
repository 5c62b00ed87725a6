"""The tables of drugs over time: the taper at days, and what was taken in windows."""

from __future__ import annotations

from carstats.messages import message
from carstats.report.format import (
    NONE,
    count,
    interval,
    number,
    percent_interval,
    with_limits,
)
from carstats.report.tables.abbreviations import spelled_out
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row
from carstats.report.tables.parts import Marks, check_columns, footnoted, share
from carstats.result import Result
from carstats.words import tr

_TAPER = {"time", "n_below", "below", "n_off", "off"}
_DOSES = {"window_start", "window_end", "estimate", "mean_dose", "mean_dose_low", "n_left"}


def tabulate_taper(result: Result, *, title: str | None = None) -> Table:
    """Return the taper of glucocorticoids as a table: at each day the dose, who is low, who is off.

    Parameters
    ----------
    result : Result
        What `glucocorticoid_course` or `glucocorticoid_profiles` returns.
    title : str, optional
        The heading; by default the endpoint.

    Returns
    -------
    Table
        The strata as headings, a row for each day.

    Raises
    ------
    CarstatsError
        If the result is of something else.
    """
    names = "glucocorticoid_course, glucocorticoid_profiles"
    check_columns(result, "tabulate_taper", message("what {names} returns", names=names), _TAPER)
    listing = "kind" in result.frame
    low = f"{result.spec.options.get('low', 5.0):g}"
    marks, rows = Marks(), []
    for key, part in result.strata():
        head = result.label(key) if key else ""
        for row in (part[part["kind"] == "median"] if listing else part).itertuples():
            n = row.n if listing else row.n_event
            dose = row.value if listing else row.estimate
            cells = [f"{row.time:g}", count(n), number(dose) if n else NONE]
            if not listing:
                cells[2] = _limits(number(dose), row.conf_low, row.conf_high) if n else NONE
                cells += [_share(row, "below", n), _share(row, "off", n),
                          number(row.cumulative, 0) if n else NONE]  # fmt: skip
            else:
                cells += [share(row.n_below, row.below) if n else NONE,
                          share(row.n_off, row.off) if n else NONE]  # fmt: skip
            rows.append(Row(tuple(cells), head, int(bool(head)),
                            "" if listing else marks.add(row.note)))  # fmt: skip
    heads = [
        tr("Day"), tr("Known doses"), tr("Median, mg/day"), tr("At most {low} mg", low=low),
        tr("Off"),
    ]  # fmt: skip
    heads += [] if listing else [tr("Taken since day 1, mg")]
    told = (
        ""
        if listing
        else tr("Medians: limits in brackets; shares: limits in per cent after the comma.")
    )
    return spelled_out(
        Table(
            title or result.spec.endpoint, tuple(heads), tuple(rows),
            notes=footnoted([result], rows, told), marked=tuple(marks.notes),
            align=("left",) + ("right",) * (len(heads) - 1), synthetic=result.spec.synthetic,
        )
    )  # fmt: skip


def tabulate_doses(result: Result, *, title: str | None = None) -> Table:
    """Return cumulative doses as a table: a row for each window, median and mean with limits.

    Parameters
    ----------
    result : Result
        What `cumulative_dose` returns.
    title : str, optional
        The heading; by default the endpoint.

    Returns
    -------
    Table
        The strata as headings, a row for each window.

    Raises
    ------
    CarstatsError
        If the result is of something else.
    """
    check_columns(
        result, "tabulate_doses", message("what {names} returns", names="cumulative_dose"), _DOSES
    )
    marks, rows = Marks(), []
    for key, part in result.strata():
        head = result.label(key) if key else ""
        for row in part.itertuples():
            days = tr("{low} to {high}", low=f"{row.window_start:g}", high=f"{row.window_end:g}")
            cells = [days, count(row.n_event), count(row.n_left)]
            if row.n_event:
                cells += [
                    _limits(number(row.estimate, 0), row.conf_low, row.conf_high, 0),
                    interval(row.minimum, row.maximum, 0),
                    _limits(number(row.mean_dose, 0), row.mean_dose_low, row.mean_dose_high, 0),
                ]
            else:
                cells += [NONE] * 3
            rows.append(Row(tuple(cells), head, int(bool(head)), marks.add(row.note)))
    heads = (
        tr("Days"), tr("n"), tr("Not followed so far"), tr("Median, mg"), tr("Range"),
        tr("Mean, mg"),
    )  # fmt: skip
    note = tr("n: subjects followed to the end of the window with all doses known; limits in "
              "brackets: distribution-free of the median, t of the mean.")  # fmt: skip
    return spelled_out(
        Table(
            title or result.spec.endpoint, heads, tuple(rows),
            notes=footnoted([result], rows, note),
            marked=tuple(marks.notes), align=("left",) + ("right",) * 5,
            synthetic=result.spec.synthetic,
        )
    )  # fmt: skip


def _limits(estimate: str, low: float, high: float, digits: int = 1) -> str:
    return estimate if low != low else with_limits(estimate, interval(low, high, digits))


def _share(row, name: str, n: float) -> str:
    if not n:
        return NONE
    limits = percent_interval(getattr(row, f"{name}_low"), getattr(row, f"{name}_high"))
    part = share(getattr(row, f"n_{name}"), getattr(row, name))
    return tr("{share}, {limits}", share=part, limits=limits)
