"""Neurotoxicity (ICANS): ASTCT 2019 grades from daily worksheets, and their episodes."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.episodes import check_infusions, merge_episodes
from carstats.endpoints.record.grades import (
    Bounds,
    aligned,
    blank_allows,
    flag_numbers,
    with_cause_and_death,
    worst_of,
)
from carstats.endpoints.record.logic import numbers, texts
from carstats.endpoints.record.worksheets import check_table
from carstats.errors import CarstatsError, check_number
from carstats.messages import message

ICE_ITEMS = {"orientation": 4, "naming": 3, "command": 1, "writing": 1, "attention": 1}
"""Items of the ICE score and their most points; together 10."""

CONSCIOUSNESS = {
    "alert": 0, "awakens spontaneously": 1, "awakens to voice": 2, "awakens to touch": 3,
    "vigorous stimuli": 4, "unarousable": 4,
}  # fmt: skip
SEIZURE = {"none": 0, "brief": 3, "prolonged": 4}
OEDEMA = {
    "none": 0, "focal": 3, "diffuse": 4, "posturing": 4, "VI palsy": 4, "papilloedema": 4,
    "Cushing triad": 4,
}  # fmt: skip

_OPTIONAL = (
    "ice", "capd", "capd_impossible", "age", "baseline_ice", "consciousness", "seizure",
    "motor_weakness", "motor_before", "oedema", "attributable", "death",
)  # fmt: skip


def ice_score(
    orientation: ArrayLike,
    naming: ArrayLike,
    command: ArrayLike,
    writing: ArrayLike,
    attention: ArrayLike,
) -> NDArray[np.float64]:
    """Add up the immune effector cell-associated encephalopathy (ICE) score, 0 to 10.

    Parameters
    ----------
    orientation : Year, month, city, hospital: 0 to 4.
    naming : Three objects: 0 to 3.
    command, writing, attention : Following a command, writing a sentence, counting backwards: 0 or
        1 each.

    Returns
    -------
    The score; NaN where an item is missing.
    """
    items = dict(zip(ICE_ITEMS, (orientation, naming, command, writing, attention), strict=True))
    return np.sum(numbers(**{name: (items[name], 0, top) for name, top in ICE_ITEMS.items()}), 0)


def encephalopathy_grade(ice: ArrayLike, baseline_ice: ArrayLike = 10.0) -> NDArray[np.float64]:
    """Grade an ICE score, relative to the score before the infusion.

    Parameters
    ----------
    ice : ICE score of the day, 0 to 10; worst of the day.
    baseline_ice : ICE score before lymphodepletion, 0 to 10. Only points lost since then count: the
        score is graded as 10 minus the loss.

    Returns
    -------
    0 for 10; 1 for 7 to 9; 2 for 3 to 6; 3 for 0 to 2; NaN where missing. A score of 0 in a subject
    who cannot be aroused is grade 4 by the level of consciousness.

    Notes
    -----
    A score that falls to 0 is grade 3 (global aphasia) whatever the baseline. Status: design
    (the baseline), otherwise as `icans_grade`.
    """
    ice, before = numbers(ice=(ice, 0, 10), baseline_ice=(baseline_ice, 0, 10))
    for name, score in (("ice", ice), ("baseline_ice", before)):
        _check_whole(name, score)
    score = 10.0 - np.maximum(before - ice, 0.0)
    # A full score is normal whatever the baseline was.
    score = np.where(ice == 10, 10.0, np.where((ice == 0) & (before > 0), 0.0, score))
    grade = np.select([score >= 10, score >= 7, score >= 3], [0.0, 1.0, 2.0], 3.0)
    return np.where(np.isnan(score), np.nan, grade)


@rule(
    "ICANS_paediatric",
    "any",
    "toxicity",
    definition="CAPD in place of ICE below 12 years: 1 to 8 grade 1 to 2, 9 or more grade 3.",
    thresholds="CAPD 9",
    source="Lee 2019 (ASTCT), Biol Blood Marrow Transplant 25:625",
    doi="10.1016/j.bbmt.2018.12.758",
    after="ICANS",
)
def delirium_grade(
    capd: ArrayLike, impossible: ArrayLike = False, *, severe: float = 9.0
) -> NDArray[np.float64]:
    """Grade the Cornell assessment of paediatric delirium (CAPD), for children under 12 years.

    Parameters
    ----------
    capd : Score, 0 to 32; higher is worse.
    impossible : Whether the assessment could not be done because of the child's state.
    severe : The score from which it is grade 3.

    Returns
    -------
    0 for 0; 1 for 1 to 8 (grade 2 then follows from waking to voice only); 3 from 9; 4 where
    impossible; NaN where missing.

    Notes
    -----
    The published table has "below 9" for grades 1 and 2, which the level of consciousness tells
    apart; a score of 0 is taken for normal.
    """
    check_number("severe", severe, low=1)
    (capd,) = numbers(capd=(capd, 0, 32))
    _check_whole("capd", capd)
    (cannot,) = flag_numbers(capd_impossible=impossible)
    capd, cannot = aligned(capd=capd, capd_impossible=cannot)
    grade = np.select([capd >= severe, capd >= 1, capd == 0], [3.0, 1.0, 0.0], np.nan)
    return np.where(cannot == 1, 4.0, np.where(np.isnan(cannot), np.nan, grade))


def icans_grade(
    ice: ArrayLike = np.nan,
    consciousness: ArrayLike = "alert",
    seizure: ArrayLike = "none",
    motor_weakness: ArrayLike = False,
    oedema: ArrayLike = "none",
    *,
    baseline_ice: ArrayLike = 10.0,
    motor_before: ArrayLike = False,
    capd: ArrayLike = np.nan,
    capd_impossible: ArrayLike = False,
    age: ArrayLike | None = None,
    attributable: ArrayLike = True,
    death: ArrayLike = False,
    child_below: float = 12.0,
) -> NDArray[np.float64]:
    """Grade neurotoxicity (ICANS) of a day by ASTCT 2019.

    Status: verify (CAPD); design (relative to the baseline).

    Parameters
    ----------
    ice : ICE score, 0 to 10, for subjects of 12 years and more.
    consciousness : ``"alert"`` 0; depressed: ``"awakens spontaneously"`` 1, ``"awakens to voice"``
        2, ``"awakens to touch"`` 3, ``"vigorous stimuli"`` or ``"unarousable"`` 4.
    seizure : ``"none"`` 0; ``"brief"`` (resolves rapidly, or non-convulsive and resolves with
        intervention) 3; ``"prolonged"`` (over 5 minutes, or repeated without return) 4.
    motor_weakness : Deep focal motor weakness: 4. Bulbar weakness of myasthenia does not count.
    oedema : ``"none"`` 0; ``"focal"`` on imaging 3; ``"diffuse"``, ``"posturing"``, ``"VI palsy"``,
        ``"papilloedema"``, ``"Cushing triad"`` 4.
    baseline_ice : ICE score before lymphodepletion; only points lost since then count.
    motor_before : Whether the weakness was there before the infusion: it then does not count.
    capd, capd_impossible : As in `delirium_grade`, for children.
    age : Age, years; None: all subjects are 12 years or older.
    attributable : Whether the signs are not explained by another cause.
    death : Whether the subject died of ICANS that day.

    Returns
    -------
    0 no ICANS, 1 to 5: the largest over the domains. NaN where a missing domain could change it. A
    domain that is left out of the call counts as normal, but ICE or CAPD does not.

    Examples
    --------
    >>> icans_grade([10, 8, 0, 0], ["alert", "alert", "alert", "unarousable"])
    array([0., 1., 3., 4.])
    """
    return icans_bounds(
        ice, consciousness, seizure, motor_weakness, oedema, baseline_ice=baseline_ice,
        motor_before=motor_before, capd=capd, capd_impossible=capd_impossible, age=age,
        attributable=attributable, death=death, child_below=child_below,
    ).exact  # fmt: skip


def icans_bounds(
    ice: ArrayLike = np.nan,
    consciousness: ArrayLike = "alert",
    seizure: ArrayLike = "none",
    motor_weakness: ArrayLike = False,
    oedema: ArrayLike = "none",
    *,
    baseline_ice: ArrayLike = 10.0,
    motor_before: ArrayLike = False,
    capd: ArrayLike = np.nan,
    capd_impossible: ArrayLike = False,
    age: ArrayLike | None = None,
    attributable: ArrayLike = True,
    death: ArrayLike = False,
    child_below: float = 12.0,
) -> Bounds:
    """Return the grades of a day that its known cells prove, and that its blank ones allow.

    The arguments are those of `icans_grade`; a blank domain allows every grade from 0 to 4.
    """
    check_number("child_below", child_below, low=0)
    adult = encephalopathy_grade(ice, baseline_ice)
    if age is not None:
        (years,) = numbers(age=(age, 0, 120))
        child = delirium_grade(capd, capd_impossible)
        adult, child, years = aligned(ice=adult, capd=child, age=years)
        adult = np.where(np.isnan(years), np.nan, np.where(years < child_below, child, adult))
    weak, old = flag_numbers(motor_weakness=motor_weakness, motor_before=motor_before)
    motor = np.select([(weak == 0) | (old == 1), (weak == 1) & (old == 0)], [0.0, 4.0], np.nan)
    grade = worst_of(
        blank_allows(adult),
        blank_allows(_by_word("consciousness", consciousness, CONSCIOUSNESS)),
        blank_allows(_by_word("seizure", seizure, SEIZURE)),
        blank_allows(motor),
        blank_allows(_by_word("oedema", oedema, OEDEMA)),
    )
    return with_cause_and_death(grade, attributable, death)


def icans_daily_grades(worksheet: pd.DataFrame, *, child_below: float = 12.0) -> pd.DataFrame:
    """Grade neurotoxicity on every row of a daily worksheet.

    Parameters
    ----------
    worksheet : One row per subject and day: `subject_id`, `day`, `ice` or `capd` (or both, with
        `age`), and optionally the other arguments of `icans_grade`, each as a column of its name.
        An optional column that is absent means normal; a blank in it is missing.

    Returns
    -------
    The worksheet sorted by subject and day, with `grade` (NaN where a blank could change it) and
    the grades that its cells prove and allow: `grade_at_least`, `grade_at_most`. Days before the
    infusion (day 0) are never ICANS: 0. A blank `attributable` excludes nothing.
    """
    table = check_table("worksheet", worksheet, ["subject_id", "day"], _OPTIONAL)
    if "ice" not in table and not {"capd", "age"} <= set(table):
        raise CarstatsError(
            message(
                "`{argument}` has no column `{column}`; it takes `{column}`, or `{other}` with "
                "`{age}` for children.",
                argument="worksheet",
                column="ice",
                other="capd",
                age="age",
            )
        )
    if not len(table):
        empty = np.array([], float)
        return table.assign(grade=empty, grade_at_least=empty, grade_at_most=empty)
    arguments = {name: table[name].to_numpy() for name in _OPTIONAL if name in table}
    if "attributable" in table:
        arguments["attributable"] = table["attributable"].fillna(True).to_numpy()
    grade = icans_bounds(**arguments, child_below=child_below)
    before = (table["day"] < 0).to_numpy()
    low, high = (
        np.where(before, 0.0, np.broadcast_to(side, len(table))) for side in (grade.low, grade.high)
    )
    exact = Bounds(low, high).exact
    return table.assign(grade=exact, grade_at_least=low, grade_at_most=high)


@rule(
    "ICANS",
    "any",
    "toxicity",
    definition=(
        "ASTCT grade 1 to 5: the worst of ICE score, consciousness, seizure, motor and oedema, "
        "against the baseline ICE. A blank cell leaves the grade that the known ones prove."
    ),
    thresholds="ICE 7, 3, 0; gap_days=7; onset_window_days=30",
    source="Lee 2019 (ASTCT), Biol Blood Marrow Transplant 25:625",
    doi="10.1016/j.bbmt.2018.12.758",
)
def icans_episodes(
    worksheet: pd.DataFrame,
    infusions: pd.DataFrame | None = None,
    *,
    child_below: float = 12.0,
    **merging: object,
) -> pd.DataFrame:
    """Find the episodes of neurotoxicity in a daily worksheet.

    Parameters
    ----------
    worksheet : As in `icans_daily_grades`.
    merging : Options of `merge_episodes`: `gap_days`, `onset_window_days` …

    Returns
    -------
    One row per episode, as `merge_episodes` returns it, graded by ASTCT.
    """
    daily = icans_daily_grades(worksheet, child_below=child_below)
    labels = {"term": "ICANS", "grading_scale": "ASTCT", "system": "nervous system"}
    infusions = check_infusions(infusions, daily["subject_id"])
    return merge_episodes(daily, infusions=infusions, **labels, **merging)


def _by_word(argument, words, grades):
    found = texts(argument, words, tuple(grades))
    return np.array([grades.get(word, np.nan) for word in found], dtype=float)


def _check_whole(argument, scores):
    odd = ~np.isnan(scores) & (scores != np.round(scores))
    if odd.any():
        raise CarstatsError(
            message(
                "`{argument}` is {value}; it takes whole points.",
                argument=argument,
                value=f"{scores[odd][0]:g}",
            )
        )
