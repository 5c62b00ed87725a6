"""Cytokine release syndrome: ASTCT 2019 grades from daily worksheets, and their episodes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from carstats.endpoints.episodes import check_infusions, merge_episodes
from carstats.endpoints.grades import (
    aligned,
    flag_numbers,
    with_cause_and_death,
    worst_grade,
)
from carstats.endpoints.logic import boolean, compare, flags, numbers, texts
from carstats.endpoints.worksheets import check_table
from carstats.errors import check_number

OXYGEN = {
    "none": 1, "low-flow nasal cannula": 2, "blow-by": 2, "high-flow nasal cannula": 3,
    "facemask": 3, "non-rebreather": 3, "Venturi": 3, "CPAP": 4, "BiPAP": 4, "intubation": 4,
}  # fmt: skip
"""Oxygen devices and the ASTCT grade of the hypoxia that they stand for (1: none)."""

_CANNULAS = ("low-flow nasal cannula", "high-flow nasal cannula")
_WORKSHEET = ("subject_id", "day", "temperature", "hypotension", "vasopressors", "oxygen")
_OPTIONAL = ("vasopressin", "oxygen_flow", "attributable", "treated", "death")


def hypotension_grade(
    hypotension: ArrayLike, vasopressors: ArrayLike, vasopressin: ArrayLike = False
) -> NDArray[np.float64]:
    """Grade hypotension by the vasopressors that it needs.

    Parameters
    ----------
    hypotension : bool or sequence of bool
        Whether there is hypotension. A vasopressor implies it.
    vasopressors : int or sequence of int
        Vasopressors given that day other than vasopressin, 0 to 10.
    vasopressin : bool or sequence of bool, optional
        Whether vasopressin is given.

    Returns
    -------
    numpy.ndarray
        1 none; 2 without vasopressors; 3 one vasopressor with or without vasopressin; 4 two or
        more, not counting vasopressin. NaN where not evaluable.

    Raises
    ------
    CarstatsError
        If a count is outside 0 to 10 or a flag is neither true nor false.

    Notes
    -----
    Status: verify; design (vasopressin alone is one vasopressor: grade 3).
    """
    low, also = flag_numbers(hypotension=hypotension, vasopressin=vasopressin)
    (count,) = numbers(vasopressors=(vasopressors, 0, 10))
    low, also, count = aligned(hypotension=low, vasopressin=also, vasopressors=count)
    few = np.select(
        [count == 1, also == 1, np.isnan(also), low == 1, low == 0],
        [3.0, 3.0, np.nan, 2.0, 1.0],
        np.nan,
    )
    # Without hypotension nobody needs a vasopressor: a blank count is then none.
    blank = np.where((low == 0) & (also == 0), 1.0, np.nan)
    return np.where(np.isnan(count), blank, np.where(count >= 2, 4.0, few))


def hypoxia_grade(
    oxygen: ArrayLike, oxygen_flow: ArrayLike = np.nan, *, low_flow_limit: float = 6.0
) -> NDArray[np.float64]:
    """Grade hypoxia by the device that delivers oxygen.

    Parameters
    ----------
    oxygen : str or sequence of str
        ``"none"``, ``"low-flow nasal cannula"``, ``"blow-by"``, ``"high-flow nasal cannula"``,
        ``"facemask"``, ``"non-rebreather"``, ``"Venturi"``, ``"CPAP"``, ``"BiPAP"`` or
        ``"intubation"`` (for hypoxia, not to protect the airway). The most of the day, above what
        the subject needed before the infusion.
    oxygen_flow : float or sequence of float, optional
        Flow, L/min, 0 to 80. Where it is known it decides between low and high flow of a cannula.
    low_flow_limit : float, optional
        The highest flow that is low, L/min.

    Returns
    -------
    numpy.ndarray
        1 none; 2 low-flow nasal cannula (≤ 6 L/min) or blow-by; 3 high-flow cannula (> 6 L/min),
        facemask, non-rebreather, Venturi; 4 positive pressure. NaN where the device is missing.

    Raises
    ------
    CarstatsError
        If a device is none of these or a flow is out of range.

    Notes
    -----
    Status: verify.
    """
    check_number("low_flow_limit", low_flow_limit, low=0)
    device = texts("oxygen", oxygen, tuple(OXYGEN))
    (flow,) = numbers(oxygen_flow=(oxygen_flow, 0, 80))
    by_device = np.array([OXYGEN.get(name, np.nan) for name in device], dtype=float)
    cannula = np.isin(device.astype(str), _CANNULAS)
    by_device, cannula, flow = aligned(oxygen=by_device, cannula=cannula, oxygen_flow=flow)
    by_flow = np.where(compare(flow, "<=", low_flow_limit)._data, 2.0, 3.0)
    return np.where(cannula & ~np.isnan(flow), by_flow, by_device)


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
    temperature : float or sequence of float
        Highest of the day, °C, 30 to 45.
    hypotension, vasopressors : bool and int, or sequences
        As in `hypotension_grade`.
    oxygen : str or sequence of str
        As in `hypoxia_grade`.
    vasopressin : bool or sequence of bool, optional
        As in `hypotension_grade`.
    oxygen_flow : float or sequence of float, optional
        As in `hypoxia_grade`, L/min.
    attributable : bool or sequence of bool, optional
        Whether the signs are not explained by another cause (infection, lymphodepletion, ATG).
    fever_masked : bool or sequence of bool, optional
        Whether CRS was diagnosed by a fever and the subject has had an antipyretic, tocilizumab or
        a steroid since: fever is then no longer needed.
    death : bool or sequence of bool, optional
        Whether the subject died of CRS that day.
    fever_threshold : float, optional
        Fever is a temperature of at least this, °C.
    low_flow_limit : float, optional
        The highest low flow of oxygen, L/min.

    Returns
    -------
    numpy.ndarray
        0 no CRS, 1 to 5; NaN where what is missing could change the grade.

    Raises
    ------
    CarstatsError
        If a value is out of its range.

    Notes
    -----
    Grade = the larger of hypotension and hypoxia; fever alone is 1. Status: verify.

    References
    ----------
    Lee DW et al. ASTCT consensus grading for cytokine release syndrome and neurologic toxicity.
    Biol Blood Marrow Transplant 2019;25:625-638. doi:10.1016/j.bbmt.2018.12.758.

    Examples
    --------
    >>> crs_grade(39.1, True, 1, "none", vasopressin=True)
    array([3.])
    """
    check_number("fever_threshold", fever_threshold, low=30)
    (degrees,) = numbers(temperature=(temperature, 30, 45))
    is_fever = compare(degrees, ">=", fever_threshold)
    fever, masked = flag_numbers(temperature=is_fever, fever_masked=fever_masked)
    pressure = hypotension_grade(hypotension, vasopressors, vasopressin)
    breath = hypoxia_grade(oxygen, oxygen_flow, low_flow_limit=low_flow_limit)
    organ = worst_grade(4.0, hypotension=pressure, oxygen=breath)
    fever, masked, organ = aligned(temperature=fever, fever_masked=masked, organs=organ)
    # Once fever is no longer needed, a day without hypotension and hypoxia is a day without CRS.
    without_fever = np.where(organ == 1, 0.0, organ)
    afebrile = np.select(
        [masked == 1, masked == 0, organ == 1], [without_fever, 0.0, 0.0], default=np.nan
    )
    # A blank temperature is of no account where hypotension or hypoxia count without it.
    unknown = np.where((masked == 1) & (organ >= 2), organ, np.nan)
    grade = np.select([fever == 1, fever == 0], [organ, afebrile], default=unknown)
    return with_cause_and_death(grade, attributable, death)


