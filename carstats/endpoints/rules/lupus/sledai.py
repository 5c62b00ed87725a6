"""SLEDAI-2K from its items: total, clinical score, attribution to lupus, bands, new activity."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas.arrays import BooleanArray

from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.logic import (
    all_of,
    any_of,
    boolean,
    category,
    compare,
    flags,
    numbers,
)
from carstats.errors import CarstatsError, listed
from carstats.messages import message

# Gladman 2002, J Rheumatol 29:288: 8 of 8 points, 6 of 4, 7 of 2 and 3 of 1 make 105.
SLEDAI_ITEMS: dict[str, int] = {
    "seizure": 8,
    "psychosis": 8,
    "organic_brain_syndrome": 8,
    "visual_disturbance": 8,
    "cranial_nerve_disorder": 8,
    "lupus_headache": 8,
    "cerebrovascular_accident": 8,
    "vasculitis": 8,
    "arthritis": 4,
    "myositis": 4,
    "urinary_casts": 4,
    "haematuria": 4,
    "proteinuria": 4,
    "pyuria": 4,
    "rash": 2,
    "alopecia": 2,
    "mucosal_ulcers": 2,
    "pleurisy": 2,
    "pericarditis": 2,
    "low_complement": 2,
    "increased_dna_binding": 2,
    "fever": 1,
    "thrombocytopenia": 1,
    "leucopenia": 1,
}
SEROLOGY_ITEMS = ("low_complement", "increased_dna_binding")
BLOOD_ITEMS = ("thrombocytopenia", "leucopenia")
# Franklyn 2016: renal, CNS, cardiopulmonary, vasculitis and fever.
MAJOR_ORGAN_ITEMS = (
    *("urinary_casts", "haematuria", "proteinuria", "pyuria"),
    *("seizure", "psychosis", "organic_brain_syndrome", "visual_disturbance"),
    *("cranial_nerve_disorder", "lupus_headache", "cerebrovascular_accident"),
    *("pleurisy", "pericarditis", "vasculitis", "fever"),
)

SLEDAI_RANGE = (0.0, 105.0)


@rule(
    "SLEDAI-2K",
    "SLE",
    "score",
    definition=(
        "Sum of 24 items present in the look-back and attributable to lupus: 8 of 8 points, 6 "
        "of 4, 7 of 2, 3 of 1; 0 to 105."
    ),
    thresholds="attributable; leave_out",
    source="Gladman 2002, J Rheumatol 29:288",
)
def sledai_2k(
    items: Mapping[str, ArrayLike],
    *,
    attributable: bool | Mapping[str, ArrayLike],
    leave_out: tuple[str, ...] = (),
) -> NDArray[np.float64]:
    """Score SLEDAI-2K from its 24 items.

    Parameters
    ----------
    items : Every item of `SLEDAI_ITEMS` by name: whether it was present in the look-back of 28 to
        30 days.
    attributable : True where the items given have already been judged to be active lupus;
        otherwise, for each item in doubt, whether it is due to lupus and reversible. One that is
        not does not score: lymphodepletion cytopenia, fever of CRS, ulcers of mucositis, alopecia
        of chemotherapy, pyuria of infection. Items that the mapping does not name are taken as
        attributable.
    leave_out : Items that do not score.

    Returns
    -------
    The score, 0 to 105; NaN where an item is missing, or where it is present and its attribution is
    missing.

    Notes
    -----
    SELENA-SLEDAI scores proteinuria and other items differently: never pool raw scores of the two.
    """
    scored = _scored(items, attributable)
    _check_items("leave_out", leave_out)
    total = np.zeros(1)
    for name, weight in SLEDAI_ITEMS.items():
        if name not in leave_out:
            present = scored[name]
            total = total + weight * np.where(present._mask, np.nan, present._data.astype(float))
    return total


@rule(
    "cSLEDAI",
    "SLE",
    "score",
    definition="SLEDAI-2K without low complement and increased DNA binding; 0 to 101.",
    thresholds="none",
    source="Gladman 2002, J Rheumatol 29:288",
)
def clinical_sledai(
    items: Mapping[str, ArrayLike], *, attributable: bool | Mapping[str, ArrayLike]
) -> NDArray[np.float64]:
    """Score the clinical part of SLEDAI-2K, 0 to 101.

    Arguments and returns are those of `sledai_2k`.
    """
    return sledai_2k(items, attributable=attributable, leave_out=SEROLOGY_ITEMS)


@rule(
    "SLEDAI_excl_haem",
    "SLE",
    "score",
    definition=(
        "SLEDAI-2K without thrombocytopenia and leucopenia: sensitivity analysis for days 0 to 90."
    ),
    thresholds="none",
    source="carstats",
    status="design",
)
def sledai_excl_haem(
    items: Mapping[str, ArrayLike], *, attributable: bool | Mapping[str, ArrayLike]
) -> NDArray[np.float64]:
    """Score SLEDAI-2K without thrombocytopenia and leucopenia, 0 to 103.

    In days 0 to 90 lymphodepletion and the cells lower blood counts. Arguments and returns are
    those of `sledai_2k`.
    """
    return sledai_2k(items, attributable=attributable, leave_out=BLOOD_ITEMS)


def clinical_sledai_from_total(
    sledai: ArrayLike, low_complement: ArrayLike, increased_dna_binding: ArrayLike
) -> NDArray[np.float64]:
    """Take the points of low complement and of DNA binding off a SLEDAI-2K total.

    Parameters
    ----------
    sledai : SLEDAI-2K, 0 to 105.
    low_complement, increased_dna_binding : Whether the item scored.

    Returns
    -------
    Clinical SLEDAI, 0 to 101; NaN where a component is missing.
    """
    (total,) = numbers(sledai=(sledai, *SLEDAI_RANGE))
    for part in flags(low_complement=low_complement, increased_dna_binding=increased_dna_binding):
        # Both items weigh 2 (Gladman 2002).
        total = total - 2.0 * np.where(part._mask, np.nan, part._data.astype(float))
    if (total < 0).any():
        raise CarstatsError(
            message(
                "`sledai` is smaller than the points of its items `low_complement` and "
                "`increased_dna_binding`."
            )
        )
    return total


@rule(
    "SLEDAI_band",
    "SLE",
    "state",
    definition="Remission 0, low 1 to 4, moderate 5 to 10, high above 10.",
    thresholds="0, 4, 10",
    source="Gladman 2002, J Rheumatol 29:288",
)
def sledai_band(sledai: ArrayLike) -> pd.Categorical:
    """Name the activity band of a SLEDAI score.

    Parameters
    ----------
    sledai : SLEDAI-2K, 0 to 105.

    Returns
    -------
    Ordered: ``"remission"``, ``"low"``, ``"moderate"``, ``"high"``.
    """
    (score,) = numbers(sledai=(sledai, *SLEDAI_RANGE))
    index = np.searchsorted([0.0, 4.0, 10.0], np.nan_to_num(score), side="left")
    return category(("remission", "low", "moderate", "high"), index, np.isnan(score))


@rule(
    "SLEDAI_change",
    "SLE",
    "state",
    definition="Improved by a fall of 4 or more, flare by a rise above 3.",
    thresholds="improved_by=4; flare_above=3",
    source="Gladman 2002, J Rheumatol 29:288",
)
def sledai_change(
    sledai_before: ArrayLike,
    sledai: ArrayLike,
    *,
    improved_by: float = 4.0,
    flare_above: float = 3.0,
) -> pd.Categorical:
    """Judge a change of SLEDAI: improved, flare or neither.

    Parameters
    ----------
    sledai_before, sledai : SLEDAI-2K at the earlier and at the later visit, 0 to 105.
    improved_by : Points of an improvement, at least.
    flare_above : Points that a rise has to exceed.

    Returns
    -------
    Ordered: ``"improved"``, ``"unchanged"``, ``"flare"``.
    """
    before, now = numbers(
        sledai_before=(sledai_before, *SLEDAI_RANGE), sledai=(sledai, *SLEDAI_RANGE)
    )
    worse, better = (
        compare(now - before, ">", flare_above),
        compare(before - now, ">=", improved_by),
    )
    index = np.where(worse._data, 2, np.where(better._data, 0, 1))
    return category(("improved", "unchanged", "flare"), index, worse._mask)


def major_organ_activity(
    items: Mapping[str, ArrayLike], *, attributable: bool | Mapping[str, ArrayLike]
) -> BooleanArray:
    """Judge whether an item of a major organ system scores.

    Renal, CNS, cardiopulmonary, vasculitis and fever: the first component of LLDAS. Arguments and
    errors are those of `sledai_2k`; an item that scores decides, otherwise a missing one makes the
    verdict NA.
    """
    scored = _scored(items, attributable)
    return any_of(*(scored[name] for name in MAJOR_ORGAN_ITEMS))


def new_activity(
    items: Mapping[str, ArrayLike],
    previous: Mapping[str, ArrayLike],
    *,
    attributable: bool | Mapping[str, ArrayLike],
    leave_out: tuple[str, ...] = (),
) -> BooleanArray:
    """Judge whether an item scores that did not score at the previous visit.

    NA where no item is known to be new and one cannot be compared.

    Parameters
    ----------
    items, previous : The items now and at the previous visit, all missing there at a first visit.
    attributable : As in `sledai_2k`, for the items of this visit.
    leave_out : Items that do not count, such as `SEROLOGY_ITEMS` (design).
    """
    _check_items("leave_out", leave_out)
    now, before = _scored(items, attributable), _scored(previous, True)
    return any_of(*(all_of(now[n], ~before[n]) for n in SLEDAI_ITEMS if n not in leave_out))


def _scored(items, attributable):
    """Return each item's flag after attribution, all of one length."""
    _check_items("items", items)
    absent = [name for name in SLEDAI_ITEMS if name not in items]
    if absent:
        raise CarstatsError(
            message("`items` lacks {names}. SLEDAI-2K needs all 24 items.", names=listed(absent))
        )
    present = dict(zip(SLEDAI_ITEMS, flags(**{n: items[n] for n in SLEDAI_ITEMS}), strict=True))
    if attributable is True:
        return present
    if not hasattr(attributable, "keys"):
        raise CarstatsError(
            message(
                "`attributable` is {attributable!r}; it takes True, once the items have been "
                "judged to be due to lupus, or flags by item.",
                attributable=attributable,
            )
        )
    _check_items("attributable", attributable)
    names = list(attributable.keys())
    for name, due in zip(names, flags(**{n: attributable[n] for n in names}), strict=True):
        here = present[name]
        off = (~here._mask & ~here._data) | (~due._mask & ~due._data)
        present[name] = boolean(here._data & due._data, (here._mask | due._mask) & ~off)
    return present


def _check_items(argument, names):
    unknown = [name for name in names if name not in SLEDAI_ITEMS]
    if unknown:
        raise CarstatsError(
            message(
                "`{argument}` names {names}, not an item of SLEDAI-2K. It has: {known}.",
                argument=argument,
                names=listed(unknown),
                known=listed(SLEDAI_ITEMS, 24),
            )
        )
