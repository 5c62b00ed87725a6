"""Confidence limits for the difference and the ratio of two proportions."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.errors import check_choice
from carstats.estimators.curves.melding import melded_limits
from carstats.estimators.proportions.proportion import proportion_limits
from carstats.estimators.proportions.score_statistic import CONTRASTS, crossings, score_statistic
from carstats.estimators.proportions.unconditional import unconditional_limits

DIFFERENCE_METHODS = (
    "Miettinen-Nurminen", "Mee", "Newcombe", "SCAS", "Chan-Zhang", "Agresti-Min", "melded",
)  # fmt: skip
RATIO_METHODS = ("Miettinen-Nurminen", "Koopman", "SCAS", "Chan-Zhang", "Agresti-Min", "melded")
METHODS_OF = {"difference": DIFFERENCE_METHODS, "ratio": RATIO_METHODS}

SCORE_METHODS = {
    "Miettinen-Nurminen": (True, False),
    "Mee": (False, False),
    "Koopman": (False, False),
    "SCAS": (True, True),
}
"""Score methods: whether the variance has the factor N / (N - 1), and the skewness correction."""


@dataclass(frozen=True)
class ProportionContrast:
    """A difference or a ratio of two proportions.

    Attributes
    ----------
    estimate : ndarray, shape (...)
        First less second proportion, or first by second: infinite if only the second is 0, NaN if
        both are.
    low, high : ndarray, shape (...)
        Limits; NaN where a group has no subjects.
    """

    estimate: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def proportion_contrast(
    n_event: tuple[ArrayLike, ArrayLike],
    n: tuple[ArrayLike, ArrayLike],
    *,
    contrast: str = "difference",
    method: str = "Miettinen-Nurminen",
    conf_level: float = 0.95,
) -> ProportionContrast:
    """Compare two independent proportions by their difference or their ratio.

    Parameters
    ----------
    n_event : (array_like of int, array_like of int), each of shape (...)
        Events of the first and of the second group.
    n : (array_like of int, array_like of int), each of shape (...)
        Their subjects.
    contrast : {"difference", "ratio"}
        What to estimate.
    method : str
        One of `METHODS_OF` of the contrast. "Miettinen-Nurminen" inverts the score test with the
        factor N / (N - 1); "Mee" (difference) and "Koopman" (ratio) without it; "SCAS" corrects it
        for skewness besides. "Newcombe" puts two Wilson intervals together. "Chan-Zhang" inverts
        two one-sided exact unconditional tests ordered by the score statistic, "Agresti-Min" the
        two-sided one: these hold the level whatever the proportions are. "melded" inverts Fisher's
        doubled one-sided test.
    conf_level : float
        Confidence level.

    Returns
    -------
    ProportionContrast
        Estimate and limits.

    Raises
    ------
    CarstatsError
        If the contrast or the method is unknown.

    References
    ----------
    Miettinen O, Nurminen M. Stat Med 1985; 4: 213-226.
    Mee RW. Biometrics 1984; 40: 1175-1176. Koopman PAR. Biometrics 1984; 40: 513-517.
    Newcombe RG. Stat Med 1998; 17: 873-890 (method 10).
    Laud PJ. Pharm Stat 2017; 16: 334-348 (SCAS).
    Chan ISF, Zhang Z. Biometrics 1999; 55: 1202-1209.
    Agresti A, Min Y. Biometrics 2001; 57: 963-971.
    Fay MP, Proschan MA, Brittain E. Biometrics 2015; 71: 146-156 (melded).
    """
    contrast = check_choice("contrast", contrast, CONTRASTS)
    method = check_choice("method", method, METHODS_OF[contrast])
    k1, k2, n1, n2 = np.broadcast_arrays(*(np.asarray(v, float) for v in (*n_event, *n)))
    known = (n1 > 0) & (n2 > 0)
    m1, m2 = np.where(known, n1, 1.0), np.where(known, n2, 1.0)
    k1, k2 = np.where(known, k1, 0.0), np.where(known, k2, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        p1, p2 = k1 / m1, k2 / m2
        estimate = p1 - p2 if contrast == "difference" else p1 / p2
    if method in SCORE_METHODS:
        low, high = _score_limits((k1, k2), (m1, m2), contrast, *SCORE_METHODS[method], conf_level)
    elif method == "Newcombe":
        low, high = _newcombe((k1, k2), (m1, m2), conf_level)
    else:
        low, high = _one_by_one(k1, k2, m1, m2, contrast, method, conf_level)
    return ProportionContrast(*(np.where(known, v, np.nan) for v in (estimate, low, high)))


def _score_limits(n_event, n, contrast, corrected, skewness, conf_level):
    z = NormalDist().inv_cdf(0.5 + conf_level / 2)

    def statistic(value):
        return score_statistic(n_event, n, value, contrast, corrected=corrected, skewness=skewness)

    return crossings(statistic, z, n_event[0].shape, contrast)


def _newcombe(n_event, n, conf_level):
    (low_1, high_1), (low_2, high_2) = (
        proportion_limits(k, m, method="Wilson", conf_level=conf_level)
        for k, m in zip(n_event, n, strict=True)
    )
    p1, p2 = n_event[0] / n[0], n_event[1] / n[1]
    below = np.hypot(p1 - low_1, high_2 - p2)
    above = np.hypot(high_1 - p1, p2 - low_2)
    return p1 - p2 - below, p1 - p2 + above


def _one_by_one(k1, k2, n1, n2, contrast, method, conf_level):
    if method == "melded":

        def limits(*counts):
            return melded_limits(*counts, contrast=contrast, conf_level=conf_level)

    else:
        sided = "two-sided" if method == "Agresti-Min" else "central"

        def limits(*counts):
            return unconditional_limits(
                *map(int, counts), contrast=contrast, tails=sided, conf_level=conf_level
            )

    found = [limits(*counts) for counts in zip(*(v.ravel() for v in (k1, k2, n1, n2)), strict=True)]
    low, high = np.array(found, float).reshape(-1, 2).T
    return low.reshape(k1.shape), high.reshape(k1.shape)
