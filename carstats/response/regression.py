"""Regression of response on covariates, and what it says on the scale of probabilities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, chosen_columns
from carstats.cohort.strata import check_by, level_labels, stratum_keys
from carstats.counts.counted import Counts
from carstats.counts.standing import counted_visit
from carstats.data.vocabulary import column_name
from carstats.errors import CarstatsError, check_choice, check_conf_level, listed, names_given
from carstats.estimators.identified import independent_columns
from carstats.estimators.reasons import FIRTH_SEPARATED, NOT_IDENTIFIED, Reason
from carstats.estimators.regression.logistic import (
    LOGISTIC_METHODS,
    LogisticFit,
    calibrated,
    logistic_regression,
    predicted,
)
from carstats.messages import joined_notes, mark, message
from carstats.response.outcomes import (
    analysis_set,
    asked_of,
    checked_window,
    joined_words,
    missing_words,
    visit_outcome,
)
from carstats.response.pairs import adjusted_for, against
from carstats.response.told import definition_words
from carstats.result import Result, Spec
from carstats.wording import asymptotic_words, because, level_text

_METHOD = {
    "Firth": mark("logistic regression by Firth's penalised likelihood"),
    "maximum likelihood": mark("logistic regression by maximum likelihood"),
}


@dataclass(frozen=True, eq=False)
class _Model:
    """A regression with the columns it stands on: one of `terms` for each column."""

    subjects: pd.DataFrame
    design: np.ndarray
    terms: list[tuple[str, Any, Any]]
    fit: LogisticFit
    left_out: int
    spec: Spec
    cohort: Cohort


def response_regression(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    covariates: str | Iterable[str] | None = None,
    *,
    reference: Mapping[str, Any] | None = None,
    method: str = "Firth",
    at: float = 168,
    window: tuple[float, float] | None = None,
    population: str = "treated",
    missing: str = "failure",
    conf_level: float = 0.95,
) -> Result:
    """Estimate odds ratios of a response by logistic regression.

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`.
    endpoint : str, optional
        A response endpoint of the study. By default the only one that the study has.
    covariates : str or list of str, optional
        Columns of the subjects table. Numbers enter as they are, everything else by its levels.
        Subjects with a missing covariate are left out and counted. By default the columns `by` of
        `cohort_from_frame`.
    reference : mapping of str to object, optional
        The level that the others of a column are compared with; by default the first in the
        vocabulary's order.
    method : {"Firth", "maximum likelihood"}
        Firth's penalised likelihood has less bias in small cohorts and an estimate where the
        responses are separated; maximum likelihood then says that it has none.
    at : float
        Day of the visit.
    window, population, missing : optional
        Which days and who count, and what a missing response is, as for `response_rate`.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each column of the model: ``term``, ``level`` and ``reference`` (of a level; else
        empty), ``n`` subjects and ``n_event`` responders (of the level; of a number all),
        ``n_missing`` left out for a missing covariate, ``estimate`` (odds ratio, for a number per
        unit), ``conf_low`` and ``conf_high`` (profile likelihood), ``log_odds`` with
        ``log_std_error``, ``statistic`` (likelihood ratio), ``df``, ``p_value``, ``note``.

    Raises
    ------
    CarstatsError
        As for `response_rate`; also if a covariate or a reference does not exist.

    References
    ----------
    Firth D. Biometrika 1993; 80: 27-38. Heinze G, Schemper M. Stat Med 2002; 21: 2409-2419.

    Examples
    --------
    >>> cs.response_regression(cohort, "response", ["target", "age"])
    """
    model = _fitted(
        cohort, endpoint, covariates, reference, method, at, window, population, missing,
        conf_level, "response_regression",
    )  # fmt: skip
    fit, rows = model.fit, []
    events = model.subjects["response"] == 1
    note = because(fit.note)
    everyone = np.ones(len(events), bool)
    if not note and _separated(everyone, model.design, events.to_numpy(float)):
        note = because(Reason(FIRTH_SEPARATED))
    for j, (term, level, base) in enumerate(model.terms, start=1):
        member = model.design[:, j - 1] == 1 if level is not None else slice(None)
        rows.append(
            {
                "term": term,
                "level": "" if level is None else level,
                "reference": "" if base is None else base,
                "n": len(model.subjects[member]),
                "n_missing": model.left_out,
                "n_event": int(events[member].sum()),
                "estimate": np.exp(fit.coefficient[j]),
                "conf_low": np.exp(fit.low[j]),
                "conf_high": np.exp(fit.high[j]),
                "log_odds": fit.coefficient[j],
                "log_std_error": fit.std_error[j],
                "statistic": fit.statistic[j],
                "df": 1.0,
                "p_value": fit.p_value[j],
                "note": note,
            }
        )
    words = asymptotic_words(
        message(
            "{method}, odds ratios with {level} % profile-likelihood limits",
            method=message(_METHOD[method]),
            level=level_text(conf_level),
        )
    )
    spec = replace(model.spec, method=words, conf_level=conf_level)
    columns = list(dict.fromkeys(term for term, _, _ in model.terms))
    return Result(_named(rows, model), spec, level_labels(model.cohort.study.vocabulary, columns))


def marginal_response_difference(
    cohort: Cohort | Counts,
    endpoint: str,
    covariate: str,
    *,
    adjust: str | Iterable[str] = (),
    reference: object = None,
    method: str = "Firth",
    at: float = 168,
    window: tuple[float, float] | None = None,
    population: str = "treated",
    missing: str = "failure",
    conf_level: float = 0.95,
) -> Result:
    """Estimate how far the mean probability of response differs between levels of a covariate.

    Every subject is predicted twice from a logistic regression, as if of one level and as if of
    the reference, and the differences are averaged (standardisation, g-computation).

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`.
    endpoint : str
        A response endpoint of the study.
    covariate : str
        The column whose levels are compared; a number is compared one unit apart.
    adjust : str or list of str, optional
        Further columns of the regression.
    reference : object, optional
        The level that the others are compared with.
    method : {"Firth", "maximum likelihood"}
        How the regression is fitted. Firth's predictions lean towards one half; the intercept is
        moved so that their mean is the rate observed (FLIC).
    at : float
        Day of the visit.
    window, population, missing : optional
        Which days and who count, and what a missing response is, as for `response_rate`.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each level but the reference: ``contrast``, ``n``, ``n_missing`` (left out for a
        missing covariate), ``n_event``, ``estimate`` (difference of mean probabilities),
        ``std_error`` (delta method), ``conf_low``, ``conf_high``, ``statistic``, ``df``,
        ``p_value``, ``mean`` and ``mean_reference`` (the two mean probabilities), ``note``.

    Raises
    ------
    CarstatsError
        As for `response_regression`.

    References
    ----------
    Ge M, Durham LK, Meyer RD, Xie W, Thomas N. Drug Inf J 2011; 45: 481-493.
    Puhr R, Heinze G, Nold M, Lusa L, Geroldinger A. Stat Med 2017; 36: 2302-2317.

    Examples
    --------
    >>> cs.marginal_response_difference(cohort, "response", "target", adjust="age")
    """
    more = names_given("adjust", adjust)
    given = None if reference is None else {covariate: reference}
    model = _fitted(
        cohort, endpoint, [covariate, *more], given, method, at, window, population, missing,
        conf_level, "marginal_response_difference", profiled=False,
    )  # fmt: skip
    fit, design = model.fit, model.design
    response = model.subjects["response"].eq(1).to_numpy(float)
    coefficient = fit.coefficient if fit.note else calibrated(design, response, fit.coefficient)
    own = [j for j, (term, _, _) in enumerate(model.terms) if term == covariate]
    z = NormalDist().inv_cdf(0.5 + conf_level / 2)
    rows = []
    for j in own:
        _, level, base = model.terms[j]
        note = because(fit.note)
        if not note and _separated(_of_two(model, covariate, j), design, response):
            note = because(Reason(NOT_IDENTIFIED))
        one, other = design.copy(), design.copy()
        if level is None:
            one[:, j] += 1
        else:
            one[:, own], other[:, own] = 0.0, 0.0
            one[:, j] = 1.0
        means, slopes = zip(*(_mean_and_slope(x, coefficient) for x in (one, other)), strict=True)
        difference, slope = means[0] - means[1], slopes[0] - slopes[1]
        error = float(np.sqrt(slope @ fit.covariance @ slope))
        chi = (difference / error) ** 2 if error > 0 else np.nan
        name = column_name(covariate)
        named = against(level, base) if level is not None else against(name + " + 1", name)
        rows.append(
            {
                "contrast": named,
                "n": len(model.subjects),
                "n_missing": model.left_out,
                "n_event": int(response.sum()),
                "estimate": difference,
                "std_error": error,
                "conf_low": np.maximum(difference - z * error, -1.0),
                "conf_high": np.minimum(difference + z * error, 1.0),
                "statistic": chi,
                "df": 1.0,
                "p_value": 2 * NormalDist().cdf(-np.sqrt(chi)) if chi >= 0 else np.nan,
                "mean": means[0],
                "mean_reference": means[1],
                "note": note,
            }
            | (dict.fromkeys(_NUMBERS, np.nan) if note else {})
        )
    words: str = message("marginal differences")
    words = message(
        "{differences} from {method}, delta method, {level} % limits",
        differences=adjusted_for(words, more) if more else words,
        method=message(_METHOD[method]),
        level=level_text(conf_level),
    )
    words = asymptotic_words(words)
    given = {**model.spec.options, "covariate": covariate, "adjust": more, "reference": reference}
    spec = replace(model.spec, method=words, conf_level=conf_level, options=given)
    return Result(_named(rows, model), spec)


def _named(rows: list[dict[str, Any]], model: _Model) -> pd.DataFrame:
    """Say in every row what the endpoint is in each disease, where it is another one in each."""
    name = model.spec.options["endpoint"]
    rules = definition_words(model.cohort, name, model.subjects, single=False)
    return pd.DataFrame([row | {"note": joined_notes(row["note"], rules)} for row in rows])


# What a contrast has that the data do not identify.
_NUMBERS = (
    "estimate", "std_error", "conf_low", "conf_high", "statistic", "df", "p_value", "mean",
    "mean_reference",
)  # fmt: skip


def _of_two(model: _Model, covariate: str, j: int) -> np.ndarray:
    """Say who has the level of a column or the reference; everyone for a number."""
    _, level, base = model.terms[j]
    if level is None:
        return np.ones(len(model.subjects), bool)
    values = model.subjects[covariate]
    return ((values == level) | (values == base)).to_numpy(bool)


def _separated(who: np.ndarray, design: np.ndarray, response: np.ndarray) -> bool:
    """Say whether covariates tell the responders among some subjects from the others, entirely."""
    design, response = design[who], response[who]
    kept = independent_columns(design)
    if not kept.any():
        return bool(response.all() or not response.any())
    fit = logistic_regression(
        design[:, kept], response, method="maximum likelihood", profiled=False
    )
    return fit.note is not None


def _mean_and_slope(design: np.ndarray, coefficient: np.ndarray) -> tuple[float, np.ndarray]:
    p = predicted(design, coefficient)
    weight = p * (1 - p)
    slope = np.append(weight.mean(), (weight[:, None] * design).mean(axis=0))
    return float(p.mean()), slope


def _fitted(
    cohort, endpoint, covariates, reference, method, at, window, population, missing, conf_level,
    analysis, profiled=True,
) -> _Model:  # fmt: skip
    method = check_choice("method", method, LOGISTIC_METHODS)
    missing = check_choice("missing", missing, ("failure", "excluded"))
    check_conf_level(conf_level)
    cohort, window = counted_visit(cohort, endpoint, at, window, single=True)
    outcome = visit_outcome(cohort, endpoint, at, window)
    subjects, words = analysis_set(cohort, population)
    subjects, _, words = asked_of(cohort, [outcome.name], subjects, words)
    columns = chosen_columns(cohort, covariates, "covariates")
    if not columns:
        raise CarstatsError(message("`covariates` is empty; name at least one column."))
    # Missing values are counted below: only the names are checked here.
    check_by(subjects.iloc[:0], columns, "covariates")
    reference = dict(reference or {})
    strangers = sorted(set(reference) - set(columns))
    if strangers:
        raise CarstatsError(
            message("`reference` names {strangers}, no covariates of this model.",
                    strangers=listed(strangers))
        )  # fmt: skip
    subjects = subjects.assign(response=subjects["subject_id"].map(outcome.response))
    used = "excluded" if population == "evaluable" else missing
    if used == "excluded":
        subjects = subjects[subjects["response"].notna()]
    words = joined_words(words, missing_words(used))
    whole = subjects[columns].notna().all(axis=1)
    left_out = int((~whole).sum())
    subjects = subjects[whole]
    if not len(subjects):
        raise CarstatsError(message("no subject has the response and every covariate."))
    parts, terms = [], []
    for column in columns:
        values = subjects[column]
        if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
            parts.append(values.to_numpy(float)[:, None])
            terms.append((column, None, None))
            continue
        levels = [key[0] for key in stratum_keys(cohort.study.vocabulary, subjects, [column])]
        base = reference.get(column, levels[0])
        if base not in levels:
            raise CarstatsError(
                message("`reference` of `{column}` is {base}; its levels are {levels}.",
                        column=column, base=repr(base), levels=listed(levels, 20))
            )  # fmt: skip
        for level in (level for level in levels if level != base):
            parts.append((values == level).to_numpy(float)[:, None])
            terms.append((column, level, base))
    if not terms:
        raise CarstatsError(
            message("the covariates {columns} have one level each.", columns=listed(columns))
        )
    design = np.hstack(parts)
    response = subjects["response"].eq(1).to_numpy(float)
    fit = logistic_regression(
        design, response, method=method, conf_level=conf_level, profiled=profiled
    )
    if left_out:
        words = joined_words(words, message("{n} with a missing covariate left out", n=left_out))
    named = {"endpoint": outcome.title, "endpoints": (outcome.name,)}
    spec = cohort.spec(analysis, **named, population=words, method="")
    options = {"endpoint": outcome.name, "covariates": columns, "reference": reference}
    if not cohort.study.strata_only:
        options |= {"at": float(at), "window": list(checked_window(cohort, window, at))}
    options |= {"population": population, "missing": missing, "method": method}
    return _Model(subjects, design, terms, fit, left_out, replace(spec, options=options), cohort)
