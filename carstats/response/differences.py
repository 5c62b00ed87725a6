"""Differences and ratios of response rates between strata."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.counts.counted import Counts
from carstats.errors import check_choice, check_conf_level
from carstats.estimators.proportions.proportion_test import (
    ASYMPTOTIC,
    AUTO,
    methods_of,
    proportion_test,
)
from carstats.estimators.proportions.score_statistic import CONTRASTS
from carstats.estimators.proportions.stratified_tables import (
    STRATIFIED_METHODS,
    mantel_haenszel_test,
    stratified_contrast,
    stratified_score_test,
)
from carstats.estimators.tests.multiplicity import ADJUSTMENTS, adjust_p_values
from carstats.messages import joined_notes, mark, message, message_n
from carstats.response.pairs import (
    Compared,
    adjusted_for,
    compared,
    empty_note,
    pair_columns,
    pairs,
    pairs_words,
)
from carstats.result import Result
from carstats.wording import compared_limits

_CONTRASTS = {
    "difference": mark("difference of proportions"),
    "ratio": mark("ratio of proportions"),
}


def response_difference(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    *,
    by: str | Iterable[str] | None = None,
    reference: object = None,
    strata: str | Iterable[str] | None = None,
    contrast: str = "difference",
    method: str = "auto",
    adjust: str = "Holm",
    at: float = 168,
    window: tuple[float, float] | None = None,
    population: str = "treated",
    missing: str = "failure",
    conf_level: float = 0.95,
) -> Result:
    """Estimate the difference or the ratio of response rates between strata.

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`. Its strata were not randomised: a difference between them is not
        the effect of what tells them apart.
    endpoint : str, optional
        A response endpoint of the study. By default the only one that the study has.
    by : str or list of str, optional
        Columns whose strata are compared. By default those of `cohort_from_frame`.
    reference : str or tuple, optional
        The stratum that the others are compared with; by default all pairs.
    strata : str or list of str, optional
        Columns to adjust for: the contrast is taken within their strata and then averaged with
        Mantel and Haenszel's weights. A stratum with one group only says nothing.
    contrast : {"difference", "ratio"}
        First less second rate, or first by second.
    method : str
        Limits, and the test that they invert. "auto": Agresti-Min up to the size of 50 against 50
        (2,601 possible tables: also 20 against 120), which holds its level whatever the proportions
        are and is hardly wider, Miettinen-Nurminen beyond; with `strata` Miettinen-Nurminen. By
        name for differences "Miettinen-Nurminen", "Mee", "Newcombe", "SCAS", "Chan-Zhang",
        "Agresti-Min", "melded"; for ratios "Miettinen-Nurminen", "Koopman", "SCAS", "Chan-Zhang",
        "Agresti-Min", "melded"; with `strata` "Miettinen-Nurminen", "SCAS" or "Mantel-Haenszel"
        (Sato's variance, beside the Cochran-Mantel-Haenszel test). Chan-Zhang, Agresti-Min and
        melded are exact.
    adjust : {"Holm", "Bonferroni", "Benjamini-Hochberg", "none"}
        Adjustment of the p-values for the number of pairs; the limits are never adjusted.
    at : float
        Day of the visit.
    window : (float, float), optional
        First and last day that count, as for `response_rate`.
    population : {"treated", "evaluable", "intention to treat"}
        Who is counted, as for `response_rate`.
    missing : {"failure", "excluded"}
        What a missing response is.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each pair: ``contrast`` in words, ``n``, ``n_missing``, ``n_event`` of the first,
        ``n_reference``, ``n_missing_reference``, ``n_event_reference`` of the second,
        ``estimate``, ``conf_low``, ``conf_high``, ``statistic`` and ``df`` where the test has
        them, ``p_value`` of the test that the interval inverts (NaN for Newcombe's, which inverts
        none), ``p_adjusted``, ``note``.

    Raises
    ------
    CarstatsError
        As for `response_rate`; also if there are fewer than two strata, or the reference is none.

    References
    ----------
    Miettinen O, Nurminen M. Stat Med 1985; 4: 213-226.
    Newcombe RG. Stat Med 1998; 17: 873-890. Laud PJ. Pharm Stat 2017; 16: 334-348.
    Chan ISF, Zhang Z. Biometrics 1999; 55: 1202-1209.
    Fay MP, Proschan MA, Brittain E. Biometrics 2015; 71: 146-156.
    Agresti A, Min Y. Biometrics 2001; 57: 963-971. Sato T. Biometrics 1989; 45: 1323-1324.

    Examples
    --------
    >>> cs.response_difference(cohort, "remission", by="target", reference="CD19")
    """
    contrast = check_choice("contrast", contrast, CONTRASTS)
    stratified = (AUTO, *STRATIFIED_METHODS[contrast])
    method = check_choice(
        "method", method, stratified if strata is not None else methods_of(contrast)
    )
    adjust = check_choice("adjust", adjust, ADJUSTMENTS)
    check_conf_level(conf_level)
    table = compared(
        cohort, endpoint, by, strata, at, window, population, missing, "response_difference",
        contrast=contrast, method=method, adjust=adjust, reference=reference,
    )  # fmt: skip
    rows, used = [], set()
    for first, second in pairs(table, reference):
        row = pair_columns(table, first, second)
        if table.strata:
            found, how = _adjusted(table, first, second, contrast, method, conf_level)
        else:
            note = empty_note(table, row, (first, second))
            found, how = _plain(row, note, contrast, method, conf_level)
        used.add(how)
        found["note"] = joined_notes(found["note"], table.definitions((first, second)))
        rows.append(row | found)
    frame = pd.DataFrame(rows)
    place = frame.columns.get_loc("p_value") + 1
    frame.insert(place, "p_adjusted", adjust_p_values(frame["p_value"], method=adjust))
    words: str = message(_CONTRASTS[contrast])
    if table.strata:
        words = adjusted_for(words, table.strata)
    limits = compared_limits(used, conf_level)
    words = message("{contrast}, {limits}", contrast=words, limits=limits)
    if len(frame) > 1:
        words = pairs_words(words, adjust, len(frame))
    spec = replace(
        table.spec,
        method=words,
        conf_level=conf_level,
        strata=tuple(table.strata),
    )
    return Result(frame, spec)


def _plain(
    row: dict[str, Any], note: str, contrast: str, method: str, conf_level: float
) -> tuple[dict[str, Any], str]:
    k, n = (row["n_event"], row["n_event_reference"]), (row["n"], row["n_reference"])
    found = proportion_test(k, n, contrast=contrast, method=method, conf_level=conf_level)
    if not note and contrast == "ratio" and not any(k):
        note = message("nobody responded: the ratio is undefined")
    known = np.isfinite(found.z)
    return {
        "estimate": found.estimate,
        "conf_low": np.nan if np.isnan(found.estimate) else found.low,
        "conf_high": np.nan if np.isnan(found.estimate) else found.high,
        "statistic": found.z**2 if known else np.nan,
        "df": 1.0 if known else np.nan,
        "p_value": found.p_value,
        "note": note,
    }, found.method


def _adjusted(
    table: Compared, first: int, second: int, contrast: str, method: str, conf_level: float
) -> tuple[dict[str, Any], str]:
    method = ASYMPTOTIC if method == AUTO else method
    k, n = table.block_counts((first, second))
    found = stratified_contrast(k, n, contrast=contrast, method=method, conf_level=conf_level)
    if method == "Mantel-Haenszel":
        test = mantel_haenszel_test(k, n)
    else:
        test = stratified_score_test(k, n, contrast=contrast, skewness=method == "SCAS")
    alone = int(((n > 0).sum(axis=1) == 1).sum())
    note = ""
    if not found.n_strata:
        note = message("no stratum has subjects of both")
    elif alone:
        note = message_n(
            "{n} stratum has one group only and says nothing",
            "{n} strata have one group only and say nothing",
            alone,
        )
    low, high = found.low, found.high
    if contrast == "ratio" and found.n_strata and np.isnan(found.estimate):
        low = high = np.nan
        note = joined_notes(note, message("nobody responded: the ratio is undefined"))
    elif found.n_strata and np.isnan(test.p_value):
        note = joined_notes(note, message("all or none responded: no test"))
    if found.n_strata and np.isnan(found.low) and not np.isnan(found.estimate):
        note = joined_notes(note, message("no variance: no limits"))
    return {
        "estimate": found.estimate,
        "conf_low": low,
        "conf_high": high,
        "statistic": test.statistic,
        "df": float(test.df) if test.df else np.nan,
        "p_value": test.p_value,
        "note": note,
    }, method
