"""The restricted mean time free of an event."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from carstats.cohort import Cohort
from carstats.errors import CarstatsError, check_choice, check_conf_level
from carstats.estimators.rmst import check_horizon, mean_contrast, mean_survival
from carstats.messages import Joined, mark, message
from carstats.result import Result
from carstats.survival.comparisons import contrasts
from carstats.survival.groups import grouped, ungrouped
from carstats.survival.times import endpoint_times, refuse_competing, stratum_note, stratum_table
from carstats.wording import level_text

_METHODS = {
    None: mark("restricted mean to day {day} by Kaplan–Meier{aside}, {level} % limits"),
    "difference": mark(
        "restricted mean to day {day} by Kaplan–Meier{aside}, difference, {level} % limits"
    ),
    "ratio": mark("restricted mean to day {day} by Kaplan–Meier{aside}, ratio, {level} % limits"),
}


def restricted_mean(
    cohort: Cohort,
    endpoint: str,
    *,
    at: float,
    by: str | Iterable[str] | None = None,
    contrast: str | None = None,
    reference: str | None = None,
    conf_level: float = 0.95,
    competing: str | None = None,
) -> Result:
    """Estimate the mean time free of an event within a horizon (area under the curve).

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    endpoint : str
        A time-to-event endpoint of the study.
    at : float
        The horizon in days, fixed before the data are seen; at most the follow-up of the stratum
        with the shortest.
    by : str or list of str, optional
        Columns of the subjects table; one mean for each stratum.
    contrast : {"difference", "ratio"}, optional
        Compare the strata instead of reporting them.
    reference : str, optional
        The stratum that the others are compared with, by its printed name or its level ("SSc"; of
        several columns joined by " · "); by default each two.
    conf_level : float
        Confidence level.
    competing : {"censor"}, optional
        What to do with competing events, as for `survival_curve`.

    Returns
    -------
    Result
        For each stratum: ``time`` (the horizon), ``n``, ``n_missing``, ``n_event`` (up to it),
        ``estimate`` in days, ``std_error`` of the estimate, ``conf_low``, ``conf_high``, ``note``.
        With `contrast`, for each pair ``contrast``, ``time``, ``estimate``, ``std_error``,
        ``conf_low``, ``conf_high``, ``statistic``, ``p_value``, ``note``. Without an event there
        is no error, and no limits.

    Raises
    ------
    CarstatsError
        If the horizon is beyond the follow-up of a stratum, naming it, or an argument is not
        allowed.

    References
    ----------
    Irwin JO. J Hyg 1949; 47: 188-189. Royston P, Parmar MKB. BMC Med Res Methodol 2013; 13: 152.
    """
    check_conf_level(conf_level)
    if contrast is not None:
        check_choice("contrast", contrast, ("difference", "ratio"))
    elif reference is not None:
        raise CarstatsError(message("`reference` goes with `contrast`: 'difference' or 'ratio'."))
    times = endpoint_times(cohort, endpoint, by)
    aside = refuse_competing(times, competing)
    names = grouped(times)[2] if times.by else ["All"]
    tables = [stratum_table(rows) for _, rows in times.groups()]
    check_horizon(dict(zip(names, tables, strict=True)), at)
    spec = times.spec(
        "restricted_mean",
        message(_METHODS[contrast], day=f"{at:g}", aside=aside, level=level_text(conf_level)),
        conf_level=conf_level,
        at=float(at),
        contrast=contrast,
        reference=reference,
        competing=competing,
    )
    if contrast is None:

        def estimate(rows: pd.DataFrame) -> dict[str, object]:
            mean = mean_survival(stratum_table(rows), at, conf_level=conf_level)
            codes, ends = rows["event_code"], rows["event_time"]
            return {
                "time": float(at),
                "n": len(rows),
                "n_missing": int(ends.isna().sum()),
                "n_event": int(((codes == 1) & (ends <= at)).sum()),
                "estimate": float(mean.estimate),
                "std_error": float(mean.std_error),
                "conf_low": float(mean.low),
                "conf_high": float(mean.high),
                "note": stratum_note(rows),
            }

        return Result(times.estimate(estimate), spec, times.labels)
    means = [mean_survival(table, at, conf_level=conf_level) for table in tables]
    sign = " − " if contrast == "difference" else " / "
    found = []
    for first, second in contrasts(names, reference, times.levels()):
        test = mean_contrast(means[second], means[first], measure=contrast, conf_level=conf_level)
        unknown = np.isnan(float(test.std_error))
        found.append(
            {
                "contrast": Joined((names[second], names[first]), sign),
                "time": float(at),
                "estimate": float(test.estimate),
                "std_error": float(test.std_error),
                "conf_low": float(test.low),
                "conf_high": float(test.high),
                "statistic": float(test.statistic),
                "p_value": float(test.p_value),
                "note": message("a group without an error: no limits") if unknown else "",
            }
        )
    return Result(pd.DataFrame(found), ungrouped(spec), times.labels)
