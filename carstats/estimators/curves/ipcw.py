"""Inverse-probability-of-censoring weights: a sensitivity analysis for withdrawal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carstats.errors import CarstatsError
from carstats.estimators.curves.risk_table import risk_table
from carstats.estimators.reasons import NO_SUBJECTS, NOT_REPRESENTED, ONE_WEIGHT_GROUP, Reason
from carstats.messages import message


@dataclass(frozen=True)
class WeightedCurve:
    """A survival curve whose risk sets stand for those who were censored.

    Attributes
    ----------
    time : ndarray, shape (K,)
        Distinct times.
    survival : ndarray, shape (K,)
        Weighted probability of being free of the event just after each time.
    n_risk : ndarray, shape (K,)
        At risk just before each time, unweighted.
    weighted_risk : ndarray, shape (K,)
        Sum of their weights.
    largest_weight : ndarray, shape (K,)
        Largest weight among them; NaN where nobody is at risk.
    low, high : ndarray, shape (K,)
        Bootstrap percentile limits; NaN unless asked for.
    note : Reason or None
        What the reader has to know; else None.
    """

    time: NDArray[np.float64]
    survival: NDArray[np.float64]
    n_risk: NDArray[np.float64]
    weighted_risk: NDArray[np.float64]
    largest_weight: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    note: Reason | None = None


def weighted_survival(
    time: ArrayLike,
    status: ArrayLike,
    group: ArrayLike | None = None,
    *,
    entry: ArrayLike | None = None,
    n_resamples: int = 0,
    seed: int = 1,
    conf_level: float = 0.95,
) -> WeightedCurve:
    """Estimate a survival curve that allows for censoring which differs between groups.

    Everyone at risk at t counts 1/G(t-), with G the Kaplan-Meier curve of the time to censoring in
    the subject's group (such as those who responded early and those who did not). If within groups
    censoring says nothing about the event, the curve is that of everybody without withdrawal. With
    one group it is the Kaplan-Meier curve.

    Parameters
    ----------
    time : array_like, shape (n,)
        Time of the event or of censoring.
    status : array_like of int, shape (n,)
        0 for censored; anything else is the event.
    group : array_like, shape (n,), optional
        Group that censoring depends on, known at the start.
    entry : array_like, shape (n,), optional
        Time at which each subject came under observation (left truncation).
    n_resamples : int
        Bootstrap resamples of the subjects for limits; 0 for none.
    seed : int
        Seed of the random numbers.
    conf_level : float
        Level of the limits.

    Returns
    -------
    WeightedCurve
        The curve at every distinct time. A group in which all that remain are censored at a time is
        no longer represented after it: the note says from when.

    Raises
    ------
    CarstatsError
        If `group` has another length than `time`.

    References
    ----------
    Robins JM, Finkelstein DM. Biometrics 2000; 56: 779-788.
    """
    time = np.asarray(time, float)
    event = (np.asarray(status) != 0).astype(int)
    code = np.zeros(time.size, int)
    names: NDArray = np.zeros(1, int)
    if group is not None:
        names, code = np.unique(np.asarray(group), return_inverse=True)
        code = code.reshape(-1)
        if code.size != time.size:
            raise CarstatsError(
                message(
                    "`group` has {n} values for {total} subjects.",
                    n=code.size,
                    total=time.size,
                )
            )
    member = (code == np.arange(names.size)[:, None]).astype(float)
    table = risk_table(time, event, entry=entry, weights=member)
    survival, weights = _curve(table)
    at_risk = table.n_risk > 0
    largest = np.where(at_risk, weights, 0.0).max(axis=0, initial=0.0)
    low = high = np.full(table.time.size, np.nan)
    if n_resamples and time.size:
        rng = np.random.default_rng(seed)
        times = rng.multinomial(time.size, np.full(time.size, 1 / time.size), size=n_resamples)
        drawn = risk_table(time, event, entry=entry, weights=times[:, None, :] * member)
        curves = _curve(drawn)[0]
        tail = (1 - conf_level) / 2
        low, high = np.quantile(curves, [tail, 1 - tail], axis=0)
    return WeightedCurve(
        table.time,
        survival,
        table.n_risk.sum(axis=0),
        (table.n_risk * weights).sum(axis=0),
        np.where(at_risk.any(axis=0), largest, np.nan),
        low,
        high,
        _note(table, names, group is not None),
    )


def _curve(table):
    """Curve and weights; the table's last batch axis is the group: (..., groups, K)."""
    n, d = table.n_risk, table.n_event.sum(axis=-1)
    # Events precede censoring at the same time: those who had one are no longer at risk of it.
    staying = n - d
    stay = 1 - np.where(staying > 0, table.n_censor / np.maximum(staying, 1), 0.0)
    free = np.cumprod(stay, axis=-1)
    free = np.concatenate([np.ones((*free.shape[:-1], 1)), free], axis=-1)[..., : n.shape[-1]]
    weights = np.where(free > 0, 1 / np.where(free > 0, free, 1.0), 0.0)
    at_risk, events = (n * weights).sum(axis=-2), (d * weights).sum(axis=-2)
    hazard = np.where(at_risk > 0, events / np.where(at_risk > 0, at_risk, 1.0), 0.0)
    return np.cumprod(np.maximum(1 - hazard, 0.0), axis=-1), weights


def _note(table, names, grouped: bool) -> Reason | None:
    if not table.time.size:
        return Reason(NO_SUBJECTS)
    if not grouped:
        return Reason(ONE_WEIGHT_GROUP)
    # The last of a group to go is censored, while others are still followed.
    lost = []
    for name, n, left in zip(names, table.n_risk, table.n_censor, strict=True):
        last = int(np.flatnonzero(n > 0).max(initial=-1))
        if 0 <= last < table.time.size - 1 and left[last] > 0:
            lost.append((name, float(table.time[last])))
    return Reason(NOT_REPRESENTED, {"groups": tuple(lost)}) if lost else None
