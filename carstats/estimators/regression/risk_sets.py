"""What Cox's regression adds up over the subjects at risk at each event time, in running sums."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.estimators.curves.risk_table import distinct_times, strata_rows, time_starts

_Array = NDArray[np.float64]
_Places = NDArray[np.intp]


@dataclass(frozen=True)
class Ties:
    """The d events of a time in turn: the j-th sees the d less j / d of each."""

    pair: _Places  # (E,) number of the time of each event
    gone: _Array  # (E,) part of the tied events that are out of the risk set
    starts: _Places  # (K,) the first event of each time


@dataclass(frozen=True)
class Patterns:
    """The G different rows of covariates that are all 0 or 1, and how many have them over time."""

    x: _Array  # (p, G)
    at_risk: _Array  # (G, K)
    events: _Array  # (G, K)


@dataclass(frozen=True)
class Stratum:
    """The n subjects of a stratum who are at risk at any of its K event times, by their times."""

    x: _Array  # (p, n) covariates
    each: _Array  # (n,) subjects that a row stands for
    observed: _Array  # (p,) covariates of those with the event, added up
    rows: _Places  # (n,) places of the subjects among all
    last: _Places  # (n,) event times up to the own time, from 1 to K, increasing
    first: _Places | None  # (n,) event times up to the entry; None where nobody enters late
    leaves: _Places  # (K,) the first subject who leaves at each event time, or after it
    events: _Places  # (D,) subjects with the event
    starts: _Places  # (K,) the first of `events` at each event time
    time: _Array  # (K,) event times
    many: _Array  # (K,) events
    ties: Ties | None  # None where no two events are at one time
    patterns: Patterns | None  # None where subjects are added up one by one

    @property
    def design(self) -> _Array:
        """Covariates, one column for each subject or each pattern."""
        return self.x if self.patterns is None else self.patterns.x

    @property
    def at(self) -> _Places:
        """Number of the time of each of `events`."""
        return self.last[self.events] - 1


@dataclass(frozen=True)
class RiskSums:
    """What the risk sets of a stratum add up to at some coefficients."""

    beta: _Array  # (p,) the coefficients
    peak: float  # the largest predictor
    risk: _Array  # exponentials of the predictors less the largest, of each column of `design`
    log_risk: float  # predictors of those with the event, less the largest, added up
    log_total: float  # logarithms of the total risk that each event sees, added up
    x: _Array  # (p, K) of those at risk: risk times covariate
    once: _Array  # (K,) over the events of a time: 1 / the total risk that each sees
    twice: _Array  # (K,) the same of its square
    tied_x: _Array | None = None  # (p, K) as `x`, of those with the event; None without ties
    # (K,) as `once` and `twice`, times the part that is gone; the last times its square.
    less: _Array | None = None
    crossed: _Array | None = None
    both: _Array | None = None

    @property
    def mean(self) -> _Array:
        """Means of the covariates that the events of a time see, added up, shape (p, K)."""
        mean = self.x * self.once
        return mean if self.less is None else mean - self.tied_x * self.less

    @property
    def expected(self) -> _Array:
        """The same, added up over the times, shape (p,)."""
        mean = self.x @ self.once
        return mean if self.less is None else mean - self.tied_x @ self.less


def strata_at_risk(
    time: _Array,
    status: NDArray[np.bool_],
    x: _Array,
    strata: ArrayLike | None,
    entry: ArrayLike | None,
    each: _Array,
    codes: _Places | None = None,
) -> list[Stratum]:
    """Lay out the strata that have events; x has shape (n, p).

    codes : the same of all who have the same covariates, from 0, where these are few.
    """
    n = time.size
    order, distinct, place, entered = _in_order(time, entry)
    found = []
    for mine in strata_rows(None if strata is None else np.asarray(strata)[order], n):
        kept = slice(None) if mine is None else mine
        rows, end = order[kept], place[kept]
        own = status[rows]
        if not own.any():
            continue
        # Who leaves before the first event is at risk at none.
        begun = np.searchsorted(end, end[np.argmax(own)])
        rows, own, end = rows[begun:], own[begun:], end[begun:]
        events = np.flatnonzero(own)
        new = np.append(True, np.diff(end[events]) > 0)
        starts, happens = np.flatnonzero(new), end[events[new]]
        many = np.add.reduceat(each[rows[events]], starts)
        first = None
        # Event times up to and including each time of all.
        so_far = np.zeros(distinct.size, np.intp)
        so_far[happens] = 1
        so_far = np.cumsum(so_far)
        last = so_far[end]
        if entered is not None:
            first = np.minimum(so_far[entered[kept][begun:]], last)
        mine = np.ascontiguousarray(x[rows].T)
        part = Stratum(
                mine, each[rows], mine[:, events] @ each[rows[events]], rows, last, first,
                np.flatnonzero(np.diff(last, prepend=0)), events, starts, distinct[happens], many,
                _ties(many.astype(int)), None,
            )  # fmt: skip
        found.append(part if codes is None else _by_pattern(part, codes[rows]))
    return found


def _in_order(time: _Array, entry: ArrayLike | None):
    """Sort the times: their order, the distinct ones, and the places of times and entries."""
    if entry is None:
        order = np.argsort(time, kind="stable")
        ordered = time[order]
        first = time_starts(ordered)
        place = np.zeros(time.size, np.intp)
        place[first[1:]] = 1
        return order, ordered[first], np.cumsum(place), None
    distinct, place = distinct_times(np.concatenate([time, np.asarray(entry, float)]))
    end, begin = np.split(place, 2)
    order = np.argsort(end, kind="stable")
    return order, distinct, end[order], begin[order]


def _ties(many: _Places) -> Ties | None:
    if many.max() == 1:
        return None
    starts = np.cumsum(many) - many
    pair = np.repeat(np.arange(many.size), many)
    return Ties(pair, (np.arange(pair.size) - starts[pair]) / many[pair], starts)


def _by_pattern(part: Stratum, codes: _Places) -> Stratum:
    """Count those at risk and those with the event of each pattern, once for all coefficients."""
    having = [codes == code for code in np.flatnonzero(np.bincount(codes))]
    first = [int(np.argmax(mine)) for mine in having]
    mine = [part.each * mine for mine in having]
    at_risk = np.array([_at_risk(part, term) for term in mine])
    events = np.array([_with_event(part, term) for term in mine])
    return replace(part, patterns=Patterns(part.x[:, first], at_risk, events))


def risk_sums(part: Stratum, beta: _Array) -> RiskSums:
    """Add up over the risk sets of a stratum."""
    x, patterns = part.design, part.patterns
    linear = beta @ x
    # A common factor of all risks drops out of everything.
    peak = float(linear.max())
    risk = np.exp(linear - peak)
    if patterns is None:
        weight = part.each * risk
        total = _at_risk(part, weight)
        at_risk = np.array([_at_risk(part, weight * column) for column in x])
    else:
        total, at_risk = risk @ patterns.at_risk, (x * risk) @ patterns.at_risk
    log_risk = float(beta @ part.observed - peak * part.many.sum())
    if part.ties is None:
        total = _told(total)
        once = 1 / total
        log_total = float(np.log(total).sum())
        return RiskSums(beta, peak, risk, log_risk, log_total, at_risk, once, once * once)
    if patterns is None:
        tied = _with_event(part, weight)
        tied_x = np.array([_with_event(part, weight * column) for column in x])
    else:
        tied, tied_x = risk @ patterns.events, (x * risk) @ patterns.events
    pair, gone = part.ties.pair, part.ties.gone
    total = _told(total[pair] - gone * tied[pair])
    one, less = 1 / total, gone / total
    sums = (
        np.add.reduceat(values, part.ties.starts)
        for values in (one, less, one * one, one * less, less * less)
    )
    once, less_once, twice, crossed, both = sums
    return RiskSums(
        beta, peak, risk, log_risk, float(np.log(total).sum()), at_risk, once, twice, tied_x,
        less_once, crossed, both,
    )  # fmt: skip


def _told(total: _Array) -> _Array:
    """Return risks, none where sums with delayed entry cannot tell it from 0: no step there."""
    return np.where(total > 0, total, np.nan)


def _at_risk(part: Stratum, term: _Array) -> _Array:
    """Add up a number over those at risk at each event time, those with first <= j < last."""
    if part.first is None:
        # From the end, without cancellation: the last risk sets may hold little of the risk.
        return np.cumsum(np.add.reduceat(term, part.leaves)[::-1])[::-1]
    ends = np.concatenate([part.first, part.last])
    change = np.bincount(ends, np.concatenate([term, -term]), part.time.size + 1)
    return np.cumsum(change)[:-1]


def _with_event(part: Stratum, term: _Array) -> _Array:
    """Add up a number over those with the event at each event time."""
    return np.add.reduceat(term[part.events], part.starts)


def information(part: Stratum, sums: RiskSums, factor: ArrayLike = 1.0) -> _Array:
    """Add up the information of the event times, each times a factor, shape (p, p)."""
    if part.patterns is None:
        hazard = part.each * _cumulative_hazard(part, sums, factor)
    else:
        hazard = part.patterns.at_risk @ (sums.once * factor)
        if sums.less is not None:
            hazard -= part.patterns.events @ (sums.less * factor)
    square = (part.design * (sums.risk * hazard)) @ part.design.T
    outer = (sums.x * (sums.twice * factor)) @ sums.x.T
    if sums.less is not None:
        crossed = (sums.x * (sums.crossed * factor)) @ sums.tied_x.T
        outer += (sums.tied_x * (sums.both * factor)) @ sums.tied_x.T - crossed - crossed.T
    return square - outer


def _cumulative_hazard(part: Stratum, sums: RiskSums, factor: ArrayLike = 1.0) -> _Array:
    """Return each subject's hazard over the time at risk, shape (n,), as a factor of its risk."""
    seen = _seen(part, sums.once * factor)
    if sums.less is not None:
        # Those tied at a time are spared a part of it.
        seen[part.events] -= (sums.less * factor)[part.at]
    return seen


def _seen(part: Stratum, steps: _Array) -> _Array:
    so_far = np.append(0.0, np.cumsum(steps))
    return so_far[part.last] if part.first is None else so_far[part.last] - so_far[part.first]


def subject_scores(part: Stratum, sums: RiskSums) -> _Array:
    """Return the score residuals of the subjects, shape (p, n)."""
    scores = part.x * _cumulative_hazard(part, sums)
    for j, column in enumerate(sums.x):
        steps = column * sums.twice
        if sums.less is None:
            seen = _seen(part, steps)
        else:
            tied = sums.tied_x[j]
            seen = _seen(part, steps - tied * sums.crossed)
            seen[part.events] -= (column * sums.crossed - tied * sums.both)[part.at]
        scores[j] -= seen
    scores *= -np.exp(sums.beta @ part.x - sums.peak)
    average = sums.mean / part.many
    scores[:, part.events] += part.x[:, part.events] - average[:, part.at]
    return scores
