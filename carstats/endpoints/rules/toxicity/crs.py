"""Cytokine release syndrome: ASTCT 2019 grades from daily worksheets, and their episodes.

Status: verify and design."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.episodes import check_infusions, merge_episodes
from carstats.endpoints.record.grades import (
    Bounds,
    aligned,
    flag_numbers,
    with_cause_and_death,
    worst_of,
)
from carstats.endpoints.record.logic import boolean, compare, flags, numbers, texts
from carstats.endpoints.record.worksheets import check_table
from carstats.endpoints.rules.toxicity.crs_course import day_grade, follow
from carstats.errors import check_number

OXYGEN = {
    "none": 1, "low-flow nasal cannula": 2, "blow-by": 2, "high-flow nasal cannula": 3,
    "facemask": 3, "non-rebreather": 3, "Venturi": 3, "CPAP": 4, "BiPAP": 4, "intubation": 4,
}  # fmt: skip
"""Oxygen devices and the ASTCT grade of the hypoxia that they stand for (1: none)."""

OUTSIDE = "fever outside the CRS window"
"""The term of a fever that began more than 30 days after an infusion: no CRS, kept apart."""

_CANNULAS = ("low-flow nasal cannula", "high-flow nasal cannula")
_WORKSHEET = ("subject_id", "day", "temperature", "hypotension", "vasopressors", "oxygen")
_OPTIONAL = (
    "vasopressin", "oxygen_flow", "attributable", "fever_other_cause", "treated", "death",
)  # fmt: skip


def hypotension_grade(
    hypotension: ArrayLike, vasopressors: ArrayLike, vasopressin: ArrayLike = False
) -> NDArray[np.float64]:
    """Grade hypotension by the vasopressors that it needs.

    Parameters
    ----------
    hypotension : Whether there is hypotension. A vasopressor implies it.
    vasopressors : Vasopressors given that day other than vasopressin, 0 to 10.
    vasopressin : Whether vasopressin is given.

    Returns
    -------
    1 none; 2 without vasopressors; 3 one vasopressor with or without vasopressin; 4 two or more,
    not counting vasopressin. NaN where not evaluable.

    Notes
    -----
    Status: verify; design (vasopressin alone is one vasopressor: grade 3; without hypotension a
    blank count of vasopressors is none).
    """
    return _hypotension(hypotension, vasopressors, vasopressin).exact


def hypoxia_grade(
    oxygen: ArrayLike, oxygen_flow: ArrayLike = np.nan, *, low_flow_limit: float = 6.0
) -> NDArray[np.float64]:
    """Grade hypoxia by the device that delivers oxygen.

    Parameters
    ----------
    oxygen : ``"none"``, ``"low-flow nasal cannula"``, ``"blow-by"``, ``"high-flow nasal cannula"``,
        ``"facemask"``, ``"non-rebreather"``, ``"Venturi"``, ``"CPAP"``, ``"BiPAP"`` or
        ``"intubation"`` (for hypoxia, not to protect the airway). The most of the day, above what
        the subject needed before the infusion.
    oxygen_flow : Flow, L/min, 0 to 80. Where it is known it decides between low and high flow of a
        cannula.
    low_flow_limit : The highest flow that is low, L/min.

    Returns
    -------
    1 none; 2 low-flow nasal cannula (≤ 6 L/min) or blow-by; 3 high-flow cannula (> 6 L/min),
    facemask, non-rebreather, Venturi; 4 positive pressure. NaN where the device is missing.
    """
    return _hypoxia(oxygen, oxygen_flow, low_flow_limit).exact


def crs_grade(
    temperature: ArrayLike,
    hypotension: ArrayLike,
    vasopressors: ArrayLike,
    oxygen: ArrayLike,
    *,
    vasopressin: ArrayLike = False,
    oxygen_flow: ArrayLike = np.nan,
    attributable: ArrayLike = True,
    fever_masked: ArrayLike = False,
    death: ArrayLike = False,
    fever_threshold: float = 38.0,
    low_flow_limit: float = 6.0,
) -> NDArray[np.float64]:
    """Grade cytokine release syndrome of a day by ASTCT 2019.

    Parameters
    ----------
    temperature : Highest of the day, °C, 30 to 45.
    hypotension, vasopressors, vasopressin : As in `hypotension_grade`.
    oxygen : As in `hypoxia_grade`.
    oxygen_flow : As in `hypoxia_grade`, L/min.
    attributable : Whether the signs are not explained by another cause (infection, lymphodepletion,
        ATG).
    fever_masked : Whether CRS was diagnosed by a fever and the subject has had an antipyretic,
        tocilizumab or a steroid since: fever is then no longer needed.
    death : Whether the subject died of CRS that day.
    fever_threshold : Fever is a temperature of at least this, °C.
    low_flow_limit : The highest low flow of oxygen, L/min.

    Returns
    -------
    0 no CRS, 1 to 5; NaN where what is missing could change the grade.

    Notes
    -----
    Grade = the larger of hypotension and hypoxia; fever alone is 1. Status: verify.

    Examples
    --------
    >>> crs_grade(39.1, True, 1, "none", vasopressin=True)
    array([3.])
    """
    fever = _fever(temperature, fever_threshold)
    (masked,) = flag_numbers(fever_masked=fever_masked)
    organs = _organs(hypotension, vasopressors, oxygen, vasopressin, oxygen_flow, low_flow_limit)
    parts = aligned(
        temperature=fever, fever_masked=masked, organs=organs.low, organs_most=organs.high
    )
    days = np.array([day_grade(warm, past, (a, b)) for warm, past, a, b in np.transpose(parts)])
    low, high = days.reshape(-1, 2).T
    return with_cause_and_death(Bounds(low, high), attributable, death).exact


def _fever(temperature: ArrayLike, threshold: float) -> NDArray[np.float64]:
    """Return 1 for fever, 0 for none, NaN where the temperature is missing."""
    check_number("fever_threshold", threshold, low=30)
    (degrees,) = numbers(temperature=(temperature, 30, 45))
    (fever,) = flag_numbers(temperature=compare(degrees, ">=", threshold))
    return fever


def _hypotension(hypotension, vasopressors, vasopressin) -> Bounds:
    """Return the bounds of the grade of hypotension, 1 to 4."""
    low, also = flag_numbers(hypotension=hypotension, vasopressin=vasopressin)
    (count,) = numbers(vasopressors=(vasopressors, 0, 10))
    low, also, count = aligned(hypotension=low, vasopressin=also, vasopressors=count)
    # Without hypotension nobody needs a vasopressor: a blank is then none.
    none_needed = low == 0
    count_most = np.where(np.isnan(count), np.where(none_needed & (also != 1), 0.0, 10.0), count)
    also_most = np.where(np.isnan(also), np.where(none_needed, 0.0, 1.0), also)

    def grade(low_is, number, vasopressin_is):
        return np.select(
            [number >= 2, (number >= 1) | (vasopressin_is == 1), low_is == 1],
            [4.0, 3.0, 2.0],
            1.0,
        )

    least = grade(np.nan_to_num(low), np.nan_to_num(count), np.nan_to_num(also))
    most = grade(np.nan_to_num(low, nan=1.0), count_most, also_most)
    return Bounds(least, most)


def _hypoxia(oxygen, oxygen_flow, low_flow_limit: float) -> Bounds:
    """Return the bounds of the grade of hypoxia, 1 to 4."""
    check_number("low_flow_limit", low_flow_limit, low=0)
    device = texts("oxygen", oxygen, tuple(OXYGEN))
    (flow,) = numbers(oxygen_flow=(oxygen_flow, 0, 80))
    by_device = np.array([OXYGEN.get(name, np.nan) for name in device], dtype=float)
    cannula = np.isin(device.astype(str), _CANNULAS)
    by_device, cannula, flow = aligned(oxygen=by_device, cannula=cannula, oxygen_flow=flow)
    by_flow = np.where(compare(flow, "<=", low_flow_limit)._data, 2.0, 3.0)
    known = np.where(cannula & ~np.isnan(flow), by_flow, by_device)
    # A flow without a device proves that oxygen was given, no more.
    least = np.where(np.isnan(known), np.where(flow > 0, 2.0, 1.0), known)
    return Bounds(least, np.where(np.isnan(known), 4.0, known))


def _organs(hypotension, vasopressors, oxygen, vasopressin, oxygen_flow, low_flow_limit) -> Bounds:
    """Return the bounds of the worse of hypotension and hypoxia."""
    return worst_of(
        _hypotension(hypotension, vasopressors, vasopressin),
        _hypoxia(oxygen, oxygen_flow, low_flow_limit),
    )


def crs_daily_grades(
    worksheet: pd.DataFrame,
    *,
    gap_days: int = 7,
    conditioning_days: tuple[int, int] = (-5, -1),
    fever_threshold: float = 38.0,
    low_flow_limit: float = 6.0,
) -> pd.DataFrame:
    """Grade cytokine release syndrome on every row of a daily worksheet.

    Parameters
    ----------
    worksheet : One row per subject and day: `subject_id`, `day`, `temperature`, `hypotension`,
        `vasopressors`, `oxygen`, as in `crs_grade`; optionally `vasopressin`, `oxygen_flow`,
        `attributable` (False: the day's signs are of another cause), `fever_other_cause` (True: the
        fever is, so that it neither makes nor keeps a diagnosis), `treated` (an antipyretic,
        tocilizumab or steroid was given that day) and `death`. An optional column that is absent
        means none; a blank cause excludes nothing; any other blank is missing.
    gap_days : Days without CRS after which a new fever is needed to diagnose it.
    conditioning_days : First and last day on which, without a column `attributable`, signs are put
        down to lymphodepletion or ATG.
    fever_threshold, low_flow_limit : As in `crs_grade`.

    Returns
    -------
    The worksheet sorted by subject and day, with `fever_masked`, `fever_taken` (a blank temperature
    counted as fever), `grade` (NaN where a blank could change it) and the grades that its cells
    prove and allow: `grade_at_least`, `grade_at_most`.

    Notes
    -----
    Fever is needed to diagnose. A day without fever is graded if the subject has been treated by
    that day and CRS was diagnosed by a fever fewer than `gap_days` free days ago, or is linked to
    such a day by other days with CRS. So linked, a blank temperature counts as fever after a day
    with CRS, and on any day with hypotension or hypoxia. Days before the infusion are never CRS.
    Status: design (days -5 to -1; how long a diagnosis lasts), otherwise as `crs_grade`.
    """
    check_number("gap_days", gap_days, low=1)
    table = check_table("worksheet", worksheet, _WORKSHEET, _OPTIONAL)
    day = table["day"].to_numpy(float)

    def cell(name: str, absent: object) -> object:
        return table[name].to_numpy() if name in table else np.full(len(table), absent)

    due, other, given, dead = (
        np.where(flag._mask, np.nan, flag._data.astype(float))
        for flag in flags(
            attributable=cell("attributable", True),
            fever_other_cause=cell("fever_other_cause", False),
            treated=cell("treated", False),
            death=cell("death", False),
        )
    )
    excluded = (day < 0) | (due == 0)
    if "attributable" not in table:
        first, last = conditioning_days
        excluded |= (day >= first) & (day <= last)
    fever = _fever(table["temperature"].to_numpy(), fever_threshold)
    organs = _organs(
        table["hypotension"].to_numpy(),
        table["vasopressors"].to_numpy(),
        table["oxygen"].to_numpy(),
        cell("vasopressin", False),
        cell("oxygen_flow", np.nan),
        low_flow_limit,
    )
    n = len(table)
    course = follow(
        table["subject_id"].factorize()[0],
        day,
        np.where(other == 1, 0.0, fever[:n]),
        given,
        excluded,
        Bounds(organs.low[:n], organs.high[:n]),
        gap_days,
    )
    grade = with_cause_and_death(course.grade, np.ones(n), dead) if n else course.grade
    return table.assign(
        fever_masked=boolean(course.fever_masked == 1, np.isnan(course.fever_masked))
        if n
        else pd.array([], "boolean"),
        fever_taken=course.fever_taken,
        grade=grade.exact,
        grade_at_least=grade.low,
        grade_at_most=grade.high,
    )


@rule(
    "CRS",
    "any",
    "toxicity",
    definition=(
        "ASTCT grade 1 to 5: fever to diagnose, then the worse of hypotension and hypoxia; "
        "episodes less than 7 days apart are one; onset up to day 30 after an infusion. A blank"
        " cell leaves the grade that the known ones prove."
    ),
    thresholds=(
        "gap_days=7; onset_window_days=30; late_onset_days=14; fever_threshold=38; low_flow_limit=6"
    ),
    source="Lee 2019 (ASTCT), Biol Blood Marrow Transplant 25:625",
    doi="10.1016/j.bbmt.2018.12.758",
)
@rule(
    "fever outside the CRS window",
    "any",
    "toxicity",
    definition=(
        "A fever that began before an infusion or more than 30 days after one: no CRS, no grade."
    ),
    thresholds="onset_window_days=30",
    source="carstats",
    status="design",
)
def crs_episodes(
    worksheet: pd.DataFrame,
    infusions: pd.DataFrame | None = None,
    *,
    gap_days: int = 7,
    conditioning_days: tuple[int, int] = (-5, -1),
    fever_threshold: float = 38.0,
    low_flow_limit: float = 6.0,
    **merging: object,
) -> pd.DataFrame:
    """Find the episodes of cytokine release syndrome in a daily worksheet.

    Parameters
    ----------
    worksheet, conditioning_days : As in `crs_daily_grades`.
    fever_threshold, low_flow_limit : As in `crs_grade`.
    merging : Other options of `merge_episodes`: `onset_window_days`, `split_at_infusion` …

    Returns
    -------
    One row per episode, as `merge_episodes` returns it, graded by ASTCT. An episode that began
    before an infusion or more than `onset_window_days` after one is no CRS: its term is `OUTSIDE`,
    without a grade.
    """
    daily = crs_daily_grades(
        worksheet,
        gap_days=gap_days,
        conditioning_days=conditioning_days,
        fever_threshold=fever_threshold,
        low_flow_limit=low_flow_limit,
    )
    labels = {"term": "CRS", "grading_scale": "ASTCT", "system": "immune"}
    infusions = check_infusions(infusions, daily["subject_id"])
    found = merge_episodes(daily, infusions=infusions, gap_days=gap_days, **labels, **merging)
    # Death of CRS is no fever: what the source says of it stays.
    apart = (~found["in_window"] & ~(found["grade"] == 5)).to_numpy(bool)
    return found.assign(
        term=np.where(apart, OUTSIDE, "CRS"),
        grade=found["grade"].mask(apart),
        grade_at_least=found["grade_at_least"].mask(apart),
        grading_scale=found["grading_scale"].astype(object).mask(apart, None),
    )
