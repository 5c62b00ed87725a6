"""Changes of scores that are reported as numbers: MMT8, MG-QOL15r, modified Rankin scale."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.logic import numbers


@rule(
    "MMT8_change",
    "IIM",
    "score",
    definition="Change of MMT8 from baseline, points; positive is stronger.",
    thresholds="mmt_range=80 (150 for the bilateral form)",
    source="carstats",
)
def mmt8_change(
    baseline: ArrayLike, follow_up: ArrayLike, *, mmt_range: float = 80.0
) -> NDArray[np.float64]:
    """Return the change of manual muscle testing.

    Status: verify (the range that a study used).

    Parameters
    ----------
    baseline, follow_up : MMT8 before lymphodepletion and now, 0 to `mmt_range`.
    mmt_range : Largest score: 80 for MMT8 of one side, 150 for its bilateral form.

    Returns
    -------
    Points, NaN where a score is missing.
    """
    return _change(baseline, follow_up, mmt_range)


@rule(
    "MG-QOL15r_change",
    "MG",
    "score",
    definition="Change of MG-QOL15r from baseline, points of 30; negative is better.",
    thresholds="none",
    source="carstats",
)
def mg_qol15r_change(baseline: ArrayLike, follow_up: ArrayLike) -> NDArray[np.float64]:
    """Return the change of MG-QOL15r, a score of the quality of life.

    Parameters
    ----------
    baseline, follow_up : MG-QOL15r before lymphodepletion and now, 0 to 30.

    Returns
    -------
    Points, NaN where a score is missing.
    """
    return _change(baseline, follow_up, 30.0)


@rule(
    "mRS_change",
    "SPS",
    "score",
    definition=(
        "Change of the modified Rankin scale from baseline, grades; negative is less disabled."
    ),
    thresholds="none",
    source="KYSA-8",
)
def mrs_change(baseline: ArrayLike, follow_up: ArrayLike) -> NDArray[np.float64]:
    """Return the change of the modified Rankin scale.

    Parameters
    ----------
    baseline, follow_up : Modified Rankin scale before lymphodepletion and now, 0 to 6.

    Returns
    -------
    Grades, NaN where one is missing. The scale is ordinal: medians, not means.
    """
    return _change(baseline, follow_up, 6.0)


def _change(baseline, follow_up, top: float) -> NDArray[np.float64]:
    first, now = numbers(baseline=(baseline, 0, top), follow_up=(follow_up, 0, top))
    return now - first
