"""Analyses of an endpoint whose events compete with others."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import counted, single_rows, weights_of
from carstats.counts.counted import Counts
from carstats.counts.standing import counted_cohort
from carstats.errors import CarstatsError, check_choice, check_conf_level, check_number, listed
from carstats.estimators.curves.aalen_johansen import (
    INCIDENCE_CONF_TYPES,
    INCIDENCE_VARIANCES,
    NO_LIMITS,
    aalen_johansen,
    truncated_errors,
)
from carstats.estimators.reasons import FEW_EVENTS_A_TERM, GROUP_TOO_SMALL, Reason
from carstats.estimators.tests.logrank_rule import asymptotic_reason
from carstats.messages import Joined, mark, message
from carstats.result import Result
from carstats.survival.groups import adjusted_in_words, grouped, stratum_codes, ungrouped
from carstats.survival.times import (
    EndpointTimes,
    endpoint_times,
    free_at,
    n_missing,
    stratum_note,
    stratum_table,
)
from carstats.wording import asymptotic_words, because, level_text

_LIMITS = {
    "beta product": mark("Aalen–Johansen, {level} % pointwise beta-product limits"),
    "beta product mid-P": mark("Aalen–Johansen, {level} % pointwise mid-P beta-product limits"),
    "log-log": mark("Aalen–Johansen, {level} % pointwise log-log limits"),
    "log": mark("Aalen–Johansen, {level} % pointwise log limits"),
    "plain": mark("Aalen–Johansen, {level} % pointwise plain limits"),
    "arcsine": mark("Aalen–Johansen, {level} % pointwise arcsine limits"),
}
# What carstats itself derives; a study's own causes print as they are.
_CAUSES = (
    mark("death"),
    mark("re-infusion"),
    mark("primary non-response"),
    mark("other treatment"),
    mark("competing event"),
)


def cumulative_incidence(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    *,
    by: str | Iterable[str] | None = None,
    conf_type: str = "beta product",
    conf_level: float = 0.95,
    variance: str = "Greenwood",
    start: float | None = None,
) -> Result:
    """Estimate the probability over time of having had each of several competing events.

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`.
    endpoint : str, optional
        A time-to-event endpoint of the study, such as ``"relapse"``. By default the only one that
        the study has.
    by : str or list of str, optional
        Columns of the subjects table; one set of curves for each stratum. By default those of
        `cohort_from_frame`.
    conf_type : {"beta product", "beta product mid-P", "log-log", "log", "plain", "arcsine"}
        Pointwise limits. The beta product (the default; each piece of its mass goes to a cause)
        holds its level in cohorts of a few subjects, exists while nobody has had the event, and
        without censoring is Clopper-Pearson's; its mid-P version is narrower and holds its level on
        average. The others are survfit's of the same name, NaN where the estimate is 0 or 1.
    conf_level : float
        Pointwise confidence level.
    variance : {"Greenwood", "Aalen"}
        Of ``std_error``: Greenwood's is survfit's; Aalen's is that of cmprsk::cuminc.
    start : float, optional
        A day: the probability given that a subject is free of every event then, of those still
        followed (R's ``start.time``). For delayed entry where early on nobody was at risk.

    Returns
    -------
    Result
        For each stratum and ``cause`` (the endpoint first) a row at time 0 and at every distinct
        time: ``time`` in days, ``n``, ``n_missing``, ``n_risk``, ``n_event`` (of the cause),
        ``n_censor``, ``estimate``, ``std_error``, ``conf_low``, ``conf_high``, ``note``. The
        estimates of the causes and the probability of none add up to 1.

    Raises
    ------
    CarstatsError
        If the endpoint is not in the vocabulary or not in the data, or an argument is not allowed.

    References
    ----------
    Aalen OO, Johansen S. Scand J Stat 1978; 5: 141-150.
    Fay MP, Brittain EH, Proschan MA. Biostatistics 2013; 14: 723-736 (beta product).

    Examples
    --------
    >>> result = cs.cumulative_incidence(cohort, "relapse", by="target")
    >>> figure = cs.plot(result)
    """
    conf_type = check_choice("conf_type", conf_type, INCIDENCE_CONF_TYPES)
    variance = check_choice("variance", variance, INCIDENCE_VARIANCES)
    check_conf_level(conf_level)
    times, given = free_at(endpoint_times(cohort, endpoint, by, counts=True), start)

    def estimate(rows: pd.DataFrame) -> pd.DataFrame:
        table = stratum_table(rows, len(times.causes))
        std_error = _truncated(rows, len(times.causes))
        curve = aalen_johansen(
            table,
            variance=variance,
            std_error=std_error,
            conf_type=conf_type,
            conf_level=conf_level,
        )
        frames = [_cause(rows, times, table, curve, place) for place in range(len(times.causes))]
        found = pd.concat(frames, ignore_index=True)
        if start is not None:
            # The first row of each cause stands at the beginning.
            found["time"] = found["time"].where(found["time"] > 0, float(start))
        return found

    spec = times.spec(
        "cumulative_incidence",
        message(_LIMITS[conf_type], level=level_text(conf_level)) + given,
        conf_level=conf_level,
        conf_type=conf_type,
        variance=variance,
        start=start,
    )
    return Result(times.estimate(estimate), spec, times.labels | cause_labels(times))


def cause_labels(times: EndpointTimes) -> dict[str, dict[str, str]]:
    """Return the printed names of the causes, for `Result.labels`."""
    known = {cause: message(cause) for cause in _CAUSES}
    return {"cause": {times.name: times.label} | known}


def _truncated(rows: pd.DataFrame, n_causes: int) -> np.ndarray | None:
    if "entry_time" not in rows:
        return None
    # The variance under delayed entry goes through the subjects one by one.
    known = single_rows(rows[rows["event_time"].notna()])
    return truncated_errors(
        known["event_time"].to_numpy(),
        known["event_code"].to_numpy(),
        known["entry_time"].to_numpy(),
        n_causes=n_causes,
    )


def _cause(rows, times: EndpointTimes, table, curve, place: int) -> pd.DataFrame:
    counts = {
        "cause": times.causes[place],
        "n": counted(rows),
        "n_missing": n_missing(rows),
    }
    if not table.time.size:
        nothing = dict.fromkeys(("estimate", "std_error", "conf_low", "conf_high"), np.nan)
        zero = {"time": 0.0, "n_risk": 0, "n_event": 0, "n_censor": 0}
        return pd.DataFrame([{**counts, **zero, **nothing, "note": stratum_note(rows, curve=True)}])
    start = float(curve.high_at_start)
    words = [because(Reason(code) if code else None) for code in NO_LIMITS]
    frame = pd.DataFrame(
        {
            **{name: [value] * (table.time.size + 1) for name, value in counts.items()},
            "time": np.append(0.0, table.time),
            "n_risk": np.append(table.n_risk[0], table.n_risk).astype(int),
            "n_event": np.append(0, table.n_event[:, place]).astype(int),
            "n_censor": np.append(0, table.n_censor).astype(int),
            "estimate": np.append(0.0, curve.estimate[:, place]),
            "std_error": np.append(0.0, curve.std_error[:, place]),
            "conf_low": np.append(np.nan if np.isnan(start) else 0.0, curve.low[:, place]),
            "conf_high": np.append(start, curve.high[:, place]),
            "note": ["", *(words[reason] for reason in curve.reason[:, place])],
        }
    )
    frame.loc[0, "note"] = stratum_note(rows, curve=True)
    return frame


def gray_test(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    *,
    by: str | Iterable[str] | None = None,
    strata: str | Iterable[str] | None = None,
    cause: str | None = None,
    rho: float = 0.0,
) -> Result:
    """Test whether the cumulative incidence of one cause is the same in several groups (Gray).

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
        Columns that the test is adjusted for, as cmprsk::cuminc does.
    cause : str, optional
        The cause tested: the endpoint itself by default, or one of its competing causes.
    rho : float
        Weights (1 - F)^rho of the pooled incidence F; a positive value weighs early times more.

    Returns
    -------
    Result
        One row: ``contrast`` (the groups), ``cause``, ``n``, ``n_missing``, ``n_event``,
        ``statistic`` (chi-squared), ``df``, ``p_value`` (asymptotic; none where a group has fewer
        than three), ``note``. NaN with a note where fewer than two groups have subjects or there is
        no event.

    Raises
    ------
    CarstatsError
        If the cause is none of the endpoint's, or an argument is not allowed.

    References
    ----------
    Gray RJ. Ann Stat 1988; 16: 1141-1154.

    Examples
    --------
    >>> cs.gray_test(cohort, "relapse", by="target")
    """
    from carstats.estimators.tests.gray import gray_score_test

    check_number("rho", rho)
    times = endpoint_times(cohort, endpoint, by, strata, counts=True)
    place = _cause_code(times, cause)
    rows, group, names = grouped(times)
    strata_of = stratum_codes(rows, times.strata)
    test = gray_score_test(
        rows["event_time"].to_numpy(),
        rows["event_code"].to_numpy().astype(int),
        group,
        n_groups=len(names),
        cause=place,
        rho=rho,
        strata=strata_of,
        entry=rows["entry_time"].to_numpy() if "entry_time" in rows else None,
        weights=weights_of(rows),
    )
    unknown = np.isnan(test.statistic)
    weak = None if unknown else asymptotic_reason(group, strata_of, weights_of(rows))
    tiny = weak is not None and weak.code == GROUP_TOO_SMALL
    frame = pd.DataFrame(
        [
            {
                "contrast": Joined(names, " / "),
                "cause": times.causes[place - 1],
                "n": counted(times.rows),
                "n_missing": n_missing(times.rows),
                "n_event": counted(rows[rows["event_code"] == place]),
                "statistic": test.statistic,
                "df": test.df,
                "p_value": np.nan if tiny else test.p_value,
                "note": because(test.reason, weak),
            }
        ]
    )
    method = message(
        "Gray's test{weighed}{adjusted}, asymptotic",
        weighed=message(", rho = {rho}", rho=f"{rho:g}") if rho else "",
        adjusted=adjusted_in_words(times.strata),
    )
    spec = times.spec("gray_test", method, cause=cause, rho=rho)
    return Result(frame, ungrouped(spec), times.labels)


def fine_gray_regression(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    covariates: str | Iterable[str] | None = None,
    *,
    cause: str | None = None,
    conf_level: float = 0.95,
) -> Result:
    """Estimate subdistribution hazard ratios of one cause (Fine-Gray).

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`.
    endpoint : str, optional
        A time-to-event endpoint of the study. By default the only one that the study has.
    covariates : str or list of str, optional
        Columns of the subjects table; a category enters as indicators against its first level. By
        default the columns `by` of `cohort_from_frame`.
    cause : str, optional
        The cause modelled: the endpoint itself by default, or one of its competing causes.
    conf_level : float
        Confidence level (Wald, sandwich error, as cmprsk::crr).

    Returns
    -------
    Result
        For each ``term``: ``contrast``, ``n``, ``n_missing``, ``n_event``, ``estimate`` (ratio),
        ``coef``, ``std_error`` (of ``coef``), ``conf_low``, ``conf_high``, ``statistic`` (z),
        ``p_value``, ``note``. Under five events, and where a covariate separates, NaN with a note.

    Raises
    ------
    CarstatsError
        If a covariate does not exist or is constant, or an argument is not allowed.

    References
    ----------
    Fine JP, Gray RJ. J Am Stat Assoc 1999; 94: 496-509.

    Examples
    --------
    >>> cs.fine_gray_regression(cohort, "relapse", ["target", "age"])
    """
    from carstats.estimators.regression.fine_gray import fine_gray
    from carstats.survival.design import (
        EVENTS_A_TERM,
        MIN_EVENTS,
        covariate_matrix,
        own_columns,
        ratio_rows,
        spread,
        too_few_events,
    )

    check_conf_level(conf_level)
    subjects = counted_cohort(cohort, endpoint, "time-to-event", single=True)
    times = endpoint_times(subjects, endpoint, ())
    place = _cause_code(times, cause)
    design = covariate_matrix(times.cohort, covariates).of(times.rows)
    known = times.rows["event_time"].notna().to_numpy() & design.complete
    rows = times.rows[known]
    n_event = int((rows["event_code"] == place).sum())
    kept, without = own_columns(design.matrix[known])
    coef = errors = np.full(len(design.terms), np.nan)
    notes = [too_few_events(n_event)] * len(design.terms)
    if n_event >= MIN_EVENTS:
        fit = fine_gray(
            rows["event_time"].to_numpy(),
            rows["event_code"].to_numpy().astype(int),
            design.matrix[known][:, kept],
            cause=place,
        )
        coef, errors = spread(fit.coef, kept), spread(fit.std_error, kept)
        few = n_event < EVENTS_A_TERM * int(kept.sum()) and fit.reason is None
        said = because(fit.reason, Reason(FEW_EVENTS_A_TERM, {"n": EVENTS_A_TERM}) if few else None)
        notes = [why or said for why in without]
    frame = ratio_rows(design, coef, errors, conf_level, notes)
    frame.insert(2, "n", len(times.rows))
    frame.insert(3, "n_missing", int((~known).sum()))
    frame.insert(4, "n_event", n_event)
    spec = times.spec(
        "fine_gray_regression",
        asymptotic_words(
            message(
                "Fine–Gray subdistribution hazard ratios, {level} % Wald limits with sandwich "
                "errors",
                level=level_text(conf_level),
            )
        ),
        conf_level=conf_level,
        cause=cause,
        covariates=list(design.columns),
    )
    return Result(frame, spec)


def _cause_code(times: EndpointTimes, cause: str | None) -> int:
    if cause is None:
        return 1
    if cause not in times.causes:
        raise CarstatsError(
            message(
                "`cause` is {cause}; the causes of {name} are: {causes}.",
                cause=repr(cause),
                name=repr(times.name),
                causes=listed(times.causes),
            )
        )
    return times.causes.index(cause) + 1
