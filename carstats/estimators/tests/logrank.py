"""Weighted log-rank tests: k groups, strata, trend, left truncation; and their linear scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.estimators.curves.risk_table import (
    RiskTable,
    distinct_times,
    strata_rows,
    time_starts,
)
from carstats.estimators.quadratic_form import chi_square_tail, pseudo_inverse
from carstats.estimators.reasons import (
    GROUPS_NOT_COMPARED,
    NO_EVENT_AT_RISK_TOGETHER,
    NO_EVENT_COUNTED,
    NO_SUBJECTS,
    ONE_GROUP,
    Reason,
)

WEIGHTS = ("log-rank", "Gehan-Wilcoxon", "Tarone-Ware", "Peto-Peto", "Fleming-Harrington")


@dataclass(frozen=True)
class LogrankTest:
    """A comparison of G groups with its asymptotic chi-square distribution.

    Attributes
    ----------
    statistic : float
        Chi-square; NaN when nothing could be compared.
    df : int
        Degrees of freedom: groups that were compared, less one; 1 for a trend.
    p_value : float
        Two-sided.
    z : float
        Signed root of `statistic` where it has a direction: for a trend (positive: more events
        than expected with a higher trend score) and for two groups (positive: more events than
        expected in the later one); else NaN.
    observed, expected : ndarray, shape (G,)
        Weighted events, and those expected if all groups had one hazard. For the log-rank weight
        they are counts of events.
    variance : ndarray, shape (G, G)
        Hypergeometric covariance of `observed` given the margins.
    note : Reason or None
        Why there is no statistic, or which groups were not compared.
    """

    statistic: float
    df: int
    p_value: float
    z: float
    observed: NDArray[np.float64]
    expected: NDArray[np.float64]
    variance: NDArray[np.float64]
    note: Reason | None


def weighted_logrank(
    time: ArrayLike,
    status: ArrayLike,
    group: ArrayLike,
    *,
    n_groups: int | None = None,
    strata: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    weight: str = "log-rank",
    exponents: tuple[float, float] = (0.0, 0.0),
    trend: ArrayLike | None = None,
) -> LogrankTest:
    """Test whether groups have the same hazard.

    Parameters
    ----------
    time : array_like, shape (n,)
        Time of the event or of censoring.
    status : array_like of int, shape (n,)
        1 for the event, 0 for censored.
    group : array_like of int, shape (n,)
        Group of each subject, from 0 to `n_groups` - 1.
    n_groups : int, optional
        Number of groups G, empty ones included; by default the largest code plus one.
    strata : array_like, shape (n,), optional
        Stratum of each subject: the groups are compared within strata and the differences added.
        Weights are those of the stratum.
    entry : array_like, shape (n,), optional
        Left truncation: at risk at t are those with entry < t <= time.
    weights : array_like, shape (n,), optional
        How many subjects each row stands for; 1 by default.
    weight : {"log-rank", "Gehan-Wilcoxon", "Tarone-Ware", "Peto-Peto", "Fleming-Harrington"}
        Weight of an event time with n at risk: 1; n; the root of n; the product of 1 - d / (n + 1)
        up to and including it (SAS's ``PETO``); or S(t-)^p (1 - S(t-))^q with the Kaplan-Meier
        curve S just before it (with q = 0 R's ``survdiff(rho = p)``).
    exponents : (float, float)
        p and q of Fleming-Harrington, not negative.
    trend : array_like, shape (G,), optional
        Scores of the groups: one degree of freedom against an ordered difference.

    Returns
    -------
    LogrankTest
        The test.

    References
    ----------
    Mantel N. Cancer Chemother Rep 1966; 50: 163-170.
    Gehan EA. Biometrika 1965; 52: 203-223. Breslow N. Biometrika 1970; 57: 579-594.
    Tarone RE, Ware J. Biometrika 1977; 64: 156-160.
    Tarone RE. Biometrika 1975; 62: 679-690 (trend).
    Peto R, Peto J. J R Stat Soc A 1972; 135: 185-207. Prentice RL. Biometrika 1978; 65: 167-179.
    Harrington DP, Fleming TR. Biometrika 1982; 69: 553-566.
    """
    tables = group_tables(
        time, status, group, n_groups=n_groups, strata=strata, entry=entry, weights=weights
    )
    return logrank_of_tables(tables, weight=weight, exponents=exponents, trend=trend)


def group_tables(
    time: ArrayLike,
    status: ArrayLike,
    group: ArrayLike,
    *,
    n_groups: int | None = None,
    strata: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> list[RiskTable]:
    """Count each group at the times of its stratum.

    Parameters
    ----------
    time, status, group, n_groups, strata, entry, weights
        As for `weighted_logrank`.

    Returns
    -------
    list of RiskTable
        One for each stratum; the batch axis is the group: ``n_risk`` has shape (G, K). Without
        `strata` one table.
    """
    status, group = np.asarray(status, int), np.asarray(group, int)
    size = int(n_groups if n_groups is not None else group.max(initial=-1) + 1)
    if strata is None and entry is None and weights is None:
        return [_whole_table(np.asarray(time, float), status > 0, group, size)]
    distinct, end, start = _common_times(time, entry)
    each = np.ones(end.size) if weights is None else np.asarray(weights, float)
    tables = []
    for rows in strata_rows(strata, end.size):
        kept = slice(None) if rows is None else rows
        codes, where = np.arange(distinct.size), end[kept]
        begin = None if start is None else start[kept]
        if rows is not None or begin is not None:
            # The times of this stratum's subjects, each in its place among them.
            codes, where = np.unique(where, return_inverse=True)
        cells = where + codes.size * group[kept]
        shape = (size, codes.size)

        happened, many = status[kept] > 0, each[kept]
        events = np.bincount(cells[happened], many[happened], shape[0] * shape[1]).reshape(shape)
        left = np.bincount(cells, many, shape[0] * shape[1]).reshape(shape)
        gone = np.cumsum(left, axis=-1)
        if begin is None:
            joined_before = joined_by = left.sum(axis=-1, keepdims=True)
        else:
            joined_before = _joined(codes, begin, group[kept], many, size, "left")
            joined_by = _joined(codes, begin, group[kept], many, size, "right")
        tables.append(
            RiskTable(
                distinct[codes],
                joined_before - (gone - left),
                events[..., None],
                left - events,
                joined_by - gone,
            )
        )
    return tables


def _whole_table(time, happened, group, size: int) -> RiskTable:
    """Count without strata and entry: by one sort of the times."""
    order = np.argsort(time)
    ordered, group, happened = time[order], group[order], happened[order]
    first = time_starts(ordered)
    left, events, after = np.empty((3, size, first.size))
    for code in range(size):
        mine = group == code
        left[code] = _at_each_time(mine, first)
        events[code] = _at_each_time(mine & happened, first)
        np.cumsum(left[code], out=after[code])
        np.subtract(after[code, -1:].sum(), after[code], out=after[code])
    return RiskTable(ordered[first], after + left, events[..., None], left - events, after)


def _at_each_time(flags: NDArray[np.bool_], first: NDArray[np.intp]) -> NDArray[np.float64]:
    """Count the subjects with a flag at each distinct time; times may all differ."""
    each = flags.astype(float)
    return each if each.size == first.size else np.add.reduceat(each, first)


def _common_times(time, entry):
    """Distinct times of everyone, and the place among them of each end and each entry."""
    time = np.asarray(time, float)
    if entry is None:
        distinct, end = distinct_times(time)
        return distinct, end, None
    distinct, place = distinct_times(np.concatenate([time, np.asarray(entry, float)]))
    return distinct, place[: time.size], place[time.size :]


def _joined(codes, begin, group, many, size: int, side: str) -> NDArray[np.float64]:
    """Subjects of each group that entered before ("left") or by ("right") each time."""
    found = np.empty((size, codes.size))
    for g in range(size):
        mine = group == g
        order = np.argsort(begin[mine], kind="stable")
        so_far = np.append(0.0, np.cumsum(many[mine][order]))
        found[g] = so_far[np.searchsorted(begin[mine][order], codes, side=side)]
    return found


def logrank_of_tables(
    tables: Sequence[RiskTable],
    *,
    weight: str = "log-rank",
    exponents: tuple[float, float] = (0.0, 0.0),
    trend: ArrayLike | None = None,
) -> LogrankTest:
    """Test whether groups have the same hazard, from counts.

    Parameters
    ----------
    tables : sequence of RiskTable
        One for each stratum, with the group as the batch axis, as `group_tables` makes them;
        events of all causes count.
    weight, exponents, trend
        As for `weighted_logrank`.

    Returns
    -------
    LogrankTest
        The test.
    """
    size = tables[0].n_risk.shape[0] if tables else 0
    observed, expected, variance = np.zeros(size), np.zeros(size), np.zeros((size, size))
    people = np.zeros(size)
    for table in tables:
        single = table.n_event.shape[-1] == 1
        events = table.n_event[..., 0] if single else table.n_event.sum(axis=-1)
        people += events.sum(axis=-1) + table.n_censor.sum(axis=-1)
        chosen = np.flatnonzero(events.sum(axis=0))
        events, at_risk = (np.take(v, chosen, axis=1) for v in (events, table.n_risk))
        d, n = events.sum(axis=0), at_risk.sum(axis=0)
        w = event_weights(n, d, weight, exponents)
        share, others = at_risk / n, (n - at_risk) / n
        observed += events @ w
        expected += share @ (w * d)
        # One at risk has no variance: the factor is 0 / 0 there, and 0 by definition.
        spread = w * w * d * (n - d) / np.maximum(n - 1, 1)
        found = -(share * spread) @ share.T
        # As a product, which is 0 where nobody else is at risk; a difference would leave rounding.
        np.fill_diagonal(found, (share * others) @ spread)
        variance += found
    return _answer(observed, expected, variance, people, trend)


def event_weights(
    n: NDArray[np.float64], d: NDArray[np.float64], weight: str, exponents: tuple[float, float]
) -> NDArray[np.float64]:
    """Compute the weights of the event times of one stratum."""
    if weight == "log-rank":
        return np.ones_like(n)
    if weight == "Gehan-Wilcoxon":
        return n
    if weight == "Tarone-Ware":
        return np.sqrt(n)
    if weight == "Peto-Peto":
        return np.cumprod(1 - d / (n + 1))
    p, q = exponents
    before = np.cumprod(np.append(1.0, 1 - d / n))[:-1]
    # 0 to the power 0 is 1: q = 0 is no weight by the events before.
    return before**p * (1 - before) ** q


def _answer(observed, expected, variance, people, trend) -> LogrankTest:
    size = observed.size
    difference = observed - expected
    z = np.nan
    if trend is not None:
        scores = np.asarray(trend, float)
        # Centred, for the statistic does not depend on their origin but rounding would.
        scores = scores - (scores.mean() if size else 0.0)
        spread = float(scores @ variance @ scores)
        scale = float(np.abs(scores) @ np.abs(variance) @ np.abs(scores))
        df = int(spread > 1e-9 * scale)
        z = float(scores @ difference) / np.sqrt(spread) if df else np.nan
        statistic = z * z
    else:
        inverse, df = pseudo_inverse(variance)
        statistic = float(difference @ inverse @ difference) if df else np.nan
        compared = np.flatnonzero(np.diag(variance) > 0)
        if df == 1 and compared.size == 2:
            z = float(difference[compared[1]] / np.sqrt(variance[compared[1], compared[1]]))
    note = _why(df, observed, variance, people)
    return LogrankTest(
        float(statistic), df, chi_square_tail(statistic, df), float(z), observed, expected,
        variance, note,
    )  # fmt: skip


def _why(df: int, observed, variance, people) -> Reason | None:
    if not people.sum():
        return Reason(NO_SUBJECTS)
    if (people > 0).sum() < 2:
        return Reason(ONE_GROUP)
    if not observed.any() and not np.diag(variance).any():
        return Reason(NO_EVENT_COUNTED)
    if df == 0:
        return Reason(NO_EVENT_AT_RISK_TOGETHER)
    idle = int((np.diag(variance) <= 0).sum())
    if not idle:
        return None
    return Reason(GROUPS_NOT_COMPARED, {"n": idle, "total": observed.size})


def logrank_scores(
    time: ArrayLike,
    status: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    entry: ArrayLike | None = None,
    weight: str = "log-rank",
    exponents: tuple[float, float] = (0.0, 0.0),
) -> NDArray[np.float64]:
    """Compute the linear scores whose sum over a group is its weighted observed minus expected.

    Returns: the weight of the subject's own event, if any, less the weighted cumulative hazard of
    its stratum over the time it was at risk. They add up to 0 in each stratum.

    Prentice RL. Biometrika 1978; 65: 167-179.
    Letón E, Zuluaga P. Commun Stat Theory Methods 2001; 30: 591-608 (ties).
    """
    status = np.asarray(status, int)
    distinct, end, start = _common_times(time, entry)
    one = np.zeros(end.size, int)
    tables = group_tables(time, status, one, n_groups=1, strata=strata, entry=entry)
    scores = np.zeros(end.size)
    for table, rows in zip(tables, strata_rows(strata, end.size), strict=True):
        kept = np.arange(end.size) if rows is None else rows
        n, d = table.n_risk[0], table.n_event[0, :, 0]
        chosen = d > 0
        n, d = n[chosen], d[chosen]
        w = event_weights(n, d, weight, exponents)
        hazard = np.append(0.0, np.cumsum(w * d / n))
        place = np.searchsorted(table.time[chosen], distinct, side="right")
        scores[kept] = -hazard[place[end[kept]]]
        if start is not None:
            scores[kept] += hazard[place[start[kept]]]
        own = kept[status[kept] > 0]
        scores[own] += w[place[end[own]] - 1]
        # What rounding leaves of 0 would otherwise be permuted as if it were a score.
        least = 1e-12 * max(w.max(initial=0.0), hazard[-1])
        scores[kept] = np.where(np.abs(scores[kept]) > least, scores[kept], 0.0)
    return scores
