"""Which columns of a design the data tell apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

# Part of a column's variation that the columns before it leave, below which none is left.
_NOTHING = 1e-7


def independent_columns(design: ArrayLike, strata: ArrayLike | None = None) -> NDArray[np.bool_]:
    """Find the columns that do not follow from those before them, a constant included.

    Parameters
    ----------
    design : array_like, shape (n, p)
        Covariates without a constant.
    strata : array_like, shape (n,), optional
        Strata with a constant each, as the baseline hazards of a stratified Cox model.

    Returns
    -------
    ndarray of bool, shape (p,)
        Which columns have a coefficient of their own; R gives NA for the others.

    References
    ----------
    Golub GH, Van Loan CF. Matrix Computations, 4th ed. 2013; section 5.2 (modified Gram-Schmidt).
    """
    # Each column in one piece of memory.
    x = np.array(np.asarray(design, float).T, order="C")
    size = np.sqrt((x**2).sum(axis=1))
    if strata is None:
        x -= x.mean(axis=1, keepdims=True) if x.size else 0.0
    else:
        codes = np.unique(np.asarray(strata), return_inverse=True)[1].reshape(-1)
        for code in range(codes.max(initial=-1) + 1):
            mine = codes == code
            x[:, mine] -= x[:, mine].mean(axis=1, keepdims=True)
    kept = np.zeros(len(x), bool)
    basis: list[NDArray[np.float64]] = []
    for j, values in enumerate(x):
        rest = values.copy()
        # Twice: what rounding leaves of the first pass is taken by the second.
        for _ in range(2):
            for column in basis:
                rest -= (column @ rest) * column
        length = float(np.sqrt(rest @ rest))
        if size[j] > 0 and length > _NOTHING * size[j]:
            kept[j] = True
            basis.append(rest / length)
    return kept
