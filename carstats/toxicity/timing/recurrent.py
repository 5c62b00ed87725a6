"""The mean number of episodes by each day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import estimate_by, level_labels
from carstats.errors import check_conf_level, check_number
from carstats.estimators.curves.kaplan_meier import step_values
from carstats.estimators.curves.mean_cumulative import mean_cumulative
from carstats.messages import joined_notes, message, message_n
from carstats.result import Result
from carstats.toxicity.episodes import (
    checked_terms,
    died,
    episodes_of,
    followup_end,
    severe_enough,
    term_labels,
    term_words,
)
from carstats.toxicity.merging import merged_episodes
from carstats.toxicity.timing.clocks import before_next
from carstats.toxicity.unknown import before_note, bounded_note, doubtful_subjects
from carstats.wording import level_text


def mean_cumulative_count(
    cohort: Cohort,
    term: str,
    *,
    min_grade: int = 1,
    min_severity: str | None = None,
    gap: float = 0,
    by: str | Iterable[str] | None = None,
    grading_scale: str | Mapping[str, str] | None = None,
    conf_level: float = 0.95,
) -> Result:
    """Estimate the mean number of episodes that a subject has had by each day.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    term : str
        A toxicity that recurs, such as ``"infection"``.
    min_grade : {1, 2, 3, 4, 5}
        Smallest grade that counts.
    min_severity : str, optional
        Smallest severity that counts.
    gap : float
        Records of one subject and system at most so many days apart are one episode; those that
        overlap always are.
    by : str or list of str, optional
        Columns of the subjects table; one curve for each stratum.
    grading_scale : str or mapping of str to str, optional
        The scale whose grades count, where a study has several.
    conf_level : float
        Pointwise confidence level.

    Returns
    -------
    Result
        For each stratum a row at day 0 and at every distinct day: ``time``, ``n``, ``n_missing``
        (subjects with an episode of unknown onset, not counted, or of unknown grade that may count,
        in the upper limit alone), ``n_risk``, ``n_event``
        episodes, ``n_censor``, ``estimate``, ``std_error`` (robust), ``conf_low``, ``conf_high``,
        ``note``. The dead have no more episodes and stay in the mean.

    Raises
    ------
    CarstatsError
        If the term is not in the vocabulary, the study has no toxicities, or an argument is not
        allowed.

    References
    ----------
    Ghosh D, Lin DY. Biometrics 2000; 56: 554-562.
    Dong H, Robison LL, Leisenring WM, et al. Am J Epidemiol 2015; 181: 532-540.

    Examples
    --------
    >>> figure = cs.plot(cs.mean_cumulative_count(cohort, "infection", by="target"))
    """
    check_conf_level(conf_level)
    check_number("gap", gap, low=0)
    severe = severe_enough(cohort, min_grade, min_severity)
    by, terms = checked_terms(cohort, [term], by)
    study = cohort.study
    records = episodes_of(cohort, terms, severe, grading_scale)
    found = merged_episodes(records, severe, gap=gap)
    maybe = found.assign(onset_day=found["onset_day"].fillna(0.0))
    maybe = maybe[found["counts"] | found["unknown"]]
    found = found[found["counts"]]
    subjects = cohort.subjects
    subjects = subjects.assign(
        followed_to=np.maximum(followup_end(subjects), 0.0), dead=died(subjects)
    )

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        who = pd.Index(stratum["subject_id"])
        mine = found[found["subject_id"].isin(who)]
        undated = int(mine.loc[mine["onset_day"].isna(), "subject_id"].nunique())
        counts = {"n": len(stratum), "n_missing": undated}
        if not len(stratum):
            empty = dict.fromkeys(["estimate", "std_error", "conf_low", "conf_high"], np.nan)
            zero = dict.fromkeys(["n_risk", "n_event", "n_censor"], 0)
            none = {"time": 0.0, **counts, **zero, **empty, "note": message("no subjects")}
            return pd.DataFrame([none])
        dated = mine[mine["onset_day"] >= 0]
        curve = mean_cumulative(
            dated["onset_day"],
            who.get_indexer(dated["subject_id"]),
            stratum["followed_to"],
            died=stratum["dead"],
            conf_level=conf_level,
        )
        end = stratum["followed_to"].to_numpy()[:, None] == curve.time
        gone = (end & ~stratum["dead"].to_numpy(bool)[:, None]).sum(axis=0)
        frame = pd.DataFrame(
            {
                "time": np.append(0.0, curve.time),
                **counts,
                "n_risk": np.append(len(stratum), curve.n_risk).astype(int),
                "n_event": np.append(0, curve.n_event).astype(int),
                "n_censor": np.append(0, gone),
                "estimate": np.append(0.0, curve.estimate),
                "std_error": np.append(0.0, curve.std_error),
                "conf_low": np.append(0.0, curve.low),
                "conf_high": np.append(0.0, curve.high),
                "note": "",
            }
        )
        unknown = doubtful_subjects(records, stratum)
        if unknown:
            # If all that may count did: the upper limit up to the next step.
            all_ = maybe[maybe["subject_id"].isin(who)]
            other = mean_cumulative(
                all_["onset_day"],
                who.get_indexer(all_["subject_id"]),
                stratum["followed_to"],
                died=stratum["dead"],
                conf_level=conf_level,
            )
            time = frame["time"].to_numpy()
            until = before_next(time)
            upper = step_values(other.time, other.high, until, 0.0)
            frame["conf_high"] = np.fmax(frame["conf_high"], upper)
            frame["n_missing"] = undated + unknown
        merged = int((mine["n_records"] - 1).sum())
        frame.loc[0, "note"] = joined_notes(
            message_n(
                "{n} overlapping record joined to others",
                "{n} overlapping records joined to others",
                merged,
            )
            if merged
            else "",
            message("{n} with an episode of unknown onset, not counted", n=undated)
            if undated
            else "",
            "" if len(dated) else message("no episode in {n}", n=len(stratum)),
            bounded_note(unknown),
            before_note(records, stratum),
        )
        return frame

    spec = cohort.spec(
        "mean_cumulative_count",
        endpoint=message(
            "{toxicity}: mean number of episodes", toxicity=severe.of(term_words(study, terms))
        ),
        method=message(
            "Ghosh–Lin, death ends the episodes, {level} % pointwise limits with robust errors",
            level=level_text(conf_level),
        ),
        by=by,
        conf_level=conf_level,
        terms=terms,
        min_grade=min_grade,
        min_severity=min_severity,
        gap=float(gap),
        grading_scale=grading_scale,
    )
    labels = level_labels(study.vocabulary, by) | term_labels(study, terms)
    return Result(
        estimate_by(study.vocabulary, cohort.eligible, subjects, by, estimate), spec, labels
    )
