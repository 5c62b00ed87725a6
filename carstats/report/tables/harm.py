"""Tables of harm beyond grades: deaths by cause, infections by organism, days, treatment."""

from __future__ import annotations

import numpy as np
import pandas as pd

from carstats.messages import key_of, message, notes_in
from carstats.report.format import (
    NONE,
    confidence,
    count,
    incidence,
    interval,
    landmark,
    months,
    number,
    of,
    rate,
    with_limits,
)
from carstats.report.tables.abbreviations import spelled_out
from carstats.report.tables.files import Table
from carstats.report.tables.model import Row
from carstats.report.tables.parts import Marks, check_columns, footnoted, level_label
from carstats.result import Result
from carstats.words import tr

_LIMITS = ("estimate", "conf_low", "conf_high")
# Notes that the cells say, or that stand once below the table.
_SAID = {
    "0 in {years} person-years: at most {high}",
    "0 of {n}: at most {high} %",
    "exact Poisson limits",
    "{n} subject has an event: the limits assume that subjects with many are not rarer than seen",
    "{years} person-years",
}
_DECIMALS = {"mg": 0, "doses": 1, "days": 1}


def tabulate_deaths(result: Result, *, title: str | None = None) -> Table:
    """Return deaths by cause: n/N, the share, the rate and the incidence by a day, with limits.

    Parameters
    ----------
    result : Result
        What `causes_of_death` returns.
    title : str, optional
        The heading; by default the endpoint.

    Returns
    -------
    Table
        A row for each stratum and cause, the strata with their follow-up as headings.

    Raises
    ------
    CarstatsError
        If the result is not of causes of death.
    """
    check_columns(
        result, "tabulate_deaths", message("what {names} returns", names="causes_of_death"),
        {"cause", "rate", "incidence", "followup"},
    )  # fmt: skip
    marks, rows = Marks(), []
    for key, part in result.strata():
        first = part.iloc[0]
        head = _followed(result.label(key) if key else tr("All subjects"), first)
        for row in part.itertuples():
            name = level_label(result, "cause", row.cause)
            cells = (
                name[:1].upper() + name[1:],
                of(row.n_event, row.n),
                rate(row.estimate, row.conf_low, row.conf_high),
                incidence(row.rate, row.rate_low, row.rate_high),
                rate(row.incidence, row.incidence_low, row.incidence_high),
            )
            rows.append(Row(cells, head, 1, marks.add(*_told(row.note))))
    limits = confidence(result.spec.conf_level)
    per = count(result.spec.options["per"])
    return _table(
        result,
        title,
        (
            "", "n/N", with_limits(tr("Share"), limits),
            with_limits(tr("Per {n} person-years", n=per), limits),
            with_limits(tr("By {time}", time=landmark(result.spec.options["at"])), limits),
        ),
        rows, marks,
        tr("Shares count everybody, however long followed; the rate and the share by a day allow "
           "for the follow-up."),
    )  # fmt: skip


def tabulate_organisms(result: Result, *, title: str | None = None) -> Table:
    """Return infections by group of organism, a column for each window of onset.

    Parameters
    ----------
    result : Result
        What `infections_by_organism` returns.
    title : str, optional
        The heading; by default the endpoint.

    Returns
    -------
    Table
        For each stratum a row of the person-years and one for each group, a cell with the episodes
        and the rate with its limits.

    Raises
    ------
    CarstatsError
        If the result is not of infections by organism.
    """
    check_columns(
        result, "tabulate_organisms",
        message("what {names} returns", names="infections_by_organism"),
        {"organism", "person_years", "n_with_event"},
    )  # fmt: skip
    marks, rows = Marks(), []
    frame = result.frame
    if "window_start" not in frame:
        frame = frame.assign(window_start=0.0, window_end=np.inf)
    windows = list(dict.fromkeys(zip(frame["window_start"], frame["window_end"], strict=True)))
    strata = [(key, frame.loc[part.index]) for key, part in result.strata()]
    for key, part in strata:
        head = result.label(key) if key else ""
        place = part.set_index(["organism", "window_start", "window_end"])
        for group in dict.fromkeys(part["organism"]):
            found_ = [place.loc[(group, *window)] for window in windows]
            if group == part["organism"].iloc[0]:
                for name, texts in (
                    (tr("Subjects"), [count(row["n"]) for row in found_]),
                    (tr("Person-years"), [number(row["person_years"]) for row in found_]),
                ):
                    rows.append(Row((name, *texts), head, int(bool(head))))
            name = level_label(result, "organism", group)
            cells = (with_limits(count(row["n_event"]), _rate_text(row)) for row in found_)
            notes = [note for row in found_ for note in _told(row["note"])]
            rows.append(Row((name[:1].upper() + name[1:], *cells), head, int(bool(head)),
                            marks.add(*notes)))  # fmt: skip
    heads = [
        tr("Whole follow-up")
        if window == (0.0, np.inf)
        else tr("After day {day}", day=f"{window[0] - 1:.0f}")
        if np.isinf(window[1])
        else tr("Days {low}–{high}", low=f"{window[0]:.0f}", high=f"{window[1]:.0f}")
        for window in windows
    ]
    return _table(
        result, title, ("", *heads), rows, marks,
        tr("Episodes, in brackets their rate per {n} person-years with its {level} limits.",
           n=count(result.spec.options["per"]), level=confidence(result.spec.conf_level)),
        tr("Limits of fewer than five subjects with an infection assume that subjects with many "
           "are not rarer than seen.")
        if result.spec.options["limits"] != "exact"
        else "",
    )  # fmt: skip


