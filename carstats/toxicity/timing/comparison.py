"""Four estimators of the probability of a toxicity by a day, side by side (SAVVY)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from carstats.cohort.cohort import Cohort
from carstats.cohort.strata import estimate_by, level_labels
from carstats.errors import check_conf_level
from carstats.estimators.curves.kaplan_meier import kaplan_meier, step_values
from carstats.estimators.curves.risk_table import RiskTable
from carstats.estimators.proportions.proportion import proportion_limits
from carstats.estimators.rates.rate import event_rate
from carstats.messages import joined_notes, message, message_n
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
    EVENT,
    RIVAL,
    checked_competing,
    clock_note,
    first_times,
    possible_times,
    rival_words,
)
from carstats.toxicity.timing.incidence import at_days, checked_days, counts_of, incidence_rows
from carstats.wording import level_text

ESTIMATORS = (
    "incidence proportion",
    "incidence density",
    "one minus Kaplan-Meier",
    "Aalen-Johansen",
)


def toxicity_estimators(
    cohort: Cohort,
    term: str | Iterable[str],
    *,
    at: float | Iterable[float],
    min_grade: int = 1,
    min_severity: str | None = None,
    competing: str | Iterable[str] = ("death", "re-infusion"),
    by: str | Iterable[str] | None = None,
    grading_scale: str | Mapping[str, str] | None = None,
    conf_level: float = 0.95,
) -> Result:
    """Estimate the probability of a toxicity by a day in four ways, to see what follow-up does.

    The Aalen-Johansen estimate is right under random censoring. The proportion counts those who
    left early as without event and is too low; one minus Kaplan-Meier censors the competing events
    and is too high; the density assumes a constant hazard and no competing event.

    Parameters
    ----------
    cohort : Cohort
        Made by `define_cohort`.
    term : str or list of str
        Toxicities of the study's vocabulary.
    at : float or list of float
        Days from the infusion.
    min_grade : {1, 2, 3, 4, 5}
        Smallest grade that counts.
    min_severity : str, optional
        Smallest severity that counts.
    competing : list of {"death", "re-infusion"}
        Competing events, as for `toxicity_incidence`.
    by : str or list of str, optional
        Columns of the subjects table.
    grading_scale : str or mapping of str to str, optional
        The scale whose grades count, where a study has several.
    conf_level : float
        Confidence level: Clopper-Pearson, exact Poisson and, for the curves, beta-product limits.

    Returns
    -------
    Result
        For each stratum, term, day and ``estimator``: ``time``, ``n``, ``n_missing``, ``n_event``
        and ``n_competing`` by the day, ``n_censor`` before it, ``estimate``, ``conf_low``,
        ``conf_high``, ``note``.

    Raises
    ------
    CarstatsError
        If a term is not in the vocabulary, the study has no toxicities, or an argument is not
        allowed.

    References
    ----------
    Stegherr R, Schmoor C, Beyersmann J, et al. Trials 2021; 22: 420 (SAVVY).
    Allignol A, Beyersmann J, Schmoor C. Pharm Stat 2016; 15: 297-305.

    Examples
    --------
    >>> cs.toxicity_estimators(cohort, "infection", at=365)
    """
    check_conf_level(conf_level)
    severe = severe_enough(cohort, min_grade, min_severity)
    by, terms = checked_terms(cohort, term, by)
    rivals, days = checked_competing(competing), checked_days(at)
    study = cohort.study
    times = {name: first_times(cohort, name, severe, rivals, grading_scale) for name in terms}

    def estimate(stratum: pd.DataFrame) -> pd.DataFrame:
        parts = []
        for name in terms:
            rows = times[name].loc[asked(stratum, name).index]
            parts += [_four(rows, float(day), conf_level).assign(term=name) for day in days]
        frame = pd.concat(parts, ignore_index=True)
        return frame[["term", *(c for c in frame if c != "term")]]

    spec = cohort.spec(
        "toxicity_estimators",
        endpoint=message("{toxicity}: first episode", toxicity=severe.of(term_words(study, terms))),
        method=message(
            "four estimators of the probability by a day, {competing}, {level} % limits",
            competing=rival_words(rivals),
            level=level_text(conf_level),
        ),
        by=by,
        conf_level=conf_level,
        terms=terms,
        at=days.tolist(),
        min_grade=min_grade,
        min_severity=min_severity,
        competing=list(rivals),
        grading_scale=grading_scale,
    )
    labels = level_labels(study.vocabulary, by) | term_labels(study, terms)
    return Result(
        estimate_by(study.vocabulary, cohort.eligible, cohort.subjects, by, estimate), spec, labels
    )


def _four(rows: pd.DataFrame, day: float, conf_level: float) -> pd.DataFrame:
    """Return the four estimates by a day; the upper limits are those of all who may have had it."""
    found = _four_proven(rows, day, conf_level)
    if rows["unknown"].any():
        possible = _four_proven(possible_times(rows), day, conf_level)
        found["conf_high"] = np.fmax(found["conf_high"], possible["conf_high"])
    n = int(rows["event_time"].notna().sum())
    found["note"] = [
        joined_notes(clock_note(rows), note, zero_note(n, k, high))
        for note, k, high in zip(found["note"], found["n_event"], found["conf_high"], strict=True)
    ]
    return found


def _four_proven(rows: pd.DataFrame, day: float, conf_level: float) -> pd.DataFrame:
    known = rows[rows["event_time"].notna()]
    time, code = known["event_time"].to_numpy(), known["event_code"].to_numpy()
    by_then = time <= day
    n, k = len(known), int((by_then & (code == EVENT)).sum())
    curve = incidence_rows(rows, "beta product", conf_level)
    johansen = at_days(curve, rows, np.array([day])).iloc[0]
    found = [
        _proportion(k, n, conf_level),
        _density(k, float(np.minimum(time, day).sum()), day, conf_level),
        _one_minus(rows, day, conf_level, undefined=bool(np.isnan(johansen["estimate"]))),
        tuple(float(johansen[c]) for c in ("estimate", "conf_low", "conf_high")),
    ]
    early = int(((time < day) & (code == 0)).sum())
    notes = ["", "", "", ""]
    if early:
        notes[0] = message("{n} censored before the day counted as without", n=early)
    rival = int((by_then & (code == RIVAL)).sum())
    if rival:
        notes[2] = message_n(
            "{n} competing event censored: not a probability",
            "{n} competing events censored: not a probability", rival,
        )  # fmt: skip
    notes[3] = "" if not np.isnan(johansen["estimate"]) or not n else message("not followed so far")
    return pd.DataFrame(
        {
            "time": day,
            "estimator": list(ESTIMATORS),
            "n": len(rows),
            "n_missing": int((rows["event_time"].isna() | rows["unknown"]).sum()),
            "n_event": k,
            "n_competing": rival,
            "n_censor": early,
            "estimate": [values[0] for values in found],
            "conf_low": [values[1] for values in found],
            "conf_high": [values[2] for values in found],
            "note": notes,
        }
    )


def _proportion(k: int, n: int, conf_level: float) -> tuple[float, float, float]:
    low, high = proportion_limits(k, n, conf_level=conf_level)
    return (k / n if n else np.nan), float(low), float(high)


def _density(k: int, exposure: float, day: float, conf_level: float) -> tuple[float, float, float]:
    rate = event_rate(k, exposure, conf_level=conf_level)
    estimate, low, high = (1 - np.exp(-v * day) for v in (rate.estimate, rate.low, rate.high))
    return float(estimate), float(low), float(high)


def _one_minus(rows, day: float, conf_level: float, *, undefined: bool):
    table = counts_of(rows)
    if undefined or not table.time.size:
        return np.nan, np.nan, np.nan
    alone = RiskTable(
        table.time, table.n_risk, table.n_event[..., :1], table.n_censor, table.n_after
    )
    curve = kaplan_meier(alone, conf_level=conf_level)
    start = curve.low_at_start
    survival = step_values(table.time, curve.survival, [day], 1.0)[0]
    low = step_values(table.time, curve.low, [day], start)[0]
    high = step_values(table.time, curve.high, [day], 1.0)[0]
    return float(1 - survival), float(1 - high), float(1 - low)
