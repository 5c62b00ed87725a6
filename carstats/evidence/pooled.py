"""One rate from several published trials, and what a new trial may find."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.strata import check_by, stratum_keys, stratum_mask
from carstats.counts.counted import Counts
from carstats.counts.trials import as_trials
from carstats.data.vocabulary import Vocabulary
from carstats.errors import CarstatsError, check_choice, check_conf_level, check_number, names_given
from carstats.estimators.pooling.heterogeneity import heterogeneity_test
from carstats.estimators.proportions.proportion import proportion_limits
from carstats.evidence.plain import COLUMNS, is_plain, plain_counts
from carstats.evidence.table import one_class, select_counts, trial_labels
from carstats.evidence.words import LIMITS, in_trials
from carstats.messages import joined_notes, mark, message, message_n
from carstats.result import Result, Spec
from carstats.wording import level_text

MODELS = ("binomial-normal", "beta-binomial", "Bayesian")
CONF_TYPES = ("profile", "Wald")
# With fewer trials a spread between them cannot be told from chance.
FEWEST = 3
# Below this p-value of the test of heterogeneity trials are not taken as alike. Higher than 0.05,
# for the test has little power where it is needed (Cochrane Handbook 10.10.2).
UNLIKE = 0.1
_METHODS = {
    "binomial-normal": mark("binomial–normal model by maximum likelihood in one stage"),
    "beta-binomial": mark("beta-binomial model by maximum likelihood"),
    "Bayesian": mark("binomial–normal model by Bayes, half-normal heterogeneity of scale {scale}"),
}


def pooled_rate(
    table: pd.DataFrame | Counts,
    outcome: str | None = None,
    *,
    by: str | Iterable[str] | None = None,
    endpoint_class: str | None = None,
    near_weeks: float = 24,
    denominator: str = "reported",
    basis: str | Iterable[str] | None = None,
    reports: Iterable[str] | None = None,
    overlapping: str = "refuse",
    model: str = "binomial-normal",
    conf_type: str = "profile",
    tau_scale: float = 1.0,
    trials: str | None = None,
    conf_level: float = 0.95,
) -> Result:
    """Estimate the rate of an outcome over published trials, or sites, that may differ.

    Counts enter as they are, without a continuity correction. Trials are taken as a sample of
    trials like them, a mixed series and its parts never together.

    Parameters
    ----------
    table : pandas.DataFrame or Counts
        Made by `published_trials`, or of the same shape; or with the columns ``study``,
        ``n_event`` and ``n`` alone, a row for each study (and columns to report `by`). Of `Counts`
        each level of the column `trials` is a trial.
    outcome : str, optional
        An outcome of the table, such as ``"response"`` or ``"CRS any"``; of a table of three
        columns what was counted, in words. Of `Counts` a response that was counted (of the infused,
        one that is missing being a failure) or a toxicity (an episode of any grade).
    by : str or list of str, optional
        Trial columns such as ``"target"``; one pooled rate for each stratum.
    endpoint_class : str, optional
        Which class of endpoints counts; needed where the trials report several.
    near_weeks : float
        The visit preferred where a trial reports several, weeks from the infusion.
    denominator : {"reported", "treated", "narrowest"}
        Which denominator, as for `trial_rate`.
    basis : str or list of str, optional
        Which bases of a count are enough; by default all.
    reports : list of str, optional
        The reports to use, instead of those that ``synthesis`` marks.
    overlapping : {"refuse", "allow"}
        What to do if the reports share subjects.
    model : {"binomial-normal", "beta-binomial", "Bayesian"}
        The first two by maximum likelihood. ``"Bayesian"`` is the binomial-normal model with a
        uniform prior for the rate of the median trial and a half-normal one for tau; it answers
        also where fewer than three trials inform, and tau then rests on its prior.
    conf_type : {"profile", "Wald"}
        Limits of the binomial-normal model: profile likelihood, or Wald on the log odds. The
        beta-binomial has profile limits, the Bayesian model equal-tailed credible ones.
    tau_scale : float
        Scale of the half-normal prior, on log odds.
    trials : str, optional
        The column of `Counts` whose levels are pooled; by default ``site_id`` or ``study_id``.
    conf_level : float
        Level of the limits and of the prediction interval.

    Returns
    -------
    Result
        For each stratum: ``n_trials``, ``n_missing`` (trials that give no such count), ``n``,
        ``n_event``, ``estimate`` (rate of the median trial; under the beta-binomial the mean of the
        trials' rates), ``conf_low``, ``conf_high``, ``predict_low`` and ``predict_high`` (where the
        true rate of a new trial lies), ``tau2`` (variance of the trials' log odds; NaN under the
        beta-binomial, which has ``correlation`` instead), ``tau_low``, ``tau_high`` (Bayesian
        only), ``heterogeneity`` (likelihood-ratio statistic of one proportion in all trials, on
        ``heterogeneity_df`` degrees of freedom) with ``p_heterogeneity``, ``endpoint``, ``basis``,
        ``note``. Where every trial has no event or nothing but
        events, or fewer than three trials of at least two subjects are there, the maximum
        likelihood models cannot estimate how trials differ: they give the pooled count with its
        Clopper-Pearson interval, tau2 NaN and the note "homogeneity assumed" where the test of
        heterogeneity has p of 0.1 or more, and no pooled rate where it has less; a single trial has
        its own exact interval.

    Raises
    ------
    CarstatsError
        As for `trial_rate`; also if the trials' endpoints are of several classes, or a `by` column
        is missing for one of them.

    References
    ----------
    Stijnen T, Hamza TH, Ozdemir P. Stat Med 2010; 29: 3046-3067.
    Higgins JPT, Thompson SG, Spiegelhalter DJ. J R Stat Soc A 2009; 172: 137-159.

    Examples
    --------
    >>> lupus_trials = trials[trials["disease"] == "SLE"]
    >>> cs.pooled_rate(lupus_trials, "CRS any")
    >>> counts = cs.count_outcomes(cohort, ["drug_free_remission"], by="site_id")
    >>> cs.pooled_rate(counts, "drug_free_remission")
    """
    model = check_choice("model", model, MODELS)
    conf_type = check_choice("conf_type", conf_type, CONF_TYPES)
    check_number("tau_scale", tau_scale, low=1e-3)
    check_conf_level(conf_level)
    if model == "beta-binomial" and conf_type == "Wald":
        raise CarstatsError(
            message('`conf_type` is "Wald"; the beta-binomial has profile limits only.')
        )
    options: dict[str, Any] = {
        "endpoint_class": endpoint_class,
        "near_weeks": near_weeks,
        "denominator": denominator,
        "basis": basis,
        "reports": reports,
        "overlapping": overlapping,
    }
    origin: dict[str, Any] = {}
    if isinstance(table, Counts):
        sites = as_trials(table, outcome, by, trials)
        origin, within = sites.origin, set(sites.rows) - set(COLUMNS)
        counts = plain_counts(sites.rows, origin["endpoint"], within)
    elif trials is not None:
        raise CarstatsError(message("`trials` names a column of Counts; `table` is none."))
    elif is_plain(table):
        counts = plain_counts(table, outcome)
    else:
        if outcome is None:
            raise CarstatsError(
                message(
                    "`outcome` is not given. A table of study, n_event and n needs none; this one "
                    "has other columns: name the outcome to pool."
                )
            )
        counts = select_counts(table, outcome, **options)
        one_class(counts)
    vocabulary = Vocabulary()
    columns = check_by_trial(counts.rows, by)
    frames = []
    for key in stratum_keys(vocabulary, counts.rows, columns):
        mine = counts.rows[stratum_mask(counts.rows, columns, key)]
        without = counts.without[stratum_mask(counts.without, columns, key)]
        row = pool(mine, model, conf_type, tau_scale, conf_level)
        level = dict(zip(columns, key, strict=True))
        frames.append({**level, "n_trials": len(mine), "n_missing": len(without), **row})
    frame = pd.DataFrame(frames)
    limits = {"Bayesian": "credible", "beta-binomial": "profile"}.get(model, conf_type)
    spec = Spec(
        "pooled_rate",
        endpoint=in_trials(counts.what),
        population=counts.population(),
        method=message(
            "{model}, {level} % {limits} and prediction interval, no continuity correction",
            model=message(_METHODS[model], scale=f"{tau_scale:g}"), level=level_text(conf_level),
            limits=message(LIMITS[limits]),
        ),
        conf_level=conf_level,
        by=tuple(columns),
        options={
            "outcome": outcome, **options, "model": model, "conf_type": conf_type,
            "tau_scale": tau_scale,
        },
    )  # fmt: skip
    return Result(frame, replace(spec, **origin), trial_labels(frame))


def check_by_trial(rows: pd.DataFrame, by: str | Iterable[str] | None) -> list[str]:
    """Return the trial columns to report by."""
    columns = names_given("by", by)
    for column in columns:
        if column in rows and rows[column].isna().any():
            lacking = ", ".join(rows.loc[rows[column].isna(), "study_id"])
            raise CarstatsError(
                message(
                    "`{column}` is not reported by {lacking}. Leave these trials out with "
                    "`reports`, or fill the column in.",
                    column=column,
                    lacking=lacking,
                )
            )
    return check_by(rows, columns)


def pool(
    rows: pd.DataFrame,
    model: str = "binomial-normal",
    conf_type: str = "profile",
    tau_scale: float = 1.0,
    conf_level: float = 0.95,
) -> dict[str, Any]:
    """Pool the counts of some trials, as `pooled_rate` does in each stratum."""
    k, n = rows["n_event"].to_numpy(float), rows["n"].to_numpy(float)
    named = list(dict.fromkeys(rows["endpoint"]))
    row = {
        "n": int(n.sum()),
        "n_event": int(k.sum()),
        **dict.fromkeys(_NUMBERS, np.nan),
        "endpoint": joined_notes(*map(message, named)),
        "basis": message("; ").join(
            message("{what} {n}", what=message(b), n=c)
            for b, c in rows["basis"].value_counts().items()
        ),
        "note": "",
    }
    if not len(rows):
        return {**row, "note": message("no trial gives such a count")}
    test = heterogeneity_test(k, n)
    row |= {"heterogeneity": test.statistic, "heterogeneity_df": float(test.df)}
    row |= {"p_heterogeneity": test.p_value}
    reason = not_estimable(k, n)
    if model == "Bayesian":
        note = message("tau rests on its prior: {reason}", reason=reason) if reason else ""
        return {**row, **_bayesian(k, n, tau_scale, conf_level), "note": note}
    if reason:
        if test.p_value < UNLIKE:
            note = message(
                "not pooled: the trials differ (p = {p}), and how much cannot be estimated: "
                "{reason}",
                p=f"{test.p_value:.2g}", reason=reason,
            )  # fmt: skip
            return {**row, "note": note}
        low, high = proportion_limits(k.sum(), n.sum(), conf_level=conf_level)
        alone = len(rows) == 1
        note = (
            message("one trial, its own exact interval")
            if alone
            else message(
                "homogeneity assumed (test: p = {p}): {reason}",
                p=f"{test.p_value:.2g}", reason=reason,
            )
        )  # fmt: skip
        pooled = {"estimate": k.sum() / n.sum(), "conf_low": float(low), "conf_high": float(high)}
        return {**row, **pooled, "note": note}
    if model == "beta-binomial":
        return {**row, **_beta_binomial(k, n, conf_level)}
    return {**row, **_binomial_normal(k, n, conf_type, conf_level)}


_NUMBERS = (
    "estimate", "conf_low", "conf_high", "predict_low", "predict_high", "tau2", "tau_low",
    "tau_high", "correlation", "heterogeneity", "heterogeneity_df", "p_heterogeneity",
)  # fmt: skip


def not_estimable(k: np.ndarray, n: np.ndarray) -> str:
    """Say why a spread between trials cannot be estimated; empty where it can."""
    if len(k) == 1:
        return message("one trial")
    # A trial of one subject has one answer, whatever the spread.
    informing = int((n >= 2).sum())
    if informing < FEWEST:
        if not informing:
            return message("no trials of two or more subjects")
        return message_n(
            "{n} trial of two or more subjects", "{n} trials of two or more subjects", informing
        )
    if not k.any():
        return message("no trial has an event")
    if (k == n).all():
        return message("every subject has the event")
    if ((k == 0) | (k == n)).all():
        return message("each trial has no event or nothing but events, which speaks against it")
    return ""


def _binomial_normal(k, n, conf_type, conf_level) -> dict[str, float]:
    from scipy.special import expit

    from carstats.estimators.pooling.binomial_normal import (
        fit_binomial_normal,
        prediction_limits,
        profile_limits,
        wald_limits,
    )

    fit = fit_binomial_normal(k, n)
    limits = (profile_limits if conf_type == "profile" else wald_limits)(fit, conf_level=conf_level)
    expected = prediction_limits(fit, conf_level=conf_level)
    values = expit([fit.coefficients[0], *limits, *expected]).tolist()
    return {**dict(zip(_NUMBERS, values, strict=False)), "tau2": fit.tau**2}


def _beta_binomial(k, n, conf_level) -> dict[str, float]:
    from scipy.special import betaincinv

    from carstats.estimators.pooling.beta_binomial import fit_beta_binomial

    fit = fit_beta_binomial(k, n, conf_level=conf_level)
    values = [fit.mean, fit.low, fit.high]
    tails = np.array([(1 - conf_level) / 2, (1 + conf_level) / 2])
    if 0 < fit.correlation < 1:
        size = 1 / fit.correlation - 1
        values += betaincinv(fit.mean * size, (1 - fit.mean) * size, tails).tolist()
        note = message("prediction interval takes mean and correlation as known")
    else:
        values += [fit.mean, fit.mean]
        note = message("no spread found: the prediction interval is a point, which is too short")
    named: dict[str, Any] = dict(zip(_NUMBERS, values, strict=False))
    return {**named, "correlation": fit.correlation, "note": note}


def _bayesian(k, n, tau_scale, conf_level) -> dict[str, float]:
    from scipy.special import expit

    from carstats.estimators.pooling.binomial_normal_bayes import binomial_normal_posterior

    posterior = binomial_normal_posterior(k, n, tau_scale=tau_scale)
    tail = (1 - conf_level) / 2
    logits = [posterior.logit_quantile(p) for p in (0.5, tail, 1 - tail)]
    logits += [posterior.prediction_quantile(p) for p in (tail, 1 - tail)]
    spread = [posterior.tau_quantile(p) for p in (0.5, tail, 1 - tail)]
    values = [*expit(logits).tolist(), spread[0] ** 2, *spread[1:]]
    return dict(zip(_NUMBERS, values, strict=False))
