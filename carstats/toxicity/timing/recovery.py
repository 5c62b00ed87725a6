"""Time to what comes back: B cells, IgG, counts; and to immunoglobulin and loss of the product."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort, check_cohort
from carstats.cohort.strata import check_by, estimate_by, level_labels
from carstats.endpoints.derive.derivation import EVENT_ENDPOINTS, derive_all
from carstats.endpoints.record.return_times import first_return
from carstats.errors import CarstatsError, check_choice, check_conf_level, check_number, listed
from carstats.estimators.curves.aalen_johansen import INCIDENCE_CONF_TYPES
from carstats.messages import mark, message
from carstats.result import Result
from carstats.toxicity.episodes import COMPETING, followup_end
from carstats.toxicity.harm.replacement import replacement_rows
from carstats.toxicity.timing.clocks import CENSORED, EVENT, RIVAL, rival_days
from carstats.toxicity.timing.incidence import at_days, checked_days, incidence_rows
from carstats.wording import pointwise_words

REPLACEMENT = "immunoglobulin_replacement"
PERSISTENCE = "loss_of_persistence"
_LABELS = {
    REPLACEMENT: mark("Immunoglobulin replacement"),
    PERSISTENCE: mark("Loss of the engineered cells"),
}
_CODES = {"censored": CENSORED, "event": EVENT, "competing": RIVAL}


def time_to_recovery(
    cohort: Cohort,
    endpoint: str,
    *,
    at: float | Iterable[float] | None = None,
    measure: str | None = None,
    below: float | None = None,
    by: str | Iterable[str] | None = None,
    conf_type: str = "beta product",
    conf_level: float = 0.95,
) -> Result:
    """Estimate the probability over time of a recovery, or of a replacement (Aalen-Johansen).

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; usually the infused.
    endpoint : str
        ``"b_cell_reconstitution"`` (the end of B-cell aplasia), ``"igg_recovery"``, or another
        time-to-event endpoint: of the events table, or where that lacks it derived from the
        assessments. ``"immunoglobulin_replacement"``: the first immunoglobulin given for
        replacement (or without a reason, where it does not treat the disease).
        ``"loss_of_persistence"``: the first of two consecutive samples of `measure` under `below`,
        of those in whom the cells were detected.
    at : float or list of float, optional
        Days to answer for; by default every day on which the curve steps.
    measure : str, optional
        The measure of the engineered cells, a term of the study's vocabulary.
    below : float, optional
        Their limit of detection, in the unit of the measure.
    by : str or list of str, optional
        Columns of the subjects table; one curve for each stratum.
    conf_type : {"beta product", "beta product mid-P", "log-log", "log", "plain", "arcsine"}
        Pointwise limits, as for `cumulative_incidence`.
    conf_level : float
        Pointwise confidence level.

    Returns
    -------
    Result
        In the shape of `toxicity_incidence`. ``n_missing`` are subjects to whom the endpoint does
        not apply, such as those never depleted, or without a record: they are left out and the note
        counts them. A recovery is dated at the sample that showed it; `interval_censored_curve`
        takes the interval before it into account.

    Raises
    ------
    CarstatsError
        If the endpoint is not known, the study has neither its events nor what it is derived from,
        or an argument is not allowed.

    References
    ----------
    Aalen OO, Johansen S. Scand J Stat 1978; 5: 141-150.

    Examples
    --------
    >>> cs.time_to_recovery(cohort, "b_cell_reconstitution", at=[182, 365])
    """
    conf_type = check_choice("conf_type", conf_type, INCIDENCE_CONF_TYPES)
    check_conf_level(conf_level)
    check_cohort(cohort)
    by = check_by(cohort.subjects, by)
    days = None if at is None else checked_days(at)
    study = cohort.study
    endpoints: tuple[str, ...] = ()
    label: str
    if endpoint == REPLACEMENT:
        events, label = _replacement(cohort), message(_LABELS[REPLACEMENT])
        how = message("first immunoglobulin, death and unplanned re-infusion competing")
    elif endpoint == PERSISTENCE:
        events, name = _persistence(cohort, measure, below)
        label = message(
            "{loss}: {measure} below {below}",
            loss=message(_LABELS[PERSISTENCE]), measure=name, below=f"{below:g}",
        )  # fmt: skip
        how = message("first of two samples, death and unplanned re-infusion competing")
    else:
        name = study.vocabulary.require("endpoint", "endpoint", endpoint, "time-to-event")
        events, derived = _endpoint_events(cohort, name)
        endpoints = (name,)
        label = study.vocabulary.label("endpoint", name)
        how = message("dated at the sample that showed it")
        if derived:
            how = message("dated at the sample that showed it, derived")
    who = cohort.subjects["subject_id"]
    times = cohort.subjects.assign(
        event_time=who.map(events["time"]).astype(float),
        event_code=who.map(events["code"]).fillna(CENSORED).astype(int),
        unknown=False,
    )

    def estimate(rows: pd.DataFrame) -> pd.DataFrame:
        absent = int(rows["event_time"].isna().sum())
        about = None
        if absent:
            # Here a time that lacks is no unknown onset.
            about = message(
                "{absent} of {n} left out: it does not apply, or no record",
                absent=absent, n=len(rows),
            )  # fmt: skip
        frame = incidence_rows(rows, conf_type, conf_level, about)
        return frame if days is None else at_days(frame, rows, days, about)

    spec = cohort.spec(
        "time_to_recovery",
        endpoint=label,
        endpoints=endpoints,
        method=message(
            "Aalen–Johansen, {how}, {limits}",
            how=how,
            limits=pointwise_words(conf_type, conf_level),
        ),
        by=by,
        conf_level=conf_level,
    )
    options = {"endpoint": endpoint, "at": None if days is None else days.tolist()}
    options |= {"measure": measure, "below": below, "conf_type": conf_type}
    return Result(
        estimate_by(study.vocabulary, cohort.eligible, times, by, estimate),
        replace(spec, options=options),
        level_labels(study.vocabulary, by),
    )


def _endpoint_events(cohort: Cohort, name: str) -> tuple[pd.DataFrame, bool]:
    """Return time and code by subject, as recorded or else derived."""
    study = cohort.study
    rows, derived = study.events, False
    if rows is None or not (rows["endpoint"] == name).any():
        derived = True
        if name not in EVENT_ENDPOINTS or study.assessments is None:
            has = listed(study.endpoints("time-to-event")) or message("none")
            raise CarstatsError(
                message(
                    "no subject of the study has the endpoint {name} in the events table, and it "
                    "cannot be derived. It has: {has}.",
                    name=repr(name),
                    has=has,
                )
            )
        rows = derive_all(study, endpoints=[name]).events
    rows = rows[rows["endpoint"] == name].set_index("subject_id")
    rows = rows[rows["status"].notna()]
    return pd.DataFrame({"time": rows["time"], "code": rows["status"].map(_CODES)}), derived


def _replacement(cohort: Cohort) -> pd.DataFrame:
    rows, _, _ = replacement_rows(cohort)
    rows = rows[rows["start_day"] >= 0]
    first = rows.groupby("subject_id")["start_day"].min()
    return _until(cohort, first)


def _until(cohort: Cohort, first: pd.Series) -> pd.DataFrame:
    """Return time and code by subject of a dated event among death and re-infusion."""
    subjects = cohort.subjects
    day = subjects["subject_id"].map(first).astype(float)
    rival, _ = rival_days(cohort, COMPETING)
    end = np.maximum(followup_end(subjects), 0.0)
    stop = np.minimum(end, rival)
    happened = day <= stop
    code = np.where(happened, EVENT, np.where(rival <= end, RIVAL, CENSORED))
    return pd.DataFrame(
        {"time": stop.where(~happened, day).to_numpy(), "code": code}, index=subjects["subject_id"]
    )


def _persistence(cohort: Cohort, measure: str | None, below: float | None):
    if measure is None or below is None:
        raise CarstatsError(
            message(
                "{persistence} takes `measure`, the engineered cells in blood, and `below`, the "
                "limit of their detection.",
                persistence=repr(PERSISTENCE),
            )
        )
    check_number("below", below)
    name = cohort.study.vocabulary.require("measure", "measure", measure)
    rows = cohort.table("assessments", measure=name)
    rows = rows[rows["value"].notna() & (rows["day"] > 0)]
    table = pd.DataFrame(
        {
            "subject_id": rows["subject_id"],
            "day": np.floor(rows["day"].astype(float)),
            "returned": (rows["value"] < below).astype("boolean"),
        }
    ).drop_duplicates(["subject_id", "day"], keep="last")
    table = table.sort_values(["subject_id", "day"], kind="stable").reset_index(drop=True)
    rival, cause = rival_days(cohort, COMPETING)
    stop = pd.DataFrame({"subject_id": cohort.subjects["subject_id"], "day": rival, "cause": cause})
    found = first_return(
        table,
        endpoint=PERSISTENCE,
        away="never detected",
        subjects=cohort.subjects["subject_id"],
        competing=stop[np.isfinite(stop["day"])],
    ).set_index("subject_id")
    found = found[found["status"].notna()]
    events = pd.DataFrame({"time": found["time"], "code": found["status"].map(_CODES)})
    return events, cohort.study.vocabulary.label("measure", name)
