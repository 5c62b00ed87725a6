"""NMOSD, multiple sclerosis, stiff-person syndrome and CIDP: attacks, progression, walking."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from pandas.arrays import BooleanArray

from carstats.endpoints.record.declaring import rule
from carstats.endpoints.record.logic import (
    all_of,
    boolean,
    check_lengths,
    compare,
    failed_by,
    fallen,
    flags,
    numbers,
    percent_change,
)
from carstats.errors import CarstatsError
from carstats.messages import message

EDSS_RANGE = (0.0, 10.0)
INCAT_RANGE = (0.0, 10.0)


@rule(
    "NMOSD_attack",
    "NMOSD",
    "event",
    definition=(
        "New or worse neurological signs for 24 hours, at least 31 days after the previous attack."
    ),
    thresholds="spacing=31; hours=24",
    source="Adjudicated attacks of NMOSD trials",
)
def adjudicated_attacks(
    subject: ArrayLike,
    day: ArrayLike,
    duration_hours: ArrayLike,
    objective_change: ArrayLike,
    *,
    spacing: float = 31.0,
    hours: float = 24.0,
) -> BooleanArray:
    """Judge which reported NMOSD attacks count: new signs for 24 hours, 31 days after the last.

    Parameters
    ----------
    subject : Subject of each reported attack, in any order.
    day : Day of its onset.
    duration_hours : How long the signs lasted, hours.
    objective_change : Whether neurological signs are new or worse.
    spacing : Days from the onset of the previous attack that counts, at least; an earlier report
        belongs to that attack.
    hours : Duration, at least.

    Returns
    -------
    In the order given; NA where the duration or the change is missing. An attack that is not
    evaluable does not space the next one.

    Notes
    -----
    Status: verify (the spacing). Counted from the onset of the previous attack (design).
    """
    codes = pd.factorize(np.asarray(subject, dtype=object))[0]
    onset, duration = numbers(
        day=(day, -np.inf, np.inf), duration_hours=(duration_hours, 0, np.inf)
    )
    (change,) = flags(objective_change=objective_change)
    check_lengths(subject=codes, day=onset, objective_change=change)
    if np.isnan(onset).any() or (codes < 0).any():
        raise CarstatsError(
            message("`subject` or `day` is missing for an attack; every one needs both.")
        )
    real = all_of(change, compare(duration, ">=", hours))
    order = np.lexsort((onset, codes))
    order = order[(real._data & ~real._mask)[order]]
    counts = np.zeros(len(codes), dtype=bool)
    # One pass for the first attack of every subject, one for the second, and so on.
    while len(order):
        first = np.r_[True, np.diff(codes[order]) != 0]
        counts[order[first]] = True
        last = onset[order[first]][np.cumsum(first) - 1]
        order = order[~first & (onset[order] - last >= spacing - 1e-9)]
    return boolean(counts, real._mask)


@dataclass(frozen=True)
class AttackCounts:
    """Attacks and time observed, for rates with an offset of person-time.

    Attributes
    ----------
    subject : numpy.ndarray
        Subjects in the order of the denominators.
    attacks_before, attacks_after : numpy.ndarray
        Attacks before and after day 0.
    years_before, years_after : numpy.ndarray
        Years observed.
    """

    subject: NDArray[np.object_]
    attacks_before: NDArray[np.int_]
    attacks_after: NDArray[np.int_]
    years_before: NDArray[np.float64]
    years_after: NDArray[np.float64]


@rule(
    "ARR",
    "NMOSD",
    "event",
    definition=(
        "Attacks and years observed before and after infusion, for annualised rates; before and"
        " after regresses to the mean."
    ),
    thresholds="none",
    source="carstats",
    status="design",
)
def attack_counts(
    attack_subject: ArrayLike,
    attack_day: ArrayLike,
    subject: ArrayLike,
    observed_from_day: ArrayLike,
    observed_to_day: ArrayLike,
) -> AttackCounts:
    """Count attacks and years before and after the infusion, one entry a subject.

    Parameters
    ----------
    attack_subject, attack_day : Adjudicated attacks; one outside the time observed does not count.
    subject : Every subject, also those without an attack.
    observed_from_day, observed_to_day : The time in which attacks were recorded, days from the
        infusion; the first is 0 or negative.

    Returns
    -------
    Counts and years; a subject without attacks has 0.

    Notes
    -----
    Entry selects subjects with recent attacks: a rate before against a rate after regresses to the
    mean. Status: design (day 0 itself belongs to the time after).
    """
    names = np.asarray(subject, dtype=object)
    start, stop = numbers(
        observed_from_day=(observed_from_day, -np.inf, 0),
        observed_to_day=(observed_to_day, 0, np.inf),
    )
    (onset,) = numbers(attack_day=(attack_day, -np.inf, np.inf))
    start, stop = np.broadcast_to(start, names.shape), np.broadcast_to(stop, names.shape)
    index = pd.Index(names)
    if not index.is_unique or np.isnan(start).any() or np.isnan(stop).any():
        raise CarstatsError(
            message("`subject` has to name every subject once, with the days observed.")
        )
    place = index.get_indexer(np.asarray(attack_subject, dtype=object))
    if (place < 0).any() or len(place) != len(onset) or np.isnan(onset).any():
        raise CarstatsError(
            message("`attack_subject` and `attack_day` have to name subjects and days.")
        )
    seen = (onset >= start[place]) & (onset <= stop[place])
    n = len(names)
    return AttackCounts(
        names,
        np.bincount(place[seen & (onset < 0)], minlength=n),
        np.bincount(place[seen & (onset >= 0)], minlength=n),
        -start / 365.25,
        stop / 365.25,
    )


@rule(
    "EDSS_progression",
    "MS",
    "event",
    definition=(
        "EDSS up by 1.5 from 0, by 1.0 from 1.0 to 5.5, by 0.5 from above; confirmed over 12 or"
        " 24 weeks."
    ),
    thresholds="from_zero=1.5; from_low=1.0; from_high=0.5; low_max=5.5; span=84",
    source="Confirmed disability progression of MS trials",
)
def edss_progression(
    baseline: ArrayLike,
    edss: ArrayLike,
    *,
    from_zero: float = 1.5,
    from_low: float = 1.0,
    from_high: float = 0.5,
    low_max: float = 5.5,
) -> BooleanArray:
    """Judge whether EDSS has progressed at a visit.

    A baseline of 0.5 does not exist. NA where a value is missing.

    Parameters
    ----------
    baseline, edss : Expanded disability status scale, 0 to 10.
    from_zero, from_low, from_high : Rises, at least.
    low_max : Highest baseline that needs `from_low`.

    Notes
    -----
    Confirmed disability progression asks for it over 12 or 24 weeks:
    ``confirmed(subject, day, progression, span=84)`` or ``span=168``.
    """
    first, now = numbers(baseline=(baseline, *EDSS_RANGE), edss=(edss, *EDSS_RANGE))
    needed = np.where(first < 1.0, from_zero, np.where(first <= low_max, from_low, from_high))
    return compare(now - first - needed, ">=", 0)


@rule(
    "T25FW_change",
    "SPS",
    "score",
    definition=(
        "Change of the timed 25-foot walk in percent of baseline; primary endpoint of KYSA-8."
    ),
    thresholds="none",
    source="KYSA-8",
    after="T25FW_worse",
)
def t25fw_change(baseline: ArrayLike, follow_up: ArrayLike) -> NDArray[np.float64]:
    """Return the change of the timed 25-foot walk in percent of baseline; a fall is an improvement.

    Parameters
    ----------
    baseline, follow_up : Seconds, above 0, up to 180.

    Returns
    -------
    Percent; NaN where a value is missing.
    """
    first, now = numbers(baseline=(baseline, 0.5, 180), follow_up=(follow_up, 0.5, 180))
    return percent_change(first, now)


@rule(
    "T25FW_worse",
    "MS",
    "event",
    definition="Timed 25-foot walk slower by 20 % or more.",
    thresholds="percent=20",
    source="MS trials",
)
def t25fw_worse(
    baseline: ArrayLike, follow_up: ArrayLike, *, percent: float = 20.0
) -> BooleanArray:
    """Judge a worsening of the timed 25-foot walk.

    Parameters are those of `t25fw_change`.
    """
    return compare(t25fw_change(baseline, follow_up), ">=", percent)


@rule(
    "T25FW_improved",
    "SPS",
    "response",
    definition="Timed 25-foot walk faster by 20 % or more.",
    thresholds="percent=20",
    source="carstats",
    status="design",
)
def t25fw_improved(
    baseline: ArrayLike,
    follow_up: ArrayLike,
    rescue: ArrayLike = False,
    *,
    percent: float = 20.0,
) -> BooleanArray:
    """Judge an improvement of the timed 25-foot walk.

    The walk is the primary endpoint of KYSA-8 in stiff-person syndrome. Parameters are those of
    `t25fw_change`; `rescue` makes it a failure. Status: design (the cut).
    """
    faster = compare(-t25fw_change(baseline, follow_up), ">=", percent)
    return failed_by(faster, *flags(rescue=rescue))


@rule(
    "INCAT_response",
    "CIDP",
    "response",
    definition="Adjusted INCAT disability down by 1 point or more.",
    thresholds="points=1",
    source="CIDP trials",
)
def incat_response(
    baseline: ArrayLike, follow_up: ArrayLike, rescue: ArrayLike = False, *, points: float = 1.0
) -> BooleanArray:
    """Judge a response of CIDP by adjusted INCAT disability.

    NA where a score is missing.

    Parameters
    ----------
    baseline, follow_up : Adjusted INCAT disability score, 0 to 10.
    """
    return fallen(baseline, follow_up, rescue, points, INCAT_RANGE)
