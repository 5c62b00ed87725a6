"""Events of toxicity per person-time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import estimate_by, level_labels
from carstats.errors import CarstatsError, check_choice, check_conf_level, check_number
from carstats.estimators.rates.count_regression import negative_binomial
from carstats.estimators.rates.rate import event_rate, rate_test
from carstats.estimators.rates.recurrent_rate import recurrent_rate, recurrent_rate_test
from carstats.messages import joined_notes, message
from carstats.result import Result
from carstats.toxicity.episodes import (
    DAYS_PER_YEAR,
    asked,
    checked_terms,
    checked_windows,
    episodes_of,
    followup_end,
    nobody_asked,
    none_in_years,
    severe_enough,
    term_labels,
    term_words,
)
from carstats.toxicity.merging import merged_episodes
from carstats.toxicity.unknown import (
    before_note,
    bounded_note,
    doubtful_subjects,
    uncollected_note,
)
from carstats.wording import because, limits_words

RATE_METHODS = ("exact", "negative binomial", "robust")


def exposure_adjusted_rate(
    cohort: Cohort,
    term: str | Iterable[str],
    *,
    events: str = "first",
    method: str | None = None,
    min_grade: int = 1,
    min_severity: str | None = None,
    window: str | tuple[float, float] | Iterable[tuple[float, float]] | None = None,
    per: float = 1,
    gap: float = 0,
    by: str | Iterable[str] | None = None,
    grading_scale: str | Mapping[str, str] | None = None,
    benchmark: float | None = None,
    conf_level: float = 0.95,
) -> Result:
    """Estimate events of a toxicity per person-year of follow-up.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; usually the infused.
    term : str or list of str
        Toxicities of the study's vocabulary, such as ``"infection"``.
    events : {"first", "all"}
        First events, each subject's time ending with it; or all episodes over the whole follow-up.
    method : {"exact", "robust", "negative binomial"}, optional
        Limits. "exact" (Poisson) is the default for first events. For all events they would be too
        short where some subjects have many; the default there is "robust": Garwood's limits on the
        effective number of events, with the t factor for few subjects, which needs no model.
        "negative binomial" models the spread between subjects, with t(n - 1) limits. Without any
        event, and for one subject, the exact bound is given.
    min_grade : {1, 2, 3, 4, 5}
        Smallest grade that counts.
    min_severity : str, optional
        Smallest severity that counts.
    window : (float, float), list of these, or ``"standard"``, optional
        Only events and time in these days, as for `toxicity_rate`; by default from day 0 on.
    per : float
        Person-years that the rate is given for, such as 100.
    gap : float
        Records at most so many days apart are one episode.
    by : str or list of str, optional
        Columns of the subjects table.
    grading_scale : str or mapping of str to str, optional
        The scale whose grades count, where a study has several.
    benchmark : float, optional
        A rate, per `per` person-years, that each stratum's is tested against: ``benchmark`` and
        ``p_value``, twice the smaller tail. The test is the one that the limits invert; the
        negative binomial has none.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        For each stratum, term and window: ``term``, with windows ``window_start`` and
        ``window_end``, ``n`` subjects with follow-up, ``n_missing`` (an event of unknown onset,
        not counted, or of unknown grade that may count, in the upper limit alone), ``n_event``
        events, ``n_with_event``
        subjects, ``person_years``, ``estimate`` per `per` person-years, ``conf_low``,
        ``conf_high``, ``dispersion`` (of the negative binomial; else what the effective count
        divides by), ``note``.

    Raises
    ------
    CarstatsError
        If a term is not in the vocabulary, the study has no toxicities, or an argument is not
        allowed.

    References
    ----------
    Garwood F. Biometrika 1936; 28: 437-442.
    Korn EL, Graubard BI. Survey Methodology 1998; 24: 193-201 (effective counts).
    Lawless JF. Can J Stat 1987; 15: 209-225.

    Examples
    --------
    >>> cs.exposure_adjusted_rate(cohort, "infection", events="all", by="target")
    """
    events = check_choice("events", events, ("first", "all"))
    method = method or ("exact" if events == "first" else "robust")
    method = check_choice("method", method, RATE_METHODS)
    if events == "first" and method == "negative binomial":
        raise CarstatsError(
            message(
                "`method` is 'negative binomial', but a subject has one first event at most. Use "
                "'exact' or events='all'."
            )
        )
    check_conf_level(conf_level)
    check_number("per", per, low=1e-9)
    check_number("gap", gap, low=0)
    if benchmark is not None:
        check_number("benchmark", benchmark, low=1e-12)
        if method == "negative binomial":
            raise CarstatsError(
                message(
                    "`benchmark` is a test, which 'negative binomial' has not. Use 'exact' or "
                    "'robust'."
                )
            )  # fmt: skip
    severe = severe_enough(cohort, min_grade, min_severity)
    by, terms = checked_terms(cohort, term, by)
    windows = [(0.0, np.inf)] if window is None else checked_windows(window)
    study = cohort.study
    records = episodes_of(cohort, terms, severe, grading_scale)
    merged = merged_episodes(records, severe, gap=gap)
    rows = merged[merged["counts"]]
    # If all that may count did, from the first day where the onset is not known.
    first_day = merged["onset_day"].isna() & merged["unknown"]
    possible = merged.assign(onset_day=merged["onset_day"].where(~first_day, 0.0))
    possible = possible[merged["counts"] | merged["unknown"]]
    subjects = cohort.subjects.assign(followed_to=followup_end(cohort.subjects))

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        found = []
        for name in terms:
            who = asked(stratum, name)["subject_id"]
            mine = rows[(rows["term"] == name) & rows["subject_id"].isin(who)]
            for days in windows:
                whom = asked(stratum, name)
                how = (days, events, method, per, benchmark, conf_level)
                of_term = records[records["term"] == name]
                unknown, most = doubtful_subjects(of_term, whom), 0.0
                if unknown:
                    all_ = possible[(possible["term"] == name) & possible["subject_id"].isin(who)]
                    most = rate_row(whom, all_, *how)["conf_high"]
                answer = rate_row(whom, mine, *how, at_most=most)
                answer["n_missing"] += unknown
                answer["note"] = joined_notes(
                    nobody_asked(stratum, name) or answer["note"],
                    bounded_note(unknown),
                    before_note(of_term, whom),
                    uncollected_note(cohort, name) if len(whom) else "",
                )
                edges = {} if window is None else {"window_start": days[0], "window_end": days[1]}
                found.append({"term": name, **edges, **answer})
        return pd.DataFrame(found)

    toxicity, years = severe.of(term_words(study, terms)), f"{per:g}"
    if events == "first":
        endpoint = (
            message("{toxicity}: first events per person-year", toxicity=toxicity)
            if per == 1
            else message(
                "{toxicity}: first events per {n} person-years", toxicity=toxicity, n=years
            )
        )
    elif per == 1:
        endpoint = message("{toxicity}: events per person-year", toxicity=toxicity)
    else:
        endpoint = message("{toxicity}: events per {n} person-years", toxicity=toxicity, n=years)
    more: dict[str, Any] = {} if benchmark is None else {"benchmark": float(benchmark)}
    spec = cohort.spec(
        "exposure_adjusted_rate",
        endpoint=endpoint,
        method=limits_words(method, conf_level),
        by=by,
        conf_level=conf_level,
        terms=terms,
        events=events,
        limits=method,
        min_grade=min_grade,
        min_severity=min_severity,
        window=None
        if window is None
        else [[low, None if np.isinf(high) else high] for low, high in windows],
        per=float(per),
        gap=float(gap),
        grading_scale=grading_scale,
        **more,
    )
    labels = level_labels(study.vocabulary, by) | term_labels(study, terms)
    return Result(
        estimate_by(study.vocabulary, cohort.eligible, subjects, by, estimate), spec, labels
    )


@dataclass(frozen=True)
class Exposure:
    """Events and person-years of the subjects who were followed.

    Attributes
    ----------
    counts, years : ndarray, shape (n,)
        Of each subject with follow-up.
    undated : int
        Subjects with an event of unknown onset, which is not counted.
    """

    counts: np.ndarray
    years: np.ndarray
    undated: int


def exposure_of(
    stratum: pd.DataFrame, mine: pd.DataFrame, days: tuple[float, float], events: str
) -> Exposure:
    """Count the events of a stratum's subjects and their time at risk."""
    end = stratum.set_index("subject_id")["followed_to"]
    start, stop = days[0], np.minimum(end, days[1])
    # The day of an event is a day of follow-up, and so is the last one.
    exposure = (stop - start + 1).clip(lower=0)
    dated = mine[mine["onset_day"].between(0, np.inf)]
    if events == "first":
        dated = dated.sort_values("onset_day", kind="stable").drop_duplicates("subject_id")
        first = end.index.map(dated.set_index("subject_id")["onset_day"])
        until = np.minimum(stop.to_numpy(), np.nan_to_num(np.asarray(first, float), nan=np.inf))
        exposure = pd.Series(np.clip(until - start + 1, 0, None), end.index)
    inside = dated[np.floor(dated["onset_day"]).between(start, days[1])]
    counts = inside.groupby("subject_id").size().reindex(end.index, fill_value=0)
    at_risk = exposure > 0
    undated = int(mine.loc[mine["onset_day"].isna(), "subject_id"].nunique())
    years = exposure[at_risk].to_numpy() / DAYS_PER_YEAR
    return Exposure(counts[at_risk].to_numpy(float), years, undated)


