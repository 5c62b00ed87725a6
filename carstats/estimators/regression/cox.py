"""Cox's regression of the hazard: Efron ties, strata, left truncation, sandwich errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.errors import CarstatsError
from carstats.estimators.reasons import (
    COVARIATES_CONSTANT_AT_EVENTS,
    NO_CONVERGENCE,
    NO_EVENT,
    SEPARATION,
    Reason,
)
from carstats.estimators.regression.risk_sets import (
    RiskSums,
    Stratum,
    information,
    risk_sums,
    strata_at_risk,
    subject_scores,
)
from carstats.messages import message

_MAX_ITERATIONS = 60
# Newton's decrement at which the coefficients are as exact as double precision has them.
_DECREMENT = 1e-18
# Information left, relative to that at 0, below which a coefficient runs off to infinity.
_SEPARATED = 1e-6
# Change of a predictor in one step, and range of the predictors that no estimate has.
_LONGEST_STEP, _WIDEST = 20.0, 250.0
_MOST_INDICATORS = 16


@dataclass(frozen=True)
class CoxFit:
    """A fitted proportional-hazards model with p covariates.

    Attributes
    ----------
    coef : ndarray, shape (p,)
        Logarithms of the hazard ratios; NaN where the data allow no fit.
    covariance : ndarray, shape (p, p)
        Inverse of the observed information.
    log_likelihood, log_likelihood_null : float
        Log partial likelihood at `coef` and at 0.
    event_time : ndarray, shape (K,)
        Distinct times of events, those of each stratum apart.
    residual : ndarray, shape (K, p)
        Schoenfeld residuals, added up over the events of a time.
    n, n_event : int
        Subjects and events.
    reason : Reason or None
        Why there is no fit; else None.
    """

    coef: NDArray[np.float64]
    covariance: NDArray[np.float64]
    log_likelihood: float
    log_likelihood_null: float
    event_time: NDArray[np.float64]
    residual: NDArray[np.float64]
    n: int
    n_event: int
    reason: Reason | None = None
    _scale: NDArray[np.float64] = field(default_factory=lambda: np.empty(0), repr=False)
    _strata: tuple[tuple[Stratum, RiskSums], ...] = field(default=(), repr=False)

    @property
    def std_error(self) -> NDArray[np.float64]:
        """Standard errors of the coefficients, shape (p,)."""
        return np.sqrt(np.diag(self.covariance))

    @cached_property
    def robust(self) -> NDArray[np.float64]:
        """Sandwich variance, shape (p, p): of the subjects' changes of `coef` when left out."""
        found = np.zeros_like(self.covariance) if self._strata else self.covariance
        for part, sums in self._strata:
            changes = self.covariance * self._scale @ subject_scores(part, sums)
            found = found + (changes * part.each) @ changes.T
        return found

    def information(self, factor: NDArray[np.float64]) -> NDArray[np.float64]:
        """Add up the information of the event times, each times a factor of shape (K,)."""
        ends = np.cumsum([part.time.size for part, _ in self._strata])
        found = np.zeros_like(self.covariance)
        for (part, sums), own in zip(self._strata, np.split(factor, ends[:-1]), strict=True):
            found += information(part, sums, own)
        return found * np.outer(self._scale, self._scale)

    @property
    def robust_error(self) -> NDArray[np.float64]:
        """Sandwich errors of the coefficients, shape (p,)."""
        return np.sqrt(np.diag(self.robust))


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
    scaled = (x - centre) / scale
    parts = strata_at_risk(time, status, scaled, strata, entry, each, _pattern_codes(x))
    beta = np.zeros(x.shape[1])
    now = _evaluate(parts, beta)
    null, start = now.value, np.linalg.eigvalsh(now.information)[0]
    if start < 1e-10 * n_event:
        return _no_fit(x, n_event, Reason(COVARIATES_CONSTANT_AT_EVENTS))
    decrement = np.inf
    for _ in range(_MAX_ITERATIONS):
        if np.linalg.eigvalsh(now.information)[0] < _SEPARATED * start:
            return _no_fit(x, n_event, Reason(SEPARATION))
        step = np.linalg.solve(now.information, now.score)
        decrement = float(now.score @ step)
        longest = max(np.abs(step @ part.design).max() for part in parts)
        size = min(1.0, _LONGEST_STEP / max(longest, 1e-300))
        found = _evaluate(parts, beta + size * step)
        # The likelihood is concave: an overshoot is halved until it climbs (up to rounding).
        while not found.value >= now.value - 1e-12 * abs(now.value) and size > 1e-6:
            size /= 2
            found = _evaluate(parts, beta + size * step)
        beta, now = beta + size * step, found
        if max(np.ptp(beta @ part.design) for part in parts) > _WIDEST:
            return _no_fit(x, n_event, Reason(SEPARATION))
        if decrement < _DECREMENT:
            break
    if np.linalg.eigvalsh(now.information)[0] < _SEPARATED * start:
        return _no_fit(x, n_event, Reason(SEPARATION))
    if decrement >= 1e-10:
        return _no_fit(x, n_event, Reason(NO_CONVERGENCE, {"n": _MAX_ITERATIONS}))
    strata_sums = tuple(zip(parts, now.sums, strict=True))
    return CoxFit(
        coef=beta / scale,
        covariance=np.linalg.inv(now.information) / np.outer(scale, scale),
        log_likelihood=now.value,
        log_likelihood_null=null,
        event_time=np.concatenate([part.time for part in parts]),
        residual=np.concatenate([_residual(*pair) for pair in strata_sums]) * scale,
        n=int(each.sum()),
        n_event=n_event,
        _scale=scale,
        _strata=strata_sums,
    )


def _pattern_codes(x: NDArray[np.float64]) -> NDArray[np.intp] | None:
    """Number the rows of indicators so that equal ones are the same; None where they are many."""
    p = x.shape[1]
    if p > _MOST_INDICATORS or not ((x == 0) | (x == 1)).all():
        return None
    codes = (x @ 2.0 ** np.arange(p)).astype(np.intp)
    # With more patterns than this the sums over subjects are as fast.
    return codes if (np.bincount(codes) > 0).sum() <= 4 * (p + 1) else None


def _no_fit(x, n_event: int, reason: Reason) -> CoxFit:
    n, p = x.shape
    unknown, none = np.full((p, p), np.nan), np.empty(0)
    return CoxFit(
        np.full(p, np.nan), unknown, np.nan, np.nan, none, np.empty((0, p)), n, n_event, reason
    )


@dataclass(frozen=True)
class _Value:
    """Log partial likelihood, score and information at some coefficients."""

    value: float
    score: NDArray[np.float64]
    information: NDArray[np.float64]
    sums: list[RiskSums]


def _evaluate(parts: list[Stratum], beta) -> _Value:
    """Evaluate the partial likelihood."""
    value, score, total = 0.0, np.zeros(beta.size), np.zeros((beta.size, beta.size))
    each = []
    for part in parts:
        sums = risk_sums(part, beta)
        value += sums.log_risk - sums.log_total
        score += part.observed - sums.expected
        total += information(part, sums)
        each.append(sums)
    return _Value(value, score, total, each)


def _residual(part: Stratum, sums: RiskSums) -> NDArray[np.float64]:
    """Schoenfeld residuals of each time, shape (K, p)."""
    own = (part.each * part.x)[:, part.events]
    return (np.add.reduceat(own, part.starts, axis=1) - sums.mean).T
