"""Time to response: the probability over time of having responded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import check_by, estimate_by, level_labels
from carstats.data.vocabulary import within_sentence
from carstats.errors import check_choice, check_conf_level
from carstats.estimators.curves.aalen_johansen import INCIDENCE_CONF_TYPES, aalen_johansen
from carstats.estimators.curves.risk_table import risk_table
from carstats.messages import joined_notes, message
from carstats.response.outcomes import (
    analysis_set,
    applies_by_subject,
    endpoint_rows,
    evaluable_rows,
    joined_words,
    not_applicable_words,
)
from carstats.response.told import definition_words, no_subjects
from carstats.result import Result
from carstats.wording import level_text, method_word


def time_to_response(
    cohort: Cohort,
    endpoint: str = "response",
    *,
    by: str | Iterable[str] | None = None,
    conf_type: str = "beta product",
    conf_level: float = 0.95,
) -> Result:
    """Estimate the probability over time of having responded (Aalen-Johansen).

    A response is dated at the first evaluable visit that finds it. Death and an unplanned
    re-infusion before it compete: who has had one of them will not respond to the infusion. Others
    are censored at the last evaluable assessment.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; its infused subjects are counted.
    endpoint : str
        A response endpoint of the study.
    by : str or list of str, optional
        Columns of the subjects table; one curve for each stratum.
    conf_type : {"beta product", "beta product mid-P", "log-log", "log", "plain", "arcsine"}
        Pointwise limits, as for `cumulative_incidence`.
    conf_level : float
        Pointwise confidence level.

    Returns
    -------
    Result
        For each stratum a row at time 0 and at every distinct time: ``time`` in days from the
        infusion, ``n`` subjects, ``n_missing`` never evaluable and free of competing events
        (censored at 0), ``n_risk`` just before the time, ``n_event`` responses, ``n_competing``,
        ``n_censor``, ``estimate``, ``std_error``, ``conf_low``, ``conf_high``, ``note``.

    Raises
    ------
    CarstatsError
        If the endpoint is unknown or without data, or an argument is not allowed.

    References
    ----------
    Aalen OO, Johansen S. Scand J Stat 1978; 5: 141-150.
    Fay MP, Brittain EH, Proschan MA. Biostatistics 2013; 14: 723-736 (beta product).

    Examples
    --------
    >>> figure = cs.plot(cs.time_to_response(cohort, "response", by="target"))
    """
    conf_type = check_choice("conf_type", conf_type, INCIDENCE_CONF_TYPES)
    check_conf_level(conf_level)
    name, rows = endpoint_rows(cohort, endpoint)
    subjects, words = analysis_set(cohort, "treated")
    by = check_by(subjects, by)
    applies = applies_by_subject(cohort, name)
    subjects = subjects.join(_times(cohort, rows, subjects), on="subject_id")
    subjects = subjects.assign(asked=subjects["subject_id"].map(applies).astype(bool))
    others = int((~subjects["asked"]).sum())
    words = joined_words(words, not_applicable_words(others)) if others else words

    def estimate(everyone: pd.DataFrame) -> pd.DataFrame:
        stratum = everyone[everyone["asked"]]
        time, code = stratum["event_time"].to_numpy(float), stratum["event_code"].to_numpy(int)
        table = risk_table(time, code, n_causes=2)
        counts = {"n": len(stratum), "n_missing": int(stratum["never"].sum())}
        curve = aalen_johansen(table, conf_type=conf_type, conf_level=conf_level)
        start = float(curve.high_at_start)
        frame = pd.DataFrame(
            {
                "time": np.append(0.0, table.time),
                **counts,
                "n_risk": np.append(len(stratum), table.n_risk).astype(int),
                "n_event": np.append(0, table.n_event[:, 0]).astype(int),
                "n_competing": np.append(0, table.n_event[:, 1]).astype(int),
                "n_censor": np.append(0, table.n_censor).astype(int),
                "estimate": np.append(0.0 if len(stratum) else np.nan, curve.estimate[:, 0]),
                "std_error": np.append(0.0 if len(stratum) else np.nan, curve.std_error[:, 0]),
                "conf_low": np.append(np.nan if np.isnan(start) else 0.0, curve.low[:, 0]),
                "conf_high": np.append(start, curve.high[:, 0]),
                "note": "",
            }
        )
        if not len(stratum):
            frame.loc[0, "note"] = no_subjects(0, len(everyone))
        elif not (code == 1).any():
            frame.loc[0, "note"] = (
                message("nobody responded: no limits")
                if np.isnan(start)
                else message("nobody responded")
            )
        rules = definition_words(cohort, name, stratum)
        frame.loc[0, "note"] = joined_notes(frame.loc[0, "note"], rules)
        return frame

    label = cohort.study.vocabulary.label("endpoint", name)
    spec = cohort.spec(
        "time_to_response",
        endpoint=message("Time to {response}", response=within_sentence(label)),
        endpoints=(name,),
        # The estimand of a response is its rate at a visit, which this is not.
        estimands=("time_to_response",) if name == "response" else (),
        population=words,
        method=message(
            "Aalen–Johansen; death and unplanned re-infusion compete, dated at the visit that "
            "found it, {level} % pointwise {scale} limits",
            level=level_text(conf_level),
            scale=method_word(conf_type),
        ),
        by=by,
        conf_level=conf_level,
    )
    frame = estimate_by(cohort.study.vocabulary, cohort.eligible, subjects, by, estimate)
    options = {"endpoint": name, "conf_type": conf_type}
    return Result(frame, replace(spec, options=options), level_labels(cohort.study.vocabulary, by))


def _times(cohort: Cohort, rows: pd.DataFrame, subjects: pd.DataFrame) -> pd.DataFrame:
    """Return time and code (1 response, 2 competing, 0 censored) of each subject."""
    rows = evaluable_rows(rows[rows["day"] > 0])
    ids = pd.Index(subjects["subject_id"])
    first = rows[rows["response"].astype(bool)].groupby("subject_id")["day"].min().reindex(ids)
    last = rows.groupby("subject_id")["day"].max().reindex(ids)
    rival = pd.Series(np.inf, ids)
    if "death_day" in subjects:
        rival = subjects.set_index("subject_id")["death_day"].astype(float).fillna(np.inf)
    infusions = cohort.study.infusions
    if infusions is not None and "planned" in infusions:
        again = infusions[~infusions["planned"].fillna(True).astype(bool) & (infusions["day"] > 0)]
        again = again.groupby("subject_id")["day"].min().reindex(ids).fillna(np.inf)
        rival = np.minimum(rival, again.astype(float))
    responded = first.notna() & (first.astype(float) <= rival)
    competed = ~responded & np.isfinite(rival)
    time = np.where(responded, first.astype(float), np.where(competed, rival, last.fillna(0)))
    code = np.where(responded, 1, np.where(competed, 2, 0))
    never = (last.isna() & ~competed).to_numpy()
    return pd.DataFrame({"event_time": time.astype(float), "event_code": code, "never": never}, ids)
