"""ADTTE: the censoring code, the competing events and the time, as a study has them."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from carstats.data.check import cell_text, read_numbers
from carstats.data.formats.dates import read_dates
from carstats.data.formats.day_units import printed_slack, whole_days
from carstats.data.formats.sheets import Sheet
from carstats.data.matching import code_key
from carstats.data.vocabulary import folded
from carstats.errors import Problem, listed
from carstats.messages import message

_UNITS = {"DAY": 1.0, "WEEK": 7.0, "MONTH": 30.4375, "YEAR": 365.25}
_DESCRIPTIONS = ("EVNTDESC", "CNSDTDSC")


def prepare_events(
    sheet: Sheet, first: pd.Series, options: Mapping, problems: list[Problem], notes: list[str]
) -> None:
    """Replace ``CNSR`` by the status and ``AVAL`` by days from the origin, and add the cause."""
    frame = sheet.frame
    codes = _codes(sheet, problems)
    # In ADaM 0 is an event, and every other code says why the time was censored.
    status = np.where(codes == 0, "event", "censored").astype(object)
    cause = _causes(frame, codes, options.get("competing", {}), notes)
    competing = np.array([c is not None for c in cause], dtype=bool) & (codes > 0)
    status[competing] = "competing"
    frame["CNSR"] = status
    frame["competing cause"] = cause
    frame["AVAL"] = _times(sheet, first, options, problems, notes)


def _codes(sheet: Sheet, problems: list[Problem]) -> np.ndarray:
    cells = sheet.frame["CNSR"]
    codes = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=float)
    for i in np.flatnonzero(~(codes >= 0) | (codes != np.round(codes))):
        cell = cells.iloc[i]
        blank = cell is None or cell != cell or cell == ""
        what = (
            message("is missing.")
            if blank
            else message("{cell!r} is not a censoring code.", cell=cell_text(cell))
        )
        remedy = message("It is 0 for an event and a whole number above 0 for a censored time.")
        problems.append(Problem(what, sheet.name, int(cells.index[i]), "CNSR", remedy))
    return codes


def _causes(frame: pd.DataFrame, codes, competing: Mapping, notes: list[str]) -> np.ndarray:
    """Return the competing cause of each row, by its code or its description."""
    flat = {code_key(k): v for k, v in competing.items() if isinstance(v, str)}
    of_endpoint = {folded(k): v for k, v in competing.items() if isinstance(v, Mapping)}
    cause = np.full(len(frame), None, dtype=object)
    met = set()
    for i, (code, endpoint) in enumerate(zip(codes, frame["PARAMCD"], strict=True)):
        if not code > 0:
            continue
        own = of_endpoint.get(folded(cell_text(endpoint)), {})
        own = {code_key(k): v for k, v in own.items()}
        named = {**flat, **own}
        spellings = [cell_text(float(code))]
        spellings += [cell_text(frame[d].iloc[i]) for d in _DESCRIPTIONS if d in frame]
        for spelling in map(code_key, spellings):
            if spelling and spelling in named and cause[i] is None:
                cause[i] = named[spelling]
                met.add(spelling)
    unmet = [
        key
        for key, value in competing.items()
        if isinstance(value, str) and code_key(key) not in met
    ]
    if unmet:
        notes.append(message("[adam.competing]: no censored row has {codes}.", codes=listed(unmet)))
    return cause


def _times(sheet: Sheet, first: pd.Series, options, problems, notes) -> np.ndarray:
    frame = sheet.frame
    ids = [cell_text(value) for value in frame["USUBJID"]]
    order = options.get("date_order")
    end = _dates(sheet, "ADT", order, problems)
    start = (
        _dates(sheet, "STARTDT", order, problems)
        if "STARTDT" in frame
        else first.reindex(ids).to_numpy()
    )
    elapsed = end - start
    given = np.full(len(frame), np.nan)
    if "AVAL" in frame:
        given = read_numbers(frame["AVAL"]).to_numpy()
        factors = _unit(sheet, problems)
        longest = float(factors.max(initial=1.0))
        slack = printed_slack(frame["AVAL"], longest) if longest > 1 else 0.0
        given = whole_days(given * factors, slack)
        if "AVALU" in frame or longest > 1:
            frame.attrs["slack"] = {"AVAL": slack}
    time = elapsed.copy()
    for endpoint in dict.fromkeys(frame["PARAMCD"]):
        mine = (frame["PARAMCD"] == endpoint).to_numpy()
        both = mine & np.isfinite(elapsed) & np.isfinite(given)
        counted = bool(both.any()) and bool(np.all(np.abs(given - elapsed - 1)[both] < 1e-6))
        counted = counted or (not both.any() and bool(options.get("aval_is_study_day")))
        only = mine & ~np.isfinite(elapsed) & np.isfinite(given)
        time[only] = given[only] - (1 if counted else 0)
        if counted:
            notes.append(
                message(
                    "{endpoint}: AVAL counts the first day as 1; times are AVAL - 1 days.",
                    endpoint=endpoint,
                )
            )
        elif not both.any() and only.any():
            notes.append(
                message(
                    "{endpoint}: no dates tell how AVAL is counted; it was taken as days elapsed."
                    " Say [adam] aval_is_study_day = true if the first day is 1.",
                    endpoint=endpoint,
                )
            )
        else:
            # A month's fraction is rounded: half a day is no contradiction.
            apart = int((both & (np.abs(given - elapsed) > 1.5)).sum())
            if apart:
                notes.append(
                    message(
                        "{endpoint}: AVAL differs from ADT - STARTDT in {n} rows; the dates are"
                        " taken.",
                        endpoint=endpoint,
                        n=apart,
                    )
                )
    # Without a first dose the date of that is what is wrong, and is told with the subjects.
    undosed = np.isfinite(end) & ~np.isfinite(start) & ("STARTDT" not in frame)
    for i in np.flatnonzero(~np.isfinite(time) & ~undosed):
        what = message("and its dates are missing: the row has no time.")
        problems.append(Problem(what, sheet.name, int(frame.index[i]), "AVAL"))
    for i in np.flatnonzero(time < 0):
        what = message("the end is {n:g} days before the start.", n=float(-time[i]))
        remedy = message("Correct one of the dates.")
        problems.append(Problem(what, sheet.name, int(frame.index[i]), "ADT", remedy))
    return time


def _dates(sheet: Sheet, name: str, order: str | None, problems: list[Problem]) -> np.ndarray:
    if name not in sheet.frame:
        return np.full(len(sheet.frame), np.nan)
    cells = sheet.frame[name].to_numpy(dtype=object)
    present = np.array([c is not None and str(c).strip() != "" for c in cells], dtype=bool)
    ordinals, faults = read_dates(cells, present, order)
    for i, fault in faults.items():
        what = message("{cell!r} {fault}", cell=cell_text(cells[i]), fault=fault.what)
        problems.append(Problem(what, sheet.name, int(sheet.frame.index[i]), name, fault.remedy))
    return ordinals


def _unit(sheet: Sheet, problems: list[Problem]) -> np.ndarray:
    """Return the days in one unit of AVAL: of AVALU, else of the unit in PARAM, else days."""
    frame = sheet.frame
    factors = np.ones(len(frame))
    for i in range(len(frame)):
        unit = frame["AVALU"].iloc[i] if "AVALU" in frame else None
        if unit is None or unit != unit or not str(unit).strip():
            found = (
                re.search(r"\((days?|weeks?|months?|years?)\)", str(frame["PARAM"].iloc[i]), re.I)
                if "PARAM" in frame
                else None
            )
            unit = found[1] if found else "DAY"
        name = str(unit).strip().upper().rstrip("S")
        if name in _UNITS:
            factors[i] = _UNITS[name]
        else:
            what = message(
                "{unit!r} is not one of {units}.",
                unit=str(unit),
                units=listed(f"{u}S" for u in _UNITS),
            )
            problems.append(Problem(what, sheet.name, int(frame.index[i]), "AVALU"))
    return factors
