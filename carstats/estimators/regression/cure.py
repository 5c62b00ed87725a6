"""Long-term event-free subjects: whether follow-up suffices, and the mixture cure model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from carstats.estimators.curves.turnbull import checked_intervals
from carstats.estimators.reasons import (
    FOLLOWUP_NOT_SHOWN,
    NO_MAXIMUM,
    NO_SUBJECTS,
    SHORT_PLATEAU,
    TOO_FEW_EVENTS,
    Reason,
)
from carstats.estimators.regression.parametric import log_survival, maximised, without_maximum

MIN_EVENTS = 10
_LEVEL = 0.05
# Where the profile of the cured part is looked at before it is refined.
_GRID = np.append(np.linspace(0, 0.96, 49), [0.98, 0.99])


@dataclass(frozen=True)
class FollowupTest:
    """Maller and Zhou's test of sufficient follow-up.

    Attributes
    ----------
    n, n_event : int
        Subjects and events.
    longest, longest_event : float
        Longest time of all and of the events; NaN without any.
    n_late : int
        Events in the last stretch before `longest_event` that is as long as the plateau after it.
    q_n : float
        `n_late` / n.
    alpha_n : float
        (1 - q_n)^n: small when many events are late, so that if events still occurred after
        `longest` some would have been seen. Below 0.05 follow-up is taken to suffice.
    refusal : str
        Why no cured part should be estimated, in words; empty when it may be.
    """

    n: int
    n_event: int
    longest: float
    longest_event: float
    n_late: int
    q_n: float
    alpha_n: float
    refusal: Reason | None


@dataclass(frozen=True)
class CureFit:
    """A mixture cure model: a part never has the event, the others' times are Weibull.

    Attributes
    ----------
    estimate : float
        Part of the subjects who never have the event; NaN with a `reason`.
    low, high : float
        Profile-likelihood limits.
    log_odds : float
        Logarithm of the odds of being susceptible, the intercept of the logistic part.
    location, scale : float
        The susceptibles' log times are location + scale * error (smallest extreme value).
    log_likelihood, log_likelihood_none : float
        At the estimate, and with nobody cured.
    n, n_event : int
        Subjects and those not right-censored.
    reason : Reason or None
        Why there is no estimate; else None.
    """

    estimate: float
    low: float
    high: float
    log_odds: float
    location: float
    scale: float
    log_likelihood: float
    log_likelihood_none: float
    n: int
    n_event: int
    reason: Reason | None = None


def sufficient_followup(time: ArrayLike, status: ArrayLike) -> FollowupTest:
    """Test whether follow-up is long enough to speak of subjects who never have the event.

    Parameters
    ----------
    time : array_like, shape (n,)
        Time of the event or of censoring.
    status : array_like of int, shape (n,)
        1 for an event, 0 for censored.

    Returns
    -------
    FollowupTest
        The test, and in `refusal` the rule of this package: at least 10 events, a plateau after the
        last event at least as long as the time to it, and `alpha_n` below 0.05.

    References
    ----------
    Maller RA, Zhou S. J Am Stat Assoc 1994; 89: 1499-1506.
    Maller RA, Zhou X. Survival Analysis with Long-Term Survivors, 1996, section 4.3.
    """
    time, status = np.asarray(time, float), np.asarray(status, int)
    events = time[status > 0]
    longest = float(time.max()) if time.size else np.nan
    last = float(events.max()) if events.size else np.nan
    slack = 1e-9 * np.ptp(time) if time.size else 0.0
    late = int((events > 2 * last - longest + slack).sum()) if events.size else 0
    q = late / time.size if time.size else np.nan
    alpha = (1 - q) ** time.size if events.size else np.nan
    refusal = None
    if not time.size:
        refusal = Reason(NO_SUBJECTS)
    elif events.size < MIN_EVENTS:
        refusal = Reason(TOO_FEW_EVENTS, {"n": int(events.size), "needed": MIN_EVENTS})
    elif longest - last < last:
        refusal = Reason(SHORT_PLATEAU, {"last": last, "end": longest, "plateau": longest - last})
    elif alpha >= _LEVEL:
        refusal = Reason(FOLLOWUP_NOT_SHOWN, {"alpha": float(alpha)})
    return FollowupTest(
        time.size, events.size, longest, last, late, float(q), float(alpha), refusal
    )


def mixture_cure(low: ArrayLike, high: ArrayLike, *, conf_level: float = 0.95) -> CureFit:
    """Estimate the part of subjects who never have the event, with the others' times Weibull.

    The estimate rests on the shape of the model where nobody is followed: ask
    `sufficient_followup` first.

    Parameters
    ----------
    low, high : array_like, shape (n,)
        The event lies in (low, high]. Equal ends are an exactly known time, an infinite `high` is
        right-censored.
    conf_level : float
        Level of the profile-likelihood interval.

    Returns
    -------
    CureFit
        Maximum-likelihood estimate; NaN with a `reason` where the likelihood has no maximum.

    Raises
    ------
    CarstatsError
        If an interval is none.

    References
    ----------
    Farewell VT. Biometrics 1982; 38: 1041-1046.
    """
    from scipy.optimize import brentq
    from scipy.special import chdtri

    low, high = checked_intervals(low, high)
    n_event = int(np.isfinite(high).sum())
    # Whoever is censored could be cured: the events alone decide whether there is a maximum.
    known = np.isfinite(high)
    reason = without_maximum(low, high) or without_maximum(low[known], high[known])
    design = np.ones((low.size, 1))

    def fit(cured: float):
        return maximised(low, high, design, "Weibull", cured=cured)

    fits = [] if reason else [fit(cured) for cured in _GRID]
    profile = np.array([-np.inf if found is None else found[1] for found in fits])
    if not reason and not np.isfinite(profile).any():
        reason = Reason(NO_MAXIMUM)
    if reason:
        return CureFit(*[np.nan] * 8, low.size, n_event, reason)

    def slope(cured: float) -> float:
        return _slope(fit(cured), cured, low, high)

    best = int(profile.argmax())
    below, above = _GRID[max(best - 1, 0)], _GRID[min(best + 1, _GRID.size - 1)]
    estimate = float(_GRID[best])
    # Between the neighbours of the best point the profile turns; at 0 it may be falling already.
    if slope(below) > 0 > slope(above):
        estimate = float(brentq(slope, below, above, xtol=1e-13))
    theta, value, _ = fit(estimate)
    drop = float(chdtri(1, 1 - conf_level)) / 2

    def excess(cured: float) -> float:
        found = fit(cured)
        return (found[1] if found is not None else -1e300) - value + drop

    limits = []
    for points in (_GRID[estimate > _GRID][::-1], np.append(_GRID[estimate < _GRID], 1 - 1e-9)):
        inner, limit = estimate, 0.0 if not points.size or points[0] < estimate else 1.0
        for point in points:
            if excess(point) < 0:
                limit = float(brentq(excess, *sorted((inner, point)), xtol=1e-12))
                break
            inner = point
        limits.append(limit)
    return CureFit(
        estimate=estimate,
        low=limits[0],
        high=limits[1],
        log_odds=float(np.log1p(-estimate) - np.log(estimate)) if estimate > 0 else np.inf,
        location=float(theta[0]),
        scale=float(np.exp(theta[1])),
        log_likelihood=value,
        log_likelihood_none=float(profile[0]),
        n=low.size,
        n_event=n_event,
    )


def _slope(found, cured: float, low, high) -> float:
    """Derivative of the profile log-likelihood by the cured part (by the envelope theorem)."""
    if found is None:
        return -1e300
    (location, log_scale), *_ = found
    right = low[np.isposinf(high)]
    started = right > 0
    z = (np.log(np.where(started, right, 1.0)) - location) / np.exp(log_scale)
    alive = np.where(started, np.exp(log_survival(z, "Weibull")), 1.0)
    known = np.isfinite(high).sum()
    return float(((1 - alive) / (cured + (1 - cured) * alive)).sum() - known / (1 - cured))
