"""Do the proportions of several trials differ by more than chance?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from carstats.estimators.quadratic_form import chi_square_tail


@dataclass(frozen=True)
class HeterogeneityTest:
    """A likelihood-ratio test that all trials have one proportion.

    Attributes
    ----------
    statistic : float
        Twice the gain in log-likelihood from a proportion of its own for each trial.
    df : int
        Trials less one.
    p_value : float
        Chi-squared tail; NaN for one trial.
    """

    statistic: float
    df: int
    p_value: float


def heterogeneity_test(n_event: ArrayLike, n: ArrayLike) -> HeterogeneityTest:
    """Test whether trials have one proportion.

    Parameters
    ----------
    n_event, n : array_like of int, shape (k,)
        Subjects with the event, and subjects, of each trial.

    Returns
    -------
    HeterogeneityTest
        As ``QE.LRT`` of R's ``metafor::rma.glmm(measure = "PLO")``; without correction, and with
        trials of no event or nothing but events as they are.

    References
    ----------
    Stijnen T, Hamza TH, Ozdemir P. Stat Med 2010; 29: 3046-3067.
    """
    from scipy.special import xlogy

    k, n = np.asarray(n_event, float), np.asarray(n, float)
    k, n = k[n > 0], n[n > 0]
    df = int(k.size) - 1
    if df < 1:
        return HeterogeneityTest(np.nan, max(df, 0), np.nan)
    own = k / n
    common = k.sum() / n.sum()
    gain = xlogy(k, own) + xlogy(n - k, 1 - own) - xlogy(k, common) - xlogy(n - k, 1 - common)
    statistic = max(2 * float(gain.sum()), 0.0)
    return HeterogeneityTest(statistic, df, chi_square_tail(statistic, df))
