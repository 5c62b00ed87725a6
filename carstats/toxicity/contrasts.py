"""Two proportions compared: the difference or ratio, its limits, and the test they go with."""

from __future__ import annotations

import numpy as np

from carstats.errors import check_choice
from carstats.estimators.proportion_test import AUTO, methods_of
from carstats.estimators.score_statistic import CONTRASTS
from carstats.messages import message
from carstats.toxicity.episodes import level_text, limits_words


def check_contrast(contrast: str, method: str) -> None:
    """Raise unless the contrast and the method for it exist."""
    check_choice("contrast", contrast, CONTRASTS)
    check_choice("method", method, methods_of(contrast))


def compared_words(method: str, used: set[str], conf_level: float) -> str:
    """Return what the limits of compared rates are, by the methods that the rows used."""
    if method != AUTO:
        return limits_words(method, conf_level)
    if len(used) == 1:
        return limits_words(next(iter(used)), conf_level)
    return message(
        "Agresti–Min {level} % limits up to the size of 50 against 50, Miettinen–Nurminen's beyond",
        level=level_text(conf_level),
    )


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
