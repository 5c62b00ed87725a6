"""Two proportions compared: the difference or ratio, its limits, and the test they go with."""

from __future__ import annotations

import numpy as np

from carstats.errors import check_choice
from carstats.estimators.proportion_test import methods_of
from carstats.estimators.score_statistic import CONTRASTS


def check_contrast(contrast: str, method: str) -> None:
    """Raise unless the contrast and the method for it exist."""
    check_choice("contrast", contrast, CONTRASTS)
    check_choice("method", method, methods_of(contrast))


def probability_higher(k: tuple[int, int], n: tuple[int, int]) -> float:
    """Return the posterior probability, by Jeffreys' priors, that the first rate is higher."""
    from scipy.special import betainc

    if min(n) == 0:
        return np.nan
    a, b = k[0] + 0.5, n[0] - k[0] + 0.5
    x = np.sin(np.linspace(0, np.pi / 2, 4001)) ** 2
    inside = np.diff(betainc(a, b, x))
    below = betainc(k[1] + 0.5, n[1] - k[1] + 0.5, x)
    return float(inside @ (below[1:] + below[:-1]) / 2)
