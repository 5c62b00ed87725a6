"""Cumulative incidence of the first episode of a toxicity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import estimate_by, level_labels
from carstats.errors import check_choice, check_conf_level, check_number
from carstats.estimators.curves.aalen_johansen import INCIDENCE_CONF_TYPES, aalen_johansen
from carstats.estimators.curves.incidence_limits import dirichlet_limits
from carstats.estimators.curves.kaplan_meier import step_values
from carstats.estimators.curves.risk_table import RiskTable, risk_table
from carstats.messages import joined_notes, message
from carstats.result import Result
from carstats.toxicity.episodes import (
    asked,
    checked_terms,
    severe_enough,
    term_labels,
    term_words,
    zero_note,
)
from carstats.toxicity.timing.clocks import (
    before_next,
    checked_competing,
    clock_note,
    first_times,
    possible_times,
    rival_words,
)
from carstats.wording import pointwise_words


def toxicity_incidence(
    cohort: Cohort,
    term: str | Iterable[str],
    *,
    at: float | Iterable[float] | None = None,
    min_grade: int = 1,
    min_severity: str | None = None,
    competing: str | Iterable[str] = ("death", "re-infusion"),
    by: str | Iterable[str] | None = None,
    grading_scale: str | Mapping[str, str] | None = None,
    conf_type: str = "beta product",
    conf_level: float = 0.95,
) -> Result:
    """Estimate the probability over time of a first episode of a toxicity (Aalen-Johansen).

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`; usually the infused.
    term : str or list of str
        Toxicities of the study's vocabulary, such as ``"CRS"`` or ``"GvHD"``.
    at : float or list of float, optional
        Days from the infusion to answer for; by default every day on which the curve steps.
    min_grade : {1, 2, 3, 4, 5}
        Smallest grade that counts. Who may have had it (an episode of unknown grade, or not known
        whether there was one) counts as without in the estimate, and as with it from the earliest
        day in the upper limit.
    min_severity : str, optional
        Smallest severity that counts, where the study has severities.
    competing : list of {"death", "re-infusion"}
        What ends the time at risk without censoring it: death always, and the first unplanned
        re-infusion, after which an episode is not the first product's alone.
    by : str or list of str, optional
        Columns of the subjects table; one curve for each stratum.
    grading_scale : str or mapping of str to str, optional
        The scale whose grades count, where a study has several.
    conf_type : {"beta product", "beta product mid-P", "log-log", "log", "plain", "arcsine"}
        Pointwise limits, as for `cumulative_incidence`.
    conf_level : float
        Pointwise confidence level.

    Returns
    -------
    Result
        For each stratum and term a row at day 0 and at every distinct time (or at each day of
        `at`): ``time``, ``n``, ``n_missing`` (an episode of
        unknown onset, left out, or of unknown grade), ``n_risk``
        just before, ``n_event``, ``n_competing``, ``n_censor`` (with `at`: up to and including the
        day), ``estimate``, ``std_error``, ``conf_low``, ``conf_high``, ``note``. While nobody has
        had the event the limits are the beta product's for every `conf_type`. Nothing is
        extrapolated past the last follow-up.

    Raises
    ------
    CarstatsError
        If a term is not in the vocabulary, the study has no toxicities, or an argument is not
        allowed.

    References
    ----------
    Aalen OO, Johansen S. Scand J Stat 1978; 5: 141-150.
    Fay MP, Brittain EH, Proschan MA. Biostatistics 2013; 14: 723-736 (beta product).

    Examples
    --------
    >>> cs.toxicity_incidence(cohort, "infection", at=365, by="target")
    """
    conf_type = check_choice("conf_type", conf_type, INCIDENCE_CONF_TYPES)
    check_conf_level(conf_level)
    severe = severe_enough(cohort, min_grade, min_severity)
    by, terms = checked_terms(cohort, term, by)
    rivals = checked_competing(competing)
    days = None if at is None else checked_days(at)
    study = cohort.study
    parts = {}
    for name in terms:
        times = first_times(cohort, name, severe, rivals, grading_scale)

        def estimate(rows: pd.DataFrame, name: str = name) -> pd.DataFrame:
            mine = asked(rows, name)
            frame = incidence_rows(mine, conf_type, conf_level)
            frame = frame if days is None else at_days(frame, mine, days)
            if len(rows) and not len(mine):
                frame["note"] = [message("does not apply")] * len(frame)
            frame.insert(0, "term", name)
            return frame

        parts[name] = estimate_by(study.vocabulary, cohort.eligible, times, by, estimate)
    frame = pd.concat(parts.values(), ignore_index=True)
    if by:
        # Strata first, then terms, both in their printed order.
        keys = [frame[column].map({v: i for i, v in enumerate(frame[column].unique())})
                for column in by]  # fmt: skip
        frame = frame.iloc[np.lexsort([np.arange(len(frame)), *reversed(keys)])]
        frame = frame.reset_index(drop=True)
    spec = cohort.spec(
        "toxicity_incidence",
        endpoint=message("{toxicity}: first episode", toxicity=severe.of(term_words(study, terms))),
        method=message(
            "Aalen–Johansen, {competing}, {limits}",
            competing=rival_words(rivals),
            limits=pointwise_words(conf_type, conf_level),
        ),
        by=by,
        conf_level=conf_level,
        terms=terms,
        at=None if days is None else days.tolist(),
        min_grade=min_grade,
        min_severity=min_severity,
        competing=list(rivals),
        grading_scale=grading_scale,
        conf_type=conf_type,
    )
    labels = level_labels(study.vocabulary, by) | term_labels(study, terms)
    return Result(frame, spec, labels)


def checked_days(at: float | Iterable[float]) -> np.ndarray:
    """Return days that are finite and not negative."""
    days = list(at) if isinstance(at, Iterable) and not isinstance(at, str) else [at]
    for day in days:
        check_number("at", day, low=0)
    return np.array(days, float)


def counts_of(rows: pd.DataFrame) -> RiskTable:
    """Return the risk table of times with an event and a competing event."""
    known = rows[rows["event_time"].notna()]
    return risk_table(known["event_time"].to_numpy(), known["event_code"].to_numpy(), n_causes=2)


def incidence_rows(
    rows: pd.DataFrame, conf_type: str, conf_level: float, about: str | None = None
) -> pd.DataFrame:
    """Return the steps of the cumulative incidence of one stratum, day 0 first.

    The note says `about` the rows what `clock_note` says of them where it is not given.
    """
    about = clock_note(rows) if about is None else about
    missing = rows["event_time"].isna() | rows["unknown"].to_numpy(bool)
    counts = {"n": len(rows), "n_missing": int(missing.sum())}
    table = counts_of(rows)
    if not table.time.size:
        empty = dict.fromkeys(["estimate", "std_error", "conf_low", "conf_high"], np.nan)
        zero = dict.fromkeys(["n_risk", "n_event", "n_competing", "n_censor"], 0)
        return pd.DataFrame([{"time": 0.0, **counts, **zero, **empty, "note": about}])
    curve = aalen_johansen(table, conf_type=conf_type, conf_level=conf_level)
    estimate, error = curve.estimate[:, 0], curve.std_error[:, 0]
    low, high = curve.low[:, 0], curve.high[:, 0]
    start = curve.high_at_start
    if np.isnan(start):
        # A standard error of 0 says nothing; these limits do.
        _, bound, start = dirichlet_limits(table, conf_level=conf_level)
        none = estimate == 0
        low, high = np.where(none, 0.0, low), np.where(none, bound[:, 0], high)
    frame = pd.DataFrame(
        {
            "time": np.append(0.0, table.time),
            **counts,
            "n_risk": np.append(table.n_risk[0], table.n_risk).astype(int),
            "n_event": np.append(0, table.n_event[:, 0]).astype(int),
            "n_competing": np.append(0, table.n_event[:, 1]).astype(int),
            "n_censor": np.append(0, table.n_censor).astype(int),
            "estimate": np.append(0.0, estimate),
            "std_error": np.append(0.0, error),
            "conf_low": np.append(0.0, low),
            "conf_high": np.append(start, high),
            "note": "",
        }
    )
    k, n = int(frame["n_event"].sum()), int(rows["event_time"].notna().sum())
    nothing = message("0 of {n} had it", n=n) if not k else ""
    frame.loc[0, "note"] = joined_notes(about, nothing)
    if "possible_code" in rows and rows["unknown"].any():
        frame["conf_high"] = np.fmax(frame["conf_high"], _possible_high(frame, rows, conf_type,
                                                                        conf_level))  # fmt: skip
    return frame


def _possible_high(
    frame: pd.DataFrame, rows: pd.DataFrame, conf_type: str, conf_level: float
) -> np.ndarray:
    """Return the upper limits if all that may have counted did, each up to the next step."""
    other = incidence_rows(possible_times(rows), conf_type, conf_level)
    time = frame["time"].to_numpy()
    until = before_next(time)
    return step_values(other["time"].to_numpy(), other["conf_high"].to_numpy(), until, np.nan)


def at_days(
    frame: pd.DataFrame, rows: pd.DataFrame, days: np.ndarray, about: str | None = None
) -> pd.DataFrame:
    """Read the curve at days; NaN past the last follow-up of the stratum; `about` as above."""
    about = clock_note(rows) if about is None else about
    time = frame["time"].to_numpy()
    known = rows[rows["event_time"].notna()]
    running = frame[["n_event", "n_competing", "n_censor"]].cumsum().to_numpy().T
    found = pd.DataFrame({"time": days, "n": frame["n"].iloc[0]})
    found["n_missing"] = frame["n_missing"].iloc[0]
    found["n_risk"] = [int((known["event_time"] >= day).sum()) for day in days]
    for name, values in zip(["n_event", "n_competing", "n_censor"], running, strict=True):
        found[name] = step_values(time, values, days, 0).astype(int)
    values = ["estimate", "std_error", "conf_low", "conf_high"]
    for name in values:
        found[name] = step_values(time, frame[name].to_numpy(), days, np.nan)
    # Once everybody has had one of the events nothing more can happen.
    over = len(known) > 0 and bool((known["event_code"] > 0).all())
    beyond = (days > time[-1] + 1e-9) & (not over)
    found.loc[beyond, values] = np.nan
    n = len(known)
    found["note"] = [
        joined_notes(
            about,
            message("followed to day {day} only", day=f"{time[-1]:g}") if late and n else "",
            zero_note(n, int(k), high) if not late else "",
        )
        for late, k, high in zip(beyond, found["n_event"], found["conf_high"], strict=True)
    ]
    return found
