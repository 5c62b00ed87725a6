"""Cox's regression of the hazard: Efron ties, strata, left truncation, sandwich errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.errors import CarstatsError
from carstats.estimators.curves.risk_table import distinct_times
from carstats.estimators.reasons import (
    COVARIATES_CONSTANT_AT_EVENTS,
    NO_CONVERGENCE,
    NO_EVENT,
    SEPARATION,
    Reason,
)
from carstats.messages import message

_MAX_ITERATIONS = 60
# Newton's decrement at which the coefficients are as exact as double precision has them.
_DECREMENT = 1e-18
# Information left, relative to that at 0, below which a coefficient runs off to infinity.
_SEPARATED = 1e-6
# Change of a predictor in one step, and range of the predictors that no estimate has.
_LONGEST_STEP, _WIDEST = 20.0, 250.0


@dataclass(frozen=True)
class CoxFit:
    """A fitted proportional-hazards model with p covariates.

    Attributes
    ----------
    coef : ndarray, shape (p,)
        Logarithms of the hazard ratios; NaN where the data allow no fit.
    covariance : ndarray, shape (p, p)
        Inverse of the observed information.
    robust : ndarray, shape (p, p)
        Sandwich variance: the crossproduct of the subjects' changes of `coef` when left out.
    log_likelihood, log_likelihood_null : float
        Log partial likelihood at `coef` and at 0.
    event_time : ndarray, shape (K,)
        Distinct times of events, those of each stratum apart.
    residual : ndarray, shape (K, p)
        Schoenfeld residuals, added up over the events of a time.
    spread : ndarray, shape (K, p, p)
        Information that each time adds.
    n, n_event : int
        Subjects and events.
    reason : Reason or None
        Why there is no fit; else None.
    """

    coef: NDArray[np.float64]
    covariance: NDArray[np.float64]
    robust: NDArray[np.float64]
    log_likelihood: float
    log_likelihood_null: float
    event_time: NDArray[np.float64]
    residual: NDArray[np.float64]
    spread: NDArray[np.float64]
    n: int
    n_event: int
    reason: Reason | None = None

    @property
    def std_error(self) -> NDArray[np.float64]:
        """Standard errors of the coefficients, shape (p,)."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def robust_error(self) -> NDArray[np.float64]:
        """Sandwich errors of the coefficients, shape (p,)."""
        return np.sqrt(np.diag(self.robust))


@dataclass(frozen=True)
class _Stratum:
    """Subjects of one stratum with K event times and E events; a pair is one event in its turn."""

    x: NDArray[np.float64]  # (n, p), centred
    each: NDArray[np.float64]  # (n,) subjects that a row stands for
    rows: NDArray[np.intp]  # (n,) places of the subjects among all
    last: NDArray[np.intp]  # (n,) event times up to the own time
    first: NDArray[np.intp]  # (n,) event times up to the entry
    own: NDArray[np.bool_]  # (n,) has the event
    at: NDArray[np.intp]  # (n,) number of the own event's time; 0 unless `own`
    time: NDArray[np.float64]  # (K,)
    pair: NDArray[np.intp]  # (E,) number of the time of each pair
    gone: NDArray[np.float64]  # (E,) part of the tied events that are out of the risk set


