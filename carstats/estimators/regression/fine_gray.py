"""Fine and Gray's proportional-hazards regression for the subdistribution of one cause."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.errors import CarstatsError
from carstats.estimators.curves.risk_table import distinct_times
from carstats.estimators.reasons import (
    COVARIATE_DETERMINED,
    COVARIATES_CONSTANT_AT_EVENTS,
    NO_CONVERGENCE,
    NO_EVENT_OF_CAUSE,
    NO_SANDWICH,
    SEPARATION,
    Reason,
)
from carstats.messages import message

_MAX_ITERATIONS = 60
# Newton's decrement at which the coefficients are as exact as double precision has them.
_DECREMENT = 1e-18
# Information left, relative to that at 0, below which a coefficient runs off to infinity.
_SEPARATED = 1e-6
# Part of the inverse information below which the sandwich variance is rounding.
_NO_ERROR = 1e-12
# Change of a predictor in one step, and range of the predictors that no estimate has.
_LONGEST_STEP, _WIDEST = 20.0, 250.0


@dataclass(frozen=True)
class FineGrayFit:
    """A fitted subdistribution hazard model with p covariates.

    Attributes
    ----------
    coef : ndarray, shape (p,)
        Logarithms of the subdistribution hazard ratios; NaN where the data allow no fit.
    covariance : ndarray, shape (p, p)
        Sandwich variance, with the contribution of estimating the censoring distribution.
    information : ndarray, shape (p, p)
        Minus the second derivative of the log pseudo-likelihood.
    log_likelihood, log_likelihood_null : float
        Log pseudo-likelihood at `coef` and at 0.
    time : ndarray, shape (K,)
        Distinct times of the event.
    hazard : ndarray, shape (K,)
        Jumps of the cumulative baseline subdistribution hazard, all covariates at 0.
    n, n_event : int
        Subjects, and those with an event of the cause.
    reason : Reason or None
        Why there is no fit; else None.
    """

    coef: NDArray[np.float64]
    covariance: NDArray[np.float64]
    information: NDArray[np.float64]
    log_likelihood: float
    log_likelihood_null: float
    time: NDArray[np.float64]
    hazard: NDArray[np.float64]
    n: int
    n_event: int
    reason: Reason | None = None

    @property
    def std_error(self) -> NDArray[np.float64]:
        """Standard errors of the coefficients, shape (p,)."""
        return np.sqrt(np.diag(self.covariance))


@dataclass(frozen=True)
class _Design:
    """What does not change over iterations; times are numbered 0 to K - 1."""

    x: NDArray[np.float64]  # (n, p), centred
    place: NDArray[np.intp]  # (n,) number of each subject's time
    events: NDArray[np.float64]  # (K,) events of the cause
    own: NDArray[np.bool_]  # (n,) has the event of the cause
    rival: NDArray[np.bool_]  # (n,) has a competing event
    censored: NDArray[np.bool_]  # (n,)
    group: NDArray[np.intp]  # (n,) censoring group
    free: NDArray[np.float64]  # (groups, K) probability of not being censored before each time
    back: NDArray[np.float64]  # (n,) 1 / that probability at the own time; 0 unless `rival`


def fine_gray(
    time: ArrayLike,
    status: ArrayLike,
    covariates: ArrayLike,
    *,
    cause: int = 1,
    censoring_group: ArrayLike | None = None,
) -> FineGrayFit:
    """Estimate subdistribution hazard ratios for one cause.

    Subjects with a competing event stay at risk with weight G(t-)/G(T-), where G is the
    Kaplan-Meier curve of the time to censoring. Every sum over a risk set is a running sum, so
    that an iteration and the sandwich variance take O(n p^2) after one sort.

    Parameters
    ----------
    time : array_like, shape (n,)
        Time of the event or of censoring.
    status : array_like of int, shape (n,)
        0 for censored, otherwise the cause of the event.
    covariates : array_like, shape (n, p)
        Covariates, constant over time.
    cause : int
        The cause that is modelled; all others compete.
    censoring_group : array_like, shape (n,), optional
        Groups whose censoring distributions differ; one common distribution by default.

    Returns
    -------
    FineGrayFit
        The estimates, equal to those of cmprsk::crr. Without an event, with linearly dependent
        covariates, or when a covariate separates, the numbers are NaN and `reason` says why.

    Raises
    ------
    CarstatsError
        If lengths differ or a value is not finite.

    References
    ----------
    Fine JP, Gray RJ. J Am Stat Assoc 1999; 94: 496-509.
    """
    x = np.asarray(covariates, float)
    x = x[:, None] if x.ndim == 1 else x
    time, status = np.asarray(time, float), np.asarray(status, int)
    if not len(x) == time.size == status.size:
        raise CarstatsError(
            message(
                "`covariates` has {n} rows for {n_times} times and {n_statuses} statuses; give one "
                "row per subject.",
                n=len(x),
                n_times=time.size,
                n_statuses=status.size,
            )
        )
    if not (np.isfinite(x).all() and np.isfinite(time).all()):
        raise CarstatsError(
            message(
                "`time` and `covariates` take finite numbers. Leave out subjects with a missing "
                "value."
            )
        )
    n_event = int((status == cause).sum())
    if not n_event:
        return _no_fit(x, n_event, Reason(NO_EVENT_OF_CAUSE))
    centre = x.mean(axis=0)
    scale = np.sqrt(((x - centre) ** 2).mean(axis=0))
    scaled = (x - centre) / np.where(scale > 0, scale, 1.0)
    if (scale == 0).any() or np.linalg.matrix_rank(scaled, tol=1e-8 * len(x) ** 0.5) < x.shape[1]:
        return _no_fit(x, n_event, Reason(COVARIATE_DETERMINED))
    distinct, design = _design(scaled, time, status, cause, censoring_group)

    beta = np.zeros(x.shape[1])
    first = _evaluate(design, beta)
    value, score, information = first[:3]
    start = np.linalg.eigvalsh(information)[0]
    if start < 1e-10 * n_event:
        return _no_fit(x, n_event, Reason(COVARIATES_CONSTANT_AT_EVENTS))
    for _ in range(_MAX_ITERATIONS):
        step = _solved(information, score)
        if step is None:
            return _no_fit(x, n_event, Reason(SEPARATION))
        decrement = float(score @ step)
        size = min(1.0, _LONGEST_STEP / max(np.abs(design.x @ step).max(), 1e-300))
        found = _evaluate(design, beta + size * step)
        # The likelihood is concave: an overshoot is halved until it climbs (up to rounding).
        while not found[0] >= value - 1e-12 * abs(value) and size > 1e-6:
            size /= 2
            found = _evaluate(design, beta + size * step)
        beta = beta + size * step
        value, score, information = found[:3]
        if np.ptp(design.x @ beta) > _WIDEST:
            return _no_fit(x, n_event, Reason(SEPARATION))
        if decrement < _DECREMENT:
            break
    if np.linalg.eigvalsh(information)[0] < _SEPARATED * start:
        return _no_fit(x, n_event, Reason(SEPARATION))
    if decrement >= 1e-10:
        return _no_fit(x, n_event, Reason(NO_CONVERGENCE, {"n": _MAX_ITERATIONS}))

    inverse = np.linalg.inv(information)
    residual = _residuals(design, *found[3:])
    covariance = inverse @ (residual.T @ residual) @ inverse
    # All events at one time among all who are at risk: the residuals cancel.
    if (np.diag(covariance) < _NO_ERROR * np.diag(inverse)).any():
        return _no_fit(x, n_event, Reason(NO_SANDWICH))
    occurs = design.events > 0
    coef = beta / scale
    return FineGrayFit(
        coef=coef,
        covariance=covariance / np.outer(scale, scale),
        information=information * np.outer(scale, scale),
        log_likelihood=float(value),
        log_likelihood_null=float(first[0]),
        time=distinct[occurs],
        hazard=found[3][occurs] * np.exp(-coef @ centre),
        n=time.size,
        n_event=n_event,
    )


def predicted_incidence(fit: FineGrayFit, covariates: ArrayLike) -> NDArray[np.float64]:
    """Predict the cumulative incidence of the cause from a fitted model.

    Returns: probability of the event by each of ``fit.time``; before the first it is 0.
    """
    x = np.asarray(covariates, float)
    x = x.reshape(-1, fit.coef.size)
    return -np.expm1(-np.exp(x @ fit.coef)[:, None] * np.cumsum(fit.hazard))


def _no_fit(x, n_event: int, reason: Reason) -> FineGrayFit:
    p = x.shape[1]
    unknown, none = np.full((p, p), np.nan), np.empty(0)
    return FineGrayFit(
        unknown[0] if p else none,
        unknown,
        unknown,
        np.nan,
        np.nan,
        none,
        none,
        len(x),
        n_event,
        reason,
    )


def _solved(matrix, vector):
    """Solve a positive definite system, or return None where the matrix is none."""
    if not np.isfinite(matrix).all():
        return None
    values, vectors = np.linalg.eigh(matrix)
    if values[0] <= 1e-14 * values[-1] or values[0] < 1e-250:
        return None
    return vectors @ (vectors.T @ vector / values)


def _design(x, time, status, cause: int, censoring_group):
    distinct, place = distinct_times(time)
    k = distinct.size
    own, censored = status == cause, status == 0
    rival = ~own & ~censored
    group = np.zeros(time.size, int)
    if censoring_group is not None:
        group = np.unique(np.asarray(censoring_group), return_inverse=True)[1].reshape(-1)
    free = np.ones((group.max() + 1, k))
    for level in range(len(free)):
        here = group == level
        at_risk = _from_here(np.bincount(place[here], minlength=k))
        left = np.bincount(place[here & censored], minlength=k)
        curve = np.cumprod(1 - left / np.maximum(at_risk, 1))
        # crr reads the curve just before each time, but on day 0 after it; and it has no curve
        # beyond a group's last follow-up, where the group's weights end.
        free[level, 1:] = curve[:-1]
        free[level, 0] = curve[0] if distinct[0] == 0 else 1.0
        free[level, at_risk == 0] = 0.0
    # Whoever is there to have an event was not all censored: the division is by more than 0.
    back = np.where(rival, 1 / np.where(rival, free[group, place], 1.0), 0.0)
    events = np.bincount(place[own], minlength=k).astype(float)
    return distinct, _Design(x, place, events, own, rival, censored, group, free, back)


def _from_here(values):
    """Sum over this and all later places, along the first axis."""
    return np.cumsum(values[::-1], axis=0)[::-1]


def _later(values):
    """Sum over all later places, without this one."""
    return _from_here(values) - values


def _placed(place, values, size: int):
    """Add up values, (n, ...) by place: (size, ...)."""
    if values.ndim == 1:
        return np.bincount(place, values, minlength=size)
    return np.stack([np.bincount(place, v, minlength=size) for v in values.T], axis=-1)


def _evaluate(design: _Design, beta):
    """Return log pseudo-likelihood, score, information, jumps, covariate means, predictors."""
    x, place, k = design.x, design.place, design.events.size
    linear = x @ beta
    top = linear.max()
    risk = np.exp(linear - top)
    terms = np.column_stack([risk, risk[:, None] * x])
    sums = _from_here(_placed(place, terms, k))
    for level, free in enumerate(design.free):
        here = design.rival & (design.group == level)
        past = _placed(place[here], terms[here] * design.back[here, None], k)
        sums += free[:, None] * (np.cumsum(past, axis=0) - past)
    occurs = design.events > 0
    total = np.where(occurs, sums[:, 0], 1.0)
    mean = np.where(occurs[:, None], sums[:, 1:] / total[:, None], 0.0)
    jumps = design.events / total
    value = linear[design.own].sum() - (design.events * (np.log(total) + top))[occurs].sum()
    score = x[design.own].sum(axis=0) - design.events @ mean
    # Sum over times of the weighted squares = sum over subjects of exposure times square.
    exposure = risk * _exposure(design, jumps[:, None])[:, 0]
    information = (x * exposure[:, None]).T @ x - (mean * design.events[:, None]).T @ mean
    return value, score, information, jumps * np.exp(-top), mean, linear


def _exposure(design: _Design, jumps):
    """Integral of each subject's weight against `jumps`, shape (K, m): (n, m)."""
    whole = np.cumsum(jumps, axis=0)[design.place]
    for level, free in enumerate(design.free):
        here = design.rival & (design.group == level)
        after = _later(free[:, None] * jumps)
        whole[here] += design.back[here, None] * after[design.place[here]]
    return whole


