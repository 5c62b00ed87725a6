"""Analyses that know an event's visit but not its day: interval-censored times."""

from __future__ import annotations

from collections.abc import Iterable
from math import comb

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.counts.counted import Counts
from carstats.counts.standing import counted_cohort
from carstats.errors import CarstatsError, check_choice, check_conf_level, check_number
from carstats.estimators.curves.risk_table import strata_rows
from carstats.estimators.curves.turnbull import bootstrap_limits, turnbull
from carstats.estimators.reasons import FOLLOWUP_DIFFERS_LINEAR, GROUP_TOO_SMALL, Reason
from carstats.estimators.tests.interval_tests import interval_logrank
from carstats.estimators.tests.logrank_rule import (
    ASYMPTOTIC_FROM,
    FEWEST,
    asymptotic_reason,
    compared_sizes,
    followup_differs,
)
from carstats.estimators.tests.permutation_sums import MAX_ARRANGEMENTS
from carstats.messages import Joined, joined_notes, mark, message
from carstats.result import Result
from carstats.survival.groups import adjusted_in_words, grouped, stratum_codes, ungrouped
from carstats.survival.times import (
    EndpointTimes,
    endpoint_times,
    refuse_competing,
    stratum_note,
)
from carstats.wording import because, level_text

INTERVAL_SCORES = ("Sun", "Finkelstein", "Wilcoxon")
INTERVAL_METHODS = ("auto", "permutation", "score", "exact", "resampling")
_TESTS = {
    "none": mark(
        "generalised log-rank test for interval-censored times ({scores} scores){adjusted}"
    ),
    "score": mark(
        "generalised log-rank test for interval-censored times ({scores} scores){adjusted}, score"
    ),
    "exact": mark(
        "generalised log-rank test for interval-censored times ({scores} scores){adjusted}, exact"
    ),
    "permutation": mark(
        "generalised log-rank test for interval-censored times ({scores} scores){adjusted}, "
        "asymptotic permutation"
    ),
    "resampling": mark(
        "generalised log-rank test for interval-censored times ({scores} scores){adjusted}, "
        "{n} random arrangements"
    ),
}


