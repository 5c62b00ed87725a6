"""Mixed model for repeated measures: means at visits with a covariance between visits, by REML."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.errors import CarstatsError, check_choice
from carstats.estimators.reasons import (
    FEWER_VALUES_THAN_COEFFICIENTS,
    NO_CLEAR_MAXIMUM,
    VALUES_DO_NOT_VARY,
    Reason,
)
from carstats.messages import message

COVARIANCES = ("unstructured", "heterogeneous AR(1)", "compound symmetry")

_MAX_ITERATIONS = 100
# Newton's decrement at which the log-likelihood no longer changes in double precision.
_DECREMENT = 1e-13


@dataclass(frozen=True)
class MmrmFit:
    """A mixed model for repeated measures of q visits and p coefficients.

    Attributes
    ----------
    coef : ndarray, shape (p,)
        Coefficients; NaN where there is no fit.
    covariance : ndarray, shape (p, p)
        Their covariance, (X' V^-1 X)^-1.
    df : ndarray, shape (p,)
        Satterthwaite's degrees of freedom of each coefficient.
    between : ndarray, shape (q, q)
        Covariance of a subject's values at the visits.
    log_likelihood : float
        Restricted log-likelihood.
    structure : str
        Which covariance was fitted.
    reason : Reason or None
        Why there is no fit; else None.
    contrast, contrast_error, contrast_df : ndarray, shape (c,)
        Of the contrasts asked for: estimate, standard error and Satterthwaite's degrees of freedom.
    """

    coef: NDArray[np.float64]
    covariance: NDArray[np.float64]
    df: NDArray[np.float64]
    between: NDArray[np.float64]
    log_likelihood: float
    structure: str
    reason: Reason | None = None
    contrast: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    contrast_error: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    contrast_df: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

    @property
    def std_error(self) -> NDArray[np.float64]:
        """Standard errors of the coefficients, shape (p,)."""
        return np.sqrt(np.diag(self.covariance))


@dataclass(frozen=True)
class _Pattern:
    """The subjects seen at the same visits."""

    seen: NDArray[np.intp]  # (m,) places of their visits
    y: NDArray[np.float64]  # (n, m)
    x: NDArray[np.float64]  # (n, m, p)


def fit_mmrm(
    y: ArrayLike,
    x: ArrayLike,
    *,
    structure: str = "unstructured",
    contrasts: ArrayLike | None = None,
) -> MmrmFit:
    """Fit a mixed model for repeated measures by restricted maximum likelihood.

    Values that are missing at random, given those seen, do not bias it.

    Parameters
    ----------
    y : array_like, shape (n, q)
        Values of n subjects at q visits; NaN where there is none.
    x : array_like, shape (n, q, p)
        Covariates of each value.
    structure : {"unstructured", "heterogeneous AR(1)", "compound symmetry"}
        Covariance between visits: free; a variance for each visit and a correlation that falls by
        the number of visits between; one variance and one correlation.
    contrasts : array_like, shape (c, p), optional
        Linear combinations of the coefficients to estimate, a row for each.

    Returns
    -------
    MmrmFit
        The estimates, equal to those of nlme::gls. Where they cannot be had, NaN and a `reason`.

    Raises
    ------
    CarstatsError
        If the structure is unknown or shapes do not match.

    References
    ----------
    Mallinckrodt CH, Lane PW, Schnell D, Peng Y, Mancuso JP. Drug Inf J 2008; 42: 303-319.
    Satterthwaite FE. Biometrics Bull 1946; 2: 110-114.
    Fai AHT, Cornelius PL. J Stat Comput Simul 1996; 54: 363-378.
    """
    structure = check_choice("structure", structure, COVARIANCES)
    y, x = np.asarray(y, float), np.asarray(x, float)
    if x.ndim != 3 or x.shape[:2] != y.shape:
        raise CarstatsError(
            message(
                "`x` has shape {shape} for `y` of shape {wanted}.", shape=x.shape, wanted=y.shape
            )
        )
    seen = ~np.isnan(y)
    p, q = x.shape[2], y.shape[1]
    rows = x[seen]
    if len(rows) <= p or np.linalg.matrix_rank(rows) < p:
        return _no_fit(p, q, structure, Reason(FEWER_VALUES_THAN_COEFFICIENTS))
    patterns = []
    for mask in np.unique(seen[seen.any(axis=1)], axis=0):
        here, visits = (seen == mask).all(axis=1), np.flatnonzero(mask)
        patterns.append(_Pattern(visits, y[here][:, visits], x[here][:, visits]))
    residual = y[seen] - rows @ np.linalg.lstsq(rows, y[seen], rcond=None)[0]
    spread = np.sqrt((residual**2).sum() / (len(rows) - p))
    if not spread > 1e-10 * max(1.0, float(np.abs(y[seen]).max())):
        return _no_fit(p, q, structure, Reason(VALUES_DO_NOT_VARY))
    # In units of the residual spread: steps and tolerances then do not depend on the score's unit.
    patterns = [_Pattern(pattern.seen, pattern.y / spread, pattern.x) for pattern in patterns]

    def target(theta):
        return _deviance(patterns, _between(theta, structure, q))

    def slope(theta):
        return _slope(patterns, theta, structure, q)

    theta = _start(structure, q)
    value = target(theta)
    for _ in range(_MAX_ITERATIONS):
        gradient, hessian = slope(theta), _jacobian(slope, theta)
        hessian = (hessian + hessian.T) / 2
        root, vectors = np.linalg.eigh(hessian)
        # Away from the minimum the curvature may be negative: its size still scales the step.
        root = np.maximum(np.abs(root), 1e-8 * np.abs(root).max())
        step = -vectors @ ((vectors.T @ gradient) / root)
        step *= min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        decrement = -float(gradient @ step)
        size = 1.0
        while not target(theta + size * step) <= value + 1e-12 * abs(value) and size > 1e-8:
            size /= 2
        theta = theta + size * step
        value = target(theta)
        if decrement < _DECREMENT * max(1.0, abs(value)):
            break
    hessian = _jacobian(slope, theta)
    hessian = (hessian + hessian.T) / 2
    curved = np.linalg.eigvalsh(hessian)
    gradient = slope(theta)
    if not curved[0] > 1e-6 * curved[-1] or np.abs(gradient).max() > 1e-4:
        return _no_fit(p, q, structure, Reason(NO_CLEAR_MAXIMUM))
    between = _between(theta, structure, q)
    coef, covariance = _coefficients(patterns, between)
    uncertainty = np.linalg.inv(hessian)
    combined = np.eye(p)
    if contrasts is not None:
        combined = np.vstack([combined, np.asarray(contrasts, float).reshape(-1, p)])

    def variances(parameters):
        found = _coefficients(patterns, _between(parameters, structure, q))[1]
        return np.einsum("ci,ij,cj->c", combined, found, combined)

    bend = _jacobian(variances, theta)
    variance = variances(theta)
    df = 2 * variance**2 / np.einsum("ij,jk,ik->i", bend, uncertainty, bend)
    constant = (len(rows) - p) * (0.5 * np.log(2 * np.pi) + np.log(spread))
    square = spread**2
    return MmrmFit(
        coef * spread, covariance * square, df[:p], between * square, -value - constant, structure,
        None, (combined[p:] @ coef) * spread, np.sqrt(variance[p:]) * spread, df[p:],
    )  # fmt: skip


def _no_fit(p: int, q: int, structure: str, reason: Reason) -> MmrmFit:
    blank = np.full(p, np.nan)
    return MmrmFit(
        blank, np.full((p, p), np.nan), blank, np.full((q, q), np.nan), np.nan, structure, reason
    )


def _start(structure: str, q: int):
    sd, rho = np.zeros(q), 0.4
    if structure == "unstructured":
        root = np.linalg.cholesky(np.full((q, q), rho) + (1 - rho) * np.eye(q))
        return np.concatenate([np.log(np.diag(root)), root[np.tril_indices(q, -1)]])
    if q == 1:
        return sd[:1]
    if structure == "heterogeneous AR(1)":
        return np.append(sd, np.arctanh(rho))
    return np.array([0.0, np.log((1 + (q - 1) * rho) / (1 - rho))])


def _between(theta, structure: str, q: int):
    """Covariance between visits; the parameters range over all numbers."""
    if structure == "unstructured":
        root = np.diag(np.exp(theta[:q]))
        root[np.tril_indices(q, -1)] = theta[q:]
        return root @ root.T
    if q == 1:
        return np.exp(2 * theta[:1])[None]
    if structure == "heterogeneous AR(1)":
        sd = np.exp(theta[:q])
        apart = np.abs(np.subtract.outer(np.arange(q), np.arange(q)))
        return np.outer(sd, sd) * np.tanh(theta[q]) ** apart
    # A common correlation lies between -1 / (q - 1) and 1.
    odds = np.exp(theta[1])
    rho = (odds - 1) / (odds + q - 1)
    return np.exp(2 * theta[0]) * (rho + (1 - rho) * np.eye(q))


def _normal(patterns, between):
    """Sums of X'V^-1 X and X'V^-1 y, and the inverses and log determinants of V."""
    inverses, logs = [], 0.0
    p = patterns[0].x.shape[2]
    left, right = np.zeros((p, p)), np.zeros(p)
    for pattern in patterns:
        part = between[np.ix_(pattern.seen, pattern.seen)]
        inverse = np.linalg.inv(part)
        inverses.append(inverse)
        logs += len(pattern.y) * np.linalg.slogdet(part)[1]
        weighted = inverse @ pattern.x
        left += np.einsum("nmi,nmj->ij", pattern.x, weighted)
        right += np.einsum("nmi,nm->i", weighted, pattern.y)
    return left, right, inverses, logs


def _coefficients(patterns, between):
    left, right, *_ = _normal(patterns, between)
    covariance = np.linalg.inv(left)
    return covariance @ right, covariance


def _deviance(patterns, between) -> float:
    """Minus the restricted log-likelihood, without its constant."""
    if np.linalg.eigvalsh(between)[0] <= 1e-14 * np.trace(between):
        return np.inf
    left, right, inverses, logs = _normal(patterns, between)
    coef = np.linalg.solve(left, right)
    total = logs + np.linalg.slogdet(left)[1]
    for pattern, inverse in zip(patterns, inverses, strict=True):
        residual = pattern.y - pattern.x @ coef
        total += np.einsum("ni,ij,nj->", residual, inverse, residual)
    return float(total / 2)


def _slope(patterns, theta, structure: str, q: int):
    """Gradient of `_deviance` by the parameters."""
    between = _between(theta, structure, q)
    left, right, inverses, _ = _normal(patterns, between)
    covariance = np.linalg.inv(left)
    coef = covariance @ right
    by_element = np.zeros((q, q))
    for pattern, inverse in zip(patterns, inverses, strict=True):
        pulled = (pattern.y - pattern.x @ coef) @ inverse
        weighted = inverse @ pattern.x
        found = len(pattern.y) * inverse - pulled.T @ pulled
        found -= np.einsum("nai,ij,nbj->ab", weighted, covariance, weighted)
        by_element[np.ix_(pattern.seen, pattern.seen)] += found / 2
    change = _jacobian(lambda t: _between(t, structure, q).ravel(), theta)
    return by_element.ravel() @ change


def _jacobian(function, theta):
    """Derivatives by central differences of fourth order: exact to some 1e-11."""
    columns = []
    for i, value in enumerate(theta):
        step = np.zeros(len(theta))
        step[i] = h = 1e-3 * max(1.0, abs(value))
        near = function(theta + step) - function(theta - step)
        far = function(theta + 2 * step) - function(theta - 2 * step)
        columns.append((8 * near - far) / (12 * h))
    return np.stack(columns, axis=-1)
