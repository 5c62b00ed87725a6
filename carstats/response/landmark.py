"""What a response means for later events, without the time that responders cannot have died in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort
from carstats.data.vocabulary import within_sentence
from carstats.errors import CarstatsError, check_choice, check_conf_level, check_number, listed
from carstats.estimators.curves.curve_difference import melded_difference
from carstats.estimators.curves.risk_table import risk_table
from carstats.estimators.reasons import GROUP_TOO_SMALL
from carstats.estimators.regression.two_groups import MIN_EVENTS, two_group_cox
from carstats.estimators.tests.logrank import group_tables, logrank_of_tables
from carstats.estimators.tests.logrank_rule import asymptotic_reason, logrank_by_rule
from carstats.messages import joined_notes, message
from carstats.response.outcomes import (
    analysis_set,
    asked_of,
    endpoint_rows,
    evaluable_rows,
    joined_words,
)
from carstats.result import Result
from carstats.wording import because, how_tested, level_text


def landmark_comparison(
    cohort: Cohort,
    endpoint: str,
    *,
    landmark: float,
    response: str = "response",
    until: float | None = None,
    window: tuple[float, float] | None = None,
    competing: str | None = None,
    conf_level: float = 0.95,
) -> Result:
    """Compare later events of those in response at a landmark with those not in response.

    Only subjects free of the event and under observation at the landmark are compared, grouped by
    what was known then, and followed from there. Who responds has by definition lived free of the
    event until the response: a comparison from the infusion would count that time for the response.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    endpoint : str
        A time-to-event endpoint of the study.
    landmark : float
        Day from which the subjects are followed; after the infusion.
    response : str
        The response endpoint that tells the groups apart.
    until : float, optional
        Day at which the probabilities of being free of the event are compared; by default the last
        day to which both groups are followed.
    window : (float, float), optional
        Days whose last evaluable assessment tells the groups apart; by default from day 1 to the
        landmark. It may not end after the landmark.
    competing : {"censor"}, optional
        What to do with competing events; by default an endpoint that has them is refused.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        One row: ``contrast``, ``n`` and ``n_event`` of the responders, ``n_reference`` and
        ``n_event_reference`` of the others, ``n_missing`` at risk but not evaluable,
        ``n_before`` with the event or the end of observation before the landmark, ``time``,
        ``estimate`` (difference of the probabilities of being free of the event, by Kaplan-Meier)
        with melded ``conf_low`` and ``conf_high``, ``survival`` and ``survival_reference``,
        ``statistic``, ``df`` and ``p_value`` of the log-rank test from the landmark, found as by
        `logrank_test`'s default (``p_method``), ``note``.

    Raises
    ------
    CarstatsError
        If the landmark is not after the infusion, an endpoint is unknown or without data, or has
        competing events.

    References
    ----------
    Anderson JR, Cain KC, Gelber RD. J Clin Oncol 1983; 1: 710-719.
    Fay MP, Proschan MA, Brittain E. Biometrics 2015; 71: 146-156.

    Examples
    --------
    >>> cs.landmark_comparison(cohort, "relapse_free_survival", landmark=168)
    """
    check_conf_level(conf_level)
    check_number("landmark", landmark)
    if landmark <= 0:
        raise CarstatsError(
            message(
                "`landmark` is {landmark}: responders and non-responders cannot be compared from "
                "the infusion, for who responds has lived free of the event until then. Give a "
                "later day, or use response_exposure(), where the response is an exposure that "
                "begins with it.",
                landmark=f"{landmark:g}",
            )
        )
    low, high = (1.0, float(landmark)) if window is None else map(float, window)
    if high > landmark:
        raise CarstatsError(
            message(
                "`window` ends on day {high}, after the landmark ({landmark}): the groups would "
                "be told apart by what was not known then.",
                high=f"{high:g}",
                landmark=f"{landmark:g}",
            )
        )
    events, label = _events(cohort, endpoint, competing)
    name, rows = endpoint_rows(cohort, response)
    rows = evaluable_rows(rows[rows["day"].between(low, high)]).sort_values("day", kind="stable")
    last = rows.drop_duplicates("subject_id", keep="last").set_index("subject_id")["response"]
    subjects, words = analysis_set(cohort, "treated")
    subjects, _, words = asked_of(cohort, [name], subjects, words)
    joined = subjects[["subject_id"]].join(events, on="subject_id")
    at_risk = joined[joined["time"] > landmark]
    group = at_risk["subject_id"].map(last.astype(float))
    known = at_risk[group.notna()]
    member = group[group.notna()].to_numpy() == 1
    time, status = known["time"].to_numpy(float) - landmark, known["event"].to_numpy(int)
    tables = [risk_table(time[mask], status[mask]) for mask in (member, ~member)]
    ends = [t.time[-1] if t.time.size else 0.0 for t in tables]
    day = float(min(ends) + landmark) if until is None else float(until)
    found = melded_difference(tables[0], tables[1], day - landmark, conf_level=conf_level)
    ruled = logrank_by_rule(time, status, member.astype(int), n_groups=2, seed=1)
    test = ruled.test
    row = {
        "contrast": message("responders v non-responders"),
        "n": int(member.sum()),
        "n_missing": int(group.isna().sum()),
        "n_event": int(status[member].sum()),
        "n_reference": int((~member).sum()),
        "n_event_reference": int(status[~member].sum()),
        "n_before": len(joined) - len(at_risk),
        "time": day,
        "estimate": found.estimate,
        "conf_low": found.low,
        "conf_high": found.high,
        "survival": found.first,
        "survival_reference": found.second,
        "statistic": test.statistic,
        "df": float(test.df) if test.df else np.nan,
        "p_value": ruled.p_value,
        "p_method": ruled.p_method,
        "note": because(*found.note, *ruled.reasons),
    }
    vocabulary = cohort.study.vocabulary
    measured = vocabulary.require("endpoint", "endpoint", endpoint)
    spec = cohort.spec(
        "landmark_comparison",
        endpoint=message(
            "{endpoint}, by {response} on day {day}",
            endpoint=label,
            response=within_sentence(vocabulary.label("endpoint", name)),
            day=f"{landmark:g}",
        ),
        endpoints=(measured, name),
        estimands=(measured,),
        population=joined_words(
            words, message("free of the event and observed on day {day}", day=f"{landmark:g}")
        ),
        method=_with_cause(
            message(
                "difference at day {day} by Kaplan–Meier, melded {level} % limits; log-rank test "
                "from day {landmark}{how}",
                how=how_tested(ruled.p_method, ruled.n_arrangements, ruled.n_resamples),
                day=f"{day:g}",
                level=level_text(conf_level),
                landmark=f"{landmark:g}",
            ),
            competing,
        ),
        conf_level=conf_level,
    )
    options = {"landmark": float(landmark), "response": name, "window": [low, high], "until": day}
    return Result(pd.DataFrame([row]), replace(spec, options=options))


def response_exposure(
    cohort: Cohort,
    endpoint: str,
    *,
    response: str = "response",
    competing: str | None = None,
    conf_level: float = 0.95,
) -> Result:
    """Estimate the hazard ratio of an event in response against not yet in response.

    Response is an exposure that begins when it is first seen: everybody is counted as not in
    response until then. It stays on afterwards, also when the response is lost.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    endpoint : str
        A time-to-event endpoint of the study.
    response : str
        The response endpoint.
    competing : {"censor"}, optional
        What to do with competing events; by default an endpoint that has them is refused.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        One row: ``contrast``, ``n`` subjects, ``n_missing`` without a record of the endpoint,
        ``n_exposed`` who came to be in response, ``n_event`` in response, ``n_event_reference``
        not in response, ``estimate`` (hazard ratio, Cox with Efron's ties; NaN under five events)
        with profile-likelihood ``conf_low`` and ``conf_high``, ``statistic``, ``df`` and
        ``p_value`` of the Mantel-Byar test (none where fewer than three came to be in
        response), ``note``.

    Raises
    ------
    CarstatsError
        If an endpoint is unknown or without data, or has competing events.

    References
    ----------
    Mantel N, Byar DP. J Am Stat Assoc 1974; 69: 81-86.
    Simon R, Makuch RW. Stat Med 1984; 3: 35-44.

    Examples
    --------
    >>> cs.response_exposure(cohort, "relapse_free_survival")
    """
    check_conf_level(conf_level)
    events, label = _events(cohort, endpoint, competing)
    name, rows = endpoint_rows(cohort, response)
    rows = evaluable_rows(rows[rows["day"] > 0])
    begin = rows[rows["response"].astype(bool)].groupby("subject_id")["day"].min()
    subjects, words = analysis_set(cohort, "treated")
    subjects, _, words = asked_of(cohort, [name], subjects, words)
    joined = subjects[["subject_id"]].join(events, on="subject_id")
    missing = int(joined["time"].isna().sum())
    joined = joined[joined["time"].notna()]
    time, status = joined["time"].to_numpy(float), joined["event"].to_numpy(int)
    start = joined["subject_id"].map(begin).to_numpy(float)
    # An event found on the day of the first response was not preceded by it.
    exposed = start < time
    stop = np.where(exposed, start, time)
    entry = np.concatenate([np.full(time.size, -np.inf), start[exposed]])
    ends = np.concatenate([stop, time[exposed]])
    states = np.concatenate([np.where(exposed, 0, status), status[exposed]])
    group = np.concatenate([np.zeros(time.size, int), np.ones(int(exposed.sum()), int)])
    tables = group_tables(ends, states, group, n_groups=2, entry=entry)
    test = logrank_of_tables(tables)
    fit = two_group_cox(tables[0], conf_level=conf_level)
    few = int(status.sum()) < MIN_EVENTS
    few_events = message("fewer than {n} events: no hazard ratio", n=MIN_EVENTS) if few else ""
    weak = None if np.isnan(test.statistic) else asymptotic_reason(group)
    tiny = weak is not None and weak.code == GROUP_TOO_SMALL
    row = {
        "contrast": message("in response v not yet in response"),
        "n": len(joined),
        "n_missing": missing,
        "n_exposed": int(exposed.sum()),
        "n_event": int(status[exposed].sum()),
        "n_event_reference": int(status[~exposed].sum()),
        "estimate": np.nan if few else fit.hazard_ratio,
        # Without an estimate the likelihood is flat: from 0 to infinity is no interval.
        "conf_low": np.nan if few or np.isnan(fit.hazard_ratio) else fit.low,
        "conf_high": np.nan if few or np.isnan(fit.hazard_ratio) else fit.high,
        "statistic": test.statistic,
        "df": float(test.df) if test.df else np.nan,
        "p_value": np.nan if tiny else test.p_value,
        "note": joined_notes(few_events, because(test.note, weak)),
    }
    vocabulary = cohort.study.vocabulary
    measured = vocabulary.require("endpoint", "endpoint", endpoint)
    spec = cohort.spec(
        "response_exposure",
        endpoint=message(
            "{endpoint}, {response} as exposure over time",
            endpoint=label,
            response=within_sentence(vocabulary.label("endpoint", name)),
        ),
        endpoints=(measured, name),
        estimands=(measured,),
        population=words,
        method=_with_cause(
            message(
                "Cox hazard ratio (Efron), {level} % profile-likelihood limits; Mantel–Byar test, "
                "asymptotic",
                level=level_text(conf_level),
            ),
            competing,
        ),
        conf_level=conf_level,
    )
    return Result(pd.DataFrame([row]), replace(spec, options={"response": name}))


def _with_cause(method: str, competing: str | None) -> str:
    if not competing:
        return method
    return message("{method}; competing events censored: cause-specific", method=method)


def _events(cohort: Cohort, endpoint: str, competing: str | None) -> tuple[pd.DataFrame, str]:
    """Return time and event of an endpoint by subject, and its label."""
    if competing is not None:
        competing = check_choice("competing", competing, ("censor",))
    check_cohort(cohort)
    study = cohort.study
    name = study.vocabulary.require("endpoint", "endpoint", endpoint, "time-to-event")
    events = study.table("events")
    events = events[events["endpoint"] == name]
    if events.empty:
        raise CarstatsError(
            message(
                "no subject of the study has the endpoint {name} in the events table. It has: "
                "{known}.",
                name=repr(name),
                known=listed(study.endpoints("time-to-event")) or message("none"),
            )
        )
    if (events["status"] == "competing").any() and competing is None:
        raise CarstatsError(
            message(
                "`endpoint` {name} has competing events. Use one that counts them as events, "
                "such as 'relapse_free_survival', or competing='censor' for a cause-specific "
                "comparison.",
                name=repr(name),
            )
        )
    frame = pd.DataFrame(
        {"time": events["time"].astype(float), "event": (events["status"] == "event").astype(int)}
    )
    return frame.set_axis(events["subject_id"]), study.vocabulary.label("endpoint", name)