def tabulate_quantities(result: Result, *, title: str | None = None) -> Table:
    """Return shares, medians, means and rates of one result, each with its limits.

    Parameters
    ----------
    result : Result
        What `immunoglobulin_replacement`, `hospital_days` or `crs_treatment` returns.
    title : str, optional
        The heading; by default the endpoint.

    Returns
    -------
    Table
        A row for each stratum and quantity, the strata, and days or denominators, as headings.

    Raises
    ------
    CarstatsError
        If the result has other columns.
    """
    check_columns(
        result, "tabulate_quantities",
        message("what {names} returns",
                names="immunoglobulin_replacement, hospital_days, crs_treatment"),
        {"parameter", "unit", "q1", "maximum", *_LIMITS},
    )  # fmt: skip
    marks, rows = Marks(), []
    for key, part in result.strata():
        stratum = result.label(key) if key else ""
        for _, row in part.iterrows():
            head = " · ".join(filter(None, (stratum, _within(result, row))))
            name = level_label(result, "parameter", row["parameter"])
            share = row["unit"] == "share"
            if row["unit"] in ("mg", "per person-year"):
                unit = level_label(result, "unit", row["unit"])
                name = tr("{parameter}, {unit}", parameter=name, unit=unit)
            counted = of(row["n_event"], row["n"]) if share else count(row["n_event"])
            cells = (name[:1].upper() + name[1:], counted, _estimate(row), *_spread(row))
            rows.append(Row(cells, head, int(bool(head)), marks.add(*_told(row["note"]))))
    limits = confidence(result.spec.conf_level)
    return _table(
        result, title,
        ("", tr("n or n/N"), with_limits(tr("Estimate"), limits), tr("Quartiles"), tr("Range")),
        rows, marks,
    )  # fmt: skip


def _table(result: Result, title, heads, rows, marks: Marks, *notes: str) -> Table:
    table = Table(
        title or result.spec.endpoint,
        heads,
        tuple(rows),
        notes=footnoted([result], rows, *filter(None, notes)),
        marked=tuple(marks.notes),
        align=("left", *["right"] * (len(heads) - 1)),
        synthetic=result.spec.synthetic,
    )
    return spelled_out(table)


def _followed(name: str, row: pd.Series) -> str:
    if not row["n"]:
        return name
    return tr(
        "{stratum}: {years} person-years, median follow-up {months}",
        stratum=name, years=number(row["person_years"]), months=months(row["followup"]),
    )  # fmt: skip


def _told(note: str) -> list[str]:
    """Return the notes of a row that its cells and the footnotes do not say."""
    return [part for part in notes_in(note) if key_of(part) not in _SAID]


def _rate_text(row: pd.Series) -> str:
    estimate, low, high = (row[c] for c in _LIMITS)
    if pd.isna(estimate):
        return NONE
    digits = 1 if estimate < 100 else 0
    if pd.isna(low):
        return number(estimate, digits)
    return tr("{rate}, {limits}", rate=number(estimate, digits), limits=interval(low, high, digits))


def _within(result: Result, row: pd.Series) -> str:
    """Return what a quantity is of, where a stratum has it of several."""
    if "among" in row:
        text = level_label(result, "among", row["among"])
        return text[:1].upper() + text[1:]
    if "time" in row and row["time"] == row["time"]:
        return tr("Days 1 to {day}", day=f"{row['time']:g}")
    return tr("The stay of the infusion") if "time" in row else ""


def _estimate(row: pd.Series) -> str:
    estimate, low, high = (row[c] for c in _LIMITS)
    if row["unit"] == "share":
        return rate(estimate, low, high)
    if row["unit"] == "per person-year":
        return incidence(estimate, low, high)
    if pd.isna(estimate):
        return NONE
    digits = _DECIMALS[row["unit"]]
    text = number(estimate, digits)
    return text if pd.isna(low) else with_limits(text, interval(low, high, digits))


def _spread(row: pd.Series) -> tuple[str, str]:
    if pd.isna(row["q1"]):
        return NONE, NONE
    digits = _DECIMALS[row["unit"]]
    ends = (("q1", "q3"), ("minimum", "maximum"))
    return tuple(interval(row[a], row[b], digits) for a, b in ends)
