"""Events per person-time, and the ratio of two such rates, with exact limits."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.errors import check_choice

RATE_METHODS = ("exact", "Byar")


@dataclass(frozen=True)
class EventRate:
    """Events per unit of person-time.

    Attributes
    ----------
    estimate : ndarray, shape (...)
        Events by exposure; NaN without exposure.
    low, high : ndarray, shape (...)
        Limits.
    """

    estimate: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


@dataclass(frozen=True)
class RateRatio:
    """The ratio of two rates.

    Attributes
    ----------
    estimate : ndarray, shape (...)
        First rate by second; infinite when only the second is 0, NaN when both are.
    low, high : ndarray, shape (...)
        Exact conditional limits.
    p_value : ndarray, shape (...)
        Twice the smaller tail: below 1 - `conf_level` exactly when the limits leave out 1.
    p_value_minlike : ndarray, shape (...)
        Probability of every outcome at most as likely as the one observed, as R's
        ``poisson.test``; no interval goes with it.
    """

    estimate: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    p_value: NDArray[np.float64]
    p_value_minlike: NDArray[np.float64]


def event_rate(
    n_event: ArrayLike, exposure: ArrayLike, *, method: str = "exact", conf_level: float = 0.95
) -> EventRate:
    """Estimate events per unit of person-time.

    Parameters
    ----------
    n_event : array_like of int, shape (...)
        Events.
    exposure : array_like, shape (...)
        Person-time at risk; broadcast against `n_event`.
    method : {"exact", "Byar"}
        "exact" inverts the Poisson test (Garwood); zero events have the limits 0 and, at 95 %,
        3.69 by exposure. "Byar" is Byar's closed approximation with half an event added, which is
        near the mid-P limits (as epitools' ``pois.byar``): shorter, and not conservative.
    conf_level : float
        Confidence level.

    Returns
    -------
    EventRate
        The rate; NaN without exposure.

    Raises
    ------
    CarstatsError
        If the method is unknown.

    References
    ----------
    Garwood F. Biometrika 1936; 28: 437-442.
    Rothman KJ, Boice JD. Epidemiologic Analysis with a Programmable Calculator. NIH 1979 (Byar).
    """
    from scipy.special import gammaincinv

    method = check_choice("method", method, RATE_METHODS)
    k, t = np.broadcast_arrays(np.asarray(n_event, float), np.asarray(exposure, float))
    tail = (1 - conf_level) / 2
    some = np.maximum(k, 1)
    if method == "exact":
        low, high = gammaincinv(some, tail), gammaincinv(k + 1, 1 - tail)
    else:
        z = NormalDist().inv_cdf(1 - tail)
        half = k + 0.5
        middle, spread = 1 - 1 / (9 * half), z / (3 * np.sqrt(half))
        # The cube of a negative number would be a negative rate.
        low, high = half * np.maximum(middle - spread, 0.0) ** 3, half * (middle + spread) ** 3
    low = np.where(k > 0, low, 0.0)
    per = np.where(t > 0, t, np.nan)
    return EventRate(k / per, low / per, high / per)


def rate_ratio(
    n_event: tuple[ArrayLike, ArrayLike],
    exposure: tuple[ArrayLike, ArrayLike],
    *,
    conf_level: float = 0.95,
    minlike: bool = True,
) -> RateRatio:
    """Compare two rates by their ratio, exactly.

    Given the sum of the events, those of the first group are binomial.

    Parameters
    ----------
    n_event : (array_like of int, array_like of int), each of shape (...)
        Events of the first and of the second group.
    exposure : (array_like, array_like), each of shape (...)
        Their person-time at risk.
    conf_level : float
        Confidence level.
    minlike : bool
        Whether to compute the minimum-likelihood p-value, which takes whole counts.

    Returns
    -------
    RateRatio
        Without any event the limits are 0 and infinity and p is 1; without exposure NaN.

    References
    ----------
    Przyborowski J, Wilenski H. Biometrika 1940; 31: 313-323.
    Lehmann EL, Romano JP. Testing Statistical Hypotheses, 3rd ed. Springer 2005; section 4.5.
    """
    from scipy.special import betainc, betaincinv

    k1, k2, t1, t2 = np.broadcast_arrays(*(np.asarray(v, float) for v in (*n_event, *exposure)))
    observed = (t1 > 0) & (t2 > 0)
    t1, t2 = np.where(observed, t1, 1.0), np.where(observed, t2, 1.0)
    tail, share = (1 - conf_level) / 2, t1 / (t1 + t2)
    # Limits of the binomial probability, then of its odds by the odds of the exposure.
    some1, some2 = np.where(k1 > 0, k1, 1.0), np.where(k2 > 0, k2, 1.0)
    low = np.where(k1 > 0, betaincinv(some1, k2 + 1, tail), 0.0)
    high = np.where(k2 > 0, betaincinv(k1 + 1, some2, 1 - tail), 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = (k1 / t1) / (k2 / t2)
        limits = [p / (1 - p) * t2 / t1 for p in (low, high)]
    at_least = np.where(k1 > 0, betainc(some1, k2 + 1, share), 1.0)
    at_most = np.where(k2 > 0, betainc(some2, k1 + 1, 1 - share), 1.0)
    p_value = np.minimum(2 * np.minimum(at_least, at_most), 1.0)
    likely = np.full(k1.shape, np.nan)
    if minlike:
        likely = np.vectorize(_minlike, otypes=[float])(k1, k2, share)
    values = (estimate, *limits, p_value, likely)
    return RateRatio(*(np.where(observed, value, np.nan) for value in values))


def rate_test(n_event: ArrayLike, exposure: ArrayLike, benchmark: ArrayLike) -> NDArray[np.float64]:
    """Test exactly whether a rate has a value.

    Parameters
    ----------
    n_event, exposure : array_like, shape (...)
        Events and person-time.
    benchmark : array_like, shape (...)
        The rate tested, positive.

    Returns
    -------
    ndarray, shape (...)
        Twice the smaller Poisson tail, at most 1: below alpha exactly when Garwood's limits at
        1 - alpha leave out the benchmark. NaN without exposure.

    References
    ----------
    Garwood F. Biometrika 1936; 28: 437-442.
    """
    from scipy.special import gammainc, gammaincc

    k, t, rate = np.broadcast_arrays(
        *(np.asarray(v, float) for v in (n_event, exposure, benchmark))
    )
    mean = np.where(t > 0, t, 1.0) * rate
    at_least = np.where(k > 0, gammainc(np.where(k > 0, k, 1.0), mean), 1.0)
    p_value = np.minimum(2 * np.minimum(at_least, gammaincc(k + 1, mean)), 1.0)
    return np.where(t > 0, p_value, np.nan)


def _minlike(k: float, rest: float, share: float) -> float:
    from scipy.special import gammaln, xlog1py, xlogy

    n = k + rest
    i = np.arange(n + 1)
    log_p = gammaln(n + 1) - gammaln(i + 1) - gammaln(n - i + 1)
    log_p = log_p + xlogy(i, share) + xlog1py(n - i, -share)
    # As likely, give or take rounding, is as extreme; R's margin.
    return min(float(np.exp(log_p[log_p <= log_p[int(k)] + 1e-7]).sum()), 1.0)
