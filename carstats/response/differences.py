"""Differences and ratios of response rates between strata."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pandas as pd

from carstats.cohort import Cohort
from carstats.errors import check_choice, check_conf_level
from carstats.estimators.melding import melded_p_value
from carstats.estimators.proportion_difference import METHODS_OF, proportion_contrast
from carstats.estimators.score_statistic import CONTRASTS, score_statistic
from carstats.estimators.stratified_tables import (
    STRATIFIED_METHODS,
    mantel_haenszel_test,
    stratified_contrast,
)
from carstats.estimators.unconditional import unconditional_p_value
from carstats.messages import joined_notes, mark, message, message_n
from carstats.response.pairs import (
    Compared,
    adjusted_for,
    compared,
    empty_note,
    pair_columns,
    pairs,
)
from carstats.result import Result
from carstats.wording import limits_words

_CONTRASTS = {
    "difference": mark("difference of proportions"),
    "ratio": mark("ratio of proportions"),
}


def response_difference(
    cohort: Cohort,
    endpoint: str,
    *,
    by: str | Iterable[str],
    reference: object = None,
    strata: str | Iterable[str] | None = None,
    contrast: str = "difference",
    method: str = "Miettinen-Nurminen",
    at: float = 168,
    window: tuple[float, float] | None = None,
    population: str = "treated",
    missing: str = "failure",
    conf_level: float = 0.95,
) -> Result:
    """Estimate the difference or the ratio of response rates between strata.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`. Its strata were not randomised: a difference between them is not
        the effect of what tells them apart.
    endpoint : str
        A response endpoint of the study.
    by : str or list of str
        Columns whose strata are compared.
    reference : str or tuple, optional
        The stratum that the others are compared with; by default all pairs.
    strata : str or list of str, optional
        Columns to adjust for: the contrast is taken within their strata and then averaged with
        Mantel and Haenszel's weights. A stratum with one group only says nothing.
    contrast : {"difference", "ratio"}
        First less second rate, or first by second.
    method : str
        Limits. For differences "Miettinen-Nurminen", "Mee", "Newcombe", "SCAS", "Chan-Zhang",
        "Agresti-Min", "melded"; for ratios "Miettinen-Nurminen", "Koopman", "SCAS", "Chan-Zhang",
        "Agresti-Min", "melded"; with `strata` "Mantel-Haenszel" (Sato's variance),
        "Miettinen-Nurminen" or "SCAS". Chan-Zhang, Agresti-Min and melded are exact.
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
        none), ``note``.

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
    Sato T. Biometrics 1989; 45: 1323-1324.
    """
    check_choice("contrast", contrast, CONTRASTS)
    methods = STRATIFIED_METHODS if strata is not None else METHODS_OF
    check_choice("method", method, methods[contrast])
    check_conf_level(conf_level)
    table = compared(
        cohort, endpoint, by, strata, at, window, population, missing, "response_difference",
        contrast=contrast, method=method,
    )  # fmt: skip
    rows = []
    for first, second in pairs(table, reference):
        row = pair_columns(table, first, second)
        if table.strata:
            row |= _adjusted(table, first, second, contrast, method, conf_level)
        else:
            note = empty_note(table, row, (first, second))
            row |= _plain(row, note, contrast, method, conf_level)
        rows.append(row)
    words = message(_CONTRASTS[contrast])
    if table.strata:
        words = adjusted_for(words, table.strata)
    limits = limits_words(method, conf_level)
    spec = replace(
        table.spec,
        method=message("{contrast}, {limits}", contrast=words, limits=limits),
        conf_level=conf_level,
        strata=tuple(table.strata),
    )
    return Result(pd.DataFrame(rows), spec)


def _plain(
    row: dict[str, object], note: str, contrast: str, method: str, conf_level: float
) -> dict[str, object]:
    k, n = (row["n_event"], row["n_event_reference"]), (row["n"], row["n_reference"])
    found = proportion_contrast(k, n, contrast=contrast, method=method, conf_level=conf_level)
    statistic, p_value = np.nan, np.nan
    if not note:
        statistic, p_value = _test(k, n, contrast, method)
        if contrast == "ratio" and not any(k):
            note = message("nobody responded: the ratio is undefined")
    return {
        "estimate": float(found.estimate),
        "conf_low": float(found.low),
        "conf_high": float(found.high),
        "statistic": statistic,
        "df": 1.0 if np.isfinite(statistic) else np.nan,
        "p_value": p_value,
        "note": note,
    }


def _test(k, n, contrast: str, method: str) -> tuple[float, float]:
    """Statistic (chi-square) and p-value of the test that a method's limits invert."""
    if method == "Newcombe":
        return np.nan, np.nan
    if method == "melded":
        return np.nan, melded_p_value(*k, *n)
    if method in ("Chan-Zhang", "Agresti-Min"):
        tails = "central" if method == "Chan-Zhang" else "two-sided"
        return np.nan, unconditional_p_value(*k, *n, contrast=contrast, tails=tails)
    null = 0.0 if contrast == "difference" else 1.0
    corrected, skewness = method in ("Miettinen-Nurminen", "SCAS"), method == "SCAS"
    z = float(score_statistic(k, n, null, contrast, corrected=corrected, skewness=skewness))
    return z * z, 2 * NormalDist().cdf(-abs(z))


def _adjusted(
    table: Compared, first: int, second: int, contrast: str, method: str, conf_level: float
) -> dict[str, object]:
    k, n = table.block_counts((first, second))
    found = stratified_contrast(k, n, contrast=contrast, method=method, conf_level=conf_level)
    test = mantel_haenszel_test(k, n)
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
    if found.n_strata and np.isnan(found.low):
        note = joined_notes(note, message("no variance: no limits"))
    return {
        "estimate": found.estimate,
        "conf_low": found.low,
        "conf_high": found.high,
        "statistic": test.statistic,
        "df": float(test.df) if test.df else np.nan,
        "p_value": test.p_value,
        "note": note,
    }
