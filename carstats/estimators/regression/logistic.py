"""Logistic regression by maximum or by Firth's penalised likelihood, with profile limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.errors import check_choice
from carstats.estimators.quadratic_form import chi_square_tail
from carstats.estimators.reasons import COVARIATES_DETERMINED, RESPONSES_SEPARATED, Reason
from carstats.estimators.root_finding import find_root

LOGISTIC_METHODS = ("Firth", "maximum likelihood")

_MAX_ITERATIONS = 300
_TOLERANCE = 1e-9
_MAX_STEP = 5.0
_SINGULAR = 1e13
_FAR_OFF = 1e6
# A subject whose fitted log odds go beyond this has run off: the outcome is separated.
_RUN_OFF = 16.0
# Of so many subjects or more those with the same covariates are one row; of fewer each is its own,
# so that no digit of a small cohort depends on it.
_ALIKE_FROM = 10_000


@dataclass(frozen=True)
class LogisticFit:
    """A logistic regression.

    Attributes
    ----------
    coefficient : ndarray, shape (p,)
        Log odds ratios, the intercept first; NaN where they run off without bound.
    std_error : ndarray, shape (p,)
        From the information.
    covariance : ndarray, shape (p, p)
        Its inverse.
    low, high : ndarray, shape (p,)
        Profile-likelihood limits; infinite where the profile does not come down to the level.
    statistic, p_value : ndarray, shape (p,)
        Likelihood-ratio test of each coefficient with one degree of freedom.
    log_likelihood : float
        Maximised, penalised for Firth.
    note : Reason or None
        Why there is no fit; else None.
    """

    coefficient: NDArray[np.float64]
    std_error: NDArray[np.float64]
    covariance: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    statistic: NDArray[np.float64]
    p_value: NDArray[np.float64]
    log_likelihood: float
    note: Reason | None


def logistic_regression(
    covariates: ArrayLike,
    response: ArrayLike,
    *,
    method: str = "Firth",
    conf_level: float = 0.95,
    profiled: bool = True,
) -> LogisticFit:
    """Estimate log odds ratios of a response.

    Parameters
    ----------
    covariates : array_like, shape (n, p - 1)
        Without an intercept, which is added in front.
    response : array_like, shape (n,)
        1 or 0.
    method : {"Firth", "maximum likelihood"}
        Firth's penalty, the root of the determinant of the information, takes away the bias of
        first order and keeps the coefficients finite where the response is separated.
    conf_level : float
        Confidence level.
    profiled : bool
        Whether limits and tests are wanted; else they are NaN, and the fit is faster.

    Returns
    -------
    LogisticFit
        Limits and tests profile the (penalised) likelihood. The penalty of a model with a
        coefficient held fixed is that of the whole model, as in Heinze and Schemper.

    Raises
    ------
    CarstatsError
        If the method is unknown.

    References
    ----------
    Firth D. Biometrika 1993; 80: 27-38.
    Heinze G, Schemper M. Stat Med 2002; 21: 2409-2419.
    """
    from scipy.special import chdtri

    method = check_choice("method", method, LOGISTIC_METHODS)
    y = np.asarray(response, float)
    x = np.asarray(covariates, float).reshape(y.size, -1)
    # One scale for all, so that one tolerance and one largest step do for all.
    scale = np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0) if y.size else np.ones(x.shape[1])
    centre = x.mean(axis=0) if y.size else np.zeros(x.shape[1])
    x, y, many = _alike(x, y)
    design = np.column_stack([np.ones(y.size), (x - centre) / scale])
    size = design.shape[1]
    if np.linalg.matrix_rank(design) < size:
        return _no_fit(size, Reason(COVARIATES_DETERMINED))
    penalty = 0.5 if method == "Firth" else 0.0
    centred = _Likelihood(design, y, many, penalty)
    start = centred.maximised()
    if start is None:
        return _no_fit(size, Reason(RESPONSES_SEPARATED))
    # Back to the covariates' own scale: the intercept is a sum of all coefficients.
    back = np.diag(np.append(1.0, 1 / scale))
    back[0, 1:] = -centre / scale
    beta, best = start
    # Scaled without moving: a coefficient that is fixed keeps its meaning.
    likelihood = _Likelihood(
        np.column_stack([np.ones(y.size), x]) / np.append(1.0, scale), y, many, penalty
    )
    coefficient = back @ beta
    covariance = back @ np.linalg.inv(centred.information(beta)) @ back.T
    drop = float(chdtri(1, 1 - conf_level))
    low, high, statistic = (np.full(size, np.nan) for _ in range(3))
    for j in range(size if profiled else 0):
        profile = _Profile(likelihood, j, coefficient, best, covariance[j, j] ** 0.5, scale)
        low[j], high[j] = profile.limit(-1, drop), profile.limit(1, drop)
        statistic[j] = max(profile.deviance(0.0), 0.0)
    p_value = np.array([chi_square_tail(v, 1) if v >= 0 else np.nan for v in statistic])
    error = np.sqrt(np.diag(covariance))
    return LogisticFit(coefficient, error, covariance, low, high, statistic, p_value, best, None)


def predicted(covariates: ArrayLike, coefficient: ArrayLike) -> NDArray[np.float64]:
    """Compute probabilities of a response.

    Parameters
    ----------
    covariates : array_like, shape (n, p - 1)
        Without an intercept.
    coefficient : array_like, shape (p,)
        The intercept first.

    Returns
    -------
    ndarray, shape (n,)
        The probabilities.
    """
    from scipy.special import expit

    coefficient = np.asarray(coefficient, float)
    return expit(coefficient[0] + np.asarray(covariates, float) @ coefficient[1:])


def calibrated(covariates: ArrayLike, response: ArrayLike, coefficient: ArrayLike) -> NDArray:
    """Move the intercept so that the mean of the predictions is the rate observed.

    Parameters
    ----------
    covariates : array_like, shape (n, p - 1)
        Without an intercept.
    response : array_like, shape (n,)
        1 or 0, some of either.
    coefficient : array_like, shape (p,)
        Firth's, whose predictions lean towards one half.

    Returns
    -------
    ndarray, shape (p,)
        The coefficients with the other intercept.

    References
    ----------
    Puhr R, Heinze G, Nold M, Lusa L, Geroldinger A. Stat Med 2017; 36: 2302-2317 (FLIC).
    """
    coefficient = np.array(coefficient, float)
    rate = float(np.mean(response))
    if not 0 < rate < 1:
        return coefficient

    def excess(shift: float) -> float:
        moved = coefficient + np.append(shift, np.zeros(coefficient.size - 1))
        return float(predicted(covariates, moved).mean()) - rate

    coefficient[0] += find_root(excess, -40.0, 40.0)
    return coefficient


class _Profile:
    """The likelihood with one coefficient held fixed, the others at their best."""

    def __init__(self, likelihood, place, coefficient, best, error, scale) -> None:
        self.likelihood, self.place = likelihood, place
        self.estimate, self.best, self.error = coefficient[place], best, error
        self.scale = np.append(1.0, scale)
        self.last = coefficient * self.scale

    def deviance(self, value: float) -> float:
        """Return twice the loss of (penalised) log-likelihood at a value of the coefficient."""
        begin = self.last.copy()
        begin[self.place] = value * self.scale[self.place]
        found = self.likelihood.maximised(begin=begin, fixed=self.place)
        if found is None:
            begin = np.zeros_like(begin)
            begin[self.place] = value * self.scale[self.place]
            found = self.likelihood.maximised(begin=begin, fixed=self.place)
        if found is None:
            # So far out that every subject is certain: the limit lies nearer.
            return _FAR_OFF
        # Centring leaves the determinant of the information alone, so `best` is on this scale.
        return float(2 * (self.best - found[1]))

    def limit(self, side: int, drop: float) -> float:
        """Return where the deviance is `drop`, on one side of the estimate."""
        step = max(self.error, 1e-6) * np.sqrt(drop)
        near, far = self.estimate, self.estimate + side * step
        for _ in range(60):
            if self.deviance(far) > drop:
                break
            near, far = far, far + side * step
            step *= 1.6
            if abs(far - self.estimate) * self.scale[self.place] > 400:
                return side * np.inf
        width = 1e-10 * max(1.0, abs(far))
        if side > 0:
            return find_root(lambda b: self.deviance(b) - drop, near, far, width=width)
        return -find_root(lambda b: self.deviance(-b) - drop, -near, -far, width=width)


def _alike(x, y):
    """Return the rows of covariates, how many responded of each, and of how many."""
    if y.size < _ALIKE_FROM:
        return x, y, np.ones(y.size)
    codes = np.zeros(y.size, np.intp)
    for column in x.T:
        mine = np.unique(column, return_inverse=True)[1]
        codes = np.unique(codes * (mine.max() + 1) + mine, return_inverse=True)[1]
    first = np.unique(codes, return_index=True)[1]
    return x[first], np.bincount(codes, y), np.bincount(codes).astype(float)


@dataclass(frozen=True)
class _Likelihood:
    """The (penalised) likelihood of rows that stand for subjects with the same covariates."""

    design: NDArray[np.float64]  # (n, p)
    y: NDArray[np.float64]  # (n,) subjects who responded
    many: NDArray[np.float64]  # (n,) subjects
    penalty: float

    def information(self, beta):
        """Return the information at some coefficients."""
        from scipy.special import expit

        p = expit(self.design @ beta)
        return (self.design * (self.many * p * (1 - p))[:, None]).T @ self.design

    def value(self, beta) -> float:
        """Return the log-likelihood."""
        linear = self.design @ beta
        value = float(self.y @ linear - (self.many * np.logaddexp(0, linear)).sum())
        if self.penalty:
            sign, log_det = np.linalg.slogdet(self.information(beta))
            value += self.penalty * log_det if sign > 0 else -np.inf
        return value

    def maximised(self, *, begin=None, fixed: int | None = None):
        """Return the best coefficients and their log-likelihood; None where they run off."""
        from scipy.special import expit

        design, penalty = self.design, self.penalty
        beta = np.zeros(design.shape[1]) if begin is None else np.array(begin, float)
        free = np.array([j for j in range(beta.size) if j != fixed], int)
        value = self.value(beta)
        for _ in range(_MAX_ITERATIONS):
            p = expit(design @ beta)
            weight = self.many * p * (1 - p)
            information = (design * weight[:, None]).T @ design
            residual = self.y - self.many * p
            if penalty:
                if np.linalg.cond(information) > _SINGULAR:
                    return None
                hat = weight * np.einsum("ij,ji->i", design, np.linalg.solve(information, design.T))
                residual = residual + 2 * penalty * hat * (0.5 - p)
            score = (design.T @ residual)[free]
            if not free.size or np.abs(score).max() < _TOLERANCE:
                return beta, value
            inner = information[np.ix_(free, free)]
            if np.linalg.cond(inner) > _SINGULAR:
                return None
            step = np.linalg.solve(inner, score)
            step *= min(1.0, _MAX_STEP / max(np.abs(step).max(), 1e-300))
            for _ in range(40):
                tried = beta.copy()
                tried[free] += step
                gained = self.value(tried)
                # Up to rounding, which grows with the number of subjects.
                if gained >= value - 1e-12 - 1e-15 * abs(value):
                    break
                step = step / 2
            else:
                return (beta, value) if np.abs(score).max() < 1e-6 else None
            beta, value = tried, gained
            if not penalty and fixed is None and np.abs(design @ beta).max() > _RUN_OFF:
                return None
        return (beta, value) if np.abs(score).max() < 1e-6 else None


def _no_fit(size: int, note: Reason) -> LogisticFit:
    nothing = np.full(size, np.nan)
    return LogisticFit(
        nothing, nothing, np.full((size, size), np.nan), nothing, nothing, nothing, nothing,
        np.nan, note,
    )  # fmt: skip
