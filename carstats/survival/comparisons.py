"""Tests of a difference between curves, and how large it is at a day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from carstats.cohort import Cohort
from carstats.errors import CarstatsError, check_choice, check_conf_level, check_number
from carstats.estimators.curve_difference import greenwood_difference, melded_difference
from carstats.estimators.exact_logrank import permutation_logrank
from carstats.estimators.logrank import WEIGHTS, weighted_logrank
from carstats.estimators.multiplicity import adjust_p_values
from carstats.messages import Joined, mark, message
from carstats.result import Result
from carstats.survival.curves import check_days
from carstats.survival.groups import adjusted_in_words, grouped, stratum_codes, ungrouped
from carstats.survival.times import EndpointTimes, endpoint_times, refuse_competing, stratum_table
from carstats.wording import because, level_text

TEST_METHODS = ("asymptotic", "exact", "permutation")
_TESTS = {
    "asymptotic": mark("{test}{adjusted}, asymptotic{pairs}{aside}"),
    "exact": mark("{test}{adjusted}, exact{pairs}{aside}"),
    "permutation": mark("{test}{adjusted}, permutation{pairs}{aside}"),
}
_PAIRS = {
    "Holm": mark(", each two groups, Holm adjustment"),
    "Bonferroni": mark(", each two groups, Bonferroni adjustment"),
    "Benjamini-Hochberg": mark(", each two groups, Benjamini-Hochberg adjustment"),
    "none": mark(", each two groups, not adjusted"),
}
_DIFFERENCES = {
    "melded beta product": mark(
        "difference of Kaplan–Meier curves{aside}, melded beta product {level} % limits"
    ),
    "Greenwood": mark("difference of Kaplan–Meier curves{aside}, Greenwood {level} % limits"),
}


def logrank_test(
    cohort: Cohort,
    endpoint: str,
    *,
    by: str | Iterable[str],
    strata: str | Iterable[str] | None = None,
    weight: str = "log-rank",
    exponents: tuple[float, float] = (0.0, 0.0),
    trend: Sequence[float] | bool = False,
    method: str = "asymptotic",
    n_resamples: int = 10_000,
    seed: int = 1,
    pairwise: bool = False,
    adjustment: str = "Holm",
    competing: str | None = None,
) -> Result:
    """Test whether groups have the same hazard (log-rank and its weighted relatives).

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    endpoint : str
        A time-to-event endpoint of the study.
    by : str or list of str
        Columns of the subjects table whose levels are the groups.
    strata : str or list of str, optional
        Columns that the test is adjusted for: groups are compared within their levels.
    weight : str
        ``"log-rank"``, ``"Gehan-Wilcoxon"``, ``"Tarone-Ware"``, ``"Peto-Peto"`` or
        ``"Fleming-Harrington"``.
    exponents : (float, float)
        p and q of Fleming-Harrington.
    trend : bool or list of float
        Test an ordered difference: True takes the groups' order as scores 0, 1, 2, …; a list gives
        a score for each group in their order.
    method : {"asymptotic", "exact", "permutation"}
        ``"asymptotic"`` compares with the chi-squared distribution. ``"exact"`` takes the whole
        permutation distribution of the linear scores, within strata; two groups only, and for more
        than a million arrangements in a stratum random ones, which the result says.
        ``"permutation"`` takes `n_resamples` random arrangements.
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
        ``p_method`` (how the p-value was found), ``n_resamples``, ``note``.

    Raises
    ------
    CarstatsError
        If the endpoint has competing events, there is nothing to compare, or an argument is not
        allowed.

    References
    ----------
    Mantel N. Cancer Chemother Rep 1966; 50: 163-170.
    Strasser H, Weber C. Math Methods Stat 1999; 8: 220-250 (permutation).
    Holm S. Scand J Stat 1979; 6: 65-70.
    """
    check_choice("weight", weight, WEIGHTS)
    check_choice("method", method, TEST_METHODS)
    check_number("n_resamples", n_resamples, low=1)
    times = endpoint_times(cohort, endpoint, by, strata)
    aside = refuse_competing(times, competing)
    rows, group, names = grouped(times)
    scores = _trend_scores(trend, len(names))
    options = {"weight": weight, "exponents": exponents}
    chosen = list(combinations(range(len(names)), 2)) if pairwise else [tuple(range(len(names)))]
    found = []
    for members in chosen:
        here = np.isin(group, members)
        kept = None if scores is None else [scores[m] for m in members]
        codes = np.searchsorted(members, group[here])
        test = _tested(
            times, rows[here], codes, len(members), kept, options, method, n_resamples, seed
        )
        total = times.rows[_in_groups(times, members)]
        found.append(
            {
                "contrast": Joined((names[m] for m in members), " / "),
                "n": len(total),
                "n_missing": len(total) - int(here.sum()),
                "n_event": int((rows["event_code"][here] == 1).sum()),
                **test,
            }
        )
    frame = pd.DataFrame(found)
    place = frame.columns.get_loc("p_value") + 1
    frame.insert(place, "p_adjusted", adjust_p_values(frame["p_value"], method=adjustment))
    name = weight if weight == "log-rank" else weight.replace("-", "–")
    if weight == "Fleming-Harrington":
        name += f" ({exponents[0]:g}, {exponents[1]:g})"
    spec = times.spec(
        "logrank_test",
        message(
            _TESTS[method],
            test=message("{name} test", name=name)
            if scores is None
            else message("{name} test for trend", name=name),
            adjusted=adjusted_in_words(times.strata),
            pairs=message(_PAIRS[adjustment]) if pairwise else "",
            aside=aside,
        ),
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


def _trend_scores(trend: Sequence[float] | bool, n_groups: int) -> list[float] | None:
    if isinstance(trend, bool):
        return [float(place) for place in range(n_groups)] if trend else None
    scores = list(trend)
    if len(scores) != n_groups:
        raise CarstatsError(
            message(
                "`trend` has {n} scores for {n_groups} groups.", n=len(scores), n_groups=n_groups
            )
        )
    for score in scores:
        check_number("trend", score)
    return [float(score) for score in scores]


def _in_groups(times: EndpointTimes, members: Sequence[int]) -> np.ndarray:
    inside = pd.Series(False, times.rows.index)
    for place, (_, rows) in enumerate(times.groups()):
        if place in members:
            inside[rows.index] = True
    return inside.to_numpy()


def _tested(
    times: EndpointTimes, rows, codes, n_groups, scores, options, method, n_resamples, seed
) -> dict[str, object]:
    """Run the test asked for; the statistic is always that of the asymptotic one."""
    time = rows["event_time"].to_numpy()
    status = (rows["event_code"] == 1).to_numpy().astype(int)
    shared = {
        "strata": stratum_codes(rows, times.strata),
        "entry": rows["entry_time"].to_numpy() if "entry_time" in rows else None,
        "trend": scores,
        **options,
    }
    test = weighted_logrank(time, status, codes, n_groups=n_groups, **shared)
    answer = {
        "n_expected": float(test.expected[0]) if len(test.expected) else np.nan,
        "statistic": test.statistic,
        "df": test.df,
        "p_value": test.p_value,
        "p_method": "asymptotic",
        "n_resamples": 0,
        "note": because(test.note),
    }
    if method == "asymptotic":
        return answer
    if scores is not None:
        # An empty group takes no part: the scores of those present.
        shared["trend"] = np.asarray(scores)[np.unique(codes)]
    permuted = permutation_logrank(
        time,
        status,
        codes,
        **shared,
        method="auto" if method == "exact" else "resampling",
        n_resamples=n_resamples,
        seed=seed,
    )
    return answer | {
        "p_value": permuted.p_value,
        "p_method": permuted.method,
        "n_resamples": permuted.n_resamples,
        "note": because(permuted.note or test.note),
    }


def survival_difference(
    cohort: Cohort,
    endpoint: str,
    *,
    at: float | Iterable[float],
    by: str | Iterable[str],
    reference: str | None = None,
    method: str = "melded beta product",
    conf_level: float = 0.95,
    competing: str | None = None,
) -> Result:
    """Estimate the difference between groups in the probability of being free of an event at a day.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    endpoint : str
        A time-to-event endpoint of the study.
    at : float or list of float
        Days from the endpoint's origin.
    by : str or list of str
        Columns of the subjects table whose levels are the groups.
    reference : str, optional
        The group that the others are compared with, by its printed name or its level ("SSc"; of
        several columns joined by " · "); by default each two groups.
    method : {"melded beta product", "Greenwood"}
        Limits. The melded beta product holds its level in small samples and answers when nobody has
        had the event; Greenwood's are NaN where a curve is 1 or 0.
    conf_level : float
        Confidence level.
    competing : {"censor"}, optional
        What to do with competing events, as for `survival_curve`.

    Returns
    -------
    Result
        For each contrast and day: ``contrast`` ("second − first"), ``time``, ``n``, ``n_missing``,
        ``estimate``, ``std_error`` (Greenwood), ``conf_low``, ``conf_high``, ``p_value``, ``note``.
        NaN with a note beyond the follow-up of a group.

    Raises
    ------
    CarstatsError
        If the reference is no group, the endpoint has competing events, or an argument is not
        allowed.

    References
    ----------
    Fay MP, Proschan MA, Brittain E. Biometrics 2015; 71: 146-156.
    """
    check_choice("method", method, ("melded beta product", "Greenwood"))
    check_conf_level(conf_level)
    days = check_days(at)
    times = endpoint_times(cohort, endpoint, by)
    aside = refuse_competing(times, competing)
    _, _, names = grouped(times)
    compare = melded_difference if method == "melded beta product" else greenwood_difference
    groups = [rows for _, rows in times.groups()]
    tables = [stratum_table(rows) for rows in groups]
    found = []
    for first, second in contrasts(names, reference, times.levels()):
        both = pd.concat([groups[first], groups[second]])
        for day in days:
            test = compare(tables[second], tables[first], float(day), conf_level=conf_level)
            found.append(
                {
                    "contrast": Joined((names[second], names[first]), " − "),
                    "time": day,
                    "n": len(both),
                    "n_missing": int(both["event_time"].isna().sum()),
                    "estimate": test.estimate,
                    "std_error": test.std_error,
                    "conf_low": test.low,
                    "conf_high": test.high,
                    "p_value": test.p_value,
                    "note": because(*test.note),
                }
            )
    spec = times.spec(
        "survival_difference",
        message(_DIFFERENCES[method], aside=aside, level=level_text(conf_level)),
        conf_level=conf_level,
        at=days.tolist(),
        reference=reference,
        method=method,
        competing=competing,
    )
    return Result(pd.DataFrame(found), ungrouped(spec), times.labels)


def contrasts(
    names: list[str], reference: str | None, levels: Sequence[str] = ()
) -> list[tuple[int, int]]:
    """Return the pairs of groups to compare, as places: each two, or all with a reference.

    Parameters
    ----------
    names : list of str
        The groups' printed names.
    reference : str or None
        One of them, or of the levels.
    levels : list of str
        The groups' levels, which are the same in every language.

    Returns
    -------
    list of (int, int)
        The first (what is compared with) and the second of each pair.

    Raises
    ------
    CarstatsError
        If the reference is no group, or there are fewer than two groups.
    """
    if len(names) < 2:
        raise CarstatsError(
            message("`by` gives one group ({names}); a comparison needs two.", names=names[0])
        )
    if reference is None:
        return list(combinations(range(len(names)), 2))
    if reference in levels:
        place = list(levels).index(reference)
    else:
        check_choice("reference", reference, names)
        place = names.index(reference)
    return [(place, other) for other in range(len(names)) if other != place]
