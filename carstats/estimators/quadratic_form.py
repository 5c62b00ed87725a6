"""Quadratic forms of statistics that may be linearly dependent, and their chi-square tail."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Relative to the largest of a correlation matrix: eigenvalues below are rounding.
_SINGULAR = 1e-9


def pseudo_inverse(variance: ArrayLike) -> tuple[NDArray[np.float64], int]:
    """Invert a covariance matrix on the space that it spans.

    variance : Symmetric, not negative definite; rows of zeros are allowed.

    inverse : A generalised inverse: right for quadratic forms of vectors that the matrix can
        produce.
    rank : Its rank.
    """
    variance = np.asarray(variance, float)
    if not variance.size:
        return variance, 0
    scale = np.sqrt(np.maximum(np.diag(variance), 0.0))
    safe = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(variance / np.outer(safe, safe))
    kept = values > _SINGULAR * max(values.max(), 0.0)
    if not kept.any():
        return np.zeros_like(variance), 0
    half = vectors[:, kept] / safe[:, None]
    return (half / values[kept]) @ half.T, int(kept.sum())


def pseudo_inverses(variance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Invert many covariance matrices, each on the space that it spans."""
    scale = np.sqrt(np.maximum(np.diagonal(variance, axis1=1, axis2=2), 0.0))
    safe = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(variance / (safe[:, :, None] * safe[:, None, :]))
    kept = values > _SINGULAR * np.maximum(values.max(axis=1, keepdims=True), 0.0)
    part = np.where(kept, 1 / np.where(kept, values, 1.0), 0.0)
    half = vectors / safe[:, :, None]
    return (half * part[:, None, :]) @ half.transpose(0, 2, 1)


def chi_square_tail(statistic: float, df: int) -> float:
    """Upper tail of a chi-square distribution.

    Returns: the tail; NaN for `df` 0 or a statistic of NaN.
    """
    from scipy.special import chdtrc

    return float(chdtrc(df, statistic)) if df > 0 and not np.isnan(statistic) else np.nan
