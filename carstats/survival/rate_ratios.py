"""Ratios of incidence rates between groups."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import counted
from carstats.counts.counted import Counts
from carstats.errors import check_choice, check_conf_level
from carstats.estimators.rates.rate import rate_ratio
from carstats.estimators.tests.multiplicity import ADJUSTMENTS, adjust_p_values
from carstats.messages import Joined, joined_notes, mark, message
from carstats.result import Result
from carstats.survival.comparisons import contrasts
from carstats.survival.groups import grouped, ungrouped
from carstats.survival.rates import time_at_risk
from carstats.survival.times import endpoint_times, stratum_note
from carstats.wording import level_text

_ADJUSTED = {
    "none": mark(", not adjusted"),
    "Holm": mark(", p-values adjusted after Holm"),
    "Bonferroni": mark(", p-values adjusted after Bonferroni"),
    "Benjamini-Hochberg": mark(", p-values adjusted after Benjamini–Hochberg"),
}


def incidence_rate_ratio(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    *,
    by: str | Iterable[str] | None = None,
    reference: str | None = None,
    adjust: str = "Holm",
    conf_level: float = 0.95,
) -> Result:
    """Estimate the ratio of the rates of an event per person-time between groups.

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`.
    endpoint : str, optional
        A time-to-event endpoint of the study; time counts as for `incidence_rate`. By default the
        only one that the study has.
    by : str or list of str, optional
        Columns of the subjects table whose levels are the groups. By default those of
        `cohort_from_frame`.
    reference : str, optional
        The group that the others are compared with, by its printed name or its level; by default
        each two groups.
    adjust : {"Holm", "Bonferroni", "Benjamini-Hochberg", "none"}
        Adjustment of the p-values for the number of pairs.
    conf_level : float
        Confidence level; the limits are not adjusted.

    Returns
    -------
    Result
        For each pair: ``contrast`` ("second / first"), ``n``, ``n_missing``, ``n_event``,
        ``person_years`` of the second, ``n_reference``, ``n_missing_reference``,
        ``n_event_reference``, ``person_years_reference`` of the first, ``estimate``, ``conf_low``,
        ``conf_high``, ``p_value`` (exact conditional, of the test that the limits invert),
        ``p_adjusted``, ``note``. With events in one group only, one limit is 0 or infinite.

    Raises
    ------
    CarstatsError
        If the reference is no group, there are fewer than two, the endpoint is not in the data, or
        an argument is not allowed.

    References
    ----------
    Przyborowski J, Wilenski H. Biometrika 1940; 31: 313-323.
    Lehmann EL, Romano JP. Testing Statistical Hypotheses, 3rd ed. Springer 2005; section 4.5.

    Examples
    --------
    >>> cs.incidence_rate_ratio(cohort, "relapse_free_survival", by="target", reference="CD19")
    """
    adjust = check_choice("adjust", adjust, ADJUSTMENTS)
    check_conf_level(conf_level)
    times = endpoint_times(cohort, endpoint, by, counts=True)
    _, _, names = grouped(times)
    groups = [rows for _, rows in times.groups()]
    seen = [time_at_risk(rows) for rows in groups]
    found = []
    for first, second in contrasts(names, times.level_of(reference), times.levels()):
        (k2, years2), (k1, years1) = seen[second], seen[first]
        ratio = rate_ratio((k2, k1), (years2, years1), conf_level=conf_level, minlike=False)
        notes = [stratum_note(groups[place]) for place in (second, first)]
        if min(years1, years2) <= 0:
            notes.append(message("no time"))
        elif not k1 + k2:
            notes.append(message("no event"))
        found.append(
            {
                "contrast": Joined((names[second], names[first]), " / "),
                **_counts(groups[second], k2, years2, ""),
                **_counts(groups[first], k1, years1, "_reference"),
                "estimate": float(ratio.estimate),
                # From 0 to infinity is no interval.
                "conf_low": np.nan if np.isnan(ratio.estimate) else float(ratio.low),
                "conf_high": np.nan if np.isnan(ratio.estimate) else float(ratio.high),
                "p_value": float(ratio.p_value),
                "note": joined_notes(*notes),
            }
        )
    frame = pd.DataFrame(found)
    place = frame.columns.get_loc("p_value") + 1
    frame.insert(place, "p_adjusted", adjust_p_values(frame["p_value"], method=adjust))
    spec = times.spec(
        "incidence_rate_ratio",
        message(
            "ratio of rates per person-time, exact conditional test and {level} % limits{adjusted}",
            level=level_text(conf_level),
            adjusted=message(_ADJUSTED[adjust]) if len(frame) > 1 else "",
        ),
        conf_level=conf_level,
        reference=reference,
        adjust=adjust,
    )
    return Result(frame, ungrouped(spec), times.labels)


def _counts(rows: pd.DataFrame, k: int, years: float, end: str) -> dict[str, Any]:
    return {
        f"n{end}": counted(rows),
        f"n_missing{end}": counted(rows[rows["event_time"].isna()]),
        f"n_event{end}": k,
        f"person_years{end}": years if np.isfinite(years) else np.nan,
    }