def _residuals(design: _Design, jumps, mean, linear):
    """Score residuals with what estimating the censoring distribution adds, shape (n, p)."""
    x, place, k = design.x, design.place, design.events.size
    risk = np.exp(linear)
    both = _exposure(design, np.column_stack([jumps, jumps[:, None] * mean]))
    residual = risk[:, None] * (both[:, 1:] - x * both[:, :1])
    residual += np.where(design.own[:, None], x - mean[place], 0.0)
    for level, free in enumerate(design.free):
        here = design.group == level
        rival = here & design.rival
        weight = risk[rival] * design.back[rival]
        past = _placed(place[rival], np.column_stack([weight, weight[:, None] * x[rival]]), k)
        past = np.cumsum(past, axis=0) - past
        # crr integrates the group's weights over the events of the group alone.
        mine = np.bincount(place[here & design.own], minlength=k) / np.maximum(design.events, 1)
        drift = free * jumps * mine
        after = _from_here(np.column_stack([drift, drift[:, None] * mean]))
        pull = past[:, 1:] * after[:, :1] - past[:, :1] * after[:, 1:]
        at_risk = np.maximum(_from_here(np.bincount(place[here], minlength=k)), 1)
        left = np.bincount(place[here & design.censored], minlength=k)
        pull /= at_risk[:, None]
        gone = np.cumsum(pull * (left / at_risk)[:, None], axis=0)
        residual[here] -= gone[place[here]]
        residual[here & design.censored] += pull[place[here & design.censored]]
    return residual
