"""The restricted mean time free of an event."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import counted
from carstats.counts.counted import Counts
from carstats.errors import CarstatsError, check_choice, check_conf_level
from carstats.estimators.curves.mean_limits import MeanLaws, law_limits, mean_laws
from carstats.estimators.curves.mean_melding import melded_means
from carstats.estimators.curves.risk_table import RiskTable
from carstats.estimators.curves.rmst import (
    RestrictedMean,
    check_horizon,
    mean_contrast,
    mean_survival,
)
from carstats.estimators.reasons import NO_ERROR_OF_CURVE, Reason
from carstats.messages import Joined, joined_notes, mark, message
from carstats.result import Result
from carstats.survival.comparisons import contrasts
from carstats.survival.groups import grouped, ungrouped
from carstats.survival.times import (
    counted_from,
    endpoint_times,
    free_at,
    n_missing,
    refuse_competing,
    stratum_note,
    stratum_table,
)
from carstats.wording import because, level_text

MEAN_METHODS = ("beta product", "beta product mid-P", "Greenwood")
_METHODS = {
    "beta product": mark("joint beta-product {level} % limits"),
    "beta product mid-P": mark("joint mid-P beta-product {level} % limits"),
    "Greenwood": mark("Greenwood {level} % limits"),
}
_MELDED = mark("melded mid-P joint beta-product {level} % limits")
_MEANS = {
    None: mark("restricted mean to day {day} by Kaplan–Meier{aside}, {limits}"),
    "difference": mark("restricted mean to day {day} by Kaplan–Meier{aside}, difference, {limits}"),
    "ratio": mark("restricted mean to day {day} by Kaplan–Meier{aside}, ratio, {limits}"),
}


def restricted_mean(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    *,
    at: float,
    by: str | Iterable[str] | None = None,
    contrast: str | None = None,
    reference: str | None = None,
    method: str = "beta product",
    conf_level: float = 0.95,
    competing: str | None = None,
    start: float | None = None,
) -> Result:
    """Estimate the mean time free of an event within a horizon (area under the curve).

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`.
    endpoint : str, optional
        A time-to-event endpoint of the study. By default the only one that the study has.
    at : float
        The horizon in days, fixed before the data are seen; at most the follow-up of the stratum
        with the shortest.
    by : str or list of str, optional
        Columns of the subjects table; one mean for each stratum. By default those of
        `cohort_from_frame`.
    contrast : {"difference", "ratio"}, optional
        Compare the strata instead of reporting them.
    reference : str, optional
        The stratum that the others are compared with, by its printed name or its level ("SSc"; of
        several columns joined by " · "); by default each two.
    method : {"beta product", "beta product mid-P", "Greenwood"}
        Limits. The joint beta product (the default) holds its level in cohorts of a few subjects
        and exists while nobody has had the event; a contrast takes its melded mid-P form, which
        holds its level too unless all events fall on one early day (94.4 % at least, see
        docs/coverage.md). The mid-P form of one mean is shorter and holds it on average.
        Greenwood's are normal, too short in small samples, and there are none without an event.
    conf_level : float
        Confidence level.
    competing : {"censor"}, optional
        What to do with competing events, as for `survival_curve`.
    start : float, optional
        A day given which they are free of it, as for `survival_curve`: the mean time free of the
        event between this day and the horizon.

    Returns
    -------
    Result
        For each stratum: ``time`` (the horizon), ``n``, ``n_missing``, ``n_event`` (up to it),
        ``estimate`` in days, ``std_error`` of the estimate (Greenwood), ``conf_low``,
        ``conf_high``, ``note``. With `contrast`, for each pair ``contrast``, ``time``,
        ``estimate``, ``std_error``, ``conf_low``, ``conf_high``, ``p_value`` (below
        1 - `conf_level` when the limits leave out no difference), ``note``; by Greenwood's error
        ``statistic`` too.

    Raises
    ------
    CarstatsError
        If the horizon is beyond the follow-up of a stratum, naming it, or an argument is not
        allowed.

    References
    ----------
    Irwin JO. J Hyg 1949; 47: 188-189. Royston P, Parmar MKB. BMC Med Res Methodol 2013; 13: 152.
    Fay MP, Brittain EH, Proschan MA. Biostatistics 2013; 14: 723-736 (beta product).
    Fay MP, Proschan MA, Brittain E. Biometrics 2015; 71: 146-156 (melding).

    Examples
    --------
    >>> cs.restricted_mean(cohort, "relapse_free_survival", at=365, by="target")
    """
    method = check_choice("method", method, MEAN_METHODS)
    check_conf_level(conf_level)
    if contrast is not None:
        contrast = check_choice("contrast", contrast, ("difference", "ratio"))
    elif reference is not None:
        raise CarstatsError(message("`reference` goes with `contrast`: 'difference' or 'ratio'."))
    times, given = free_at(endpoint_times(cohort, endpoint, by, counts=True), start)
    aside = refuse_competing(times, competing) + given
    names = grouped(times)[2] if times.by else ["All"]
    groups = [rows for _, rows in times.groups()]
    tables = [stratum_table(rows) for rows in groups]
    check_horizon(dict(zip(names, tables, strict=True)), at)
    if start is not None and at <= start:
        raise CarstatsError(
            message("`at` is {at}, not after `start`, {day}.", at=f"{at:g}", day=f"{start:g}")
        )
    limits = _MELDED if contrast and method != "Greenwood" else _METHODS[method]
    spec = times.spec(
        "restricted_mean",
        message(
            _MEANS[contrast],
            day=f"{at:g}",
            aside=aside,
            limits=message(limits, level=level_text(conf_level)),
        ),
        conf_level=conf_level,
        at=float(at),
        contrast=contrast,
        reference=reference,
        method=method,
        competing=competing,
        start=start,
    )
    if contrast is None:

        def estimate(rows: pd.DataFrame) -> dict[str, Any]:
            mean = _mean(rows, at, start, method, conf_level)
            codes, ends = rows["event_code"], rows["event_time"]
            return {
                "time": float(at),
                "n": counted(rows),
                "n_missing": n_missing(rows),
                "n_event": counted(rows[(codes == 1) & (ends <= at)]),
                "estimate": float(mean.estimate),
                "std_error": float(mean.std_error),
                "conf_low": float(mean.low),
                "conf_high": float(mean.high),
                "note": joined_notes(stratum_note(rows, curve=True), _no_error(mean, method)),
            }

        return Result(times.estimate(estimate), spec, times.labels)
    compared = _Contrasts([counted_from(rows, start) for rows in groups], at - (start or 0.0))
    sign = " − " if contrast == "difference" else " / "
    found = []
    for first, second in contrasts(names, times.level_of(reference), times.levels()):
        test = compared.test(second, first, contrast, method, conf_level)
        found.append(
            {"contrast": Joined((names[second], names[first]), sign), "time": float(at), **test}
        )
    return Result(pd.DataFrame(found), ungrouped(spec), times.labels)


def _laws(rows: pd.DataFrame, table: RiskTable, horizon: float) -> MeanLaws | None:
    if not table.time.size:
        return None
    at_start = None
    if "entry_time" in rows:
        known = rows[rows["event_time"].notna()]
        at_start = float(counted(known[(known["entry_time"] <= 0) & (known["event_time"] > 0)]))
    return mean_laws(table, horizon, at_start=at_start)


def _no_error(mean: RestrictedMean, method: str) -> str:
    """Say why Greenwood's limits do not exist where the mean does."""
    if method != "Greenwood" or np.isnan(mean.estimate) or np.isfinite(mean.std_error):
        return ""
    return because(Reason(NO_ERROR_OF_CURVE))


def _mean(
    rows: pd.DataFrame, at: float, start: float | None, method: str, conf_level: float
) -> RestrictedMean:
    """The mean of one stratum with its limits."""
    rows, horizon = counted_from(rows, start), at - (start or 0.0)
    table = stratum_table(rows)
    mean = mean_survival(table, horizon, conf_level=conf_level)
    laws = None if method == "Greenwood" else _laws(rows, table, horizon)
    if laws is None:
        return mean
    low, high = law_limits(laws, conf_level=conf_level, mid_p=method != "beta product")
    # Under delayed entry early risk sets may be so small that the laws lie off the estimate.
    middle = float(mean.estimate)
    return replace(mean, low=np.minimum(low, middle), high=np.maximum(high, middle))


class _Contrasts:
    """The means of the groups and, where asked for, their laws: computed once for all pairs."""

    def __init__(self, groups: list[pd.DataFrame], horizon: float) -> None:
        self.groups, self.horizon = groups, horizon
        self.tables = [stratum_table(rows) for rows in groups]
        self.laws: dict[int, MeanLaws | None] = {}

    def law(self, place: int) -> MeanLaws | None:
        """Return the laws of one group."""
        if place not in self.laws:
            self.laws[place] = _laws(self.groups[place], self.tables[place], self.horizon)
        return self.laws[place]

    def test(
        self, first: int, second: int, measure: str, method: str, conf_level: float
    ) -> dict[str, Any]:
        """Compare two groups, the first less or by the second."""
        means = (mean_survival(self.tables[place], self.horizon) for place in (first, second))
        normal = mean_contrast(*means, measure=measure, conf_level=conf_level)
        middle, error = float(normal.estimate), float(normal.std_error)
        answer = {"estimate": middle, "std_error": error}
        if method == "Greenwood":
            return answer | {
                "conf_low": float(normal.low),
                "conf_high": float(normal.high),
                "statistic": float(normal.statistic),
                "p_value": float(normal.p_value),
                "note": message("a group without an error: no limits") if np.isnan(error) else "",
            }
        law, other = self.law(first), self.law(second)
        if law is None or other is None:
            empty = dict.fromkeys(("conf_low", "conf_high", "p_value"), np.nan)
            return answer | empty | {"note": message("a group without subjects: no limits")}
        melded = melded_means(law, other, measure=measure, conf_level=conf_level)
        return answer | {
            # Under delayed entry the laws may lie off the estimate; a mean of 0 has no ratio.
            "conf_low": float(np.fmin(melded.low, middle)),
            "conf_high": float(np.fmax(melded.high, middle)),
            "p_value": melded.p_value,
            "note": message("a group whose mean is 0: no ratio") if np.isnan(middle) else "",
        }
