"""Rates of events that recur within subjects, their ratio and their test, by effective counts."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.estimators.rates.rate import RateRatio, rate_ratio, rate_test
from carstats.estimators.reasons import (
    FEW_SUBJECTS_WITH_EVENT,
    ONE_SUBJECT_POISSON,
    POISSON_LIMITS,
    Reason,
)

# With fewer subjects who have an event nothing shows how many others have many.
FEW_WITH_EVENT = 5


@dataclass(frozen=True)
class RecurrentRate:
    """Events per unit of person-time, of subjects who may have several.

    Attributes
    ----------
    estimate : float
        Events by exposure; NaN without exposure.
    low, high : float
        Limits.
    dispersion : float
        What events and exposure were divided by for the limits, 1 at least: the variance of the
        rate by that of a Poisson rate, times (t / z)².
    n_event, exposure : float
        Events and person-time of all subjects.
    reasons : tuple of Reason
        What the reader has to know: that limits are Poisson's (no event; one subject), or rest on
        few subjects with an event.
    """

    estimate: float
    low: float
    high: float
    dispersion: float
    n_event: float
    exposure: float
    reasons: tuple[Reason, ...]


def recurrent_rate(
    counts: ArrayLike, exposure: ArrayLike, *, conf_level: float = 0.95
) -> RecurrentRate:
    """Estimate the rate of an event that may recur, with limits on the effective number of events.

    Garwood's limits, with events and person-time divided by how much more the rate varies between
    subjects than a Poisson rate would, and by Korn and Graubard's factor for how little of that is
    known. They need no model. Where no subject varies more than Poisson they are Garwood's.

    Parameters
    ----------
    counts : array_like of int, shape (n,)
        Events of each subject.
    exposure : array_like, shape (n,)
        Person-time of each subject; those without are left out.
    conf_level : float
        Confidence level.

    Returns
    -------
    RecurrentRate
        The rate; NaN without exposure.

    References
    ----------
    Garwood F. Biometrika 1936; 28: 437-442.
    Korn EL, Graubard BI. Survey Methodology 1998; 24: 193-201 (the factor, for proportions).
    """
    y, t = np.asarray(counts, float), np.asarray(exposure, float)
    y, t = y[t > 0], t[t > 0]
    events, time = float(y.sum()), float(t.sum())
    if not y.size:
        return RecurrentRate(np.nan, np.nan, np.nan, np.nan, events, time, ())
    factor = _dispersion(y, t, conf_level)
    low, high = _limits(events / factor, time / factor, conf_level)
    return RecurrentRate(events / time, low, high, factor, events, time, _reasons(y))


def _dispersion(y: NDArray[np.float64], t: NDArray[np.float64], conf_level: float) -> float:
    from scipy.special import stdtrit

    n, events, time = y.size, y.sum(), t.sum()
    if n < 2 or not events:
        return 1.0
    rate = events / time
    variance = n / (n - 1) * ((y - rate * t) ** 2).sum() / time**2
    middle = 0.5 + conf_level / 2
    stretch = float(stdtrit(n - 1, middle)) / NormalDist().inv_cdf(middle)
    return max(1.0, float(variance / (events / time**2)) * stretch**2)


def _limits(events: float, time: float, conf_level: float) -> tuple[float, float]:
    from scipy.special import gammaincinv

    tail = (1 - conf_level) / 2
    low = float(gammaincinv(events, tail)) if events > 0 else 0.0
    return low / time, float(gammaincinv(events + 1, 1 - tail)) / time


def _reasons(y: NDArray[np.float64]) -> tuple[Reason, ...]:
    if not y.sum():
        return (Reason(POISSON_LIMITS),)
    found = [Reason(ONE_SUBJECT_POISSON)] if y.size == 1 else []
    some = int((y > 0).sum())
    if some < FEW_WITH_EVENT:
        found.append(Reason(FEW_SUBJECTS_WITH_EVENT, {"n": some}))
    return tuple(found)


def recurrent_rate_ratio(
    counts: tuple[ArrayLike, ArrayLike],
    exposure: tuple[ArrayLike, ArrayLike],
    *,
    conf_level: float = 0.95,
) -> RateRatio:
    """Compare two rates of an event that may recur, by their ratio.

    The gamma distributions behind the limits of the two rates are melded, which has a closed form:
    the conditional binomial limits of `rate_ratio` on the effective counts.

    Parameters
    ----------
    counts, exposure : pairs of array_like
        Of the subjects of the first and of the second group, as for `recurrent_rate`.
    conf_level : float
        Confidence level; it also enters the p-value, by the factor for few subjects.

    Returns
    -------
    RateRatio
        First rate by second. The p-value is below 1 - `conf_level` exactly when the limits leave
        out 1; the minimum-likelihood one is NaN.

    References
    ----------
    Fay MP, Proschan MA, Brittain E. Biometrics 2015; 71: 146-156 (melding).
    """
    events, times = [], []
    for one, time in zip(counts, exposure, strict=True):
        found = recurrent_rate(one, time, conf_level=conf_level)
        factor = found.dispersion if np.isfinite(found.dispersion) else 1.0
        events.append(found.n_event / factor)
        times.append(found.exposure / factor)
    return rate_ratio(tuple(events), tuple(times), conf_level=conf_level, minlike=False)


def recurrent_rate_test(
    counts: ArrayLike, exposure: ArrayLike, benchmark: float, *, conf_level: float = 0.95
) -> float:
    """Test whether the rate of an event that may recur has a value.

    Parameters
    ----------
    counts, exposure : array_like
        As for `recurrent_rate`.
    benchmark : float
        The rate tested, positive.
    conf_level : float
        Level of the limits that go with the test.

    Returns
    -------
    float
        Twice the smaller tail: below 1 - `conf_level` exactly when the limits of `recurrent_rate`
        leave out the benchmark.
    """
    found = recurrent_rate(counts, exposure, conf_level=conf_level)
    factor = found.dispersion
    return float(rate_test(found.n_event / factor, found.exposure / factor, benchmark))
