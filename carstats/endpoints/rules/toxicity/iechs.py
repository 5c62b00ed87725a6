"""Haemophagocytic syndrome after cell therapy (IEC-HS): possible, meets the criteria, or no."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pandas.arrays import BooleanArray

from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.grades import aligned, check_grades, flag_numbers
from carstats.endpoints.record.logic import any_of, compare, flags, numbers
from carstats.endpoints.record.logic import given as where_given
from carstats.errors import check_number

STATUSES = ("no", "possible", "meets")


def ferritin_criterion(
    ferritin: ArrayLike,
    uln: ArrayLike,
    *,
    baseline: ArrayLike | None = None,
    rapidly_rising: ArrayLike = False,
    fold: float = 2.0,
) -> BooleanArray:
    """Judge the criterion that IEC-HS requires: ferritin raised or rapidly rising.

    Status: verify.

    Parameters
    ----------
    ferritin : Ferritin, µg/L (ng/mL), 0 to 500,000.
    uln : Upper limit of normal, in the same unit.
    baseline : Ferritin at infusion; None: not compared with it.
    rapidly_rising : Whether it rises rapidly, as judged clinically.
    fold : Multiple of the limit or of the baseline that ferritin must exceed.

    Returns
    -------
    Whether it is met; NA where not evaluable.
    """
    check_number("fold", fold, low=1)
    (rising,) = flags(rapidly_rising=rapidly_rising)
    value, limit = numbers(ferritin=(ferritin, 0, 500_000), uln=(uln, 1, 5000))
    parts = [compare(value, ">", fold * limit)]
    if baseline is not None:
        (before,) = numbers(baseline=(baseline, 0, 500_000))
        value, before = aligned(ferritin=value, baseline=before)
        parts.append(compare(value, ">", fold * before))
    return any_of(rising, *parts)


def transaminase_criterion(
    value: ArrayLike, uln: ArrayLike, *, baseline: ArrayLike | None = None, fold: float = 5.0
) -> BooleanArray:
    """Judge ALT or AST: above 5 × the limit, or 5 × a baseline that was abnormal.

    Status: verify.

    Parameters
    ----------
    value, uln : ALT or AST and its upper limit of normal, U/L.
    baseline : The value before; where it was above the limit it takes the limit's place. None:
        normal.
    fold : The multiple that must be exceeded.

    Returns
    -------
    Whether it is met; NA where not evaluable.
    """
    check_number("fold", fold, low=1)
    before = 0.0 if baseline is None else baseline
    value, limit, before = numbers(
        value=(value, 0, 100_000), uln=(uln, 1, 500), baseline=(before, 0, 100_000)
    )
    return compare(value, ">", fold * np.maximum(limit, before))


def fibrinogen_criterion(
    fibrinogen: ArrayLike, *, lln: ArrayLike | None = None, threshold: float = 150.0
) -> BooleanArray:
    """Judge low fibrinogen: below 150 mg/dL or below the limit of normal.

    Status: verify.

    Parameters
    ----------
    fibrinogen : Fibrinogen, mg/dL, 0 to 2,000.
    lln : Lower limit of normal, mg/dL; None: not compared with it.
    threshold : Value below which it is low, mg/dL.

    Returns
    -------
    Whether it is met; NA where not evaluable.
    """
    check_number("threshold", threshold, low=0)
    (value,) = numbers(fibrinogen=(fibrinogen, 0, 2000))
    parts = [compare(value, "<", threshold)]
    if lln is not None:
        value, limit = numbers(fibrinogen=(fibrinogen, 0, 2000), lln=(lln, 50, 500))
        parts.append(compare(value, "<", limit))
    return any_of(*parts)


def cytopenia_criterion(
    worst_grade: ArrayLike, new_or_worse: ArrayLike = True, *, grade: int = 4
) -> BooleanArray:
    """Judge cytopenia: new, worse or refractory, at least one lineage of grade 4.

    Status: verify.

    Parameters
    ----------
    worst_grade : The worst CTCAE grade over the lineages, 0 to 5.
    new_or_worse : Whether it is new, worse or refractory.
    grade : The grade that a lineage must reach.

    Returns
    -------
    Whether it is met; NA where not evaluable.
    """
    low = compare(check_grades("worst_grade", worst_grade), ">=", float(grade))
    (new,) = flags(new_or_worse=new_or_worse)
    return where_given(low, new)


@rule(
    "IEC-HS",
    "any",
    "toxicity",
    definition=(
        "Ferritin above twice the limit or the value at infusion, or rising fast, with "
        "resolving CRS or after it improved, and a supporting sign: meets; ferritin with one of"
        " the two: possible. Never diagnosed."
    ),
    thresholds="ferritin 2x; ALT/AST 5x; fibrinogen 150 mg/dL",
    source="Hines 2023 (ASTCT), Transplant Cell Ther 29:438.e1",
    doi="10.1016/j.jtct.2023.03.006",
)
def iechs_status(
    ferritin_met: ArrayLike,
    after_crs_improved: ArrayLike,
    transaminases: ArrayLike = False,
    fibrinogen: ArrayLike = False,
    haemophagocytosis: ArrayLike = False,
    cytopenia: ArrayLike = False,
    *,
    min_supporting: int = 1,
) -> NDArray[np.object_]:
    """Judge the criteria of IEC-HS. They are met, or possible; they are no diagnosis.

    Parameters
    ----------
    ferritin_met : As from `ferritin_criterion`. Required.
    after_crs_improved : Whether it began while CRS resolved, or worsened after CRS had improved.
    transaminases, fibrinogen : As from the criteria of those names.
    haemophagocytosis : Whether it was seen in marrow or another tissue.
    cytopenia : As from `cytopenia_criterion`.
    min_supporting : How many of these four make the criteria met.

    Returns
    -------
    ``"meets"``: ferritin, timing and at least `min_supporting`; ``"possible"``: ferritin with
    timing or a supporting sign; ``"no"``; None where not evaluable. What is missing does not turn
    "possible" into "meets".

    Notes
    -----
    Macrophage activation syndrome of the disease itself (lupus, Still) needs adjudication. Status:
    verify (criteria); design (what makes "possible" and "meets").
    """
    check_number("min_supporting", min_supporting, low=1)
    parts = flag_numbers(
        ferritin_met=ferritin_met,
        after_crs_improved=after_crs_improved,
        transaminases=transaminases,
        fibrinogen=fibrinogen,
        haemophagocytosis=haemophagocytosis,
        cytopenia=cytopenia,
    )
    # The verdict with everything that is missing taken as absent, and as present.
    least, most = (_level(np.nan_to_num(np.stack(parts), nan=blank), min_supporting)
                   for blank in (0.0, 1.0))  # fmt: skip
    status = np.array(STATUSES, dtype=object)[least]
    return np.where((least == 0) & (most > 0), None, status)


def iechs_grade(
    present: ArrayLike,
    intervention: ArrayLike,
    severe: ArrayLike = False,
    life_threatening: ArrayLike = False,
    death: ArrayLike = False,
) -> NDArray[np.float64]:
    """Grade IEC-HS by the intervention it needs and the threat to life.

    Status: verify.

    Parameters
    ----------
    present : Whether there is IEC-HS, as adjudicated.
    intervention : Whether it needs treatment, beyond observation and tests: 2.
    severe : Severe, not immediately life-threatening; hospital stay needed or prolonged: 3.
    life_threatening : Life-threatening, urgent intervention needed: 4.
    death : Death from it: 5.

    Returns
    -------
    0 to 5; NaN where what is missing could change it.
    """
    return stepped_grade(
        present,
        intervention=intervention,
        severe=severe,
        life_threatening=life_threatening,
        death=death,
    )


def stepped_grade(present: ArrayLike, **steps: ArrayLike) -> NDArray[np.float64]:
    """Return 1 where present, and 2, 3, … for the highest of the steps that holds."""
    here, *rest = flag_numbers(present=present, **steps)
    level = np.arange(2, 2 + len(rest))[:, None]
    known = np.max([np.ones_like(here), *(level * np.nan_to_num(rest))], axis=0)
    unknown = np.max([np.zeros_like(here), *(level * np.isnan(rest))], axis=0)
    grade = np.where(unknown > known, np.nan, known)
    return np.where(here == 1, grade, np.where(here == 0, 0.0, np.nan))


def _level(parts, min_supporting):
    ferritin, timing = parts[0] == 1, parts[1] == 1
    supporting = parts[2:].sum(axis=0)
    meets = ferritin & timing & (supporting >= min_supporting)
    possible = ferritin & (timing | (supporting >= 1))
    return np.where(meets, 2, np.where(possible, 1, 0))
