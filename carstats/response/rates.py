"""Response rates: at a visit, sustained over visits, and at best."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort, chosen_columns, chosen_endpoint
from carstats.cohort.strata import check_by, counted, estimate_by, level_labels
from carstats.counts.counted import Counts
from carstats.counts.standing import counted_visit
from carstats.errors import CarstatsError, check_choice, check_conf_level, names_given
from carstats.estimators.proportions.proportion import METHODS, proportion_limits
from carstats.messages import joined_notes, message
from carstats.response.outcomes import (
    MISSING,
    Outcome,
    analysis_set,
    asked,
    best_outcome,
    case_labels,
    joined_words,
    missing_words,
    sustained_outcome,
    visit_options,
    visit_outcome,
    visit_words,
)
from carstats.response.told import Told
from carstats.result import Result
from carstats.wording import limits_words


def response_rate(
    cohort: Cohort | Counts,
    endpoint: str | Iterable[str] | None = None,
    *,
    at: float = 168,
    window: tuple[float, float] | None = None,
    by: str | Iterable[str] | None = None,
    population: str = "treated",
    missing: str = "failure",
    method: str = "Clopper-Pearson",
    conf_level: float = 0.95,
) -> Result:
    """Estimate the proportion of subjects with a response at a visit.

    By default the denominator is every infused subject of the cohort: a response that is missing or
    not evaluable counts as failure. The rate among the evaluable stands beside it.

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`; usually the infused, and those with potential follow-up to the end
        of the window.
    endpoint : str or list of str, optional
        A response endpoint of the study, such as ``"drug_free_remission"``; several stand side by
        side in a column ``endpoint``, within each stratum. By default the only one that the study
        has.
    at : float
        Day of the visit from the first infusion; 168 is week 24.
    window : (float, float), optional
        First and last day that count for the visit. The default is that of the study's schedule:
        7 days either side up to day 42, 14 up to day 126, 28 up to day 378 and 42 beyond, never
        past the midpoint to the next scheduled visit. Of several evaluable assessments the one
        nearest to `at` counts, of two equally near the later.
    by : str or list of str, optional
        Columns of the subjects table; one rate for each stratum. By default those of
        `cohort_from_frame`.
    population : {"treated", "evaluable", "intention to treat"}
        Who is counted: the infused; those of them with an evaluable assessment; or everybody,
        whether infused or not.
    missing : {"failure", "excluded", "bounds"}
        What a missing response is: a failure; left out, as in the population "evaluable"; or both
        bounds, in two rows told apart by ``case``: "worst" (failures) and "best" (responses).
    method : {"Clopper-Pearson", "Wilson", "Jeffreys", "mid-P", "Blaker", "Agresti-Coull"}
        Confidence limits.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum: ``n`` subjects in the denominator, ``n_missing`` without an evaluable
        assessment in the window (part of ``n`` unless left out), ``n_event`` responders,
        ``estimate`` = n_event / n with ``conf_low`` and ``conf_high``, ``n_evaluable``,
        ``estimate_evaluable``, ``n_not_applicable`` subjects for whose disease or subtype the
        endpoint was not made (in no numerator or denominator), ``note``. A stratum without subjects
        has NaN, and so has one to which the endpoint does not apply. The note also says how many
        meet a renal endpoint at baseline already, how many responders of an endpoint without a cap
        take more than 7.5 mg of prednisone a day, and what `response` and `remission` are.

    Raises
    ------
    CarstatsError
        If the endpoint is not in the vocabulary or not in the data, no subject of the study has it
        in the window, or an argument is not allowed.

    References
    ----------
    Clopper CJ, Pearson ES. Biometrika 1934; 26: 404-413.
    Wilson EB. J Am Stat Assoc 1927; 22: 209-212.
    Brown LD, Cai TT, DasGupta A. Stat Sci 2001; 16: 101-133.
    Blaker H. Can J Stat 2000; 28: 783-798.

    Examples
    --------
    >>> cs.response_rate(cohort, "drug_free_remission", at=168, by=["disease", "target"])
    """
    if isinstance(cohort, Counts):
        return _counted_rates(
            cohort, endpoint, at, window, by, population, missing, method, conf_level
        )
    options = visit_options(cohort, at, window)
    return _rates(
        cohort, endpoint, lambda name: visit_outcome(cohort, name, at, window), "response_rate",
        by, population, missing, method, conf_level, options,
    )  # fmt: skip


def _counted_rates(
    counts: Counts, endpoint, at, window, by, population, missing, method, conf_level
) -> Result:
    """Return the rates of endpoints that were counted, each by itself."""
    several = not (endpoint is None or isinstance(endpoint, str))
    found = []
    for name in list(endpoint) if several else [endpoint]:
        cohort, days = counted_visit(counts, name, at, window)
        name = cohort.study.endpoints("response")[0]
        options = visit_options(cohort, at, days)
        found.append(
            _rates(
                cohort, [name] if several else name,
                partial(visit_outcome, cohort, at=at, window=days),
                "response_rate", by, population, missing, method, conf_level, options,
            )
        )  # fmt: skip
    if not found:
        raise CarstatsError(message("`endpoint` is empty; name at least one response endpoint."))
    if len(found) == 1:
        return found[0]
    first = found[0]
    # The endpoints stand side by side within each stratum, as of a cohort.
    parts = [
        result.frame.assign(_place=result.frame.groupby("endpoint").cumcount()) for result in found
    ]
    frame = pd.concat(parts, ignore_index=True).sort_values("_place", kind="stable")
    names = [name for result in found for name in result.spec.endpoints]
    labels = message(", ").join(counts.vocabulary.label("endpoint", name) for name in names)
    when = visit_words(float(at), *counts.visit["window"]) if counts.visit else ""
    spec = replace(
        first.spec, endpoint=asked(labels, when), endpoints=tuple(names),
        options={**first.spec.options, "endpoint": names},
    )  # fmt: skip
    return Result(frame.drop(columns="_place").reset_index(drop=True), spec, first.labels)


def sustained_response_rate(
    cohort: Cohort,
    endpoint: str | Iterable[str] | None = None,
    *,
    at: float = 168,
    until: float = 364,
    by: str | Iterable[str] | None = None,
    population: str = "treated",
    missing: str = "failure",
    method: str = "Clopper-Pearson",
    conf_level: float = 0.95,
) -> Result:
    """Estimate the proportion of subjects whose response at a visit lasts to a later one.

    A sustained response is one at the visit `at`, at the visit `until`, and at every evaluable
    assessment between them.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; usually those with potential follow-up to the end of the later
        window.
    endpoint : str or list of str, optional
        A response endpoint of the study, or several. By default the only one that the study has.
    at, until : float
        Days of the first and the last visit, with the default windows of `response_rate`.
    by : str or list of str, optional
        Columns of the subjects table; one rate for each stratum. By default those of
        `cohort_from_frame`.
    population : {"treated", "evaluable", "intention to treat"}
        Who is counted, as for `response_rate`.
    missing : {"failure", "excluded", "bounds"}
        What is done with a subject without a failure who cannot be judged at the first or at the
        last visit.
    method : {"Clopper-Pearson", "Wilson", "Jeffreys", "mid-P", "Blaker", "Agresti-Coull"}
        Confidence limits.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        As for `response_rate`.

    Raises
    ------
    CarstatsError
        As for `response_rate`; also if `until` is not after `at`.

    Examples
    --------
    >>> cs.sustained_response_rate(cohort, "remission", at=168, until=364)
    """
    return _rates(
        cohort, endpoint, lambda name: sustained_outcome(cohort, name, at, until),
        "sustained_response_rate", by, population, missing, method, conf_level,
        {"at": at, "until": until},
    )  # fmt: skip


def best_response_rate(
    cohort: Cohort,
    endpoint: str | Iterable[str] | None = None,
    *,
    until: float = 364,
    by: str | Iterable[str] | None = None,
    population: str = "treated",
    missing: str = "failure",
    method: str = "Clopper-Pearson",
    conf_level: float = 0.95,
) -> Result:
    """Estimate the proportion of subjects with a response at any visit up to a day.

    It grows with the number of visits: compare only what was assessed at the same visits.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; usually those with potential follow-up to `until`.
    endpoint : str or list of str, optional
        A response endpoint of the study, or several. By default the only one that the study has.
    until : float
        Last day that counts.
    by : str or list of str, optional
        Columns of the subjects table; one rate for each stratum. By default those of
        `cohort_from_frame`.
    population : {"treated", "evaluable", "intention to treat"}
        Who is counted, as for `response_rate`.
    missing : {"failure", "excluded", "bounds"}
        What is done with a subject never evaluable.
    method : {"Clopper-Pearson", "Wilson", "Jeffreys", "mid-P", "Blaker", "Agresti-Coull"}
        Confidence limits.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        As for `response_rate`.

    Raises
    ------
    CarstatsError
        As for `response_rate`.

    Examples
    --------
    >>> cs.best_response_rate(cohort, "remission", until=364, by="disease")
    """
    return _rates(
        cohort, endpoint, lambda name: best_outcome(cohort, name, until), "best_response_rate",
        by, population, missing, method, conf_level, {"until": until},
    )  # fmt: skip


def _rates(
    cohort: Cohort,
    endpoint: str | Iterable[str] | None,
    outcome_of: Callable[[str], Outcome],
    analysis: str,
    by: str | Iterable[str] | None,
    population: str,
    missing: str,
    method: str,
    conf_level: float,
    options: dict[str, Any],
) -> Result:
    method = check_choice("method", method, METHODS)
    missing = check_choice("missing", missing, MISSING)
    check_conf_level(conf_level)
    check_cohort(cohort)
    endpoint = chosen_endpoint(cohort.study, None, "response") if endpoint is None else endpoint
    names = names_given("endpoint", endpoint)
    several = not isinstance(endpoint, str)
    if not names:
        raise CarstatsError(message("`endpoint` is empty; name at least one response endpoint."))
    outcomes = [outcome_of(name) for name in names]
    subjects, words = analysis_set(cohort, population)
    by = check_by(subjects, chosen_columns(cohort, by))
    if population == "evaluable":
        missing, words = "excluded", joined_words(words, message("evaluable only"))
    cases = ("worst", "best") if missing == "bounds" else ("",)

    told = [Told(cohort, outcome) for outcome in outcomes]

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        rows = []
        for outcome, beside in zip(outcomes, told, strict=True):
            asked_ = stratum[outcome.asked_of(stratum)]
            response = asked_["subject_id"].map(outcome.response)
            for case in cases:
                left_out = missing == "excluded"
                row = rate_row(asked_, response, outcome.due, left_out, case, method, conf_level)
                note, others = row.pop("note"), counted(stratum) - counted(asked_)
                row["n_not_applicable"] = others
                row["note"] = beside.note(note, asked_, response, others)
                named = {"endpoint": outcome.name} if several else {}
                rows.append({**named, **({"case": case} if case else {}), **row})
        return pd.DataFrame(rows)

    vocabulary = cohort.study.vocabulary
    shown = [*by, *(["endpoint"] if several else []), *(["case"] if cases[0] else [])]
    first = outcomes[0]
    title = message(", ").join(dict.fromkeys(outcome.label for outcome in outcomes))
    spec = cohort.spec(
        analysis,
        endpoint=asked(title, first.when),
        endpoints=dict.fromkeys(outcome.name for outcome in outcomes),
        population=joined_words(words, missing_words(missing)),
        method=limits_words(method, conf_level),
        by=shown,
        conf_level=conf_level,
    )
    known = {
        "endpoint": [o.name for o in outcomes] if several else first.name,
        **{k: float(v) if isinstance(v, int) else v for k, v in options.items()},
        "population": population,
        "missing": missing,
        "method": method,
    }
    labels = level_labels(vocabulary, shown) | {"case": case_labels()}
    frame = estimate_by(vocabulary, cohort.eligible, subjects, by, estimate)
    return Result(frame, replace(spec, options=known), labels)


def rate_row(
    stratum: pd.DataFrame,
    response: pd.Series,
    due: float,
    left_out: bool,
    case: str,
    method: str,
    conf_level: float,
) -> dict[str, Any]:
    """Return one row of a table of rates."""
    answered = counted(stratum[response.notna()])
    lacking = counted(stratum) - answered
    seen = counted(stratum[response == 1])
    n = answered if left_out else counted(stratum)
    k = seen + (lacking if case == "best" else 0)
    low, high = proportion_limits(k, n, method=method, conf_level=conf_level)
    return {
        "n": n,
        "n_missing": lacking,
        "n_event": k,
        "estimate": k / n if n else np.nan,
        "conf_low": float(low),
        "conf_high": float(high),
        "n_evaluable": answered,
        "estimate_evaluable": seen / answered if answered else np.nan,
        "note": stratum_note(stratum, response, due),
    }


def stratum_note(stratum: pd.DataFrame, response: pd.Series, due: float) -> str:
    """Return what a reader must know about a stratum's missing responses."""
    if not len(stratum):
        return message("no subjects")
    early = 0
    if "cutoff_day" in stratum:
        early = counted(stratum[response.isna() & (stratum["cutoff_day"] < due)])
    return joined_notes(
        "" if response.notna().any() else message("nobody evaluable"),
        message(
            "{n} of the missing had not reached the visit at the data cut-off "
            "(see potential_followup)",
            n=early,
        )
        if early
        else "",
    )
