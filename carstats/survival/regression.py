"""Cox regression of the (cause-specific) hazard."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import WEIGHT, counted, rows_of, single_rows, weights_of
from carstats.counts.counted import Counts
from carstats.errors import CarstatsError, check_choice, check_conf_level
from carstats.estimators.reasons import (
    FEW_EVENTS_A_TERM,
    HARDLY_TOLD_APART,
    SEPARATION,
    Reason,
)
from carstats.estimators.regression.cox import cox
from carstats.estimators.regression.schoenfeld import proportional_hazards
from carstats.messages import joined_notes, mark, message
from carstats.result import Result
from carstats.survival.design import (
    EVENTS_A_TERM,
    MIN_EVENTS,
    Design,
    covariate_columns,
    own_columns,
    ratio_rows,
    spread,
    too_few_events,
)
from carstats.survival.groups import adjusted_in_words, stratum_codes
from carstats.survival.start_stop import changing_days, design_of, recorded, split_rows
from carstats.survival.times import EndpointTimes, endpoint_times
from carstats.wording import asymptotic_words, because, level_text

COX_METHODS = ("auto", "partial likelihood", "Firth")
_SEPARATED = mark("a covariate separates those with the event from the others")
_FITTED = {
    "partial likelihood": mark("Cox hazard ratios{adjusted}, Efron ties, Wald {level} % limits"),
    "robust": mark("Cox hazard ratios{adjusted}, Efron ties, Wald robust {level} % limits"),
    "Firth": mark(
        "Cox hazard ratios{adjusted}, Firth's penalised likelihood, profile-likelihood {level} % "
        "limits"
    ),
    "auto": mark("Cox hazard ratios{adjusted}, not fitted, {level} % limits"),
}


def cox_regression(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    covariates: str | Iterable[str] | None = None,
    *,
    changing: str | Iterable[str] | None = None,
    strata: str | Iterable[str] | None = None,
    cause: str | None = None,
    method: str = "auto",
    robust: bool = False,
    conf_level: float = 0.95,
) -> Result:
    """Estimate hazard ratios (Cox), of one cause where others compete.

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`.
    endpoint : str, optional
        A time-to-event endpoint of the study. By default the only one that the study has.
    covariates : str or list of str, optional
        Columns of the subjects table known at the origin; a category enters as indicators against
        its first level. By default the columns `by` of `cohort_from_frame`, or none where others
        change.
    changing : str or list of str, optional
        Time-to-event endpoints, such as ``"b_cell_reconstitution"``, each a covariate that is 0 up
        to the day of its event and 1 after it. Subjects without a record of one are left out.
    strata : str or list of str, optional
        Columns whose levels have their own baseline hazard.
    cause : str, optional
        The cause modelled: the endpoint itself by default, or one of its competing causes; the
        others are censored, so the ratio is cause-specific.
    method : {"auto", "partial likelihood", "Firth"}
        Partial likelihood with Efron ties, or Firth's penalised one, which is finite where a
        covariate separates and less biased with few events, but has neither strata nor delayed
        entry. "auto" takes Firth with fewer than ten events a coefficient or where a covariate
        separates; with strata, delayed entry or `robust` it says so instead.
    robust : bool
        Sandwich errors (partial likelihood only).
    conf_level : float
        Confidence level: Wald, and profile likelihood for Firth.

    Returns
    -------
    Result
        For each ``term``: ``contrast``, ``n``, ``n_missing``, ``n_event``, ``estimate`` (hazard
        ratio), ``coef``, ``std_error`` (of ``coef``), ``conf_low``, ``conf_high``, ``statistic``,
        ``p_value``, ``ph_p_value`` (proportional hazards, of this coefficient) and
        ``ph_p_value_all`` (of all), ``note``. The check of proportional hazards is that of R's
        cox.zph: the score test of scaled Schoenfeld residuals against one minus the Kaplan-Meier
        curve; NaN for Firth. Under five events, NaN with the reason in words.

    Raises
    ------
    CarstatsError
        If a covariate does not exist or does not vary, or an argument is not allowed.

    References
    ----------
    Cox DR. J R Stat Soc B 1972; 34: 187-220. Efron B. J Am Stat Assoc 1977; 72: 557-565.
    Heinze G, Schemper M. Biometrics 2001; 57: 114-119 (Firth).
    Grambsch PM, Therneau TM. Biometrika 1994; 81: 515-526 (proportional hazards).

    Examples
    --------
    >>> cs.cox_regression(cohort, "relapse_free_survival", ["target", "age"], strata="disease")
    """
    method = check_choice("method", method, COX_METHODS)
    check_conf_level(conf_level)
    if robust and method == "Firth":
        raise CarstatsError(message("`robust` goes with the partial likelihood, not with Firth."))
    if robust and changing is not None:
        raise CarstatsError(message("`robust` takes one row for each subject, so no `changing`."))
    # Counts have columns of their own; of a change along the way only the subjects know.
    also: list[str] = []
    if isinstance(cohort, Cohort) and changing is None:
        also = covariate_columns(cohort, covariates)
    times = endpoint_times(cohort, endpoint, (), strata, counts=changing is None, also=also)
    changes = changing_days(times.cohort, times, changing)
    if cause is not None:
        cause = check_choice("cause", cause, times.causes)
    design = design_of(times.cohort, covariates, changes).of(times.rows)
    code = 1 if cause is None else times.causes.index(cause) + 1
    known = times.rows["event_time"].notna().to_numpy() & design.complete
    if changes:
        known &= recorded(times.rows["subject_id"], changes)
    rows = rows_of(times.rows, known)
    rows = rows.assign(happened=rows["event_code"] == code)
    n_event = counted(rows[rows["happened"]])
    rows, matrix, design, carried = split_rows(rows, design.matrix[known], design, changes)
    used = method
    scarce = message("fewer than {n} events a coefficient", n=EVENTS_A_TERM)
    wald = because(Reason(FEW_EVENTS_A_TERM, {"n": EVENTS_A_TERM}))
    # What Firth's likelihood here has no form for.
    special = bool(times.strata) or "entry_time" in rows
    if method == "Firth" and special:
        raise CarstatsError(
            message(
                "`method` 'Firth' has neither strata nor delayed entry; use 'partial likelihood'."
            )
        )
    kept, without = own_columns(matrix, stratum_codes(rows, times.strata))
    matrix = matrix[:, kept]
    few = n_event < EVENTS_A_TERM * int(kept.sum())
    if n_event < MIN_EVENTS or not kept.any():
        why = too_few_events(n_event) if n_event < MIN_EVENTS else without
        frame = _not_fitted(design, conf_level, why)
    elif method == "Firth":
        frame = _firth(rows, design, matrix, kept, conf_level)
    else:
        frame, reason, used = None, None, "partial likelihood"
        firth = method == "auto" and not (special or robust)
        if not (firth and few):
            frame, reason = _partial_likelihood(
                times, rows, design, matrix, kept, robust, conf_level
            )
        separates = reason is not None and reason.code == SEPARATION
        if frame is None or (firth and separates):
            frame, used = _firth(rows, design, matrix, kept, conf_level), "Firth"
            said = message(_SEPARATED) if separates else scarce
            frame["note"] = [joined_notes(note, said) for note in frame["note"]]
        elif separates and not special:
            frame["note"] = message("{reason}; method='Firth' has one", reason=because(reason))
        elif few and not separates:
            frame["note"] = [joined_notes(note, wald) for note in frame["note"]]
    # What a term that has no coefficient of its own says, it says alone.
    if n_event >= MIN_EVENTS:
        frame["note"] = [why or note for why, note in zip(without, frame["note"], strict=True)]
    frame["note"] = [
        joined_notes(note, carried if term in changes else "")
        for term, note in zip(frame["term"], frame["note"], strict=True)
    ]
    place = frame.columns.get_loc("contrast") + 1
    frame.insert(place, "n", counted(times.rows))
    frame.insert(place + 1, "n_missing", counted(times.rows[~known]))
    frame.insert(place + 2, "n_event", n_event)
    frame = frame[[*(c for c in frame if c != "note"), "note"]]
    fitted = _FITTED["robust" if robust and used == "partial likelihood" else used]
    more: dict[str, Any] = {"changing": list(changes)} if changes else {}
    spec = times.spec(
        "cox_regression",
        asymptotic_words(
            message(fitted, adjusted=adjusted_in_words(times.strata), level=level_text(conf_level))
        ),
        conf_level=conf_level,
        covariates=list(design.columns),
        **more,
        cause=cause,
        method=used,
        robust=robust,
    )
    return Result(frame, spec)


def _partial_likelihood(
    times: EndpointTimes, rows, design: Design, matrix, kept, robust: bool, conf_level: float
) -> tuple[pd.DataFrame, Reason | None]:
    """Fit by the partial likelihood; NaN, and the reason, where a covariate separates."""
    time, happened = rows["event_time"].to_numpy(), rows["happened"].to_numpy().astype(int)
    entry = rows["entry_time"].to_numpy() if "entry_time" in rows else None
    strata = stratum_codes(rows, times.strata)
    weights = weights_of(rows)
    fit = cox(time, happened, matrix, strata=strata, entry=entry, weights=weights)
    errors = fit.robust_error if robust else fit.std_error
    coef, errors = spread(fit.coef, kept), spread(errors, kept)
    frame = ratio_rows(design, coef, errors, conf_level, because(fit.reason))
    test = proportional_hazards(fit, time, happened, entry=entry, weights=weights)
    frame = frame.assign(ph_p_value=spread(test.p_value, kept), ph_p_value_all=test.p_value_all)
    return frame, fit.reason


def _not_fitted(design: Design, conf_level: float, note: str | list[str]) -> pd.DataFrame:
    nothing = np.full(len(design.terms), np.nan)
    frame = ratio_rows(design, nothing, nothing, conf_level, note)
    return frame.assign(ph_p_value=np.nan, ph_p_value_all=np.nan)


def _firth(rows, design: Design, matrix, kept, conf_level: float) -> pd.DataFrame:
    """Fit by Firth's likelihood; NaN, and the reason, where a profile could not be followed.

    The columns are fitted in units of their standard deviation: the penalised likelihood is the
    same, and the steps of the profiles then fit a covariate of any unit.
    """
    from firthmodels import FirthCoxPH

    if WEIGHT in rows:
        # The penalised likelihood there goes through the subjects one by one.
        matrix = np.repeat(matrix, rows[WEIGHT].to_numpy(int), axis=0)
        rows = single_rows(rows)
    # In one order: where the steps of a profile end depends on how the subjects are added up.
    order = np.lexsort((*matrix.T, rows["happened"], rows["event_time"]))
    rows, matrix = rows.iloc[order], matrix[order]
    fit = FirthCoxPH(gtol=1e-8, xtol=1e-8, max_iter=200)
    outcome = np.array(
        list(zip(rows["happened"].astype(bool), rows["event_time"], strict=True)),
        dtype=[("event", bool), ("time", float)],
    )
    size, scale = int(kept.sum()), matrix.std(axis=0)
    p_values, limits = np.full(size, np.nan), np.full((size, 2), np.nan)
    # Its warnings say what the note says.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            fit.fit((matrix - matrix.mean(axis=0)) / scale, outcome)
        except np.linalg.LinAlgError:
            return _not_fitted(design, conf_level, because(Reason(HARDLY_TOLD_APART)))
        # A profile that is lost takes with it neither the estimate nor the other profiles.
        with suppress(np.linalg.LinAlgError):
            fit.lrt()
            p_values = np.asarray(fit.lrt_pvalues_[:size], float)
        with suppress(np.linalg.LinAlgError):
            found = fit.conf_int(alpha=1 - conf_level, method="pl", max_iter=200, tol=1e-8)
            limits = np.asarray(found[:size], float)
    coef, errors = spread(fit.coef_ / scale, kept), spread(fit.bse_[:size] / scale, kept)
    frame = ratio_rows(design, coef, errors, conf_level, "")
    low, high = np.exp(limits / scale[:, None]).T
    frame["conf_low"], frame["conf_high"] = spread(low, kept), spread(high, kept)
    frame["p_value"] = spread(p_values, kept)
    lost = frame[["conf_low", "conf_high", "p_value"]].isna().any(axis=1)
    frame["note"] = [because(Reason(HARDLY_TOLD_APART)) if gone else "" for gone in lost]
    # The p-value is that of the penalised likelihood ratio and not of Wald's statistic.
    return frame.assign(statistic=np.nan, ph_p_value=np.nan, ph_p_value_all=np.nan)
