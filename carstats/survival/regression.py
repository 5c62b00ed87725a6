"""Cox regression of the (cause-specific) hazard."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from carstats.cohort import Cohort
from carstats.errors import CarstatsError, check_choice, check_conf_level
from carstats.result import Result
from carstats.survival.design import (
    MIN_EVENTS,
    Design,
    covariate_matrix,
    ratio_rows,
    too_few_events,
)
from carstats.survival.times import EndpointTimes, endpoint_times

COX_METHODS = ("auto", "partial likelihood", "Firth")
# With fewer events than this for each coefficient the ordinary estimate is biased away from 1.
_EVENTS_A_TERM = 10
# A log ratio beyond this, or an error so large, means that a covariate separates.
_SEPARATED = 10.0


def cox_regression(
    cohort: Cohort,
    endpoint: str,
    covariates: str | Iterable[str],
    *,
    strata: str | Iterable[str] | None = None,
    cause: str | None = None,
    method: str = "auto",
    robust: bool = False,
    conf_level: float = 0.95,
) -> Result:
    """Estimate hazard ratios (Cox), of one cause where others compete.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    endpoint : str
        A time-to-event endpoint of the study.
    covariates : str or list of str
        Columns of the subjects table known at the origin; a category enters as indicators against
        its first level.
    strata : str or list of str, optional
        Columns whose levels have their own baseline hazard.
    cause : str, optional
        The cause modelled: the endpoint itself by default, or one of its competing causes; the
        others are censored, so the ratio is cause-specific.
    method : {"auto", "partial likelihood", "Firth"}
        Partial likelihood with Efron ties, or Firth's penalised one, which is finite where a
        covariate separates and less biased with few events. "auto" takes Firth with fewer than
        ten events a coefficient or where a covariate separates.
    robust : bool
        Sandwich errors (partial likelihood only).
    conf_level : float
        Confidence level: Wald, and profile likelihood for Firth.

    Returns
    -------
    Result
        For each ``term``: ``contrast``, ``n``, ``n_missing``, ``n_event``, ``estimate`` (hazard
        ratio), ``coef``, ``std_error`` (of ``coef``), ``conf_low``, ``conf_high``, ``statistic``,
        ``p_value``, ``ph_p_value`` (scaled Schoenfeld residuals against time; NaN for Firth),
        ``note``. Under five events, NaN with the reason in words.

    Raises
    ------
    CarstatsError
        If a covariate does not exist or does not vary, or an argument is not allowed.

    References
    ----------
    Cox DR. J R Stat Soc B 1972; 34: 187-220. Efron B. J Am Stat Assoc 1977; 72: 557-565.
    Heinze G, Schemper M. Biometrics 2001; 57: 114-119 (Firth).
    Grambsch PM, Therneau TM. Biometrika 1994; 81: 515-526 (proportional hazards).
    """
    check_choice("method", method, COX_METHODS)
    check_conf_level(conf_level)
    if robust and method == "Firth":
        raise CarstatsError("`robust` goes with the partial likelihood, not with Firth.")
    times = endpoint_times(cohort, endpoint, strata=strata)
    if cause is not None:
        check_choice("cause", cause, times.causes)
    design = covariate_matrix(cohort, covariates)
    code = 1 if cause is None else times.causes.index(cause) + 1
    known = times.rows["event_time"].notna().to_numpy() & design.complete
    rows = times.rows[known].assign(happened=times.rows.loc[known, "event_code"] == code)
    n_event = int(rows["happened"].sum())
    used = method
    if n_event < MIN_EVENTS:
        nothing = np.full(len(design.terms), np.nan)
        frame = ratio_rows(design, nothing, nothing, conf_level, too_few_events(n_event))
        frame["ph_p_value"] = np.nan
    else:
        matrix = design.matrix[known]
        frame = None
        if method == "partial likelihood" or (
            method == "auto" and (robust or n_event >= _EVENTS_A_TERM * len(design.terms))
        ):
            frame = _partial_likelihood(times, rows, design, matrix, robust, conf_level)
            used = "partial likelihood"
        if frame is None:
            if method == "partial likelihood" or robust:
                nothing = np.full(len(design.terms), np.nan)
                note = "a covariate separates the subjects with the event: use method='Firth'"
                frame = ratio_rows(design, nothing, nothing, conf_level, note)
                frame["ph_p_value"] = np.nan
            else:
                frame = _firth(times, rows, design, matrix, conf_level)
                used = "Firth"
    place = frame.columns.get_loc("contrast") + 1
    frame.insert(place, "n", len(times.rows))
    frame.insert(place + 1, "n_missing", int((~known).sum()))
    frame.insert(place + 2, "n_event", n_event)
    frame = frame[[*(c for c in frame if c != "note"), "note"]]
    fitted = {
        "partial likelihood": "Efron ties, Wald",
        "Firth": "Firth's penalised likelihood, profile-likelihood",
        "auto": "not fitted,",
    }[used]
    errors = " robust" if robust and used == "partial likelihood" else ""
    adjusted = f", stratified by {' and '.join(times.strata)}" if times.strata else ""
    spec = times.spec(
        "cox_regression",
        f"Cox hazard ratios{adjusted}, {fitted}{errors} {conf_level * 100:g} % limits",
        conf_level=conf_level,
        covariates=list(design.columns),
        cause=cause,
        method=used,
        robust=robust,
    )
    return Result(frame, spec)


def _partial_likelihood(
    times: EndpointTimes, rows, design: Design, matrix, robust: bool, conf_level: float
) -> pd.DataFrame | None:
    """Fit by lifelines; None where a covariate separates or the fit does not converge."""
    import warnings

    from lifelines import CoxPHFitter
    from lifelines.exceptions import ConvergenceError, ConvergenceWarning

    names = [f"x{place}" for place in range(matrix.shape[1])]
    data = pd.DataFrame(matrix, columns=names, index=rows.index)
    data["time"], data["event"] = rows["event_time"], rows["happened"]
    options = {}
    if "entry_time" in rows:
        # lifelines wants an entry before every time; minus infinity is before the first of all.
        data["entry"] = rows["entry_time"].clip(lower=-1.0)
        options["entry_col"] = "entry"
    if times.strata:
        data["stratum"] = rows.groupby(list(times.strata), sort=True).ngroup()
        options["strata"] = ["stratum"]
    fitter = CoxPHFitter(alpha=1 - conf_level)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            fitter.fit(
                data, "time", "event", robust=robust, fit_options={"precision": 1e-9}, **options
            )
            residuals = fitter.compute_residuals(data, "scaled_schoenfeld")
    except (ConvergenceError, ConvergenceWarning):
        return None
    coef, errors = fitter.params_.to_numpy(), fitter.standard_errors_.to_numpy()
    if (np.abs(coef) > _SEPARATED).any() or not np.isfinite(errors).all():
        return None
    frame = ratio_rows(design, coef, errors, conf_level, "")
    frame["ph_p_value"] = _proportional(fitter, residuals, rows, data)
    return frame


def _proportional(fitter, residuals, rows, data) -> list[float]:
    """Test each coefficient's scaled Schoenfeld residuals against time (Grambsch-Therneau)."""
    from lifelines.statistics import proportional_hazard_test

    test = proportional_hazard_test(fitter, data, time_transform="identity")
    return list(np.atleast_1d(test.p_value))