def interval_censored_curve(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    *,
    by: str | Iterable[str] | None = None,
    conf_level: float = 0.95,
    n_resamples: int = 0,
    seed: int = 1,
    competing: str | None = None,
) -> Result:
    """Estimate the survival curve of times known to lie between two visits (Turnbull).

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`.
    endpoint : str, optional
        A time-to-event endpoint of the study; its events lie in (``time_low``, ``time_high``]. By
        default the only one that the study has.
    by : str or list of str, optional
        Columns of the subjects table; one curve for each stratum. By default those of
        `cohort_from_frame`.
    conf_level : float
        Level of the bootstrap limits.
    n_resamples : int
        Bootstrap resamples for the limits; 0 for none. They describe how much the curve varies and
        are no confidence limits: the estimator is not asymptotically normal.
    seed : int
        Seed of the resamples.
    competing : {"censor"}, optional
        What to do with competing events, as for `survival_curve`.

    Returns
    -------
    Result
        For each stratum a row at time 0 and one for each equivalence interval with mass:
        ``time_low`` and ``time_high`` (the mass lies in between, where the curve is not
        determined), ``mass``, ``estimate`` (the curve after it), ``n``, ``n_missing``, ``n_event``,
        ``last_time`` (to which anyone was followed), ``unique`` (whether no other curve fits as
        well), ``conf_low``, ``conf_high``, ``note``.

    Raises
    ------
    CarstatsError
        As for `survival_curve`; also for delayed entry, which the estimator does not allow for.

    References
    ----------
    Turnbull BW. J R Stat Soc B 1976; 38: 290-295. Peto R. Appl Stat 1973; 22: 86-91.
    Gentleman R, Geyer CJ. Biometrika 1994; 81: 618-623.

    Examples
    --------
    >>> result = cs.interval_censored_curve(cohort, "relapse_free_survival", by="target")
    >>> figure = cs.plot(result)
    """
    check_conf_level(conf_level)
    check_number("n_resamples", n_resamples, low=0)
    times = interval_times(cohort, endpoint, by, competing)

    def estimate(rows: pd.DataFrame) -> pd.DataFrame:
        known = rows[rows["event_time"].notna()]
        low, high = known["time_low"].to_numpy(), known["time_high"].to_numpy()
        fit = turnbull(low, high)
        shown = (fit.mass > 0) & np.isfinite(fit.right)
        frame = pd.DataFrame(
            {
                "time_low": np.append(0.0, np.maximum(fit.left[shown], 0.0)),
                "time_high": np.append(0.0, fit.right[shown]),
                "mass": np.append(0.0, fit.mass[shown]),
                "estimate": np.append(1.0 if len(known) else np.nan, fit.survival[shown]),
                "n": len(rows),
                "n_missing": len(rows) - len(known),
                "n_event": int(np.isfinite(high).sum()),
                "last_time": np.where(np.isfinite(high), high, low).max() if len(known) else np.nan,
                "unique": fit.unique,
                "conf_low": np.nan,
                "conf_high": np.nan,
                "note": "",
            }
        )
        note = joined_notes(
            stratum_note(rows),
            because(fit.reason),
            "" if fit.unique else message("the masses are not unique"),
        )
        if n_resamples and len(known):
            limits = bootstrap_limits(
                low,
                high,
                frame["time_high"].to_numpy(),
                n_resamples=int(n_resamples),
                seed=seed,
                conf_level=conf_level,
            )
            frame["conf_low"], frame["conf_high"] = limits.low, limits.high
            # The first row is the start, before an event on day 0.
            frame.loc[0, ["conf_low", "conf_high"]] = 1.0
            note = joined_notes(note, message("bootstrap limits are descriptive"))
        frame.loc[0, "note"] = note
        return frame

    described = (
        message(
            ", descriptive {level} % bootstrap limits ({n} resamples, seed {seed})",
            level=level_text(conf_level),
            n=n_resamples,
            seed=seed,
        )
        if n_resamples
        else ""
    )
    spec = times.spec(
        "interval_censored_curve",
        message(
            "nonparametric maximum likelihood for interval-censored times (Turnbull){described}",
            described=described,
        ),
        conf_level=conf_level if n_resamples else None,
        n_resamples=n_resamples,
        seed=seed,
        competing=competing,
    )
    return Result(times.estimate(estimate), spec, times.labels)