def rate_row(
    stratum,
    mine,
    days,
    events: str,
    method: str,
    per: float,
    benchmark,
    conf_level: float,
    at_most: float = 0.0,
) -> dict:
    """Return the answer of a stratum and window; the upper limit is `at_most` if that is more."""
    seen = exposure_of(stratum, mine, days, events)
    y, years = seen.counts, seen.years
    total, n, k = float(years.sum()), int(y.size), int(y.sum())
    effective = recurrent_rate(y, years, conf_level=conf_level)
    dispersion, how = np.nan, ""
    if method == "exact":
        found = event_rate(k, total, conf_level=conf_level)
        values = [float(found.estimate), float(found.low), float(found.high)]
    else:
        values = [effective.estimate, effective.low, effective.high]
        dispersion, how = effective.dispersion, because(*effective.reasons)
        if method == "negative binomial":
            dispersion = np.nan
            if k and n > 1:
                values, dispersion = _negative_binomial(y, years, conf_level)
    high = max(values[2] * per, at_most)
    none = ""
    if not k and total:
        none = none_in_years(total, high)
    nobody = "" if n else message("nobody followed in the window")
    tested = {}
    if benchmark is not None:
        rate = benchmark / per
        tested["benchmark"] = float(benchmark)
        tested["p_value"] = (
            float(rate_test(k, total, rate))
            if method == "exact"
            else recurrent_rate_test(y, years, rate, conf_level=conf_level)
        )
    return {
        "n": n,
        "n_missing": seen.undated,
        "n_event": k,
        "n_with_event": int((y > 0).sum()),
        "person_years": total,
        "estimate": values[0] * per,
        "conf_low": values[1] * per,
        "conf_high": high,
        "dispersion": dispersion,
        **tested,
        "note": joined_notes(
            nobody if len(stratum) else message("no subjects"),
            message("{n} with an event of unknown onset, not counted", n=seen.undated)
            if seen.undated
            else "",
            how,
            none,
        ),
    }


def _negative_binomial(y, years, conf_level: float) -> tuple[list[float], float]:
    """Rate and limits by the model, with t(n - 1) for few subjects; and its dispersion."""
    from scipy.special import stdtrit

    fit = negative_binomial(y, years)
    middle = float(fit.coefficients[0])
    half = float(stdtrit(y.size - 1, 0.5 + conf_level / 2)) * float(fit.std_errors[0])
    return [float(np.exp(middle + sign * half)) for sign in (0, -1, 1)], fit.dispersion
