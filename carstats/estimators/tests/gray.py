"""Gray's test: is the cumulative incidence of one cause the same in k groups?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.estimators.curves.risk_table import RiskTable, risk_table
from carstats.estimators.quadratic_form import chi_square_tail, pseudo_inverse
from carstats.estimators.reasons import (
    CONTRASTS_NOT_INFORMATIVE,
    FEWER_THAN_TWO_GROUPS,
    NO_EVENT_OF_CAUSE,
    NO_EVENT_TELLS_APART,
    Reason,
)


@dataclass(frozen=True)
class GrayTest:
    """Gray's test of equal cumulative incidence.

    Attributes
    ----------
    statistic : float
        Chi-squared statistic; NaN where the data allow no test.
    df : int
        Degrees of freedom: one less than the number of groups that inform the test.
    p_value : float
        Upper tail of the chi-squared distribution.
    score : ndarray, shape (G,)
        Weighted sum of observed minus expected events in each group; they add up to 0.
    variance : ndarray, shape (G, G)
        Variance of `score`.
    reason : Reason or None
        Why there is no test, or what weakens it; else None.
    """

    statistic: float
    df: int
    p_value: float
    score: NDArray[np.float64]
    variance: NDArray[np.float64]
    reason: Reason | None = None


def gray_score_test(
    time: ArrayLike,
    status: ArrayLike,
    group: ArrayLike,
    *,
    n_groups: int | None = None,
    cause: int = 1,
    rho: float = 0.0,
    strata: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> GrayTest:
    """Test whether the cumulative incidence of one cause is the same in k groups.

    Parameters
    ----------
    time : array_like, shape (n,)
        Time of the event or of censoring.
    status : array_like of int, shape (n,)
        0 for censored, otherwise the cause of the event.
    group : array_like of int, shape (n,)
        Group of each subject, from 0.
    n_groups : int, optional
        Number of groups, when some may have no subject; such a group takes no part.
    cause : int
        The cause that is tested; all others compete.
    rho : float
        Weights (1 - F)^rho, with F the pooled incidence just before each time: 0 weighs all times
        alike, a positive value the early ones.
    strata : array_like, shape (n,), optional
        Strata that the test is adjusted for: scores and variances are added over them.
    entry : array_like, shape (n,), optional
        Time at which each subject came under observation (left truncation).
    weights : array_like, shape (n,), optional
        How many subjects each row stands for; 1 by default.

    Returns
    -------
    GrayTest
        The statistic of cmprsk::cuminc, `strata` included.

    References
    ----------
    Gray RJ. Ann Stat 1988; 16: 1141-1154.
    """
    time, status = np.asarray(time, float), np.asarray(status, int)
    group = np.asarray(group, int)
    size = n_groups if n_groups is not None else (group.max() + 1 if group.size else 0)
    each = np.ones(time.size) if weights is None else np.asarray(weights, float)
    levels = np.zeros(time.size, int)
    if strata is not None:
        levels = np.unique(np.asarray(strata), return_inverse=True)[1].reshape(-1)
    coded = np.where(status == cause, 1, np.where(status > 0, 2, 0))
    score, variance = np.zeros(size), np.zeros((size, size))
    for level in range(levels.max() + 1 if levels.size else 0):
        here = levels == level
        entered = None if entry is None else np.asarray(entry, float)[here]
        member = (group[here] == np.arange(size)[:, None]) * each[here]
        table = risk_table(time[here], coded[here], n_causes=2, entry=entered, weights=member)
        more, spread = _score(table, rho)
        score, variance = score + more, variance + spread
    return _chi_squared(score, variance, np.unique(group).size, bool((coded == 1).any()))


def _score(table: RiskTable, rho: float):
    """Score and variance in one stratum; the table's leading axis is the group.

    Notation of the paper: h = Y/S(t-) and R = h (1 - F(t-)) in each group; under the hypothesis
    the incidence F0 grows by dN1/h summed over groups.
    """
    # A group in which nobody is at risk any more informs no time.
    y, own, rival = table.n_risk, table.n_event[..., 0], table.n_event[..., 1]
    safe = np.maximum(y, 1)
    after = np.cumprod(1 - (own + rival) / safe, axis=-1)
    before = np.concatenate([np.ones((len(y), 1)), after[:, :-1]], axis=-1)[:, : y.shape[-1]]
    step = before * own / safe
    alive = np.where(before > 0, before, 1.0)
    h = np.where(before > 0, y, 0.0) / alive
    r = h * (1 - (np.cumsum(step, axis=-1) - step))
    events, h_sum, r_sum = own.sum(axis=0), h.sum(axis=0), r.sum(axis=0)
    pooled = _ratio(events, h_sum)
    f0 = np.cumsum(pooled)
    free = np.maximum(1 - (f0 - pooled), 0.0)
    weight = np.where(free > 0, free, 1.0) ** rho * (free > 0)
    hazard = _ratio(pooled, free)
    score = (weight * (own - _ratio(r, r_sum) * events)).sum(axis=-1)

    variance = np.zeros((len(y), len(y)))
    for group in range(len(y)):
        unit = (np.arange(len(y)) == group)[:, None]
        now = weight * (unit - _ratio(h, h_sum)) * h[group]
        later = np.cumsum(now * hazard, axis=-1)
        later = np.where(after[group] > 0, later[:, -1:] - later, 0.0)
        ratio = _ratio(1 - f0, after[group])
        from_own, from_rival = now + (1 - ratio) * later, -ratio * later
        # Several events at one time: hypergeometric, as in a log-rank variance.
        expected = h_sum * before[group]
        tied = np.where(events > 1, 1 - _ratio(events - 1, expected - 1), 1.0)
        tied_rival = np.where(rival[group] > 1, 1 - _ratio(rival[group] - 1, y[group] - 1), 1.0)
        size = _ratio(1.0, h[group])
        variance += (from_own * (size * pooled * tied)) @ from_own.T
        variance += (from_rival * (size**2 * rival[group] * tied_rival)) @ from_rival.T
    return score, variance


def _ratio(above, below):
    """Divide, with 0 for a division by 0."""
    above, below = np.broadcast_arrays(above, below)
    return np.divide(above, below, out=np.zeros(above.shape), where=below != 0)


def _chi_squared(score, variance, n_groups: int, any_event: bool) -> GrayTest:
    nothing = (np.nan, 0, np.nan, score, variance)
    if n_groups < 2:
        return GrayTest(*nothing, Reason(FEWER_THAN_TWO_GROUPS))
    if not any_event:
        return GrayTest(*nothing, Reason(NO_EVENT_OF_CAUSE))
    # The scores add up to 0, so that one direction of the variance is empty.
    inverse, rank = pseudo_inverse(variance)
    if not rank:
        return GrayTest(*nothing, Reason(NO_EVENT_TELLS_APART))
    statistic = float(score @ inverse @ score)
    weaker = Reason(CONTRASTS_NOT_INFORMATIVE, {"n": rank, "total": n_groups - 1})
    reason = weaker if rank < n_groups - 1 else None
    p_value = chi_square_tail(statistic, rank)
    return GrayTest(statistic, rank, p_value, score, variance, reason)
