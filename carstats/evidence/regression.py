"""Whether the published trials differ by what they gave."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.strata import stratum_keys
from carstats.data.vocabulary import Vocabulary
from carstats.errors import check_choice, check_conf_level
from carstats.evidence.pooled import CONF_TYPES, not_estimable
from carstats.evidence.table import one_class, select_counts, trial_labels
from carstats.evidence.words import LIMITS, MODERATORS, n_subjects, n_trials
from carstats.messages import message, message_n
from carstats.result import Result, Spec
from carstats.wording import level_text


def pooled_regression(
    table: pd.DataFrame,
    outcome: str,
    on: str,
    *,
    endpoint_class: str | None = None,
    near_weeks: float = 24,
    denominator: str = "reported",
    basis: str | Iterable[str] | None = None,
    reports: Iterable[str] | None = None,
    overlapping: str = "refuse",
    conf_type: str = "profile",
    conf_level: float = 0.95,
) -> Result:
    """Estimate how the odds of an outcome differ between kinds of trials (meta-regression).

    One characteristic of the trials at a time: with this few trials a second one cannot be told
    from the first. The comparison is between trials and not randomised; what else differs between
    them goes into it.

    Parameters
    ----------
    table : pandas.DataFrame
        Made by `published_trials`, or of the same shape.
    outcome : str
        An outcome of the table.
    on : {"target", "valency", "platform", "costimulation", "cell_source", "disease"}
        The characteristic. Trials that do not report it are left out and counted.
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
    conf_type : {"profile", "Wald"}
        Limits of the odds ratios.
    conf_level : float
        Confidence level.

    Returns
    -------
    Result
        One row per level: the level in the column of its name, ``contrast`` (against the level with
        most subjects, unless all or none of these have the event; it has no odds ratio itself),
        ``n_trials``, ``n``, ``n_event``, ``estimate`` (odds ratio), ``conf_low``, ``conf_high``,
        ``tau2`` (what spread is left), ``statistic``, ``df``, ``p_value`` (likelihood ratio of the
        whole characteristic; with few trials it is too small), ``note``. A level whose every
        subject has the event, or none, has an infinite or zero odds ratio with one limit.

    Raises
    ------
    CarstatsError
        As for `pooled_rate`.

    References
    ----------
    Stijnen T, Hamza TH, Ozdemir P. Stat Med 2010; 29: 3046-3067.
    Thompson SG, Higgins JPT. Stat Med 2002; 21: 1559-1573 (pitfalls).

    Examples
    --------
    >>> cs.pooled_regression(trials, "CRS any", on="target")
    """
    on = check_choice("on", on, tuple(MODERATORS))
    conf_type = check_choice("conf_type", conf_type, CONF_TYPES)
    check_conf_level(conf_level)
    options: dict[str, Any] = {
        "endpoint_class": endpoint_class,
        "near_weeks": near_weeks,
        "denominator": denominator,
        "basis": basis,
        "reports": reports,
        "overlapping": overlapping,
    }
    counts = select_counts(table, outcome, **options)
    one_class(counts)
    # No target and no costimulation are values; only a blank is unknown.
    rows = counts.rows[counts.rows[on].notna()]
    unknown = counts.rows[counts.rows[on].isna()]
    levels = [key[0] for key in stratum_keys(Vocabulary(), rows, [on])]
    frame = pd.DataFrame(_compare(rows, on, levels, conf_type, conf_level), columns=[on, *_COLUMNS])
    counted = {"trials": n_trials(len(rows)), "subjects": n_subjects(rows["n"].sum())}
    population = (
        message_n(
            "{trials}, {subjects}; {n} trial with {without} does not report it; trials compared "
            "with trials, not randomised",
            "{trials}, {subjects}; {n} trials with {without} do not report it; trials compared "
            "with trials, not randomised",
            len(unknown), without=n_subjects(unknown["n"].sum()), **counted,
        )
        if len(unknown)
        else message("{trials}, {subjects}; trials compared with trials, not randomised", **counted)
    )  # fmt: skip
    spec = Spec(
        "pooled_regression",
        endpoint=message(
            "Published trials: {outcome} by {kind}",
            outcome=message(counts.what), kind=message(MODERATORS[on]),
        ),
        population=population,
        method=message(
            "binomial–normal meta-regression, {level} % {limits}",
            level=level_text(conf_level), limits=message(LIMITS[conf_type]),
        ),
        conf_level=conf_level,
        by=(on,),
        options={"outcome": outcome, "on": on, **options, "conf_type": conf_type},
    )  # fmt: skip
    return Result(frame, spec, trial_labels(frame))


_COLUMNS = [
    "contrast", "n_trials", "n", "n_event", "estimate", "conf_low", "conf_high", "tau2",
    "statistic", "df", "p_value", "note",
]  # fmt: skip


def _compare(rows, on, levels, conf_type, conf_level) -> list[dict[str, Any]]:
    made = []
    for level in levels:
        mine = rows[rows[on] == level]
        made.append(
            {
                on: level,
                "contrast": "",
                "n_trials": len(mine),
                "n": int(mine["n"].sum()),
                "n_event": int(mine["n_event"].sum()),
                **dict.fromkeys(_NUMBERS, np.nan),
                "note": "",
            }
        )
    if len(levels) < 2:
        for row in made:
            row["note"] = message(
                "all trials have one {kind}: nothing to compare", kind=message(MODERATORS[on])
            )
        return made
    # An odds ratio against a level without event, or with nothing but events, is never finite.
    base = max(range(len(levels)), key=lambda i: (not _one_sided(made[i]), made[i]["n"]))
    for row in made:
        row["contrast"] = (
            message("reference")
            if row is made[base]
            else message("against {level}", level=message(str(levels[base])))
        )
    reason = _too_little(rows, made, base)
    if reason:
        for row in made:
            row["note"] = reason
        return made
    fitted = _fit(rows, on, levels, base, made)
    for i, row in enumerate(made):
        row.update(fitted["whole"])
        if i != base:
            row.update(_contrast(fitted, i, row, conf_type, conf_level))
    return made


_NUMBERS = ("estimate", "conf_low", "conf_high", "tau2", "statistic", "df", "p_value")


def _one_sided(row: dict[str, Any]) -> bool:
    """Say whether a level has no event or nothing but events: its log odds are infinite."""
    return row["n_event"] in (0, row["n"])


def _too_little(rows, made, base) -> str:
    reason = not_estimable(rows["n_event"].to_numpy(float), rows["n"].to_numpy(float))
    if reason:
        return message("not estimable: {reason}", reason=reason)
    if _one_sided(made[base]):
        return message("not estimable: no event, or nothing but events, in every level")
    informing = sum(row["n_trials"] for row in made if not _one_sided(row))
    parameters = 1 + sum(not _one_sided(row) for row in made)
    if informing <= parameters:
        return message_n(
            "not estimable: {n} trial for {parameters} parameters",
            "not estimable: {n} trials for {parameters} parameters",
            informing, parameters=parameters,
        )  # fmt: skip
    return ""


def _fit(rows, on, levels, base, made) -> dict[str, Any]:
    """Fit with and without the characteristic; one-sided levels are fitted at infinity."""
    from scipy.special import chdtrc

    from carstats.estimators.pooling.binomial_normal import fit_binomial_normal

    k, n = rows["n_event"].to_numpy(float), rows["n"].to_numpy(float)
    design = np.stack(
        [np.ones(len(rows))]
        + [(rows[on] == level).to_numpy(float) for i, level in enumerate(levels) if i != base],
        axis=1,
    )
    others = [i for i in range(len(levels)) if i != base]
    finite = [0] + [1 + j for j, i in enumerate(others) if not _one_sided(made[i])]
    # Trials of a one-sided level have probability 1 at infinity and say nothing of the rest.
    infinite = [1 + j for j, i in enumerate(others) if _one_sided(made[i])]
    inside = design[:, infinite].sum(axis=1) == 0
    fit = fit_binomial_normal(k[inside], n[inside], design[np.ix_(inside, finite)])
    plain = fit_binomial_normal(k, n)
    statistic = max(2 * (fit.log_likelihood - plain.log_likelihood), 0.0)
    whole = {
        "tau2": fit.tau**2,
        "statistic": statistic,
        "df": len(others),
        "p_value": float(chdtrc(len(others), statistic)),
    }
    place = {i: 1 + j for j, i in enumerate(others)}
    return {
        "whole": whole, "fit": fit, "k": k, "n": n, "design": design, "place": place,
        "finite": finite,
    }  # fmt: skip


def _contrast(fitted, i, row, conf_type, conf_level) -> dict[str, Any]:
    from carstats.estimators.pooling.binomial_normal import profile_end, profile_limits, wald_limits

    fit, place = fitted["fit"], fitted["place"][i]
    if not _one_sided(row):
        at = fitted["finite"].index(place)
        limits = profile_limits if conf_type == "profile" else wald_limits
        log_odds = (fit.coefficients[at], *limits(fit, at, conf_level=conf_level))
        with np.errstate(over="ignore"):
            values = np.exp(log_odds).tolist()
        return dict(zip(_NUMBERS, values, strict=False))
    upwards = row["n_event"] > 0
    side = -1.0 if upwards else 1.0
    # From where the likelihood is at its supremum towards the other levels.
    end = profile_end(
        fitted["k"], fitted["n"], fitted["design"], place, fit.log_likelihood, -25 * side, side,
        conf_level=conf_level,
    )  # fmt: skip
    limit = float(np.exp(end))
    return {
        "estimate": np.inf if upwards else 0.0,
        "conf_low": limit if upwards else 0.0,
        "conf_high": np.inf if upwards else limit,
        "note": message("every subject of the level has the event; profile limit")
        if upwards
        else message("the level has no event; profile limit"),
    }
