"""Geometric means of values of which some are only known to be below a limit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from carstats.estimators.reasons import NEVER_QUANTIFIED, ONE_VALUE, Reason


@dataclass(frozen=True)
class GeometricMean:
    """A geometric mean with its limits.

    Attributes
    ----------
    estimate, low, high : float
        The mean and its limits; NaN with a reason.
    sd_log : float
        Standard deviation of the natural logarithms.
    n, n_below : int
        Values, and how many of them are below their limit.
    reason : Reason or None
        Why the mean or its limits are missing.
    """

    estimate: float
    low: float
    high: float
    sd_log: float
    n: int
    n_below: int
    reason: Reason | None = None

    @property
    def cv_percent(self) -> float:
        """Geometric coefficient of variation in per cent."""
        return float(100 * np.sqrt(np.expm1(self.sd_log**2)))


def geometric_mean(
    value: ArrayLike, limit: ArrayLike = np.nan, *, conf_level: float = 0.95
) -> GeometricMean:
    """Estimate a geometric mean; values below their limit count as left-censored.

    Parameters
    ----------
    value : array_like, shape (n,)
        Values above 0; NaN where below the limit.
    limit : array_like, shape (n,) or ()
        The limits; above 0 where the value is NaN.
    conf_level : float
        Confidence level.

    Returns
    -------
    GeometricMean
        Of a lognormal distribution by maximum likelihood. The standard deviation is that of n - 1
        where nothing is below a limit, and of maximum likelihood otherwise.

    Notes
    -----
    The limits are where the profile likelihood has fallen by ``n log(1 + t² / (n - 1))`` of twice
    the logarithm, t the quantile of n - 1 degrees of freedom: with nothing below a limit these are
    the t limits of the mean of the logarithms.

    References
    ----------
    Helsel DR. Statistics for Censored Environmental Data, 2nd ed. Wiley 2012, chapter 6.
    """
    y = np.log(np.asarray(value, float))
    n, below = len(y), np.isnan(y)
    cut = np.log(np.broadcast_to(np.asarray(limit, float), y.shape)[below])
    if n == below.sum():
        return GeometricMean(np.nan, np.nan, np.nan, np.nan, n, n, Reason(NEVER_QUANTIFIED))
    seen = y[~below]
    if n == 1:
        mean = float(np.exp(seen[0]))
        return GeometricMean(mean, np.nan, np.nan, np.nan, 1, 0, Reason(ONE_VALUE))
    from scipy.stats import t as student

    quantile = float(student.ppf(0.5 + conf_level / 2, n - 1))
    if not below.any():
        centre, spread = float(seen.mean()), float(seen.std(ddof=1))
        half = quantile * spread / np.sqrt(n)
        low, high = np.exp([centre - half, centre + half])
        return GeometricMean(float(np.exp(centre)), float(low), float(high), spread, n, 0)
    if len(seen) < 2 or np.ptp(seen) == 0:
        reason = Reason(ONE_VALUE)
        return GeometricMean(np.nan, np.nan, np.nan, np.nan, n, int(below.sum()), reason)
    centre, spread, best = _largest(seen, cut)
    drop = n * np.log1p(quantile**2 / (n - 1))
    low, high = (_where_fallen(seen, cut, centre, spread, best, drop, sign) for sign in (-1, 1))
    return GeometricMean(
        float(np.exp(centre)), float(np.exp(low)), float(np.exp(high)), spread, n,
        int(below.sum()),
    )  # fmt: skip


def _twice_loss(centre: float, log_spread: float, seen, cut) -> float:
    from scipy.special import log_ndtr

    spread = np.exp(log_spread)
    z = (seen - centre) / spread
    return float(
        (z**2).sum() + 2 * len(seen) * log_spread - 2 * log_ndtr((cut - centre) / spread).sum()
    )


def _best_spread(centre: float, seen, cut) -> tuple[float, float]:
    """Return the spread that fits a centre best, and twice the loss there."""
    from scipy.optimize import minimize_scalar

    reach = np.log(max(np.abs(np.append(seen, cut) - centre).max(), 1e-8))
    found = minimize_scalar(
        lambda s: _twice_loss(centre, s, seen, cut),
        bounds=(reach - 8, reach + 5), method="bounded", options={"xatol": 1e-11},
    )  # fmt: skip
    return float(np.exp(found.x)), float(found.fun)


def _largest(seen, cut) -> tuple[float, float, float]:
    """Return centre and spread of maximum likelihood, and twice the loss there."""
    from scipy.optimize import minimize

    start = np.append(seen, cut - 0.5)
    first = np.array([start.mean(), np.log(start.std() or 1.0)])
    found = minimize(
        lambda p: _twice_loss(p[0], p[1], seen, cut), first, method="Nelder-Mead",
        options={"xatol": 1e-10, "fatol": 1e-13, "maxiter": 4000},
    )  # fmt: skip
    return float(found.x[0]), float(np.exp(found.x[1])), float(found.fun)


def _where_fallen(seen, cut, centre, spread, best, drop, sign) -> float:
    """Return the centre on one side whose profile likelihood has fallen by `drop`."""
    from scipy.optimize import brentq

    def beyond(mu: float) -> float:
        return _best_spread(mu, seen, cut)[1] - best - drop

    step = spread
    while beyond(centre + sign * step) < 0:
        step *= 2
        if step > 1e4 * spread:
            return sign * np.inf
    return float(brentq(beyond, centre, centre + sign * step, xtol=1e-9))