def crs_daily_grades(
    worksheet: pd.DataFrame,
    *,
    gap_days: int = 7,
    conditioning_days: tuple[int, int] = (-5, 0),
    fever_threshold: float = 38.0,
    low_flow_limit: float = 6.0,
) -> pd.DataFrame:
    """Grade cytokine release syndrome on every row of a daily worksheet.

    Parameters
    ----------
    worksheet : pandas.DataFrame
        One row per subject and day: `subject_id`, `day`, `temperature`, `hypotension`,
        `vasopressors`, `oxygen`, as in `crs_grade`; optionally `vasopressin`, `oxygen_flow`,
        `attributable`, `treated` (an antipyretic, tocilizumab or steroid was given that day) and
        `death`. An optional column that is absent means none; a blank in it is missing.
    gap_days : int, optional
        Days without CRS after which a new fever is needed to diagnose it.
    conditioning_days : tuple of int, optional
        First and last day on which, without a column `attributable`, signs are put down to
        lymphodepletion or ATG.
    fever_threshold, low_flow_limit : float, optional
        As in `crs_grade`.

    Returns
    -------
    pandas.DataFrame
        The worksheet sorted by subject and day, with `fever_masked` and `grade`.

    Raises
    ------
    CarstatsError
        If the table lacks a column or a value is out of its range.

    Notes
    -----
    Fever is needed to diagnose. A day without fever is graded if the subject has been treated by
    that day and CRS was diagnosed by a fever fewer than `gap_days` free days ago, or is linked to
    such a day by other days with CRS. Days before the infusion are never CRS. Status: design (days
    -5 to 0; how long a diagnosis lasts), otherwise as `crs_grade`.

    References
    ----------
    Lee DW et al. Biol Blood Marrow Transplant 2019;25:625-638. doi:10.1016/j.bbmt.2018.12.758.
    """
    check_number("gap_days", gap_days, low=1)
    table = check_table("worksheet", worksheet, _WORKSHEET, _OPTIONAL)
    if not len(table):
        return table.assign(fever_masked=pd.array([], "boolean"), grade=np.array([], float))
    day = table["day"].to_numpy(float)
    first, last = conditioning_days
    if "attributable" in table:
        (due,) = flags(attributable=table["attributable"])
    else:
        due = boolean(~((day >= first) & (day <= last)), False)
    due = boolean((day >= 0) & due._data, (day >= 0) & due._mask)
    (given,) = flags(treated=table["treated"] if "treated" in table else np.zeros(len(table)))
    given = boolean((day >= 0) & given._data, (day >= 0) & given._mask)
    treated = _so_far(table["subject_id"], given)
    arguments = {
        name: table[name].to_numpy()
        for name in (*_WORKSHEET[2:], *_OPTIONAL)
        if name in table and name not in ("attributable", "treated")
    }
    arguments |= {"fever_threshold": fever_threshold, "low_flow_limit": low_flow_limit}
    # What a day would be graded if fever were not needed, and what it is by its own fever.
    linked = crs_grade(**arguments, attributable=due, fever_masked=treated)
    febrile = crs_grade(**arguments, attributable=due) >= 1
    since = _diagnosed_since(table["subject_id"], day, febrile, linked >= 1, gap_days)
    last_treated = (
        pd.Series(np.where(given._data, day, np.nan)).groupby(table["subject_id"]).ffill()
    )
    diagnosed, sure = ~np.isnan(since), (last_treated >= since).to_numpy()
    masked = boolean(diagnosed & (sure | treated._mask), diagnosed & ~sure & treated._mask)
    grade = crs_grade(**arguments, attributable=due, fever_masked=masked)
    return table.assign(fever_masked=masked, grade=grade)


