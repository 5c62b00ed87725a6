"""Idiopathic inflammatory myopathy: the 2016 ACR/EULAR Total Improvement Score.

Relapse and the response of the skin are in `iim_course`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas.arrays import BooleanArray

from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.logic import (
    TOLERANCE,
    any_of,
    category,
    check_lengths,
    compare,
    flags,
    numbers,
)
from carstats.errors import CarstatsError, check_choice, check_number, listed
from carstats.messages import message


@dataclass(frozen=True)
class CoreMeasure:
    """One core-set measure of the Total Improvement Score.

    Attributes
    ----------
    slot : str
        Which of the six components it fills.
    points : tuple of float
        Points for the steps 0 to 4 of the absolute improvement.
    edges : tuple of float
        Percentages that end the steps 0 to 3; a step includes its upper edge.
    range : float or None
        Range of the measure; None where the caller has to give it.
    higher_is_better : bool
        Whether a rise is an improvement.
    """

    slot: str
    points: tuple[float, float, float, float, float]
    edges: tuple[float, float, float, float]
    range: float | None
    higher_is_better: bool = False


# Aggarwal 2017 and Rider 2017, the point table: the maxima of the six slots add up to 100.
_EDGES, _MUSCLE_EDGES = (5.0, 15.0, 25.0, 40.0), (2.0, 10.0, 20.0, 30.0)
_PHYSICIAN = (0.0, 7.5, 15.0, 17.5, 20.0)
_PATIENT = (0.0, 2.5, 5.0, 7.5, 10.0)
_MUSCLE = (0.0, 10.0, 20.0, 27.5, 32.5)
_FUNCTION = (0.0, 5.0, 7.5, 7.5, 10.0)
_LABORATORY = (0.0, 2.5, 5.0, 7.5, 7.5)
_EXTRAMUSCULAR = (0.0, 7.5, 12.5, 15.0, 20.0)
CORE_MEASURES: dict[str, CoreMeasure] = {
    "physician_global": CoreMeasure("physician", _PHYSICIAN, _EDGES, 10),
    "patient_global": CoreMeasure("patient", _PATIENT, _EDGES, 10),
    "mmt": CoreMeasure("muscle", _MUSCLE, _MUSCLE_EDGES, 80, True),
    "cmas": CoreMeasure("muscle", _MUSCLE, _MUSCLE_EDGES, 52, True),
    "haq": CoreMeasure("function", _FUNCTION, _EDGES, 3),
    "chaq": CoreMeasure("function", _FUNCTION, _EDGES, 3),
    "enzyme": CoreMeasure("laboratory", _LABORATORY, _EDGES, None),
    "chq_phs": CoreMeasure("laboratory", _LABORATORY, _EDGES, None, True),
    "extramuscular": CoreMeasure("extramuscular", _EXTRAMUSCULAR, _EDGES, 10),
    "das": CoreMeasure("extramuscular", _EXTRAMUSCULAR, _EDGES, 20),
}
SLOTS = ("physician", "patient", "muscle", "function", "laboratory", "extramuscular")

# Ranges of the muscle enzymes as multiples of the upper limit of normal.
ENZYME_RANGES: dict[str, float] = {"CK": 15, "aldolase": 6, "ALT": 3, "AST": 3, "LDH": 3}

# Score that each response begins at.
THRESHOLDS: dict[str, dict[str, float]] = {
    "adult": {"minimal": 20, "moderate": 40, "major": 60},
    "juvenile": {"minimal": 30, "moderate": 45, "major": 70},
}
LEVELS = ("minimal", "moderate", "major")


def absolute_improvement(
    measure: str, baseline: ArrayLike, follow_up: ArrayLike, *, measure_range: float | None = None
) -> NDArray[np.float64]:
    """Return the absolute improvement of a core-set measure: percent of its range.

    Status: verify (the ranges).

    Parameters
    ----------
    measure : ``"physician_global"``, ``"patient_global"``, ``"mmt"``, ``"haq"`` and
        ``"extramuscular"`` in adults; ``"cmas"``, ``"chaq"``, ``"chq_phs"`` and ``"das"`` are the
        other measures of juvenile dermatomyositis. Muscle enzymes: `enzyme_improvement`.
    baseline, follow_up : The measure before lymphodepletion and now, 0 to its range.
    measure_range : Its range where it is another: 150 or 260 for other forms of the MMT; it has to
        be given for ``"chq_phs"``.

    Returns
    -------
    Percent, positive for an improvement; NaN where a value is missing.
    """
    measure = check_choice("measure", measure, [name for name in CORE_MEASURES if name != "enzyme"])
    core = CORE_MEASURES[measure]
    size = core.range if measure_range is None else measure_range
    if size is None:
        raise CarstatsError(
            message("`measure_range` is needed for {measure!r}: its published range.",
                    measure=measure)
        )  # fmt: skip
    check_number("measure_range", size, low=TOLERANCE)
    first, now = numbers(
        **{f"baseline {measure}": (baseline, 0, size), f"follow_up {measure}": (follow_up, 0, size)}
    )
    fall = 100.0 * (first - now) / size
    return -fall if core.higher_is_better else fall


def enzyme_improvement(
    baseline: Mapping[str, ArrayLike],
    follow_up: Mapping[str, ArrayLike],
    uln: Mapping[str, ArrayLike],
    *,
    ranges: Mapping[str, float] = ENZYME_RANGES,
) -> NDArray[np.float64]:
    """Return the absolute improvement of the muscle enzyme that was most abnormal at baseline.

    Parameters
    ----------
    baseline, follow_up : ``"CK"``, ``"aldolase"``, ``"ALT"``, ``"AST"``, ``"LDH"``, as many as were
        measured, U/L.
    uln : The upper limit of normal of each, U/L.
    ranges : The range of each enzyme as a multiple of its upper limit.

    Returns
    -------
    Percent of the enzyme's range; NaN where no enzyme was measured at baseline or the one that was
    most abnormal there was not measured again.

    Notes
    -----
    Status: verify (the ranges). Most abnormal is the largest multiple of the upper limit; of equal
    ones the first in the order of `ENZYME_RANGES` (design).
    """
    names = [name for name in ENZYME_RANGES if name in baseline]
    odd = [name for name in baseline if name not in ENZYME_RANGES]
    if odd or not names:
        raise CarstatsError(
            message("`baseline` has the enzymes {names}. It takes: {known}.",
                    names=listed(baseline), known=listed(ENZYME_RANGES))
        )  # fmt: skip
    for argument, values in (("follow_up", follow_up), ("uln", uln), ("ranges", ranges)):
        if absent := [name for name in names if name not in values]:
            raise CarstatsError(
                message("`{argument}` lacks {names}, which `baseline` has.",
                        argument=argument, names=listed(absent))
            )  # fmt: skip
    limits = {f"uln {name}": (uln[name], 0.01, 1e6) for name in names}
    before = {f"baseline {name}": (baseline[name], 0, 1e7) for name in names}
    after = {f"follow_up {name}": (follow_up[name], 0, 1e7) for name in names}
    stacked = np.array(numbers(**before, **after, **limits)).reshape(3, len(names), -1)
    first, now, limit = stacked
    multiple = first / limit
    worst = np.argmax(np.where(np.isnan(multiple), -np.inf, multiple), axis=0)
    size = np.array([ranges[name] for name in names], dtype=float)[:, None] * limit
    change = 100.0 * (first - now) / size
    # A row that is all missing at baseline gives its first enzyme, whose change is NaN.
    return np.take_along_axis(change, worst[None, :], axis=0)[0]


def improvement_points(measure: str, improvement: ArrayLike) -> NDArray[np.float64]:
    """Return the points of the Total Improvement Score for one core-set measure.

    Status: verify (the point table).

    Parameters
    ----------
    measure : A name of `CORE_MEASURES`.
    improvement : Its absolute improvement, percent.

    Returns
    -------
    Points; NaN where the improvement is missing. An improvement of exactly 5, 15, 25 or 40 %
    (muscle strength: 2, 10, 20 or 30 %) is in the lower step.

    References
    ----------
    Aggarwal R et al. Ann Rheum Dis 2017;76:792-801; Rider LG et al. 2017,
    doi:10.1002/art.40064.
    """
    measure = check_choice("measure", measure, CORE_MEASURES)
    (change,) = numbers(improvement=(improvement, -np.inf, np.inf))
    core = CORE_MEASURES[measure]
    step = np.zeros(len(change), dtype=int)
    for edge in core.edges:
        step += compare(change, ">", edge)._data
    return np.where(np.isnan(change), np.nan, np.array(core.points)[step])


@rule(
    "TIS",
    "IIM",
    "score",
    definition=(
        "Total Improvement Score: points for the absolute improvement of six core-set measures,"
        " 0 to 100; rescue or death scores 0."
    ),
    thresholds="the point table",
    source="Aggarwal 2017, Ann Rheum Dis 76:792",
    doi="10.1136/annrheumdis-2017-211400",
)
def total_improvement_score(
    improvements: Mapping[str, ArrayLike],
    rescue: ArrayLike = False,
    death: ArrayLike = False,
    *,
    missing: str = "not evaluable",
) -> NDArray[np.float64]:
    """Return the Total Improvement Score, 0 to 100, of the six core-set measures.

    Status: verify (the point table; the smallest data set of the NIEHS calculator).

    Parameters
    ----------
    improvements : Absolute improvement in percent, one measure for each component:
        ``"physician_global"``, ``"patient_global"``, ``"mmt"`` (or ``"cmas"``), ``"haq"`` (or
        ``"chaq"``), ``"enzyme"`` (or ``"chq_phs"``), ``"extramuscular"`` (or ``"das"``).
    rescue, death : Rescue treatment or re-infusion, and death, before the visit: the score is 0,
        whatever is missing.
    missing : ``"not evaluable"``: a missing measure makes the score NaN. ``"zero points"``: it adds
        nothing, provided that physician global and muscle strength are there (design).

    Returns
    -------
    The score; NaN where it is not evaluable.

    References
    ----------
    Aggarwal R et al. Ann Rheum Dis 2017;76:792-801; Rider LG et al. 2017,
    doi:10.1002/art.40064; methods: doi:10.1093/rheumatology/kex226.

    Examples
    --------
    >>> total_improvement_score({"physician_global": 50, "patient_global": 30, "mmt": 12,
    ...                          "haq": 0, "enzyme": 20, "extramuscular": 45})
    array([72.5])
    """
    missing = check_choice("missing", missing, ("not evaluable", "zero points"))
    if unknown := [name for name in improvements if name not in CORE_MEASURES]:
        raise CarstatsError(
            message("`improvements` names {names}. It takes: {known}.",
                    names=listed(unknown), known=listed(CORE_MEASURES))
        )  # fmt: skip
    slots = [CORE_MEASURES[name].slot for name in improvements]
    twice = [slot for slot in SLOTS if slots.count(slot) > 1]
    absent = [slot for slot in SLOTS if slot not in slots]
    if twice or (absent and missing == "not evaluable"):
        lacks = message("lacks {names}", names=listed(absent))
        what = message("has {names} twice", names=listed(twice)) if twice else lacks
        raise CarstatsError(
            message("`improvements` {what}. The score takes one measure a component.", what=what)
        )
    points = {CORE_MEASURES[n].slot: improvement_points(n, v) for n, v in improvements.items()}
    rescue, death = flags(rescue=rescue, death=death)
    check_lengths(**points, rescue=rescue)
    if missing == "zero points":
        least = [points.get(slot, np.array([np.nan])) for slot in ("physician", "muscle")]
        total = sum(np.nan_to_num(value) for value in points.values())
        total = np.where(np.isnan(least[0]) | np.isnan(least[1]), np.nan, total)
    else:
        total = sum(points.values())
    event = any_of(rescue, death)
    total = np.where(event._mask, np.nan, total)
    return np.where(event._data & ~event._mask, 0.0, total)


def improvement_category(
    score: ArrayLike,
    *,
    form: str = "adult",
    thresholds: Mapping[str, float] | None = None,
) -> pd.Categorical:
    """Name the improvement that a Total Improvement Score stands for.

    Status: verify (the juvenile thresholds).

    Parameters
    ----------
    score : The score, 0 to 100.
    form : ``"adult"``: minimal from 20, moderate from 40, major from 60; ``"juvenile"``: from 30,
        45 and 70.
    thresholds : Other thresholds for ``"minimal"``, ``"moderate"`` and ``"major"``.

    Returns
    -------
    Ordered: ``"none"``, ``"minimal"``, ``"moderate"``, ``"major"``.

    References
    ----------
    Aggarwal R et al. Ann Rheum Dis 2017;76:792-801; Rider LG et al. 2017,
    doi:10.1002/art.40064.
    """
    form = check_choice("form", form, THRESHOLDS)
    (score,) = numbers(score=(score, 0, 100))
    limits = THRESHOLDS[form] | dict(thresholds or {})
    index = sum(compare(score, ">=", limits[level])._data.astype(int) for level in LEVELS)
    return category(("none", *LEVELS), index, np.isnan(score))


@rule(
    "TIS_minimal",
    "IIM",
    "response",
    definition="Total Improvement Score of 20 or more; below 18 years TIS_minimal_juvenile.",
    thresholds="20",
    source="Aggarwal 2017, Ann Rheum Dis 76:792",
    doi="10.1136/annrheumdis-2017-211400",
)
@rule(
    "TIS_moderate",
    "IIM",
    "response",
    definition="Total Improvement Score of 40 or more; below 18 years TIS_moderate_juvenile.",
    thresholds="40",
    source="Aggarwal 2017, Ann Rheum Dis 76:792",
    doi="10.1136/annrheumdis-2017-211400",
)
@rule(
    "TIS_major",
    "IIM",
    "response",
    definition="Total Improvement Score of 60 or more; below 18 years TIS_major_juvenile.",
    thresholds="60",
    source="Aggarwal 2017, Ann Rheum Dis 76:792",
    doi="10.1136/annrheumdis-2017-211400",
)
@rule(
    "TIS_minimal_juvenile",
    "IIM",
    "response",
    definition="Total Improvement Score of 30 or more, below 18 years; derived as TIS_minimal.",
    thresholds="30",
    source="Rider 2017, Ann Rheum Dis 76:782",
    doi="10.1136/annrheumdis-2017-211401",
)
@rule(
    "TIS_moderate_juvenile",
    "IIM",
    "response",
    definition="Total Improvement Score of 45 or more, below 18 years; derived as TIS_moderate.",
    thresholds="45",
    source="Rider 2017, Ann Rheum Dis 76:782",
    doi="10.1136/annrheumdis-2017-211401",
)
@rule(
    "TIS_major_juvenile",
    "IIM",
    "response",
    definition="Total Improvement Score of 70 or more, below 18 years; derived as TIS_major.",
    thresholds="70",
    source="Rider 2017, Ann Rheum Dis 76:782",
    doi="10.1136/annrheumdis-2017-211401",
)
def improvement_response(
    score: ArrayLike,
    level: str,
    *,
    form: str = "adult",
    thresholds: Mapping[str, float] | None = None,
) -> BooleanArray:
    """Judge whether a Total Improvement Score reaches a level of improvement.

    NA where the score is missing. Status: verify (the juvenile thresholds).

    Parameters
    ----------
    score, form, thresholds : As in `improvement_category`.
    level : ``"minimal"``, ``"moderate"`` or ``"major"``, each including the higher ones.

    References
    ----------
    Aggarwal R et al. Ann Rheum Dis 2017;76:792-801; Rider LG et al. 2017,
    doi:10.1002/art.40064.
    """
    form = check_choice("form", form, THRESHOLDS)
    level = check_choice("level", level, LEVELS)
    (score,) = numbers(score=(score, 0, 100))
    return compare(score, ">=", (THRESHOLDS[form] | dict(thresholds or {}))[level])
