"""Tests of a difference between survival curves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import counted, rows_of, weights_of
from carstats.counts.counted import Counts
from carstats.errors import CarstatsError, check_choice, check_number
from carstats.estimators.reasons import (
    ASYMPTOTIC_IN_SMALL_GROUP,
    FOLLOWUP_DIFFERS_LINEAR,
    Reason,
)
from carstats.estimators.tests.exact_logrank import permutation_logrank
from carstats.estimators.tests.logrank import WEIGHTS, weighted_logrank
from carstats.estimators.tests.logrank_rule import (
    ASYMPTOTIC_FROM,
    compared_sizes,
    followup_differs,
    logrank_by_rule,
    one_by_one,
)
from carstats.estimators.tests.multiplicity import adjust_p_values
from carstats.estimators.tests.studentised_logrank import LISTED
from carstats.messages import Joined, mark, message
from carstats.result import Result
from carstats.survival.groups import adjusted_in_words, grouped, stratum_codes, ungrouped
from carstats.survival.times import EndpointTimes, endpoint_times, n_missing, refuse_competing
from carstats.wording import because

TEST_METHODS = ("auto", "studentised", "asymptotic", "exact", "permutation")
# What was done, by what the rows say of it.
_DONE = {
    # The note says why there is no p-value.
    "none": mark("{test}{adjusted}{pairs}{aside}"),
    "asymptotic": mark("{test}{adjusted}, asymptotic{pairs}{aside}"),
    "studentised exact": mark(
        "{test}{adjusted}, studentised permutation, all {arrangements} arrangements{pairs}{aside}"
    ),
    "studentised resampling": mark(
        "{test}{adjusted}, studentised permutation, {drawn} random arrangements{pairs}{aside}"
    ),
    "exact": mark("{test}{adjusted}, permutation of linear scores, exact{pairs}{aside}"),
    "resampling": mark(
        "{test}{adjusted}, permutation of linear scores, {drawn} random arrangements{pairs}{aside}"
    ),
}
_MIXED = {
    "auto": mark(
        "{test}{adjusted}, studentised permutation while the smallest group has fewer than "
        "{sizeable} (all arrangements up to {listed}, else {drawn} random ones), else "
        "asymptotic{pairs}{aside}"
    ),
    "studentised": mark(
        "{test}{adjusted}, studentised permutation (all arrangements up to {listed}, else {drawn} "
        "random ones){pairs}{aside}"
    ),
    "exact": mark(
        "{test}{adjusted}, permutation of linear scores, exact or by {drawn} random "
        "arrangements{pairs}{aside}"
    ),
}
_PAIRS = {
    "Holm": mark(", each two groups, Holm adjustment"),
    "Bonferroni": mark(", each two groups, Bonferroni adjustment"),
    "Benjamini-Hochberg": mark(", each two groups, Benjamini-Hochberg adjustment"),
    "none": mark(", each two groups, not adjusted"),
}


def logrank_test(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    *,
    by: str | Iterable[str] | None = None,
    strata: str | Iterable[str] | None = None,
    weight: str = "log-rank",
    exponents: tuple[float, float] = (0.0, 0.0),
    trend: Sequence[float] | bool = False,
    method: str = "auto",
    n_resamples: int = 9_999,
    seed: int = 1,
    pairwise: bool = False,
    adjustment: str = "Holm",
    competing: str | None = None,
) -> Result:
    """Test whether groups have the same hazard (log-rank and its weighted relatives).

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`.
    endpoint : str, optional
        A time-to-event endpoint of the study. By default the only one that the study has.
    by : str or list of str, optional
        Columns of the subjects table whose levels are the groups. By default those of
        `cohort_from_frame`.
    strata : str or list of str, optional
        Columns that the test is adjusted for: groups are compared within their levels, and
        exchanged within them.
    weight : str
        ``"log-rank"``, ``"Gehan-Wilcoxon"``, ``"Tarone-Ware"``, ``"Peto-Peto"`` or
        ``"Fleming-Harrington"``.
    exponents : (float, float)
        p and q of Fleming-Harrington.
    trend : bool or list of float
        Test an ordered difference: True takes the groups' order as scores 0, 1, 2, …; a list gives
        a score for each group in their order.
    method : {"auto", "studentised", "asymptotic", "exact", "permutation"}
        Where the p-value comes from, for any weight, strata, number of groups and delayed entry.
        ``"studentised"`` takes the statistic, its variance computed anew, in every arrangement of
        the groups up to 200,000 of them, else in `n_resamples` random ones: exact where the groups
        are followed alike and close where not. ``"auto"`` does so while the smallest group has
        fewer than 50, gives no p-value where one has fewer than three, and is ``"asymptotic"``
        (chi-squared) from 50 on. ``"exact"`` takes the permutation distribution of the linear
        scores, of two groups, and for more than a million arrangements in a stratum random ones,
        which the result says; ``"permutation"`` always takes random ones. The linear scores are
        off where follow-up differs between the groups.
    n_resamples : int
        Random arrangements B; the p-value is (b + 1) / (B + 1).
    seed : int
        Seed of the random arrangements.
    pairwise : bool
        Compare each two groups instead of all at once.
    adjustment : {"Holm", "Bonferroni", "Benjamini-Hochberg", "none"}
        What is done about several comparisons: ``p_adjusted``.
    competing : {"censor"}, optional
        What to do with competing events, as for `survival_curve`: a test of the cause-specific
        hazard.

    Returns
    -------
    Result
        A row (for each pair): ``contrast``, ``n``, ``n_missing``, ``n_event``, ``n_expected`` (of
        the first group), ``statistic`` (chi-squared), ``df``, ``p_value``, ``p_adjusted``,
        ``p_smallest`` (the smallest p-value that these groups could give), ``p_method`` (how the
        p-value was found: "studentised exact", "studentised resampling", "asymptotic", "exact",
        "resampling", "none"), ``n_resamples``, ``note``.

    Raises
    ------
    CarstatsError
        If the endpoint has competing events, there is nothing to compare, or an argument is not
        allowed.

    References
    ----------
    Mantel N. Cancer Chemother Rep 1966; 50: 163-170.
    Neuhaus G. Ann Stat 1993; 21: 1760-1779 (studentised permutation).
    Strasser H, Weber C. Math Methods Stat 1999; 8: 220-250 (linear scores).
    Holm S. Scand J Stat 1979; 6: 65-70.

    Examples
    --------
    >>> cs.logrank_test(cohort, "relapse_free_survival", by="target", strata="disease")
    """
    weight = check_choice("weight", weight, WEIGHTS)
    method = check_choice("method", method, TEST_METHODS)
    check_number("n_resamples", n_resamples, low=1)
    times = endpoint_times(cohort, endpoint, by, strata, counts=True)
    aside = refuse_competing(times, competing)
    rows, group, names = grouped(times)
    scores = _trend_scores(trend, len(names))
    options = {"weight": weight, "exponents": exponents}
    everyone = [tuple(range(len(names)))]
    # A single group has no pair: it is answered as without pairs, in a row that says so.
    chosen = list(combinations(range(len(names)), 2)) or everyone if pairwise else everyone
    happened = (rows["event_code"] == 1).to_numpy()
    found, ways = [], np.nan
    for members in chosen:
        here = np.isin(group, members)
        trended = None if scores is None else [scores[m] for m in members]
        codes = np.searchsorted(members, group[here])
        test, ways = _tested(
            times,
            rows_of(rows, here),
            codes,
            len(members),
            trended,
            options,
            method,
            int(n_resamples),
            seed,
        )
        total = rows_of(times.rows, np.isin(times.places, members))
        found.append(
            {
                "contrast": Joined((names[m] for m in members), " / "),
                "n": counted(total),
                "n_missing": n_missing(total),
                "n_event": counted(rows[here & happened]),
                **test,
            }
        )
    frame = pd.DataFrame(found)
    place = frame.columns.get_loc("p_value") + 1
    frame.insert(place, "p_adjusted", adjust_p_values(frame["p_value"], method=adjustment))
    name = weight if weight == "log-rank" else weight.replace("-", "–")
    if weight == "Fleming-Harrington":
        name += f" ({exponents[0]:g}, {exponents[1]:g})"
    words = {
        "test": message("{name} test", name=name)
        if scores is None
        else message("{name} test for trend", name=name),
        "adjusted": adjusted_in_words(times.strata),
        "pairs": message(_PAIRS[adjustment]) if pairwise and len(names) > 1 else "",
        "aside": aside,
    }
    spec = times.spec(
        "logrank_test",
        _what_was_done(frame, method, ways, int(n_resamples), words),
        weight=weight,
        exponents=list(exponents),
        trend=scores,
        method=method,
        n_resamples=n_resamples,
        seed=seed,
        pairwise=pairwise,
        adjustment=adjustment,
        competing=competing,
    )
    return Result(frame, ungrouped(spec), times.labels)


def _what_was_done(
    frame: pd.DataFrame, method: str, ways: float, drawn: int, words: dict[str, str]
) -> str:
    """Say where the p-values come from, of all rows."""
    used = [how for how in dict.fromkeys(frame["p_method"]) if how != "none"]
    drawn_text = f"{drawn:,}"
    if not used or used == ["asymptotic"] or used == ["exact"]:
        return message(_DONE[used[0] if used else "none"], **words)
    if used == ["studentised exact"] and len(frame) == 1:
        return message(_DONE[used[0]], **words, arrangements=f"{ways:,.0f}")
    if len(used) == 1 and used != ["studentised exact"]:
        return message(_DONE[used[0]], **words, drawn=drawn_text)
    if method == "exact":
        return message(_MIXED[method], **words, drawn=drawn_text)
    numbers = {"listed": f"{LISTED:,}", "drawn": drawn_text}
    if method == "auto":
        numbers["sizeable"] = str(ASYMPTOTIC_FROM)
    return message(_MIXED[method], **words, **numbers)


def _trend_scores(trend: Sequence[float] | bool, n_groups: int) -> list[float] | None:
    if isinstance(trend, bool):
        return [float(place) for place in range(n_groups)] if trend else None
    scores = list(trend)
    if len(scores) != n_groups:
        raise CarstatsError(
            message(
                "`trend` has {n} scores for {n_groups} groups.", n=len(scores), n_groups=n_groups
            )
        )  # fmt: skip
    for score in scores:
        check_number("trend", score)
    return [float(score) for score in scores]


def _tested(
    times: EndpointTimes, rows, codes, n_groups, scores, options, method, n_resamples, seed
) -> tuple[dict[str, Any], float]:
    """Run the test asked for; the statistic is always that of the asymptotic one."""
    time = rows["event_time"].to_numpy()
    status = (rows["event_code"] == 1).to_numpy().astype(int)
    entry = rows["entry_time"].to_numpy() if "entry_time" in rows else None
    strata = stratum_codes(rows, times.strata)
    shared = {"strata": strata, "entry": entry, **options}
    weights = weights_of(rows)
    if method in ("auto", "studentised"):
        ruled = logrank_by_rule(
            time, status, codes, n_groups=n_groups, trend=scores,
            always_permute=method == "studentised", n_resamples=n_resamples, seed=seed,
            weights=weights, **shared,
        )  # fmt: skip
        row = _row(ruled.test, ruled.p_value, ruled.p_method, ruled.smallest, ruled.n_resamples)
        return {**row, "note": because(*ruled.reasons)}, ruled.n_arrangements
    test = weighted_logrank(
        time, status, codes, n_groups=n_groups, trend=scores, weights=weights, **shared
    )
    if method == "asymptotic":
        smallest = int(compared_sizes(codes, strata, weights).min())
        weak = smallest < ASYMPTOTIC_FROM and not np.isnan(test.statistic)
        note = Reason(ASYMPTOTIC_IN_SMALL_GROUP, {"n": smallest}) if weak else None
        how = "none" if np.isnan(test.statistic) else "asymptotic"
        return {**_row(test, test.p_value, how), "note": because(test.note, note)}, np.nan
    # An arrangement is one of subjects.
    time, status, codes, strata, entry = one_by_one(time, status, codes, strata, entry, weights)
    shared |= {"strata": strata, "entry": entry}
    permuted = permutation_logrank(
        time, status, codes, trend=scores, n_resamples=n_resamples, seed=seed,
        method="auto" if method == "exact" else "resampling", **shared,
    )  # fmt: skip
    row = _row(test, permuted.p_value, permuted.method, np.nan, permuted.n_resamples)
    unlike = followup_differs(time, status, codes, entry, FOLLOWUP_DIFFERS_LINEAR)
    return {**row, "note": because(permuted.note or test.note, *unlike)}, np.nan


def _row(test, p_value: float, how: str, smallest: float = np.nan, drawn: int = 0) -> dict:
    return {
        "n_expected": float(test.expected[0]) if len(test.expected) else np.nan,
        "statistic": test.statistic,
        "df": test.df,
        "p_value": p_value,
        "p_smallest": smallest,
        "p_method": how,
        "n_resamples": drawn,
    }
