"""What is still so at a fixed day, and curves from that day on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import counted, stratum_keys, stratum_mask
from carstats.counts.counted import Counts
from carstats.counts.standing import check_landmark, refuse_unknown
from carstats.data.vocabulary import within_sentence
from carstats.errors import CarstatsError, check_choice, check_conf_level, check_number
from carstats.estimators.curves.kaplan_meier import CONF_TYPES, kaplan_meier
from carstats.estimators.proportions.proportion import METHODS, proportion_limits
from carstats.messages import joined_notes, message
from carstats.result import Result
from carstats.survival.curves import curve_frame, limits_in_words
from carstats.survival.times import (
    endpoint_times,
    refuse_competing,
    stratum_note,
    stratum_table,
)
from carstats.wording import level_text


def landmark_rate(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    *,
    at: float,
    by: str | Iterable[str] | None = None,
    method: str = "Clopper-Pearson",
    conf_level: float = 0.95,
    competing: str | None = None,
) -> Result:
    """Estimate the proportion known to be free of an event at a day, among those who could be.

    Who could be is decided by the data cut-off, never by the last contact: counting only those who
    were followed so far would leave out whoever had the event or was lost early. Subjects whose
    cut-off lies before the day are not yet eligible, and are counted apart. Who was lost before the
    day counts as not known to be free; the curve counts them for as long as they were seen, and so
    lies higher (`estimate_best` counts them as free).

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`; its subjects need ``cutoff_day``.
    endpoint : str, optional
        A time-to-event endpoint of the study. By default the only one that the study has.
    at : float
        The landmark, days from the endpoint's origin.
    by : str or list of str, optional
        Columns of the subjects table; one rate for each stratum. By default those of
        `cohort_from_frame`.
    method : str
        Confidence limits of the proportion, as for `response_rate`.
    conf_level : float
        Confidence level.
    competing : {"censor"}, optional
        ``"censor"`` counts a subject with a competing event before the day as not free of it.
        Without it an endpoint with competing events is refused.

    Returns
    -------
    Result
        For each stratum: ``n`` eligible, ``n_not_eligible`` (not yet), ``n_event`` known to be free
        at the day, ``n_missing`` lost before it without the event (not known to be free),
        ``estimate`` = n_event / n, ``conf_low``, ``conf_high``, ``estimate_best`` (the lost counted
        as free), ``note``.

    Raises
    ------
    CarstatsError
        If subjects have no ``cutoff_day``, the endpoint has competing events, or an argument is
        not allowed.

    References
    ----------
    Anderson JR, Cain KC, Gelber RD. J Clin Oncol 1983; 1: 710-719 (landmarks).
    Clopper CJ, Pearson ES. Biometrika 1934; 26: 404-413.

    Examples
    --------
    >>> cs.landmark_rate(cohort, "relapse_free_survival", at=365, by="target")
    """
    check_number("at", at, low=0)
    check_landmark(cohort, at)
    method = check_choice("method", method, METHODS)
    check_conf_level(conf_level)
    times = endpoint_times(cohort, endpoint, by, counts=True, also=["cutoff_day"])
    aside = refuse_competing(times, competing)
    cutoff = _cutoff(times.cohort)
    rows = times.rows.assign(could_be=cutoff[times.rows.index] >= at)

    def estimate(stratum: pd.DataFrame) -> dict[str, Any]:
        eligible = stratum[stratum["could_be"]]
        ends, codes = eligible["event_time"], eligible["event_code"]
        free = (ends > at) | ((ends == at) & (codes == 0))
        lost = ~free & (codes.isna() | (codes == 0))
        n, k, missing = (counted(rows) for rows in (eligible, eligible[free], eligible[lost]))
        low, high = proportion_limits(k, n, method=method, conf_level=conf_level)
        waiting = counted(stratum) - n
        return {
            "n": n,
            "n_not_eligible": waiting,
            "n_missing": missing,
            "n_event": k,
            "estimate": k / n if n else np.nan,
            "conf_low": float(low),
            "conf_high": float(high),
            "estimate_best": (k + missing) / n if n else np.nan,
            "note": joined_notes(
                "" if n else message("no subjects eligible"),
                message(
                    "{n} lost before day {day}, counted as not known to be free",
                    n=missing,
                    day=f"{at:g}",
                )
                if missing
                else "",
                message("{n} not yet eligible", n=waiting) if waiting else "",
            ),
        }

    frame = replace(times, rows=rows).estimate(estimate)
    spec = times.spec(
        "landmark_rate",
        message(
            "known to be free of the event at {moment}, of those with potential follow-up to "
            "it{aside}, "
            "{method} {level} % limits",
            moment=message("day {day}", day=f"{at:g}"),
            aside=aside,
            method=method.replace("-", "–"),
            level=level_text(conf_level),
        ),
        conf_level=conf_level,
        at=float(at),
        method=method,
        competing=competing,
    )
    return Result(frame, spec, times.labels)


def _cutoff(cohort: Cohort) -> pd.Series:
    if "cutoff_day" not in cohort.subjects or cohort.subjects["cutoff_day"].isna().any():
        if "cutoff_day" not in cohort.subjects:
            raise CarstatsError(
                message(
                    "no subject has `cutoff_day`, which says who could have been followed to the "
                    "landmark. Give it, for example as cutoff_date under [study] of study.toml."
                )
            )
        raise CarstatsError(
            message(
                "{n} subjects have no `cutoff_day`, which says who could have been followed to "
                "the landmark. Give it, for example as cutoff_date under [study] of study.toml.",
                n=counted(cohort.subjects[cohort.subjects["cutoff_day"].isna()]),
            )
        )
    return cohort.subjects["cutoff_day"]


def landmark_curve(
    cohort: Cohort | Counts,
    endpoint: str | None = None,
    *,
    at: float,
    group: str | Callable[[pd.DataFrame], pd.Series] | None = None,
    by: str | Iterable[str] | None = None,
    conf_type: str = "beta product",
    conf_level: float = 0.95,
    competing: str | None = None,
) -> Result:
    """Estimate survival curves from a landmark on, by a property known at the landmark.

    Comparing subjects from the infusion on by something that happens later (responders with
    non-responders) gives the responders time in which they could not have had the event. From a
    landmark on, everyone still at risk starts anew, in the group of that day.

    Parameters
    ----------
    cohort : Cohort or Counts
        Made by `define_cohort`.
    endpoint : str, optional
        A time-to-event endpoint of the study. By default the only one that the study has.
    at : float
        The landmark, days from the endpoint's origin.
    group : str or callable, optional
        The property: a response endpoint (met at or before the landmark at the last evaluable
        assessment), or a function of the subjects at risk that returns a group for each. The curves
        have it as the column ``group``.
    by : str or list of str, optional
        Columns of the subjects table; one set of curves for each stratum. By default those of
        `cohort_from_frame`.
    conf_type : str
        Pointwise limits, as for `survival_curve`.
    conf_level : float
        Pointwise confidence level.
    competing : {"censor"}, optional
        What to do with competing events, as for `survival_curve`.

    Returns
    -------
    Result
        As `survival_curve`; ``time`` counts days from the landmark. ``n`` are the subjects still at
        risk at the landmark.

    Raises
    ------
    CarstatsError
        If nobody is at risk at the landmark, the property does not exist, or an argument is not
        allowed.

    References
    ----------
    Anderson JR, Cain KC, Gelber RD. J Clin Oncol 1983; 1: 710-719.

    Examples
    --------
    >>> cs.landmark_curve(cohort, "relapse_free_survival", at=168, group="response")
    """
    check_number("at", at, low=0)
    conf_type = check_choice("conf_type", conf_type, CONF_TYPES)
    check_conf_level(conf_level)
    refuse_unknown("group", cohort, group is not None)
    times = endpoint_times(cohort, endpoint, by, counts=group is None)
    aside = refuse_competing(times, competing)
    rows = times.rows[times.rows["event_time"] > at]
    if rows.empty:
        raise CarstatsError(
            message(
                "`at` is {at}; no subject is at risk of {name} after it.",
                at=f"{at:g}",
                name=repr(times.name),
            )
        )
    rows = rows.assign(event_time=rows["event_time"] - at)
    if "entry_time" in rows:
        # Who enters later than the landmark was not under observation on it.
        rows = rows[rows["entry_time"] <= at].assign(entry_time=-np.inf)
    chosen, words = list(times.by), ""
    if group is not None:
        rows["group"], words = _property(times.cohort, rows, group, at)
        chosen.append("group")
    frames = []
    for key in stratum_keys(times.cohort.study.vocabulary, rows, chosen):
        stratum = rows[stratum_mask(rows, chosen, key)]
        table = stratum_table(stratum)
        curve = kaplan_meier(table, conf_type=conf_type, conf_level=conf_level)
        frame = curve_frame(table, curve)
        for place, name in enumerate(chosen):
            frame.insert(place, name, key[place])
        frame.insert(len(chosen) + 1, "n", counted(stratum))
        frame.insert(len(chosen) + 2, "n_missing", 0)
        frame["note"] = ""
        frame.loc[0, "note"] = stratum_note(stratum)
        frames.append(frame)
    spec = times.spec(
        "landmark_curve",
        message(
            "Kaplan–Meier from day {day} on{group}{aside}, {limits}",
            day=f"{at:g}",
            group=words,
            aside=aside,
            limits=limits_in_words(conf_type, conf_level),
        ),
        conf_level=conf_level,
        at=float(at),
        group=group if isinstance(group, str) else None,
        conf_type=conf_type,
        competing=competing,
        n_before=counted(times.rows) - counted(rows),
    )
    spec = replace(spec, by=tuple(chosen), origin="landmark")
    return Result(pd.concat(frames, ignore_index=True), spec, times.labels)


def _property(
    cohort: Cohort, rows: pd.DataFrame, group: str | Callable, at: float
) -> tuple[pd.Series, str]:
    if callable(group):
        subjects = cohort.subjects.set_index("subject_id").loc[rows["subject_id"]]
        return pd.Series(list(map(str, group(subjects))), rows.index, dtype=object), ""
    study = cohort.study
    name = study.vocabulary.require("group", "endpoint", group, "response")
    seen = cohort.table("responses", endpoint=name)
    seen = seen[(seen["day"] <= at) & seen["response"].notna()]
    if "evaluable" in seen:
        seen = seen[seen["evaluable"].fillna(True).astype(bool)]
    last = seen.sort_values("day", kind="stable").drop_duplicates("subject_id", keep="last")
    met = rows["subject_id"].map(last.set_index("subject_id")["response"].astype(float))
    label = study.vocabulary.label("endpoint", name)
    inner = within_sentence(label)
    named = met.map({1.0: label, 0.0: message("No {response}", response=inner)})
    words = message(", by {response} known then", response=inner)
    return named.fillna(message("Not assessed by then")), words
