"""Adjustment of p-values for several comparisons."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.errors import check_choice

ADJUSTMENTS = ("Holm", "Bonferroni", "Benjamini-Hochberg", "none")


def adjust_p_values(p_values: ArrayLike, *, method: str = "Holm") -> NDArray[np.float64]:
    """Adjust p-values for the number of comparisons.

    Parameters
    ----------
    p_values : array_like, shape (m,)
        P-values; NaN where a comparison could not be made, which does not count as one.
    method : {"Holm", "Bonferroni", "Benjamini-Hochberg", "none"}
        The first two hold the probability of any false rejection, the third the expected part of
        false ones among the rejections.

    Returns
    -------
    ndarray, shape (m,)
        Adjusted p-values in the order given.

    Raises
    ------
    CarstatsError
        If the method is unknown.

    References
    ----------
    Holm S. Scand J Stat 1979; 6: 65-70.
    Benjamini Y, Hochberg Y. J R Stat Soc B 1995; 57: 289-300.
    """
    method = check_choice("method", method, ADJUSTMENTS)
    p_values = np.asarray(p_values, float)
    known = ~np.isnan(p_values)
    p = p_values[known]
    order = np.argsort(p, kind="stable")
    m = p.size
    adjusted = np.array(p)
    if method == "Bonferroni":
        adjusted = p * m
    elif method == "Holm":
        adjusted[order] = np.maximum.accumulate(p[order] * np.arange(m, 0, -1))
    elif method == "Benjamini-Hochberg":
        steps = p[order] * m / np.arange(1, m + 1)
        adjusted[order] = np.minimum.accumulate(steps[::-1])[::-1]
    answer = np.full(p_values.shape, np.nan)
    answer[known] = np.minimum(adjusted, 1.0)
    return answer
