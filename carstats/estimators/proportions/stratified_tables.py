"""Proportions compared within strata: Cochran-Mantel-Haenszel, Breslow-Day, common contrasts."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.errors import check_choice
from carstats.estimators.proportions.score_statistic import (
    CONTRASTS,
    crossings,
    score_parts,
    standardised,
)
from carstats.estimators.quadratic_form import chi_square_tail, pseudo_inverse

STRATIFIED_METHODS = {
    "difference": ("Mantel-Haenszel", "Miettinen-Nurminen", "SCAS"),
    "ratio": ("Mantel-Haenszel", "Miettinen-Nurminen", "SCAS"),
}


@dataclass(frozen=True)
class StratifiedTest:
    """A chi-square test over strata.

    Attributes
    ----------
    statistic : float
        Chi-square; NaN where no stratum informs.
    df : int
        Degrees of freedom.
    p_value : float
        P-value.
    n_strata : int
        Strata that inform: with two groups, with and without events.
    """

    statistic: float
    df: int
    p_value: float
    n_strata: int


@dataclass(frozen=True)
class StratifiedContrast:
    """A difference or a ratio of two proportions that is common to all strata.

    Attributes
    ----------
    estimate : float
        The contrast, strata weighted by Mantel and Haenszel; NaN where no stratum informs.
    std_error : float
        Of the difference, or of the logarithm of the ratio; NaN for the score methods.
    low, high : float
        Limits.
    n_strata : int
        Strata with subjects in both groups.
    """

    estimate: float
    std_error: float
    low: float
    high: float
    n_strata: int


def mantel_haenszel_test(n_event: ArrayLike, n: ArrayLike) -> StratifiedTest:
    """Test whether groups have the same proportion within strata.

    Parameters
    ----------
    n_event, n : array_like of int, shape (K, G)
        Events and subjects of G groups in K strata; a group may be empty.

    Returns
    -------
    StratifiedTest
        Without continuity correction. A stratum without events, with events only, or of one group
        adds nothing.

    References
    ----------
    Mantel N, Haenszel W. J Natl Cancer Inst 1959; 22: 719-748.
    Mantel N. J Am Stat Assoc 1963; 58: 690-700 (several groups).
    """
    k, n = np.atleast_2d(np.asarray(n_event, float)), np.atleast_2d(np.asarray(n, float))
    total, events = n.sum(axis=1), k.sum(axis=1)
    informs = (events > 0) & (events < total) & ((n > 0).sum(axis=1) > 1)
    k, n, total, events = k[informs], n[informs], total[informs], events[informs]
    share = n / total[:, None]
    excess = (k - events[:, None] * share).sum(axis=0)
    factor = events * (total - events) / (total - 1)
    variance = np.diag(factor @ share) - (share * factor[:, None]).T @ share
    inverse, df = pseudo_inverse(variance)
    if not informs.any() or df == 0:
        return StratifiedTest(np.nan, 0, np.nan, int(informs.sum()))
    statistic = float(excess @ inverse @ excess)
    return StratifiedTest(statistic, df, chi_square_tail(statistic, df), int(informs.sum()))


def breslow_day_test(n_event: ArrayLike, n: ArrayLike) -> StratifiedTest:
    """Test whether the odds ratio of two groups is the same in all strata.

    Parameters
    ----------
    n_event, n : array_like of int, shape (K, 2)
        Events and subjects of the two groups in K strata.

    Returns
    -------
    StratifiedTest
        With Tarone's correction, on the informative strata less one degrees of freedom.

    References
    ----------
    Breslow NE, Day NE. Statistical Methods in Cancer Research, vol. 1. IARC 1980; 142-146.
    Tarone RE. Biometrika 1985; 72: 91-95.
    """
    k, n = np.atleast_2d(np.asarray(n_event, float)), np.atleast_2d(np.asarray(n, float))
    total, events = n.sum(axis=1), k.sum(axis=1)
    informs = (events > 0) & (events < total) & (n > 0).all(axis=1)
    k, n, total, events = k[informs], n[informs], total[informs], events[informs]
    count = int(informs.sum())
    cross = [k[:, 0] * (n[:, 1] - k[:, 1]) / total, k[:, 1] * (n[:, 0] - k[:, 0]) / total]
    if count < 2 or cross[0].sum() == 0 or cross[1].sum() == 0:
        return StratifiedTest(np.nan, max(count - 1, 0), np.nan, count)
    odds = cross[0].sum() / cross[1].sum()
    # The first group's events that have this odds ratio with the margins of the stratum.
    a, c = 1 - odds, -odds * events * n[:, 0]
    b = n[:, 1] - events + odds * (n[:, 0] + events)
    root = np.sqrt(b * b - 4 * a * c)
    fitted = -2 * c / (b + root)
    cells = np.stack([fitted, events - fitted, n[:, 0] - fitted, n[:, 1] - events + fitted])
    variance = 1 / (1 / cells).sum(axis=0)
    excess = k[:, 0] - fitted
    statistic = float((excess**2 / variance).sum() - excess.sum() ** 2 / variance.sum())
    return StratifiedTest(statistic, count - 1, chi_square_tail(statistic, count - 1), count)


def stratified_contrast(
    n_event: ArrayLike,
    n: ArrayLike,
    *,
    contrast: str = "difference",
    method: str = "Mantel-Haenszel",
    conf_level: float = 0.95,
) -> StratifiedContrast:
    """Estimate the difference or the ratio of two proportions, adjusted for strata.

    Parameters
    ----------
    n_event, n : array_like of int, shape (K, 2)
        Events and subjects of the two groups in K strata. A stratum without subjects in one group
        says nothing about the contrast and is left out.
    contrast : {"difference", "ratio"}
        What to estimate.
    method : {"Mantel-Haenszel", "Miettinen-Nurminen", "SCAS"}
        "Mantel-Haenszel" has Sato's variance for the difference, Greenland and Robins' for the
        ratio, both right for many small strata. The other two sum the score over the strata with
        Mantel and Haenszel's weights n1 n2 / N.
    conf_level : float
        Confidence level.

    Returns
    -------
    StratifiedContrast
        The common contrast.

    Raises
    ------
    CarstatsError
        If the contrast or the method is unknown.

    References
    ----------
    Mantel N, Haenszel W. J Natl Cancer Inst 1959; 22: 719-748.
    Sato T. Biometrics 1989; 45: 1323-1324 (letter). Greenland S, Robins JM. Biometrics 1985; 41:
    55-68. Miettinen O, Nurminen M. Stat Med 1985; 4: 213-226.
    """
    contrast = check_choice("contrast", contrast, CONTRASTS)
    method = check_choice("method", method, STRATIFIED_METHODS[contrast])
    k, n = np.atleast_2d(np.asarray(n_event, float)), np.atleast_2d(np.asarray(n, float))
    both = (n > 0).all(axis=1)
    k, n = k[both], n[both]
    if not both.any():
        return StratifiedContrast(np.nan, np.nan, np.nan, np.nan, 0)
    z = NormalDist().inv_cdf(0.5 + conf_level / 2)
    weight = n.prod(axis=1) / n.sum(axis=1)
    rates = k / n
    with np.errstate(divide="ignore", invalid="ignore"):
        if contrast == "difference":
            estimate = weight @ (rates[:, 0] - rates[:, 1]) / weight.sum()
        else:
            estimate = np.divide(weight @ rates[:, 0], weight @ rates[:, 1])
    strata = int(both.sum())
    if method == "Mantel-Haenszel":
        low, high, error = _mantel_haenszel(k, n, weight, contrast, float(estimate), z)
        return StratifiedContrast(float(estimate), error, low, high, strata)
    low, high = _score(k, n, weight / weight.sum(), contrast, method == "SCAS", z)
    return StratifiedContrast(float(estimate), np.nan, low, high, strata)


def stratified_score_test(
    n_event: ArrayLike, n: ArrayLike, *, contrast: str = "difference", skewness: bool = False
) -> StratifiedTest:
    """Test that a common difference is 0, or a common ratio 1, by the score over the strata.

    Parameters
    ----------
    n_event, n : array_like of int, shape (K, 2)
        As for `stratified_contrast`.
    contrast : {"difference", "ratio"}
        Whose limits the test goes with.
    skewness : bool
        Whether to correct for the skewness of the binomials ("SCAS").

    Returns
    -------
    StratifiedTest
        Its p-value is below 1 - conf_level exactly when the limits of `stratified_contrast` by the
        same method leave out no difference.

    References
    ----------
    Miettinen O, Nurminen M. Stat Med 1985; 4: 213-226.
    """
    k, n = np.atleast_2d(np.asarray(n_event, float)), np.atleast_2d(np.asarray(n, float))
    both = (n > 0).all(axis=1)
    k, n = k[both], n[both]
    if not both.any() or not 0 < k.sum() < n.sum():
        return StratifiedTest(np.nan, 0, np.nan, int(both.sum()))
    weight = n.prod(axis=1) / n.sum(axis=1)
    statistic = _score_sum(k, n, weight / weight.sum(), contrast, skewness)
    z = float(statistic(np.float64(0.0 if contrast == "difference" else 1.0)))
    return StratifiedTest(z * z, 1, chi_square_tail(z * z, 1), int(both.sum()))


def _mantel_haenszel(k, n, weight, contrast: str, estimate: float, z: float):
    total = n.sum(axis=1)
    (k1, k2), (n1, n2) = k.T, n.T
    if contrast == "difference":
        # Sato: right for few large strata and for many small ones.
        p = (n1**2 * k2 - n2**2 * k1 + n1 * n2 * (n2 - n1) / 2) / total**2
        q = (k1 * (n2 - k2) + k2 * (n1 - k1)) / (2 * total)
        error = float(np.sqrt(max(estimate * p.sum() + q.sum(), 0.0)) / weight.sum())
        if error == 0:
            return np.nan, np.nan, error
        return max(estimate - z * error, -1.0), min(estimate + z * error, 1.0), error
    above, below = (k1 * n2 / total).sum(), (k2 * n1 / total).sum()
    if above == 0 or below == 0:
        # The logarithm of nought or infinity has no error.
        return np.nan, np.nan, np.nan
    spread = ((n1 * n2 * (k1 + k2) - k1 * k2 * total) / total**2).sum()
    error = float(np.sqrt(spread / (above * below)))
    return estimate * np.exp(-z * error), estimate * np.exp(z * error), error


def _score_sum(k, n, weight, contrast: str, skewness: bool):
    """Return the score statistic over strata as a function of the value supposed."""

    def statistic(value: NDArray[np.float64]):
        parts = score_parts(k.T, n.T, value[..., None], contrast)
        sums = [(part * weight**power).sum(axis=-1) for power, part in enumerate(parts, start=1)]
        return standardised(*sums, skewness=skewness)

    return statistic


def _score(k, n, weight, contrast: str, skewness: bool, z: float):
    low, high = crossings(_score_sum(k, n, weight, contrast, skewness), z, (), contrast)
    return float(low), float(high)