def cox(
    time: ArrayLike,
    status: ArrayLike,
    covariates: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> CoxFit:
    """Estimate hazard ratios by the partial likelihood.

    Parameters
    ----------
    time : array_like, shape (n,)
        Time of the event or of censoring.
    status : array_like of int, shape (n,)
        1 for the event, 0 for censored.
    covariates : array_like, shape (n, p)
        Covariates, constant over time.
    strata : array_like, shape (n,), optional
        Strata with a baseline hazard each.
    entry : array_like, shape (n,), optional
        Left truncation: at risk at t are those with entry < t <= time.
    weights : array_like of int, shape (n,), optional
        How many subjects each row stands for; 1 by default.

    Returns
    -------
    CoxFit
        The estimates, equal to those of survival::coxph with Efron ties. Without an event, with
        linearly dependent covariates, or when a covariate separates, the numbers are NaN and
        `reason` says why.

    Raises
    ------
    CarstatsError
        If a covariate is missing or infinite.

    References
    ----------
    Cox DR. J R Stat Soc B 1972; 34: 187-220. Efron B. J Am Stat Assoc 1977; 72: 557-565 (ties).
    Lin DY, Wei LJ. J Am Stat Assoc 1989; 84: 1074-1078 (sandwich).
    """
    time, status = np.asarray(time, float), np.asarray(status, int) > 0
    x = np.asarray(covariates, float).reshape(time.size, -1)
    if not np.isfinite(x).all():
        raise CarstatsError(
            message("`covariates` has missing or infinite values; leave those out.")
        )
    each = np.ones(time.size) if weights is None else np.asarray(weights, float)
    n_event = int(each[status].sum())
    if not n_event:
        return _no_fit(x, 0, Reason(NO_EVENT))
    centre = each @ x / each.sum()
    scale = np.sqrt(each @ (x - centre) ** 2 / each.sum())
    scale = np.where(scale > 0, scale, 1.0)
    parts = _parts(time, status, (x - centre) / scale, strata, entry, each)
    beta = np.zeros(x.shape[1])
    null, score, information = _evaluate(parts, beta)
    value = null
    start = np.linalg.eigvalsh(information)[0]
    if start < 1e-10 * n_event:
        return _no_fit(x, n_event, Reason(COVARIATES_CONSTANT_AT_EVENTS))
    decrement = np.inf
    for _ in range(_MAX_ITERATIONS):
        if np.linalg.eigvalsh(information)[0] < _SEPARATED * start:
            return _no_fit(x, n_event, Reason(SEPARATION))
        step = np.linalg.solve(information, score)
        decrement = float(score @ step)
        longest = max(np.abs(part.x @ step).max() for part in parts)
        size = min(1.0, _LONGEST_STEP / max(longest, 1e-300))
        found = _evaluate(parts, beta + size * step)
        # The likelihood is concave: an overshoot is halved until it climbs (up to rounding).
        while not found[0] >= value - 1e-12 * abs(value) and size > 1e-6:
            size /= 2
            found = _evaluate(parts, beta + size * step)
        beta = beta + size * step
        value, score, information = found
        if max(np.ptp(part.x @ beta) for part in parts) > _WIDEST:
            return _no_fit(x, n_event, Reason(SEPARATION))
        if decrement < _DECREMENT:
            break
    if np.linalg.eigvalsh(information)[0] < _SEPARATED * start:
        return _no_fit(x, n_event, Reason(SEPARATION))
    if decrement >= 1e-10:
        return _no_fit(x, n_event, Reason(NO_CONVERGENCE, {"n": _MAX_ITERATIONS}))
    inverse = np.linalg.inv(information)
    scores = _subject_scores(parts, beta, time.size) @ inverse
    pieces = [_by_time(part, beta) for part in parts]
    return CoxFit(
        coef=beta / scale,
        covariance=inverse / np.outer(scale, scale),
        robust=(scores.T * each) @ scores / np.outer(scale, scale),
        log_likelihood=value,
        log_likelihood_null=null,
        event_time=np.concatenate([part.time for part in parts]),
        residual=np.concatenate([residual for residual, _ in pieces]) * scale,
        spread=np.concatenate([spread for _, spread in pieces]) * np.outer(scale, scale),
        n=int(each.sum()),
        n_event=n_event,
    )


def _no_fit(x, n_event: int, reason: Reason) -> CoxFit:
    n, p = x.shape
    unknown, none = np.full((p, p), np.nan), np.empty(0)
    return CoxFit(
        np.full(p, np.nan), unknown, unknown, np.nan, np.nan, none, np.empty((0, p)),
        np.empty((0, p, p)), n, n_event, reason,
    )  # fmt: skip


def _parts(time, status, x, strata, entry, each) -> list[_Stratum]:
    """Lay out the strata that have events."""
    n = time.size
    entered = np.empty(0) if entry is None else np.asarray(entry, float)
    distinct, place = distinct_times(np.concatenate([time, entered]))
    end = place[:n]
    codes = np.zeros(n, int)
    if strata is not None:
        codes = np.unique(np.asarray(strata), return_inverse=True)[1].reshape(n)
    parts = []
    for code in range(codes.max() + 1):
        rows = np.flatnonzero(codes == code)
        own = status[rows]
        if not own.any():
            continue
        happens, of = np.unique(end[rows][own], return_inverse=True)
        tied = np.bincount(of, each[rows][own]).astype(int)
        last = np.searchsorted(happens, end[rows], side="right")
        first = np.zeros(rows.size, int)
        if entry is not None:
            first = np.searchsorted(happens, place[n:][rows], side="right")
        pair = np.repeat(np.arange(happens.size), tied)
        turn = np.arange(pair.size) - np.repeat(np.cumsum(tied) - tied, tied)
        at = np.where(own, last - 1, 0)
        parts.append(
            _Stratum(
                x[rows], each[rows], rows, last, np.minimum(first, last), own, at,
                distinct[happens], pair, turn / tied[pair],
            )
        )  # fmt: skip
    return parts


def _evaluate(parts: list[_Stratum], beta):
    """Return log partial likelihood, score and information."""
    value, score, information = 0.0, np.zeros(beta.size), np.zeros((beta.size, beta.size))
    for part in parts:
        found = _sums(part, beta)
        own = part.each * part.own
        value += float(own @ found.linear - found.log_total)
        score += own @ part.x - found.mean.sum(axis=0)
        information += found.spread.sum(axis=0)
    return value, score, information


@dataclass(frozen=True)
class _Sums:
    """What the risk sets of a stratum add up to: over subjects, and over the pairs of a time."""

    linear: NDArray[np.float64]  # (n,) predictors
    risk: NDArray[np.float64]  # (n,) their exponentials
    log_total: float  # logarithms of the total risk of each pair, added up
    mean: NDArray[np.float64]  # (K, p) means of x
    spread: NDArray[np.float64]  # (K, p, p) variances of x
    hazard: NDArray[np.float64]  # (K, 1 + p) hazard, and hazard times mean
    spared: NDArray[np.float64]  # (K, 1 + p) the same, of what those tied at a time are spared


def _sums(part: _Stratum, beta) -> _Sums:
    """Add up over risk sets; the j-th of d tied events sees the d less j / d of each."""
    k, p = part.time.size, beta.size
    linear = part.x @ beta
    # A common factor of all risks drops out of everything.
    linear = linear - linear.max()
    risk = np.exp(linear)
    weight, entered = part.each * risk, part.first.any()
    sums, tied = np.empty((2, k, 1 + p + p * p))
    for column, factor in _terms(part.x):
        term = weight * factor
        # At risk at time j are those with first <= j < last.
        if entered:
            ends = np.concatenate([part.first, part.last])
            change = np.bincount(ends, np.concatenate([term, -term]), k + 1)
            found = np.cumsum(change)[:k]
        else:
            # From the end, without cancellation: the last risk sets may hold little of the risk.
            change = np.bincount(part.last, term, k + 1)
            found = np.cumsum(change[::-1])[::-1][1:]
        sums[:, column] = found[:, None]
        tied[:, column] = np.bincount(part.at[part.own], term[part.own], k)[:, None]
    total = sums[part.pair, 0] - part.gone * tied[part.pair, 0]
    # With delayed entry a risk set may hold less of the risk than the sums can tell: no step there.
    total = np.where(total > 0, total, np.nan)
    starts = np.searchsorted(part.pair, np.arange(k))
    one, gone = 1 / total, part.gone / total
    parts = (one, gone, one * one, one * gone, gone * gone)
    once, less, twice, crossed, both = (np.add.reduceat(v, starts)[:, None] for v in parts)
    x, y = sums[:, 1 : p + 1], tied[:, 1 : p + 1]
    square = (sums[:, p + 1 :] * once - tied[:, p + 1 :] * less).reshape(-1, p, p)
    outer = (
        twice[..., None] * x[:, :, None] * x[:, None, :]
        - crossed[..., None] * (x[:, :, None] * y[:, None, :] + y[:, :, None] * x[:, None, :])
        + both[..., None] * y[:, :, None] * y[:, None, :]
    )
    return _Sums(
        linear,
        risk,
        float(np.log(total).sum()),
        x * once - y * less,
        square - outer,
        np.column_stack([once, x * twice - y * crossed]),
        np.column_stack([less, x * crossed - y * both]),
    )


def _terms(x):
    """Yield 1, each covariate and each product of two, with their columns among 1 + p + p * p."""
    p = x.shape[1]
    yield [0], 1.0
    for i in range(p):
        yield [1 + i], x[:, i]
        for j in range(i + 1):
            yield sorted({1 + p + i * p + j, 1 + p + j * p + i}), x[:, i] * x[:, j]


def _by_time(part: _Stratum, beta):
    """Schoenfeld residuals and information of each time."""
    found = _sums(part, beta)
    np.add.at(found.mean, part.at[part.own], -(part.each[:, None] * part.x)[part.own])
    return -found.mean, found.spread


def _subject_scores(parts: list[_Stratum], beta, n: int):
    """Score residuals of the subjects, shape (n, p)."""
    scores = np.zeros((n, beta.size))
    for part in parts:
        found = _sums(part, beta)
        so_far = np.vstack([np.zeros(1 + beta.size), np.cumsum(found.hazard, axis=0)])
        seen = so_far[part.last] - so_far[part.first]
        seen -= np.where(part.own[:, None], found.spared[part.at], 0.0)
        mine = -found.risk[:, None] * (part.x * seen[:, :1] - seen[:, 1:])
        average = found.mean / np.bincount(part.pair, minlength=part.time.size)[:, None]
        mine += np.where(part.own[:, None], part.x - average[part.at], 0.0)
        scores[part.rows] = mine
    return scores
