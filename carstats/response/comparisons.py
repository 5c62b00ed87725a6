"""Tests of response rates between strata, each with the interval that inverts it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.counts.counted import Counts
from carstats.errors import CarstatsError, check_choice, check_conf_level
from carstats.estimators.proportions.exact_stratified import exact_mantel_haenszel
from carstats.estimators.proportions.proportion_test import AUTO, default_method, proportion_test
from carstats.estimators.proportions.stratified_tables import breslow_day_test, mantel_haenszel_test
from carstats.estimators.proportions.two_by_two import fisher_test, trend_test
from carstats.estimators.proportions.unconditional import boschloo_p_value
from carstats.estimators.tests.multiplicity import ADJUSTMENTS, adjust_p_values
from carstats.messages import joined_notes, mark, message
from carstats.response.pairs import (
    Compared,
    against,
    column_list,
    compared,
    empty_note,
    pair_columns,
    pairs,
    pairs_words,
)
from carstats.result import Result
from carstats.wording import level_text

PAIRED = (
    "Fisher", "Fisher central", "Barnard", "Boschloo", "Chan-Zhang", "Miettinen-Nurminen",
)  # fmt: skip
EXACT_CMH = "exact Cochran-Mantel-Haenszel"
OVERALL = ("Cochran-Mantel-Haenszel", EXACT_CMH, "trend")
TESTS = (AUTO, *PAIRED, *OVERALL)
# The limits that go with a test of a difference.
_LIMITS = {
    "Barnard": "Agresti-Min",
    "Fisher central": "melded",
    "Chan-Zhang": "Chan-Zhang",
    "Miettinen-Nurminen": "Miettinen-Nurminen",
}

_WORDS = {
    "Fisher": mark("Fisher's exact test, minimum-likelihood odds-ratio limits"),
    "Fisher central": mark(
        "Fisher's exact test with doubled tail, melded limits of the difference"
    ),
    "Barnard": mark("Barnard's exact test (pooled score), Agresti–Min limits of the difference"),
    "Boschloo": mark("Boschloo's exact test"),
    "Chan-Zhang": mark(
        "exact unconditional test with doubled tail, Chan–Zhang limits of the difference"
    ),
    "Miettinen-Nurminen": mark("score test, Miettinen–Nurminen limits of the difference"),
    AUTO: mark(
        "Barnard's exact test (pooled score) with Agresti–Min limits of the difference up to the "
        "size of 50 against 50, Miettinen–Nurminen's score test and limits beyond"
    ),
    "Cochran-Mantel-Haenszel": mark("Cochran–Mantel–Haenszel test"),
    EXACT_CMH: mark(
        "exact Cochran–Mantel–Haenszel test with the common odds ratio's limits that invert it"
    ),
    "trend": mark("exact Cochran–Armitage test for trend over the strata in the order shown"),
}


def response_test(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    *,
    by: str | Iterable[str] | None = None,
    reference: object = None,
    strata: str | Iterable[str] | None = None,
    method: str = "auto",
    scores: Iterable[float] | None = None,
    adjust: str = "Holm",
    at: float = 168,
    window: tuple[float, float] | None = None,
    population: str = "treated",
    missing: str = "failure",
    conf_level: float = 0.95,
) -> Result:
    """Test whether response rates differ between strata.

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`.
    endpoint : str, optional
        A response endpoint of the study. By default the only one that the study has.
    by : str or list of str, optional
        Columns whose strata are compared. By default those of `cohort_from_frame`.
    reference : str or tuple, optional
        The stratum that the others are compared with; by default all pairs. Not for the overall
        tests.
    strata : str or list of str, optional
        Columns to adjust for; with the two Cochran-Mantel-Haenszel tests, of which "auto" then
        takes the exact one for two strata of `by`.
    method : str
        "auto": for pairs Barnard's test up to the size of 50 against 50 and Miettinen-Nurminen
        beyond, as the default of `response_difference`. For pairs by name "Barnard" (pooled score,
        Agresti-Min difference), "Miettinen-Nurminen" (score), "Fisher" (with the odds-ratio
        interval that inverts it), "Fisher central" (doubled tail, melded difference), "Boschloo"
        (no interval inverts it) or "Chan-Zhang" (doubled tail, Chan-Zhang difference); over all
        strata "Cochran-Mantel-Haenszel" (for two strata with Breslow-Day's test that the odds
        ratio is common), "exact Cochran-Mantel-Haenszel" (two strata) or "trend", exact.
    scores : list of float, optional
        What the strata stand for in the trend test; by default 0, 1, 2 and so on.
    adjust : {"Holm", "Bonferroni", "Benjamini-Hochberg", "none"}
        Adjustment of the p-values for the number of pairs.
    at : float
        Day of the visit.
    window : (float, float), optional
        First and last day that count, as for `response_rate`.
    population : {"treated", "evaluable", "intention to treat"}
        Who is counted, as for `response_rate`.
    missing : {"failure", "excluded"}
        What a missing response is.
    conf_level : float
        Confidence level; the limits are not adjusted for the number of pairs.

    Returns
    -------
    Result
        For each pair: ``contrast``, the counts of both as for `response_difference`, ``measure``
        ("odds ratio" or "difference"), ``estimate``, ``conf_low``, ``conf_high``, ``statistic``,
        ``df``, ``p_value``, ``p_adjusted``, ``note``. For an overall test one row with ``test``,
        ``statistic``, ``df``, ``p_value``, and a second one for Breslow and Day's; the exact test
        has ``estimate``, ``conf_low`` and ``conf_high`` of the common odds ratio.

    Raises
    ------
    CarstatsError
        As for `response_difference`; also for `strata` with a test that has none.

    References
    ----------
    Fisher RA. J R Stat Soc 1935; 98: 39-54. Fay MP. Biostatistics 2010; 11: 373-374.
    Barnard GA. Biometrika 1947; 34: 123-138. Boschloo RD. Stat Neerl 1970; 24: 1-9.
    Agresti A, Min Y. Biometrics 2001; 57: 963-971.
    Mantel N, Haenszel W. J Natl Cancer Inst 1959; 22: 719-748. Tarone RE. Biometrika 1985; 72:
    91-95. Gart JJ. Biometrika 1970; 57: 471-475 (exact).

    Examples
    --------
    >>> cs.response_test(cohort, "response", by="target", strata="disease")
    """
    method = check_choice("method", method, TESTS)
    adjust = check_choice("adjust", adjust, ADJUSTMENTS)
    check_conf_level(conf_level)
    if strata is not None and method not in (AUTO, *OVERALL[:2]):
        raise CarstatsError(
            message(
                "`strata` does not go with {method}; method='Cochran-Mantel-Haenszel' adjusts.",
                method=repr(method),
            )
        )
    overall = method in OVERALL or (method == AUTO and strata is not None)
    if overall and reference is not None:
        raise CarstatsError(
            message(
                "`reference` does not go with {method}, which compares all strata.",
                method=repr(method),
            )
        )
    if scores is not None and method != "trend":
        raise CarstatsError(message("`scores` are those of the trend test; give method='trend'."))
    table = compared(
        cohort, endpoint, by, strata, at, window, population, missing, "response_test",
        test=method, adjust=adjust, reference=reference,
    )  # fmt: skip
    if method == AUTO and table.strata:
        method = EXACT_CMH if len(table.keys) == 2 else OVERALL[0]
    if method in OVERALL:
        frame = _overall(table, method, scores, conf_level)
        rules = table.definitions(range(len(table.keys)))
        frame["note"] = [joined_notes(note, rules) for note in frame["note"]]
        words: str = message(_WORDS[method])
        if table.strata:
            words = message("{test} within {strata}", test=words, strata=column_list(table.strata))
        if method == EXACT_CMH:
            level = f"{conf_level * 100:g}"
            words = message("{test}; {level} % limits", test=words, level=level)
    else:
        rows, used = [], set()
        for first, second in pairs(table, reference):
            row = pair_columns(table, first, second)
            test = method
            if method == AUTO:
                by_size = default_method(row["n"], row["n_reference"])
                test = "Barnard" if by_size == "Agresti-Min" else by_size
            used.add(test)
            found = _pair(row, table, (first, second), test, conf_level)
            found["note"] = joined_notes(found["note"], table.definitions((first, second)))
            rows.append(row | found)
        frame = pd.DataFrame(rows)
        frame["p_adjusted"] = adjust_p_values(frame["p_value"], method=adjust)
        frame = frame[[*(c for c in frame if c != "note"), "note"]]
        words = message(_WORDS[next(iter(used)) if len(used) == 1 else AUTO])
        if method != "Boschloo":
            words = message("{test}; {level} % limits", test=words, level=level_text(conf_level))
        if len(frame) > 1:
            words = pairs_words(words, adjust, len(frame))
    spec = replace(table.spec, method=words, conf_level=conf_level, strata=tuple(table.strata))
    return Result(frame, spec)


def _pair(
    row: dict[str, Any], table: Compared, places: tuple[int, int], method: str, conf_level: float
) -> dict[str, Any]:
    k, n = (row["n_event"], row["n_event_reference"]), (row["n"], row["n_reference"])
    note = empty_note(table, row, places)
    measure = "odds ratio" if method == "Fisher" else "difference"
    estimate = low = high = p_value = statistic = np.nan
    if not note:
        if method == "Fisher":
            found = fisher_test(*k, *n, conf_level=conf_level)
            estimate, low, high, p_value = found.odds_ratio, found.low, found.high, found.p_value
            if np.isnan(estimate):
                note = message("all or none responded: the odds ratio is undefined")
                low = high = np.nan
        elif method == "Boschloo":
            estimate, p_value = k[0] / n[0] - k[1] / n[1], boschloo_p_value(*k, *n)
            note = message("no interval inverts Boschloo's test")
        else:
            test = proportion_test(k, n, method=_LIMITS[method], conf_level=conf_level)
            estimate, low, high, p_value = test.estimate, test.low, test.high, test.p_value
            statistic = test.z**2 if np.isfinite(test.z) else np.nan
    return {
        "measure": measure,
        "estimate": estimate,
        "conf_low": low,
        "conf_high": high,
        "statistic": statistic,
        "df": 1.0 if np.isfinite(statistic) else np.nan,
        "p_value": p_value,
        "note": note,
    }


def _overall(
    table: Compared, method: str, scores: Iterable[float] | None, conf_level: float
) -> pd.DataFrame:
    # Strata to which the endpoint does not apply are no part of the comparison.
    places = [place for place in range(len(table.keys)) if table.applies_to(place)]
    everyone = [table.counts(place) for place in places]
    compared_ = places if len(places) > 1 else range(len(table.keys))
    counts = {
        "contrast": reduce(against, [table.names[place] for place in compared_]),
        "n": sum(n for n, _, _ in everyone),
        "n_missing": sum(missing for _, missing, _ in everyone),
        "n_event": sum(k for _, _, k in everyone),
    }
    note: str
    if len(places) < 2:
        note = message("does not apply to {n} of the strata", n=len(table.keys) - len(places))
        row = {"test": method, "statistic": np.nan, "df": np.nan, "p_value": np.nan}
        return pd.DataFrame([{**counts, **row, "note": note}])
    if method == "trend":
        given = None if scores is None else list(scores)
        if given is not None and len(given) == len(table.keys):
            given = [given[place] for place in places]
        found = trend_test([k for _, _, k in everyone], [n for n, _, _ in everyone], given)
        note = "" if np.isfinite(found.statistic) else message("all or none responded")
        row = {"test": "exact trend", "statistic": found.statistic, "df": np.nan}
        return pd.DataFrame([{**counts, **row, "p_value": found.p_value, "note": note}])
    k, n = table.block_counts(places)
    if method == EXACT_CMH:
        return pd.DataFrame([{**counts, **_exact(table, k, n, conf_level)}])
    tests = {"Cochran-Mantel-Haenszel": mantel_haenszel_test(k, n)}
    if len(places) == 2 and len(table.blocks) > 1:
        tests["Breslow-Day"] = breslow_day_test(k, n)
    return pd.DataFrame(
        {
            **counts,
            "test": name,
            "statistic": test.statistic,
            "df": float(test.df) if test.df else np.nan,
            "p_value": test.p_value,
            "note": message(
                "{n} of {total} strata inform", n=test.n_strata, total=len(table.blocks)
            )
            if table.strata
            else ("" if test.df else message("all or none responded")),
        }
        for name, test in tests.items()
    )


def _exact(table: Compared, k, n, conf_level: float) -> dict[str, Any]:
    if len(table.keys) != 2:
        raise CarstatsError(
            message(
                "`method` is {method}, which compares two strata; `by` has {n}. Use {other}.",
                method=repr(EXACT_CMH),
                n=len(table.keys),
                other=repr(OVERALL[0]),
            )
        )
    found = exact_mantel_haenszel(k, n, conf_level=conf_level)
    informs = ((n > 0).all(axis=1) & (k.sum(axis=1) > 0) & (k.sum(axis=1) < n.sum(axis=1))).sum()
    note = message("{n} of {total} strata inform", n=int(informs), total=len(table.blocks))
    if np.isnan(found.odds_ratio):
        note = message("all or none responded: the odds ratio is undefined")
    return {
        "test": EXACT_CMH,
        "estimate": found.odds_ratio,
        "conf_low": np.nan if np.isnan(found.odds_ratio) else found.low,
        "conf_high": np.nan if np.isnan(found.odds_ratio) else found.high,
        "statistic": np.nan,
        "df": np.nan,
        "p_value": found.p_value if informs else np.nan,
        "note": note if table.strata or not informs else "",
    }
