"""How large the difference between curves is at a day."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import counted
from carstats.counts.counted import Counts
from carstats.errors import CarstatsError, check_choice, check_conf_level
from carstats.estimators.curves.curve_difference import greenwood_difference, melded_difference
from carstats.messages import Joined, mark, message
from carstats.result import Result
from carstats.survival.curves import check_days
from carstats.survival.groups import grouped, ungrouped
from carstats.survival.times import endpoint_times, refuse_competing, stratum_table
from carstats.wording import because, level_text

_DIFFERENCES = {
    "melded beta product": mark(
        "difference of Kaplan–Meier curves{aside}, melded beta product {level} % limits"
    ),
    "Greenwood": mark("difference of Kaplan–Meier curves{aside}, Greenwood {level} % limits"),
}


def survival_difference(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    *,
    at: float | Iterable[float],
    by: str | Iterable[str] | None = None,
    reference: str | None = None,
    method: str = "melded beta product",
    conf_level: float = 0.95,
    competing: str | None = None,
) -> Result:
    """Estimate the difference between groups in the probability of being free of an event at a day.

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`.
    endpoint : str, optional
        A time-to-event endpoint of the study. By default the only one that the study has.
    at : float or list of float
        Days from the endpoint's origin.
    by : str or list of str, optional
        Columns of the subjects table whose levels are the groups. By default those of
        `cohort_from_frame`.
    reference : str, optional
        The group that the others are compared with, by its printed name or its level ("SSc"; of
        several columns joined by " · "); by default each two groups.
    method : {"melded beta product", "Greenwood"}
        Limits. The melded beta product holds its level in small samples and answers when nobody has
        had the event; Greenwood's are NaN where a curve is 1 or 0.
    conf_level : float
        Confidence level.
    competing : {"censor"}, optional
        What to do with competing events, as for `survival_curve`.

    Returns
    -------
    Result
        For each contrast and day: ``contrast`` ("second − first"), ``time``, ``n``, ``n_missing``,
        ``estimate``, ``std_error`` (Greenwood), ``conf_low``, ``conf_high``, ``p_value``, ``note``.
        NaN with a note beyond the follow-up of a group.

    Raises
    ------
    CarstatsError
        If the reference is no group, the endpoint has competing events, or an argument is not
        allowed.

    References
    ----------
    Fay MP, Proschan MA, Brittain E. Biometrics 2015; 71: 146-156.

    Examples
    --------
    >>> cs.survival_difference(cohort, "relapse_free_survival", at=365, by="target")
    """
    method = check_choice("method", method, ("melded beta product", "Greenwood"))
    check_conf_level(conf_level)
    days = check_days(at)
    times = endpoint_times(cohort, endpoint, by, counts=True)
    aside = refuse_competing(times, competing)
    _, _, names = grouped(times)
    compare = melded_difference if method == "melded beta product" else greenwood_difference
    groups = [rows for _, rows in times.groups()]
    tables = [stratum_table(rows) for rows in groups]
    found = []
    for first, second in contrasts(names, times.level_of(reference), times.levels()):
        both = pd.concat([groups[first], groups[second]])
        for day in days:
            test = compare(tables[second], tables[first], float(day), conf_level=conf_level)
            found.append(
                {
                    "contrast": Joined((names[second], names[first]), " − "),
                    "time": day,
                    "n": counted(both),
                    "n_missing": counted(both[both["event_time"].isna()]),
                    "estimate": test.estimate,
                    "std_error": test.std_error,
                    "conf_low": test.low,
                    "conf_high": test.high,
                    "p_value": test.p_value,
                    "note": because(*test.note),
                }
            )
    spec = times.spec(
        "survival_difference",
        message(_DIFFERENCES[method], aside=aside, level=level_text(conf_level)),
        conf_level=conf_level,
        at=days.tolist(),
        reference=reference,
        method=method,
        competing=competing,
    )
    return Result(pd.DataFrame(found), ungrouped(spec), times.labels)


def contrasts(
    names: list[str], reference: str | None, levels: Sequence[str] = ()
) -> list[tuple[int, int]]:
    """Return the pairs of groups to compare, as places: each two, or all with a reference."""
    if len(names) < 2:
        raise CarstatsError(
            message("`by` gives one group ({names}); a comparison needs two.", names=names[0])
        )
    if reference is None:
        return list(combinations(range(len(names)), 2))
    if reference in levels:
        place = list(levels).index(reference)
    else:
        reference = check_choice("reference", reference, names)
        place = names.index(reference)
    return [(place, other) for other in range(len(names)) if other != place]