def _firth(times: EndpointTimes, rows, design: Design, matrix, conf_level: float) -> pd.DataFrame:
    from firthmodels import FirthCoxPH

    if times.strata or "entry_time" in rows:
        nothing = np.full(len(design.terms), np.nan)
        note = "too few events for the partial likelihood; Firth's has no strata or delayed entry"
        frame = ratio_rows(design, nothing, nothing, conf_level, note)
        frame["ph_p_value"] = np.nan
        return frame
    fit = FirthCoxPH(gtol=1e-8, xtol=1e-8, max_iter=200)
    outcome = np.array(
        list(zip(rows["happened"].astype(bool), rows["event_time"], strict=True)),
        dtype=[("event", bool), ("time", float)],
    )
    fit.fit(matrix, outcome)
    fit.lrt()
    coef, errors = fit.coef_, fit.bse_[: len(fit.coef_)]
    frame = ratio_rows(design, coef, errors, conf_level, "few events or separation: Firth")
    limits = fit.conf_int(alpha=1 - conf_level, method="pl", max_iter=200, tol=1e-8)
    frame["conf_low"], frame["conf_high"] = np.exp(limits[: len(coef)]).T
    frame["p_value"] = fit.lrt_pvalues_[: len(coef)]
    frame["statistic"] = np.nan
    frame["ph_p_value"] = np.nan
    return frame
