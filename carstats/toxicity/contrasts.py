"""Two proportions compared: the difference or ratio, its limits, and the test they go with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from carstats.errors import check_choice
from carstats.estimators.proportions.proportion_test import (
    ProportionTest,
    methods_of,
    proportion_test,
)
from carstats.estimators.proportions.score_statistic import CONTRASTS


def check_contrast(contrast: str, method: str) -> tuple[str, str]:
    """Return the contrast and the method for it that are meant."""
    contrast = check_choice("contrast", contrast, CONTRASTS)
    return contrast, check_choice("method", method, methods_of(contrast))


def bounded_comparison(
    k: tuple[int, int],
    unknown: tuple[int, int],
    n: tuple[int, int],
    contrast: str,
    method: str,
    conf_level: float,
) -> ProportionTest:
    """Compare two proportions of which some subjects may be events too."""
    asked: dict[str, Any] = {"contrast": contrast, "method": method, "conf_level": conf_level}
    found = proportion_test(k, n, **asked)
    if not any(unknown) or min(n) == 0:
        return found
    least = proportion_test((k[0], k[1] + unknown[1]), n, **asked)
    most = proportion_test((k[0] + unknown[0], k[1]), n, **asked)
    none = 0.0 if contrast == "difference" else 1.0
    across = not (least.estimate > none or most.estimate < none)
    p_value = 1.0 if across else float(np.fmax(least.p_value, most.p_value))
    if np.isnan(found.p_value):
        p_value = np.nan
    return replace(found, low=least.low, high=most.high, z=np.nan, p_value=p_value)


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
