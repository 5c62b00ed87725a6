"""The p-value that a log-rank test has by default: permuted in small groups, none in tiny ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.estimators.curves.kaplan_meier import kaplan_meier
from carstats.estimators.curves.risk_table import risk_table, strata_rows
from carstats.estimators.reasons import (
    ASYMPTOTIC_IN_SMALL_GROUP,
    ENTRIES_PERMUTED,
    FOLLOWUP_DIFFERS,
    GROUP_TOO_SMALL,
    SMALLEST_P,
    Reason,
)
from carstats.estimators.tests.logrank import LogrankTest, weighted_logrank
from carstats.estimators.tests.studentised_logrank import StudentisedTest, studentised_logrank

# From here on in the smallest group the chi-square distribution holds its level: worst of four
# settings of 12,000 replicates 5.4 % at 50 + 50, but 5.9 % at 20 + 100 (docs/coverage.md).
ASYMPTOTIC_FROM = 50
# A group of two or one is no group: no p-value unless it is asked for.
FEWEST = 3
LEVEL = 0.05
# Median follow-up of one group by that of another from which "alike" is no longer said.
_UNLIKE = 1.5
# Random arrangements from which the most extreme one is thought to have been seen.
_ENOUGH = 999


@dataclass(frozen=True)
class RuledTest:
    """A log-rank test with the p-value that its groups' sizes allow.

    Attributes
    ----------
    test : LogrankTest
        The statistic with its parts; its asymptotic p-value is used from 50 in the smallest group.
    p_value : float
        NaN where there is none.
    p_method : {"studentised exact", "studentised resampling", "asymptotic", "none"}
        Where it comes from.
    smallest : float
        The smallest p-value that the permutation could give; NaN without one.
    n_arrangements : float
        Ways to allocate the subjects; NaN unless permuted.
    n_resamples : int
        Random arrangements drawn; 0 where all were looked at.
    reasons : tuple of Reason
        What the reader has to know.
    """

    test: LogrankTest
    p_value: float
    p_method: str
    smallest: float
    n_arrangements: float
    n_resamples: int
    reasons: tuple[Reason, ...]


def logrank_by_rule(
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
    always_permute: bool = False,
    n_resamples: int = 9_999,
    seed: int = 0,
) -> RuledTest:
    """Test whether groups have the same hazard, by what their sizes allow.

    Parameters
    ----------
    time, status, group, n_groups, strata, entry, weights, weight, exponents, trend
        As for `weighted_logrank`; `trend` has a score for each of the `n_groups`.
    always_permute : bool
        Whether to permute whatever the sizes are.
    n_resamples, seed
        As for `studentised_logrank`.

    Returns
    -------
    RuledTest
        With a group of one or two no p-value; the permuted, studentised statistic while the
        smallest group has fewer than 50; else the chi-square distribution. Sizes are counted over
        the strata that have subjects of two groups; a group without subjects takes no part.
    """
    shared = {"strata": strata, "entry": entry, "weight": weight, "exponents": exponents}
    test = weighted_logrank(
        time, status, group, n_groups=n_groups, trend=trend, weights=weights, **shared
    )
    known = () if test.note is None else (test.note,)
    sizes = compared_sizes(group, strata, weights)
    if np.isnan(test.statistic):
        return RuledTest(test, np.nan, "none", np.nan, np.nan, 0, known)
    smallest = int(sizes.min())
    if smallest < FEWEST and not always_permute:
        small = Reason(GROUP_TOO_SMALL, {"n": smallest, "least": FEWEST})
        return RuledTest(test, np.nan, "none", np.nan, np.nan, 0, (*known, small))
    if smallest >= ASYMPTOTIC_FROM and not always_permute:
        return RuledTest(test, test.p_value, "asymptotic", np.nan, np.nan, 0, known)
    if trend is not None:
        # An empty group takes no part: the scores of those present.
        shared["trend"] = np.asarray(trend, float)[np.unique(np.asarray(group, int))]
    time, status, group, strata, entry = one_by_one(time, status, group, strata, entry, weights)
    shared |= {"strata": strata, "entry": entry}
    found = studentised_logrank(time, status, group, n_resamples=n_resamples, seed=seed, **shared)
    reasons = (*known, *_permuted(found), *followup_differs(time, status, group, entry))
    if entry is not None:
        reasons = (*reasons, Reason(ENTRIES_PERMUTED))
    return RuledTest(
        test, found.p_value, f"studentised {found.method}", found.smallest, found.n_arrangements,
        found.n_resamples, reasons,
    )  # fmt: skip


def _permuted(found: StudentisedTest) -> tuple[Reason, ...]:
    # Of a handful of random arrangements nothing is known of the smallest p-value.
    known = found.method == "exact" or found.n_resamples >= _ENOUGH
    if found.smallest > LEVEL and known:
        return (Reason(SMALLEST_P, {"p": found.smallest}),)
    return ()


def one_by_one(time, status, group, strata, entry, weights):
    """Return a row for each subject, in one order: random arrangements are then always the same."""
    columns = [strata, group, time, status, entry]
    arrays = [None if values is None else np.asarray(values) for values in columns]
    order = np.lexsort([values for values in reversed(arrays) if values is not None])
    if weights is not None:
        order = np.repeat(order, np.asarray(weights, int)[order])
    strata, group, time, status, entry = (
        None if values is None else values[order] for values in arrays
    )
    return time, status, group, strata, entry


def compared_sizes(
    group: ArrayLike, strata: ArrayLike | None = None, weights: ArrayLike | None = None
) -> NDArray[np.intp]:
    """Count the subjects of the groups in the strata where there is something to compare.

    Parameters
    ----------
    group : array_like of int, shape (n,)
        Group of each subject.
    strata : array_like, shape (n,), optional
        Stratum of each subject.
    weights : array_like, shape (n,), optional
        How many subjects each row stands for; 1 by default.

    Returns
    -------
    ndarray of int
        A number for each group that has subjects in a stratum with another group; [0] if none has.
    """
    group = np.asarray(group, int)
    each = np.ones(group.size) if weights is None else np.asarray(weights, float)
    total = np.zeros(group.max(initial=0) + 1)
    for rows in strata_rows(strata, group.size):
        here = slice(None) if rows is None else rows
        sizes = np.bincount(group[here], each[here], total.size)
        total += sizes if (sizes > 0).sum() > 1 else 0
    return total[total > 0].astype(int) if total.any() else np.zeros(1, int)


def asymptotic_reason(
    group: ArrayLike, strata: ArrayLike | None = None, weights: ArrayLike | None = None
) -> Reason | None:
    """Say what the groups' sizes mean for an asymptotic test.

    Parameters
    ----------
    group, strata, weights : array_like, shape (n,)
        As for `compared_sizes`.

    Returns
    -------
    Reason or None
        With a group of one or two "group_too_small": no p-value by default; under 50 in the
        smallest group that the level may not be held; else None.
    """
    smallest = int(compared_sizes(group, strata, weights).min())
    if smallest < FEWEST:
        return Reason(GROUP_TOO_SMALL, {"n": smallest, "least": FEWEST})
    if smallest < ASYMPTOTIC_FROM:
        return Reason(ASYMPTOTIC_IN_SMALL_GROUP, {"n": smallest})
    return None


def followup_differs(
    time: ArrayLike,
    status: ArrayLike,
    group: ArrayLike,
    entry: ArrayLike | None = None,
    code: str = FOLLOWUP_DIFFERS,
) -> tuple[Reason, ...]:
    """Say whether groups were followed much unalike.

    Parameters
    ----------
    time, status, group, entry
        As for `weighted_logrank`.
    code : str
        The code of the reason: what it means for the test at hand.

    Returns
    -------
    tuple of Reason
        With the shortest and the longest median follow-up (reverse Kaplan-Meier) where one is one
        and a half times the other; else empty. A group whose median follow-up is not reached,
        because most of it had the event, is not judged.
    """
    time, status = np.asarray(time, float), np.asarray(status, int)
    group = np.asarray(group, int)
    medians = []
    for member in np.unique(group):
        here = group == member
        began = None if entry is None else np.asarray(entry, float)[here]
        table = risk_table(time[here], (status[here] == 0).astype(int), entry=began)
        reached = kaplan_meier(table, conf_type="plain").survival <= 0.5 + 1e-12
        if reached.any():
            medians.append(float(table.time[np.argmax(reached)]))
    if len(medians) < 2 or not max(medians) >= _UNLIKE * min(medians):
        return ()
    return (Reason(code, {"low": min(medians), "high": max(medians)}),)