def crs_episodes(
    worksheet: pd.DataFrame,
    infusions: pd.DataFrame | None = None,
    *,
    gap_days: int = 7,
    onset_window_days: int = 30,
    late_onset_days: int = 14,
    split_at_infusion: bool = False,
    conditioning_days: tuple[int, int] = (-5, 0),
    fever_threshold: float = 38.0,
    low_flow_limit: float = 6.0,
) -> pd.DataFrame:
    """Find the episodes of cytokine release syndrome in a daily worksheet.

    Parameters
    ----------
    worksheet : pandas.DataFrame
        As in `crs_daily_grades`.
    infusions : pandas.DataFrame, optional
        `subject_id`, `day`, optionally `infusion_number`; by default one infusion on day 0.
    gap_days, onset_window_days, late_onset_days : int, optional
        As in `merge_episodes`.
    split_at_infusion : bool, optional
        As in `merge_episodes`.
    conditioning_days : tuple of int, optional
        As in `crs_daily_grades`.
    fever_threshold, low_flow_limit : float, optional
        As in `crs_grade`.

    Returns
    -------
    pandas.DataFrame
        One row per episode, as `merge_episodes` returns it, graded by ASTCT.

    Raises
    ------
    CarstatsError
        If a table lacks a column or a value is out of its range.
    """
    daily = crs_daily_grades(
        worksheet,
        gap_days=gap_days,
        conditioning_days=conditioning_days,
        fever_threshold=fever_threshold,
        low_flow_limit=low_flow_limit,
    )
    return merge_episodes(
        daily,
        term="CRS",
        grading_scale="ASTCT",
        system="immune",
        infusions=check_infusions(infusions, daily["subject_id"]),
        gap_days=gap_days,
        onset_window_days=onset_window_days,
        late_onset_days=late_onset_days,
        split_at_infusion=split_at_infusion,
    )


def _so_far(subjects, flag):
    """Return whether a flag was ever true by this row; NA where a blank leaves it open."""
    frame = pd.DataFrame({"yes": flag._data & ~flag._mask, "blank": flag._mask})
    ever = frame.groupby(subjects.to_numpy(), sort=False).cummax()
    return boolean(ever["yes"].to_numpy(), (ever["blank"] & ~ever["yes"]).to_numpy())


def _diagnosed_since(subjects, day, febrile, candidate, gap_days):
    """Return the day of the fever that diagnosed CRS and that this day is linked to, else NaN."""
    frame = pd.DataFrame({"subject": subjects.factorize()[0], "day": day})
    days = frame[candidate | febrile].copy()
    gap = days["day"] - days.groupby("subject")["day"].shift(1) - 1
    days["run"] = (~(gap < gap_days)).cumsum()
    # Within a run the days before its first fever are not CRS.
    fever = days["day"].where(febrile[days.index]).groupby(days["run"]).transform("min")
    frame["since"] = fever.where(fever <= days["day"])
    frame["seen"] = days["day"].where(fever <= days["day"])
    last = frame.groupby("subject")[["since", "seen"]].ffill()
    return last["since"].where(frame["day"] - last["seen"] - 1 < gap_days).to_numpy(float)
