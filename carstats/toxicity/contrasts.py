"""Two proportions compared: the difference or ratio, its limits, and the test they go with."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from carstats.errors import check_choice
from carstats.estimators.melding import melded_p_value
from carstats.estimators.proportion_difference import METHODS_OF, proportion_contrast
from carstats.estimators.score_statistic import score_statistic
from carstats.estimators.unconditional import unconditional_p_value

CONTRASTS = ("difference", "ratio")
# Score methods: whether the variance has the factor N / (N - 1), and the skewness correction.
_SCORE = {
    "Miettinen-Nurminen": (True, False),
    "Mee": (False, False),
    "Koopman": (False, False),
    "SCAS": (True, True),
}


@dataclass(frozen=True)
class Compared:
    """One contrast with its limits, and the statistic and p-value of the test they invert."""

    estimate: float
    low: float
    high: float
    statistic: float
    p_value: float


def check_contrast(contrast: str, method: str) -> None:
    """Raise unless the contrast and the method for it exist."""
    check_choice("contrast", contrast, CONTRASTS)
    check_choice("method", method, METHODS_OF[contrast])


def compare(
    k: tuple[int, int], n: tuple[int, int], contrast: str, method: str, conf_level: float
) -> Compared:
    """Compare the first proportion with the second.

    Parameters
    ----------
    k, n : (int, int)
        Events and subjects of both groups.
    contrast : {"difference", "ratio"}
        What to estimate.
    method : str
        One of `METHODS_OF` of the contrast.
    conf_level : float
        Confidence level.

    Returns
    -------
    Compared
        NaN where a group has no subjects; the p-value is NaN for Newcombe's limits, which invert no
        test.
    """
    if min(n) == 0:
        return Compared(*[np.nan] * 5)
    found = proportion_contrast(k, n, contrast=contrast, method=method, conf_level=conf_level)
    statistic = p_value = np.nan
    if method in _SCORE:
        corrected, skewness = _SCORE[method]
        value = 0.0 if contrast == "difference" else 1.0
        statistic = float(
            score_statistic(k, n, value, contrast, corrected=corrected, skewness=skewness)
        )
        p_value = 2 * NormalDist().cdf(-abs(statistic)) if np.isfinite(statistic) else 0.0
    elif method == "melded":
        p_value = float(melded_p_value(*k, *n))
    elif method in ("Chan-Zhang", "Agresti-Min"):
        tails = "central" if method == "Chan-Zhang" else "two-sided"
        p_value = unconditional_p_value(*k, *n, contrast=contrast, tails=tails)
    limits = (float(v) for v in (found.estimate, found.low, found.high))
    return Compared(*limits, statistic, p_value)


def bounded_comparison(
    k: tuple[int, int],
    unknown: tuple[int, int],
    n: tuple[int, int],
    contrast: str,
    method: str,
    conf_level: float,
) -> Compared:
    """Compare two proportions of which some subjects may be events too.

    Parameters
    ----------
    k, unknown, n : (int, int)
        Proven events, subjects who may be events, and subjects of both groups.
    contrast, method : str
        As for `compare`.
    conf_level : float
        Confidence level.

    Returns
    -------
    Compared
        The estimate of the proven; limits from the lower one where all unknown of the second group
        are events and none of the first, to the upper one of the reverse. The p-value is the
        larger of those two, and 1 where they lie on either side of no difference.
    """
    found = compare(k, n, contrast, method, conf_level)
    if not any(unknown) or min(n) == 0:
        return found
    least = compare((k[0], k[1] + unknown[1]), n, contrast, method, conf_level)
    most = compare((k[0] + unknown[0], k[1]), n, contrast, method, conf_level)
    none = 0.0 if contrast == "difference" else 1.0
    across = not (least.estimate > none or most.estimate < none)
    p_value = 1.0 if across else float(np.fmax(least.p_value, most.p_value))
    if np.isnan(found.p_value):
        p_value = np.nan
    return Compared(found.estimate, least.low, most.high, np.nan, p_value)


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