def interval_censored_test(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    *,
    by: str | Iterable[str] | None = None,
    strata: str | Iterable[str] | None = None,
    scores: str = "Sun",
    method: str = "auto",
    n_resamples: int = 9_999,
    seed: int = 1,
    competing: str | None = None,
) -> Result:
    """Test whether groups have the same distribution of interval-censored times.

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
        Columns that the test is adjusted for.
    scores : {"Sun", "Finkelstein", "Wilcoxon"}
        Sun's is the log-rank test's generalisation, Finkelstein's the grouped proportional
        hazards model's, Wilcoxon's weighs early differences more.
    method : {"auto", "permutation", "score", "exact", "resampling"}
        How the p-value is found; visits must be planned alike in the groups for all but "score".
        "permutation" compares with the chi-squared limit of the permutation distribution, "exact"
        (two groups) with the distribution itself, "resampling" with random arrangements. "auto":
        none with a group under three; while the smallest group has fewer than 50 "exact" for two
        groups of up to a million arrangements in each stratum, else "resampling"; from 50 on
        "permutation".
    n_resamples : int
        Random arrangements B; the p-value is (b + 1) / (B + 1).
    seed : int
        Seed of the random arrangements.
    competing : {"censor"}, optional
        What to do with competing events, as for `survival_curve`.

    Returns
    -------
    Result
        One row: ``contrast``, ``n``, ``n_missing``, ``n_event``, ``statistic`` (chi-squared), ``z``
        (two groups), ``df``, ``p_value``, ``p_method``, ``n_resamples``, ``note``.

    Raises
    ------
    CarstatsError
        As for `interval_censored_curve`; also if there is nothing to compare.

    References
    ----------
    Sun J. Stat Med 1996; 15: 1387-1395. Finkelstein DM. Biometrics 1986; 42: 845-854.
    Fay MP, Shaw PA. J Stat Softw 2010; 36(2).

    Examples
    --------
    >>> cs.interval_censored_test(cohort, "relapse_free_survival", by="target")
    """
    scores = check_choice("scores", scores, INTERVAL_SCORES)
    method = check_choice("method", method, INTERVAL_METHODS)
    check_number("n_resamples", n_resamples, low=1)
    times = interval_times(cohort, endpoint, by, competing, strata)
    rows, group, names = grouped(times)
    low, high = rows["time_low"].to_numpy(), rows["time_high"].to_numpy()
    # In an order of their own: random arrangements do not depend on that of the data.
    order = np.lexsort((group, high, low))
    rows, group, low, high = rows.iloc[order], group[order], low[order], high[order]
    strata_of = stratum_codes(rows, times.strata)
    used = _by_size(group, strata_of) if method == "auto" else method
    test = interval_logrank(
        low,
        high,
        group,
        n_groups=len(names),
        strata=strata_of,
        scores=scores,
        method=used,
        n_resamples=n_resamples,
        seed=seed,
    )
    weak: Reason | None = None
    unlike: tuple[Reason, ...] = ()
    if not np.isnan(test.statistic):
        weak = asymptotic_reason(group, strata_of)
        happened = np.isfinite(high)
        unlike = followup_differs(
            np.where(happened, high, low), happened, group, code=FOLLOWUP_DIFFERS_LINEAR
        )
    tiny = method == "auto" and weak is not None and weak.code == GROUP_TOO_SMALL
    if test.method in ("exact", "resampling") and not tiny:
        weak = None
    # Without a p-value there is no way in which it was found; the note says why.
    tiny = tiny or bool(np.isnan(test.statistic))
    row = {
        "contrast": Joined(names, " / "),
        "n": len(times.rows),
        "n_missing": len(times.rows) - len(rows),
        "n_event": int(np.isfinite(rows["time_high"]).sum()),
        "statistic": test.statistic,
        "z": test.z,
        "df": test.df,
        "p_value": np.nan if tiny else test.p_value,
        "p_method": "none" if tiny else test.method,
        "n_resamples": 0 if tiny else test.n_resamples,
        "note": because(test.reason, weak, *unlike),
    }
    spec = times.spec(
        "interval_censored_test",
        message(
            _TESTS["none" if tiny else test.method],
            scores=scores,
            adjusted=adjusted_in_words(times.strata),
            **({"n": f"{test.n_resamples:,}"} if test.method == "resampling" and not tiny else {}),
        ),
        scores=scores,
        method=method,
        n_resamples=n_resamples,
        seed=seed,
        competing=competing,
    )
    return Result(pd.DataFrame([row]), ungrouped(spec), times.labels)


def _by_size(group: np.ndarray, strata: np.ndarray | None) -> str:
    """Return the method that the groups' sizes ask for; the chi-squared limit where none is."""
    smallest = int(compared_sizes(group, strata).min())
    if smallest >= ASYMPTOTIC_FROM or smallest < FEWEST:
        return "permutation"
    if np.unique(group).size > 2:
        return "resampling"
    for rows in strata_rows(strata, group.size):
        here = group if rows is None else group[rows]
        sizes = np.unique(here, return_counts=True)[1]
        if comb(int(sizes.sum()), int(sizes[0])) > MAX_ARRANGEMENTS:
            return "resampling"
    return "exact"


def interval_times(
    cohort: Cohort | Counts,
    endpoint: str | None,
    by: str | Iterable[str] | None,
    competing: str | None,
    strata: str | Iterable[str] | None = None,
) -> EndpointTimes:
    """Return the times of an endpoint for estimators that take intervals and no delayed entry."""
    subjects = counted_cohort(cohort, endpoint, "time-to-event", single=True)
    times = endpoint_times(subjects, endpoint, by, strata)
    refuse_competing(times, competing)
    if "entry_time" in times.rows:
        raise CarstatsError(
            message(
                "`endpoint` {name} has delayed entry (`entry_day`), which the estimators for "
                "interval-censored times do not allow for. Use survival_curve().",
                name=repr(times.name),
            )
        )
    return times
